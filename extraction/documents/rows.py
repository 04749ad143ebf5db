"""A row that a page's end cuts: the last item before it and the first one behind it, where they are halves of one.

They are, when what one lacks the other has, and they contradict each other nowhere: a text may go on, a list too, and
nothing else stands in both. What a row should have is known from the schema (what must not be null), and from the other
rows (what nearly all of them have).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import punctuation
from typing import Final

from extraction.documents.fields import Field
from extraction.documents.identity import identity
from extraction.documents.parts import Leaf, Node, Tree, is_empty, plain

USUAL: Final = 0.9
"""Share of the rows inside of pages that have a field, from which a row without it counts as cut."""
_ENOUGH: Final = 3
"""Rows inside of pages from which they tell anything."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a row should have.

    Attributes:
        fields: Names of fields.
    """

    fields: frozenset[str]

    @classmethod
    def of(cls, item: Field, lists: Sequence[Sequence[Tree]]) -> Expected:
        """What the items of a list should have.

        Args:
            item: What the user's schema says of an item.
            lists: The items of each window.
        """
        inner = [
            one
            for index, items in enumerate(lists)
            for one in items[(1 if index else 0) : (-1 if index + 1 < len(lists) else len(items))]
            if isinstance(one, Node)
        ]
        there = Counter(name for one in inner for name, part in one.parts.items() if not is_empty(part))
        usual = (
            {name for name, count in there.items() if count >= USUAL * len(inner)} if len(inner) >= _ENOUGH else set()
        )
        return cls(item.needed | usual)

    def lacking(self, row: Node) -> frozenset[str]:
        """What a row does not have of it."""
        return frozenset(name for name in self.fields if name not in row.parts or is_empty(row.parts[name]))


def joined(first: Tree, second: Tree, item: Field, expected: Expected) -> Node | None:
    """Two halves of an item as one; None where they are no halves.

    Args:
        first: The last item of a window.
        second: The first item of the next.
        item: What the user's schema says of an item.
        expected: What an item should have.
    """
    if not isinstance(first, Node) or not isinstance(second, Node) or item.kind != "object":
        return None
    if is_empty(first) or is_empty(second):
        return None
    lacks, other_lacks = expected.lacking(first), expected.lacking(second)
    goes_on = _only_goes_on(first, second, item, other_lacks - lacks)
    complementary = bool(lacks - other_lacks) and bool(other_lacks - lacks)
    if not goes_on and not complementary:
        return None
    parts = _parts(first, second, item)
    return None if parts is None else Node(parts, joined=True)


def _only_goes_on(first: Node, second: Node, item: Field, missed: frozenset[str]) -> bool:
    """Whether all that stands in the second half goes on with what stands in the first: its lists, or its texts.

    Args:
        first: The first half.
        second: The second half.
        item: What the user's schema says of an item.
        missed: What an item should have, the first half has, and the second has not.
    """
    told = {name: part for name, part in second.parts.items() if not is_empty(part)}
    kinds = {item.below(name).kind for name in told}
    if not missed or not kinds <= {"text", "list"} or any(is_empty(first.parts.get(name, Leaf(None))) for name in told):
        return False
    if "list" in kinds:
        return "text" not in kinds
    # A row of texts alone may be one of its own; one without the date or the amount that all others have is none.
    return any(item.below(name).kind == "value" for name in missed) and all(
        _has_words(first.parts[name]) for name in told
    )


def _has_words(text: Tree) -> bool:
    """Whether a text has words, and is no number or code, which ends where it ends."""
    return any(
        word.isalpha() and len(word) > 1 for word in (one.strip(punctuation) for one in str(plain(text)).split())
    )


def _parts(first: Node, second: Node, item: Field) -> dict[str, Tree] | None:
    """The fields of two halves together; None where they contradict each other."""
    parts: dict[str, Tree] = {}
    for name in dict.fromkeys((*first.parts, *second.parts)):
        one, other = first.parts.get(name), second.parts.get(name)
        if one is None or other is None or is_empty(one) or is_empty(other):
            told = next((part for part in (one, other) if part is not None and not is_empty(part)), None)
            parts[name] = told if told is not None else one if one is not None else Leaf(None)
            continue
        both = _both(one, other, item.below(name))
        if both is None:
            return None
        parts[name] = both
    return parts


def _both(one: Tree, other: Tree, field: Field) -> Tree | None:
    if isinstance(one, list) and isinstance(other, list):
        expected = Expected.of(field.item, [one, other])
        middle = joined(one[-1], other[0], field.item, expected)
        return [*one, *other] if middle is None else [*one[:-1], middle, *other[1:]]
    if isinstance(one, Node) and isinstance(other, Node):
        parts = _parts(one, other, field)
        return None if parts is None else Node(parts, joined=one.joined or other.joined)
    if not isinstance(one, Leaf) or not isinstance(other, Leaf):
        return None
    if identity(one.value, field) == identity(other.value, field):
        return replace(one, origins=(*one.origins, *other.origins))
    return _text(one, other) if field.kind == "text" else None


def _text(one: Leaf, other: Leaf) -> Leaf:
    """A text that goes on; a word that was divided at its end is one word."""
    start, rest = str(one.value).rstrip(), str(other.value).lstrip()
    divided = start.endswith("-") and start[-2:-1].isalpha() and rest[:1].islower()
    text = start[:-1] + rest if divided else f"{start} {rest}"
    sure = [part.confidence for part in (one, other) if part.confidence is not None]
    return Leaf(text, (*one.origins, *other.origins), min(sure) if sure else None)
