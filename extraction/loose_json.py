"""JSON as models write it: fenced, in single quotes, with comments and trailing commas, unfinished; with its places.

Nothing is refused. What stands where one value should be and is none becomes ``BROKEN``, and the rest is read on.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from extraction.scanning import MAX_DEPTH

_OPENING = re.compile(r"[\[{]")
_TOKEN = re.compile(
    r"""(?P<space>\s++|//[^\n]*+|\#[^\n]*+)
      | (?P<mark>[\[\](){}:,])
      | (?P<number>[-+]?(?:\d{1,15}+(?:\.\d{0,20}+)?+|\.\d{1,20}+)(?:[eE][-+]?\d{1,2}+)?+(?![\w.]))
      | (?P<word>[^\W\d][\w-]*+)
      | (?P<quote>["'])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
# A quote ends its string only where something may follow a string: models forget to escape those inside.
_STRINGS = {
    quote: re.compile(rf"{quote}((?:[^{quote}\\\n]++|\\[^\n]|{quote}(?!\s*+(?:[,:\]}}]|\Z)))*+)")
    for quote in ('"', "'")
}
_WORDS: Final = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_PAIRS: Final = {"]": "[", "}": "{", ")": "("}


class _Broken:
    def __repr__(self) -> str:
        return "BROKEN"


BROKEN: Final = _Broken()


@dataclass(slots=True)
class Node:
    """A list or an object.

    Attributes:
        bracket: How it begins; "(" is a list in Python.
        start: Index of its bracket.
        end: Index behind its end; None while it is open.
        values: Its items, or the values of its fields: nodes, strings, numbers, booleans, None, ``BROKEN``.
        keys: The names of its fields.
    """

    bracket: str
    start: int
    end: int | None = None
    values: list[Any] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _pending: list[Any] = field(default_factory=list)
    _key: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether it has items and no fields."""
        return self.bracket != "{"

    def fields(self) -> dict[str, Any]:
        """The fields of an object; of two by the same name the first."""
        fields: dict[str, Any] = {}
        for key, value in zip(self.keys, self.values, strict=True):
            fields.setdefault(key, value)
        return fields

    def take(self, value: Any) -> None:
        """A value, or part of one, has come."""
        self._pending.append(value)

    def name(self) -> None:
        """What came last is the name of a field."""
        key = self._pending[-1] if self._pending else None
        self._key = key if isinstance(key, str) else ""
        self._pending.clear()

    def settle(self) -> None:
        """Nothing more belongs to the value that came."""
        if self._pending and (self.is_list or self._key is not None):
            self.values.append(self._pending[0] if len(self._pending) == 1 else BROKEN)
            if not self.is_list:
                self.keys.append(self._key or "")
        self._pending.clear()
        self._key = None

    def settle_open(self) -> None:
        """The text ended: of what came, only a list or an object is of use, whose parts may be complete."""
        self._pending = [value for value in self._pending if isinstance(value, Node)][-1:]
        self.settle()


def as_json(value: Any) -> Any:
    """What was read, as a JSON value.

    Raises:
        ValueError: Something in it is broken or unfinished.
    """
    if value is BROKEN or (isinstance(value, Node) and value.end is None):
        raise ValueError("what stands here cannot be read to its end")
    if not isinstance(value, Node):
        return value
    if value.is_list:
        return [as_json(item) for item in value.values]
    return {name: as_json(item) for name, item in value.fields().items()}


def read_loosely(text: str) -> tuple[list[Node], bool]:
    """The lists and objects that stand in a text by themselves, and whether it ends inside one."""
    reader = _LooseReader(text)
    reader.run()
    return reader.documents, bool(reader.stack)


class _LooseReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.documents: list[Node] = []
        self.stack: list[Node] = []
        self.open: Counter[str] = Counter()
        self.no_string_before = {'"': 0, "'": 0}  # a quote before this index begins no string

    def run(self) -> None:
        position = 0
        while position < len(self.text):
            if not self.stack:
                match = _OPENING.search(self.text, position)
                if match is None:
                    break
                self._mark(match[0], match.start())
            else:
                match = _TOKEN.match(self.text, position)
                if match is None:
                    break
                if match.lastgroup == "quote":
                    position = self._string(match[0], position)
                    continue
                self._token(match)
            position = match.end()
        for node in reversed(self.stack):
            node.settle_open()

    def _token(self, match: re.Match[str]) -> None:
        node, text = self.stack[-1], match[0]
        if match.lastgroup == "mark":
            self._mark(text, match.start())
        elif match.lastgroup == "number":
            node.take(int(text) if text.lstrip("+-").isdecimal() else float(text))
        elif match.lastgroup == "word":
            node.take(_WORDS.get(text, text))
        elif match.lastgroup == "other":
            node.take(BROKEN)

    def _mark(self, mark: str, at: int) -> None:
        if mark in ("[", "{", "("):
            if len(self.stack) == MAX_DEPTH:
                self.stack[-1].take(BROKEN)
                return
            node = Node(mark, at)
            if self.stack:
                self.stack[-1].take(node)
            else:
                self.documents.append(node)
            self.stack.append(node)
            self.open[mark] += 1
        elif mark == ",":
            self.stack[-1].settle()
        elif mark == ":":
            if not self.stack[-1].is_list:
                self.stack[-1].name()
        elif self.open[_PAIRS[mark]]:
            self._close(_PAIRS[mark], at + 1)

    def _close(self, bracket: str, end: int) -> None:
        """Closes the last list or object of this kind, and what was left open inside."""
        while True:
            node = self.stack.pop()
            self.open[node.bracket] -= 1
            node.settle()
            node.end = end
            if node.bracket == bracket:
                return

    def _string(self, quote: str, at: int) -> int:
        """Reads the string that begins here; the index behind it."""
        if at >= self.no_string_before[quote]:
            match = _STRINGS[quote].match(self.text, at)
            end = match.end() if match else at
            if match and self.text.startswith(quote, end):
                self.stack[-1].take(unescaped(match[1]))
                return end + 1
            if self.text[end:] in ("", "\\"):
                return len(self.text)  # it ends inside this string
            self.no_string_before[quote] = end
        self.stack[-1].take(BROKEN)
        return at + 1


def unescaped(text: str) -> str:
    """The string that was written between quotes."""
    if "\\" not in text:
        return text
    try:
        value = json.loads('"' + re.sub(r'(\\.)|"', lambda match: _escape(match[0]), text) + '"', strict=False)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def _escape(piece: str) -> str:
    if piece == "\\'":
        return "'"
    return '\\"' if piece == '"' else piece
