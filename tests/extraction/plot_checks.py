"""What the tests of plots share."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from extraction.schemas import Box

Pixels = npt.NDArray[np.uint8]


def box(*xyxy: float) -> Box:
    return Box.from_xyxy(*xyxy)


def grey(width: int = 640, height: int = 480, level: int = 128) -> Image.Image:
    return Image.new("RGB", (width, height), (level, level, level))


def rendered(axes: Axes, **options: Any) -> Pixels:
    buffer = io.BytesIO()
    axes.figure.savefig(buffer, format="png", **options)  # type: ignore[union-attr]
    return np.asarray(Image.open(buffer).convert("RGB"))


def rectangles(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def shown_texts(axes: Axes) -> list[Text]:
    return [text for text in axes.texts if text.get_visible()]


def check_labels(axes: Axes, count: int) -> None:
    """Every label is shown, whole, inside the axes, and on no other one."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    window = axes.get_window_extent()
    grounds = []
    for text in shown_texts(axes):
        ground = text.get_bbox_patch()
        assert ground is not None
        extent = ground.get_window_extent()
        assert extent.x0 >= window.x0 - 0.51
        assert extent.y0 >= window.y0 - 0.51
        assert extent.x1 <= window.x1 + 0.51
        assert extent.y1 <= window.y1 + 0.51
        inner = text.get_window_extent()
        assert extent.x0 < inner.x0 < inner.x1 < extent.x1
        grounds.append(extent)
    assert len(grounds) == count
    for a, b in itertools.combinations(grounds, 2):
        shared = Bbox.intersection(a, b)
        assert shared is None or min(shared.width, shared.height) < 0.51


def random_boxes(count: int, width: int, height: int, largest: float = 0.4) -> list[dict[str, Any]]:
    rng = np.random.default_rng(count)
    sizes = rng.uniform(0.02, largest, (count, 2)) * (width, height)
    corners = rng.uniform(0, 1, (count, 2)) * ((width, height) - sizes)
    names = ("cat", "traffic light", "a rather long label, longer than most", "Größe")
    return [
        {"label": names[index % 4], "box": box(*corner, *(corner + size))}
        for index, (corner, size) in enumerate(zip(corners, sizes, strict=True))
    ]
