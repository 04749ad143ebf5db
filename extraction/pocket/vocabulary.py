"""The words that the pocket model knows: its labels and colours, and how they look."""

from __future__ import annotations

import colorsys
import math
import random
from dataclasses import dataclass

LABELS = ("circle", "square", "triangle", "star", "hexagon", "cross", "ring", "heart")
COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white")
GROUND_COLORS = (*COLORS, "gray", "brown")


@dataclass(frozen=True, slots=True)
class HsvRange:
    """What is called by one colour name: hue in degrees, saturation and value in 0..1, each as (low, high)."""

    hue: tuple[float, float]
    saturation: tuple[float, float]
    value: tuple[float, float]

    def sample(self, rng: random.Random) -> tuple[int, int, int]:
        """An sRGB colour of this range, 0..255 each."""
        hue = rng.uniform(*self.hue) % 360 / 360
        rgb = colorsys.hsv_to_rgb(hue, rng.uniform(*self.saturation), rng.uniform(*self.value))
        return round(255 * rgb[0]), round(255 * rgb[1]), round(255 * rgb[2])


# Chosen so that neighbouring names stay apart: nothing is drawn in the hues between them.
HSV_RANGES = {
    "red": HsvRange((-8, 8), (0.78, 1), (0.68, 1)),
    "orange": HsvRange((23, 38), (0.85, 1), (0.88, 1)),
    "yellow": HsvRange((49, 60), (0.72, 1), (0.88, 1)),
    "green": HsvRange((95, 150), (0.5, 1), (0.42, 0.88)),
    "blue": HsvRange((205, 240), (0.6, 1), (0.5, 1)),
    "purple": HsvRange((268, 300), (0.5, 1), (0.45, 0.85)),
    "pink": HsvRange((320, 350), (0.25, 0.6), (0.92, 1)),
    "black": HsvRange((0, 360), (0, 0.3), (0, 0.13)),
    "white": HsvRange((0, 360), (0, 0.05), (0.94, 1)),
    "gray": HsvRange((0, 360), (0, 0.06), (0.38, 0.75)),
    "brown": HsvRange((18, 30), (0.5, 0.75), (0.3, 0.5)),
}


def _regular(corners: int, turn: float, radius: float = 1.0) -> list[tuple[float, float]]:
    step = 2 * math.pi / corners
    return [(radius * math.cos(turn + i * step), radius * math.sin(turn + i * step)) for i in range(corners)]


def _heart() -> list[tuple[float, float]]:
    points = []
    for i in range(40):
        t = 2 * math.pi * i / 40
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((16 * math.sin(t) ** 3 / 17, -y / 17))
    return points


_ARM = 0.32  # half the width of a cross's arm, in radii
_CROSS = [
    *((-_ARM, -1), (_ARM, -1), (_ARM, -_ARM), (1, -_ARM), (1, _ARM), (_ARM, _ARM)),
    *((_ARM, 1), (-_ARM, 1), (-_ARM, _ARM), (-1, _ARM), (-1, -_ARM), (-_ARM, -_ARM)),
]
_STAR_NOTCH = 0.42  # inner radius of a star over its outer one


def outline(label: str, turn: float) -> list[tuple[float, float]]:
    """The corners of a shape of radius 1 around (0, 0), turned by ``turn`` radians, y pointing down.

    A ring has the outline of a circle; its hole is cut by who draws it.

    Raises:
        KeyError: The label is none of ``LABELS``.
    """
    if label in ("circle", "ring"):
        return _regular(48, 0.0)
    if label in ("square", "triangle", "hexagon"):
        corners, offset = {"square": (4, math.pi / 4), "triangle": (3, -math.pi / 2), "hexagon": (6, 0.0)}[label]
        return _regular(corners, turn + offset)
    if label == "star":
        outer = _regular(5, turn - math.pi / 2)
        inner = _regular(5, turn - math.pi / 2 + math.pi / 5, _STAR_NOTCH)
        return [point for pair in zip(outer, inner, strict=True) for point in pair]
    points = {"cross": _CROSS, "heart": _heart()}[label]
    cos, sin = math.cos(turn), math.sin(turn)
    return [(x * cos - y * sin, x * sin + y * cos) for x, y in points]
