"""What goes wrong with documents of many pages: rows that are missing, pages and answers that fail, and what is asked again."""

from __future__ import annotations

import asyncio
import io
import json
import random
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile
from pydantic import BaseModel

from extraction import (
    DocumentError,
    DocumentWarning,
    ImageError,
    TruncatedOutputError,
    UnreadableOutputError,
    aextract_document,
    extract_document,
    open_document,
)
from extraction.chains import document_chain
from extraction.chains.document_reader import AT_ONCE
from extraction.schemas import json_schema_of
from tests.chains.fakes import RemoteModel
from tests.chains.pages_of_truth import Paper, Reader, Reopened, Statement, small_statement, statement


def _missing(page: int, row: int, times: int = 1) -> Any:
    """A model that overlooks a row, the first so many times."""

    def misread(index: int, time: int, said: dict[str, Any]) -> dict[str, Any]:
        if index == page and time <= times:
            del said["rows"][row]
        return said

    return misread


def test_a_missing_row_is_noticed_and_only_its_page_asked_again() -> None:
    paper = small_statement(cut_share=0)
    model = Reader(paper=paper, misread=_missing(2, 1))
    found = extract_document(model, Reopened(paper), Statement)
    assert found.data == paper.truth
    assert found.complete
    assert [pages for pages, _ in model.asked].count((2,)) == 2
    assert len(model.asked) == 7
    assert "Here 4 items of rows were read before." in model.asked[-1][1]
    assert found.completeness.asked_again == (3,)


@pytest.mark.parametrize("seed", range(4))
def test_pages_that_are_misread_at_first_are_found_and_mended(seed: int) -> None:
    rng = random.Random(seed)
    paper = statement(12, 6, seed=seed, cut_share=0.6)
    faults = {
        page: rng.choice(("a row less", "a row twice", "an amount", "nothing", "prose"))
        for page in rng.sample(range(12), 3)
    }

    def misread(index: int, time: int, said: dict[str, Any]) -> Any:
        fault, rows = faults.get(index), said["rows"]
        place = rng.randrange(len(rows))
        if fault is None or time > 1:
            return said
        if fault == "prose":
            return AIMessage("This is a page of a statement.")
        if fault == "an amount" and rows[place]["amount"] is not None:
            rows[place]["amount"] += 10
        elif fault == "a row twice":
            rows.insert(place, dict(rows[place]))
        elif fault == "nothing":
            rows.clear()
        else:
            del rows[place]
        return said

    model = Reader(paper=paper, misread=misread)
    found = extract_document(model, Reopened(paper), Statement, retries=2, config={"max_concurrency": 1})
    assert found.data == paper.truth
    assert found.complete
    assert {page - 1 for page in found.completeness.asked_again} >= set(faults)


def test_the_pages_of_an_opened_file_are_counted_and_asked_again() -> None:
    paper = small_statement(cut_share=0)
    model = Reader(paper=paper, misread=_missing(2, 1))
    first, *others = [page.picture.image for page in paper]
    file = io.BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=others)
    for document in (file.getvalue(), open_document(file.getvalue(), pages="1-")):
        model = Reader(paper=paper, misread=_missing(2, 1))
        found = extract_document(model, document, Statement)
        assert found.data == paper.truth
        assert found.completeness.asked_again == (3,)
        assert "This is page 3 of a document of 6 pages." in model.asked[-1][1]


def test_a_damaged_page_of_an_opened_file_stands_alone() -> None:
    paper = small_statement(cut_share=0)
    first, *others = [page.picture.image for page in paper]
    file = io.BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=others, compression="tiff_deflate")
    with Image.open(file) as image:
        image.seek(3)
        place = cast("TiffImageFile", image).tag_v2[273][0]  # the offset of its pixels
    data = bytearray(file.getvalue())
    data[place : place + 8] = bytes(8)
    found = extract_document(Reader(paper=paper), bytes(data), Statement, on_error="report")
    assert found.completeness.failed == (4,)
    assert len(found.data["rows"]) == 25


class Slow(Reopened):
    """A document whose pages take their time, and that tells whether one is being drawn."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(paper)
        self.began, self.goes_on = threading.Event(), threading.Event()

    def __getitem__(self, index: Any) -> Any:
        self.began.set()
        assert self.goes_on.wait(10)
        return super().__getitem__(index)


async def test_a_document_that_is_cancelled_while_a_page_is_drawn() -> None:
    slow = Slow(small_statement())
    model = Reader(paper=slow.paper)
    task = asyncio.create_task(aextract_document(model, slow, Statement))
    assert await asyncio.to_thread(slow.began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    slow.goes_on.set()
    assert model.asked == []
    with pytest.raises(TimeoutError):
        slow.goes_on.clear()
        await asyncio.wait_for(aextract_document(model, slow, Statement), 0.05)
    slow.goes_on.set()


async def test_a_file_whose_reading_is_cancelled_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, closed = Slow(small_statement()), threading.Event()

    @contextmanager
    def opened(source: Any) -> Iterator[Any]:
        try:
            yield source
        finally:
            closed.set()

    monkeypatch.setattr("extraction.chains.document_reader.opened", opened)
    task = asyncio.create_task(aextract_document(Reader(paper=slow.paper), slow, Statement))
    assert await asyncio.to_thread(slow.began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not closed.is_set()
    slow.goes_on.set()
    assert await asyncio.to_thread(closed.wait, 10)


def test_what_stays_missing_is_reported_and_given() -> None:
    paper = small_statement(cut_share=0)
    model = Reader(paper=paper, misread=_missing(2, 1, times=9))
    found = extract_document(model, Reopened(paper), Statement, retries=3)
    assert found.complete is False
    assert len(found.data["rows"]) == 29
    assert [check.pointers[0] for check in found.completeness.checks] == ["/count", "/turnover", "/rows/11"]
    assert "/count: the printed number is not that of the items: 29 expected, 30 found" in found.completeness.missing
    assert len(model.asked) == 7  # the same words about the same page are not said twice
    with pytest.warns(DocumentWarning, match="the printed number is not that of the items"):
        document_chain(model, Statement).invoke(Reopened(paper))


def test_pages_of_an_iterator_are_not_asked_again() -> None:
    paper = small_statement(cut_share=0)
    model = Reader(paper=paper, misread=_missing(2, 1))
    found = extract_document(model, iter(paper), Statement)
    assert found.complete is False
    assert len(model.asked) == 6
    assert paper.most <= AT_ONCE + 1


def _cut(index: int, time: int, said: dict[str, Any]) -> Any:
    if index != 2:
        return said
    text = json.dumps(said)
    half = text[: text.index("}", text.index("}") + 1) + 1]  # two rows are whole
    return AIMessage(half, response_metadata={"finish_reason": "length"})


def test_one_bad_window_does_not_lose_the_others() -> None:
    paper = small_statement(cut_share=0)
    with pytest.raises(DocumentError, match=r"page 3: the answer was cut off") as caught:
        extract_document(Reader(paper=paper, misread=_cut), Reopened(paper), Statement)
    error = caught.value
    assert isinstance(error.__cause__, TruncatedOutputError)
    assert error.finish_reason == "length"
    assert len(error.partial["rows"]) == 27
    assert error.result.completeness.failed == (3,)
    assert error.result.windows[2].asked == 2
    found = extract_document(Reader(paper=paper, misread=_cut), Reopened(paper), Statement, on_error="report")
    assert found.data == error.partial
    assert isinstance(found.value, Statement)
    assert found.complete is False
    assert found.completeness.missing[0] == "no whole answer for page 3"


def test_an_unreadable_answer_is_asked_for_again() -> None:
    def misread(index: int, time: int, said: dict[str, Any]) -> Any:
        return AIMessage("I see a page.") if (index, time) == (4, 1) else said

    paper = small_statement()
    assert extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement).data == paper.truth
    with pytest.raises(DocumentError) as caught:
        extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement, retries=0)
    assert isinstance(caught.value.__cause__, UnreadableOutputError)
    assert caught.value.llm_output == "I see a page."


def test_an_error_of_the_server_is_that_of_its_window() -> None:
    def misread(index: int, time: int, said: dict[str, Any]) -> Any:
        return ConnectionError("no answer") if index == 1 else said

    paper = small_statement(cut_share=0)
    found = extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement, on_error="report")
    assert isinstance(found.windows[1].error, ConnectionError)
    assert found.completeness.failed == (2,)
    assert len(found.data["rows"]) == 25
    assert sum(one() is not None for one in paper.alive) == 0  # the error's traceback keeps no page


def test_a_server_that_is_not_there_is_asked_about_a_few_pages_only() -> None:
    paper = statement(30, 2)
    model = Reader(paper=paper, misread=lambda *_: ConnectionError("nobody there"))
    with pytest.raises(ConnectionError, match="nobody there"):
        extract_document(model, Reopened(paper), Statement, on_error="report")
    assert len(model.asked) == AT_ONCE


class Damaged(Reopened):
    """A document of which one page cannot be drawn."""

    def __getitem__(self, index: Any) -> Any:
        if index == 3:
            raise ImageError("it is damaged", source="page 4")
        return super().__getitem__(index)


@pytest.mark.parametrize("window", [1, 4])
def test_a_damaged_page_stands_alone(window: int) -> None:
    paper = small_statement(cut_share=0)
    model = Reader(paper=paper)
    found = extract_document(model, Damaged(paper), Statement, on_error="report", window=window)
    assert found.completeness.failed == (4,)
    assert len(found.data["rows"]) == 25
    assert {index for pages, _ in model.asked for index in pages} == {0, 1, 2, 4, 5}
    with pytest.raises(DocumentError, match="page 4: it is damaged"):
        extract_document(model, Damaged(paper), Statement)


def test_what_does_not_fit_the_schema_in_the_end() -> None:
    def misread(index: int, time: int, said: dict[str, Any]) -> dict[str, Any]:
        return {**said, "account": None}

    paper = small_statement()
    with pytest.raises(DocumentError, match="account: Field required") as caught:
        extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement)
    assert caught.value.partial["rows"] == paper.truth["rows"]
    found = extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement, on_error="report")
    assert found.value is None
    assert found.complete is False
    as_json = extract_document(
        Reader(paper=paper, misread=misread), Reopened(paper), json_schema_of(Statement), on_error="report"
    )
    assert "'account' is a required property" in str(as_json.completeness.problem)


def test_pages_that_disagree_are_told() -> None:
    def misread(index: int, time: int, said: dict[str, Any]) -> dict[str, Any]:
        return {**said, "account": "X1" if index == 2 else "DE02"}

    paper = small_statement()
    found = extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement)
    (conflict,) = found.conflicts
    assert (conflict.pointer, conflict.taken) == ("/account", "DE02")
    with pytest.warns(DocumentWarning, match='"X1" on page 3'):
        document_chain(Reader(paper=paper, misread=misread), Statement).invoke(Reopened(paper))


def test_where_all_is_well_nothing_is_said() -> None:
    paper = small_statement()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document_chain(Reader(paper=paper), Statement).invoke(Reopened(paper))


def test_a_document_that_prints_nothing_to_compare_does_not_call_itself_complete() -> None:
    class Page(BaseModel):
        words: list[str]

    pictures = [Image.new("RGB", (8, 8), (0, shade, 0)) for shade in (1, 2)]
    model = RemoteModel(answers=['{"words": ["a"]}', '{"words": ["b"]}'])
    found = extract_document(model, pictures, Page, config={"max_concurrency": 1})
    assert found.value == Page(words=["a", "b"])
    assert found.complete is None
