"""The characters of a PDF page as pdfium finds them, in pixels of the drawn page: ``read_chars`` -> ``Char``.

pdfium counts in points of the unturned page, y upwards, with the origin anywhere; ``Placement`` leads to pixels.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from extraction.pages.rects import Rect

UNMAPPED: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character of which the file shows the form and does not tell the meaning."""

BLANK: Final = " "
"""A blank that stands in the file."""

GUESSED: Final = "\n"
"""A blank or the end of a line that pdfium puts where it sees one; it is wrong at times."""

_WHOLE: Final = 0.8  # of a page, that a scan covers at least
_LIGATURES: Final = range(0xFB00, 0xFB07)
_HYPHENS: Final = {0x02, 0xAD, 0xFFFE}  # what pdfium makes of a hyphen at the end of a line, and a soft one
_INVISIBLE: Final = {3, 7}  # text rendering modes "neither fill nor stroke" and "clip" (PDF 1.7, table 106)


@dataclass(frozen=True, slots=True)
class Placement:
    """How a page lies on its picture.

    Attributes:
        matrix: Points of the page to pixels: x' = a x + c y + e and y' = b x + d y + f, as PDF writes (a, b, c, d, e, f).
        turned: By how many degrees it is shown turned clockwise: 0, 90, 180 or 270.
    """

    matrix: tuple[float, ...]
    turned: int

    @classmethod
    def of(cls, page: Rect, turned: int, size: tuple[int, int]) -> Self:
        """The placement of what is shown of a page.

        Args:
            page: In points, its top edge being the one with the larger y.
            turned: By how many degrees it is turned clockwise.
            size: (width, height) of the picture in pixels.
        """
        along, down = (size[1], size[0]) if turned % 180 else size
        x, y = along / page.width, down / page.height
        left, top = page.left * x, page.bottom * y  # y upwards: what is the bottom of a Rect is the top of the page
        matrices = {
            0: (x, 0.0, 0.0, -y, -left, top),
            90: (0.0, x, y, 0.0, down - top, -left),
            180: (-x, 0.0, 0.0, y, along + left, down - top),
            270: (0.0, -x, -y, 0.0, top, along + left),
        }
        return cls(matrices[turned], turned)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the page is in the picture."""
        a, b, c, d, e, f = self.matrix
        return a * x + c * y + e, b * x + d * y + f

    @property
    def scale(self) -> float:
        """Pixels per point."""
        a, b, c, d, _, _ = self.matrix
        return math.sqrt(abs(a * d - b * c))


@dataclass(frozen=True, slots=True)
class Char:
    """One character.

    Attributes:
        text: What it says: mostly one letter, ``UNMAPPED`` where nobody knows, ``BLANK`` or ``GUESSED``, which have no
            place.
        ink: Around its form, in pixels; without extent where it has none.
        cell: Around the room that its font gives it.
        origin: (x, y) of its place on the baseline.
        em: Its size in pixels.
        angle: By how many degrees it stands turned clockwise, 0 to 360.
        shown: Whether it is drawn at all, and not below a picture of the whole page.
    """

    text: str
    ink: Rect
    cell: Rect
    origin: tuple[float, float]
    em: float
    angle: float
    shown: bool


def read_chars(raw: Any, page: Any, text_page: Any, placement: Placement) -> list[Char]:
    """The characters in the order of the file, or as pdfium puts it right.

    Args:
        raw: The module ``pypdfium2.raw``.
        page: pdfium's page; the caller holds the lock.
        text_page: The text page of it.
        placement: Of the page on its picture.
    """
    reader = _Reader(raw, text_page, placement, _covered(raw, page))
    return list(reader.read(raw.FPDFText_CountChars(text_page)))


def _covered(raw: Any, page: Any) -> set[int]:
    """The addresses of text objects below an opaque picture of the whole page: a scan over what OCR has read of it."""
    below: set[int] = set()
    covered: set[int] = set()
    whole = raw.FPDF_GetPageWidthF(page) * raw.FPDF_GetPageHeightF(page)
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for index in range(raw.FPDFPage_CountObjects(page)):
        item = raw.FPDFPage_GetObject(page, index)
        if not item:
            continue
        kind = raw.FPDFPageObj_GetType(item)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            below.add(ctypes.addressof(item.contents))
        elif kind == raw.FPDF_PAGEOBJ_IMAGE and below and not raw.FPDFPageObj_HasTransparency(item):
            if not raw.FPDFPageObj_GetBounds(item, left, bottom, right, top):
                continue
            if (right.value - left.value) * (top.value - bottom.value) >= _WHOLE * whole:
                covered |= below
                below.clear()
    return covered


def is_pictured(raw: Any, page: Any) -> bool:
    """Whether pictures cover the page, as those of a scanner do, in one piece or in strips.

    Args:
        raw: The module ``pypdfium2.raw``.
        page: pdfium's page; the caller holds the lock.
    """
    whole = raw.FPDF_GetPageWidthF(page) * raw.FPDF_GetPageHeightF(page)
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    covered = 0.0
    for index in range(raw.FPDFPage_CountObjects(page)):
        item = raw.FPDFPage_GetObject(page, index)
        is_picture = item and raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_IMAGE
        if is_picture and raw.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            covered += (right.value - left.value) * (top.value - bottom.value)
    return bool(covered >= _WHOLE * whole)


class _Reader:
    """Asks pdfium about one character after the other."""

    def __init__(self, raw: Any, text_page: Any, placement: Placement, covered: Iterable[int]) -> None:
        self._raw = raw
        self._page = text_page
        self._placement = placement
        self._shown = dict.fromkeys(covered, False)
        self._edges = [ctypes.c_double() for _ in range(4)]
        self._loose = raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()

    def read(self, count: int) -> Iterator[Char]:
        nowhere = Rect(0, 0, 0, 0)
        for index in range(count):
            told = self._text(index)
            if not told:
                continue
            if told in {BLANK, GUESSED}:
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
            return GUESSED if self._raw.FPDFText_IsGenerated(self._page, index) == 1 else BLANK
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
        room = self._rect(*cell)
        em *= self._placement.scale
        if em < 0.1 * room.height:  # fonts of drawings (Type 3) may count in anything
            em = room.height
        return Char(
            text,
            self._rect(*ink),
            room,
            self._placement.point(x.value, y.value),
            em,
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
