"""Streams of the parser: prefixes, pieces, what stands around a document, boxes, tool calls, events, cancellation."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langchain_core.tracers.schemas import Run
from pydantic import BaseModel, Field, field_validator

from extraction.errors import (
    BoxConventionError,
    OutputError,
    SchemaMismatchError,
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.families import RELATIVE_1000
from extraction.keeping import keeping_raw
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, DetectedObject, Scene
from extraction.streaming import VALUE_EVENT
from tests.extraction.answers import boxes
from tests.extraction.growth import extends, grows, pieces, pointers


class Seller(BaseModel):
    name: str
    city: str | None = None


class Line(BaseModel):
    text: str
    price: Decimal
    tags: list[str] = []


class Bill(BaseModel):
    total: Decimal
    seller: Seller
    lines: list[Line] = Field(alias="items")
    notes: dict[str, int] = {}
    paid: bool = False


BILL = (
    '{"total": 1234.5, "seller": {"name": "K\\u00f6nig \\"&\\" S\u00f6hne \U0001f600", "city": null},\n'
    ' "items": [{"text": "a]}", "price": 1e3, "tags": ["x", "y"]}, {"text": "", "price": -0.5}],'
    ' "notes": {"a/b": 1, "c": 20}, "paid": true}'
)
CLOSED = ["/total", "/seller/name", "/seller/city", "/items/0", "/items/1", "/notes/a~1b", "/notes/c", "/paid", ""]
# Where each of those values becomes certain: behind its last character, a number behind the one that follows it.
ENDS = [
    BILL.index(mark) + len(mark) for mark in ("1234.5,", '\U0001f600"', "null", '"y"]}', "-0.5}", "1,", "20}", "true")
]
ENDS[5] = BILL.index('"a/b": 1,') + 9

AROUND = ["{}", "\n {} \n", "```json\n{}\n```", "Here it is:\n\n```json\n{}\n```\nAnything else?", "~~~\n{}\n~~~"]
AROUND += ["<think>Is it {{}}? [1]</think>\n{}", "<thinking>a <think> b</thinking>{}", "so [1], no.\n</think>\n\n{}"]
AROUND += ['I see [a cup, {{}}] on {a: ["ta}\\"]ble"], ]} there: {}', "{note} and [see\n[2]]:\n{}\n"]
AROUND += ["The bill says {} I think.", "See [1] and [2, {{}}]: {}", "<b>Bill</b> {}", "1 < 2: {}", "``` json\n{}```"]


def _stream(target: Any, chunks: Any, **options: Any) -> list[Any]:
    return list(GroundedOutputParser(target=target, **options).transform(iter(chunks)))


def _given(target: Any, text: str, **options: Any) -> tuple[list[Any], OutputError | None]:
    """What a stream gives, and the error in its end."""
    given: list[Any] = []
    try:
        for element in GroundedOutputParser(target=target, **options).transform(iter(pieces(text, 1))):
            given.append(element)  # noqa: PERF402 - what came before the error is wanted
    except OutputError as error:
        return given, error
    return given, None


# --- growth --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 0, 10_000])
@pytest.mark.parametrize("around", AROUND)
def test_every_value_is_given_once_and_never_changes(around: str, size: int) -> None:
    text = around.replace("{{}}", '{"a": 1}').replace("{}", BILL)
    parser = GroundedOutputParser(target=Bill)
    closed = list(parser.values(pieces(text, size)))
    assert pointers(closed) == CLOSED
    elements = [one.whole for one in closed]
    assert elements == _stream(Bill, pieces(text, size))
    assert grows(elements)
    assert all(isinstance(element, Bill) for element in elements)
    assert type(elements[-1]) is Bill
    assert elements[-1] == parser.invoke(text) == Bill.model_validate_json(BILL)
    assert [type(one.value) for one in closed[:4]] == [Decimal, str, type(None), Line]


def test_what_is_not_there_yet_is_absent() -> None:
    first, second, *_ = _stream(Bill, [BILL])
    assert first.model_fields_set == {"total"}
    assert repr(first) == "Bill(total=Decimal('1234.5'))"
    assert not hasattr(first, "paid")  # no default stands where an answer will
    assert first.model_dump(mode="json") == {"total": "1234.5"}
    assert repr(second.seller) == "Seller(name='König \"&\" Söhne \U0001f600')"
    assert not hasattr(second.seller, "city")


def test_every_prefix_gives_exactly_what_is_complete() -> None:
    parser = GroundedOutputParser(target=Bill)
    for end in range(1, len(BILL)):
        given, error = _given(Bill, BILL[:end])
        assert isinstance(error, TruncatedOutputError)
        with pytest.raises(TruncatedOutputError) as caught:
            parser.invoke(BILL[:end])
        assert str(error) == str(caught.value)
        assert error.llm_output == BILL[:end]
        assert len(given) == sum(one <= end for one in ENDS), BILL[:end]
        assert not given or extends(parser.invoke(BILL), given[-1])


@pytest.mark.parametrize("around", AROUND[:6])
def test_every_prefix_of_an_unconstrained_answer_recovers_its_complete_items(around: str) -> None:
    items = [{"text": f"n{index}", "price": index, "tags": ["[", "}"]} for index in range(7)]
    before, _, after = around.replace("{{}}", '{"a": 1}').partition("{}")
    text, ends = before + "[", list[int]()
    for item in items:
        text += (", " if ends else "") + json.dumps(item)
        ends.append(len(text))
    text += "]" + after
    lines = [Line.model_validate(item) for item in items]
    for end in range(len(before) + 1, len(text)):
        given, error = _given(list[Line], text[:end])
        complete = sum(one <= end for one in ends)
        assert (given[-1] if given else []) == lines[:complete]
        if isinstance(error, TruncatedOutputError):
            assert [Line.model_validate(item) for item in error.partial or []] == lines[:complete]


def test_time_is_linear_in_the_length() -> None:
    items = ", ".join('{"text": "' + "word " * 8 + '", "price": 12.5, "tags": ["a", "b"]}' for _ in range(400))
    text = f"Well.\n```json\n[{items}]\n```\n"
    for size in (1, 4, 50):
        parser = GroundedOutputParser(target=list[Line])
        stream = parser.answer_stream()
        chunks = pieces(text, size)
        closed = [one for chunk in chunks for one in stream.push(chunk)]
        assert len(closed) == 400
        assert stream.reader.steps <= 2 * len(text) + len(chunks)


def test_an_item_is_validated_when_it_closes_and_not_again_before_the_end() -> None:
    validated: list[str] = []

    class Item(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def _count(cls, value: str) -> str:
            validated.append(value)
            return value

    class Items(BaseModel):
        items: list[Item]

    names = [str(index) for index in range(50)]
    text = json.dumps({"items": [{"text": name} for name in names]})
    parser = GroundedOutputParser(target=Items)
    stream = parser.answer_stream()
    for piece in pieces(text, 3):
        closed = list(stream.push(piece))
        assert not closed or validated == names[: len(closed[-1].whole.items)]
    assert validated == names
    assert [item.text for item in parser.end_of(stream).items] == names
    assert validated == names * 2


# --- what cannot be given early ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "given"),
    [
        (BILL.replace("-0.5", '"much"'), SchemaMismatchError, 4),
        (BILL.replace('"paid": true', '"paid": [1]'), SchemaMismatchError, 7),
        (BILL.replace('"paid"', '"total"'), UnreadableOutputError, 7),
        (BILL.replace("true", "True"), UnreadableOutputError, 7),
        (BILL.replace("20}", "020}"), UnreadableOutputError, 6),
        (BILL.replace('"paid": true', '"paid": NaN'), UnreadableOutputError, 7),
        (BILL.replace('{"total": 1234.5, ', "{"), SchemaMismatchError, 7),
        (f'{{"total": 1}} {BILL}', UnreadableOutputError, 1),  # what was streamed is not what counts
        (f"{BILL}\n```json\n{BILL.replace('1234.5', '1')}\n```", UnreadableOutputError, 8),
        ("no bill", UnreadableOutputError, 0),
        ("[" * 200, UnreadableOutputError, 0),
        ("", UnreadableOutputError, 0),
        ("<think>" + BILL, TruncatedOutputError, 0),
    ],
)
def test_what_is_wrong_ends_the_stream_with_an_error(text: str, kind: type[OutputError], given: int) -> None:
    elements, error = _given(Bill, text)
    assert type(error) is kind
    assert len(elements) == given
    assert grows(elements)


@pytest.mark.parametrize(
    "text",
    [
        f"{BILL} {BILL}",
        f"[1] {BILL} [2]",
        f"{{'total': 1}}\n```\n{BILL}\n```",
        f"```python\nprint({{}})\n```\n```json\n{BILL}\n```",
        f"- {{note}}\n- [see {BILL}]\n\n~~~json\n{BILL}\n~~~",
        f'"quoted" {BILL}',
        f"<thinker> {BILL}",
        f"</think>{BILL}",
        f"{'[x] ' * 8}{BILL}\n```\n{BILL}\n```",
        f"draft [1\n</thinking>{BILL}",
        f"<think>a</think><think>b</think>{BILL}",
    ],
)
def test_the_document_that_counts_is_the_one_that_is_streamed(text: str) -> None:
    elements, error = _given(Bill, text)
    assert error is None
    assert grows(elements)
    assert elements[-1] == GroundedOutputParser(target=Bill).invoke(text) == Bill.model_validate_json(BILL)


@pytest.mark.parametrize("text", ["12", '"12"', "```\n12\n```", "<think>3</think>12"])
def test_a_value_without_parts_comes_in_the_end(text: str) -> None:
    assert _stream(int | str, pieces(text, 1)) == [GroundedOutputParser(target=int | str).invoke(text)]


def test_an_empty_stream_gives_nothing() -> None:
    assert _stream(Bill, []) == []


class Small(BaseModel):
    a: int
    b: str = "x"
    c: list[int] = []


DOCUMENTS = ['{"a": 1, "b": "q]", "c": [1, 2]}', '{"a": 2}', '{"x": 1}', "[1]", '[{"a": 1}]', '{"a": 1, "b": 2}']
CHATTER = ["\n", "```", "```json\n", "\n```\n", "~~~\n", "<think>", "</think>", "<thinking>", "</thinking>", "text "]
CHATTER += ["[see ", "{note}", "]", "}", '"', "\\", " ", "> ", "```python\n", "<b>", "{", "[", '{"a": 1, "b": "q']


def test_whatever_stands_in_a_text_a_stream_and_invoke_never_disagree() -> None:
    random, parser = Random(0), GroundedOutputParser(target=Small)
    told = {"streamed": 0, "whole": 0, "wrong": 0, "contradicted": 0}
    for _ in range(1500):
        parts = [random.choice(CHATTER if random.random() < 0.6 else DOCUMENTS) for _ in range(random.randrange(1, 8))]
        text = "".join(parts)
        given, error = _given(Small, text)
        assert grows(given), text
        assert [one.pointer for piece in [text] for one in parser.answer_stream().push(piece)] == [
            one.pointer for stream in [parser.answer_stream()] for piece in text for one in stream.push(piece)
        ], text
        try:
            value = parser.invoke(text)
        except OutputError as wrong:
            assert str(error) == str(wrong), text
            told["wrong"] += 1
            continue
        if error is None:
            assert given[-1] == value, text
            told["streamed" if len(given) > 1 else "whole"] += 1
        else:
            assert "another one counts than the one that was streamed" in str(error), text
            told["contradicted"] += 1
    assert told["streamed"] > 200 > told["contradicted"], told
    assert min(told.values()) > 10, told


# --- boxes ---------------------------------------------------------------------------------------------------------

OBJECTS = [{"label": "cup", "color": "red", "box": [0, 0, 500, 1000]}, {"label": "a", "color": "blue", "box": [1] * 4}]
SCENE = json.dumps({"objects": OBJECTS})
META = boxes((640, 480))


def _chunks(text: str, size: int = 5) -> list[AIMessageChunk]:
    return [AIMessageChunk(content=piece) for piece in pieces(text, size)]


def test_boxes_are_pixels_from_the_first_moment() -> None:
    chunks = [AIMessageChunk(content="", response_metadata=META), *_chunks(SCENE)]
    one, two, last = _stream(Scene, chunks)
    assert [item.box.xyxy for item in one.objects] == [(0, 0, 320, 480)]
    assert isinstance(one.objects[0], DetectedObject)
    assert one.objects[0] == two.objects[0] == last.objects[0]
    assert two == last == GroundedOutputParser(target=Scene).invoke(AIMessage(SCENE, response_metadata=META))


def test_items_wait_until_it_is_known_what_their_boxes_mean() -> None:
    class Named(BaseModel):
        name: str
        box: Box
        after: str

    text = '{"name": "a", "box": [0, 0, 1000, 1000], "after": "b"}'
    parser = GroundedOutputParser(target=Named)
    stream = parser.answer_stream()
    assert [one.pointer for chunk in _chunks(text) for one in stream.push(chunk)] == ["/name"]
    closed = list(stream.push(AIMessageChunk(content="", response_metadata=META)))
    assert pointers(closed) == ["/box", "/after"]
    assert closed[0].value.xyxy == (0, 0, 640, 480)
    assert parser.end_of(stream).box == closed[0].value
    with pytest.raises(BoxConventionError):
        _stream(Named, _chunks(text))
    told = _stream(Named, pieces(text, 1), convention=RELATIVE_1000, size=(640, 480))
    assert told[1].box.xyxy == (0, 0, 640, 480)


def test_a_box_that_cannot_be_one_ends_what_is_given() -> None:
    given, error = _given(Scene, SCENE.replace("[1, 1, 1, 1]", "[1, 1]"), convention=RELATIVE_1000, size=(640, 480))
    assert isinstance(error, SchemaMismatchError)
    assert [len(scene.objects) for scene in given] == [1]


# --- messages ------------------------------------------------------------------------------------------------------


def _call(args: str | None, index: int = 0, name: str | None = None) -> AIMessageChunk:
    return AIMessageChunk(
        content="", tool_call_chunks=[{"name": name, "args": args, "id": "1" if name else None, "index": index}]
    )


@pytest.mark.parametrize("size", [1, 7, 0])
def test_the_arguments_of_a_tool_call_are_streamed(size: int) -> None:
    chunks = [AIMessageChunk(content="I call {it}."), _call(None, name="Bill"), *map(_call, pieces(BILL, size))]
    elements = _stream(Bill, chunks)
    assert len(elements) == len(CLOSED)
    assert grows(elements)
    assert elements[-1] == Bill.model_validate_json(BILL)


def test_of_two_calls_the_one_that_fits_counts() -> None:
    chunks = [_call('{"query": "?"}', 0, "search"), _call("", 1, "Bill"), *[_call(one, 1) for one in pieces(BILL, 4)]]
    assert len(_stream(Bill, chunks)) == len(CLOSED)


@pytest.mark.parametrize(
    "message",
    [
        AIMessage(BILL),
        AIMessage("", tool_calls=[{"name": "Bill", "args": json.loads(BILL), "id": "1"}]),
        AIMessageChunk(content=[{"type": "text", "text": BILL[:40]}, {"type": "text", "text": BILL[40:]}]),
    ],
)
def test_whole_messages_are_streams_of_one_chunk(message: AIMessage) -> None:
    assert len(_stream(Bill, [message])) == len(CLOSED)


def test_a_cut_answer_gives_what_was_complete_and_then_the_error_of_invoke() -> None:
    end = AIMessageChunk(content="", response_metadata={"finish_reason": "length"})
    given: list[Any] = []
    with pytest.raises(TruncatedOutputError) as caught:
        for element in GroundedOutputParser(target=Bill).transform(iter([*_chunks(BILL[:-40]), end])):
            given.append(element)  # noqa: PERF402
    assert len(given) == 5
    assert (caught.value.finish_reason, caught.value.llm_output) == ("length", BILL[:-40])
    with pytest.raises(TruncatedOutputError) as invoked:
        GroundedOutputParser(target=Bill).invoke(AIMessage(BILL[:-40], response_metadata={"finish_reason": "length"}))
    assert str(invoked.value) == str(caught.value)
    assert invoked.value.partial == caught.value.partial


def test_nothing_is_given_of_what_closes_a_cut_answer() -> None:
    cut = AIMessageChunk(content=BILL[-60:], response_metadata={"finish_reason": "length"})
    stream = GroundedOutputParser(target=Bill).answer_stream()
    given = [one.pointer for chunk in [*_chunks(BILL[:-60]), cut] for one in stream.push(chunk)]
    assert given == CLOSED[:4]
    with pytest.raises(TruncatedOutputError):
        GroundedOutputParser(target=Bill).end_of(stream)


# --- in a chain ----------------------------------------------------------------------------------------------------


class _Model:
    """Chunks of a text, and how many of them were asked for."""

    def __init__(self, text: str = BILL, size: int = 3) -> None:
        self.text, self.size = text, size
        self.asked = 0
        self.closed = False

    def sync(self, _: Iterator[Any]) -> Iterator[AIMessageChunk]:
        try:
            for chunk in _chunks(self.text, self.size):
                self.asked += 1
                yield chunk
        finally:
            self.closed = True

    async def asynchronous(self, _: AsyncIterator[Any]) -> AsyncIterator[AIMessageChunk]:
        try:
            for chunk in _chunks(self.text, self.size):
                self.asked += 1
                yield chunk
        finally:
            self.closed = True

    def chain(self, parser: Any) -> Any:
        return RunnableGenerator(self.sync, self.asynchronous) | parser


async def test_the_asynchronous_stream_is_the_same() -> None:
    chain = _Model().chain(GroundedOutputParser(target=Bill))
    assert [element async for element in chain.astream("x")] == list(chain.stream("x")) == _stream(Bill, [BILL])


@pytest.mark.parametrize("raw", [False, True])
def test_a_stream_that_is_left_stops_the_model(raw: bool) -> None:
    model, parser = _Model(), GroundedOutputParser(target=Bill)
    stream = model.chain(keeping_raw(parser) if raw else parser).stream("x")
    next(stream)
    stream.close()
    assert model.closed
    assert model.asked < 10


async def test_an_asynchronous_stream_that_is_left_stops_the_model() -> None:
    model = _Model()
    stream = model.chain(GroundedOutputParser(target=Bill)).astream("x")
    await anext(stream)
    await stream.aclose()
    assert model.asked < 10


async def test_events_name_what_closed() -> None:
    chain = _Model().chain(GroundedOutputParser(target=Bill))
    events = [event async for event in chain.astream_events("x", version="v2")]
    told = [event["data"] for event in events if event["event"] == "on_custom_event"]
    assert {event["name"] for event in events if event["event"] == "on_custom_event"} == {VALUE_EVENT}
    assert [data["pointer"] for data in told] == CLOSED[:-1]
    assert told[3]["value"] == Line(text="a]}", price=Decimal(1000), tags=["x", "y"])
    (end,) = [event for event in events if event["event"] == "on_parser_end"]
    assert end["data"]["output"] == Bill.model_validate_json(BILL)


def test_a_handler_hears_of_values_in_a_plain_stream() -> None:
    from langchain_core.callbacks import BaseCallbackHandler

    class Handler(BaseCallbackHandler):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
            self.heard.append(data["pointer"])

    handler = Handler()
    for _ in _Model().chain(GroundedOutputParser(target=Bill)).stream("x", {"callbacks": [handler]}):
        pass
    assert handler.heard == CLOSED[:-1]


@pytest.mark.parametrize("target", [Bill, list[Line], Scene])
def test_traces_hold_the_last_element(target: Any) -> None:
    text = BILL if target is Bill else json.dumps([{"text": "a", "price": 1}] * 3) if target is not Scene else SCENE
    runs: list[Run] = []
    parser = GroundedOutputParser(target=target, convention=RELATIVE_1000, size=(640, 480))
    chain = _Model(text).chain(parser | RunnableLambda(lambda value: value)).with_listeners(on_end=runs.append)
    last = list(chain.stream("x"))[-1]
    assert last == parser.invoke(text)
    assert runs[0].outputs == ({"output": last})


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_message_is_kept_beside_the_value(asynchronous: bool) -> None:
    chain = _Model().chain(keeping_raw(GroundedOutputParser(target=Bill)))
    elements = [one async for one in chain.astream("x")] if asynchronous else list(chain.stream("x"))
    *growing, last = elements
    assert [set(one) for one in growing] == [{"parsed"}] * (len(CLOSED) - 1)
    assert [one["parsed"] for one in elements] == _stream(Bill, [BILL])
    assert (last["raw"].text, last["parsing_error"]) == (BILL, None)


def test_an_error_is_kept_beside_the_message() -> None:
    *growing, last = list(_Model(BILL[:-5]).chain(keeping_raw(GroundedOutputParser(target=Bill))).stream("x"))
    assert len(growing) == 7
    assert last["parsed"] is None
    assert isinstance(last["parsing_error"], TruncatedOutputError)
    assert last["raw"].text == BILL[:-5]


def test_a_parser_that_has_streamed_can_be_copied() -> None:
    parser = GroundedOutputParser(target=Bill)
    before = list(parser.transform(iter([BILL])))
    for twin in (copy.deepcopy(parser), pickle.loads(pickle.dumps(parser))):
        assert list(twin.transform(iter([BILL]))) == before
