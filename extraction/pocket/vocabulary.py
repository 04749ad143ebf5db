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
    "orange": HsvRange((23, 40), (0.85, 1), (0.88, 1)),
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


def _heart(plump: float) -> list[tuple[float, float]]:
    """A heart as one smooth curve; below 0.3 as two half circles on a square that stands on its corner."""
    if plump < 0.3:
        lobes = [(side * 0.5, math.radians(135 if side < 0 else 225)) for side in (-1, 1)]
        arcs = [
            (
                x + math.sqrt(0.5) * math.cos(start + math.pi * i / 12),
                math.sqrt(0.5) * math.sin(start + math.pi * i / 12) - 0.5,
            )
            for x, start in lobes
            for i in range(13)
        ]
        return [(0.83 * x, 0.83 * y + 0.08) for x, y in [(0.0, 1.0), *arcs]]
    points = []
    for i in range(40):
        t = 2 * math.pi * i / 40
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((16 * math.sin(t) ** 3 / 17, -y / 17 * (0.8 + 0.35 * plump)))
    return points


def _cross(arm: float) -> list[tuple[float, float]]:
    """A cross of radius 1; ``arm`` is half the width of its arms."""
    return [
        *((-arm, -1), (arm, -1), (arm, -arm), (1, -arm), (1, arm), (arm, arm)),
        *((arm, 1), (-arm, 1), (-arm, arm), (-1, arm), (-1, -arm), (-arm, -arm)),
    ]


def outline(label: str, turn: float, plump: float = 0.5) -> list[tuple[float, float]]:
    """The corners of a shape of radius 1 around (0, 0), turned by ``turn`` radians, y pointing down.

    A ring has the outline of a circle; its hole is cut by who draws it.

    Args:
        label: One of ``LABELS``.
        turn: Clockwise as seen, in radians.
        plump: 0..1, how thick a star's points and a cross's arms are, and which heart it is.

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
        inner = _regular(5, turn - math.pi / 2 + math.pi / 5, 0.34 + 0.16 * plump)
        return [point for pair in zip(outer, inner, strict=True) for point in pair]
    points = {"cross": _cross(0.24 + 0.16 * plump), "heart": _heart(plump)}[label]
    cos, sin = math.cos(turn), math.sin(turn)
    return [(x * cos - y * sin, x * sin + y * cos) for x, y in points]
