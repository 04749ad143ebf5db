"""Telephone numbers in printed text, by their digits, whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.grounding.letters import SAME_WIDTH
from extraction.grounding.numbers import read_digits

_PHONE = re.compile(
    r"(?<![0-9A-Za-z.,/-])(?P<plus>\+|00(?=[1-9]))?\s?"
    r"(?P<digits>(?:\([0-9]{1,5}\)|[0-9])(?:[ ]?[-./]?[ ]?(?:\([0-9]{1,5}\)|[0-9])){5,17})"
    r"(?![0-9]|[.,/-][0-9]|[A-Za-z])"
)
_FEWEST, _MOST = 7, 15
"""How many digits a telephone number has: the most is that of ITU-T E.164."""

_COUNTRY = re.compile(
    r"1|7|2(?:0|7|[1-689][0-9])|3(?:[0-469]|[578][0-9])|4(?:[013-9]|2[0-9])|5(?:[1-8]|[09][0-9])|6(?:[0-6]|[789][0-9])"
    r"|8(?:[1246]|[0578][0-9])|9(?:[0-58]|[679][0-9])"
)
"""Country calling codes by their shape (ITU-T E.164 list of assigned codes, by zone)."""


def find_phones(text: str) -> Iterator[tuple[int, int, str]]:
    """What may be telephone numbers, as (start, end, digits): the digits with ``+`` in front where a country is named."""
    text = text.translate(SAME_WIDTH)
    for match in _PHONE.finditer(text):
        digits = re.sub(r"[^0-9]", "", match["digits"].replace("(0)", "") if match["plus"] else match["digits"])
        amount = "." in match["digits"] and not match["plus"] and read_digits(match["digits"])  # 1.234.567
        if _FEWEST <= len(digits) <= _MOST and not amount:
            yield (
                match.start("plus" if match["plus"] else "digits"),
                match.end(),
                ("+" if match["plus"] else "") + digits,
            )


def same_phone(one: str, other: str) -> bool:
    """Whether two telephone numbers, as ``find_phones`` writes them, are one: with or without the country's code."""
    if one.startswith("+") == other.startswith("+"):
        return one.lstrip("+") == other.lstrip("+")
    national, whole = sorted((one, other), key=lambda number: number.startswith("+"))
    bare, whole = national.removeprefix("0"), whole[1:]
    if len(bare) < _FEWEST - 1 or not whole.endswith(bare):
        return national == whole
    code = whole[: len(whole) - len(bare)]
    return not code or _COUNTRY.fullmatch(code) is not None
