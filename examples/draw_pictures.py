"""Draws the sample pictures beside this file: ``python examples/draw_pictures.py``.

* ``scene.png``: six shapes on paper, 640 x 448.
* ``photo_exif.jpg``: three shapes, 192 x 256 as it is shown; stored on its side with EXIF orientation 6, as telephones do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags, Image, ImageDraw

from extraction.pocket.vocabulary import outline

FOLDER = Path(__file__).parent
FINE = 4  # drawn at this multiple of the size, then reduced: smooth edges
RING_HOLE = 0.56  # the hole's radius over the ring's


@dataclass(frozen=True, slots=True)
class Piece:
    """One shape: centre and radius in pixels, turned clockwise by ``degrees``, filled with ``rgb``."""

    label: str
    rgb: tuple[int, int, int]
    center: tuple[int, int]
    radius: int
    degrees: float = 0.0

    def corners(self, scale: float = 1.0) -> list[tuple[float, float]]:
        """Its outline in fine pixels, shrunk to ``scale`` around the centre."""
        reach = self.radius * scale * FINE
        unit = outline(self.label, math.radians(self.degrees))
        return [(self.center[0] * FINE + x * reach, self.center[1] * FINE + y * reach) for x, y in unit]


SCENE = (
    Piece("heart", (226, 38, 44), (116, 106), 72, -8),
    Piece("circle", (38, 104, 226), (312, 110), 58),
    Piece("star", (250, 216, 40), (522, 118), 84, 7),
    Piece("triangle", (34, 158, 74), (126, 346), 74, 8),
    Piece("ring", (138, 56, 176), (342, 332), 76),
    Piece("hexagon", (248, 146, 16), (540, 332), 64, 12),
)


PHOTO = (
    Piece("cross", (248, 128, 184), (62, 60), 38, 20),
    Piece("square", (24, 60, 190), (122, 136), 44, 9),
    Piece("star", (252, 252, 250), (66, 208), 36, -12),
)


def draw(pieces: tuple[Piece, ...], size: tuple[int, int], ground: tuple[int, int, int]) -> Image.Image:
    """The pieces on a plain ground."""
    fine = (size[0] * FINE, size[1] * FINE)
    picture = Image.new("RGB", fine, ground)
    for piece in pieces:
        mask = Image.new("L", fine)
        pen = ImageDraw.Draw(mask)
        pen.polygon(piece.corners(), fill=255)
        if piece.label == "ring":
            pen.polygon(piece.corners(RING_HOLE), fill=0)
        picture.paste(piece.rgb, mask=mask)
    return picture.reduce(FINE)


def main() -> None:
    """Writes both pictures."""
    draw(SCENE, (640, 448), (250, 249, 246)).save(FOLDER / "scene.png", optimize=True)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # whoever shows it turns it a quarter to the right
    photo = draw(PHOTO, (192, 256), (120, 122, 122)).transpose(Image.Transpose.ROTATE_90)
    photo.save(FOLDER / "photo_exif.jpg", quality=100, subsampling="4:4:4", exif=exif)


if __name__ == "__main__":
    main()
