"""Notices when an answer goes round in circles."""

from __future__ import annotations

from typing import Final

GRAM: Final = 8
"""Tokens in a row that must have come before for a circle to be looked for."""
SHORTEST: Final = 128
"""Tokens that a circle must have gone on for: fifty zeros in a row may be meant."""


class Repetition:
    """Watches the tokens of one answer, each once.

    Attributes:
        found: Whether the answer goes round in circles now.
    """

    def __init__(self, max_repeats: int) -> None:
        """Begins with an empty answer.

        Args:
            max_repeats: How often a piece may follow itself, if all of it is ``SHORTEST`` tokens or more.
        """
        self._max_repeats = max_repeats
        self._tokens: list[int] = []
        self._seen: dict[tuple[int, ...], int] = {}
        self.found = False

    def push(self, token: int) -> None:
        """Goes on by a token."""
        self._tokens.append(token)
        end = len(self._tokens)
        if end < GRAM:
            return
        gram = tuple(self._tokens[-GRAM:])
        before = self._seen.get(gram)
        self._seen[gram] = end
        self.found = before is not None and self._circles(end - before)

    def _circles(self, period: int) -> bool:
        """Whether the last tokens are a piece of this many tokens, more often than it may be."""
        length = max(SHORTEST, period * (self._max_repeats + 1))
        if length > len(self._tokens):
            return False
        start = len(self._tokens) - length
        return self._tokens[start + period :] == self._tokens[start:-period]
