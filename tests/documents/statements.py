"""Bank statements of many pages, whose rows may be cut by a page break: ``statement``."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from tests.documents.canvas import Anchor, Canvas, Fact, Piece
from tests.documents.fonts import PROPORTIONAL, Face
from tests.documents.locales import Locale, Money, choose_locale
from tests.documents.paper import Paper, finish
from tests.documents.pdf import text_pdf
from tests.documents.truth import Sample
from tests.documents.vocabulary import digits, iban, party, person

_WIDTH: Final = 595
_HEIGHT: Final = 842
"""A4 in points."""
_LINES: Final = 48
"""Most lines of rows on a page."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a page shows of a transaction.

    Attributes:
        row: Which transaction, counted from 0.
        begins: Whether its first line stands on the page.
        ends: Whether its last line does.
    """

    row: int
    begins: bool
    ends: bool

    @property
    def cut(self) -> bool:
        """Whether a page break goes through it."""
        return not (self.begins and self.ends)


@dataclass(frozen=True, slots=True)
class _Row:
    """A transaction: its description has one line or two."""

    day: date
    lines: tuple[str, ...]
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; its pages are drawn when they are asked for, and may be asked for again.

    Attributes:
        value: The whole document's value, one of ``extraction.schemas.documents.BankStatement``.
        parts: By page, what it shows of which transaction, in order.
        seed: What it was made from.
        dpi: Pixels per inch of its pages.
        paper: How its pictures are taken.
        amounts_below: Whether the amount and the balance stand on a transaction's last line, so that a cut one has
            none on its first page.
    """

    value: dict[str, Any]
    parts: tuple[tuple[Part, ...], ...]
    seed: int
    dpi: int
    paper: Paper
    amounts_below: bool
    _look: _Look
    _rows: tuple[_Row, ...]

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[Sample]:
        """The pages, one at a time; the value of each is what that page alone shows, with None for what it does not.

        A transaction of which it has the first line only has no second line in its description; one of which it has
        the last line only has no date.
        """
        for number in range(len(self)):
            canvas, value = self._drawn(number)
            rng = random.Random(f"statement {self.seed} page {number}")
            name = f"statement {self.seed}, page {number + 1}"
            yield finish(canvas, value, rng, name=name, language=self._look.locale.tag, paper=self.paper)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The transactions that a page break goes through, counted from 0."""
        return tuple(part.row for page in self.parts for part in page if part.begins and not part.ends)

    def pdf(self) -> bytes:
        """The same pages as a PDF with a text layer."""
        return text_pdf((self._drawn(number)[0] for number in range(len(self))), dpi=self.dpi)

    def _drawn(self, number: int) -> tuple[Canvas, dict[str, Any]]:
        """A page, counted from 0, and its value."""
        unit = self.dpi / 72
        canvas = Canvas((round(_WIDTH * unit), round(_HEIGHT * unit)))
        page = _PageOf(self, number, canvas, unit)
        page.draw()
        return canvas, page.value


@dataclass(frozen=True, slots=True)
class _Look:
    """What all pages share."""

    locale: Locale
    money: Money
    face: Face
    pattern: str
    two_columns: bool
    carried: bool
    heads: tuple[str, ...]


def statement(rows: int, pages: int, seed: int = 0, *, dpi: int = 100, paper: Paper = "clean") -> Statement:
    """A bank statement with so many transactions on so many pages; the same one for the same arguments.

    Some transactions are alike to the last character but for their balance, as real ones are.

    Args:
        rows: How many transactions; they are spread evenly.
        pages: How many pages.
        seed: Decides everything that is not given.
        dpi: Pixels per inch.
        paper: How the pictures are taken.

    Raises:
        ValueError: There are fewer rows than pages, or more than fit.
    """
    if not 1 <= pages <= rows <= pages * _LINES // 2:
        raise ValueError(f"{pages} pages hold {pages} to {pages * _LINES // 2} rows, not {rows}")
    rng = random.Random(f"statement {seed}")
    where = choose_locale(rng, rng.choice(["en-US", "en-GB", "en-MY"]))
    look = _Look(
        where,
        where.money[0],
        rng.choice(PROPORTIONAL[:3]),
        rng.choice(where.dates[:3]),
        rng.random() < 0.5,
        rng.random() < 0.5,
        (
            rng.choice(["Date", "Booked", "DATE"]),
            rng.choice(["Description", "Details", "Transaction"]),
            rng.choice(["Paid out", "Debit", "Withdrawals"]),
            rng.choice(["Paid in", "Credit", "Deposits"]),
            rng.choice(["Amount", "AMOUNT"]),
            rng.choice(["Balance", "BALANCE"]),
        ),
    )
    opening = Decimal(rng.randint(20_000, 900_000)) / 100
    made = tuple(_rows(rng, look, rows, opening))
    ends = [rows * (page + 1) // pages for page in range(pages)]
    cut = {end - 1 for end in ends[:-1] if len(made[end - 1].lines) == 2 and rng.random() < 0.7}
    if not cut and pages > 1:
        cut = {ends[0] - 1}
        first = made[ends[0] - 1]
        lines = (first.lines[0], f"REF {digits(rng, '######')}") if len(first.lines) == 1 else first.lines
        made = (*made[: ends[0] - 1], _Row(first.day, lines, first.amount, first.balance), *made[ends[0] :])
    parts = []
    for begin, end in zip([0, *ends], ends, strict=False):
        shown = [Part(row, True, row not in cut) for row in range(begin, end)]
        if begin - 1 in cut:
            shown.insert(0, Part(begin - 1, False, True))
        parts.append(tuple(shown))
    value = _value(rng, look, made, opening)
    return Statement(value, tuple(parts), seed, dpi, paper, rng.random() < 0.5, look, made)


_KINDS: Final = (
    ("CARD PAYMENT {shop}", ""),
    ("CARD PAYMENT", "{shop}"),
    ("STANDING ORDER {person}", ""),
    ("DIRECT DEBIT {shop}", "MANDATE {ref}"),
    ("CASH WITHDRAWAL ATM {number}", ""),
    ("TRANSFER TO {person}", "REF {ref}"),
    ("ONLINE PURCHASE {shop}", "ORDER {ref}"),
)
_INCOME: Final = (("SALARY {shop}", ""), ("TRANSFER FROM {person}", "REF {ref}"), ("REFUND {shop}", ""))


def _rows(rng: random.Random, look: _Look, count: int, balance: Decimal) -> Iterator[_Row]:
    """Transactions in order of time, each with the balance after it."""
    day = date(2019, 1, 2) + timedelta(days=rng.randrange(1500))
    shops = [party(rng, look.locale).name.upper()[:24].strip() for _ in range(12)]
    people = [person(rng).upper() for _ in range(6)]
    before: _Row | None = None
    for _ in range(count):
        if rng.random() < 0.4:
            day += timedelta(days=rng.choice([1, 1, 1, 2, 3]))
        earns = balance < 500 or rng.random() < 0.25
        first, second = rng.choice(_INCOME if earns else _KINDS)
        words = {
            "shop": rng.choice(shops),
            "person": rng.choice(people),
            "ref": digits(rng, "######"),
            "number": digits(rng, "####"),
        }
        lines = tuple(line.format(**words) for line in (first, second) if line)
        cents = rng.choice([999, 1299, 2500, 5000, 10000]) if rng.random() < 0.3 else rng.randint(120, 45_000)
        amount = Decimal(cents + 60_000 if earns else -cents) / 100
        row = _Row(day, lines, amount, balance + amount)
        if before is not None and rng.random() < 0.02 and balance + before.amount > 0:  # the same once more
            row = _Row(before.day, before.lines, before.amount, balance + before.amount)
            day = before.day
        balance, before = row.balance, row
        yield row


def _value(rng: random.Random, look: _Look, rows: Sequence[_Row], opening: Decimal) -> dict[str, Any]:
    """The whole document's value."""
    money_in = sum((row.amount for row in rows if row.amount > 0), Decimal(0))
    money_out = -sum((row.amount for row in rows if row.amount < 0), Decimal(0))
    return {
        "bank": rng.choice(["First Meridian Bank", "Northgate Savings Bank", "Harbour & Vale Bank"]),
        "account_holder": person(rng),
        "account_number": digits(rng, rng.choice(["##-##-## ########", "#### #### ####", "##########"])),
        "iban": iban(rng, look.locale) if look.locale.tag == "en-GB" else None,
        "currency": None,
        "period_start": rows[0].day.isoformat(),
        "period_end": rows[-1].day.isoformat(),
        "opening_balance": str(opening),
        "closing_balance": str(rows[-1].balance),
        "total_credits": str(money_in),
        "total_debits": str(money_out),
        "transaction_count": len(rows),
        "transactions": [_transaction(row, Part(number, True, True), below=False) for number, row in enumerate(rows)],
    }


def _transaction(row: _Row, part: Part, *, below: bool) -> dict[str, Any]:
    """What a page shows of a transaction; ``below`` says that amounts stand on its last line."""
    lines = row.lines if not part.cut else row.lines[:1] if part.begins else row.lines[1:]
    priced = part.ends if below else part.begins
    return {
        "date": row.day.isoformat() if part.begins else None,
        "description": " ".join(lines),
        "amount": str(row.amount) if priced else None,
        "balance": str(row.balance) if priced else None,
    }


class _PageOf:
    """Draws one page of a statement, and gathers its value."""

    def __init__(self, whole: Statement, number: int, canvas: Canvas, unit: float) -> None:
        self.whole, self.number, self.canvas, self.unit = whole, number, canvas, unit
        self.look, self.rows = whole._look, whole._rows
        self.value: dict[str, Any] = dict.fromkeys(whole.value)
        self.value["transactions"] = []
        self.small = self.look.face.at(round(8 * unit))
        self.bold = self.look.face.at(round(8 * unit), bold=True)

    def put(
        self, pieces: Piece | Sequence[Piece], x: float, y: float, *, anchor: Anchor = "left", bold: bool = False
    ) -> None:
        """Prints one line at a place in points."""
        self.canvas.put(pieces, (x * self.unit, y * self.unit), self.bold if bold else self.small, anchor=anchor)

    def tell(self, key: str, kind: str, text: str | None = None) -> Fact:
        """A leaf of the document's value, which this page shows."""
        self.value[key] = self.whole.value[key]
        shown = str(self.value[key]) if text is None else text
        return Fact(shown, kind, self.value[key], f"/{key}")  # type: ignore[arg-type]

    def amount(self, key: str) -> Fact:
        """An amount of the document's value."""
        return self.tell(key, "amount", self.look.money.number(Decimal(self.whole.value[key])))

    def draw(self) -> None:
        """The head, the rows, the foot."""
        last = self.number == len(self.whole) - 1
        y = self._head()
        self.canvas.new_block()
        lines = sum(len(self.rows[part.row].lines) if not part.cut else 1 for part in self.whole.parts[self.number])
        room = _HEIGHT - 60 - (70 if last else 20) - y
        y = self._table(y, min(17.0, room / max(lines + 2, 1)))
        self.canvas.new_block()
        if last:
            y += 14
            for label, fact in (
                ("Total paid in", self.amount("total_credits")),
                ("Total paid out", self.amount("total_debits")),
                ("Closing balance", self.amount("closing_balance")),
                ("Number of transactions", self.tell("transaction_count", "number")),
            ):
                self.put(label, 350, y, bold=label == "Closing balance")
                self.put(fact, 545, y, anchor="right")
                y += 12
        self.canvas.new_block()
        self.put(f"Page {self.number + 1} of {len(self.whole)}", _WIDTH / 2, _HEIGHT - 30, anchor="centre")

    def _head(self) -> float:
        """Whose account it is; more on the first page. Gives where it ends."""
        self.put(self.tell("bank", "text"), 50, 50, bold=True)
        self.put(["Account number: ", self.tell("account_number", "identifier")], 545, 50, anchor="right")
        if self.number:
            return 84
        self.canvas.new_block()
        self.put("STATEMENT OF ACCOUNT", 50, 76, bold=True)
        self.put(["Account holder: ", self.tell("account_holder", "text")], 50, 92)
        if self.whole.value["iban"] is not None:
            self.put(["IBAN: ", self.tell("iban", "identifier")], 50, 106)
        self.canvas.new_block()
        days = [
            self.tell(key, "date", self._day(date.fromisoformat(self.whole.value[key])))
            for key in ("period_start", "period_end")
        ]
        self.put(["Period: ", days[0], " to ", days[1]], 330, 92)
        self.put(["Opening balance: ", self.amount("opening_balance")], 330, 106)
        return 138

    def _day(self, day: date) -> str:
        return self.look.locale.date(day, self.look.pattern)

    def _table(self, y: float, pitch: float) -> float:
        """The heads of the columns and the rows; gives where they end."""
        look = self.look
        first, second, out, income, single, balance = look.heads
        self.put(first, 50, y, bold=True)
        self.put(second, 125, y, bold=True)
        if look.two_columns:
            self.put(out, 390, y, anchor="right", bold=True)
            self.put(income, 467, y, anchor="right", bold=True)
        else:
            self.put(single, 467, y, anchor="right", bold=True)
        self.put(balance, 545, y, anchor="right", bold=True)
        rule = round((y + 4) * self.unit)
        self.canvas.draw.line((50 * self.unit, rule, 545 * self.unit, rule), fill=(60, 60, 60))
        shown = self.whole.parts[self.number]
        if look.carried and self.number:
            y += pitch
            begun = self.rows[shown[0].row]
            before = begun.balance if shown[0].cut and not self.whole.amounts_below else begun.balance - begun.amount
            self._carried("Balance brought forward", before, y)
        for place, part in enumerate(shown):
            y = self._row(part, place, y, pitch)
        if look.carried and self.number < len(self.whole) - 1:
            y += pitch
            ended = self.rows[shown[-1].row]
            after = ended.balance - ended.amount if shown[-1].cut and self.whole.amounts_below else ended.balance
            self._carried("Balance carried forward", after, y)
        return y + pitch

    def _carried(self, label: str, balance: Decimal, y: float) -> None:
        self.put(label, 125, y)
        self.put(Fact(self.look.money.number(balance), "amount", str(balance)), 545, y, anchor="right")

    def _row(self, part: Part, place: int, y: float, pitch: float) -> float:
        """Prints what this page has of a transaction; gives its last base line."""
        row, whole, look = self.rows[part.row], self.whole, self.look
        told = _transaction(row, part, below=whole.amounts_below)
        self.value["transactions"].append(told)
        at = f"/transactions/{place}"
        lines = row.lines if not part.cut else row.lines[:1] if part.begins else row.lines[1:]
        priced = len(lines) - 1 if whole.amounts_below else 0
        described = []
        for number, line in enumerate(lines):
            y += 0.85 * pitch if number else 1.08 * pitch
            if number == 0 and part.begins:
                self.put(Fact(self._day(row.day), "date", told["date"], f"{at}/date"), 50, y)
            described.append(self.canvas.put(line, (125 * self.unit, y * self.unit), self.small))
            if number == priced and told["amount"] is not None:
                money_out = row.amount < 0
                text = look.money.number(abs(row.amount) if look.two_columns else row.amount)
                edge = 390 if look.two_columns and money_out else 467
                self.put(Fact(text, "amount", told["amount"], f"{at}/amount"), edge, y, anchor="right")
                balance = Fact(look.money.number(row.balance), "amount", told["balance"], f"{at}/balance")
                self.put(balance, 545, y, anchor="right")
        fact = Fact(told["description"], "text", told["description"], f"{at}/description")
        self.canvas.remember(fact, described)
        return y
