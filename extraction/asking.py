"""From LangChain messages and options to a request: the schema in this model's coordinates, its words, its grammar."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from extraction.content import Turn
from extraction.conventions import BoxConvention
from extraction.families import Family, families
from extraction.frames import Frame, Grounding
from extraction.grammar import Constraint, build_grammar, without_pixels
from extraction.images import Picture
from extraction.instructions import instructed_schema
from extraction.jobs import Request
from extraction.keys import Keys
from extraction.options import CallOptions
from extraction.prompts import SYSTEM, has_geometry, model_schema, schema_text, tools_text
from extraction.tools import ToolDialect, tool_choice_of, tool_schemas

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """A request, and what is needed to make a message of its answer.

    Attributes:
        request: What is asked.
        model: The model's name, as the caller gave it.
        family: Its family: how it writes boxes.
        dialect: How it marks tool calls.
        tools: JSON schemas of the arguments of the tools that it may call, markers included.
        schema: JSON schema of the document that is wanted, markers included.
        in_pixels: Whether boxes leave in pixels already. Tools are run with the arguments as they stand in a message,
            and agents read documents with LangChain's own parser; neither knows of conventions.
        instructed: Whether the schema was read from format instructions in the prompt: whoever reads the answer then is a
            parser that takes a cut one for whole.
    """

    request: Request
    model: str
    family: Family
    dialect: ToolDialect
    tools: Mapping[str, dict[str, Any]]
    schema: dict[str, Any] | None
    in_pixels: bool
    instructed: bool = False


def make_plan(turns: Sequence[Turn], options: CallOptions, *, dialect: ToolDialect, family: Family) -> Plan:
    """The request for a conversation.

    Args:
        turns: The conversation.
        options: The options of the call.
        dialect: How the model marks tool calls.
        family: Its family.

    Raises:
        OptionError: The tool choice or the response format makes no sense.
        SchemaError: A schema cannot be honoured.
        BoxConventionError: A schema holds boxes, and the family does not say how the model writes them.
    """
    names = list(tool_schemas(options.tools))
    choice = tool_choice_of(options.tool_choice, names)
    tools = [] if choice == "none" else options.tools
    format_ = options.schema_format
    schema = format_[0] if format_ else None
    if has_geometry([schema, tools]) and family.sureness == "unverified" and any(one is family for one in families()):
        _warn_of_presumed(family.name, family.source)
    turns = list(turns)
    instructed = None
    if options.follow_instructions and options.response_format is None and not tools:
        schema = instructed = instructed_schema("\n".join(turn.text for turn in turns))
    wanted = options.schema_in_prompt if options.schema_in_prompt is not None else bool(format_ and format_[1])
    text = "" if schema is None else schema_text(schema, family.boxes)
    if not wanted and family.boxes is not None and not any(text in turn.text for turn in turns):
        # Whoever wrote the prompt told the model the schema's own names; the tools have theirs then, too.
        family = replace(family, boxes=family.boxes.changed(box_key=None, point_key=None))
    if tools and not dialect.native:
        turns = _with_system(turns, tools_text(tools, family.boxes))
    if schema is not None and wanted:
        turns = _with_schema(turns, text)
    constraint = _constraint(schema, tools, choice, family.boxes, options)
    if constraint is not None:
        build_grammar(constraint, dialect)  # cached; here its errors and warnings reach the caller
    request = Request(
        turns=tuple(_as_the_model_writes(turns, tool_schemas(tools), family.boxes)),
        tools=tuple(_in_model_coordinates(tool, family.boxes) for tool in tools) if dialect.native else (),
        constraint=constraint,
        sampling=options.sampling,
        max_tokens=options.max_tokens,
        max_repeats=options.max_repeats,
        begun=tuple(options.begun.tokens),
        begun_trace=options.begun.trace,
        stop=options.stops,
        min_pixels=options.min_pixels,
        max_pixels=options.max_pixels,
        narrow_head=options.narrow_head,
        confidence=options.confidence,
    )
    arguments = tool_schemas(tools)
    in_pixels = has_geometry(list(arguments.values())) or (
        (options.pixel_boxes or instructed is not None) and has_geometry(schema)
    )
    return Plan(
        request, options.model, family, dialect, arguments, schema, in_pixels, instructed=instructed is not None
    )


@functools.cache
def _warn_of_presumed(name: str, source: str) -> None:
    """Says once of each family that nobody vouches for how it writes boxes."""
    _log.warning(
        "how models of the family %r write boxes is presumed, not documented (%s): look at a plot of some, and name "
        "another convention with family= if they are off",
        name,
        source,
    )


def _constraint(
    schema: dict[str, Any] | None,
    tools: Sequence[dict[str, Any]],
    choice: str | None,
    boxes: BoxConvention | None,
    options: CallOptions,
) -> Constraint | None:
    """What the answer must be: a forced call; else, with a schema, a document or a call; else free text (None)."""
    document = None if schema is None else model_schema(schema, boxes)
    calls = {name: model_schema(arguments, boxes) for name, arguments in tool_schemas(tools).items()}
    if choice in calls:
        document, calls = None, {choice: calls[choice]}
    elif choice == "any":
        document = None
    elif document is None:
        return None
    return Constraint.of(
        document,
        calls,
        parallel=options.parallel_tool_calls,
        max_items=options.max_items,
        max_string=options.max_string,
        max_depth=options.max_depth,
    )


def _as_the_model_writes(
    turns: Sequence[Turn], schemas: Mapping[str, dict[str, Any]], boxes: BoxConvention | None
) -> list[Turn]:
    """The turns with the boxes of earlier tool calls, which are pixels in messages, in the model's own numbers.

    A model whose numbers refer to the picture as it is given (resized, padded) keeps pixels of the original: its size is
    not known yet.
    """

    def shown(arguments: Mapping[str, Any], schema: dict[str, Any], picture: Picture) -> Any:
        assert boxes is not None
        if boxes.kind != "relative" or boxes.frame != "picture":
            return Keys(schema, boxes).for_model(dict(arguments))
        return Grounding(boxes, Frame(picture.size), to_model=True).apply(dict(arguments), schema)

    result: list[Turn] = []
    picture: Picture | None = None
    for turn in turns:
        picture = turn.pictures[-1] if turn.pictures else picture
        if turn.tool_calls and picture is not None and boxes is not None:
            calls = [
                replace(call, arguments=shown(call.arguments, schemas[call.name], picture))
                if has_geometry(schemas.get(call.name))
                else call
                for call in turn.tool_calls
            ]
            turn = replace(turn, tool_calls=tuple(calls))
        result.append(turn)
    return result


def _in_model_coordinates(tool: dict[str, Any], boxes: BoxConvention | None) -> dict[str, Any]:
    function = tool["function"]
    parameters = without_pixels(model_schema(function.get("parameters") or {"type": "object", "properties": {}}, boxes))
    return {**tool, "function": {**function, "parameters": parameters}}


def _with_system(turns: list[Turn], text: str) -> list[Turn]:
    """The turns with a system turn more, after those at the beginning."""
    leading = next((index for index, turn in enumerate(turns) if turn.role != "system"), len(turns))
    return [*turns[:leading], Turn("system", (text,)), *turns[leading:]]


def _with_schema(turns: list[Turn], text: str) -> list[Turn]:
    """The turns with the schema's words among the system's, unless they stand somewhere already.

    They come before the pictures, as in the chains' own prompt: many pictures then share the beginning of their prompts.
    """
    if any(text in turn.text for turn in turns):
        return turns
    leads = bool(turns) and turns[0].role == "system"
    return _with_system(turns, text if leads else f"{SYSTEM}\n{text}")
