"""Documents of many pages, read by a model that sees one window at a time: all of it, in order, in little memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from PIL import Image
from pydantic import BaseModel

from extraction import (
    ChatOCR,
    DocumentExtraction,
    MissingExtraError,
    OptionError,
    aextract_document,
    extract_document,
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
