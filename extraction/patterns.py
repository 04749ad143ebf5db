"""Regular expressions of schemas: which of them a grammar can follow, and what is left of those that it cannot."""

from __future__ import annotations

import functools
import json
import random
import re
from typing import TYPE_CHECKING, Any, Final

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

FORM: JsonCompileOptions = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""How answers are spaced: as ``json.dumps`` does."""

LIMITS: Final = LLParserLimits(max_items_in_row=10_000, step_max_items=200_000, verbose_errors=False)
"""What one token of an answer may cost: about five times llguidance's own, for objects with hundreds of optional keys."""

_LOOKAROUND: Final = re.compile(r"\(\?<?[=!]")
_CLASS: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
# Rust reads these in a character class as operations on sets, Python and ECMAScript as the characters.
_SET_OPERATIONS: Final = re.compile(r"(?<!\\)\[|&&|~~|--")
_PROBE_WALKS, _PROBE_STEPS = 3, 160
# A fourth of llguidance's own limits: what passes here has room left under a large vocabulary.
_PROBE_LIMITS: Final = LLParserLimits(step_lexer_fuel=50_000, max_lexer_states=60_000)


def without_lookaround(pattern: str) -> str:
    """A pattern free of look-around, which no finite grammar has; wider, never narrower."""
    while (match := _LOOKAROUND.search(pattern)) is not None:
        pattern = pattern[: match.start()] + pattern[_group_end(pattern, match.start()) :]
    return pattern


def is_finite(pattern: str) -> bool:
    """Whether all strings of a pattern have a largest length: it is anchored at both ends, and repeats nothing endlessly."""
    bare = re.sub(r"\\.", "x", _CLASS.sub("x", pattern), flags=re.DOTALL)
    if not bare.startswith("^") or not bare.endswith("$") or re.search(r"[*+]|\{\d+,\}", bare):
        return False
    depth = 0
    for char in bare:
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            return False
    return True


def still_needed(pattern: str) -> int | None:
    """Characters that a string of a pattern can still need at most, wherever it stands; None where that is not known."""
    bare = re.sub(r"\\.", "x", _CLASS.sub("x", without_lookaround(pattern)), flags=re.DOTALL)
    tokens = re.findall(r"\(\?(?:[imsu-]*:|P?<\w+>)|\(\??|[)|^$]|[*+?]\??|\{\d+(?:,\d*)?\}\??|.", bare, flags=re.DOTALL)
    alternatives: list[list[int]] = [[0]]  # per open group the lengths of its alternatives
    last = 0  # length of what a repetition would repeat
    for token in tokens:
        if token.startswith("("):
            if token == "(?":
                return None
            alternatives.append([0])
            last = 0
        elif token == ")":
            if len(alternatives) == 1:
                return None
            last = max(alternatives.pop())
            alternatives[-1][-1] += last
        elif token == "|":
            alternatives[-1].append(0)
            last = 0
        elif token[0] == "{" and len(token) > 1:
            alternatives[-1][-1] += last * max(0, int(re.findall(r"\d+", token)[0]) - 1)
            last = 0
        elif token[0] not in "*+?^$":
            last = 1
            alternatives[-1][-1] += 1
    return max(alternatives[0]) if len(alternatives) == 1 else None


def narrowing(pattern: str) -> str | None:
    r"""A second pattern that keeps ``\S``, ``\D`` and ``\W`` to what every engine takes them for; often None.

    llguidance reads them as ECMAScript does, by ASCII; the engines that validate read them by Unicode.
    """
    if re.search(r"\\[DWB]", pattern):
        return r"^[\x20-\x7e]*$"
    return r"^[^\x00-\x1f\x7f]*$" if "\\S" in pattern else None


@functools.lru_cache(maxsize=4096)
def walkable(text_schema: str) -> bool:
    """Whether a grammar can follow a schema of one string: it compiles, and strings that wander stay cheap.

    Catastrophic expressions compile at once, and fail in the middle of an answer. Some seeded walks, byte by byte,
    under a fourth of the usual limits show that beforehand, in a few milliseconds.

    Args:
        text_schema: The schema as JSON text.
    """
    classes = _CLASS.findall(json.loads(text_schema).get("pattern", ""))
    if any(_SET_OPERATIONS.search(text[1:]) for text in classes if text[0] == "["):
        return False
    grammar = LLMatcher.grammar_from_json_schema(text_schema, overrides=FORM)
    matcher = LLMatcher(_bytes(), grammar, log_level=0, limits=_PROBE_LIMITS)
    return not matcher.is_error() and all(
        _walks(matcher.deep_copy(), random.Random(walk)) for walk in range(_PROBE_WALKS)
    )


def begins(grammar: str) -> str | None:
    """Why a grammar cannot even begin an answer; None where it can."""
    matcher = LLMatcher(_bytes(), grammar, log_level=0, limits=LIMITS)
    if not matcher.is_error():
        matcher.compute_bitmask()
    return matcher.get_error().partition("<state>")[0] if matcher.is_error() else None


def _walks(matcher: LLMatcher, chance: random.Random) -> bool:
    for _ in range(_PROBE_STEPS):
        if matcher.is_stopped():
            break
        mask = matcher.compute_logit_bias()
        if matcher.is_error():
            return False
        allowed = [token for token in range(min(256, len(mask))) if mask[token]]
        letters = [token for token in allowed if chr(token).isalnum()]
        if not allowed:
            break
        matcher.consume_token(chance.choice(letters or allowed))
    return not matcher.is_error()


@functools.cache
def _bytes() -> LLTokenizer:
    return LLTokenizer("byte")


def _group_end(pattern: str, start: int) -> int:
    """Index after the group that opens at ``start``."""
    depth, in_class, index = 0, False, start
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return index + 1
        index += 1
    return len(pattern)


def as_text(schema: dict[str, Any]) -> str:
    """A schema as the JSON text that ``walkable`` takes."""
    return json.dumps(schema, ensure_ascii=False, sort_keys=True)
