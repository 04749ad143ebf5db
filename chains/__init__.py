"""The uses of a vision model, each a Runnable that takes a picture and any LangChain chat model.

    from extraction.chains import extraction_chain

``caption_chain`` describes, ``extraction_chain`` fills a schema, ``detection_chain`` finds objects,
``segmentation_chain`` outlines them, ``ocr_chain`` reads text, ``reasoning_chain`` thinks in free text before it answers.
``tiled`` shows any of them that finds boxes a large picture in parts. ``document_chain`` takes a document of many pages;
``verify_sources`` has values read again where they were found.
"""

from __future__ import annotations

if __name__ != "extraction.chains":  # the folder was found on the path by its own name
    raise ImportError(
        f"{__name__!r} is the folder of the package 'extraction.chains': import that one", name=__name__, path=__file__
    )

from typing import TYPE_CHECKING

from extraction._lazy import lazy_names

if TYPE_CHECKING:
    from extraction.chains.caption import caption_chain
    from extraction.chains.detect import detection_chain
    from extraction.chains.documents import document_chain
    from extraction.chains.extract import extraction_chain
    from extraction.chains.native import native_chain
    from extraction.chains.read import ocr_chain
    from extraction.chains.reason import reasoning_chain
    from extraction.chains.segment import segmentation_chain
    from extraction.chains.tiles import tiled
    from extraction.chains.verify import averify_sources, verify_sources
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "extraction.chains.caption": ("caption_chain",),
            "extraction.chains.detect": ("detection_chain",),
            "extraction.chains.documents": ("document_chain",),
            "extraction.chains.extract": ("extraction_chain",),
            "extraction.chains.native": ("native_chain",),
            "extraction.chains.read": ("ocr_chain",),
            "extraction.chains.reason": ("reasoning_chain",),
            "extraction.chains.segment": ("segmentation_chain",),
            "extraction.chains.tiles": ("tiled",),
            "extraction.chains.verify": ("averify_sources", "verify_sources"),
        },
    )

__all__ = [
    "averify_sources",
    "caption_chain",
    "detection_chain",
    "document_chain",
    "extraction_chain",
    "native_chain",
    "ocr_chain",
    "reasoning_chain",
    "segmentation_chain",
    "tiled",
    "verify_sources",
]
