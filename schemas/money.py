"""Money and dates as documents print them: exact amounts, ISO currencies, percentages, and times of day.

A document has one currency and many amounts, so the currency stands beside the amounts, once, and not within each: that is
how it is printed, and a small model has one code to read instead of one per number. An amount is a ``Decimal``. In JSON it
is a number, and its at most 15 digits pass through the floats of JSON readers unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

MAX_DIGITS: Final = 15
"""What a float holds exactly, whatever the digits are (IEEE 754 binary64)."""

CURRENCY_SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(
    dict(
        pair.split(":")
        for pair in """€:EUR £:GBP ₹:INR ₩:KRW ₫:VND ₺:TRY ₽:RUB ₴:UAH ₪:ILS ฿:THB ₱:PHP ₦:NGN ₲:PYG ₸:KZT ₾:GEL ₼:AZN
        ₵:GHS US$:USD C$:CAD CA$:CAD A$:AUD AU$:AUD NZ$:NZD HK$:HKD S$:SGD NT$:TWD R$:BRL MX$:MXN RM:MYR Rp:IDR zł:PLN
        Kč:CZK Ft:HUF SFr:CHF SFr.:CHF""".split()
    )
)
"""Signs that mean one currency only. ``$``, ``¥`` and ``kr`` are left out: several countries write them."""

_MINOR_DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0)
    | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
)


def currency_code(text: str) -> str | None:
    """The ISO 4217 code that a sign or code means; None where it could mean several, or is none.

    Example:
        >>> currency_code("€"), currency_code(" usd "), currency_code("$")
        ('EUR', 'USD', None)
    """
    text = text.strip()
    if text in CURRENCY_SYMBOLS:
        return CURRENCY_SYMBOLS[text]
    return text.upper() if len(text) == 3 and text.isascii() and text.isalpha() else None


def minor_unit(currency: str | None) -> Decimal:
    """The smallest amount of a currency (ISO 4217): 0.01, or 1 for yen, 0.001 for dinars; 0.01 where it is not known."""
    return Decimal(1).scaleb(-_MINOR_DIGITS.get(currency or "", 2))


def _short(value: Decimal) -> Decimal:
    if value.adjusted() >= MAX_DIGITS or len(value.normalize().as_tuple().digits) > MAX_DIGITS:
        raise ValueError(f"an amount has at most {MAX_DIGITS} digits")
    return value


def _code(value: object) -> object:
    return (currency_code(value) or value) if isinstance(value, str) else value


_AS_NUMBER: Final = PlainSerializer(float, return_type=float, when_used="json")

Amount: TypeAlias = Annotated[Decimal, Field(decimal_places=3), AfterValidator(_short), _AS_NUMBER]
"""An amount of money, below 0 where it is taken off; three decimals, as many as the minor unit of any currency has."""

Quantity: TypeAlias = Annotated[Decimal, Field(decimal_places=6), AfterValidator(_short), _AS_NUMBER]
"""How much or how many: pieces, hours, kilograms; also a price of one, which may have more decimals than an amount."""

Percentage: TypeAlias = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4), _AS_NUMBER]
"""A rate in percent: 19 is 19 %."""

Currency: TypeAlias = Annotated[str, Field(pattern="^[A-Z]{3}$"), BeforeValidator(_code)]
"""An ISO 4217 code. Signs that mean one currency only are read, too (``€`` gives ``EUR``)."""

Clock: TypeAlias = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
]
"""A time of day without a time zone, which JSON Schema's own "time" demands."""
