"""The machine readable zone of travel documents (ICAO Doc 9303, parts 3 to 7): its fields and their check digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from extraction.schemas.checks import Check

_WEIGHTS: Final = (7, 3, 1)

_Span: TypeAlias = tuple[int, int, int]
"""A line, counted from 0, and the first and the last but one character of a part of it."""


@dataclass(frozen=True, slots=True)
class _Format:
    """Where the fields stand; the check digit of a field is the character behind it.

    Attributes:
        fields: Spans of the fields that have a check digit, by the names of ``IdentityDocument``.
        whole: Spans of all that the last check digit is of; it ends the second line. None in visas.
    """

    fields: Mapping[str, _Span]
    whole: tuple[_Span, ...]


_SECOND_LINE: Final = {"document_number": (1, 0, 9), "date_of_birth": (1, 13, 19), "date_of_expiry": (1, 21, 27)}
_FORMATS: Final[Mapping[tuple[int, int], _Format]] = MappingProxyType(
    {
        (2, 44): _Format(_SECOND_LINE, ((1, 0, 10), (1, 13, 20), (1, 21, 43))),
        (2, 36): _Format(_SECOND_LINE, ((1, 0, 10), (1, 13, 20), (1, 21, 35))),
        (3, 30): _Format(
            {"document_number": (0, 5, 14), "date_of_birth": (1, 0, 6), "date_of_expiry": (1, 8, 14)},
            ((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
        ),
    }
)
"""By number and length of the lines: TD3 (passports), TD2 and TD1 (cards)."""


def check_digit(text: str) -> str:
    """The check digit of a text of the characters A to Z, 0 to 9 and ``<``.

    Example:
        >>> check_digit("520727"), check_digit("AB2134<<<")
        ('3', '5')
    """
    values = (0 if char == "<" else int(char, 36) for char in text)
    return str(sum(value * _WEIGHTS[index % 3] for index, value in enumerate(values)) % 10)


def mrz_checks(lines: Sequence[str], others: Mapping[str, str | None]) -> Iterator[Check]:
    """What in a machine readable zone does not fit: check digits, then the fields that stand elsewhere, too.

    Nothing is said where it is incomplete, or of no known format.

    Args:
        lines: Its lines.
        others: What the document says elsewhere, by field: letters and digits, dates as YYMMDD.
    """
    zone = ["".join(line.split()).upper() for line in lines]
    form = _FORMATS.get((len(zone), len(zone[0]))) if zone else None
    known = all(char == "<" or (char.isascii() and char.isalnum()) for line in zone for char in line)
    if form is None or not known or len({len(line) for line in zone}) > 1:
        return
    for name, (line, start, end) in form.fields.items():
        text, digit = zone[line][start:end], zone[line][end]
        if digit != "<" and check_digit(text) != digit:  # a long number of a card goes on elsewhere, and has none here
            problem = f"the check digit of {name} in the machine readable zone does not fit"
            yield Check((f"/mrz/{line}",), problem, check_digit(text), digit)
        elif (other := others.get(name)) is not None and digit != "<" and text.strip("<") != other:
            problem = f"{name} is not that of the machine readable zone"
            yield Check((f"/{name}", f"/mrz/{line}"), problem, text.strip("<"), other)
    whole = "".join(zone[line][start:end] for line, start, end in form.whole)
    if not zone[0].startswith("V") and check_digit(whole) != zone[1][-1]:
        yield Check(("/mrz/1",), "the last check digit does not fit", check_digit(whole), zone[1][-1])
