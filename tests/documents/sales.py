"""What was sold, in amounts that add up: ``Sale``."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from tests.documents.locales import Locale, Money
from tests.documents.vocabulary import goods


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a sale; ``quantity`` is of pieces, or of kilograms with three decimals."""

    description: str
    quantity: Decimal
    price: Decimal
    amount: Decimal

    @property
    def weighed(self) -> bool:
        """Whether it was weighed instead of counted."""
        return self.quantity != self.quantity.to_integral_value()


@dataclass(frozen=True, slots=True)
class Sale:
    """What was sold, and what it adds up to; None for what is not shown.

    Attributes:
        subtotal: What the items add up to.
        discount: What goes off.
        service: What is added for service.
        rate: Of the tax, in percent.
        tax: The tax in ``total``.
        inclusive: Whether the prices hold the tax already.
        tip: What is added for the waiter.
        rounding: What makes the total a multiple of the smallest coin; may be negative.
        total: What is to pay.
        cash: What was given; None where a card paid.
    """

    items: tuple[Item, ...]
    subtotal: Decimal
    discount: Decimal | None
    service: Decimal | None
    rate: str
    tax: Decimal | None
    inclusive: bool
    tip: Decimal | None
    rounding: Decimal | None
    total: Decimal
    cash: Decimal | None


def make_sale(rng: random.Random, locale: Locale, money: Money) -> Sale:
    """Something sold in a shop of that country."""
    items = tuple(
        _item(rng, money, name) for name in goods(rng, locale.language, rng.choice([1, 2, 3, 3, 4, 5, 6, 8, 11]))
    )
    subtotal = sum((item.amount for item in items), Decimal(0))
    discount = money.round(subtotal / 10) if rng.random() < 0.15 else None
    service = money.round(subtotal / 10) if locale.tag == "en-MY" and rng.random() < 0.2 else None
    due = subtotal - (discount or 0) + (service or 0)
    rate = rng.choice(locale.tax)
    share = Decimal(rate) / 100
    inclusive = locale.tag != "en-US" and rng.random() < 0.6
    tax = None
    if rng.random() < 0.75:
        tax = money.round(due * share / (1 + share)) if inclusive else money.round(due * share)
    total = due if inclusive or tax is None else due + tax
    tip = None
    if locale.tag == "en-US" and rng.random() < 0.15:
        tip = money.round(total * Decimal("0.18"))
        total += tip
    rounding = None
    if locale.tag == "en-MY" and rng.random() < 0.6:
        rounded = money.round((total / Decimal("0.05")).to_integral_value() * Decimal("0.05"))
        total, rounding = rounded, rounded - total
    cash = None
    if tip is None and rng.random() < 0.55:
        notes = [Decimal(note) for note in (5, 10, 20, 50, 100, 200, 500, 1000, 2000)]
        exact = rng.random() < 0.25
        cash = total if exact else min((note for note in notes if note >= total), default=total)
    return Sale(items, subtotal, discount, service, rate, tax, inclusive, tip, rounding, total, cash)


def _item(rng: random.Random, money: Money, description: str) -> Item:
    """So much of that."""
    cents = rng.choice([rng.randint(50, 2500), rng.choice([99, 199, 250, 495, 500, 1000, 1299])])
    price = money.round(Decimal(cents) / 100)
    quantity = Decimal(rng.choice([1, 1, 1, 1, 2, 2, 3, 4, 12]))
    if rng.random() < 0.06:
        quantity = Decimal(rng.randint(101, 2999)) / 1000
    return Item(description, quantity, price, money.round(price * quantity))
