from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
import torch
from pydantic import BaseModel, Field

from extraction.bounds import MAX_DEPTH, MAX_ITEMS, MAX_STRING
from extraction.conventions import PIXEL, RELATIVE_1000
from extraction.errors import GenerationError, SchemaError
from extraction.grammar import Constraint, GrammarWarning, _built, build_grammar, finite_schemas, was_cut
from extraction.loading import Checkpoint, ModelKey
from extraction.matching import CACHED_GRAMMARS, Grammars
from extraction.prompts import model_schema
from extraction.recursion import MAX_COPIES
from extraction.schemas import Box, Scene, json_schema_of
from extraction.tools import ToolDialect

PLAIN, NATIVE = ToolDialect(), ToolDialect(native=True, gap="\n")


@pytest.fixture(scope="module")
def checkpoint(tiny_qwen: str) -> Checkpoint:
    return Checkpoint(ModelKey(tiny_qwen))


@pytest.fixture(scope="module")
def grammars(checkpoint: Checkpoint) -> Grammars:
    vocabulary = len(checkpoint.tokenizer) + 7
    return Grammars(checkpoint.tokenizer, vocabulary=vocabulary, ends=frozenset([checkpoint.tokenizer.eos_token_id]))


def _follow(grammars: Grammars, checkpoint: Checkpoint, grammar: str, text: str) -> str:
    """ "yes" where a text is a whole answer, "part" where something must follow, "no" where it is forbidden."""
    matcher = grammars.matcher(grammar)
    for token in checkpoint.tokenizer.encode(text, add_special_tokens=False):
        scores = torch.zeros(len(checkpoint.tokenizer) + 7)
        matcher.mask(scores)
        if not scores[token].isfinite():
            return "no"
        matcher.accept(token)
    if matcher.complete:
        return "yes"
    scores = torch.zeros(len(checkpoint.tokenizer) + 7)
    matcher.mask(scores)
    return "yes" if scores[checkpoint.tokenizer.eos_token_id].isfinite() else "part"


@pytest.fixture
def check(grammars: Grammars, checkpoint: Checkpoint) -> Any:
    def run(schema: Mapping[str, Any] | Constraint, text: str) -> str:
        constraint = schema if isinstance(schema, Constraint) else Constraint.of(schema)
        return _follow(grammars, checkpoint, build_grammar(constraint, PLAIN), text)

    return run


class Kind(Enum):
    CIRCLE = "circle"
    SQUARE = "square"


class Item(BaseModel):
    kind: Kind
    size: float = Field(ge=0, le=10)
    note: str | None = None


class Order(BaseModel):
    items: list[Item] = Field(min_length=1, max_length=2)
    day: date
    total: Decimal
    how: Literal["card", "cash"]
    extra: dict[str, int] = {}


ORDER = {
    "items": [{"kind": "circle", "size": 2.5, "note": None}],
    "day": "2026-11-21",
    "total": 12.5,
    "how": "cash",
    "extra": {"a": 1},
}


def test_a_document_with_natural_separators_fits(check: Any) -> None:
    assert check(json_schema_of(Order), json.dumps(ORDER)) == "yes"
    assert check(json_schema_of(Order), json.dumps(ORDER)[:-5]) == "part"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ORDER, separators=(",", ":")),
        json.dumps(ORDER, indent=1),
        " " + json.dumps(ORDER),
        json.dumps({**ORDER, "surprise": 1}),
        json.dumps({**ORDER, "items": []}),
        json.dumps({**ORDER, "items": ORDER["items"] * 3}),  # type: ignore[operator]
        json.dumps({**ORDER, "how": "debt"}),
        json.dumps({**ORDER, "day": "21.11.2026"}),
        json.dumps({"day": "2026-11-21"}),
    ],
    ids=["compact", "indented", "leading", "extra", "few", "many", "literal", "date", "required"],
)
def test_what_does_not_fit_cannot_be_written(check: Any, text: str) -> None:
    assert check(json_schema_of(Order), text) == "no"


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string"}, '"grün 你好 👩‍🚀 \\n \\" "', '"a\n"'),
        ({"type": "string", "maxLength": 2}, '"👩你"', '"abc"'),
        ({"type": "integer"}, "-123", "1.5"),
        ({"type": "integer", "minimum": 0, "maximum": 1000}, "1000", "1001"),
        ({"type": "number"}, "-1234.000001", "1.0000001"),
        ({"type": ["integer", "null"], "maximum": 5}, "null", "6"),
        ({"type": "object"}, '{"a": [1, {"b": null}], "c": "d"}', "[1]"),
        ({"type": "array"}, '[1, "a", {}]', "{}"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "3", "true"),
        (
            {"type": "array", "prefixItems": [{"type": "integer"}, {"enum": ["a"]}], "items": False},
            '[1, "a"]',
            '[1, "b"]',
        ),
        ({"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"}, '"AB12"', '"A12"'),
    ],
)
def test_kinds_of_values(check: Any, schema: dict[str, Any], good: str, bad: str) -> None:
    assert check(schema, good) == "yes"
    assert check(schema, bad) == "no"


def test_values_without_an_end_have_one(check: Any) -> None:
    text = "a" * MAX_STRING
    assert check({"type": "string"}, f'"{text}"') == "yes"
    assert check({"type": "string"}, f'"{text}a"') == "no"
    many = {"type": "array", "items": {"enum": [1]}}
    assert check(many, json.dumps([1] * MAX_ITEMS)) == "yes"
    assert check(many, json.dumps([1] * (MAX_ITEMS + 1))) == "no"
    assert check({"type": "number"}, "1" * 17) == "no"


def test_recursion(check: Any) -> None:
    tree = {
        "type": "object",
        "properties": {"of": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["of"],
    }
    assert check(tree, '{"of": [{"of": []}, {"of": [{"of": []}]}]}') == "yes"
    assert check(tree, '{"of": [{}]}') == "no"


TREE = {"type": "object", "properties": {"of": {"type": "array", "items": {"$ref": "#"}}}, "required": ["of"]}
CHAIN = {
    "$ref": "#/$defs/one",
    "$defs": {
        "one": {"type": "object", "properties": {"to": {"$ref": "#/$defs/other"}}, "required": ["to"]},
        "other": {"anyOf": [{"$ref": "#/$defs/one"}, {"type": "null"}]},
    },
}


def _tree(depth: int) -> dict[str, Any]:
    return {"of": [_tree(depth - 1)] if depth else []}


def _chain(depth: int) -> dict[str, Any]:
    return {"to": _chain(depth - 1) if depth else None}


@pytest.mark.parametrize(("schema", "nested"), [(TREE, _tree), (CHAIN, _chain)], ids=["tree", "chain"])
def test_what_holds_itself_has_a_deepest_level(check: Any, schema: Any, nested: Any) -> None:
    assert check(schema, json.dumps(nested(MAX_DEPTH))) == "yes"
    assert check(schema, json.dumps(nested(MAX_DEPTH + 1))) == "no"
    flat = Constraint.of(schema, max_depth=3)
    for depth, fits in ((0, "yes"), (2, "yes"), (3, "yes"), (4, "no")):
        answer = json.dumps(nested(depth))
        assert check(flat, answer) == fits
        assert was_cut(answer, flat, PLAIN) is (depth == 3)
    deep = Constraint.of(schema, max_depth=40)
    assert check(deep, json.dumps(nested(40))) == "yes"
    assert not was_cut(json.dumps(nested(39)), deep, PLAIN)


def test_several_definitions_hold_each_other_and_others_stay_as_they_are(check: Any) -> None:
    name = {"type": "string", "maxLength": 3}
    schema = {
        "$defs": {
            "name": name,
            "folder": {
                "type": "object",
                "properties": {"name": {"$ref": "#/$defs/name"}, "in": {"type": "array", "items": {"$ref": "#/$defs/entry"}}},
                "required": ["name", "in"],
            },
            "entry": {"anyOf": [{"$ref": "#/$defs/folder"}, {"$ref": "#/$defs/name"}]},
        },
        "type": "array",
        "items": {"$ref": "#/$defs/entry"},
    }  # fmt: skip
    constraint = Constraint.of(schema, max_depth=2)
    inner: Any = "c"
    for depth, fits in ((0, "yes"), (1, "yes"), (2, "yes"), (3, "yes"), (4, "no")):
        assert check(constraint, json.dumps(["x", inner])) == fits, depth
        inner = {"name": "a", "in": [inner, "b"]}
    assert check(constraint, json.dumps([{"name": "a", "in": ["long"]}])) == "no"
    (found,) = finite_schemas(constraint, PLAIN)
    assert sum("maxLength" in one for one in found["$defs"].values()) <= 1


def test_many_definitions_that_hold_each_other_are_not_copied_without_end(check: Any) -> None:
    def below(index: int) -> dict[str, Any]:
        return {"$ref": f"#/$defs/d{index % 40}"}

    definitions = {
        f"d{index}": {"type": "object", "properties": {"a": below(index + 1), "b": below(2 * index)}}
        for index in range(40)
    }
    constraint = Constraint.of({**below(0), "$defs": definitions}, max_depth=64)
    assert check(constraint, '{"a": {"a": {"a": {}, "b": {"b": {}}}}}') == "yes"
    (found,) = finite_schemas(constraint, PLAIN)
    assert len(found["$defs"]) <= MAX_COPIES + 40


def test_boxes_are_what_the_model_writes(check: Any) -> None:
    scene = json_schema_of(Scene)
    good = {"objects": [{"label": "a", "color": "red", "box": [0, 10, 1000, 20]}]}
    assert check(model_schema(scene, RELATIVE_1000), json.dumps(good)) == "yes"
    outside = json.dumps(good).replace("1000", "1001")
    assert check(model_schema(scene, RELATIVE_1000), outside) == "no"
    assert check(model_schema(scene, PIXEL), outside) == "yes"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (
            {
                "type": "object",
                "properties": {"t": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}},
            },
            "'uniqueItems' at $.properties.t ",
        ),
        ({"type": "object", "properties": {"t": {"type": "string", "format": "phone"}}}, "'format' at $.properties.t "),
        ({"type": "string", "pattern": "^(?=.*a)[a-z]+$"}, "'pattern' at $ "),
        ({"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 3}]}, "'oneOf' at $ "),
    ],
)
def test_what_cannot_be_enforced_is_named_once(schema: dict[str, Any], words: str, check: Any) -> None:
    with pytest.warns(GrammarWarning) as caught:
        build_grammar(Constraint.of(schema), PLAIN)
    assert words in str(caught[0].message)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_grammar(Constraint.of(schema), PLAIN)


def test_a_relaxed_pattern_is_still_a_pattern(check: Any) -> None:
    schema = {"type": "string", "pattern": "^(?=.*b)[ab]+$"}
    with pytest.warns(GrammarWarning):
        assert check(schema, '"aab"') == "yes"
    assert check(schema, '"xyz"') == "no"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/$defs/Missing"}, "Missing"),
        ({"type": "object", "properties": {"a": {"enum": []}}, "required": ["a"]}, "no grammar"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "no grammar"),
    ],
)
def test_impossible_schemas_raise(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        build_grammar(Constraint.of(schema), PLAIN)


ADD = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/N"}},
    "required": ["a"],
    "$defs": {"N": {"enum": [1, 2]}},
}
TREE = {"type": "object", "properties": {"of": {"type": "array", "items": {"$ref": "#"}}}, "required": ["of"]}
CALL = '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'
NATIVE_CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'


@pytest.mark.parametrize(
    ("dialect", "text", "verdict"),
    [
        (PLAIN, CALL, "yes"),
        (NATIVE, NATIVE_CALL, "yes"),
        (NATIVE, CALL, "no"),
        (PLAIN, '<tool_call>{"name": "tree", "arguments": {"of": [{"of": []}]}}</tool_call>', "yes"),
        (PLAIN, '<tool_call>{"name": "tree", "arguments": {"a": 1}}</tool_call>', "no"),
        (PLAIN, '<tool_call>{"name": "sub", "arguments": {}}</tool_call>', "no"),
        (PLAIN, CALL.replace("1", "3"), "no"),
        (PLAIN, "I would rather talk.", "no"),
        (PLAIN, f"{CALL}\n{CALL}", "no"),
    ],
)
def test_forced_calls(
    grammars: Grammars, checkpoint: Checkpoint, dialect: ToolDialect, text: str, verdict: str
) -> None:
    grammar = build_grammar(Constraint.of(tools={"add": ADD, "tree": TREE}), dialect)
    assert _follow(grammars, checkpoint, grammar, text) == verdict


def test_several_calls_where_they_are_allowed(grammars: Grammars, checkpoint: Checkpoint) -> None:
    grammar = build_grammar(Constraint.of(tools={"add": ADD}, parallel=True), PLAIN)
    assert _follow(grammars, checkpoint, grammar, f"{CALL}\n{CALL}") == "yes"


def test_a_call_or_else_the_document(grammars: Grammars, checkpoint: Checkpoint) -> None:
    document = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    grammar = build_grammar(Constraint.of(document, {"add": ADD}), NATIVE)
    verdicts = [_follow(grammars, checkpoint, grammar, text) for text in (NATIVE_CALL, '{"x": 1}', '{"a": 1}', "x")]
    assert verdicts == ["yes", "yes", "no", "no"]


def test_grammars_are_compiled_once(grammars: Grammars, monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = build_grammar(Constraint.of({"const": "compiled once"}), PLAIN)
    assert build_grammar(Constraint.of({"const": "compiled once"}), PLAIN) is grammar
    first = grammars.matcher(grammar)
    monkeypatch.setattr("extraction.matching.LLMatcher", None)
    second = grammars.matcher(grammar)
    assert first is not second


def test_few_grammars_are_kept(grammars: Grammars) -> None:
    for number in range(CACHED_GRAMMARS + 3):
        grammars.matcher(build_grammar(Constraint.of({"const": number}), PLAIN))
    assert len(grammars._compiled) == CACHED_GRAMMARS
    assert _built.cache_info().maxsize == 256


def test_references_inside_a_tool_stay_inside(grammars: Grammars, checkpoint: Checkpoint) -> None:
    named = {"$ref": "#n", "$defs": {"a": {"$anchor": "n", "type": "object", "properties": {"a": {"const": 1}}}}}
    grammar = build_grammar(Constraint.of(tools={"add": named, "none": {}}), PLAIN)
    assert _follow(grammars, checkpoint, grammar, CALL) == "yes"
    assert _follow(grammars, checkpoint, grammar, CALL.replace("1", "2")) == "no"
    assert _follow(grammars, checkpoint, grammar, '<tool_call>{"name": "none", "arguments": {}}</tool_call>') == "yes"


def test_a_schema_that_is_too_large_is_refused() -> None:
    with pytest.raises(SchemaError, match="too large: 2000"):
        Constraint.of({"const": "a" * 2_000_000})


def test_a_token_that_may_not_come_is_an_error(grammars: Grammars, checkpoint: Checkpoint) -> None:
    matcher = grammars.matcher(build_grammar(Constraint.of({"type": "integer"}), PLAIN))
    with pytest.raises(GenerationError, match="the grammar cannot go on"):
        matcher.accept(checkpoint.tokenizer.encode("x", add_special_tokens=False)[0])


def test_slow_tokenizers_are_refused(checkpoint: Checkpoint) -> None:
    class Slow:
        eos_token_id = 0

        def __len__(self) -> int:
            return 3

    with pytest.raises(SchemaError, match="fast one"):
        Grammars(Slow(), vocabulary=3, ends=frozenset([0]))


@pytest.mark.parametrize(
    ("value", "cut"), [(["a" * MAX_STRING], True), (["a" * (MAX_STRING - 1)], False), (["a"] * MAX_ITEMS, True)]
)
def test_answers_that_only_a_bound_ended_are_cut(value: Any, cut: bool) -> None:
    texts = {"type": "array", "items": {"type": "string"}}
    text = json.dumps(value)
    assert was_cut(text, Constraint.of(texts), PLAIN) is cut
    assert not was_cut(text[:-1], Constraint.of(texts), PLAIN)
    tools = Constraint.of(tools={"say": {"type": "object", "properties": {"texts": texts}}}, parallel=True)
    call = json.dumps({"name": "say", "arguments": {"texts": value}})
    assert was_cut(f"<tool_call>{call}</tool_call>", tools, PLAIN) is cut
    assert was_cut(f"<tool_call>\n{call}\n</tool_call>\n<tool_call>\n{call}\n</tool_call>", tools, NATIVE) is cut


@pytest.mark.parametrize(
    ("more", "length", "cut"),
    [
        ({}, 3, True),
        ({}, 2, False),
        ({"maxItems": 3}, 3, False),
        ({"maxItems": 5}, 5, False),
        ({"minItems": 3}, 3, False),
        ({"minItems": 4}, 4, False),
        ({"minItems": 4}, 7, True),
    ],
)
def test_only_a_bound_of_ours_counts_as_a_cut(check: Any, more: dict[str, Any], length: int, cut: bool) -> None:
    schema = {"type": "object", "properties": {"of": {"type": "array", "items": {"type": "integer"}, **more}}}
    answer = json.dumps({"of": [123] * length})
    constraint = Constraint.of(schema, max_items=3)
    assert check(constraint, answer) == "yes"
    assert was_cut(answer, constraint, PLAIN) is cut


def test_caps_can_be_raised(check: Any) -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    long = ["a" * 3000] * 2 + ["b"] * 500
    assert check(Constraint.of(schema), json.dumps(long)) == "no"
    assert check(Constraint.of(schema, max_items=600, max_string=4000), json.dumps(long)) == "yes"
    assert not was_cut(json.dumps(long), Constraint.of(schema, max_items=600, max_string=4000), PLAIN)


def test_pixels_are_bounded_by_the_picture_as_the_model_is_given_it(check: Any) -> None:
    constraint = Constraint.of(model_schema(json_schema_of(Box), PIXEL.changed(unit=2)))
    assert json.loads(constraint.within([]).schema or "")["items"] == {"type": "integer", "minimum": 0}
    near = constraint.within([28, 301])
    assert json.loads(near.schema or "")["items"] == {"type": "integer", "minimum": 0, "maximum": 151}
    assert check(json.loads(near.schema or ""), "[0, 151, 3, 4]") == "yes"
    assert check(json.loads(near.schema or ""), "[0, 152, 3, 4]") == "no"
    relative = Constraint.of(model_schema(json_schema_of(Box), RELATIVE_1000))
    assert relative.within([28, 301]) is relative
