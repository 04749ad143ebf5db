"""Whether words on a page name a field: ``Summe`` and ``total``, ``Inv. No.`` and ``invoice_number``.

Names are taken apart into terms. Words of several languages that the vocabulary has for the same are one term; all others
stand for themselves, and are compared with some tolerance for misreading, so that a field of any name finds its label.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import fuzz

from extraction.vocabulary.words import term_of, unaccented

_ALIASES = (
    (frozenset(("total",)), frozenset(("amount", "due"))),
    (frozenset(("total",)), frozenset(("total", "due"))),
    (frozenset(("total",)), frozenset(("balance", "due"))),
    (frozenset(("total",)), frozenset(("due",))),
    (frozenset(("total",)), frozenset(("total", "amount"))),
    (frozenset(("total",)), frozenset(("grand", "total"))),
    (frozenset(("amount",)), frozenset(("total",))),
    (frozenset(("amount",)), frozenset(("total", "price"))),
    (frozenset(("subtotal",)), frozenset(("subtotal", "total"))),
    (frozenset(("total",)), frozenset(("subtotal", "total"))),  # "nett total", where a country says so
    (frozenset(("unit", "price")), frozenset(("price",))),
    (frozenset(("tax", "number")), frozenset(("tax", "id"))),
    (frozenset(("cash",)), frozenset(("amount", "paid"))),
)
"""Terms that stand for one another only together."""

_IGNORED = frozenset(
    "the of a an for to and or der die das des den von für und im in de la le les du des el los las del di il dello e y "
    "et op per eur usd gbp chf rm zzgl zu da te by please bitte your our ihr ihre is with on avant bis entro antes before".split()
)
_PARTED_SUBTOTAL = re.compile(r"\b(?:sub|sous|sotto|zwischen)[\s.-]*(?:total\w*|ttl|summe)", re.IGNORECASE)
_TO_CUSTOMER = re.compile(
    r"\b(?:(?:bill|billed|invoice|invoiced|sold|charge)\s+to|rechnung\s+an|factur[eé]e?\s+[àa]|facturar\s+a)\b",
    re.IGNORECASE,
)
_WITHOUT = frozenset("excl exclusive excluding ohne exkl hors sin senza zonder before ex".split())
_WITH = frozenset("incl inclusive including inkl inklusive comprise incluido inclus inclusa inclusief dont".split())
_WORD = re.compile(r"[^\W\d_]+|[#№]|n°|nº")
_ALIAS = 0.95
_ALIKE = 84.0
"""Likeness of two words, of 100, from which one is taken for a misread form of the other."""


@lru_cache(maxsize=65536)
def terms(text: str) -> frozenset[str]:
    """The terms of a name or a label: ``invoiceNumber``, ``Invoice No.:`` and ``Rechnungsnummer`` are the same two."""
    parted = _TO_CUSTOMER.sub("customer", text)
    parted = _PARTED_SUBTOTAL.sub("subtotal", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", parted))
    words = [word.casefold() for word in _WORD.findall(parted)]
    found: set[str] = set()
    for word in words:
        plain = unaccented(word)
        if known := term_of(plain):
            found.update(known)
        elif plain not in _IGNORED and (len(plain) > 1 or len(words) == 1):
            found.add(plain)
    if "tax" in found and not _WITHOUT.isdisjoint(words):  # "total excl. tax"
        return frozenset({"subtotal"} | (found - {"tax", "total", "amount", *_WITHOUT}))
    if "tax" in found and not _WITH.isdisjoint(words):  # "total incl. tax"
        found -= {"tax", *_WITH}
    return frozenset(found)


@lru_cache(maxsize=262144)
def named(name: frozenset[str], label: frozenset[str]) -> float:
    """How well a label names a field, 0 to 1: which share of the terms of both they have in common."""
    if not name or not label:
        return 0.0
    if name == label:
        return 1.0
    shared = name & label
    common = float(len(shared))
    left, right = name - shared, set(label - shared)
    for term in left:
        best = max(right, key=lambda other: _alike(term, other), default=None)
        if best is not None and (likeness := _alike(term, best)):
            common += likeness
            right.discard(best)
    score = 2 * common / (len(name) + len(label))
    for one, other in _ALIASES:
        if (one == name and other == label) or (one == label and other == name):
            return max(score, _ALIAS)
    return score


def _alike(one: str, other: str) -> float:
    """How surely two words are the same, 0 to 1: misread, shortened, or one the beginning of the other."""
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short) and len(short) * 2 >= len(long):
        return 0.8
    if len(short) >= 4 and (score := fuzz.ratio(short, long, score_cutoff=_ALIKE)):
        return score / 100
    return 0.0
