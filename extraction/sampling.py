"""Choosing the next token of one row, so that the choice does not depend on the rows beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


COLDEST = 1e-5
"""Below this temperature, dividing by it leaves float32; the likeliest token is taken."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the likeliest token; above 0 flattens (>1) or sharpens (<1) the distribution.
        top_p: Only the likeliest tokens that together reach this probability; None for the checkpoint's own setting.
        top_k: Only this many of the likeliest tokens; None for the checkpoint's own setting.
        min_p: Only tokens at least this likely, as a share of the likeliest.
        seed: Makes a sampled answer repeatable; None draws one.
    """

    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self.temperature < COLDEST

    def with_defaults(self, generation_config: Any) -> Sampling:
        """The same with ``top_p`` and ``top_k`` of a checkpoint's ``generation_config.json`` where none was given."""
        return Sampling(
            self.temperature,
            self.top_p if self.top_p is not None else getattr(generation_config, "top_p", None),
            self.top_k if self.top_k is not None else getattr(generation_config, "top_k", None),
            self.min_p if self.min_p is not None else getattr(generation_config, "min_p", None),
            self.seed,
        )


class Sampler:
    """The sampling of one row, with a random stream of its own.

    The stream is the CPU's, one number per token, so that a seed gives the same answer on every device and in every
    batch, as far as the scores themselves are the same.
    """

    def __init__(self, sampling: Sampling, seed: int) -> None:
        import torch

        self.sampling = sampling
        self._random = torch.Generator(device="cpu").manual_seed(seed)

    def skip(self) -> None:
        """Passes over one number of the random stream: for a token that needed no choice, so that the next stay the same."""
        if not self.sampling.greedy:
            self._drawn()

    def _drawn(self) -> torch.Tensor:
        import torch

        return torch.rand((), generator=self._random, dtype=torch.float64)

    def choose(self, scores: torch.Tensor) -> int:
        """A token drawn from one row's scores, shape (vocabulary,), forbidden tokens at -inf."""
        import torch

        sampling = self.sampling
        if scores.device.type == "mps":  # has no double precision
            scores = scores.cpu()
        allowed = torch.isfinite(scores).nonzero()[:, 0]  # often a handful, and sorting a vocabulary takes a while
        ranked, order = torch.sort(scores[allowed].float() / sampling.temperature, descending=True, stable=True)
        weights = torch.softmax(ranked, dim=-1)
        kept = torch.ones_like(weights, dtype=torch.bool)
        if sampling.top_k:
            kept[sampling.top_k :] = False
        if sampling.top_p is not None and sampling.top_p < 1.0:
            # A token is kept while those before it do not yet reach top_p; the first one always is.
            kept &= weights.cumsum(-1) - weights < sampling.top_p
        if sampling.min_p is not None:
            kept &= weights >= sampling.min_p * weights[0]
        kept[0] = True
        reached = (weights * kept).double().cumsum(-1)
        drawn = self._drawn().to(reached.device) * reached[-1]
        index = int(torch.searchsorted(reached, drawn, right=True))
        return int(allowed[order[min(index, int(kept.nonzero()[-1]))]])
