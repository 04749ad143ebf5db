"""What part of a picture a model saw, and where: from what the picture processor returned in that very call.

A table says which class of transformers places pictures in which way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from extraction import view_rules as rules
from extraction.view_steps import Call, Size, View

__all__ = ["RULES", "View", "views_of"]

logger = logging.getLogger(__name__)

Rule = Callable[[Call, int], View | None]


def views_of(
    processor: Any,
    inputs: Mapping[str, Any],
    originals: Sequence[Size],
    *,
    pictures: Sequence[Size] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[View | None]:
    """How each picture of one call lies on the canvas that the model was given.

    Args:
        processor: The model's processor, or its picture processor alone.
        inputs: What it returned for one conversation.
        originals: (width, height) of each upright picture, in the order of the conversation.
        pictures: (width, height) of each as the processor got them, where they had been resized before.
        settings: The ``images_kwargs`` of the call.

    Returns:
        One view a picture; None where it cannot be known.
    """
    image_processor = getattr(processor, "image_processor", processor)
    rule = _rule_of(type(image_processor))
    if rule is None:
        return [None] * len(originals)
    kwargs = getattr(processor, "valid_processor_kwargs", None)
    defaults = [getattr(processor, "images_kwargs", None), getattr(kwargs, "_defaults", {}).get("images_kwargs")]
    used = {name: value for part in (*defaults, settings) for name, value in (part or {}).items()}
    call = Call(image_processor, inputs, used, list(pictures or originals))
    return [_view(rule, call, index) for index in range(len(originals))]


def _view(rule: Rule, call: Call, index: int) -> View | None:
    try:
        return rule(call, index)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Settings or outputs of a kind that the rule was not written for: boxes in pixels will say so, others need none.
        logger.debug("no view of picture %d from %s", index, type(call.image_processor).__name__, exc_info=True)
        return None


def _rule_of(cls: type) -> Rule | None:
    for base in cls.__mro__:
        name = base.__name__.removesuffix("Fast").removesuffix("Pil")
        if name in RULES:
            return RULES[name]
    return rules.standard if _has_standard_steps(cls) else None


def _has_standard_steps(cls: type) -> bool:
    """Whether a class that the table does not name places pictures exactly as the base class of transformers does."""
    backends = [base for base in cls.__mro__ if base.__name__ in ("PilBackend", "TorchvisionBackend")]
    steps = (
        "preprocess",
        "process_image",
        "_preprocess_image_like_inputs",
        "_preprocess",
        "resize",
        "center_crop",
        "pad",
    )
    return bool(backends) and all(getattr(cls, step, None) is getattr(backends[0], step, cls) for step in steps)


#: What each class of transformers does, by its name without "Pil" or "Fast". Subclasses do the same.
RULES: Final[dict[str, Rule]] = {
    "AriaImageProcessor": rules.aria,
    "BlipImageProcessor": rules.standard,
    "CLIPImageProcessor": rules.standard,
    "ChameleonImageProcessor": rules.standard,
    "Cohere2VisionImageProcessor": rules.overview_if_tiled,
    "CohereCompassImageProcessor": rules.grid,
    "Cosmos3EdgeImageProcessor": rules.grid,
    "DeepseekOcr2ImageProcessor": rules.deepseek_ocr,
    "DeepseekVLHybridImageProcessor": rules.letterbox_twice,
    "DeepseekVLImageProcessor": rules.letterbox,
    "DonutImageProcessor": rules.page,
    "Emu3ImageProcessor": rules.resized_sizes,
    "Ernie4_5_VLMoeImageProcessor": rules.grid,
    "FuyuImageProcessor": rules.fuyu,
    "Gemma3ImageProcessor": rules.only_resized,
    "Gemma4ImageProcessor": rules.positions,
    "Gemma4UnifiedImageProcessor": rules.pooled_positions,
    "Glm46VImageProcessor": rules.grid,
    "Glm4vImageProcessor": rules.grid,
    "Glm5NextImageProcessor": rules.grid_glm5,
    "GlmImageImageProcessor": rules.grid,
    "GlmgaImageProcessor": rules.grid,
    "GotOcr2ImageProcessor": rules.overview_if_tiled,
    "GraniteDoclingImageProcessor": rules.overview,
    "HunYuanVLImageProcessor": rules.grid,
    "Idefics2ImageProcessor": rules.masked,
    "Idefics3ImageProcessor": rules.largest_side,
    "IdeficsImageProcessor": rules.standard,
    "Inkling2ImageProcessor": rules.pieces,
    "InklingImageProcessor": rules.pieces,
    "JanusImageProcessor": rules.letterbox,
    "Kimi_K25ImageProcessor": rules.grid_kimi,
    "Kosmos2_5ImageProcessor": rules.flattened,
    "LayoutLMv3ImageProcessor": rules.standard,
    "Lfm2VlImageProcessor": rules.lfm2,
    "Llama4ImageProcessor": rules.llama4,
    "LlavaImageProcessor": rules.llava,
    "LlavaNextImageProcessor": rules.llava_next,
    "LlavaOnevisionImageProcessor": rules.llava_next,
    "MiniCPMOcrImageProcessor": rules.minicpm,
    "MiniCPMV4_6ImageProcessor": rules.minicpm,
    "MiniMaxM3VLImageProcessor": rules.grid,
    "MllamaImageProcessor": rules.mllama,
    "Molmo2ImageProcessor": rules.overview,
    "MuseGlimmerImageProcessor": rules.grid,
    "NemotronH_Omni_Reasoning_V3ImageProcessor": rules.grid,
    "NougatImageProcessor": rules.page,
    "Ovis2ImageProcessor": rules.ovis2,
    "PI0ImageProcessor": rules.standard,
    "PPChart2TableImageProcessor": rules.standard,
    "PPFormulaNetImageProcessor": rules.page,
    "PaddleOCRVLImageProcessor": rules.grid,
    "PerceptionLMImageProcessor": rules.tile_side,
    "Phi4MultimodalImageProcessor": rules.phi4,
    "Pix2StructImageProcessor": rules.flattened,
    "PixtralImageProcessor": rules.resized_sizes,
    "Qwen2VLImageProcessor": rules.grid,
    "Siglip2ImageProcessor": rules.spatial_shapes,
    "SiglipImageProcessor": rules.standard,
    "SmolVLMImageProcessor": rules.largest_side,
    "Step3p7ImageProcessor": rules.step3,
    "UnlimitedOcrImageProcessor": rules.unlimited_ocr,
    "VideoLlama3ImageProcessor": rules.grid,
    "VideoLlavaImageProcessor": rules.standard,
}
