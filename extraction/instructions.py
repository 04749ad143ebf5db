"""The format instructions of LangChain's ``PydanticOutputParser``: written around a schema, and found again in a prompt."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from langchain_core.output_parsers import PydanticOutputParser
from pydantic import BaseModel

_SCHEMA = re.compile(
    r"conforms to the JSON schema below\..*?Here is the output schema[^\n]*:\n```\n(\{.*?\})\n```", re.DOTALL
)


def format_instructions(schema: Mapping[str, Any]) -> str:
    """What ``PydanticOutputParser.get_format_instructions`` says for a class with this JSON schema."""
    before, after = _around()
    shown = {key: value for key, value in schema.items() if key not in ("title", "type")}
    return before + json.dumps(shown, ensure_ascii=False) + after


def instructed_schema(text: str) -> dict[str, Any] | None:
    """The JSON schema that a prompt's format instructions show, None where there are none or more than one.

    Known are those of ``PydanticOutputParser`` and ``JsonOutputParser``; both leave out the schema's own ``type``.
    """
    found = _SCHEMA.findall(text)
    if len(found) != 1:
        return None
    try:
        schema = json.loads(found[0])
    except ValueError:
        return None
    return {"type": "object", **schema} if "properties" in schema else schema


@functools.cache
def _around() -> tuple[str, str]:
    """The words before and after the schema, as the installed LangChain writes them."""

    class Empty(BaseModel):
        pass

    parser: PydanticOutputParser[Empty] = PydanticOutputParser(pydantic_object=Empty)
    whole = parser.get_format_instructions()
    schema = json.dumps({"properties": {}}, ensure_ascii=False)
    position = whole.rindex(schema)
    return whole[:position], whole[position + len(schema) :]
