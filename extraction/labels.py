"""Labels on matplotlib axes: beside what they name, inside the axes, never on one another, whatever the size.

Positions depend on the size on screen, which changes after the drawing: by a layout, a window, a zoom, a saved file.
So they are found again whenever the axes are about to be drawn at another size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from extraction.fonts import Legible, legible, shortened
from extraction.placement import place_labels, touches
from extraction.shapes import RGB

_MAX_CHARACTERS: Final = 60
_PAD: Final = 0.22  # around the text, in font sizes
_EDGE: Final = 0.6  # the label's own line, in points
_SMALLEST: Final = 5.0  # points; smaller is not text any more


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One way to fit the labels in: font size against the full one, width against the picture's, how far away."""

    scale: float
    width: float
    far: bool


# Beside their shapes at the full size if they can be; then smaller; then also further away, with a line.
_ATTEMPTS: Final = (
    _Attempt(1.0, 0.5, far=False),
    _Attempt(0.88, 0.5, far=False),
    _Attempt(0.78, 0.4, far=False),
    _Attempt(0.88, 0.4, far=True),
    _Attempt(0.7, 0.3, far=True),
    _Attempt(0.55, 0.2, far=True),
    _Attempt(0.45, 0.12, far=True),
)


@dataclass(frozen=True, slots=True)
class Label:
    """Text for a place.

    Attributes:
        text: Any text; a long one is cut.
        anchor: (x1, y1, x2, y2) of what it names, in the units of the axes, y downwards.
        rgb: The colour of its ground, 0 to 255.
        margin: What to keep free around the anchor, in points.
    """

    text: str
    anchor: tuple[float, float, float, float]
    rgb: RGB
    margin: float


def contrast(rgb: RGB) -> str:
    """Black or white, whichever shows better on ``rgb``, as hex (WCAG 2.2: the better ratio of relative luminance)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in rgb)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def hex_color(rgb: RGB) -> str:
    """``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


class LabelLayer(Artist):
    """Draws nothing itself: it puts its texts and lines in place, just before the axes draw them."""

    def __init__(self, axes: Axes, labels: Sequence[Label]) -> None:
        super().__init__()
        pairs = [(label, legible(label.text)) for label in labels]
        self._labels = [label for label, shown in pairs if shown.text]
        self._legible = [shown for _, shown in pairs if shown.text]
        self._texts = [self._add_text(axes, *pair) for pair in zip(self._labels, self._legible, strict=True)]
        self._leaders = [self._add_leader(axes, label) for label in self._labels]
        self._state: tuple[float, ...] = ()
        self.set_zorder(5)
        self.set_in_layout(False)  # it has no extent of its own
        axes.add_artist(self)
        self._place(None)

    def draw(self, renderer: RendererBase) -> None:
        """Put the labels in place, where the size of the axes has changed since the last time."""
        self._place(renderer)

    def _add_text(self, axes: Axes, label: Label, shown: Legible) -> Text:
        ground = {
            "boxstyle": f"square,pad={_PAD}",
            "facecolor": hex_color(label.rgb),
            "edgecolor": contrast(label.rgb),
            "linewidth": _EDGE,
        }
        text = axes.text(
            0,
            0,
            shown.text,
            color=contrast(label.rgb),
            family=list(shown.families),
            horizontalalignment="left",
            verticalalignment="bottom",
            parse_math=False,
            usetex=False,
            bbox=ground,
            zorder=7,
        )
        text.set_in_layout(False)  # it never reaches out of the axes
        return text

    def _add_leader(self, axes: Axes, label: Label) -> Line2D:
        outline = withStroke(linewidth=2.2, foreground=contrast(label.rgb))
        line = Line2D([], [], color=hex_color(label.rgb), linewidth=1.0, path_effects=[outline], zorder=6)
        line.set_in_layout(False)
        return axes.add_line(line)

    def _place(self, renderer: RendererBase | None) -> None:
        axes = self.axes
        if axes is None or not self._labels:
            return
        window = axes.get_window_extent()
        point = axes.figure.dpi / 72  # in screen pixels
        state = (
            *(round(side / point, 1) for side in (window.width, window.height)),
            *axes.get_xlim(),
            *axes.get_ylim(),
        )
        if state == self._state:
            return
        self._state = state
        bounds = np.array([window.width, window.height])
        # Screen pixels from the top left corner of the axes, y downwards.
        corners = np.array([label.anchor for label in self._labels]).reshape(-1, 2)
        shown = (axes.transData.transform(corners) - (window.x0, window.y1)) * (1, -1)
        pairs = shown.reshape(-1, 2, 2)
        anchors = np.hstack([pairs.min(axis=1), pairs.max(axis=1)])
        margins = point * np.array([[label.margin] for label in self._labels])
        anchors = anchors + margins * (-1, -1, 1, 1)
        font = min(max(0.0195 * math.sqrt(window.width * window.height) / point, _SMALLEST), 12.0)
        for attempt in _ATTEMPTS:
            size = max(font * attempt.scale, _SMALLEST)
            limits = np.minimum(np.maximum(attempt.width * bounds[0], anchors[:, 2] - anchors[:, 0]), bounds[0])
            sizes = self._measure(size, limits, point, renderer)
            rects = place_labels(anchors, sizes, bounds, far=attempt.far, partial=attempt is _ATTEMPTS[-1])
            if rects is not None:
                self._put(rects, anchors, (_PAD * size + _EDGE / 2) * point)
                break

    def _measure(
        self, size: float, limits: npt.NDArray[np.float64], point: float, renderer: RendererBase | None
    ) -> npt.NDArray[np.float64]:
        """Give the texts this font size and cut them to these widths; width and height of each label in pixels."""
        edge = 2 * (_PAD * size + _EDGE / 2) * point
        sizes = np.empty((len(self._texts), 2))
        for row, text, shown, limit in zip(sizes, self._texts, self._legible, limits, strict=True):
            text.set(visible=True, fontsize=size)  # a hidden text has no extent
            length = min(len(shown.text), _MAX_CHARACTERS)
            while True:
                text.set_text(shortened(shown.text, length))
                box = text.get_window_extent(renderer)
                row[:] = box.width + edge, box.height + edge
                if row[0] <= limit or length <= 1:
                    break
                length = max(1, min(length - 1, math.ceil(length * limit / row[0])))
        return sizes

    def _put(self, rects: npt.NDArray[np.float64], anchors: npt.NDArray[np.float64], inset: float) -> None:
        """Move texts and lines to ``rects``; a label without a place is not shown."""
        assert self.axes is not None
        window = self.axes.get_window_extent()
        to_data = self.axes.transData.inverted()
        for text, leader, rect, anchor in zip(self._texts, self._leaders, rects, anchors, strict=True):
            visible = not np.isnan(rect).any()
            text.set_visible(visible)
            leader.set_visible(visible and not touches(rect, anchor, 1.5 * inset))
            if visible:
                corner = (window.x0 + rect[0] + inset, window.y1 - rect[3] + inset)
                text.set_position(tuple(to_data.transform(corner)))
                # From the middle of the label's near side to the nearest place of the anchor.
                start = np.clip((anchor[:2] + anchor[2:]) / 2, rect[:2], rect[2:])
                ends = np.array([start, np.clip(start, anchor[:2], anchor[2:])])
                xs, ys = to_data.transform(ends * (1, -1) + (window.x0, window.y1)).T
                leader.set_data(xs, ys)
