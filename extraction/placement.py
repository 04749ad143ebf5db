"""Where labels go: beside what they name, inside the picture, and never on one another.

All coordinates are screen pixels with the origin at the top left; a rectangle is (x1, y1, x2, y2).
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Rects: TypeAlias = npt.NDArray[np.float64]
"""Rectangles, shape (n, 4)."""

# What a place costs before anything is in the way: above the anchor first, where people look for a label.
_ABOVE, _BELOW, _INSIDE, _BESIDE = 0.0, 0.2, 0.3, 0.35

# What being in the way costs. Hiding a whole small thing is worse than any place; crossing a line is not pretty.
_HIDES_OWN: Final = 1.5
_HIDES_OTHER: Final = 3.0
_CROSSES: Final = 0.15
_DISTANCE: Final = 6.0
_TOO_MUCH: Final = 1.6

_MANY: Final = 200
_MOST_STEPS: Final = 48


def place_labels(
    anchors: Rects, sizes: npt.NDArray[np.float64], bounds: npt.NDArray[np.float64], *, far: bool, partial: bool
) -> Rects | None:
    """A rectangle for each label; None where one finds no place (a row of NaN for each such label, if ``partial``).

    Small anchors choose first, since large ones have more places; then each label looks twice more for a better one.

    Args:
        anchors: What the labels name, shape (n, 4).
        sizes: Width and height of the labels, shape (n, 2).
        bounds: Width and height of the picture, shape (2,).
        far: Whether a label may go anywhere in the picture when every place beside its anchor hides something.
        partial: Whether some labels may go without a place.
    """
    placed = np.full((len(anchors), 4), np.nan)
    anchors = np.clip(anchors, 0, np.tile(bounds, 2))
    order = np.argsort(_areas(anchors), kind="stable")
    turns = 3 if len(anchors) <= _MANY else 1  # a second look at so many is not worth its time
    for index in np.tile(order, turns):
        placed[index] = np.nan
        rects, costs = _beside(anchors[index], sizes[index], bounds)
        best = _cheapest(rects, costs, index, anchors, placed, bounds)
        if best is None and far:
            rects, costs = _anywhere(anchors[index], sizes[index], bounds)
            for start in range(0, len(rects), _MANY):  # the nearest first: most are never looked at
                part = slice(start, start + _MANY)
                best = _cheapest(rects[part], costs[part], index, anchors, placed, bounds, limit=np.inf)
                if best is not None:
                    break
        if best is not None:
            placed[index] = best
        elif not partial:
            return None
    return placed


def touches(rect: npt.NDArray[np.float64], anchor: npt.NDArray[np.float64], reach: float) -> bool:
    """Whether ``rect`` is within ``reach`` pixels of ``anchor``."""
    return bool(_distances(rect[None], anchor)[0] <= reach)


def _beside(
    anchor: npt.NDArray[np.float64], size: npt.NDArray[np.float64], bounds: npt.NDArray[np.float64]
) -> tuple[Rects, npt.NDArray[np.float64]]:
    """The places around and inside an anchor, and what each costs."""
    x1, y1, x2, y2 = anchor
    width, height = size
    middle, centre = (x1 + x2 - width) / 2, (y1 + y2 - height) / 2
    right, bottom = x2 - width, y2 - height
    above, before = y1 - height, x1 - width
    inside = _INSIDE if right >= x1 and bottom >= y1 else _INSIDE + 0.2  # wider or higher than what it would stand in
    places = [
        (x1, above, _ABOVE),
        (right, above, _ABOVE + 0.05),
        (middle, above, _ABOVE + 0.1),
        (x1, y2, _BELOW),
        (right, y2, _BELOW + 0.05),
        (middle, y2, _BELOW + 0.1),
        (x1, y1, inside),
        (right, y1, inside + 0.05),
        (x1, bottom, inside + 0.1),
        (right, bottom, inside + 0.15),
        (middle, y1, inside + 0.1),
        (middle, bottom, inside + 0.2),
        (middle, centre, inside + 0.5),
        (x2, y1, _BESIDE),
        (x2, bottom, _BESIDE + 0.05),
        (x2, centre, _BESIDE),
        (before, y1, _BESIDE + 0.05),
        (before, bottom, _BESIDE + 0.1),
        (before, centre, _BESIDE + 0.05),
    ]
    table = np.array(places)
    corners = np.clip(table[:, :2], 0, np.maximum(bounds - size, 0))  # moved into the picture where it stuck out
    # To move along an edge is harmless; to move across it is to leave one's side of it.
    stiff = np.array([[0.1, 0.6]] * 6 + [[0.1, 0.1]] * 7 + [[0.6, 0.1]] * 6)
    moved = (np.abs(corners - table[:, :2]) * stiff).sum(axis=1) / height
    return np.hstack([corners, corners + size]), table[:, 2] + moved


def _anywhere(
    anchor: npt.NDArray[np.float64], size: npt.NDArray[np.float64], bounds: npt.NDArray[np.float64]
) -> tuple[Rects, npt.NDArray[np.float64]]:
    """Places all over the picture, the nearest to the anchor first; the nearer, the cheaper."""
    last = np.maximum(bounds - size, 0)
    steps = np.minimum(2 + 2 * last / size, _MOST_STEPS).astype(int)
    xs, ys = (np.linspace(0, end, count) for end, count in zip(last, steps, strict=True))
    corners = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    rects = np.hstack([corners, corners + size])
    costs = _DISTANCE * _distances(rects, anchor) / np.hypot(*bounds)
    order = np.argsort(costs, kind="stable")
    return rects[order], costs[order]


def _cheapest(
    rects: Rects,
    costs: npt.NDArray[np.float64],
    own: int,
    anchors: Rects,
    placed: Rects,
    bounds: npt.NDArray[np.float64],
    *,
    limit: float = _TOO_MUCH,
) -> npt.NDArray[np.float64] | None:
    """The cheapest of ``rects``, below ``limit``, that lies in the picture and on no label; None where there is none."""
    free = (rects >= -0.5).all(axis=1) & (rects[:, 2:] <= bounds + 0.5).all(axis=1)
    taken = placed[~np.isnan(placed[:, 0])]
    free &= (_overlaps(rects, taken) <= 0).all(axis=1)
    if not free.any():
        return None
    rects, costs = rects[free], costs[free]
    shared = _overlaps(rects, anchors)
    hidden = shared / np.maximum(_areas(anchors), 1.0)
    weights = np.full(len(anchors), _HIDES_OTHER)
    weights[own] = _HIDES_OWN
    crossed = (shared > 0) & (shared < 0.999 * _areas(rects)[:, None])
    crossed[:, own] = False
    total = costs + np.minimum(hidden, 1.0) @ weights + _CROSSES * crossed.sum(axis=1)
    best = int(np.argmin(total))
    return rects[best] if total[best] < limit else None


def _overlaps(rects: Rects, others: Rects) -> npt.NDArray[np.float64]:
    """The area that each of ``rects`` shares with each of ``others``, shape (n, m)."""
    low = np.maximum(rects[:, None, :2], others[None, :, :2])
    high = np.minimum(rects[:, None, 2:], others[None, :, 2:])
    area: npt.NDArray[np.float64] = np.clip(high - low, 0, None).prod(axis=-1)
    return area


def _distances(rects: Rects, anchor: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The shortest way from each of ``rects`` to ``anchor``; 0 where they meet."""
    gaps = np.maximum(np.maximum(anchor[:2] - rects[:, 2:], rects[:, :2] - anchor[2:]), 0)
    way: npt.NDArray[np.float64] = np.hypot(gaps[:, 0], gaps[:, 1])
    return way


def _areas(rects: Rects) -> npt.NDArray[np.float64]:
    area: npt.NDArray[np.float64] = (rects[:, 2] - rects[:, 0]) * (rects[:, 3] - rects[:, 1])
    return area
