from __future__ import annotations

from extraction.ocr.aligning import compared
from extraction.ocr.order import in_reading_order
from extraction.pages.words import PageWords
from extraction.schemas.transcript import ComparedTranscript
from tests.extraction.ocr.lines import line


def page(*rows: str) -> PageWords:
    """A page of rows whose cells are separated by bars."""
    lines = [
        line(cell.strip(), 200 * column, 20 * index)
        for index, row in enumerate(rows)
        for column, cell in enumerate(row.split("|"))
        if cell.strip()
    ]
    return PageWords(in_reading_order(lines), (600, 400), "fake")


def told(read: ComparedTranscript) -> list[tuple[str | None, str | None]]:
    return [(one.model, one.engine) for one in read.lines]


def test_equal_readings_agree_and_lie_where_the_engine_found_them() -> None:
    words = page("GREEN GROCER", "Milk | 2.40", "TOTAL | 12.24")
    read = compared("GREEN GROCER\nMilk\n2.40\nTOTAL\n12.24", words)
    assert read.disagreements == []
    assert read.text == "GREEN GROCER\nMilk\n2.40\nTOTAL\n12.24"
    assert [one.box for one in read.lines] == [one.box for one in words.lines]


def test_a_row_that_the_model_writes_as_one_line_is_taken_apart() -> None:
    words = page("Milk semi-skimmed | 2.40", "Bread | 1.85", "TOTAL | 4.25")
    read = compared("Milk semi-skimmed 2.40\n| Bread | 1.85 |\n**TOTAL** 4.25", words)
    assert told(read) == [(text, text) for text in ("Milk semi-skimmed", "2.40", "Bread", "1.85", "TOTAL", "4.25")]
    assert read.disagreements == []


def test_lines_that_the_model_breaks_are_put_together() -> None:
    words = page("the committee has approved a budget for each of our offices")
    read = compared("the committee has approved\na budget for each of our offices", words)
    assert told(read) == [(words.lines[0].text, words.lines[0].text)]


def test_another_order_is_no_disagreement() -> None:
    words = page("Olive oil extra virgin | 7.99", "Bread, sliced | 1.85")
    assert compared("1.85\n7.99\nBread, sliced\nOlive oil extra virgin", words).disagreements == []


def test_what_they_read_differently_is_told_with_both_readings() -> None:
    read = compared("Invoice 2026-0817\nTOTAL 12.24", page("Invoice 2026-0317", "TOTAL | 12.24"))
    (line,) = read.disagreements
    assert (line.model, line.engine, line.text) == ("Invoice 2026-0817", "Invoice 2026-0317", "Invoice 2026-0817")
    assert 0.8 < line.agreement < 1
    assert not line.agrees


def test_what_only_one_of_them_read_stays() -> None:
    read = compared("GREEN GROCER\nPaid by card\nTOTAL", page("GREEN GROCER", "TOTAL", "Thank you"))
    assert told(read) == [
        ("GREEN GROCER", "GREEN GROCER"),
        ("Paid by card", None),
        ("TOTAL", "TOTAL"),
        (None, "Thank you"),
    ]
    assert read.text.splitlines() == ["GREEN GROCER", "Paid by card", "TOTAL", "Thank you"]
    assert [one.box is None for one in read.lines] == [False, True, False, False]
    assert [one.agreement for one in read.disagreements] == [0, 0]


def test_equal_lines_find_those_at_their_own_place() -> None:
    rows = ["Tea | 2.00", "Cake | 3.50", "Tea with milk | 2.00"]
    read = compared("Tea 2.00\nCake 3.50\nTea with milk 2.00", page(*rows))
    assert read.disagreements == []
    assert [one.text for one in read.lines] == ["Tea", "2.00", "Cake", "3.50", "Tea with milk", "2.00"]


def test_short_values_are_found_as_whole_words_only() -> None:
    read = compared("12 chairs", page("Nr | 1"))
    assert told(read) == [("12 chairs", None), (None, "Nr"), (None, "1")]


def test_blanks_do_not_count() -> None:
    assert compared("GREEN GROCER LTD", page("GREENGROCER LTD")).disagreements == []


def test_either_may_have_read_nothing() -> None:
    assert told(compared("", page("TOTAL"))) == [(None, "TOTAL")]
    assert told(compared("TOTAL\n\n", page())) == [("TOTAL", None)]
    assert compared("", page()).lines == []
