from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX, BoxConvention
from extraction.errors import BoxConventionError, SchemaError
from extraction.prompts import INSTRUCTION, SYSTEM, has_geometry, model_schema, schema_text, tools_text
from extraction.schemas import Box, Color, Counts, Point, Polygon, Scene, Size, json_schema_of

COLORS = "color: red, orange, yellow, green, blue, purple, pink, brown, black, white, gray or #rrggbb"
BOXES = (
    "[x1, y1, x2, y2]: left, top, right, bottom as whole numbers from 0 to 1000, where 1000 is the full width or height"
)


def form(schema: Any, convention: BoxConvention | None = RELATIVE_1000) -> str:
    """The text without its first line."""
    first, _, rest = schema_text(json_schema_of(schema), convention).partition("\n")
    assert first == "Answer with JSON in this form:"
    return rest


# --- what the embedded model was trained on: these texts never change -------------------------------------------------


def test_the_words_that_the_embedded_model_knows() -> None:
    assert SYSTEM == "You read pictures and answer with JSON only."
    assert INSTRUCTION == "Extract what the picture shows."
    assert (
        schema_text(json_schema_of(Scene), RELATIVE_1000)
        == f"""\
Answer with JSON in this form:
{{
  "objects": [{{
    "label": string, // what it is, in one or two words
    "color": color, // its main colour
    "box": [x1, y1, x2, y2] // where it is
  }}, ...] // every object in the picture
}}
{COLORS}
{BOXES}"""
    )


def test_forms_like_those_that_it_was_trained_on() -> None:
    box = {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}
    schema = {
        "type": "object",
        "properties": {
            "shape": {"enum": ["circle", "star"], "description": "what it is"},
            "where": {"anyOf": [box, {"type": "null"}]},
            "place": {"anyOf": [{**box, "x-extraction": "box"}, {"type": "null"}], "description": "of the largest"},
            "n": {"type": "integer"},
            "any_red": {"type": "boolean"},
            "colors": {"type": "array", "items": {"type": "string", "x-extraction": "color"}},
            "rows": {
                "type": "array",
                "items": {"type": "object", "properties": {"a": {"type": "string"}}, "required": []},
            },
        },
        "required": ["shape", "n", "any_red", "colors", "rows"],
    }
    assert (
        form(schema)
        == f"""\
{{
  "shape": "circle" | "star", // what it is
  "where"?: [int, int, int, int] | null,
  "place"?: [x1, y1, x2, y2] | null, // of the largest
  "n": int,
  "any_red": true | false,
  "colors": [color, ...],
  "rows": [{{
    "a"?: string
  }}, ...]
}}
{COLORS}
{BOXES}"""
    )


def test_counts() -> None:
    assert (
        form(Counts)
        == """\
{
  "counts": [{
    "label": string, // what is counted, in one or two words
    "count": int // how many there are
  }, ...] // one entry for each kind of thing
}"""
    )


# --- conventions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("convention", "box", "point"),
    [
        (RELATIVE_1000, "[x1, y1, x2, y2]", "[x, y]"),
        (RELATIVE_1000_YXYX, "[y1, x1, y2, x2]", "[y, x]"),
        (RELATIVE_1, "[x1, y1, x2, y2]", "[x, y]"),
        (PIXEL, "[x1, y1, x2, y2]", "[x, y]"),
    ],
)
def test_boxes_are_shown_as_the_model_writes_them(convention: BoxConvention, box: str, point: str) -> None:
    assert form(tuple[Box, Point, Polygon], convention) == f"[{box}, {point}, [{point}, ...]]\n{convention.words}"


def test_a_schema_with_boxes_needs_a_convention_and_another_one_does_not() -> None:
    with pytest.raises(BoxConventionError, match="nobody knows how this model writes them") as caught:
        schema_text(json_schema_of(Scene), None)
    assert str(caught.value).endswith("(name the convention, for instance family='relative-1000')")
    with pytest.raises(BoxConventionError):
        model_schema(json_schema_of(Scene), None)
    assert form(Counts, None).startswith("{")
    assert model_schema(json_schema_of(Counts), None) == json_schema_of(Counts)


# --- schemas of all kinds --------------------------------------------------------------------------------------------


class Kind(Enum):
    CAT = "cat"
    DOG = "dog"


class Node(BaseModel):
    """A branch."""

    name: str
    children: list[Node] = []


class Ping(BaseModel):
    pong: Pong | None = None


class Pong(BaseModel):
    ping: Ping | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    box: Box


class Dog(BaseModel):
    kind: Literal["dog"]
    spot: Point | None = None


class Named(BaseModel):
    box: Box = Field(alias="bounding box")


class Typed(TypedDict, total=False):
    a: Annotated[str, ..., "what it is"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (int, "int"),
        (str, "string"),
        (Literal["a", 3, None], '"a" | 3 | null'),
        (Kind, '"cat" | "dog"'),
        (Color, f"color\n{COLORS}"),
        (Size, "[width, height]\n[width, height]: whole numbers of pixels"),
        (Box | None, f"[x1, y1, x2, y2] | null\n{BOXES}"),
        (Box | str, f"[x1, y1, x2, y2] | string\n{BOXES}"),
        (list[Box], f"[[x1, y1, x2, y2], ...]\n{BOXES}"),
        (dict[str, list[Box]], f"{{string: [[x1, y1, x2, y2], ...], ...}}\n{BOXES}"),
        (dict[Literal["a", "b"], int], '{"a" | "b": int, ...}'),
        (dict[str, Any], "{string: any, ...}"),
        (list[Any], "[any, ...]"),
        (Annotated[list[int], Field(min_length=2, max_length=9)], "[int, ...] (2 to 9)"),
        (Annotated[int, Field(ge=1, le=5)], "int (1 to 5)"),
        (Annotated[str, Field(pattern="^[A-Z]+$")], "string (matching ^[A-Z]+$)"),
        (list[Cat | Dog], (f'[{{\n  "kind": "cat",\n  "box": [x1, y1, x2, y2]\n}} | {{\n  "kind": "dog",\n'
                          f'  "spot"?: [x, y] | null\n}}, ...]\n{BOXES}')),
        (Named, f'{{\n  "bounding box": [x1, y1, x2, y2]\n}}\n{BOXES}'),
        (Typed, '{\n  "a"?: string // what it is\n}'),
        (Node, '{\n  "name": string,\n  "children"?: [Node, ...]\n}\nNode: {\n  "name": string,\n  "children"?: [Node, ...]\n}'),
        (Ping, ('{\n  "pong"?: {\n    "ping"?: Ping | null\n  } | null\n}\n'
               'Ping: {\n  "pong"?: {\n    "ping"?: Ping | null\n  } | null\n}')),
    ],
)  # fmt: skip
def test_types(schema: Any, expected: str) -> None:
    assert form(schema) == expected


INT = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, "any"),
        ({"type": "object"}, "{string: any, ...}"),
        ({"type": "object", "properties": {}}, "{}"),
        ({"type": "object", "additionalProperties": False}, "{}"),
        ({"type": ["integer", "null"]}, "int | null"),
        ({"const": {"a": [1]}}, '{"a": [1]}'),
        ({"type": "array", "items": [INT, {"type": "string"}]}, "[int, string]"),
        ({"type": "array", "prefixItems": [INT], "items": {"type": "string"}}, "[int, string, ...]"),
        ({"type": "object", "patternProperties": {"^n_": INT}}, "{string (matching ^n_): int, ...}"),
        ({"type": "object", "properties": {"a": INT}, "additionalProperties": {"type": "string"}},
         '{\n  "a"?: int,\n  string: string, ...\n}'),
        ({"properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}}, '{\n  "kids"?: [the whole form, ...]\n}'),
        ({"properties": {"a": {"$ref": "#/$defs/x~1y~0z"}}, "$defs": {"x/y~z": INT}}, '{\n  "a"?: int\n}'),
        ({"properties": {"a": {"$ref": "#n"}}, "$defs": {"x": INT | {"$anchor": "n"}}}, '{\n  "a"?: int\n}'),
        ({"properties": {"a": {"$ref": "#/$defs/L", "maxItems": 3, "description": "few"}},
          "$defs": {"L": {"type": "array", "items": INT, "minItems": 1, "description": "many"}}},
         '{\n  "a"?: [int, ...] (1 to 3) // few\n}'),
        ({"allOf": [{"$ref": "#/$defs/A"}, {"properties": {"b": INT}, "required": ["b"]}],
          "$defs": {"A": {"type": "object", "properties": {"a": INT}, "required": ["a"]}}},
         '{\n  "a": int,\n  "b": int\n}'),
        ({"properties": {"a": {"allOf": [{"$ref": "#/$defs/A"}], "title": "A"}}, "$defs": {"A": INT}}, '{\n  "a"?: int\n}'),
        ({"type": "object", "properties": {"a": INT, "b": INT}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
         '{\n  "a": int,\n  "b"?: int\n} | {\n  "a"?: int,\n  "b": int\n}'),
        ({"type": "string", "oneOf": [{"format": "date"}, {"format": "time"}]}, "string (date) | string (time)"),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, "A\nA: A"),
        ({"properties": {"a": {"x-extraction": "box", "type": ["array", "null"], "description": "the door"}}},
         f'{{\n  "a"?: [x1, y1, x2, y2] | null // the door\n}}\n{BOXES}'),
        ({"properties": {"x-extraction": INT}}, '{\n  "x-extraction"?: int\n}'),
        ({"properties": {"a": {"type": "string", "description": "two\n  lines"}}}, '{\n  "a"?: string // two lines\n}'),
        ({"properties": {'a"b': INT}}, '{\n  "a\\"b"?: int\n}'),
    ],
)  # fmt: skip
def test_schemas_written_by_hand(schema: dict[str, Any], expected: str) -> None:
    assert form(schema) == expected


def test_a_box_that_stands_inline_is_not_described_in_pixels() -> None:
    inlined = {"properties": {"a": json_schema_of(Box), "b": json_schema_of(Color)}}
    assert form(inlined) == f'{{\n  "a"?: [x1, y1, x2, y2],\n  "b"?: color\n}}\n{COLORS}\n{BOXES}'


def test_long_descriptions_are_shortened() -> None:
    text = form({"properties": {"a": {"type": "string", "description": "word " * 100}}})
    assert text.splitlines()[1] == '  "a"?: string // ' + "word " * 39 + "word…"


def test_a_schema_that_doubles_with_each_level_is_named_instead_of_written_out() -> None:
    defs: dict[str, Any] = {
        f"L{n}": {
            "type": "object",
            "properties": {"a": {"$ref": f"#/$defs/L{n + 1}"}, "b": {"$ref": f"#/$defs/L{n + 1}"}},
        }
        for n in range(30)
    }
    text = form({"$ref": "#/$defs/L0", "$defs": defs | {"L30": {"type": "object", "properties": {"x": INT}}}})
    assert len(text) < 20_000
    assert all(f"\nL{n}: {{" in text for n in range(20, 31))


def test_a_schema_that_is_nested_too_deeply_raises() -> None:
    schema: dict[str, Any] = INT
    for _ in range(3000):
        schema = {"type": "array", "items": schema}
    for read in (schema_text, model_schema):
        with pytest.raises(SchemaError, match="nested too deeply"):
            read(schema, None)
    assert not has_geometry(schema)


def test_a_reference_to_nowhere_raises() -> None:
    with pytest.raises(SchemaError, match="'#/\\$defs/B' leads nowhere"):
        schema_text({"properties": {"a": {"$ref": "#/$defs/B"}}}, None)
    with pytest.raises(SchemaError, match=r"'other\.json' leads nowhere"):
        schema_text({"$ref": "other.json"}, None)


# --- the schema of what a model writes --------------------------------------------------------------------------------


def resolved(marker: str, convention: BoxConvention, **keywords: Any) -> dict[str, Any]:
    return model_schema({"x-extraction": marker, **keywords}, convention)


def test_boxes_become_arrays_of_the_models_numbers() -> None:
    whole = {"type": "integer", "minimum": 0, "maximum": 1000}
    assert resolved("box", RELATIVE_1000) == {
        "description": BOXES, "type": "array", "items": whole, "minItems": 4, "maxItems": 4,
    }  # fmt: skip
    assert resolved("box", RELATIVE_1)["items"] == {"type": "number", "minimum": 0, "maximum": 1}
    assert resolved("box", PIXEL)["items"] == {"type": "integer", "minimum": 0, "x-extraction-pixels": 1.0}
    assert resolved("point", RELATIVE_1000_YXYX) == {
        "description": f"[y, x], in the numbers of {RELATIVE_1000_YXYX.words}",
        "type": "array", "items": whole, "minItems": 2, "maxItems": 2,
    }  # fmt: skip
    polygon = resolved("polygon", RELATIVE_1000)
    assert (polygon["items"]["items"], polygon["items"]["minItems"], polygon["minItems"]) == (whole, 2, 3)


def test_descriptions_speak_of_the_models_numbers_and_keep_what_the_user_says() -> None:
    scene = model_schema(json_schema_of(Scene), RELATIVE_1000)
    assert scene["$defs"]["Box"]["description"] == BOXES
    assert scene["$defs"]["DetectedObject"]["properties"]["box"] == {
        "$ref": "#/$defs/Box",
        "description": "where it is",
    }
    assert resolved("box", RELATIVE_1000, description="the door")["description"] == f"the door ({BOXES})"


def test_nothing_but_marks_changes() -> None:
    schema = {
        "properties": {
            "x-extraction": {"type": "string"},
            "b": {"x-extraction": "box", "type": ["array", "null"]},
            "c": json_schema_of(Color),
        },
        "default": {"x-extraction": "box"},
        "enum": [{"x-extraction": "box"}],
    }
    before = json.dumps(schema)
    result = model_schema(schema, RELATIVE_1000)
    assert json.dumps(schema) == before
    assert result["properties"]["x-extraction"] == {"type": "string"}
    assert [branch["type"] for branch in result["properties"]["b"]["anyOf"]] == ["array", "null"]
    assert result["properties"]["c"] == {k: v for k, v in json_schema_of(Color).items() if k != "x-extraction"}
    assert (result["default"], result["enum"]) == (schema["default"], schema["enum"])


@pytest.mark.parametrize(
    ("schema", "expected"),
    [(Scene, True), (list[Point], True), (dict[str, Polygon], True), (Counts, False), (Color, False), (Size, False)],
)
def test_has_geometry(schema: Any, expected: bool) -> None:
    assert has_geometry(json_schema_of(schema)) == expected


# --- tools -----------------------------------------------------------------------------------------------------------


def test_tools() -> None:
    tools = [
        {"type": "function", "function": {"name": "search", "description": "Looks\nthings up.", "parameters": {
            "type": "object", "properties": {"query": {"type": "string", "description": "what"}}, "required": ["query"]}}},
        {"type": "function", "function": {"name": "mark", "parameters": json_schema_of(Cat)}},
        {"type": "function", "function": {"name": "stop"}},
    ]  # fmt: skip
    assert (
        tools_text(tools, RELATIVE_1000)
        == f"""\
You can call these tools:
search: Looks things up.
{{
  "query": string // what
}}
mark
{{
  "kind": "cat",
  "box": [x1, y1, x2, y2]
}}
stop
{{}}
{BOXES}
To call one, answer with <tool_call>{{"name": its name, "arguments": its arguments}}</tool_call>"""
    )
    with pytest.raises(BoxConventionError):
        tools_text(tools)


def test_a_form_cannot_ask_for_cells_of_a_grid() -> None:
    cells = BoxConvention("cells", "grid", 32)
    with pytest.raises(BoxConventionError, match="write boxes as cells, in a text of their own and not in JSON"):
        schema_text(json_schema_of(Scene), cells)
