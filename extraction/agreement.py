"""In how many of several answers each part of one of them stands again: a second signal, for which no logits are needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from extraction.places import Geometry, Path, are_numbers, find_places, is_number
from extraction.schemas.pointers import leaves_of, pointer

IOU: Final = 0.5
"""Overlap from which two boxes are the same, as for ``Confidence``."""
NEAR: Final = 0.05
"""Distance, as a share of the picture's longer side, up to which two points are the same."""


def agreement(
    value: Any, others: Sequence[Any], schema: Mapping[str, Any], size: tuple[int, int] | None = None
) -> dict[str, float]:
    """By JSON pointer into ``value``, the share of ``others`` that say the same there.

    Items of lists are brought together first: those that are most alike, boxes by their overlap. Texts are compared
    without regard to case and outer blanks, numbers to nine digits, boxes by IoU >= 0.5, and points by their distance;
    the numbers of a shape agree when it does. Besides those of leaves there are pointers of boxes, and of the objects
    and lists in lists, which agree when all in them does.

    Args:
        value: A JSON value, shapes in pixels.
        others: Further values for the same schema; None stands for one that could not be read and agrees with nothing.
        schema: The schema, with markers.
        size: (width, height) of the picture; without it, points agree only when they are equal.
    """
    kinds = find_places(value, schema).kinds
    reach = NEAR * max(size) if size else 0.0
    counts: dict[Path, int] = {}
    for other in others:
        comparison = _Comparison(kinds, reach)
        comparison.compare(value, _MISSING if other is None else other, ())
        for path, same in comparison.found.items():
            counts[path] = counts.get(path, 0) + same
    return {pointer(path): count / len(others) for path, count in counts.items()}


_MISSING: Final = object()
"""Stands for what the other value does not have."""


@dataclass(slots=True)
class _Comparison:
    """One value beside another.

    Attributes:
        kinds: Which parts of the value are shapes.
        reach: Pixels up to which two points are the same.
        found: Of each part that counts, whether it is the same in both.
    """

    kinds: Mapping[Path, Geometry]
    reach: float
    found: dict[Path, bool] = field(default_factory=dict)

    def compare(self, value: Any, other: Any, path: Path) -> bool:
        """Whether two parts that belong together are the same; tells of all that is in them, too."""
        kind = self.kinds.get(path)
        if kind is not None and value is not None:
            same = self._same_shape(value, other, kind)
            self.found.update((leaf, same) for leaf, _ in leaves_of(value, path))
        elif isinstance(value, dict):
            given = other if isinstance(other, dict) else {}
            parts = [self.compare(part, given.get(key, _MISSING), (*path, key)) for key, part in value.items()]
            same = all(parts) and isinstance(other, dict) and given.keys() <= value.keys()
        elif isinstance(value, list):
            partners = self._partners(value, other if isinstance(other, list) else [], path)
            pairs = enumerate(zip(value, partners, strict=True))
            parts = [self.compare(part, partner, (*path, index)) for index, (part, partner) in pairs]
            same = all(parts) and isinstance(other, list) and len(other) == len(value)
        else:
            same = self.found[path] = _same_leaf(value, other)
        if kind == "box" or (path and isinstance(path[-1], int)):
            self.found[path] = same
        return same

    def _partners(self, items: list[Any], others: list[Any], path: Path) -> list[Any]:
        """For each item the other that belongs to it, each one once: the most alike first, the nearest of equals."""
        pairs = sorted(
            (-self._likeness(item, other, (*path, i)), abs(i - j), i, j)
            for i, item in enumerate(items)
            for j, other in enumerate(others)
        )
        partners: list[Any] = [_MISSING] * len(items)
        waiting, free = set(range(len(items))), set(range(len(others)))
        for unlike, _, i, j in pairs:
            if unlike < 0 and i in waiting and j in free:
                partners[i] = others[j]
                waiting.remove(i)
                free.remove(j)
        return partners

    def _likeness(self, value: Any, other: Any, path: Path) -> float:
        """How alike two parts are, from 0 to 1: boxes by their overlap, objects and lists by what is in them."""
        kind = self.kinds.get(path)
        if kind == "box":
            return _overlap(value, other)
        if kind is not None and value is not None:
            return float(self._same_shape(value, other, kind))
        if isinstance(value, dict) and isinstance(other, dict) and value:
            alike = [self._likeness(part, other.get(key, _MISSING), (*path, key)) for key, part in value.items()]
            return sum(alike) / len(alike)
        if isinstance(value, list) and isinstance(other, list) and value:
            alike = [self._likeness(a, b, (*path, i)) for i, (a, b) in enumerate(zip(value, other, strict=False))]
            return sum(alike) / max(len(value), len(other))
        return float(_same_leaf(value, other))

    def _same_shape(self, value: Any, other: Any, kind: Geometry) -> bool:
        if kind == "box":
            return value == other or _overlap(value, other) >= IOU
        if kind == "point":
            near = are_numbers(value, 2) and are_numbers(other, 2)
            return value == other or (near and math.dist(value, other) <= self.reach)
        whole = isinstance(value, list) and isinstance(other, list)
        return value == other or (whole and _overlap(_around(value), _around(other)) >= IOU)


def _overlap(a: Any, b: Any) -> float:
    """IoU of two boxes in xyxy; 0 where one is none."""
    if not (are_numbers(a, 4) and are_numbers(b, 4)):
        return 0.0
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def _around(points: list[Any]) -> list[float] | None:
    """The box around an outline."""
    if not points or not all(are_numbers(point, 2) for point in points):
        return None
    x, y = zip(*points, strict=True)
    return [min(x), min(y), max(x), max(y)]


def _same_leaf(value: Any, other: Any) -> bool:
    if isinstance(value, str) and isinstance(other, str):
        return value.strip().casefold() == other.strip().casefold()
    if is_number(value) and is_number(other):
        return math.isclose(value, other)
    return type(value) is type(other) and bool(value == other)
