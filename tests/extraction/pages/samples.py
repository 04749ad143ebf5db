"""Documents for the tests: sheets with known words at known places, scans, TIFFs."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from tests.extraction.pages.pdf_files import HELVETICA, Sheet, pdf, stream, text


@dataclass(frozen=True, slots=True)
class Written:
    """A line on a sheet: its words and the left end of its baseline, in points from the top left corner."""

    words: str
    x: float
    y: float
    size: float = 10
    angle: float = 0
    color: str = "black"
    right: bool = False


def printed(
    sheets: Sequence[Sequence[Written]], *, size: tuple[float, float] = (595, 842), fonttype: int = 42
) -> bytes:
    """A PDF by matplotlib, one sheet of ``size`` points for each list of lines."""
    from matplotlib.backends.backend_pdf import PdfPages

    file = io.BytesIO()
    with plt.rc_context({"pdf.fonttype": fonttype}), PdfPages(file, metadata={"CreationDate": None}) as pages:
        for lines in sheets:
            figure = plt.figure(figsize=(size[0] / 72, size[1] / 72))
            for line in lines:
                options: dict[str, Any] = {"ha": "right" if line.right else "left", "rotation_mode": "anchor"}
                place = (line.x / size[0], 1 - line.y / size[1])
                figure.text(
                    *place,
                    line.words,
                    fontsize=line.size,
                    va="baseline",
                    rotation=line.angle,
                    color=line.color,
                    **options,
                )
            pages.savefig(figure)
            plt.close(figure)
    return file.getvalue()


@functools.cache
def form() -> bytes:
    """Fields with and without an appearance, a ticked box, a remark: "Name", "City" and what was filled in."""
    zapf = b"<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>"
    filled = b"/Tx BMC q BT /F 12 Tf 0 g 2 5 Td (Ada Lovelace) Tj ET Q EMC"
    ticked = b"q BT /F 12 Tf 0 g 2 3 Td (4) Tj ET Q"
    shape = b"/Type/XObject/Subtype/Form/BBox[0 0 150 20]/Resources<</Font<</F %b>>>>"
    field = b"<</Type/Annot/Subtype/Widget/F 4/DA(/Helv 12 Tf 0 g)"
    extra = [
        field + b"/FT/Tx/T(name)/V(Ada Lovelace)/Rect[80 145 230 165]/AP<</N 4 0 R>>>>",
        stream(filled, shape % HELVETICA),
        field + b"/FT/Tx/T(city)/V(London)/Rect[80 105 230 125]>>",
        field + b"/FT/Btn/T(ok)/V/Yes/AS/Yes/Rect[80 70 95 85]/MK<</CA(4)>>/AP<</N<</Yes 7 0 R>>>>>>",
        stream(ticked, shape % zapf),
        b"<</Type/Annot/Subtype/FreeText/Contents(a remark)/Rect[80 20 200 40]/DA(/Helv 10 Tf 1 0 0 rg)/F 4>>",
    ]
    return pdf(
        [Sheet(text("Name", 20, 150) + text("City", 20, 110), b"/Annots[3 0 R 5 0 R 6 0 R 8 0 R]")],
        extra=extra,
        catalog=b"/AcroForm<</Fields[3 0 R 5 0 R 6 0 R]/DR<</Font<</Helv %b>>>>>>" % HELVETICA,
    )


def paper(seed: int, size: tuple[int, int] = (400, 560)) -> Image.Image:
    """A grey sheet with dark bars, as a scan may look from afar."""
    noise = np.random.default_rng(seed)
    pixels = noise.integers(225, 245, size=(size[1], size[0]), dtype=np.uint8)
    for row in range(20, size[1] - 20, 40):
        pixels[row : row + 12, 10 : 10 + int(noise.integers(10, size[0] - 30))] = 30
    return Image.fromarray(pixels).convert("RGB")


def scanned(count: int = 1) -> bytes:
    """A PDF of JPEG pictures without any text."""
    file = io.BytesIO()
    sheets = [paper(seed) for seed in range(count)]
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:], resolution=72)
    return file.getvalue()


def tiff(frames: Sequence[Image.Image], **options: Any) -> bytes:
    """A TIFF of several frames."""
    file = io.BytesIO()
    frames[0].save(file, "TIFF", save_all=True, append_images=frames[1:], **options)
    return file.getvalue()


def picture(kind: str, **options: Any) -> bytes:
    """A picture file of one frame."""
    file = io.BytesIO()
    paper(0, (90, 60)).save(file, kind, **options)
    return file.getvalue()
