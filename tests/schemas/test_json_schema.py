"""JSON Schema in and out: types of every kind, recursion, and files with every kind of mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NotRequired

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from extraction.errors import SchemaError
from extraction.schemas.geometry import Box
from extraction.schemas.json_schema import check_json_schema, json_schema_of, read_json_schema
from extraction.schemas.scene import Scene


class Node(BaseModel):
    """A recursive model with an alias."""

    name: str = Field(alias="nodeName")
    below: list[Node] = []


class Line(TypedDict):
    """One line."""

    price: Annotated[float, ..., "price of one"]


class Bill(TypedDict):
    """A bill."""

    number: Annotated[str, ..., "printed number"]
    line: NotRequired[Annotated[Line | None, None, "the only line"]]
    total: Annotated[float, Field(description="sum of all")]
    where: Box


@dataclass
class Pair:
    left: int
    right: int | None = None


class Unfinished(BaseModel):
    gap: Nowhere  # type: ignore[name-defined]  # noqa: F821


class Function(BaseModel):
    call: Callable[[int], int]


class TestOfTypes:
    def test_model(self) -> None:
        assert json_schema_of(Scene) == Scene.model_json_schema()

    def test_recursion_and_alias_stay(self) -> None:
        schema = json_schema_of(Node)
        assert schema["$ref"] == "#/$defs/Node"
        node = schema["$defs"]["Node"]
        assert list(node["properties"]) == ["nodeName", "below"]
        assert node["properties"]["below"]["items"] == {"$ref": "#/$defs/Node"}

    def test_typed_dict(self) -> None:
        schema = json_schema_of(Bill)
        assert schema["description"] == "A bill."
        assert schema["required"] == ["number", "total", "where"]
        assert schema["properties"]["number"] == {"title": "Number", "type": "string", "description": "printed number"}
        assert schema["properties"]["line"]["anyOf"] == [{"$ref": "#/$defs/Line"}, {"type": "null"}]
        assert schema["properties"]["line"]["description"] == "the only line"
        assert schema["properties"]["total"]["description"] == "sum of all"
        assert schema["$defs"]["Line"]["properties"]["price"]["description"] == "price of one"
        assert schema["$defs"]["Box"]["x-extraction"] == "box"

    def test_typed_dict_in_a_function(self) -> None:
        class Inner(TypedDict):
            size: Annotated[int, ..., "how large"]

        class Outer(TypedDict):
            inner: Annotated[Inner, ..., "what is inside"]

        class Holder(BaseModel):
            outer: Outer

        definitions = json_schema_of(Holder)["$defs"]
        assert definitions["Inner"]["properties"]["size"]["description"] == "how large"
        assert definitions["Outer"]["properties"]["inner"] == {"$ref": "#/$defs/Inner"}

    def test_other_types(self) -> None:
        assert json_schema_of(list[Scene])["items"] == {"$ref": "#/$defs/Scene"}
        assert json_schema_of(int | None) == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
        assert json_schema_of(Pair)["required"] == ["left"]

    def test_dict_is_copied(self) -> None:
        given = {"type": "object", "properties": {"a": {"type": "string"}}}
        copied = json_schema_of(given)
        assert copied == given
        copied["properties"]["a"]["type"] = "number"
        assert given["properties"] == {"a": {"type": "string"}}

    def test_version_one_models(self) -> None:
        v1 = pytest.importorskip("pydantic.v1")
        old = v1.create_model("Old", total=(int, ...))
        assert json_schema_of(old)["properties"] == {"total": {"title": "Total", "type": "integer"}}

    @pytest.mark.parametrize(
        ("schema", "said"),
        [
            (Unfinished, "Unfinished cannot be described as a JSON schema: `Unfinished` is not fully defined"),
            (Function, "Function cannot be described as a JSON schema: Cannot generate a JsonSchema"),
            (Path.open, "is not a schema"),
            (object(), "is not a schema"),
            ("Scene", "'Scene' is not a schema"),
            ("Scene", "extraction.schemas.load_schema finds one by name"),
            (Scene(objects=[]), "an object of Scene is not a schema (give the class itself: Scene)"),
            (None, "None is not a schema"),
            (memoryview, "memoryview cannot be described as a JSON schema"),
        ],
    )
    def test_refuses(self, schema: Any, said: str) -> None:
        with pytest.raises(SchemaError) as caught:
            json_schema_of(schema)
        assert said in str(caught.value)


GOOD: list[dict[str, Any]] = [
    {},
    {"type": "object", "properties": {"box": {"type": "array", "items": {"type": "number"}, "x-extraction": "box"}}},
    {"properties": {"child": {"$ref": "#"}}},
    {"properties": {"child": {"$ref": "#node"}}, "$defs": {"node": {"$anchor": "node", "type": "string"}}},
    {"$ref": "#/properties/a~1b%20c", "properties": {"a/b c": True}},
    {"prefixItems": [{"type": "string"}], "items": {"$ref": "#/prefixItems/0"}},
    {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}}},
    {"default": {"$ref": "https://example.com/a"}, "enum": [{"$ref": "x"}], "const": {"x-extraction": "y"}},
    {"properties": {"$ref": {"type": "string"}}},
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"A": {"type": "string"}},
        "items": [{"$ref": "#/definitions/A"}],
    },
]

BAD: list[tuple[dict[str, Any], str]] = [
    ({"properties": {"x": {"type": "objekt"}}}, " at /properties/x/type: 'objekt' is not one of ['array', 'boolean',"),
    ({"required": "x"}, " at /required: 'x' is not of type 'array'"),
    ({"properties": 5}, " at /properties: 5 is not of type 'object'"),
    ({"pattern": "("}, " at /pattern: '(' is not a 'regex'"),
    ({"$schema": "urn:unknown"}, ": unknown $schema 'urn:unknown'"),
    ({"$schema": 5}, ": unknown $schema 5"),
    ({"$ref": "https://example.com/a.json"}, " at /: refers to another document, 'https://example.com/a.json'"),
    ({"properties": {"a": {"$ref": "a.json"}}}, " at /properties/a: refers to another document, 'a.json'"),
    ({"properties": {"default": {"items": {"$ref": "x"}}}}, " at /properties/default/items: refers to another"),
    ({"allOf": [{"$ref": "#/$defs/No"}]}, " at /allOf/0: there is no '#/$defs/No' in the document"),
    ({"allOf": [{"$ref": "#/allOf/7"}]}, " at /allOf/0: there is no '#/allOf/7' in the document"),
    ({"allOf": [{"$ref": "#no"}]}, " at /allOf/0: there is no '#no' in the document"),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, " at /: '#/$defs/A' leads back to itself"),
    ({"$ref": "#"}, " at /: '#' leads back to itself"),
    ({"items": {"x-extraction": "bx"}}, " at /items: unknown x-extraction 'bx', known are box, point, polygon, size,"),
]


class TestDocuments:
    @pytest.mark.parametrize("schema", GOOD)
    def test_accepts(self, schema: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "schema.json"
        path.write_text("\ufeff" + json.dumps(schema), encoding="utf-8")
        assert read_json_schema(path) == schema

    @pytest.mark.parametrize(("schema", "said"), BAD)
    def test_refuses(self, schema: dict[str, Any], said: str) -> None:
        with pytest.raises(SchemaError) as caught:
            check_json_schema(schema, source="bill.json")
        assert str(caught.value).startswith(f"bill.json{said}")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b'{"a":\n 1,}', ":2:4: not JSON: "),
            (b"", ":1:1: not JSON: Expecting value"),
            (b'{"minimum": NaN}', ": not JSON: NaN is no JSON number"),
            (b'{"a": "\xff"}', ": not UTF-8 text, at byte 7"),
            (b"[1, 2]", ": a JSON schema is an object, this is [1, 2]"),
            (b"true", ": a JSON schema is an object, this is true"),
            (b"[" * 100_000, ": nested too deeply"),
            (b'{"items":' * 900 + b"{}" + b"}" * 900, ": nested too deeply"),
            (b'{"type": "nix"}', " at /type: 'nix' is not one of"),
        ],
    )
    def test_refuses_files(self, content: bytes, said: str, tmp_path: Path) -> None:
        path = tmp_path / "schema.json"
        path.write_bytes(content)
        with pytest.raises(SchemaError) as caught:
            read_json_schema(path)
        assert str(caught.value).startswith(f"{path}{said}")

    def test_refuses_what_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(SchemaError, match="No such file"):
            read_json_schema(tmp_path / "none.json")
        with pytest.raises(SchemaError, match="directory"):
            read_json_schema(tmp_path)
