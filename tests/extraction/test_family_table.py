"""The table of families is whole, free of contradictions, and true of the transformers that is installed."""

from __future__ import annotations

import re

import pytest
from transformers import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from extraction.families import UNKNOWN, Family, find_family
from extraction.family_table import FAMILIES
from extraction.syntaxes import SYNTAXES

NO_FAMILY = {
    "evolla": "reads proteins, not pictures",
    "pi0": "moves robots and writes no text",
    "pp_formulanet": "reads one formula in one picture, without a prompt",
    "shieldgemma2": "judges pictures and writes no text",
    "udop": "must be given the words of a page with their boxes",
    "vision-encoder-decoder": "any encoder with any decoder",
}
"""Types that AutoModelForImageTextToText loads, and no family has, with the reason."""

MODELS = [family for family in FAMILIES if family.model_types or family.name_patterns]


def named(family: Family) -> str:
    return family.name


def test_what_transformers_loads_it_knows_and_knows_to_be_a_model_of_pictures_and_text() -> None:
    types = {kind for family in FAMILIES if family.loads == "transformers" for kind in family.model_types}
    assert types <= set(CONFIG_MAPPING.keys())
    assert types <= MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.keys()
    assert len(types) > 80


def test_what_needs_code_of_its_authors_transformers_does_not_know() -> None:
    types = {kind for family in FAMILIES if family.loads == "remote code" for kind in family.model_types}
    assert types.isdisjoint(CONFIG_MAPPING.keys())
    assert len(types) > 8


def test_every_type_that_transformers_loads_has_a_family_or_a_reason_why_not() -> None:
    there = set(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)
    known = {kind for family in FAMILIES for kind in family.model_types}
    assert there - known == NO_FAMILY.keys()


def test_names_types_and_conventions_are_unique() -> None:
    for values in (
        [family.name for family in FAMILIES],
        [kind for family in FAMILIES for kind in family.model_types],
        [family.boxes.name for family in MODELS if family.boxes and family.loads != "embedded"],
        [family.title for family in MODELS],
    ):
        assert len(set(values)) == len(values)
    assert all(family.boxes is None or family.boxes.name == family.name for family in MODELS if family.name != "pocket")


@pytest.mark.parametrize("family", MODELS, ids=named)
def test_a_family_says_what_it_is_and_how_that_is_known(family: Family) -> None:
    assert family.title
    assert family.source
    assert re.fullmatch(r"[a-z0-9.-]+", family.name)
    assert family.boxes is not None or family.sureness == "unverified"
    assert family.pixels is None or 0 < family.pixels[0] < family.pixels[1]
    assert family.thinking is None or all(family.thinking)
    assert family.model_types or family.name_patterns
    assert (family.loads == "hosted") <= (not family.model_types)


@pytest.mark.parametrize("family", [family for family in MODELS if family.boxes], ids=named)
def test_its_convention_can_be_read_back(family: Family) -> None:
    assert family.boxes is not None
    assert set(family.boxes.syntaxes).union(*family.syntaxes.values()) <= SYNTAXES.keys()
    assert family.syntaxes.keys() <= family.prompts.keys()
    in_json = family.boxes.box_key is not None
    assert not in_json or "json" in family.boxes.syntaxes, "a key of JSON belongs to one that writes JSON"
    # A model on the other side of a wire that counts pixels is sent pictures of a size that its processor keeps.
    if family.boxes.kind == "pixel" and family.rule is not None:
        assert family.rule.min_pixels < family.rule.max_pixels


def test_every_syntax_that_can_be_read_is_written_by_a_family() -> None:
    written = {name for family in MODELS if family.boxes for name in family.boxes.syntaxes}
    assert written.union(*(names for family in MODELS for names in family.syntaxes.values())) == SYNTAXES.keys()


def test_pixels_are_told_to_count_by_those_that_do() -> None:
    assert {family.name for family in MODELS if family.boxes and family.boxes.kind == "pixel"} == {
        *("qwen2.5-vl", "mimo-vl", "dots.ocr", "dots3", "kosmos2.5", "fuyu"),
    }


def test_those_with_y_before_x() -> None:
    assert {family.name for family in MODELS if family.boxes and family.boxes.order == "yxyx"} == {
        *("gemma4", "diffusion-gemma", "gemini", "paligemma", "fuyu"),
    }
    assert {family.name for family in MODELS if family.boxes and family.boxes.point_order == "yx"} == {
        *("gemma4", "diffusion-gemma", "gemini", "paligemma"),
    }


@pytest.mark.parametrize("family", MODELS, ids=named)
def test_its_words_can_be_said(family: Family) -> None:
    for task, words in family.prompts.items():
        things = ("a cat", "the dog") if "{things}" in words else ()
        said = family.prompt(task, things)
        assert said
        assert "{" not in said
        assert all(thing in said for thing in things)


@pytest.mark.parametrize(
    ("model_type", "name", "family"),
    [
        ("internvl", "OpenGVLab/InternVL3-1B-hf", "internvl"),
        ("internvl_chat", "OpenGVLab/InternVL3-1B", "internvl-chat"),
        (None, "InternVL3-78B", "internvl"),
        ("minicpmv", "openbmb/MiniCPM-V-4_5", "minicpm-v"),
        ("minicpmv4_6", "openbmb/MiniCPM-V-4.6", "minicpm-v4.6"),
        (None, "openbmb/MiniCPM-V-4.6", "minicpm-v4.6"),
        ("kimi_vl", "moonshotai/Kimi-VL-A3B-Thinking", "kimi-vl"),
        ("kimi_k25", "moonshotai/Kimi-K2.5", "kimi-k2.5"),
        ("deepseek_ocr2", "deepseek-ai/DeepSeek-OCR-2", "deepseek-ocr2"),
        (None, "deepseek-ai/DeepSeek-OCR", "deepseek-ocr"),
        ("qwen3_5", "Qwen/Qwen3.5-9B", "qwen3.5"),
        (None, "Qwen/Qwen3-Omni-30B-A3B-Instruct", "qwen3-vl"),
        ("qwen", "Qwen/Qwen-VL-Chat", "qwen-vl"),
        (None, "qwen-vl-max", "unknown"),
        ("qwen2_vl", "Qwen/QVQ-72B-Preview", "qwen2-vl"),
        ("qwen2_5_vl", "numind/NuExtract-2.0-8B", "nuextract"),
        ("qwen2_5_vl", "ByteDance-Seed/UI-TARS-1.5-7B", "qwen2.5-vl"),
        ("llava_next", "ibm-granite/granite-vision-3.3-2b", "granite-vision"),
        ("llava_next", "llava-hf/llava-v1.6-mistral-7b-hf", "llava-next"),
        ("idefics3", "ibm-granite/granite-docling-258M", "docling"),
        ("llava", "mistral-community/pixtral-12b", "mistral3"),
        ("mistral_large4", "mistralai/Mistral-Large-4-1T-A52B", "mistral-large4"),
        ("glm4v", "zai-org/GLM-4.1V-9B-Thinking", "glm-v"),
        ("chatglm", "zai-org/glm-4v-9b", "glm-4v"),
        ("gemma4", "google/gemma-4-e4b-it", "gemma4"),
        ("diffusion_gemma", "google/diffusiongemma-26B-A4B-it", "diffusion-gemma"),
        ("phi4_multimodal", "microsoft/Phi-4-multimodal-instruct", "phi4"),
        ("nemotron_h_omni", "nvidia/some", "others"),
    ],
)
def test_checkpoints_and_their_families(model_type: str | None, name: str, family: str) -> None:
    assert find_family(model_type, name).name == family


def test_the_unknown_family_knows_nothing() -> None:
    assert Family(UNKNOWN.name) == UNKNOWN
