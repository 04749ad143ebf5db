"""Training that goes on from finished weights: the dense head, which is not shipped, is learnt again on their tower."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForImageTextToText, PreTrainedTokenizerFast

from extraction.pocket.dataset import Shards
from extraction.pocket.dense import DenseHead, dense_targets
from extraction.pocket.model import build_model, normalise, tower_features
from extraction.pocket.train import make_optimizers, save_checkpoint
from extraction.pocket.train_config import TrainConfig


def begin_from(
    weights: Path,
    tokenizer: PreTrainedTokenizerFast,
    shards: Shards,
    checkpoint: Path,
    config: TrainConfig,
    *,
    steps: int = 250,
    batch: int = 32,
) -> None:
    """Writes a checkpoint of step 0 from which ``train`` starts, with these weights.

    Args:
        weights: A folder as ``checkpoint.save_model`` writes it.
        tokenizer: That of the weights.
        shards: Scenes for the head.
        checkpoint: Where to; one that is there stays as it is.
        config: The training's; its sizes must be those of the weights.
        steps: How long the head is trained.
        batch: Scenes for each of these steps.

    Raises:
        RuntimeError: The sizes differ.
    """
    if checkpoint.exists():
        return
    torch.manual_seed(config.seed)
    model = build_model(tokenizer, config.model)
    model.load_state_dict(AutoModelForImageTextToText.from_pretrained(weights, dtype=torch.float32).state_dict())
    tower = model.model.vision_tower.to(memory_format=torch.channels_last).eval()
    head = DenseHead(config.model.width)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2, betas=(0.9, 0.98))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * min(1.0, (step + 1) / 20) * (1.02 - step / steps)
        pictures, truths = shards.sample(batch, np.random.default_rng((config.seed, 9, step)))
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            features = tower_features(tower, normalise(torch.from_numpy(pictures))).float()
        loss = head.loss(features, dense_targets(truths))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    save_checkpoint(checkpoint, model, head, make_optimizers(model, head, config), 0, config)
