"""``with_structured_output``: the model bound to a schema, and the parser that reads its answers."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.runnables import Runnable

from extraction.errors import OptionError
from extraction.keeping import keeping_raw
from extraction.parsing import GroundedOutputParser
from extraction.schemas import json_schema_of


def structured_model(
    model: BaseChatModel,
    schema: Any,
    *,
    method: str,
    include_raw: bool,
    strict: bool | None,
    extra: dict[str, Any],
) -> Runnable[LanguageModelInput, Any]:
    """What ``with_structured_output`` of our chat models answers."""
    if extra:
        raise OptionError(f"with_structured_output does not know {', '.join(map(repr, extra))}")
    form = json_schema_of(schema)
    name = _name_of(schema, form)
    traced = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
    if method == "function_calling":
        bound = model.bind_tools([_as_tool(name, form)], tool_choice=name, ls_structured_output_format=traced)
    elif method == "json_schema":
        named = {"name": name, "schema": form, "strict": strict}
        format_: dict[str, Any] = {"type": "json_schema", "json_schema": named}
        bound = model.bind(response_format=format_, ls_structured_output_format=traced)
    elif method == "json_mode":
        format_ = {"type": "json_object", "schema": form}
        bound = model.bind(response_format=format_, schema_in_prompt=False, ls_structured_output_format=traced)
    else:
        raise OptionError(f"there is no method {method!r}", hint="methods: json_schema, function_calling, json_mode")
    parser: GroundedOutputParser[Any] = GroundedOutputParser(target=schema)
    return bound | (keeping_raw(parser) if include_raw else parser)


def _name_of(schema: Any, form: dict[str, Any]) -> str:
    name = getattr(schema, "__name__", None) or form.get("title") or "answer"
    return "".join(char if char.isalnum() or char in "_-" else "_" for char in str(name))[:64]


def _as_tool(name: str, form: dict[str, Any]) -> dict[str, Any]:
    if form.get("type") != "object" and "$ref" not in form and "properties" not in form:
        raise OptionError(
            "the arguments of a tool are an object, and this schema is none", hint="use method='json_schema'"
        )
    parameters = {key: value for key, value in form.items() if key not in ("title", "description")}
    function = {"name": name, "description": form.get("description", ""), "parameters": parameters}
    return {"type": "function", "function": function}
