"""All families of vision-language models in one list, and those that were never taught to write boxes."""

from __future__ import annotations

from typing import Final

from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX
from extraction.families import UNKNOWN, Family
from extraction.family_table_json import JSON_FAMILIES
from extraction.family_table_native import NATIVE_FAMILIES


def _no_boxes(
    name: str, title: str, model_types: tuple[str, ...], source: str, *, system: bool | None = True
) -> Family:
    return Family(name, title, model_types=model_types, system=system, loads="transformers", source=source)


_NO_BOXES: Final = (
    _no_boxes("llava", "LLaVA-type models", ("llava",), "the type says nothing about the training"),
    _no_boxes("smolvlm", "SmolVLM, Idefics2, Idefics3", ("smolvlm", "idefics2", "idefics3"), "none documented"),
    _no_boxes("mllama", "Llama 3.2 Vision", ("mllama",), "none documented"),
    _no_boxes("mistral3", "Pixtral, Mistral Small 3", ("pixtral", "mistral3"), "none documented"),
    _no_boxes("phi4", "Phi-4-multimodal", ("phi4_multimodal",), "microsoft/PhiCookBook#123: none documented"),
    _no_boxes("aya-vision", "Aya Vision, Command A Vision", ("aya_vision", "cohere2_vision"), "none documented"),
    _no_boxes("ovis2", "Ovis2", ("ovis2",), "none documented"),
    _no_boxes("deepseek-vl", "DeepSeek-VL, Janus", ("deepseek_vl", "deepseek_vl_hybrid", "janus"), "none documented"),
    _no_boxes(
        "blip2", "BLIP-2, InstructBLIP", ("blip-2", "instructblip"), "trained on captions and questions", system=False
    ),
    _no_boxes("granite-vision", "Granite Vision", ("granite4_vision",), "none documented"),
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
