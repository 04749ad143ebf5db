"""Words with their places, as a text layer or an OCR engine gives them: ``Word``, ``Line``, ``PageWords``.

All coordinates are pixels of the upright original picture, as everywhere: a page that was turned or straightened for
reading has its words put back to where they stand in the picture that the caller gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from extraction.schemas.geometry import Box, Polygon


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: Its characters, never empty, no white space at its ends.
        box: The smallest upright box around it, in pixels.
        score: How sure the engine is of the text, 0 to 1; 1 for a text layer.
        quad: Its four corners clockwise, beginning with the top left one of the *text*, where that is turned or
            slanted; None where the box says it all.
    """

    text: str
    box: Box
    score: float = 1.0
    quad: Polygon | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Words that are read in one go: a line of one column, never across a gap between columns.

    Attributes:
        words: At least one, in reading order.
        box: The smallest upright box around them.
        score: How sure the engine is of the text, 0 to 1.
        quad: Its corners, as those of a word.
        block: Which block of text (column, cell, paragraph) it belongs to, counted from 0 in reading order.
    """

    words: tuple[Word, ...]
    box: Box
    score: float = 1.0
    quad: Polygon | None = None
    block: int = 0

    @property
    def text(self) -> str:
        """The words with one blank between them."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class PageWords:
    """All the words of one page.

    Attributes:
        lines: In reading order; empty where nothing is written.
        size: (width, height) of the picture whose pixels the boxes count.
        engine: What read them: "text layer", "rapidocr", "tesseract", or what the user's own engine calls itself.
        angle: By how many degrees the text stands turned clockwise on the picture, -180 to 180; 0 where it is upright.
    """

    lines: tuple[Line, ...]
    size: tuple[int, int]
    engine: str
    angle: float = field(default=0.0)

    def __iter__(self) -> Iterator[Word]:
        """The words in reading order."""
        return (word for line in self.lines for word in line.words)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words in reading order."""
        return tuple(self)

    @property
    def text(self) -> str:
        """The lines, each on its own, with an empty line between blocks."""
        told: list[str] = []
        for before, line in zip((None, *self.lines), self.lines, strict=False):
            if before is not None and before.block != line.block:
                told.append("")
            told.append(line.text)
        return "\n".join(told)
