"""What a generated document says, exactly: ``Place``, ``Leaf``, ``Sample``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from PIL import Image

from extraction.images import Picture, load_image
from extraction.pages.page import Page
from extraction.pages.words import PageWords
from extraction.schemas.geometry import Box, Polygon

Kind: TypeAlias = Literal["text", "identifier", "phone", "amount", "number", "date", "time", "choice", "flag"]
"""What a leaf is: numbers and amounts are compared by value, dates as dates,
a choice is printed in other words than the value's (VISA for card), a flag is a box with or without a tick."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place where a value is printed.

    Attributes:
        text: As it is printed there; lines joined by a blank.
        quads: Around it, one per line, clockwise from the top left corner of the text; pixels of the picture.
    """

    text: str
    quads: tuple[Polygon, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The smallest upright boxes around its lines."""
        return tuple(quad.bounds for quad in self.quads)

    @property
    def box(self) -> Box:
        """The smallest upright box around all its lines."""
        return Box.around(self.boxes)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a document's value, and where it is printed.

    Attributes:
        value: As in the value: amounts as text of decimals, dates as ISO text.
        kind: What it is.
        right: The place where the document says it.
        again: Where it says the same once more: the date in the footer, in another form.
        elsewhere: Where equal characters or an equal number stand for something else: a subtotal that is the total.
    """

    value: Any
    kind: Kind
    right: Place
    again: tuple[Place, ...] = ()
    elsewhere: tuple[Place, ...] = ()

    @property
    def unique(self) -> bool:
        """Whether the page shows it in one place only."""
        return not self.again and not self.elsewhere

    @property
    def places(self) -> tuple[Place, ...]:
        """All places where something equal is printed, the right one first."""
        return (self.right, *self.again, *self.elsewhere)


@dataclass(frozen=True, slots=True)
class Sample:
    """One generated page and the truth about it.

    Attributes:
        picture: The page; RGB.
        words: All its words in reading order, in pixels of ``picture``.
        value: What a schema would hold: amounts as text of decimals, dates and times as ISO text, None for what is
            not printed.
        places: Where each leaf of ``value`` that is printed stands, by JSON pointer.
        name: What made it: "receipt 17".
        language: Of its labels, with the country where that decides how dates are read: "en-US".
        paper: "clean", "scan" or "photo".
    """

    picture: Image.Image
    words: PageWords
    value: dict[str, Any]
    places: Mapping[str, Leaf]
    name: str = ""
    language: str = "en"
    paper: str = "clean"

    def page(self, number: int = 1, *, words: bool = True) -> Page:
        """The sample as a page of a document, with the true words as its text layer or with none."""
        return Page(number, self.loaded, self.words if words else None)

    @property
    def loaded(self) -> Picture:
        """The picture as ``load_image`` gives it."""
        return load_image(self.picture)
