"""PP-OCR through rapidocr: a detector of lines, and a recognizer of what stands in them, both in onnxruntime.

The package's own pipeline is taken apart here. It reads small text from a reduced picture, gives words the scores of
other words and boxes of whole pixels, and turns tall things one way only; its detector and its recognizer are good.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from PIL import Image

from extraction.errors import ModelLoadError
from extraction.extras import import_extra
from extraction.ocr.ink import Span, false_blanks, find_ink, missed_blanks, word_spans
from extraction.ocr.quads import Pixels, Quad, cut_out, part_of, quad_box, quad_polygon, quad_size, unturned
from extraction.ocr.threads import thread_count
from extraction.pages.words import Line, Word

_DETECTOR: Final = "PP-OCRv6_det_small.onnx"
_RECOGNIZER: Final = "PP-OCRv6_rec_small.onnx"
_STRIP: Final = 48
"""The height of a line as the recognizer takes it (``rec_img_shape`` in rapidocr's config.yaml)."""

_MARGIN: Final = 16
_SMALL: Final = 736
_ENLARGED: Final = 2.0
"""Pictures whose shorter side is below ``_SMALL`` are enlarged for the detector, at most so much. Of the words
that were read on three pages drawn with letters of 9 pixels, 98 % then lie where they stand (IoU 0.5), 88 % without; about as
many are read (0.917, 0.920), with letters of 12 pixels fewer (0.944, 0.969). Enlarging more helps no further."""

_WORD: Final = re.compile(r"\S+")

_TALL: Final = 1.5
"""Height by width above which a text may stand upright on its side, as rapidocr has it."""

_PROBES: Final = 5
_SURE: Final = 0.85
"""Lines of a page that stands the right way up score above this on average; upside down they stay below it (0.6 to 0.83
on rendered receipts, where upright ones have 0.97 to 1)."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the recognizer says of a strip.

    Attributes:
        text: With blanks between words.
        scores: Of each character of the text.
        centres: Of each character that is no blank, in shares of the strip's width.
    """

    text: str
    scores: tuple[float, ...]
    centres: tuple[float, ...]

    @property
    def score(self) -> float:
        return float(np.mean(self.scores)) if self.scores else 0.0


@dataclass(frozen=True, slots=True)
class _Part:
    """A word of a strip, or what the recognizer takes for one: its characters' scores and centres, and its place."""

    text: str
    scores: tuple[float, ...]
    centres: tuple[float, ...]
    span: Span

    def split(self, after: Sequence[int]) -> list[_Part]:
        """The part in pieces that end behind these characters."""
        edges = [0, *(index + 1 for index in after), len(self.text)]
        return [_Part(self.text[a:b], self.scores[a:b], self.centres[a:b], self.span) for a, b in pairwise(edges)]

    def joined(self, other: _Part) -> _Part:
        return _Part(
            self.text + other.text,
            self.scores + other.scores,
            self.centres + other.centres,
            Span(self.span.left, other.span.right),
        )


class RapidOcr:
    """The engine "rapidocr": PP-OCRv6, whose weights come inside the wheel.

    Args:
        threads: Of onnxruntime; by default what the process allows (``OMP_NUM_THREADS``, torch's own number, or as many
            as there are processors).
        max_side: The longer side, in pixels, of the picture as the detector sees it: the knob for its memory and time.
            Lines are recognized from the picture itself.
        min_score: Lines that are read with less are left out.

    Raises:
        MissingExtraError: When it first reads: rapidocr or onnxruntime is not installed.
        ModelLoadError: When it first reads: this version of rapidocr brings other weights.
    """

    name = "rapidocr"

    def __init__(self, *, threads: int | None = None, max_side: int = 1280, min_score: float = 0.5) -> None:
        self.threads = threads
        self.max_side = max_side
        self.min_score = min_score
        self._lock = Lock()
        self._loaded: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Its settings: neither its lock nor what it has loaded goes into another process."""
        return partial(type(self), threads=self.threads, max_side=self.max_side, min_score=self.min_score), ()

    def __call__(self, image: Image.Image) -> list[Line]:
        """The lines of a picture, in no order, in its pixels."""
        with self._lock:
            return self._read(np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1]))

    def _read(self, pixels: Pixels) -> list[Line]:
        quads = self._detect(pixels)
        if _mostly_tall(quads):
            # As if the text stood turned clockwise; where it does not, it is seen to be upside down below.
            turned = self._detect(np.ascontiguousarray(np.rot90(pixels)))
            quads = [unturned(quad, 1, (pixels.shape[1], pixels.shape[0])) for quad in turned]
        found = self._recognize(pixels, quads)
        if self._upside_down(pixels, found):
            found = self._recognize(pixels, [np.roll(quad, 2, axis=0) for quad in quads])
        return [_line(pixels, quad, reading) for quad, reading in found if reading.score >= self.min_score]

    def _detect(self, pixels: Pixels) -> list[Quad]:
        """The quads of lines, in pixels, as if all text ran from left to right."""
        cv2 = import_extra("cv2", extra="ocr")
        height, width = pixels.shape[:2]
        view = detector_view((width, height), self.max_side)
        method = cv2.INTER_AREA if view.scale < 1 else cv2.INTER_CUBIC
        shown = cv2.resize(pixels, view.content, interpolation=method)
        right, bottom = (whole - part - view.margin for whole, part in zip(view.size, view.content, strict=True))
        shown = cv2.copyMakeBorder(shown, view.margin, bottom, view.margin, right, cv2.BORDER_REPLICATE)
        engine, nothing_found = self._engine(), import_extra("rapidocr.main", extra="ocr").RapidOCRError
        try:
            _, detected = engine.detect_and_crop(shown, {})
        except nothing_found:  # how it says that there is no text
            return []
        factors = np.array([width / view.content[0], height / view.content[1]])
        return [
            np.clip((np.asarray(quad, dtype=np.float64) - view.margin) * factors, 0, (width, height))
            for quad in detected.boxes
        ]

    def _recognize(self, pixels: Pixels, quads: Sequence[Quad]) -> list[tuple[Quad, _Reading]]:
        """What stands in each quad, with the quad as its text stands; tall ones are read on either side, too."""
        tried: list[tuple[int, Quad]] = []
        for index, quad in enumerate(quads):
            length, height = quad_size(quad)
            if min(length, height) < 2:
                continue
            if height < 2 * _TALL * length:
                tried.append((index, quad))
            if height >= _TALL * length:
                tried += [(index, np.roll(quad, -1, axis=0)), (index, np.roll(quad, 1, axis=0))]
        readings = self._strips([cut_out(pixels, quad, _STRIP) for _, quad in tried])
        best: dict[int, tuple[Quad, _Reading]] = {}
        for (index, quad), reading in zip(tried, readings, strict=True):
            if reading.text and (index not in best or reading.score > best[index][1].score):
                best[index] = (quad, reading)
        return list(best.values())

    def _strips(self, strips: Sequence[Pixels]) -> list[_Reading]:
        if not strips:
            return []
        read = self._engine().recognize_txt(list(strips))
        return [_reading(text, info) for text, info in zip(read.txts, read.word_results, strict=True)]

    def _upside_down(self, pixels: Pixels, found: Sequence[tuple[Quad, _Reading]]) -> bool:
        """Whether some lines of a page that reads badly read better the other way up."""
        probes = sorted(found, key=lambda one: -len(one[1].text))[:_PROBES]
        upright = float(np.mean([reading.score for _, reading in probes])) if probes else 1.0
        if upright >= _SURE:
            return False
        flipped = self._strips([cut_out(pixels, np.roll(quad, 2, axis=0), _STRIP) for quad, _ in probes])
        return float(np.mean([reading.score for reading in flipped])) > upright

    def _engine(self) -> Any:
        """rapidocr's object, loaded once; its files are named, so that it looks for none and downloads none."""
        if self._loaded is None:
            import_extra("onnxruntime", extra="ocr")
            rapidocr = import_extra("rapidocr", extra="ocr")
            models = Path(str(rapidocr.__file__)).parent / "models"
            detector, recognizer = (_weights(models, name) for name in (_DETECTOR, _RECOGNIZER))
            threads = self.threads or thread_count()
            self._loaded = rapidocr.RapidOCR(
                params={
                    "Global.log_level": "critical",
                    "Global.use_cls": False,
                    "Global.use_vertical_padding": False,
                    "Global.return_word_box": True,
                    "Det.model_path": str(detector),
                    "Det.limit_type": "max",
                    "Det.limit_side_len": 10**6,  # what it is shown has its size already
                    "Rec.model_path": str(recognizer),
                    "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                }
            )
        return self._loaded


def _weights(models: Path, name: str) -> Path:
    """A file of weights in rapidocr's wheel.

    Raises:
        ModelLoadError: This version of rapidocr brings other ones.
    """
    if not (models / name).is_file():
        there = ", ".join(sorted(path.name for path in models.glob("*.onnx"))) or "none"
        raise ModelLoadError(
            f"rapidocr brings no weights named {name} (there are {there})", hint='pip install "rapidocr==3.10.*"'
        )
    return models / name


@dataclass(frozen=True, slots=True)
class DetectorView:
    """How a picture lies on what the detector is shown.

    Attributes:
        size: (width, height) of the whole, whole multiples of 32.
        content: (width, height) of the picture on it.
        margin: Pixels of border at its left and top; at the right and the bottom there are at least as many.
        scale: By which the picture was made larger or smaller.
    """

    size: tuple[int, int]
    content: tuple[int, int]
    margin: int
    scale: float


def detector_view(size: tuple[int, int], max_side: int) -> DetectorView:
    """How a picture of ``size``, (width, height), is shown to the detector.

    Large ones are reduced to ``max_side``, small ones enlarged up to twice, and all get a border, without which text at
    the edge of a picture, such as a line that was cut out, is not found.
    """
    shorter, longer = sorted(size)
    scale = max_side / longer if longer > max_side else min(_ENLARGED, max(1.0, _SMALL / shorter), max_side / longer)
    content = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    whole = tuple(-(-(side + 2 * _MARGIN) // 32) * 32 for side in content)
    return DetectorView((whole[0], whole[1]), content, _MARGIN, scale)


def _mostly_tall(quads: Sequence[Quad]) -> bool:
    """Whether most of the text, by its length, runs upwards or downwards."""
    sizes = [quad_size(quad) for quad in quads]
    tall = sum(height for length, height in sizes if height >= _TALL * length)
    wide = sum(length for length, height in sizes if length >= _TALL * height)
    return tall > wide


def _reading(text: str, info: Any) -> _Reading:
    """The recognizer's answer: columns become places, and every character has its own score."""
    columns = [column for word in info.word_cols for column in word]
    letters = [index for index, letter in enumerate(text) if not letter.isspace()]
    if len(columns) == len(letters) and info.line_txt_len:
        centres = [(column + 0.5) / info.line_txt_len for column in columns]
    else:  # nobody knows where its characters stand: each takes as much room as the others
        centres = [(index + 0.5) / len(text) for index in letters]
    scores = info.confs if len(info.confs) == len(text) else [float(np.mean(info.confs or [0.0]))] * len(text)
    return _Reading(text if letters else "", tuple(scores), tuple(min(1.0, centre) for centre in centres))


def _line(pixels: Pixels, quad: Quad, reading: _Reading) -> Line:
    """A line with its words, each cut to its ink."""
    ink = find_ink(cut_out(pixels, quad, _STRIP))
    parts = [piece for part in _parts(reading) for piece in part.split(missed_blanks(part.centres, ink))]
    spans = word_spans([part.centres for part in parts], ink)
    parts = [replace(part, span=span) for part, span in zip(parts, spans, strict=True)]
    words = parts[:1]
    for part, continues in zip(parts[1:], false_blanks([part.text for part in parts], spans), strict=True):
        if continues:
            words[-1] = words[-1].joined(part)
        else:
            words.append(part)
    top, bottom = (ink.top, ink.bottom) if ink else (0.0, 1.0)
    made = []
    for word in words:
        corners = part_of(quad, word.span.left, top, word.span.right, bottom)
        made.append(Word(word.text, quad_box(corners), float(np.mean(word.scores)), quad_polygon(corners)))
    whole = part_of(quad, words[0].span.left, top, words[-1].span.right, bottom)
    return Line(tuple(made), quad_box(whole), reading.score, quad_polygon(whole))


def _parts(reading: _Reading) -> list[_Part]:
    """What stands between the blanks of a reading."""
    parts: list[_Part] = []
    done = 0
    for match in _WORD.finditer(reading.text):
        centres = reading.centres[done : done + len(match[0])]
        parts.append(_Part(match[0], reading.scores[match.start() : match.end()], centres, Span(0.0, 1.0)))
        done += len(match[0])
    return parts
