"""Grammars at work: which tokens may come next, for one tokenizer and one answer."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

from extraction.closing import LONGEST, Closer
from extraction.errors import GenerationError, SchemaError
from extraction.patterns import LIMITS
from extraction.pieces import is_of_pieces, wrap_pieces
from extraction.unique_keys import Spellings, WrittenKeys, has_open_objects

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

CACHED_GRAMMARS = 64
"""Compiled grammars that are kept per tokenizer, the least recently used one going first."""
_NO_KEY_LEFT = "the grammar cannot go on: one more key is wanted in an object that has every key that its schema allows"
_FEWER = "bound the object's keys in the schema (maxProperties), or name them"


class Matcher:
    """Follows one answer through its grammar."""

    def __init__(self, matcher: LLMatcher, vocabulary: int, keys: WrittenKeys | None = None) -> None:
        """Begins an answer.

        Args:
            matcher: A grammar that has seen nothing yet.
            vocabulary: Size of the vocabulary that the grammar was compiled for.
            keys: Keeps keys from being written twice, for grammars of objects with keys that no schema names.
        """
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._keys = keys
        self._bits = allocate_token_bitmask(1, vocabulary)
        self._filled = False  # whether the bits are those of what comes next

    def mask(self, scores: torch.Tensor) -> None:
        """Sets the scores, shape (vocabulary,), of all tokens that may not come next to -inf, in place.

        Raises:
            GenerationError: The grammar became too complex to follow, or wants one more key than there are.
        """
        import torch

        words = self.bits()
        self._check()
        if self._keys is not None and not words.any():
            raise GenerationError(_NO_KEY_LEFT, hint=_FEWER)
        allowed = np.unpackbits(words.view(np.uint8), bitorder="little")[: scores.shape[-1]]
        forbidden = np.ones(scores.shape[-1], dtype=bool)
        forbidden[: len(allowed)] = allowed == 0
        scores.masked_fill_(torch.from_numpy(forbidden).to(scores.device), float("-inf"))

    def allowed(self, most: int) -> npt.NDArray[np.int64] | None:
        """The tokens that may come next, in order; None where there are more than ``most``."""
        bits = self.bits().view(np.uint8)
        if int(np.bitwise_count(bits).sum()) > most:
            return None
        return np.flatnonzero(np.unpackbits(bits, bitorder="little"))

    def bits(self) -> npt.NDArray[np.uint32]:
        """A bit for each token, 32 in a word: whether it may come next. They hold until the matcher moves on."""
        words: npt.NDArray[np.uint32] = self._bits.view(np.uint32)[0]
        if not self._filled:
            fill_next_token_bitmask(self._matcher, self._bits, 0)
            if self._keys is not None:
                for token in self._keys.repeating(words, self._bytes_after):
                    words[token >> 5] &= np.uint32(~(1 << (token & 31)) & 0xFFFFFFFF)
            self._filled = True
        return words

    def accept(self, token: int) -> None:
        """Moves on by a token that ``mask`` allowed.

        Raises:
            GenerationError: It may not come here.
        """
        self._filled = False
        self._matcher.consume_token(token)
        self._check()
        self._remember([token])

    def forced(self) -> list[int]:
        """Moves on by all tokens that must come next, where only one continuation is possible; the tokens, often none.

        Raises:
            GenerationError: The grammar became too complex to follow, or wants one more key than there are.
        """
        tokens: list[int] = self._matcher.compute_ff_tokens()
        if tokens:
            self._filled = False
            self._matcher.consume_tokens(tokens)
        self._check()
        self._remember(tokens)
        return tokens

    def must_go_on(self) -> bool:
        """Whether only one continuation is possible now."""
        return bool(self._matcher.compute_ff_tokens())

    def after(self, *tokens: int) -> Matcher:
        """The matcher as it would be after these tokens; this one stays where it is.

        Raises:
            GenerationError: They may not come here.
        """
        keys = None if self._keys is None else self._keys.copy()
        ahead = Matcher(self._matcher.deep_copy(), self._vocabulary, keys)
        for token in tokens:
            ahead.accept(token)
        return ahead

    def follows(self, token: int) -> str:
        """The text that would have to come behind a token that ``mask`` allowed; nothing is moved."""
        return self._bytes_after(token).decode("utf-8", "ignore")

    @property
    def complete(self) -> bool:
        """Whether the answer is whole and nothing can follow."""
        return self._matcher.is_stopped()

    @property
    def may_end(self) -> bool:
        """Whether the answer is whole, though something may follow."""
        return self._matcher.is_stopped() or self._matcher.is_accepting()

    def _bytes_after(self, token: int) -> bytes:
        ahead = self._matcher.deep_copy()
        ahead.consume_token(token)
        return ahead.compute_ff_bytes()

    def _remember(self, tokens: list[int]) -> None:
        if self._keys is not None and not self._keys.take(tokens):
            raise GenerationError(_NO_KEY_LEFT, hint=_FEWER)

    def _check(self) -> None:
        if self._matcher.is_error():
            raise GenerationError(f"the grammar cannot go on: {self._matcher.get_error()}")


class Grammars:
    """The grammars of one tokenizer, each compiled once."""

    def __init__(self, tokenizer: Any, *, vocabulary: int, ends: frozenset[int]) -> None:
        """Wraps a tokenizer, which takes a second or two for a large one.

        Args:
            tokenizer: A fast tokenizer of transformers.
            vocabulary: Rows of the model's output embedding, which may be more than the tokenizer has tokens.
            ends: Tokens that end an answer.

        Raises:
            SchemaError: The tokenizer is not a fast one, or of a kind that cannot write JSON.
        """
        self._tokenizer = wrap_tokenizer(tokenizer, vocabulary=vocabulary, ends=ends)
        self._compiled: OrderedDict[str, LLMatcher] = OrderedDict()
        self._smallest: dict[tuple[str, int], int | None] = {}

    def matcher(self, grammar: str) -> Matcher:
        """A fresh matcher for a grammar of ``build_grammar``.

        Raises:
            SchemaError: The grammar does not work with this tokenizer.
        """
        if grammar not in self._compiled:
            compiled = LLMatcher(self._tokenizer, grammar, limits=LIMITS)
            if compiled.is_error():
                raise SchemaError(f"no grammar can be made of the schema: {compiled.get_error()}")
            self._compiled[grammar] = compiled
            if len(self._compiled) > CACHED_GRAMMARS:
                gone, _ = self._compiled.popitem(last=False)
                self._smallest = {key: length for key, length in self._smallest.items() if key[0] != gone}
        self._compiled.move_to_end(grammar)
        keys = WrittenKeys(self._spellings) if has_open_objects(grammar) else None
        return Matcher(self._compiled[grammar].deep_copy(), self._tokenizer.vocab_size, keys)

    @functools.cached_property
    def closer(self) -> Closer:
        """Finds ways to the end of answers."""
        return Closer(self._tokenizer, self._texts)

    @functools.cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self._texts)

    @functools.cached_property
    def _texts(self) -> list[bytes]:
        return [self._tokenizer.decode_bytes([token]) for token in range(self._tokenizer.vocab_size)]

    def smallest(self, grammar: str, longest: int = LONGEST) -> int | None:
        """Tokens of the shortest answer that was found for a grammar; None where none was.

        Args:
            grammar: One of ``build_grammar``.
            longest: Most tokens of it.

        Raises:
            SchemaError: The grammar does not work with this tokenizer.
        """
        matcher = self.matcher(grammar)
        if (grammar, longest) not in self._smallest:
            path = self.closer.path(matcher, 0, longest)
            self._smallest[grammar, longest] = None if path is None else len(path)
        return self._smallest[grammar, longest]


def wrap_tokenizer(tokenizer: Any, *, vocabulary: int, ends: frozenset[int]) -> LLTokenizer:
    """llguidance's view of a tokenizer.

    Raises:
        SchemaError: The tokenizer is not a fast one, or of a kind that cannot write JSON.
    """
    from llguidance.hf import from_tokenizer

    rows = max(vocabulary, len(tokenizer))
    if is_of_pieces(tokenizer):
        return wrap_pieces(tokenizer, vocabulary=rows, ends=ends)
    try:
        return from_tokenizer(tokenizer, n_vocab=rows, eos_token=sorted(ends))
    except ValueError as error:
        raise SchemaError(
            f"answers of this model cannot be constrained: {error}",
            hint="its tokenizer must be a fast one of bytes or SentencePiece",
        ) from error
