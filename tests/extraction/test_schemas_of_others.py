"""Schemas as others write them: each makes a grammar, and what the grammar lets through is valid, or named and refused."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from llguidance import LLMatcher, LLTokenizer

from extraction.errors import OutputError, SchemaError
from extraction.grammar import Constraint, GrammarWarning, _built, build_grammar
from extraction.loading import Checkpoint, ModelKey
from extraction.matching import wrap_tokenizer
from extraction.parsing import GroundedOutputParser
from extraction.patterns import LIMITS
from extraction.tools import ToolDialect
from extraction.validation import Validator
from tests.extraction.walks import byte_tokenizer, walk

FOLDER = Path(__file__).parent / "schemas_of_others"
SUITE = "draft2020_12_suite"
WALKS = 4


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


FAMILIES = sorted(path.stem for path in FOLDER.glob("*.jsonl") if path.stem != SUITE)


def _exact_multiple(validator: Any, step: Any, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    if validator.is_type(value, "number") and Fraction(str(value)) % Fraction(str(step)):
        yield jsonschema.ValidationError(f"{value} is no multiple of {step}")


def _oracle(schema: Any) -> Any:
    """jsonschema's own validator, formats included; only ``multipleOf`` is by decimal digits."""
    dialect = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    extend: Any = jsonschema.validators.extend
    exact = extend(dialect, {"multipleOf": _exact_multiple})
    return exact(schema, format_checker=dialect.FORMAT_CHECKER)


def _grammar(schema: Any) -> tuple[str, list[str]]:
    """A schema's grammar, and the keywords that it names as not enforced."""
    _built.cache_clear()  # a grammar that is known warns no more
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grammar = build_grammar(
            Constraint.of(schema if isinstance(schema, dict) else {"allOf": [schema]}), ToolDialect()
        )
    assert all(issubclass(warning.category, GrammarWarning) for warning in caught)
    return grammar, [str(warning.message).split("'")[1] for warning in caught]


def _answers(grammar: str, tokenizer: LLTokenizer | None = None) -> Iterator[str]:
    tokenizer = tokenizer or byte_tokenizer()
    matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=LIMITS)
    for seed in range(WALKS):
        answer = walk(matcher.deep_copy(), tokenizer, random.Random(seed))
        if answer is not None:
            yield answer


def _is_json(answer: str) -> bool:
    """Whether no key stands twice, which a grammar does not see among keys that no schema names."""
    twice = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice |= len(dict(items)) < len(items)
        return dict(items)

    json.loads(answer, object_pairs_hook=pairs)
    return not twice


def test_there_are_enough_of_them() -> None:
    schemas = [one["schema"] for family in FAMILIES for one in _read(family)]
    assert len(schemas) >= 200
    assert len({json.dumps(schema, sort_keys=True) for schema in schemas}) == len(schemas)
    assert len(_read(SUITE)) >= 300


@pytest.mark.parametrize("family", FAMILIES)
def test_no_answer_gets_through_that_the_schema_rejects(family: str) -> None:
    finished = 0
    for one in _read(family):
        schema = one["schema"]
        grammar, named = _grammar(schema)
        oracle = _oracle(schema)
        for answer in filter(_is_json, _answers(grammar)):
            finished += 1
            problems = [problem.message for problem in oracle.iter_errors(json.loads(answer))]
            assert named or not problems, (one["name"], answer, problems)
            if not _is_read_by_parser(schema):
                continue
            parser = GroundedOutputParser[Any](target=schema)
            if problems:
                with pytest.raises(OutputError):
                    parser.parse(answer)
            else:
                assert parser.parse(answer) == json.loads(answer)
    assert finished > 2 * len(_read(family)), "most walks end"


def test_the_tokens_of_a_model_lead_to_valid_answers_too() -> None:
    checkpoint = Checkpoint(ModelKey("pocket"))
    ends = frozenset([checkpoint.tokenizer.eos_token_id])
    tokenizer = wrap_tokenizer(checkpoint.tokenizer, vocabulary=len(checkpoint.tokenizer), ends=ends)
    finished = 0
    for one in _read("vision_documents"):
        grammar, named = _grammar(one["schema"])
        for answer in filter(_is_json, _answers(grammar, tokenizer)):
            finished += 1
            problems = [problem.message for problem in _oracle(one["schema"]).iter_errors(json.loads(answer))]
            assert named or not problems, (one["name"], answer, problems)
    assert finished > 40


def _is_read_by_parser(schema: Any) -> bool:
    """Whether references are of the kind that the rest of the library follows."""
    if '"$id": "logger"' not in json.dumps(schema):
        return True
    with pytest.raises(SchemaError, match="refers to another document"):
        GroundedOutputParser[Any](target=schema)
    return False


def test_the_official_suite_makes_sound_grammars() -> None:
    finished = 0
    for one in _read(SUITE):
        try:
            grammar, named = _grammar(one["schema"])
        except SchemaError:
            assert not one["valid"], f"{one['name']}: a schema that can be fulfilled was refused"
            continue
        oracle = _oracle(one["schema"])
        for answer in filter(_is_json, _answers(grammar)):
            finished += 1
            problems = [problem.message for problem in oracle.iter_errors(json.loads(answer))]
            assert named or not problems, (one["name"], answer, problems)
    assert finished > 900


def test_validation_afterwards_follows_the_official_suite() -> None:
    for one in _read(SUITE):
        schema = one["schema"] if isinstance(one["schema"], dict) else {"allOf": [one["schema"]]}
        if one["name"].startswith("format:"):
            continue  # here formats are asserted, in the suite they are notes
        validator = Validator(schema)
        for document in one["valid"]:
            assert validator.validate(document) == document, one["name"]
        for document in one["invalid"]:
            with pytest.raises(ValueError, match=r":"):
                validator.validate(document)
