from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from extraction.errors import OptionError
from extraction.schemas import Box
from extraction.tools import (
    CallReader,
    ToolDialect,
    WrittenCall,
    call_bodies,
    held_back,
    openai_tool,
    tool_choice_of,
    tool_schemas,
)

DIALECT = ToolDialect()
ADD = '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'


class Node(BaseModel):
    """A node of a tree."""

    box: Box
    children: list[Node] = Field(default=[], description="Below it.")


def _read(text: str, size: int, names: tuple[str, ...] = ("add",)) -> tuple[str, list[WrittenCall]]:
    """What a reader makes of a text that comes in pieces of one size."""
    reader = CallReader(DIALECT, frozenset(names))
    items: list[str | WrittenCall] = []
    for start in range(0, len(text), size):
        items += reader.push(text[start : start + size])
    items += reader.finish()
    return "".join(one for one in items if isinstance(one, str)), [one for one in items if not isinstance(one, str)]


def test_tools_of_every_form_come_out_in_one() -> None:
    @tool
    def add(a: int, b: int = 2) -> int:
        """Adds two numbers."""
        return a + b

    def plain(word: str) -> str:
        """Says a word.

        Args:
            word: What to say.
        """
        return word

    anthropic = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}
    tools = [openai_tool(one) for one in (add, plain, anthropic, openai_tool(plain))]
    assert [one["function"]["name"] for one in tools] == ["add", "plain", "look", "plain"]
    assert tool_schemas(tools)["add"]["properties"]["a"] == {"type": "integer"}
    assert tools[1]["function"]["description"] == "Says a word."
    assert tools[1] == tools[3]


def test_a_pydantic_tool_keeps_recursion_and_markers() -> None:
    function = openai_tool(Node)["function"]
    assert (function["name"], function["description"]) == ("Node", "A node of a tree.")
    node = function["parameters"]["$defs"]["Node"]
    assert node["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert "box" in str(function["parameters"]["$defs"]["Box"]["x-extraction"])


@pytest.mark.parametrize("nonsense", [3, "add", {"what": 1}])
def test_what_is_no_tool_raises(nonsense: Any) -> None:
    with pytest.raises(OptionError, match="not a tool"):
        openai_tool(nonsense)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", "auto"),
        ("none", "none"),
        (False, "none"),
        ("any", "any"),
        ("required", "any"),
        (True, "any"),
        ("add", "add"),
        ({"type": "function", "function": {"name": "add"}}, "add"),
        ({"type": "tool", "name": "add"}, "add"),
        ({"type": "any"}, "any"),
    ],
)
def test_tool_choices(choice: Any, expected: str | None) -> None:
    assert tool_choice_of(choice, ["add", "look"]) == expected


@pytest.mark.parametrize(("choice", "names"), [("sub", ["add"]), ("any", []), (7, ["add"])])
def test_impossible_tool_choices_raise(choice: Any, names: list[str]) -> None:
    with pytest.raises(OptionError, match="names no tool"):
        tool_choice_of(choice, names)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_calls_are_found_in_text_however_it_is_cut(size: int) -> None:
    text, calls = _read(f"I add. < {ADD}\n\n{ADD} Done.", size)
    assert text == "I add. < Done."
    assert [(call.name, call.arguments, call.error) for call in calls] == [("add", {"a": 1}, None)] * 2
    assert calls[0].id != calls[1].id


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"name": "add", "arguments": {"a": 1}', "not JSON"),
        ('[{"name": "add"}]', "names no tool"),
        ('{"name": "sub", "arguments": {}}', "no tool 'sub'"),
        ('{"name": "add", "arguments": "a"}', "no arguments object"),
        ('{"name": "add"}', "no arguments object"),
    ],
)
def test_calls_that_cannot_be_read_are_told(body: str, error: str) -> None:
    text, (call,) = _read(f"<tool_call>{body}</tool_call>", 3)
    assert text == ""
    assert (call.name, call.arguments, call.raw) == (None, None, f"<tool_call>{body}</tool_call>")
    assert error in str(call.error)


@pytest.mark.parametrize("size", [1, 1000])
def test_a_call_without_its_end_is_not_mended(size: int) -> None:
    _, (call,) = _read(ADD[:-14], size)
    assert call.error == "the call is cut off before its end"
    assert call.raw == ADD[:-14]


NOTE = '<tool_call>{"name": "add", "arguments": {"note": "ends with </tool_call>, \\"or not"}}</tool_call>'


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_marker_in_a_text_ends_no_call(size: int) -> None:
    text, calls = _read(f"First {NOTE} then {ADD}", size)
    assert text == "First then "
    assert [call.arguments for call in calls] == [{"note": 'ends with </tool_call>, "or not'}, {"a": 1}]


@pytest.mark.parametrize("size", [1, 1000])
def test_a_call_whose_quotes_never_close_ends_at_its_first_marker(size: int) -> None:
    _, (broken, whole) = _read(f'<tool_call>{{"name": "add}}</tool_call> {ADD}', size)
    assert "not JSON" in str(broken.error)
    assert whole.arguments == {"a": 1}


def test_where_the_bodies_of_calls_are_is_told_as_they_are_read() -> None:
    text = f"{NOTE} and {ADD}"
    assert [text[start:end] for start, end in call_bodies(text, DIALECT)] == [NOTE[11:-12], ADD[11:-12]]


def test_markers_are_text_where_no_tools_are_bound() -> None:
    assert _read(ADD, 4, names=()) == (ADD, [])


def test_a_beginning_of_a_marker_at_the_end_is_text_after_all() -> None:
    assert _read("a <tool", 1) == ("a <tool", [])


@pytest.mark.parametrize(
    ("text", "markers", "length"),
    [
        ("abc<to", ["<tool>"], 3),
        ("abc", ["<tool>"], 0),
        ("<tool>", ["<tool>"], 0),
        ("xaab", ["aabb", "bc"], 3),
        ("x", [], 0),
    ],
)
def test_held_back(text: str, markers: list[str], length: int) -> None:
    assert held_back(text, markers) == length
