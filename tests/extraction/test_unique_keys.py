"""No key twice in one object, whatever the model wants."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoTokenizer

from extraction import ChatTransformers, extract
from extraction.errors import GenerationError
from extraction.grammar import Constraint, build_grammar
from extraction.matching import Grammars, Matcher
from extraction.tools import ToolDialect
from extraction.unique_keys import Spellings, WrittenKeys, has_open_objects

COUNTS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 9}}
CURRENCIES = {
    "type": "object",
    "patternProperties": {"^(EUR|USD)$": {"type": "integer"}},
    "additionalProperties": False,
}
BYTES = [bytes([byte]) for byte in range(256)]


@pytest.fixture(scope="module")
def words(tiny_llava: str) -> Any:
    return AutoTokenizer.from_pretrained(tiny_llava)


@pytest.fixture(scope="module")
def grammars(words: Any) -> Grammars:
    return Grammars(words, vocabulary=len(words), ends=frozenset({words.eos_token_id}))


def matcher_of(grammars: Grammars, schema: dict[str, Any]) -> Matcher:
    return grammars.matcher(build_grammar(Constraint.of(schema), ToolDialect()))


def written(grammars: Grammars, words: Any, schema: dict[str, Any], text: str) -> Matcher:
    """A matcher behind a text, token by token of the tokenizer."""
    matcher = matcher_of(grammars, schema)
    for token in words.encode(text, add_special_tokens=False):
        matcher.accept(token)
    return matcher


def pairs(text: str) -> Any:
    """The document with every object as a tuple of its (key, value), so that no key is lost."""
    return json.loads(text, object_pairs_hook=tuple)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ('{"a": 1, "a": 2', False),
        ('{"a": 1, "b": 2}', True),
        ('{"a": {"a": 1}, "b": {"a": 2}}', True),
        ('{"a": {"b": 1, "b": 2', False),
        ('[{"a": 1}, {"a": 1}]', True),
        ('{"a": ["a", "a", "b"], "b": "a"}', True),
        ('{"a": "{\\"a\\": 1, \\"a\\": 2}", "b": "}"}', True),
        (r'{"a\"": 1, "a": 2, "a\\": 3}', True),
        (r'{"a\"": 1, "a\"": 2', False),
        ('{"": 1, "": 2', False),
        ('{"é": 1, "é": 2', False),
        ('[TOOL_CALLS]<call>{"name": "f", "arguments": {"a": 1}}</call>\n<call>{"name": "f", "arguments": {}}', True),
        ('"a, {", "a"', True),
    ],
)
def test_keys_are_read_where_they_stand(text: str, new: bool) -> None:
    assert WrittenKeys(Spellings(BYTES)).take(list(text.encode())) is new


def test_a_copy_goes_on_apart() -> None:
    keys = WrittenKeys(Spellings(BYTES))
    keys.take(list(b'{"a": {"b": 1, "c'))
    copy = keys.copy()
    assert copy.take(list(b'": 2}, "d": 3, "e'))
    assert not copy.copy().take(list(b'": 1, "a"'))
    assert keys.take(list(b'": 2}, "d": 3, "e": 1}'))


@pytest.mark.parametrize(
    ("schema", "open_objects"),
    [
        (COUNTS, True),
        (CURRENCIES, True),
        ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, False),
        ({"type": "array", "items": True}, True),
    ],
)
def test_only_grammars_of_open_objects_are_watched(schema: dict[str, Any], open_objects: bool) -> None:
    assert has_open_objects(build_grammar(Constraint.of(schema), ToolDialect())) is open_objects


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ('{"ring": 1, "', {b'ring"', b'ring": ', b'": 1, "ring"'}),
        ('{"ring": 1, "ri', {b'ng"', b'": 1, "ring"'}),
        ('{"ring": 1, "ring', {b'"', b'": ', b'": 1, "ring"'}),
        ('{"ring": 1, "ring\\', set()),
        ('{"ring": 1, "ring_', {b'": 1, "ring"'}),
        ('{"ring": 1, "star": 3', {b', "ring": '}),
        ('{"in": [{"ring": 1}, {"ring": 1', {b', "ring": '}),
        ('{"in": {"ring": 1}', set()),
        ('{"', set()),
    ],
)
def test_tokens_that_write_a_key_again_are_told(begun: str, expected: set[bytes]) -> None:
    texts = [
        b"ri",
        b'ring"',
        b'ring": ',
        b'ng"',
        b'"',
        b'": ',
        b'": 1, "ring"',
        b', "ring": ',
        b'rings": ',
    ]
    spellings = Spellings([*texts, *BYTES])
    keys = WrittenKeys(spellings)
    assert keys.take([len(texts) + byte for byte in begun.encode()])
    every = np.full(-(-len(spellings.texts) // 32), 0xFFFFFFFF, dtype=np.uint32)
    told = {spellings.texts[token] for token in keys.repeating(every, lambda _: b"")}
    assert told == expected


@pytest.mark.parametrize("begun", ['{"ring": 1, "', '{"ring": 1, "ri', '{"ring": 1, "ring'])
def test_a_key_that_stands_can_only_go_on(grammars: Grammars, words: Any, begun: str) -> None:
    matcher = written(grammars, words, COUNTS, begun)
    rest = 'ring"'.removeprefix(begun.rpartition('"')[2])
    again = words.encode(rest, add_special_tokens=False)
    longer = words.encode(rest.replace('"', '_2": 1}'), add_special_tokens=False)
    with pytest.raises(GenerationError, match="every key that its schema allows"):
        matcher.after(*again)
    last = matcher.after(*again[:-1]).bits()
    assert not last[again[-1] >> 5] >> (again[-1] & 31) & 1
    assert matcher.after(*longer).may_end


def test_keys_that_follow_a_pattern_have_no_dead_end_before_all_are_written(grammars: Grammars, words: Any) -> None:
    matcher = written(grammars, words, CURRENCIES, '{"EUR": 1, "')
    scores = torch.zeros(len(words))
    matcher.mask(scores)
    allowed = {words.decode([token])[:1] for token in range(len(words)) if scores[token] == 0}
    assert allowed == {"U"}
    with pytest.raises(GenerationError, match="every key that its schema allows"):
        written(grammars, words, CURRENCIES, '{"EUR": 1, "USD": 2, "').mask(scores)


def test_a_key_that_the_grammar_forces_is_not_forced_twice(grammars: Grammars, words: Any) -> None:
    matcher = written(
        grammars, words, {"type": "object", "patternProperties": {"^total$": {"enum": [1]}}}, '{"total": 1'
    )
    (comma,) = words.encode(",", add_special_tokens=False)
    if not matcher.bits()[comma >> 5] >> (comma & 31) & 1:
        comma = words.encode(', "', add_special_tokens=False)[0]
    matcher.accept(comma)
    with pytest.raises(GenerationError, match="every key that its schema allows"):
        for _ in range(9):
            matcher.forced()
            matcher.mask(torch.zeros(len(words)))


def test_the_way_to_the_end_writes_keys_of_its_own(grammars: Grammars, words: Any) -> None:
    schema = {**COUNTS, "minProperties": 4}
    for begun in ("{", '{"', '{"a": 1, "', '{"a": 1, "a', '{"": 1, "'):
        matcher = written(grammars, words, schema, begun)
        path = grammars.closer.path(matcher, 0)
        assert path is not None
        keys = [key for key, _ in pairs(begun + words.decode(path))]
        assert len(keys) == len(set(keys)) >= 4


@pytest.mark.parametrize("seed", range(12))
def test_a_model_that_loves_to_repeat_itself_cannot(grammars: Grammars, words: Any, seed: int) -> None:
    """A walk that goes on as the keys before did, wherever it may."""
    chance = random.Random(seed)
    schema = {
        "type": "object",
        "properties": {"by_shape": COUNTS, "more": {"type": "array", "items": COUNTS, "maxItems": 3}},
        "required": ["by_shape", "more"],
    }
    matcher = matcher_of(grammars, schema)
    liked = words.encode('ring": 1, "star": 2, "', add_special_tokens=False)
    tokens: list[int] = []
    while not matcher.complete and len(tokens) < 250:
        forced = matcher.forced()
        tokens += forced
        if forced or matcher.complete:
            continue
        scores = torch.zeros(len(words))
        matcher.mask(scores)
        allowed = np.flatnonzero(scores.numpy() == 0).tolist()
        wanted = [token for token in allowed if token in liked] if chance.random() < 0.8 else []
        token = chance.choice(wanted or allowed)
        matcher.accept(token)
        tokens.append(token)
    rest = grammars.closer.path(matcher, len(tokens))
    assert rest is not None
    document = dict(pairs(words.decode([*tokens, *rest], skip_special_tokens=True)))
    for counted in (document["by_shape"], *document["more"]):
        keys = [key for key, _ in counted]
        assert len(keys) == len(set(keys))


def test_an_answer_of_a_model_has_every_key_once(tiny_llava: str) -> None:
    schema = {**COUNTS, "minProperties": 6, "maxProperties": 6, "propertyNames": {"pattern": "^[ab]{1,3}$"}}
    picture = Image.new("RGB", (30, 30))
    said = extract(ChatTransformers(model=tiny_llava, max_tokens=300), picture, schema)
    assert len(said.value) == 6
