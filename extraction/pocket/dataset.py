"""Scenes rendered once into memory-mapped shards, so that training does not wait for the painter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from extraction.pocket.scenes import DrawnScene, SceneConfig, Shape, draw_scene
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS

IMAGE_SIDE = 224
MAX_SHAPES = 8
EVALUATION_SEED = 3_000_000_000  # training seeds count up from 0 and never get here

FloatArray = NDArray[np.float32]


def to_model_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The picture as the processor hands it to the tower before normalisation: stretched, side x side x 3."""
    return np.asarray(image.resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BILINEAR))


@dataclass(frozen=True, slots=True)
class Truth:
    """What is in one stretched picture: labels and colours by index, boxes xyxy in 0..1; ground -1 where unnamed."""

    objects: FloatArray  # n x 6: label, color, x1, y1, x2, y2
    ground: int
    dominant: tuple[int, ...]

    @staticmethod
    def of(scene: DrawnScene) -> Truth:
        """The truth of a scene, relative to its picture."""
        width, height = scene.image.size
        rows = [_row(shape, width, height) for shape in scene.shapes]
        return Truth(
            np.array(rows, np.float32).reshape(-1, 6),
            GROUND_COLORS.index(scene.ground) if scene.ground else -1,
            tuple(GROUND_COLORS.index(name) for name in scene.dominant),
        )

    def turned(self, flip_x: bool, flip_y: bool, transpose: bool) -> Truth:
        """The truth of the picture mirrored left-right, then top-bottom, then with its axes swapped."""
        rows = self.objects.copy()
        if flip_x:
            rows[:, [2, 4]] = 1 - rows[:, [4, 2]]
        if flip_y:
            rows[:, [3, 5]] = 1 - rows[:, [5, 3]]
        if transpose:
            rows = rows[:, [0, 1, 3, 2, 5, 4]]
        return Truth(rows, self.ground, self.dominant)


def _row(shape: Shape, width: int, height: int) -> list[float]:
    x1, y1, x2, y2 = shape.box
    return [
        LABELS.index(shape.label),
        COLORS.index(shape.color),
        x1 / width,
        y1 / height,
        x2 / width,
        y2 / height,
    ]


def write_shard(folder: Path, index: int, count: int, first_seed: int, config: SceneConfig) -> None:
    """Renders ``count`` scenes into ``folder``; a shard appears whole or not at all."""
    done = folder / f"{index:04d}.json"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{index:04d}.partial"
    pixels = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(count, IMAGE_SIDE, IMAGE_SIDE, 3))
    rows = []
    for i in range(count):
        scene = draw_scene(first_seed + i, config)
        truth = Truth.of(scene)
        pixels[i] = to_model_pixels(scene.image)
        rows.append([truth.objects.round(5).tolist(), truth.ground, truth.dominant])
    pixels.flush()
    partial.rename(folder / f"{index:04d}.npy")
    temporary = folder / f"{index:04d}.json.partial"
    temporary.write_text(json.dumps(rows), encoding="utf-8")
    temporary.rename(done)


class Shards:
    """The finished shards of a folder as one collection."""

    def __init__(self, folder: Path) -> None:
        self._pixels: list[NDArray[np.uint8]] = []
        self._truths: list[list[Truth]] = []
        for path in sorted(folder.glob("*.json")):
            self._pixels.append(np.load(path.with_suffix(".npy"), mmap_mode="r"))
            rows = json.loads(path.read_text(encoding="utf-8"))
            self._truths.append(
                [Truth(np.array(o, np.float32).reshape(-1, 6), ground, tuple(dom)) for o, ground, dom in rows]
            )

    def __len__(self) -> int:
        return sum(len(truths) for truths in self._truths)

    def get(self, index: int) -> tuple[NDArray[np.uint8], Truth]:
        """One picture, side x side x 3, with its truth."""
        for pixels, truths in zip(self._pixels, self._truths, strict=True):
            if index < len(truths):
                return pixels[index], truths[index]
            index -= len(truths)
        raise IndexError(index)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[Truth]]:
        """Random pictures, each in one of its eight orientations: count x side x side x 3, and their truths."""
        pictures, truths = [], []
        for index in rng.integers(0, len(self), count):
            pixels, truth = self.get(int(index))
            flip_x, flip_y, transpose = (bool(b) for b in rng.integers(0, 2, 3))
            pixels = pixels[:, ::-1] if flip_x else pixels
            pixels = pixels[::-1] if flip_y else pixels
            pictures.append(pixels.transpose(1, 0, 2) if transpose else pixels)
            truths.append(truth.turned(flip_x, flip_y, transpose))
        return np.stack(pictures), truths
