"""Printed text as it is compared: characters that are written in several ways are one, and what is outside does not count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

SAME_WIDTH = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u2002\u2003\u3000\t", " "),
        **dict.fromkeys("\u2018\u2019`\u00b4\u02bc", "'"),
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014", "-"),
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms
    }
)
"""Characters that are written in several ways, one for one, so that spans stay true."""

_OUTER = re.compile(r"^[\s.,:;!?\"'*_|#<>()\[\]{}=~/\\&-]+|[\s.,:;!?\"'*_|#<>()\[\]{}=~/\\&-]+$")


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """A text as it is compared: without case, white space and outer punctuation, its signs written one way."""
    text = unicodedata.normalize("NFKC", text.translate(SAME_WIDTH)).casefold()
    return re.sub(r"\s+", "", _OUTER.sub("", text))


def bare_letters(text: str) -> Iterator[tuple[int, str]]:
    """The letters and digits of a text without case, each with its place; one may become several (``ß``)."""
    for place, char in enumerate(text.translate(SAME_WIDTH)):
        for told in unicodedata.normalize("NFKC", char).casefold():
            if told.isalnum():
                yield place, told


@lru_cache(maxsize=65536)
def bare(text: str) -> str:
    """Only the letters and digits of a text, without case."""
    return "".join(told for _, told in bare_letters(text))
