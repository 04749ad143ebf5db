"""Pages drawn with fonts that come with matplotlib, with the truth of every word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from extraction.schemas.geometry import Box

FONTS = Path(mpl.get_data_path(), "fonts", "ttf")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page: its picture, and each word with its place, in reading order."""

    image: Image.Image
    words: tuple[tuple[str, Box], ...]

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.words]


@lru_cache
def font(size: int, name: str = "DejaVuSans.ttf") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / name, size)


class Pen:
    """Writes lines onto a white page and keeps the truth."""

    def __init__(self, size: tuple[int, int], letters: int, name: str = "DejaVuSans.ttf") -> None:
        self.image = Image.new("RGB", size, "white")
        self.draw = ImageDraw.Draw(self.image)
        self.font = font(letters, name)
        self.words: list[tuple[str, Box]] = []

    def write(self, text: str, x: float, y: float, *, right: bool = False) -> None:
        """A line from its upper left corner, or to its upper right one."""
        if right:
            x -= self.draw.textlength(text, font=self.font)
        for word in text.split():
            self.words.append((word, Box.from_xyxy(*self.draw.textbbox((x, y), word, font=self.font))))
            self.draw.text((x, y), word, font=self.font, fill="black")
            x += self.draw.textlength(word + " ", font=self.font)

    def drawn(self) -> Drawn:
        return Drawn(self.image, tuple(self.words))


def receipt(letters: int = 20, name: str = "DejaVuSans.ttf") -> Drawn:
    """A small receipt: a shop's name, and rows of labels with values."""
    pen = Pen((17 * letters, 12 * letters), letters, name)
    pen.write("GREEN GROCER", letters, letters)
    rows = [("Olive oil", "7.99"), ("Bread", "1.85"), ("TOTAL", "9.84")]
    for index, (label, value) in enumerate(rows):
        y = letters * (4 + 1.7 * index)
        pen.write(label, letters, y)
        pen.write(value, 16 * letters, y, right=True)
    return pen.drawn()


def two_columns(letters: int = 16) -> Drawn:
    """A title over two columns of running text."""
    pen = Pen((44 * letters, 13 * letters), letters)
    pen.write("Report of the regional office for March", 10 * letters, letters)
    left = [
        "the committee has approved a budget",
        "for each of our smaller northern",
        "offices and thanks all who helped",
    ]
    right = [
        "deliveries of paper were delayed by",
        "heavy weather until the last days of",
        "the month when roads were cleared",
    ]
    for x, lines in ((letters, left), (23 * letters, right)):
        for index, line in enumerate(lines):
            pen.write(line, x, letters * (4 + 1.5 * index))
    return pen.drawn()
