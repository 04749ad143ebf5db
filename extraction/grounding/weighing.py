"""How much speaks for each place that a leaf may stand at."""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extraction.grounding.candidates import Candidate
from extraction.grounding.context import Surroundings
from extraction.grounding.leaves import Leaf, lists_of
from extraction.grounding.page_index import PageIndex
from extraction.grounding.reading_frame import Placed
from extraction.grounding.rows import MOST_PLACES, Anchors, Position, find_anchors
from extraction.grounding.segments import Span
from extraction.grounding.sources import Match, Source
from extraction.places import Path

_EXACT, _EQUAL, _FUZZY = 1.0, 0.95, 0.6
_LABEL, _ROW, _COLUMN, _HINT = 1.2, 1.5, 0.8, 2.0
_ORDER = 0.1
"""What speaks for a place: how it agrees with the value; the label, row and column; the model's own box; its order."""

_KEPT = 24
"""So many places of a leaf take part in the assignment, the best."""

_TELLING = 3
"""A number of fewer digits stands somewhere on most pages: only a label, a row or a box makes such a place its own."""

_ADJACENT = 0.6
"""Nearer to the row of its item than this is the row itself and the next one."""

_LIKE = 0.85
"""Text that is less like a value than this says nothing about the row of its item."""

_NAMED = 0.5
"""From which likeness on a label names a leaf."""


_SHARED = 0.75
"""From which likeness on a label may be that of two leaves, which then stand at the same place."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A place that a leaf may have.

    Attributes:
        candidate: The place.
        gain: How much speaks for it; 0 where it cannot be.
        may_share: Whether another leaf may have it as well.
    """

    candidate: Candidate
    gain: float
    may_share: bool

    @property
    def span(self) -> Span:
        """Where it is."""
        return self.candidate.span

    @property
    def match(self) -> Match:
        """How it agrees with the value."""
        return self.candidate.match

    def source(self) -> Source:
        """The place as it is told."""
        one = self.candidate
        box, quad = one.index.box(one.span), one.index.quad(one.span)
        return Source(one.index.number, box, one.index.text(one.span), one.match, one.score, quad)


def weigh(
    leaves: Sequence[Leaf], candidates: Sequence[Sequence[Candidate]], indices: Sequence[PageIndex]
) -> list[list[Weighed]]:
    """Of each leaf its places with what speaks for them, the best first."""
    scale = _Scale(leaves, candidates, indices)
    return [scale.weigh(place) for place in range(len(leaves))]


class _Scale:
    def __init__(
        self, leaves: Sequence[Leaf], candidates: Sequence[Sequence[Candidate]], indices: Sequence[PageIndex]
    ) -> None:
        self._leaves = leaves
        self._candidates = candidates
        self._surroundings = {index.number: Surroundings(index) for index in indices}
        self._first_rows: dict[int, int] = {}
        rows = 0
        for index in indices:
            self._first_rows[index.number] = rows
            rows += len(index.rows) + 8  # a page's last row and the next one's first are no neighbours
        self._rows = max(rows, 1)
        self._ordered: dict[int, tuple[list[int], list[Candidate]]] = {}
        self._lists = lists_of(leaves)
        self._anchors: dict[Path, Anchors] = {
            path: find_anchors({item: [self._positions(place) for place in places] for item, places in items.items()})
            for path, items in self._lists.items()
        }
        self._columns = self._find_columns()
        self._texts = self._find_texts()

    def weigh(self, place: int) -> list[Weighed]:
        """What speaks for each place of a leaf."""
        leaf = self._leaves[place]
        found = [self._weigh(place, leaf, one) for one in self._near(leaf, self._candidates[place])]
        return sorted(found, key=lambda one: -one.gain)[:_KEPT]

    def _near(self, leaf: Leaf, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Of very many places of a leaf in a list those in its item's rows, where there are any."""
        if leaf.items is None or len(candidates) <= _KEPT:
            return candidates
        return self._in_rows(leaf, candidates) or candidates

    def _in_rows(self, leaf: Leaf, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """The places in the rows of a leaf's item."""
        assert leaf.items is not None
        path, item = leaf.items
        between = self._anchors[path].between(item)
        if between is None:
            return ()
        rows, ordered = self._by_row(candidates)
        return ordered[bisect_right(rows, between[0]) : bisect_left(rows, between[1])]

    def _by_row(self, candidates: Sequence[Candidate]) -> tuple[list[int], list[Candidate]]:
        """Places by their rows, from the top; leaves of one value share their list of places, and so this."""
        if id(candidates) not in self._ordered:
            ordered = sorted(candidates, key=self._row)
            self._ordered[id(candidates)] = ([self._row(one) for one in ordered], ordered)
        return self._ordered[id(candidates)]

    def _weigh(self, place: int, leaf: Leaf, one: Candidate) -> Weighed:
        gain = {"exact": _EXACT, "equal": _EQUAL}.get(one.match, _FUZZY * one.score)
        placed, row = one.index.placed(one.span), self._row(one)
        label = self._surroundings[one.index.number].likeness(leaf, one.span)
        hint = self._hint(leaf, one)
        gain += _LABEL * label + _HINT * hint
        nearness: float | None = None
        column: float | None = 0.0
        if leaf.items is not None:
            path, item = leaf.items
            nearness = self._anchors[path].nearness(item, row)
            if nearness is not None:
                column = self._in_column(leaf, placed)
                gain += _ROW * nearness + _COLUMN * (column or 0.0)
        width = max(one.index.page.size[0], 1)
        order = (row + 0.5 * placed.left / width) / self._rows if leaf.items is None else placed.left / width
        gain += _ORDER * (place + 1) / len(self._leaves) * order
        if leaf.items is None:
            gain -= 0.01 * row / self._rows
        number = bool(leaf.meaning.numbers)
        digits = sum(map(str.isdigit, one.index.text(one.span)))
        small = number and digits < _TELLING
        if small and (self._is_told_otherwise(one) or column is None):
            return Weighed(one, 0.0, may_share=False)
        evident = (
            label >= _NAMED
            or hint > 0.3
            or (nearness or 0.0) > _ADJACENT
            or (bool(nearness) and (column or 0.0) > _NAMED)
        )
        if (small and not evident) or (number and (nearness == 0 and digits < _TELLING + 1)):
            gain = 0.0
        free = not leaf.meaning.by_value
        return Weighed(one, gain, free or label >= _SHARED or hint > 0.5 or nearness == 1.0)

    def _is_told_otherwise(self, one: Candidate) -> bool:
        """Whether a number is a part of a longer text that is a value of its own: of a product's name."""
        (part,) = one.span.parts
        return any(
            start <= part.start and part.end <= end and end - start > part.end - part.start + 2
            for start, end in self._texts.get((one.index.number, part.segment), ())
        )

    def _find_texts(self) -> Mapping[tuple[int, int], list[tuple[int, int]]]:
        """Where the texts among the values stand, by page and segment."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        seen: set[int] = set()
        for leaf, candidates in zip(self._leaves, self._candidates, strict=True):
            if not leaf.meaning.by_value and id(candidates) not in seen:
                seen.add(id(candidates))
                for one in candidates:
                    for part in one.span.parts:
                        found[one.index.number, part.segment].append((part.start, part.end))
        return found

    def _row(self, one: Candidate) -> int:
        return self._first_rows[one.index.number] + one.index.row(one.span)

    def _positions(self, place: int) -> Sequence[Position]:
        candidates = self._candidates[place]
        if len(candidates) > MOST_PLACES:  # too many to tell anything
            return ()
        return [
            Position(self._row(one), one.index.placed(one.span).left)
            for one in candidates
            if one.match != "fuzzy" or one.score > _LIKE
        ]

    def _hint(self, leaf: Leaf, one: Candidate) -> float:
        """How much of a place, or of the model's box beside the value, lies in the other."""
        if leaf.hint is None:
            return 0.0
        box = one.index.box(one.span)
        shared = box.intersection(leaf.hint)
        smaller = min(box.area, leaf.hint.area)
        return 0.0 if shared is None or smaller <= 0 else shared.area / smaller

    # --- columns -----------------------------------------------------------------------------------------------------

    def _find_columns(self) -> Mapping[tuple[object, ...], Placed]:
        """Where the values of one field of a list's items stand: by those that have one place in their row."""
        seen: dict[tuple[object, ...], list[Placed]] = defaultdict(list)
        for leaf, candidates in zip(self._leaves, self._candidates, strict=True):
            if leaf.items is None:
                continue
            near = self._in_rows(leaf, candidates)
            if len(near) == 1:
                seen[_column(leaf)].append(near[0].index.placed(near[0].span))
        return {
            key: Placed(
                statistics.median(one.left for one in places),
                statistics.median(one.right for one in places),
                0.0,
                statistics.median(one.height for one in places),
            )
            for key, places in seen.items()
            if len(places) > 1
        }

    def _in_column(self, leaf: Leaf, placed: Placed) -> float | None:
        """How near the edges or the middle of a place are to those of its field's column, 0 to 1; None beyond.

        It is 0 where nothing is known of the column.
        """
        column = self._columns.get(_column(leaf))
        if column is None:
            return 0.0
        away = min(
            abs(placed.left - column.left),
            abs(placed.right - column.right),
            abs(placed.left + placed.right - column.left - column.right) / 2,
        )
        return 1 - away / (4 * column.height) if away < 4 * column.height else None


def _column(leaf: Leaf) -> tuple[object, ...]:
    """What leaves of one field in all items of a list have in common."""
    assert leaf.items is not None
    path = leaf.items[0]
    return (*path, "*", *leaf.path[len(path) + 1 :])
