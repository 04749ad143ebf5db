from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from extraction.bounds import CAPPED, MAX_NUMBER, Caps, Range, number_schema, reached_bound


@pytest.mark.parametrize(
    ("shortest", "longest", "expected"),
    [(0, None, (5, True)), (0, 5, (5, False)), (0, 9, (9, False)), (4, None, (5, True)), (5, None, (10, True))],
)
def test_lengths(shortest: int, longest: int | None, expected: tuple[int, bool]) -> None:
    assert Caps(items=5).length(shortest, longest) == expected
    assert Caps(string=5).length(shortest, longest, string=True) == expected


def _numbers(low: str | None = None, high: str | None = None, step: str | None = None, **more: Any) -> Any:
    bounds = [None if one is None else Fraction(one) for one in (low, high, step)]
    return number_schema(Range(bounds[0], bounds[1], step=bounds[2], **more))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (
            _numbers(),
            {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER, "multipleOf": 1e-6},
        ),
        (_numbers(whole=True), {"type": "integer", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}),
        (_numbers("0", "1"), {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 1e-6}),
        (
            _numbers("0", "1", open_low=True, open_high=True),
            {"type": "number", "minimum": 1e-6, "maximum": 0.999999, "multipleOf": 1e-6},
        ),
        (_numbers("0.5", "7.5", whole=True), {"type": "integer", "minimum": 1, "maximum": 7}),
        (_numbers("1", "1000", "0.01"), {"type": "number", "minimum": 1, "maximum": 1000, "multipleOf": 0.01}),
        (_numbers("0", "1", "0.25"), {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.25}),
        (_numbers("0", "100", "30", whole=True), {"enum": [0, 30, 60, 90]}),
        (_numbers("2.5", "2.5"), {"enum": [2.5]}),
        (_numbers("1e-12", "3e-12", open_low=True, open_high=True), None),
        (_numbers("1e30", whole=True), {"enum": [10**30]}),
        (_numbers("0", "1e300"), {"type": "number", "minimum": 0, "maximum": MAX_NUMBER, "multipleOf": 1e-6}),
        (_numbers("0", "3000000", "1000003", whole=True), {"enum": [0, 1000003, 2000006]}),
    ],
)
def test_numbers_are_finitely_many(numbers: Any, expected: dict[str, Any] | None) -> None:
    schema, missed = numbers
    assert missed is None
    if expected is not None:
        assert schema == expected
    else:
        assert len(schema["enum"]) > 10
        assert all(1e-12 < value < 3e-12 for value in schema["enum"])


@pytest.mark.parametrize(
    "numbers", [_numbers("2", "1"), _numbers("1", "1", open_low=True), _numbers("0.1", "0.2", whole=True)]
)
def test_ranges_without_a_number(numbers: Any) -> None:
    assert numbers == (None, None)


def test_what_a_grammar_cannot_count_is_named() -> None:
    schema, missed = _numbers("0", "1e15", "1000003", whole=True)
    assert missed == "multipleOf"
    assert schema == {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER}


LIST = {"type": "array", "items": {"type": "integer"}, "minItems": 0, "maxItems": 3, CAPPED: True}
OWN = {**LIST, "items": {"type": "string", "maxLength": 4}}
del OWN[CAPPED]


@pytest.mark.parametrize(
    ("value", "schema", "cut"),
    [
        ([1, 2, 3], LIST, True),
        ([1, 2], LIST, False),
        (["a", "a", "a"], OWN, False),
        ("abc", {"type": "string", "maxLength": 3, CAPPED: True}, True),
        ("abc", {"type": "string", "maxLength": 3}, False),
        ("abc", {"enum": ["abc"]}, False),
        (12, {"type": "integer"}, False),
        ({"a": {"b": [1, 2, 3]}}, {"$ref": "#/$defs/x"}, True),
        ([1, 2, 3], {"anyOf": [{"type": "null"}, LIST]}, True),
        (["a", "a", "a"], {"anyOf": [LIST, OWN]}, False),
        ([1, 2, 3], {"anyOf": [OWN, LIST]}, True),
    ],
)
def test_what_ran_into_a_cap_is_seen(value: Any, schema: dict[str, Any], cut: bool) -> None:
    inner = {"type": "object", "properties": {"b": LIST}, "required": ["b"], "additionalProperties": False}
    outer = {"type": "object", "properties": {"a": inner}, "required": [], "additionalProperties": False}
    assert reached_bound(value, [{**schema, "$defs": {"x": outer}}]) is cut


def test_open_objects_have_a_cap_too() -> None:
    schema: dict[str, Any] = {"type": "object", "patternProperties": {"": {"type": "integer"}}}
    schema |= {"additionalProperties": False, "maxProperties": 2, CAPPED: True}
    assert reached_bound({"a": 1, "b": 2}, [schema])
    assert not reached_bound({"a": 1}, [schema])


def test_branches_that_look_alike_are_looked_at_once() -> None:
    either = {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}]}
    node: dict[str, Any] = {"type": "array", "items": either, "minItems": 0, "maxItems": 2, CAPPED: True}
    value: list[Any] = [[], []]
    for _ in range(60):
        value = [value]
    assert reached_bound(value, [{**node, "$defs": {"a": node, "b": dict(node)}}])
