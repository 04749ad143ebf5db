"""Numbers and amounts of money in printed text, by value: ``1.234,56``, ``(12.50)``, ``RM 5.00``, ``1,234`` both ways.

What a separator means is decided by the digits around it where they tell, and kept as two readings where they do not:
``1,234`` is a thousand and more, or one and a bit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from extraction.grounding.letters import SAME_WIDTH

SIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "€": ("EUR",),
    "£": ("GBP",),
    "$": ("USD", "CAD", "AUD", "SGD", "NZD", "HKD", "TWD", "MXN"),
    "¥": ("JPY", "CNY"),
    "₹": ("INR",),
    "₩": ("KRW",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₪": ("ILS",),
    "฿": ("THB",),
    "₱": ("PHP",),
    "₫": ("VND",),
    "₴": ("UAH",),
    "₦": ("NGN",),
    "US$": ("USD",),
    "S$": ("SGD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "C$": ("CAD",),
    "CA$": ("CAD",),
    "HK$": ("HKD",),
    "NZ$": ("NZD",),
    "NT$": ("TWD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "RM": ("MYR",),
    "Rs.": ("INR", "PKR", "LKR"),
    "Rs": ("INR", "PKR", "LKR"),
    "Rp": ("IDR",),
    "kr.": ("DKK", "SEK", "NOK"),
    "kr": ("SEK", "NOK", "DKK"),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "TL": ("TRY",),
    "SFr.": ("CHF",),
    "Fr.": ("CHF",),
    "Euro": ("EUR",),
    "Euros": ("EUR",),
    "Dollars": ("USD",),
}
"""Signs and words for currencies, with the ISO 4217 codes that each may stand for, the likeliest first."""

_CODES = (
    "AED ARS AUD BGN BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JOD JPY KES KRW KWD LKR MAD "
    "MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RMB RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
).split()

_CURRENCIES = {name.casefold(): codes for name, codes in (*SIGNS.items(), *((code, (code,)) for code in _CODES))}
_CURRENCIES["rmb"] = ("CNY",)
_CURRENCY = "|".join(re.escape(name) for name in sorted({*SIGNS, *_CODES}, key=len, reverse=True))

_DIGITS = r"[0-9]+(?:[.,'][0-9]+|[ ][0-9]{3}(?![0-9])|[ ][0-9]{2}(?=(?:[ ][0-9]{2})*[ ][0-9]{3}(?![0-9])))*|[.,][0-9]+"
_NUMBER = re.compile(
    rf"""
    (?<![0-9A-Za-zÀ-ɏ])(?<![0-9][.,'])(?<![0-9A-Za-z]-)
    (?P<open>\()?\s?
    (?P<sign>(?<![0-9A-Za-z)])[-+])?\s?
    (?:(?P<before>{_CURRENCY})\s?)?
    (?P<sign2>[-+]\s?)?
    (?P<digits>(?>{_DIGITS}))
    (?P<dash>[.,]-{{1,2}}(?![0-9]))?
    (?:\s?(?P<after>{_CURRENCY})(?![A-Za-zÀ-ɏ]))?
    (?P<percent>\s?%)?
    (?P<trailing>-(?![0-9A-Za-z]))?
    (?P<close>\s?\))?
    (?P<side>\s?(?:CR|DR)(?![A-Za-z]))?
    (?![0-9])(?!-[0-9A-Za-z])(?!(?!(?:x|kg|g|mg|l|ml|cl|km|m|cm|mm|h|pcs?|st|k?wh|k|pts?|er|th|nd|rd|ct)\b)[A-Za-zÀ-ɏ])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CONFUSED = str.maketrans("OoQDlI|!iSsBZz", "00001111155822")
_LOOSE = re.compile(
    r"(?<![0-9A-Za-z])[0-9OoQDlI|SsBZz]*[0-9][0-9OoQDlI|SsBZz]*(?:\s?[.,]\s?[0-9OoQDlI|SsBZz]+)*(?![0-9A-Za-z])"
)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with what its currency may be.

    Attributes:
        amount: The number.
        currencies: ISO 4217 codes, the likeliest first: a dollar sign stands for several.
    """

    amount: Decimal
    currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A number in a text.

    Attributes:
        start: Where it begins, with its sign and currency.
        end: Where it ends.
        numbers: All that it may be, the likeliest first.
        currencies: Of an amount of money, what its currency may be; else empty.
        percent: Whether a per cent sign follows.
        fuzzy: Whether misread characters had to be mended for it to be a number.
    """

    start: int
    end: int
    numbers: tuple[Decimal, ...]
    currencies: tuple[str, ...] = ()
    percent: bool = False
    fuzzy: bool = False


def find_numbers(text: str, *, loose: bool = False) -> Iterator[FoundNumber]:
    """The numbers of a text, from left to right.

    Args:
        text: Any text.
        loose: Find what an OCR engine may have misread, instead: ``1O.5O``, ``12 .50``. These are ``fuzzy``.
    """
    text = text.translate(SAME_WIDTH)
    for match in _LOOSE.finditer(text) if loose else _NUMBER.finditer(text):
        if loose:
            mended = re.sub(r"\s", "", match.group()).translate(_CONFUSED)
            real = sum(map(str.isdigit, match.group()))
            letters = sum(map(str.isalpha, match.group()))
            if re.fullmatch(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*\1[0-9]{2}", mended):  # 4,211,50
                mended = f"{re.sub('[.,]', '', mended[:-3])}.{mended[-2:]}"
            if mended != match.group() and real >= letters and (numbers := read_digits(mended)):
                yield FoundNumber(match.start(), match.end(), numbers, fuzzy=True)
        elif numbers := read_digits(match["digits"]):
            yield _found(match, numbers)
        elif " " in match["digits"]:  # 2024 150: two numbers
            for part in re.finditer(r"[^ ]+", match["digits"]):
                if numbers := read_digits(part.group()):
                    offset = match.start("digits")
                    yield FoundNumber(offset + part.start(), offset + part.end(), numbers)


def _found(match: re.Match[str], numbers: tuple[Decimal, ...]) -> FoundNumber:
    start, end = match.span()
    enclosed = match["open"] and match["close"]
    if match["open"] and not enclosed:
        start = match.end("open")
    if match["close"] and not enclosed:
        end = match.start("close")
    told = match.string[start:end]
    start += len(told) - len(told.lstrip())
    minus = "-" in (match["sign"], (match["sign2"] or "").strip()) or match["trailing"]
    # "(5)" numbers a list or a footnote; an amount of money in parentheses is negative.
    amount = match["before"] or match["after"] or "." in match["digits"] or "," in match["digits"]
    signed = tuple(-number for number in numbers) if minus or (enclosed and amount) else numbers
    if enclosed and not minus and (match["percent"] or not amount):
        signed = (*numbers, *(-number for number in numbers))
    if match["side"]:  # a bank's credit and debit: whose side it is, and so the sign, is the reader's view
        signed = (*signed, *(-number for number in signed))
    currency = match["before"] or match["after"]
    return FoundNumber(
        start,
        start + len(match.string[start:end].rstrip()),
        signed,
        _CURRENCIES[currency.casefold()] if currency else (),
        match["percent"] is not None,
    )


def read_digits(digits: str) -> tuple[Decimal, ...]:
    """All numbers that digits with separators may be, the likeliest first; empty where they are none (``1.2.3``).

    Args:
        digits: Digits, and between them points, commas, apostrophes and blanks.
    """
    parts = re.split(r"([.,' ])", digits)
    groups, marks = parts[::2], parts[1::2]
    if not all(group.isdigit() for group in groups[1:]) or (groups[0] and not groups[0].isdigit()):
        return ()
    readings: list[Decimal] = []
    if not marks:
        return (Decimal(groups[0]),)
    whole, last = groups[:-1], groups[-1]
    if marks[-1] in ".," and marks.count(marks[-1]) == 1 and (len(whole) == 1 or _are_grouped(whole, marks[:-1])):
        readings.append(Decimal(f"{''.join(whole) or '0'}.{last}"))
    if groups[0] and _are_grouped(groups, marks):
        # 1,234 is more often a thousand than a number of three places; 0.125 never is.
        readings.insert(0, Decimal("".join(groups)))
    return tuple(readings)


def _are_grouped(groups: list[str], marks: list[str]) -> bool:
    """Whether digits are parted as thousands are: by threes, or as in India by twos before the last three."""
    if len(set(marks)) != 1 or not 1 <= len(groups[0]) <= 3 or groups[0].startswith("0") or len(groups[-1]) != 3:
        return False
    middle = {len(group) for group in groups[1:-1]}
    return middle <= {3} or (middle == {2} and len(groups[0]) <= 2)


def read_currency(text: str) -> tuple[str, ...]:
    """The codes that a currency's sign, code or name may stand for; empty where it is none."""
    return _CURRENCIES.get(text.translate(SAME_WIDTH).strip().casefold(), ())


_NAMED_CURRENCY = re.compile(rf"(?<![A-Za-zÀ-ɏ])(?:{_CURRENCY})(?![A-Za-zÀ-ɏ])", re.IGNORECASE)


def find_currencies(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """The signs and codes of currencies in a text, as (start, end, the codes that it may stand for)."""
    for match in _NAMED_CURRENCY.finditer(text.translate(SAME_WIDTH)):
        yield match.start(), match.end(), _CURRENCIES[match.group().casefold()]
