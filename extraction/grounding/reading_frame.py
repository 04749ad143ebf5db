"""The pixels of a page as they would be if its lines of text were level and its columns upright: ``ReadingFrame``.

A page in a scanner is turned a little; a page before a camera is also seen from the side, so that lines at its top and
bottom go different ways. How the lines run is fitted to the corners of the words, and followed from place to place.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.pages.words import PageWords, Word

_FEWEST = 8
"""From so many words on a field of slopes is fitted; fewer only say how the page is turned."""

_STEPS = 4
_STEEPEST = math.tan(math.radians(40))


@dataclass(frozen=True, slots=True)
class Placed:
    """A rectangle in the reading frame: its left and right end, its middle line and its height."""

    left: float
    right: float
    middle: float
    height: float

    def overlap(self, other: Placed) -> float:
        """How much of the narrower one lies above or below the other, 0 to 1; negative for a gap."""
        shared = min(self.right, other.right) - max(self.left, other.left)
        return shared / max(min(self.right - self.left, other.right - other.left), 1e-6)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """How much something leans at each place: ``base + by_x * x + by_y * y``, from the middle of the page."""

    base: float
    by_x: float = 0.0
    by_y: float = 0.0

    def at(self, x: float, y: float) -> float:
        """The slope at a place."""
        return self.base + self.by_x * x + self.by_y * y


class ReadingFrame:
    """Takes places of one page to the reading frame."""

    def __init__(self, page: PageWords) -> None:
        """Finds out how the text of a page lies."""
        self._quarters = round(page.angle / 90) % 4
        self._size = page.size
        width, height = page.size[::-1] if self._quarters % 2 else page.size
        self._middle = (width / 2, height / 2)
        quads = [self._quad(word) for word in page if word.quad is not None and len(word.quad.points) == 4]
        rest = (page.angle - 90 * self._quarters + 180) % 360 - 180
        fallback = math.tan(math.radians(rest)) if abs(rest) < 40 else 0.0
        ways = [way for one in quads for way in ((one[0], one[1]), (one[3], one[2]))]
        self._along = self._fit(ways, fallback)
        sides = [(start[::-1], end[::-1]) for one in quads for start, end in ((one[0], one[3]), (one[1], one[2]))]
        self._down = self._fit(sides, -self._along.base, swapped=True)

    def place(self, word: Word) -> Placed:
        """Where a word stands."""
        box = word.box
        u, v = self._follow(*self._turned((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2))
        width, height = box.x2 - box.x1, box.y2 - box.y1
        if word.quad is not None and len(word.quad.points) == 4:
            one, two, three = word.quad.points[:3]
            width, height = one.distance(two), two.distance(three)
        else:  # a slanted word's upright box is higher than the word
            width, height = (height, width) if self._quarters % 2 else (width, height)
            height = max(height - abs(self._along.base) * width, height / 3)
        return Placed(u - width / 2, u + width / 2, v, max(height, 1.0))

    def _turned(self, x: float, y: float) -> tuple[float, float]:
        """A place on the page as it is held to be read: turned back by quarters."""
        width, height = self._size
        return ((x, y), (y, width - x), (width - x, height - y), (height - y, x))[self._quarters]

    def _quad(self, word: Word) -> list[tuple[float, float]]:
        """The corners of a word on the page as it is held to be read."""
        assert word.quad is not None
        return [self._turned(point.x, point.y) for point in word.quad.points]

    def _follow(self, x: float, y: float) -> tuple[float, float]:
        """Where the line through a place meets the page's upright middle line, and its column the level one."""
        x, y = x - self._middle[0], y - self._middle[1]
        v = y
        for step in range(_STEPS):
            v -= self._along.at(x * (1 - (step + 0.5) / _STEPS), v) * x / _STEPS
        u = x
        for step in range(_STEPS):
            u -= self._down.at(u, y * (1 - (step + 0.5) / _STEPS)) * y / _STEPS
        return u + self._middle[0], v + self._middle[1]

    def _fit(
        self, ways: Iterable[tuple[Sequence[float], Sequence[float]]], fallback: float, *, swapped: bool = False
    ) -> _Slopes:
        """Slopes of the ways from one corner to the next, each (along, across), fitted to a plane."""
        rows, slopes, weights = [], [], []
        for (along, across), (along_end, across_end) in ways:
            run = along_end - along
            if run > 1 and abs(slope := (across_end - across) / run) < _STEEPEST:
                first, second = self._middle[::-1] if swapped else self._middle
                middle = ((along + along_end) / 2 - first, (across + across_end) / 2 - second)
                rows.append((1.0, *(middle[::-1] if swapped else middle)))
                slopes.append(slope)
                weights.append(run)
        if len(slopes) < 2 * _FEWEST:
            return _Slopes(statistics.median(slopes) if len(slopes) >= 4 else fallback)
        return _Slopes(*_robust_plane(np.array(rows), np.array(slopes), np.array(weights)))


def _robust_plane(
    rows: npt.NDArray[np.float64], slopes: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> tuple[float, float, float]:
    """The plane through weighted slopes, without those that are far from it."""
    kept = np.abs(slopes - np.median(slopes)) < 0.25
    fitted: npt.NDArray[np.floating[Any]] = np.zeros(3)
    for _ in range(3):
        scaled = np.sqrt(weights[kept])[:, None]
        fitted, *_ = np.linalg.lstsq(rows[kept] * scaled, slopes[kept] * scaled[:, 0], rcond=None)
        away = np.abs(rows @ fitted - slopes)
        kept = away <= max(3 * float(np.median(away[kept])), 0.005)
    return float(fitted[0]), float(fitted[1]), float(fitted[2])
