"""Which of the values that stand beside its labels a field gets: by the label, by place, and by what adds up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Final

from extraction.rules.board import Beside, Board
from extraction.rules.findings import Finding, Look
from extraction.rules.labels import Label
from extraction.rules.wanted import Leaf
from extraction.vocabulary.concepts import concepts, kind_of

LOOKS: Final[dict[str, tuple[Look, ...]]] = {
    "money": ("money", "number"),
    "number": ("number", "money"),
    "integer": ("number",),
    "percent": ("percent",),
    "date": ("date",),
    "time": ("time",),
    "phone": ("phone",),
    "email": ("email",),
    "url": ("url",),
    "iban": ("iban",),
}
"""What the values of a kind look like, the surest first."""

_ADDED: Final = ("tax", "tip", "service_charge", "shipping", "rounding")
_NATIONAL: Final = 9
"""Digits of a telephone number that begins with neither a plus, a parenthesis nor a zero; fewer number many things."""
_MOST: Final = 4
"""How many candidates of each amount are tried in sums."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that was chosen for a field, and how sure that is, 0 to 1."""

    finding: Finding
    score: float


def candidates(board: Board, leaf: Leaf, others: Iterable[str] = ()) -> list[Choice]:
    """The values that stand beside a field's labels, the likeliest first.

    Args:
        board: The pages.
        leaf: The field.
        others: Phrases by which the schema calls other fields: their labels are not this one's.
    """
    names = [*(f"own:{phrase}" for phrase in leaf.phrases), *leaf.concepts]
    return _ranked(_beside(board, names, LOOKS[leaf.kind], frozenset(others)), leaf.kind)


def of_concept(board: Board, name: str) -> list[Choice]:
    """The values beside the labels of a concept, the likeliest first."""
    kind = concepts()[name].kind
    return _ranked(_beside(board, [name], LOOKS[kind], frozenset()), kind)


def _beside(
    board: Board, names: Sequence[str], looks: tuple[Look, ...], others: frozenset[str]
) -> Iterator[tuple[Beside, float]]:
    for place, name in enumerate(names):
        for label, rank in board.labels.named(name):
            if not name.startswith("own:") and any(label.rank(f"own:{one}") is not None for one in others):
                continue
            if name.startswith("own:"):  # a name that the vocabulary knows, too, is no surer for being the schema's
                rank = min((known for one in names if (known := label.rank(one))), default=rank)
            sureness = (1.0 - 0.004 * rank - 0.01 * place) * (1.0 if label.colon or label.leads else 0.8)
            if looks[0] == "money" and not name.startswith("own:") and board.is_more(label):
                sureness *= 0.6
            for one in board.beside(label, looks):
                yield one, sureness


def _ranked(found: Iterable[tuple[Beside, float]], kind: str) -> list[Choice]:
    """Each value once, with its best score; of an amount's row the last one, and decimals before whole numbers."""
    best: dict[tuple[int, int], Choice] = {}
    rows: dict[tuple[int, int, int], list[tuple[Beside, float]]] = {}
    for one, sureness in found:
        rows.setdefault((id(one.label.span.cell), one.label.span.start, round(sureness * 1e6)), []).append(
            (one, sureness)
        )
    for group in rows.values():
        sure = [one for one, _ in group if one.finding.look == LOOKS[kind][0]] or [one for one, _ in group]
        for index, one in enumerate(sure):
            chosen = index == (len(sure) - 1 if kind == "money" else 0)
            score = group[0][1] * one.closeness * (1.0 if chosen else 0.7)
            if one.finding.look != LOOKS[kind][0]:
                score *= 0.9
            key = (id(one.finding.span.cell), one.finding.span.start)
            if key not in best or best[key].score < score:
                best[key] = Choice(one.finding, score)
    return sorted(best.values(), key=lambda one: -one.score)


def choose_total(board: Board, found: Sequence[Choice]) -> list[Choice]:
    """The candidates for a total, those first that other amounts of the page add up to.

    Cash less change says most; then the subtotal with taxes, tip, service, shipping and rounding added and a discount
    taken off; then the tax that is part of it. Among equals the lower one on the page counts.
    """
    parts = {name: of_concept(board, name)[:_MOST] for name in ("subtotal", "cash", "change", "discount", *_ADDED)}
    rated = []
    for one in found:
        number = one.finding.number
        if number is None:
            continue
        bonus = 0.0
        if any(_equal(cash, change, number) for cash, change in product(parts["cash"], parts["change"])):
            bonus += 0.25
        if number in _sums(parts):
            bonus += 0.2
        place = one.finding.span.cell
        rated.append((one.score + bonus, place.page, place.row, one))
    return [
        Choice(one.finding, min(score, 1.0))
        for score, _, _, one in sorted(rated, key=lambda it: (-round(it[0], 2), -it[1], -it[2]))
    ]


def _equal(cash: Choice, change: Choice, total: Decimal) -> bool:
    given, back = cash.finding.number, change.finding.number
    return given is not None and back is not None and back != 0 and given - abs(back) == total


def _sums(parts: dict[str, list[Choice]]) -> set[Decimal]:
    """All that a subtotal can come to with what is added and taken off; without any of it, nothing."""
    sums: set[Decimal] = set()
    for subtotal in _numbers(parts["subtotal"]):
        totals = {subtotal}
        for name in _ADDED:
            totals |= {total + one for total in totals for one in _numbers(parts[name])}
        totals |= {total - abs(one) for total in totals for one in _numbers(parts["discount"])}
        sums |= totals - {subtotal}
    return sums


def _numbers(choices: Sequence[Choice]) -> list[Decimal]:
    return [one.finding.number for one in choices if one.finding.number]


def unlabelled(board: Board, leaf: Leaf) -> list[Choice]:
    """The values of a field's kind that no label of something else claims: a date, a telephone number, an address.

    Only for kinds whose values tell by themselves what they are.
    """
    looks = LOOKS.get(leaf.kind, ())[:1]
    if looks and looks[0] in ("money", "number", "percent"):
        return []
    found = []
    for finding in board.findings:
        if finding.look not in looks or (finding.look == "phone" and not _is_phone(finding.span.text)):
            continue
        claim = board.claim(finding)
        if (
            claim is not None
            and not any(claim.rank(name) is not None for name in leaf.concepts)
            and _takes(claim, leaf)
        ):
            continue
        # 3AM may be a part of a postal code; with a colon it is a time.
        sure = finding.look != "time" or ":" in finding.span.text
        found.append(Choice(finding, 0.5 if sure else 0.4))
    return sorted(found, key=lambda one: -one.score)


def _is_phone(text: str) -> bool:
    """Whether digits are written as telephone numbers are; a row of digits alone may be the number of anything."""
    if re.search(r"^\s*[+(]|^\s*0\d", text):
        return True
    return sum(map(str.isdigit, text)) >= _NATIONAL and re.search(r"\d[ ./)-]+\d", text) is not None


def _takes(label: Label, leaf: Leaf) -> bool:
    """Whether a label can claim a value of this kind from a field."""
    kinds = {kind for name, _ in label.names if (kind := kind_of(name)) is not None}
    if leaf.kind == "phone" and "code" in kinds:
        return True  # a number of something else
    return leaf.kind in kinds or not kinds
