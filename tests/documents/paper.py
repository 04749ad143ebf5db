"""From a sheet to a picture of paper: scans, photographs, and the truth in their pixels."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np
from PIL import Image, ImageFilter

from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Point, Polygon
from tests.documents.canvas import Canvas, Rect, union
from tests.documents.places import find_places
from tests.documents.truth import Place, Sample

Paper: TypeAlias = Literal["clean", "scan", "photo"]
Matrix: TypeAlias = Any
"""3 x 3 array: homogeneous coordinates of the sheet -> of the picture."""
_PAPERS: tuple[Paper, ...] = ("clean", "scan", "photo")


def finish(
    canvas: Canvas,
    value: dict[str, Any],
    rng: random.Random,
    *,
    name: str,
    language: str,
    paper: Paper | None = None,
    squeeze: float = 1.0,
) -> Sample:
    """The printed sheet as a picture of paper, with its truth in pixels of that picture.

    Args:
        canvas: The sheet.
        value: What it says.
        rng: What chance decides, it decides with this.
        paper: "clean" as printed, "scan" (slightly turned, noise, JPEG), "photo" (in perspective, on a table, in uneven
            light); None for any of them.
        squeeze: How wide the letters become, 1 for as they are: narrow faces out of normal ones.
    """
    taken: Paper = rng.choice(_PAPERS) if paper is None else paper
    image, matrix = canvas.image, np.eye(3)
    if squeeze != 1.0:
        width = round(image.width * squeeze)
        matrix = np.diag([width / image.width, 1.0, 1.0])
        image = image.resize((width, image.height), Image.Resampling.LANCZOS)
    if taken == "scan":
        image, turn = _scanned(image, rng)
        matrix = turn @ matrix
    elif taken == "photo":
        image, warp = _photographed(image, rng)
        matrix = warp @ matrix
    words = _page_words(canvas, matrix, image.size)
    places = find_places(canvas, lambda fact: tuple(quad_of(rect, matrix) for rect in fact.rects), words)
    return Sample(image, words, value, places, name=name, language=language, paper=taken)


def turned(sample: Sample, degrees: Literal[90, 180, 270]) -> Sample:
    """A sample turned clockwise by quarter turns, as a page lies in a scanner, with all its truth."""
    width, height = sample.picture.size
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    moves = {90: (height, 0), 180: (width, height), 270: (0, width)}
    matrix = np.linalg.matrix_power(quarter, degrees // 90)
    matrix[:2, 2] = moves[degrees]

    def polygon(quad: Polygon) -> Polygon:
        corners = (matrix @ (point.x, point.y, 1.0) for point in quad.points)
        return Polygon(points=tuple(Point(x=float(x), y=float(y)) for x, y, _ in corners))

    def place(one: Place) -> Place:
        return replace(one, quads=tuple(polygon(quad) for quad in one.quads))

    lines = []
    for line in sample.words.lines:
        quads = [polygon(word.quad) for word in line.words if word.quad is not None]
        words = tuple(replace(word, quad=quad, box=quad.bounds) for word, quad in zip(line.words, quads, strict=True))
        whole = None if line.quad is None else polygon(line.quad)
        lines.append(replace(line, words=words, quad=whole, box=line.box if whole is None else whole.bounds))
    picture = sample.picture.rotate(-degrees, expand=True)
    angle = (sample.words.angle + degrees + 180) % 360 - 180
    places = {
        pointer: replace(
            leaf,
            right=place(leaf.right),
            again=tuple(map(place, leaf.again)),
            elsewhere=tuple(map(place, leaf.elsewhere)),
        )
        for pointer, leaf in sample.places.items()
    }
    words_of = replace(sample.words, lines=tuple(lines), size=picture.size, angle=angle)
    return replace(sample, picture=picture, words=words_of, places=places, name=f"{sample.name}, turned {degrees}")


def quad_of(rect: Rect, matrix: Matrix) -> Polygon:
    """Where a rectangle of the sheet stands in the picture."""
    corners = np.array([(rect.x1, rect.y1, 1), (rect.x2, rect.y1, 1), (rect.x2, rect.y2, 1), (rect.x1, rect.y2, 1)])
    moved = corners @ matrix.T
    return Polygon(points=tuple(Point(x=float(x / w), y=float(y / w)) for x, y, w in moved))


def _page_words(canvas: Canvas, matrix: Matrix, size: tuple[int, int]) -> PageWords:
    """The words of a sheet in pixels of its picture."""
    lines: dict[int, list[Word]] = {}
    rects: dict[int, list[Rect]] = {}
    blocks: dict[int, int] = {}
    for printed in canvas.words:
        quad = quad_of(printed.rect, matrix)
        lines.setdefault(printed.line, []).append(Word(printed.text, quad.bounds, quad=quad))
        rects.setdefault(printed.line, []).append(printed.rect)
        blocks[printed.line] = printed.block
    told = []
    for number, words in lines.items():
        quad = quad_of(union(rects[number]), matrix)
        told.append(Line(tuple(words), quad.bounds, quad=quad, block=blocks[number]))
    angle = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
    return PageWords(tuple(told), size, "truth", angle)


# --- Scans and photographs -------------------------------------------------------------------------------------------


def _scanned(image: Image.Image, rng: random.Random) -> tuple[Image.Image, Matrix]:
    """A flat-bed scan: a few degrees off, grey paper, noise, blur, JPEG."""
    angle = rng.choice([0.0, rng.uniform(-1, 1), rng.uniform(-4, 4)])
    matrix, size = _turned(image.size, angle)
    image = _warped(image, matrix, size, (250, 250, 248))
    pixels = np.asarray(image, np.float32)
    pixels = _faded(pixels, rng)
    pixels = pixels + _noise(pixels.shape, rng, rng.uniform(2, 9))
    if rng.random() < 0.5:
        image = Image.fromarray(_bytes(pixels)).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
    else:
        image = Image.fromarray(_bytes(pixels))
    if rng.random() < 0.5:
        image = image.convert("L").convert("RGB")
    return _jpeg(image, rng.randint(45, 90)), matrix


def _photographed(image: Image.Image, rng: random.Random) -> tuple[Image.Image, Matrix]:
    """A photograph: perspective, a dark table around the paper, uneven light with a shadow, noise, JPEG."""
    width, height = image.size
    margin = round(0.06 * max(width, height))
    size = (width + 2 * margin, height + 2 * margin)
    corners = [(margin, margin), (margin + width, margin), (margin + width, margin + height), (margin, margin + height)]
    reach = 0.8 * margin
    moved = [(x + rng.uniform(-reach, reach), y + rng.uniform(-reach, reach)) for x, y in corners]
    matrix = _homography([(0, 0), (width, 0), (width, height), (0, height)], moved)
    table = rng.choice([(62, 48, 38), (40, 42, 46), (120, 96, 70), (88, 92, 96), (150, 146, 138)])
    image = _warped(image, matrix, size, table)
    pixels = _faded(np.asarray(image, np.float32), rng)
    light = _light(size, rng)
    tint = np.array([1.0, rng.uniform(0.94, 1.0), rng.uniform(0.82, 1.0)], np.float32)
    pixels = pixels * light[..., None] * tint + _noise(pixels.shape, rng, rng.uniform(2, 8))
    image = Image.fromarray(_bytes(pixels)).filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8)))
    return _jpeg(image, rng.randint(50, 92)), matrix


def _light(size: tuple[int, int], rng: random.Random) -> Any:
    """How bright each pixel is, up to 1: brighter on one side, sometimes with the shadow of a hand."""
    across, down = np.meshgrid(
        np.linspace(-0.5, 0.5, 64, dtype=np.float32), np.linspace(-0.5, 0.5, 64, dtype=np.float32)
    )
    tilt = rng.uniform(0, 2 * math.pi)
    slope = across * math.cos(tilt) + down * math.sin(tilt)
    light = 1 - rng.uniform(0.05, 0.3) * (slope + 0.5)
    if rng.random() < 0.6:
        edge, soft = rng.uniform(-0.3, 0.4), rng.uniform(0.02, 0.12)
        light = light * (1 - rng.uniform(0.1, 0.35) / (1 + np.exp(np.clip((slope - edge) / soft, -30, 30))))
    return np.asarray(Image.fromarray(light.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))


def _turned(size: tuple[int, int], degrees: float) -> tuple[Matrix, tuple[int, int]]:
    """The matrix that turns a sheet clockwise, and the size of a picture that holds all of it."""
    width, height = size
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    corners = np.array([(0, 0, 1), (width, 0, 1), (width, height, 1), (0, height, 1)]) @ turn.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    move = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]])
    return move @ turn, (math.ceil(high[0] - low[0]), math.ceil(high[1] - low[1]))


def _homography(before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]]) -> Matrix:
    """The matrix that moves four points to four others."""
    rows, sides = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        sides += [u, v]
    return np.append(np.linalg.solve(np.array(rows, float), np.array(sides, float)), 1.0).reshape(3, 3)


def _warped(image: Image.Image, matrix: Matrix, size: tuple[int, int], around: tuple[int, int, int]) -> Image.Image:
    """``image`` moved by ``matrix`` onto a ground of the colour ``around``."""
    back = np.linalg.inv(matrix)
    back = back / back[2, 2]
    return image.transform(
        size, Image.Transform.PERSPECTIVE, tuple(back.ravel()[:8]), Image.Resampling.BICUBIC, fillcolor=around
    )


def _faded(pixels: Any, rng: random.Random) -> Any:
    """Ink that is not quite black on paper that is not quite white, sometimes hardly there."""
    black, white = rng.choice([(10, 250), (40, 240), (70, 225), (95, 215)])
    return black + pixels * ((white - black) / 255)


def _noise(shape: tuple[int, ...], rng: random.Random, deviation: float) -> Any:
    """Grain, the same in all colours."""
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, deviation, (*shape[:2], 1))
    return grain.astype(np.float32)


def _bytes(pixels: Any) -> Any:
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    """``image`` after a visit to a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")
