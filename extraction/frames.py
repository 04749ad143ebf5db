"""From the numbers that a model wrote to pixels of the original picture, and nowhere else.

A model's own convention ends here: what leaves is xyxy in float pixels, origin top left, of the upright original.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from extraction.errors import BoxConventionError
from extraction.families import BoxConvention
from extraction.places import CORNERS, are_numbers, find_places, pointer, replace_places

T = TypeVar("T")
Number = int | float


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a prompt: its ``original`` size, and the size the model was given, as (width, height) in pixels.

    ``model`` is None where it is not known (a remote model); relative conventions do not need it.
    """

    original: tuple[int, int]
    model: tuple[int, int] | None = None


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

        Args:
            value: A JSON value that fits ``schema``; what does not fit is told in ``problems``, or left to validation.
            schema: The JSON schema of the value, with its markers.
            root: The whole JSON schema that ``schema`` is a part of, where it is one.

        Raises:
            BoxConventionError: There are boxes, and the convention or the picture's size is not known.
        """
        places = find_places(value, schema, root)
        self.problems += [_told(pointer(path), problem) for path, problem in places.problems.items()]
        return replace_places(value, places.kinds, lambda part, kind, path: self._convert(part, kind, pointer(path)))

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
                hint="name the convention, for instance family='relative-1000'",
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
        if convention is not None and convention.order == "yxyx":
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
    """A box (four numbers) or a point (two) as the model wrote it, in pixels of the original picture: xyxy or xy.

    Corners that are the wrong way round are put in order and values outside the picture are moved to its border; both
    are told in ``notes``, and so are fractions up to 1 where the model was to count up to 1000: they are not scaled.

    Raises:
        BoxConventionError: The convention counts pixels of a resized picture, and its size is not known.
    """
    width, height = frame.original
    values = list(map(float, numbers))
    if convention.order == "yxyx":
        values = _swapped(values)
    spans = _spans(convention, frame)
    pixels = [value * (width, height)[i % 2] / spans[i % 2] for i, value in enumerate(values)]
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
    inside = [min(max(value, 0.0), float((width, height)[i % 2])) for i, value in enumerate(pixels)]
    if any(abs(a - b) > 1e-6 * max(width, height) for a, b in zip(inside, pixels, strict=True)):
        problems.append("reached outside the picture")
    if notes is not None:
        notes.extend(BoxNote(pointer, problem, tuple(numbers)) for problem in problems)
    return inside


def from_pixels(pixels: Sequence[Number], convention: BoxConvention, frame: Frame) -> list[Number]:
    """A box or a point of the original picture as this model would write it: the inverse of ``to_pixels``.

    What reaches out of the picture is cut at its border, since the model was never shown such numbers.

    Raises:
        BoxConventionError: The convention counts pixels of a resized picture, and its size is not known.
    """
    spans = _spans(convention, frame)
    sides = frame.original
    values = [min(max(float(value), 0.0), sides[i % 2]) * spans[i % 2] / sides[i % 2] for i, value in enumerate(pixels)]
    if convention.order == "yxyx":
        values = _swapped(values)
    return [round(value) for value in values] if convention.integer else [round(value, 4) for value in values]


def _spans(convention: BoxConvention, frame: Frame) -> tuple[float, float]:
    if convention.span is not None:
        return convention.span, convention.span
    if frame.model is None:
        raise BoxConventionError(
            f"the convention {convention.name!r} counts pixels of the picture that the model was given, whose size is "
            "not known",
            hint="use a local model, or name a relative convention",
        )
    return frame.model


def frames_from_processor(
    processor: Any, inputs: Mapping[str, Any], originals: Sequence[tuple[int, int]]
) -> list[Frame]:
    """The frame of each picture of one call, from what the processor returned in that very call.

    Args:
        processor: The model's processor.
        inputs: What it returned for one conversation: ``image_grid_thw`` (pictures x 3, in patches) tells the size.
        originals: (width, height) of each picture, in the order of the prompt.

    Returns:
        One frame a picture; ``model`` is None where the processor does not tell.
    """
    grids = inputs.get("image_grid_thw")
    patch = getattr(getattr(processor, "image_processor", None), "patch_size", None)
    if grids is None or not isinstance(patch, int) or len(grids) != len(originals):
        return [Frame(original) for original in originals]
    return [
        Frame(original, (int(grid[2]) * patch, int(grid[1]) * patch))
        for original, grid in zip(originals, grids, strict=True)
    ]
