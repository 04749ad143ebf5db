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
        words: The words of its text layer, in pixels of ``picture``; None where it has none (a scan), so that an OCR
            engine has to read it.
    """

    number: int
    picture: Picture
    words: PageWords | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture in pixels."""
        return self.picture.size
