"""``PageIndex``: a page's words, made ready for looking values up: by number, date and telephone number, and by text.

It is built once per page. Rows and columns are found in the reading frame, so that a row is a row on a page that lay askew.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from itertools import accumulate

import numpy as np

from extraction.grounding.dates import MonthDay
from extraction.grounding.letter_widths import widths_of
from extraction.grounding.letters import bare_letters
from extraction.grounding.numbers import Money, find_currencies
from extraction.grounding.reading_frame import Placed, ReadingFrame
from extraction.grounding.segments import Part, Segment, Span, cut_corners, cut_word, find_rows, pieces, segments_of
from extraction.grounding.values import Found, find_values
from extraction.ocr.quads import straightened
from extraction.pages.words import PageWords
from extraction.schemas.geometry import Box, Point, Polygon

_NUMBERS = ("number", "money", "percent")

_DIGIT_GAP = 0.95
"""A gap between two groups of digits that is wider than so many heights parts two numbers."""


@dataclass(slots=True)
class Stream:
    """Segments that may be read on from one to the next, as bare letters and digits.

    Attributes:
        text: Letters and digits only, without case.
        origin: Of each its segment and its character there.
    """

    text: str
    origin: list[tuple[int, int]]


@dataclass
class PageIndex:
    """A page made ready for look-ups.

    Attributes:
        number: The page's number.
        page: Its words.
        segments: In reading order.
        rows: The segments of each visual row, from left to right, by index.
        numbers: Places by the number that stands there; all readings.
        misread: The same, for what may have been misread.
        dates: Places by date.
        days: Places by day without a year.
        times: Places by hour and minute.
        phones: Telephone numbers with their places.
        currencies: Places by currency.
    """

    number: int
    page: PageWords
    segments: list[Segment]
    rows: list[list[int]] = field(default_factory=list)
    numbers: dict[Decimal, list[Span]] = field(default_factory=lambda: defaultdict(list))
    misread: dict[Decimal, list[Span]] = field(default_factory=lambda: defaultdict(list))
    dates: dict[date, list[Span]] = field(default_factory=lambda: defaultdict(list))
    days: dict[MonthDay, list[Span]] = field(default_factory=lambda: defaultdict(list))
    times: dict[tuple[int, int], list[tuple[time, Span]]] = field(default_factory=lambda: defaultdict(list))
    phones: list[tuple[str, Span]] = field(default_factory=list)
    currencies: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, page: PageWords, number: int = 1) -> PageIndex:
        """The index of a page."""
        frame, widths = ReadingFrame(page), widths_of(page.words)
        index = cls(number, page, segments_of(page, frame, widths))
        index.rows = find_rows(index.segments)
        for segment in index.segments:
            index._read_values(segment)
        return index

    # --- places ------------------------------------------------------------------------------------------------------

    def box(self, span: Span) -> Box:
        """The box around a place, in pixels of the picture."""
        return Box.around(box for part in span.parts for box in self._boxes(part))

    def quad(self, span: Span) -> Polygon | None:
        """The corners of a place, clockwise from the top left one of the text; None where its box says it all."""
        cut = [
            (self.segments[part.segment].words[index], begin, end)
            for part in span.parts
            for index, begin, end in pieces(self.segments[part.segment], part)
        ]
        if all(word.quad is None for word, _, _ in cut):
            return None
        corners = np.array([cut_corners(*one) for one in cut])
        x, y = (corners[:, 1] - corners[:, 0] + corners[:, 2] - corners[:, 3]).sum(axis=0)
        angle = math.atan2(y, x)
        level = straightened(corners.reshape(-1, 2), math.degrees(angle))
        (x1, y1), (x2, y2) = level.min(axis=0), level.max(axis=0)
        around = straightened(np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)]), -math.degrees(angle))
        return Polygon(points=tuple(Point(x=float(x), y=float(y)) for x, y in around))

    def text(self, span: Span) -> str:
        """The text of a place, its lines joined by a blank."""
        return " ".join(self.segments[part.segment].text[part.start : part.end] for part in span.parts)

    def placed(self, span: Span) -> Placed:
        """Where a place stands in the reading frame; of several lines the first."""
        part = span.parts[0]
        segment = self.segments[part.segment]
        covered = list(pieces(segment, part))
        first, last = covered[0], covered[-1]
        left, right = segment.places[first[0]], segment.places[last[0]]
        return Placed(
            left.left + first[1] * (left.right - left.left),
            right.left + last[2] * (right.right - right.left),
            segment.placed.middle,
            segment.placed.height,
        )

    def row(self, span: Span) -> int:
        """The visual row in which a place begins."""
        return self.segments[span.parts[0].segment].row

    def _boxes(self, part: Part) -> Iterator[Box]:
        segment = self.segments[part.segment]
        for index, begin, end in pieces(segment, part):
            box = segment.words[index].box
            yield box if (begin, end) == (0.0, 1.0) else cut_word(segment.words[index], begin, end)

    # --- reading the page --------------------------------------------------------------------------------------------

    def _read_values(self, segment: Segment) -> None:
        if not any(map(str.isdigit, segment.text)):
            self._read_currencies(segment)
            return
        found = list(find_values(segment.text))
        segment.found = tuple(found)
        found = [one for one in found if one.kind not in _NUMBERS or self._is_close(segment, one)]
        if len(segment.words) > 1:  # what stands alone as a word may be a value of its own
            for start, word in zip(segment.starts, segment.words, strict=True):
                for told in find_values(word.text):
                    one = Found(told.kind, told.start + start, told.end + start, told.text, told.readings, told.fuzzy)
                    if not any(_is_in(one, other) for other in found):
                        found.append(one)
        for one in found:
            self._add_value(one, Span(self.number, (Part(segment.index, one.start, one.end),)))
        self._read_currencies(segment)

    def _read_currencies(self, segment: Segment) -> None:
        for start, end, codes in find_currencies(segment.text):
            for code in codes:
                self.currencies[code].append(Span(self.number, (Part(segment.index, start, end),)))

    def _is_close(self, segment: Segment, found: Found) -> bool:
        """Whether the digits of a number stand close enough together to be one."""
        words = [index for index, _, _ in pieces(segment, Part(segment.index, found.start, found.end))]
        places = [segment.places[index] for index in words]
        digits = [any(map(str.isdigit, segment.words[index].text)) for index in words]
        return all(
            not (digits[at] and digits[at + 1])
            or places[at + 1].left - places[at].right < _DIGIT_GAP * places[at].height
            for at in range(len(places) - 1)
        )

    def _add_value(self, found: Found, span: Span) -> None:
        for reading in found.readings:
            if found.kind in ("number", "money", "percent"):
                amount = reading.amount if isinstance(reading, Money) else reading
                assert isinstance(amount, Decimal)
                (self.misread if found.fuzzy else self.numbers)[amount].append(span)
            elif isinstance(reading, date):
                self.dates[reading].append(span)
            elif isinstance(reading, MonthDay):
                self.days[reading].append(span)
            elif isinstance(reading, time):
                self.times[reading.hour, reading.minute].append((reading, span))
            elif isinstance(reading, str):
                self.phones.append((reading, span))

    # --- neighbours --------------------------------------------------------------------------------------------------

    @cached_property
    def above(self) -> list[int | None]:
        """Of each segment, the nearest one above it in its column."""
        links: list[int | None] = []
        for segment in self.segments:
            link = None
            for row in range(segment.row - 1, -1, -1):
                over = [(segment.placed.overlap(self.segments[index].placed), index) for index in self.rows[row]]
                best = max(over, default=(0.0, -1))
                if best[0] > 0.2:
                    link = best[1]
                    break
            links.append(link)
        return links

    @cached_property
    def streams(self) -> list[Stream]:
        """All ways to read on: in reading order, from a line to that below, and along a row."""
        follows: dict[int, int] = {}
        for segment in self.segments:
            above = self.above[segment.index]
            if above is not None and above not in follows and self._is_stacked(above, segment.index):
                follows[above] = segment.index
        headed = set(follows.values())
        chains = [[segment.index for segment in self.segments]]
        for segment in self.segments:
            if segment.index not in headed and segment.index in follows:
                chain = [segment.index]
                while chain[-1] in follows:
                    chain.append(follows[chain[-1]])
                chains.append(chain)
        chains += [row for row in self.rows if len(row) > 1]
        return [self._stream(chain) for chain in chains]

    @cached_property
    def joined(self) -> str:
        """The letters of all streams, with a line break between two, so that a text is looked for in all at once."""
        return "\n".join(stream.text for stream in self.streams)

    @cached_property
    def _stream_starts(self) -> list[int]:
        return [0, *accumulate(len(stream.text) + 1 for stream in self.streams)]

    def stream_at(self, place: int) -> tuple[Stream, int]:
        """The stream in which a place of ``joined`` lies, and the place in it."""
        number = bisect_right(self._stream_starts, place) - 1
        return self.streams[number], place - self._stream_starts[number]

    def _is_stacked(self, upper: int, lower: int) -> bool:
        above, below = self.segments[upper].placed, self.segments[lower].placed
        heights = sorted((above.height, below.height))
        return below.middle - above.middle < 3 * heights[1] and heights[1] < 1.9 * heights[0]

    def _stream(self, chain: Sequence[int]) -> Stream:
        letters: list[str] = []
        origin: list[tuple[int, int]] = []
        for index in chain:
            for place, told in self._bare[index]:
                letters.append(told)
                origin.append((index, place))
        return Stream("".join(letters), origin)

    @cached_property
    def _bare(self) -> list[list[tuple[int, str]]]:
        return [list(bare_letters(segment.text)) for segment in self.segments]

    def span_of(self, stream: Stream, start: int, end: int) -> Span:
        """The place of some letters of a stream."""
        parts: list[Part] = []
        for segment, place in stream.origin[start:end]:
            if parts and parts[-1].segment == segment:
                parts[-1] = Part(segment, parts[-1].start, place + 1)
            else:
                parts.append(Part(segment, place, place + 1))
        # Where a text goes on in the next line, the signs at the end of the line belong to it.
        whole = [Part(part.segment, part.start, len(self.segments[part.segment].text)) for part in parts[:-1]]
        return Span(self.number, (*whole, *parts[-1:]))

    def is_together(self, span: Span) -> bool:
        """Whether each part of a place follows on the one before: below it, or beside it in its row."""
        whole = self.segments[span.parts[0].segment].placed  # of the row so far
        for one, other in zip(span.parts, span.parts[1:], strict=False):
            first, second = self.segments[one.segment], self.segments[other.segment]
            here = second.placed
            if first.row == second.row and -1 < here.left - first.placed.right < 6 * first.placed.height:
                whole = Placed(whole.left, here.right, whole.middle, whole.height)
            elif (
                here.middle > first.placed.middle
                and whole.overlap(here) > 0
                and self._is_stacked(one.segment, other.segment)
            ):
                whole = here
            else:
                return False
        return True


def _is_in(one: Found, other: Found) -> bool:
    """Whether a value is the same as another around it, which may have its currency or sign besides."""
    if not other.start <= one.start <= one.end <= other.end or {one.kind, other.kind} - {*_NUMBERS, one.kind}:
        return False
    return bool(_absolute(one) & _absolute(other)) if one.kind in _NUMBERS else one.readings == other.readings


def _absolute(found: Found) -> set[Decimal]:
    amounts = (one.amount if isinstance(one, Money) else one for one in found.readings)
    return {abs(one) for one in amounts if isinstance(one, Decimal)}
