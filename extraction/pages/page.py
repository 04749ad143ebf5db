"""``Page``: one page of a document as a picture, with its text layer where it has one."""

from __future__ import annotations

from dataclasses import dataclass

from extraction.images import Picture
from extraction.pages.words import PageWords


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        number: Its place in the document, counted from 1.
        picture: What it looks like, upright.
        words: The words of its text layer, in pixels of ``picture``; None where it has none (a scan) or none to be
            trusted, so that an OCR engine has to read it.
        dpi: The pixels per inch at which a PDF's page was drawn, below what was asked for where limits wanted it; None
            for pages that were pictures already.
        notes: What there is to know of it: why it has no words, what of them was left out, that it was drawn smaller.
    """

    number: int
    picture: Picture
    words: PageWords | None = None
    dpi: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture in pixels."""
        return self.picture.size
