"""How well and how fast OCR engines read drawn pages: ``python -m benchmarks.ocr [--count N] [--engine NAME] [--quick]``.

Pages of three kinds (a receipt, two columns of running text, a table) with invented words, in fonts that come with
matplotlib, each upright, turned, slanted, and as a telephone would take it: warped, blurred, noisy, compressed.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from extraction.ocr.engines import find_engine
from extraction.ocr.reading import forget_words, read_words
from extraction.pages.words import PageWords
from extraction.schemas.geometry import Box

FONTS = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf", "STIXGeneral.ttf", "cmr10.ttf", "cmss10.ttf")
_SYLLABLES = (
    "ba be bo da de di fa fe ga go ka ke la le li ma me mi na ne no pa pe ra re ri sa se so ta te to va vi".split()
)
_ENDS = ("", "n", "r", "s", "t", "l")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page with the truth: its words in reading order, each with the corners of its box, shape (n, 4, 2)."""

    image: Image.Image
    texts: tuple[str, ...]
    corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Pen:
    """Writes invented words onto a white page."""

    def __init__(self, seed: int, size: tuple[int, int], letters: int) -> None:
        self.random = random.Random(seed)
        self.image = Image.new("RGB", size, "white")
        self.draw = ImageDraw.Draw(self.image)
        path = Path(mpl.get_data_path(), "fonts", "ttf", self.random.choice(FONTS))
        self.font = ImageFont.truetype(path, letters)
        self.texts: list[str] = []
        self.boxes: list[tuple[float, float, float, float]] = []

    def word(self) -> str:
        """A word that is on the page only once, or nearly so."""
        syllables = (self.random.choice(_SYLLABLES) for _ in range(self.random.randint(2, 4)))
        return "".join(syllables) + self.random.choice(_ENDS)

    def amount(self) -> str:
        """A sum of money."""
        return f"{self.random.uniform(1, 9999):,.2f}"

    def write(self, text: str, x: float, y: float, *, right: bool = False) -> None:
        """A line from its upper left corner, or to its upper right one."""
        if right:
            x -= self.draw.textlength(text, font=self.font)
        for word in text.split():
            self.texts.append(word)
            self.boxes.append(self.draw.textbbox((x, y), word, font=self.font))
            self.draw.text((x, y), word, font=self.font, fill="black")
            x += self.draw.textlength(word + " ", font=self.font)

    def fill(self, x: float, y: float, width: float) -> None:
        """A line of words that fills its column."""
        words = [self.word()]
        while self.draw.textlength(" ".join([*words, follows := self.word()]), font=self.font) <= width:
            words.append(follows)
        self.write(" ".join(words), x, y)

    def drawn(self) -> Drawn:
        """The page as it is now."""
        corners = [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in self.boxes]
        return Drawn(self.image, tuple(self.texts), np.array(corners, dtype=np.float64))


def receipt(seed: int, letters: int) -> Drawn:
    """Rows of labels with values."""
    pen = Pen(seed, (24 * letters, 26 * letters), letters)
    pen.write(f"{pen.word()} {pen.word()} Ltd", 3 * letters, letters)
    pen.write(f"{pen.word()} 17, {pen.word()}", 3 * letters, 2.5 * letters)
    for row in range(11):
        y = (5 + 1.6 * row) * letters
        pen.write(f"{pen.word()} {pen.word()}", letters, y)
        pen.write(pen.amount(), 23 * letters, y, right=True)
    return pen.drawn()


def columns(seed: int, letters: int) -> Drawn:
    """A title over two columns of running text."""
    pen = Pen(seed, (52 * letters, 30 * letters), letters)
    pen.write(" ".join(pen.word() for _ in range(6)), 8 * letters, letters)
    for x in (2, 27):
        for row in range(18):
            pen.fill(x * letters, (4 + 1.3 * row) * letters, 23 * letters)
    return pen.drawn()


def table(seed: int, letters: int) -> Drawn:
    """Rows of four cells below a paragraph."""
    pen = Pen(seed, (48 * letters, 30 * letters), letters)
    for row in range(3):
        pen.fill(2 * letters, (2 + 1.3 * row) * letters, 44 * letters)
    for row in range(13):
        y = (8 + 1.6 * row) * letters
        pen.write(f"{pen.word()} {pen.word()}", 2 * letters, y)
        for right in (26, 36, 46):
            pen.write(str(row + 2) if right == 26 else pen.amount(), right * letters, y, right=True)
    return pen.drawn()


def turned(page: Drawn, angle: float) -> Drawn:
    """The page turned clockwise, on white."""
    a = np.radians(angle)
    image = page.image.rotate(-angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    about = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    corners = (page.corners - np.array(page.image.size) / 2) @ about + np.array(image.size) / 2
    return Drawn(image, page.texts, corners)


def photographed(page: Drawn, seed: int) -> Drawn:
    """The page in perspective on a grey table, blurred, noisy and compressed."""
    rng = np.random.default_rng(seed)
    width, height = page.image.size
    size = int(1.15 * width), int(1.15 * height)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    seen = flat + 0.075 * np.array([width, height]) + rng.uniform(-0.035, 0.035, (4, 2)) * (width, height)
    matrix = _perspective(seen, flat)
    image = page.image.transform(size, Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BICUBIC, fillcolor="grey")
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float64)
    pixels = pixels * np.linspace(1, rng.uniform(0.6, 0.9), size[0])[None, :, None] + rng.normal(0, 6, pixels.shape)
    stored = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(stored, "JPEG", quality=60)
    there = np.array((*_perspective(flat, seen), 1.0)).reshape(3, 3)
    points = np.concatenate([page.corners, np.ones((*page.corners.shape[:2], 1))], axis=2) @ there.T
    return Drawn(Image.open(stored), page.texts, points[..., :2] / points[..., 2:])


def _perspective(source: np.ndarray, target: np.ndarray) -> tuple[float, ...]:
    """The eight numbers of the map that takes four points to four others."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return tuple(float(one) for one in np.linalg.solve(np.array(rows), target.reshape(-1)))


@dataclass(slots=True)
class Score:
    """What was found of some pages: sums over words and pages."""

    words: int = 0
    read: int = 0
    known: int = 0
    placed: int = 0
    pairs: int = 0
    swapped: int = 0
    seconds: float = 0.0
    pages: int = 0

    def add(self, page: Drawn, found: PageWords, seconds: float) -> None:
        """Counts one page."""
        texts = [word.text for word in found]
        self.words += len(page.texts)
        self.read += (Counter(texts) & Counter(page.texts)).total()
        once = {text for text, count in Counter(page.texts).items() if count == 1}
        places = {word.text: (index, word.box) for index, word in enumerate(found) if texts.count(word.text) == 1}
        known = [
            (places[text], quad)
            for text, quad in zip(page.texts, page.corners, strict=True)
            if text in once & set(places)
        ]
        self.placed += sum(box.iou(_around(quad)) >= 0.5 for (_, box), quad in known)
        self.known += len(known)
        self.pairs += max(0, len(known) - 1)
        self.swapped += sum(other < one for ((one, _), _), ((other, _), _) in pairwise(known))
        self.seconds += seconds
        self.pages += 1

    def row(self) -> str:
        """The shares, as cells of a table."""
        return (
            f"{self.read / self.words:.3f} | {self.placed / max(1, self.known):.3f} | {self.swapped / max(1, self.pairs):.3f} "
            f"| {self.seconds / self.pages:.2f}"
        )


def _around(quad: np.ndarray) -> Box:
    return Box.from_xyxy(*quad.min(axis=0), *quad.max(axis=0))


Condition = Callable[[Drawn, int], Drawn]
CONDITIONS: dict[str, Condition] = {
    "upright": lambda page, _: page,
    "turned by quarters": lambda page, seed: turned(page, (90, 180, 270)[seed % 3]),
    "slanted by 1 to 5 degrees": lambda page, seed: turned(page, (-1) ** seed * random.Random(seed).uniform(1, 5)),
    "photographed": photographed,
}
KINDS = {"receipt": receipt, "columns": columns, "table": table}


def pages(count: int, letters: int) -> Iterator[tuple[int, Drawn]]:
    """Pages of each kind in turn, with their seeds."""
    for seed in range(count):
        yield seed, list(KINDS.values())[seed % len(KINDS)](seed, letters)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a table of recall, places, order errors and seconds, by engine and condition."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=12, help="pages for each condition")
    parser.add_argument("--letters", type=int, default=18, help="size of the font in pixels")
    parser.add_argument("--engine", action="append", choices=["rapidocr", "tesseract"], help="by default both")
    parser.add_argument("--quick", action="store_true", help="one receipt for each condition")
    given = parser.parse_args(arguments)
    count, letters = (1, given.letters) if given.quick else (given.count, given.letters)
    out = sys.stdout
    out.write("| engine | condition | words read | of these IoU >= 0.5 | order errors | s per page |\n")
    out.write("| --- | --- | ---: | ---: | ---: | ---: |\n")
    for engine in given.engine or ["rapidocr", "tesseract"]:
        find_engine(engine)(Image.new("RGB", (64, 64), "white"))  # loads it
        for name, condition in CONDITIONS.items():
            score = Score()
            for seed, page in pages(count, letters):
                seen = condition(page, seed)
                forget_words()
                begun = time.process_time()
                found = read_words(seen.image, engine=engine)
                score.add(seen, found, time.process_time() - begun)
            out.write(f"| {engine} | {name} | {score.row()} |\n")
            out.flush()


if __name__ == "__main__":
    main()
