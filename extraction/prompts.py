"""What a model is told: a schema as a compact form to fill in, in the coordinates that this model was trained to write.

The words are constants, so that the same schema gives the same text, and the text can be cached and shared.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from extraction.errors import BoxConventionError, SchemaError
from extraction.families import BoxConvention

SYSTEM = "You read pictures and answer with JSON only."
INSTRUCTION = "Extract what the picture shows."
FORM = "Answer with JSON in this form:"
TOOLS = "You can call these tools:"
TOOL_FORM = 'To call one, answer with <tool_call>{"name": its name, "arguments": its arguments}</tool_call>'

MARKER = "x-extraction"
"""The key under which a JSON schema says that a node is a "box", "point", "polygon" or "color"."""

_GEOMETRY = ("box", "point", "polygon")
_COLOR_LEGEND = "color: red, orange, yellow, green, blue, purple, pink, brown, black, white, gray or #rrggbb"
_MAX_COMMENT = 200
_MAX_PATTERN = 60

JsonSchema = Mapping[str, Any]


def schema_text(schema: JsonSchema, convention: BoxConvention | None) -> str:
    """The instruction that shows a schema to a model, some lines that end without a newline.

    Args:
        schema: A JSON schema (draft 2020-12) as Pydantic writes it, markers included.
        convention: How this model writes boxes.

    Raises:
        BoxConventionError: The schema holds boxes and ``convention`` is None.
        SchemaError: A ``$ref`` leads nowhere.
    """
    renderer = _Renderer(schema, convention)
    form = renderer.node(schema, 0)
    return "\n".join([FORM, form, *renderer.definitions(), *renderer.legends()])


def tools_text(tools: Sequence[Mapping[str, Any]], convention: BoxConvention | None = None) -> str:
    """The instruction that shows tools (OpenAI format) to a model whose chat template does not know them."""
    lines = [TOOLS]
    legends: dict[str, None] = {}
    for tool in tools:
        function = tool["function"]
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        renderer = _Renderer(parameters, convention)
        description = f": {_one_line(function['description'])}" if function.get("description") else ""
        lines += [f"{function['name']}{description}", renderer.node(parameters, 0), *renderer.definitions()]
        legends |= dict.fromkeys(renderer.legends())
    return "\n".join([*lines, *legends, TOOL_FORM])


def model_schema(schema: JsonSchema, convention: BoxConvention | None) -> dict[str, Any]:
    """The JSON schema of what this model writes: markers resolved into arrays of this model's numbers.

    Raises:
        BoxConventionError: The schema holds boxes and ``convention`` is None.
    """
    result: dict[str, Any] = _resolve_markers(copy.deepcopy(dict(schema)), convention)
    return result


def has_geometry(schema: Any) -> bool:
    """Whether a box, a point or a polygon stands anywhere in a JSON schema."""
    if isinstance(schema, Mapping):
        return schema.get(MARKER) in _GEOMETRY or any(has_geometry(value) for value in schema.values())
    return isinstance(schema, list) and any(has_geometry(value) for value in schema)


def _need(convention: BoxConvention | None) -> BoxConvention:
    if convention is None:
        raise BoxConventionError(
            "the schema holds boxes, and nobody knows how this model writes them",
            hint="name the convention, for instance family='relative-1000'",
        )
    return convention


def _resolve_markers(node: Any, convention: BoxConvention | None) -> Any:
    if isinstance(node, list):
        return [_resolve_markers(value, convention) for value in node]
    if not isinstance(node, dict):
        return node
    kind = node.get(MARKER)
    if kind in _GEOMETRY:
        kept = {key: node[key] for key in ("title", "description") if key in node}
        return kept | _array_schema(kind, _need(convention))
    return {key: _resolve_markers(value, convention) for key, value in node.items() if key != MARKER}


def _array_schema(kind: str, convention: BoxConvention) -> dict[str, Any]:
    number: dict[str, Any] = {"type": "integer" if convention.integer else "number", "minimum": 0}
    if convention.span is not None:
        number["maximum"] = convention.span if not convention.integer else int(convention.span)
    point = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    if kind == "box":
        return {"type": "array", "items": number, "minItems": 4, "maxItems": 4}
    return point if kind == "point" else {"type": "array", "items": point, "minItems": 3}


def _one_line(text: str) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= _MAX_COMMENT else line[: _MAX_COMMENT - 1].rstrip() + "…"


class _Renderer:
    """Renders one schema; remembers which definitions and legends its text refers to."""

    def __init__(self, root: JsonSchema, convention: BoxConvention | None) -> None:
        self.root = root
        self.convention = convention
        self._open: list[str] = []
        self._recursive: dict[str, None] = {}
        self._kinds: dict[str, None] = {}

    def node(self, schema: Any, indent: int) -> str:
        """The form of one node; lines after the first are indented by ``indent`` levels."""
        if schema is True or not schema:
            return "any"
        if "$ref" in schema:
            return self._reference(schema["$ref"], indent)
        marker = schema.get(MARKER)
        if marker in _GEOMETRY or marker == "color":
            return self._marked(marker)
        if "const" in schema:
            return json.dumps(schema["const"], ensure_ascii=False)
        if "enum" in schema:
            return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self._union(schema[key], indent)
        if len(schema.get("allOf", ())) == 1:
            return self.node(schema["allOf"][0], indent)
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._union([{**schema, "type": one} for one in kind], indent)
        if kind == "array":
            return self._array(schema, indent)
        if kind == "object" or "properties" in schema:
            return self._object(schema, indent)
        return _scalar(schema)

    def definitions(self) -> list[str]:
        """The forms of the recursive definitions that the text names."""
        lines: list[str] = []
        done: set[str] = set()
        while waiting := [reference for reference in self._recursive if reference not in done]:
            for reference in waiting:
                done.add(reference)
                self._open = [reference]
                lines.append(f"{_name(reference)}: {self.node(self._target(reference), 0)}")
                self._open = []
        return lines

    def legends(self) -> list[str]:
        """What the special forms of the text mean, a line each."""
        lines = [_COLOR_LEGEND] if "color" in self._kinds else []
        if any(kind in self._kinds for kind in _GEOMETRY):
            lines.append(_need(self.convention).words)
        return lines

    def _target(self, reference: str) -> Any:
        node: Any = self.root
        for part in reference.removeprefix("#").strip("/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not part:
                continue
            if not isinstance(node, Mapping) or key not in node:
                raise SchemaError(f"$ref {reference!r} leads nowhere", hint="only references inside the schema work")
            node = node[key]
        return node

    def _reference(self, reference: str, indent: int) -> str:
        if reference in self._open:
            self._recursive[reference] = None
            return _name(reference)
        self._open.append(reference)
        try:
            return self.node(self._target(reference), indent)
        finally:
            self._open.remove(reference)

    def _marked(self, kind: str) -> str:
        self._kinds[kind] = None
        if kind == "color":
            return "color"
        convention = _need(self.convention)
        return {"box": convention.box_form, "point": convention.point_form, "polygon": f"[{convention.point_form}, ...]"}[kind]

    def _union(self, branches: Sequence[Any], indent: int) -> str:
        return " | ".join(dict.fromkeys(self.node(branch, indent) for branch in branches))

    def _array(self, schema: JsonSchema, indent: int) -> str:
        if "prefixItems" in schema:
            return "[" + ", ".join(self.node(item, indent) for item in schema["prefixItems"]) + "]"
        low, high = schema.get("minItems"), schema.get("maxItems")
        item = self.node(schema.get("items", True), indent)
        if low == high and low is not None and low <= 4 and "\n" not in item:
            return "[" + ", ".join([item] * low) + "]"
        return f"[{item}, ...]" + _bounds(low, high)

    def _object(self, schema: JsonSchema, indent: int) -> str:
        properties = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        if not properties:
            return f"{{string: {self.node(extra, indent)}, ...}}" if extra else "{}"
        inner = "  " * (indent + 1)
        lines = []
        for position, (key, value) in enumerate(properties.items()):
            mark = "" if key in schema.get("required", ()) else "?"
            comma = "," if position + 1 < len(properties) or extra else ""
            comment = self._comment(value)
            lines.append(f"{inner}{json.dumps(key, ensure_ascii=False)}{mark}: {self.node(value, indent + 1)}{comma}{comment}")
        if extra:
            lines.append(f"{inner}string: {self.node(extra, indent + 1)}, ...")
        return "{\n" + "\n".join(lines) + "\n" + "  " * indent + "}"

    def _comment(self, schema: Any) -> str:
        if not isinstance(schema, Mapping):
            return ""
        description = schema.get("description")
        if not description and "$ref" in schema and (target := self._target(schema["$ref"])) and MARKER not in target:
            description = target.get("description")
        return f" // {_one_line(description)}" if description else ""


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1] or "the whole form"


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" ({low} to {high})"
    if high is not None:
        return f" (at most {high})"
    return f" (at least {low})" if low else ""


def _scalar(schema: JsonSchema) -> str:
    kind = schema.get("type", "any")
    word = {"integer": "int", "number": "float", "boolean": "true | false"}.get(kind, kind)
    if kind in ("integer", "number"):
        return word + _bounds(schema.get("minimum"), schema.get("maximum"))
    if kind == "string" and "format" in schema:
        return f"{word} ({schema['format']})"
    if kind == "string" and len(schema.get("pattern", "")) in range(1, _MAX_PATTERN):
        return f"{word} (matching {schema['pattern']})"
    return str(word)
