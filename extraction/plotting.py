"""``plot_boxes``, ``plot_bounding_boxes`` and ``plot_sources``: a picture with its boxes, as matplotlib axes.

    value      --shapes.py-->     the shapes in it, with label and colour
    shapes     --drawing.py-->    lines on axes, whose units are the picture's pixels
    labels     --placement.py-->  a free place for each

Matplotlib is loaded by the first plot. Without ``ax`` a plot is a figure of its own that pyplot does not know: it needs
no display and leaves nothing open. A notebook shows it as the last value of a cell (``display(...)`` elsewhere); for a
window, draw on axes of pyplot's: ``plot_boxes(image, value, ax=plt.gca())``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from extraction.errors import OptionError
from extraction.grounding.sources import Match, Source, Sources
from extraction.images import ImageSource, load_image
from extraction.schemas.geometry import Box
from extraction.schemas.pointers import steps_of
from extraction.shapes import RGB, Shape, find_shapes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from extraction.documents.result import DocumentExtraction
    from extraction.images import Picture
    from extraction.result import Extraction

_MATCH_COLOURS: Final[dict[Match, RGB]] = {"exact": (0, 158, 115), "equal": (86, 180, 233), "fuzzy": (230, 159, 0)}
_DISAGREED: Final[RGB] = (213, 94, 0)  # as the other three of Okabe & Ito's palette, see drawing.py

_MOST_NAMES: Final = 40
"""Of so many fields a page can bear the names."""

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


def plot_sources(
    image: ImageSource,
    sources: Extraction[Any] | DocumentExtraction[Any] | Sources,
    *,
    page: int = 1,
    ax: Axes | None = None,
    labels: bool = True,
) -> Axes:
    """Axes with a page and the place of every value, named as its field is; what stands nowhere is listed below.

    Green is the same text, blue the same value written otherwise, orange only similar text, which is then told, and red
    what was read again and said to be something else. Only a value's first place is drawn. On a page of more than 40
    values those of a long list are named in its first row, and where they are only similar.

    Args:
        image: The page; whatever ``load_image`` takes.
        sources: What ``find_sources`` gave, or the extraction of a picture or of a document that has it.
        page: The page's number.
        ax: Axes to draw on; None for a new figure.
        labels: Whether to write the names.

    Raises:
        ImageError: The picture cannot be read.
        OptionError: The extraction has no sources.
    """
    found: Any = getattr(sources, "sources", sources)
    if found is None:  # given by itself, too: ``result.sources`` of an extraction that has none
        raise OptionError("the extraction has no sources", hint="ask for them: extract(..., sources=True)")
    if not isinstance(found, Sources):
        raise OptionError(
            f"sources cannot be of type {type(found).__name__}", hint="give an extraction, or what find_sources gave"
        )
    here = {pointer: places[0] for pointer, places in found.items() if places and places[0].page == page}
    named = _named(here)
    shapes = [
        Shape(
            place.box, _source_label(pointer, place) if pointer in named else "", _source_colour(found, pointer, place)
        )
        for pointer, place in here.items()
    ]
    axes = _plot(load_image(image), shapes, ax, labels=labels)
    if found.not_found:
        from extraction.drawing import write_below

        write_below(axes, ["stands nowhere:", *map(_field_name, found.not_found)], own_figure=ax is None)
    return axes


def _named(here: Mapping[str, Source]) -> set[str]:
    """The fields of a page whose names are written: all, or, where they would hide the page, one of each column."""
    if len(here) <= _MOST_NAMES:
        return set(here)
    first: dict[str, str] = {}
    for pointer in here:
        first.setdefault(re.sub(r"/\d+(?=/|$)", "/*", pointer), pointer)
    return {*first.values(), *(pointer for pointer, place in here.items() if not place.equal)}


def _field_name(pointer: str) -> str:
    """A field as a reader calls it: ``items 2 amount``."""
    names = steps_of(pointer)
    last = next((at for at in range(len(names) - 1, -1, -1) if names[at].isdigit()), None)
    kept = names[max(last - 1, 0) :] if last is not None else names[-2:]
    return " ".join(kept).replace("_", " ") or "value"


def _source_label(pointer: str, place: Source) -> str:
    return _field_name(pointer) if place.equal else f"{_field_name(pointer)} ~ {place.text}"


def _source_colour(sources: Sources, pointer: str, place: Source) -> RGB:
    told = sources.verified.get(pointer)
    return _DISAGREED if told is not None and not told.agreed else _MATCH_COLOURS[place.match]


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
