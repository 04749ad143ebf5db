"""The faces to print in: what comes inside matplotlib and Pillow, so that every machine prints the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib as mpl
from PIL import ImageFont


@dataclass(frozen=True, slots=True)
class Face:
    """A regular and a bold face.

    Attributes:
        regular: A file of matplotlib's, or "" for the face inside Pillow.
        bold: Likewise.
        mono: Whether all characters are equally wide.
        ascii: Whether it has no more than ASCII.
    """

    regular: str
    bold: str
    mono: bool = False
    ascii: bool = False

    def at(self, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        """The face at a size in pixels per em."""
        return _font(self.bold if bold else self.regular, size)


MONO: Final = (
    Face("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf", mono=True),
    Face("cmtt10.ttf", "cmtt10.ttf", mono=True, ascii=True),
)
PROPORTIONAL: Final = (
    Face("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    Face("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    Face("STIXGeneral.ttf", "STIXGeneralBol.ttf"),
    Face("", "", ascii=True),
    Face("cmss10.ttf", "cmss10.ttf", ascii=True),
    Face("cmr10.ttf", "cmb10.ttf", ascii=True),
)


@lru_cache(maxsize=256)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    if not name:
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)  # given a size, it is never the bitmap
        return font
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / name, size, layout_engine=ImageFont.Layout.BASIC)
