"""Where the words of a line begin and end, by its ink.

A recognizer tells roughly in which column it saw each character. The ink tells exactly: between two words there is a
strip without any, and around the line there is none either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from extraction.ocr.quads import Pixels

_CONTRAST = 24
"""Grey levels by which ink differs at least from the paper; less is noise."""

_RULE = 0.85
_UPRIGHT_RULE = 0.92
"""A row, or a column, with ink in more than this share of its length is a printed rule, and no text: detectors leave some
paper above and below letters."""

_ENOUGH_GAPS = 4
_NARROW = 0.65
"""Of so many blanks in a line, those that are narrower than this share of their median are none. In letters 12 pixels high
false ones are half as wide as the others."""

_BLANK = 0.5
_WIDE = 2.5
"""A gap wider than this share of the height of a line's ink, and than so many gaps between letters, is a blank; also in
typewriter faces, whose points and colons stand in wide gaps of their own."""

_FAINT_RULE = 0.7
_EMPTY = 0.03

_TRIM = 0.3
"""At most this share of a strip's height is taken for empty paper above its text, and below it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a strip, in shares of its width."""

    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of a strip of one line.

    Attributes:
        columns: Shape (width,): whether there is ink in the column.
        top: The first row with ink, in shares of the height.
        bottom: Behind the last row with ink, in shares of the height.
        height: From the one to the other, in pixels of the strip.
    """

    columns: npt.NDArray[np.bool_]
    top: float
    bottom: float
    height: int


def find_ink(strip: Pixels) -> Ink | None:
    """The ink of a strip, dark on light or light on dark; None where it does not stand out from the paper."""
    grey = strip.mean(axis=2)
    paper = float(np.median(grey))
    away = np.abs(grey - paper)
    strongest = float(np.percentile(away, 98))
    if strongest < _CONTRAST:
        return None
    mask = away > max(_CONTRAST, 0.4 * strongest)
    upright = mask.mean(axis=0) > _UPRIGHT_RULE
    first, last = _between_rules(mask, away > _CONTRAST)
    mask[:first] = False  # the text stands between the rules next to it
    mask[last:] = False
    mask[:, upright] = False
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    height = len(mask)
    trim = int(_TRIM * height)
    top, bottom = min(int(rows[0]), trim), max(int(rows[-1]) + 1, height - trim)
    return Ink(mask[top:bottom].any(axis=0), top / height, bottom / height, bottom - top)


def _between_rules(mask: npt.NDArray[np.bool_], faint: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The rows of a strip from behind the rule above its text to the one below it.

    Rules that run a little aslant take some rows, in each of which they are shorter and fainter: such rows count where the
    strip ends, and those next to them until one is empty.
    """
    height = len(mask)
    trim = int(_TRIM * height)
    share = mask.mean(axis=1)
    rule = share > _RULE
    outside = np.r_[0:trim, height - trim : height]
    rule[outside] |= faint.mean(axis=1)[outside] > _FAINT_RULE
    above, below = (np.flatnonzero(rule[: height // 2]), np.flatnonzero(rule[height // 2 :]) + height // 2)
    first = int(above[-1]) + 1 if above.size else 0
    while 0 < first < trim and share[first] > _EMPTY:
        first += 1
    last = int(below[0]) if below.size else height
    while height - trim < last < height and share[last - 1] > _EMPTY:
        last -= 1
    return first, last


def word_spans(centres: Sequence[Sequence[float]], ink: Ink | None) -> list[Span]:
    """Where the words of a line lie on its strip.

    Args:
        centres: For each word the centres of its characters, in shares of the strip's width, from left to right.
        ink: The strip's; without it, words end half a character beside their outermost ones.
    """
    spans = _proportional(centres)
    if ink is None or not ink.columns.any():
        return spans
    width = len(ink.columns)
    inked = np.flatnonzero(ink.columns)
    edges = [_outer(int(inked[0]) / width, spans[0].left, centres[0][0])]
    for before, after, one, other in zip(centres, centres[1:], spans, spans[1:], strict=False):
        gap = _widest_gap(ink.columns, before[-1], after[0])
        edges += [gap.left, gap.right] if gap else [one.right, other.left]
    edges.append(-_outer(-(int(inked[-1]) + 1) / width, -spans[-1].right, -centres[-1][-1]))
    return [
        Span(min(left, near[0]), max(right, near[-1]))
        for left, right, near in zip(edges[::2], edges[1::2], centres, strict=True)
    ]


def false_blanks(texts: Sequence[str], spans: Sequence[Span]) -> list[bool]:
    """For each blank between two words whether it is none: much narrower than the line's others, as between letters.

    Digits are left apart: thin blanks group thousands.
    """
    gaps = [other.left - one.right for one, other in pairwise(spans)]
    if len(gaps) < _ENOUGH_GAPS:
        return [False] * len(gaps)
    narrow = _NARROW * float(np.median(gaps))
    return [
        gap < narrow and not (before[-1].isdigit() and after[0].isdigit())
        for gap, (before, after) in zip(gaps, pairwise(texts), strict=True)
    ]


def missed_blanks(centres: Sequence[float], ink: Ink | None) -> list[int]:
    """Characters of a word behind which there is a blank that the recognizer did not tell.

    Args:
        centres: Of the word's characters, in shares of the strip's width, from left to right.
        ink: The strip's.
    """
    if ink is None or len(centres) < 2:
        return []
    found = [_widest_gap(ink.columns, one, other) for one, other in pairwise(centres)]
    gaps = [(gap.right - gap.left) * len(ink.columns) if gap else 0.0 for gap in found]
    least = max(_BLANK * ink.height, _WIDE * float(np.median(gaps)))
    return [index for index, gap in enumerate(gaps) if gap > least]


def _outer(inked: float, guessed: float, centre: float) -> float:
    """The left edge of a line: where ink begins, if that is not far inside of the first character."""
    return inked if inked <= centre else guessed


def _proportional(centres: Sequence[Sequence[float]]) -> list[Span]:
    """Each word from half a character before its first one to half a character behind its last one."""
    steps = [b - a for word in centres for a, b in pairwise(word)]
    half = (float(np.median(steps)) if steps else 1 / max(1, sum(map(len, centres)))) / 2
    spans = [Span(max(0.0, word[0] - half), min(1.0, word[-1] + half)) for word in centres]
    for index in range(len(spans) - 1):
        one, other = spans[index], spans[index + 1]
        if one.right > other.left:  # two words never share a place
            middle = (one.right + other.left) / 2
            spans[index], spans[index + 1] = Span(one.left, middle), Span(middle, other.right)
    return spans


def _widest_gap(columns: npt.NDArray[np.bool_], left: float, right: float) -> Span | None:
    """The widest strip without ink between the centres of two characters; None where ink goes through."""
    width = len(columns)
    first, last = int(left * width), min(int(np.ceil(right * width)), width)
    empty = np.concatenate([[False], ~columns[first:last], [False]])
    changes = np.flatnonzero(empty[1:] != empty[:-1])
    if not changes.size:
        return None
    starts, ends = changes[::2], changes[1::2]
    widest = int(np.argmax(ends - starts))
    return Span((first + int(starts[widest])) / width, (first + int(ends[widest])) / width)
