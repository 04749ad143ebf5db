"""Lines in the frame of their own text, where "above" and "left of" mean what they mean to a reader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from extraction.ocr.quads import (
    Quad,
    enclosing,
    polygon_quad,
    quad_angle,
    quad_box,
    quad_polygon,
    quad_size,
    straightened,
)
from extraction.pages.words import Line, Word

COLUMN_GAP = 1.5
"""Between two words further apart than this, in heights of their line, lies a gap between columns."""

SAME_LINE = 0.6
"""Two pieces of one row nearer than this, in heights, are one line that the engine cut."""

WORD_GAP = 1.0
"""Words nearer than this, in heights, are of one line, where nobody knows the lines."""

_SAME_ROW = 0.5
_ALIKE = 1.6
"""The most by which the heights of two pieces of one line differ, as a factor."""

_FITTED = 5
_RIDGE = 0.3
"""From so many lines on it is asked how slopes change over the page; a weight that holds the answer near to "not at all",
as if so many lines more were straight."""

_LEVEL = 0.2
"""Degrees below which a page stands straight, and so does one whose longest line rises by less than a pixel: quads are
no more exact than that."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with its place in the frame of the page's text, in pixels of the picture's scale.

    Attributes:
        line: As it stands on the picture.
        x1: Left edge.
        y1: Upper edge.
        x2: Right edge.
        y2: Lower edge.
    """

    line: Line
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def height(self) -> float:
        """From the upper to the lower edge."""
        return self.y2 - self.y1

    def shares_row(self, other: Placed) -> bool:
        """Whether a reader sees both in one row: they overlap by half of the lower one's height."""
        shared = min(self.y2, other.y2) - max(self.y1, other.y1)
        return shared >= _SAME_ROW * min(self.height, other.height)


def text_angle(lines: Sequence[Line]) -> float:
    """By how many degrees the text of a page stands turned clockwise, -180 to 180; 0 where there is none.

    The quarter turn in which most text stands counts, and in it the median of the lines, the longer the weightier.
    """
    measured = [(quad_angle(quad), quad_size(quad)) for quad in (_quad(line) for line in lines)]
    lengths = dict.fromkeys((0, 1, 2, 3), 0.0)
    for angle, (length, _) in measured:
        lengths[round(angle / 90) % 4] += length
    quarter = max(lengths, key=lambda one: lengths[one])
    rests = []
    for angle, (length, height) in measured:
        if round(angle / 90) % 4 == quarter:
            rest = (angle - 90 * quarter + 180) % 360 - 180
            rests.append((rest, length if length > 2 * height else 0.01 * length))
    rest = weighted_median(rests)
    longest = max((length for _, (length, _) in measured), default=1.0)
    level = max(_LEVEL, math.degrees(math.atan2(1, longest)))
    angle = 90 * quarter + (rest if abs(rest) >= level else 0.0)
    return float((angle + 180) % 360 - 180) if angle != 180 else 180.0


def weighted_median(values: Sequence[tuple[float, float]]) -> float:
    """The median of (value, weight) pairs: half of the weight lies on either side of it; 0 of none."""
    if not values:
        return 0.0
    ordered, weights = np.array(sorted(values)).T
    middle = min(int(np.searchsorted(np.cumsum(weights), weights.sum() / 2)), len(ordered) - 1)
    return float(ordered[middle])


def placed(line: Line, angle: float) -> Placed:
    """A line in the frame of text that stands turned by ``angle`` degrees."""
    x1, y1, x2, y2 = _level(line, angle)
    return Placed(line, x1, y1, x2, y2)


def flattened(pieces: Sequence[Placed], angle: float) -> list[Placed]:
    """The pieces as on paper that lies flat: photographed pages have rows that rise on one side and fall on the other.

    The slope of the lines, as a function of where they stand, is fitted with a plane, the longer lines counting more; a row
    of short pieces far apart is found again by the slope of its neighbours.
    """
    slopes = np.array([math.radians(quad_angle(_quad(piece.line)) - angle) for piece in pieces])
    slopes = (slopes + math.pi) % (2 * math.pi) - math.pi
    if len(pieces) < _FITTED or not slopes.any():
        return list(pieces)
    edges = np.array([[piece.x1, piece.y1, piece.x2, piece.y2] for piece in pieces])
    x, y = (edges[:, 0] + edges[:, 2]) / 2, (edges[:, 1] + edges[:, 3]) / 2
    x, y = x - x.mean(), y - y.mean()
    length = edges[:, 2] - edges[:, 0]
    scale = max(float(np.abs(x).max()), float(np.abs(y).max()), 1.0)
    known = np.stack([np.ones_like(x), x / scale, y / scale], axis=1)
    weighted = known * length[:, None]
    ridge = _RIDGE * float((length**2).mean()) * np.eye(3)
    level, by_x, by_y = np.linalg.solve(weighted.T @ weighted + ridge, weighted.T @ (slopes * length))
    rise = (level + by_y * y / scale) * x + by_x * x**2 / (2 * scale)
    return [replace(piece, y1=piece.y1 - up, y2=piece.y2 - up) for piece, up in zip(pieces, rise.tolist(), strict=True)]


def is_turned(line: Line, angle: float) -> bool:
    """Whether a line runs in another direction than the page's text, such as a note along its margin."""
    return abs((quad_angle(_quad(line)) - angle + 180) % 360 - 180) > 45


def split_at_columns(line: Line, angle: float) -> list[Line]:
    """The parts of a line between gaps of a column's width; most lines are one."""
    height = max(placed(line, angle).height, 1.0)
    groups: list[list[Word]] = [[line.words[0]]]
    for before, word in pairwise(line.words):
        if _level(word, angle)[0] - _level(before, angle)[2] > COLUMN_GAP * height:
            groups.append([])
        groups[-1].append(word)
    return [line] if len(groups) == 1 else [line_of(group) for group in groups]


def join_pieces(row: Sequence[Placed]) -> list[Line]:
    """The lines of a row, from left to right, with the pieces of one line put together."""
    joined: list[list[Placed]] = []
    for piece in sorted(row, key=lambda one: one.x1):
        if joined and _near(joined[-1][-1], piece, SAME_LINE):
            joined[-1].append(piece)
        else:
            joined.append([piece])
    return [
        pieces[0].line if len(pieces) == 1 else line_of([word for piece in pieces for word in piece.line.words])
        for pieces in joined
    ]


def _near(before: Placed, piece: Placed, most: float) -> bool:
    """Whether a piece begins behind another at a distance of less than ``most`` heights, and is about as high."""
    low, high = sorted((before.height, piece.height))
    return -low < piece.x1 - before.x2 < most * low and high <= _ALIKE * low


def lines_of(words: Sequence[Word]) -> list[Line]:
    """Words that stand beside each other as lines, in no order; for engines that tell no lines."""
    angle = text_angle([line_of([word]) for word in words])
    open_lines: list[list[Placed]] = []
    for piece in sorted((placed(line_of([word]), angle) for word in words), key=lambda one: one.x1):
        near = [line for line in open_lines if line[-1].shares_row(piece) and _near(line[-1], piece, WORD_GAP)]
        if near:
            max(near, key=lambda line: line[-1].x2).append(piece)
        else:
            open_lines.append([piece])
    return [line_of([word for piece in line for word in piece.line.words]) for line in open_lines]


def line_of(words: Sequence[Word]) -> Line:
    """A line of words that stand beside each other, in their order; its score is the mean of theirs by characters."""
    quad = enclosing([polygon_quad(word.quad, word.box) for word in words])
    counts = [len(word.text) for word in words]
    score = sum(word.score * count for word, count in zip(words, counts, strict=True)) / sum(counts)
    return Line(tuple(words), quad_box(quad), score, quad_polygon(quad))


def _level(one: Line | Word, angle: float) -> tuple[float, float, float, float]:
    """Left, upper, right and lower edge in the frame of text that stands turned by ``angle`` degrees."""
    if angle == 0 and one.quad is None:
        return one.box.xyxy
    points = straightened(polygon_quad(one.quad, one.box), angle)
    (x1, y1), (x2, y2) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x1, y1, x2, y2


def _quad(line: Line) -> Quad:
    return polygon_quad(line.quad, line.box)
