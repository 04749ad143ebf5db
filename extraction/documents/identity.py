"""When two windows say the same: texts whatever their case and blanks are, and numbers whatever their form is."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

from extraction.documents.fields import Field

_NUMBER: Final = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)")
"""A number as text. ``007`` is none: it is a code, which 7 need not be."""


def identity(value: Any, field: Field) -> str:
    """What is equal for values that are the same.

    Args:
        value: As JSON.
        field: What the user's schema says of it: where a number may stand, ``"100.00"`` is 100.
    """
    return json.dumps(_normal(value, field), sort_keys=True)


def _normal(value: Any, field: Field) -> Any:
    if isinstance(value, str):
        if field.numeric and _NUMBER.fullmatch(value.strip()):
            return _number(Decimal(value.strip()))
        return " ".join(value.split()).casefold()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return _number(Decimal(repr(value)))
    if isinstance(value, list):
        return [_normal(one, field.item) for one in value]
    return {name: _normal(one, field.below(name)) for name, one in value.items()}


def _number(value: Decimal) -> list[str]:
    """The digits of a number without zeros that say nothing, in a list, so that no text is the same."""
    digits = f"{value:f}"
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return ["0" if digits in ("-0", "+0") else digits.removeprefix("+")]
