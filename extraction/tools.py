"""Tools: in LangChain's many forms, out as one; and their calls found again in what a model wrote."""

from __future__ import annotations

import inspect
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from extraction.errors import OptionError
from extraction.json_text import is_json
from extraction.schemas import json_schema_of

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
"""A JSON text, also one that the end cuts."""

ToolLike = Mapping[str, Any] | type | Callable[..., Any] | BaseTool


@dataclass(frozen=True, slots=True)
class ToolDialect:
    """How a model marks a tool call in its text.

    Attributes:
        begin: What stands before the call's JSON.
        end: What stands after it.
        gap: What stands between the markers and the JSON.
        special: Whether the markers are special tokens, which have no text of their own.
        native: Whether the chat template renders tools and calls itself.
    """

    begin: str = "<tool_call>"
    end: str = "</tool_call>"
    gap: str = ""
    special: bool = False
    native: bool = False


def openai_tool(tool: ToolLike) -> dict[str, Any]:
    """A tool in OpenAI's format; Pydantic classes keep their whole schema, recursion and markers included.

    Raises:
        OptionError: It is no tool.
    """
    if isinstance(tool, type) and issubclass(tool, BaseModel):
        parameters = json_schema_of(tool)
        description = parameters.pop("description", None) or inspect.cleandoc(tool.__doc__ or "")
        parameters.pop("title", None)
        function = {"name": tool.__name__, "description": description, "parameters": parameters}
        return {"type": "function", "function": function}
    try:
        return convert_to_openai_tool(tool)
    except (ValueError, TypeError) as error:
        raise OptionError(f"{tool!r} is not a tool: {error}") from error


def tool_schemas(tools: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """JSON schemas of the arguments by tool name, for tools in OpenAI's format."""
    empty = {"type": "object", "properties": {}}
    return {tool["function"]["name"]: tool["function"].get("parameters") or empty for tool in tools}


def tool_choice_of(choice: Any, names: Sequence[str]) -> str | None:
    """A tool choice in its plain form: "auto", "none", "any", a tool's name, or None where nothing was chosen.

    Raises:
        OptionError: It names no tool, or forces a call where there are no tools.
    """
    if isinstance(choice, Mapping):
        named = choice.get("function") or choice
        choice = named.get("name") or named.get("type")
    if choice is True or choice == "required":
        choice = "any"
    if choice is False:
        choice = "none"
    if choice in (None, "auto", "none") or (choice == "any" and names):
        return None if choice is None else str(choice)
    if choice not in names:
        raise OptionError(
            f"tool_choice={choice!r} names no tool", hint=f"tools: {', '.join(names) or 'none'}; or auto, any, none"
        )
    return str(choice)


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A tool call as the model wrote it.

    Attributes:
        id: A fresh id, for the message and the tool's answer to refer to.
        name: The tool, None where the call is unreadable.
        arguments: Its arguments, None where the call is unreadable.
        raw: The text, markers included.
        error: Why it is unreadable.
    """

    id: str
    name: str | None
    arguments: dict[str, Any] | None
    raw: str
    error: str | None = None


@dataclass(slots=True)
class CallReader:
    """Separates tool calls from text, piece by piece, so that a stream and a whole answer are read alike.

    Attributes:
        dialect: How calls are marked.
        names: The tools that are bound; without any, markers are plain text.
    """

    dialect: ToolDialect
    names: frozenset[str]
    _held: str = field(default="", init=False)
    _inside: bool = field(default=False, init=False)
    _called: bool = field(default=False, init=False)

    def push(self, piece: str) -> Iterator[str | WrittenCall]:
        """Text that is certainly no part of a marker, and calls that are complete."""
        self._held += piece
        yield from self._separated(whole=False)
        if not self._inside:
            keep = held_back(self._held, [self.dialect.begin]) if self.names else 0
            text, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
            if text := self._cleaned(text):
                yield text

    def finish(self) -> Iterator[str | WrittenCall]:
        """What is left when the answer ends; a call without its end is unreadable."""
        yield from self._separated(whole=True)
        rest, self._held = self._held, ""
        if self._inside:
            error = "the call is cut off before its end"
            yield WrittenCall(_call_id(), None, None, self.dialect.begin + rest, error)
        elif text := self._cleaned(rest):
            yield text

    def _separated(self, *, whole: bool) -> Iterator[str | WrittenCall]:
        """Text and calls as far as their ends are certain; ``whole``: no more is to come."""
        while self.names:
            marker = self.dialect.end if self._inside else self.dialect.begin
            at = _end_of_call(self._held, marker, whole=whole) if self._inside else self._held.find(marker)
            if at < 0:
                break
            before, self._held = self._held[:at], self._held[at + len(marker) :]
            if self._inside:
                self._called = True
                yield read_call(before, self.dialect, self.names)
            elif text := self._cleaned(before):
                yield text
            self._inside = not self._inside

    def _cleaned(self, text: str) -> str:
        # Blank lines between calls belong to the markers, not to the answer.
        if self._called:
            text = text.lstrip()
            self._called = not text
        return text


def read_call(body: str, dialect: ToolDialect, names: frozenset[str]) -> WrittenCall:
    """The call that stands between two markers, unreadable unless it is exactly one JSON object for a known tool."""
    raw = f"{dialect.begin}{body}{dialect.end}"

    def unreadable(error: str) -> WrittenCall:
        return WrittenCall(_call_id(), None, None, raw, error)

    try:
        call = json.loads(body)
    except (ValueError, RecursionError) as error:
        return unreadable(f"the call is not JSON: {error}")
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return unreadable("the call names no tool")
    arguments = call.get("arguments", call.get("parameters"))
    if not isinstance(arguments, dict):
        return unreadable("the call has no arguments object")
    if call["name"] not in names:
        return unreadable(f"there is no tool {call['name']!r}")
    return WrittenCall(_call_id(), call["name"], arguments, raw)


def call_bodies(text: str, dialect: ToolDialect) -> Iterator[tuple[int, int]]:
    """Where what stands between the markers of each whole call begins and ends, as ``CallReader`` separates them."""
    end = 0
    while (begin := text.find(dialect.begin, end)) >= 0:
        start = begin + len(dialect.begin)
        if (length := _end_of_call(text[start:], dialect.end, whole=True)) < 0:
            return
        yield start, start + length
        end = start + length + len(dialect.end)


def _end_of_call(text: str, marker: str, *, whole: bool) -> int:
    """Where the marker stands that ends a call, -1 where it is not to be seen yet.

    The marker can be written in a text of the arguments ("what ends a call?"): it ends the call only where JSON does.
    A call that is no JSON at all ends at its first marker.
    """
    first = at = text.find(marker)
    while at >= 0:
        if is_json(text[:at]):
            return at
        at = text.find(marker, at + 1)
    return first if whole or not _is_in_text(text, first) else -1


def _is_in_text(document: str, position: int) -> bool:
    """Whether a position of (the beginning of) a JSON document is within quotes."""
    return any(match.start() < position < match.end() for match in _QUOTED.finditer(document))


def held_back(text: str, markers: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that could be the beginning of a marker."""
    longest = min(len(text), max((len(marker) for marker in markers), default=0) - 1)
    for length in range(longest, 0, -1):
        if any(marker.startswith(text[-length:]) for marker in markers):
            return length
    return 0


def _call_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


ToolChoice = str | dict[str, Any] | bool | Literal["auto", "none", "any", "required"] | None
