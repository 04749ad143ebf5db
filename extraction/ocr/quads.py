"""Quads, the four corners of a text: made, turned, straightened, and cut out of a picture's pixels.

A quad is an array of shape (4, 2) in pixels. Its corners go clockwise and begin with the top left one of the *text*,
so that the first edge runs in the direction of reading, however the text stands on the picture.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from extraction.extras import import_extra
from extraction.schemas.geometry import Box, Point, Polygon

Quad: TypeAlias = npt.NDArray[np.float64]
"""Shape (4, 2): x and y of the corners."""

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""Shape (height, width, 3)."""

_LEVEL = 0.6
"""How many pixels the corners of a quad may be off its upright box before the box no longer says it all."""


def box_quad(box: Box) -> Quad:
    """The quad of an upright box."""
    x1, y1, x2, y2 = box.xyxy
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], dtype=np.float64)


def quad_box(quad: Quad) -> Box:
    """The smallest upright box around a quad."""
    (x1, y1), (x2, y2) = quad.min(axis=0), quad.max(axis=0)
    return Box(x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2))


def quad_polygon(quad: Quad) -> Polygon | None:
    """A quad as it stands on a ``Word`` or ``Line``: None where its upright box says it all."""
    if np.abs(quad - box_quad(quad_box(quad))).max() <= _LEVEL:
        return None
    return Polygon(points=tuple(Point(x=float(x), y=float(y)) for x, y in quad))


def polygon_quad(polygon: Polygon | None, box: Box) -> Quad:
    """The quad that ``quad_polygon`` told, from it and the box."""
    if polygon is None or len(polygon.points) != 4:
        return box_quad(box)
    return np.array([point.xy for point in polygon.points], dtype=np.float64)


def quad_size(quad: Quad) -> tuple[float, float]:
    """(length in the direction of reading, height across it) of a quad: means of opposite edges, in pixels."""
    edges = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return float(edges[0] + edges[2]) / 2, float(edges[1] + edges[3]) / 2


def quad_angle(quad: Quad) -> float:
    """By how many degrees its text stands turned clockwise, -180 to 180."""
    along = (quad[1] - quad[0]) + (quad[2] - quad[3])
    return math.degrees(math.atan2(along[1], along[0]))


def part_of(quad: Quad, left: float, top: float, right: float, bottom: float) -> Quad:
    """A part of a quad, given in shares of its length and height, 0 to 1."""
    shares = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    u, v = shares[:, :1], shares[:, 1:]
    return np.asarray(
        (1 - u) * (1 - v) * quad[0] + u * (1 - v) * quad[1] + u * v * quad[2] + (1 - u) * v * quad[3], dtype=np.float64
    )


def straightened(points: Quad, angle: float) -> Quad:
    """Points in the frame in which text that stands turned by ``angle`` degrees runs from left to right."""
    a = math.radians(angle)
    return np.asarray(points @ np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]), dtype=np.float64)


def unturned(points: Quad, quarters: int, size: tuple[int, int]) -> Quad:
    """Points of a picture that was turned anticlockwise by ``quarters`` (as ``np.rot90`` does), put back.

    Args:
        points: Shape (n, 2), in pixels of the turned picture.
        quarters: 0 to 3.
        size: (width, height) of the picture before it was turned.
    """
    width, height = size
    x, y = points[:, 0], points[:, 1]
    back = [(x, y), (width - y, x), (width - x, height - y), (y, height - x)][quarters % 4]
    return np.stack(back, axis=1)


def enclosing(quads: list[Quad]) -> Quad:
    """The quad around several of one line: from the first's left edge to the last's right edge, at their full height."""
    if len(quads) == 1:
        return quads[0]
    angle = quad_angle(np.array([quads[0][0], quads[-1][1], quads[-1][2], quads[0][3]]))
    level = np.concatenate([straightened(quad, angle) for quad in quads])
    around = box_quad(quad_box(level))
    return straightened(around, -angle)


def cut_out(pixels: Pixels, quad: Quad, height: int) -> Pixels:
    """The text of a quad as an upright strip, at most ``height`` pixels high, its proportions kept."""
    cv2 = import_extra("cv2", extra="ocr")
    length, own = quad_size(quad)
    scale = min(1.0, height / max(own, 1.0))
    size = max(1, round(length * scale)), max(1, round(own * scale))
    if scale < 0.5:  # a warp takes single pixels: what it makes much smaller is to be blurred before
        x1, y1 = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 2, 0)
        x2, y2 = np.ceil(quad.max(axis=0)).astype(int) + 2
        window = pixels[y1:y2, x1:x2]
        reduced = cv2.resize(window, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        factors = np.array([reduced.shape[1] / window.shape[1], reduced.shape[0] / window.shape[0]])
        pixels, quad = reduced, (quad - (x1, y1)) * factors
    corners = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    strip = cv2.warpPerspective(pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.asarray(strip, dtype=np.uint8)
