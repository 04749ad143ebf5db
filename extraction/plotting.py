"""``plot_boxes`` and ``plot_bounding_boxes``: a picture with its boxes, as matplotlib axes.

    value      --shapes.py-->     the shapes in it, with label and colour
    shapes     --drawing.py-->    lines on axes, whose units are the picture's pixels
    labels     --placement.py-->  a free place for each

Matplotlib is loaded by the first plot. Without ``ax`` a plot is a figure of its own that pyplot does not know: it needs
no display and leaves nothing open. A notebook shows it as the last value of a cell (``display(...)`` elsewhere); for a
window, draw on axes of pyplot's: ``plot_boxes(image, value, ax=plt.gca())``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from extraction.errors import OptionError
from extraction.images import ImageSource, load_image
from extraction.schemas.geometry import Box
from extraction.shapes import Shape, find_shapes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from extraction.images import Picture

Order: TypeAlias = Literal["xyxy", "yxyx", "xywh", "cxcywh"]
ORDERS: Final = ("xyxy", "yxyx", "xywh", "cxcywh")


def plot_boxes(image: ImageSource, value: object, *, ax: Axes | None = None, labels: bool = True) -> Axes:
    """Axes with the picture and every box found anywhere in ``value``, each with its label and its colour.

    Points and polygons are drawn, too. Which label and colour a box gets stands at ``extraction.shapes.find_shapes``;
    without a colour of its own it gets one for its label, from a palette safe for colour-blind eyes. Labels stand
    inside the picture and never on one another; one that finds no free place beside its box is joined to it by a line,
    and is left out where the picture is full. The axes' units are pixels of the upright picture, origin top left.

    Args:
        image: Whatever ``load_image`` takes.
        value: An object with boxes in it, or a list of such.
        ax: Axes to draw on; None for a new figure that the picture fills.
        labels: Whether to write the labels.

    Raises:
        ImageError: The picture cannot be read.

    Example:
        >>> ax = plot_boxes("photo.jpg", scene)  # doctest: +SKIP
        >>> ax.figure.savefig("photo.boxes.png")  # doctest: +SKIP
    """
    return _plot(load_image(image), find_shapes(value), ax, labels=labels)


def plot_bounding_boxes(
    im: ImageSource,
    labels: Sequence[str],
    bounding_boxes: Sequence[Box | Sequence[float]],
    *,
    span: float | None = 1000,
    order: Order = "xyxy",
    ax: Axes | None = None,
) -> Axes:
    """Axes with the picture and labelled boxes that come as plain lists, as many models write them.

    Args:
        im: Whatever ``load_image`` takes.
        labels: One for each box.
        bounding_boxes: Four numbers each. A ``Box`` is taken as it is: pixels, whatever ``span`` and ``order`` say.
        span: What the numbers count the picture's width and height as: 1000 and 1 are usual. None for pixels.
        order: What the four numbers are: two corners (``xyxy``, ``yxyx``), corner and size (``xywh``), or centre and
            size (``cxcywh``).
        ax: Axes to draw on; None for a new figure that the picture fills.

    Raises:
        ImageError: The picture cannot be read.
        OptionError: There are not as many labels as boxes, a box is not four finite numbers or its corners are out of
            order, or ``span`` or ``order`` is not one of the above.

    Example:
        >>> plot_bounding_boxes("photo.jpg", ["cat"], [[120, 80, 560, 910]])  # doctest: +SKIP
    """
    if order not in ORDERS:
        raise OptionError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
    if span is not None and not 0 < span < math.inf:
        raise OptionError(f"span must be a number above 0, or None for pixels, not {span}")
    if len(labels) != len(bounding_boxes):
        raise OptionError(f"there are {len(labels)} labels for {len(bounding_boxes)} boxes")
    picture = load_image(im)
    scale = (1.0, 1.0) if span is None else (picture.width / span, picture.height / span)
    shapes = []
    for index, (label, numbers) in enumerate(zip(labels, bounding_boxes, strict=True)):
        box = (
            numbers if isinstance(numbers, Box) else _read_box(numbers, order, f"box {index} ({label!r})").scale(*scale)
        )
        shapes.append(Shape(box, str(label)))
    return _plot(picture, shapes, ax, labels=True)


def _read_box(numbers: Sequence[float], order: Order, name: str) -> Box:
    """Four numbers as a box, in their own units."""
    try:
        a, b, c, d = (float(number) for number in numbers)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{name} is not four numbers, but {numbers!r}") from error
    if not all(map(math.isfinite, (a, b, c, d))):
        raise OptionError(f"{name} has a number that is not finite: {numbers!r}")
    if order == "yxyx":
        a, b, c, d = b, a, d, c
    elif order == "xywh":
        c, d = a + c, b + d
    elif order == "cxcywh":
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    if a > c or b > d:
        raise OptionError(f"{name} ends before it begins, read as {order}: {numbers!r}")
    return Box(x1=a, y1=b, x2=c, y2=d)


def _plot(picture: Picture, shapes: Sequence[Shape], ax: Axes | None, *, labels: bool) -> Axes:
    from extraction.drawing import draw, new_axes

    axes = new_axes(picture.size) if ax is None else ax
    draw(axes, picture, shapes, labels=labels)
    return axes
