"""The budget of one answer under a grammar: while it is written, a way to its end within the budget stays open."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from extraction.closing import LONGEST
from extraction.matching import Matcher

if TYPE_CHECKING:
    from extraction.closing import Closer


class Budget:
    """Says whether an answer can still end after a token, and how it ends from where it stands."""

    def __init__(
        self,
        matcher: Matcher,
        closer: Closer,
        *,
        smallest: int | None,
        reach: tuple[int, int],
        max_tokens: int,
        longest: int = LONGEST,
    ) -> None:
        """Begins with an empty answer.

        Args:
            matcher: The answer's grammar at work.
            closer: Finds ways to the end.
            smallest: Tokens of the shortest answer that is known; None where none is.
            reach: How much longer the way to the end can get by one choice (see ``closing.reach``).
            max_tokens: Longest answer.
            longest: Most tokens of a way to the end that is looked for.
        """
        self._longest = longest
        self._matcher = matcher
        self._closer = closer
        self._opening, self._going_on = reach
        self._max_tokens = max_tokens
        self._ahead = max_tokens if smallest is None else smallest  # at most so many tokens end the answer by now

    def admits(self, token: int, written: int) -> bool:
        """Whether an answer of ``written`` tokens can go on by a token and still end in time.

        While the budget is far, this is told from what one choice can add at most; near it, by finding the way.
        """
        left = self._max_tokens - written - 1
        ahead = self._ahead + (self._going_on if self._closer.plain(token) else self._opening)
        if ahead > left:
            path = self._closer.path(self._matcher.after(token), written + 1, self._longest)
            if path is None:  # no way was found, which does not mean that there is none
                return True
            if len(path) > left:
                return False
            ahead = len(path)
        self._ahead = ahead
        return True

    def path(self, written: int) -> list[int] | None:
        """Tokens that end an answer of ``written`` tokens in time; None where none were found."""
        return self._closer.path(self._matcher, written, max(0, self._max_tokens - written))

    def agreed(self, token: int, path: list[int]) -> int:
        """Characters at the beginning of a way to the end that the model wrote as well, with the token it wanted."""
        both = zip(self._closer.text([token]), self._closer.text(path), strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], both))
