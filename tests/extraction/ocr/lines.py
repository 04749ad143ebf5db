"""Lines as an engine would give them, made from texts and places, and turned about as scans are."""

from __future__ import annotations

from extraction.ocr.layout import line_of
from extraction.ocr.quads import polygon_quad, quad_box, quad_polygon, straightened
from extraction.pages.words import Line, Word
from extraction.schemas.geometry import Box

HEIGHT = 10.0
LETTER = 5.0


def line(text: str, x: float, y: float, *, height: float = HEIGHT) -> Line:
    """A line from its top left corner, each letter half as wide as it is high, with blanks of one letter."""
    words = []
    letter = LETTER * height / HEIGHT
    for word in text.split(" "):
        if word:
            words.append(Word(word, Box.from_xyxy(x, y, x + len(word) * letter, y + height)))
        x += (len(word) + 1) * letter
    return line_of(words)


def turned(lines: list[Line], angle: float) -> list[Line]:
    """The lines of a page that was turned clockwise about its origin."""

    def moved(word: Word) -> Word:
        quad = straightened(polygon_quad(word.quad, word.box), -angle)
        return Word(word.text, quad_box(quad), word.score, quad_polygon(quad))

    return [line_of([moved(word) for word in one.words]) for one in lines]


def leaning(lines: list[Line], lean: float) -> list[Line]:
    """The lines of a page that was photographed from the side: the lower a line stands, the steeper it rises."""

    def moved(word: Word) -> Word:
        quad = polygon_quad(word.quad, word.box).copy()
        quad[:, 1] -= lean * quad[:, 0] * quad[:, 1]
        return Word(word.text, quad_box(quad), word.score, quad_polygon(quad))

    return [line_of([moved(word) for word in one.words]) for one in lines]
