"""Values read again from their own pieces of the page, by the OCR engine and by the model: ``verify_sources``.

Each value that was found is cut out of the page. The engine reads the pieces from sheets on which they lie one below the
other; the model reads each as a picture of its own, behind a prompt that all share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.runnables import Runnable
from langchain_core.runnables.config import RunnableConfig
from PIL import Image

from extraction.chains.extract import extraction_chain
from extraction.chains.models import ChatModel
from extraction.errors import OptionError, OutputError
from extraction.grounding.leaves import as_json
from extraction.grounding.sources import Match, Source, Sources, Verification
from extraction.grounding.values import says
from extraction.images import Picture, load_image
from extraction.schemas.geometry import Box
from extraction.schemas.pointers import steps_of

_READING: Final = {
    "title": "Reading",
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 200, "description": "All text in the picture, as it is printed."}
    },
    "required": ["text"],
}
_NOBODY: Final = "neither a model nor an OCR engine is asked to read the values again"
_INSTRUCTION: Final = "Read the text in the picture."

_MARGIN = 0.15
"""How much is left around a value, in its heights: more would show its neighbours."""

_LINE_HEIGHT = 40
"""Pixels to which smaller lines are enlarged: the height at which engines of OCR read best."""

_PER_SHEET = 12
_GAP = 40
"""So many pieces lie on one sheet, with so many pixels between two."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A value that was cut out."""

    pointer: str
    value: Any
    image: Image.Image


def verify_sources(
    sources: Sources,
    data: Any,
    pages: Picture | Mapping[int, Picture],
    *,
    model: ChatModel | None = None,
    engine: Any = None,
    config: RunnableConfig | None = None,
) -> Sources:
    """The same sources with what stands at each first place according to the OCR engine, and to the model.

    Args:
        sources: Where the values were found.
        data: The value that they are of.
        pages: The picture of the page, or of several pages by number.
        model: The chat model that reads again; None for the engine alone.
        engine: The OCR engine, as ``read_words`` takes it; False for the model alone.
        config: LangChain's configuration of the runs.

    Raises:
        MissingExtraError: No OCR engine is installed.
        OptionError: A page with sources is missing, or neither engine nor model is asked.
        ExtractionError: The model fails. An answer of it that cannot be read is a reading of None.
    """
    pieces = _pieces(sources, data, pages)
    if model is None and engine is False:
        raise OptionError(_NOBODY)
    engine_texts = _read_by_engine(pieces, engine)
    answers: Sequence[Any] = [None] * len(pieces)
    if model is not None:
        asked = [piece.image for piece in pieces]
        answers = _reading_chain(model).batch(asked, config, return_exceptions=True)
    return sources.with_verified(dict(_judged(pieces, engine_texts, answers)))


async def averify_sources(
    sources: Sources,
    data: Any,
    pages: Picture | Mapping[int, Picture],
    *,
    model: ChatModel | None = None,
    engine: Any = None,
    config: RunnableConfig | None = None,
) -> Sources:
    """``verify_sources``, awaited."""
    pieces = await asyncio.to_thread(_pieces, sources, data, pages)
    if model is None and engine is False:
        raise OptionError(_NOBODY)
    engine_texts = await asyncio.to_thread(_read_by_engine, pieces, engine)
    answers: Sequence[Any] = [None] * len(pieces)
    if model is not None:
        asked = [piece.image for piece in pieces]
        answers = await _reading_chain(model).abatch(asked, config, return_exceptions=True)
    return sources.with_verified(dict(_judged(pieces, engine_texts, answers)))


def _reading_chain(model: ChatModel) -> Runnable[Any, Any]:
    return extraction_chain(model, _READING, instruction=_INSTRUCTION)


def _judged(
    pieces: Sequence[_Piece], engine_texts: Sequence[str | None], answers: Sequence[Any]
) -> Iterator[tuple[str, Verification]]:
    for piece, told, answer in zip(pieces, engine_texts, answers, strict=True):
        if isinstance(answer, Exception) and not isinstance(answer, OutputError):
            raise answer
        text = answer["text"] if isinstance(answer, dict) else None
        yield piece.pointer, Verification(told, text, _match(piece.value, told), _match(piece.value, text))


def _match(value: Any, text: str | None) -> Match | None:
    return None if text is None else says(value, text)


# --- cutting out -----------------------------------------------------------------------------------------------------


def _pieces(sources: Sources, data: Any, pages: Picture | Mapping[int, Picture]) -> list[_Piece]:
    data = as_json(data)
    by_number = {1: pages} if isinstance(pages, Picture) else pages
    found = []
    for pointer, places in sources.items():
        if places:
            page = by_number.get(places[0].page)
            if page is None:
                raise OptionError(f"{pointer} stands on page {places[0].page}, of which there is no picture")
            found.append(_Piece(pointer, _value_at(data, pointer), _cut(page, places[0])))
    return found


def _value_at(data: Any, pointer: str) -> Any:
    for key in steps_of(pointer):
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


def _cut(page: Picture, place: Source) -> Image.Image:
    """A place with a little room around it, and small print enlarged."""
    box = place.box
    room = max(2.0, _MARGIN * box.height)
    wide = Box(x1=box.x1 - room, y1=box.y1 - room, x2=box.x2 + room, y2=box.y2 + room).clamp(page.size)
    left, top, right, bottom = int(wide.x1), int(wide.y1), round(wide.x2 + 0.5), round(wide.y2 + 0.5)
    piece = page.image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    factor = max(1.0, _LINE_HEIGHT / max(piece.height, 1))
    size = (max(1, round(piece.width * factor)), max(1, round(piece.height * factor)))
    return piece.resize(size, Image.Resampling.BICUBIC) if factor > 1 else piece


# --- the engine ------------------------------------------------------------------------------------------------------


def _read_by_engine(pieces: Sequence[_Piece], engine: Any) -> list[str | None]:
    """What an OCR engine reads on each piece; they lie on sheets, so that it is asked less often."""
    from extraction.ocr.reading import read_words

    if engine is False:
        return [None] * len(pieces)
    texts: list[str | None] = []
    for start in range(0, len(pieces), _PER_SHEET):
        part = pieces[start : start + _PER_SHEET]
        width = max(piece.image.width for piece in part) + 2 * _GAP
        sheet = Image.new("RGB", (width, sum(piece.image.height + _GAP for piece in part) + _GAP), "white")
        edges, y = [], _GAP
        for piece in part:
            ground = _ground(piece.image)
            sheet.paste(ground, (0, y - _GAP // 2, width, y + piece.image.height + _GAP // 2))
            sheet.paste(piece.image, (_GAP, y))
            edges.append((y - _GAP // 2, y + piece.image.height + _GAP // 2))
            y += piece.image.height + _GAP
        words = read_words(load_image(sheet), engine=engine)
        for top, bottom in edges:
            inside = [line.text for line in words.lines if top <= (line.box.y1 + line.box.y2) / 2 < bottom]
            texts.append(" ".join(inside) or None)
    return texts


def _ground(image: Image.Image) -> tuple[int, int, int]:
    """The colour of the paper around a piece's text: the median of its edge."""
    edge = [image.getpixel((x, y)) for x in range(0, image.width, 3) for y in (0, image.height - 1)]
    middle = sorted(edge, key=lambda pixel: sum(pixel) if isinstance(pixel, tuple) else 0)[len(edge) // 2]
    return (middle[0], middle[1], middle[2]) if isinstance(middle, tuple) else (255, 255, 255)
