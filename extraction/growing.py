"""A value that grows as its document is written: what is complete is validated, given out once, and never changed."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from extraction.errors import BoxConventionError
from extraction.json_text import load_strictly
from extraction.partials import growing_form
from extraction.places import Path
from extraction.positions import Position
from extraction.scanning import Token
from extraction.schemas.pointers import pointer


@dataclass(frozen=True, slots=True)
class Closed:
    """A value that is complete, and therefore final.

    Attributes:
        pointer: Where it stands, as a JSON pointer (RFC 6901); empty for the whole value.
        value: The value.
        whole: All that is complete so far, this value included; an object of its own that later ones leave alone.
    """

    pointer: str
    value: Any
    whole: Any


@dataclass(slots=True)
class _Open:
    """A growing container: its place, its parts, and where it stands in the one around it."""

    position: Position
    key: str | int | None = None
    name: str | int | None = None
    parts: Any = None
    keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.parts = [] if self.position.kind == "list" else {}


class Growth:
    """Makes values of the tokens of one document.

    Attributes:
        given: How many values were given out.
        tokens: The text of the tokens so far.
        ended: Whether nothing more is given out: something does not fit, and the end of the answer will tell what.
    """

    def __init__(
        self, root: Position, in_pixels: Callable[[Any, Any], Any], own_key: Callable[[str], str] = str
    ) -> None:
        """Starts with nothing.

        Args:
            root: The place of the whole value.
            in_pixels: Puts the boxes of a JSON value with this JSON schema into pixels; ``BoxConventionError`` where
                it is not known yet how: then all waits until ``go_on`` is called.
            own_key: The schema's own name of a key that the schema does not know; raises like ``in_pixels``.
        """
        self.given = 0
        self.tokens: list[str] = []
        self.ended = root.kind == "whole"
        self._root = root
        self._in_pixels = in_pixels
        self._own_key = own_key
        self._open: list[_Open] = []
        self._waiting: deque[Token] = deque()
        self._key: str | None = None
        self._unit: list[str] = []  # what has come of a value that comes whole
        self._depth = 0

    @property
    def waits(self) -> bool:
        """Whether there are values of which it is not known yet what their boxes mean."""
        return bool(self._waiting) and not self.ended

    def take(self, token: Token) -> Iterator[Closed]:
        """The values that a token completes."""
        self.tokens.append(token.text)
        if not self.ended:
            self._waiting.append(token)
            if len(self._waiting) == 1:
                yield from self.go_on()

    def go_on(self) -> Iterator[Closed]:
        """The values that are complete and waited only for what their boxes mean."""
        while self._waiting and not self.ended:
            try:
                closed = self._closed_by(self._waiting[0])
            except BoxConventionError:
                return
            except (ValueError, RecursionError):
                self.ended = True
                return
            self._waiting.popleft()
            if closed is not None:
                self.given += 1
                yield closed

    def _closed_by(self, token: Token) -> Closed | None:
        """What a token completes. It may be asked again after a ``BoxConventionError``."""
        if self._depth:
            return self._in_unit(token)
        if token.sign in ",:":
            return None
        if token.sign in "]}":
            return self._leave()
        if token.is_key:
            self._key = json.loads(token.text)
            self._note_key(str(self._key))
            return None
        return self._begin(token)

    def _note_key(self, key: str) -> None:
        top = self._open[-1]
        if top.position.kind == "object" and top.position.field(key) is None:
            key = self._own_key(key)
        if key in top.keys:
            raise ValueError("a key stands twice in one object")
        top.keys.add(key)

    def _begin(self, token: Token) -> Closed | None:
        """The first token of a value."""
        if not self._open:
            if not _grows(self._root, token):
                raise ValueError("it is of another kind")
            self._open.append(_Open(self._root))
            return None
        key, name, position = self._place()
        if position is not None and self._open[-1].position.kind == "object" and _grows(position, token):
            self._open.append(_Open(position, key, name))
            return None
        if token.sign in "[{":
            self._unit = [token.text]
            self._depth = 1
            return None
        return self._complete(token.text)

    def _in_unit(self, token: Token) -> Closed | None:
        depth = self._depth + (token.sign in "[{") - (token.sign in "]}")
        closed = None
        if not depth:
            closed = self._complete("".join(self._unit) + token.text)
        self._unit.append(token.text)
        self._depth = depth
        return closed

    def _place(self) -> tuple[str | int, str | int, Position | None]:
        """Key, name and place of the value that comes next."""
        top = self._open[-1]
        if top.position.kind == "list":
            return len(top.parts), len(top.parts), top.position.item()
        key = str(self._key)
        if top.position.kind == "mapping":
            return key, key, top.position.item()
        found = top.position.field(key)
        if found is None:
            key = self._own_key(key)
            found = top.position.field(key)
        return (key, key, None) if found is None else (key, found.name, found.position)

    def _complete(self, text: str) -> Closed | None:
        """A value that comes whole, from its text."""
        data = load_strictly(text)
        key, name, position = self._place()
        if position is None:
            return None
        value = position.value(self._in_pixels(data, position.form))
        return self._put(key, name, value)

    def _leave(self) -> Closed | None:
        """The end of a growing container: one in which nothing stands is something new."""
        done = self._open.pop()
        if not self._open or done.parts or done.keys:
            return None
        return self._put(done.key, done.name, done.position.so_far(done.parts))

    def _put(self, key: Any, name: Any, value: Any) -> Closed:
        """Adds a value to the innermost container, and that, as it is now, to those around it."""
        path: Path = (*(one.key for one in self._open if one.key is not None), key)
        whole = value
        for container in reversed(self._open):
            if container.position.kind == "list":
                container.parts.append(whole)
            else:
                container.parts[name] = whole
            whole = container.position.so_far(container.parts)
            name = container.name
        return Closed(pointer(path), value, growing_form(whole))


def _grows(position: Position, token: Token) -> bool:
    """Whether a value that begins with this token grows at this place."""
    return (token.sign == "[" and position.kind == "list") or (
        token.sign == "{" and position.kind in ("object", "mapping")
    )
