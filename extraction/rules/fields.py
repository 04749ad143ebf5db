"""A single field: which words of the pages say it, by its labels, its kind, its owner and its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Final

from extraction.rules.board import Board, TextBeside
from extraction.rules.choosing import Choice, candidates, choose_total, unlabelled
from extraction.rules.labels import Label
from extraction.rules.marks import marks_trail, said_before, said_behind
from extraction.rules.naming import OWNERS
from extraction.rules.parties import Party, address_at, is_job, is_person, issuer, labelled_party
from extraction.rules.sheet import Cell, Span
from extraction.rules.wanted import Leaf
from extraction.rules.writing import Fill, allowed, choice_fill, currency_fill, text_fill, written

_SURE: Final = 0.5
"""Least score of a value that is taken."""

_CODE: Final = re.compile(r"[^\s:,;]*\d[^\s,;]*")
_GROUPS: Final = re.compile(r"(?: [0-9][0-9A-Z./-]*(?![\w:]))*")
_COUNTRY_CODE: Final = 4
"""Letters that a code begins with at most, parted from its digits: GB, CHE, EORI."""

_TYPED: Final = frozenset({"money", "number", "integer", "percent", "date", "time", "phone", "email", "url", "iban"})
_RELATED: Final = {
    "receipt_number": "invoice_number",
    "invoice_number": "receipt_number",
    "vat_id": "registration_number",
}
"""Whose labels a field may take where no other field wants them: a bill has one number, whatever it is called."""

_BY_THEMSELVES: Final = frozenset({"date", "time", "phone", "email", "url", "iban"})
"""Concepts whose first value on a page is taken without a label: there is no other thing of that kind."""

_POSTAL: Final = re.compile(
    r"(?P<us>[A-Z]{2}\.? \d{5}(?:-\d{4})?)|(?P<code>\d{5}|\d{4} ?[A-Z]{2}(?![a-z])|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{3} \d{2}|\d{6}|\d{4})(?!\d)"
)


class Fields:
    """Finds the values of single fields on some pages.

    Args:
        board: The pages.
        wanted: All fields of the schema: a label that is one field's own name is no other's.
    """

    def __init__(self, board: Board, wanted: Iterable[Leaf] = ()) -> None:
        self.board = board
        wanted = list(wanted)
        self._phrases = frozenset(phrase for leaf in wanted for phrase in leaf.phrases)
        self._concepts = frozenset(leaf.concepts[0] for leaf in wanted if leaf.concepts)
        self._chief = _chiefs(wanted)

    @cached_property
    def customer(self) -> Party | None:
        """Who is billed."""
        return labelled_party(self.board, "customer")

    @cached_property
    def consignee(self) -> Party | None:
        """To whom the goods go."""
        return labelled_party(self.board, "ship_to")

    @cached_property
    def seller(self) -> Party | None:
        """The firm that the paper is from: under a label, or at the top."""
        named = labelled_party(self.board, "company")
        return named if named is not None and named.name else issuer(self.board, self._foreign)

    @cached_property
    def _foreign(self) -> frozenset[int]:
        """Cells that belong to the customer or to the place of delivery."""
        parties = (self.customer, self.consignee)
        return frozenset().union(*(party.cells for party in parties if party is not None))

    def fill(self, leaf: Leaf) -> Fill | None:
        """The value of a leaf; None where the pages do not say it."""
        if leaf.kind in ("const", "null", "any", "box", "other"):
            return None
        if leaf.kind == "boolean":
            return self._boolean(leaf)
        if leaf.kind == "enum":
            return self._choice(leaf)
        if leaf.kind == "currency":
            return self._currency(leaf)
        if leaf.kind in _TYPED:
            return next((fill for one in self._typed(leaf) if (fill := written(leaf, one.finding)) is not None), None)
        return self._text(leaf)

    # --- values that tell by their looks what they are ---------------------------------------------------------------

    def _typed(self, leaf: Leaf) -> Iterator[Choice]:
        others = self._phrases - set(leaf.phrases)
        if leaf.kind == "money" and leaf.concepts and self._chief[leaf.concepts[0], leaf.owner] is not leaf:
            leaf = replace(leaf, concepts=())  # "total" is what "Total" names, and not "amount_due" beside it
        found = [one for one in candidates(self.board, leaf, others) if one.score >= _SURE]
        if not found and leaf.kind == "money":  # a bill that only says what is due says its total with it
            found = [one for one in candidates(self.board, leaf) if one.score >= _SURE]
        if leaf.concepts[:1] == ("total",) and leaf.kind == "money":
            found = choose_total(self.board, found)
        if leaf.concepts[:1] == ("tax",):
            found = _sum_of_taxes(found)
        if leaf.concepts[:1] == ("period_end",) and not found:
            found = self._ends_of_periods()
        found = [one for one in found if self._is_of(leaf, one)]
        yield from found
        if not found and (
            set(leaf.concepts[:1]) & _BY_THEMSELVES or (not leaf.concepts and leaf.kind in ("email", "url"))
        ):
            yield from (one for one in unlabelled(self.board, leaf) if self._is_of(leaf, one))

    def _ends_of_periods(self) -> list[Choice]:
        """The second of two dates behind the label of a period."""
        labels = self.board.labels.named("period_start")
        dates = [[one.finding for one in self.board.beside(label, ("date",))] for label, _ in labels]
        return [Choice(found[1], 0.9) for found in dates if len(found) == 2]

    def _is_of(self, leaf: Leaf, choice: Choice) -> bool:
        """Whether a value can belong to a leaf's owner by its place."""
        party = {"customer": self.customer, "ship_to": self.consignee}.get(leaf.owner)
        here = id(choice.finding.span.cell)
        if leaf.kind not in ("phone", "email", "url", "iban"):
            return True  # the cost of shipping is nobody's
        if leaf.owner in ("customer", "ship_to"):
            return party is not None and here in party.cells
        return here not in self._foreign

    # --- words -------------------------------------------------------------------------------------------------------

    def _text(self, leaf: Leaf) -> Fill | None:
        concept = leaf.concepts[0] if leaf.concepts else ""
        if (own := self._labelled(leaf, only_own=True)) is not None:
            return own
        if concept in ("company", "customer", "ship_to", "person") and leaf.kind == "text":
            return self._name(leaf, concept)
        if concept in ("address", "street", "postal_code", "city", "country"):
            return self._address(leaf, concept)
        found = self._labelled(leaf)
        if found is None and leaf.words in (("title",), ("document", "title"), ("heading",)):
            return self._title(leaf)
        if found is None and concept == "job_title":
            found = next((text_fill(leaf, (cell.span,)) for cell in self.board.cells if is_job(cell.text)), None)
        return found

    def _title(self, leaf: Leaf) -> Fill | None:
        """The line that heads the page: larger than the text, or alone at the top."""
        for sheet in self.board.sheets[:1]:
            for row in sheet.rows[:3]:
                cell = row[0]
                if len(row) == 1 and not self.board.findings.at(cell) and not cell.text.rstrip().endswith(":"):
                    return text_fill(leaf, (cell.span,))
        return None

    def _labelled(self, leaf: Leaf, *, only_own: bool = False) -> Fill | None:
        """The best text beside the labels of a leaf."""
        found: list[tuple[float, TextBeside]] = []
        names = [f"own:{phrase}" for phrase in leaf.phrases] + ([] if only_own else list(leaf.concepts))
        related = _RELATED.get(names[-1]) if names else None
        if related is not None and related not in self._concepts:
            names.append(related)
        others = self._phrases - set(leaf.phrases)
        for name in names:
            for label, rank in self.board.labels.named(name):
                own = name.startswith("own:")
                if not own and any(label.rank(f"own:{one}") is not None for one in others):
                    continue
                if (own and not (label.colon or label.leads)) or not (
                    self._near(leaf, label) or (own and set(leaf.words) & OWNERS.keys())
                ):
                    continue
                found += [
                    (one.closeness * (1 - 0.004 * rank), one)
                    for one in self.board.texts_beside(label)
                    if label.leads or one.span.cell is label.span.cell
                ]
        for score, one in sorted(found, key=lambda it: -it[0]):
            if score < _SURE:
                break
            if (fill := self._text_of(leaf, one)) is not None:
                return fill
        return None

    def _near(self, leaf: Leaf, label: Label) -> bool:
        party = {"customer": self.customer, "ship_to": self.consignee}.get(leaf.owner)
        here = id(label.span.cell)
        if leaf.owner in ("customer", "ship_to"):
            return party is not None and here in party.cells
        return leaf.owner != "company" or here not in self._foreign

    def _text_of(self, leaf: Leaf, text: TextBeside) -> Fill | None:
        span = text.span
        if leaf.kind != "code":
            bare = not re.search(r"[^\W_]", span.text)
            return None if bare else text_fill(leaf, (span,))
        code = self._code(leaf, span)
        return None if code is None else text_fill(leaf, (code,))

    def _code(self, leaf: Leaf, span: Span) -> Span | None:
        """The number of something at the beginning of a text: a word with digits, with its groups and its country."""
        match = _CODE.search(span.text)
        if match is None:
            return None
        start, end = match.span()
        before = span.text[:start].split()
        if any(word.isalnum() and not (len(word) <= _COUNTRY_CODE and word.isupper()) for word in before):
            return None  # words, and then digits: no number of something
        if before and all(word.isalnum() for word in before):
            start = 0  # GB 123 4567
        groups = _GROUPS.match(span.text, end)
        if groups and (leaf.concepts[:1] == ("vat_id",) or not self.board.findings.at(span.cell)):
            end = groups.end()
        return Span(span.cell, span.start + start, span.start + end).stripped()

    def _name(self, leaf: Leaf, concept: str) -> Fill | None:
        owner = leaf.owner if concept == "person" and leaf.owner else concept
        party = {"company": self.seller, "customer": self.customer, "ship_to": self.consignee}
        if owner in party:
            found = party[owner]
            return text_fill(leaf, found.name) if found is not None else None
        labelled = self._labelled(leaf)
        return labelled if labelled is not None else self._person(leaf)

    def _person(self, leaf: Leaf) -> Fill | None:
        """The most prominent line that may be a person's name, on a paper that has no amounts: a card."""
        if any(one.look == "money" for one in self.board.findings):
            return None
        cells = [
            cell
            for cell in self.board.cells
            if is_person(cell.text)
            and not self.board.findings.at(cell)
            and not any(one.leads and one.colon for one in self.board.labels.at(cell))
        ]
        return text_fill(leaf, (max(cells, key=lambda cell: cell.height).span,)) if cells else None

    def _address(self, leaf: Leaf, concept: str) -> Fill | None:
        party = {"customer": self.customer, "ship_to": self.consignee}.get(leaf.owner)
        if leaf.owner in ("customer", "ship_to"):
            lines = party.address if party is not None else ()
        else:
            lines = self.seller.address if self.seller is not None else ()
            lines = lines or address_at(self.board, self._foreign)
        if concept == "address":
            return text_fill(leaf, lines)
        labelled = self._labelled(leaf)
        return labelled if labelled is not None else _part_of_address(leaf, concept, lines)

    # --- choices -----------------------------------------------------------------------------------------------------

    def _currency(self, leaf: Leaf) -> Fill | None:
        span = self.board.findings.currency
        return None if span is None else currency_fill(leaf, span)

    def _choice(self, leaf: Leaf) -> Fill | None:
        if leaf.concepts[:1] == ("currency",) and (fill := self._currency(leaf)) is not None:
            return fill
        names = [f"own:{phrase}" for phrase in leaf.phrases] + list(leaf.concepts)
        for name in names:
            for label, _ in self.board.labels.named(name):
                for text in self.board.texts_beside(label):
                    if (fill := choice_fill(leaf, text.span)) is not None:
                        return fill
        if leaf.concepts[:1] == ("payment_method",):
            return self._payment(leaf)
        found = {fill.value: fill for cell in self.board.cells if (fill := choice_fill(leaf, cell.span)) is not None}
        longer = {value: fill for value, fill in found.items() if len(str(value)) > 3}
        return next(iter(longer.values())) if len(longer) == 1 else None

    def _payment(self, leaf: Leaf) -> Fill | None:
        """How it was paid: what is named beside the amount that was handed over."""
        found: dict[str, Fill] = {}
        for label, _ in self.board.labels.named("cash"):
            amounts = [one for one in self.board.beside(label, ("money",)) if one.finding.number]
            fill = choice_fill(leaf, label.span)
            if fill is not None and amounts:
                found.setdefault(str(fill.value), fill)
        return next(iter(found.values())) if len(found) == 1 else None

    def _boolean(self, leaf: Leaf) -> Fill | None:
        """What a mark or a word says beside the field's own label; None where nothing is stated."""
        for name in (f"own:{phrase}" for phrase in leaf.phrases):
            for label, _ in self.board.labels.named(name):
                if (said := self._said(label)) is not None:
                    value, spans = said
                    return Fill(value, spans, exact=False) if value is not None and allowed(leaf.form, value) else None
        return None

    def _said(self, label: Label) -> tuple[bool | None, tuple[Span, ...]] | None:
        """What is said of a label to its right or to its left, and where; None where nothing is."""
        cell = label.span.cell
        row = self.board.row(cell)
        rest = [Span(cell, label.span.end, len(cell.text)), *(one.span for one in self._up_to_next(label))]
        before = [Span(cell, 0, label.span.start)] if cell.text[: label.span.start].strip() else []
        before = before or [one.span for one in row if one.box.x2 <= cell.box.x1 + 1][-1:]
        behind = said_behind(" ".join(span.text for span in rest))
        ahead = said_before(before[0].text) if before else None
        trailing = label.colon or marks_trail(" ".join(one.text for one in row))
        if ahead is not None and (behind is None or not trailing):
            span = before[0]
            return ahead.value, (Span(span.cell, span.start + ahead.start, span.start + ahead.end),)
        if behind is None and not any(char.isalnum() for span in rest for char in span.text):  # nothing beside it
            rest = [one.span for one in self.board.texts_beside(label) if one.span.cell.row > cell.row]
            behind = said_behind(" ".join(span.text for span in rest))
        return None if behind is None else (behind.value, _pieces(rest, behind.start, behind.end))

    def _up_to_next(self, label: Label) -> Iterator[Cell]:
        """The cells to the right of a label, up to the one that the schema or a colon names something else in."""
        for cell in self.board.sheet(label.span.cell).right_of(label.span.cell):
            if any(
                one.colon or any(name.startswith("own:") for name, _ in one.names) for one in self.board.labels.at(cell)
            ):
                return
            yield cell


def _pieces(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """The parts of spans, whose texts were joined by blanks, from one place of that text to another."""
    found, at = [], 0
    for span in spans:
        first, last = max(start - at, 0), min(end - at, len(span.text))
        if first < last:
            found.append(Span(span.cell, span.start + first, span.start + last))
        at += len(span.text) + 1
    return tuple(found)


def _sum_of_taxes(found: list[Choice]) -> list[Choice]:
    """The tax of a bill among its candidates; of several rates the printed sum, and none where none is printed."""
    rates = [one for one in found if one.score > found[0].score - 0.02]
    numbers = {one.finding.number for one in rates if one.finding.number is not None}
    if len(numbers) < 2:
        return found
    whole = sum(numbers)
    return [one for one in found if one.finding.number in (whole, whole / 2)]


def _chiefs(wanted: Iterable[Leaf]) -> dict[tuple[str, str], Leaf]:
    """Of several fields that mean one concept the one that is called so, else the first: it gets the general labels."""
    chiefs: dict[tuple[str, str], Leaf] = {}
    for leaf in wanted:
        if leaf.concepts:
            key = (leaf.concepts[0], leaf.owner)
            if key not in chiefs or " ".join(leaf.words) == leaf.concepts[0].replace("_", " "):
                chiefs[key] = leaf
    return chiefs


def _part_of_address(leaf: Leaf, concept: str, lines: Iterable[Span]) -> Fill | None:
    """Street, postal code, city or country of an address in lines."""
    lines = list(lines)
    for index, span in reversed(list(enumerate(lines))):
        match = _POSTAL.search(span.text)
        if match is None or (
            concept == "street"
            and index == 0
            and len(lines) > 1
            and match.lastgroup == "code"
            and len(match.group()) < 5
        ):
            continue
        code = match.span("code") if match["code"] else (match.end() - len(match.group().split()[-1]), match.end())

        def cut(start: int, end: int, span: Span = span) -> Span:
            return Span(span.cell, span.start + start, span.start + end).stripped(" ,.;:-")

        after, before = cut(match.end(), len(span.text)), cut(0, match.start())
        if concept == "postal_code":
            return text_fill(leaf, (cut(*code),))
        if concept == "city":
            city = after if re.search(r"[^\W\d_]{2}", after.text) else before
            parts = re.split(r",\s*", city.text)
            piece = parts[0] if city is after else parts[-1]
            at = city.text.index(piece)
            return (
                text_fill(leaf, (Span(city.cell, city.start + at, city.start + at + len(piece)).stripped(),))
                if piece
                else None
            )
        if concept == "country":
            last = lines[-1]
            return text_fill(leaf, (last,)) if last is not span and not any(map(str.isdigit, last.text)) else None
        if index:
            return text_fill(leaf, lines[:index])
        street = before.text.rpartition(",")[0] or (before.text if re.search(r"[^\W\d_]{2}", after.text) else "")
        return (
            text_fill(leaf, (Span(before.cell, before.start, before.start + len(street)).stripped(),))
            if street
            else None
        )
    return text_fill(leaf, lines[:1]) if concept == "street" and lines else None
