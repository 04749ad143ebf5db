"""``Rect``: an upright rectangle in whatever frame text is arranged in; cheap, as there is one per character."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from extraction.schemas.geometry import Box


@dataclass(frozen=True, slots=True)
class Rect:
    """From (``left``, ``top``) to (``right``, ``bottom``), y downwards; the edges are in order."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, points: Iterable[tuple[float, float]]) -> Self:
        """The smallest one that holds every point (x, y)."""
        xs, ys = zip(*points, strict=True)
        return cls(min(xs), min(ys), max(xs), max(ys))

    @classmethod
    def union(cls, rects: Iterable[Rect]) -> Self:
        """The smallest one that holds all of ``rects``, of which there is at least one."""
        them = list(rects)
        return cls(
            min(rect.left for rect in them),
            min(rect.top for rect in them),
            max(rect.right for rect in them),
            max(rect.bottom for rect in them),
        )

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The four corners (x, y), clockwise from the top left one."""
        return (
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
        )

    @property
    def box(self) -> Box:
        """The same as a ``Box``."""
        return Box(x1=self.left, y1=self.top, x2=self.right, y2=self.bottom)

    def beside(self, other: Rect) -> float:
        """How much of the lower one's height the two share, 0 to 1: 1 where they stand on one line."""
        shared = min(self.bottom, other.bottom) - max(self.top, other.top)
        lower = min(self.height, other.height)
        if lower <= 0:
            return 1.0 if shared >= 0 else 0.0
        return max(shared, 0.0) / lower
