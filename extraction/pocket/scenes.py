"""Scenes of coloured shapes with their truth, drawn from a seed: what the pocket model learns to see."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from extraction.pocket.grounds import paint_ground
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, HSV_RANGES, LABELS, outline

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of a scene; ``box`` is xyxy in pixels of the picture, cut at its border."""

    label: str
    color: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class DrawnScene:
    """A picture with what is in it; ``ground`` is its background's colour name, None where it has no single one."""

    image: Image.Image
    shapes: tuple[Shape, ...]
    ground: str | None
    dominant: tuple[str, ...]


@dataclass(frozen=True)
class SceneConfig:
    """How scenes vary; lengths are shares of the picture's shorter side.

    Attributes:
        sides: Shortest and longest allowed side of a picture, in pixels.
        max_aspect: Longest over shortest side.
        max_shapes: Most shapes in a scene.
        size: Smallest and largest diameter of a shape.
        min_pixels: Smallest diameter in pixels: below it nobody can tell a star from a hexagon.
        max_overlap: Intersection over the smaller box that two shapes may have.
        cut: Chance that a shape may reach over the border (by a third of its diameter at most).
        empty: Chance of a scene with nothing in it.
        renderers: Names of ``_coverage`` renderers to choose from.
    """

    sides: tuple[int, int] = (100, 640)
    max_aspect: float = 3.0
    max_shapes: int = 8
    size: tuple[float, float] = (0.04, 0.60)
    min_pixels: float = 9.0
    max_overlap: float = 0.15
    cut: float = 0.08
    empty: float = 0.03
    renderers: tuple[str, ...] = ("supersampled", "smooth", "hard", "distance")
    ground_weights: tuple[float, ...] = field(default=(1, 0.6, 0.8, 1, 1, 0.8, 0.8, 1.6, 3.5, 2.2, 0.8))


@dataclass(frozen=True, slots=True)
class Placed:
    """A shape in its place, not cut at the border: its corners, and what ``outline`` was asked for."""

    label: str
    color: str
    points: Points
    box: tuple[float, float, float, float]
    diameter: float
    turn: float
    plump: float


def draw_scene(seed: int, config: SceneConfig | None = None) -> DrawnScene:
    """The scene of a seed: the same picture and truth on every machine with the same numpy and Pillow."""
    config = config or SceneConfig()
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    size = picture_size(config, rng)
    ground = None if rng.random() < 0.15 else rng.choices(GROUND_COLORS, config.ground_weights)[0]
    canvas = paint_ground(ground, size, rng, noise)
    owner = np.full(canvas.shape[:2], -1, np.int16)
    placed = place_shapes(size, ground, config, rng)
    renderer = rng.choice(config.renderers)
    for shape in placed:
        _draw(canvas, owner, shape, renderer, rng)
    image = _finish(canvas, rng, noise)
    return DrawnScene(image, shapes_of(placed, size), ground, dominant_colors(owner, ground))


def shapes_of(placed: list[Placed], size: tuple[int, int]) -> tuple[Shape, ...]:
    """The truth of shapes in their places: their boxes cut at the picture's border."""
    width, height = size
    return tuple(
        Shape(p.label, p.color, (max(p.box[0], 0.0), max(p.box[1], 0.0), min(p.box[2], width), min(p.box[3], height)))
        for p in placed
    )


def picture_size(config: SceneConfig, rng: random.Random) -> tuple[int, int]:
    """The (width, height) of a picture."""
    low, high = config.sides
    longest = round(math.exp(rng.uniform(math.log(max(low * 1.4, low)), math.log(high))))
    aspect = 1.0 if rng.random() < 0.3 else math.exp(rng.uniform(0, math.log(config.max_aspect)))
    shortest = max(round(longest / aspect), min(low, longest))
    return (longest, shortest) if rng.random() < 0.6 else (shortest, longest)


def _diameter(shorter: int, count: int, config: SceneConfig, rng: random.Random) -> float:
    low, high = max(config.size[0], config.min_pixels / shorter), config.size[1]
    crowd = min(high, 1.1 / math.sqrt(count))  # many large shapes find no room
    kind = rng.random()
    if kind < 0.12:
        share = rng.uniform(low, min(0.1, crowd))
    elif kind < 0.5:
        share = math.exp(rng.uniform(math.log(max(low, 0.06)), math.log(crowd)))
    else:
        share = rng.uniform(max(low, 0.1), crowd)
    return share * shorter


def place_shapes(
    size: tuple[int, int],
    ground: str | None,
    config: SceneConfig,
    rng: random.Random,
    corners: Callable[[str, float, float], Points] = outline,
) -> list[Placed]:
    """Shapes with labels, colours and places, the lowest first.

    Args:
        size: (width, height) of the picture.
        ground: The colour name that no shape may have.
        config: The limits.
        rng: Draws the choices.
        corners: Takes what ``outline`` takes and returns points with the shape's extent.
    """
    count = 0 if rng.random() < config.empty else rng.randint(1, config.max_shapes)
    colors = [name for name in COLORS if name != ground]
    common = (rng.choice(LABELS), rng.choice(colors)) if rng.random() < 0.2 else None  # many of one kind
    squash = math.sqrt(rng.uniform(0.75, 1.33)) if rng.random() < 0.3 else 1.0
    cut = rng.random() < config.cut * 2
    placed: list[Placed] = []
    for _ in range(count):
        for _attempt in range(30):
            label, color = rng.choice(LABELS), rng.choice(colors)
            if common:
                label = common[0] if rng.random() < 0.6 else label
                color = common[1] if rng.random() < 0.6 else color
            diameter = _diameter(min(size), count, config, rng)
            turn = rng.uniform(0, 2 * math.pi) if rng.random() < 0.6 else rng.gauss(0, 0.05)
            plump, radius = rng.random(), diameter / 2
            points = [(x * radius * squash, y * radius / squash) for x, y in corners(label, turn, plump)]
            shape = Placed(label, color, points, _bounds(points), diameter, turn, plump)
            candidate = _moved(shape, size, 0.33 if cut and rng.random() < 0.5 else 0.0, rng)
            if candidate and all(_overlap(candidate.box, other.box) <= config.max_overlap for other in placed):
                placed.append(candidate)
                break
    return placed


def _bounds(points: Points) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _moved(shape: Placed, size: tuple[int, int], outside: float, rng: random.Random) -> Placed | None:
    """A shape around (0, 0) somewhere in the picture, up to a share of it outside; None where it is too large."""
    left, top, right, bottom = shape.box
    if right - left > size[0] - 2 or bottom - top > size[1] - 2:
        return None
    over_x, over_y = outside * (right - left), outside * (bottom - top)
    x = rng.uniform(-left - over_x, size[0] - right + over_x)
    y = rng.uniform(-top - over_y, size[1] - bottom + over_y)
    points = [(x + dx, y + dy) for dx, dy in shape.points]
    return replace(shape, points=points, box=_bounds(points))


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / smaller


def _draw(
    canvas: NDArray[np.float32], owner: NDArray[np.int16], shape: Placed, renderer: str, rng: random.Random
) -> None:
    """Paints one shape over the canvas, in place, and claims its pixels."""
    height, width = canvas.shape[:2]
    left, top = max(math.floor(shape.box[0]) - 1, 0), max(math.floor(shape.box[1]) - 1, 0)
    right, bottom = min(math.ceil(shape.box[2]) + 2, width), min(math.ceil(shape.box[3]) + 2, height)
    local = [(x - left, y - top) for x, y in shape.points]
    tile = (right - left, bottom - top)
    alpha = _coverage(local, tile, renderer)
    center = ((shape.box[0] + shape.box[2]) / 2 - left, (shape.box[1] + shape.box[3]) / 2 - top)
    if shape.label == "ring":
        alpha = alpha - np.minimum(alpha, _coverage(_shrunk(local, center, rng.uniform(0.48, 0.64)), tile, renderer))
    paint = np.broadcast_to(np.array(HSV_RANGES[shape.color].sample(rng), np.float32), (tile[1], tile[0], 3))
    if rng.random() < 0.3:  # slight shading
        ramp = np.linspace(-1, 1, tile[0], dtype=np.float32) * np.float32(rng.uniform(-14, 14))
        paint = paint + ramp[None, :, None]
    if shape.label != "ring" and rng.random() < 0.25:
        line = max(1.0, shape.diameter * rng.uniform(0.02, 0.07))
        inner = _coverage(_shrunk(local, center, max(1 - 2 * line / shape.diameter, 0.5)), tile, renderer)[..., None]
        edge = rng.choice(
            ((110, 110, 110),) if shape.color in ("black", "white") else ((20, 20, 20), (245, 245, 245), (90, 90, 90))
        )
        paint = paint * inner + np.array(edge, np.float32) * (1 - inner)
    region = canvas[top:bottom, left:right]
    region[:] = region * (1 - alpha[..., None]) + paint * alpha[..., None]
    owner[top:bottom, left:right][alpha > 0.5] = COLORS.index(shape.color)


def _shrunk(points: Points, center: tuple[float, float], factor: float) -> Points:
    return [(center[0] + (x - center[0]) * factor, center[1] + (y - center[1]) * factor) for x, y in points]


def _coverage(points: Points, size: tuple[int, int], renderer: str) -> NDArray[np.float32]:
    """How much of each pixel a polygon covers, 0..1, height x width, in the manner of one of four renderers."""
    if renderer == "distance":
        return _distance_coverage(points, size)
    factor = {"hard": 1, "smooth": 2, "supersampled": 3}[renderer]
    mask = Image.new("L", (size[0] * factor, size[1] * factor), 0)
    ImageDraw.Draw(mask).polygon([(x * factor, y * factor) for x, y in points], fill=255)
    if renderer == "smooth":
        mask = mask.resize(size, Image.Resampling.BICUBIC)
    elif renderer == "supersampled":
        mask = mask.reduce(factor)
    return np.asarray(mask, np.float32) / np.float32(255)


def _distance_coverage(points: Points, size: tuple[int, int]) -> NDArray[np.float32]:
    """Coverage from the exact signed distance to the polygon's edges, with soft edges of one pixel."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32) + 0.5
    squared = np.full(x.shape, np.inf, np.float32)
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        ex, ey, px, py = bx - ax, by - ay, x - ax, y - ay
        t = np.clip((px * ex + py * ey) / (ex * ex + ey * ey + 1e-9), 0, 1)
        squared = np.minimum(squared, (px - t * ex) ** 2 + (py - t * ey) ** 2)
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < ex * (y - ay) / ey + ax)
    distance = np.sqrt(squared) * np.where(inside, 1, -1)
    return np.clip(distance + 0.5, 0, 1).astype(np.float32)


def _finish(canvas: NDArray[np.float32], rng: random.Random, noise: np.random.Generator) -> Image.Image:
    kind = rng.random()
    if kind < 0.15:
        canvas = canvas + noise.standard_normal(canvas.shape).astype(np.float32) * np.float32(rng.uniform(2, 7))
    image = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
    if 0.15 <= kind < 0.3:
        return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
    if 0.3 <= kind < 0.5:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=rng.randint(50, 92))
        return Image.open(buffer).convert("RGB")
    return image


def dominant_colors(owner: NDArray[np.int16], ground: str | None) -> tuple[str, ...]:
    """Up to three colour names that cover the most, largest first, at least 3 % of the picture each."""
    shares: dict[str, float] = {}
    counts = np.bincount(owner.ravel().astype(np.int64) + 1, minlength=len(COLORS) + 1) / owner.size
    for name, share in zip(COLORS, counts[1:], strict=True):
        shares[name] = float(share)
    if ground:
        shares[ground] = shares.get(ground, 0.0) + float(counts[0])
    return tuple(sorted((name for name, share in shares.items() if share >= 0.03), key=lambda name: -shares[name])[:3])
