"""Values of documents that are read again: each from its own piece of its own page, in little memory."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from PIL import Image, ImageDraw
from pydantic import BaseModel, Field

from extraction import (
    ChatOCR,
    DocumentExtraction,
    MissingExtraError,
    OptionError,
    Verification,
    aextract_document,
    extract_document,
)
from extraction.chains import document_chain
from extraction.images import Picture
from extraction.ocr.reading import forget_words
from extraction.pages.page import Page
from extraction.pages.words import PageWords, Word
from extraction.schemas.geometry import Box
from tests.chains.fakes import sent_picture
from tests.extraction.grounding.paper import page as printed

SIZE = (400, 300)


class Row(BaseModel):
    day: str
    name: str
    amount: float


class Bill(BaseModel):
    number: str
    rows: list[Row]


class Booklet:
    """Pages with a text layer; on the picture each word is a patch of its own colour, which says what a reader reads there.

    Attributes:
        texts: The words of each page.
        readings: What readers read in the place of a word.
        alive: Pictures that were drawn and are still in memory.
        most: The most that ever were.
        drawn: How many pages were drawn.
    """

    def __init__(self, *pages: Sequence[tuple[float, float, str]], **readings: str) -> None:
        self.layers = [printed(*page, size=SIZE) for page in pages]
        self.readings = readings
        self.alive: list[weakref.ref[Image.Image]] = []
        self.most = self.drawn = 0

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Page:
        if index >= len(self):
            raise IndexError
        image = Image.new("RGB", SIZE, "white")
        for number, word in enumerate(self.layers[index].words):
            ImageDraw.Draw(image).rectangle([round(edge) for edge in word.box.xyxy], (10 * index, 10 * number, 200))
        self.alive = [one for one in (*self.alive, weakref.ref(image)) if one() is not None]
        self.most = max(self.most, len(self.alive))
        self.drawn += 1
        return Page(index + 1, Picture(image, f"page {index + 1}", words=self.layers[index]), self.layers[index])

    def __iter__(self) -> Iterator[Page]:
        return (self[index] for index in range(len(self)))

    def seen(self, image: Image.Image) -> Iterator[Word]:
        """The words whose patches a picture shows, where they are."""
        pixels = np.asarray(image.convert("RGB"))
        for index, layer in enumerate(self.layers):
            for number, word in enumerate(layer.words):
                rows, columns = np.nonzero((pixels == (10 * index, 10 * number, 200)).all(axis=2))
                if len(rows) > 50:  # the edge of a neighbour is none
                    edges = columns.min(), rows.min(), columns.max(), rows.max()
                    text = self.readings.get(word.text, word.text)
                    yield Word(text, Box(**dict(zip(("x1", "y1", "x2", "y2"), map(float, edges), strict=True))))


class Sees(BaseChatModel):
    """Says of a page what it is told to, and of a piece what stands there.

    Attributes:
        booklet: What it sees.
        answers: Of each page, by its number.
        pages: The pages that it was asked about.
        pieces: What it read on pieces.
    """

    booklet: Any
    answers: dict[int, Any]
    pages: list[int] = Field(default_factory=list)
    pieces: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "sees"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        blocks = [block for block in messages[-1].content if isinstance(block, dict)]
        picture = next(picture for block in blocks if (picture := sent_picture(block)) is not None)
        if picture.size == SIZE:
            self.pages.append(int(np.asarray(picture)[np.asarray(picture)[:, :, 2] == 200][0][0]) // 10 + 1)
            said = self.answers[self.pages[-1]]
        else:
            said = {"text": " ".join(word.text for word in self.booklet.seen(picture))}
            self.pieces.append(said["text"])
        return ChatResult(generations=[ChatGeneration(message=AIMessage(json.dumps(said)))])


def _bill(**readings: str) -> tuple[Booklet, Sees]:
    """Two pages; the end of the first cuts a row, and both print the number."""
    booklet = Booklet(
        [(10, 1, "N-17"), (10, 3, "Mon"), (100, 3, "Tea"), (300, 3, "7.00"), (10, 5, "Tue"), (100, 5, "Fine")],
        [(10, 1, "N-17"), (100, 3, "biscuits"), (300, 3, "9.50"), (10, 5, "Wed"), (100, 5, "Jam"), (300, 5, "3.25")],
        **readings,
    )
    rows = [{"day": "Mon", "name": "Tea", "amount": 7.0}, {"day": "Tue", "name": "Fine", "amount": None}]
    more = [{"day": None, "name": "biscuits", "amount": 9.5}, {"day": "Wed", "name": "Jam", "amount": 3.25}]
    answers = {1: {"number": "N-17", "rows": rows}, 2: {"number": "N-17", "rows": more}}
    return booklet, Sees(booklet=booklet, answers=answers)


def _verified(found: DocumentExtraction[Any]) -> dict[str, Verification]:
    assert found.sources is not None
    return dict(found.sources.verified)


def test_every_value_is_read_again_on_its_own_page_by_engine_and_model() -> None:
    booklet, model = _bill()
    found = extract_document(model, booklet, Bill, sources=booklet.seen, verify=True)
    assert [row.name for row in found.value.rows] == ["Tea", "Fine biscuits", "Jam"]
    assert found.sources is not None
    assert found.sources.disagreed == ()
    assert _verified(found)["/rows/2/amount"] == Verification("3.25", "3.25", "exact", "exact")
    assert set(_verified(found)) == set(found.sources)
    texts = ["N-17", "Mon", "Tea", "7.00", "Tue", "Fine", "biscuits", "9.50", "Wed", "Jam", "3.25"]
    assert sorted(model.pieces) == sorted(texts)  # the number that both pages print only once


def test_what_is_read_otherwise_is_told() -> None:
    booklet, model = _bill(Tea="Sea", **{"9.50": "9.80"})
    found = extract_document(model, booklet, Bill, sources=booklet.seen, verify=True)
    assert found.sources is not None
    assert found.sources.disagreed == ("/rows/0/name", "/rows/1/amount")
    assert _verified(found)["/rows/1/amount"] == Verification("9.80", "9.80", None, None)


def test_a_value_that_a_pages_end_cuts_is_read_in_its_parts() -> None:
    booklet, model = _bill(biscuits="briskets")
    found = extract_document(model, booklet, Bill, sources=booklet.seen, verify=True)
    told = _verified(found)["/rows/1/name"]
    assert (told.engine, told.model, told.engine_match) == ("Fine briskets", "Fine briskets", None)
    booklet.readings.clear()
    forget_words()
    again = extract_document(model, booklet, Bill, sources=booklet.seen, verify=True)
    assert _verified(again)["/rows/1/name"] == Verification("Fine biscuits", "Fine biscuits", "exact", "exact")


def test_pages_of_an_iterator_are_read_again_while_they_are_there() -> None:
    booklet, model = _bill(Jam="Ham")
    expected = extract_document(model, booklet, Bill, sources=booklet.seen, verify=True)
    drawn = booklet.drawn
    found = extract_document(model, iter(booklet), Bill, sources=booklet.seen, verify=True)
    assert booklet.drawn - drawn == 2
    assert found.sources == expected.sources
    assert found.sources is not None
    assert found.sources.disagreed == ("/rows/2/name",)


async def test_awaited_and_in_a_chain_it_is_the_same() -> None:
    booklet, model = _bill(Jam="Ham")
    expected = extract_document(model, booklet, Bill, sources=booklet.seen, verify=True).sources
    assert (await aextract_document(model, booklet, Bill, sources=booklet.seen, verify=True)).sources == expected
    chain = document_chain(model, Bill, sources=booklet.seen, verify=True, include_report=True)
    assert chain.invoke(booklet).sources == expected
    assert (await chain.ainvoke(iter(booklet))).sources == expected


@pytest.mark.parametrize("options", [{"sources": True}, {"verify": True}])
def test_a_chain_without_a_report_would_not_tell(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="only the report tells where values stand"):
        document_chain(_bill()[1], Bill, **options)


@pytest.mark.parametrize("streamed", [False, True])
def test_memory_is_that_of_the_windows_at_once(streamed: bool) -> None:
    texts = [f"item{number}" for number in range(20)]
    booklet = Booklet(*([(10, 1, text), (10, 3, "same")] for text in texts))
    answers = {number + 1: {"texts": [text], "same": "same"} for number, text in enumerate(texts)}
    model = Sees(booklet=booklet, answers=answers)

    class Listed(BaseModel):
        texts: list[str]
        same: str

    source = iter(booklet) if streamed else booklet
    found = extract_document(model, source, Listed, sources=booklet.seen, verify=True, config={"max_concurrency": 2})
    assert found.value == Listed(texts=texts, same="same")
    assert found.sources is not None
    assert found.sources.disagreed == ()
    assert booklet.most <= 3
    assert sum(one() is not None for one in booklet.alive) == 0
    # What all pages say is read at its first place, where that is known before.
    assert model.pieces.count("same") == (20 if streamed else 1)


def test_rules_that_read_by_an_engine_are_not_asked_once_more() -> None:
    booklet = Booklet([(10, 1, "Total 12.50")])

    class Total(BaseModel):
        total: float

    asked: list[Image.Image] = []

    def reads(image: Image.Image) -> PageWords:
        asked.append(image)
        return booklet.layers[0]

    found = extract_document(ChatOCR(engine=reads), booklet, Total, sources=booklet.seen, verify=True)
    assert _verified(found) == {"/total": Verification("12.50", None, "equal", None)}
    assert [image.size for image in asked] == [SIZE]


def test_without_an_engine_the_model_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extraction.ocr.engines._installed", lambda module: False)
    booklet, model = _bill()
    with pytest.raises(MissingExtraError, match="no OCR engine is installed"):
        extract_document(model, booklet, Bill, verify=True)
    assert model.pages == []


def test_a_failing_model_is_told_and_other_windows_without_values_are_passed() -> None:
    booklet, model = _bill()
    model.answers[1] = {"number": None, "rows": []}
    model.answers[2]["rows"] = model.answers[2]["rows"][1:]
    found = extract_document(model, booklet, Bill, sources=booklet.seen, verify=True)
    assert {window.sources is not None and bool(window.sources.verified) for window in found.windows} == {False, True}
    monkey = Sees(booklet=None, answers=model.answers)  # cannot read pieces
    with pytest.raises(AttributeError):
        extract_document(monkey, booklet, Bill, sources=booklet.seen, verify=True)
