"""Training that goes on from finished weights: the dense head, which is not shipped, is learnt again on their tower."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
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
        config: The training's; its sizes must be those of the weights, but that its text model may have more layers.
        steps: How long the head is trained.
        batch: Scenes for each of these steps.

    Raises:
        ValueError: The weights have more layers.
        RuntimeError: Other sizes differ.
    """
    if checkpoint.exists():
        return
    torch.manual_seed(config.seed)
    model = build_model(tokenizer, config.model)
    finished = AutoModelForImageTextToText.from_pretrained(weights, dtype=torch.float32)
    model.load_state_dict(deepened(finished.state_dict(), model))
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


_LAYER = re.compile(r"(?<=language_model\.layers\.)\d+")
_OUT = ("o_proj.weight", "down_proj.weight")


def deepened(weights: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Weights for a model whose text model has as many layers or more.

    The old layers are spread evenly among the new ones, which at first add nothing: it answers as before.

    Raises:
        ValueError: The model has fewer layers.
    """
    own = model.state_dict()
    before, after = _layers(weights), _layers(own)
    if before > after:
        raise ValueError(f"{before} layers cannot become {after}: give the training's model at least {before}")
    place = {str(i): str(i * after // before) for i in range(before)}
    grown = {_LAYER.sub(lambda found: place[found[0]], name): value for name, value in weights.items()}
    for name, value in own.items():
        if name not in grown and _LAYER.search(name):
            grown[name] = torch.zeros_like(value) if name.endswith(_OUT) else value
    return grown


def _layers(weights: Mapping[str, Tensor]) -> int:
    numbers = (_LAYER.search(name) for name in weights)
    return 1 + max(int(number[0]) for number in numbers if number)
