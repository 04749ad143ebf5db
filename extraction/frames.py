"""From the numbers that a model wrote to pixels of the original picture, and nowhere else.

A model's own convention ends here: what leaves is xyxy in float pixels, origin top left, of the upright original.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from extraction.conventions import BoxConvention
from extraction.errors import BoxConventionError
from extraction.keys import Keys
from extraction.places import CORNERS, are_numbers, find_places, replace_places
from extraction.schemas.pointers import pointer

T = TypeVar("T")
Number = int | float

_DECIMALS: Final = 4
"""Of the fractions that are written for models."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a prompt, as the user has it and as the model was given it.

    Attributes:
        original: Its size, (width, height) in pixels.
        model: The size of the canvas that the model was given; None where it is not known (a remote model).
        content: Where the whole original lies on the canvas: (left, top, right, bottom) in its pixels, inside it where there
            is padding, reaching out of it where something was cropped; None where it is all of the canvas.
    """

    original: tuple[int, int]
    model: tuple[int, int] | None = None
    content: tuple[float, float, float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """What a message tells of it, in ``response_metadata["boxes"]["frames"]``."""
        return {name: None if value is None else list(value) for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Frame | None:
        """The inverse of ``as_json``; None where nothing is told of the original."""
        sizes = {name: tuple(told[name]) for name in ("original", "model", "content") if told.get(name)}
        return cls(**sizes) if "original" in sizes else None


@dataclass(frozen=True, slots=True)
class BoxNote:
    """Something that had to be mended in a box: ``pointer`` (JSON pointer), what was wrong, the model's own numbers."""

    pointer: str
    problem: str
    numbers: tuple[Number, ...]


@dataclass
class Grounding:
    """How the numbers of one answer become pixels, or pixels the numbers of a model.

    Attributes:
        convention: How the model writes them; None raises as soon as a box turns up.
        frame: Which picture they refer to.
        to_model: Go the other way, from pixels to what the model would write.
        notes: What had to be mended, collected while answers are converted.
        problems: What stands where a box should, or may, and could not be converted, with its JSON pointer. A value
            with problems is not in one frame, and must not be used.
    """

    convention: BoxConvention | None
    frame: Frame | None
    to_model: bool = False
    notes: list[BoxNote] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def apply(self, value: Any, schema: Any, root: Mapping[str, Any] | None = None) -> Any:
        """The same JSON value with every box, point and polygon in the other frame, as lists of numbers.

        Fields that have another name for the model (see ``Keys``) get the one that goes with the frame.

        Args:
            value: A JSON value that fits ``schema``; what does not fit is told in ``problems``, or left to validation.
            schema: The JSON schema of the value, with its markers.
            root: The whole JSON schema that ``schema`` is a part of, where it is one.

        Raises:
            BoxConventionError: There are boxes, and the convention or the picture's size is not known.
        """
        keys = Keys(schema if root is None else root, self.convention)
        if not self.to_model:
            self.problems += [
                _told(pointer(path), f"{keys.own(str(path[-1]))!r}, too, stands there") for path in keys.twice(value)
            ]
            value = keys.from_model(value)
        places = find_places(value, schema, root)
        self.problems += [_told(pointer(path), problem) for path, problem in places.problems.items()]
        value = replace_places(value, places.kinds, lambda part, kind, path: self._convert(part, kind, pointer(path)))
        return keys.for_model(value) if self.to_model else value

    def _convert(self, value: Any, kind: str, pointer: str) -> Any:
        """A marked part of the value in the other frame."""
        if kind == "polygon":
            points = value.get("points") if isinstance(value, dict) else value
            if isinstance(points, list):
                return [self._convert(point, "point", f"{pointer}/{i}") for i, point in enumerate(points)]
        numbers = _corners(value, kind, self.convention)
        if numbers is None:
            if value is not None:  # null is no box; whether it may stand here is for validation to say
                self.problems.append(_told(pointer, f"must be {_FORMS[kind]}, not {json.dumps(value):.40}"))
            return value
        if self.to_model:
            return from_pixels(numbers, self._known_convention(), self._known_frame())
        return to_pixels(numbers, self._known_convention(), self._known_frame(), pointer, self.notes)

    def _known_convention(self) -> BoxConvention:
        if self.convention is None:
            raise BoxConventionError(
                "the answer holds boxes, and nobody knows how this model writes them",
                hint="name the convention, for instance family='relative-1000', or convention='relative-1000' of a parser",
            )
        return self.convention

    def _known_frame(self) -> Frame:
        if self.frame is None:
            raise BoxConventionError(
                "the answer holds boxes, and the size of the picture is not known",
                hint="put the picture itself into the prompt instead of its address, or give the parser its size",
            )
        return self.frame


_FORMS = {"box": "four numbers", "point": "two numbers", "polygon": "a list of points"}


def _told(pointer: str, problem: str) -> str:
    return f"{pointer.removeprefix('/') or '(root)'}: {problem}"


def _corners(value: Any, kind: str, convention: BoxConvention | None) -> list[Number] | None:
    """The numbers of a box or a point in the model's order; None where it is no such thing."""
    names = CORNERS.get(kind, ())
    if isinstance(value, dict) and set(value) == set(names):
        value = [value[name] for name in names]
        if convention is not None and _y_first(convention, len(value)):
            value = _swapped(value)
    return value if names and are_numbers(value, len(names)) else None


def _swapped(numbers: Sequence[T]) -> list[T]:
    """x before y made y before x, or the other way round."""
    return [numbers[i ^ 1] for i in range(len(numbers))]


def to_pixels(
    numbers: Sequence[Number],
    convention: BoxConvention,
    frame: Frame,
    pointer: str = "",
    notes: list[BoxNote] | None = None,
) -> list[float]:
    """A box (four numbers, or two cells of a grid) or a point (two numbers), in pixels of the original: xyxy or xy.

    Corners that are the wrong way round are put in order and values outside the picture are moved to its border; both
    are told in ``notes``, and so are fractions up to 1 where the model was to count up to 1000: they are not scaled.

    Raises:
        BoxConventionError: The convention refers to the picture as the model was given it, and its size is not known,
            or the numbers are no cells of its grid.
    """
    values = _cell_corners(numbers, convention) if convention.kind == "grid" else list(map(float, numbers))
    if convention.kind != "grid" and _y_first(convention, len(values)):
        values = _swapped(values)
    axes = _axes(convention, frame)
    pixels = [axes[i % 2].to_pixels(value) for i, value in enumerate(values)]
    problems = []
    if (
        convention.kind == "relative"
        and convention.integer
        and max(values) <= 1
        and not all(value.is_integer() for value in values)
    ):
        problems.append(f"fractions, where {convention.name!r} has whole numbers")
    if len(pixels) == 4:
        ordered = [*map(min, pixels[:2], pixels[2:]), *map(max, pixels[:2], pixels[2:])]
        if ordered != pixels:
            problems.append("corners were the wrong way round")
        pixels = ordered
    sides = frame.original
    inside = [min(max(value, 0.0), float(sides[i % 2])) for i, value in enumerate(pixels)]
    if any(abs(a - b) > axes[i % 2].slack for i, (a, b) in enumerate(zip(inside, pixels, strict=True))):
        problems.append("reached outside the picture")
    if notes is not None:
        notes.extend(BoxNote(pointer, problem, tuple(numbers)) for problem in problems)
    return inside


def from_pixels(pixels: Sequence[Number], convention: BoxConvention, frame: Frame) -> list[Number]:
    """A box or a point of the original picture as this model would write it: the inverse of ``to_pixels``.

    What reaches out of the picture, or out of the part of it that the model was given, is cut at the border, since the model
    was never shown such numbers.

    Raises:
        BoxConventionError: The convention refers to the picture as the model was given it, and its size is not known, or
            it has no points.
    """
    sides, axes = frame.original, _axes(convention, frame)
    values = [axes[i % 2].from_pixels(min(max(float(one), 0.0), sides[i % 2])) for i, one in enumerate(pixels)]
    if convention.kind == "grid":
        return _cells(values, convention)
    numbers = [_rounded(value, convention) for value in values]
    largest = [axis.steps if convention.largest is None else convention.largest for axis in axes]
    numbers = [min(max(number, 0), largest[i % 2]) for i, number in enumerate(numbers)]
    if _y_first(convention, len(values)):
        numbers = _swapped(numbers)
    return [int(number) if convention.integer else number for number in numbers]


def _rounded(value: float, convention: BoxConvention) -> Number:
    """The number that stands for a place: the nearest one, or the bin that it lies in where bins are meant."""
    if not convention.integer:
        return round(value, _DECIMALS)
    return math.floor(value + convention.offset) if convention.offset else round(value)


@dataclass(frozen=True, slots=True)
class _Axis:
    """How the numbers of one axis lie on the original: ``pixel = (number + offset) * length / steps - shift``.

    Padding seldom ends where a number stands, so one that is rounded reaches out by up to ``slack`` pixels and is right.
    """

    length: float
    steps: float
    shift: float
    offset: float
    slack: float

    def to_pixels(self, number: float) -> float:
        return (number + self.offset) * self.length / self.steps - self.shift

    def from_pixels(self, pixel: float) -> float:
        return (pixel + self.shift) * self.steps / self.length - self.offset


def _axes(convention: BoxConvention, frame: Frame) -> tuple[_Axis, _Axis]:
    if convention.on_canvas:
        if frame.model is None:
            counts = "pixels" if convention.kind == "pixel" else "parts"
            raise BoxConventionError(
                f"the convention {convention.name!r} counts {counts} of the picture that the model was given, whose size is "
                "not known",
                hint="use a local model, give the parser its model_size, or name a relative convention",
            )
        lengths, shifts = zip(*(_canvas_axis(frame, axis) for axis in (0, 1)), strict=True)
        counted = [convention.span or side / convention.unit for side in frame.model]
    else:
        lengths, shifts, counted = frame.original, (0.0, 0.0), [convention.span or 1.0] * 2
    rounding = 0.5 if convention.integer else 0.5 * 10**-_DECIMALS
    slack = [max(1e-6 * max(frame.original), rounding * lengths[i] / counted[i]) for i in (0, 1)]
    x, y = (_Axis(lengths[i], counted[i], shifts[i], convention.offset, slack[i]) for i in (0, 1))
    return x, y


def _canvas_axis(frame: Frame, axis: int) -> tuple[float, float]:
    """How long the canvas is, and where it begins before the original, in pixels of the original."""
    assert frame.model is not None
    side, canvas = frame.original[axis], frame.model[axis]
    first, last = (0.0, canvas) if frame.content is None else frame.content[axis::2]
    return canvas * side / (last - first), first * side / (last - first)


def _y_first(convention: BoxConvention, count: int) -> bool:
    return convention.point_order == "yx" if count == 2 else convention.order == "yxyx"


def _cell_corners(numbers: Sequence[Number], convention: BoxConvention) -> list[float]:
    """The corners of a box between two cells of a grid, in cells, as Kosmos-2's own processor places them.

    Cells are meant by their middles, but where both stand in one row or column: there the box reaches to the cells' edges
    (``_patch_index_to_coordinate`` of transformers' ``processing_kosmos2.py``).
    """
    side = int(convention.span or 1)
    if len(numbers) != 2 or not all(float(one).is_integer() and 0 <= one < side * side for one in numbers):
        raise BoxConventionError(f"{list(numbers)} are no two cells of the grid of {convention.name!r}")
    (row1, column1), (row2, column2) = (divmod(int(one), side) for one in numbers)
    if row1 == row2 or column1 == column2:
        return [float(column1), float(row1), column2 + 1.0, row2 + 1.0]
    return [column1 + 0.5, row1 + 0.5, column2 + 0.5, row2 + 0.5]


def _cells(values: Sequence[float], convention: BoxConvention) -> list[Number]:
    """The two cells of a box whose corners are given in cells, as Kosmos-2 was taught them: those the corners lie in."""
    if len(values) != 4:
        raise BoxConventionError(f"the convention {convention.name!r} has boxes only")
    side = int(convention.span or 1)
    columns, rows = (_first_and_last(values[i], values[i + 2], side) for i in (0, 1))
    return [row * side + column for row, column in zip(rows, columns, strict=True)]


def _first_and_last(start: float, end: float, side: int) -> tuple[int, int]:
    first = min(math.floor(start), side - 1)
    return first, max(math.ceil(end) - 1, first)
