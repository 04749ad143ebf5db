"""Where the document of an answer begins that is still being written, and what it says as it comes.

A model may think before it answers, chat around the answer, or put it into a fence; ``documents.read_text`` finds the
document in the whole text. Here it has to be told from the beginning of a text alone. The first object or array counts
of which a part fits what is wanted; the end of the answer tells whether it was the right one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from extraction.families import thinking_marks
from extraction.growing import Closed, Growth
from extraction.json_text import JSON_FENCES, MAX_PAIRINGS
from extraction.positions import Position
from extraction.scanning import TokenReader

_THINKING: Final = thinking_marks()
_ENDS: Final = frozenset(_THINKING.values())
_TAGS: Final = (*_THINKING, *_ENDS)
_BEGINNINGS: Final = frozenset(tag[0] for tag in _TAGS)
_END_BEGINNINGS: Final = "".join(sorted({end[0] for end in _ENDS}))
_LONGEST_HEAD: Final = 200
_HEAD_SO_FAR = re.compile(r"[ \t>]*(?:`{1,2}|~{1,2}|(?:`{3,}|~{3,})[ \t]*(?:[A-Za-z][\w+-]*)?\s*)?")
_HEAD = re.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*([A-Za-z][\w+-]*)?\s*")
_NOTABLE = re.compile(rf"[\[{{\n{re.escape(_END_BEGINNINGS)}]")
_NOTABLE_IN_BROKEN = re.compile(rf'[\[\]{{}}"\\\n{re.escape(_END_BEGINNINGS)}]')
_PARTNER: Final = {"]": "[", "}": "{"}

_Place = Literal["start", "thought", "line", "prose", "tag", "document", "nothing"]


@dataclass(slots=True)
class _Broken:
    """What looked like a document and is none; what stands inside of it is none either.

    Attributes:
        open: Its brackets that are not closed yet; nothing is broken where there are none.
        in_string: Whether it is inside a string.
        escaped: Whether the next character belongs to a backslash.
    """

    open: list[str] = field(default_factory=list)
    in_string: bool = False
    escaped: bool = False

    def pass_over(self, char: str) -> None:
        """Goes on behind a bracket, a quote or a backslash, as ``documents`` pairs brackets in what is no JSON."""
        if char == "\\":
            self.escaped = self.in_string
        elif char == '"':
            self.in_string = not self.in_string
        elif self.in_string:
            return
        elif char in "[{":
            self.open.append(char)
        elif _PARTNER[char] in self.open:
            while self.open.pop() != _PARTNER[char]:
                pass


class AnswerReader:
    """Reads an answer piece by piece.

    Attributes:
        growth: The document that is being read, or was read last.
        position: Index in the last piece behind what was read of it.
    """

    def __init__(
        self, root: Position, in_pixels: Callable[[Any, Any], Any], own_key: Callable[[str], str] = str
    ) -> None:
        """Starts before the first character.

        Args:
            root: The place of the whole value.
            in_pixels: What ``Growth`` takes, like ``own_key``.
            own_key: The schema's own name of a key.
        """
        self._root = root
        self._in_pixels = in_pixels
        self._own_key = own_key
        self.growth = Growth(root, in_pixels, own_key)
        self.position = 0
        self._tokens = TokenReader()
        self._at: _Place = "nothing" if root.kind == "whole" else "start"
        self._steps = 0
        self._held = ""  # what may be the beginning of a tag or of a fence
        self._before_tag: _Place = "start"
        self._closing = ""  # the tag that ends the thinking
        self._may_have_thought: bool | None = None  # None before the first character of the answer
        self._fenced = False
        self._broken = _Broken()
        self._pairings = 0
        self._readers: dict[_Place, Callable[[str], None]] = {
            "start": self._start,
            "tag": self._tag,
            "thought": self._thought,
            "line": self._line,
            "prose": self._prose,
        }

    @property
    def steps(self) -> int:
        """Looks at the text so far: about one per character and piece at most, however long it is."""
        return self._steps + self._tokens.steps

    def read(self, piece: str) -> Iterator[Closed]:
        """The values that a new piece of the answer completes."""
        self.position = 0
        while self.position < len(piece) and self._at != "nothing":
            if self._at == "document":
                yield from self._read_document(piece)
            else:
                self._steps += 1
                self._readers[self._at](piece)

    def _read_document(self, piece: str) -> Iterator[Closed]:
        for token in self._tokens.read(piece, self.position):
            yield from self.growth.take(token)
        self.position = self._tokens.position
        if self._tokens.state == "cut":
            return
        if self.growth.given or self.growth.waits or self._fenced:
            self._at = "nothing"  # what else there is, the end of the answer will tell
        else:
            self._at = "prose"
            if self._tokens.state == "broken":
                self._broken = _Broken(self._tokens.brackets, self._tokens.in_string)
                self._pairings += 1

    def _begin(self, *, fenced: bool) -> None:
        self._steps += self._tokens.steps
        self.growth, self._tokens = Growth(self._root, self._in_pixels, self._own_key), TokenReader()
        self._at, self._fenced = "document", fenced

    def _start(self, piece: str) -> None:
        """Before an answer, or after thinking."""
        char = piece[self.position]
        if char.isspace():
            self.position += 1
        elif char in _BEGINNINGS:
            self._at, self._before_tag, self._held = "tag", "start", ""
        else:
            self._enter_answer(char)

    def _enter_answer(self, char: str) -> None:
        self._may_have_thought = char not in '[{"`'
        self._at = "nothing" if char == '"' else "line"

    def _tag(self, piece: str) -> None:
        """In what may be a tag around thinking."""
        held = self._held + piece[self.position]
        if held in _THINKING and self._before_tag == "start":
            self._at, self._closing, held = "thought", _THINKING[held], ""
        elif held in _ENDS:
            self._at, self._broken, held = "start", _Broken(), ""  # what begins the thinking stands in the prompt
        elif not any(tag.startswith(held) for tag in _TAGS):
            self._read_as_no_tag(self._held)
            return
        self._held = held
        self.position += 1

    def _enter_prose(self) -> None:
        self._at, self._held = "prose", ""

    def _read_as_no_tag(self, held: str) -> None:
        """Reads what was taken for the beginning of a tag; it can be the beginning of a document."""
        if self._before_tag == "start":
            self._enter_answer(held[0])
        self._enter_prose()
        position, self.position = self.position, 0
        self._note(held[0])
        while self.position < len(held) and self._at != "nothing":
            if self._at == "document":
                for _ in self._read_document(held):
                    raise AssertionError("no value ends in the beginning of a tag")
            else:
                self._readers[self._at](held)
        self.position = position

    def _thought(self, piece: str) -> None:
        """In thinking, up to the tag that ends it."""
        text = self._held + piece[self.position :]
        end = text.find(self._closing)
        if end < 0:
            self._held, self.position = text[max(0, len(text) - len(self._closing) + 1) :], len(piece)
            return
        self.position = len(piece) - (len(text) - end - len(self._closing))
        self._at, self._held = "start", ""

    def _line(self, piece: str) -> None:
        """At the beginning of a line, which may be that of a fenced block."""
        held = self._held + piece[self.position]
        if _HEAD_SO_FAR.fullmatch(held) and len(held) < _LONGEST_HEAD:
            self._held = held
            self.position += 1
            return
        head, self._held = _HEAD.fullmatch(self._held), ""
        if head is None:
            self._at = "prose"
        elif (head[1] or "").lower() in JSON_FENCES and piece[self.position] in "[{":
            self._begin(fenced=True)
        else:
            self._at = "nothing"  # a block of something else: what of it counts, the end of the answer will tell

    def _prose(self, piece: str) -> None:
        """Around documents."""
        if self._broken.escaped:
            self._broken.escaped = False
            self.position += 1
            return
        notable = (_NOTABLE_IN_BROKEN if self._broken.open else _NOTABLE).search(piece, self.position)
        if notable is None:
            self.position = len(piece)
            return
        self.position = notable.start()
        if notable[0] in _END_BEGINNINGS and self._may_have_thought:
            self._at, self._before_tag, self._held = "tag", "prose", ""
        else:
            self._note(notable[0])

    def _note(self, char: str) -> None:
        """Goes on behind, or into, what a character of the prose begins or ends."""
        if char == "\n":
            self._at = "line"
            self.position += 1
        elif char not in '[]{}"\\':
            self.position += 1
        elif self._broken.open:
            self._broken.pass_over(char)
            self.position += 1
        elif self._pairings < MAX_PAIRINGS:
            self._begin(fenced=False)
        else:
            self._at = "nothing"
