"""From LangChain messages and options to what is asked of the rules: the pages, and the schema to fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from extraction.content import Turn
from extraction.conventions import PIXEL
from extraction.errors import MessageError, OptionError
from extraction.families import Family, overridden
from extraction.images import Picture
from extraction.instructions import instructed_schema
from extraction.tools import tool_choice_of, tool_schemas

RULES_FAMILY = Family(
    "ocr",
    title="ChatOCR",
    boxes=PIXEL.changed(name="ocr", integer=False),
    sureness="verified",
    source="extraction/rules",
)
"""How ``ChatOCR`` writes boxes: in pixels of the picture, as it reads them."""


class RuleOptions(BaseModel):
    """The options of one call.

    Attributes:
        response_format: The schema that is wanted, as OpenAI has it.
        tools: Tools in OpenAI's format.
        tool_choice: Which of them is filled.
        family: How boxes are written, by the user's word.
        pixel_boxes: Whether boxes in the message are pixels whatever the family.
        schema_in_prompt: Means nothing here, where no prompt is read; chains give it.
        parallel_tool_calls: The same.
        stop: The same: agents give it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] = []
    tool_choice: Any = None
    family: Any = None
    pixel_boxes: bool = False
    schema_in_prompt: bool | None = None
    parallel_tool_calls: bool = False
    stop: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What one call asks.

    Attributes:
        pages: The pictures to read, in order.
        schema: The JSON schema to fill, markers included; None for the text of the pages.
        tool: The tool whose arguments it is; None for a document.
        family: How boxes are written.
        instructed: Whether the schema was read from format instructions in the prompt, so that whoever reads the answer
            knows neither of conventions nor of what is missing.
    """

    pages: tuple[Picture, ...]
    schema: dict[str, Any] | None
    tool: str | None
    family: Family
    instructed: bool = False


def rule_options(given: Mapping[str, Any]) -> RuleOptions:
    """The options of one call.

    Raises:
        OptionError: One is unknown, or means something for models that are sampled only.
    """
    try:
        return RuleOptions(**given)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        raise OptionError(
            "; ".join(problems),
            hint="ChatOCR follows rules: it has no temperature, no tokens and no seed, and its samples would all be the same",
        ) from error


def make_task(turns: Sequence[Turn], options: RuleOptions) -> Task:
    """What a conversation asks.

    Raises:
        OptionError: The tool choice or the response format makes no sense, or several tools could be meant.
        MessageError: There is no picture.
        BoxConventionError: There is no family of the given name.
    """
    family = RULES_FAMILY if options.family is None else overridden(options.family, lambda: RULES_FAMILY)
    pages = _pages(turns)
    tool = _chosen_tool(options)
    if tool is not None:
        return Task(pages, tool_schemas(options.tools)[tool], tool, RULES_FAMILY)
    if options.response_format is not None:
        schema = _schema_of(options.response_format)
        if schema is not None:
            return Task(pages, schema, None, RULES_FAMILY if options.pixel_boxes else family)
    elif (schema := instructed_schema("\n".join(turn.text for turn in turns))) is not None:
        return Task(pages, schema, None, RULES_FAMILY, instructed=True)
    return Task(pages, None, None, family)


def _pages(turns: Sequence[Turn]) -> tuple[Picture, ...]:
    """The pictures that are asked about: those after the last answer that pictures follow, and not those of examples."""
    pages: list[Picture] = []
    for turn in reversed(turns):
        if turn.role == "assistant" and pages:
            break
        pages[:0] = turn.pictures
    if not pages:
        raise MessageError(
            "there is no picture to read", hint="ChatOCR answers from the pictures of a prompt, and from nothing else"
        )
    return tuple(pages)


def _schema_of(response_format: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = response_format.get("type")
    named = response_format.get("json_schema")
    if kind == "text":
        return None
    schema = (
        named.get("schema") if kind == "json_schema" and isinstance(named, Mapping) else response_format.get("schema")
    )
    if kind in ("json_schema", "json_object") and isinstance(schema, dict):
        return schema
    raise OptionError(
        f"response_format={response_format!r:.200} names no schema to fill",
        hint='give {"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}, or use with_structured_output',
    )


def _chosen_tool(options: RuleOptions) -> str | None:
    """The tool that is to be filled; None where none is forced: rules do not decide when to call one."""
    names = list(tool_schemas(options.tools))
    choice = tool_choice_of(options.tool_choice, names)
    if choice != "any":
        return choice if choice in names else None
    if len(names) > 1:
        raise OptionError(
            f"rules cannot choose between the tools {', '.join(names)}", hint="name one of them as tool_choice"
        )
    return names[0]
