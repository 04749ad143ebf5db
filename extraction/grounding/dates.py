"""Dates and times in printed text, by value: ``12/03/24`` both ways, ``12. März 2024``, ``3:05 PM``.

Month names of English, German, French, Spanish, Italian, Dutch, Portuguese, Swedish, Danish, Norwegian and Malay are
known, whole and shortened, with and without their accents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from extraction.grounding.letters import SAME_WIDTH
from extraction.vocabulary.words import unaccented

_MONTHS = (
    "january januar janvier enero gennaio januari janeiro ene gen jan janv",
    "february februar fevrier febrero febbraio februari fevereiro fev feb fevr febr feber",
    "march marz maerz mars marzo maart marco mac mar mrz mrt maer",
    "april avril abril aprile apr avr abr",
    "may mai mayo maggio mei maio maj mag",
    "june juni juin junio giugno junho jun giu",
    "july juli juillet julio luglio julho julai jul juil lug",
    "august aout agosto augustus augusti ogos aug ago",
    "september septembre septiembre setiembre settembre setembro sep sept set",
    "october oktober octobre octubre ottobre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december dezember decembre diciembre dicembre dezembro desember disember dec dez dic des dis",
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}

_YEAR = r"(?P<y>'?[0-9]{4}|'?[0-9]{2})(?![0-9])"
_DAY = r"(?<![0-9])(?P<d>[0-9]{1,2})"
_NAME = r"(?P<name>[^\W\d_]{3,10})"
_BETWEEN = r"(?:\s?[-/.,]\s?|\s+|\s*(?=[^\W\d_]))(?:(?:de|del|di|of)\s+)?"
_AFTER_NAME = r"(?:\.?\s?[-/.,]\s?|\.?\s+|\.?\s*(?=[0-9']))(?:(?:de|del|di|of)\s+)?"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})(?P<s>\s?[-/.]\s?)(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})(?![0-9])",
        r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})\s?年\s?(?P<m>[0-9]{1,2})\s?月\s?(?P<d>[0-9]{1,2})\s?日",
        r"(?<![0-9.,/-])(?P<a>[0-9]{1,2})(?P<s>\s?[-/.]\s?)(?P<b>[0-9]{1,2})(?P=s)" + _YEAR + r"(?!(?P=s)[0-9])",
        rf"{_DAY}(?:st|nd|rd|th|er|\.?[ºª°o]|\.)?{_BETWEEN}{_NAME}{_AFTER_NAME}{_YEAR}",
        rf"(?<![^\W\d_]){_NAME}\.?[\s.-]*(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:\s?[-/.,]\s?|\s+){_YEAR}",
        r"(?<![0-9.,/-])(?P<y>(?:19|20)[0-9]{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3][0-9])(?![0-9]|[.,/-][0-9])",
    )
)
_PARTIAL = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_DAY}(?:st|nd|rd|th|er|\.)?{_BETWEEN}{_NAME}(?![^\W\d_])",
        rf"(?<![^\W\d_]){_NAME}\.?[\s.-]*(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?![0-9])",
        r"(?<![0-9.,/-])(?P<a>[0-9]{1,2})(?P<s>[-/])(?P<b>[0-9]{1,2})(?![0-9]|[.,/-][0-9])",
        r"(?<![0-9.,/-])(?P<a>[0-9]{1,2})\.\s?(?P<b>[0-9]{1,2})\.(?![0-9])",  # 12.03. is no price, 12.03 is one
    )
)
_TIME = re.compile(
    r"(?<![0-9:.,])(?P<h>[01]?[0-9]|2[0-4])"
    r"(?:(?:\s?:\s?|h)(?P<m>[0-5][0-9])(?:\s?:\s?(?P<s>[0-5][0-9])(?:[.,][0-9]{1,6})?)?"
    r"|\.(?P<m2>[0-5][0-9])(?=\s?(?:uhr|[ap]\.?m))|(?=\s?[ap]\.?m\b))"
    r"(?![0-9]|:[0-9])(?:\s?(?:(?P<half>[ap])\.?\s?m\b\.?|uhr\b|hrs?\b|h\b))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A date without its year, as rows of a statement have it.

    Attributes:
        month: 1 to 12.
        day: 1 to 31.
    """

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text: ``dates`` are all that it may be, the likeliest first."""

    start: int
    end: int
    dates: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class FoundTime:
    """A time of day in a text."""

    start: int
    end: int
    time: time


def find_dates(text: str) -> Iterator[FoundDate]:
    """The dates of a text, from left to right, none within another.

    ``12/03/24`` may be the 12th of March and the 3rd of December, in this and in the last century; where a day comes
    first that can be both, the day is taken for the likelier: most of the world writes so.
    """
    found: dict[int, FoundDate] = {}
    text = text.translate(SAME_WIDTH)
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            dates = tuple(dict.fromkeys(_dates(match.groupdict())))
            if dates and not any(match.start() < one.end and one.start < match.end() for one in found.values()):
                found[match.start()] = FoundDate(match.start(), match.end(), dates)
    yield from (found[start] for start in sorted(found))


def find_month_days(text: str) -> Iterator[tuple[int, int, tuple[MonthDay, ...]]]:
    """Days without a year, as (start, end, what it may be), where no whole date stands."""
    text = text.translate(SAME_WIDTH)
    taken = [(one.start, one.end) for one in find_dates(text)]
    for pattern in _PARTIAL:
        for match in pattern.finditer(text):
            # Any year that has a 29th of February tells which days there are.
            days = dict.fromkeys(MonthDay(one.month, one.day) for one in _dates({**match.groupdict(), "y": "2000"}))
            if days and not any(match.start() < end and start < match.end() for start, end in taken):
                taken.append(match.span())
                yield match.start(), match.end(), tuple(days)


def find_times(text: str) -> Iterator[FoundTime]:
    """The times of day of a text: ``14:30``, ``2:30 pm``, ``14h30``, ``14.30 Uhr``."""
    text = text.translate(SAME_WIDTH)
    for match in _TIME.finditer(text):
        hour = int(match["h"])
        if match["half"]:
            if not 1 <= hour <= 12:
                continue
            hour = hour % 12 + (12 if match["half"] in "pP" else 0)
        minute, second = int(match["m"] or match["m2"] or 0), int(match["s"] or 0)
        yield FoundTime(match.start(), match.end(), time(hour % 24, minute, second))


def _dates(parts: dict[str, str | None]) -> Iterator[date]:
    """All dates that the parts of a match may be: year ``y``, month ``m`` or ``name``, day ``d``, or days ``a``, ``b``."""
    years = _years((parts["y"] or "").strip("'"))
    if name := parts.get("name"):
        if (month := _MONTH_OF.get(unaccented(name))) is not None:
            yield from _valid((year, month, int(parts["d"] or 0)) for year in years)
    elif parts.get("m"):
        yield from _valid((year, int(parts["m"] or 0), int(parts["d"] or 0)) for year in years)
    else:
        first, second, last = int(parts["a"] or 0), int(parts["b"] or 0), parts["y"] or ""
        for year in years:
            yield from _valid(((year, second, first), (year, first, second)))
        if len(last) == 2 and "." not in (parts.get("s") or ""):  # 24-03-12, as East Asia writes it
            yield from _valid((year, second, int(last)) for year in _years(f"{first:02}"))


def _years(digits: str) -> tuple[int, ...]:
    if len(digits) == 4:
        return (int(digits),)
    near = int(digits) + (2000 if int(digits) < 69 else 1900)  # as POSIX strptime takes them
    return (near, near - 100 if near >= 2000 else near + 100)


def _valid(dates: Iterator[tuple[int, int, int]] | tuple[tuple[int, int, int], ...]) -> Iterator[date]:
    for year, month, day in dates:
        try:
            yield date(year, month, day)
        except ValueError:
            continue
