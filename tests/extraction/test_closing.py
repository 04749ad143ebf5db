"""Ways to the end, without a model: every answer that a budget lets go on can still end within it."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from extraction.budget import Budget
from extraction.closing import LONGEST, reach, shortest_text
from extraction.grammar import Constraint, build_grammar, finite_texts
from extraction.matching import Grammars
from extraction.tools import ToolDialect

DIALECT = ToolDialect()


NAMES = {"a": {"type": "string"}, "b": {"type": "integer"}, "long_name_of_a_field": {"type": "array", "minItems": 9}}
SCHEMAS: dict[str, Any] = {
    "pattern": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z][a-z .]{50,60}$"}},
    "hash": {"type": "array", "items": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
    "phone": {"type": "array", "items": {"type": "string", "pattern": r"^\+[0-9]{3}( [0-9]{3}){10}$"}},
    "formats": {"type": "array", "items": {"type": "string", "format": "date-time"}},
    "merged": {"type": "array", "items": {"properties": NAMES, "allOf": [{"required": [*NAMES]}], "type": "object"}},
    "condition": {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}, **NAMES},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "x"}}},
        "then": {"required": [*NAMES]},
    },
    "dependent": {"type": "object", "properties": NAMES, "dependentRequired": {"a": ["b", "long_name_of_a_field"]}},
    "union": {"type": "array", "items": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"const": "z" * 20}, "minItems": 4}]}},
    "numbers": {"type": "array", "items": {"type": "integer", "minimum": 10**6}, "minItems": 6},
    "recursive": {
        "$ref": "#/$defs/tree",
        "$defs": {
            "tree": {
                "type": "object",
                "properties": {"name": {"type": "string", "minLength": 5}, "below": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
                "required": ["name", "below"],
            }
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def words(tiny_llava: str) -> Any:
    return AutoTokenizer.from_pretrained(tiny_llava)


@pytest.fixture(scope="module")
def grammars(words: Any) -> Grammars:
    return Grammars(words, vocabulary=len(words), ends=frozenset([int(words.eos_token_id)]))


def _walked(grammars: Grammars, schema: Any, max_tokens: int, seed: int) -> list[int]:
    """The tokens of an answer whose model says anything."""
    constraint, chance = Constraint.of(schema), random.Random(seed)
    grammar = build_grammar(constraint, DIALECT)
    matcher, smallest = grammars.matcher(grammar), grammars.smallest(grammar)
    longer = reach(finite_texts(constraint, DIALECT))
    budget = Budget(matcher, grammars.closer, smallest=smallest, reach=longer, max_tokens=max_tokens)
    tokens: list[int] = []
    while not matcher.complete:
        scores = torch.zeros(grammars._tokenizer.vocab_size)
        matcher.mask(scores)
        token = chance.choice(np.flatnonzero(scores.numpy() == 0).tolist())
        if not budget.admits(token, len(tokens)):
            path = budget.path(len(tokens))
            assert path is not None, (tokens, max_tokens)
            return tokens + path
        matcher.accept(token)
        tokens += [token, *(forced := matcher.forced())]
        assert len(tokens) + len(budget.path(len(tokens)) or ()) <= max_tokens, (forced, max_tokens)
    return tokens


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_random_answer_is_valid_at_every_budget(name: str, grammars: Grammars, words: Any) -> None:
    smallest = grammars.smallest(build_grammar(Constraint.of(SCHEMAS[name]), DIALECT))
    assert smallest is not None
    for number, max_tokens in enumerate([*range(smallest, smallest + 30), *range(smallest + 30, smallest + 400, 37)]):
        tokens = _walked(grammars, SCHEMAS[name], max_tokens, number)
        assert len(tokens) <= max_tokens
        ended = [token for token in tokens if token != words.eos_token_id]
        jsonschema.validate(json.loads(grammars._tokenizer.decode_str(ended)), SCHEMAS[name])


def test_how_far_the_end_can_get() -> None:
    def far(schema: Any) -> tuple[int, int]:
        return reach(finite_texts(Constraint.of(schema), DIALECT))

    flat = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert far(flat)[0] < far({"type": "array", "items": {**flat, "required": ["a", "b"]}})[0] < 200
    assert far({"enum": ["short", "x" * 300]})[1] == 302
    assert far({"type": "string", "pattern": "^x{500}$"}) == far({"type": "string", "format": "uuid"})
    assert far({"type": "string", "pattern": "^x{500}$"})[1] == LONGEST


def test_how_short_an_answer_can_be_at_least() -> None:
    def least(schema: Any) -> int:
        return shortest_text(finite_texts(Constraint.of(schema), DIALECT))

    item = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"const": 12}}, "required": ["a", "b"]}
    assert least({"type": "array", "items": item, "minItems": 2}) == len(json.dumps([{"a": "", "b": 12}] * 2))
    assert least({"type": "array", "items": item}) == least({"anyOf": [item, {"type": "object"}]}) == 2
    assert least({"type": "string", "minLength": 7}) == 9
    tree = SCHEMAS["recursive"]["$defs"]["tree"]
    deep = {**tree, "properties": {**tree["properties"], "below": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}}}
    assert least({"$ref": "#/$defs/tree", "$defs": {"tree": deep}}) == len(json.dumps({"name": "-----", "below": None}))


def test_a_long_way_is_found_where_it_is_looked_for(grammars: Grammars, words: Any) -> None:
    schema = {"type": "array", "items": {"enum": [10, 11]}, "minItems": 2500, "maxItems": 2500}
    grammar = build_grammar(Constraint.of(schema), DIALECT)
    assert grammars.smallest(grammar) is None
    smallest = grammars.smallest(grammar, 20_000)
    assert smallest is not None
    assert LONGEST < smallest <= shortest_text(finite_texts(Constraint.of(schema), DIALECT))


def test_fields_may_be_called_as_keywords_are() -> None:
    names = (
        "type",
        "enum",
        "const",
        "required",
        "properties",
        "items",
        "$ref",
        "anyOf",
        "minLength",
        "minItems",
        "$defs",
    )
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}
    far = reach(finite_texts(Constraint.of(schema), DIALECT))[0]
    assert 0 < far - len(json.dumps(dict.fromkeys(names, ""))) < 100
