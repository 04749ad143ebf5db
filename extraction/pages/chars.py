"""The characters of a PDF page as pdfium finds them, in pixels of the drawn page: ``read_chars`` -> ``Char``.

pdfium counts in points of the unturned page, y upwards, with the origin anywhere; ``Placement`` leads to pixels.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from extraction.pages.rects import Rect

UNMAPPED: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character of which the file shows the form and does not tell the meaning."""

_LIGATURES: Final = range(0xFB00, 0xFB07)
_HYPHENS: Final = {0x02, 0xAD, 0xFFFE}  # what pdfium makes of a hyphen at the end of a line, and a soft one
_INVISIBLE: Final = {3, 7}  # text rendering modes "neither fill nor stroke" and "clip" (PDF 1.7, table 106)


@dataclass(frozen=True, slots=True)
class Placement:
    """How a page lies on its picture.

    Attributes:
        left: Left edge of what is shown of the page, in points.
        top: Its top edge, y upwards.
        width: Its width in points before it is turned.
        height: Likewise.
        turned: By how many degrees it is shown turned clockwise: 0, 90, 180 or 270.
        size: (width, height) of the picture in pixels.
    """

    left: float
    top: float
    width: float
    height: float
    turned: int
    size: tuple[int, int]

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the page is in the picture."""
        along, down = (x - self.left) / self.width, (self.top - y) / self.height
        turned = {0: (along, down), 90: (1 - down, along), 180: (1 - along, 1 - down), 270: (down, 1 - along)}
        u, v = turned[self.turned]
        return u * self.size[0], v * self.size[1]

    @property
    def scale(self) -> float:
        """Pixels per point."""
        return math.sqrt(self.size[0] * self.size[1] / (self.width * self.height))


@dataclass(frozen=True, slots=True)
class Char:
    """One character.

    Attributes:
        text: What it says: mostly one letter, ``UNMAPPED`` where nobody knows, a blank between words.
        ink: Around its form, in pixels; without extent where it has none.
        cell: Around the room that its font gives it.
        origin: (x, y) of its place on the baseline.
        em: Its size in pixels.
        angle: By how many degrees it stands turned clockwise, 0 to 360.
        shown: Whether the file says that it is drawn at all.
    """

    text: str
    ink: Rect
    cell: Rect
    origin: tuple[float, float]
    em: float
    angle: float
    shown: bool


def read_chars(raw: Any, text_page: Any, placement: Placement, *, most: int) -> list[Char]:
    """The characters in the order of the file, or as pdfium puts it right; ``most`` of them at most.

    Args:
        raw: The module ``pypdfium2.raw``.
        text_page: pdfium's text page; the caller holds the lock.
        placement: Of the page on its picture.
        most: Where to stop.
    """
    reader = _Reader(raw, text_page, placement)
    return list(reader.read(min(raw.FPDFText_CountChars(text_page), most)))


class _Reader:
    """Asks pdfium about one character after the other."""

    def __init__(self, raw: Any, text_page: Any, placement: Placement) -> None:
        self._raw = raw
        self._page = text_page
        self._placement = placement
        self._shown: dict[int, bool] = {}
        self._edges = [ctypes.c_double() for _ in range(4)]
        self._loose = raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()

    def read(self, count: int) -> Iterator[Char]:
        nowhere = Rect(0, 0, 0, 0)
        for index in range(count):
            told = self._text(index)
            if not told:
                continue
            if told == " ":
                yield Char(told, nowhere, nowhere, (0.0, 0.0), 0.0, 0.0, shown=False)
                continue
            char = self._placed(told, index)
            if char is not None:
                yield char

    def _text(self, index: int) -> str:
        """What the character says; nothing for one that only steers others."""
        code = self._raw.FPDFText_GetUnicode(self._page, index)
        if code in _HYPHENS:
            return "-"
        text = chr(code) if code <= 0x10FFFF else UNMAPPED
        if text.isspace():
            return " "
        if code in _LIGATURES:
            return unicodedata.normalize("NFKC", text)
        category = unicodedata.category(text)
        if category == "Cf":
            return ""
        error = self._raw.FPDFText_HasUnicodeMapError(self._page, index) == 1
        return UNMAPPED if error or category in {"Cc", "Cn", "Co", "Cs"} else text

    def _placed(self, text: str, index: int) -> Char | None:
        """The character with its place; None where pdfium knows no place or a place that is no number."""
        raw, page = self._raw, self._page
        left, right, bottom, top = self._edges
        if not raw.FPDFText_GetCharBox(page, index, left, right, bottom, top):
            return None
        ink = (left.value, bottom.value, right.value, top.value)
        loose = self._loose
        cell = ink
        if raw.FPDFText_GetLooseCharBox(page, index, loose):
            cell = (loose.left, loose.bottom, loose.right, loose.top)
        x, y = left, top  # their numbers are read already
        if not raw.FPDFText_GetCharOrigin(page, index, x, y):
            return None
        angle = raw.FPDFText_GetCharAngle(page, index)
        if not raw.FPDFText_GetMatrix(page, index, self._matrix):
            return None
        em = raw.FPDFText_GetFontSize(page, index) * math.hypot(self._matrix.c, self._matrix.d)
        if not all(map(math.isfinite, (*ink, *cell, x.value, y.value, angle, em))):
            return None
        turned = math.degrees(angle) if angle >= 0 else 0.0  # -1 says that it is not known
        return Char(
            text,
            self._rect(*ink),
            self._rect(*cell),
            self._placement.point(x.value, y.value),
            em * self._placement.scale,
            (turned + self._placement.turned) % 360,
            self._is_shown(index),
        )

    def _rect(self, left: float, bottom: float, right: float, top: float) -> Rect:
        return Rect.around((self._placement.point(left, bottom), self._placement.point(right, top)))

    def _is_shown(self, index: int) -> bool:
        piece = self._raw.FPDFText_GetTextObject(self._page, index)
        if not piece:
            return True
        key = ctypes.addressof(piece.contents)
        if key not in self._shown:
            self._shown[key] = self._raw.FPDFTextObj_GetTextRenderMode(piece) not in _INVISIBLE
        return self._shown[key]
