"""Where each part of a JSON document stands in its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from extraction.places import Path

_TOKEN = re.compile(
    r'\s*(?:(?P<mark>[\[\]{},:])|(?P<string>"(?:[^"\\]++|\\.)*+")|(?P<word>[^\s\[\]{},:"]++))', re.DOTALL
)


Kind = Literal["object", "list", "string", "number", "word"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document.

    Attributes:
        path: The keys and indices that lead to it.
        kind: What it is.
        start: Index of its first character in the text.
        end: Index behind its last one.
        before: Index behind what stands before it: the item or the bracket, without the comma and blanks between.
    """

    path: Path
    kind: Kind
    start: int
    end: int
    before: int


def is_written(part: Part, written: int) -> bool:
    """Whether a part is all of one's own, where the text is so up to an index: a number that ends there may have gone on."""
    return part.end < written or (part.end == written and part.kind != "number")


def parts(text: str, start: int = 0) -> Iterator[Part]:
    """Every part of the JSON document that begins at ``start``, containers behind what they hold.

    Of a text that breaks off inside an object or a list, all parts that are whole.
    """
    open_: list[_Open] = []
    end = start
    while (match := _TOKEN.match(text, end)) is not None:
        before, (at, end) = end, match.span(match.lastgroup or 0)
        char = text[at]
        level = open_[-1] if open_ else None
        if char == ":" and level is not None:
            level.key_is_due = False
        elif char == "," and level is not None:
            level.next()
        elif char in "[{":
            open_.append(
                _Open(char, (*level.path, level.key) if level else (), at, level.behind if level else start, end)
            )
        elif char in "]}":
            if level is None:
                return
            open_.pop()
            yield Part(level.path, "list" if level.bracket == "[" else "object", level.start, end, level.before)
            if not open_:
                return
            open_[-1].behind = end
        elif level is not None and level.bracket == "{" and level.key_is_due:
            level.key = json.loads(text[at:end])
        else:
            path = (*level.path, level.key) if level else ()
            kind: Kind = "string" if char == '"' else "number" if char in "-0123456789" else "word"
            if kind == "string" or end < len(text) or level is None:  # more digits may have been to come
                yield Part(path, kind, at, end, level.behind if level else before)
            if level is None:
                return
            level.behind = end


@dataclass(slots=True)
class _Open:
    bracket: str
    path: Path
    start: int
    before: int
    behind: int
    key: str | int = 0
    key_is_due: bool = True

    def next(self) -> None:
        self.key_is_due = True
        if isinstance(self.key, int):
            self.key += 1
