from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.output_parsers import PydanticOutputParser
from PIL import Image

from extraction.asking import Plan, make_plan
from extraction.content import ToolCall, Turn
from extraction.errors import BoxConventionError, OptionError, SchemaError
from extraction.families import UNKNOWN, Family, find_family
from extraction.grammar import Constraint, GrammarWarning
from extraction.images import Picture
from extraction.options import call_options
from extraction.prompts import SYSTEM, schema_text, tools_text
from extraction.schemas import Box, Scene, json_schema_of
from extraction.tools import ToolDialect, openai_tool

POCKET = find_family(None, "pocket")
NATIVE, PLAIN = ToolDialect(native=True, gap="\n"), ToolDialect()
RED = Picture(Image.new("RGB", (2, 2)))
QUESTION = [Turn("system", ("rules",)), Turn("user", (RED, "what?")), Turn("assistant", ("hm",))]
SCENE = {"type": "json_schema", "json_schema": {"name": "Scene", "schema": json_schema_of(Scene)}}
NUMBER = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "integer"}}}


def mark(where: Box) -> str:
    """Marks a place."""
    return str(where)


MARK = {
    "type": "function",
    "function": {
        "name": "mark",
        "description": "Marks a place.",
        "parameters": {"type": "object", "properties": {"where": json_schema_of(Box)}, "required": ["where"]},
    },
}


def add(a: int) -> int:
    """Adds one."""
    return a + 1


ADD = openai_tool(add)


def _plan(
    turns: list[Turn] | None = None, dialect: ToolDialect = NATIVE, family: Family = POCKET, **given: Any
) -> Plan:
    options = call_options({"model": "m", "max_tokens": 9}, given)
    return make_plan(turns or QUESTION, options, dialect=dialect, family=family)


def _schema(constraint: Constraint | None) -> Any:
    assert constraint is not None
    assert constraint.schema is not None
    return json.loads(constraint.schema)


def test_a_plain_question_goes_through_unchanged() -> None:
    plan = _plan(stop=["x"], temperature=0.5, max_pixels=10)
    request = plan.request
    assert request.turns == tuple(QUESTION)
    assert (request.constraint, request.tools, request.max_tokens, request.stop) == (None, (), 9, ("x",))
    assert (request.sampling.temperature, request.max_pixels, request.min_pixels) == (0.5, 10, None)
    assert (plan.model, plan.family, plan.tools, plan.schema) == ("m", POCKET, {}, None)


def test_the_words_of_a_schema_stand_with_the_systems_before_the_pictures() -> None:
    request = _plan(response_format=SCENE).request
    text = schema_text(json_schema_of(Scene), POCKET.boxes)
    asked = [turn for turn in request.turns if turn not in QUESTION]
    assert [turn for turn in request.turns if turn in QUESTION] == QUESTION
    assert asked == [Turn("system", (text if QUESTION[0].role == "system" else f"{SYSTEM}\n{text}",))]
    assert request.turns.index(asked[0]) < request.turns.index(QUESTION[1])
    assert _schema(request.constraint)["$defs"]["Box"]["maxItems"] == 4
    number = schema_text({"type": "integer"}, None)
    led = _plan([Turn("system", ("rules",)), Turn("user", (RED,))], response_format=NUMBER).request.turns
    assert led == (Turn("system", ("rules",)), Turn("system", (number,)), Turn("user", (RED,)))
    bare = _plan([Turn("user", (RED,))], response_format=NUMBER).request.turns
    assert bare == (Turn("system", (f"{SYSTEM}\n{number}",)), Turn("user", (RED,)))


def test_format_instructions_in_the_prompt_bind_their_schema() -> None:
    instructions = PydanticOutputParser(pydantic_object=Scene).get_format_instructions()
    turns = [Turn("system", (f"Read.\n{instructions}",)), Turn("user", (RED, "what?"))]
    plan = _plan(turns)
    assert plan.request.turns == tuple(turns)
    assert plan.in_pixels  # LangChain's own parser knows of no conventions
    assert _schema(plan.request.constraint)["properties"]["objects"]["type"] == "array"
    assert _plan(turns, follow_instructions=False).request.constraint is None
    assert _plan(turns, response_format={"type": "text"}).request.constraint is None
    assert _plan(turns, response_format=NUMBER).schema == {"type": "integer"}


def test_the_words_of_a_schema_are_not_said_twice_and_not_against_the_callers_will() -> None:
    text = schema_text(json_schema_of(Scene), POCKET.boxes)
    turns = [Turn("system", (f"Rules.\n{text}",)), Turn("user", ("what?",))]
    assert _plan(turns, response_format=SCENE).request.turns == tuple(turns)
    assert _plan(response_format=SCENE, schema_in_prompt=False).request.turns == tuple(QUESTION)
    assert _plan(turns, response_format=SCENE, schema_in_prompt=True).request.turns == tuple(turns)
    assert _plan(response_format={"type": "json_object"}).request.turns == tuple(QUESTION)


def test_boxes_need_a_known_family() -> None:
    with pytest.raises(BoxConventionError):
        _plan(response_format=SCENE, family=UNKNOWN)
    assert _plan(response_format=NUMBER, family=UNKNOWN).request.constraint == Constraint('{"type": "integer"}')


@pytest.mark.parametrize(
    ("given", "schema", "tools"),
    [
        ({"tools": [ADD, MARK]}, None, None),
        ({"tools": [ADD, MARK], "tool_choice": "auto"}, None, None),
        ({"tools": [ADD, MARK], "tool_choice": "any"}, None, ["add", "mark"]),
        ({"tools": [ADD, MARK], "tool_choice": "mark"}, None, ["mark"]),
        ({"tools": [ADD, MARK], "response_format": NUMBER}, {"type": "integer"}, ["add", "mark"]),
        ({"tools": [ADD], "response_format": NUMBER, "tool_choice": "any"}, None, ["add"]),
        ({"tools": [ADD], "response_format": NUMBER, "tool_choice": "none"}, {"type": "integer"}, []),
        ({"tools": [], "response_format": NUMBER}, {"type": "integer"}, []),
        ({"response_format": {"type": "json_object"}}, {"type": "object"}, []),
    ],
)
def test_what_the_answer_must_be(given: dict[str, Any], schema: Any, tools: list[str] | None) -> None:
    constraint = _plan(**given).request.constraint
    if tools is None:
        assert constraint is None
        return
    assert constraint is not None
    assert (None if constraint.schema is None else json.loads(constraint.schema)) == schema
    assert [name for name, _ in constraint.tools] == tools


def test_tools_are_shown_by_the_template_or_in_words() -> None:
    native = _plan(tools=[ADD, MARK]).request
    assert native.turns == tuple(QUESTION)
    assert [tool["function"]["name"] for tool in native.tools] == ["add", "mark"]
    plain = _plan(tools=[ADD, MARK], dialect=PLAIN).request
    assert plain.tools == ()
    assert plain.turns == (
        QUESTION[0],
        Turn("system", (tools_text([ADD, MARK], POCKET.boxes),)),
        *QUESTION[1:],
    )
    hidden = _plan(tools=[ADD], tool_choice="none", dialect=PLAIN)
    assert (hidden.request.turns, hidden.tools) == (tuple(QUESTION), {})


def test_boxes_in_tools_are_in_the_models_coordinates() -> None:
    plan = _plan(tools=[MARK], tool_choice="any")
    shown = plan.request.tools[0]["function"]["parameters"]["properties"]["where"]
    assert plan.request.constraint is not None
    constrained = json.loads(plan.request.constraint.tools[0][1])["properties"]["where"]
    for schema in (shown, constrained):
        assert schema["items"] == {"type": "integer", "minimum": 0, "maximum": 1000}
        assert "x-extraction" not in schema
    assert MARK["function"]["parameters"]["properties"]["where"]["x-extraction"] == "box"  # type: ignore[index]


def test_boxes_of_earlier_calls_are_shown_as_the_model_writes_them() -> None:
    picture = Picture(Image.new("RGB", (200, 100)))
    call = ToolCall("mark", {"where": [20.0, 0.0, 180.0, 50.0]}, "c1")
    turns = [Turn("user", (picture,)), Turn("assistant", (), tool_calls=(call, ToolCall("add", {"a": 1}, "c2")))]
    shown = _plan(turns, tools=[ADD, MARK]).request.turns[1].tool_calls
    assert [one.arguments for one in shown] == [{"where": [100, 0, 900, 500]}, {"a": 1}]
    for unchanged in (
        _plan(turns[1:], tools=[MARK]),
        _plan(turns, family=find_family(None, "", "pixel"), tools=[MARK]),
    ):
        assert unchanged.request.turns[-1].tool_calls == turns[1].tool_calls


@pytest.mark.parametrize(("told", "key"), [(True, "bbox_2d"), (False, "box")])
def test_tools_are_told_by_the_names_that_their_grammar_has(told: bool, key: str) -> None:
    parameters = {"type": "object", "properties": {"box": json_schema_of(Box)}, "required": ["box"]}
    tool = {"type": "function", "function": {"name": "mark", "description": "Marks.", "parameters": parameters}}
    given: dict[str, Any] = {"tools": [tool], "response_format": SCENE, "schema_in_prompt": told}
    plan = _plan(dialect=PLAIN, family=find_family(None, "", "qwen3-vl"), **given)
    assert f'"{key}"' in plan.request.turns[1].text
    assert plan.request.constraint is not None
    assert list(json.loads(plan.request.constraint.tools[0][1])["properties"]) == [key]


@pytest.mark.parametrize(("family", "key"), [("llava-1.5", "box"), ("qwen2.5-vl", "bbox_2d"), ("glm-4v", "box")])
def test_earlier_calls_keep_their_pixels_where_the_canvas_is_not_known_yet(family: str, key: str) -> None:
    arguments = {"box": [20.0, 0.0, 180.0, 50.0]}
    parameters = {"type": "object", "properties": {"box": json_schema_of(Box)}, "required": ["box"]}
    tool = {"type": "function", "function": {"name": "mark", "description": "Marks.", "parameters": parameters}}
    turns = [*QUESTION, Turn("assistant", (), tool_calls=(ToolCall("mark", arguments, "c1"),))]
    plan = _plan(turns, family=find_family(None, "", family), tools=[tool])
    (call,) = plan.request.turns[-1].tool_calls
    assert call.arguments == {key: arguments["box"]}
    assert list(plan.request.tools[0]["function"]["parameters"]["properties"]) == [key]


@pytest.mark.parametrize(
    ("given", "in_pixels"),
    [
        ({"tools": [MARK]}, True),
        ({"tools": [ADD]}, False),
        ({"tools": [MARK], "tool_choice": "none"}, False),
        ({"response_format": SCENE}, False),
        ({"response_format": SCENE, "pixel_boxes": True}, True),
        ({"response_format": NUMBER, "pixel_boxes": True}, False),
    ],
)
def test_boxes_leave_in_pixels_where_nobody_else_converts_them(given: dict[str, Any], in_pixels: bool) -> None:
    assert _plan(**given).in_pixels is in_pixels


def test_a_schema_that_cannot_be_honoured_is_told_to_the_caller() -> None:
    impossible = {"type": "integer", "minimum": 5, "maximum": 1}
    with pytest.raises(SchemaError, match="no grammar can be made"):
        _plan(response_format={"type": "json_object", "schema": impossible})
    unlike = {"type": "array", "items": {"type": "string", "maxLength": 77}, "uniqueItems": True}
    with pytest.warns(GrammarWarning, match="uniqueItems"):
        _plan(response_format={"type": "json_object", "schema": unlike})


def test_a_choice_that_names_no_tool_raises() -> None:
    with pytest.raises(OptionError, match="names no tool"):
        _plan(tools=[ADD], tool_choice="sub")


def test_bounds_travel_with_a_call() -> None:
    constraint = _plan(response_format=NUMBER, max_items=7, max_string=8).request.constraint
    assert constraint is not None
    assert (constraint.max_items, constraint.max_string) == (7, 8)
    forced = _plan(tools=[ADD], tool_choice="add", max_items=7).request.constraint
    assert forced is not None
    assert (forced.max_items, forced.max_string) == (7, 2048)


def test_a_convention_that_nobody_vouches_for_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    presumed, known = find_family("lfm2_vl", "x"), find_family("qwen3_vl", "x")
    assert (presumed.sureness, known.sureness) == ("unverified", "documented")
    own = find_family("lfm2_vl", "x", {"order": "yxyx"})
    for family in (known, own, presumed, presumed):
        make_plan(
            QUESTION,
            call_options({"model": "m", "max_tokens": 9}, {"response_format": SCENE}),
            dialect=PLAIN,
            family=family,
        )
    make_plan(
        QUESTION,
        call_options({"model": "m", "max_tokens": 9}, {"response_format": NUMBER}),
        dialect=PLAIN,
        family=find_family("llama4", "x"),
    )
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "the family 'lfm2-vl' write boxes is presumed, not documented" in told[0]
