"""The parts of grounding by themselves: assignment, rows, terms, the frame of a slanted page, letters' widths."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from extraction.grounding.assignment import assign
from extraction.grounding.letter_widths import equal, proportional, widths_of
from extraction.grounding.page_index import PageIndex
from extraction.grounding.reading_frame import ReadingFrame
from extraction.grounding.rows import Position, find_anchors
from extraction.grounding.terms import named, terms
from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Box, Point, Polygon
from tests.extraction.grounding.paper import page


def test_the_assignment_has_the_largest_total() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        rows, columns = int(rng.integers(1, 5)), int(rng.integers(1, 6))
        gains = rng.normal(size=(rows, columns)).round(1)
        chosen = assign(gains)
        taken = [column for column in chosen if column is not None]
        assert len(set(taken)) == len(taken)
        total = sum(gains[row, column] for row, column in enumerate(chosen) if column is not None)
        ways = itertools.permutations(range(columns + rows), rows)
        best = max(sum(max(gains[r, c], 0.0) for r, c in enumerate(way) if c < columns) for way in ways)
        assert total == pytest.approx(best)


def test_many_rows_of_equal_gain_share_few_columns() -> None:
    gains = np.ones((2000, 3))
    gains[1500] = 2
    chosen = assign(gains)
    assert sorted(column for column in chosen if column is not None) == [0, 1, 2]
    assert chosen[1500] is not None


def test_nothing_is_assigned_without_gain() -> None:
    assert assign(np.array([[0.0, -1.0], [2.0, 0.0]])) == [None, 0]
    assert assign(np.zeros((0, 3))) == []


def positions(*rows: int) -> list[Position]:
    return [Position(row, 0.0) for row in rows]


def test_items_follow_one_another() -> None:
    anchors = find_anchors({0: [positions(2, 5, 8)], 1: [positions(2, 5, 8)], 2: [positions(2, 5, 8)]})
    assert anchors.rows == {0: 2, 1: 5, 2: 8}


def test_what_stands_once_places_an_item() -> None:
    anchors = find_anchors({0: [positions(7), positions(3, 7, 9)], 1: [positions(3, 7, 9), positions(9)]})
    assert anchors.rows == {0: 7, 1: 9}
    assert anchors.nearness(0, 7) == 1.0
    assert anchors.nearness(0, 8) == pytest.approx(0.65)
    assert anchors.nearness(0, 9) == 0.0
    assert anchors.nearness(5, 9) is None


def test_a_list_in_another_order_than_the_page() -> None:
    items = {0: [positions(9), positions(9)], 1: [positions(3), positions(3)], 2: [positions(5), positions(5)]}
    assert find_anchors(items).rows == {0: 9, 1: 3, 2: 5}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("invoice_number", "Rechnungsnummer:"),
        ("invoiceNumber", "Invoice No."),
        ("total", "TOTAL"),
        ("total", "Amount due:"),
        ("total", "Zu zahlen"),
        ("subtotal", "Sous-total"),
        ("subtotal", "Total excl. tax"),
        ("tax", "Mehrwertsteuer"),
        ("quantity", "Qté"),
        ("phone", "Tél. :"),
        ("due_date", "Due date"),
        ("first_name", "Vorname"),
        ("zip_code", "PLZ"),
        ("tip", "Trinkgeld"),
        ("shipping", "Versandkosten"),
    ],
)
def test_labels_of_fields(name: str, label: str) -> None:
    assert named(terms(name.replace("_", " ")), terms(label)) >= 0.9


@pytest.mark.parametrize(
    ("name", "label"),
    [("total", "Subtotal"), ("subtotal", "Total"), ("tax", "Total"), ("date", "Name"), ("total", "Total tax")],
)
def test_labels_of_other_fields(name: str, label: str) -> None:
    assert named(terms(name), terms(label)) < 0.7


def test_words_that_nobody_listed_are_compared_as_they_are() -> None:
    assert named(terms("patient_weight".replace("_", " ")), terms("Patlent weight:")) > 0.8  # misread
    assert named(terms("conductivity"), terms("Conductiv.")) == 0.8  # shortened


def bent(x: float, y: float) -> Point:
    """Where a place of a straight page lies in a photograph from the side: lines go apart to the right."""
    return Point(x=x, y=y + (x - 500) * (y - 500) * 0.0002)


def test_rows_of_a_photograph_from_the_side_are_level() -> None:
    lines = []
    for row in range(12):
        for x in (60.0, 480.0, 900.0):
            y = 60.0 + 75 * row
            quad = Polygon(points=(bent(x, y), bent(x + 60, y), bent(x + 60, y + 16), bent(x, y + 16)))
            lines.append(Line((Word("words", quad.bounds, quad=quad),), quad.bounds))
    words = PageWords(tuple(lines), (1000, 1000), "hand")
    frame = ReadingFrame(words)
    middles = [frame.place(word).middle for word in words]
    raw = [(word.box.y1 + word.box.y2) / 2 for word in words]
    assert max(abs(middles[at] - middles[at + 2]) for at in range(0, 36, 3)) < 3
    assert abs(raw[0] - raw[2]) > 60
    assert [len(row) for row in PageIndex.of(words).rows] == [3] * 12


def test_a_page_that_only_says_how_it_is_turned() -> None:
    turned = page((100, 5, "left"), (800, 5, "right"), turned=4.0)
    bare = PageWords(
        tuple(Line(tuple(Word(word.text, word.box) for word in line.words), line.box) for line in turned.lines),
        turned.size,
        "hand",
        4.0,
    )
    left, right = map(ReadingFrame(bare).place, bare)
    assert abs(left.middle - right.middle) < 4 < math.sin(math.radians(4)) * 700


def test_letters_are_measured_as_the_page_has_them() -> None:
    texts = ("illicit", "MAMMOTH", "fifty", "WWW.", "little", "mom")
    typed = [Word(text, Box(x1=0, y1=0, x2=10 * len(text), y2=10)) for text in texts]
    printed = [Word(text, Box(x1=0, y1=0, x2=10 * proportional(text), y2=10)) for text in texts]
    assert widths_of(typed) is equal
    assert widths_of(printed) is proportional


def test_numbers_in_two_columns_are_two() -> None:
    index = PageIndex.of(page((100, 1, "2 150")))
    assert set(map(str, index.numbers)) == {"2150", "2", "150"}
    apart = PageWords(
        (
            Line(
                (
                    Word("2", Box(x1=100, y1=0, x2=110, y2=16)),
                    Word("150", Box(x1=127, y1=0, x2=157, y2=16)),
                ),
                Box(x1=100, y1=0, x2=157, y2=16),
            ),
        ),
        (1000, 1000),
        "hand",
    )
    assert set(map(str, PageIndex.of(apart).numbers)) == {"2", "150"}
