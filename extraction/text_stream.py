"""From tokens to text as they come: whole characters only, and never a part of a stop string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from extraction.tools import held_back

_BROKEN = "\N{REPLACEMENT CHARACTER}"
_LONGEST_CHARACTER = 4
"""Tokens that one character can take: as many as it has bytes in UTF-8."""


class TextStream:
    """The text of one answer, token by token.

    Attributes:
        text: All text given out so far.
        stopped_by: The stop string that was met, behind which nothing comes; None where none was.
    """

    def __init__(self, tokenizer: Any, *, silent: frozenset[int] = frozenset(), stop: Sequence[str] = ()) -> None:
        """Starts an empty answer.

        Args:
            tokenizer: The model's tokenizer.
            silent: Tokens without text: the ends of turns, padding, placeholders of pictures.
            stop: Strings that end the answer, and are no part of it.
        """
        self._tokenizer = tokenizer
        self._silent = silent
        self._stop = tuple(stop)
        self._tokens: list[int] = []
        self._start = 0  # where decoding begins: one group of tokens before what is new, as spaces depend on neighbours
        self._read = 0  # tokens before this one are decoded
        self._held = ""
        self.text = ""
        self.stopped_by: str | None = None

    @property
    def stopped(self) -> bool:
        """Whether a stop string was met."""
        return self.stopped_by is not None

    @property
    def length(self) -> int:
        """Characters so far, with those that are held back."""
        return len(self.text) + len(self._held)

    def ignore_stops(self) -> None:
        """From now on the strings that end an answer are text like any other."""
        self._stop = ()
        self.text, self._held = self.text + self._held, ""

    def push(self, token: int) -> str:
        """The text that is certain now; often empty."""
        if token in self._silent or self.stopped:
            return ""
        self._tokens.append(token)
        return self._release(self._decoded(at_end=False))

    def finish(self) -> str:
        """The text that was held back; a character that was cut off is left out."""
        if self.stopped:
            return ""
        rest = self._release(self._decoded(at_end=True))
        held, self._held = self._held, ""
        self.text += held
        return rest + held

    def _decoded(self, *, at_end: bool) -> str:
        before = self._decode(self._tokens[self._start : self._read])
        now = self._decode(self._tokens[self._start :])
        piece = now[len(before) :]
        if at_end:
            return piece.rstrip(_BROKEN)
        if not piece or (piece.endswith(_BROKEN) and len(self._tokens) - self._read < _LONGEST_CHARACTER):
            return ""
        self._start, self._read = self._read, len(self._tokens)
        return piece

    def _decode(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def _release(self, piece: str) -> str:
        text = self._held + piece
        found = [(position, stop) for stop in self._stop if (position := text.find(stop)) >= 0]
        if found:
            end, self.stopped_by = min(found)
            text, self._held = text[:end], ""
        else:
            keep = held_back(text, self._stop)
            text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        self.text += text
        return text
