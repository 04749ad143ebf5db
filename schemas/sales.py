"""Receipts and invoices: who sold what to whom, and amounts that add up to a total."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from pydantic import Field

from extraction.schemas.checks import Check, DocumentSchema, Term, check_sum, last_place, rounding_slack
from extraction.schemas.money import Amount, Clock, Currency, Percentage, Quantity, minor_unit
from extraction.schemas.text import Address, Name, Number, Text

_HUNDRED: Final = Decimal(100)


class ReceiptItem(DocumentSchema):
    """One line of goods on a receipt."""

    description: Name | None = Field(None, description="what was bought, as printed")
    quantity: Quantity | None = Field(None, description="how many, or how much by weight")
    unit_price: Quantity | None = Field(None, description="price of one")
    amount: Amount | None = Field(None, description="price of the line, as printed at its end")

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """Whether quantity x unit price is the amount."""
        return list(_line_checks(self.quantity, self.unit_price, self.amount, (), tolerance))


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
    subtotal: Amount | None = Field(None, description="sum of the items as printed, before taxes and tip")
    discount: Amount | None = Field(None, description="discount on the whole receipt")
    service_charge: Amount | None = Field(None, description="charge for service")
    tax: Amount | None = Field(None, description="all taxes together (VAT, GST, sales tax)")
    tip: Amount | None = Field(None, description="tip")
    rounding: Amount | None = Field(None, description="rounding adjustment, below 0 where it lowers the total")
    total: Amount | None = Field(None, description="final amount to pay, all included")
    payment_method: Literal["cash", "card", "other"] | None = Field(None, description="how it was paid")
    amount_paid: Amount | None = Field(None, description="cash or card amount that was handed over")
    change: Amount | None = Field(None, description="money given back")

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """What does not add up: the items to the subtotal, the parts to the total, the payment to the change.

        The total may include the tax or have it added, and the subtotal may be before or after the discount: any of these
        is right. Without a tax, the total may be higher than its parts, by a tax that is not told, and not lower.

        Args:
            tolerance: By how much sums may differ; by default what rounding of the printed amounts explains.
        """
        unit = minor_unit(self.currency)
        amounts = [item.amount for item in self.items]
        more = [Term("service_charge", self.service_charge), Term("tip", self.tip), Term("rounding", self.rounding)]
        totals = _Totals(
            amounts, self.subtotal, self.discount, Term("tax", self.tax), more, self.total, tolerance, unit
        )
        found = list(totals.checks())
        if self.total is not None and self.change is not None and self.amount_paid is not None:
            paid = [Term("amount_paid", self.amount_paid), Term("total", self.total, -1)]
            found += _some(check_sum(paid, "change", self.change, _slack(tolerance, 2, unit)))
        return found


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

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """Whether quantity x unit price is the amount, before or after the discount, with or without the tax."""
        return list(
            _line_checks(self.quantity, self.unit_price, self.amount, (self.discount, self.tax_rate), tolerance)
        )


class Tax(DocumentSchema):
    """One tax of an invoice."""

    rate: Percentage | None = Field(None, description="rate in percent")
    base: Amount | None = Field(None, description="amount that is taxed")
    amount: Amount | None = Field(None, description="the tax")

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """Whether rate x base is the amount of the tax."""
        if self.rate is None or self.base is None or self.amount is None:
            return []
        expected = self.rate * self.base / _HUNDRED
        if abs(expected - self.amount) <= _slack(tolerance, 2, minor_unit(None)):
            return []
        return [Check(("/amount", "/rate", "/base"), "rate x base is not amount", expected, self.amount)]


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
    subtotal: Amount | None = Field(None, description="sum of the lines as printed, before taxes (net)")
    discount: Amount | None = Field(None, description="discount on the whole invoice")
    shipping: Amount | None = Field(None, description="shipping, freight or handling")
    taxes: list[Tax] = Field([], max_length=20, description="one entry per tax rate, where they are listed")
    total_tax: Amount | None = Field(None, description="all taxes together")
    total: Amount | None = Field(None, description="total of the invoice, taxes included (gross)")
    amount_paid: Amount | None = Field(None, description="what was paid already")
    amount_due: Amount | None = Field(None, description="what is left to pay")
    payment_terms: Name | None = Field(None, description="terms of payment, as printed")
    iban: Number | None = Field(None, description="bank account of the seller (IBAN)")

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """What does not add up: items to subtotal, taxes to their sum, parts to the total, payments to what is due.

        The total may include the tax or have it added, and the subtotal may be before or after the discount: any of these
        is right. Without a tax, the total may be higher than its parts, by a tax that is not told, and not lower.

        Args:
            tolerance: By how much sums may differ; by default what rounding of the printed amounts explains.
        """
        unit = minor_unit(self.currency)
        taxes = [one.amount for one in self.taxes]
        listed = sum((one for one in taxes if one is not None), Decimal(0)) if taxes and None not in taxes else None
        tax = Term("total_tax", self.total_tax) if self.total_tax is not None else Term("taxes", listed)
        amounts = [item.amount for item in self.items]
        more = [Term("shipping", self.shipping)]
        found = list(_Totals(amounts, self.subtotal, self.discount, tax, more, self.total, tolerance, unit).checks())
        if listed is not None and self.total_tax is not None:
            slack = _slack(tolerance, len(taxes), unit)
            found += _some(check_sum([Term("taxes", listed)], "total_tax", self.total_tax, slack))
        if self.total is not None and self.amount_paid is not None and self.amount_due is not None:
            left = [Term("total", self.total), Term("amount_paid", self.amount_paid, -1)]
            found += _some(check_sum(left, "amount_due", self.amount_due, _slack(tolerance, 2, unit)))
        return found


def _line_checks(
    quantity: Decimal | None,
    price: Decimal | None,
    amount: Decimal | None,
    others: Sequence[Decimal | None],
    tolerance: Decimal | None,
) -> Iterator[Check]:
    """Whether quantity x price is the amount of a line; ``others`` are its discount and its tax rate in percent."""
    if quantity is None or price is None or amount is None:
        return
    discount, rate = ((*others, None, None))[:2]
    unit = minor_unit(None)
    product = quantity * price
    readings = {product, product - abs(discount or 0)}
    readings |= {one * (1 + (rate or 0) / _HUNDRED) for one in readings}
    coarse = abs(quantity) * last_place(price, unit) + abs(price) * last_place(quantity, unit)
    slack = coarse / 2 + unit if tolerance is None else tolerance
    if all(abs(one - amount) > slack for one in readings):
        expected = product - abs(discount or 0)
        words = "quantity x unit_price - discount" if discount else "quantity x unit_price"
        yield Check(("/amount", "/quantity", "/unit_price"), f"{words} is not amount", expected, amount)


@dataclass(frozen=True, slots=True)
class _Totals:
    """The amounts of a receipt or invoice that make its total.

    Attributes:
        items: The amounts of the lines; None where a line has none.
        subtotal: Their sum, as printed.
        discount: On the whole document.
        tax: All taxes.
        more: What else is added.
        total: All together.
        tolerance: What the caller allows; None for what rounding explains.
        unit: The smallest amount of the currency.
    """

    items: Sequence[Decimal | None]
    subtotal: Decimal | None
    discount: Decimal | None
    tax: Term
    more: Sequence[Term]
    total: Decimal | None
    tolerance: Decimal | None
    unit: Decimal

    def checks(self) -> Iterator[Check]:
        """The sum of the lines, then the total."""
        summed = sum((one for one in self.items if one is not None), Decimal(0))
        lines = Term("items", summed if self.items and None not in self.items else None)
        discount = Term("discount", self.discount, -1)
        slack = _slack(self.tolerance, len(self.items), self.unit)
        if lines.value is not None and self.subtotal is not None:
            # Prices of lines may include the tax that a subtotal leaves out; a subtotal may be after the discount.
            readings = [
                [lines],
                [lines, discount],
                [lines, _negative(self.tax)],
                [lines, discount, _negative(self.tax)],
            ]
            yield from _unless_any(readings, "subtotal", self.subtotal, slack)
        base = lines if self.subtotal is None else Term("subtotal", self.subtotal)
        if base.value is None or self.total is None:
            return
        slack = _slack(self.tolerance, 2 + len(self.more) + (len(self.items) if base is lines else 0), self.unit)
        added = [self.tax, *self.more]
        readings = [[base, *added, discount], [base, *added], [base, *self.more, discount], [base, *self.more]]
        if self.tax.value is None:
            lowest = min(sum((term.amount for term in reading), Decimal(0)) for reading in readings)
            if self.total >= lowest:
                return
        yield from _unless_any(readings, "total", self.total, slack)


def _negative(term: Term) -> Term:
    return Term(term.name, term.value, -term.sign)


def _unless_any(readings: Sequence[Sequence[Term]], name: str, found: Decimal, slack: Decimal) -> list[Check]:
    """The first reading's problem, where no reading gives what was found."""
    problems = [check_sum(reading, name, found, slack) for reading in readings]
    return [] if None in problems else _some(problems[0])


def _some(check: Check | None) -> list[Check]:
    return [] if check is None else [check]


def _slack(tolerance: Decimal | None, terms: int, unit: Decimal) -> Decimal:
    return rounding_slack(terms, unit) if tolerance is None else tolerance
