"""Words read from pixels by an OCR engine (extra ``ocr``), on the processor and offline.

reading      read_words, and the memory of pages that were read
engines      the engines by name, and what one's own must be
rapid        RapidOcr: PP-OCR through rapidocr
tesseract    Tesseract, through tesserocr
threads      how many threads an engine may use
ink          where words begin and end
quads        four corners of a text
layout       lines in the frame of their own text
order        reading order
evidence     a page's words as text for a prompt
aligning     a model's text beside an engine's lines
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extraction._lazy import lazy_names

if TYPE_CHECKING:
    from extraction.ocr.engines import OcrEngine
    from extraction.ocr.evidence import EvidenceWarning
    from extraction.ocr.rapid import RapidOcr
    from extraction.ocr.reading import forget_words, read_words
    from extraction.ocr.tesseract import Tesseract
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "extraction.ocr.engines": ("OcrEngine",),
            "extraction.ocr.evidence": ("EvidenceWarning",),
            "extraction.ocr.rapid": ("RapidOcr",),
            "extraction.ocr.reading": ("forget_words", "read_words"),
            "extraction.ocr.tesseract": ("Tesseract",),
        },
    )

__all__ = ["EvidenceWarning", "OcrEngine", "RapidOcr", "Tesseract", "forget_words", "read_words"]
