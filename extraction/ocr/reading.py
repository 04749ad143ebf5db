"""``read_words``: the words of a picture, each page read once however often it is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import replace
from threading import Lock
from typing import Any, Final

from extraction.errors import OptionError
from extraction.images import ImageSource, Picture, load_image
from extraction.ocr.engines import Engine, OcrEngine, engine_name, find_engine
from extraction.ocr.layout import lines_of, text_angle
from extraction.ocr.order import in_reading_order
from extraction.pages.words import Line, PageWords, Word

_KEPT: Final = 64
"""Pages whose words are kept."""


def read_words(image: ImageSource, *, engine: Engine | None = None) -> PageWords:
    """The words that stand in a picture, in reading order, in pixels of the upright original picture.

    Pages that stand on their side or upside down, or a little askew, are read as well. Columns of text come one after the
    other, rows of a table or of labels with values from left to right. The words of the last pages are kept, so that
    the same picture is not read again by the same engine. Where no engine is named, the page of a document that tells its
    words itself (``Picture.words``, a text layer) is not read at all.

    Args:
        image: Whatever ``load_image`` takes.
        engine: "rapidocr", "tesseract", or an engine of one's own: a function from a PIL picture to its lines or words
            (``extraction.ocr.engines.OcrEngine``). By default rapidocr, or tesseract where only that is installed.

    Raises:
        ImageError: The picture cannot be read.
        MissingExtraError: No engine is installed, or not the one that was named; the hint says what to install.
        OptionError: There is no engine of that name, or one's own gave something else than lines or words.
    """
    picture = load_image(image)
    if engine is None and picture.words is not None:
        return picture.words
    return _CACHE.read(picture, find_engine(engine))


def forget_words() -> None:
    """Empties the memory of pages that were read."""
    _CACHE.clear()


class _Cache:
    """The words of the last pages, by picture and engine; of one page asked for by several threads, one reads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: OrderedDict[Hashable, PageWords] = OrderedDict()
        self._reading: dict[Hashable, Lock] = {}

    def read(self, picture: Picture, engine: OcrEngine) -> PageWords:
        key = (picture.digest, engine)
        try:
            hash(key)
        except TypeError:  # an engine of one's own that cannot be told from others
            return _read(picture, engine)
        with self._lock:
            if (words := self._kept(key)) is not None:
                return words
            reading = self._reading.setdefault(key, Lock())
        with reading:
            with self._lock:
                if (words := self._kept(key)) is not None:
                    return words
            try:
                words = _read(picture, engine)
            except BaseException:
                with self._lock:
                    self._reading.pop(key, None)
                raise
            with self._lock:
                self._reading.pop(key, None)
                self._pages[key] = words
                while len(self._pages) > _KEPT:
                    self._pages.popitem(last=False)
            return words

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()

    def _kept(self, key: Hashable) -> PageWords | None:
        words = self._pages.get(key)
        if words is not None:
            self._pages.move_to_end(key)
        return words


_CACHE: Final = _Cache()


def _read(picture: Picture, engine: OcrEngine) -> PageWords:
    """What an engine gives, in reading order."""
    name = engine_name(engine)
    found = engine(picture.image)
    if isinstance(found, PageWords):
        if found.size != picture.size:
            raise OptionError(
                f"the words of the OCR engine {name!r} are of a picture of {found.size}, not {picture.size}"
            )
        return found
    lines = _lines(found, name)
    angle = text_angle(lines)
    return PageWords(in_reading_order(lines, angle), picture.size, name, angle)


def _lines(found: Any, name: str) -> list[Line]:
    given = list(found) if isinstance(found, Iterable) and not isinstance(found, str) else [found]
    lines = [one for one in given if isinstance(one, Line)]
    words = [one for one in given if isinstance(one, Word)]
    if len(lines) + len(words) != len(given):
        odd = next(one for one in given if not isinstance(one, (Line, Word)))
        raise OptionError(
            f"the OCR engine {name!r} gave {type(odd).__name__}",
            hint="it has to give Line or Word objects of extraction.pages.words, or a PageWords",
        )
    written = [replace(line, words=tuple(filter(_is_written, line.words))) for line in lines]
    return [line for line in written if line.words] + lines_of([word for word in words if _is_written(word)])


def _is_written(word: Word) -> bool:
    """Whether a word has letters: some engines tell of blank places, too."""
    return bool(word.text.strip())
