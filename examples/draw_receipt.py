"""Draws ``receipt.png`` beside this file, a receipt as a till prints it and a scanner sees it: ``python examples/draw_receipt.py``.

Shop, address and numbers are made up.
"""

from __future__ import annotations

import random
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = Path(mpl.get_data_path(), "fonts", "ttf")
COLUMNS = 38
SIZE = 20
MARGIN = 28
PAPER, INK = 247, 38

HEAD = ("LARKSPUR BAKERY & CAFE", "27 Willow Street", "Fairhaven, VT 05743", "Tel. (802) 555-0143")
BODY = """
Receipt No: 2024-01187
Date: 04/17/2024           Time: 08:42
Served by: Nora

2 x Sourdough loaf               13.00
1 x Almond croissant              4.25
3 x Flat white                   12.75
1 x Blueberry muffin              3.50
--------------------------------------
Subtotal                         33.50
Sales tax 7%                      2.35
Tip                               5.00
"""
TOTAL = f"{'TOTAL':<32}{'$40.85'}"
FOOT = """
Cash                             50.00
Change                            9.15

       Thank you, see you soon!
"""


def draw() -> Image.Image:
    """The receipt: printed straight, then laid on the scanner a little askew, with its noise."""
    font = ImageFont.truetype(FONTS / "DejaVuSansMono.ttf", SIZE)
    bold = ImageFont.truetype(FONTS / "DejaVuSansMono-Bold.ttf", SIZE)
    large = ImageFont.truetype(FONTS / "DejaVuSansMono-Bold.ttf", round(SIZE * 1.35))
    width = round(font.getlength("0" * COLUMNS)) + 2 * MARGIN
    rows = [(HEAD[0], large, "mm"), *((row, font, "mm") for row in HEAD[1:])]
    rows += [(row, font, "lm") for row in BODY.splitlines()]
    rows += [(TOTAL, bold, "lm"), *((row, font, "lm") for row in FOOT.splitlines())]
    leading = round(SIZE * 1.4)
    paper = Image.new("L", (width, leading * (len(rows) + 2)), PAPER)
    pen = ImageDraw.Draw(paper)
    for index, (row, face, anchor) in enumerate(rows):
        x = width / 2 if anchor == "mm" else MARGIN
        pen.text((x, leading * (index + 1.4)), row, INK, face, anchor)
    scan = paper.rotate(0.7, Image.Resampling.BICUBIC, fillcolor=PAPER).filter(ImageFilter.GaussianBlur(0.5))
    rng = random.Random(7)
    noise = Image.frombytes(
        "L", scan.size, bytes(rng.choice((0, 0, 0, 6, 12)) for _ in range(scan.width * scan.height))
    )
    return Image.composite(Image.new("L", scan.size, 200), scan, noise).quantize(24).convert("L").quantize(24)


if __name__ == "__main__":
    draw().save(Path(__file__).with_name("receipt.png"), optimize=True)
