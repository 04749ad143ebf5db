"""A scene as the model should tell it: things in reading order, boxes in 0..1000."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extraction.pocket.dataset import Truth
from extraction.pocket.model import GRID
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS

STEP = 5
"""Boxes are learnt in steps of 5 of 1000: each of these 201 numbers is one token."""

_CLEARLY = 1.15  # the largest thing is so much larger than the next, or no question asks for it


@dataclass(frozen=True, slots=True)
class Thing:
    """One object as the model should write it: box xyxy in 0..1000."""

    label: str
    color: str
    box: tuple[int, int, int, int]

    @property
    def area(self) -> int:
        """Of the box, in 0..1000 squared."""
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])

    @property
    def center(self) -> tuple[int, int]:
        """The middle of the box, in steps like its sides."""
        x, y = (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2
        return _step(x), _step(y)

    @property
    def phrase(self) -> str:
        """Colour and label, as in "red circle"."""
        return f"{self.color} {self.label}"


@dataclass(frozen=True, slots=True)
class View:
    """A scene as the model should tell it: things in reading order of the patches that hold their centres."""

    things: tuple[Thing, ...]
    ground: str | None
    dominant: tuple[str, ...]

    @staticmethod
    def of(truth: Truth) -> View:
        """The view of a truth."""
        rows = sorted(
            truth.objects.tolist(), key=lambda row: (min(int((row[3] + row[5]) / 2 * GRID), GRID - 1), row[2] + row[4])
        )
        things = [Thing(LABELS[int(r[0])], COLORS[int(r[1])], _quantised(r[2:])) for r in rows]
        ground = GROUND_COLORS[truth.ground] if truth.ground >= 0 else None
        return View(tuple(things), ground, tuple(GROUND_COLORS[i] for i in truth.dominant))

    def only(self, keep: Callable[[Thing], bool]) -> View:
        """The same scene with some of its things."""
        return View(tuple(thing for thing in self.things if keep(thing)), self.ground, self.dominant)

    def by_size(self) -> list[Thing]:
        """The things, largest box first."""
        return sorted(self.things, key=lambda thing: -thing.area)

    @property
    def has_one_largest(self) -> bool:
        """Whether the largest thing is clearly larger than the next, or there is none to compare."""
        areas = [thing.area for thing in self.by_size()[:2]]
        return len(areas) < 2 or areas[0] > _CLEARLY * areas[1]


def _quantised(values: Sequence[float]) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = (min(max(_step(value * 1000), 0), 1000) for value in values)
    return x1, y1, x2, y2


def _step(value: float) -> int:
    return round(value / STEP) * STEP
