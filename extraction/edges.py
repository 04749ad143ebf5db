"""What a box could have been, by what the model thought of each of its edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from extraction.places import CORNERS, are_numbers

_LIKELIEST = 24
"""Values of an edge that a whole box is drawn from, the likeliest ones."""
_PAIRS = 64
"""Pairs of opposite edges among these."""


@dataclass(frozen=True, slots=True)
class WrittenBox:
    """The numbers of a box in the order in which they are written, and where they stand in it."""

    keys: tuple[int | str, ...]
    numbers: tuple[float, ...]


def written_box(value: Any) -> WrittenBox | None:
    """The numbers of a box in JSON; None where it is none."""
    names = CORNERS["box"]
    if isinstance(value, dict) and set(value) == set(names):
        keys: tuple[int | str, ...] = names
        value = [value[name] for name in names]
    else:
        keys = (0, 1, 2, 3)
    return WrittenBox(keys, tuple(map(float, value))) if are_numbers(value, 4) else None


@dataclass(frozen=True, slots=True)
class Spans:
    """What a box could be along one axis: overlaps with the written one, lengths, and their probabilities."""

    overlap: np.ndarray[Any, np.dtype[np.float64]]
    length: np.ndarray[Any, np.dtype[np.float64]]
    share: np.ndarray[Any, np.dtype[np.float64]]


def spans(first: Mapping[float, float], second: Mapping[float, float], start: float, end: float) -> Spans:
    """What a box could be along one axis, drawn from the values of its edges with their probabilities.

    Args:
        first: Values of the edge that is written first.
        second: Values of the other one.
        start: The first as it is written.
        end: The other one.
    """
    edges = []
    for edge in (first, second):
        best = sorted(edge.items(), key=lambda one: -one[1])[:_LIKELIEST]
        edges.append(np.array(best, dtype=np.float64).T)
    a, b = edges[0][0][:, None], edges[1][0][None]
    share = (edges[0][1][:, None] * edges[1][1]).ravel()
    low, high = np.minimum(a, b).ravel(), np.maximum(a, b).ravel()
    best_pairs = np.argsort(-share)[:_PAIRS]
    low, high, share = low[best_pairs], high[best_pairs], share[best_pairs]
    overlap = np.clip(np.minimum(high, max(start, end)) - np.maximum(low, min(start, end)), 0, None)
    return Spans(overlap, high - low, share / share.sum())
