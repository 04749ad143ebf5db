"""A training-only head: per patch, is an object's centre here, and what is it.

It teaches the tower before any language is there; a text model on a tower of random weights learns nothing about places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows

from extraction.pocket.dataset import Truth
from extraction.pocket.model import GRID
from extraction.pocket.vocabulary import GROUND_COLORS, LABELS

IGNORED = -100


@dataclass(frozen=True, slots=True)
class DenseTargets:
    """Per patch, batch x patches: centre 0/1, label and colour index (or IGNORED), box (x 4, 0..1), inside 0/1."""

    centre: Tensor
    label: Tensor
    color: Tensor
    box: Tensor
    inside: Tensor


def dense_targets(truths: list[Truth]) -> DenseTargets:
    """What the head should say for each patch; where objects overlap the smaller one counts."""
    shape = (len(truths), GRID, GRID)
    centre, inside = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    label, color = np.full(shape, IGNORED, np.int64), np.full(shape, IGNORED, np.int64)
    box = np.zeros((*shape, 4), np.float32)
    middle = (np.arange(GRID) + 0.5) / GRID
    ys, xs = np.meshgrid(middle, middle, indexing="ij")
    for b, truth in enumerate(truths):
        if truth.ground >= 0:
            color[b] = truth.ground
        rows = truth.objects
        order = np.argsort(-(rows[:, 4] - rows[:, 2]) * (rows[:, 5] - rows[:, 3]))
        cells = [cell_of(row) for row in rows]
        for k in order:
            x1, y1, x2, y2 = rows[k, 2:]
            covered = (xs > x1) & (xs < x2) & (ys > y1) & (ys < y2)
            label[b][covered], color[b][covered] = int(rows[k, 0]), int(rows[k, 1])
            box[b][covered], inside[b][covered] = rows[k, 2:], 1
        for k, cell in enumerate(cells):
            centre[b][cell], box[b][cell] = 1, rows[k, 2:]
            label[b][cell], color[b][cell] = int(rows[k, 0]), int(rows[k, 1])
    flat = [
        torch.from_numpy(a.reshape(len(truths), GRID * GRID, *a.shape[3:])) for a in (centre, label, color, box, inside)
    ]
    return DenseTargets(*flat)


def cell_of(row: np.ndarray) -> tuple[int, int]:
    """The patch (row, column) that holds the centre of an object's box."""
    column = min(int((row[2] + row[4]) / 2 * GRID), GRID - 1)
    line = min(int((row[3] + row[5]) / 2 * GRID), GRID - 1)
    return line, column


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes ... x 4 (xyxy)."""
    width = (torch.minimum(a[..., 2], b[..., 2]) - torch.maximum(a[..., 0], b[..., 0])).clamp(min=0)
    height = (torch.minimum(a[..., 3], b[..., 3]) - torch.maximum(a[..., 1], b[..., 1])).clamp(min=0)
    area_a = (a[..., 2] - a[..., 0]).clamp(min=0) * (a[..., 3] - a[..., 1]).clamp(min=0)
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    iou: Tensor = width * height / (area_a + area_b - width * height + 1e-6)
    return iou


class DenseHead(nn.Module):
    """Reads centre, label, colour and box off every patch's features; never saved with the model."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.parts = (1, len(LABELS), len(GROUND_COLORS), 4)
        self.out = nn.Linear(width, sum(self.parts))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        with torch.no_grad():
            self.out.bias[0] = -3.0  # centres are rare
            self.out.bias[-4:] = 0.5

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Centre (logit), label and colour (logits) and box (0..1) per patch."""
        return tuple(self.out(self.norm(features)).float().split(self.parts, -1))

    def loss(self, features: Tensor, targets: DenseTargets) -> Tensor:
        """How far the head is from the targets, one number."""
        centre, label, color, box = self(features)
        found = F.binary_cross_entropy_with_logits(
            centre[..., 0], targets.centre, pos_weight=torch.tensor(3.0, device=features.device)
        )
        inside = (targets.label != IGNORED).sum().clamp(min=1)  # none in a batch of empty scenes
        named = (
            F.cross_entropy(label.flatten(0, 1), targets.label.flatten(), ignore_index=IGNORED, reduction="sum")
            / inside
        )
        weight = (1 + 2 * targets.inside).flatten() * (targets.color.flatten() != IGNORED)
        painted = F.cross_entropy(color.flatten(0, 1), targets.color.flatten(), ignore_index=IGNORED, reduction="none")
        weight_box = targets.inside * (1 + 2 * targets.centre)
        apart = (box - targets.box).abs().sum(-1) * 4 + 1 - box_iou(box, targets.box)
        loss: Tensor = (
            10 * found
            + 1.5 * named
            + (painted * weight).sum() / weight.sum().clamp(min=1)
            + (apart * weight_box).sum() / weight_box.sum().clamp(min=1)
        )
        return loss

    @torch.no_grad()
    def directions(self) -> Tensor:
        """An orthonormal basis of what the head reads off a patch's features, directions x width."""
        readings = self.out.weight * self.norm.weight
        readings = readings - readings.mean(1, keepdim=True)  # the norm takes the mean away
        scales, basis = torch.linalg.svd(readings, full_matrices=False)[1:]
        read: Tensor = basis[scales > 1e-3 * scales[0]]
        return read

    @torch.no_grad()
    def score(self, features: Tensor, targets: DenseTargets) -> dict[str, float]:
        """Counts over a batch: centres hit, missed, invented; labels and colours right, IoU summed at true centres."""
        centre, label, color, box = self(features)
        said, true = centre[..., 0] > 0, targets.centre > 0
        return {
            "hit": (said & true).sum().item(),
            "invented": (said & ~true).sum().item(),
            "missed": (~said & true).sum().item(),
            "label": (label.argmax(-1)[true] == targets.label[true]).sum().item(),
            "color": (color.argmax(-1)[true] == targets.color[true]).sum().item(),
            "iou": box_iou(box[true], targets.box[true]).sum().item(),
            "objects": true.sum().item(),
        }
