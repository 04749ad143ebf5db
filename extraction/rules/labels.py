"""Labels: where on a page the words stand that name something, and what each names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from extraction.rules.sheet import Cell, Sheet, Span
from extraction.vocabulary.concepts import concepts

_NUMBER_WORDS: Final = r"(?:numbers?|nummer|numero|num|nbr|nro|nr|no|n[o°º]|n(?=[.\s])|[#№])"
_GAP: Final = r"[\s\-./,'()&_°º]{0,3}"
_CURRENCY_END: Final = r"(?=(?:rm|eur|usd|gbp|chf|sgd|myr|cad|aud|sek|dkk|nok)(?![^\W\d_]))"
_LOOKALIKE: Final = str.maketrans("015|8$", "oislbs")
_MISREAD: Final = re.compile(
    r"(?<=[^\W\d_])[015|8$](?=[^\W\d_])|(?<![\w.,])[015|8$](?=[^\W\d_]{3})|(?<=[^\W\d_]{3})[015|](?![\w.,$])"
)
"""What engines read for letters: single characters beside letters."""


@dataclass(frozen=True, slots=True)
class Label:
    """Words that name something.

    Attributes:
        span: Where they stand.
        phrase: What they are, as the vocabulary or the schema has it.
        names: Concepts that they name, each with its rank there (0 is the surest), and of the schema's own phrases
            ``own:`` with the phrase.
        colon: Whether a colon follows.
        leads: Whether nothing stands before them in their cell.
    """

    span: Span
    phrase: str
    names: tuple[tuple[str, int], ...]
    colon: bool
    leads: bool

    def rank(self, name: str) -> int | None:
        """How sure a label of a concept it is, 0 the surest; None where it is none of it."""
        return next((rank for one, rank in self.names if one == name), None)


class Labels:
    """All labels of some pages, for a schema with phrases of its own."""

    def __init__(self, sheets: Sequence[Sheet], phrases: Iterable[str] = ()) -> None:
        vocabulary = _vocabulary(tuple(sorted({one for one in phrases if len(one) > 1})))
        self.of_cell: dict[int, tuple[Label, ...]] = {
            id(cell): tuple(vocabulary.spot(cell)) for sheet in sheets for cell in sheet.cells
        }

    def __iter__(self) -> Iterator[Label]:
        """All of them, in reading order."""
        return (label for found in self.of_cell.values() for label in found)

    def at(self, cell: Cell) -> tuple[Label, ...]:
        """Those of one cell, from left to right."""
        return self.of_cell[id(cell)]

    def named(self, name: str) -> list[tuple[Label, int]]:
        """The labels of a concept with their ranks, in reading order."""
        return [(label, rank) for label in self if (rank := label.rank(name)) is not None]


class _Vocabulary:
    def __init__(self, phrases: tuple[str, ...]) -> None:
        self._names: dict[str, list[tuple[str, int]]] = {}
        for name, concept in concepts().items():
            for rank, phrase in enumerate(concept.labels):
                self._names.setdefault(phrase, []).append((name, rank))
                if phrase.endswith(" number"):  # N. ticket
                    self._names.setdefault(f"number {phrase.removesuffix(' number')}", []).append((name, rank))
        for phrase in phrases:
            self._names.setdefault(normal(phrase), []).append((f"own:{phrase}", 0))
        ordered = sorted(self._names, key=len, reverse=True)
        self._phrases = ordered
        # By their first letters, so that few are tried at each place.
        initials: dict[str, list[str]] = {}
        for index, phrase in enumerate(ordered):
            initials.setdefault("n#№" if phrase.startswith("number") else phrase[0], []).append(
                f"(?P<p{index}>{_pattern(phrase)})"
            )
        alternatives = "|".join(f"(?=[{re.escape(one)}])(?:{'|'.join(told)})" for one, told in initials.items())
        self._regex = re.compile(rf"(?<![^\W\d_])(?:{alternatives})(?:(?![^\W\d_])|{_CURRENCY_END})")

    def spot(self, cell: Cell) -> Iterator[Label]:
        text = normal(cell.text)
        for match in self._regex.finditer(text):
            phrase = self._phrases[int(str(match.lastgroup)[1:])]
            after = text[match.end() :].lstrip(" .*#№")
            colon = after.startswith((":", "\uff1a", "="))
            leads = not re.search(r"\w", text[: match.start()])
            span = Span(cell, match.start(), match.end())
            yield Label(span, phrase, tuple(self._names[phrase]), colon, leads)


@lru_cache(maxsize=64)
def _vocabulary(phrases: tuple[str, ...]) -> _Vocabulary:
    return _Vocabulary(phrases)


_DOTTED: Final = frozenset("vat gst sst pst hst tax iva tva btw ust mwst abn ein nif cif piva dob iban bic".split())
"""Short words that are also written with points: V.A.T."""


def _pattern(phrase: str) -> str:
    words = phrase.split()
    if all(len(word) == 1 for word in words):  # "p i" is not "pi"
        return r"[\s./]{1,2}".join(map(re.escape, words))
    return _GAP.join(
        _NUMBER_WORDS if word == "number" else r"\.?".join(word) if word in _DOTTED else re.escape(word)
        for word in words
    )


@lru_cache(maxsize=65536)
def normal(text: str) -> str:
    """A text in small letters without accents, as long as it was; digits that a word has for letters are put right."""
    return _MISREAD.sub(lambda match: match.group().translate(_LOOKALIKE), "".join(map(_small, text)))


def _small(char: str) -> str:
    return (unicodedata.normalize("NFD", char)[0].lower() or char)[0]
