"""The grounds on which scenes are drawn: plain, gradient, noisy, textured, and blurred like a photograph's."""

from __future__ import annotations

import math
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from extraction.pocket.vocabulary import HSV_RANGES

FloatImage = NDArray[np.float32]


def paint_ground(
    color: str | None, size: tuple[int, int], rng: random.Random, noise: np.random.Generator
) -> FloatImage:
    """A ground as an array of height x width x 3, values 0..255 (not clipped).

    Args:
        color: The one colour name that the whole ground is called by; None paints a photograph-like mixture.
        size: (width, height) in pixels.
        rng: Draws the choices.
        noise: Draws the pixels' noise.
    """
    width, height = size
    if color is None:
        return _photograph(width, height, rng, noise)
    base = np.array(HSV_RANGES[color].sample(rng), np.float32)
    ground = np.broadcast_to(base, (height, width, 3)).astype(np.float32)
    kind = rng.choices(("plain", "gradient", "noise", "texture"), (0.3, 0.25, 0.2, 0.25))[0]
    if kind == "gradient":
        other = np.array(HSV_RANGES[color].sample(rng), np.float32)
        ramp = _ramp(width, height, rng.uniform(0, 2 * math.pi))[..., None]
        ground = base * (1 - ramp) + other * ramp
    elif kind == "noise":
        ground = ground + _noise(width, height, rng, noise)
    elif kind == "texture":
        sign = 1 if base.mean() < 128 else -1
        ground = ground + _texture(width, height, rng)[..., None] * sign
    return ground.astype(np.float32)


def _ramp(width: int, height: int, angle: float) -> FloatImage:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / max(width - 1, 1) - 0.5, y / max(height - 1, 1) - 0.5
    ramp: FloatImage = np.clip((x * math.cos(angle) + y * math.sin(angle)) / 1.4 + 0.5, 0, 1).astype(np.float32)
    return ramp


def _blotches(width: int, height: int, cells: int, noise: np.random.Generator) -> FloatImage:
    grid = noise.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _noise(width: int, height: int, rng: random.Random, noise: np.random.Generator) -> FloatImage:
    strength = rng.uniform(4, 16)
    if rng.random() < 0.5:
        channels = rng.choice((1, 3))
        return noise.standard_normal((height, width, channels)).astype(np.float32) * np.float32(strength)
    return _blotches(width, height, rng.choice((8, 12, 24, 48)), noise)[..., None] * np.float32(strength)


def _texture(width: int, height: int, rng: random.Random) -> FloatImage:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, period, strength = rng.uniform(0, math.pi), rng.uniform(6, 28), rng.uniform(4, 14)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = -x * math.sin(angle) + y * math.cos(angle)
    wave = np.sin(2 * math.pi * along / period)
    kind = rng.choice(("stripes", "waves", "grid", "dots"))
    if kind == "stripes":
        wave = np.sign(wave)
    elif kind == "grid":
        wave = 2.0 * (along % period < 1.6) + 2.0 * (across % period < 1.6)
    elif kind == "dots":
        wave = wave * np.sin(2 * math.pi * across / period)
    texture: FloatImage = (wave * strength).astype(np.float32)
    return texture


def _photograph(width: int, height: int, rng: random.Random, noise: np.random.Generator) -> FloatImage:
    """A smooth mixture of two or three dull colours with fine grain: what a blurred background looks like."""
    mixture = np.zeros((height, width, 3), np.float32)
    total = np.zeros((height, width, 1), np.float32)
    for _ in range(rng.randint(2, 3)):
        # Dull on purpose: the shapes' own colours are never mistaken for the ground's.
        level, tint = rng.uniform(60, 200), rng.uniform(4, 22)
        color = np.array([level + rng.uniform(-tint, tint) for _ in range(3)], np.float32)
        weight = np.exp(_blotches(width, height, rng.choice((3, 4, 6, 9)), noise) * 1.5)[..., None]
        mixture += weight * color
        total += weight
    grain = noise.standard_normal((height, width, 1)).astype(np.float32) * np.float32(rng.uniform(1, 6))
    return (mixture / total + grain).astype(np.float32)
