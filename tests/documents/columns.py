"""Running text in two columns, for reading order: ``columns``."""

from __future__ import annotations

import random
from typing import Final

from PIL import ImageFont

from tests.documents.canvas import Canvas
from tests.documents.fonts import PROPORTIONAL
from tests.documents.paper import Paper, finish
from tests.documents.truth import Sample

_SYLLABLES: Final = (
    "ba be bo da de di fa fe ga go ka ke la le li ma me mi na ne no pa pe ra re ri sa se so ta te to va vi".split()
)
_ENDS: Final = ("", "n", "r", "s", "t", "l")
_LINES: Final = 18


def columns(seed: int, *, paper: Paper | None = None) -> Sample:
    """A title over two columns of invented words; the same page for the same arguments.

    Args:
        seed: Decides everything that is not given.
        paper: How the picture was taken; None for any way.
    """
    rng = random.Random(f"columns {seed}")
    size = rng.randint(16, 22)
    font = rng.choice(PROPORTIONAL).at(size)
    canvas = Canvas((52 * size, 30 * size))
    canvas.put(" ".join(_word(rng) for _ in range(6)), (8 * size, 2 * size), font)
    for left in (2, 27):
        canvas.new_block()
        for row in range(_LINES):
            canvas.put(_filling(rng, font, 23 * size), (left * size, (5 + 1.3 * row) * size), font)
    return finish(canvas, {}, rng, name=f"columns {seed}", language="en", paper=paper)


def _word(rng: random.Random) -> str:
    """A word that is on a page only once, or nearly so."""
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 4))) + rng.choice(_ENDS)


def _filling(rng: random.Random, font: ImageFont.FreeTypeFont, width: float) -> str:
    """As many words as a line of that many pixels holds."""
    words = [_word(rng)]
    while font.getlength(" ".join([*words, follows := _word(rng)])) <= width:
        words.append(follows)
    return " ".join(words)
