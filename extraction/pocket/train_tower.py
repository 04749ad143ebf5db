"""First stage of training: the tower alone learns to see, with the dense head."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModel

from extraction.pocket.dataset import Shards
from extraction.pocket.dense import DenseHead, dense_targets
from extraction.pocket.model import ModelConfig, normalise, tower_config, tower_features


def train_tower(
    shards: Shards,
    held_out: Shards,
    checkpoint: Path,
    *,
    steps: int,
    batch: int = 32,
    learning_rate: float = 3e-3,
    seed: int = 0,
    config: ModelConfig | None = None,
    evaluated: int = 200,
) -> None:
    """Trains the tower and writes it to ``checkpoint``; goes on from there if it was interrupted."""
    torch.manual_seed(seed)
    tower: nn.Module = AutoModel.from_config(tower_config(config or ModelConfig()))
    head = DenseHead((config or ModelConfig()).width)
    tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    weights = [*tower.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=learning_rate, weight_decay=0.05, betas=(0.9, 0.98))
    first = _resume(checkpoint, tower, head, optimizer)
    started = time.monotonic()
    mean = 0.0
    for step in range(first, steps):
        rng = np.random.default_rng((seed, step))
        for group in optimizer.param_groups:
            warm = min(1.0, (step + 1) / 50)
            group["lr"] = learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        pictures, truths = shards.sample(batch, rng)
        loss = head.loss(_features(tower, pictures), dense_targets(truths))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        mean = loss.item() if step == first else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 100 == 0 or step + 1 == steps:
            _save(checkpoint, tower, head, optimizer, step + 1)
            scores = evaluate_tower(tower, head, held_out, evaluated)
            line = {"step": step + 1, "seconds": round(time.monotonic() - started), "loss": round(mean, 3), **scores}
            print(json.dumps(line), flush=True)  # noqa: T201 - a training log


def _features(tower: nn.Module, pictures: np.ndarray) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return tower_features(tower, normalise(torch.from_numpy(pictures))).float()


@torch.no_grad()
def evaluate_tower(tower: nn.Module, head: DenseHead, held_out: Shards, count: int) -> dict[str, float]:
    """Centre F1, and at true centres: label and colour accuracy and mean IoU."""
    tower.eval()
    total: dict[str, float] = {}
    for start in range(0, count, 50):
        rows = [held_out.get(i) for i in range(start, start + 50)]
        features = _features(tower, np.stack([pixels for pixels, _ in rows]))
        for key, value in head.score(features, dense_targets([truth for _, truth in rows])).items():
            total[key] = total.get(key, 0.0) + value
    tower.train()
    objects = max(total["objects"], 1)
    return {
        "f1": round(2 * total["hit"] / (2 * total["hit"] + total["invented"] + total["missed"]), 3),
        "label": round(total["label"] / objects, 3),
        "color": round(total["color"] / objects, 3),
        "iou": round(total["iou"] / objects, 3),
    }


def _save(path: Path, tower: nn.Module, head: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    partial = path.with_suffix(".partial")
    state = {"tower": tower.state_dict(), "head": head.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    torch.save(state, partial)
    partial.replace(path)


def _resume(path: Path, tower: nn.Module, head: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    tower.load_state_dict(state["tower"])
    head.load_state_dict(state["head"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
