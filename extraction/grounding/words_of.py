"""The words of a picture as ``extract(..., sources=...)`` asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union

from extraction.errors import OptionError
from extraction.images import Picture
from extraction.pages.words import PageWords

if TYPE_CHECKING:
    from extraction.ocr.engines import Engine

WordsOf: TypeAlias = Union[bool, PageWords, "Engine"]
"""True for those that an OCR engine reads, the engine or its name, or the words themselves; False for none."""


def page_words(picture: Picture, wanted: WordsOf) -> PageWords | None:
    """The words of a picture; None where none are wanted.

    Raises:
        MissingExtraError: An OCR engine is wanted, and none is installed.
        OptionError: There is no engine of that name, or the words are of a picture of another size.
    """
    if isinstance(wanted, PageWords):
        if wanted.size != picture.size:
            raise OptionError(f"the words given as sources are of a picture of {wanted.size}, not of {picture.size}")
        return wanted
    if wanted is False:
        return None
    from extraction.ocr.reading import read_words

    return read_words(picture, engine=engine_of(wanted))


def engine_of(wanted: WordsOf) -> Engine | None:
    """The engine that was named; None for the usual one."""
    return None if isinstance(wanted, (bool, PageWords)) else wanted
