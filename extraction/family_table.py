"""All families of vision-language models in one list, and those that were never taught to write boxes."""

from __future__ import annotations

from typing import Final

from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX
from extraction.families import UNKNOWN, Family, Loading, words
from extraction.family_table_json import JSON_FAMILIES
from extraction.family_table_native import NATIVE_FAMILIES

_NONE_FOUND: Final = "none documented that could be found"


def _no_boxes(
    name: str,
    title: str,
    model_types: tuple[str, ...],
    source: str = _NONE_FOUND,
    *,
    name_patterns: tuple[str, ...] = (),
    loads: Loading = "transformers",
    system: bool | None = True,
    thinking: tuple[str, str] | None = None,
) -> Family:
    return Family(
        name,
        title,
        model_types=model_types,
        name_patterns=name_patterns,
        thinking=thinking,
        system=system,
        loads=loads,
        source=source,
    )


_NO_BOXES: Final = (
    _no_boxes("nuextract", "NuExtract 2", (), name_patterns=(r"nuextract",), system=None),
    _no_boxes("granite-vision", "Granite Vision", ("granite4_vision",), name_patterns=(r"granite.*vision",)),
    _no_boxes(
        "llava",
        "LLaVA-type models, Video-LLaVA, ViP-LLaVA",
        ("llava", "llava_next_video", "video_llava", "vipllava"),
        "the type says nothing about the training",
        system=None,
    ),
    _no_boxes(
        "smolvlm",
        "SmolVLM, SmolVLM2, Idefics2, Idefics3",
        ("smolvlm", "idefics2", "idefics3"),
        "none documented; huggingface/nanoVLM#9 says so of a relative",
    ),
    _no_boxes("mllama", "Llama 3.2 Vision", ("mllama",), system=None),
    _no_boxes(
        "mistral3",
        "Pixtral, Mistral Small 3 and 4, Magistral",
        ("mistral3", "mistral4"),
        "no boxes documented; thinking: card of Magistral Small 2507",
        name_patterns=(r"^(pixtral|magistral|ministral|mistral[-_](small|medium))[-_]",),
        thinking=("[THINK]", "[/THINK]"),
    ),
    _no_boxes(
        "mistral-large4",
        "Mistral Large 4",
        ("mistral_large4",),
        "docs.mistral.ai, bbox cookbook: it writes boxes and points; in which numbers was not found",
        name_patterns=(r"^mistral[-_]large[-_]4",),
        thinking=("[THINK]", "[/THINK]"),
    ),
    _no_boxes(
        "phi4",
        "Phi-3.5-vision, Phi-4-multimodal",
        ("phi3_v", "phi4mm", "phi4_multimodal"),
        "microsoft/PhiCookBook#123: none documented; to transformers these are language models",
        name_patterns=(r"^phi[-_](3(\.5)?[-_]vision|4[-_]multimodal)",),
        loads="",
    ),
    _no_boxes("aya-vision", "Aya Vision, Command A Vision", ("aya_vision", "cohere2_vision", "cohere_compass")),
    _no_boxes("ovis2", "Ovis2", ("ovis2",)),
    _no_boxes("deepseek-vl", "DeepSeek-VL, Janus", ("deepseek_vl", "deepseek_vl_hybrid", "janus")),
    _no_boxes(
        "blip2",
        "BLIP, BLIP-2, InstructBLIP, GIT",
        ("blip", "blip-2", "instructblip", "instructblipvideo", "git"),
        "trained on captions and questions",
        system=False,
    ),
    _no_boxes(
        "readers",
        "GOT-OCR, GLM-OCR, LightOnOCR, MiniCPM-OCR, Qianfan-OCR, Pix2Struct, PP-Chart2Table",
        ("got_ocr2", "glm_ocr", "lighton_ocr", "minicpm_ocr", "qianfan_ocr", "pix2struct", "pp_chart2table"),
        system=None,
    ),
    _no_boxes(
        "others",
        "Aria, FastVLM, Perception-LM, Nemotron, Step3, MiniMax-M3, EXAONE 4.5, HyperCLOVA X, Cosmos 3 and others",
        (
            *("aria", "fast_vlm", "perception_lm", "nemotron_h_omni", "step3p7", "minimax_m3_vl", "exaone4_5"),
            *("hyperclovax_vision_v2", "cosmos3_edge", "cosmos3_omni", "muse_glimmer", "muse_spark", "inkling2"),
            *("inkling_mm_model", "video_llama_3", "chameleon", "emu3", "idefics", "t5gemma2"),
        ),
        system=None,
    ),
)

_NAMED: Final = tuple(
    Family(convention.name, boxes=convention, sureness="verified", source="named by the user")
    for convention in (RELATIVE_1000, RELATIVE_1000_YXYX, RELATIVE_1, PIXEL)
)

_POCKET: Final = Family(
    "pocket",
    "the embedded model",
    name_patterns=(r"^pocket$",),
    boxes=RELATIVE_1000,
    unable=words(segment="it was never taught outlines"),
    system=True,
    loads="embedded",
    sureness="verified",
    source="extraction/pocket/README.md",
)

FAMILIES: Final[tuple[Family, ...]] = (
    _POCKET,
    *JSON_FAMILIES,
    *NATIVE_FAMILIES,
    *_NO_BOXES,
    *_NAMED,
    UNKNOWN,
)
"""Families by model, then the bare conventions that a user can name for a model of his own."""
