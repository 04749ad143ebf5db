"""Documents of many pages, read by a model that sees one window at a time: all of it, in order, in little memory."""

from __future__ import annotations

import asyncio
import io
import json
import random
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

import pytest
from langchain_core.messages import AIMessage
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile
from pydantic import BaseModel

from extraction import (
    ChatOCR,
    DocumentError,
    DocumentExtraction,
    DocumentWarning,
    ImageError,
    MissingExtraError,
    OptionError,
    TruncatedOutputError,
    UnreadableOutputError,
    aextract_document,
    extract_document,
    open_document,
)
from extraction.chains import document_chain
from extraction.chains.document_reader import AT_ONCE
from extraction.images import Picture
from extraction.ocr.reading import forget_words
from extraction.pages.page import Page
from extraction.pages.words import Line, PageWords, Word
from extraction.schemas import Box, Check, SumOf, json_schema_of
from extraction.schemas.checks import DocumentSchema, Rounding
from tests.chains.fakes import PICTURE, RemoteModel
from tests.chains.pages_of_truth import Paper, Reader, Reopened, Statement, statement
from tests.extraction.grounding.paper import page as printed


def _rows(found: DocumentExtraction[Any]) -> list[dict[str, Any]]:
    """The rows as they are in the truth."""
    rows: list[dict[str, Any]] = json.loads(json.dumps(found.data["rows"]))
    return rows


def _line(text: str) -> Line:
    box = Box(x1=1, y1=1, x2=30, y2=8)
    return Line((Word(text, box),), box)


def _small(**options: Any) -> Paper:
    return statement(6, 5, seed=3, **options)


def test_sixty_pages_of_1200_rows_are_read_whole_in_order_and_none_twice() -> None:
    paper = statement(60, 20)
    assert len(paper.cut) > 20
    model = Reader(paper=paper)
    found = extract_document(model, Reopened(paper), Statement)
    assert _rows(found) == paper.truth["rows"]
    assert found.data == paper.truth
    assert [len(pages) for pages, _ in model.asked] == [1] * 60
    assert found.complete
    assert found.completeness.compared == 3
    assert found.joined == tuple(f"/rows/{index}" for index in paper.cut)
    assert all(
        found.provenance[f"/rows/{i}"] == ((i // 20 + 1, i // 20 + 2) if i in paper.cut else (i // 20 + 1,))
        for i in range(1200)
    )
    assert isinstance(found.value, Statement)
    # Flat: as many pages as are asked at once, and one that is looked at ahead; not sixty.
    assert paper.most <= AT_ONCE + 1
    assert sum(one() is not None for one in paper.alive) == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("window", [1, 2, 4, 7])
def test_windows_of_any_size_give_the_same(seed: int, window: int) -> None:
    paper = statement(7, 4, seed=seed, cut_share=0.9)
    found = extract_document(Reader(paper=paper), Reopened(paper), Statement, window=window)
    assert found.data == paper.truth
    assert [len(one.pages) for one in found.windows] == [
        len(range(7)[start : start + window]) for start in range(0, 7, window)
    ]


def test_memory_is_that_of_the_windows_at_once() -> None:
    for at_once in (1, 3):
        paper = statement(20, 3)
        found = extract_document(Reader(paper=paper), Reopened(paper), Statement, config={"max_concurrency": at_once})
        assert found.data == paper.truth
        assert paper.most <= at_once + 1


async def test_awaited_it_is_the_same() -> None:
    paper = _small()
    found = await aextract_document(Reader(paper=paper), Reopened(paper), Statement)
    assert found.data == paper.truth
    value = await document_chain(Reader(paper=paper), Statement).ainvoke(Reopened(paper))
    assert value == found.value
    assert paper.most <= AT_ONCE + 1


def test_a_chain_gives_the_value_and_batches_documents() -> None:
    papers = [_small(), statement(2, 3, seed=5)]
    chain = document_chain(Reader(paper=papers[0]), Statement)
    assert chain.invoke(Reopened(papers[0])) == Statement.model_validate(papers[0].truth)
    assert chain.invoke({"document": papers[0], "instruction": "Read!"}) == Statement.model_validate(papers[0].truth)
    first, second = chain.batch([Reopened(papers[0]), iter(papers[0])])
    assert first == second
    reported = document_chain(Reader(paper=papers[1]), Statement, include_report=True).invoke(Reopened(papers[1]))
    assert reported.data == papers[1].truth


def test_what_a_model_is_asked() -> None:
    paper = _small()
    model = Reader(paper=paper)
    document_chain(model, Statement, instruction="Read the rows.").invoke(Reopened(paper))
    words = dict(model.asked)[2,]
    assert words.startswith("Read the rows.\nThis is page 3 of a document of 6 pages.")
    document_chain(model, Statement, window=2).invoke({"document": iter(paper), "instruction": "Only now."})
    words = dict(model.asked)[2, 3]
    assert words.startswith("Only now.\nThese are the pages 3, 4 of a document. Give")


def test_a_document_of_one_window_is_asked_as_one_picture_is() -> None:
    paper = statement(1, 4)
    model = Reader(paper=paper)
    assert document_chain(model, Statement).invoke([paper.page(0)]) == Statement.model_validate(paper.truth)
    assert model.asked[-1] == ((0,), "Extract what the picture shows.")
    two = statement(2, 4, cut_share=1)
    assert document_chain(Reader(paper=two), Statement, window=2).invoke(Reopened(two)) == Statement.model_validate(
        two.truth
    )


# --- what goes wrong -------------------------------------------------------------------------------------------------


def _missing(page: int, row: int, times: int = 1) -> Any:
    """A model that overlooks a row, the first so many times."""

    def misread(index: int, time: int, said: dict[str, Any]) -> dict[str, Any]:
        if index == page and time <= times:
            del said["rows"][row]
        return said

    return misread


def test_a_missing_row_is_noticed_and_only_its_page_asked_again() -> None:
    paper = _small(cut_share=0)
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
    paper = _small(cut_share=0)
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
    paper = _small(cut_share=0)
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
    slow = Slow(_small())
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
    slow, closed = Slow(_small()), threading.Event()

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
    paper = _small(cut_share=0)
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
    paper = _small(cut_share=0)
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
    paper = _small(cut_share=0)
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

    paper = _small()
    assert extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement).data == paper.truth
    with pytest.raises(DocumentError) as caught:
        extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement, retries=0)
    assert isinstance(caught.value.__cause__, UnreadableOutputError)
    assert caught.value.llm_output == "I see a page."


def test_an_error_of_the_server_is_that_of_its_window() -> None:
    def misread(index: int, time: int, said: dict[str, Any]) -> Any:
        return ConnectionError("no answer") if index == 1 else said

    paper = _small(cut_share=0)
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
    paper = _small(cut_share=0)
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

    paper = _small()
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

    paper = _small()
    found = extract_document(Reader(paper=paper, misread=misread), Reopened(paper), Statement)
    (conflict,) = found.conflicts
    assert (conflict.pointer, conflict.taken) == ("/account", "DE02")
    with pytest.warns(DocumentWarning, match='"X1" on page 3'):
        document_chain(Reader(paper=paper, misread=misread), Statement).invoke(Reopened(paper))


def test_amounts_keep_digits_that_no_float_holds() -> None:
    class Booking(BaseModel):
        amount: Decimal

    class Account(BaseModel):
        balance: Decimal
        total: Annotated[Decimal | None, SumOf("lines/*/amount")]
        share: float
        lines: list[Booking]

    amounts = ["12345678901234567.89", "0.02"]
    total = "12345678901234567.91"
    answers = [
        f'{{"balance": {amounts[0]}, "total": {total}, "share": {total}, "lines": [{{"amount": {amount}}}]}}'
        for amount in amounts
    ]
    words = PageWords((_line("12 345 678 901 234 567,89"),), PICTURE.size, "mine")
    model = RemoteModel(answers=answers)
    found = extract_document(model, [PICTURE, PICTURE], Account, sources=lambda _: words, config={"max_concurrency": 1})
    assert found.value == Account(
        balance=Decimal(amounts[0]),
        total=Decimal(total),
        share=float(total),
        lines=[Booking(amount=Decimal(one)) for one in amounts],
    )
    assert found.complete  # to the cent
    assert found.conflicts == ()
    assert json.loads(found.json())["total"] == total
    assert type(found.data["share"]) is float
    assert found.sources is not None
    assert {one.match for one in found.sources["/balance"]} == {"equal"}
    as_json = extract_document(
        RemoteModel(answers=answers), [PICTURE, PICTURE], json_schema_of(Account), config={"max_concurrency": 1}
    )
    assert as_json.complete
    assert as_json.value == as_json.data
    assert type(as_json.data["total"]) is float
    cents = [answers[0], answers[1].replace(amounts[0], "12345678901234567.88")]
    other = extract_document(RemoteModel(answers=cents), [PICTURE, PICTURE], Account, config={"max_concurrency": 1})
    assert [one.pointer for one in other.conflicts] == ["/balance"]


def test_where_all_is_well_nothing_is_said() -> None:
    paper = _small()
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


# --- boxes, words, options -------------------------------------------------------------------------------------------


class Seal(BaseModel):
    name: str
    box: Box


class Sealed(BaseModel):
    seals: list[Seal]


SEALS = [json.dumps({"seals": [{"name": name, "box": [0, 0, 500, 1000]}]}) for name in ("a", "b")]


def test_boxes_are_pixels_of_their_own_page() -> None:
    pages = [Image.new("RGB", (100, 50)), Image.new("RGB", (40, 80))]
    model = RemoteModel(answers=SEALS)
    found = extract_document(model, pages, Sealed, family="relative-1000", config={"max_concurrency": 1})
    assert [seal.box.xyxy for seal in found.value.seals] == [(0, 0, 50, 50), (0, 0, 20, 80)]
    assert [found.provenance[f"/seals/{index}/box"] for index in (0, 1)] == [(1,), (2,)]


def test_where_a_page_lacks_nothing_that_must_be_there_it_is_asked_as_a_picture_is() -> None:
    model = RemoteModel(answers=SEALS)
    pages = [Image.new("RGB", (100, 50)), Image.new("RGB", (40, 80))]
    document_chain(model, Sealed, family="relative-1000").invoke(pages)
    assert [message[-1].text for message in model.seen] == ["Extract what the picture shows."] * 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"window": 0}, "window"),
        ({"window": True}, "window"),
        ({"window": "all"}, "window"),
        ({"retries": -1}, "retries"),
        ({"on_error": "ignore"}, "on_error"),
        ({"repair": -1}, "repair"),
        ({"on_truncation": "ignore"}, "on_truncation"),
        ({"on_truncation": "salvage"}, "complete of a cut answer"),
        ({"include_raw": True}, "many messages"),
        ({"window": 2, "evidence": "words"}, "evidence is that of one page"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        document_chain(RemoteModel(), Statement, **options)


def test_boxes_of_several_pages_at_once_are_refused() -> None:
    with pytest.raises(OptionError, match="of 2 pages nobody could tell"):
        document_chain(RemoteModel(), Sealed, family="relative-1000", window=2)


@pytest.mark.parametrize("source", [{"image": "a.png"}, [], iter(())])
def test_what_is_no_document_is_refused(source: Any) -> None:
    with pytest.raises(OptionError):
        document_chain(RemoteModel(), Statement).invoke(source)


def test_pictures_one_page_and_examples() -> None:
    def pages() -> Iterator[Image.Image]:
        yield from (Image.new("RGB", (8, 8), (0, 0, shade)) for shade in (1, 2))

    paper = statement(1, 2)
    example = (Image.new("RGB", (8, 8)), Statement.model_validate(paper.truth))
    model = RemoteModel(answers=[json.dumps(paper.truth)])
    found = extract_document(model, pages(), Statement, examples=[example], on_error="report")
    assert len(found.value.rows) == 4
    assert len(model.seen[0]) == 4  # the words, the example's picture, its answer, the page
    assert extract_document(model, Page(7, paper.page(0).picture), Statement).provenance["/rows"] == (7,)


def test_pages_of_one_number_are_refused() -> None:
    pages = [_small().page(0), _small().page(0)]
    with pytest.raises(OptionError, match="two pages have the number 1"):
        extract_document(RemoteModel(answers=['{"rows": []}']), pages, dict[str, list[str]])


class Stamped(DocumentSchema):
    """A document that checks what is no number."""

    rows: list[str]

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        yield Check(("/rows",), "the seal is broken", 3, "three")
        yield Check(("/rows",), "the seal is another", "three", 3)


def test_checks_that_compare_words_are_told_as_others_are() -> None:
    model = RemoteModel(answers=['{"rows": ["a"]}', '{"rows": ["b", "c"]}'])
    found = extract_document(model, [PICTURE, PICTURE], Stamped)
    assert [check.problem for check in found.completeness.checks] == ["the seal is broken", "the seal is another"]


# --- where values stand ----------------------------------------------------------------------------------------------


def test_the_engine_that_is_named_reads_the_pages_without_a_text_layer() -> None:
    word = Word("Smith", Box(x1=2, y1=3, x2=9, y2=8))

    def reads(image: Image.Image) -> list[Word]:
        return [word]

    model = RemoteModel(answers=['{"name": "Smith"}'])
    found = extract_document(model, [PICTURE, PICTURE], dict[str, str], sources=reads)
    assert found.sources is not None
    assert [(one.page, one.box) for one in found.sources["/name"]] == [(1, word.box), (2, word.box)]
    with pytest.raises(OptionError, match="there is no OCR engine 'nonsense'"):
        extract_document(model, [PICTURE], dict[str, str], sources="nonsense")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="the words of one page"):
        extract_document(model, [PICTURE], dict[str, str], sources=PageWords((), PICTURE.size, "mine"))  # type: ignore[arg-type]


@pytest.mark.parametrize(("window", "expected"), [(1, [1, 2]), (2, [2])])
def test_a_model_that_tells_places_itself_is_believed(window: int, expected: list[int]) -> None:
    read: list[Image.Image] = []

    def reads(image: Image.Image) -> PageWords:
        read.append(image)
        label, amount = Word("Total", Box(x1=1, y1=1, x2=50, y2=15)), Word("12.50", Box(x1=90, y1=1, x2=140, y2=15))
        return PageWords((Line((label,), label.box), Line((amount,), amount.box)), image.size, "mine")

    class Total(BaseModel):
        total: float

    forget_words()
    pages = [Image.new("RGB", (160, 20), (255, shade, 255)) for shade in (255, 254)]
    found = extract_document(ChatOCR(engine=reads), pages, Total, window=window, sources=True, verify=True)
    assert found.value == Total(total=12.5)
    assert found.sources is not None
    assert [(one.page, one.text) for one in found.sources["/total"]] == [(page, "12.50") for page in expected]
    assert [image.size for image in read[:2]] == [(160, 20)] * 2
    assert len(read) == 3  # the pages, and the piece that is read again, by the same engine
    assert extract_document(ChatOCR(engine=reads), pages, Total).sources is None


def test_without_an_engine_the_model_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extraction.ocr.engines._installed", lambda module: False)
    model = RemoteModel(answers=['{"name": "Smith"}'])
    with pytest.raises(MissingExtraError, match="no OCR engine is installed"):
        extract_document(model, [PICTURE], dict[str, str], sources=True)
    assert model.seen == []


class Named(BaseModel):
    kind: Literal["a"]
    name: str


class Titled(BaseModel):
    kind: Literal["b"]
    title: str


class Mixed(BaseModel):
    things: list[Named | Titled]
    pair: tuple[str, str] | None


def test_leaves_of_values_that_come_whole_have_their_places() -> None:
    told = [
        {"things": [{"kind": "a", "name": "Anna"}], "pair": ["Emil", "Otto"]},
        {"things": [{"kind": "b", "title": "Carla"}], "pair": None},
    ]
    texts = (((10, 1, "Anna"), (200, 1, "Emil Otto")), ((10, 3, "Carla"),))
    pages = [
        Page(number, Picture(Image.new("RGB", (1000, 1000), "white")), printed(*text))
        for number, text in enumerate(texts, 1)
    ]
    model = RemoteModel(answers=[json.dumps(one) for one in told])
    found = extract_document(model, pages, Mixed, sources=True, config={"max_concurrency": 1}).sources
    assert found is not None
    assert {pointer: (places[0].page, places[0].text) for pointer, places in found.items()} == {
        "/things/0/name": (1, "Anna"),
        "/things/1/title": (2, "Carla"),
        "/pair/0": (1, "Emil"),
        "/pair/1": (1, "Otto"),
    }
    assert set(found.unlooked) == {"/things/0/kind", "/things/1/kind"}
