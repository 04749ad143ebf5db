"""The words of a picture in its prompt, for models that read badly by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from extraction.errors import OptionError
from extraction.images import Picture
from extraction.ocr.engines import find_engine
from extraction.ocr.evidence import check_budget, evidence_text
from extraction.ocr.reading import read_words
from extraction.pages.words import PageWords

Evidence: TypeAlias = Literal["words"] | PageWords | Callable[[Picture], PageWords]
"""Where a picture's words come from: "words" for the OCR engine that is installed, the words themselves where there is one
picture only, or a function that knows them, such as a text layer's."""


def evidence_of(evidence: Evidence | None, tokens: int) -> Callable[[Picture], str] | None:
    """What makes the text for a prompt of a picture; None where none is wanted.

    Args:
        evidence: Where the words come from.
        tokens: How many tokens the text may have.

    Raises:
        OptionError: ``evidence`` is something else, or ``tokens`` too small. When it runs: words given are those of a
            picture of another size.
        MissingExtraError: An OCR engine is wanted, and none is installed.
    """
    if evidence is None:
        return None
    check_budget(tokens)
    if evidence == "words":
        find_engine()  # a missing engine is told now, and not when the first picture comes
    elif not isinstance(evidence, PageWords) and not callable(evidence):
        raise OptionError(
            f'evidence={evidence!r:.80} is not "words", a PageWords or a function from a picture to its PageWords'
        )

    def told(picture: Picture) -> str:
        return evidence_text(_words(evidence, picture), tokens=tokens)

    return told


def _words(evidence: Evidence, picture: Picture) -> PageWords:
    words: Any = evidence
    if not isinstance(evidence, PageWords):
        words = read_words(picture) if evidence == "words" else evidence(picture)
    if not isinstance(words, PageWords) or words.size != picture.size:
        given = f"of a picture of {words.size}" if isinstance(words, PageWords) else f"a {type(words).__name__}"
        raise OptionError(f"evidence is to be the PageWords of a picture of {picture.size}, but is {given}")
    return words
