"""Answers that a grammar allows, drawn at random: what a model without any sense could write under it."""

from __future__ import annotations

import functools
import random

import numpy as np
from llguidance import LLMatcher, LLTokenizer

CLOSING = frozenset(b'"]}')
"""Bytes that end something."""


class StuckError(Exception):
    """A walk came to where its grammar fails, or allows nothing."""


@functools.cache
def byte_tokenizer() -> LLTokenizer:
    """A tokenizer of 256 bytes, an end and no more."""
    return LLTokenizer("byte")


def walk(matcher: LLMatcher, tokenizer: LLTokenizer, chance: random.Random, *, longest: int = 1500) -> str | None:
    """A whole answer under a grammar; None where it did not end in time.

    Closing bytes are likelier the longer an answer grows, so that most end.

    Args:
        matcher: The grammar, at its beginning.
        tokenizer: The one that it was made for.
        chance: Chooses among what is allowed.
        longest: Most tokens.

    Raises:
        StuckError: The grammar fails or allows nothing.
    """
    written: list[int] = []
    end = set(tokenizer.eos_tokens)
    while not matcher.is_stopped():
        if len(written) > longest:
            return None
        forced = matcher.compute_ff_tokens()
        if forced:
            token = forced[0]
        else:
            bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
            if matcher.is_error():
                raise StuckError(matcher.get_error())
            allowed = [int(token) for token in np.flatnonzero(np.unpackbits(bits, bitorder="little"))]
            token = _chosen(allowed, end, tokenizer, chance, share=len(written) / longest)
        if token in end:
            break
        if not matcher.consume_token(token):
            raise StuckError(matcher.get_error())
        written.append(token)
    if matcher.is_error():
        raise StuckError(matcher.get_error())
    return tokenizer.decode_bytes(written).decode()


def _chosen(allowed: list[int], end: set[int], tokenizer: LLTokenizer, chance: random.Random, *, share: float) -> int:
    if not allowed:
        raise StuckError("nothing is allowed")
    if end.intersection(allowed):
        ends = [token for token in allowed if token in end]
        if len(ends) == len(allowed) or chance.random() < 0.5 + share:
            return ends[0]
        allowed = [token for token in allowed if token not in end]
    closing = [token for token in allowed if _closes(tokenizer, token)]
    if closing and chance.random() < 0.25 + 2 * share:
        return chance.choice(closing)
    return chance.choice(allowed)


@functools.lru_cache(maxsize=100_000)
def _closes(tokenizer: LLTokenizer, token: int) -> bool:
    return bool(CLOSING.intersection(tokenizer.decode_bytes([token])[:1]))
