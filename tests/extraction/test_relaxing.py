from __future__ import annotations

import time
from typing import Any

import pytest
from llguidance import LLMatcher

from extraction.bounds import Caps
from extraction.errors import SchemaError
from extraction.grammar import Constraint, build_grammar
from extraction.patterns import FORM, LIMITS
from extraction.relaxing import relaxed
from extraction.tools import ToolDialect
from tests.extraction.walks import byte_tokenizer


def _fits(schema: Any, text: str) -> bool:
    grammar = LLMatcher.grammar_from_json_schema(relaxed(schema).schema, overrides=FORM)
    matcher = LLMatcher(byte_tokenizer(), grammar, limits=LIMITS, log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    written = list(text.encode())
    return matcher.try_consume_tokens(written) == len(written) and matcher.is_accepting()


def _object(required: str = "", /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


INTEGER, STRING = {"type": "integer"}, {"type": "string"}
CARD = _object("how", how={"enum": ["cash", "card"]}, number=STRING)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        # Conditions become alternatives.
        (
            {**CARD, "if": {"properties": {"how": {"const": "card"}}}, "then": {"required": ["number"]}},
            ['{"how": "cash"}', '{"how": "card", "number": "1"}'],
            ['{"how": "card"}'],
        ),
        (
            {**CARD, "dependentRequired": {"number": ["owner"]}},
            ['{"how": "cash"}'],
            ['{"how": "cash", "number": "1"}'],
        ),
        ({**CARD, "not": {"required": ["number"]}}, ['{"how": "card"}'], ['{"how": "card", "number": "1"}']),
        ({"enum": [1, 2, "a"], "not": {"type": "string"}}, ["1", "2"], ['"a"', "3"]),
        ({"type": "integer", "minimum": 1, "maximum": 5, "not": {"enum": [2, 3]}}, ["1", "4"], ["2", "3", "6"]),
        # Merges see each other's keys, and what nobody names is forbidden.
        (
            {"allOf": [_object("a", a=INTEGER), _object("b", b=INTEGER)]},
            ['{"a": 1, "b": 2}'],
            ['{"a": 1}', '{"a": 1, "b": 2, "c": 3}'],
        ),
        (
            {"properties": {"a": INTEGER}, "anyOf": [{"properties": {"b": INTEGER}}, {"properties": {"c": INTEGER}}]},
            ['{"a": 1, "b": 2}', '{"a": 1, "c": 2}'],
            ['{"a": 1, "b": 2, "c": 3}'],
        ),
        ({"allOf": [{"type": "number"}, {"minimum": 3}], "maximum": 4}, ["3.5"], ["2", "5"]),
        ({"$ref": "#/$defs/n", "minimum": 3, "$defs": {"n": INTEGER}}, ["3"], ["2"]),
        # Keys: of a list, of a pattern, of any name, beside named ones.
        (
            {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": INTEGER},
            ['{"b": 1}', "{}"],
            ['{"c": 1}'],
        ),
        (
            {"type": "object", "propertyNames": {"pattern": "^x"}, "additionalProperties": INTEGER},
            ['{"xa": 1}'],
            ['{"a": 1}', '{"xa": "1"}'],
        ),
        (
            {**_object("ab", ab=INTEGER), "additionalProperties": STRING},
            ['{"ab": 1}', '{"ab": 1, "a": "x", "abc": "y"}'],
            ['{"ab": "1"}', '{"ab": 1, "abc": 2}'],
        ),
        (
            {"type": "object", "patternProperties": {"^a": INTEGER}, "properties": {"ab": {"minimum": 5}}},
            ['{"ab": 7, "ac": 1}'],
            ['{"ab": 3}', '{"b": 1}'],
        ),
        ({"type": "object", "required": ["z"], "properties": {"a": INTEGER}}, ['{"z": [1]}'], ["{}"]),
        # Lists and tuples.
        (
            {"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
            ['["a", 1]', '["a"]', "[]"],
            ['["a", 1, 2]', "[1]"],
        ),
        ({"items": [STRING], "additionalItems": INTEGER}, ['["a", 1, 2]'], ['["a", "b"]']),
        ({"type": "array", "uniqueItems": True, "items": {"const": 1}}, ["[1]", "[]"], ["[1, 1]"]),
        # References by pointer, anchor, embedded identity, and in circles.
        ({"$ref": "#x", "$defs": {"a": {"$anchor": "x", **INTEGER}}}, ["3"], ['"a"']),
        ({"$id": "http://a.b/c", "$ref": "d", "$defs": {"d": {"$id": "d", **INTEGER}}}, ["3"], ['"a"']),
        ({"anyOf": [{"$ref": "#"}, INTEGER]}, ["3"], ['"a"']),
        (
            {**_object(x=INTEGER, y={"$ref": "#/$defs/l"}), "$defs": {"l": _object("n", n={"$ref": "#/$defs/l"})}},
            ['{"x": 1}'],
            ['{"y": {'],
        ),
        # Old drafts.
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True, **INTEGER},
            ["4"],
            ["3"],
        ),
        # Dates that exist.
        ({"type": "string", "format": "date"}, ['"2024-02-29"', '"2000-02-29"'], ['"2023-02-29"', '"1900-02-29"']),
        ({"type": "string", "format": "time"}, ['"23:59:59Z"'], ['"24:00:00Z"', '"23:59:60Z"']),
    ],
)
def test_what_is_said_in_many_ways_is_held_to(schema: Any, good: list[str], bad: list[str]) -> None:
    assert relaxed(schema).notes == ()
    assert [_fits(schema, text) for text in good] == [True] * len(good)
    assert [_fits(schema, text) for text in bad] == [False] * len(bad)


@pytest.mark.parametrize(
    ("schema", "notes"),
    [
        (_object(a={"type": "array", "items": STRING, "uniqueItems": True}), [("uniqueItems", "$.properties.a")]),
        (_object(a={"type": "array", "contains": INTEGER}), [("contains", "$.properties.a")]),
        (_object(a={"type": "string", "not": {"const": "x"}}), [("not", "$.properties.a")]),
        (_object(a={"not": {"pattern": "^a"}}), [("not", "$.properties.a")]),
        ({"if": {"pattern": "^a"}, "then": {"maxLength": 3}, "type": "string"}, [("if", "$")]),
        ({"oneOf": [INTEGER, {"type": "number"}]}, [("oneOf", "$")]),
        ({"type": "string", "pattern": "^(?=a)ab$"}, [("pattern", "$")]),
        ({"type": "string", "pattern": r"^(a|b)\1$"}, [("pattern", "$")]),
        ({"type": "string", "format": "phone"}, [("format", "$")]),
        ({"type": "integer", "multipleOf": 10**9 + 7}, [("multipleOf", "$")]),
        (
            {"type": "object", "patternProperties": {"^a": INTEGER, "z$": {"minimum": 3}}},
            [("patternProperties", "$")],
        ),
        ({**_object(a=INTEGER, b=INTEGER, c=INTEGER), "minProperties": 2}, [("minProperties", "$")]),
        ({"properties": {"oneOf": {"properties": {"not": STRING}}}}, []),
    ],
)
def test_what_a_grammar_cannot_say_is_named_with_its_place(schema: Any, notes: list[tuple[str, str]]) -> None:
    assert list(relaxed(schema).notes) == notes


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "http://example.com/x"}, "another document"),
        ({"$ref": "#/nowhere"}, "leads nowhere"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "leads back to itself"),
        ({"$ref": "#/$defs/a", "$defs": {"a": _object("x", x={"$ref": "#/$defs/a"})}}, "no finite value"),
        ({"allOf": [INTEGER, STRING]}, "no finite value"),
        ({"type": "array", "items": False, "minItems": 1}, "no finite value"),
        ({"not": {}}, "no finite value"),
        ({"type": 5}, r"wrong at \$: 5 is no type"),
        (_object(a={"enum": 3}), r"wrong at \$.properties.a: 'enum' cannot be 3"),
        ({"properties": []}, "'properties' cannot be"),
        ({"required": [1]}, "'required' is a list of strings"),
        ({"minimum": "3"}, "'minimum' cannot be"),
        ({"maximum": float("inf")}, "'maximum' cannot be inf"),
        ({"multipleOf": 0}, "above 0"),
        ({"minLength": -1}, "'minLength' cannot be -1"),
        ({"dependentRequired": {"a": 5}}, "no list"),
        ({"items": 5}, r"\$.items: 5 is no schema"),
        ({"$ref": 5}, r"'\$ref' cannot be 5"),
    ],
)
def test_what_is_broken_or_impossible_says_so(schema: Any, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        relaxed(schema)


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = INTEGER
    for _ in range(levels):
        schema = _object("a", a=schema)
    return schema


def _fan(keyword: str) -> dict[str, Any]:
    twice = [[{"$ref": f"#/$defs/d{level + 1}"}] * 2 for level in range(40)]
    own = [{"type": "object", "properties": {f"p{level}": INTEGER}} for level in range(40)]
    levels = {f"d{level}": {keyword: [*twice[level], own[level]]} for level in range(40)}
    return {"$ref": "#/$defs/d0", "$defs": {**levels, "d40": {"type": "object"}}}


HOSTILE = {
    "deep": _deep(3000),
    "any_fan": _fan("anyOf"),
    "all_fan": _fan("allOf"),
    "one_fan": _fan("oneOf"),
    "enum": {"enum": [f"v{index}" for index in range(100_000)]},
    "optional": _object(**{f"p{index}": INTEGER for index in range(5000)}),
    "mixed": _object(**{f"p{index}": {"type": "string", "maxLength": index} for index in range(5000)}),
    "union": {"anyOf": [_object(f"k{index}", **{f"k{index}": STRING}) for index in range(1000)]},
    "product": {"allOf": [{"anyOf": [_object(**{f"p{i}_{j}": INTEGER}) for j in range(10)]} for i in range(20)]},
    "ladder": {"type": "string", "pattern": "^(a|ab|abc|abcd)*.{5,500}(z|y)*$"},
    "tower": {"type": "string", "pattern": "^((a{1,100}){1,100}){1,100}$"},
    "many": {"type": "array", "minItems": 10**9},
}


REFUSED = {"deep": "deep", "one_fan": "too large", "enum": "too big"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_neither_crash_nor_hang(name: str, recwarn: pytest.WarningsRecorder) -> None:
    began = time.process_time()
    if name in REFUSED:
        with pytest.raises(SchemaError, match=REFUSED[name]):
            build_grammar(Constraint.of(HOSTILE[name]), ToolDialect())
    else:
        assert build_grammar(Constraint.of(HOSTILE[name]), ToolDialect())
    assert time.process_time() - began < 20  # they take far below one second; without limits, for ever


def test_an_object_of_many_optional_keys_can_be_written() -> None:
    assert _fits(HOSTILE["optional"], '{"p4999": 1, "p0": 2}')
    assert not _fits(HOSTILE["optional"], '{"p5000": 1}')
    assert _fits(HOSTILE["mixed"], '{"p17": 1}')
    assert relaxed(HOSTILE["mixed"]).notes == (("properties", "$"),)


def test_every_repetition_has_an_end() -> None:
    schema = relaxed({"type": "array", "items": {"type": "object"}}, Caps(items=7, string=9)).schema
    assert (schema["maxItems"], schema["items"]["maxProperties"]) == (7, 7)
    assert schema["$defs"]["x-any-0"]["anyOf"][0]["maxLength"] == 9
    assert relaxed({"type": "string", "pattern": "^a+$"}, Caps(string=9)).schema["maxLength"] == 9
    assert "maxLength" not in relaxed({"type": "string", "pattern": "^a{2,4}$"}).schema
