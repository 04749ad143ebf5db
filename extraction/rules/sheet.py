"""Words as cells in rows: which words stand together, what stands beside and below them, upright and without skew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import median
from typing import Final

import numpy as np

from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Box

_CELL_GAP: Final = 1.6
"""Blanks wider than this many heights of the text part two cells; between words of one sentence they are a third of it."""
_LINE_GAP: Final = 0.7
"""The same where the engine, too, saw two lines there."""
_SAME_ROW: Final = 0.4
"""Least share of the lower word's height that two neighbours in a row have in common."""

_LONG: Final = 2.5
"""How many heights long a line is at least whose corners tell how it rises."""
_SLOPE_NOISE: Final = 0.06
_CALM: Final = 0.02
"""How little the rise of lines changes over a page unless they say so (ridge penalty)."""
_FEWEST_SLOPES: Final = 2
_LEVEL: Final = 10.0
"""Degrees up to which a word's box is cut along the picture's x."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A word, where it stands when the text is turned upright, and in which line; ``level`` if it hardly needs turning."""

    word: Word
    box: Box
    line: int
    level: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """Words of one row with no wide blank between them: a label, a value, both, a line of a paragraph.

    Attributes:
        page: The page's number, from 1.
        row: Which row of the page, from 0.
        words: Its words from left to right.
        box: Around them, in upright coordinates.
        text: The words with one blank between them.
        starts: Where each word begins in ``text``.
    """

    page: int
    row: int
    words: tuple[Placed, ...]
    box: Box = field(init=False)
    text: str = field(init=False)
    starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        texts = [placed.word.text for placed in self.words]
        starts = [sum(map(len, texts[:index])) + index for index in range(len(texts))]
        object.__setattr__(self, "text", " ".join(texts))
        object.__setattr__(self, "starts", tuple(starts))
        object.__setattr__(self, "box", Box.around(placed.box for placed in self.words))

    @property
    def height(self) -> float:
        """How high its text is: the median of its words, in pixels."""
        return median(placed.box.height for placed in self.words)

    @property
    def span(self) -> Span:
        """All of it."""
        return Span(self, 0, len(self.text))


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` of a cell's text."""

    cell: Cell
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters."""
        return self.cell.text[self.start : self.end]

    @property
    def place(self) -> Box:
        """Where they stand in the picture, in its pixels."""
        return Box.around(box for box, _ in self._parts())

    @property
    def box(self) -> Box:
        """Where they stand in upright coordinates."""
        return Box.around(box for _, box in self._parts())

    @property
    def score(self) -> float:
        """How sure the engine is of the worst word."""
        return min((word.word.score for word, _, _ in self._words()), default=1.0)

    def stripped(self, around: str = " \t.,:;|-") -> Span:
        """The span without blanks and these characters at its ends."""
        text = self.text
        start = self.start + len(text) - len(text.lstrip(around))
        return Span(self.cell, start, max(start, self.start + len(text.rstrip(around))))

    def _words(self) -> Iterator[tuple[Placed, int, int]]:
        for placed, begin in zip(self.cell.words, self.cell.starts, strict=True):
            length = len(placed.word.text)
            first, last = max(self.start - begin, 0), min(self.end - begin, length)
            if first < last:
                yield placed, first, last

    def _parts(self) -> list[tuple[Box, Box]]:
        """The pieces of the words' boxes, in the picture and upright: cut where characters stand on the average."""
        parts = []
        for placed, first, last in self._words():
            length = len(placed.word.text)
            upright = _cut(placed.box, first / length, last / length)
            own = placed.word.box
            # A word that stands on its side or on its head is not cut: the picture's x does not run along it.
            parts.append((_cut(own, first / length, last / length) if placed.level else own, upright))
        return parts or [(self.cell.words[0].word.box, self.cell.words[0].box)]


@dataclass(frozen=True)
class Sheet:
    """One page as rows of cells.

    Attributes:
        page: Its number, from 1.
        rows: The cells of each row from left to right, the rows from top to bottom.
        size: (width, height) of the picture in pixels.
    """

    page: int
    rows: tuple[tuple[Cell, ...], ...]
    size: tuple[int, int]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, row by row."""
        return tuple(cell for row in self.rows for cell in row)

    @cached_property
    def height(self) -> float:
        """How high its text is: the median of its cells, in pixels; 0 on an empty page."""
        return median(cell.height for cell in self.cells) if self.cells else 0.0

    @cached_property
    def bounds(self) -> Box:
        """Around all of its text, upright.

        Raises:
            ValueError: The page is empty.
        """
        return Box.around(cell.box for cell in self.cells)

    def right_of(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells of the same row that stand to the right, nearest first."""
        return tuple(other for other in self.rows[cell.row] if other.box.x1 >= cell.box.x2 - 1)

    def below(self, cell: Cell, rows: int = 3) -> Iterator[Cell]:
        """The cells of the next ``rows`` rows that stand under a cell, top to bottom."""
        for row in self.rows[cell.row + 1 : cell.row + 1 + rows]:
            for other in row:
                if stacked(other.box, cell.box):
                    yield other


def sheet_of(words: PageWords, page: int = 1) -> Sheet:
    """The rows and cells of a page.

    Args:
        words: What was read of it.
        page: Its number.
    """
    placed = _levelled(
        [
            Placed(word, _upright(word, words.angle), index, abs(words.angle) < _LEVEL)
            for index, line in enumerate(words.lines)
            for word in line.words
            if word.text.strip()
        ],
        words,
    )
    usual = median(one.box.height for one in placed) if placed else 0.0
    rows = sorted(_rows(placed), key=lambda row: median(one.box.center.y for one in row))
    cells = tuple(
        tuple(Cell(page, index, tuple(group)) for group in _groups(sorted(row, key=lambda one: one.box.x1), usual))
        for index, row in enumerate(rows)
    )
    return Sheet(page, cells, words.size)


def _levelled(placed: Sequence[Placed], words: PageWords) -> list[Placed]:
    """Words moved up or down so that rows are level.

    By how much a line rises is taken to change evenly across and down the page, as it does on photographs; the change is
    fitted to the lines.
    """
    sloped = [
        (_upright(line, words.angle), slope) for line in words.lines if (slope := _slope(line, words.angle)) is not None
    ]
    risen = [(box.center.x, box.center.y, slope, box.width) for box, slope in sloped]
    if len(risen) < _FEWEST_SLOPES or not any(slope for _, _, slope, _ in risen):
        return list(placed)
    x, y, slopes, weights = np.array(risen).T
    scale = max(words.size)
    x0, y0 = np.average(x, weights=weights), np.average(y, weights=weights)
    kept = np.abs(slopes - np.median(slopes)) < _SLOPE_NOISE
    factors = np.stack([np.ones_like(x), (x - x0) / scale, (y - y0) / scale], axis=1)[kept]
    weights = weights[kept] / weights.max()
    calm = np.diag([0.0, _CALM, _CALM])  # a few short lines must not bend the page
    level, across, down = np.linalg.solve(
        factors.T @ (weights[:, None] * factors) + calm, factors.T @ (weights * slopes[kept])
    ).tolist()

    def rise(box: Box) -> float:
        u, v = box.center.x - x0, (box.center.y - y0) / scale
        return float((level + down * v) * u + across * u * u / (2 * scale))

    return [replace(one, box=one.box.translate(0, -rise(one.box))) for one in placed]


def _slope(line: Line, angle: float) -> float | None:
    """By how much a line rises per pixel on the page turned back by ``angle``; None where it is too short to tell."""
    if line.quad is None or len(line.quad.points) < 4:
        return 0.0 if not angle and line.box.width > 2 * _LONG * line.box.height else None
    corners = line.quad.points
    across = corners[1].x + corners[2].x - corners[0].x - corners[3].x
    down = corners[1].y + corners[2].y - corners[0].y - corners[3].y
    if math.hypot(across, down) < 2 * _LONG * corners[0].distance(corners[3]):
        return None
    return math.tan(math.atan2(down, across) - math.radians(angle))


def stacked(one: Box, other: Box) -> bool:
    """Whether one box stands above or below the other: they share some of their width."""
    return min(one.x2, other.x2) > max(one.x1, other.x1)


def _rows(placed: Sequence[Placed]) -> list[list[Placed]]:
    """Words by rows: each joins the row whose last word to its left it overlaps most, so that slanted rows hold together."""
    rows: list[list[Placed]] = []
    for one in sorted(placed, key=lambda one: one.box.x1):
        best, most = None, _SAME_ROW
        for row in rows:
            last = row[-1]
            if last.box.x2 > one.box.center.x:  # they stand above each other
                continue
            shared = _overlap(last.box, one.box)
            if shared > most or (best is not None and shared == most and last.box.x2 > best[-1].box.x2):
                best, most = row, shared
        if best is None:
            rows.append([one])
        else:
            best.append(one)
    return rows


def _groups(row: Sequence[Placed], usual: float) -> Iterator[list[Placed]]:
    """The words of a row by cells; ``usual`` is how high words of the page are: some have neither ascenders nor capitals."""
    group: list[Placed] = []
    for one in row:
        if group:
            last = group[-1]
            height = max(min(last.box.height, one.box.height), usual)
            gap = _LINE_GAP if last.line != one.line else _CELL_GAP
            if one.box.x1 - last.box.x2 > gap * height:
                yield group
                group = []
        group.append(one)
    if group:
        yield group


def _overlap(first: Box, second: Box) -> float:
    """The share of the lower one's height that both have in common."""
    lower = min(first.height, second.height)
    return max(min(first.y2, second.y2) - max(first.y1, second.y1), 0.0) / lower if lower else 0.0


def _upright(word: Word | Line, angle: float) -> Box:
    """The box of a word or line on the page turned back by ``angle``, about the origin."""
    if not angle:
        return word.box
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    if word.quad is None:
        # The box of a slanted word is larger than the word; of one that stands on its side the sides change places.
        center, box = word.box.center, word.box
        width, height = (box.height, box.width) if abs(sin) > abs(cos) else (box.width, box.height)
        return Box.from_cxcywh(center.x * cos + center.y * sin, center.y * cos - center.x * sin, width, height)
    turned = [(point.x * cos + point.y * sin, point.y * cos - point.x * sin) for point in word.quad.points]
    return Box.from_xyxy(
        min(x for x, _ in turned), min(y for _, y in turned), max(x for x, _ in turned), max(y for _, y in turned)
    )


def _cut(box: Box, first: float, last: float) -> Box:
    return Box.from_xyxy(box.x1 + first * box.width, box.y1, box.x1 + last * box.width, box.y2)
