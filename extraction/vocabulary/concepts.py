"""What forms, receipts and invoices call things: ``Concept``s with the names of fields and the words on paper.

Words on paper are in English, German, French, Spanish, Italian, Dutch and Portuguese, some also in Malay, in lower case and
without accents; "number" stands for all its forms (no., nr., #). The longest phrase counts at each place of a page, so that
"sub total" is never a "total": some concepts are here only to keep others from their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "money", "number", "integer", "percent", "date", "time", "phone", "email", "url", "iban", "code", "currency", "text"
]
"""What a value looks like; a code is a word with digits in it."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that documents name.

    Attributes:
        kind: What its values look like.
        fields: What schemas call it: words in lower case, parted by blanks.
        labels: What paper calls it, the surest first.
        term: What each of its labels of one word means, in English words; empty where they mean several things.
    """

    kind: Kind
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    term: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: Kind, fields: str, labels: str, *, term: str = "") -> Concept:
        """A concept from lists that ``|`` parts, and a term's words."""
        return cls(kind, _listed(fields), _listed(labels), tuple(term.split()))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split("|") if one.strip())


@cache
def concepts() -> Mapping[str, Concept]:
    """All of them by name."""
    from extraction.vocabulary.amounts import AMOUNTS
    from extraction.vocabulary.columns import COLUMNS
    from extraction.vocabulary.dates import DATES
    from extraction.vocabulary.names import NAMES
    from extraction.vocabulary.things import THINGS

    return {**AMOUNTS, **DATES, **THINGS, **COLUMNS, **NAMES}


def kind_of(name: str) -> Kind | None:
    """What the values of a concept look like; None where there is none of that name."""
    concept = concepts().get(name)
    return None if concept is None else concept.kind
