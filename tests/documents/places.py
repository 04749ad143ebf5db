"""From what was printed to where each leaf of the value stands, and where something equal stands for something else."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Polygon
from tests.documents.canvas import Canvas, Fact, PrintedFact
from tests.documents.truth import Leaf, Place

_NUMBERS = frozenset({"amount", "number"})


def find_places(
    canvas: Canvas, quads_of: Callable[[PrintedFact], tuple[Polygon, ...]], words: PageWords
) -> Mapping[str, Leaf]:
    """Every leaf that is printed, by its pointer.

    Args:
        canvas: The sheet, which knows its facts.
        quads_of: Where a fact stands in the picture.
        words: All words, in pixels of the picture.

    Raises:
        ValueError: A pointer is printed twice, and neither place is said to repeat the other.
    """
    printed = [(one.fact, Place(one.fact.text, quads_of(one))) for one in canvas.facts]
    index = _Index(words)
    leaves: dict[str, Leaf] = {}
    for fact, right in printed:
        if fact.pointer is None or fact.again:
            continue
        if fact.pointer in leaves:
            raise ValueError(f"{fact.pointer} is printed twice")
        others = [(other, place) for other, place in printed if other is not fact]
        again = [place for other, place in others if other.pointer == fact.pointer]
        elsewhere = [place for other, place in others if other.pointer != fact.pointer and _equal(fact, other)]
        if fact.kind != "flag":
            known = [right, *again, *elsewhere]
            elsewhere += index.find(fact.text, known)
        leaves[fact.pointer] = Leaf(fact.value, fact.kind, right, tuple(again), tuple(elsewhere))
    return leaves


def _equal(one: Fact, other: Fact) -> bool:
    """Whether two facts say the same value, though about different things."""
    if "flag" in (one.kind, other.kind):
        return False
    if one.kind in _NUMBERS and other.kind in _NUMBERS:
        return abs(Decimal(str(one.value))) == abs(Decimal(str(other.value)))
    if "date" in (one.kind, other.kind):
        return one.kind == other.kind and one.value == other.value
    return _bare(one.text) == _bare(other.text)


@dataclass(slots=True)
class _Index:
    """The words of a page by their bare text, to find texts again."""

    words: PageWords
    _by_text: dict[str, list[tuple[Line, int]]] = field(init=False)

    def __post_init__(self) -> None:
        self._by_text = {}
        for line in self.words.lines:
            for number, word in enumerate(line.words):
                self._by_text.setdefault(_bare(word.text), []).append((line, number))

    def find(self, text: str, known: Sequence[Place]) -> list[Place]:
        """Where the same characters stand as whole words of one line, other than at the ``known`` places."""
        wanted = [bare for bare in (_bare(word) for word in text.split()) if bare]
        found = []
        for line, begin in self._by_text.get(wanted[0], []) if wanted else []:
            run = line.words[begin : begin + len(wanted)]
            if [_bare(word.text) for word in run] != wanted or any(_overlap(run, place) for place in known):
                continue
            quads = tuple(word.quad for word in run if word.quad is not None)
            found.append(Place(" ".join(word.text for word in run), quads))
        return found


def _overlap(run: Sequence[Word], place: Place) -> bool:
    return any(word.box.intersection(box) is not None for word in run for box in place.boxes)


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(string.punctuation + " ")
