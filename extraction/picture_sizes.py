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
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias

from extraction.errors import OptionError

Size: TypeAlias = tuple[int, int]

_STEP = 0.995  # from one size that is tried to the next; a picture loses at most 1 % of its pixels more than it must
_ENLARGED = 64.0  # how many times a side may grow


@dataclass(frozen=True, slots=True)
class Fitting:
    """What is done with the pictures of one call so that bounds hold; the processor itself stays as it is.

    Attributes:
        sizes: (width, height) to bring each picture to before the processor gets it.
        settings: Settings of the picture processor for this call.
    """

    sizes: tuple[Size, ...]
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


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
    asked = _Asked(processor, tuple(sizes), min_pixels, max_pixels)
    return _rule_for(processor.image_processor)(asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The bounds of a call, the sizes of its pictures, and the processor's settings."""

    processor: Any
    sizes: tuple[Size, ...]
    low: int | None
    high: int | None

    def __getitem__(self, name: str) -> Any:
        """A setting as the processor will use it: what a whole processor presets counts before its picture part's."""
        preset = getattr(self.processor, "images_kwargs", None)
        if isinstance(preset, Mapping) and name in preset:
            return preset[name]
        return getattr(self.processor.image_processor, name, None)

    def function(self, name: str) -> Any:
        """A function of the module in which the picture processor is written."""
        return getattr(sys.modules[type(self.processor.image_processor).__module__], name)

    def sides(self, name: str) -> Size:
        """A setting that is a size, as (width, height): sides by name, one side for both, or a plain number."""
        value = self[name]
        if isinstance(value, int):
            return value, value
        for one in ("shortest_edge", "longest_edge"):
            if (side := _side(value, one)) is not None:
                return side, side
        return _side(value, "width") or 0, _side(value, "height") or 0

    def area(self, name: str) -> int:
        """The pixels of such a setting."""
        width, height = self.sides(name)
        return width * height

    def holds(self, pixels: int) -> bool:
        """Whether a picture of so many pixels is within the bounds."""
        return pixels >= (self.low or 0) and (self.high is None or pixels <= self.high)

    def refuse_high(self, least: int, why: str) -> NoReturn:
        raise OptionError(f"max_pixels={self.high} is too low: {why}", hint=f"{least} is the least that it can hold to")

    def refuse_low(self, most: int, why: str) -> NoReturn:
        raise OptionError(f"min_pixels={self.low} is too high: {why}", hint=f"{most} is the most that it can hold to")


def _side(value: Any, name: str) -> int | None:
    found = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return found if isinstance(found, int) else None


Rule: TypeAlias = Callable[[_Asked], Fitting]
Canvas: TypeAlias = Callable[[_Asked, Size], int]


# --- bounds that the processor has a setting for ---------------------------------------------------------------------


def _areas(asked: _Asked, *, frames: str | None = None) -> Fitting:
    """``size`` with two areas, whatever its keys are called; some count each picture as the frames of a video's patch."""
    times = asked[frames] if frames else 1
    size = asked["size"]
    unit = (asked["patch_size"] or 1) * (asked["merge_size"] or 1)
    if asked.high is not None and asked.high < unit * unit:
        asked.refuse_high(unit * unit, f"this model sees pictures in pieces of {unit} x {unit} pixels")
    low = times * asked.low if asked.low is not None else _side(size, "shortest_edge")
    high = times * asked.high if asked.high is not None else _side(size, "longest_edge")
    if low is None or high is None:
        return _as_given(asked)
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
    asked: _Asked,
    *,
    most: str,
    least: str | None = None,
    tile: str = "size",
    switch: str | None = None,
    count: Callable[[_Asked, Size, int], int] | None = None,
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
        return _fixed(asked, tile)
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
        sizes = _before(asked, canvas=lambda asked, size: area * counted(asked, size, highest)).sizes
        return Fitting(sizes, settings)
    needed = -(-asked.low // area)
    settings[most] = max(settings.get(most, configured), needed)
    if asked.high is not None and settings[most] * area > asked.high:
        asked.refuse_low(asked.high // area * area, f"whole tiles of {area} pixels are above max_pixels={asked.high}")
    return Fitting(asked.sizes, {**settings, least: max(asked[least], needed)})


def _pieces(
    asked: _Asked,
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
    return Fitting(asked.sizes if filled else _at_least(asked.sizes, asked.low), settings)


def _soft_tokens(asked: _Asked) -> Fitting:
    """Gemma 4: one of five numbers of tokens, filled by every picture as far as its aspect lets it."""
    patch, pool, configured = asked["patch_size"], asked["pooling_kernel_size"], asked["max_soft_tokens"]
    resized = asked.function("get_aspect_ratio_preserving_size")
    choices = asked.function("_SUPPORTED_SOFT_TOKENS")

    def canvas(size: Size, tokens: int) -> int:
        return math.prod(resized(size[1], size[0], patch, tokens * pool * pool, pool))

    tokens = _choice(asked, choices, configured, canvas)
    return Fitting(asked.sizes, {"max_soft_tokens": tokens})


def _longest_side(asked: _Asked) -> Fitting:
    """Idefics3 and its kin: every picture is brought to one longest side, then cut into tiles of ``max_image_size``."""
    tile = asked.sides("max_image_size")[0]
    if not asked["do_image_splitting"]:
        return _fixed(asked, "max_image_size")
    configured = -(-asked.sides("size")[0] // tile)

    def canvas(size: Size, tiles: int) -> int:
        short, long = sorted(size)
        return tiles * tile * tile * -(-max(1, int(tiles * tile * short / long)) // tile)

    tiles = _choice(asked, range(1, max(configured, _ROWS) + 1), configured, canvas)
    return Fitting(asked.sizes, {} if tiles == configured else {"size": {"longest_edge": tiles * tile}})


_ROWS = 6
"""Tiles side by side for which the tokenizers of Idefics3 and its kin have names (``<row_6_col_6>``)."""


def _choice(asked: _Asked, choices: Iterable[int], configured: int, canvas: Callable[[Size, int], int]) -> int:
    """The choice nearest to the checkpoint's own with which every picture is within the bounds.

    Args:
        asked: What is asked.
        choices: In ascending order.
        configured: The checkpoint's own.
        canvas: The pixels of a picture of some size with a choice; more with a higher one.
    """
    choices = list(choices)
    for choice in sorted(choices, key=lambda one: (abs(one - configured), -one)):
        if all(asked.holds(canvas(size, choice)) for size in asked.sizes):
            return choice
    least = max(canvas(size, choices[0]) for size in asked.sizes)
    most = min(canvas(size, choices[-1]) for size in asked.sizes)
    if asked.high is not None and asked.high < least:
        asked.refuse_high(least, "this model can see no smaller picture of this shape")
    if asked.low is not None and asked.low > most:
        asked.refuse_low(most, "this model can see no larger picture of this shape")
    raise OptionError(
        f"this model sees pictures at a few sizes, and none lies within min_pixels={asked.low} and "
        f"max_pixels={asked.high} for all pictures of the call",
        hint="leave one of them out",
    )


# --- bounds that only the picture itself can meet --------------------------------------------------------------------


def _before(asked: _Asked, *, canvas: Canvas) -> Fitting:
    """The processor chooses by the picture's own size: it is brought to one for which it chooses within the bounds."""
    return Fitting(tuple(_scaled(asked, size, canvas) for size in asked.sizes))


def _scaled(asked: _Asked, size: Size, canvas: Canvas) -> Size:
    """The size nearest to a picture's own, of the same aspect, whose canvas is within the bounds."""
    pixels = canvas(asked, size)
    if asked.holds(pixels):
        return size
    too_large = asked.high is not None and pixels > asked.high
    reached = pixels
    for tried in _smaller(size) if too_large else _larger(size):
        pixels = canvas(asked, tried)
        if asked.holds(pixels):
            return tried
        reached = min(reached, pixels) if too_large else max(reached, pixels)
    if too_large:
        asked.refuse_high(reached, f"this model sees a picture of this shape as {reached} pixels or more")
    return asked.refuse_low(reached, f"this model sees a picture of this shape as {reached} pixels at most")


def _smaller(size: Size) -> Iterator[Size]:
    factor = _STEP
    while max(size) * factor >= 1:
        yield max(1, int(size[0] * factor)), max(1, int(size[1] * factor))
        factor *= _STEP


def _larger(size: Size) -> Iterator[Size]:
    factor = 1 / _STEP
    while factor < _ENLARGED:
        yield math.ceil(size[0] * factor), math.ceil(size[1] * factor)
        factor /= _STEP


def _as_given(asked: _Asked) -> Fitting:
    """For processors that nothing is known about: the picture itself is brought within the bounds."""
    return _before(asked, canvas=lambda _, size: size[0] * size[1])


def _at_least(sizes: Sequence[Size], low: int) -> tuple[Size, ...]:
    """The sizes, those with fewer pixels enlarged."""
    result = []
    for width, height in sizes:
        factor = max(1.0, math.sqrt(low / (width * height)))
        result.append((math.ceil(width * factor), math.ceil(height * factor)))
    return tuple(result)


def _capped_canvas(asked: _Asked, size: Size) -> int:
    """Pixtral: a picture's own size, up to a longest side, in whole patches."""
    patch = asked.sides("patch_size")[0]
    if isinstance(own := getattr(asked.processor, "patch_size", None), int):  # which it gives to its picture part
        patch = own * int(getattr(asked.processor, "spatial_merge_size", 1))
    factor = min(1.0, asked.sides("size")[0] / max(size))
    width, height = (math.ceil(max(1, math.floor(side * factor)) / patch) * patch for side in size)
    return width * height


def _between_sides_canvas(asked: _Asked, size: Size) -> int:
    """Idefics2: a picture's own size, up to a longest side, and from a shortest one on."""
    low, high = _side(asked["size"], "shortest_edge") or 1, _side(asked["size"], "longest_edge") or max(size)
    factor = min(1.0, high / max(size))
    width, height = (max(low, int(side * factor)) for side in size)
    return width * height * (4 if asked["do_image_splitting"] else 1)


def _inside_canvas(asked: _Asked, size: Size) -> int:
    """Fuyu: a picture's own size, up to a largest frame, in whole patches."""
    (width, height), (patch_width, patch_height) = asked.sides("size"), asked.sides("patch_size")
    factor = min(1.0, width / size[0], height / size[1])
    columns, rows = math.ceil(size[0] * factor / patch_width), math.ceil(size[1] * factor / patch_height)
    return columns * rows * patch_width * patch_height


def _listed_canvas(asked: _Asked, size: Size, *, names: str) -> int:
    """LLaVA-NeXT and its kin: the canvas of a list that loses and wastes least. The model itself has the same list."""
    from transformers.image_processing_utils import select_best_resolution

    return math.prod(select_best_resolution((size[1], size[0]), asked[names]))


def _tiled_canvas(asked: _Asked, size: Size) -> int:
    """Mllama: the tiles that hold the picture. The model tells their number of rows and columns by a table of its own."""
    tile = asked.sides("size")[1]
    chosen = asked.function("get_optimal_tiled_canvas")(size[1], size[0], asked["max_image_tiles"], tile)
    return math.prod(map(int, chosen))


def _slices(asked: _Asked, size: Size, most: int) -> int:
    """MiniCPM-V: about as many slices as cover the picture, in rows and columns of its shape."""
    grid = asked.processor.image_processor.get_sliced_grid((size[1], size[0]), most, asked["scale_resolution"])
    return math.prod(grid or (1,))


def _cohere_tiles(asked: _Asked, size: Size, most: int) -> int:
    """Cohere2 Vision: the tiles that need the picture enlarged least."""
    grid = asked.function("get_optimal_tiled_canvas")((size[1], size[0]), asked.sides("size")[::-1], 1, most)
    return int(math.prod(grid))


def _ovis(asked: _Asked) -> Fitting:
    """Ovis2: the fewest tiles that show nearly all of the picture at its own size, or as many as asked for."""
    if not asked["use_covering_area_grid"]:
        return _PATCHES(asked)

    def count(asked: _Asked, size: Size, most: int) -> int:
        grid = asked.function("get_min_tile_covering_grid")((size[1], size[0]), asked.sides("size")[0], most)
        return int(math.prod(grid))

    return _tiles(asked, most="max_patches", switch="crop_to_patches", count=count)


def _aria(asked: _Asked) -> Fitting:
    if not asked["split_image"]:
        return _fixed(asked, "max_image_size")
    return _before(asked, canvas=functools.partial(_listed_canvas, names="split_resolutions"))


# --- no bounds at all ------------------------------------------------------------------------------------------------


def _fixed(asked: _Asked, name: str | None = None) -> Fitting:
    """Every picture is shown at one size: bounds hold already, or cannot."""
    chosen = name or ("crop_size" if asked["do_center_crop"] and asked["crop_size"] else "size")
    width, height = asked.sides(chosen)
    why = f"this model sees every picture as {width} x {height} pixels"
    if asked.high is not None and asked.high < width * height:
        asked.refuse_high(width * height, why)
    if asked.low is not None and asked.low > width * height:
        asked.refuse_low(width * height, why)
    return Fitting(asked.sizes)


# --- which class does what -------------------------------------------------------------------------------------------

_FRAMES = functools.partial(_areas, frames="temporal_patch_size")
_PATCHES = functools.partial(_tiles, most="max_patches", least="min_patches", switch="crop_to_patches")
_LOCAL_PATCHES = functools.partial(_PATCHES, tile="tile_size")
_SLICES = functools.partial(_tiles, most="max_slice_nums", tile="scale_resolution", switch="slice_mode", count=_slices)
_PINPOINTS = functools.partial(_before, canvas=functools.partial(_listed_canvas, names="image_grid_pinpoints"))
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
    "FuyuImageProcessor": functools.partial(_before, canvas=_inside_canvas),
    "Idefics2ImageProcessor": functools.partial(_before, canvas=_between_sides_canvas),
    "Idefics3ImageProcessor": _longest_side,
    "LlavaNextImageProcessor": _PINPOINTS,
    "LlavaOnevisionImageProcessor": _PINPOINTS,
    "MllamaImageProcessor": functools.partial(_before, canvas=_tiled_canvas),
    "PixtralImageProcessor": functools.partial(_before, canvas=_capped_canvas),
    "SmolVLMImageProcessor": _longest_side,
    # One size for every picture.
    "BlipImageProcessor": _fixed,
    "CLIPImageProcessor": _fixed,
    "ChameleonImageProcessor": _fixed,
    "DeepseekVLHybridImageProcessor": functools.partial(_fixed, name="high_res_size"),
    "DeepseekVLImageProcessor": _fixed,
    "Gemma3ImageProcessor": _fixed,
    "IdeficsImageProcessor": _fixed,
    "JanusImageProcessor": _fixed,
    "LlavaImageProcessor": _fixed,
    "PPChart2TableImageProcessor": _fixed,
    "SiglipImageProcessor": _fixed,
}
"""What each class of picture processor does, by its name without the ending for its back end."""


def _rule_for(image_processor: Any) -> Rule:
    """The rule of a picture processor: of its class, or of the one that it is derived from; else by what it is set to."""
    for kind in type(image_processor).__mro__:
        name = kind.__name__.removesuffix("Pil").removesuffix("Fast")
        if name in RULES:
            return RULES[name]
    takes = getattr(getattr(image_processor, "valid_kwargs", None), "__annotations__", {})
    return _areas if "max_pixels" in takes else _as_given
