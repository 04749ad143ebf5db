"""Values in printed text: what they mean, and when two are the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from extraction.grounding.dates import MonthDay
from extraction.grounding.numbers import Money
from extraction.grounding.values import Reading, find_values, same_value


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1,234.56", ["1234.56"]),
        ("1.234,56", ["1234.56"]),
        ("1 234,56", ["1234.56"]),
        ("1\u202f234,56", ["1234.56"]),
        ("1'234.56", ["1234.56"]),
        ("1\u2019234\u2019567", ["1234567"]),
        ("12,34,567.89", ["1234567.89"]),
        ("1,234", ["1234", "1.234"]),
        ("1.234", ["1234", "1.234"]),
        ("0.125", ["0.125"]),
        ("1234.567", ["1234.567"]),
        ("(12.50)", ["-12.50"]),
        ("12.50-", ["-12.50"]),
        ("\u221212.50", ["-12.50"]),
        ("(5)", ["5", "-5"]),
        (".50", ["0.50"]),
        ("100.00CR", ["100.00", "-100.00"]),
        ("\uff11\uff12\uff0e\uff15\uff10", ["12.50"]),
    ],
)
def test_a_number_has_all_its_readings(text: str, readings: list[str]) -> None:
    (found,) = find_values(text)
    assert (found.kind, found.start, found.end, found.fuzzy) == ("number", 0, len(text), False)
    assert [str(one) for one in found.readings] == readings


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("€ 1.234,56", "1234.56", "EUR"),
        ("1.234,56 €", "1234.56", "EUR"),
        ("RM12.00", "12.00", "MYR"),
        ("S$ 12", "12", "SGD"),
        ("EUR 5,-", "5", "EUR"),
        ("-$5.00", "-5.00", "USD"),
        ("$-5.00", "-5.00", "USD"),
        ("(£5.00)", "-5.00", "GBP"),
        ("12.50 chf", "12.50", "CHF"),
        ("99,90 zł", "99.90", "PLN"),
    ],
)
def test_money_has_its_currency(text: str, amount: str, currency: str) -> None:
    (found,) = find_values(text)
    assert found.kind == "money"
    assert found.text == text
    assert isinstance(found.readings[0], Money)
    assert (str(found.readings[0].amount), found.readings[0].currencies[0]) == (amount, currency)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("2024-03-12", [date(2024, 3, 12)]),
        ("12/03/2024", [date(2024, 3, 12), date(2024, 12, 3)]),
        ("25/03/2024", [date(2024, 3, 25)]),
        ("03/25/2024", [date(2024, 3, 25)]),
        ("25.03.24", [date(2024, 3, 25), date(1924, 3, 25)]),
        ("25.03.71", [date(1971, 3, 25), date(2071, 3, 25)]),
        ("12 / 13 / 2024", [date(2024, 12, 13)]),
        ("12. März 2024", [date(2024, 3, 12)]),
        ("1er août 2024", [date(2024, 8, 1)]),
        ("12 de marzo de 2024", [date(2024, 3, 12)]),
        ("3 dicembre 2024", [date(2024, 12, 3)]),
        ("3 mei 2024", [date(2024, 5, 3)]),
        ("7 de fevereiro de 2024", [date(2024, 2, 7)]),
        ("March 12th, 2024", [date(2024, 3, 12)]),
        ("Mar-12-2024", [date(2024, 3, 12)]),
        ("12MAR2024", [date(2024, 3, 12)]),
        ("12-Mar-2024", [date(2024, 3, 12)]),
        ("2024年3月12日", [date(2024, 3, 12)]),
    ],
)
def test_a_date_has_all_its_readings(text: str, readings: list[Reading]) -> None:
    found = [one for one in find_values(text) if one.kind == "date"]
    assert [(one.text, list(one.readings)) for one in found] == [(text, readings)]


@pytest.mark.parametrize("text", ["31/02/2024", "2024-13-45", "99/99/99", "12 Foo 2024"])
def test_what_no_calendar_has_is_no_date(text: str) -> None:
    assert [one for one in find_values(text) if one.kind == "date"] == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("14:30", time(14, 30)),
        ("2:30 PM", time(14, 30)),
        ("12:05 a.m.", time(0, 5)),
        ("14h30", time(14, 30)),
        ("14.30 Uhr", time(14, 30)),
        ("14:30:59", time(14, 30, 59)),
    ],
)
def test_times(text: str, wanted: time) -> None:
    (found,) = find_values(text)
    assert (found.kind, found.readings) == ("time", (wanted,))


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+49 (0)30 123456", "+4930123456"),
        ("0049 30 123456", "+4930123456"),
        ("(555) 123-4567", "5551234567"),
        ("030/1234567", "0301234567"),
        ("03-1234 5678", "0312345678"),
    ],
)
def test_telephone_numbers(text: str, digits: str) -> None:
    phones = [one for one in find_values(f"Tel {text}") if one.kind == "phone"]
    assert [(one.text, one.readings) for one in phones] == [(text, (digits,))]


def test_spans_are_those_of_the_text() -> None:
    text = "12.03.2024 14:30  Qty 2x 3,50  Total: €\u00a01.234,50* VAT 19 %"
    found = [(one.kind, one.text) for one in find_values(text)]
    assert found == [
        ("date", "12.03.2024"),
        ("time", "14:30"),
        ("number", "2"),
        ("number", "3,50"),
        ("money", "€\u00a01.234,50"),
        ("percent", "19 %"),
    ]
    assert all(text[one.start : one.end] == one.text for one in find_values(text))


def test_codes_are_no_numbers() -> None:
    assert find_values("INV-2024-001 A4 B12C3 1.2.3") == ()


def test_a_day_without_a_year() -> None:
    assert [(one.kind, one.readings) for one in find_values("03 Mar")] == [("day", (MonthDay(3, 3),))]
    assert find_values("12.03")[0].readings == (Decimal("12.03"),)


def test_what_may_be_misread_is_fuzzy() -> None:
    (found,) = find_values("1O.5O")
    assert (found.readings, found.fuzzy) == ((Decimal("10.50"),), True)
    assert (found_blank := find_values("12 .50")[0]).fuzzy
    assert found_blank.readings == (Decimal("12.50"),)


@pytest.mark.parametrize(
    ("value", "text", "match"),
    [
        (1234.56, "1234.56", "exact"),
        (1234.56, "€ 1.234,56", "equal"),
        (Decimal("12.50"), "12.5", "equal"),
        (0.1, "0.10", "equal"),
        (1000, "1,000", "equal"),
        (-12.5, "(12.50)", "equal"),
        (12.5, "12.50-", "fuzzy"),
        (0.19, "19%", "equal"),
        (19, "19 %", "equal"),
        (10.5, "1O.5O", "fuzzy"),
        (1234.56, "1,234.57", None),
        (1234.56, "1,234.5", None),
        (1234.56, "Total 1,234.56", None),
        ("EUR", "€", "equal"),
        ("EUR", "$", None),
        ("EUR 5.00", "5,00 €", "equal"),
        ("EUR 5.00", "5,00", "equal"),
        ("EUR 5.00", "$5.00", "fuzzy"),
        ("2024-03-12", "2024-03-12", "exact"),
        ("2024-03-12", "12/03/24", "equal"),
        ("2024-03-12", "March 12, 2024", "equal"),
        ("2024-03-12", "12/03/25", None),
        ("2024-03-12", "13/03/24", None),
        (date(2024, 3, 12), "12 Mar", "fuzzy"),
        (datetime(2024, 3, 12, 14, 30, tzinfo=UTC), "12.03.2024 14:30", "equal"),
        (datetime(2024, 3, 12, 14, 30, tzinfo=UTC), "12.03.2024 14:31", None),
        (datetime(2024, 3, 12, tzinfo=UTC), "12.03.2024", "equal"),
        ("2024-03-12T14:30:00Z", "12.03.2024 2:30 PM", "equal"),
        (time(14, 30), "2:30 pm", "equal"),
        ("+49 30 1234567", "030/1234567", "equal"),
        ("+49 30 1234567", "030/1234568", None),
        ("(555) 123-4567", "+1 555 123 4567", "equal"),
        ("00123", "123", None),
        ("INV-001", "inv-001.", "exact"),
        ("INV-001", "INV-002", "fuzzy"),
        ("ACME  GmbH", "ACMEGmbH", "exact"),
        ("Ab", "Ac", None),
        ("Müller & Sons", "Muller & Sons", "fuzzy"),
    ],
)
def test_same_value(value: str | float | Decimal | date, text: str, match: str | None) -> None:
    assert same_value(value, text) == match


def test_one_digit_wrong_is_never_equal() -> None:
    for printed in ("1,234.56", "12.03.2024", "€ 7,90", "+49 30 1234567", "14:35", "18 %"):
        for place, char in enumerate(printed):
            if char.isdigit():
                wrong = printed[:place] + str((int(char) + 1) % 10) + printed[place + 1 :]
                assert same_value(wrong, printed) not in ("exact", "equal"), wrong


def test_true_is_no_value() -> None:
    with pytest.raises(TypeError, match="a page cannot show bool"):
        same_value(True, "true")
