"""Values in printed text, read and compared by what they mean: numbers, money, dates, times, telephone numbers.

``find_values`` says what stands in a text; ``same_value`` whether a text says a value that somebody else has read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Literal, TypeAlias

from rapidfuzz import fuzz

from extraction.grounding.dates import MonthDay, find_dates, find_month_days, find_times
from extraction.grounding.letters import bare, plain
from extraction.grounding.numbers import FoundNumber, Money, find_numbers, read_currency
from extraction.grounding.phones import find_phones, same_phone
from extraction.grounding.sources import Match

Kind: TypeAlias = Literal["number", "percent", "money", "date", "day", "time", "phone"]
Reading: TypeAlias = Decimal | Money | date | MonthDay | time | str
Leaf: TypeAlias = str | int | float | Decimal | date | datetime | time
"""What a value's leaf may be: JSON's, and what Pydantic makes of it."""

FUZZY = 0.8
"""From which likeness on two texts are said to be alike."""

_SHORTEST = 4
"""Texts of fewer characters are alike only where they are the same: one letter is most of them."""

_PARTIAL = 0.9
"""The likeness of what agrees as far as it goes: a date without its year, an amount with the other sign."""

_TIMESTAMP = re.compile(
    r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)(?:Z|[+-].*)?\s*"
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something in a text that has a value.

    Attributes:
        kind: What it is. ``day`` is a date without its year.
        start: Index of its first character in the text.
        end: Index after its last.
        text: The characters between.
        readings: All that it may mean, the likeliest first, at least one: Decimal for ``number``; for ``percent`` as
            well, the number as it stands and its hundredth; ``Money``, ``date``, ``MonthDay`` and ``time``; for
            ``phone`` its digits, with ``+`` in front where a country is named.
        fuzzy: Whether misread characters had to be mended.
    """

    kind: Kind
    start: int
    end: int
    text: str
    readings: tuple[Reading, ...]
    fuzzy: bool = False


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a text agrees with a value: the kind of match, and how alike they are, 0 to 1."""

    match: Match
    score: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value may mean when it is looked for; made by ``meaning``.

    Attributes:
        text: As it is written, normalised by ``plain``.
        numbers: The numbers that it may be.
        currencies: What currency it names, with an amount or alone.
        dates: The dates that it may be.
        time: Its time of day; with ``dates`` where it is a moment.
        to_minute: Whether it says no seconds, so that any will do.
        phone: Its digits, where it may be a telephone number.
    """

    text: str
    numbers: frozenset[Decimal] = field(default=frozenset())
    currencies: tuple[str, ...] = ()
    dates: tuple[date, ...] = ()
    time: time | None = None
    to_minute: bool = False
    phone: str | None = None

    @property
    def by_value(self) -> bool:
        """Whether it is compared by value, so that text that is only like it says nothing."""
        return bool(self.numbers or self.dates or self.time or self.phone)


def find_values(text: str) -> tuple[Found, ...]:
    """Everything in a text that has a value, in the order in which it begins.

    They may lie over each other where a text can be read as several kinds: ``20240312`` is a date and a number. Of
    parts of a date, a time or an amount nothing is said for itself.
    """
    found = [Found("date", one.start, one.end, text[one.start : one.end], one.dates) for one in find_dates(text)]
    found += [Found("time", one.start, one.end, text[one.start : one.end], (one.time,)) for one in find_times(text)]
    found += [Found("day", start, end, text[start:end], days) for start, end, days in find_month_days(text)]
    moments = list(found)
    found += [
        Found("phone", start, end, text[start:end], (digits,))
        for start, end, digits in find_phones(text)
        if not any(one.start < end and start < one.end for one in moments)
    ]
    for number in (*find_numbers(text), *find_numbers(text, loose=True)):
        if _is_part(number, found):
            continue
        kind: Kind = "money" if number.currencies else "percent" if number.percent else "number"
        readings: tuple[Reading, ...] = number.numbers
        if kind == "money":
            readings = tuple(Money(amount, number.currencies) for amount in number.numbers)
        elif kind == "percent":
            readings = (*number.numbers, *(amount / 100 for amount in number.numbers))
        found.append(Found(kind, number.start, number.end, text[number.start : number.end], readings, number.fuzzy))
    return tuple(sorted(found, key=lambda one: (one.start, -one.end)))


def _is_part(number: FoundNumber, found: list[Found]) -> bool:
    """Whether a number is only a part of something that was found, or another guess at it."""
    for one in found:
        if one.start < number.end and number.start < one.end:
            covered = one.start <= number.start and number.end <= one.end
            same = (one.start, one.end) == (number.start, number.end)
            # Digits with blanks or hyphens between them may be a telephone number, and may be several numbers.
            unsure = one.kind in ("number", "phone") and not one.text.startswith(("+", "("))
            if (covered if unsure else not same) and (number.fuzzy or not unsure):
                return True
    return False


def same_value(value: Leaf, text: str) -> Match | None:
    """Whether a text, as a whole, says a value.

    Args:
        value: A number, a date, a text; a text that is a number, a date or a telephone number is compared as one.
        text: What is printed: ``"€ 1.234,56"`` for 1234.56.

    Returns:
        ``exact``, ``equal`` or ``fuzzy`` as ``Match`` says, or None where it says something else. A number with one
        digit wrong is something else; a text with one letter wrong is ``fuzzy``, and so is a date of which the year is
        not printed, an amount with the other sign or currency, and what an OCR engine may have misread.
    """
    likeness = compare(meaning(value), text)
    return None if likeness is None else likeness.match


def says(value: Leaf, text: str) -> Match | None:
    """Whether a text that was read around a value says it: ``same_value``, but for other words around a number or date."""
    match = same_value(value, text)
    if match not in ("exact", "equal"):
        wanted = meaning(value)
        parts = [_compare_found(wanted, found) for found in find_values(text)] if wanted.by_value else []
        if any(part is not None and part.match == "equal" for part in parts):
            return "equal"
        if not wanted.by_value and bare(str(value)) == bare(text) != "":
            return "exact"
    return match


def compare(wanted: Meaning, text: str) -> Likeness | None:
    """How a text, as a whole, agrees with a value; None where it does not. See ``same_value``."""
    if wanted.by_value:
        likeness = _compare_values(wanted, text.strip())
        if likeness is not None and likeness.match == "equal" and plain(text) == wanted.text:
            return Likeness("exact", 1.0)
        return likeness
    told = plain(text)
    if told == wanted.text:
        return Likeness("exact", 1.0) if told else None
    if wanted.currencies and set(wanted.currencies) & set(read_currency(text)):
        return Likeness("equal", 1.0)
    return like(wanted.text, told)


def like(wanted: str, told: str) -> Likeness | None:
    """How alike two texts are that ``plain`` has normalised; None below ``FUZZY`` and for very short ones."""
    if min(len(wanted), len(told)) < _SHORTEST:
        return None
    score = fuzz.ratio(wanted, told, score_cutoff=100 * FUZZY) / 100
    return Likeness("fuzzy", score) if score else None


def _compare_values(wanted: Meaning, text: str) -> Likeness | None:
    best: Likeness | None = None
    for found in _whole_values(text):
        told = _compare_found(wanted, found)
        if told is not None and (best is None or told.score > best.score):
            best = told
    return best


def _compare_found(wanted: Meaning, found: Found | Moment) -> Likeness | None:
    if isinstance(found, Moment):
        same = bool(set(wanted.dates) & set(found.dates)) and (wanted.time is None or same_time(wanted, found.time))
        return Likeness("equal", 1.0) if same else None
    exactly = False
    partly = False
    if found.kind in ("number", "percent", "money") and wanted.numbers:
        numbers = {one.amount if isinstance(one, Money) else one for one in found.readings}
        codes = found.readings[0].currencies if isinstance(found.readings[0], Money) else ()
        foreign = bool(codes and wanted.currencies and not set(codes) & set(wanted.currencies))
        exactly = bool(wanted.numbers & numbers) and not foreign and not found.fuzzy
        partly = bool({abs(one) for one in wanted.numbers} & {abs(one) for one in numbers if isinstance(one, Decimal)})
    elif found.kind == "date" and wanted.dates:
        exactly = bool(set(wanted.dates) & set(found.readings)) and wanted.time is None
        partly = bool(set(wanted.dates) & set(found.readings))
    elif found.kind == "day" and wanted.dates:
        partly = bool({MonthDay(one.month, one.day) for one in wanted.dates} & set(found.readings))
    elif found.kind == "time" and wanted.time is not None and not wanted.dates:
        exactly = same_time(wanted, found.readings[0])
    elif found.kind == "phone" and wanted.phone is not None:
        exactly = same_phone(wanted.phone, str(found.readings[0]))
    return Likeness("equal", 1.0) if exactly else Likeness("fuzzy", _PARTIAL) if partly else None


def same_time(wanted: Meaning, told: object) -> bool:
    """Whether a time of day is the wanted one: to the second, or to the minute where no seconds are wanted."""
    clock = wanted.time
    if not isinstance(told, time) or clock is None:
        return False
    second = told.second if wanted.to_minute else clock.second
    return (clock.hour, clock.minute, second) == (told.hour, told.minute, told.second)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date with its time of day, as a whole text says it."""

    dates: tuple[date, ...]
    time: time


def _whole_values(text: str) -> Iterator[Found | Moment]:
    """What a text as a whole may mean, but for punctuation around it."""
    found = find_values(text)
    for one in found:
        if not re.search(r"[^\W_]", text[: one.start] + text[one.end :]):
            yield one
    dates = [one for one in found if one.kind == "date"]
    times = [one for one in found if one.kind == "time"]
    if len(dates) == len(times) == 1:
        rest = sorted((dates[0].start, dates[0].end, times[0].start, times[0].end))
        outside = text[: rest[0]] + text[rest[1] : rest[2]] + text[rest[3] :]
        if not re.search(r"[^\W_T]", outside.replace("at", "").replace("um", "").replace("Z", "")):
            clock = times[0].readings[0]
            assert isinstance(clock, time)
            yield Moment(tuple(one for one in dates[0].readings if isinstance(one, date)), clock)


@lru_cache(maxsize=4096, typed=True)
def meaning(value: Leaf) -> Meaning:
    """What a value may mean.

    Raises:
        TypeError: It is no leaf that a page could show.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal, date, time)):
        raise TypeError(f"a page cannot show {type(value).__name__}: a text, a number, a date or a time is needed")
    if isinstance(value, datetime):
        clock = value.time().replace(tzinfo=None, microsecond=0)
        return Meaning(plain(str(value)), dates=(value.date(),), time=clock if clock != time() else None)
    if isinstance(value, date):
        return Meaning(plain(value.isoformat()), dates=(value,))
    if isinstance(value, time):
        return Meaning(plain(value.isoformat()), time=value.replace(tzinfo=None, microsecond=0))
    if not isinstance(value, str):
        # repr of a float is the shortest text that gives it back: 0.1, not what binary makes of it.
        number = (
            Decimal(value) if isinstance(value, int) else Decimal(repr(value)) if isinstance(value, float) else value
        )
        return Meaning(plain(f"{number:f}"), numbers=frozenset((number,)) if number.is_finite() else frozenset())
    return _meaning_of_text(value)


def _meaning_of_text(value: str) -> Meaning:
    text = plain(value)
    if moment := _TIMESTAMP.fullmatch(value):
        try:
            return meaning(datetime.fromisoformat(f"{moment[1]}T{moment[2]}"))
        except ValueError:
            return Meaning(text)
    numbers: set[Decimal] = set()
    currencies: tuple[str, ...] = read_currency(value)
    dates: tuple[date, ...] = ()
    clock: time | None = None
    phone: str | None = None
    for found in _whole_values(value.strip()):
        if isinstance(found, Moment):
            return Meaning(text, dates=found.dates, time=found.time)
        if found.fuzzy:
            continue
        first = found.readings[0]
        if found.kind == "date":
            dates = tuple(one for one in found.readings if isinstance(one, date))
        elif isinstance(first, time):
            clock = first
        elif found.kind == "phone":
            phone = str(first)
        elif found.kind != "day" and not _is_code(value.strip()):
            currencies = first.currencies if isinstance(first, Money) else currencies
            amounts = (one.amount if isinstance(one, Money) else one for one in found.readings)
            numbers |= {one for one in amounts if isinstance(one, Decimal)}
    if dates and not any(char in value for char in "-/. ,"):  # 20240312 is as well an article's number
        return Meaning(text, numbers=frozenset(numbers), dates=dates)
    to_minute = len(re.findall(r"[0-9]+", value)) < 3
    return Meaning(text, frozenset(numbers), currencies, dates, clock, clock is not None and to_minute, phone)


def _is_code(text: str) -> bool:
    """Whether digits are a name and no amount: 00123."""
    return text.isdigit() and len(text) > 1 and text.startswith("0")
