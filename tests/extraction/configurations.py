"""Picture processors as transformers' classes and published checkpoints set them, and how to look at what they return."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.extraction.probes import (
    Reader,
    first_part,
    last_part,
    merged_patches,
    numbered_patches,
    raster_patches,
    shaped_patches,
    sheet,
    sliced_patches,
    stitched,
)

NARROW, WIDE = (30, 600), (600, 30)
SIZES = (NARROW, (100, 300), (240, 240), (250, 150), WIDE)  # 1:20, 1:3, 1:1, 5:3 and 20:1


@dataclass(frozen=True, slots=True)
class Configuration:
    """One setting of one picture processor.

    Attributes:
        name: What it stands for.
        model: The folder of transformers that defines the class.
        cls: The class, without "ImageProcessorPil".
        read: How to find the canvas in what it returns.
        settings: What differs from the defaults of the class.
        sizes: Pictures to look at, (width, height).
        refused: Those among them that the processor itself refuses.
    """

    name: str
    model: str
    cls: str
    read: Reader = first_part
    settings: Mapping[str, Any] = field(default_factory=dict)
    sizes: tuple[tuple[int, int], ...] = SIZES
    refused: tuple[tuple[int, int], ...] = ()

    def build(self) -> Any:
        """The picture processor."""
        module = importlib.import_module(f"transformers.models.{self.model}.image_processing_pil_{self.model}")
        return getattr(module, f"{self.cls}ImageProcessorPil")(**self.settings)


def square(side: int) -> dict[str, Any]:
    """The setting of a processor that stretches to a square."""
    return {"size": {"height": side, "width": side}}


def pixels(low: int, high: int) -> dict[str, Any]:
    """The setting of a processor that counts pixels."""
    return {"size": {"shortest_edge": low, "longest_edge": high}}


def _mllama_tiles(image_processor: Any, outputs: Mapping[str, Any], index: int) -> tuple[int, int]:
    from transformers.models.mllama.image_processing_pil_mllama import get_all_supported_aspect_ratios

    rows_and_columns = get_all_supported_aspect_ratios(image_processor.max_image_tiles)
    return rows_and_columns[int(outputs["aspect_ratio_ids"][0][index]) - 1]


def _two_tiles(image_processor: Any, outputs: Mapping[str, Any], index: int) -> tuple[int, int]:
    return 1, 2


_LARGE = (900, 640)
_MORE = (*SIZES, _LARGE)
_THINNER = (*SIZES, (12, 600))
_WHOLE = {"do_center_crop": False}
_FIT = {"size": {"max_height": 224, "max_width": 224}, "do_pad": True, "pad_size": {"height": 224, "width": 224}}
_EDGES = {"size": {"shortest_edge": 100, "longest_edge": 300}, "do_center_crop": False}
_336 = {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}
_TWO_EYES = {"high_res_size": {"height": 512, "width": 512}}
_TILES = {"crop_to_patches": True, "max_patches": 4}
_SPLIT = {"split_image": True, "max_image_size": 490, "split_resolutions": [[490, 980]]}
_QWEN2, _QWEN3 = pixels(3136, 12_845_056), pixels(65_536, 16_777_216)
_THIN = (NARROW, WIDE)

STRETCHED = (
    Configuration("blip", "blip", "Blip"),
    Configuration("siglip", "siglip", "Siglip"),
    Configuration("paligemma-448", "siglip", "Siglip", settings=square(448)),
    Configuration("florence-2", "clip", "CLIP", settings=square(768) | _WHOLE),
    Configuration("kosmos-2", "clip", "CLIP", settings={"use_square_size": True}),
    Configuration("clip-edges", "clip", "CLIP", settings=_EDGES),
    Configuration("gemma-3", "gemma3", "Gemma3", settings=square(448)),
    Configuration("chart-to-table", "pp_chart2table", "PPChart2Table", settings=square(512)),
    Configuration("idefics", "idefics", "Idefics"),
    Configuration("vit", "vit", "ViT"),
    Configuration("udop", "layoutlmv3", "LayoutLMv3", settings={"apply_ocr": False}),
)
CROPPED = (
    Configuration("clip", "clip", "CLIP"),
    Configuration("clip-unresized", "clip", "CLIP", settings={"do_resize": False}, sizes=((101, 75), (301, 90))),
    Configuration("llava", "llava", "Llava"),
    Configuration("llava-336", "clip", "CLIP", settings=_336),
    Configuration("chameleon", "chameleon", "Chameleon", sizes=SIZES[1:4]),
    Configuration("deit", "deit", "DeiT"),
)
PADDED = (
    Configuration("llava-padded", "llava", "Llava", settings={"do_pad": True} | square(336) | _WHOLE),
    Configuration("llava-padded-and-cropped", "llava", "Llava", settings={"do_pad": True}),
    Configuration("deepseek-vl", "deepseek_vl", "DeepseekVL", sizes=_THINNER),
    Configuration("deepseek-vl-unpadded", "deepseek_vl", "DeepseekVL", settings={"do_pad": False}),
    Configuration("deepseek-vl-hybrid", "deepseek_vl_hybrid", "DeepseekVLHybrid", settings=_TWO_EYES),
    Configuration("deepseek-ocr-2", "deepseek_ocr2", "DeepseekOcr2", settings=square(512) | {"tile_size": 384}),
    Configuration("deepseek-ocr-2-alone", "deepseek_ocr2", "DeepseekOcr2", settings={"crop_to_patches": False}),
    Configuration("janus", "janus", "Janus", sizes=_THINNER),
    Configuration("fit-and-pad", "clip", "CLIP", settings=_FIT | _WHOLE),
    Configuration("aria", "aria", "Aria"),
    Configuration("aria-490", "aria", "Aria", settings={"max_image_size": 490}),
    Configuration("aria-split", "aria", "Aria", stitched(_two_tiles), settings=_SPLIT),
    Configuration("mllama", "mllama", "Mllama", stitched(_mllama_tiles), sizes=_MORE),
    Configuration("fuyu", "fuyu", "Fuyu", sheet, settings={"size": {"height": 300, "width": 480}}, sizes=_MORE),
    Configuration("donut", "donut", "Donut", settings={"size": {"height": 320, "width": 240}}),
    Configuration("nougat", "nougat", "Nougat", settings={"do_crop_margin": False}, sizes=SIZES[1:4]),
)
TILED = (
    Configuration("got-ocr-2", "got_ocr2", "GotOcr2"),
    Configuration("internvl", "got_ocr2", "GotOcr2", last_part, settings=square(448) | _TILES),
    Configuration("ovis2", "ovis2", "Ovis2"),
    Configuration("ovis2-tiled", "ovis2", "Ovis2", settings={"crop_to_patches": True}),
    Configuration("granite-docling", "granite_docling", "GraniteDocling", last_part, settings={"max_patches": 4}),
    Configuration("idefics2", "idefics2", "Idefics2", sizes=_MORE),
    Configuration("idefics2-split", "idefics2", "Idefics2", last_part, settings={"do_image_splitting": True}),
    Configuration("idefics3", "idefics3", "Idefics3", last_part, settings={"size": {"longest_edge": 728}}),
    Configuration("idefics3-whole", "idefics3", "Idefics3", last_part, settings={"do_image_splitting": False}),
    Configuration("smolvlm", "smolvlm", "SmolVLM", last_part, settings={"size": {"longest_edge": 728}}),
    Configuration("llava-next", "llava_next", "LlavaNext"),
    Configuration("llava-onevision", "llava_onevision", "LlavaOnevision"),
    Configuration("minicpm-v", "minicpmv4_6", "MiniCPMV4_6", sliced_patches, sizes=_MORE),
)
PATCHED = (
    Configuration("qwen2-vl", "qwen2_vl", "Qwen2VL", merged_patches),
    Configuration("qwen2-vl-published", "qwen2_vl", "Qwen2VL", merged_patches, _QWEN2, sizes=_MORE),
    Configuration(
        "qwen3-vl-published", "qwen2_vl", "Qwen2VL", merged_patches, _QWEN3 | {"patch_size": 16}, sizes=_MORE
    ),
    Configuration("qwen2-vl-small", "qwen2_vl", "Qwen2VL", merged_patches, pixels(3136, 20_000), sizes=_MORE),
    Configuration("qwen2-vl-too-thin", "qwen2_vl", "Qwen2VL", merged_patches, sizes=((3, 603),), refused=((3, 603),)),
    Configuration("ernie-4.5-vl", "ernie4_5_vl_moe", "Ernie4_5_VLMoe", merged_patches),
    Configuration("glm-4v", "glm4v", "Glm4v", merged_patches),
    Configuration("glm-4.6v", "glm46v", "Glm46V", merged_patches),
    Configuration("glmga", "glmga", "Glmga", merged_patches),
    Configuration("glm-5-next", "glm5_next", "Glm5Next", merged_patches, sizes=(*_MORE, (20, 25))),
    Configuration("glm-5-next-small", "glm5_next", "Glm5Next", merged_patches, {"max_image_tokens": 40}, sizes=_MORE),
    Configuration("glm-image", "glm_image", "GlmImage", merged_patches, refused=_THIN),
    Configuration("hunyuan-vl", "hunyuan_vl", "HunYuanVL", merged_patches),
    Configuration("paddleocr-vl", "paddleocr_vl", "PaddleOCRVL", merged_patches),
    Configuration("cosmos-3", "cosmos3_edge", "Cosmos3Edge", merged_patches),
    Configuration("cohere-compass", "cohere_compass", "CohereCompass", merged_patches),
    Configuration("video-llama-3", "video_llama_3", "VideoLlama3", merged_patches),
    Configuration("gemma-4", "gemma4", "Gemma4", raster_patches),
    Configuration("gemma-4-few-tokens", "gemma4", "Gemma4", raster_patches, {"max_soft_tokens": 70}),
    Configuration("pixtral", "pixtral", "Pixtral", sizes=_MORE),
    Configuration("pixtral-14", "pixtral", "Pixtral", settings={"patch_size": 14, "size": {"longest_edge": 280}}),
    Configuration("kosmos-2.5", "kosmos2_5", "Kosmos2_5", numbered_patches, {"max_patches": 512}),
    Configuration("pix2struct", "pix2struct", "Pix2Struct", numbered_patches, {"max_patches": 512}),
    Configuration("siglip-2", "siglip2", "Siglip2", shaped_patches),
)
CONFIGURATIONS = (*STRETCHED, *CROPPED, *PADDED, *TILED, *PATCHED)
