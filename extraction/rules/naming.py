"""What the names of a schema's fields mean: their words, the concepts of the vocabulary, whose a value is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from extraction.vocabulary.concepts import Kind, concepts

LeafKind: TypeAlias = Kind | Literal["enum", "boolean", "const", "null", "any", "box", "other"]
"""Of a leaf. "other" is what rules cannot fill: points, polygons, colours, objects with free keys."""

_WEAK: Final = frozenset(
    "amount number text title name from to in out item items line code day card account data rate unit place sum label "
    "position pos row index what link site mail cost price details service contact paid given count debit credit direct "
    "role land height short link tin bar reference street type kind gross net till table trans".split()
)
"""Words that name a concept only where they are all of a field's name."""

_NAMELESS: Final = frozenset("number value amount name text id code content raw string data item".split())
"""Names of fields that no paper uses alone; what is around them names them."""

_NEUTRAL: Final = frozenset(
    "the of a an and or in at on for value text str string raw printed full main primary own document doc receipt invoice bill "
    "statement form page first official registered total amount number num no nr id code name iso per field data s "
    "original legal current actual info information details final overall gross net incl including "
    "sale purchase transaction payment order".split()
)
"""Words of a field's name that may be left over beside those of its concept."""

OWNERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        "company merchant vendor seller store shop supplier business issuer restaurant retailer sender biller provider "
        "organization organisation firm bank".split(),
        "company",
    ),
    **dict.fromkeys(
        "customer buyer client recipient purchaser payer billing billed holder patient applicant subscriber tenant".split(),
        "customer",
    ),
    **dict.fromkeys("shipping shipped ship delivery consignee".split(), "ship_to"),
}
"""Whose a value is, by words in the names of fields and of the objects around them."""

COLUMNS: Final = frozenset(
    "quantity description item_code position unit unit_price line_total debit credit running_balance tax_rate".split()
)
"""Concepts of a table's columns."""

TYPED_WORDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys("date datum fecha day expires expiry birthday dob".split(), "date"),
    **dict.fromkeys(
        "price amount cost fee fees charge charges balance salary income tax payment premium deposit".split(), "money"
    ),
    **dict.fromkeys("number no nr num id code ref reference".split(), "code"),
    **dict.fromkeys("phone telephone tel mobile fax".split(), "phone"),
    "email": "email",
    **dict.fromkeys("url website homepage".split(), "url"),
    **dict.fromkeys("percent percentage".split(), "percent"),
    "time": "time",
    "currency": "currency",
}
"""The kind of a text by a word of its field's name, where no concept is known."""


def words_of(name: str) -> tuple[str, ...]:
    """The words of a field's name: ``totalAmount``, ``total_amount`` and ``Total amount`` are one."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(word for word in re.split(r"[^0-9a-zà-ɏ]+", parted.lower()) if word)


def owner_of(words: tuple[str, ...]) -> str | None:
    """Whose a value is by the words of its name: "company", "customer" or "ship_to"; None where they do not say."""
    return next((OWNERS[word] for word in words if word in OWNERS), None)


def phrases_of(name: str, form: Mapping[str, Any], *, titled: bool) -> tuple[str, ...]:
    """What the schema calls a field: its name, its title, and what stands in quotation marks in its description.

    The title of an object is its class's name, and not the field's.
    """
    told = [" ".join(words_of(name))]
    if titled and isinstance(form.get("title"), str):
        told.append(" ".join(words_of(form["title"])))
    if isinstance(form.get("description"), str):
        told += [
            " ".join(words_of(re.sub("[#№]", " number ", one)))
            for one in re.findall(r"[\"\u201c']([^\"\u201d']{2,40})[\"\u201d']", form["description"])
        ]
    told = [re.sub(r"\b(?:no|nr|num|nbr)\b", "number", one) for one in told]
    return tuple(dict.fromkeys(one for one in told if one and one not in _NAMELESS))


def singular(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a list's name as those of one item's: ``line_items`` is a list of ``line_item``."""
    if not words:
        return words
    last = words[-1]
    if last.endswith(("sses", "xes")):
        last = last[:-2]
    elif last.endswith("ies") and len(last) > 4:
        last = f"{last[:-3]}y"
    elif last.endswith("s") and not last.endswith("ss"):
        last = last[:-1]
    return (*words[:-1], last)


def is_compatible(concept: Kind, kind: LeafKind | None) -> bool:
    """Whether a field of this kind can hold what a concept names; None is a text that may be anything."""
    if kind in (None, "enum", "any"):
        return True
    if kind in ("number", "integer"):
        return concept in ("money", "number", "integer", "percent") or (kind == "integer" and concept == "code")
    return concept == kind


@cache
def concepts_of(words: tuple[str, ...], kind: LeafKind | None, listed: bool) -> tuple[str, ...]:
    """The concepts that the words of a name mean, the likeliest first; none where too much of the name is left over.

    In a list those of a table's columns come first, elsewhere last.
    """
    if kind in ("const", "boolean", "null", "box", "other"):
        return ()
    scored = []
    for name, concept in concepts().items():
        if not is_compatible(concept.kind, kind):
            continue
        for phrase in concept.fields:
            parts = tuple(phrase.split())
            at = next((i for i in range(len(words) - len(parts) + 1) if words[i : i + len(parts)] == parts), None)
            if at is None:
                continue
            rest = {*words[:at], *words[at + len(parts) :]}
            if rest and (len(parts) == 1 and parts[0] in _WEAK):
                continue
            if rest - _NEUTRAL - OWNERS.keys():
                continue
            scored.append((len(rest), -len(parts), (name in COLUMNS) != listed, name))
    if not scored:
        return ()
    best = min(scored)[:3]
    return tuple(dict.fromkeys(name for *score, name in sorted(scored) if tuple(score) == best))
