"""``min_pixels`` and ``max_pixels`` in the words of each picture processor, or done to the picture before it.

Processors bound the size of what a model sees in many ways: an area, a longest side, a number of tiles or of tokens, a
list of canvases, or not at all. Which class does what stands in ``RULES``; what a class's checkpoint allows is read from
its own settings. What counts is the picture that the model sees in detail, whether in one piece or in tiles, padding
included; an overview that some models get beside it does not.

Read in transformers 5.23, ``models/*/image_processing_*.py``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from extraction.errors import OptionError
from extraction.picture_bounds import Asked, Fitting, Size, as_given, at_least, before, choice, fixed, side_of

Rule: TypeAlias = Callable[[Asked], Fitting]


def fit(processor: Any, sizes: Sequence[Size], *, min_pixels: int | None, max_pixels: int | None) -> Fitting:
    """How pictures are given to a processor so that the model sees no fewer and no more pixels of each.

    Args:
        processor: The model's processor.
        sizes: (width, height) of the pictures, in pixels.
        min_pixels: Least pixels of what the model sees of a picture; None for any number.
        max_pixels: Most pixels.

    Raises:
        OptionError: This model cannot see so few, or so many, pixels; or the bounds contradict each other.
    """
    if min_pixels is not None and max_pixels is not None and min_pixels > max_pixels:
        raise OptionError(f"min_pixels={min_pixels} is above max_pixels={max_pixels}")
    if not sizes or (min_pixels is None and max_pixels is None):
        return Fitting(tuple(sizes))
    asked = Asked(processor, tuple(sizes), min_pixels, max_pixels)
    return _rule_for(processor.image_processor)(asked)


# --- bounds that the processor has a setting for ---------------------------------------------------------------------


def _areas(asked: Asked, *, frames: str | None = None) -> Fitting:
    """``size`` with two areas, whatever its keys are called; some count each picture as the frames of a video's patch."""
    times = asked[frames] if frames else 1
    size = asked["size"]
    unit = (asked["patch_size"] or 1) * (asked["merge_size"] or 1)
    if asked.high is not None and asked.high < unit * unit:
        asked.refuse_high(unit * unit, f"this model sees pictures in pieces of {unit} x {unit} pixels")
    low = times * asked.low if asked.low is not None else side_of(size, "shortest_edge")
    high = times * asked.high if asked.high is not None else side_of(size, "longest_edge")
    if low is None or high is None:
        return as_given(asked)
    # What is above the highest area is rounded down to whole pieces, what is below the lowest one up.
    if asked.low is None:
        low = min(low, *(times * max(1, pixels) for pixels in _with_margin(asked.sizes, high // times, -unit)))
    elif asked.high is None:
        high = max(high, *(times * pixels for pixels in _with_margin(asked.sizes, asked.low, unit)))
    return Fitting(asked.sizes, {"size": {"shortest_edge": low, "longest_edge": high}})


def _with_margin(sizes: Sequence[Size], pixels: int, margin: int) -> Iterator[int]:
    """So many pixels in the shape of each picture, with sides that are longer by a margin: the pixels then."""
    for width, height in sizes:
        factor = math.sqrt(pixels / (width * height))
        yield math.ceil(max(0.0, width * factor + margin) * max(0.0, height * factor + margin))


def _tiles(
    asked: Asked,
    *,
    most: str,
    least: str | None = None,
    tile: str = "size",
    switch: str | None = None,
    count: Callable[[Asked, Size, int], int] | None = None,
) -> Fitting:
    """A number of tiles of one size.

    Args:
        asked: What is asked.
        most: The setting for the most tiles; only ``min_pixels`` raises it above what the checkpoint says.
        least: The setting for the least; without one, pictures are enlarged before.
        tile: The setting for a tile's size.
        switch: The setting that says whether there are tiles at all.
        count: How many tiles a picture of some size gets, of a most; without it, as many as cover its area.
    """
    if switch is not None and not asked[switch]:
        return fixed(asked, tile)
    area, settings = asked.area(tile), {}
    configured = asked[most]
    if asked.high is not None:
        if asked.high < area:
            width, height = asked.sides(tile)
            asked.refuse_high(area, f"this model sees a picture as one tile of {width} x {height} pixels or more")
        settings[most] = min(configured, asked.high // area)
        if least is not None:
            settings[least] = min(asked[least], settings[most])
    if asked.low is None:
        return Fitting(asked.sizes, settings)
    if least is None:
        highest = settings.get(most, configured)
        counted = count or (lambda _, size, most: min(most, -(-size[0] * size[1] // area)))
        sizes = before(asked, canvas=lambda asked, size: area * counted(asked, size, highest)).sizes
        return Fitting(sizes, settings)
    needed = -(-asked.low // area)
    settings[most] = max(settings.get(most, configured), needed)
    if asked.high is not None and settings[most] * area > asked.high:
        asked.refuse_low(asked.high // area * area, f"whole tiles of {area} pixels are above max_pixels={asked.high}")
    return Fitting(asked.sizes, {**settings, least: max(asked[least], needed)})


def _pieces(
    asked: Asked,
    *,
    most: str,
    least: str | None = None,
    sides: Sequence[str] = ("patch_size",),
    filled: bool = False,
) -> Fitting:
    """A number of small pieces, patches or tokens.

    Args:
        asked: What is asked.
        most: The setting for the most pieces.
        least: The setting for the least; without one, pictures are enlarged before.
        sides: The settings whose product is a piece's side.
        filled: Whether every picture is enlarged to the most.
    """
    area = math.prod(asked.sides(name)[0] for name in sides if asked[name]) ** 2
    settings = {}
    if asked.high is not None:
        if asked.high < area:
            asked.refuse_high(area, f"this model sees pictures in pieces of {area} pixels")
        settings[most] = min(asked[most], asked.high // area)
    if asked.low is None:
        return Fitting(asked.sizes, settings)
    if asked.low > asked[most] * area:
        asked.refuse_low(asked[most] * area, f"this model sees at most {asked[most]} pieces of {area} pixels")
    if least is not None:
        return Fitting(asked.sizes, {**settings, least: max(asked[least], -(-asked.low // area))})
    return Fitting(asked.sizes if filled else at_least(asked.sizes, asked.low), settings)


def _soft_tokens(asked: Asked) -> Fitting:
    """Gemma 4: one of five numbers of tokens, filled by every picture as far as its aspect lets it."""
    patch, pool, configured = asked["patch_size"], asked["pooling_kernel_size"], asked["max_soft_tokens"]
    resized = asked.function("get_aspect_ratio_preserving_size")
    choices = asked.function("_SUPPORTED_SOFT_TOKENS")

    def canvas(size: Size, tokens: int) -> int:
        return math.prod(resized(size[1], size[0], patch, tokens * pool * pool, pool))

    tokens = choice(asked, choices, configured, canvas)
    return Fitting(asked.sizes, {"max_soft_tokens": tokens})


def _longest_side(asked: Asked) -> Fitting:
    """Idefics3 and its kin: every picture is brought to one longest side, then cut into tiles of ``max_image_size``."""
    tile = asked.sides("max_image_size")[0]
    if not asked["do_image_splitting"]:
        return fixed(asked, "max_image_size")
    configured = -(-asked.sides("size")[0] // tile)

    def canvas(size: Size, tiles: int) -> int:
        short, long = sorted(size)
        return tiles * tile * tile * -(-max(1, int(tiles * tile * short / long)) // tile)

    tiles = choice(asked, range(1, max(configured, _ROWS) + 1), configured, canvas)
    return Fitting(asked.sizes, {} if tiles == configured else {"size": {"longest_edge": tiles * tile}})


_ROWS = 6
"""Tiles side by side for which the tokenizers of Idefics3 and its kin have names (``<row_6_col_6>``)."""


# --- bounds that only the picture itself can meet --------------------------------------------------------------------


def _capped_canvas(asked: Asked, size: Size) -> int:
    """Pixtral: a picture's own size, up to a longest side, in whole patches."""
    patch = asked.sides("patch_size")[0]
    if isinstance(own := getattr(asked.processor, "patch_size", None), int):  # which it gives to its picture part
        patch = own * int(getattr(asked.processor, "spatial_merge_size", 1))
    factor = min(1.0, asked.sides("size")[0] / max(size))
    width, height = (math.ceil(max(1, math.floor(side * factor)) / patch) * patch for side in size)
    return width * height


def _between_sides_canvas(asked: Asked, size: Size) -> int:
    """Idefics2: a picture's own size, up to a longest side, and from a shortest one on."""
    low, high = side_of(asked["size"], "shortest_edge") or 1, side_of(asked["size"], "longest_edge") or max(size)
    factor = min(1.0, high / max(size))
    width, height = (max(low, int(side * factor)) for side in size)
    return width * height * (4 if asked["do_image_splitting"] else 1)


def _inside_canvas(asked: Asked, size: Size) -> int:
    """Fuyu: a picture's own size, up to a largest frame, in whole patches."""
    (width, height), (patch_width, patch_height) = asked.sides("size"), asked.sides("patch_size")
    factor = min(1.0, width / size[0], height / size[1])
    columns, rows = math.ceil(size[0] * factor / patch_width), math.ceil(size[1] * factor / patch_height)
    return columns * rows * patch_width * patch_height


def _listed_canvas(asked: Asked, size: Size, *, names: str) -> int:
    """LLaVA-NeXT and its kin: the canvas of a list that loses and wastes least. The model itself has the same list."""
    from transformers.image_processing_utils import select_best_resolution

    return math.prod(select_best_resolution((size[1], size[0]), asked[names]))


def _tiled_canvas(asked: Asked, size: Size) -> int:
    """Mllama: the tiles that hold the picture. The model tells their number of rows and columns by a table of its own."""
    tile = asked.sides("size")[1]
    chosen = asked.function("get_optimal_tiled_canvas")(size[1], size[0], asked["max_image_tiles"], tile)
    return math.prod(map(int, chosen))


def _slices(asked: Asked, size: Size, most: int) -> int:
    """MiniCPM-V: about as many slices as cover the picture, in rows and columns of its shape."""
    grid = asked.processor.image_processor.get_sliced_grid((size[1], size[0]), most, asked["scale_resolution"])
    return math.prod(grid or (1,))


def _cohere_tiles(asked: Asked, size: Size, most: int) -> int:
    """Cohere2 Vision: the tiles that need the picture enlarged least."""
    grid = asked.function("get_optimal_tiled_canvas")((size[1], size[0]), asked.sides("size")[::-1], 1, most)
    return int(math.prod(grid))


def _ovis(asked: Asked) -> Fitting:
    """Ovis2: the fewest tiles that show nearly all of the picture at its own size, or as many as asked for."""
    if not asked["use_covering_area_grid"]:
        return _PATCHES(asked)

    def count(asked: Asked, size: Size, most: int) -> int:
        grid = asked.function("get_min_tile_covering_grid")((size[1], size[0]), asked.sides("size")[0], most)
        return int(math.prod(grid))

    return _tiles(asked, most="max_patches", switch="crop_to_patches", count=count)


def _aria(asked: Asked) -> Fitting:
    if not asked["split_image"]:
        return fixed(asked, "max_image_size")
    return before(asked, canvas=functools.partial(_listed_canvas, names="split_resolutions"))


# --- which class does what -------------------------------------------------------------------------------------------

_FRAMES = functools.partial(_areas, frames="temporal_patch_size")
_PATCHES = functools.partial(_tiles, most="max_patches", least="min_patches", switch="crop_to_patches")
_LOCAL_PATCHES = functools.partial(_PATCHES, tile="tile_size")
_SLICES = functools.partial(_tiles, most="max_slice_nums", tile="scale_resolution", switch="slice_mode", count=_slices)
_PINPOINTS = functools.partial(before, canvas=functools.partial(_listed_canvas, names="image_grid_pinpoints"))
_FILLED = functools.partial(_pieces, most="max_patches", filled=True)
_MERGED = functools.partial(
    _pieces,
    most="max_image_tokens",
    least="min_image_tokens",
    sides=("patch_size", "merge_size", "patch_expand_factor"),
)

RULES: Mapping[str, Rule] = {
    # Areas.
    "CohereCompassImageProcessor": _areas,
    "Ernie4_5_VLMoeImageProcessor": _areas,
    "HunYuanVLImageProcessor": _areas,
    "MiniMaxM3VLImageProcessor": _areas,
    "PaddleOCRVLImageProcessor": _areas,
    "Qwen2VLImageProcessor": _areas,
    "VideoLlama3ImageProcessor": _areas,
    "Cosmos3EdgeImageProcessor": _FRAMES,
    "Glm46VImageProcessor": _FRAMES,
    "Glm4vImageProcessor": _FRAMES,
    "GlmgaImageProcessor": _FRAMES,
    # Numbers of tiles.
    "Cohere2VisionImageProcessor": functools.partial(
        _tiles, most="max_patches", switch="crop_to_patches", count=_cohere_tiles
    ),
    "DeepseekOcr2ImageProcessor": _LOCAL_PATCHES,
    "GotOcr2ImageProcessor": _PATCHES,
    "GraniteDoclingImageProcessor": _PATCHES,
    "Llama4ImageProcessor": functools.partial(_tiles, most="max_patches"),
    "MiniCPMOcrImageProcessor": _SLICES,
    "MiniCPMV4_6ImageProcessor": _SLICES,
    "Molmo2ImageProcessor": functools.partial(_tiles, most="max_crops"),
    "Ovis2ImageProcessor": _ovis,
    "PerceptionLMImageProcessor": functools.partial(_tiles, most="max_num_tiles", tile="tile_size"),
    "UnlimitedOcrImageProcessor": _LOCAL_PATCHES,
    # Numbers of patches and tokens.
    "Gemma4ImageProcessor": _soft_tokens,
    "Gemma4UnifiedImageProcessor": _soft_tokens,
    "Glm5NextImageProcessor": _MERGED,
    "Kimi_K25ImageProcessor": functools.partial(_pieces, most="max_patches"),
    "Kosmos2_5ImageProcessor": _FILLED,
    "MuseGlimmerImageProcessor": functools.partial(
        _pieces, most="max_image_tokens", sides=("patch_size", "merge_size")
    ),
    "NemotronH_Omni_Reasoning_V3ImageProcessor": functools.partial(
        _pieces, most="max_num_patches", least="min_num_patches"
    ),
    "Pix2StructImageProcessor": _FILLED,
    # Longest sides, and canvases that the picture's own size decides on.
    "AriaImageProcessor": _aria,
    "FuyuImageProcessor": functools.partial(before, canvas=_inside_canvas),
    "Idefics2ImageProcessor": functools.partial(before, canvas=_between_sides_canvas),
    "Idefics3ImageProcessor": _longest_side,
    "LlavaNextImageProcessor": _PINPOINTS,
    "LlavaOnevisionImageProcessor": _PINPOINTS,
    "MllamaImageProcessor": functools.partial(before, canvas=_tiled_canvas),
    "PixtralImageProcessor": functools.partial(before, canvas=_capped_canvas),
    "SmolVLMImageProcessor": _longest_side,
    # One size for every picture.
    "BlipImageProcessor": fixed,
    "CLIPImageProcessor": fixed,
    "ChameleonImageProcessor": fixed,
    "DeepseekVLHybridImageProcessor": functools.partial(fixed, name="high_res_size"),
    "DeepseekVLImageProcessor": fixed,
    "Gemma3ImageProcessor": fixed,
    "IdeficsImageProcessor": fixed,
    "JanusImageProcessor": fixed,
    "LlavaImageProcessor": fixed,
    "PPChart2TableImageProcessor": fixed,
    "SiglipImageProcessor": fixed,
}
"""What each class of picture processor does, by its name without the ending for its back end."""


def _rule_for(image_processor: Any) -> Rule:
    """The rule of a picture processor: of its class, or of the one that it is derived from; else by what it is set to."""
    for kind in type(image_processor).__mro__:
        name = kind.__name__.removesuffix("Pil").removesuffix("Fast")
        if name in RULES:
            return RULES[name]
    takes = getattr(getattr(image_processor, "valid_kwargs", None), "__annotations__", {})
    return _areas if "max_pixels" in takes else as_given
