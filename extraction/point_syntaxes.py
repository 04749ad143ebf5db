"""Syntaxes of points: ``<point x="10.5" y="20.1" alt="a">a</point>`` and ``<points coords="1 1 308 305">a</points>``.

A point is complete with the closing tag, since its label stands between the tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from extraction.marks import Found, Mark, named, numbers_in

_ELEMENT = re.compile(r"<(points?|tracks?)\b([^<]*+)")
_ATTRIBUTE = re.compile(r"""\b([A-Za-z]{1,20}?)(\d{0,4})\s*+=\s*+(?:"([^"<]*+)"|'([^'<]*+)')""")
_OPENING_END = re.compile(r"""(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>""")
_COUNT = re.compile(r"\btotal of (\d{1,6})(?!\d)")

_Attributes = dict[str, str]
_Point = tuple[tuple[float, ...], float | None, int | None]


def read_molmo(text: str, ended: bool) -> Found:
    """``<point x= y= alt=>`` and ``<points x1= y1= x2= y2= .. alt=>``."""
    return _read(text, ended, _numbered_points)


def read_molmo2(text: str, ended: bool) -> Found:
    """``<points coords="PICTURE id x y id x y;PICTURE id x y">`` and ``<tracks coords="SECOND id x y;..">``."""
    return _read(text, ended, _listed_points)


def _read(text: str, ended: bool, points_of: Callable[[_Attributes], Iterator[_Point]]) -> Found:
    found = Found()
    position = 0
    while (match := _ELEMENT.search(text, position)) is not None:
        opening = _OPENING_END.match(text, match.end(1))
        position = match.end()
        if opening is None:
            if position == len(text):
                found.cut = True
                found.holes.append((match.start(), position))
            continue
        closing = f"</{match[1]}>"
        inside = text[opening.end() : match.end()]
        attributes = _attributes(text[match.end(1) : opening.end() - 1])
        end = opening.end()
        if not text.startswith("/>", end - 2):
            if text.startswith(closing, match.end()):
                position = end = match.end() + len(closing)
                found.holes.append((match.end(), end))
            elif closing.startswith(text[match.end() : match.end() + len(closing)]):  # up to the text's end
                found.cut = True
                found.holes.append((match.start(), len(text)))
                continue
            label = named(inside) or named(attributes.get("alt", ""))
        else:
            label = named(attributes.get("alt", ""))
        found.holes.append((match.start(), opening.end()))
        for numbers, image, thing in points_of(attributes):
            found.marks.append(Mark("point", numbers, label, (match.start(), end), image=image, object=thing))
    for counted in _COUNT.finditer(text):
        if ended or counted.end() < len(text):
            found.count = int(counted[1])
    found.empty = ended and found.count == 0
    return found


def _attributes(text: str) -> _Attributes:
    found: _Attributes = {}
    for name, index, double, single in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower() + index, double or single)
    return found


def _numbered_points(attributes: _Attributes) -> Iterator[_Point]:
    """The points of ``x1 y1 x2 y2`` or ``x y``; one whose other half is missing is none."""
    for name in attributes:
        if name[0] == "x" and (not name[1:] or name[1:].isdecimal()) and "y" + name[1:] in attributes:
            numbers = numbers_in(f"{attributes[name]} {attributes['y' + name[1:]]}")
            if numbers is not None and len(numbers) == 2:
                yield numbers, None, None


def _listed_points(attributes: _Attributes) -> Iterator[_Point]:
    """The points of ``coords``; a picture whose numbers are not whole points is left out."""
    for part in re.split(r"[;\t]", attributes.get("coords", "")):
        numbers = numbers_in(re.sub(r"^\s*+([\d.]{1,12}):", r"\1 ", part))
        if numbers is None or len(numbers) < 4 or len(numbers) % 3 != 1:
            continue
        for i in range(1, len(numbers), 3):
            yield numbers[i + 1 : i + 3], numbers[0], int(numbers[i])
