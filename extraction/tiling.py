"""Large pictures in overlapping tiles: where the tiles lie, and one list of things from what was found in each.

A thing near a border is found twice, or found cut. ``merge`` keeps it once, and whole where any view shows it whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from extraction.errors import OptionError
from extraction.schemas.counting import label_key

XYXY: TypeAlias = tuple[float, float, float, float]
_Boxes: TypeAlias = npt.NDArray[np.float64]

_SOMETHING = 0.25  # of a cut box's area; what is seen of a thing at a border is often placed badly

MARGIN = 0.01
"""How near to an inner border of its tile a box counts as cut by it, as a share of the tile's side."""


class TileWarning(UserWarning):
    """A view of a picture could not be read, and the others were taken without it."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture that a model is shown.

    Attributes:
        region: left, top, right and bottom edge of the part, in pixels of the picture.
        size: (width, height) that it is shown at.
    """

    region: tuple[int, int, int, int]
    size: tuple[int, int]

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """A point of the view in pixels of the whole picture."""
        left, top, right, bottom = self.region
        return left + x * (right - left) / self.size[0], top + y * (bottom - top) / self.size[1]


@dataclass(frozen=True, slots=True)
class Detection:
    """A thing that was found in one view.

    Attributes:
        box: left, top, right and bottom edge in pixels of the whole picture.
        label: What it is; things of different labels are never the same one.
        view: Index of the view that it was found in.
        confidence: How sure the model was, 0 to 1; None where it does not tell.
        item: Whatever belongs to it.
    """

    box: XYXY
    label: str
    view: int
    confidence: float | None = None
    item: Any = field(default=None, compare=False)


MAX_TILES = 400
"""Most tiles of one picture: a mistaken size is told at once, instead of running for hours."""


def views_of(size: tuple[int, int], *, tile: tuple[int, int], overlap: float, overview: bool) -> list[View]:
    """The tiles that cover a picture, row by row, and the whole of it, reduced to a tile's size, as the last view.

    All tiles have the same size, and neighbours share at least ``overlap`` of it. A picture that is no larger than a
    tile is one view.

    Args:
        size: (width, height) of the picture in pixels.
        tile: (width, height) of a tile.
        overlap: Share of a tile's side that it has in common with its neighbour, 0 up to 1.
        overview: Whether the whole picture is a view, too.

    Raises:
        OptionError: A tile has no pixels, the overlap is none, or there would be more tiles than anybody waits for.
    """
    sides: tuple[Any, ...] = tile
    share: Any = overlap
    if not all(isinstance(side, int) and side > 0 for side in sides):
        raise OptionError(f"tile={tile} has no pixels", hint="give its side, or (width, height), in pixels")
    if not (isinstance(share, (int, float)) and 0 <= share < 1):
        raise OptionError(f"overlap={overlap} is not a share from 0 up to 1")
    if size[0] <= tile[0] and size[1] <= tile[1]:
        return [View((0, 0, *size), size)]
    columns, rows = (_starts(whole, part, overlap) for whole, part in zip(size, tile, strict=True))
    if len(columns) * len(rows) > MAX_TILES:
        raise OptionError(
            f"tiles of {tile[0]} x {tile[1]} pixels cut this picture of {size[0]} x {size[1]} into "
            f"{len(columns) * len(rows)}, and each is a call of the model",
            hint=f"take larger tiles, or less overlap: at most {MAX_TILES} tiles",
        )
    width, height = min(size[0], tile[0]), min(size[1], tile[1])
    views = [View((x, y, x + width, y + height), (width, height)) for y in rows for x in columns]
    if overview:
        factor = min(tile[0] / size[0], tile[1] / size[1])
        views.append(View((0, 0, *size), (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))))
    return views


def _starts(whole: int, part: int, overlap: float) -> list[int]:
    """Where tiles begin along a side, evenly spread from edge to edge."""
    if whole <= part:
        return [0]
    step = max(1.0, part * (1 - overlap))
    count = math.ceil((whole - part) / step) + 1
    return [index * (whole - part) // (count - 1) for index in range(count)]


def merge(
    detections: Sequence[Detection], views: Sequence[View], *, iou: float = 0.5, margin: float = MARGIN
) -> list[Detection]:
    """The things of a picture, each once, from top to bottom; the order of ``detections`` plays no part.

    * Of boxes of one label that overlap by more than ``iou`` the best stays: the surest, then the largest.
    * What the whole picture shows counts only where no tile shows it whole: tiles see small things better.
    * A box that an inner border of its tile cuts is dropped where another view has that thing whole: where most of the
      smaller of the two boxes lies in the other (same label), or where both are the same thing as far as both views
      reach (any label, for a part of a thing is often taken for something else). It is dropped, too, where another tile
      shows that place uncut and has found something there, whatever it is: that tile sees more of it.
    * Parts of a thing that no view shows whole become one box around them.

    Args:
        detections: What was found in all views.
        views: The views; one that covers all of them is the whole picture.
        iou: Intersection over union above which two boxes of a label are one thing.
        margin: How near to a border a box counts as cut, as a share of the tile's side.

    Raises:
        OptionError: ``iou`` is not above 0 and up to 1.
    """
    if not 0 < iou <= 1:
        raise OptionError(f"iou={iou} is not above 0 and up to 1")
    if not detections:
        return []
    borders = _Borders(views, margin)
    counted = [one for one in detections if not (borders.is_overview[one.view] and borders.is_small(one))]
    ordered = sorted(counted, key=_rank)
    whole = _suppressed([one for one in ordered if not borders.cut(one, one.view)], iou)
    parts = [one for one in ordered if borders.cut(one, one.view)]
    parts = [part for part in parts if not any(_is_seen_better(part, one, borders) for one in counted)]
    parts = [part for part in parts if not any(_is_part(part, one, borders, iou) for one in whole)]
    kept = _suppressed([*whole, *_joined(parts, borders, iou)], iou)
    return sorted(kept, key=lambda one: (one.box[1], one.box[0], _rank(one)))


def _rank(detection: Detection) -> tuple[Any, ...]:
    """The best first; nothing is left to chance, or to the order in which detections come."""
    x1, y1, x2, y2 = detection.box
    area = (x2 - x1) * (y2 - y1)
    return (-(detection.confidence or 0.0), -area, detection.box, detection.label, detection.view, repr(detection.item))


class _Borders:
    """The regions of views, and which of their borders lie inside the picture."""

    def __init__(self, views: Sequence[View], margin: float) -> None:
        self.regions = [view.region for view in views]
        lefts, tops, rights, bottoms = zip(*self.regions, strict=True)
        self._whole = (min(lefts), min(tops), max(rights), max(bottoms))
        self.is_overview = [region == self._whole for region in self.regions]
        self._margin = margin

    def cut(self, detection: Detection, view: int) -> bool:
        """Whether a box reaches an inner border of a view, or lies beyond it."""
        region = self.regions[view]
        for axis in (0, 1):
            near = self._margin * (region[axis + 2] - region[axis])
            if region[axis] > self._whole[axis] and detection.box[axis] <= region[axis] + near:
                return True
            if region[axis + 2] < self._whole[axis + 2] and detection.box[axis + 2] >= region[axis + 2] - near:
                return True
        return False

    def is_small(self, detection: Detection) -> bool:
        """Whether a tile shows a thing whole."""
        tiles = (index for index, whole in enumerate(self.is_overview) if not whole)
        return any(not self.cut(detection, index) for index in tiles)


def _is_seen_better(part: Detection, other: Detection, borders: _Borders) -> bool:
    """Whether what another tile has found stands where a box is that is cut in its own tile, and not in that one."""
    if other.view == part.view or borders.is_overview[other.view] or borders.cut(part, other.view):
        return False
    return _area(_common(part.box, other.box)) > _SOMETHING * _area(part.box)


def _is_part(part: Detection, other: Detection, borders: _Borders, iou: float) -> bool:
    """Whether a cut box is a part of what another view has whole."""
    smaller = min(_area(part.box), _area(other.box))
    if _same_label(part, other) and smaller > 0 and _area(_common(part.box, other.box)) / smaller > iou:
        return True
    return _same_where_both_see(part, other, borders, iou)


def _same_label(one: Detection, other: Detection) -> bool:
    return label_key(one.label) == label_key(other.label)


def _same_where_both_see(one: Detection, other: Detection, borders: _Borders, iou: float) -> bool:
    region = _common(borders.regions[one.view], borders.regions[other.view])
    if one.view == other.view or not _area(region):
        return False
    first, second = _common(one.box, region), _common(other.box, region)
    shared = _area(_common(first, second))
    union = _area(first) + _area(second) - shared
    return union > 0 and shared / union > iou


def _joined(parts: Sequence[Detection], borders: _Borders, iou: float) -> list[Detection]:
    """The parts with those that belong to one thing made one, the surest and largest of them speaking for all."""
    groups: list[list[Detection]] = []
    for part in parts:
        own = [
            group
            for group in groups
            if any(_same_label(one, part) and _same_where_both_see(part, one, borders, iou) for one in group)
        ]
        groups = [group for group in groups if not any(group is one for one in own)]
        groups.append([part, *(one for group in own for one in group)])
    whole = [replace(min(group, key=_rank), box=_around([one.box for one in group])) for group in groups]
    return sorted(whole, key=_rank)


def _suppressed(ordered: Sequence[Detection], iou: float) -> list[Detection]:
    """Those of which no better one of the same label, by their order, overlaps them by more than ``iou``."""
    kept: list[Detection] = []
    by_label: dict[str, list[XYXY]] = {}
    for one in ordered:
        others = by_label.setdefault(label_key(one.label), [])
        if not others or _ious(np.array(one.box), np.array(others)).max() <= iou:
            kept.append(one)
            others.append(one.box)
    return kept


def _ious(box: _Boxes, others: _Boxes) -> _Boxes:
    """Intersection over union of a box (4 numbers) with each of others (n x 4); equal empty boxes count as one."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    same: _Boxes = (others == box).all(axis=1).astype(np.float64)
    np.divide(shared, union, out=same, where=union > 0)
    return same


def _common(one: XYXY, other: XYXY) -> XYXY:
    left, top = max(one[0], other[0]), max(one[1], other[1])
    return left, top, max(left, min(one[2], other[2])), max(top, min(one[3], other[3]))


def _area(box: XYXY) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _around(boxes: Sequence[XYXY]) -> XYXY:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
