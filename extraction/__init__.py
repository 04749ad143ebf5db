"""A picture and a schema in, a validated object with pixel boxes out.

    from extraction import ChatTransformers, extract
    from extraction.schemas import Scene

    result = extract(ChatTransformers(), "photo.jpg", Scene)
    result.value  # a Scene; its boxes are pixels of photo.jpg
    result.plot().savefig("photo.boxes.png")

``import extraction`` itself loads next to nothing: each name below is imported when it is first used.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from extraction._lazy import lazy_names

if TYPE_CHECKING:
    from extraction.calibration import calibrate
    from extraction.chains.extract import aextract, extract
    from extraction.chat_model import ChatTransformers
    from extraction.confidence import Confidence
    from extraction.conventions import BoxConvention
    from extraction.errors import (
        BoxConventionError,
        ContextLengthError,
        ExtractionError,
        GenerationCancelledError,
        GenerationError,
        ImageError,
        MessageError,
        MissingExtraError,
        ModelLoadError,
        OptionError,
        OutputError,
        SchemaError,
        SchemaMismatchError,
        TruncatedOutputError,
        UnreadableOutputError,
    )
    from extraction.grammar import GrammarWarning
    from extraction.images import Picture, load_image
    from extraction.ocr.reading import read_words
    from extraction.pages.document import Document, open_document
    from extraction.pages.limits import PageLimits
    from extraction.pages.page import Page
    from extraction.parsing import GroundedOutputParser
    from extraction.planning import PicturePlan
    from extraction.plotting import plot_bounding_boxes, plot_boxes
    from extraction.result import Extraction
else:  # hidden from type checkers, for which a module's __getattr__ would make every misspelt name a good one
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "extraction.calibration": ("calibrate",),
            "extraction.chains.extract": ("aextract", "extract"),
            "extraction.chat_model": ("ChatTransformers",),
            "extraction.confidence": ("Confidence",),
            "extraction.errors": (
                "BoxConventionError",
                "ContextLengthError",
                "ExtractionError",
                "GenerationCancelledError",
                "GenerationError",
                "ImageError",
                "MessageError",
                "MissingExtraError",
                "ModelLoadError",
                "OptionError",
                "OutputError",
                "SchemaError",
                "SchemaMismatchError",
                "TruncatedOutputError",
                "UnreadableOutputError",
            ),
            "extraction.conventions": ("BoxConvention",),
            "extraction.grammar": ("GrammarWarning",),
            "extraction.images": ("Picture", "load_image"),
            "extraction.pages.document": ("Document", "open_document"),
            "extraction.pages.limits": ("PageLimits",),
            "extraction.pages.page": ("Page",),
            "extraction.ocr.reading": ("read_words",),
            "extraction.parsing": ("GroundedOutputParser",),
            "extraction.planning": ("PicturePlan",),
            "extraction.plotting": ("plot_bounding_boxes", "plot_boxes"),
            "extraction.result": ("Extraction",),
        },
    )

try:
    __version__ = version("langchain-extraction")
except PackageNotFoundError:  # a checkout on the path that was never installed: pyproject.toml alone knows the number
    __version__ = "0+unknown"

__all__ = [
    "BoxConvention",
    "BoxConventionError",
    "ChatTransformers",
    "Confidence",
    "ContextLengthError",
    "Document",
    "Extraction",
    "ExtractionError",
    "GenerationCancelledError",
    "GenerationError",
    "GrammarWarning",
    "GroundedOutputParser",
    "ImageError",
    "MessageError",
    "MissingExtraError",
    "ModelLoadError",
    "OptionError",
    "OutputError",
    "Page",
    "PageLimits",
    "Picture",
    "PicturePlan",
    "SchemaError",
    "SchemaMismatchError",
    "TruncatedOutputError",
    "UnreadableOutputError",
    "__version__",
    "aextract",
    "calibrate",
    "extract",
    "load_image",
    "open_document",
    "plot_bounding_boxes",
    "plot_boxes",
    "read_words",
]
