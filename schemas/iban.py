"""The check digits of bank accounts (ISO 13616): one misread character of an IBAN shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from extraction.schemas.checks import Check

_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def iban_checks(text: str | None, pointer: str = "/iban") -> Iterator[Check]:
    """What is wrong with an IBAN: its check digits; nothing where it is absent or is masked (``DE** ... 4711``).

    Args:
        text: The number, with or without blanks.
        pointer: Where it stands in its document.

    Example:
        >>> [str(check) for check in iban_checks("DE88 3704 0044 0532 0130 00")]
        ['/iban: the check digits of the IBAN do not fit: 89 expected, 88 found']
    """
    digits = _check_digits(text or "")
    if digits is not None and digits[0] != digits[1]:
        yield Check((pointer,), "the check digits of the IBAN do not fit", *digits)


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN, with or without blanks, whose check digits fit."""
    digits = _check_digits(text)
    return digits is not None and digits[0] == digits[1]


def _check_digits(text: str) -> tuple[str, str] | None:
    """The check digits that an IBAN should have, and those that it has; None where a text has not the form of one."""
    compact = "".join(text.split()).upper()
    if not _IBAN.fullmatch(compact):
        return None
    # ISO 7064 MOD 97-10: the country and "00" go to the end, letters count from A = 10.
    number = int("".join(str(int(char, 36)) for char in f"{compact[4:]}{compact[:2]}00"))
    return f"{98 - number % 97:02}", compact[2:4]
