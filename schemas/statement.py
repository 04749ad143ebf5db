"""Bank statements: transactions between an opening and a closing balance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from extraction.schemas.checks import Check, DocumentSchema, Rounding, Term, check_sum
from extraction.schemas.iban import iban_checks
from extraction.schemas.merging import CountOf, Merge, RunningBalance
from extraction.schemas.money import Amount, Currency
from extraction.schemas.text import Address, Name, Number, Text


class Transaction(DocumentSchema):
    """One line of a statement."""

    date: dt.date | None = Field(None, description="day of booking, YYYY-MM-DD")
    value_date: dt.date | None = Field(None, description="value date, YYYY-MM-DD, only where printed beside the other")
    description: Text | None = Field(None, description="what it was and with whom, as printed")
    reference: Number | None = Field(None, description="reference or cheque number")
    amount: Amount | None = Field(
        None, description="amount: below 0 for money out (debit), above 0 for money in (credit)"
    )
    balance: Amount | None = Field(None, description="balance after this line, only where printed")


_BALANCES: Final = RunningBalance("balance", start="opening_balance", end="closing_balance", within=0.0005)
"""Within less than the smallest amount of any currency."""


class BankStatement(DocumentSchema):
    """A statement of a bank account."""

    bank: Name | None = Field(None, description="name of the bank")
    account_holder: Name | None = Field(None, description="name of the owner of the account")
    address: Address | None = Field(None, description="address of the owner, on one line")
    account_number: Number | None = Field(None, description="number of the account")
    iban: Number | None = Field(None, description="IBAN of the account")
    statement_number: Number | None = Field(None, description="number of the statement")
    currency: Currency | None = Field(None, description="ISO 4217 code of all amounts, such as EUR or USD")
    period_start: dt.date | None = Field(None, description="first day of the statement, YYYY-MM-DD")
    period_end: dt.date | None = Field(None, description="last day of the statement, YYYY-MM-DD")
    opening_balance: Annotated[Amount | None, Merge("first")] = Field(
        None, description="balance before the first transaction"
    )
    closing_balance: Annotated[Amount | None, Merge("last")] = Field(
        None, description="balance after the last transaction"
    )
    total_credits: Annotated[Amount | None, Merge("last")] = Field(None, description="printed sum of money in")
    total_debits: Annotated[Amount | None, Merge("last")] = Field(None, description="printed sum of money out")
    transaction_count: Annotated[int | None, Merge("last"), CountOf("transactions")] = Field(
        None, ge=0, description="printed number of transactions"
    )
    transactions: Annotated[list[Transaction], _BALANCES] = Field(
        [], max_length=10_000, description="every transaction, in the order in which they are printed"
    )

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """Opening balance + transactions = closing balance, each printed balance, the printed sums and count.

        Args:
            rounding: How far amounts may be off; banks do not round.
        """
        slack = rounding.exact()
        yield from self._sums(slack)
        yield from _broken_balances(self.transactions, self.opening_balance, slack)
        printed, count = self.transaction_count, len(self.transactions)
        if printed is not None and count and printed != count:
            pointers = ("/transaction_count", "/transactions")
            yield Check(pointers, "the printed number is not that of the transactions", count, printed)
        yield from iban_checks(self.iban)

    def _sums(self, slack: Decimal) -> Iterator[Check]:
        amounts = [one.amount for one in self.transactions if one.amount is not None]
        if not amounts or len(amounts) < len(self.transactions):
            return
        money_in = Term("transactions", sum((one for one in amounts if one > 0), Decimal(0)))
        money_out = Term("transactions", sum((-one for one in amounts if one < 0), Decimal(0)))
        debits = None if self.total_debits is None else abs(self.total_debits)
        yield from check_sum([money_in], "total_credits", self.total_credits, slack)
        yield from check_sum([money_out], "total_debits", debits, slack)
        if self.opening_balance is not None:
            parts = [Term("opening_balance", self.opening_balance), Term("transactions", sum(amounts, Decimal(0)))]
            yield from check_sum(parts, "closing_balance", self.closing_balance, slack)


def _broken_balances(lines: Sequence[Transaction], opening: Decimal | None, slack: Decimal) -> list[Check]:
    """Where a printed balance is not the one before and the amounts since; the order is that with fewer such places.

    Args:
        lines: The transactions, in time or, as online banking prints them, the newest first.
        opening: The balance before them.
        slack: By how much balances may differ.
    """
    in_time = list(_steps(list(enumerate(lines)), opening, slack))
    if not in_time:
        return in_time
    reversed_lines = list(_steps(list(enumerate(lines))[::-1], opening, slack))
    return min(in_time, reversed_lines, key=len)


def _steps(lines: Sequence[tuple[int, Transaction]], opening: Decimal | None, slack: Decimal) -> Iterator[Check]:
    before, pointer = opening, "/opening_balance"
    amounts: list[str] = []
    for index, line in lines:
        place = f"/transactions/{index}"
        if before is not None and line.amount is not None:
            before += line.amount
            amounts.append(f"{place}/amount")
        elif line.balance is None:
            before = None  # an amount is missing: what is known begins again at the next printed balance
        if line.balance is None:
            continue
        if before is not None and line.amount is not None and abs(before - line.balance) > slack:
            problem = "the balance before it and the amounts since do not give this balance"
            yield Check((f"{place}/balance", pointer, *amounts), problem, before, line.balance)
        before, pointer, amounts = line.balance, f"{place}/balance", []
