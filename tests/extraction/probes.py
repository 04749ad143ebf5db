"""A picture that tells where it is: the gradient probe of picture processors.

Red grows from left to right, green from top to bottom, blue is full everywhere. Whatever a processor does with such a
picture, a straight line through the red of what comes out tells where the left and right edge of the whole picture lie,
and blue tells the picture from its padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

Pixels = np.ndarray[Any, Any]  # height x width x 3, 0..1
Reader = Callable[[Any, Mapping[str, Any], int], Pixels]


Shares = tuple[float, float]


def gradient(size: tuple[int, int], shares: Shares = (1.0, 1.0)) -> Image.Image:
    """The picture that tells where it is, (width, height) in pixels.

    Colours run over the middle ``shares`` of width and height only, which tells more of what is cropped to its middle.
    """
    pixels = np.full((size[1], size[0], 3), 255, np.uint8)
    for axis, share in enumerate(shares):
        side, other = size[axis], size[1 - axis]
        values = (((np.arange(side) + 0.5) / side - 0.5) / share + 0.5).clip(0, 1) * 255
        dither = (np.arange(other) * 0.618) % 1  # so that the mean over the other axis is what 8 bits cannot say
        levels = np.floor(values[None] + dither[:, None]).clip(0, 255)
        pixels[..., axis] = levels if axis == 0 else levels.T
    return Image.fromarray(pixels)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a canvas shows: its size, where the edges of the whole picture lie, and which share of its sides is seen."""

    size: tuple[int, int]
    content: tuple[float, float, float, float]
    seen: Shares


def measure(pixels: Pixels, shares: Shares = (1.0, 1.0)) -> Measured:
    """Fit red against x and green against y, away from borders, where resampling flattens or mixes them."""
    height, width = pixels.shape[:2]
    inside: np.ndarray[Any, Any] = pixels[..., 2] > 0.5
    columns, rows = _inner(np.any(inside, axis=0)), _inner(np.any(inside, axis=1))
    edges, seen = [], []
    for channel, (kept, across, share) in enumerate(((columns, rows, shares[0]), (rows, columns, shares[1]))):
        values = pixels[..., channel].mean(axis=channel, where=_band(pixels.shape, across, channel))
        kept = kept[(values[kept] > 0.06) & (values[kept] < 0.94)]
        slope, start = np.polyfit(kept + 0.5, values[kept], 1)
        edges.append([(0.5 + half / share - start) / slope for half in (-0.5, 0.5)])
        seen.append(min(1.0, float(np.ptp(values[kept])) * share / 0.85))
    (left, right), (top, bottom) = edges
    return Measured((width, height), (left, top, right, bottom), (seen[0], seen[1]))


def _inner(inside: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The indices of what is inside, without up to three at each end."""
    indices = np.flatnonzero(inside)
    border = min(3, len(indices) // 4)
    return indices[border : len(indices) - border]


def _band(shape: tuple[int, ...], kept: np.ndarray[Any, Any], axis: int) -> np.ndarray[Any, Any]:
    """True in the rows (axis 0 is averaged over them) or columns that are kept."""
    flags = np.zeros(shape[axis], bool)
    flags[kept] = True
    return flags[:, None] if axis == 0 else flags[None, :]


def restored(image_processor: Any, values: Any) -> Pixels:
    """Pixels as they came out (3 x height x width), with their normalisation undone: height x width x 3, 0..1."""
    pixels = np.asarray(values, np.float32).transpose(1, 2, 0)
    if image_processor.do_normalize:
        pixels = pixels * np.float32(image_processor.image_std) + np.float32(image_processor.image_mean)
    return pixels / (255 * image_processor.rescale_factor) if image_processor.do_rescale else pixels / 255


def part(number: int) -> Reader:
    """One of the parts that each picture became: its only one, its first (0) or its last (-1)."""

    def read(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
        values = np.asarray(outputs["pixel_values"])
        if values.ndim == 5 and len(values) > 1:
            return restored(image_processor, values[index][number])
        values = values.reshape(-1, *values.shape[-3:])
        return restored(image_processor, values[index if number == 0 else number])

    return read


first_part: Reader = part(0)
last_part: Reader = part(-1)


def stitched(rows_and_columns: Callable[[Any, Mapping[str, Any], int], tuple[int, int]]) -> Reader:
    """Tiles put together again."""

    def read(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
        rows, columns = rows_and_columns(image_processor, outputs, index)
        tiles = np.asarray(outputs["pixel_values"])
        tiles = (tiles[0, index] if tiles.ndim == 6 else tiles)[: rows * columns]
        height, width = tiles.shape[-2:]
        tiles = tiles.reshape(rows, columns, 3, height, width).transpose(2, 0, 3, 1, 4)
        return restored(image_processor, tiles.reshape(3, rows * height, columns * width))

    return read


def _own(grids: list[list[int]], index: int) -> slice:
    counts = [math.prod(grid) for grid in grids]
    return slice(sum(counts[:index]), sum(counts[: index + 1]))


def merged_patches(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
    """Patches in groups of merge_size squared (Qwen-VL and its kin), or row by row where the group is 1."""
    grids = np.asarray(outputs["image_grid_thw"]).tolist()
    (_, rows, columns), patch = grids[index], image_processor.patch_size
    group = 1 if "PaddleOCR" in type(image_processor).__name__ else image_processor.merge_size
    values = np.asarray(outputs["pixel_values"])[_own(grids, index)]
    shape = (rows // group, columns // group, group, group)
    order = (4, 0, 2, 5, 1, 3, 6)
    if "HunYuan" in type(image_processor).__name__:
        shape, order = (rows // group, group, columns // group, group), (4, 0, 1, 5, 2, 3, 6)
    if "Cosmos" in type(image_processor).__name__:
        values = values.reshape(len(values), patch * patch * 3, -1)[..., 0].reshape(*shape, patch, patch, 3)
        values = values.transpose(6, 0, 2, 4, 1, 3, 5)
    else:
        values = values.reshape(*shape, 3, -1, patch, patch)[..., 0, :, :].transpose(order)
    return restored(image_processor, values.reshape(3, rows * patch, columns * patch))


def raster_patches(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
    """Patches row by row, each height x width x 3, with x and y of each beside them (Gemma 4)."""
    columns, rows = np.asarray(outputs["image_position_ids"][index]).max(axis=0) + 1
    patch = image_processor.patch_size
    values = np.asarray(outputs["pixel_values"][index])[: rows * columns]
    values = values.reshape(rows, columns, patch, patch, 3).transpose(4, 0, 2, 1, 3)
    return restored(image_processor, values.reshape(3, rows * patch, columns * patch))


def numbered_patches(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
    """Patches that begin with their row and column, normalised by their own picture (Pix2Struct, Kosmos-2.5).

    Two channels that grow evenly from 0 to 255 beside one of 255 have the mean 170 and the standard deviation 85.
    """
    values = np.asarray(outputs["flattened_patches"][index])
    rows, columns = values[:, :2].max(axis=0).astype(int)
    patch = image_processor.patch_size
    values = values[: rows * columns, 2:].reshape(rows, columns, patch.height, patch.width, 3)
    values = values.transpose(4, 0, 2, 1, 3).reshape(3, rows * patch.height, columns * patch.width)
    return (values.transpose(1, 2, 0) * 85 + 170) / 255


def shaped_patches(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
    """Patches row by row, with their shape beside them (SigLIP 2)."""
    rows, columns = np.asarray(outputs["spatial_shapes"][index]).tolist()
    patch = image_processor.patch_size
    values = np.asarray(outputs["pixel_values"][index])[: rows * columns]
    values = values.reshape(rows, columns, patch, patch, 3).transpose(4, 0, 2, 1, 3)
    return restored(image_processor, values.reshape(3, rows * patch, columns * patch))


def sliced_patches(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
    """Columns of pixels of the whole picture, before those of its slices (MiniCPM-V)."""
    shapes = np.asarray(outputs["target_sizes"]).tolist()
    counts = outputs["num_patches_per_image"]
    first = sum(counts[:index])
    (rows, columns), patch = shapes[first], image_processor.patch_size
    start = sum(math.prod(shape) for shape in shapes[:first]) * patch
    values = np.asarray(outputs["pixel_values"])[0][..., start : start + rows * columns * patch]
    values = values.reshape(3, patch, rows, columns, patch).transpose(0, 2, 1, 3, 4)
    return restored(image_processor, values.reshape(3, rows * patch, columns * patch))


def sheet(image_processor: Any, outputs: Mapping[str, Any], index: int) -> Pixels:
    """What Fuyu's processor takes of a whole sheet: up to the end of the last patch that shows the picture."""
    pixels = restored(image_processor, np.asarray(outputs["images"][index])[0])
    patch = image_processor.patch_size
    height = math.ceil(int(outputs["image_unpadded_heights"][index][0]) / patch.height) * patch.height
    width = math.ceil(int(outputs["image_unpadded_widths"][index][0]) / patch.width) * patch.width
    return pixels[:height, :width]
