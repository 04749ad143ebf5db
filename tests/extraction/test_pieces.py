from __future__ import annotations

import json
from typing import Any

import pytest
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerFast

from extraction.errors import GenerationError, SchemaError
from extraction.grammar import Constraint, build_grammar
from extraction.matching import Grammars
from extraction.pieces import is_of_pieces, wrap_pieces
from extraction.tools import ToolDialect
from tests.families_tiny_tasks import byte_fallback, byte_level, unigram

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    made = unigram(*SPECIAL)
    made.add_tokens([AddedToken("<place_1>", normalized=False)])
    return made


def test_pieces_are_known_by_their_decoder(tokenizer: PreTrainedTokenizerFast) -> None:
    assert is_of_pieces(tokenizer)
    assert not is_of_pieces(byte_level(*SPECIAL))
    assert not is_of_pieces(byte_fallback(*SPECIAL))
    assert not is_of_pieces(object())


def test_bytes_of_pieces_are_what_they_write(tokenizer: PreTrainedTokenizerFast) -> None:
    wrapped = wrap_pieces(tokenizer, vocabulary=len(tokenizer) + 3, ends=frozenset([2]))
    assert (wrapped.vocab_size, wrapped.eos_token) == (len(tokenizer) + 3, 2)
    text = '{"label": "small red circle"}'
    assert wrapped.decode_bytes(wrapped.tokenize_str(text)).decode() == text
    place = tokenizer.get_vocab()["<place_1>"]
    assert wrapped.decode_bytes([place]) == b"<place_1>"
    assert not wrapped.is_special_token(place)
    assert [wrapped.is_special_token(token) for token in range(4)] == [True] * 4


def _walk(tokenizer: PreTrainedTokenizerFast, schema: Any) -> str:
    """The text of the tokens with the lowest numbers that a grammar lets pass."""
    grammars = Grammars(tokenizer, vocabulary=len(tokenizer), ends=frozenset([2]))
    matcher = grammars.matcher(build_grammar(Constraint.of(schema), ToolDialect()))
    tokens: list[int] = []
    while not matcher.complete and len(tokens) < 60:
        tokens += matcher.forced()
        if not matcher.complete:
            allowed = matcher.allowed(10**6)
            assert allowed is not None
            tokens.append(int(allowed[0]))
            matcher.accept(tokens[-1])
    return str(tokenizer.decode(tokens, skip_special_tokens=True))


def test_a_grammar_is_followed_in_pieces(tokenizer: PreTrainedTokenizerFast) -> None:
    schema = {
        "type": "object",
        "properties": {"color": {"enum": ["red", "blue"]}, "count": {"type": "integer", "minimum": 5, "maximum": 7}},
        "required": ["color", "count"],
    }
    value = json.loads(_walk(tokenizer, schema))
    assert list(value) == ["color", "count"]
    assert value["color"] in ("red", "blue")
    assert 5 <= value["count"] <= 7


def test_what_no_piece_writes_is_an_error(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(GenerationError, match="grammar cannot go on"):
        _walk(tokenizer, {"const": "\N{SNOWMAN}"})


def test_a_vocabulary_without_braces_cannot_be_constrained() -> None:
    without = unigram(*SPECIAL, leave_out="{}")  # as T5's
    with pytest.raises(SchemaError, match=r"has no '\{', so it cannot write JSON \(ask it in its own form"):
        Grammars(without, vocabulary=len(without), ends=frozenset([2]))
