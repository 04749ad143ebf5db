"""How wide the characters of a word are against one another, to cut a word's box where a value begins in it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from extraction.pages.words import Word

_WIDTHS = {
    **dict.fromkeys("ijl|!'’.,:;·", 0.5),
    **dict.fromkeys("ftrI()[]{}/\\-\"* `", 0.65),
    **dict.fromkeys("mMW@", 1.65),
    **dict.fromkeys("w%&", 1.45),
    **dict.fromkeys("ABCDEGHKNOPQRSUVXYZ", 1.25),
}
"""Widths as shares of a digit's, rounded from the metrics of Helvetica, which most faces of print come near."""

Widths = Callable[[str], float]


def proportional(text: str) -> float:
    """The width of a text in a face whose characters differ, in digits."""
    return sum(_WIDTHS.get(char, 1.0) for char in text)


def equal(text: str) -> float:
    """The width of a text in a face whose characters are equally wide."""
    return float(len(text))


def widths_of(words: Sequence[Word]) -> Widths:
    """The measure that fits a page: with which of the two its words' widths agree better."""
    telling = [word for word in words if len(word.text) >= 3 and word.quad is None] or [
        word for word in words if len(word.text) >= 3
    ]
    if len(telling) < 5:
        return proportional
    return min((proportional, equal), key=lambda measure: _spread(telling, measure))


def _spread(words: Sequence[Word], measure: Widths) -> float:
    """How much the size of the letters, by a measure, differs from word to word."""
    sizes = []
    for word in words:
        width, height = word.box.x2 - word.box.x1, word.box.y2 - word.box.y1
        if word.quad is not None and len(word.quad.points) == 4:
            one, two, three = word.quad.points[:3]
            width, height = one.distance(two), two.distance(three)
        sizes.append(width / measure(word.text) / max(height, 1.0))
    middle = statistics.median(sizes)
    return statistics.median(abs(size - middle) for size in sizes) / max(middle, 1e-9)
