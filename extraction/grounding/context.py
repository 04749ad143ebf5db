"""What the surroundings of a place say about it: the words left of it in its row, and above it in its column."""

from __future__ import annotations

from dataclasses import dataclass, field

from extraction.grounding.leaves import Leaf
from extraction.grounding.page_index import PageIndex
from extraction.grounding.segments import Span
from extraction.grounding.terms import named, terms

_PAST_VALUES = 0.85
"""How much a label says from which other values part the place."""

_ABOVE = 0.85
_HEADER = 0.75
"""How much the words above a place say: directly, and as the head of its column."""

_BESIDES = 0.4
"""How much less the words above say, outside of tables, where others stand beside."""

_PARENT = 0.7
"""How much it says that what a label names is not the field but what it belongs to."""

_BLOCK_LINES = 6
"""How many lines above a place may name what it belongs to."""


@dataclass(frozen=True, slots=True)
class Label:
    """Words that may name a place, as terms, and how much they say; ``above`` it, where others stand beside it."""

    terms: frozenset[str]
    weight: float
    above: bool = False


@dataclass(slots=True)
class Surroundings:
    """The labels of places, each found once.

    Attributes:
        index: The page.
    """

    index: PageIndex
    _labels: dict[Span, tuple[Label, ...]] = field(default_factory=dict)
    _headers: dict[int, int | None] = field(default_factory=dict)

    def likeness(self, leaf: Leaf, span: Span) -> float:
        """How well what stands around a place names a leaf, 0 to 1."""
        labels = [
            (one.weight * (_BESIDES if one.above and leaf.items is None else 1.0), one.terms)
            for one in self.labels(span)
        ]
        best = 0.0
        for name in leaf.names:
            for whole in (name, *(name | parent for parent in leaf.parents[:2])):
                best = max(best, max((weight * named(whole, told) for weight, told in labels), default=0.0))
        for parent in leaf.parents[:2]:
            inside = max((weight * named(parent, told) for weight, told in labels), default=0.0)
            over = max((named(parent, one) for one in self._over(span)), default=0.0)
            best = max(best, min(1.0, 0.6 * best + 0.5 * over), _PARENT * inside, 0.6 * over)
        return best

    def labels(self, span: Span) -> tuple[Label, ...]:
        """The words that may name a place."""
        if span not in self._labels:
            self._labels[span] = tuple(label for label in self._find(span) if label.terms)
        return self._labels[span]

    def _find(self, span: Span) -> list[Label]:
        # What stands beside a place names it; above it stands often only what is above. In a table it is the other way.
        part = span.parts[0]
        segment = self.index.segments[part.segment]
        before = segment.text[: part.start]
        after_value = max((one.end for one in segment.found if one.end <= part.start and not one.fuzzy), default=0)
        labels = [Label(terms(before[after_value:]), 1.0)]
        beside = bool(labels[0].terms)
        if after_value:
            labels.append(Label(terms(before[:after_value]), _PAST_VALUES))
        if not labels[0].terms:
            row = self.index.rows[segment.row]
            weight = 1.0
            for other in reversed(row[: row.index(segment.index)]):
                neighbour = self.index.segments[other]
                if neighbour.is_label:
                    labels.append(Label(terms(neighbour.text), weight))
                    beside = True
                    last = max((one.end for one in neighbour.found), default=0)
                    if last:
                        labels.append(Label(terms(neighbour.text[last:]), weight))
                weight = _PAST_VALUES
        above = self.index.above[part.segment]
        if above is not None and self.index.segments[above].is_label:
            labels.append(Label(terms(self.index.segments[above].text), _ABOVE, above=beside))
        else:
            header = self._header(part.segment)
            if header is not None:
                labels.append(Label(terms(self.index.segments[header].text), _HEADER, above=beside))
        return labels

    def _header(self, segment: int) -> int | None:
        """The nearest segment with a name above one, past values; None where there is none."""
        passed = []
        at: int | None = segment
        while at is not None and at not in self._headers:
            passed.append(at)
            at = self.index.above[at]
            if at is not None and self.index.segments[at].is_label:
                break
        found = self._headers.get(at) if at in self._headers else at
        for one in passed:
            self._headers[one] = found
        return found

    def _over(self, span: Span) -> list[frozenset[str]]:
        """The names in the lines above a place."""
        found = []
        at: int | None = span.parts[0].segment
        for _ in range(_BLOCK_LINES):
            at = self.index.above[at] if at is not None else None
            if at is None:
                break
            if self.index.segments[at].is_label:
                found.append(terms(self.index.segments[at].text))
        return found
