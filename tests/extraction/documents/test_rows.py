"""Rows that a page's end cuts are whole again; rows that only look like it stay two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from extraction.documents.merge import merge_windows
from extraction.documents.result import Origin
from extraction.schemas import Form, json_schema_of
from tests.extraction.documents.papers import Table, merged, row, windows

WHOLE = [row(f"2026-01-0{day}", f"payment number {day}", float(day), 100.0 + day) for day in range(1, 7)]
CUT = row("2026-02-01", "Transfer to Smith", 12.5, 50.0)


def _rows(*pages: Any) -> Any:
    """What becomes of pages of rows; a page that is an exception has no answer."""
    answers = [page if isinstance(page, Exception) else {"title": "T", "rows": page} for page in pages]
    return merged(Table, *answers)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (row("2026-02-01", "Transfer to", None), row(None, "Smith", 12.5, 50.0)),
        (row("2026-02-01", None, None), row(None, "Transfer to Smith", 12.5, 50.0)),
        (row("2026-02-01", "Transfer to Smith", None), row(None, None, 12.5, 50.0)),
        (row("2026-02-01", "Transfer to Smith", 12.5), row(None, "transfer to  smith", None, 50.0)),
        (row("2026-02-01", "Transfer to", 12.5, 50.0), row(None, "Smith", None)),
        (row("2026-02-01", "Trans-", 12.5, 50.0), row(None, "fer to Smith", None)),
    ],
)
def test_two_halves_are_one(first: dict[str, Any], second: dict[str, Any]) -> None:
    found = _rows([*WHOLE, first], [second, *WHOLE])
    assert found.data["rows"] == [*WHOLE, CUT, *WHOLE]
    assert found.joined == ("/rows/6",)
    assert found.provenance["/rows/6"] == (1, 2)


def test_each_part_knows_its_page() -> None:
    found = _rows([row("2026-02-01", "Transfer to", None)], [row(None, "Smith", 12.5, 50.0), *WHOLE])
    assert found.provenance["/rows/0/day"] == (1,)
    assert found.provenance["/rows/0/amount"] == (2,)
    assert found.provenance.origins["/rows/0/text"] == (
        Origin(0, (1,), "/rows/0/text"),
        Origin(1, (2,), "/rows/0/text"),
    )


def test_a_row_over_three_pages() -> None:
    pieces = [row("2026-02-01", None, None), row(None, "Transfer to Smith", None), row(None, None, 12.5, 50.0)]
    found = _rows([*WHOLE, pieces[0]], [pieces[1]], [pieces[2], *WHOLE])
    assert found.data["rows"] == [*WHOLE, CUT, *WHOLE]


def test_a_page_without_rows_may_lie_between_and_one_without_an_answer_may_not() -> None:
    halves = row("2026-02-01", "Transfer to", None), row(None, "Smith", 12.5, 50.0)
    assert _rows([*WHOLE, halves[0]], [], [halves[1], *WHOLE]).data["rows"][6] == CUT
    apart = _rows([*WHOLE, halves[0]], ValueError("unreadable"), [halves[1], *WHOLE])
    assert apart.data["rows"][6:8] == list(halves)


def test_what_stands_behind_the_end_of_a_cut_answer_is_not_known() -> None:
    halves = row("2026-02-01", "Transfer to", None), row(None, "Smith", 12.5, 50.0)
    told = windows({"title": "T", "rows": [*WHOLE, halves[0]]}, {"title": "T", "rows": [halves[1]]})
    assert merge_windows(told, json_schema_of(Table)).data["rows"][6:] == [CUT]
    told[0] = replace(told[0], error=ValueError("cut"))
    assert merge_windows(told, json_schema_of(Table)).data["rows"][6:] == list(halves)


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (row("2026-02-01", "coffee", 2.0, 48.0), row("2026-02-01", "coffee", 2.0, 46.0)),
        (row("2026-02-01", "coffee", 2.0), row("2026-02-01", "coffee", 2.0)),  # balances once a day: both are whole
        (row("2026-02-01", "coffee", 2.0, 48.0), row(None, "bus", 2.0, 46.0)),  # the day is printed once
        (row("2026-02-01", "coffee", 2.0, 48.0), row(None, "Carried forward", None, 48.0)),
        (row(None, "coffee", 2.0, 48.0), row("2026-02-02", "bus", 3.0, 45.0)),
        (row("2026-02-01", "coffee", None, 48.0), row(None, "bus", 3.0, 45.0)),  # each contradicts the other
        (row("2026-02-01", "4711", 2.0, 48.0), row(None, "0815", None)),  # numbers do not go on
        (row(None, None, None), row("2026-02-02", "bus", 3.0, 45.0)),
    ],
)
def test_two_rows_stay_two(last: dict[str, Any], first: dict[str, Any]) -> None:
    found = _rows([*WHOLE, last], [first, *WHOLE])
    assert found.data["rows"] == [*WHOLE, last, first, *WHOLE]
    assert found.joined == ()


def test_what_rows_usually_have_is_learnt_from_the_other_rows() -> None:
    """Where the schema needs nothing, nothing but the other rows tells that a row is cut."""

    class Loose(BaseModel):
        day: str | None = None
        amount: float | None = None
        note: str | None = None

    class Paper(BaseModel):
        rows: list[Loose]

    def line(day: str | None, amount: float | None, note: str | None = None) -> dict[str, Any]:
        return {"day": day, "amount": amount, "note": note}

    usual = [line("1 May", 2.0), line("2 May", 3.0), line("3 May", 4.0, "late"), line("4 May", 5.0)]
    first, second = line("5 May", None), line(None, 6.0, "paid")
    found = merged(Paper, {"rows": [*usual, first]}, {"rows": [second, *usual]})
    assert found.data["rows"] == [*usual, line("5 May", 6.0, "paid"), *usual]
    alone = merged(Paper, {"rows": [first]}, {"rows": [second]})
    assert alone.data["rows"] == [first, second]


def test_fields_of_a_form_are_no_halves_of_each_other() -> None:
    def page(*pairs: tuple[str | None, str | None]) -> dict[str, Any]:
        return {"title": None, "fields": [{"label": a, "value": b} for a, b in pairs], "checkboxes": []}

    filled = (("Name", "Ann"), ("Street", "Main St"), ("Town", "Rome"), ("Land", "IT"))
    pages = page(*filled, ("Job", None)), page(("Phone", None), *filled)
    found = merged(Form, *pages)
    assert found.data["fields"] == [*pages[0]["fields"], *pages[1]["fields"]]
    split = merged(Form, page(*filled, ("Job", None)), page((None, "baker"), *filled))
    assert split.data["fields"][4] == {"label": "Job", "value": "baker"}


def test_an_item_with_a_list_goes_on() -> None:
    class Line(BaseModel):
        text: str
        price: float

    class Order(BaseModel):
        number: str
        lines: list[Line]
        total: float

    class Paper(BaseModel):
        orders: list[Order]

    def lines(*prices: float | None) -> list[dict[str, Any]]:
        return [{"text": "thing", "price": price} for price in prices]

    first = {"number": "A 1", "lines": lines(1.0, 2.0), "total": None}
    second = {"number": None, "lines": lines(3.0, 4.0), "total": 10.0}
    other = {"number": "A 2", "lines": lines(5.0), "total": 5.0}
    found = merged(Paper, {"orders": [first]}, {"orders": [second, other]})
    assert found.data["orders"] == [{"number": "A 1", "lines": lines(1.0, 2.0, 3.0, 4.0), "total": 10.0}, other]
    cut = {**first, "lines": [*lines(1.0), {"text": "long", "price": None}]}
    rest = {**second, "lines": [{"text": None, "price": 2.0}, *lines(7.0)]}
    found = merged(Paper, {"orders": [cut]}, {"orders": [rest]})
    assert found.data["orders"][0]["lines"] == [*lines(1.0), {"text": "long", "price": 2.0}, *lines(7.0)]
    assert set(found.joined) == {"/orders/0", "/orders/0/lines/1"}
    more = {"number": None, "lines": lines(9.0), "total": None}  # after one that is whole already
    found = merged(Paper, {"orders": [other]}, {"orders": [more]})
    assert found.data["orders"] == [{**other, "lines": lines(5.0, 9.0)}]
