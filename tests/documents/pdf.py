"""PDFs with a text layer, written here so that every word's place is known: ``text_pdf``, ``searchable_pdf``."""

from __future__ import annotations

import io
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib as mpl
from PIL import Image

from tests.documents.canvas import Canvas
from tests.documents.truth import Sample

_CAPITALS = 0.718
"""How tall Helvetica's capitals are, in em (Helvetica.afm): a word without long letters below is as tall."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A word to write: its text, where its base line begins, how wide it is and its size; in points, y upwards."""

    text: str
    x: float
    y: float
    width: float
    size: float


@dataclass(frozen=True, slots=True)
class _Page:
    """A page: its (width, height) in points, its words, and a JPEG to lay under them."""

    size: tuple[float, float]
    runs: tuple[_Run, ...]
    picture: Image.Image | None = None


def text_pdf(sheets: Iterable[Canvas], *, dpi: float) -> bytes:
    """A PDF of sheets that were drawn at ``dpi`` pixels per inch: visible words in Helvetica, no lines and pictures.

    The sheets are taken one at a time. Each word is made as wide as it is on its sheet.
    """
    return _written(_text_page(sheet, 72 / dpi) for sheet in sheets)


def searchable_pdf(samples: Iterable[Sample], *, dpi: float) -> bytes:
    """A PDF of pictures with invisible words over them, as scanners with OCR write it."""
    return _written(_scanned_page(sample, 72 / dpi) for sample in samples)


def _text_page(sheet: Canvas, scale: float) -> _Page:
    width, height = (side * scale for side in sheet.size)
    runs = (
        _Run(word.text, word.x * scale, height - word.y * scale, word.width * scale, word.size * scale)
        for word in sheet.words
    )
    return _Page((width, height), tuple(runs))


def _scanned_page(sample: Sample, scale: float) -> _Page:
    width, height = (side * scale for side in sample.picture.size)
    runs = (
        _Run(
            word.text,
            word.box.x1 * scale,
            height - word.box.y2 * scale,
            word.box.width * scale,
            word.box.height * scale / _CAPITALS,
        )
        for word in sample.words
    )
    return _Page((width, height), tuple(runs), sample.picture)


def _written(pages: Iterable[_Page]) -> bytes:
    """The file; objects 1 to 3 are the catalogue, the list of pages and the font."""
    objects: dict[int, bytes] = {}
    kids: list[int] = []
    for page in pages:
        number = 4 + 3 * len(kids)
        kids.append(number)
        width, height = page.size
        resources = b"/Font << /F 3 0 R >>"
        content = b""
        if page.picture is not None:
            file = io.BytesIO()
            page.picture.save(file, "JPEG", quality=80)
            across, down = page.picture.size
            head = f"/Type /XObject /Subtype /Image /Width {across} /Height {down} /ColorSpace /DeviceRGB"
            objects[number + 2] = _stream(f"{head} /BitsPerComponent 8 /Filter /DCTDecode".encode(), file.getvalue())
            resources += f" /XObject << /I {number + 2} 0 R >>".encode()
            content = f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /I Do Q\n".encode()
        content += b"BT %d Tr\n" % (0 if page.picture is None else 3)
        content += b"".join(_shown(run) for run in page.runs) + b"ET\n"
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.3f} {height:.3f}] /Contents {number + 1} 0 R "
            f"/Resources << {resources.decode()} >> >>"
        ).encode()
        objects[number + 1] = _stream(b"/Filter /FlateDecode", zlib.compress(content))
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[2] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    objects[3] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    return _file(objects)


def _stream(entries: bytes, content: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def _shown(run: _Run) -> bytes:
    """The operators that write one word, stretched to its width."""
    natural = _helvetica(run.text) * run.size
    text = run.text.encode("cp1252", "replace")
    text = text.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    stretch = 100 * run.width / natural if natural else 100.0
    where = f"/F {run.size:.3f} Tf {stretch:.3f} Tz 1 0 0 1 {run.x:.3f} {run.y:.3f} Tm"
    return where.encode() + b" (" + text + b" ) Tj\n"  # a blank ends a word, as far apart as the next may stand


def _file(objects: dict[int, bytes]) -> bytes:
    """The objects with their table; where a number is not used, the table says so."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    count = max(objects) + 1
    entries = [b"0000000000 65535 f \n"] * count
    for number in sorted(objects):
        entries[number] = b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(out)
    out += b"xref\n0 %d\n%s" % (count, b"".join(entries))
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
    return bytes(out)


@lru_cache(maxsize=1)
def _widths() -> dict[int, float]:
    """By ASCII code, how wide Helvetica's characters are, in em; from the metrics inside matplotlib."""
    path = Path(mpl.get_data_path()) / "fonts" / "pdfcorefonts" / "Helvetica.afm"
    found = {}
    for line in path.read_text("ascii").splitlines():
        if line.startswith("C ") and not line.startswith("C -1"):
            fields = line.split()
            found[int(fields[1])] = int(fields[4]) / 1000
    return {code: width for code, width in found.items() if code < 128}


def _helvetica(text: str) -> float:
    """How wide ``text`` is, in em: letters with accents are as wide as those without."""
    widths = _widths()
    return sum(widths.get(ord(unicodedata.normalize("NFD", char)[0]), 0.556) for char in text)
