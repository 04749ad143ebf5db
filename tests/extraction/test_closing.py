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
from extraction.patterns import still_needed
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


def _far(schema: Any, *, calls: bool = False) -> tuple[int, int]:
    return reach(finite_texts(Constraint.of(schema), DIALECT), calls=calls)


def test_how_far_the_end_can_get() -> None:
    name = "a_name_that_is_longer_than_any_number_with_all_its_digits"
    flat = {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
    listed = {"type": "array", "items": flat}
    assert _far(flat)[0] < len(name) < _far(listed)[0] < 2 * len(name)  # what must be there was reckoned with before
    assert _far({"type": "array", "items": {**listed, "minItems": 1}}) > _far(listed)
    assert _far(flat)[0] < _far(flat, calls=True)[0] < 250
    assert _far({**flat, "required": []})[0] >= len(name)
    assert _far({"enum": ["short", "x" * 300]})[1] == 302
    assert _far({"type": "string", "pattern": "^x{500}$"})[1] == 2002
    assert _far({"type": "string", "format": "uuid"})[1] == 2 + 4 * 36
    assert _far({"type": "string", "pattern": "^x{500}$", "minLength": 3})[1] == LONGEST
    assert _far(SCHEMAS["recursive"])[0] < LONGEST


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", 10),
        ("^(ab|c{7})*$", 7),
        ("a|bc{50}", 51),
        (r"^\+[0-9]{3}( [0-9]{3}){10}$", 44),
        (r"^[^\\]{2}\\$", 3),
        ("^(?:a(?:bc){2}){3}(?P<name>d)?$", 16),
        ("^(?s:.){0,128}$", 1),
        ("", 0),
        ("x{", 2),
        ("^(?<!a)(?=b)b(?!c)$", 1),
        ("^(?x: a)$", None),
        ("a)", None),
    ],
)
def test_what_a_string_of_a_pattern_still_needs(pattern: str, needed: int | None) -> None:
    assert still_needed(pattern) == needed


def test_how_short_an_answer_can_be_at_least() -> None:
    def least(schema: Any) -> int:
        return shortest_text(finite_texts(Constraint.of(schema), DIALECT))

    item = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"const": 12}}, "required": ["a", "b"]}
    assert least({"type": "array", "items": item, "minItems": 2}) == len(json.dumps([{"a": "", "b": 12}] * 2))
    assert least({"type": "array", "items": item}) == least({"anyOf": [item, {"type": "object"}]}) == 2
    assert least({"type": "string", "minLength": 7}) == 9
    tree = SCHEMAS["recursive"]["$defs"]["tree"]
    deep = {
        **tree,
        "properties": {**tree["properties"], "below": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}},
    }
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
    shortest = shortest_text(finite_texts(Constraint.of(schema), DIALECT))
    assert shortest == len(json.dumps(dict.fromkeys(names, "")))
    assert _far({"type": "array", "items": schema})[0] == 2 + shortest + 2
