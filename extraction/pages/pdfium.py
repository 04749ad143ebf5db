"""PDF files through pdfium: ``PdfFile`` draws a page and reads the characters that stand on it.

pdfium may be used by one thread at a time, whatever document it works on, so ``LOCK`` is held for every call; code of
the user's own that calls pdfium in other threads holds it, too.
"""

from __future__ import annotations

import math
import threading
import weakref
from contextlib import closing
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from PIL import Image

from extraction.errors import ImageError, OptionError
from extraction.extras import import_extra
from extraction.pages.chars import Char, Placement, is_pictured, read_chars
from extraction.pages.fields import find_fields, read_fields
from extraction.pages.limits import POINTS_PER_INCH, PageLimits
from extraction.pages.rects import Rect

LOCK: Final = threading.RLock()
"""Re-entrant, since the garbage collector may close a document in the thread that holds it."""

MAX_CHARS: Final = 200_000
"""A page of more characters is none that is read; a dense one has ten thousand."""

# fpdfview.h, FPDF_GetLastError
_WRONG_PASSWORD: Final = 4
_UNKNOWN_SECURITY: Final = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as pdfium has drawn it.

    Attributes:
        image: Its pixels, mode RGB.
        dpi: The resolution that it has.
        chars: Its text layer, with the texts of form fields and annotations; in pixels. None where it cannot be read.
        notes: What could not be done as it should.
        pictured: Whether pictures cover it: it may be a scan with something printed onto it.
    """

    image: Image.Image
    dpi: float
    chars: list[Char] | None
    notes: tuple[str, ...]
    pictured: bool = False


class PdfFile:
    """An open PDF; ``close`` frees what pdfium keeps of it.

    Attributes:
        count: How many pages there are, at least 1.

    Raises:
        MissingExtraError: pypdfium2 is not installed.
        OptionError: The password is no text.
        ImageError: It cannot be read: damaged, without pages, or encrypted with another password.
    """

    def __init__(self, data: bytes, *, password: str | None, source: str) -> None:
        if password is not None and not isinstance(password, str):
            raise OptionError(f"a password is text, not {type(password).__name__}")
        self._pdfium: ModuleType = import_extra("pypdfium2", extra="pdf")
        self._raw: ModuleType = import_extra("pypdfium2.raw", extra="pdf")
        self._source = source
        with LOCK:
            self._file = self._open(data, password or None)
            # The finalizer holds the document, so that the garbage collector never closes it without the lock.
            self._close = weakref.finalize(self, _close, self._file)
            self.count = len(self._file)
            xfa = self._file.get_formtype() == self._raw.FORMTYPE_XFA_FULL
        self._notes = ("it is an XFA form, of which only the page that stands in for it is drawn",) if xfa else ()

    def _open(self, data: bytes, password: str | None) -> Any:
        """A document of pdfium's, whose form fields are drawn; the caller holds the lock."""
        try:
            file = self._pdfium.PdfDocument(data, password=password)
        except self._pdfium.PdfiumError as error:
            raise _unreadable(error, password, self._source) from error
        try:
            file.init_forms()  # before any page is loaded
        except self._pdfium.PdfiumError as error:
            file.close()
            raise ImageError(f"its form is damaged: {error}", source=self._source) from error
        return file

    def close(self) -> None:
        """Frees it; doing so twice does no harm."""
        self._close()

    def draw(self, index: int, *, dpi: float, limits: PageLimits) -> Drawn:
        """A page, with index 0 for the first.

        Raises:
            ImageError: The page is damaged, or the file is closed.
        """
        with LOCK:
            if not self._close.alive:
                raise ImageError("the document is closed", source=self._source)
            try:
                return self._draw(index, dpi, limits)
            except self._pdfium.PdfiumError as error:
                raise ImageError(f"page {index + 1} is damaged: {error}", source=self._source) from error

    def _draw(self, index: int, dpi: float, limits: PageLimits) -> Drawn:
        with closing(self._file.get_page(index)) as page:
            width, height = page.get_size()
            if not (math.isfinite(width) and math.isfinite(height) and width > 0 < height):
                raise ImageError(f"page {index + 1} has no size: {width:g} x {height:g} points", source=self._source)
            scale = limits.scale(width, height, dpi)
            image = _render(page, scale)
            chars, notes = self._read(page, image, scale)
            pictured = is_pictured(self._raw, page)
        return Drawn(image, scale * POINTS_PER_INCH, chars, self._notes + notes, pictured)

    def _read(self, page: Any, image: Image.Image, scale: float) -> tuple[list[Char] | None, tuple[str, ...]]:
        left, bottom, right, top = page.get_bbox()
        if not right > left or not top > bottom:
            return None, ("its text has no places",)
        placement = Placement.of(Rect(left, bottom, right, top), page.get_rotation(), image.size)
        with closing(page.get_textpage()) as text_page:
            count = text_page.count_chars()
            if count > MAX_CHARS:
                return None, (f"its text layer has {count:,} characters, too many to be read",)
            chars = read_chars(self._raw, page, text_page, placement)
        fields = find_fields(self._raw, page, self._file.formenv, placement)
        if not fields:
            return chars, ()
        without = _render(page, scale, draw_annots=False, may_draw_forms=False)
        filled, notes = read_fields(fields, image, without, placement.turned)
        return chars + filled, notes


def _render(page: Any, scale: float, **options: bool) -> Image.Image:
    with closing(page.render(scale=scale, rev_byteorder=True, **options)) as bitmap:
        image: Image.Image = bitmap.to_pil().copy()  # the bitmap's memory is freed with it
        return image


def _close(file: Any) -> None:
    with LOCK:
        file.close()


def _unreadable(error: Any, password: str | None, source: str) -> ImageError:
    code = error.err_code
    if code == _WRONG_PASSWORD and not password:
        return ImageError("is encrypted, and needs a password", source=source, hint="open_document(..., password=...)")
    if code == _WRONG_PASSWORD:
        return ImageError("is encrypted, and the password is wrong", source=source)
    if code == _UNKNOWN_SECURITY:
        return ImageError("is encrypted in a way that pdfium does not know", source=source)
    return ImageError("is damaged, or has no pages: no PDF document can be read from it", source=source)
