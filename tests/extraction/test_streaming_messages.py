"""Streams of messages: boxes, tool calls, cut answers; and in chains: events, traces, cancellation, raw messages."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langchain_core.tracers.schemas import Run
from pydantic import BaseModel

from extraction.conventions import RELATIVE_1000
from extraction.errors import (
    BoxConventionError,
    SchemaMismatchError,
    TruncatedOutputError,
)
from extraction.keeping import keeping_raw
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, DetectedObject, Scene
from extraction.streaming import VALUE_EVENT
from tests.extraction.answers import boxes
from tests.extraction.growth import (
    BILL,
    CLOSED,
    Bill,
    Line,
    given_in,
    grows,
    pieces,
    pointers,
    streamed,
)

# --- boxes ---------------------------------------------------------------------------------------------------------

OBJECTS = [{"label": "cup", "color": "red", "box": [0, 0, 500, 1000]}, {"label": "a", "color": "blue", "box": [1] * 4}]
SCENE = json.dumps({"objects": OBJECTS})
META = boxes((640, 480))


def _chunks(text: str, size: int = 5) -> list[AIMessageChunk]:
    return [AIMessageChunk(content=piece) for piece in pieces(text, size)]


def test_boxes_are_pixels_from_the_first_moment() -> None:
    chunks = [AIMessageChunk(content="", response_metadata=META), *_chunks(SCENE)]
    one, two, last = streamed(Scene, chunks)
    assert [item.box.xyxy for item in one.objects] == [(0, 0, 320, 480)]
    assert isinstance(one.objects[0], DetectedObject)
    assert one.objects[0] == two.objects[0] == last.objects[0]
    assert two == last == GroundedOutputParser(target=Scene).invoke(AIMessage(SCENE, response_metadata=META))


@pytest.mark.parametrize("told_first", [True, False])
def test_fields_that_have_another_name_for_the_model_stream_under_their_own(*, told_first: bool) -> None:
    class Named(BaseModel):
        name: str
        box: Box
        after: list[DetectedObject]

    convention = RELATIVE_1000.changed(box_key="bbox_2d")
    meta = {"boxes": META["boxes"] | {"convention": convention.as_json()}}
    object_ = {"label": "cup", "color": "red", "bbox_2d": [0, 0, 500, 1000]}
    text = json.dumps({"name": "a", "bbox_2d": [0, 0, 1000, 1000], "after": [object_]})
    told = AIMessageChunk(content="", response_metadata=meta)
    chunks = [told, *_chunks(text)] if told_first else [*_chunks(text), told]
    parser = GroundedOutputParser(target=Named)
    stream = parser.answer_stream()
    closed = [one for chunk in chunks for one in stream.push(chunk)]
    assert pointers(closed) == ["/name", "/box", "/after/0"]
    assert closed[1].value.xyxy == (0, 0, 640, 480)
    assert closed[2].value.box.xyxy == (0, 0, 320, 480)
    assert parser.end_of(stream) == parser.invoke(AIMessage(text, response_metadata=meta))


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
        streamed(Named, _chunks(text))
    told = streamed(Named, pieces(text, 1), convention=RELATIVE_1000, size=(640, 480))
    assert told[1].box.xyxy == (0, 0, 640, 480)


def test_a_box_that_cannot_be_one_ends_what_is_given() -> None:
    given, error = given_in(Scene, SCENE.replace("[1, 1, 1, 1]", "[1, 1]"), convention=RELATIVE_1000, size=(640, 480))
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
    elements = streamed(Bill, chunks)
    assert len(elements) == len(CLOSED)
    assert grows(elements)
    assert elements[-1] == Bill.model_validate_json(BILL)


def test_of_two_calls_the_one_that_fits_counts() -> None:
    chunks = [_call('{"query": "?"}', 0, "search"), _call("", 1, "Bill"), *[_call(one, 1) for one in pieces(BILL, 4)]]
    assert len(streamed(Bill, chunks)) == len(CLOSED)


@pytest.mark.parametrize(
    "message",
    [
        AIMessage(BILL),
        AIMessage("", tool_calls=[{"name": "Bill", "args": json.loads(BILL), "id": "1"}]),
        AIMessageChunk(content=[{"type": "text", "text": BILL[:40]}, {"type": "text", "text": BILL[40:]}]),
    ],
)
def test_whole_messages_are_streams_of_one_chunk(message: AIMessage) -> None:
    assert len(streamed(Bill, [message])) == len(CLOSED)


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
    assert [element async for element in chain.astream("x")] == list(chain.stream("x")) == streamed(Bill, [BILL])


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
    assert [one["parsed"] for one in elements] == streamed(Bill, [BILL])
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
