"""Shapes on matplotlib axes: outlines that show on any ground, and labels that keep clear of one another.

This module imports matplotlib, never pyplot: a figure made here is in no global list, needs no display and is freed
with its last reference.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patches import Polygon as PolygonPatch
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox, BboxTransformTo, Transform

from extraction.fonts import legible
from extraction.images import Picture
from extraction.labels import Label, LabelLayer, contrast, hex_color
from extraction.schemas.geometry import Box, Point, Polygon
from extraction.shapes import RGB, Outline, Shape

# Okabe & Ito's palette, told apart with every common form of colour blindness (Wong, "Points of view: Color
# blindness", Nature Methods 8, 441, 2011), without its black.
PALETTE: Final[tuple[RGB, ...]] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)

_DPI: Final = 120
_INCHES: Final = 7.0  # a figure covers about as much as a square with this side
_OUTLINE: Final = 0.8  # the dark or light line along a coloured one, in points
_BELOW_POINTS: Final = 8.0
_BELOW_LINES: Final = 12
_BELOW_CHARACTERS: Final = 80
_SHOWN_SIDE: Final = 4096  # a larger picture is shown from fewer pixels: no screen has more


class PictureFigure(Figure):
    """A figure that notebooks show."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


class PictureAxes(Axes):
    """Axes that notebooks show as their figure."""

    def _repr_png_(self) -> bytes | None:
        figure = self.figure
        return figure._repr_png_() if isinstance(figure, PictureFigure) else None


class BoxPatch(Rectangle):
    """A rectangle whose sides on the edge of the axes are drawn just inside, where the whole line shows.

    Its data (``get_xy`` and so on) are the box's own.
    """

    def get_patch_transform(self) -> Transform:
        """The transform from the unit square to where the rectangle is drawn, in the units of the axes."""
        transform = super().get_patch_transform()
        if self.axes is None:
            return transform
        corners = transform.transform([(0, 0), (1, 1)])
        window = self.axes.get_window_extent()
        reach = (self.get_linewidth() / 2 + _OUTLINE) * self.axes.figure.dpi / 72
        sides = zip((self.axes.get_xlim(), self.axes.get_ylim()), (window.width, window.height), strict=True)
        for axis, (limits, pixels) in enumerate(sides):
            low, high = sorted(limits)
            inset = min(reach / pixels, 0.5) * (high - low)
            for edge, inner in ((low, low + inset), (high, high - inset)):
                near = np.abs(corners[:, axis] - edge) < inset
                corners[near, axis] = inner
        return BboxTransformTo(Bbox(corners))


def new_axes(size: tuple[int, int]) -> Axes:
    """Axes that fill a new figure of the shape of a picture of ``size`` (width, height)."""
    root = math.sqrt(size[0] / size[1])
    width, height = _INCHES * root, _INCHES / root
    factor = min(1.0, 14 / max(width, height))
    factor = min(max(factor, 0.5 / min(width, height)), 40 / max(width, height))  # strips stay high enough for a label
    figure = PictureFigure(figsize=(width * factor, height * factor), dpi=_DPI, facecolor="white")
    figure.set_layout_engine("none")  # a user's automatic layout would give the picture margins
    axes = PictureAxes(figure, (0.0, 0.0, 1.0, 1.0))
    figure.add_axes(axes)
    return axes


def draw(axes: Axes, picture: Picture, shapes: Sequence[Shape], *, labels: bool) -> None:
    """Draw ``picture`` and ``shapes`` on ``axes``, whose units become the picture's pixels, origin at the top left."""
    _draw_picture(axes, picture)
    axes.apply_aspect()  # only now do the axes have their size on screen
    window = axes.get_window_extent()
    point = axes.figure.dpi / 72  # in screen pixels
    full_width = min(max(math.sqrt(window.width * window.height) / point / 220, 0.9), 2.4)
    full_width *= min(1.0, (40 / max(len(shapes), 1)) ** 0.3)  # a crowd wants thin lines
    bounds = [_bounds(shape.outline) for shape in shapes]
    largest_first = sorted(range(len(shapes)), key=lambda index: _area(bounds[index]), reverse=True)
    named = []
    for shape, rgb, box, rank in zip(shapes, _colours(shapes), bounds, np.argsort(largest_first), strict=True):
        side = min(box[2] - box[0], box[3] - box[1]) * window.width / picture.width / point
        dot = isinstance(shape.outline, Point) or box[:2] == box[2:]
        width = full_width if dot else min(full_width, max(0.8, 0.1 * side))  # a thick line would fill a small box
        artist = _dot(box, rgb, width) if dot else _line(shape.outline, rgb, width)
        artist.set_zorder(3 + rank / len(shapes))  # small shapes on top of large ones
        axes.add_artist(artist)
        reach = 3 * width if dot else width / 2 + _OUTLINE
        if shape.label:
            named.append(Label(shape.label, box, rgb, reach))
    if labels:
        LabelLayer(axes, named)


def write_below(axes: Axes, lines: Sequence[str], *, own_figure: bool) -> None:
    """Write lines of text below ``axes``; a figure of our own grows by the room that they need."""
    shown = [line if len(line) <= _BELOW_CHARACTERS else f"{line[: _BELOW_CHARACTERS - 3]}..." for line in lines]
    if len(shown) > _BELOW_LINES:
        shown = [*shown[: _BELOW_LINES - 1], f"and {len(shown) - _BELOW_LINES + 1} more"]
    figure = axes.get_figure(root=True)
    if own_figure and figure is not None:
        width, height = figure.get_size_inches()
        room = _BELOW_POINTS * 1.4 * (len(shown) + 1) / 72
        figure.set_size_inches(width, height + room)
        axes.set_position((0.0, room / (height + room), 1.0, height / (height + room)))
    text = "\n".join(legible(line).text for line in shown)
    axes.text(
        0.01, -0.01, text, transform=axes.transAxes, va="top", fontsize=_BELOW_POINTS, parse_math=False, usetex=False
    )


def _draw_picture(axes: Axes, picture: Picture) -> None:
    width, height = picture.size
    image = picture.image
    if max(picture.size) > _SHOWN_SIDE:
        image = image.reduce(math.ceil(max(picture.size) / _SHOWN_SIDE))
    # A box's edges lie between pixels: 0 is the left edge of the first one.
    axes.imshow(np.asarray(image), extent=(0, width, height, 0), origin="upper", aspect="equal", interpolation=None)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()


def _colours(shapes: Sequence[Shape]) -> list[RGB]:
    """Each shape's own colour, or one of the palette for each label, in the order in which labels first appear."""
    by_label: dict[str, RGB] = {}
    for shape in shapes:
        if shape.rgb is None:
            by_label.setdefault(shape.label, PALETTE[len(by_label) % len(PALETTE)])
    return [by_label[shape.label] if shape.rgb is None else shape.rgb for shape in shapes]


def _dot(bounds: tuple[float, float, float, float], rgb: RGB, width: float) -> Line2D:
    """A point, or a box without extent."""
    return Line2D(
        [bounds[0]],
        [bounds[1]],
        marker="o",
        markersize=4 * width,
        markerfacecolor=hex_color(rgb),
        markeredgecolor=contrast(rgb),
        markeredgewidth=_OUTLINE,
        linestyle="none",
    )


def _line(outline: Outline, rgb: RGB, width: float) -> Patch:
    """The outline in its colour, on a wider line of black or white that sets it off from any ground."""
    patch: Patch
    if isinstance(outline, Box):
        patch = BoxPatch((outline.x1, outline.y1), outline.width, outline.height, fill=False)
    elif isinstance(outline, Polygon):
        patch = PolygonPatch([point.xy for point in outline.points], closed=True, facecolor=f"{hex_color(rgb)}33")
    else:
        raise TypeError(f"{type(outline).__name__} has no outline")
    patch.set(edgecolor=hex_color(rgb), linewidth=width, joinstyle="miter")
    patch.set_path_effects([withStroke(linewidth=width + 2 * _OUTLINE, foreground=contrast(rgb))])
    return patch


def _bounds(outline: Outline) -> tuple[float, float, float, float]:
    if isinstance(outline, Point):
        return (*outline.xy, *outline.xy)
    return (outline if isinstance(outline, Box) else outline.bounds).xyxy


def _area(bounds: tuple[float, float, float, float]) -> float:
    return (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])
