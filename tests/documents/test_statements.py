"""Statements: their rows are whole over the pages, and their PDF has the words where the pictures have them."""

from __future__ import annotations

import itertools

import pytest

from extraction.schemas.documents import BankStatement
from tests.documents import Statement, searchable_pdf, statement


@pytest.fixture(scope="module", params=[0, 1, 3, 6], ids=lambda seed: f"seed {seed}")
def small(request: pytest.FixtureRequest) -> Statement:
    return statement(46, 3, request.param)


def test_pages_put_together_are_the_whole(small: Statement) -> None:
    rows: dict[int, dict[str, str]] = {}
    for page, parts in zip(small, small.parts, strict=True):
        assert len(page.value["transactions"]) == len(parts)
        for part, shown in zip(parts, page.value["transactions"], strict=True):
            row = rows.setdefault(part.row, {})
            told = {key: leaf for key, leaf in shown.items() if leaf is not None and key != "description"}
            assert not set(row) & set(told)
            row.update(told, description=f"{row.get('description', '')} {shown['description']}".strip())
    assert list(rows) == list(range(46))
    assert list(rows.values()) == small.value["transactions"]


def test_a_page_shows_what_its_value_says(small: Statement) -> None:
    for page, parts in zip(small, small.parts, strict=True):
        for place, part in enumerate(parts):
            shown = page.value["transactions"][place]
            assert (shown["date"] is not None) == part.begins
            assert (shown["amount"] is not None) == (part.ends if small.amounts_below else part.begins)
            pointers = {f"/transactions/{place}/{key}" for key, leaf in shown.items() if leaf is not None}
            assert pointers <= set(page.places)
        tops = [leaf.right.box.y1 for at, leaf in page.places.items() if at.endswith("/description")]
        assert tops == sorted(tops)


def test_every_statement_has_rows_that_a_page_break_cuts(small: Statement) -> None:
    assert small.cuts
    for row in small.cuts:
        shown = [[part for part in parts if part.row == row] for parts in small.parts]
        begun, ended = [one for one in shown if one]
        assert [(part.begins, part.ends) for part in begun + ended] == [(True, False), (False, True)]


def test_sixty_pages_add_up() -> None:
    whole = statement(1200, 60, 5)
    value = BankStatement.model_validate(whole.value)
    assert value.checks() == []
    assert (len(value.transactions), value.transaction_count, len(whole)) == (1200, 1200, 60)
    assert all(19 <= len(parts) <= 21 for parts in whole.parts)
    twins = [
        one
        for one, two in itertools.pairwise(value.transactions)
        if one.description == two.description and one.amount == two.amount
    ]
    assert twins
    assert statement(1200, 60, 5).value == whole.value


@pytest.mark.parametrize(("rows", "pages"), [(2, 3), (100, 4), (0, 0)])
def test_what_does_not_fit_is_refused(rows: int, pages: int) -> None:
    with pytest.raises(ValueError, match=f"rows, not {rows}"):
        statement(rows, pages)


@pytest.mark.parametrize("scanned", [False, True])
def test_the_pdf_has_the_words_at_their_places(scanned: bool) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    whole = statement(30, 2, 4, dpi=144)
    pages = list(whole)
    document = pdfium.PdfDocument(searchable_pdf(pages, dpi=144) if scanned else whole.pdf())
    assert len(document) == 2
    for page, sample in zip(document, pages, strict=True):
        assert page.get_size() == pytest.approx([side / 2 for side in sample.picture.size], abs=0.01)
        text = page.get_textpage()
        assert text.get_text_range().split() == [word.text for word in sample.words]
        found = text.search("Description") if "Description" in text.get_text_range() else text.search("Balance")
        index, count = found.get_next()
        word = next(one for one in sample.words if one.text == text.get_text_range(index, count))
        boxes = [text.get_charbox(number) for number in range(index, index + count)]
        left, right = 2 * min(box[0] for box in boxes), 2 * max(box[2] for box in boxes)
        bottom = sample.picture.height - 2 * min(box[1] for box in boxes)
        assert [left, right] == pytest.approx([word.box.x1, word.box.x2], abs=3)
        assert bottom == pytest.approx(word.box.y2, abs=5)
        text.close()
        page.close()
    document.close()
