"""Words as rows and cells, also where the page is slanted or stands on its head."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extraction.pages.words import Line, PageWords
from extraction.rules.sheet import Sheet, sheet_of
from extraction.schemas.geometry import Box, Point, Polygon
from tests.extraction.rules.typed import typed

RECEIPT = """
Corner Shop
Milk 1 l                   1.20
Bread                      2.50
Total                      3.70
"""


def rows(sheet: Sheet) -> list[list[str]]:
    return [[cell.text for cell in row] for row in sheet.rows]


def test_a_wide_blank_parts_cells() -> None:
    assert rows(sheet_of(typed(RECEIPT))) == [
        ["Corner Shop"],
        ["Milk 1 l", "1.20"],
        ["Bread", "2.50"],
        ["Total", "3.70"],
    ]


@pytest.mark.parametrize("angle", [-4, 3, 90, 180, -90])
def test_rows_hold_together_on_turned_pages(angle: float) -> None:
    assert rows(sheet_of(typed(RECEIPT, angle=angle))) == rows(sheet_of(typed(RECEIPT)))


def test_an_empty_page_has_no_rows() -> None:
    sheet = sheet_of(typed(""))
    assert sheet.rows == ()
    assert sheet.height == 0


def test_the_place_of_a_span_is_cut_to_its_characters() -> None:
    cell = sheet_of(typed("Total: EUR12.50")).cells[0]
    start = cell.text.index("12.50")
    span = cell.span.__class__(cell, start, start + 5)
    assert span.text == "12.50"
    assert span.place.xyxy == (110.0, 10.0, 160.0, 28.0)


def test_places_are_those_of_the_picture_when_the_page_is_turned() -> None:
    words = typed(RECEIPT, angle=180)
    cell = sheet_of(words).rows[3][1]
    assert cell.text == "3.70"
    assert cell.span.place == next(word.box for word in words if word.text == "3.70")


def test_what_stands_beside_and_below() -> None:
    sheet = sheet_of(typed("Date        Number\n1 May 2024  77\n"))
    date = sheet.rows[0][0]
    assert [cell.text for cell in sheet.right_of(date)] == ["Number"]
    assert [cell.text for cell in sheet.below(date)] == ["1 May 2024"]


def _photographed(words: PageWords, turned: int) -> PageWords:
    """A page seen from the side, so that its lines rise the more the lower they stand, and then turned by quarters."""
    width, height = words.size

    def seen(x: float, y: float) -> Point:
        y += 0.12 * (x - width / 2) * y / height
        quarters = {0: (x, y), 90: (height - y, x), 180: (width - x, height - y), -90: (y, width - x)}
        return Point(x=quarters[turned][0], y=quarters[turned][1])

    def quad(box: Box) -> Polygon:
        return Polygon(
            points=tuple(seen(*xy) for xy in ((box.x1, box.y1), (box.x2, box.y1), (box.x2, box.y2), (box.x1, box.y2)))
        )

    lines = []
    for line in words.lines:
        told = [replace(word, box=quad(word.box).bounds, quad=quad(word.box)) for word in line.words]
        lines.append(Line(tuple(told), quad(line.box).bounds, quad=quad(line.box)))
    return PageWords(tuple(lines), words.size if turned % 180 == 0 else words.size[::-1], "typed", float(turned))


@pytest.mark.parametrize("turned", [0, 90, 180, -90])
def test_rows_hold_together_on_photographs_that_are_turned(turned: int) -> None:
    page = typed("\n".join(f"Thing {number}                              {number}.50" for number in range(20)))
    assert rows(sheet_of(_photographed(page, turned))) == rows(sheet_of(page))
