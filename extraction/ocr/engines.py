"""The OCR engines by name, and what an engine of one's own must be."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any, Final, Literal, Protocol, TypeAlias

from PIL import Image

from extraction.errors import MissingExtraError, OptionError
from extraction.ocr.rapid import RapidOcr
from extraction.ocr.tesseract import Tesseract
from extraction.pages.words import Line, PageWords, Word


class OcrEngine(Protocol):
    """What reads a picture: a function, or an object that can be called.

    An attribute ``name``, where it has one, is what ``PageWords.engine`` says.
    """

    def __call__(self, image: Image.Image, /) -> PageWords | Iterable[Line] | Iterable[Word]:
        """The words of an upright RGB picture, in its pixels.

        Lines or words come in any order and are brought into that of reading; a ``PageWords`` is taken as it is.
        """


EngineName: TypeAlias = Literal["rapidocr", "tesseract"]
Engine: TypeAlias = EngineName | OcrEngine

_NEEDED: Final = {"rapidocr": ("rapidocr", "onnxruntime"), "tesseract": ("tesserocr",)}


def find_engine(engine: Engine | None = None) -> OcrEngine:
    """The engine that is meant: one per process for each name.

    Args:
        engine: A name, an engine, or None for the best that is installed: rapidocr, else tesseract.

    Raises:
        OptionError: There is no engine of that name.
        MissingExtraError: No engine is installed, or not the one that was named.
    """
    if callable(engine):
        return engine
    if engine is None:
        installed = [name for name, modules in _NEEDED.items() if all(map(_installed, modules))]
        if not installed:
            raise MissingExtraError(
                "no OCR engine is installed",
                hint='pip install "langchain-extraction[ocr]" for rapidocr, or "langchain-extraction[tesseract]"',
            )
        engine = "rapidocr" if "rapidocr" in installed else "tesseract"
    if engine not in _NEEDED:
        raise OptionError(
            f"there is no OCR engine {engine!r}",
            hint=f"known are {', '.join(_NEEDED)}; else give a function from a picture to its lines",
        )
    if missing := [module for module in _NEEDED[engine] if not _installed(module)]:
        extra = "ocr" if engine == "rapidocr" else "tesseract"
        raise MissingExtraError(f"{missing[0]} is not installed", hint=f'pip install "langchain-extraction[{extra}]"')
    return _shared(engine)


def engine_name(engine: Any) -> str:
    """What an engine calls itself, else the name of its function or class."""
    for name in (getattr(engine, "name", None), getattr(engine, "__name__", None)):
        if isinstance(name, str) and name:
            return name
    return type(engine).__name__


@cache
def _shared(name: str) -> OcrEngine:
    return RapidOcr() if name == "rapidocr" else Tesseract()


def _installed(module: str) -> bool:
    return find_spec(module) is not None
