"""Muon, an optimiser that orthogonalises the update of each weight matrix.

Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the Newton-Schulz coefficients are theirs.
torch's own ``torch.optim.Muon`` takes two-dimensional weights only; here convolution kernels are flattened to matrices.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Muon for weights of two or more dimensions, scaled so that a learning rate made for AdamW serves it too."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 4e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.02,
        iterations: int = 5,
    ) -> None:
        super().__init__(
            list(params), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "iterations": iterations}
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update from the gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(state["momentum"], group["momentum"]).reshape(weight.shape[0], -1)
                update = _orthogonal(update, group["iterations"])
                # 0.2 * sqrt(max(rows, columns)): the RMS of an AdamW update (Liu et al. 2025, "Muon is scalable").
                scale = group["lr"] * 0.2 * max(update.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update.reshape(weight.shape).to(weight.dtype), alpha=-scale)


def _orthogonal(matrix: Tensor, iterations: int) -> Tensor:
    """The nearest (semi-)orthogonal matrix, roughly: five steps of a quintic Newton-Schulz iteration in bfloat16."""
    a, b, c = _NEWTON_SCHULZ
    transposed = matrix.shape[0] > matrix.shape[1]
    x: Tensor = (matrix.T if transposed else matrix).to(torch.bfloat16)
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if transposed else x
