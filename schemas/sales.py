"""Receipts and invoices: who sold what to whom, and amounts that add up to a total."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from extraction.schemas.checks import Check, DocumentSchema, Rounding, Term, check_sum, last_place
from extraction.schemas.iban import iban_checks
from extraction.schemas.merging import Merge
from extraction.schemas.money import Amount, Clock, Currency, Percentage, Quantity
from extraction.schemas.text import Address, Name, Number, Text

_HUNDRED: Final = Decimal(100)
_WITH_TAX: Final = Decimal("1.3")
"""A price with tax is at most this much of the price without: the highest general rate, Hungary's, is 27 %."""


_LastAmount: TypeAlias = Annotated[Amount | None, Merge("last")]
"""An amount of the whole document; on pages before the last there are only those that are carried forward."""


class ReceiptItem(DocumentSchema):
    """One line of goods on a receipt."""

    description: Name | None = Field(None, description="what was bought, as printed")
    quantity: Quantity | None = Field(None, description="how many, or how much by weight")
    unit_price: Quantity | None = Field(None, description="price of one")
    amount: Amount | None = Field(None, description="price of the line, as printed at its end")

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """Whether quantity x unit price is the amount."""
        yield from _line_checks(self.quantity, self.unit_price, self.amount, rounding)


class Receipt(DocumentSchema):
    """A receipt of a shop or restaurant."""

    company: Name | None = Field(None, description="name of the shop or company, usually at the top")
    address: Address | None = Field(None, description="address of the shop, on one line")
    phone: Number | None = Field(None, description="telephone number of the shop")
    tax_id: Number | None = Field(None, description="tax or registration number of the company (VAT, GST ...)")
    receipt_number: Number | None = Field(None, description="number of the receipt, bill or invoice")
    date: dt.date | None = Field(None, description="day of the purchase, YYYY-MM-DD")
    time: Clock | None = Field(None, description="time of the purchase, HH:MM, 24 hours")
    currency: Currency | None = Field(None, description="ISO 4217 code of all amounts, such as EUR or USD")
    items: list[ReceiptItem] = Field([], max_length=300, description="every line of goods, from top to bottom")
    subtotal: _LastAmount = Field(None, description="sum of the items as printed, before taxes and tip")
    discount: _LastAmount = Field(None, description="discount on the whole receipt")
    service_charge: _LastAmount = Field(None, description="charge for service")
    tax: _LastAmount = Field(None, description="all taxes together (VAT, GST, sales tax)")
    tip: _LastAmount = Field(None, description="tip")
    rounding: _LastAmount = Field(None, description="rounding adjustment, below 0 where it lowers the total")
    total: _LastAmount = Field(None, description="final amount to pay, all included")
    payment_method: Literal["cash", "card", "other"] | None = Field(None, description="how it was paid")
    amount_paid: _LastAmount = Field(None, description="cash or card amount that was handed over")
    change: _LastAmount = Field(None, description="money given back")

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """The items give the subtotal, the parts the total, the payment the change.

        The total may include the tax or have it added, and the subtotal may be before or after the discount: any of these
        is right. Where no tax is told, there is room for one of up to 30 %.

        Args:
            rounding: How far amounts may be off.
        """
        yield from _Totals(
            items=[item.amount for item in self.items],
            subtotal=self.subtotal,
            discount=self.discount,
            tax=Term("tax", self.tax),
            more=[Term("service_charge", self.service_charge), Term("tip", self.tip), Term("rounding", self.rounding)],
            total=self.total,
            rounding=rounding,
        ).checks()
        if self.total is not None and self.amount_paid is not None:
            paid = [Term("amount_paid", self.amount_paid), Term("total", self.total, -1)]
            yield from check_sum(paid, "change", self.change, rounding.of(2))


class Party(DocumentSchema):
    """A company or person on an invoice."""

    name: Name | None = Field(None, description="name of the company or person")
    address: Address | None = Field(None, description="postal address, on one line")
    tax_id: Number | None = Field(None, description="tax or registration number (VAT, EIN, ABN ...)")
    email: Name | None = Field(None, description="email address")
    phone: Number | None = Field(None, description="telephone number")


class InvoiceItem(DocumentSchema):
    """One line of an invoice."""

    description: Text | None = Field(None, description="what was sold, as printed")
    product_code: Number | None = Field(None, description="article number or SKU")
    quantity: Quantity | None = Field(None, description="how many, or how much")
    unit: Number | None = Field(None, description="unit of the quantity, as printed: pcs, h, kg ...")
    unit_price: Quantity | None = Field(None, description="price of one unit")
    discount: Amount | None = Field(None, description="discount on this line, as an amount")
    tax_rate: Percentage | None = Field(None, description="tax rate of this line in percent")
    amount: Amount | None = Field(None, description="price of the line, as printed at its end")

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """Whether quantity x unit price is the amount, before or after the discount, with or without the tax."""
        yield from _line_checks(
            self.quantity, self.unit_price, self.amount, rounding, discount=self.discount, rate=self.tax_rate
        )


class Tax(DocumentSchema):
    """One tax of an invoice."""

    rate: Percentage | None = Field(None, description="rate in percent")
    base: Amount | None = Field(None, description="amount that is taxed")
    amount: Amount | None = Field(None, description="the tax")

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """Whether rate x base is the amount of the tax."""
        if self.rate is None or self.base is None or self.amount is None:
            return
        expected = self.rate * self.base / _HUNDRED
        # A printed rate may be rounded, too: 8.88 stands for 8.875.
        coarse = abs(self.base) * last_place(self.rate, Decimal("0.01")) / _HUNDRED
        if abs(expected - self.amount) > rounding.of(2, coarse / 2):
            yield Check(("/amount", "/rate", "/base"), "rate x base is not amount", expected, self.amount)


class Invoice(DocumentSchema):
    """An invoice or credit note."""

    invoice_number: Number | None = Field(None, description="number of the invoice")
    invoice_date: dt.date | None = Field(None, description="day of issue, YYYY-MM-DD")
    due_date: dt.date | None = Field(None, description="last day to pay, YYYY-MM-DD, only where printed")
    purchase_order: Number | None = Field(None, description="the buyer's order number (PO)")
    seller: Party | None = Field(None, description="who sent the invoice and is paid")
    buyer: Party | None = Field(None, description="who must pay (bill to)")
    currency: Currency | None = Field(None, description="ISO 4217 code of all amounts, such as EUR or USD")
    items: list[InvoiceItem] = Field([], max_length=2000, description="every line, from top to bottom")
    subtotal: _LastAmount = Field(None, description="sum of the lines as printed, before taxes (net)")
    discount: _LastAmount = Field(None, description="discount on the whole invoice")
    shipping: _LastAmount = Field(None, description="shipping, freight or handling")
    taxes: Annotated[list[Tax], Merge("distinct")] = Field(
        [], max_length=20, description="one entry per tax rate, where they are listed"
    )
    total_tax: _LastAmount = Field(None, description="all taxes together")
    total: _LastAmount = Field(None, description="total of the invoice, taxes included (gross)")
    amount_paid: _LastAmount = Field(None, description="what was paid already")
    amount_due: _LastAmount = Field(None, description="what is left to pay")
    payment_terms: Name | None = Field(None, description="terms of payment, as printed")
    iban: Number | None = Field(None, description="bank account of the seller (IBAN)")

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """The items give the subtotal, the taxes their sum, the parts the total, the payments what is due.

        What may include what is told as for a ``Receipt``.

        Args:
            rounding: How far amounts may be off.
        """
        taxes = [tax.amount for tax in self.taxes]
        listed = _sum(taxes)
        yield from _Totals(
            items=[item.amount for item in self.items],
            subtotal=self.subtotal,
            discount=self.discount,
            tax=Term("taxes", listed) if self.total_tax is None else Term("total_tax", self.total_tax),
            more=[Term("shipping", self.shipping)],
            total=self.total,
            rounding=rounding,
        ).checks()
        yield from check_sum([Term("taxes", listed)], "total_tax", self.total_tax, rounding.of(len(taxes)))
        if self.total is not None and self.amount_paid is not None:
            left = [Term("total", self.total), Term("amount_paid", self.amount_paid, -1)]
            yield from check_sum(left, "amount_due", self.amount_due, rounding.of(2))
        yield from iban_checks(self.iban)


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; None where there is nothing, or an amount is absent."""
    told = [one for one in amounts if one is not None]
    return sum(told, Decimal(0)) if told and len(told) == len(amounts) else None


def _line_checks(
    quantity: Decimal | None,
    price: Decimal | None,
    amount: Decimal | None,
    rounding: Rounding,
    *,
    discount: Decimal | None = None,
    rate: Decimal | None = None,
) -> Iterator[Check]:
    """Whether quantity x price is the amount of a line.

    Args:
        quantity: How many.
        price: Of one.
        amount: Of the line.
        rounding: How far amounts may be off.
        discount: What may be taken off.
        rate: In percent, of the tax that may be put on.
    """
    if quantity is None or price is None or amount is None:
        return
    less = abs(discount or Decimal(0))
    readings = [quantity * price - less, quantity * price]
    readings += [one * (1 + (rate or 0) / _HUNDRED) for one in readings]
    coarse = abs(quantity) * last_place(price, rounding.unit) + abs(price) * last_place(quantity, rounding.unit)
    if all(abs(one - amount) > rounding.of(2, coarse / 2) for one in readings):
        words = "quantity x unit_price - discount" if less else "quantity x unit_price"
        pointers = ("/amount", "/quantity", "/unit_price", *(["/discount"] if less else []))
        yield Check(pointers, f"{words} is not amount", readings[0], amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Totals:
    """The amounts of a receipt or invoice that make its total.

    Attributes:
        items: The amounts of the lines; None where a line has none.
        subtotal: Their sum, as printed.
        discount: On the whole document.
        tax: All taxes.
        more: What else is added.
        total: All together.
        rounding: How far amounts may be off.
    """

    items: Sequence[Decimal | None]
    subtotal: Decimal | None
    discount: Decimal | None
    tax: Term
    more: Sequence[Term]
    total: Decimal | None
    rounding: Rounding

    def checks(self) -> Iterator[Check]:
        """The sum of the lines, then the total."""
        lines = Term("items", _sum(self.items))
        discount = Term("discount", self.discount, -1)
        if lines.value is not None and self.subtotal is not None:
            # Prices of lines may include the tax that a subtotal leaves out; a subtotal may be after the discount.
            included = Term(self.tax.name, self.tax.value, -1)
            readings = [[lines], [lines, discount], [lines, included], [lines, discount, included]]
            slack = self.rounding.of(len(self.items))
            yield from self._unless_any(readings, "subtotal", self.subtotal, slack, 1 / _WITH_TAX)
        base = lines if self.subtotal is None else Term("subtotal", self.subtotal)
        if base.value is not None and self.total is not None:
            readings = [[base, self.tax, *self.more, discount], [base, self.tax, *self.more]]
            readings += [[base, *self.more, discount], [base, *self.more]]
            slack = self.rounding.of(2 + len(self.more) + (len(self.items) if base is lines else 0))
            yield from self._unless_any(readings, "total", self.total, slack, _WITH_TAX)

    def _unless_any(
        self, readings: Sequence[Sequence[Term]], name: str, found: Decimal, slack: Decimal, room: Decimal
    ) -> list[Check]:
        """The first reading's problem, where no reading gives what was found.

        Args:
            readings: What the sum may be made of.
            name: The field of the sum.
            found: The sum that the document says.
            slack: By how much they may differ.
            room: By what a tax that is not told may multiply them, at most.
        """
        problems = [check_sum(reading, name, found, slack) for reading in readings]
        if self.tax.value is None:
            sums = [sum((term.amount for term in reading), Decimal(0)) for reading in readings]
            limits = [*sums, *(one * room for one in sums)]
            if min(limits) - slack <= found <= max(limits) + slack:
                return []
        return problems[0] if all(problems) else []
