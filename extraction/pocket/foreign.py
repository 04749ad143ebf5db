"""Scenes drawn by matplotlib, which no training sees: does the model know shapes, or one program's edges?

They are placed like those of ``scenes.py`` and share no line of drawing with them. For evaluation alone.
"""

from __future__ import annotations

import math
import random

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Annulus, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, BboxTransform
from numpy.typing import NDArray
from PIL import Image

from extraction.pocket.scenes import (
    DrawnScene,
    Placed,
    Points,
    SceneConfig,
    dominant_colors,
    picture_size,
    place_shapes,
    shapes_of,
)
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, HSV_RANGES

RGB = tuple[float, float, float]  # 0..1 each, as matplotlib has them
_EDGES = {"black": (0.05, 0.05, 0.05), "gray": (0.42, 0.42, 0.42), "white": (0.97, 0.97, 0.97)}
_GROUND_ZORDER, _SHADOW_ZORDER, _SHAPE_ZORDER = 1, 2, 3


def draw_foreign_scene(seed: int, config: SceneConfig | None = None) -> DrawnScene:
    """The scene of a seed: the same picture and truth on every machine with the same matplotlib."""
    config = config or SceneConfig()
    rng = random.Random(f"foreign {seed}")
    size = picture_size(config, rng)
    ground = None if rng.random() < 0.15 else rng.choices(GROUND_COLORS, config.ground_weights)[0]
    placed = place_shapes(size, ground, config, rng, _corners)
    figure = _figure(size, rng.choice((50, 72, 100, 150, 220)))
    axes = _axes(figure, size)
    _paint_ground(axes, ground, rng)
    smooth, shadows = rng.random() < 0.7, rng.random() < 0.15 and ground != "black"
    for order, shape in enumerate(placed):
        if shadows:
            _draw_shadow(axes, shape)
        _draw(axes, shape, ground, _SHAPE_ZORDER + order, smooth, rng)
    image = Image.fromarray(_pixels(figure))
    return DrawnScene(image, shapes_of(placed, size), ground, dominant_colors(_owner(placed, size), ground))


def _figure(size: tuple[int, int], dpi: int) -> Figure:
    width, height = size
    # matplotlib cuts the product of inches and dpi down to whole pixels: a little more than the size keeps the last.
    return Figure(((width + 1e-3) / dpi, (height + 1e-3) / dpi), dpi=dpi)


def _axes(figure: Figure, size: tuple[int, int]) -> Axes:
    """Axes over the whole figure, one unit for each pixel, y pointing down."""
    width, height = size
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return axes


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.array(canvas.buffer_rgba(), np.uint8)[..., :3]  # type: ignore[no-untyped-call]


def _owner(placed: list[Placed], size: tuple[int, int]) -> NDArray[np.int16]:
    """For each pixel the index of the colour that covers it, -1 for the ground: the shapes once more, flat."""
    figure = _figure(size, 72)
    figure.set_facecolor((0, 0, 0))
    down = Affine2D().scale(1, -1).translate(0, size[1])
    for order, shape in enumerate(placed):
        mark = ((COLORS.index(shape.color) + 1) / 255, 0, 0)
        figure.add_artist(_patch(_fitted(shape), mark, transform=down, zorder=order, antialiased=False))
    return _pixels(figure)[..., 0].astype(np.int16) - 1


def _corners(label: str, turn: float, plump: float) -> Points:
    (left, top), (right, bottom) = _path(label, turn, plump).get_extents().get_points().tolist()
    return [(left, top), (right, bottom)]


def _path(label: str, turn: float, plump: float) -> Path:
    """A shape of radius 1 around (0, 0), turned clockwise as seen; see ``vocabulary.outline`` for the arguments."""
    if label == "ring":
        return Annulus((0, 0), 1, 0.38 + 0.14 * plump).get_path()
    upright = {"square": math.pi / 4, "triangle": math.pi, "star": math.pi}.get(label, 0.0)
    return Affine2D().rotate(turn + upright).transform_path(_upright(label, plump))


def _upright(label: str, plump: float) -> Path:
    if label == "circle":
        return Path.unit_circle()
    if label == "star":
        return Path.unit_regular_star(5, 0.35 + 0.13 * plump)
    if label == "cross":
        return _cross(0.24 + 0.14 * plump)
    if label == "heart":
        return _heart(plump)
    return Path.unit_regular_polygon({"triangle": 3, "square": 4, "hexagon": 6}[label])


def _cross(arm: float) -> Path:
    bar = Path.unit_rectangle().transformed(Affine2D().translate(-0.5, -0.5))
    return Path.make_compound_path(
        bar.transformed(Affine2D().scale(2, 2 * arm)), bar.transformed(Affine2D().scale(2 * arm, 2))
    )


def _heart(plump: float) -> Path:
    """A heart of four cubic curves; below 0.5 a flatter one of eight quadratic ones."""
    if plump < 0.5:
        right = [(0.2, -0.88), (0.52, -0.88), (0.98, -0.86), (0.96, -0.36), (0.93, 0.02), (0.5, 0.44), (0.25, 0.68)]
        top, code = -0.45, Path.CURVE3
    else:
        right = [(0.12, -1.02), (1.02, -1.1), (1.0, -0.32), (0.98, 0.22), (0.3, 0.45)]
        top, code = -0.5 + 0.2 * (plump - 0.5), Path.CURVE4
    left = [(-x, y) for x, y in reversed(right)]
    vertices = [(0, top), *right, (0, 0.95), *left, (0, top), (0, top)]
    return Path(vertices, [Path.MOVETO, *[code] * (len(vertices) - 2), Path.CLOSEPOLY])


def _fitted(shape: Placed, inset: float = 0.0) -> Path:
    """The path of a shape in its place, its box smaller by ``inset`` pixels on each side."""
    path = _path(shape.label, shape.turn, shape.plump)
    return BboxTransform(path.get_extents(), Bbox.from_extents(*shape.box).padded(-inset)).transform_path(path)


def _patch(path: Path, fill: RGB, edge: RGB | None = None, **options: object) -> PathPatch:
    patch = PathPatch(path, facecolor=fill, edgecolor=edge or "none", **{"linewidth": 0, **options})
    patch.set_snap(False)
    return patch


def _draw(axes: Axes, shape: Placed, ground: str | None, zorder: int, smooth: bool, rng: random.Random) -> None:
    """Draws one shape so that all of it, its edge too, just fills its box."""
    fill = _sample(shape.color, rng)
    kinds = ["flat", "faded"]
    if shape.label not in ("circle", "ring") and shape.diameter > 24:
        kinds.append("rounded")
    if shape.label not in ("cross", "ring") and shape.diameter > 16:  # inside those two, lines would show
        kinds.append("edged")
    kind = rng.choice(kinds)
    if kind == "faded":
        _draw_faded(axes, shape, fill, zorder, rng)
    elif kind == "flat":
        see_through = shape.color not in ("black", "white") and rng.random() < 0.3
        alpha = rng.uniform(0.9, 0.97) if see_through else 1.0
        axes.add_artist(_patch(_fitted(shape), fill, zorder=zorder, antialiased=smooth, alpha=alpha))
    else:
        line = max(1.0, shape.diameter * (rng.uniform(0.03, 0.12) if kind == "rounded" else rng.uniform(0.02, 0.06)))
        edge = fill if kind == "rounded" else _edge(shape.color, ground, rng)
        style = {"zorder": zorder, "antialiased": smooth, "joinstyle": "round"}
        axes.add_artist(_patch(_fitted(shape, line / 2), fill, edge, linewidth=_points(axes, line), **style))


def _draw_faded(axes: Axes, shape: Placed, fill: RGB, zorder: int, rng: random.Random) -> None:
    left, top, right, bottom = shape.box
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.mgrid[-1:1:24j, -1:1:24j]
    ramp = 0.5 + (x * math.cos(angle) + y * math.sin(angle)) / (2 * math.sqrt(2))
    extent = (left - 1, right + 1, bottom + 1, top - 1)
    image = _show(axes, ramp, (fill, _sample(shape.color, rng)), extent, zorder)
    image.set_clip_path(_fitted(shape), axes.transData)


def _draw_shadow(axes: Axes, shape: Placed) -> None:
    """A soft shadow below all shapes, to the lower right: the sum of faint layers with ever wider edges."""
    path = _fitted(shape).transformed(Affine2D().translate(0.05 * shape.diameter, 0.05 * shape.diameter))
    for layer in range(5):
        width = _points(axes, shape.diameter * 0.025 * layer)
        style = {"linewidth": width, "joinstyle": "round", "alpha": 0.06, "zorder": _SHADOW_ZORDER}
        axes.add_artist(_patch(path, (0, 0, 0), (0, 0, 0), **style))


def _paint_ground(axes: Axes, color: str | None, rng: random.Random) -> None:
    """The ground of one colour name, or a smooth mixture of dull colours for None."""
    (_, width), (height, _) = axes.get_xlim(), axes.get_ylim()
    if color is None:
        columns, rows = rng.randint(2, 5), rng.randint(2, 5)
        dull = np.array([[_dull(rng) for _ in range(columns)] for _ in range(rows)])
        out_x, out_y = width / columns / 2, height / rows / 2
        extent = (-out_x, width + out_x, height + out_y, -out_y)
        axes.imshow(dull, interpolation=rng.choice(("bilinear", "bicubic")), aspect="auto", extent=extent)
        return
    base = _sample(color, rng)
    axes.figure.set_facecolor(base)
    line = _toned(base, rng.uniform(0.08, 0.18))
    kind = rng.choice(("plain", "hatched", "radial", "lines"))
    if kind == "hatched":
        hatch = rng.choice(("/", "\\", "|", "-", "x", "+", "//", "..."))
        ground = Rectangle((0, 0), width, height, facecolor=base, edgecolor=line, linewidth=0, hatch=hatch)
        ground.set_hatch_linewidth(1.0)  # whatever a user's own settings say
        axes.add_artist(ground)
    elif kind == "radial":
        center = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8)
        y, x = np.mgrid[0:1:64j, 0:1:64j]
        distance = np.hypot(x - center[0], y - center[1])
        ends = (base, _sample(color, rng))
        _show(axes, distance / distance.max(), ends, (0, width, height, 0), _GROUND_ZORDER)
    elif kind == "lines":
        step = rng.uniform(14, 50)
        width_of_lines, dashes = _points(axes, rng.uniform(0.7, 1.6)), rng.choice(("-", "--", ":", "-."))
        for lines in (
            axes.vlines(np.arange(rng.uniform(0, step), width, step), 0, height),
            axes.hlines(np.arange(rng.uniform(0, step), height, step), 0, width),
        ):
            lines.set(color=line, linewidth=width_of_lines, linestyle=dashes, zorder=_GROUND_ZORDER)


def _show(
    axes: Axes,
    values: NDArray[np.float64],
    ends: tuple[RGB, RGB],
    extent: tuple[float, float, float, float],
    zorder: int,
) -> AxesImage:
    """Values of 0..1 as a smooth passage from one colour to another."""
    passage = LinearSegmentedColormap.from_list("passage", ends)
    image = axes.imshow(
        values, passage, vmin=0, vmax=1, interpolation="bilinear", aspect="auto", extent=extent, zorder=zorder
    )
    image.set_snap(False)
    return image


def _points(axes: Axes, pixels: float) -> float:
    return pixels * 72 / axes.figure.dpi


def _sample(color: str, rng: random.Random) -> RGB:
    red, green, blue = HSV_RANGES[color].sample(rng)
    return red / 255, green / 255, blue / 255


def _toned(color: RGB, share: float) -> RGB:
    """A colour moved towards black, or towards white if it is dark."""
    end = 0.0 if sum(color) > 1 else 1.0
    red, green, blue = (part + (end - part) * share for part in color)
    return red, green, blue


def _dull(rng: random.Random) -> RGB:
    level, tint = rng.uniform(0.25, 0.75), rng.uniform(0.02, 0.08)
    return level + rng.uniform(-tint, tint), level + rng.uniform(-tint, tint), level + rng.uniform(-tint, tint)


def _edge(color: str, ground: str | None, rng: random.Random) -> RGB:
    return rng.choice([edge for name, edge in _EDGES.items() if name not in (color, ground)])
