"""How far a JSON document goes that begins at some place of a text: to its end, to the text's end, or to a mistake.

One pass by the rules of RFC 8259, without making any value. Of a text that breaks off it tells which containers are
open, and up to where each of them is certain. ``TokenReader`` follows a document whose text is still being written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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

_STRING_RUN = re.compile(r'[^"\\\x00-\x1f]*+')
_NUMBER_RUN = re.compile(r"[0-9.eE+-]*+")
_WORD_RUN = re.compile(r"[a-z]*+")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')

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
    return _end_of(_SPACE, text, position)


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a document.

    Attributes:
        sign: The mark itself (``[]{},:``), or "string", "number" or "word".
        text: As the model wrote it.
        is_key: Whether it is a string that names a field.
    """

    sign: str
    text: str
    is_key: bool = False


class TokenReader:
    """The tokens of one JSON document, each as soon as it is certain, by the rules of ``scan_document``.

    Its text may come in pieces of any size; no character is looked at again when the next piece comes.

    Attributes:
        state: "cut" while more has to come, "whole", or "broken" where a mistake is.
        position: Index in the last piece behind what was read of it.
        steps: Looks at the text so far, each of which passes over a run of characters: at most about one per
            character and piece.
    """

    def __init__(self) -> None:
        self.state: State = "cut"
        self.position = 0
        self.steps = 0
        self._levels: list[Level] = []
        self._sign = ""  # of the token in whose middle the last piece ended
        self._parts: list[str] = []
        self._escape = ""

    @property
    def brackets(self) -> list[str]:
        """The opening brackets of what is open, from outside to inside."""
        return [level.bracket for level in self._levels]

    @property
    def in_string(self) -> bool:
        """Whether the last piece ended, or went wrong, inside a string."""
        return self._sign == "string"

    def read(self, text: str, start: int = 0) -> Iterator[Token]:
        """The tokens that a new piece, from ``start`` on, makes certain."""
        self.position = start
        while self.state == "cut" and self.position < len(text):
            self.steps += 1
            if not self._sign:
                self._begin(text)
            elif self._goes_on(text):
                yield from self._finished()

    def _begin(self, text: str) -> None:
        at = self.position = _end_of_space(text, self.position)
        if at == len(text):
            return
        char = text[at]
        sign = char
        if char == '"':
            sign = "string"
        elif char in "-0123456789":
            sign = "number"
        elif "a" <= char <= "z":
            sign = "word"
        if sign in (self._levels[-1].next if self._levels else _VALUE):
            self._sign = sign
        else:
            self.state = "broken"

    def _goes_on(self, text: str) -> bool:
        """Reads on in the middle of a token; whether it is complete."""
        if self._sign == "string":
            return self._string_goes_on(text)
        if self._sign in ("number", "word"):
            run = _NUMBER_RUN if self._sign == "number" else _WORD_RUN
            self._take(text, _end_of(run, text, self.position))
            if self._sign == "number":
                return self.position < len(text)  # a number is certain only once something stands behind it
            word = "".join(self._parts)
            whole = word in _WORDS
            if not whole and (self.position < len(text) or not any(one.startswith(word) for one in _WORDS)):
                self.state = "broken"
            return whole
        self._take(text, self.position + 1)
        return True

    def _string_goes_on(self, text: str) -> bool:
        if not self._parts:  # its opening quote
            self._take(text, self.position + 1)
            return False
        if self._escape:
            self._escape += text[self.position]
            if _ESCAPE.fullmatch(self._escape):
                self._escape = ""
            elif not _HALF_ESCAPE.fullmatch(self._escape):
                self.state = "broken"
            self._take(text, self.position + 1)
            return False
        self._take(text, _end_of(_STRING_RUN, text, self.position))
        if self.position == len(text):
            return False
        char = text[self.position]
        if char == "\\":
            self._escape = char
        elif char != '"':
            self.state = "broken"
            return False
        self._take(text, self.position + 1)
        return char == '"'

    def _take(self, text: str, end: int) -> None:
        self._parts.append(text[self.position : end])
        self.position = end

    def _finished(self) -> Iterator[Token]:
        sign, text = self._sign, "".join(self._parts)
        self._sign, self._parts = "", []
        if self.state == "broken" or (sign == "number" and not _NUMBER.fullmatch(text)):
            self.state = "broken"
            return
        is_key = sign == "string" and bool(self._levels) and self._levels[-1].next <= _KEY_OR_END
        try:
            _advance(self._levels, sign, 0, 0)
        except TooDeepError:
            self.state = "broken"
            return
        if not self._levels:
            self.state = "whole"
        yield Token(sign, text, is_key)


def _end_of(run: re.Pattern[str], text: str, position: int) -> int:
    match = run.match(text, position)
    return match.end() if match else position
