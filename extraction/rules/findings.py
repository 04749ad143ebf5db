"""Values that stand on pages, by what they look like, and what the pages say about how to read the unclear ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal, TypeAlias

from extraction.grounding.numbers import SIGNS, Money, read_currency
from extraction.grounding.values import Found, find_values
from extraction.rules.sheet import Cell, Sheet, Span
from extraction.schemas.iban import is_iban

Look: TypeAlias = Literal["money", "number", "percent", "date", "time", "phone", "email", "url", "iban"]
"""What a value looks like: "money" names its currency or has two decimals."""

_EMAIL: Final = re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_URL: Final = re.compile(
    r"(?<![\w@.])(?:https?://\S+|www\.[^\s,;]+|(?:[\w-]+\.)+(?:com|org|net|de|fr|it|es|nl|co\.uk|uk|ch|at|be|pt|eu|io|info|biz|"
    r"store|shop|my|com\.my|sg|us|ca|au|nz|ie|pl|se|dk|no|fi|example|test)(?:/\S*)?)(?![\w@])",
    re.IGNORECASE,
)
_IBAN: Final = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?:\s?[A-Z0-9]{2,4}){3,8}(?![A-Z0-9])")
_NUMERIC_DATE: Final = re.compile(r"(?<!\d)(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(?:\d{4}|\d{2})(?!\d)")
_US_ADDRESS: Final = re.compile(
    r"(?:(?<=, )(?:A[KLRZ]|C[AOT]|DC|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]) \d"
    r"|\b(?:(?:CT|MA|ME|NH|NJ|PR|RI|VT)\.? ?0|(?:NY|PA)\.? ?1|(?:DC|MD|NC|SC|VA|WV)\.? ?2|(?:AL|FL|GA|MS|TN)\.? ?3|(?:KY|MI|OH)\.? ?4"
    r"|(?:IA|MN|MT|ND|SD|WI)\.? ?5|(?:IL|KS|MO|NE)\.? ?6|(?:AR|LA|OK|TX)\.? ?7|(?:AZ|CO|NM|NV|UT|WY)\.? ?8|(?:AK|CA|HI|OR|WA)\.? ?9)"
    r")\d{4}(?:-\d{4})?\b"
)
"""A state with a ZIP code: any behind "Springfield, ", else one that the state has (USPS Publication 65: the first digit goes
by groups of states), as many things are numbered "NO 12345", and "DE 80331" is Munich."""

_US_WORDS: Final = re.compile(
    r"\b(?:(?<!harmonized )(?<!provincial )sales tax|gratuity|zip code|social security|state tax)\b", re.IGNORECASE
)
_NOT_US: Final = re.compile(
    r"[€£₹]|\b(?:EUR|GBP|CAD|AUD|NZD|SGD|HKD|RM|CHF|GST|HST|PST|QST|ABN|UEN)\b|\b(?:Canada|Australia|New Zealand|Singapore)\b"
)
_NOT_OF_LETTERS: Final = tuple(sign for sign in SIGNS if not sign.strip(".").isalpha() and sign != "$")
_SYMBOL: Final = re.compile(
    rf"{'|'.join(map(re.escape, _NOT_OF_LETTERS))}|(?<![^\W\d_])(?:RM|Rp|zł|Kč|Ft|SFr)(?![^\W\d_])"
)
_CODE: Final = re.compile(r"(?<![^\W\d_])[A-Z]{3}(?![^\W\d_])")


@dataclass(frozen=True, slots=True)
class Finding:
    """A value on a page.

    Attributes:
        look: What it looks like.
        span: Where it stands.
        readings: What it may mean, the likeliest first: numbers, dates, times; of the others its text.
        currencies: The codes that its currency sign may stand for.
        guessed: Whether nothing on the pages tells which of the readings is meant.
    """

    look: Look
    span: Span
    readings: tuple[Decimal | date | time | str, ...]
    currencies: tuple[str, ...] = ()
    guessed: bool = False

    @property
    def number(self) -> Decimal | None:
        """The number, where it is one."""
        first = self.readings[0]
        return first if isinstance(first, Decimal) else None


class Findings:
    """All values of some pages."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self._sheets = sheets
        raw = {id(cell): tuple(_found(cell)) for sheet in sheets for cell in sheet.cells}
        comma = _decimal_comma([one for found in raw.values() for one in found])
        self.of_cell = {key: tuple(_read_with(one, comma=comma) for one in found) for key, found in raw.items()}
        read = _as_it_is if self.day_first else _month_first
        self.of_cell = {
            key: tuple(replace(new, guessed=new.guessed or self._is_guess(new)) for new in map(read, found))
            for key, found in self.of_cell.items()
        }

    def __iter__(self) -> Iterator[Finding]:
        """All of them, in reading order."""
        return (one for found in self.of_cell.values() for one in found)

    def at(self, cell: Cell) -> tuple[Finding, ...]:
        """Those of one cell, from left to right."""
        return self.of_cell[id(cell)]

    @cached_property
    def text(self) -> str:
        """The pages' text, row by row."""
        return "\n".join("  ".join(cell.text for cell in row) for sheet in self._sheets for row in sheet.rows)

    @cached_property
    def day_first(self) -> bool:
        """Whether 3/4/2024 is the third of April.

        A date of the pages that can be read in one way only decides (13/4 or 4/13). Where there is none, what is plainly
        from the United States has the month first: a state with a ZIP code, "sales tax". Everything else has the day first.
        """
        votes = self._orders
        return votes[True] >= votes[False] if votes else not self._month_is_first

    @cached_property
    def _orders(self) -> Counter[bool]:
        """How many dates of the pages have the day first, and how many the month, of those that can be read in one way only."""
        votes: Counter[bool] = Counter()
        for match in _NUMERIC_DATE.finditer(self.text):
            first, second = int(match[1]), int(match[3])
            if match[2] != "." and (first > 12) != (second > 12) and max(first, second) <= 31:
                votes[first > 12] += 1
        return votes

    @cached_property
    def _month_is_first(self) -> bool:
        """Whether the pages are from where the month stands before the day."""
        return self._american or (re.search(r"\bUSD\b|US\$", self.text) is not None and not self._elsewhere)

    def _is_guess(self, one: Finding) -> bool:
        """Whether nothing tells the day of a date from its month."""
        match = _NUMERIC_DATE.fullmatch(one.span.text)
        if one.look != "date" or match is None or match[2] == "." or len(one.readings) < 2:
            return False
        return not self._orders and not self._month_is_first

    @cached_property
    def _american(self) -> bool:
        """Whether the pages are plainly from the United States."""
        if _US_ADDRESS.search(self.text):
            return _NOT_US.search(self.text) is None
        return _US_WORDS.search(self.text) is not None and not self._elsewhere

    @cached_property
    def _elsewhere(self) -> bool:
        """Whether the pages name what the United States do not have."""
        return _NOT_US.search(self.text) is not None or re.search(r"\bVAT\b", self.text) is not None

    @cached_property
    def currency(self) -> Span | None:
        """Where the pages' currency is printed, as a sign or a code that means one currency; None where it is not told.

        A bare ``$`` tells only where the pages are plainly from the United States.
        """
        votes: Counter[str] = Counter()
        first: dict[str, Span] = {}
        dollars: Span | None = None
        for sheet in self._sheets:
            for cell in sheet.cells:
                for match in (*_SYMBOL.finditer(cell.text), *_CODE.finditer(cell.text)):
                    codes = read_currency(match.group())
                    if match.group().isalpha() and not self._of_money(cell, match.span()):
                        continue
                    code = codes[0] if len(codes) == 1 else None  # kr, Rs, a dollar: of several countries
                    if code is not None:
                        votes[code] += 2 if self._beside_number(cell, match.span()) else 1
                        first.setdefault(code, Span(cell, *match.span()))
                if dollars is None and (at := cell.text.find("$")) >= 0:
                    dollars = Span(cell, at, at + 1)
        if votes:
            return first[votes.most_common(1)[0][0]]
        return dollars if self._american else None

    def _of_money(self, cell: Cell, span: tuple[int, int]) -> bool:
        """Whether letters are a currency here: beside a number, or alone in their cell or behind a colon; "SDN BHD" is none."""
        rest = cell.text[: span[0]] + cell.text[span[1] :]
        return (
            self._beside_number(cell, span)
            or not re.search(r"\w", rest)
            or bool(re.search(r"(?:[:(=/]|\b(?:in|total|summe|gesamt))\s*$", cell.text[: span[0]], re.IGNORECASE))
        )

    def _beside_number(self, cell: Cell, span: tuple[int, int]) -> bool:
        return bool(re.search(r"\d\s?$", cell.text[: span[0]]) or re.match(r"\s?\d", cell.text[span[1] :]))


def _found(cell: Cell) -> Iterator[Finding]:
    text = cell.text
    taken: list[tuple[int, int]] = []
    for look, pattern in (("email", _EMAIL), ("iban", _IBAN), ("url", _URL)):
        for match in pattern.finditer(text):
            whole = match.group()
            if look == "iban" and not is_iban(whole):
                continue
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            yield Finding(look, Span(cell, *match.span()), (re.sub(r"\s", "", whole),))  # type: ignore[arg-type]
    values = [one for one in find_values(text) if not one.fuzzy]
    dates = [one for one in values if one.kind in ("date", "time")]
    for one in values:
        if any(one.start < end and start < one.end for start, end in taken):
            continue
        if one.kind not in ("date", "time") and any(one.start < other.end and other.start < one.end for other in dates):
            continue
        if (finding := _finding(cell, one)) is not None:
            yield finding


def _finding(cell: Cell, one: Found) -> Finding | None:
    span = Span(cell, one.start, one.end)
    if one.kind == "money":
        moneys = [reading for reading in one.readings if isinstance(reading, Money)]
        return Finding("money", span, tuple(money.amount for money in moneys), moneys[0].currencies)
    if one.kind == "number":
        look: Look = "money" if re.search(r"\d[.,]\d{2}\)?-?$", one.text) else "number"
        return Finding(look, span, tuple(one for one in one.readings if isinstance(one, Decimal)))
    if one.kind == "percent":
        return Finding("percent", span, tuple(one for one in one.readings if isinstance(one, Decimal))[:1])
    if one.kind == "date":
        return Finding("date", span, tuple(one for one in one.readings if isinstance(one, date)))
    if one.kind == "time":
        return Finding("time", span, tuple(one for one in one.readings if isinstance(one, time)))
    return Finding("phone", span, (one.text,)) if one.kind == "phone" else None


def _decimal_comma(found: Sequence[Finding]) -> bool | None:
    """Whether a comma stands before decimals on these pages; None where nothing tells."""
    votes: Counter[bool] = Counter()
    for one in found:
        if one.look == "money" and (match := re.search(r"([.,])\d{2}\D*$", one.span.text)):
            votes[match[1] == ","] += 1
    return votes.most_common(1)[0][0] if votes else None


def _read_with(one: Finding, *, comma: bool | None) -> Finding:
    """A number with its readings in the order that the pages' decimal mark says: 1.234 is a thousand where that is a comma."""
    if len(one.readings) < 2 or one.look not in ("money", "number"):
        return one
    if comma is None:
        return replace(one, guessed=True)
    mark = "," if comma else "."
    fraction = mark in one.span.text

    def fits(reading: object) -> bool:
        return isinstance(reading, Decimal) and (reading != reading.to_integral_value()) == fraction

    return replace(one, readings=tuple(sorted(one.readings, key=lambda reading: not fits(reading))))


def _as_it_is(one: Finding) -> Finding:
    return one


def _month_first(one: Finding) -> Finding:
    """A date of the form 3/4/2024 with the fourth of March as its likeliest reading."""
    match = _NUMERIC_DATE.fullmatch(one.span.text)
    if one.look != "date" or match is None:
        return one
    return replace(one, readings=tuple(sorted(one.readings, key=lambda day: getattr(day, "month", 0) != int(match[1]))))
