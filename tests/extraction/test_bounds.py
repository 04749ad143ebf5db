from __future__ import annotations

from typing import Any

import pytest

from extraction.bounds import (
    MAX_ITEMS,
    MAX_NUMBER,
    MAX_STRING,
    SMALLEST_STEP,
    bounded,
    reached_bound,
    without_lookaround,
)

STRING = {"type": "string", "maxLength": MAX_STRING}
WHOLE = {"minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, STRING),
        ({"type": "string", "maxLength": 5000}, {"type": "string", "maxLength": 5000}),
        ({"type": "string", "minLength": 3000}, {"type": "string", "minLength": 3000, "maxLength": 3000}),
        ({"type": "string", "pattern": "^a+$"}, {"type": "string", "pattern": "^a+$"}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"enum": ["a", "b"]}, {"enum": ["a", "b"]}),
        ({"type": "string", "const": "a"}, {"type": "string", "const": "a"}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"], "maxLength": MAX_STRING}),
        ({"type": "integer"}, {"type": "integer", **WHOLE}),
        ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER}),
        ({"type": "number"}, {"type": "number", **WHOLE, "multipleOf": SMALLEST_STEP}),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": 0.5}, None),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array", "items": STRING, "maxItems": MAX_ITEMS}),
        ({"type": "array", "items": {"enum": [1]}, "maxItems": 3}, None),
        ({"type": "array", "prefixItems": [{"enum": [1]}], "maxItems": 1, "minItems": 1}, None),
        ({"type": "boolean", "title": "T", "description": "d", "default": True, "x-order": 1}, {"type": "boolean"}),
        ({"$schema": "https://json-schema.org/x", "$id": "y", "type": "null"}, {"type": "null"}),
    ],
)
def test_everything_has_an_end(schema: dict[str, Any], expected: dict[str, Any] | None) -> None:
    assert bounded(schema) == (schema if expected is None else expected)


def test_objects_are_closed_unless_they_say_otherwise() -> None:
    named = {"type": "object", "properties": {"title": {"type": "null"}}}
    assert bounded(named) == {**named, "additionalProperties": False}
    free = {**named, "additionalProperties": {"type": "null"}}
    assert bounded(free) == {"maxProperties": MAX_ITEMS, **free}
    assert bounded({**named, "additionalProperties": False}) == {**named, "additionalProperties": False}
    together = bounded({"allOf": [named, named]})
    assert together == {"allOf": [named, named]}  # branches see each other's keys


def test_any_value_is_finite_too() -> None:
    result = bounded({"type": "object", "properties": {"a": True, "b": {}, "c": {"type": "array"}}})
    assert result["properties"]["a"] == result["properties"]["b"] == {"$ref": "#/$defs/x-any-6"}
    assert result["properties"]["c"] == {"type": "array", "items": {"$ref": "#/$defs/x-any-5"}, "maxItems": MAX_ITEMS}
    assert {"type": "null"} in result["$defs"]["x-any-0"]["anyOf"]
    assert len(result["$defs"]) == 7


def test_definitions_are_bounded_where_they_stand() -> None:
    schema = {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {"t": {"$ref": "#/$defs/T"}}}}}
    assert bounded(schema)["$defs"]["T"]["additionalProperties"] is False


def test_the_given_schema_is_not_changed() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
    before = repr(schema)
    bounded(schema)
    assert repr(schema) == before


def test_a_pydantic_decimal_is_a_number() -> None:
    look = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"
    schema = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": look}, {"type": "null"}]}
    assert [branch["type"] for branch in bounded(schema)["anyOf"]] == ["number", "null"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^(?!x)ab$", r"^ab$"),
        (r"^(?=[)]\))a(?<!b)c$", r"^ac$"),
        (r"^(?<name>a)$", None),
    ],
)
def test_look_around_is_taken_out(pattern: str, expected: str | None) -> None:
    def works(text: str) -> bool:
        return "(?" not in text

    result = without_lookaround({"properties": {"p": {"type": "string", "pattern": pattern}}}, works)["properties"]["p"]
    assert result == (STRING if expected is None else {"type": "string", "pattern": expected})


@pytest.mark.parametrize(
    ("value", "cut"),
    [
        ("a" * MAX_STRING, True),
        ("a" * (MAX_STRING - 1), False),
        ({"a": [{"b": [0] * MAX_ITEMS}]}, True),
        ({str(index): 0 for index in range(MAX_ITEMS)}, True),
        ([0] * (MAX_ITEMS - 1), False),
        (12, False),
    ],
)
def test_what_ran_into_a_bound_is_seen(value: Any, cut: bool) -> None:
    assert reached_bound(value) is cut
