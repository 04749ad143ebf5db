"""What a model is told: a schema as a compact form to fill in, in the coordinates that this model was trained to write.

The words are constants, so that the same schema gives the same text, and the text can be cached and shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from extraction.conventions import BoxConvention
from extraction.errors import SchemaError
from extraction.forms import OWN_WORDS, FormWriter, JsonSchema, known, one_line
from extraction.keys import Keys
from extraction.places import GEOMETRY, Geometry
from extraction.schemas.markers import MARKER_KEY, PIXELS_KEY

SYSTEM = "You read pictures and answer with JSON only."
INSTRUCTION = "Extract what the picture shows."
FORM = "Answer with JSON in this form:"
TOOLS = "You can call these tools:"
TOOL_FORM = 'To call one, answer with <tool_call>{"name": its name, "arguments": its arguments}</tool_call>'

_NAMED_BELOW = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
_DATA = ("default", "examples", "enum", "const")


def schema_text(schema: JsonSchema, convention: BoxConvention | None) -> str:
    """The instruction that shows a schema to a model, some lines that end without a newline.

    Args:
        schema: A JSON schema (draft 2020-12) as Pydantic writes it, markers included.
        convention: How this model writes boxes.

    Raises:
        BoxConventionError: The schema holds boxes and ``convention`` is None.
        SchemaError: A ``$ref`` leads nowhere, or the schema is nested too deeply.
    """
    with _bounded_depth():
        schema = Keys(schema, convention).schema(schema)
        writer = FormWriter(schema, convention)
        form = writer.node(schema)
        return "\n".join([FORM, form, *writer.definitions(), *writer.legends()])


def tools_text(tools: Sequence[Mapping[str, Any]], convention: BoxConvention | None = None) -> str:
    """The instruction that shows tools (OpenAI format) to a model whose chat template does not know them.

    Raises:
        BoxConventionError: Arguments hold boxes and ``convention`` is None.
        SchemaError: A ``$ref`` leads nowhere, or a schema is nested too deeply.
    """
    lines = [TOOLS]
    legends: dict[str, None] = {}
    for tool in tools:
        function = tool["function"]
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        description = f": {one_line(function['description'])}" if function.get("description") else ""
        with _bounded_depth():
            parameters = Keys(parameters, convention).schema(parameters)
            writer = FormWriter(parameters, convention)
            form = writer.node(parameters)
            lines += [f"{function['name']}{description}", form, *writer.definitions()]
            legends |= dict.fromkeys(writer.legends())
    return "\n".join([*lines, *legends, TOOL_FORM])


def model_schema(schema: JsonSchema, convention: BoxConvention | None) -> dict[str, Any]:
    """The JSON schema of what this model writes: markers resolved into arrays of this model's numbers.

    Raises:
        BoxConventionError: The schema holds boxes and ``convention`` is None.
        SchemaError: The schema is nested too deeply.
    """
    with _bounded_depth():
        result: dict[str, Any] = _resolved(Keys(schema, convention).schema(schema), convention)
        return result


def has_geometry(schema: Any) -> bool:
    """Whether a box, a point or a polygon stands anywhere in a JSON schema."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if node.get(MARKER_KEY) in GEOMETRY:
                return True
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return False


@contextmanager
def _bounded_depth() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None


def _resolved(node: Any, convention: BoxConvention | None) -> Any:
    """A copy of a schema without markers; a list of schemas, true and false are copied, too."""
    if isinstance(node, list):
        return [_resolved(value, convention) for value in node]
    if not isinstance(node, Mapping):
        return node
    kind = node.get(MARKER_KEY)
    if kind in GEOMETRY:
        return _geometry_schema(node, kind, known(convention))
    result = {}
    for key, value in node.items():
        if key in _NAMED_BELOW and isinstance(value, Mapping):
            result[key] = {name: _resolved(below, convention) for name, below in value.items()}
        elif key != MARKER_KEY:
            result[key] = value if key in _DATA else _resolved(value, convention)
    return result


def _geometry_schema(node: JsonSchema, kind: Geometry, convention: BoxConvention) -> dict[str, Any]:
    """What stands in the place of a marked node: an array of this model's numbers, described in its words."""
    number: dict[str, Any] = {"type": "integer" if convention.integer else "number", "minimum": 0}
    if convention.largest is not None:
        number["maximum"] = int(convention.largest) if convention.integer else convention.largest
    else:
        number[PIXELS_KEY] = convention.unit
    point = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    form, array = {
        "box": (convention.box_form, {"type": "array", "items": number, "minItems": 4, "maxItems": 4}),
        "point": (convention.point_form, point),
        "polygon": (f"[{convention.point_form}, ...]", {"type": "array", "items": point, "minItems": 3}),
    }[kind]
    words = convention.words if kind == "box" else f"{form}, in the numbers of {convention.words}"
    titled = {"title": node["title"]} if "title" in node else {}
    own = node.get("description")
    described = titled | {"description": f"{own} ({words})" if own and own not in OWN_WORDS else words} | array
    return {"anyOf": [described, {"type": "null"}]} if "null" in node.get("type", ()) else described
