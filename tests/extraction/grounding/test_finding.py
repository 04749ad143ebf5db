"""Which place on a page each leaf of a value gets."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from extraction import OptionError, Source, Sources, find_sources
from extraction.schemas import Box, Color
from tests.extraction.grounding.paper import box, page

RECEIPT = page(
    (100, 1, "Miller & Sons Ltd."),
    (100, 2, "12 Long Road,"),
    (100, 3, "London N1 9GU"),
    (100, 5, "Date"),
    (400, 5, "12/03/2024"),
    (100, 6, "Tel: 020 7946 0123"),
    (100, 8, "Tea"),
    (300, 8, "2"),
    (400, 8, "1.50"),
    (500, 8, "3.00"),
    (100, 9, "Cake"),
    (300, 9, "1"),
    (400, 9, "4.00"),
    (500, 9, "4.00"),
    (100, 11, "Subtotal"),
    (500, 11, "7.00"),
    (100, 12, "Amount due"),
    (500, 12, "GBP 7.00"),
)


def first(sources: Sources, pointer: str) -> tuple[Box, str, str]:
    place = sources[pointer][0]
    return place.box, place.text, place.match


def test_every_leaf_has_its_own_place() -> None:
    value = {
        "company": "MILLER & SONS LTD",
        "address": "12 Long Road, London N1 9GU",
        "date": "2024-03-12",
        "phone": "+44 20 7946 0123",
        "items": [
            {"name": "Tea", "quantity": 2, "unit_price": "1.50", "amount": "3.00"},
            {"name": "Cake", "quantity": 1, "unit_price": "4.00", "amount": "4.00"},
        ],
        "subtotal": 7.0,
        "total": 7.0,
        "currency": "GBP",
    }
    sources = find_sources(value, RECEIPT)
    assert first(sources, "/company")[2] == "exact"
    assert first(sources, "/address") == (
        Box(x1=100, y1=60, x2=230, y2=106),
        "12 Long Road, London N1 9GU",
        "exact",
    )
    assert first(sources, "/date") == (box(400, 5, "12/03/2024"), "12/03/2024", "equal")
    assert first(sources, "/phone") == (box(150, 6, "020 7946 0123"), "020 7946 0123", "equal")
    assert first(sources, "/items/0/quantity")[0] == box(300, 8, "2")
    assert first(sources, "/items/1/unit_price") == (box(400, 9, "4.00"), "4.00", "exact")
    assert first(sources, "/items/1/amount")[0] == box(500, 9, "4.00")
    assert first(sources, "/subtotal") == (box(500, 11, "7.00"), "7.00", "equal")
    assert first(sources, "/total") == (box(500, 12, "GBP 7.00"), "GBP 7.00", "equal")
    assert first(sources, "/currency")[0] == box(500, 12, "GBP")
    assert sources.not_found == sources.unequal == sources.unlooked == ()


@pytest.mark.parametrize(
    ("degrees", "corners"),
    [*((degrees, True) for degrees in (-6.0, 3.0, 90.0, 94.0, 180.0, -90.0, -177.0)), (90.0, False), (180.0, False)],
)
def test_rows_are_rows_on_a_turned_page(degrees: float, corners: bool) -> None:
    rows = [(f"thing {number}", f"{number % 3}", f"{10 + number % 4}.00") for number in range(12)]
    printed = [
        (x, 2.0 + at, text) for at, row in enumerate(rows) for x, text in zip((100.0, 600.0, 800.0), row, strict=True)
    ]
    words = page(*printed, turned=degrees)
    if not corners:  # an engine that tells boxes only
        words = replace(
            words,
            lines=tuple(
                replace(line, words=tuple(replace(word, quad=None) for word in line.words)) for line in words.lines
            ),
        )
    value = [{"name": name, "count": int(count), "price": price} for name, count, price in rows]
    sources = find_sources(value, words)
    places = {(word.text, round(word.box.y1)): word.box for word in words}
    for at, (_, count, price) in enumerate(rows):
        assert sources[f"/{at}/count"][0].box == words.lines[3 * at + 1].words[0].box, (at, count, places)
        assert sources[f"/{at}/price"][0].box == words.lines[3 * at + 2].words[0].box, (at, price)


@pytest.mark.parametrize(
    ("pointer", "wrong"),
    [
        ("/total", 8.0),
        ("/date", "2024-03-13"),
        ("/phone", "020 7946 0124"),
        ("/items/0/amount", "3.50"),
        ("/items/0/quantity", 1),
        ("/items/1/amount", "3.00"),
        ("/number", 9),
    ],
)
def test_a_wrong_value_is_not_believed(pointer: str, wrong: Any) -> None:
    value: dict[str, Any] = {
        "date": "2024-03-12",
        "phone": "020 7946 0123",
        "items": [
            {"name": "Tea", "quantity": 2, "unit_price": "1.50", "amount": "3.00"},
            {"name": "Cake", "quantity": 1, "unit_price": "4.00", "amount": "4.00"},
        ],
        "total": 7.0,
    }
    if pointer.startswith("/items"):
        _, _, item, key = pointer.split("/")
        value["items"][int(item)][key] = wrong
    else:
        value[pointer[1:]] = wrong
    sources = find_sources(value, RECEIPT)
    assert not any(place.equal for place in sources[pointer])
    others = {one for one in sources if one != pointer}
    assert all(sources[one][0].equal for one in others)


def test_a_misread_text_is_located_and_not_equal() -> None:
    sources = find_sources({"company": "Miller & Sans Ltd", "city": "Paris"}, RECEIPT)
    place = sources["/company"][0]
    assert (place.match, place.text) == ("fuzzy", "Miller & Sons Ltd")
    assert 0.9 < place.score < 1
    assert sources.not_found == ("/city",)
    assert sources.unequal == ("/company",)


def test_a_place_is_one_leafs_only() -> None:
    words = page((100, 1, "Opening balance 50.00"), (100, 2, "Closing balance 80.00"))
    sources = find_sources({"opening_balance": 50, "closing_balance": 50}, words)
    assert first(sources, "/opening_balance")[1] == "50.00"
    assert sources.not_found == ("/closing_balance",)


def test_labels_above_and_in_other_languages() -> None:
    words = page(
        (100, 1, "Rechnungsdatum"),
        (400, 1, "Fällig am"),
        (100, 2, "01.03.2024"),
        (400, 2, "01.03.2024"),
        (100, 4, "Zwischensumme"),
        (400, 4, "99,00"),
        (100, 5, "Gesamtbetrag"),
        (400, 5, "99,00"),
    )
    value = {"total": 99, "subtotal": 99, "due_date": "2024-03-01", "invoice_date": "2024-03-01"}
    sources = find_sources(value, words)
    assert first(sources, "/invoice_date")[0] == box(100, 2, "01.03.2024")
    assert first(sources, "/due_date")[0] == box(400, 2, "01.03.2024")
    assert first(sources, "/subtotal")[0] == box(400, 4, "99,00")
    assert first(sources, "/total")[0] == box(400, 5, "99,00")


def test_what_a_field_belongs_to_names_it() -> None:
    words = page(
        (100, 1, "Seller"), (600, 1, "Buyer"), (100, 2, "Acme"), (600, 2, "Acme"), (100, 3, "Bonn"), (600, 3, "Bonn")
    )
    value = {"buyer": {"name": "Acme", "city": "Bonn"}, "seller": {"name": "Acme", "city": "Bonn"}}
    sources = find_sources(value, words)
    assert {pointer: places[0].box.x1 for pointer, places in sources.items()} == {
        "/buyer/name": 600,
        "/buyer/city": 600,
        "/seller/name": 100,
        "/seller/city": 100,
    }


class Reading(BaseModel):
    label: str
    value: int
    box: Box | None = None


class Panel(BaseModel):
    readings: list[Reading]


def test_the_models_own_box_is_a_hint() -> None:
    words = page((100, 1, "17"), (500, 1, "17"), (100, 9, "17"))
    panel = Panel(readings=[Reading(label="x", value=17, box=Box(x1=490, y1=25, x2=530, y2=50))])
    assert find_sources(panel, words)["/readings/0/value"][0].box == box(500, 1, "17")


class Order(BaseModel):
    number: str = Field(title="Order No.")
    day: date
    price: Decimal
    kind: Literal["card", "cash"]
    paid: bool
    note: str | None = None
    colour: Color
    stamp: Box


def test_types_of_pydantic_and_what_no_page_shows() -> None:
    words = page((100, 1, "Order No. 00123"), (100, 2, "3 May 2024"), (100, 3, "1.234,50 EUR"))
    order = Order(
        number="00123",
        day=date(2024, 5, 3),
        price=Decimal("1234.50"),
        kind="card",
        paid=True,
        colour=Color("red"),
        stamp=Box(x1=1, y1=2, x2=3, y2=4),
    )
    sources = find_sources(order, words)
    assert {pointer: places[0].text for pointer, places in sources.items()} == {
        "/number": "00123",
        "/day": "3 May 2024",
        "/price": "1.234,50 EUR",
    }
    assert set(sources.unlooked) == {
        *("/kind", "/paid", "/note", "/colour"),
        *("/stamp/0", "/stamp/1", "/stamp/2", "/stamp/3"),
    }


def test_a_choice_that_is_printed_is_found() -> None:
    sources = find_sources(
        {"method": "cash"},
        page((100, 1, "Paid by CASH")),
        schema={"type": "object", "properties": {"method": {"enum": ["cash", "card"]}}},
    )
    assert first(sources, "/method") == (box(180, 1, "CASH"), "CASH", "exact")


def test_a_value_in_a_word_is_cut_out() -> None:
    sources = find_sources({"total": 12.5}, page((100, 1, "Total:12.50!")))
    found, text, _ = first(sources, "/total")
    assert text == "12.50"
    assert found.iou(Box(x1=160, y1=30, x2=210, y2=46)) > 0.85


def test_further_places_are_told() -> None:
    words = page((100, 1, "Invoice INV-77"), (100, 2, "Please quote INV-77"))
    assert [place.box.y1 for place in find_sources({"invoice": "INV-77"}, words)["/invoice"]] == [30, 60]


def test_pages_by_number() -> None:
    pages = {3: page((100, 1, "Total 5.00")), 2: page((100, 1, "Name Ann Lee"))}
    sources = find_sources({"name": "Ann Lee", "total": 5}, pages)
    assert {pointer: places[0].page for pointer, places in sources.items()} == {"/name": 2, "/total": 3}


def test_rows_that_go_on_on_the_next_page() -> None:
    rng = random.Random(1)
    rows = [(f"2024-01-{1 + at // 2:02}", rng.choice(["rent", "food"]), str(rng.randint(1, 3))) for at in range(40)]
    pages = {
        number: page(
            *(
                (x, 1.0 + at % 20, text)
                for at, row in enumerate(rows)
                if at // 20 == number - 1
                for x, text in zip((100.0, 400.0, 700.0), row, strict=True)
            )
        )
        for number in (1, 2)
    }
    sources = find_sources([dict(zip(("date", "text", "pieces"), row, strict=True)) for row in rows], pages)
    for at in range(40):
        for key in ("date", "text", "pieces"):
            place = sources[f"/{at}/{key}"][0]
            assert (place.page, place.box.y1) == (1 + at // 20, (1 + at % 20) * 30), (at, key)


def test_an_empty_page_says_nothing() -> None:
    assert find_sources({"a": "x y z", "b": 1, "c": []}, page()).not_found == ("/a", "/b")


def test_pages_must_be_words() -> None:
    with pytest.raises(OptionError, match="PageWords"):
        find_sources({}, "page.png")  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["2", None, 1.5, True, (2,)], ids=str)
def test_pages_are_numbered_by_whole_numbers(key: Any) -> None:
    pages = {3: page((1, 1, "Ann")), key: page((1, 1, "Ann"))}
    with pytest.raises(OptionError, match=re.escape(f"numbered by whole numbers, not by {key!r}")):
        find_sources({"name": "Ann"}, pages)


def _nested(levels: int) -> Any:
    value: Any = "Ann"
    for _ in range(levels):
        value = {"of": value}
    return value


def test_a_value_that_is_nested_too_deeply_is_refused_with_what_to_do() -> None:
    class Person(BaseModel):
        of: Person | str

    known = page((1, 1, "Ann"))
    (places,) = find_sources(_nested(60), known, schema=Person).values()
    assert places[0].text == "Ann"
    for value, schema in ((_nested(255), None), (_nested(5000), None), (_nested(180), Person)):
        with pytest.raises(OptionError, match=r"nested too deeply .* .leave out sources and verify"):
            find_sources(value, known, schema=schema)


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(OptionError, match="no form in JSON"):
        find_sources({"name": object()}, page((1, 1, "Ann")))


def test_sources_are_a_mapping_of_places() -> None:
    place = Source(1, box(0, 0, "a"), "a", "fuzzy", 0.9)
    sources = Sources({"/a": (place,), "/b": ()})
    assert (list(sources), len(sources), sources.not_found, sources.unequal) == (["/a", "/b"], 2, ("/b",), ("/a",))
    assert sources.disagreed == ()


def test_an_amount_of_another_currency_is_only_alike() -> None:
    words = page((100, 1, "Total $12.50"))
    assert first(find_sources({"total": "12.50 EUR"}, words), "/total")[1:] == ("$12.50", "fuzzy")
    both = page((100, 1, "Total $12.50"), (100, 2, "Total 12,50 €"))
    assert first(find_sources({"total": "12.50 EUR"}, both), "/total")[1:] == ("12,50 €", "equal")


def test_a_share_keeps_the_sign_that_makes_it_one() -> None:
    words = page((100, 1, "Discount 50%"))
    assert first(find_sources({"discount": 0.5}, words), "/discount")[1:] == ("50%", "equal")
    assert first(find_sources({"discount": 50}, words), "/discount")[1:] == ("50", "exact")


@pytest.mark.parametrize(
    ("printed", "same", "others"),
    [
        ("C++", "c++", ["C", "C#"]),
        ("A+", "A+", ["A", "A-"]),
        ("A-", "A-", ["A", "A+"]),
        ("A", "A", ["A+", "A-"]),
        ("1234-5", "1234-5", ["12,34-5"]),
        ("Hotel- und Gastgewerbe", "Hotel", []),
        ("12 Long Road, London", "12 Long Road London", []),
    ],
)
def test_signs_and_commas_make_another_text(printed: str, same: str, others: list[str]) -> None:
    words = page((100, 1, "Told:"), (200, 1, printed))
    assert find_sources({"told": same}, words)["/told"][0].match == "exact"
    assert [find_sources({"told": one}, words)["/told"][0].match for one in others] == ["fuzzy"] * len(others)
    if others:
        assert find_sources({"told": same}, words)["/told"][0].text == printed


@pytest.mark.parametrize(
    ("printed", "beside", "meant", "other"),
    [
        ("1.234", ("12,50", "7,00"), 1234, 1.234),
        ("1,234", ("12,50", "7,00"), 1.234, 1234),
        ("1.234", ("12.50", "7.00"), 1.234, 1234),
        ("1,234", ("12.50", "7.00"), 1234, 1.234),
        ("03/04/2024", ("25/04/2024", "1"), "2024-04-03", "2024-03-04"),
        ("03/04/2024", ("04/25/2024", "1"), "2024-03-04", "2024-04-03"),
    ],
)
def test_a_page_tells_how_it_writes_numbers_and_dates(
    printed: str, beside: tuple[str, str], meant: object, other: object
) -> None:
    words = page((100, 1, "Told:"), (200, 1, printed), (100, 3, "Others"), (300, 3, beside[0]), (300, 4, beside[1]))
    assert find_sources({"told": meant}, words)["/told"][0].equal
    found = find_sources({"told": other}, words)
    assert found.unequal == ("/told",)
    assert found["/told"][0].text == printed


@pytest.mark.parametrize(
    ("printed", "beside", "values"),
    [
        ("1.234", ("12,50", "7.00"), [1234, 1.234]),
        ("1.234", ("12,50", "Tea"), [1234, 1.234]),
        ("03/04/2024", ("25/04/2024", "04/25/2024"), ["2024-04-03", "2024-03-04"]),
        ("03/04/2024", ("24-03-12", "05/05/2024"), ["2024-04-03", "2024-03-04"]),
    ],
)
def test_both_readings_are_equal_where_a_page_tells_nothing(
    printed: str, beside: tuple[str, str], values: list[object]
) -> None:
    words = page((100, 1, "Told:"), (200, 1, printed), (100, 3, "Others"), (300, 3, beside[0]), (300, 4, beside[1]))
    assert all(find_sources({"told": value}, words)["/told"][0].equal for value in values)
