"""The items of a list among the rows of the pages: each item has a row, and they follow one another in reading order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_OFFSETS = {0: 1.0, 1: 0.85, 2: 0.5, 3: 0.3, -1: 0.25, -2: 0.1}
"""How much a value says for an item whose first row is so many rows above it: the rest of an item stands below."""

_OTHER_ROW = 0.8
"""How much a row says in which the rarest value of an item does not stand: it may be the row before or after."""

MOST_PLACES = 60
"""A leaf that may stand at more places than these says nothing about the row of its item."""

_MOST_ROWS = 16
"""So many rows are weighed for one item, the likeliest."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands in a document: its row, counted over all pages, and how far to the right."""

    row: int
    left: float


@dataclass(frozen=True, slots=True)
class Anchors:
    """The rows of a list's items.

    Attributes:
        rows: Of each item that has one, its first row.
        ordered: All these rows, sorted.
    """

    rows: Mapping[int, int]
    ordered: Sequence[int]

    def nearness(self, item: int, row: int) -> float | None:
        """How well a row fits an item, 1 for its own, less for others until the next item begins, 0 for those beyond.

        None where nothing is known about the item.
        """
        between = self.between(item)
        if between is None:
            return None
        own = self.rows[item]
        if row == own:
            return 1.0
        if own < row < between[1]:
            return max(0.75 - 0.1 * (row - own), 0.2)
        if between[0] < row < own:
            return max(0.45 - 0.1 * (own - row), 0.1)
        return 0.0

    def between(self, item: int) -> tuple[int, int] | None:
        """The rows of the items before and after one, between which all of it stands; None where nothing is known."""
        own = self.rows.get(item)
        if own is None:
            return None
        place = bisect_right(self.ordered, own)
        following = self.ordered[place] if place < len(self.ordered) else own + 6
        place = bisect_left(self.ordered, own)
        return (self.ordered[place - 1] if place else own - 3), following


def find_anchors(items: Mapping[int, Sequence[Sequence[Position]]]) -> Anchors:
    """The row of each item of a list.

    Args:
        items: Of each item, in the list's order, the possible positions of each of its leaves.
    """
    states: list[tuple[int, Position, float]] = []
    for item, leaves in sorted(items.items()):
        states += [(item, position, score) for position, score in _likely(leaves)]
    chain = _best_chain(states)
    rows = {item: position.row for item, position, _ in chain}
    for item, position, score in sorted(states, key=lambda state: -state[2]):
        # Out of order, yet where most of it stands: the model told the list in another order than the page.
        if item not in rows and score > 1.2 and position.row not in rows.values():
            rows[item] = position.row
    return Anchors(rows, sorted(set(rows.values())))


def _likely(leaves: Sequence[Sequence[Position]]) -> list[tuple[Position, float]]:
    """Where an item may begin, with how much of it stands there."""
    telling = [places for places in leaves if 0 < len(places) <= MOST_PLACES]
    scores: dict[int, float] = defaultdict(float)
    lefts: dict[int, tuple[float, float]] = {}
    for places in telling:
        weight = len(places) ** -0.5  # what stands at many places says little about each
        best: dict[int, float] = {}
        for place in places:
            if place.row not in lefts or lefts[place.row][0] < weight:
                lefts[place.row] = (weight, place.left)
            for offset, share in _OFFSETS.items():
                row = place.row - offset
                best[row] = max(best.get(row, 0.0), weight * share)
        for row, score in best.items():
            scores[row] += score
    rarest = min(telling, key=len, default=())
    own = {place.row for place in rarest}
    for row in scores.keys() - own:
        scores[row] *= _OTHER_ROW
    rows = sorted((row for row in scores if row in lefts), key=lambda row: -scores[row])[:_MOST_ROWS]
    return [(Position(row, lefts[row][1]), scores[row]) for row in rows]


def _best_chain(states: Sequence[tuple[int, Position, float]]) -> list[tuple[int, Position, float]]:
    """The states of the largest total score of which both the items and the positions increase.

    A longest increasing subsequence with weights: the best chain that ends before a position is kept in a Fenwick tree.
    """
    places = sorted({(state[1].row, state[1].left) for state in states})
    tree: list[tuple[float, int]] = [(0.0, -1)] * (len(places) + 1)
    totals: list[float] = []
    previous: list[int] = []

    def best_before(rank: int) -> tuple[float, int]:
        found = (0.0, -1)
        while rank > 0:
            found = max(found, tree[rank])
            rank -= rank & -rank
        return found

    waiting: list[tuple[int, tuple[float, int]]] = []
    for at, (item, position, score) in enumerate(states):
        if at and states[at - 1][0] != item:
            _put(tree, waiting)
        rank = bisect_left(places, (position.row, position.left))
        total, before = best_before(rank)
        totals.append(total + score)
        previous.append(before)
        waiting.append((rank + 1, (total + score, at)))
    at = max(range(len(states)), key=totals.__getitem__, default=-1)
    chain = []
    while at >= 0:
        chain.append(states[at])
        at = previous[at]
    return chain[::-1]


def _put(tree: list[tuple[float, int]], waiting: list[tuple[int, tuple[float, int]]]) -> None:
    """Enters the chains of one item, now that it is done: an item does not follow itself."""
    for rank, entry in waiting:
        at = rank
        while at < len(tree):
            tree[at] = max(tree[at], entry)
            at += at & -at
    waiting.clear()
