"""Puts pictures beside each other, equally high: ``python examples/beside.py LEFT RIGHT OUT``.

The README's picture is the sample beside the plot that ``make demo`` makes of it:

    python examples/beside.py examples/scene.png build/demo.png assets/readme.png
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

HEIGHT, GAP = 448, 16


def beside(pictures: Sequence[Image.Image]) -> Image.Image:
    """The pictures in a row with a white gap between them, as a palette picture: a plot has few colours."""
    scaled = [picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT)) for picture in pictures]
    row = Image.new("RGB", (sum(picture.width + GAP for picture in scaled) - GAP, HEIGHT), "white")
    left = 0
    for picture in scaled:
        row.paste(picture, (left, 0))
        left += picture.width + GAP
    return row.quantize(256, dither=Image.Dither.NONE)


if __name__ == "__main__":
    *sources, target = map(Path, sys.argv[1:])
    target.parent.mkdir(exist_ok=True)
    beside([Image.open(source).convert("RGB") for source in sources]).save(target, optimize=True)
