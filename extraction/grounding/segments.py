"""Words that stand close together on one line (``Segment``), and places in them (``Part``, ``Span``).

A line of the engine may go across a gap between columns; a segment never does. Segments side by side are a row.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extraction.grounding.letter_widths import Widths
from extraction.grounding.reading_frame import Placed, ReadingFrame
from extraction.grounding.values import Found
from extraction.pages.words import PageWords, Word
from extraction.schemas.geometry import Box

_COLUMN_GAP = 1.2
_COLUMN_LETTERS = 2.2
"""A gap between two words that is wider than so many of their heights, and letters, parts two columns."""


@dataclass(slots=True)
class Segment:
    """Words that stand close together on one line.

    Attributes:
        index: Its place among the page's segments, in reading order.
        words: Its words.
        text: They, with one blank between two.
        starts: Where each begins in ``text``.
        placed: Where it stands in the reading frame.
        places: Where each word stands there.
        row: Which visual row it is in, from the top.
        block: Its block.
        widths: Measures its characters.
        found: The values in it.
    """

    index: int
    words: Sequence[Word]
    text: str
    starts: list[int]
    placed: Placed
    places: list[Placed]
    block: int
    widths: Widths
    row: int = 0
    found: tuple[Found, ...] = ()

    @property
    def is_label(self) -> bool:
        """Whether it names something: it has letters, and is no value."""
        letters = sum(map(str.isalpha, self.text))
        valued = sum(one.end - one.start for one in self.found if not one.fuzzy)
        return letters >= 2 and valued < len(self.text) / 2


@dataclass(frozen=True, slots=True)
class Part:
    """Some characters of a segment."""

    segment: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Span:
    """A place on a page that may say a value; two that are equal are the same place.

    Attributes:
        page: The page's number.
        parts: Characters of segments, in reading order; several where a value goes on in the next line.
    """

    page: int
    parts: tuple[Part, ...]


def segments_of(page: PageWords, frame: ReadingFrame, widths: Widths) -> list[Segment]:
    """The words of a page in segments, in reading order; their rows are not yet known."""
    segments: list[Segment] = []
    for line in page.lines:
        waiting: list[tuple[Word, Placed]] = []
        for word in line.words:
            placed = frame.place(word)
            if waiting and _is_column_gap(*waiting[-1], word, placed):
                segments.append(_segment(len(segments), waiting, line.block, widths))
                waiting = []
            waiting.append((word, placed))
        if waiting:
            segments.append(_segment(len(segments), waiting, line.block, widths))
    return segments


def _segment(index: int, pairs: Sequence[tuple[Word, Placed]], block: int, widths: Widths) -> Segment:
    words, places = [word for word, _ in pairs], [placed for _, placed in pairs]
    starts, length = [], 0
    for word in words:
        starts.append(length)
        length += len(word.text) + 1
    placed = Placed(
        min(one.left for one in places),
        max(one.right for one in places),
        statistics.fmean(one.middle for one in places),
        statistics.median(one.height for one in places),
    )
    return Segment(index, words, " ".join(word.text for word in words), starts, placed, places, block, widths)


def find_rows(segments: Sequence[Segment]) -> list[list[int]]:
    """The segments of each visual row, from left to right, by index; each segment is told its row."""
    rows: list[list[int]] = []
    for segment in sorted(segments, key=lambda one: one.placed.middle):
        if rows:
            row = [segments[index].placed for index in rows[-1]]
            reach = 0.5 * min(segment.placed.height, statistics.fmean(one.height for one in row[-3:]))
            near = segment.placed.middle - statistics.fmean(one.middle for one in row[-3:]) < reach
            if near and all(segment.placed.overlap(one) < 0.3 for one in row):
                rows[-1].append(segment.index)
                segment.row = len(rows) - 1
                continue
        segment.row = len(rows)
        rows.append([segment.index])
    for indices in rows:
        indices.sort(key=lambda index: segments[index].placed.left)
    return rows


def _is_column_gap(before: Word, left: Placed, after: Word, right: Placed) -> bool:
    """Whether the gap between two words of a line is too wide for a blank: by their height, and by their letters."""
    letter = (left.right - left.left + right.right - right.left) / (len(before.text) + len(after.text))
    gap = right.left - left.right
    return gap > _COLUMN_GAP * max(left.height, right.height) and gap > _COLUMN_LETTERS * letter


def cut_word(word: Word, begin: float, end: float) -> Box:
    """The box around a piece of a word, from one share of its width to another."""
    corners = cut_corners(word, begin, end)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Box(x1=min(xs), y1=min(ys), x2=max(xs), y2=max(ys))


def cut_corners(word: Word, begin: float, end: float) -> list[tuple[float, float]]:
    """The corners of a piece of a word, clockwise from the top left one of the text."""
    if word.quad is None or len(word.quad.points) != 4:
        left, top, right, bottom = word.box.xyxy
        width = right - left
        first, last = left + begin * width, left + end * width
        return [(first, top), (last, top), (last, bottom), (first, bottom)]
    top_left, top_right, bottom_right, bottom_left = word.quad.points
    edges = ((top_left, top_right), (bottom_left, bottom_right))
    upper, lower = (
        [(one.x + share * (other.x - one.x), one.y + share * (other.y - one.y)) for share in (begin, end)]
        for one, other in edges
    )
    return [*upper, lower[1], lower[0]]


def pieces(segment: Segment, part: Part) -> Iterator[tuple[int, float, float]]:
    """The words of a part, each with the shares of its width at which the part begins and ends in it."""
    first = max(bisect_right(segment.starts, part.start) - 1, 0)
    for index in range(first, len(segment.words)):
        start, text = segment.starts[index], segment.words[index].text
        if start >= part.end:
            return
        begin, end = max(part.start - start, 0), min(part.end - start, len(text))
        if begin < end:
            whole = segment.widths(text)
            yield index, segment.widths(text[:begin]) / whole, segment.widths(text[:end]) / whole
