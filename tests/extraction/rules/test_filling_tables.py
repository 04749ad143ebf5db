"""Tables filled from words: rows by the names of their columns, as they are, and lines that go on."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from extraction.schemas.documents import BankStatement, Invoice, Table
from tests.extraction.rules.typed import fill


class Line(BaseModel):
    description: str
    quantity: int | None
    unit_price: float | None
    amount: float


class Lines(BaseModel):
    items: list[Line]


TABLE = """
Item                  Qty   Price    Amount
1   Oak desk           2   100.00    200.00
2   Desk lamp,
    brass              1    30.00     30.00
3   Tax advice         4    25.00    100.00
                          Subtotal   330.00
                          Total      330.00
"""


def test_a_table_by_the_names_of_its_columns() -> None:
    assert fill(Lines, TABLE).data["items"] == [
        {"description": "Oak desk", "quantity": 2, "unit_price": 100.0, "amount": 200.0},
        {"description": "Desk lamp, brass", "quantity": 1, "unit_price": 30.0, "amount": 30.0},
        {"description": "Tax advice", "quantity": 4, "unit_price": 25.0, "amount": 100.0},
    ]


class Region(BaseModel):
    region: str
    q1: int | None
    q2: int | None


def test_a_table_by_the_schemas_own_names() -> None:
    page = "Region    Q1    Q2\nNorth     12    15\nWest             5\n"
    assert fill(list[Region], page).data == [
        {"region": "North", "q1": 12, "q2": 15},
        {"region": "West", "q1": None, "q2": 5},
    ]


def test_a_table_as_it_is() -> None:
    page = "Sales\n\nRegion    Q1    Q2\nNorth     12    15\nWest             5\n"
    assert fill(Table, page).data == {
        "title": "Sales",
        "columns": ["Region", "Q1", "Q2"],
        "rows": [["North", "12", "15"], ["West", None, "5"]],
    }


STATEMENT = """
Date        Description            Money out   Money in    Balance
01/03/2024  Opening balance                                1,000.00
03/03/2024  Card payment               25.40                 974.60
05/03/2024  Salary ACME LTD                   2,100.00     3,074.60
31/03/2024  Closing balance                                3,074.60
"""


@pytest.mark.parametrize("head", ["Date", "Booked"])
def test_a_transaction_whose_amount_stands_on_its_last_line_is_one(head: str) -> None:
    page = f"""
    First Bank

    {head:<10}    Description              Amount     Balance
    15/08/21      CARD PAYMENT
                  HARROW BAKERY           -100.00    1,289.78
    16/08/21      TRANSFER TO L. HUGHES
                  REF 879806              -183.96    1,105.82
    31/08/21      CASH WITHDRAWAL          -25.00    1,080.82
    """
    found = fill(BankStatement, page).data["transactions"]
    assert [(one["date"], one["description"], one["amount"], one["balance"]) for one in found] == [
        ("2021-08-15", "CARD PAYMENT HARROW BAKERY", -100, 1289.78),
        ("2021-08-16", "TRANSFER TO L. HUGHES REF 879806", -183.96, 1105.82),
        ("2021-08-31", "CASH WITHDRAWAL", -25, 1080.82),
    ]


def test_money_out_is_below_zero_in_one_column() -> None:
    data = fill(BankStatement, STATEMENT).data
    assert [one["amount"] for one in data["transactions"]] == [-25.4, 2100.0]
    assert (data["opening_balance"], data["closing_balance"]) == (1000.0, 3074.6)


def test_a_debit_is_below_zero() -> None:
    page = """
MY BANK
Date          Description       Amount       Balance
01/02/2024    Pay              5.00 CR        5.00 CR
02/02/2024    Rent            50.00 DR       45.00 DR
"""
    data = fill(BankStatement, page).data
    assert [(one["amount"], one["balance"]) for one in data["transactions"]] == [(5.0, 5.0), (-50.0, -45.0)]


def test_a_numbered_line_without_amounts_is_a_line_of_its_own_and_no_address() -> None:
    page = """
ACME LTD
Pos    Description        Qty    Price    Amount
1      Widget 5             3     2.00      6.00
2      Gadget           free
3      Thing                1    12.00     12.00
4      Manual
Total                                      18.00
"""
    data = fill(Invoice, page).data
    assert data["seller"]["address"] is None
    told = [(one["description"], one["amount"]) for one in data["items"]]
    assert told == [("Widget 5", 6.0), ("Gadget free", None), ("Thing", 12.0), ("Manual", None)]


def test_items_beyond_the_bound_of_a_list_are_told() -> None:
    class Few(BaseModel):
        items: Annotated[list[Line], Field(max_length=2)]

    found = fill(Few, TABLE)
    assert len(found.data["items"]) == 2
    assert found.left_out == {"/items": 1}
    assert not [at for at in found.sources if at.startswith("/items/2")]
    assert fill(Lines, TABLE).left_out == {}
