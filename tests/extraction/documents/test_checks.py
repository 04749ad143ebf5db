"""What is printed and must agree, compared with the rows; what cannot be known is not compared."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from extraction.documents.checks import marked_checks, number_of
from extraction.schemas import CountOf, RunningBalance, SumOf, json_schema_of


class Line(BaseModel):
    amount: Decimal | None = None


class Bill(BaseModel):
    count: Annotated[int | None, CountOf("lines")] = None
    net: Annotated[Decimal | None, SumOf("lines/*/amount")] = None
    rebate: Decimal | None = None
    gross: Annotated[Decimal | None, SumOf("net", "tax/amount", "-rebate", within=0.01)] = None
    tax: dict[str, float] | None = None
    lines: list[Line] = []


class Move(BaseModel):
    into: Decimal | None = None
    out: Decimal | None = None
    left: Decimal | None = None


class Account(BaseModel):
    start: Decimal | None = None
    end: Decimal | None = None
    moves: Annotated[list[Move], RunningBalance("left", of=("into", "-out"), start="start", end="end")]


def _checked(schema: type[BaseModel], **data: Any) -> tuple[int, list[tuple[tuple[str, ...], str, float, float]]]:
    found = marked_checks(data, json_schema_of(schema))
    return found.compared, [(one.pointers, one.problem, float(one.expected), float(one.found)) for one in found.failed]


def _lines(*amounts: Any) -> list[dict[str, Any]]:
    return [{"amount": amount} for amount in amounts]


def test_what_agrees() -> None:
    told = {
        "count": 3,
        "net": 0.6,
        "rebate": 0.1,
        "tax": {"amount": 0.05},
        "gross": 0.56,
        "lines": _lines(0.1, 0.2, 0.3),
    }
    assert _checked(Bill, **told) == (3, [])  # exact in decimals, in floats 0.1 + 0.2 + 0.3 is not 0.6


def test_what_does_not_agree_is_told_with_its_places() -> None:
    compared, failed = _checked(Bill, count=4, net=0.7, gross=0.72, lines=_lines(0.1, 0.2, 0.3))
    assert compared == 3
    assert failed == [
        (("/count", "/lines"), "the printed number is not that of the items", 3, 4),
        (("/net", "/lines"), "lines/*/amount is not net", 0.6, 0.7),
        (("/gross", "/net"), "net is not gross", 0.7, 0.72),
    ]


@pytest.mark.parametrize(
    "told",
    [
        {"lines": _lines(1.0)},
        {"count": None, "net": None, "lines": []},
        {"net": 5.0, "lines": _lines(1.0, None)},  # one amount is not known
        {"net": 5.0, "lines": []},
        {"gross": 5.0, "lines": []},
    ],
)
def test_what_cannot_be_known_is_not_compared(told: dict[str, Any]) -> None:
    assert _checked(Bill, **told) == (0, [])


def test_a_count_of_nothing_is_compared() -> None:
    assert _checked(Bill, count=0, lines=[]) == (1, [])
    assert _checked(Bill, count=2, lines=[])[1][0][0] == ("/count", "/lines")


def _moves(*told: tuple[float | None, float | None, float | None]) -> list[dict[str, Any]]:
    return [dict(zip(("into", "out", "left"), one, strict=True)) for one in told]


MOVES = _moves((5.0, None, 15.0), (None, 3.0, 12.0), (1.0, None, None), (None, 2.0, 11.0))


def test_balances_that_run_on() -> None:
    assert _checked(Account, start=10.0, end=11.0, moves=MOVES) == (1, [])
    assert _checked(Account, start=None, end=None, moves=MOVES) == (1, [])
    assert _checked(Account, start=10.0, end=11.0, moves=MOVES[::-1]) == (1, [])  # the newest first
    assert _checked(Account, start=10.0, end=None, moves=[]) == (0, [])


def test_a_missing_row_is_between_two_places() -> None:
    problem = "the balance before it and the amounts since do not give this balance"
    assert _checked(Account, start=10.0, end=11.0, moves=[MOVES[0], *MOVES[2:]])[1] == [
        (("/moves/2", "/moves/1", "/moves/0"), problem, 14, 11)
    ]
    assert _checked(Account, start=10.0, end=11.0, moves=MOVES[1:])[1] == [(("/moves/0", "/start"), problem, 7, 12)]
    assert _checked(Account, start=10.0, end=11.0, moves=MOVES[:-1])[1] == [
        (("/end", "/moves/2", "/moves/1"), problem, 13, 11)
    ]


def test_after_an_amount_that_is_not_known_it_goes_on_from_the_next_balance() -> None:
    moves = _moves((5.0, None, 15.0), (None, None, None), (None, 3.0, 12.0), (1.0, None, 13.0))
    assert _checked(Account, start=10.0, end=13.0, moves=moves) == (1, [])


def test_marks_in_lists_are_about_their_own_object() -> None:
    class Statement(BaseModel):
        accounts: list[Bill]

    bills = [{"count": 1, "lines": _lines(1.0)}, {"count": 1, "lines": []}]
    compared, failed = _checked(Statement, accounts=bills)
    assert (compared, [one[0] for one in failed]) == (2, [("/accounts/1/count", "/accounts/1/lines")])


def test_a_count_over_several_lists() -> None:
    class Statement(BaseModel):
        count: Annotated[int, CountOf("accounts/*/lines")]
        accounts: list[Bill]

    accounts = [{"lines": _lines(1.0)}, {"lines": _lines(1.0, 2.0)}]
    assert _checked(Statement, count=3, accounts=accounts) == (1, [])
    (failed,) = _checked(Statement, count=4, accounts=accounts)[1]
    assert failed[0] == ("/count", "/accounts/0/lines", "/accounts/1/lines")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, Decimal(12)),
        (0.1, Decimal("0.1")),
        ("12.50", Decimal("12.50")),
        ({"amount": 3, "currency": "EUR"}, Decimal(3)),
        (True, None),
        (None, None),
        ("12,50", None),
        ("NaN", None),
        (float("inf"), None),
        ([1], None),
    ],
)
def test_what_is_a_number(value: Any, number: Decimal | None) -> None:
    assert number_of(value) == number
