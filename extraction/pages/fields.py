"""What stands in a page's form fields and remarks: ``read_fields``.

pdfium's text layer holds neither, and making them part of the page (``FPDFPage_Flatten``) loses inherited fonts and boxes
and can crash on damaged files. So the texts are asked of the fields, and where their words stand is seen in the picture:
what is drawn with the fields and not without them, cut at the widest gaps.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from extraction.pages.chars import BLANK, Char, Placement
from extraction.pages.rects import Rect

TICK: Final = "\N{HEAVY CHECK MARK}"

_MOST_FIELDS: Final = 2_000
_LONGEST: Final = 2_000_000  # bytes of a value
_INK = 60  # of 255, apart from the field's own ground
_CHANGED = 24  # of 255, against the page without its fields
_LINE = 0.7  # of a row of pixels, as no text has
_NARROWEST = 0.2  # of a line's height: the room of a letter; with less of it, the text does not fit its field
_DOT = 0.4  # of a line's height: dots and accents are at most as high, and as far from their letters

# PDF 1.7, tables 165, 226, 228: flags of annotations and of fields
_HIDDEN: Final = 0b100010
_MULTILINE: Final = 1 << 12
_PASSWORD: Final = 1 << 13


@dataclass(frozen=True, slots=True)
class Field:
    """A field that shows something.

    Attributes:
        text: What; ``TICK`` for a box that is ticked.
        rect: Where the field is, in pixels.
        lines: Whether the text may be broken into lines.
    """

    text: str
    rect: Rect
    lines: bool


def find_fields(raw: Any, page: Any, form: Any, placement: Placement) -> list[Field]:
    """The fields and remarks of a page that hold text; the caller holds the lock.

    Args:
        raw: The module ``pypdfium2.raw``.
        page: pdfium's page.
        form: pdfium's form environment; None where the document has no form.
        placement: Of the page on its picture.
    """
    found = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_FIELDS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            field = _field(raw, annotation, form, placement)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
        if field is not None:
            found.append(field)
    return found


def _field(raw: Any, annotation: Any, form: Any, placement: Placement) -> Field | None:
    if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
        return None
    told, lines = "", True
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind == raw.FPDF_ANNOT_FREETEXT:
        told = _string(lambda *buffer: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", *buffer))
    elif kind == raw.FPDF_ANNOT_WIDGET and form is not None:
        control = raw.FPDFAnnot_GetFormFieldType(form, annotation)
        flags = raw.FPDFAnnot_GetFormFieldFlags(form, annotation)
        if control in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
            told, lines = TICK if raw.FPDFAnnot_IsChecked(form, annotation) else "", False
        elif control in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX) and not flags & _PASSWORD:
            told = _string(lambda *buffer: raw.FPDFAnnot_GetFormFieldValue(form, annotation, *buffer))
            lines = bool(flags & _MULTILINE) and control == raw.FPDF_FORMFIELD_TEXTFIELD
    edges = raw.FS_RECTF()
    if not told.split() or not raw.FPDFAnnot_GetRect(annotation, edges):
        return None
    ends = (edges.left, edges.top), (edges.right, edges.bottom)
    if not np.isfinite(ends).all():
        return None
    return Field(told, Rect.around(placement.point(*end) for end in ends), lines)


def _string(ask: Any) -> str:
    """A text of pdfium's, which is asked for its length first."""
    size = ask(None, 0)
    if not 2 < size <= _LONGEST:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace")


def read_fields(
    fields: Sequence[Field], image: Image.Image, without: Image.Image, turned: int
) -> tuple[list[Char], tuple[str, ...]]:
    """The words in the fields, each as one ``Char`` with a blank before it, and notes on what was left out.

    Args:
        fields: As ``find_fields`` gives them.
        image: The page with its fields.
        without: The same page without them.
        turned: By how many degrees the page is shown turned clockwise, and its fields with it.
    """
    grey = np.asarray(image.convert("L")).astype(np.int16)
    changed = np.abs(grey - np.asarray(without.convert("L"))) >= _CHANGED
    chars: list[Char] = []
    notes: tuple[str, ...] = ()
    nowhere = Rect(0, 0, 0, 0)
    for field in fields:
        rect = _inside(field.rect, image.size)
        if rect is None:
            continue
        rows, columns = slice(int(rect.top), int(rect.bottom)), slice(int(rect.left), int(rect.right))
        part = grey[rows, columns]
        ground = np.bincount(part.ravel(), minlength=256).argmax()
        ink = (np.abs(part - int(ground)) >= _INK) & changed[rows, columns]
        for side in range(4):
            _clear_border(np.rot90(ink, side))
        upright = np.rot90(ink, turned // 90)
        if not _fits(field, upright):
            notes = ("form fields that show a part of their text were left out of its words",)
            continue
        for text, place, em in _words(field, upright):
            box = _turned_back(place, turned, rect)
            chars.append(Char(BLANK, nowhere, nowhere, (0.0, 0.0), 0.0, 0.0, shown=False))
            chars.append(Char(text, box, box, (box.left, box.bottom), em, float(turned), shown=True))
    return chars, notes


def _inside(rect: Rect, size: tuple[int, int]) -> Rect | None:
    """Whole pixels of a field; None where nothing of it is in the picture."""
    left, top = max(round(rect.left), 0), max(round(rect.top), 0)
    right, bottom = min(round(rect.right), size[0]), min(round(rect.bottom), size[1])
    return Rect(left, top, right, bottom) if right > left and bottom > top else None


def _clear_border(ink: npt.NDArray[np.bool_]) -> None:
    """Clears the upper rows of a field as far as one of them is a line: the border, which is no text."""
    lines = np.flatnonzero(ink[: max(len(ink) // 6, 1)].mean(axis=1) >= _LINE)
    if lines.size:
        ink[: lines[-1] + 2] = False  # its soft edge, too


def _fits(field: Field, ink: npt.NDArray[np.bool_]) -> bool:
    """Whether all of a field's text can be what is drawn; where nothing is, there is nothing to doubt."""
    bands = _bands(ink) if field.lines else [(0, ink.shape[0])]
    room = sum(_extent(ink[top:bottom], 0) for top, bottom in bands)
    height = max((_extent(ink[top:bottom], 1) for top, bottom in bands), default=0.0)
    return room >= _NARROWEST * height * len("".join(field.text.split()))


def _extent(ink: npt.NDArray[np.bool_], axis: int) -> float:
    """From the first to the last pixel that is drawn: the height (axis 1) or the width (axis 0)."""
    filled = np.flatnonzero(ink.any(axis=axis))
    return float(np.ptp(filled) + 1) if filled.size else 0.0


def _words(field: Field, ink: npt.NDArray[np.bool_]) -> Iterator[tuple[str, Rect, float]]:
    """Each word with its place in a part of the picture where text is upright, and its size."""
    words = field.text.split()
    if not ink.any():
        return
    bands = _bands(ink) if field.lines else [(0, ink.shape[0])]
    for (top, bottom), members in zip(bands, _shared_out(words, bands, ink), strict=True):
        band = ink[top:bottom]
        height = _extent(band, 1)
        for word, (left, right) in zip(members, _cut(band, members) if members else (), strict=True):
            letters = np.flatnonzero(band[:, left:right].any(axis=1))
            if letters.size:
                yield word, Rect(left, top + letters[0], right, top + letters[-1] + 1), height


def _runs(ink: npt.NDArray[np.bool_], axis: int) -> list[tuple[int, int]]:
    """Where something is drawn in the rows (axis 1) or columns (axis 0), as (start, end)."""
    filled = np.asarray(ink.any(axis=axis))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], filled.astype(np.int8), [0]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _bands(ink: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The lines of text, as (top, bottom)."""
    bands: list[tuple[int, int]] = []
    for top, bottom in _runs(ink, 1):
        before = bands[-1] if bands else (top, top)
        low, high = sorted((bottom - top, before[1] - before[0]))
        if bands and low <= _DOT * high and top - before[1] <= _DOT * high:
            bands[-1] = (before[0], bottom)
        else:
            bands.append((top, bottom))
    return bands


def _shared_out(words: Sequence[str], bands: Sequence[tuple[int, int]], ink: npt.NDArray[np.bool_]) -> list[list[str]]:
    """The words of each line, by how much room they take."""
    widths = [_extent(ink[top:bottom], 0) for top, bottom in bands]
    unit = sum(widths) / sum(len(word) + 1 for word in words)
    lines: list[list[str]] = [[] for _ in bands]
    place, used = 0, 0.0
    for number, word in enumerate(words):
        room = (len(word) + 1) * unit
        left = len(words) - number
        full = used + room / 2 > widths[place]
        if place + 1 < len(bands) and lines[place] and (full or left <= len(bands) - place - 1):
            place, used = place + 1, 0.0
        lines[place].append(word)
        used += room
    return lines


def _cut(band: npt.NDArray[np.bool_], words: Sequence[str]) -> list[tuple[int, int]]:
    """Left and right end of each word: cut at the widest gaps, or by the words' lengths where there are too few."""
    pieces = _runs(band, 0)
    start, end = pieces[0][0], pieces[-1][1]
    if len(pieces) >= len(words):
        gaps = sorted(pairwise(pieces), key=lambda pair: pair[0][1] - pair[1][0])[: len(words) - 1]
        lefts = sorted([start, *(after[0] for _, after in gaps)])
        rights = sorted([end, *(before[1] for before, _ in gaps)])
        return list(zip(lefts, rights, strict=True))
    unit = (end - start) / sum(len(word) for word in words)
    ends = np.rint(start + unit * np.cumsum([0, *(len(word) for word in words)])).astype(int)
    return [(int(left), int(right)) for left, right in pairwise(ends)]


def _turned_back(place: Rect, turned: int, field: Rect) -> Rect:
    """A place in the upright part of the picture as pixels of the picture."""
    width, height = field.width, field.height
    corners = {
        0: (place.left, place.top, place.right, place.bottom),
        90: (width - place.bottom, place.left, width - place.top, place.right),
        180: (width - place.right, height - place.bottom, width - place.left, height - place.top),
        270: (place.top, height - place.right, place.bottom, height - place.left),
    }
    left, top, right, bottom = corners[turned]
    return Rect(field.left + left, field.top + top, field.left + right, field.top + bottom)
