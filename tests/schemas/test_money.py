"""Money: signs and codes of currencies, smallest amounts, and how amounts come in and go out."""

from __future__ import annotations

import json
from datetime import time
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from extraction.schemas.json_schema import json_schema_of
from extraction.schemas.money import CURRENCY_SYMBOLS, Amount, Clock, Currency, Percentage, currency_code, minor_unit

CODES = {"€": "EUR", " £ ": "GBP", "RM": "MYR", "usd": "USD", "CHF": "CHF"} | dict.fromkeys(
    ["$", "¥", "kr", "", "EURO", "12€", "ÄÖÜ"]
)


@pytest.mark.parametrize(("text", "code"), CODES.items())
def test_codes(text: str, code: str | None) -> None:
    assert currency_code(text) == code


def test_signs_are_of_one_currency() -> None:
    assert all(len(code) == 3 and code.isupper() for code in CURRENCY_SYMBOLS.values())
    assert not {"$", "¥", "kr", "Rs"} & CURRENCY_SYMBOLS.keys()


def test_smallest_amounts() -> None:
    assert [minor_unit(code) for code in ("EUR", "JPY", "KWD", "XYZ", None)] == [
        Decimal("0.01"),
        Decimal(1),
        Decimal("0.001"),
        Decimal("0.01"),
        Decimal("0.01"),
    ]


def test_json_of_amounts() -> None:
    """A number of at most three decimals, in and out, and no choice between number and text."""
    amount = TypeAdapter(Amount)
    assert json_schema_of(Amount) == {"type": "number", "multipleOf": 0.001}
    for text in ("0.1", "999999999999.999", "-12.005", "3"):
        assert amount.validate_json(text) == Decimal(text)
        assert json.loads(amount.dump_json(Decimal(text)), parse_float=Decimal) == Decimal(text)
    assert amount.dump_python(Decimal("0.10")) == Decimal("0.10")
    for wrong in ("0.0001", "1234567890123456", "1e15", '"1e999999999"', "NaN", "true", '"a"'):
        with pytest.raises(ValidationError):
            amount.validate_json(wrong)


def test_other_forms() -> None:
    assert json_schema_of(Currency)["pattern"] == "^[A-Z]{3}$"
    assert TypeAdapter(Currency).validate_python("€") == "EUR"
    assert TypeAdapter(Clock).validate_json('"09:05"') == time(9, 5)
    assert TypeAdapter(Clock).dump_json(time(9, 5)) == b'"09:05:00"'
    with pytest.raises(ValidationError):
        TypeAdapter(Percentage).validate_json("100.5")
