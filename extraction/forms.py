"""A JSON schema as a form to fill in: what ``prompts.schema_text`` shows to a model.

    {"label": string, // what it is
     "box": [x1, y1, x2, y2]}

The embedded model has learnt to read these very forms: what is written for a schema today must not change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from extraction.conventions import BoxConvention
from extraction.errors import BoxConventionError
from extraction.places import GEOMETRY
from extraction.schemas.color import Color
from extraction.schemas.geometry import Box, Point, Polygon, Size
from extraction.schemas.json_schema import json_schema_of, reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY

JsonSchema = Mapping[str, Any]

_COLOR_LEGEND = "color: red, orange, yellow, green, blue, purple, pink, brown, black, white, gray or #rrggbb"
_SIZE_LEGEND = "[width, height]: whole numbers of pixels"

_MAX_COMMENT: Final = 200
_MAX_PATTERN: Final = 60
_MAX_INLINED: Final = 100
"""Definitions written out where they are used; in a schema with more of them, the others are named there."""

OWN_WORDS = frozenset(json_schema_of(kind)["description"] for kind in (Box, Point, Polygon, Size, Color))
"""How the marked types describe themselves, in pixels: nothing for a model to read."""

_NUMBERS = {"integer": "int", "number": "float"}
_ANNOTATIONS = frozenset(
    """title description default examples deprecated readOnly writeOnly discriminator $schema $id $anchor $comment $defs
    definitions $ref $dynamicRef $recursiveRef allOf anyOf oneOf""".split()
)


def one_line(text: object) -> str:
    """A description in one line of bounded length."""
    line = " ".join(str(text).split())
    return line if len(line) <= _MAX_COMMENT else line[: _MAX_COMMENT - 1].rstrip() + "…"


def known(convention: BoxConvention | None) -> BoxConvention:
    """The convention, where there is one of boxes in JSON.

    Raises:
        BoxConventionError: There is none.
    """
    if convention is None:
        raise BoxConventionError(
            "the schema holds boxes, and nobody knows how this model writes them",
            hint="name the convention, for instance family='relative-1000'",
        )
    if convention.kind == "grid":
        raise BoxConventionError(
            f"models of the family {convention.name!r} write boxes as cells, in a text of their own and not in JSON",
            hint="use native_chain, or name a convention such as family='relative-1000'",
        )
    return convention


class FormWriter:
    """Writes the form of one schema; remembers which definitions and legends its text refers to.

    Raises:
        SchemaError: From its methods: a ``$ref`` leads nowhere.
        BoxConventionError: From its methods: there are boxes, and no convention.
    """

    def __init__(self, root: JsonSchema, convention: BoxConvention | None) -> None:
        self.root = root
        self.convention = convention
        self._open: list[str] = ["#"]
        self._inlined = 0
        self._named: dict[str, None] = {}
        self._kinds: dict[str, None] = {}

    def node(self, schema: Any, indent: int = 0) -> str:
        """The form of one node; lines after the first are indented by ``indent`` levels."""
        if schema is True or not schema:
            return "any"
        if schema.get(MARKER_KEY) in (*GEOMETRY, "color", "size"):
            return self._marked(schema)
        own = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
        if (reference := reference_in(schema)) is not None:
            return self._reference(reference, own, indent)
        if "const" in schema:
            return json.dumps(schema["const"], ensure_ascii=False)
        if "enum" in schema:
            return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
        for key in ("anyOf", "oneOf"):
            if key in schema:
                rest = own | {other: schema[other] for other in ("allOf", "anyOf", "oneOf") if other in schema}
                del rest[key]
                return self._union([_both(branch, rest) for branch in schema[key]], indent)
        if "allOf" in schema:
            return self.node(self._all_of([*schema["allOf"], own]), indent)
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._union([{**schema, "type": one} for one in kind], indent)
        if kind == "array":
            return self._array(schema, indent)
        if kind == "object" or "properties" in schema:
            return self._object(schema, indent)
        return _scalar(schema)

    def definitions(self) -> Iterator[str]:
        """The forms of the definitions that the text names, each once."""
        done: set[str] = set()
        while waiting := [reference for reference in self._named if reference not in done]:
            for reference in waiting:
                done.add(reference)
                self._open = ["#", reference]
                yield f"{_name(reference)}: {self.node(resolve_reference(self.root, reference))}"

    def legends(self) -> Iterator[str]:
        """What the special forms of the text mean, a line each."""
        if "color" in self._kinds:
            yield _COLOR_LEGEND
        if "size" in self._kinds:
            yield _SIZE_LEGEND
        if any(kind in self._kinds for kind in GEOMETRY):
            yield known(self.convention).words

    def _marked(self, schema: JsonSchema) -> str:
        kind = schema[MARKER_KEY]
        self._kinds[kind] = None
        forms = {"color": "color", "size": "[width, height]"}
        if kind in GEOMETRY:
            convention = known(self.convention)
            point = convention.point_form
            forms |= {"box": convention.box_form, "point": point, "polygon": f"[{point}, ...]"}
        return f"{forms[kind]} | null" if "null" in schema.get("type", ()) else str(forms[kind])

    def _reference(self, reference: str, own: JsonSchema, indent: int) -> str:
        target = resolve_reference(self.root, reference)
        is_object = isinstance(target, Mapping) and "properties" in target
        if reference in self._open or (is_object and self._inlined >= _MAX_INLINED):
            if reference != "#":
                self._named[reference] = None
            return _name(reference)
        self._inlined += is_object
        self._open.append(reference)
        try:
            return self.node(_both(target, own), indent)
        finally:
            self._open.remove(reference)

    def _union(self, branches: Sequence[Any], indent: int) -> str:
        return " | ".join(dict.fromkeys(self.node(branch, indent) for branch in branches))

    def _all_of(self, branches: Sequence[Any]) -> Any:
        """One schema that says what all branches say together; of one branch, the branch itself."""
        told = [branch for branch in branches if isinstance(branch, Mapping) and branch]
        if len(told) == 1:
            return told[0]
        merged: dict[str, Any] = {}
        for branch in told:
            merged = _merged(merged, self._flat(branch, ()))
        return merged

    def _flat(self, branch: Any, passed: tuple[str, ...]) -> JsonSchema:
        """A branch without references and without allOf at its top."""
        if not isinstance(branch, Mapping):
            return {}
        flat = {key: value for key, value in branch.items() if key not in ("$ref", "$defs", "definitions", "allOf")}
        for part in branch.get("allOf", ()):
            flat = _merged(flat, self._flat(part, passed))
        reference = reference_in(branch)
        if reference is not None and reference not in passed:
            flat = _merged(self._flat(resolve_reference(self.root, reference), (*passed, reference)), flat)
        return flat

    def _array(self, schema: JsonSchema, indent: int) -> str:
        low, high, items = schema.get("minItems"), schema.get("maxItems"), schema.get("items", True)
        first = schema.get("prefixItems", items if isinstance(items, list) else None)
        if first is not None:
            forms = [self.node(item, indent) for item in first]
            if isinstance(items, Mapping) and high != len(first):
                forms += [self.node(items, indent), "..."]
            return "[" + ", ".join(forms) + "]"
        item = self.node(items, indent)
        if low == high and low is not None and low <= 4 and "\n" not in item:
            return "[" + ", ".join([item] * low) + "]"
        return f"[{item}, ...]" + _bounds(low, high)

    def _object(self, schema: JsonSchema, indent: int) -> str:
        properties = schema.get("properties") or {}
        others = [f"{key}: {self.node(value, indent + bool(properties))}, ..." for key, value in self._others(schema)]
        if not properties:
            return "{" + ", ".join(others) + "}"
        inner = "  " * (indent + 1)
        lines = []
        for position, (key, value) in enumerate(properties.items()):
            mark = "" if key in schema.get("required", ()) else "?"
            comma = "," if position + 1 < len(properties) or others else ""
            form = self.node(value, indent + 1)
            lines.append(f"{inner}{json.dumps(key, ensure_ascii=False)}{mark}: {form}{comma}{self._comment(value)}")
        lines += [inner + other for other in others]
        return "{\n" + "\n".join(lines) + "\n" + "  " * indent + "}"

    def _others(self, schema: JsonSchema) -> Iterator[tuple[str, Any]]:
        """Forms of the keys that an object may have besides those that it names, and the schemas of their values."""
        for pattern, value in schema.get("patternProperties", {}).items():
            yield f"string (matching {pattern})", value
        rest = schema.get("additionalProperties", "properties" not in schema and "patternProperties" not in schema)
        if rest:
            names = schema.get("propertyNames")
            yield "string" if names is None else self.node({"type": "string", **names}), rest

    def _comment(self, schema: Any) -> str:
        if not isinstance(schema, Mapping):
            return ""
        description = schema.get("description")
        if not description and (reference := reference_in(schema)) is not None:
            target = resolve_reference(self.root, reference)
            if isinstance(target, Mapping) and MARKER_KEY not in target:
                description = target.get("description")
        return f" // {one_line(description)}" if description and description not in OWN_WORDS else ""


def _both(schema: Any, own: JsonSchema) -> Any:
    """What a schema and the keywords beside the place that leads to it say together."""
    return {"allOf": [schema, own]} if own else schema


def _merged(first: JsonSchema, second: JsonSchema) -> dict[str, Any]:
    merged = {**first, **second}
    if "properties" in first and "properties" in second:
        merged["properties"] = {**first["properties"], **second["properties"]}
    if "required" in first and "required" in second:
        merged["required"] = [*first["required"], *second["required"]]
    return merged


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1] if reference != "#" else "the whole form"


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" ({low} to {high})"
    if high is not None:
        return f" (at most {high})"
    return f" (at least {low})" if low else ""


def _scalar(schema: JsonSchema) -> str:
    kind = str(schema.get("type", "any"))
    if kind in _NUMBERS:
        return _NUMBERS[kind] + _bounds(schema.get("minimum"), schema.get("maximum"))
    if kind == "string" and "format" in schema:
        return f"string ({schema['format']})"
    if kind == "string" and len(schema.get("pattern", "")) in range(1, _MAX_PATTERN):
        return f"string (matching {schema['pattern']})"
    return "true | false" if kind == "boolean" else kind
