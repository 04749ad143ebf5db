"""What boxes that can be ticked, and the words yes and no, say of a label: ``said_behind``, ``said_before``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from extraction.rules.labels import normal

MARK: Final = re.compile(r"[☐▢□☑☒✓✔✗✘]|\[\s*(?:[xX✓✔*]|_*)\s*\]|\(\s*[xX]?\s*\)")
"""A box, ticked or not."""

_EMPTY: Final = re.compile(r"[☐▢□]|\[\s*_*\s*\]|\(\s*\)")
_YES: Final = frozenset("yes y ja oui si sim x true".split())
_NO: Final = frozenset("no n nein non nee nao false".split())
_TOKEN: Final = re.compile(rf"(?P<mark>{MARK.pattern})|(?P<word>[^\W_]+)")


@dataclass(frozen=True, slots=True)
class _Token:
    """A box (ticked or not) or a word of an answer (yes or no), and where it ends."""

    is_mark: bool
    says: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a label.

    Attributes:
        value: True or false; None where boxes stand there of which none, or more than one, is ticked.
        start: Where it stands in the text that was read.
        end: Where it ends.
    """

    value: bool | None
    start: int
    end: int


def is_ticked(mark: str) -> bool:
    """Whether a box is ticked."""
    return _EMPTY.fullmatch(mark) is None


def marks_trail(text: str) -> bool:
    """Whether the boxes of a row stand behind what they are about: "Married [x]  Single [ ]"."""
    marks = list(MARK.finditer(text))
    return (
        bool(marks)
        and not any(map(str.isalnum, text[marks[-1].end() :]))
        and any(map(str.isalnum, text[: marks[0].start()]))
    )


def said_behind(text: str) -> Said | None:
    """What the beginning of a text says: a box, yes or no, or boxes for both; None where it says nothing."""
    told = list(_leading(text))
    marks, words = [one for one in told if one.is_mark], [one for one in told if not one.is_mark]
    if not told:
        return None
    if not words:
        return Said(marks[0].says, marks[0].start, marks[0].end)
    if not marks:
        alone = len(words) == 1 and not any(map(str.isalnum, text[words[0].end :]))
        return Said(words[0].says, words[0].start, words[0].end) if alone else None
    if len(words) == 1:  # one box, for yes or for no
        mark, word = marks[0], words[0]
        beside = len(marks) == 1 or not told[1].is_mark
        value = word.says if mark.says else False if word.says else None
        return Said(value if beside else None, told[0].start, max(mark.end, word.end))
    chosen = {word.says for mark, word in zip(marks, words, strict=False) if mark.says}
    return Said(chosen.pop() if len(chosen) == 1 else None, told[0].start, told[-1].end)


def said_before(text: str) -> Said | None:
    """What the box at the end of a text says; None where none is there."""
    marks = list(MARK.finditer(text))
    if not marks or any(map(str.isalnum, text[marks[-1].end() :])):
        return None
    return Said(is_ticked(marks[-1].group()), marks[-1].start(), marks[-1].end())


def _leading(text: str) -> Iterator[_Token]:
    """The boxes and words of answers that a text begins with, up to the first other word."""
    for match in _TOKEN.finditer(text):
        if match["mark"]:
            yield _Token(True, is_ticked(match["mark"]), *match.span())
            continue
        word = normal(match["word"])
        if word not in _YES | _NO:
            return
        yield _Token(False, word in _YES, *match.span())
