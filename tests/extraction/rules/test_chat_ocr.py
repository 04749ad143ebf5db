"""``ChatOCR`` as a chat model: in chains, in streams, with tools, with other conventions for boxes."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.prompts import ChatPromptTemplate
from PIL import Image
from pydantic import BaseModel, Field, ValidationError

from extraction import ChatOCR, extract, load_image
from extraction.chains import extraction_chain, ocr_chain
from extraction.errors import MessageError, OptionError, SchemaMismatchError
from extraction.grounding.sources import told_sources
from extraction.pages.words import PageWords
from extraction.schemas import Box
from tests.extraction.rules.typed import typed

PAGES = {
    140: "Corner Shop Ltd\n\nDate: 13/04/2024\nTotal: 12.50\n",
    160: "Barton Books\n\nDate: 14/04/2024\nTotal: 99.00\n",
    180: "",
    200: "Corner Shop Ltd\n\nDate: 15/04/2024\nTotal: 12,345,678,901,234,567.89\n",
}
"""What stands on a picture, by its height."""


class Engine:
    """Reads the page that the height of a picture stands for, and counts how often."""

    name = "typed"

    def __init__(self) -> None:
        self.read = 0

    def __call__(self, image: Image.Image, /) -> PageWords:
        self.read += 1
        return replace(typed(PAGES[image.height]), size=image.size)


def picture(height: int = 140) -> Image.Image:
    return Image.new("RGB", (250, height), "white")


def asked(height: int = 140, text: str = "What is this?") -> list[HumanMessage]:
    url = load_image(picture(height)).to_data_uri()
    return [HumanMessage([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}])]


class Bill(BaseModel):
    company: str | None
    date: str | None
    total: float | None
    total_box: Box | None


class Strict(BaseModel):
    total: float
    purchase_order: str


@pytest.fixture
def llm() -> ChatOCR:
    return ChatOCR(engine=Engine())


BILL = Bill(company="Corner Shop Ltd", date="13/04/2024", total=12.5, total_box=Box.from_xyxy(80, 88, 130, 106))


def test_a_chain_gives_the_value_with_boxes_in_pixels(llm: ChatOCR) -> None:
    chain = extraction_chain(llm, Bill)
    assert chain.invoke(picture()) == BILL
    assert [one.total for one in chain.batch([picture(), picture(160)])] == [12.5, 99.0]
    assert list(chain.stream(picture()))[-1] == BILL


async def test_the_same_awaited(llm: ChatOCR) -> None:
    chain = extraction_chain(llm, Bill)
    assert await chain.ainvoke(picture()) == BILL
    assert [one async for one in chain.astream(picture())][-1] == BILL


def test_the_result_tells_where_each_value_stands(llm: ChatOCR) -> None:
    result = extract(llm, picture(), Bill)
    assert result.value == BILL
    assert result.finish_reason == "stop"
    told = result.raw.response_metadata
    assert (told["model_name"], told["model_provider"], told["engines"]) == ("ocr", "extraction", ["typed"])
    assert told["sources"]["/total"] == [
        {"page": 1, "box": [80.0, 88.0, 130.0, 106.0], "text": "12.50", "match": "equal", "score": 1.0}
    ]
    assert set(told["sources"]) == {"/company", "/date", "/total"}


def test_an_amount_keeps_digits_that_no_float_holds(llm: ChatOCR) -> None:
    class Exact(BaseModel):
        total: Decimal

    result = extract(llm, picture(200), Exact)
    assert result.value == Exact(total=Decimal("12345678901234567.89"))
    assert result.raw.content == '{"total": 12345678901234567.89}'
    assert json.loads(result.json()) == {"total": "12345678901234567.89"}
    assert result.sources is not None
    assert result.sources["/total"][0].equal
    assert extract(llm, picture(200), Bill).value.total == 12345678901234567.89


@pytest.mark.parametrize("family", ["relative-1000", "relative-1", "relative-1000-yxyx"])
def test_boxes_go_through_any_convention(llm: ChatOCR, family: str) -> None:
    value = extraction_chain(llm, Bill, family=family).invoke(picture())
    assert value.total_box is not None
    assert value.total_box.xyxy == pytest.approx((80, 88, 130, 106), abs=0.25)


def test_a_prompt_with_format_instructions(llm: ChatOCR) -> None:
    parser = PydanticOutputParser(pydantic_object=Bill)
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "{form}"),
            ("human", [{"type": "image_url", "image_url": {"url": "{image}"}}, {"type": "text", "text": "Read it."}]),
        ]
    )
    given = {"form": parser.get_format_instructions(), "image": load_image(picture()).to_data_uri()}
    assert (prompt | llm | parser).invoke(given) == BILL


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output(llm: ChatOCR, method: Any) -> None:
    assert llm.with_structured_output(Bill, method=method).invoke(asked()) == BILL
    kept = llm.with_structured_output(Bill, method=method, include_raw=True).invoke(asked())
    assert kept["parsed"] == BILL
    assert kept["parsing_error"] is None


def test_what_is_demanded_and_not_there_raises_with_its_name(llm: ChatOCR) -> None:
    for run in (
        lambda: extraction_chain(llm, Strict).invoke(picture()),
        lambda: extract(llm, picture(), Strict),
        lambda: llm.with_structured_output(Strict, method="function_calling").invoke(asked()),
        lambda: llm.invoke(asked(text=PydanticOutputParser(pydantic_object=Strict).get_format_instructions())),
    ):
        with pytest.raises(SchemaMismatchError, match=r"not found on the page: purchase_order \(make .* optional"):
            run()
    kept = llm.with_structured_output(Strict, include_raw=True).invoke(asked())
    assert kept["parsed"] is None
    assert "purchase_order" in str(kept["parsing_error"])
    assert json.loads(kept["raw"].text) == {"total": 12.5, "purchase_order": None}


def test_a_value_without_a_name_is_not_looked_for(llm: ChatOCR) -> None:
    with pytest.raises(SchemaMismatchError, match=r"page: a value without a name \(.* ask for a class with fields\)$"):
        extract(llm, picture(), float)


def test_an_engine_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValidationError, match=r"there is no OCR engine 'easyocr' \(known are rapidocr, tesseract;"):
        ChatOCR(engine="easyocr")


def test_an_empty_page_gives_nulls_and_not_an_error(llm: ChatOCR) -> None:
    assert extraction_chain(llm, Bill).invoke(picture(180)) == Bill(company=None, date=None, total=None, total_box=None)


def test_without_a_schema_it_answers_with_the_text(llm: ChatOCR) -> None:
    text = "Corner Shop Ltd\nDate: 13/04/2024\nTotal: 12.50"
    assert llm.invoke(asked()).content == text
    assert "".join(str(chunk.content) for chunk in llm.stream(asked())) == text
    assert ocr_chain(llm).invoke(picture()) == text


def test_pictures_of_examples_are_not_read(llm: ChatOCR) -> None:
    conversation = [SystemMessage("Read."), *asked(160), AIMessage("99.00"), *asked(140)]
    assert "12.50" in llm.invoke(conversation).text
    assert "99.00" not in llm.invoke(conversation).text
    later = [*asked(140), AIMessage("I see."), HumanMessage("And now the answer.")]
    assert "12.50" in llm.invoke(later).text


def test_without_a_picture_there_is_nothing_to_read(llm: ChatOCR) -> None:
    with pytest.raises(MessageError, match="no picture"):
        llm.invoke("Tell me a joke.")


def test_a_tool_is_filled_where_it_is_forced(llm: ChatOCR) -> None:
    message = llm.bind_tools([Bill], tool_choice="any").invoke(asked())
    (call,) = message.tool_calls
    assert (call["name"], call["args"]["total"]) == ("Bill", 12.5)
    assert message.response_metadata["finish_reason"] == "tool_calls"
    (chunk,) = [one for one in llm.bind_tools([Bill], tool_choice="Bill").stream(asked()) if one.tool_calls]
    assert chunk.tool_calls[0]["args"] == call["args"]
    assert llm.bind_tools([Bill]).invoke(asked()).tool_calls == []
    with pytest.raises(OptionError, match="cannot choose"):
        llm.bind_tools([Bill, Strict], tool_choice="any").invoke(asked())


def test_options_of_sampled_models_raise(llm: ChatOCR) -> None:
    with pytest.raises(OptionError, match="temperature"):
        llm.invoke(asked(), temperature=1)
    with pytest.raises(OptionError, match="follows rules"):
        extraction_chain(llm, Bill, samples=2).invoke(picture())
    with pytest.raises(OptionError, match="names no schema"):
        llm.invoke(asked(), response_format={"type": "json_schema"})


def test_its_profile_says_what_it_takes(llm: ChatOCR) -> None:
    assert llm.profile is not None
    assert llm.profile["image_inputs"]
    assert llm.profile["structured_output"]
    assert not llm.profile["temperature"]


def test_the_places_need_no_second_search(llm: ChatOCR) -> None:
    result = extract(llm, picture(), Bill)
    sources = result.sources
    assert sources is not None
    assert sources["/total"][0].box == Box.from_xyxy(80, 88, 130, 106)
    assert sources.not_found == ()
    assert sources.unlooked == tuple(f"/total_box/{corner}" for corner in range(4))
    assert told_sources({}, result.data) is None
    invented = told_sources(result.raw.response_metadata, {**result.data, "note": "paid"})
    assert invented is not None
    assert invented.not_found == ("/note",)


def test_what_a_bound_of_the_schema_leaves_out_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class Mails(BaseModel):
        emails: Annotated[list[str], Field(max_length=1)]

    page = "Write to anna@example.com\n\nor to emil@example.com\n"
    model = ChatOCR(engine=lambda image: replace(typed(page), size=image.size))
    with caplog.at_level(logging.WARNING):
        result = extract(model, picture(220), Mails)
    assert result.value == Mails(emails=["anna@example.com"])
    assert result.raw.response_metadata["left_out"] == {"/emails": 1}
    assert "left out: 1 of /emails" in caplog.text


class Dated(BaseModel):
    date: dt.date | None


def test_what_nothing_on_the_page_decides_is_told(caplog: pytest.LogCaptureFixture) -> None:
    page = "Corner Shop Ltd\n\nDate: 03/04/2024\nTotal: 12.50\n"
    model = ChatOCR(engine=lambda image: replace(typed(page), size=image.size))
    with caplog.at_level(logging.WARNING):
        result = extract(model, picture(240), Dated)
    assert result.raw.response_metadata["guessed"] == {"/date": ["2024-03-04"]}
    assert "/date (2024-03-04)" in caplog.text
