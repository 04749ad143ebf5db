"""SentencePiece vocabularies without bytes (T5, XLM-RoBERTa, mBART), as grammars see them.

llguidance reads vocabularies of bytes by itself. These are lists of pieces of text, in which "▁" stands for a space, and
which cannot write every character: T5's have no braces.
"""

from __future__ import annotations

import json
from typing import Any

from llguidance import LLTokenizer, TokenizerWrapper

from extraction.errors import SchemaError

_SPACE = "▁"
_NEEDED = '{}[]":,-0123456789 '
"""Characters without which no JSON document can be written."""


def is_of_pieces(tokenizer: Any) -> bool:
    """Whether a tokenizer is a fast one with a vocabulary of pieces, by the way it makes text of tokens."""
    decoder = getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None)
    return decoder is not None and json.loads(decoder.__getstate__())["type"] == "Metaspace"


def wrap_pieces(tokenizer: Any, *, vocabulary: int, ends: frozenset[int]) -> LLTokenizer:
    """llguidance's view of a tokenizer of pieces.

    Args:
        tokenizer: A fast tokenizer of transformers.
        vocabulary: Rows of the model's output embedding, or the tokens of the tokenizer, whichever are more.
        ends: Tokens that end an answer.

    Raises:
        SchemaError: The vocabulary cannot write JSON.
    """
    pieces = _Pieces(tokenizer, vocabulary=vocabulary, ends=ends)
    if missing := [character for character in _NEEDED if character.encode() not in pieces.ids]:
        raise SchemaError(
            f"answers of this model cannot be constrained: its vocabulary has no {missing[0]!r}, so it cannot write JSON",
            hint="ask it in its own form, without a schema",
        )
    return LLTokenizer(TokenizerWrapper(pieces), n_vocab=vocabulary, eos_token=sorted(ends))


class _Pieces:
    """What llguidance asks of a tokenizer that it does not know: the bytes of each token, and the tokens of bytes."""

    def __init__(self, tokenizer: Any, *, vocabulary: int, ends: frozenset[int]) -> None:
        added = tokenizer.added_tokens_decoder
        names = [
            name or "" for name in tokenizer.convert_ids_to_tokens(range(vocabulary))
        ]  # None where there is no token
        texts = [name if index in added else name.replace(_SPACE, " ") for index, name in enumerate(names)]
        self.tokens = [text.encode() for text in texts]
        self.special_token_ids = [index for index, token in added.items() if token.special]
        self.eos_token_id = min(ends)
        self.bos_token_id = None
        self.ids = {
            text: index for index, text in reversed(list(enumerate(self.tokens))) if text and index not in added
        }
        self._longest = max(map(len, self.ids))

    def __call__(self, text: bytes) -> list[int]:
        """The longest pieces from left to right, up to a character that there is no piece for."""
        tokens: list[int] = []
        start = 0
        while start < len(text):
            ends = range(min(len(text), start + self._longest), start, -1)
            stop = next((stop for stop in ends if text[start:stop] in self.ids), None)
            if stop is None:
                break
            tokens.append(self.ids[text[start:stop]])
            start = stop
        return tokens
