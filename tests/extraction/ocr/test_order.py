from __future__ import annotations

import random

import pytest

from extraction.ocr.layout import lines_of, text_angle
from extraction.ocr.order import in_reading_order
from extraction.pages.words import Line
from tests.extraction.ocr.lines import leaning, line, turned

PROSE = "the quick brown fox jumps over one dog"


def texts(lines: tuple[Line, ...] | list[Line]) -> list[str]:
    return [one.text for one in lines]


def shuffled(lines: list[Line], seed: int = 0) -> list[Line]:
    return random.Random(seed).sample(lines, len(lines))


def column(name: str, x: float, y: float, count: int = 5, step: float = 13) -> list[Line]:
    """A column of running text, each line with its own name in front."""
    return [line(f"{name}{index} {PROSE}", x, y + index * step) for index in range(count)]


def two_columns() -> list[Line]:
    title = line("A title over both of the columns of this page", 100, 0)
    return [title, *column("left", 0, 30), *column("right", 240, 30)]


def receipt() -> list[Line]:
    rows = [("Milk", "2.40"), ("Bread", "1.85"), ("Olive oil extra virgin", "7.99"), ("TOTAL", "12.24")]
    shop = [line("GREEN GROCER", 70, 0), line("12 Market Street", 60, 14)]
    cells = [(line(name, 0, 40 + 14 * row), line(price, 200, 40 + 14 * row)) for row, (name, price) in enumerate(rows)]
    return [*shop, *(cell for row in cells for cell in row), line("Thank you for your visit", 40, 110)]


def test_two_columns_are_read_one_after_the_other_below_their_title() -> None:
    page = two_columns()
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_short_first_lines_of_a_column_do_not_go_to_the_title() -> None:
    title = line("A title over a part of both columns", 130, 0)
    page = [title, *column("left", 0, 30), *column("right", 240, 30)]
    page[6:8] = [line("right0 is short at", 240, 30), line("right1 is short as well", 240, 43)]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_columns_whose_lines_stand_at_other_heights_are_columns_too() -> None:
    page = [*column("left", 0, 0, 6, 13), *column("right", 240, 5, 4, 17)]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_three_columns() -> None:
    page = [*column("a", 0, 0), *column("b", 230, 0), *column("c", 460, 0)]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_a_column_that_begins_lower_or_is_shorter_stays_whole() -> None:
    page = [*column("left", 0, 26, 3), *column("right", 240, 0, 7)]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_a_paragraph_break_across_both_columns_does_not_mix_them() -> None:
    page = [
        *column("left", 0, 0, 4),
        *column("left-below", 0, 80, 4),
        *column("right", 280, 0, 4),
        *column("right-below", 280, 80, 4),
    ]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_labels_and_values_are_read_row_by_row() -> None:
    page = receipt()
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_a_table_below_two_columns_is_read_row_by_row() -> None:
    cells = [
        line(text, x, 130 + 16 * row)
        for row in range(4)
        for x, text in ((0, f"article {row}"), (200, f"{row} pieces"), (380, f"{row}.50"))
    ]
    page = [*two_columns(), *cells]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


def test_a_cell_of_two_lines_comes_with_its_row() -> None:
    page = [
        line("Chair, oak", 0, 0),
        line("2", 200, 0),
        line("90.00", 300, 0),
        line("with arms", 0, 12),
        line("Table, round", 0, 40),
        line("1", 200, 40),
        line("250.00", 300, 40),
    ]
    assert texts(in_reading_order(shuffled(page))) == texts(page)


@pytest.mark.parametrize("angle", [4.0, -4.0, 90.0, 180.0, -90.0, 93.0, 177.0])
@pytest.mark.parametrize("page", [two_columns(), receipt()], ids=["columns", "receipt"])
def test_turned_and_slanted_pages_are_read_as_upright_ones(page: list[Line], angle: float) -> None:
    seen = turned(page, angle)
    assert (text_angle(seen) - angle + 180) % 360 - 180 == pytest.approx(0, abs=0.3)
    upright, read = in_reading_order(page), in_reading_order(shuffled(seen))
    assert texts(read) == texts(upright)
    assert [one.block for one in read] == [one.block for one in upright]


def test_rows_of_a_page_in_perspective_stay_rows() -> None:
    prices = [("Olive oil extra virgin", "7.99"), ("Milk", "2.40"), ("Bread, sliced", "1.85"), ("TOTAL", "12.24")]
    rows = [(line(name, 0, 14 * row), line(price, 300, 14 * row)) for row, (name, price) in enumerate(prices * 4)]
    page = [cell for row in rows for cell in row]
    assert max(one.box.y2 for one in page) == 220
    for lean in (0.0004, -0.0004):  # the last row's ends are 24 pixels apart, and rows are 14
        seen = leaning(page, lean)
        assert texts(in_reading_order(shuffled(seen))) == texts(page)


def test_the_engines_own_order_does_not_matter() -> None:
    page = [*two_columns(), *(line(f"row {index}", 0, 200 + 14 * index) for index in range(3))]
    readings = [in_reading_order(shuffled(page, seed)) for seed in range(6)]
    assert all(reading == readings[0] for reading in readings)


def test_scattered_words_are_each_read_once() -> None:
    for seed in range(30):
        rng = random.Random(seed)
        page = [line(f"w{index}", rng.uniform(0, 900), rng.uniform(0, 900)) for index in range(60)]
        read = in_reading_order(page)
        assert sorted(word.text for one in read for word in one.words) == sorted(f"w{index}" for index in range(60))
        blocks = [one.block for one in read]
        assert blocks == sorted(blocks)
        assert set(blocks) == set(range(max(blocks) + 1))


def test_a_note_along_the_margin_comes_last() -> None:
    note = turned([line("form 17 revised", 0, 0)], 90)[0]
    page = [*column("text", 40, 0), note]
    read = in_reading_order(shuffled(page))
    assert texts(read) == texts(page)
    assert read[-1].block == read[-2].block + 1


def test_a_line_across_a_gap_between_columns_is_split() -> None:
    read = in_reading_order([line("Total sum                    12.24", 0, 0)])
    assert texts(read) == ["Total sum", "12.24"]
    assert read[0].box.x2 == 45
    assert read[1].box.x1 == 29 * 5


def test_the_pieces_of_one_line_are_put_together() -> None:
    pieces = [line("Thank you", 0, 0), line("for your", 50, 1), line("visit", 95, 0), line("9.99", 200, 0)]
    read = in_reading_order(shuffled(pieces))
    assert texts(read) == ["Thank you for your visit", "9.99"]
    assert read[0].box.xyxy == (0, 0, 120, 11)


def test_pieces_of_very_different_size_are_no_line() -> None:
    assert len(in_reading_order([line("big", 0, 0, height=30), line("small", 48, 10)])) == 2


def test_blocks_end_where_white_space_or_a_larger_letter_begins() -> None:
    page = [
        line("HEADLINE", 0, 0, height=24),
        *column("first", 0, 40, 3),
        *column("second", 0, 100, 3),
    ]
    assert [one.block for one in in_reading_order(page)] == [0, 1, 1, 1, 2, 2, 2]
    assert [one.block for one in in_reading_order(receipt())] == [0, 0, *[1] * 8, 2]


def test_words_without_lines_become_lines() -> None:
    page = [line("Thank you for your visit", 0, 0), line("TOTAL GBP", 0, 20), line("12.24", 200, 20)]
    words = [word for one in page for word in one.words]
    assert texts(in_reading_order(lines_of(random.Random(1).sample(words, len(words))))) == texts(page)
    slanted = [word for one in turned(page, 4) for word in one.words]
    assert texts(in_reading_order(lines_of(slanted))) == texts(page)


def test_nothing_is_nothing() -> None:
    assert in_reading_order([]) == ()
    assert text_angle([]) == 0
