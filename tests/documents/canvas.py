"""A sheet to print on that remembers exactly what stands where: ``Canvas``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from tests.documents.truth import Kind

Anchor: TypeAlias = Literal["left", "centre", "right"]
Ink: TypeAlias = tuple[int, int, int]
BLACK: Ink = (20, 20, 24)


class Rect(NamedTuple):
    """Left, top, right and bottom edge, in pixels of the sheet."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Fact:
    """A piece of text that says something, and what.

    Attributes:
        text: As it is printed.
        kind: What it is.
        value: What it says: amounts as text of decimals, dates as ISO text.
        pointer: The leaf of the document's value that says the same; None for what the value does not hold.
        again: The leaf is already printed elsewhere: this only repeats it.
    """

    text: str
    kind: Kind
    value: str | int | bool
    pointer: str | None = None
    again: bool = False


Piece: TypeAlias = "str | Fact"


@dataclass(frozen=True, slots=True)
class PrintedWord:
    """A word on the sheet.

    Attributes:
        text: Its characters.
        rect: Around its ink.
        line: Which line it belongs to, counted from 1.
        block: Which block that line belongs to, counted from 0.
        x: Where its first character begins, which is a little before its ink.
        y: Its base line.
        width: From there to where the next character would begin.
        size: Of its font, in pixels per em.
    """

    text: str
    rect: Rect
    line: int
    block: int
    x: float
    y: float
    width: float
    size: float


@dataclass(frozen=True, slots=True)
class PrintedFact:
    """A fact on the sheet: ``rects`` has one rectangle per line."""

    fact: Fact
    rects: tuple[Rect, ...]


@dataclass(slots=True)
class Canvas:
    """A sheet, and what was printed on it, in reading order: in the order of the calls.

    Attributes:
        size: (width, height) in pixels.
        image: The sheet; RGB, white.
        words: The words so far.
        facts: The facts so far.
    """

    size: tuple[int, int]
    image: Image.Image = field(init=False)
    words: list[PrintedWord] = field(default_factory=list)
    facts: list[PrintedFact] = field(default_factory=list)
    _draw: ImageDraw.ImageDraw = field(init=False)
    _line: int = 0
    _block: int = 0

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", self.size, "white")
        self._draw = ImageDraw.Draw(self.image)

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        """For lines and pictures: what is drawn with it is not remembered."""
        return self._draw

    def new_block(self) -> None:
        """What follows stands in a block (column, paragraph, table) of its own."""
        if self.words and self.words[-1].block == self._block:
            self._block += 1

    def put(
        self,
        pieces: Piece | Sequence[Piece],
        at: tuple[float, float],
        font: ImageFont.FreeTypeFont,
        *,
        anchor: Anchor = "left",
        ink: Ink = BLACK,
    ) -> Rect:
        """Prints one line of text.

        Args:
            pieces: Its text; what is a ``Fact`` is remembered with its place.
            at: Its left end, middle or right end, and its base line.
            anchor: Which of them.

        Returns:
            The rectangle around its ink; empty where there is none.
        """
        listed: Sequence[Piece] = [pieces] if isinstance(pieces, str | Fact) else pieces
        text = plain(listed)
        width = font.getlength(text)
        x = at[0] - {"left": 0.0, "centre": width / 2, "right": width}[anchor]
        y = round(at[1])
        self._line += 1
        spans: list[tuple[int, int, Rect]] = []  # of its words: begin, end, rectangle
        for match in re.finditer(r"\S+", text):
            left = round(x + font.getlength(text[: match.start()]))
            self._draw.text((left, y), match.group(), font=font, fill=ink, anchor="ls")
            rect = _ink(font, match.group(), left, y)
            spans.append((match.start(), match.end(), rect))
            place = (self._line, self._block, left, y, font.getlength(match.group()), font.size)
            self.words.append(PrintedWord(match.group(), rect, *place))
        begin = 0
        for piece in listed:
            end = begin + len(piece if isinstance(piece, str) else piece.text)
            if isinstance(piece, Fact):
                parts = [
                    _part(font, text[s:e], rect, max(begin - s, 0), min(end, e) - s, y)
                    for s, e, rect in spans
                    if s < end and e > begin
                ]
                self.facts.append(PrintedFact(piece, (union(parts),)))
            begin = end
        return union([rect for _, _, rect in spans]) if spans else Rect(x, y, x, y)

    def put_lines(
        self,
        fact: Fact,
        lines: Sequence[str],
        at: tuple[float, float],
        font: ImageFont.FreeTypeFont,
        *,
        leading: float,
        anchor: Anchor = "left",
        ink: Ink = BLACK,
    ) -> float:
        """Prints one fact on several lines, ``leading`` apart.

        Returns:
            The base line of the line after them.
        """
        rects = []
        for number, line in enumerate(lines):
            rects.append(self.put(line, (at[0], at[1] + number * leading), font, anchor=anchor, ink=ink))
        self.facts.append(PrintedFact(fact, tuple(rects)))
        return at[1] + len(lines) * leading

    def remember(self, fact: Fact, rects: Sequence[Rect]) -> None:
        """Remembers a fact that was printed before in several lines, or that is no text: a box with a tick."""
        self.facts.append(PrintedFact(fact, tuple(rects)))

    def crop(self, height: int) -> None:
        """Cuts the sheet off below ``height``."""
        self.size = (self.size[0], height)
        self.image = self.image.crop((0, 0, *self.size))
        self._draw = ImageDraw.Draw(self.image)


def plain(pieces: Piece | Sequence[Piece]) -> str:
    """Their text."""
    listed: Sequence[Piece] = [pieces] if isinstance(pieces, str | Fact) else pieces
    return "".join(piece if isinstance(piece, str) else piece.text for piece in listed)


def union(rects: Sequence[Rect]) -> Rect:
    """The smallest rectangle around all of them, of which there is at least one."""
    return Rect(
        min(rect.x1 for rect in rects),
        min(rect.y1 for rect in rects),
        max(rect.x2 for rect in rects),
        max(rect.y2 for rect in rects),
    )


@lru_cache(maxsize=4096)
def _extent(font: ImageFont.FreeTypeFont, text: str) -> Rect:
    """The rectangle around the ink of ``text``, begun at 0 on the base line 0.

    ``getbbox`` would count the blank before and after the characters in.
    """
    mask, (left, top) = font.getmask2(text, "L", anchor="ls")
    x1, y1, x2, y2 = mask.getbbox()
    return Rect(left + x1, top + y1, left + x2, top + y2)


def _ink(font: ImageFont.FreeTypeFont, text: str, x: float, y: float) -> Rect:
    """The rectangle around the ink of ``text``, begun at x on the base line y."""
    left, top, right, bottom = _extent(font, text)
    return Rect(x + left, y + top, x + right, y + bottom)


def _part(font: ImageFont.FreeTypeFont, word: str, rect: Rect, begin: int, end: int, y: float) -> Rect:
    """The rectangle around the characters ``begin`` to ``end`` of a word that stands at ``rect``."""
    if begin == 0 and end == len(word):
        return rect
    start = rect.x1 - _extent(font, word).x1
    return _ink(font, word[begin:end], start + font.getlength(word[:begin]), y)
