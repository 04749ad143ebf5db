"""How far a JSON document goes that begins at some place of a text: to its end, to the text's end, or to a mistake.

One pass by the rules of RFC 8259, without making any value. Of a text that breaks off it tells which containers are
open, and up to where each of them is certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

MAX_DEPTH: Final = 100
"""Containers inside one another. Real documents have ten; whoever walks a value may do so by recursion."""

State = Literal["whole", "cut", "broken"]

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
      (?P<mark>[\[\]{},:])
    | (?P<string>"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+)  # without the quote that ends it
    | (?P<number>-?[0-9][0-9.eE+-]*+|-)
    | (?P<word>[a-z]++)
    )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\r\n]*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_WORDS = ("true", "false", "null")

_VALUE = frozenset({"[", "{", "string", "number", "word"})
_VALUE_OR_END = _VALUE | {"]"}
_KEY = frozenset({"string"})
_KEY_OR_END = _KEY | {"}"}
_COLON = frozenset({":"})
_MORE_OR_END = {"[": frozenset({",", "]"}), "{": frozenset({",", "}"})}


@dataclass(slots=True)
class Level:
    """A container that is open.

    Attributes:
        bracket: How it began.
        start: Index of its bracket.
        safe: Index behind the last of its elements that is complete and certain.
        next: What may stand next in it.
    """

    bracket: str
    start: int
    safe: int
    next: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found.

    Attributes:
        start: Where the document begins.
        end: Behind its end; where the text ends; or where the mistake is.
        state: Whether it is whole, cut off by the end of the text, or broken by a mistake.
        levels: What is open when it is cut, from outside to inside.
    """

    start: int
    end: int
    state: State
    levels: tuple[Level, ...] = ()


class TooDeepError(ValueError):
    """Brackets are nested deeper than in any real document."""

    def __init__(self) -> None:
        super().__init__("its brackets are nested too deeply")


def scan_document(text: str, start: int) -> Scan:
    """Follows the object, array, string, number or word that begins at ``start``.

    Raises:
        TooDeepError: More than ``MAX_DEPTH`` containers are open at once.
    """
    levels: list[Level] = []
    position = start
    while True:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            end = _end_of_space(text, position)
            return Scan(start, end, "cut" if end == len(text) else "broken", tuple(levels))
        at, position = match.span(match.lastgroup)
        sign = text[at] if match.lastgroup == "mark" else match.lastgroup
        if sign not in (levels[-1].next if levels else _VALUE):
            return Scan(start, at, "broken")
        state, position = _token_end(text, sign, at, position)
        if state != "whole":
            return Scan(start, position, state, tuple(levels))
        _advance(levels, sign, at, position)
        if not levels:
            return Scan(start, position, "whole")


def _advance(levels: list[Level], sign: str, at: int, end: int) -> None:
    """Brings the open containers up to date with a token that stands where it may."""
    if sign in "[{":
        if len(levels) == MAX_DEPTH:
            raise TooDeepError
        levels.append(Level(sign, at, end, _VALUE_OR_END if sign == "[" else _KEY_OR_END))
        return
    if sign in "]}":
        levels.pop()
    if not levels:
        return
    level = levels[-1]
    if sign == ",":
        level.safe, level.next = at, _VALUE if level.bracket == "[" else _KEY
    elif sign == ":":
        level.next = _VALUE
    elif sign == "string" and level.next <= _KEY_OR_END:
        level.next = _COLON
    else:
        level.next = _MORE_OR_END[level.bracket]
        if sign != "number":  # a number is certain only once something stands behind it
            level.safe = end


def _token_end(text: str, sign: str, at: int, end: int) -> tuple[State, int]:
    """Whether a token is whole, and where it ends or goes wrong."""
    if sign == "string":
        if text.startswith('"', end):
            return "whole", end + 1
        return ("cut", len(text)) if end == len(text) or _HALF_ESCAPE.match(text, end) else ("broken", end)
    if sign == "number":
        if end == len(text):
            return "cut", end  # more digits may have been to come
        return ("whole", end) if _NUMBER.fullmatch(text, at, end) else ("broken", at)
    if sign == "word":
        word = text[at:end]
        if word in _WORDS:
            return "whole", end
        return ("cut", end) if end == len(text) and any(one.startswith(word) for one in _WORDS) else ("broken", at)
    return "whole", end


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
