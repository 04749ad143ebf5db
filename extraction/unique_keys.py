"""No key twice in one object: what a grammar of a JSON schema cannot say of keys that the schema does not name.

A grammar lets ``{"ring": 1, "ring": 2}`` pass for ``dict[str, int]``, and which of the two is meant nobody knows. So the keys
that stand are remembered while an answer is written, and tokens that would close one of them again are not allowed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_OPEN_OBJECT: Final = re.compile(r'"patternProperties": ?\{(?!\})|"additionalProperties": ?(?!false|\s)')
_QUOTE, _BACKSLASH, _COMMA = b'"\\,'
_OPENERS, _CLOSERS = b"{[", b"}]"


def has_open_objects(grammar: str) -> bool:
    """Whether some object of a grammar may have keys that its schema does not name."""
    return _OPEN_OBJECT.search(grammar) is not None


class Spellings:
    """The tokens of one tokenizer, to be found by their text."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        """Sorts them.

        Args:
            texts: The bytes of each token.
        """
        self.texts = texts
        self._order = sorted((token for token, text in enumerate(texts) if text), key=texts.__getitem__)
        self._sorted = [texts[token] for token in self._order]
        self.spanning = np.array([token for token in self._order if texts[token].count(b'"') > 1], dtype=np.int64)

    def begun_by(self, text: bytes) -> list[int]:
        """The tokens that begin with ``text``, which ends with a quotation mark."""
        behind = text[:-1] + bytes([text[-1] + 1])
        return self._order[bisect_left(self._sorted, text) : bisect_left(self._sorted, behind)]

    def beginning(self, text: bytes) -> Iterator[int]:
        """The tokens that ``text`` begins with."""
        for length in range(1, len(text) + 1):
            yield from self._order[
                bisect_left(self._sorted, text[:length]) : bisect_left(self._sorted, text[:length] + b"\0")
            ]


class WrittenKeys:
    """The keys of all objects that are open in one answer, read byte by byte."""

    def __init__(self, spellings: Spellings) -> None:
        """Begins with an empty answer."""
        self._spellings = spellings
        self._open: list[set[bytes] | None] = []  # the keys of each open object, the outermost first; None for a list
        self._key: bytearray | None = None  # what is written of a key
        self._in_string = self._escaped = False
        self._key_next = False  # whether the next string is a key

    def copy(self) -> WrittenKeys:
        """The same, to go on with apart."""
        other = WrittenKeys(self._spellings)
        other._open = [None if keys is None else set(keys) for keys in self._open]
        other._key = None if self._key is None else bytearray(self._key)
        other._in_string, other._escaped, other._key_next = self._in_string, self._escaped, self._key_next
        return other

    def take(self, tokens: Sequence[int]) -> bool:
        """Goes on by tokens; False where they write a key again."""
        return all(self._read(byte) for token in tokens for byte in self._spellings.texts[token])

    def repeating(self, words: npt.NDArray[np.uint32], forced: Callable[[int], bytes]) -> list[int]:
        """The tokens that would write a key again.

        Args:
            words: A bit for each token: whether it may come next.
            forced: The text that must follow a token; keys that follow a pattern have often but one end.
        """
        if not any(self._open):
            return []
        spanning = self._spellings.spanning
        candidates = spanning[(words[spanning >> 5] >> (spanning & 31).astype(np.uint32)) & 1 == 1].tolist()
        result = [token for token in candidates if not self.copy().take([token])]
        if self._key is None or self._escaped:
            return result
        written, keys = bytes(self._key), self._open[-1] or ()
        for rest in [key[len(written) :] + b'"' for key in keys if key.startswith(written)]:
            result += self._spellings.begun_by(rest)
            for token in self._spellings.beginning(rest[:-1]):
                left = rest[len(self._spellings.texts[token]) :]
                if words[token >> 5] >> (token & 31) & 1 and forced(token).startswith(left):
                    result.append(token)
        return result

    def _read(self, byte: int) -> bool:
        if self._in_string:
            return self._read_in_string(byte)
        if byte == _QUOTE:
            self._in_string = True
            self._key = bytearray() if self._key_next and self._open and self._open[-1] is not None else None
            self._key_next = False
        elif byte in _OPENERS:
            self._open.append(set() if byte == _OPENERS[0] else None)
            self._key_next = True
        elif byte in _CLOSERS and self._open:
            self._open.pop()
        elif byte == _COMMA:
            self._key_next = True
        return True

    def _read_in_string(self, byte: int) -> bool:
        if byte == _QUOTE and not self._escaped:
            self._in_string = False
            return self._close_key()
        self._escaped = byte == _BACKSLASH and not self._escaped
        if self._key is not None:
            self._key.append(byte)
        return True

    def _close_key(self) -> bool:
        if self._key is None:
            return True
        keys, key = self._open[-1], bytes(self._key)
        assert keys is not None  # a key stands in an object
        self._key = None
        new = key not in keys
        keys.add(key)
        return new
