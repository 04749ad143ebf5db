"""Schemas filled from words: what is said is found where it stands, and what is not said is never filled."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from extraction.schemas import Box
from extraction.schemas.documents import BankStatement, BusinessCard, Form, IdentityDocument, Invoice, Receipt, Table
from tests.extraction.rules.typed import fill, typed

RECEIPT = """
      CORNER SHOP LTD
      12 High Street
      Leeds LS1 4AB
    Tel: 0113 496 0000
  VAT No: GB 123 4567 89

  Receipt No: A-4711
  Date: 13/04/2024  14:05

  Milk 1 l               1.20
  2 x Bread              5.00
  Cheese
    3 @ 2.50             7.50

  Subtotal              13.70
  VAT 20%                2.74
  TOTAL                £16.44
  Cash                  20.00
  Change                 3.56

  Thank you
"""


def test_a_receipt() -> None:
    filled = fill(Receipt, RECEIPT)
    assert filled.missing == ()
    assert filled.data == {
        "company": "CORNER SHOP LTD",
        "address": "12 High Street Leeds LS1 4AB",
        "phone": "0113 496 0000",
        "tax_id": "GB 123 4567 89",
        "receipt_number": "A-4711",
        "date": "2024-04-13",
        "time": "14:05",
        "currency": "GBP",
        "items": [
            {"description": "Milk 1 l", "quantity": None, "unit_price": None, "amount": 1.2},
            {"description": "Bread", "quantity": 2, "unit_price": None, "amount": 5.0},
            {"description": "Cheese", "quantity": 3, "unit_price": 2.5, "amount": 7.5},
        ],
        "subtotal": 13.7,
        "discount": None,
        "service_charge": None,
        "tax": 2.74,
        "tip": None,
        "rounding": None,
        "total": 16.44,
        "payment_method": "cash",
        "amount_paid": 20.0,
        "change": 3.56,
    }
    assert Receipt.model_validate(filled.data).total == Decimal("16.44")


def test_every_value_has_its_place() -> None:
    words = typed(RECEIPT)
    filled = fill(Receipt, RECEIPT)
    source = filled.sources["/total"]
    assert (source.page, source.text, source.match) == (1, "£16.44", "equal")
    assert source.box == next(word.box for word in words if word.text == "£16.44")
    assert filled.sources["/company"].match == "exact"
    assert filled.sources["/items/2/unit_price"].text == "2.50"
    said = {pointer for pointer, value in _leaves(filled.data) if value is not None}
    assert set(filled.sources) == said


def _leaves(value: Any, pointer: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in _leaves(one, f"{pointer}/{key}")]
    if isinstance(value, list):
        return [leaf for index, one in enumerate(value) for leaf in _leaves(one, f"{pointer}/{index}")]
    return [(pointer, value)]


@pytest.mark.parametrize("schema", [Receipt, Invoice, BusinessCard, IdentityDocument, Form, Table, BankStatement])
def test_an_empty_page_fills_nothing(schema: Any) -> None:
    filled = fill(schema, "")
    assert filled.missing == ()
    assert all(value is None for _, value in _leaves(filled.data))
    assert filled.sources == {}
    schema.model_validate(filled.data)


PROSE = """
Once upon a time there was a king
who had three daughters and a horse.
"""


@pytest.mark.parametrize("schema", [Receipt, Invoice, IdentityDocument, BankStatement])
def test_prose_has_no_amounts_and_no_numbers(schema: Any) -> None:
    filled = fill(schema, PROSE)
    assert {pointer for pointer, _ in filled.sources.items()} <= {"/company", "/bank", "/seller/name"}


class Policy(BaseModel):
    holder: str
    policy_number: str
    premium: Decimal
    start: dt.date = Field(description='"Valid from"')


@pytest.mark.parametrize("name", ["items", "lines", "positions", "rows", "line_items"])
def test_a_list_of_goods_whatever_it_is_called(name: str) -> None:
    line = {"type": "object", "properties": {"text": {"type": "string"}, "amount": {"type": "number"}}}
    schema = {"type": "object", "properties": {name: {"type": "array", "items": line}}}
    amounts = [one["amount"] for one in fill(schema, RECEIPT).data[name]]
    assert amounts == [1.2, 5.0, 7.5]


def test_what_must_be_there_and_is_not_is_missing() -> None:
    filled = fill(Policy, "Policy no. P-77\nPremium  120.50 EUR\n")
    assert filled.data == {"holder": None, "policy_number": "P-77", "premium": 120.5, "start": None}
    assert filled.missing == ("/holder", "/start")


@pytest.mark.parametrize("printed", ["Receipt #", "Receipt No."])
@pytest.mark.parametrize("quoted", ["Receipt #", "Receipt No.", "Receipt №"])
def test_the_sign_of_a_number_in_quotation_marks_is_its_word(quoted: str, printed: str) -> None:
    schema = {"properties": {"x": {"type": ["string", "null"], "description": f'the "{quoted}"'}}, "type": "object"}
    assert fill(schema, f"HARBOUR COFFEE\n\n{printed}      A-1093\n").data == {"x": "A-1093"}


def test_the_fields_own_names_are_looked_for() -> None:
    page = "Holder: Ann Other\nPolicy No.: P-77/1\nAnnual premium   120.50\nValid from  1 March 2024\n"
    assert fill(Policy, page).data == {
        "holder": "Ann Other",
        "policy_number": "P-77/1",
        "premium": 120.5,
        "start": "2024-03-01",
    }


class Dated(BaseModel):
    date: dt.date | None


@pytest.mark.parametrize(
    ("page", "day"),
    [
        ("Date 03/04/2024", "2024-04-03"),
        ("Date 03/04/2024\nSales tax  1.00\nTotal $ 9.00", "2024-03-04"),
        ("Springfield, IL 62701\nDate 03/04/2024", "2024-03-04"),
        ("Date 03/04/2024\nprinted 04/25/2024", "2024-03-04"),
        ("Springfield, IL 62701\nDate 03/04/2024\nDue date 25/04/2024", "2024-04-03"),
        ("Date 04/25/2024", "2024-04-25"),
        ("Datum 3. April 24", "2024-04-03"),
        ("Due date 03/04/2024", None),
    ],
)
def test_which_number_of_a_date_is_the_day(page: str, day: str | None) -> None:
    assert fill(Dated, page).data == {"date": day}


class Totals(BaseModel):
    subtotal: float | None
    tax: float | None
    total: float | None


@pytest.mark.parametrize(
    ("page", "total"),
    [
        ("Total qty 3\nTotal  12.00", 12.0),
        ("Total  10.00\nTax  2.00\nAmount due  12.00", 12.0),
        ("Total  10.00\nRounding  0.02\nTotal  10.02\nCash  20.02\nChange  10.00", 10.02),
        ("Total (excl. GST)  10.00\nGST 6%  0.60\nTotal (incl. GST)  10.60", 10.6),
        ("Total  1.234,50 EUR", 1234.5),
        ("Gesamt  1.234 EUR\nBar  2.000,00 EUR", 1234.0),
        ("You saved  2.00\nItems  3", None),
        ("Tax advice  50.00", None),
    ],
)
def test_which_amount_is_the_total(page: str, total: float | None) -> None:
    assert fill(Totals, page).data["total"] == total


@pytest.mark.parametrize(
    ("page", "tax"),
    [
        ("VAT 20%  2.00\nVAT 5%  0.50\nTotal  20.00", None),
        ("VAT 20%  2.00\nVAT 5%  0.50\nTotal tax  2.50\nTotal  20.00", 2.5),
        ("GST 6%  2.00\nGST 0%  0.00\nTotal  20.00", 2.0),
        ("Rate    Net     VAT    Gross\n20%   10.00    2.00    12.00", 2.0),
        ("Rate    Net     VAT    Gross\n20%   10.00    2.00    12.00\n5%    10.00    0.50    10.50", None),
    ],
)
def test_sums_that_are_not_printed_are_not_computed(page: str, tax: float | None) -> None:
    assert fill(Totals, page).data["tax"] == tax


class Price(BaseModel):
    amount: Decimal
    currency: str


class Quoted(BaseModel):
    value: str
    box: Box


class Boxed(BaseModel):
    total: Price
    total_box: Box | None
    reference: Quoted | None
    date_box: Box | None


def test_boxes_are_the_places_of_the_values_beside_them() -> None:
    data = fill(Boxed, "Reference: X-1\nTotal  EUR 12.50\n").data
    assert data["total"] == {"amount": 12.5, "currency": "EUR"}
    assert data["total_box"] == [80.0, 36.0, 170.0, 54.0]
    assert data["reference"] == {"value": "X-1", "box": [120.0, 10.0, 150.0, 28.0]}
    assert data["date_box"] is None


def test_of_several_pages_boxes_are_those_of_the_last() -> None:
    data = fill(Boxed, "Total  EUR 12.50\n", "Reference: X-1\n").data
    assert data["total"] == {"amount": 12.5, "currency": "EUR"}
    assert data["total_box"] is None
    assert data["reference"] == {"value": "X-1", "box": [120.0, 10.0, 150.0, 28.0]}


FORM = """
Registration

Full name: Ann Other      Date of birth: 04/05/1990
Phone: 0113 496 0000      Email:

[x] I agree to the terms
[ ] Send me news
"""


def test_a_form() -> None:
    data = fill(Form, FORM).data
    assert data["title"] == "Registration"
    assert data["fields"] == [
        {"label": "Full name", "value": "Ann Other"},
        {"label": "Date of birth", "value": "04/05/1990"},
        {"label": "Phone", "value": "0113 496 0000"},
        {"label": "Email", "value": None},
    ]
    assert data["checkboxes"] == [
        {"label": "I agree to the terms", "checked": True},
        {"label": "Send me news", "checked": False},
    ]


class Answers(BaseModel):
    agrees: bool | None = Field(description='"I agree to the terms"')
    send_me_news: bool | None
    smoker: bool | None
    kind: Literal["new", "renewal"] | None


def test_true_and_false_only_where_they_are_stated() -> None:
    assert fill(Answers, FORM).data == {"agrees": True, "send_me_news": False, "smoker": None, "kind": None}
    assert fill(Answers, "Smoker: no\nKind: Renewal\n").data["smoker"] is False
    assert fill(Answers, "Smoker: no\nKind: Renewal\n").data["kind"] == "renewal"


def test_parties_keep_their_own() -> None:
    page = """
Alder Bakery Ltd                 INVOICE
1 Mill Lane                      Invoice No.: 77-1
Leeds LS1 4AB                    Date: 13.04.2024
Tel: 0113 496 0000               Due: 30.04.2024

Bill to
Barton Books
9 High Street
York YO1 7AA
Tel: 01904 555 000

Description      Qty    Price    Amount
Bread             10     2.00     20.00
Total                             20.00
"""
    data = fill(Invoice, page).data
    assert (data["invoice_number"], data["invoice_date"], data["due_date"]) == ("77-1", "2024-04-13", "2024-04-30")
    assert data["seller"] == {
        "name": "Alder Bakery Ltd",
        "address": "1 Mill Lane Leeds LS1 4AB",
        "tax_id": None,
        "email": None,
        "phone": "0113 496 0000",
    }
    assert data["buyer"] == {
        "name": "Barton Books",
        "address": "9 High Street York YO1 7AA",
        "tax_id": None,
        "email": None,
        "phone": "01904 555 000",
    }


SOLD = "CORNER CAFE\n{}\nDate 03/04/2024\nCoffee      {}\nTotal       {}\n"


@pytest.mark.parametrize(
    ("line", "amount", "told"),
    [
        ("Springfield, IL 62704", "$ 4.00", ("2024-03-04", "USD")),
        ("SEATTLE WA 98101", "$ 4.00", ("2024-03-04", "USD")),
        ("INVOICE NO 12345", "$ 4.00", ("2024-04-03", None)),
        ("Tax ID 12345", "$ 4.00", ("2024-04-03", None)),
        ("DE 80331 Munich", "4.00", ("2024-04-03", None)),
        ("Harmonized Sales Tax", "$ 4.00", ("2024-04-03", None)),
        ("Portland, OR 97201  GST 5%", "$ 4.00", ("2024-04-03", None)),
        ("Storgatan 1", "4,00 kr", ("2024-04-03", None)),
        ("Storgatan 1", "4,00 SEK", ("2024-04-03", "SEK")),
    ],
)
def test_a_country_is_told_by_what_only_it_has(line: str, amount: str, told: tuple[str, str | None]) -> None:
    data = fill(Receipt, SOLD.format(line, amount, amount)).data
    assert (data["date"], data["currency"]) == told


@pytest.mark.parametrize(
    ("page", "guessed"),
    [
        ("Date 03/04/2024\nTotal  4.00", {"/date": ("2024-03-04",)}),
        ("Date 03/04/2024\nPaid 25/04/2024\nTotal  4.00", {}),
        ("Date 03/04/2024\nSeattle, WA 98101\nTotal  4.00", {}),
        ("Date 03.04.2024\nTotal  4,00", {}),
        ("Date 05/05/2024\nTotal  4,00", {}),
        ("Date 2024-04-03\nTotal  1.234", {"/total": (1.234,)}),
        ("Date 2024-04-03\nTax  0.95\nTotal  1,234", {}),
    ],
)
def test_what_nothing_on_the_page_decides_is_told(page: str, guessed: dict[str, tuple[Any, ...]]) -> None:
    assert fill(Receipt, f"CORNER CAFE\n{page}\n").guessed == guessed


class Contacts(BaseModel):
    phones: list[str]
    emails: list[str]
    skills: list[str]


def test_lists_of_single_values() -> None:
    page = "Tel 030 1234567\nann@home.example\nbob@home.example\nSkills: sewing, chess\n"
    assert fill(Contacts, page).data == {
        "phones": ["030 1234567"],
        "emails": ["ann@home.example", "bob@home.example"],
        "skills": ["sewing", "chess"],
    }


class Address(BaseModel):
    street: str | None
    postal_code: str | None
    city: str | None
    country: str | None


class Site(BaseModel):
    address: Address | None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("12 High Street\nLeeds LS1 4AB", ("12 High Street", "LS1 4AB", "Leeds", None)),
        ("Hauptstraße 12\n10115 Berlin", ("Hauptstraße 12", "10115", "Berlin", None)),
        ("5 Oak Avenue\nSpringfield, IL 62701", ("5 Oak Avenue", "62701", "Springfield", None)),
    ],
)
def test_the_parts_of_an_address(lines: str, expected: tuple[str | None, ...]) -> None:
    data = fill(Site, f"ACME Ltd\n{lines}\n", larger=1).data
    assert tuple(data["address"].values()) == expected
