"""``with_structured_output`` and ``bind_tools``: real grammars over random weights, and scripted answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.prompts import ChatPromptTemplate
from PIL import Image
from pydantic import AliasChoices, BaseModel, Field
from pydantic.v1 import BaseModel as OldModel
from typing_extensions import TypedDict  # Pydantic takes typing's own from Python 3.12 on

from extraction.chat_model import ChatTransformers
from extraction.content import Turn
from extraction.engine import register_backend
from extraction.errors import BoxConventionError, OptionError, SchemaError, TruncatedOutputError
from extraction.frames import Frame
from extraction.images import load_image
from extraction.jobs import Answer, FinishReason, Job
from extraction.prompts import SYSTEM, schema_text
from extraction.schemas import Box, json_schema_of
from tests.scripted import ScriptedBackend

URI = load_image(Image.radial_gradient("L").resize((200, 100))).to_data_uri()
LOOK = [HumanMessage([{"type": "image_url", "image_url": {"url": URI}}, {"type": "text", "text": "What is it?"}])]


class Thing(BaseModel):
    """A thing in the picture."""

    label: str = Field(max_length=12)
    count: int = Field(ge=0, le=9)
    where: Box


class Old(OldModel):
    label: str
    count: int


class Typed(TypedDict):
    """A thing."""

    label: Annotated[str, ..., "what it is"]
    count: int


class Tree(BaseModel):
    name: str = Field(max_length=3)
    below: list[Tree] = Field(default=[], max_length=2)


class Telling(ScriptedBackend):
    """Says what it was told to say, in pieces."""

    def __init__(self, *answers: str, reason: FinishReason = "stop") -> None:
        super().__init__()
        self.answers = list(answers)
        self.reason: FinishReason = reason
        self.jobs: list[Job] = []

    def run(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.jobs.append(job)
            text = self.answers.pop(0)
            for end in range(0, len(text) + 1, 3):
                job.tell(text[:end])
            job.tell(text)
            job.resolve(Answer(text, self.reason, 10, 0, len(text)))


def _told(*answers: str, reason: FinishReason = "stop", **options: Any) -> tuple[ChatTransformers, Telling]:
    backend = Telling(*answers, reason=reason)
    register_backend("told", lambda: backend)
    return ChatTransformers(model="told", **options), backend


def _sampling(folder: str, **options: Any) -> ChatTransformers:
    return ChatTransformers(model=folder, temperature=1.0, seed=0, max_tokens=400, family="relative-1000", **options)


# --- structured output ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_even_random_weights_give_valid_objects_with_boxes_in_pixels(tiny: str, method: Any) -> None:
    things = _sampling(tiny).with_structured_output(Thing, method=method).batch([LOOK] * 3)
    for thing in things:
        assert isinstance(thing, Thing)
        assert 0 <= thing.where.x1 <= thing.where.x2 <= 200
        assert 0 <= thing.where.y1 <= thing.where.y2 <= 100


def test_boxes_of_an_answer_without_a_picture_raise() -> None:
    llm, _ = _told('{"label": "a", "count": 1, "where": [100, 500, 900, 1000]}')
    with pytest.raises(BoxConventionError, match="size of the picture is not known"):
        llm.with_structured_output(Thing).invoke("no picture")


@pytest.mark.parametrize(
    ("schema", "kind"), [(Old, Old), (Typed, dict), (json_schema_of(Typed), dict), (Tree, Tree), (list[Tree], list)]
)
@pytest.mark.parametrize("include_raw", [False, True])
def test_schemas_of_every_kind(tiny_qwen: str, schema: Any, kind: type, include_raw: bool) -> None:
    chain = _sampling(tiny_qwen).with_structured_output(schema, include_raw=include_raw)
    answer = chain.invoke(LOOK, max_tokens=3000)
    value = answer["parsed"] if include_raw else answer
    assert isinstance(value, kind)
    if include_raw:
        assert isinstance(json.loads(answer["raw"].content), (dict, list))
        assert answer["parsing_error"] is None


def _least(chain: Any) -> int:
    with pytest.raises(
        OptionError, match=r"max_tokens=4 is too small: the shortest answer .* takes \d+ tokens"
    ) as caught:
        chain.invoke(LOOK, max_tokens=4)
    return int(str(caught.value).split(" takes ")[1].split()[0])


def test_a_cut_answer_is_an_error_and_never_half_a_value(tiny_qwen: str) -> None:
    llm = _sampling(tiny_qwen)
    chain = llm.with_structured_output(Thing)
    least = _least(chain)
    with pytest.raises(TruncatedOutputError) as caught:
        chain.invoke(LOOK, max_tokens=least)
    assert caught.value.finish_reason == "length"
    assert "/count" in caught.value.invented
    assert caught.value.partial is None
    assert set(json.loads(str(caught.value.llm_output))) >= {"label", "count"}
    raw = llm.with_structured_output(Thing, include_raw=True).invoke(LOOK, max_tokens=least)
    assert raw["parsed"] is None
    assert isinstance(raw["parsing_error"], TruncatedOutputError)
    assert raw["raw"].response_metadata["stop_reason"] == "max_tokens"
    calling = llm.with_structured_output(Thing, method="function_calling", include_raw=True)
    call = calling.invoke(LOOK, max_tokens=_least(calling))
    assert isinstance(call["parsing_error"], TruncatedOutputError)
    assert call["raw"].tool_calls == []


def test_the_words_of_the_schema_reach_the_prompt_once() -> None:
    llm, backend = _told(*['{"label": "a", "count": 1}'] * 3)
    words = schema_text(json_schema_of(Typed), llm.family.boxes)
    for chain in (llm.with_structured_output(Typed), llm.with_structured_output(Typed, method="json_mode")):
        chain.invoke("What is it?")
    ChatPromptTemplate.from_messages([("system", "{words}"), ("human", "What?")]).pipe(
        llm.with_structured_output(Typed)
    ).invoke({"words": words})
    assert [job.request.turns for job in backend.jobs] == [
        (Turn("system", (f"{SYSTEM}\n{words}",)), Turn("user", ("What is it?",))),
        (Turn("user", ("What is it?",)),),
        (Turn("system", (words,)), Turn("user", ("What?",))),
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_structured_stream_ends_with_the_value(tiny_qwen: str, asynchronous: bool) -> None:
    chain = _sampling(tiny_qwen).with_structured_output(Thing)
    whole = chain.invoke(LOOK)
    chunks = [chunk async for chunk in chain.astream(LOOK)] if asynchronous else list(chain.stream(LOOK))
    assert chunks[-1] == whole


def test_what_cannot_be_bound_raises_at_once() -> None:
    llm = ChatTransformers(model="told")
    with pytest.raises(OptionError, match="no method 'yaml'"):
        llm.with_structured_output(Thing, method="yaml")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="does not know 'temprature'"):
        llm.with_structured_output(Thing, temprature=1)
    with pytest.raises(OptionError, match="method='json_schema'"):
        llm.with_structured_output(list[Tree], method="function_calling")
    with pytest.raises(SchemaError):
        llm.with_structured_output(3)
    with pytest.raises(BoxConventionError):
        ChatTransformers(model="told", family="unknown").with_structured_output(Thing).invoke("x")


def test_langchains_own_parser_works_behind_it(tiny_qwen: str) -> None:
    parser = PydanticOutputParser(pydantic_object=Tree)
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "{format_instructions}"),
            ("human", [{"type": "image_url", "image_url": {"url": "{uri}"}}, {"type": "text", "text": "Read it."}]),
        ]
    ).partial(format_instructions=parser.get_format_instructions())
    schema = {"name": "tree", "schema": Tree.model_json_schema()}
    llm = _sampling(tiny_qwen).bind(response_format={"type": "json_schema", "json_schema": schema})
    assert isinstance((prompt | llm | parser).invoke({"uri": URI}), Tree)


# --- tools ---------------------------------------------------------------------------------------------------------


def add(a: int, b: int) -> int:
    """Adds two whole numbers."""
    return a + b


def look(at: str) -> str:
    """Looks at something."""
    return at


CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>'


@pytest.mark.parametrize("choice", ["any", "add", "required", True])
def test_a_forced_call_is_a_call(tiny: str, choice: Any) -> None:
    message = _sampling(tiny).bind_tools([add], tool_choice=choice).invoke(LOOK)
    (call,) = message.tool_calls
    assert (call["name"], sorted(call["args"])) == ("add", ["a", "b"])
    assert all(isinstance(value, int) for value in call["args"].values())
    assert message.content == ""
    assert message.response_metadata["finish_reason"] == "tool_calls"


def test_several_forced_calls_where_they_are_allowed() -> None:
    llm, _ = _told(f"{CALL}\n{CALL}")
    message = llm.bind_tools([add], tool_choice="any", parallel_tool_calls=True).invoke("x")
    assert [call["args"] for call in message.tool_calls] == [{"a": 1, "b": 2}] * 2


def _sum(chunks: Sequence[AIMessageChunk]) -> AIMessageChunk:
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return total


@pytest.mark.parametrize("version", [None, "v1"])
@pytest.mark.parametrize("before", ["", "I will add. "])
def test_calls_in_a_stream_are_those_of_the_answer(version: str | None, before: str) -> None:
    llm, _ = _told(*[f"{before}{CALL}\n{CALL}"] * 2, output_version=version)
    bound = llm.bind_tools([add, look])
    whole, total = bound.invoke("x"), _sum(list(bound.stream("x")))  # type: ignore[arg-type]
    assert [call["args"] for call in whole.tool_calls] == [{"a": 1, "b": 2}] * 2
    assert [call["args"] for call in total.tool_calls] == [{"a": 1, "b": 2}] * 2
    assert total.text == whole.text == before
    blocks = [block["type"] for block in total.content_blocks]
    assert blocks == ["text"] * bool(before) + ["tool_call"] * 2
    assert total.response_metadata["finish_reason"] == "tool_calls"


def test_a_call_that_was_cut_is_never_carried_out() -> None:
    llm, _ = _told(*[CALL[:-20]] * 2, reason="length")
    bound = llm.bind_tools([add])
    whole, total = bound.invoke("x"), _sum(list(bound.stream("x")))  # type: ignore[arg-type]
    for message in (whole, total):
        assert message.tool_calls == []
        assert [call["args"] for call in message.invalid_tool_calls] == [CALL[:-20]]
        assert message.response_metadata["finish_reason"] == "length"
    assert whole.invalid_tool_calls[0]["error"] == "the call is cut off before its end"


def test_no_tools_bind_nothing() -> None:
    llm, backend = _told("hi")
    llm.bind_tools([]).invoke("x")
    assert backend.jobs[0].request.constraint is None


def test_bad_tools_and_choices_raise_at_once() -> None:
    llm = ChatTransformers(model="told")
    with pytest.raises(OptionError, match="not a tool"):
        llm.bind_tools([3])  # type: ignore[list-item]
    with pytest.raises(OptionError, match="'sub' names no tool"):
        llm.bind_tools([add], tool_choice="sub")


# --- agents --------------------------------------------------------------------------------------------------------


def test_an_agent_calls_tools_and_then_gives_the_document() -> None:
    llm, backend = _told(CALL, '{"label": "three", "count": 3}')
    agent: Any = create_agent(llm, [add], response_format=Typed)
    state = agent.invoke({"messages": [("human", "What is 1 + 2?")]})
    assert state["structured_response"] == {"label": "three", "count": 3}
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    constraint = backend.jobs[0].request.constraint
    assert constraint is not None
    assert [name for name, _ in constraint.tools] == ["add"]
    assert constraint.schema is not None


def test_an_agent_that_answers_through_a_tool_works_too() -> None:
    llm, _ = _told('<tool_call>{"name": "Typed", "arguments": {"label": "three", "count": 3}}</tool_call>')
    agent: Any = create_agent(llm, [add], response_format=ToolStrategy(Typed))
    state = agent.invoke({"messages": [("human", "What is 1 + 2?")]})
    assert state["structured_response"] == {"label": "three", "count": 3}


def mark(where: Box) -> str:
    """Marks a place."""
    seen.append(where)
    return "done"


seen: list[Box] = []
BOX = '{"label": "a", "count": 1, "where": [900, 500, 100, 1000]}'
MARK = '<tool_call>{"name": "mark", "arguments": {"where": [100, 0, 900, 500]}}</tool_call>'


class Framed(Telling):
    """Tells of a picture of 200 x 100 pixels as well."""

    def run(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.jobs.append(job)
            text = self.answers.pop(0)
            job.tell(text)
            job.resolve(Answer(text, "stop", 10, 8, len(text), (Frame((200, 100)),)))


def _framed(*answers: str) -> ChatTransformers:
    register_backend("framed", lambda: Framed(*answers))
    return ChatTransformers(model="framed")


def test_an_agents_tools_and_documents_get_pixels() -> None:
    seen.clear()
    agent: Any = create_agent(_framed(MARK, BOX), [mark], response_format=Thing)
    state = agent.invoke({"messages": LOOK})
    assert seen == [Box(x1=20, y1=0, x2=180, y2=50)]
    assert state["structured_response"] == Thing(label="a", count=1, where=Box(x1=20, y1=50, x2=180, y2=100))
    boxes = state["messages"][-1].response_metadata["boxes"]
    assert boxes["convention"]["name"] == "pixel"
    assert boxes["frames"] == [{"original": [200, 100], "model": [200, 100], "content": None}]
    assert boxes["notes"] == [
        {"pointer": "/where", "problem": "corners were the wrong way round", "numbers": [900, 500, 100, 1000]}
    ]


def test_pixels_in_a_stream_are_those_of_the_answer() -> None:
    bound = _framed(*[MARK, "Looking. " + MARK] * 2).bind_tools([mark])
    for text in ("", "Looking. "):
        total = _sum(list(bound.stream(LOOK)))  # type: ignore[arg-type]
        assert [call["args"] for call in total.tool_calls] == [{"where": [20.0, 0.0, 180.0, 50.0]}]
        assert total.content == text
    assert [bound.invoke(LOOK).tool_calls[0]["args"] for _ in range(2)] == [{"where": [20.0, 0.0, 180.0, 50.0]}] * 2


class Marked(BaseModel):
    where: Box = Field(validation_alias=AliasChoices("where", "place"))  # type: ignore[pydantic-alias]


def test_a_call_whose_boxes_cannot_be_found_is_no_call() -> None:
    call = '<tool_call>{"name": "Marked", "arguments": {"place": [100, 0, 900, 500]}}</tool_call>'
    bound = _framed(call, call).bind_tools([Marked])
    for answer in (bound.invoke(LOOK), _sum(list(bound.stream(LOOK)))):  # type: ignore[arg-type]
        assert not answer.tool_calls
        assert [one["args"] for one in answer.invalid_tool_calls] == [call]
    assert "is it 'where'?" in str(_framed(call).bind_tools([Marked]).invoke(LOOK).invalid_tool_calls[0]["error"])


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_boxes_are_turned_into_pixels_once(method: Any) -> None:
    answer = BOX if method == "json_schema" else f'<tool_call>{{"name": "Thing", "arguments": {BOX}}}</tool_call>'
    thing = _framed(answer).with_structured_output(Thing, method=method).invoke(LOOK)
    assert thing == Thing(label="a", count=1, where=Box(x1=20, y1=50, x2=180, y2=100))
