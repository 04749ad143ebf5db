"""Pages written by hand: words at known places, as a text layer gives them."""

from __future__ import annotations

import math

from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Box, Point, Polygon

LETTER = 10.0
HEIGHT = 16.0
ROW = 30.0


def box(x: float, row: float, text: str) -> Box:
    """Where a text stands that is printed at ``x`` in a row, every letter 10 pixels wide and 16 high."""
    return Box(x1=x, y1=row * ROW, x2=x + LETTER * len(text), y2=row * ROW + HEIGHT)


def page(*printed: tuple[float, float, str], turned: float = 0.0, size: tuple[int, int] = (1000, 1000)) -> PageWords:
    """A page of texts, each (x, row, text) a line of its own, in this order.

    Args:
        printed: What stands on it.
        turned: By how many degrees the sheet is turned clockwise around the middle of the page.
        size: (width, height) of the picture.
    """
    lines = []
    for x, row, text in printed:
        words = []
        for start, word in _words(text):
            words.append(_turned(word, box(x + start * LETTER, row, word), turned, size))
        lines.append(Line(tuple(words), Box.around(word.box for word in words)))
    return PageWords(tuple(lines), size, "hand", turned)


def _words(text: str) -> list[tuple[int, str]]:
    words, start = [], 0
    for word in text.split(" "):
        if word:
            words.append((start, word))
        start += len(word) + 1
    return words


def _turned(text: str, place: Box, degrees: float, size: tuple[int, int]) -> Word:
    if not degrees:
        return Word(text, place)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    middle = (size[0] / 2, size[1] / 2)
    corners = []
    for x, y in ((place.x1, place.y1), (place.x2, place.y1), (place.x2, place.y2), (place.x1, place.y2)):
        dx, dy = x - middle[0], y - middle[1]
        corners.append(Point(x=middle[0] + dx * cos - dy * sin, y=middle[1] + dx * sin + dy * cos))
    quad = Polygon(points=tuple(corners))
    return Word(text, quad.bounds, quad=quad)
