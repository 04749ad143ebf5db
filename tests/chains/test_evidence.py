from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image

from extraction import MissingExtraError, OptionError, extract
from extraction.chains import extraction_chain
from extraction.chains.extract import aextract
from extraction.images import Picture, load_image
from extraction.ocr import engines
from extraction.ocr.evidence import EvidenceWarning
from extraction.ocr.order import in_reading_order
from extraction.pages.words import PageWords
from extraction.prompts import INSTRUCTION
from extraction.schemas import Scene
from tests.chains.fakes import ANSWER, PICTURE, RemoteModel, text_of
from tests.extraction.ocr.lines import line
from tests.extraction.ocr.pages import receipt

WORDS = PageWords(in_reading_order([line("TOTAL {x}", 64, 240), line("12.24", 320, 240)]), (640, 480), "fake")


def blocks(model: RemoteModel, call: int = -1) -> list[Any]:
    """The blocks of the last message of a call."""
    content = model.seen[call][-1].content
    assert isinstance(content, list)
    return content


def test_the_words_stand_behind_the_picture_and_before_the_instruction() -> None:
    plain, told = RemoteModel(), RemoteModel()
    extraction_chain(plain, Scene).invoke(PICTURE)
    extraction_chain(told, Scene, evidence=WORDS).invoke(PICTURE)
    assert told.seen[0][:-1] == plain.seen[0][:-1]  # what pictures share is the same, to the letter
    picture, words, instruction = blocks(told)
    assert [picture, instruction] == blocks(plain)
    assert instruction["text"] == INSTRUCTION
    assert "\n<page_words>\n10,50 TOTAL {x} | 50,50 12.24\n</page_words>" in words["text"]


async def test_extract_and_its_awaited_twin_take_evidence() -> None:
    model = RemoteModel()
    assert extract(model, PICTURE, Scene, evidence=WORDS).data == json.loads(
        extract(RemoteModel(), PICTURE, Scene).json()
    )
    await aextract(model, PICTURE, Scene, evidence=lambda picture: WORDS)
    assert blocks(model, 0)[1] == blocks(model, 1)[1]


def test_a_function_is_asked_for_the_words_of_each_picture() -> None:
    asked: list[Picture] = []

    def words_of(picture: Picture) -> PageWords:
        asked.append(picture)
        return PageWords(in_reading_order([line(f"page {len(asked)}", 0, 0)]), picture.size, "mine")

    model = RemoteModel()
    chain = extraction_chain(model, Scene, evidence=words_of)
    for size in [(100, 100), (200, 100)]:
        chain.invoke(Image.new("RGB", size, "white"))
    assert [picture.size for picture in asked] == [(100, 100), (200, 100)]
    assert ["page 1" in blocks(model, 0)[1]["text"], "page 2" in blocks(model, 1)[1]["text"]] == [True, True]


def test_the_evidence_stays_when_the_answer_is_asked_for_again() -> None:
    model = RemoteModel(answers=["not JSON", ANSWER])
    extraction_chain(model, Scene, evidence=WORDS, repair=1).invoke(PICTURE)
    first, second = (text_of(messages[1]) for messages in model.seen)
    assert "12.24" in first
    assert first == second


def test_an_engine_reads_where_words_are_wanted() -> None:
    pytest.importorskip("rapidocr")
    drawn = receipt()
    model = RemoteModel(answers=['{"objects": []}'])
    extraction_chain(model, Scene, evidence="words").invoke(drawn.image)
    text = blocks(model)[1]["text"]
    assert all(word in text for word in drawn.texts)
    assert "TOTAL | " in text


def test_what_does_not_fit_is_told_to_the_user_and_to_the_model() -> None:
    rows = [line(f"article {index}", 0, 15 * index) for index in range(30)]
    words = PageWords(in_reading_order(rows), (640, 480), "fake")
    model = RemoteModel()
    chain = extraction_chain(model, Scene, evidence=words, evidence_tokens=200)
    with pytest.warns(EvidenceWarning, match="of 30 rows"):
        chain.invoke(PICTURE)
    assert "rows left out]" in blocks(model)[1]["text"]


def test_evidence_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="evidence='text' is not"):
        extraction_chain(RemoteModel(), Scene, evidence="text")  # type: ignore[call-overload]
    with pytest.raises(OptionError, match="evidence_tokens must be at least"):
        extraction_chain(RemoteModel(), Scene, evidence=WORDS, evidence_tokens=20)
    with pytest.raises(OptionError, match=r"of a picture of \(100, 100\), but is of a picture of \(640, 480\)"):
        extraction_chain(RemoteModel(), Scene, evidence=WORDS).invoke(Image.new("RGB", (100, 100)))
    with pytest.raises(OptionError, match="but is a str"):
        extraction_chain(RemoteModel(), Scene, evidence=lambda picture: "TOTAL").invoke(PICTURE)  # type: ignore[arg-type, return-value]
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="no OCR engine is installed"):
        extraction_chain(RemoteModel(), Scene, evidence="words")


def test_the_size_that_counts_is_that_of_the_upright_picture() -> None:
    turned = PICTURE.copy()
    turned.getexif()[0x0112] = 6
    assert load_image(turned).size == (480, 640)
    with pytest.raises(OptionError, match=r"of a picture of \(480, 640\)"):
        extraction_chain(RemoteModel(), Scene, evidence=WORDS).invoke(turned)
