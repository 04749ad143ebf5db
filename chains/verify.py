"""Values read again from their own pieces of the page, by the OCR engine and by the model: ``verify_sources``.

Each value that was found is cut out of the page. The engine reads the pieces from sheets on which they lie one below the
other; the model reads each as a picture of its own, behind a prompt that all share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.runnables import Runnable
from langchain_core.runnables.config import RunnableConfig
from PIL import Image

from extraction.chains.extract import extraction_chain
from extraction.chains.models import ChatModel
from extraction.chains.remote import reads_words
from extraction.errors import OptionError, OutputError
from extraction.grounding.leaves import as_json
from extraction.grounding.sources import Match, Source, Sources, Verification
from extraction.grounding.values import says
from extraction.images import Picture, load_image
from extraction.schemas.geometry import Box, Polygon
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
class Piece:
    """A value that was cut out.

    Attributes:
        pointer: Its JSON pointer.
        value: What was said to stand there.
        image: What stands there.
    """

    pointer: str
    value: Any
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who reads values again.

    Attributes:
        chain: From a piece's picture to what the model reads; None where no model is asked.
        engine: The OCR engine, as ``read_words`` takes it; False where none is asked.
    """

    chain: Runnable[Any, Any] | None
    engine: Any

    @classmethod
    def of(cls, model: ChatModel | None, engine: Any) -> Verifier:
        """The model and the engine.

        Args:
            model: The chat model. One that is none, but reads by an OCR engine itself (``ChatOCR``), is not asked.
            engine: The engine; None for the one that is installed.

        Raises:
            OptionError: Neither of them reads.
        """
        if model is not None and reads_words(model):
            model = None
        if model is None and engine is False:
            raise OptionError(_NOBODY)
        chain = None if model is None else extraction_chain(model, _READING, instruction=_INSTRUCTION)
        return cls(chain, engine)

    def engine_texts(self, pieces: Sequence[Piece]) -> list[str | None]:
        """What the engine reads on each piece.

        Raises:
            MissingExtraError: No OCR engine is installed.
        """
        return [None] * len(pieces) if self.engine is False else _read_by_engine(pieces, self.engine)

    def verified(
        self, pieces: Sequence[Piece], texts: Sequence[str | None], answers: Sequence[Any]
    ) -> dict[str, Verification]:
        """The readings of pieces, by their pointers.

        Args:
            pieces: The pieces.
            texts: What the engine reads on them.
            answers: What the chain gives for each, or the exception that it raises.

        Raises:
            ExtractionError: The model has failed. An answer of it that cannot be read is a reading of None.
        """
        return dict(_judged(pieces, texts, answers))


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
        model: The chat model that reads again; None, or one that reads by an engine itself (``ChatOCR``), for the engine
            alone.
        engine: The OCR engine, as ``read_words`` takes it; False for the model alone.
        config: LangChain's configuration of the runs.

    Raises:
        MissingExtraError: No OCR engine is installed.
        OptionError: A page with sources is missing, or the sources are those of another value, or neither engine nor
            model is asked.
        ExtractionError: The model fails. An answer of it that cannot be read is a reading of None.
    """
    verifier = Verifier.of(model, engine)
    pieces = cut_pieces(sources, data, pages)
    texts = verifier.engine_texts(pieces)
    answers: Sequence[Any] = [None] * len(pieces)
    if verifier.chain is not None:
        answers = verifier.chain.batch([piece.image for piece in pieces], config, return_exceptions=True)
    return sources.with_verified(verifier.verified(pieces, texts, answers))


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
    verifier = await asyncio.to_thread(Verifier.of, model, engine)
    pieces = await asyncio.to_thread(cut_pieces, sources, data, pages)
    texts = await asyncio.to_thread(verifier.engine_texts, pieces)
    answers: Sequence[Any] = [None] * len(pieces)
    if verifier.chain is not None:
        answers = await verifier.chain.abatch([piece.image for piece in pieces], config, return_exceptions=True)
    return sources.with_verified(verifier.verified(pieces, texts, answers))


def _judged(
    pieces: Sequence[Piece], engine_texts: Sequence[str | None], answers: Sequence[Any]
) -> Iterator[tuple[str, Verification]]:
    for piece, told, answer in zip(pieces, engine_texts, answers, strict=True):
        if isinstance(answer, Exception) and not isinstance(answer, OutputError):
            raise answer
        text = answer["text"] if isinstance(answer, dict) else None
        yield piece.pointer, Verification(told, text, _match(piece.value, told), _match(piece.value, text))


def _match(value: Any, text: str | None) -> Match | None:
    return None if text is None else says(value, text)


# --- cutting out -----------------------------------------------------------------------------------------------------


def cut_pieces(
    sources: Sources,
    data: Any,
    pages: Picture | Mapping[int, Picture],
    pointers: Collection[str] | None = None,
) -> list[Piece]:
    """The values that were found, each cut out at its first place.

    Args:
        sources: Where they were found.
        data: The value that they are of.
        pages: The picture of the page, or of several pages by number.
        pointers: Which of them; None for all.

    Raises:
        OptionError: A page with sources is missing, or is no ``Picture``, or the sources are not those of ``data``.
    """
    data = as_json(data)
    by_number: Any = {1: pages} if isinstance(pages, Picture) else pages
    if not isinstance(by_number, Mapping) or not all(isinstance(page, Picture) for page in by_number.values()):
        raise OptionError("pages must be the Picture of a page, or of several by page number", hint="see load_image")
    found = []
    for pointer, places in sources.items():
        if places and (pointers is None or pointer in pointers):
            page = by_number.get(places[0].page)
            if page is None:
                raise OptionError(f"{pointer} stands on page {places[0].page}, of which there is no picture")
            found.append(Piece(pointer, value_at(data, pointer), _cut(page, places[0])))
    return found


def value_at(data: Any, pointer: str) -> Any:
    """The part of a JSON value to which a JSON pointer leads.

    Raises:
        OptionError: There is no such part.
    """
    try:
        for key in steps_of(pointer):
            data = data[int(key)] if isinstance(data, list) else data[key]
    except (LookupError, TypeError, ValueError):
        raise OptionError(f"the sources are those of another value: in this one there is no {pointer}") from None
    return data


def _cut(page: Picture, place: Source) -> Image.Image:
    """A place with a little room around it, small print enlarged, and text that is turned or slanted put upright."""
    if place.quad is not None and len(place.quad.points) == 4:
        return _straight(page, place.quad)
    box = place.box
    room = max(2.0, _MARGIN * box.height)
    wide = Box(x1=box.x1 - room, y1=box.y1 - room, x2=box.x2 + room, y2=box.y2 + room).clamp(page.size)
    left, top, right, bottom = int(wide.x1), int(wide.y1), round(wide.x2 + 0.5), round(wide.y2 + 0.5)
    piece = page.image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    factor = max(1.0, _LINE_HEIGHT / max(piece.height, 1))
    size = (max(1, round(piece.width * factor)), max(1, round(piece.height * factor)))
    return piece.resize(size, Image.Resampling.BICUBIC) if factor > 1 else piece


def _straight(page: Picture, quad: Polygon) -> Image.Image:
    """What stands in a quad, as if its text ran from left to right."""
    first, second, _, fourth = quad.points
    length, height = max(first.distance(second), 1.0), max(first.distance(fourth), 1.0)
    along = ((second.x - first.x) / length, (second.y - first.y) / length)
    down = ((fourth.x - first.x) / height, (fourth.y - first.y) / height)
    room = max(2.0, _MARGIN * height)
    factor = max(1.0, _LINE_HEIGHT / (height + 2 * room))
    size = (max(1, round((length + 2 * room) * factor)), max(1, round((height + 2 * room) * factor)))
    corner = (first.x - room * (along[0] + down[0]), first.y - room * (along[1] + down[1]))
    # From a pixel of the piece to one of the page: x' = a x + b y + c, y' = d x + e y + f.
    a, d, b, e = (one / factor for one in (*along, *down))
    return page.image.transform(
        size, Image.Transform.AFFINE, (a, b, corner[0], d, e, corner[1]), Image.Resampling.BICUBIC, fillcolor="white"
    )


# --- the engine ------------------------------------------------------------------------------------------------------


def _read_by_engine(pieces: Sequence[Piece], engine: Any) -> list[str | None]:
    """What an OCR engine reads on each piece; they lie on sheets, so that it is asked less often."""
    from extraction.ocr.reading import read_words

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
