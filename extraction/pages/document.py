"""``open_document``: a PDF, a TIFF of many frames or a picture -> a ``Document``, which gives its pages one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from operator import index as whole
from types import TracebackType
from typing import Final, Literal, Protocol, Self, SupportsIndex, TypeAlias

import numpy as np
from PIL import Image

from extraction.errors import ImageError, OptionError
from extraction.images import DEFAULT_LIMITS, ImageSource, Picture, load_image, read_bytes
from extraction.pages.frames import FrameFile
from extraction.pages.limits import DEFAULT_PAGE_LIMITS, PageLimits
from extraction.pages.page import Page
from extraction.pages.pdfium import PdfFile
from extraction.pages.selection import PageSelection, select_pages
from extraction.pages.text_layer import read_text_layer

DocumentKind: TypeAlias = Literal["pdf", "tiff", "picture"]

DEFAULT_DPI: Final = 200.0
"""An A4 page is then 1654 x 2339 pixels, and letters of 8 points are 22 pixels high."""

_HIGHEST_DPI: Final = 2400.0
_SIGNATURE_WITHIN: Final = 1024  # Adobe's readers look that far for it (PDF 1.7, implementation note 13)


class _Opened(Protocol):
    """A file with pages."""

    count: int

    def read(self, index: int) -> Page:
        """A page, with index 0 for the first."""

    def close(self) -> None:
        """Frees it."""


class Document:
    """The chosen pages of a document, drawn one at a time when they are reached.

    Iterating and indexing (from 0, among the chosen pages) give ``Page``s and keep none: a page is drawn anew each time.
    Close it, best by ``with``; several threads may use it, of which one at a time draws a page of a PDF.

    Attributes:
        kind: "pdf", "tiff" or "picture".
        source: Where it came from, for people.
        numbers: The numbers of its pages in the file, counted from 1.
        page_count: How many pages the file has, chosen or not.
    """

    def __init__(self, file: _Opened, kind: DocumentKind, source: str, numbers: tuple[int, ...]) -> None:
        self._file = file
        self.kind: DocumentKind = kind
        self.source = source
        self.numbers = numbers
        self.page_count = file.count

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: SupportsIndex) -> Page:
        """The page at ``index`` among the chosen ones.

        Raises:
            IndexError: There is none.
            ImageError: It is damaged, or the document is closed.
        """
        return self._file.read(self.numbers[whole(index)] - 1)

    def __iter__(self) -> Iterator[Page]:
        """The pages in the order in which they were chosen; a damaged one raises ``ImageError``."""
        return (self._file.read(number - 1) for number in self.numbers)

    def close(self) -> None:
        """Frees what was opened; its pages that were given out stay what they are."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Document({self.source!r}, kind={self.kind!r}, {len(self)} of {self.page_count} pages)"


class _PdfPages:
    """The pages of a PDF."""

    def __init__(self, file: PdfFile, label: str, dpi: float, limits: PageLimits, hidden_text: bool) -> None:
        self.count = file.count
        self.close = file.close
        self._file = file
        self._label = label
        self._dpi = dpi
        self._limits = limits
        self._hidden_text = hidden_text

    def read(self, index: int) -> Page:
        drawn = self._file.draw(index, dpi=self._dpi, limits=self._limits)
        notes = drawn.notes
        if drawn.dpi < self._dpi:
            notes += (f"it was drawn at {drawn.dpi:.3g} dpi instead of {self._dpi:g}: see PageLimits",)
        picture = Picture(drawn.image, source=f"{self._label}, page {index + 1}")
        if drawn.chars is None:
            return Page(index + 1, picture, None, drawn.dpi, notes)
        layer = read_text_layer(drawn.chars, drawn.image, hidden_text=self._hidden_text, pictured=drawn.pictured)
        return Page(index + 1, replace(picture, words=layer.words), layer.words, drawn.dpi, notes + layer.notes)


def open_document(
    source: ImageSource,
    *,
    dpi: float = DEFAULT_DPI,
    password: str | None = None,
    pages: PageSelection | None = None,
    hidden_text: bool = False,
    limits: PageLimits = DEFAULT_PAGE_LIMITS,
    allow_urls: bool = False,
) -> Document:
    """A document whose pages are pictures, and words where it has a text layer.

    What it is, its bytes say: a PDF (with the extra ``pdf``), a TIFF, each frame of which is a page, or any other
    picture, which is one page (of an animation, the first frame).

    Args:
        source: Whatever ``load_image`` takes: a path, bytes, a binary file, a data URI, a ``Blob``, a picture.
        dpi: Pixels per inch at which the pages of a PDF are drawn; pages too large for ``limits`` get fewer.
        password: What opens an encrypted PDF; without effect on others.
        pages: Which pages, counted from 1: ``"1-3,7,12-"``, a number, a ``range``; None for all.
        hidden_text: Whether words are taken that a PDF holds and does not draw, as under the pictures of a scanner that
            has read them itself. By default such a page has no words.
        limits: How large it may be.
        allow_urls: Whether ``http`` and ``https`` addresses may be downloaded.

    Raises:
        ImageError: It cannot be read: damaged, of another kind, too large, encrypted. Single damaged pages raise when
            they are reached.
        OptionError: There are no such pages, or ``dpi`` is no number or out of range, or ``limits`` are none.
        MissingExtraError: It is a PDF, and pypdfium2 is not installed.
    """
    dpi = _resolution(dpi)
    if not isinstance(limits, PageLimits):
        raise OptionError(f"limits are PageLimits, not {type(limits).__name__}", hint="PageLimits(max_pages=100), say")
    image_limits = replace(DEFAULT_LIMITS, max_bytes=limits.max_bytes)
    if isinstance(source, (Picture, Image.Image, np.ndarray)):
        picture = load_image(source, limits=image_limits)
        return _chosen(_OnePicture(picture), "picture", picture.source, pages, limits)
    data, label = read_bytes(source, image_limits, allow_urls=allow_urls)
    if is_pdf(data):
        file = PdfFile(data, password=password, source=label)
        return _chosen(_PdfPages(file, label, dpi, limits, hidden_text), "pdf", label, pages, limits)
    frames = FrameFile(data, label, image_limits)
    return _chosen(frames, "tiff" if frames.is_tiff else "picture", label, pages, limits)


def is_pdf(data: bytes) -> bool:
    """Whether the bytes of a file are those of a PDF, by their signature."""
    return b"%PDF-" in data[:_SIGNATURE_WITHIN]


def _resolution(dpi: object) -> float:
    """The pixels per inch that are wanted.

    Raises:
        OptionError: It is no number, or out of range.
    """
    if isinstance(dpi, bool) or not isinstance(dpi, (Real, Decimal)):
        raise OptionError(f"dpi is a number of pixels per inch, not {type(dpi).__name__}", hint="dpi=200")
    try:
        number = float(dpi)
    except OverflowError:
        number = math.inf
    if not 1 <= number <= _HIGHEST_DPI:
        raise OptionError(f"dpi lies within 1 to {_HIGHEST_DPI:g}, not {number:g}", hint=f"dpi={DEFAULT_DPI:g}")
    return number


class _OnePicture:
    """A picture that is open already."""

    count = 1

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def read(self, index: int) -> Page:
        return Page(index + 1, self._picture)

    def close(self) -> None:
        """There is nothing to free."""


def _chosen(file: _Opened, kind: DocumentKind, label: str, pages: PageSelection | None, limits: PageLimits) -> Document:
    """The document with the chosen pages; the file is closed where there are no such pages."""
    numbers: list[int] = []
    try:
        for number in select_pages(pages, file.count):
            if len(numbers) == limits.max_pages:
                told = f"more than {limits.max_pages:,} of its {file.count:,} pages are asked for"
                raise ImageError(told, source=label, hint="choose some with pages=, or see PageLimits.max_pages")
            numbers.append(number)
        if not numbers:
            raise OptionError("no pages were chosen", hint="pages=None takes all")
    except Exception:
        file.close()
        raise
    return Document(file, kind, label, tuple(numbers))
