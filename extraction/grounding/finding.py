"""``find_sources``: for every leaf of a value its place on the pages, each place for one leaf.

leaves      what is looked for                                 (leaves.py)
candidates  all places that say it                             (candidates.py)
gains       how much speaks for each: labels, rows, hints      (weighing.py)
assignment  each place to one leaf, the best for all together  (assignment.py)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from extraction.errors import OptionError
from extraction.grounding.assignment import assign
from extraction.grounding.candidates import Candidate, find_candidates
from extraction.grounding.habits import Habits
from extraction.grounding.leaves import TOO_DEEP, TOO_DEEP_HINT, find_leaves
from extraction.grounding.page_index import PageIndex
from extraction.grounding.sources import Source, Sources
from extraction.grounding.weighing import Weighed, weigh
from extraction.pages.words import PageWords
from extraction.schemas.json_schema import Schema

_FURTHER = 4
"""So many more places of a value are told at most."""

_SPECIFIC = 4
"""Of values with fewer letters and digits no further places are told: they stand everywhere."""


def find_sources(data: Any, pages: PageWords | Mapping[int, PageWords], *, schema: Schema | None = None) -> Sources:
    """Where every leaf of a value stands on the pages.

    Numbers, dates, money and telephone numbers are compared by value, all else as text, also over lines that follow one
    another. What can be read in two ways (1.234, 03/04/2024) is only similar to the reading that the other numbers and dates of
    the pages speak against. Which of several equal places is a leaf's own is told by the words near it (the field's name and title in the
    schema, with the usual words for them), by the rows that the items of a list share, by a box that the value holds
    beside the leaf, and by the other leaves: a place is one leaf's only, but for texts and currencies, and for a number
    that its label gives to several.

    Args:
        data: A value: JSON, or a Pydantic model. Pointers are those of its JSON.
        pages: The words of a page, which then has number 1, or of several by their numbers.
        schema: The value's schema, for titles, choices and boxes; by default that of its class, where it is a model.

    Returns:
        The places, the best first. Leaves that stand nowhere are ``not_found``. Null, true, false, empty texts, boxes and
        colours are ``unlooked``, and so is one of a schema's choices (an enum) of which the page does not have the word:
        a choice is the model's conclusion, its word need not be printed.

    Raises:
        OptionError: ``pages`` is something else, or the value is nested too deeply, or is none that JSON has a form for.
        SchemaError: The schema cannot be read.
    """
    given: Any = {1: pages} if isinstance(pages, PageWords) else pages
    if not isinstance(given, Mapping) or not all(isinstance(page, PageWords) for page in given.values()):
        raise OptionError("pages must be the PageWords of a page, or of several by page number")
    for number in given:
        if isinstance(number, bool) or not isinstance(number, int):
            raise OptionError(
                f"pages are numbered by whole numbers, not by {number!r:.40}", hint="{1: words, 2: more}, for instance"
            )
    try:
        return locate(data, [PageIndex.of(page, number) for number, page in sorted(given.items())], schema)
    except RecursionError:
        raise OptionError(TOO_DEEP, hint=TOO_DEEP_HINT) from None


def locate(data: Any, indices: Sequence[PageIndex], schema: Schema | None = None) -> Sources:
    """``find_sources`` on pages that are ready for look-ups, in their order."""
    leaves = find_leaves(data, schema)
    habits = Habits.of(one for index in indices for segment in index.segments for one in segment.found)
    # Leaves of one value have the same places: a column of ones is looked up once.
    known: dict[tuple[object, ...], list[Candidate]] = {}
    candidates = []
    for leaf in leaves.wanted:
        value = (type(leaf.value), leaf.value, leaf.chosen)
        if value not in known:
            known[value] = find_candidates(leaf, indices, habits)
        candidates.append(known[value])
    weighed = weigh(leaves.wanted, candidates, indices)
    chosen = _assign(weighed)
    _share(weighed, chosen)
    owned = {options[place].span for options, place in zip(weighed, chosen, strict=True) if place is not None}
    places: dict[str, tuple[Source, ...]] = {}
    unlooked = list(leaves.unlooked)
    for leaf, options, place in zip(leaves.wanted, weighed, chosen, strict=True):
        if place is None and leaf.chosen:
            unlooked.append(leaf.pointer)
            continue
        found = [] if place is None else [options[place]]
        if found and found[0].match != "fuzzy" and len(leaf.meaning.text) >= _SPECIFIC:
            others = (one for one in options if one.match != "fuzzy" and one.span not in owned and one.gain > 0)
            found += sorted(others, key=lambda one: -one.gain)[:_FURTHER]
        places[leaf.pointer] = tuple(one.source() for one in found)
    return Sources(places, tuple(unlooked))


def _assign(weighed: Sequence[Sequence[Weighed]]) -> list[int | None]:
    """For each leaf which of its places it gets: those together with the largest gain."""
    chosen: list[int | None] = [None] * len(weighed)
    for group in _groups(weighed):
        spans = list(dict.fromkeys(one.span for leaf in group for one in weighed[leaf] if one.gain > 0))
        columns = {span: column for column, span in enumerate(spans)}
        gains = np.zeros((len(group), len(spans)))
        place_of: dict[tuple[int, int], int] = {}
        for row, leaf in enumerate(group):
            for place, one in enumerate(weighed[leaf]):
                if one.gain > 0 and one.gain > gains[row, columns[one.span]]:
                    gains[row, columns[one.span]] = one.gain
                    place_of[row, columns[one.span]] = place
        for row, column in enumerate(assign(gains)):
            if column is not None:
                chosen[group[row]] = place_of[row, column]
    return chosen


def _groups(weighed: Sequence[Sequence[Weighed]]) -> list[list[int]]:
    """The leaves in groups that have no places in common."""
    parent = list(range(len(weighed)))

    def root(leaf: int) -> int:
        while parent[leaf] != leaf:
            parent[leaf] = parent[parent[leaf]]
            leaf = parent[leaf]
        return leaf

    first: dict[object, int] = {}
    for leaf, options in enumerate(weighed):
        for one in options:
            if one.gain > 0:
                parent[root(leaf)] = root(first.setdefault(one.span, leaf))
    groups: dict[int, list[int]] = defaultdict(list)
    for leaf in range(len(weighed)):
        groups[root(leaf)].append(leaf)
    return list(groups.values())


def _share(weighed: Sequence[Sequence[Weighed]], chosen: list[int | None]) -> None:
    """Gives leaves that went without a place one that another has, where that may be said twice."""
    for leaf, options in enumerate(weighed):
        if chosen[leaf] is None:
            may = [place for place, one in enumerate(options) if one.gain > 0 and one.may_share]
            if may:
                chosen[leaf] = max(may, key=lambda place: options[place].gain)
