"""Picture processors as transformers' classes and published checkpoints set them, and how to look at what they return."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.extraction.probes import (
    Reader,
    merged_patches,
    numbered_patches,
    part,
    raster_patches,
    shaped_patches,
    sheet,
    sliced_patches,
    stitched,
)

THIN = ((30, 600), (600, 30))  # 1:20 and 20:1


@dataclass(frozen=True, slots=True)
class Configuration:
    """One setting of one picture processor.

    Attributes:
        name: What it stands for.
        model: The folder of transformers that defines the class.
        cls: The class, without "Pil".
        read: How to find the canvas in what it returns.
        settings: What differs from the defaults of the class.
        refused: Sizes of pictures that the processor itself refuses.
    """

    name: str
    model: str
    cls: str
    read: Reader = part(0)
    settings: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[tuple[int, int], ...] = ()

    def build(self) -> Any:
        """The picture processor."""
        module = importlib.import_module(f"transformers.models.{self.model}.image_processing_pil_{self.model}")
        return getattr(module, self.cls + "Pil")(**self.settings)


def _square(side: int) -> dict[str, Any]:
    return {"size": {"height": side, "width": side}}


def _pixels(low: int, high: int) -> dict[str, Any]:
    return {"size": {"shortest_edge": low, "longest_edge": high}}


def _mllama_tiles(image_processor: Any, outputs: Mapping[str, Any], index: int) -> tuple[int, int]:
    from transformers.models.mllama.image_processing_pil_mllama import get_all_supported_aspect_ratios

    rows_and_columns = get_all_supported_aspect_ratios(image_processor.max_image_tiles)
    return rows_and_columns[int(outputs["aspect_ratio_ids"][0][index]) - 1]


def _aria_tiles(image_processor: Any, outputs: Mapping[str, Any], index: int) -> tuple[int, int]:
    count = len(outputs["pixel_values"])
    return (1, count) if image_processor.split_resolutions[0][0] == 490 else (count, 1)


_DENSE = {**_pixels(4 * 28 * 28, 12_845_056)}
_NO_CROP = {"do_center_crop": False}
_PAGE = {"do_crop_margin": False}

CONFIGURATIONS = (
    # Stretched to one size
    Configuration("blip", "blip", "BlipImageProcessor"),
    Configuration("siglip", "siglip", "SiglipImageProcessor"),
    Configuration("paligemma-448", "siglip", "SiglipImageProcessor", settings=_square(448)),
    Configuration("florence-2", "clip", "CLIPImageProcessor", settings=_square(768) | _NO_CROP),
    Configuration("kosmos-2", "clip", "CLIPImageProcessor", settings={"use_square_size": True}),
    Configuration("gemma-3", "gemma3", "Gemma3ImageProcessor"),
    Configuration("gemma-3-896", "gemma3", "Gemma3ImageProcessor", settings=_square(896)),
    Configuration("chart-to-table", "pp_chart2table", "PPChart2TableImageProcessor", settings=_square(512)),
    Configuration("idefics", "idefics", "IdeficsImageProcessor"),
    Configuration("vit", "vit", "ViTImageProcessor"),
    Configuration("udop", "layoutlmv3", "LayoutLMv3ImageProcessor", settings={"apply_ocr": False}),
    # Cropped around the middle
    Configuration("clip", "clip", "CLIPImageProcessor"),
    Configuration("llava", "llava", "LlavaImageProcessor"),
    Configuration("llava-1.5", "clip", "CLIPImageProcessor", settings={"size": {"shortest_edge": 336}, **_square(336)})
    if False
    else Configuration(
        "llava-1.5",
        "clip",
        "CLIPImageProcessor",
        settings={"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}},
    ),
    Configuration("chameleon", "chameleon", "ChameleonImageProcessor"),
    Configuration("deit", "deit", "DeiTImageProcessor"),
)
