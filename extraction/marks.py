"""Marks: the places that a model's text names, as raw as they were written; and the parts that readers of them share.

A reader takes a text and whether the model ended it itself, and returns what it found. Readers never raise for what
stands in a text, look at every character a bounded number of times, and give a mark only when all of it was written:
all numbers, and its label or text up to what ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["box", "point", "polygon", "cells"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One place that a model wrote.

    Attributes:
        kind: What the numbers are; "cells" are two indices of a grid, upper left and lower right.
        numbers: As written, in the model's own order and units: ``<loc_0512>`` is 512. A polygon is flat.
        label: What stands there; None where the model did not say.
        span: Where it stands in the text, as the indices of its characters.
        text: What is written in the picture at that place.
        image: Which picture or page it is on, counted from 1 as the model does, or which second of a film.
        object: The number of the thing that it belongs to, where there is one; outlines of one thing share it.
        codes: The codewords of its mask, for a decoder of the model's own.
        fields: All that the object says in which it was written, by name, as read by ``loose_json``.
    """

    kind: Kind
    numbers: tuple[float, ...]
    label: str | None
    span: tuple[int, int]
    text: str | None = None
    image: float | None = None
    object: int | None = None
    codes: tuple[int, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Found:
    """What a reader found in a text.

    Attributes:
        marks: The complete ones, in order.
        holes: What of the text is markup or belongs to marks; the rest are words.
        cut: Whether the text ends inside a mark, or in what may be the beginning of one.
        empty: Whether it says in the way of this syntax that there is nothing.
        count: How many there are by the model's own words.
    """

    marks: list[Mark] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)
    cut: bool = False
    empty: bool = False
    count: int | None = None


Reader = Callable[[str, bool], Found]

_NUMBER: Final = r"[-+]?(?:\d{1,9}(?:\.\d{0,17})?|\.\d{1,17})"
_NUMBERS = re.compile(rf"\s*+{_NUMBER}(?:(?:\s*+[,;]\s*+|\s++){_NUMBER})*+\s*+")
_ONE_NUMBER = re.compile(_NUMBER)
_GROUP = re.compile(r"([\[({])([^\[\](){}]*+)[\])}]")
_SEPARATORS: Final = " \t\r\n,;:\uff0c\u3001\uff1b\uff1a"
_OF_NUMBERS: Final = "0123456789.+- \t\r\n,;\uff0c[]()"

SIZES: Final[Mapping[int, Kind]] = {4: "box", 2: "point"}


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers that make one place: its kind, and where they stand with their brackets."""

    kind: Kind
    numbers: tuple[float, ...]
    start: int
    end: int


def numbers_in(text: str) -> tuple[float, ...] | None:
    """The numbers of a text that is nothing but numbers between commas or spaces; None for any other."""
    if _NUMBERS.fullmatch(text) is None:
        return None
    return tuple(number(match[0]) for match in _ONE_NUMBER.finditer(text))


def number(text: str) -> float:
    """A number as it was written: whole ones stay whole."""
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def groups_in(
    text: str, start: int, end: int, *, sizes: Mapping[int, Kind] = SIZES, corners: int = 2, closed: bool = True
) -> tuple[list[Group], bool]:
    """The places in a part of a text whose numbers stand in brackets of any kind.

    Pairs in round brackets beside each other, ``(x1,y1),(x2,y2)``, are the corners of one place; other pairs are points.

    Args:
        text: The text.
        start: Where the part begins.
        end: Where it ends.
        sizes: What so many numbers are; other numbers are nothing.
        corners: How many pairs in round brackets are one place.
        closed: Whether nothing more can come, so that a single pair at the end is a point.

    Returns:
        The places, and whether pairs stand at the end that may be the first corners of one.
    """
    found: list[Group] = []
    pairs: list[tuple[tuple[float, ...], int, int]] = []

    def points() -> None:
        if 2 in sizes:
            found.extend(Group(sizes[2], *pair) for pair in pairs)
        pairs.clear()

    for match in _GROUP.finditer(text, start, end):
        numbers = numbers_in(match[2])
        if numbers is None:
            continue
        if len(numbers) == 2 and corners > 1 and match[1] == "(":
            if pairs and text[pairs[-1][2] : match.start()].strip(_SEPARATORS):
                points()
            pairs.append((numbers, *match.span()))
            if len(pairs) == corners:
                together = tuple(value for pair, *_ in pairs for value in pair)
                if (kind := sizes.get(len(together))) is not None:
                    found.append(Group(kind, together, pairs[0][1], pairs[-1][2]))
                pairs.clear()
            continue
        points()
        if (kind := sizes.get(len(numbers))) is not None:
            found.append(Group(kind, numbers, *match.span()))
    rest = text[pairs[-1][2] : end].strip(_OF_NUMBERS) if pairs else ""
    if closed or (rest and rest[0] != "<"):
        points()
    return found, bool(pairs)


def are_apart(text: str, start: int, end: int) -> bool:
    """Whether more than commas and spaces stands between two places of a text."""
    return bool(text[start:end].strip(_SEPARATORS))


def ends_in_numbers(text: str) -> bool:
    """Whether a text ends in the middle of numbers in brackets."""
    tail = text[len(text.rstrip(_OF_NUMBERS)) :]
    depth = 0
    for char in tail:
        if char in "[(":
            depth += 1
        elif char in "])":
            depth = max(depth - 1, 0)
    return depth > 0


_HALF_TAG = re.compile(r"<[/|\uff5c]{0,2}(?:[A-Za-z_][\w|\uff5c\u2581]{0,60})?|<\d{1,4}")


def ends_in_tag(text: str) -> bool:
    """Whether a text ends in what may be the beginning of a tag or a special token."""
    at = text.rfind("<", max(len(text) - 64, 0))
    return at >= 0 and _HALF_TAG.fullmatch(text, at) is not None


def named(text: str) -> str | None:
    """A label without the space around it; None where nothing is left."""
    return text.strip() or None


def words_outside(text: str, holes: Sequence[tuple[int, int]]) -> str:
    """A text without its holes, which may overlap."""
    return "".join(_outside(text, holes)).strip()


def _outside(text: str, holes: Sequence[tuple[int, int]]) -> Iterator[str]:
    position = 0
    for start, end in sorted(holes):
        if start > position:
            yield text[position:start]
        position = max(position, end)
    yield text[position:]
