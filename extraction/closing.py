"""The way to the end of an answer from where it stands, checked token by token with the grammar itself.

llguidance knows what may come next, not how far the end is. A copy of the matcher is led on by tokens that close things;
what comes out is a way that the grammar accepts: an upper bound of what is left, and not always the shortest.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from extraction.bounds import MAX_KEY
from extraction.errors import GenerationError
from extraction.patterns import still_needed

if TYPE_CHECKING:
    from llguidance import LLTokenizer

    from extraction.grammar import Finite
    from extraction.matching import Matcher

LONGEST: Final = 4096
"""Tokens after which a way is given up, where answers can be shorter."""

_CLOSERS = re.compile(r'"?[\]}]*')
_IN_STRING = ("a", "A", "0", "1", "-", ".", ":")
_VALUES = (", ", ",", "null", '"', "true", "false", "0", "1", "{", "[", '": ', ":", ".", "-", "A", "a")
_DIGITS: Final = 40
"""Characters that are reckoned for a number, a boolean or null."""
_LARGEST: Final = 4
"""Tokens that a character of a pattern can take: as many as it has bytes in UTF-8."""
_WRAPPING: Final = 64
"""Characters that are reckoned for the marks around a tool call."""


class Closer:
    """Finds ways to the end, for one tokenizer."""

    def __init__(self, tokenizer: LLTokenizer, spelled: Sequence[bytes]) -> None:
        """Sorts the tokens that close things, the one that closes most first.

        Args:
            tokenizer: llguidance's view of a tokenizer.
            spelled: The bytes of each of its tokens.
        """
        self._tokenizer = tokenizer
        self._vocabulary = len(spelled)
        texts = dict(enumerate(spelled))
        closers = sorted(
            (token for token, text in texts.items() if text and _CLOSERS.fullmatch(text.decode("utf-8", "replace"))),
            key=lambda token: (-len(texts[token]), token),
        )
        outside = [token for token in closers if not texts[token].startswith(b'"')]
        quotes = [token for token in closers if texts[token].startswith(b'"')]
        by_text = {text: token for token, text in reversed(texts.items())}

        def known(words: Sequence[str]) -> list[int]:
            spelled = [spelling.encode() for word in words for spelling in (word, f" {word}")]
            return [by_text[text] for text in spelled if text in by_text]

        self._letters = known(("a", "b"))
        self._in_string = np.array([*quotes, *known(_IN_STRING)], dtype=np.int64)
        self._elsewhere = np.array([*outside, *known(_VALUES)], dtype=np.int64)
        self._plain = np.fromiter((text.isalnum() for text in texts.values()), dtype=bool, count=self._vocabulary)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens that begin with a whole character."""
        return self._tokenizer.decode_bytes(list(tokens)).decode("utf-8", "ignore")

    def plain(self, token: int) -> bool:
        """Whether a token is letters and digits only: it opens nothing."""
        return bool(self._plain[token])

    def path(self, matcher: Matcher, written: int, longest: int = LONGEST) -> list[int] | None:
        """Tokens that end an answer; None where no way of at most ``longest`` tokens was found.

        Whoever goes a part of the way and asks again gets the rest of it, so that it does not matter how often it is
        asked for. The matcher stays where it is.

        Args:
            matcher: The answer's grammar, where it stands.
            written: Tokens of the answer so far.
            longest: Most tokens of the way.
        """
        ahead = matcher.after()
        path: list[int] = []
        try:
            while not ahead.may_end:
                tokens = ahead.forced()
                if not tokens:
                    tokens = self._chosen(ahead, written + len(path))
                    for token in tokens:
                        ahead.accept(token)
                if not tokens or len(path) + len(tokens) > longest:
                    return None
                path += tokens
        except GenerationError:
            return None
        return path

    def _chosen(self, matcher: Matcher, number: int) -> list[int]:
        """The allowed token that promises the nearest end."""
        words = matcher.bits()
        in_string = bool(self._letters) and all(int(words[token >> 5]) >> (token & 31) & 1 for token in self._letters)
        for wanted in (self._in_string, self._elsewhere) if in_string else (self._elsewhere, self._in_string):
            allowed = words[wanted >> 5] >> (wanted & 31) & 1
            if allowed.any():
                return [int(wanted[allowed.argmax()])]
        rest = np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little")[: self._vocabulary])
        return [int(rest[number % min(len(rest), 7)])] if len(rest) else []  # odd patterns: not the same one for ever


@functools.lru_cache(maxsize=256)
def reach(schemas: Finite, *, calls: bool = False) -> tuple[int, int]:
    """How much longer the way to the end can get by one choice, in characters, which are at least as many as tokens.

    It only says when to look; whether an answer can still end is always asked of the grammar.

    Args:
        schemas: The schemas of a grammar, flat and finite (``grammar.finite_schemas``).
        calls: Whether there are tools among them, of which several calls may follow each other.

    Returns:
        (where a value may begin, inside of a value that has begun).
    """
    opening = going_on = 0.0
    for schema in map(json.loads, schemas):
        choices = _Choices(schema)
        opening = max(opening, choices.below(schema) + (_WRAPPING + choices.least(schema) if calls else 0))
        going_on = max(going_on, max(map(_to_the_end, _schemas(schema)), default=math.inf))
    return int(min(LONGEST, max(opening, going_on))), int(min(LONGEST, going_on))


class _Choices:
    """How much longer an answer gets by what need not be in it: items, keys that are not required, one branch or another."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._definitions = schema.get("$defs", {})
        self.least = _Lengths(schema, _to_the_end).of
        self._known: dict[str, float] = {}

    def below(self, node: Any) -> float:
        """Characters of all choices that one token can open inside of a value: each in the one before it."""
        if not isinstance(node, dict):
            return 0
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            if name not in self._known:
                self._known[name] = math.inf  # where a value may hold itself, one token is taken to open any number
                self._known[name] = self.below(self._definitions[name])
            return self._known[name]
        if "anyOf" in node:
            return max(self._chosen(branch) for branch in node["anyOf"])
        if node.get("type") == "object":
            required = set(node.get("required", ()))
            others = {**node.get("patternProperties", {}), "": node.get("additionalProperties")}
            inside = [
                self.below(value) if name in required else len(_dumped(name)) + 4 + self._chosen(value)
                for name, value in node.get("properties", {}).items()
            ]
            inside += [_key(pattern) + self._chosen(value) for pattern, value in others.items() if value]
            return max(inside, default=0)
        if node.get("type") == "array":
            return max(
                (2 + self._chosen(item) for item in (node.get("items"), *node.get("prefixItems", ())) if item),
                default=0,
            )
        return _to_the_end(node)

    def _chosen(self, node: Any) -> float:
        return self.least(node) + self.below(node) if isinstance(node, dict) else 0


@functools.lru_cache(maxsize=256)
def shortest_text(schemas: Finite) -> int:
    """Characters that no answer has less of; too few where patterns and formats ask for more.

    Args:
        schemas: The schemas of a grammar.
    """
    return min(int(_Lengths(schema, _least, unknown=0).of(schema)) for schema in map(json.loads, schemas))


class _Lengths:
    """How long the shortest texts of the values of a flat schema are, in characters."""

    def __init__(
        self, schema: dict[str, Any], scalar: Callable[[Mapping[str, Any]], float], unknown: float = math.inf
    ) -> None:
        """Measures what references lead to, until no shorter value is found.

        Args:
            schema: The schema.
            scalar: Measures a value without parts.
            unknown: The length of what cannot be measured.
        """
        self._scalar = scalar
        self._unknown = unknown
        self._definitions = schema.get("$defs", {})
        self._known = dict.fromkeys(self._definitions, math.inf)
        shorter = True
        while shorter:
            shorter = False
            for name in reversed(self._definitions):
                length = self.of(self._definitions[name])
                shorter |= length < self._known[name]
                self._known[name] = min(length, self._known[name])

    def of(self, node: Any) -> float:
        """Characters of the shortest value of a part of the schema."""
        if not isinstance(node, dict):
            return self._unknown
        if "$ref" in node:
            return self._known[node["$ref"].rpartition("/")[2]]
        if "anyOf" in node:
            return min(map(self.of, node["anyOf"]), default=self._unknown)
        if "enum" in node:
            return min(len(_dumped(value)) for value in node["enum"])
        kind = node.get("type")
        if kind == "object":
            properties, required = node.get("properties", {}), node.get("required", [])
            if node.get("minProperties", 0) > len(required):
                return self._unknown
            return _held([len(_dumped(name)) + 2 + self.of(properties.get(name)) for name in required])
        if kind == "array":
            first = node.get("prefixItems", [])[: node.get("minItems", 0)]
            others = node.get("minItems", 0) - len(first)
            return _held([*map(self.of, first), *([self.of(node.get("items"))] * others if others else [])])
        return self._scalar(node)


def _held(lengths: Sequence[float]) -> float:
    """Characters of a list or an object with what it holds."""
    return 2 + sum(lengths) + 2 * max(0, len(lengths) - 1)


def _key(pattern: str) -> int:
    """Characters of a key that no schema names, with what stands around it."""
    needed = still_needed(pattern)
    return 6 + (MAX_KEY if needed is None else _LARGEST * needed)


def _least(node: Mapping[str, Any]) -> float:
    """Characters that no string or number of a schema has less of."""
    return 2 + float(node.get("minLength", 0)) if node.get("type") == "string" else 1


def _to_the_end(node: Mapping[str, Any]) -> float:
    """Characters that a string, a number or a choice can still need once it has begun."""
    if "enum" in node:
        return max(len(_dumped(value)) for value in node["enum"])
    if node.get("type") == "string":
        if "pattern" not in node and "format" not in node:
            return 2 + 2 * float(node.get("minLength", 0))
        simple = "format" not in node and "allOf" not in node and not node.get("minLength")
        needed = still_needed(node["pattern"]) if simple else None
        return math.inf if needed is None else 2 + _LARGEST * needed
    return _DIGITS


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """All schemas inside a flat schema, itself among them."""
    if isinstance(node, dict):
        yield node
        maps = [node.get(key, {}) for key in ("properties", "patternProperties", "$defs")]
        below = [
            node.get("items"),
            node.get("additionalProperties"),
            *node.get("anyOf", []),
            *node.get("prefixItems", []),
        ]
        for value in (*below, *(value for one in maps for value in one.values())):
            yield from _schemas(value)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
