"""Families of models that write boxes as JSON or as plain lists of numbers.

TF stands for the source of transformers 5.23, ``owner/name#1`` for an issue on GitHub. Where two sources disagree, the
code counts before the authors' words, and those before what others report.
"""

from __future__ import annotations

from typing import Final

from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX, BoxConvention
from extraction.families import THINK, Family, ResizeRule, words

_QWEN_JSON: Final = {"box_key": "bbox_2d", "point_key": "point_2d", "syntaxes": ("json",)}
_GEMINI_JSON: Final = {"box_key": "box_2d", "syntaxes": ("json",)}
_QWEN_PROMPTS: Final = words(
    detect="Locate every instance that belongs to the following categories: {things}. "
    "Report bbox coordinates in JSON format.",
    point="Point to every instance of {things}. Output the point coordinates in JSON format.",
)
_GEMMA_PROMPTS: Final = words(detect="What's the bounding box for every {things} in the image?")
_LLAVA_PROMPTS: Final = words(
    detect="Please provide the bounding box coordinate of the region this sentence describes: {things}"
)
_DOTS_PROMPTS: Final = words(
    ocr="Please output the layout information from the PDF image, including each layout element's bbox, its category, "
    "and the corresponding text content within the bbox."
)
_CHANNEL: Final = ("<|channel>thought", "<channel|>")
_SMART_28: Final = ResizeRule(28, 3136, 1_003_520)
"""The rule of Qwen2-VL's processor with the bounds of its class, which all checkpoints allow: what fits it stays as it is
(TF: models/qwen2_vl/image_processing_qwen2_vl.py)."""


JSON_FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        "mimo-vl",
        "MiMo-VL",
        name_patterns=(r"mimo[-_]?vl",),
        boxes=PIXEL.changed(name="mimo-vl", **_QWEN_JSON),
        prompts=_QWEN_PROMPTS,
        thinking=THINK,
        system=True,
        rule=_SMART_28,
        pixels=(200_704, 1_310_720),
        loads="transformers",
        sureness="reported",
        source="modelscope/ms-swift, template of MiMo-VL: norm_bbox none",
    ),
    Family(
        "qwen2.5-vl",
        "Qwen2.5-VL, Qwen2.5-Omni",
        model_types=("qwen2_5_vl", "qwen2_5_omni_thinker"),
        name_patterns=(r"qwen2[._p-]?5[-_]?(vl|omni)",),
        boxes=PIXEL.changed(name="qwen2.5-vl", **_QWEN_JSON),
        prompts=_QWEN_PROMPTS,
        system=True,
        rule=_SMART_28,
        pixels=(200_704, 1_310_720),
        loads="transformers",
        sureness="documented",
        source="QwenLM/Qwen3-VL#676, #866 (maintainers); sizes: #1397",
    ),
    Family(
        "qwen3-vl",
        "Qwen3-VL, Qwen3-Omni",
        model_types=("qwen3_vl", "qwen3_vl_moe", "qwen3_omni_moe_thinker"),
        name_patterns=(r"qwen3[-_]?(vl|omni)",),
        boxes=RELATIVE_1000.changed(name="qwen3-vl", **_QWEN_JSON),
        prompts=_QWEN_PROMPTS,
        thinking=THINK,
        system=True,
        pixels=(786_432, 13_107_200),
        loads="transformers",
        sureness="documented",
        source="QwenLM/Qwen3-VL, cookbooks/spatial_understanding.ipynb, evaluation/ODinW-13",
    ),
    Family(
        "qwen3.5",
        "Qwen3.5 and later",
        model_types=("qwen3_5", "qwen3_5_moe", "qwen4_exp"),
        name_patterns=(r"qwen(3\.[5-9]|4)",),
        boxes=RELATIVE_1000.changed(name="qwen3.5", **_QWEN_JSON),
        prompts=_QWEN_PROMPTS,
        thinking=THINK,
        system=True,
        pixels=(786_432, 13_107_200),
        loads="transformers",
        sureness="reported",
        source="QwenLM/Qwen3.8-Flash-Next#4: a maintainer believes so, and larger numbers were seen",
    ),
    Family(
        "gemma4",
        "Gemma 4",
        model_types=("gemma4", "gemma4_unified"),
        name_patterns=(r"^gemma[-_]?4([-_:]|$)",),
        boxes=RELATIVE_1000_YXYX.changed(name="gemma4", **_GEMINI_JSON),
        prompts=_GEMMA_PROMPTS,
        thinking=_CHANNEL,
        system=True,
        pixels=(1_290_240, 2_580_480),
        loads="transformers",
        sureness="documented",
        source="Hugging Face blog gemma4.md (range); the order is that of its example; thinking: TF cli/serving/utils.py",
    ),
    Family(
        "diffusion-gemma",
        "DiffusionGemma",
        model_types=("diffusion_gemma",),
        name_patterns=(r"^diffusion[-_]?gemma",),
        boxes=RELATIVE_1000_YXYX.changed(name="diffusion-gemma", **_GEMINI_JSON),
        prompts=_GEMMA_PROMPTS,
        loads="transformers",
        source="presumed to be as in Gemma 4",
    ),
    Family(
        "gemma3",
        "Gemma 3, Gemma 3n",
        model_types=("gemma3", "gemma3n"),
        name_patterns=(r"^gemma[-_]?3n?[-_:]",),
        system=True,
        loads="transformers",
        source="hf.co/google/gemma-3-4b-it, discussion 38: none documented",
    ),
    Family(
        "gemini",
        "Gemini (API)",
        name_patterns=(r"^gemini[-_]",),
        boxes=RELATIVE_1000_YXYX.changed(name="gemini", **_GEMINI_JSON),
        prompts=words(detect="Return bounding boxes of {things} as JSON with box_2d and label."),
        system=True,
        loads="hosted",
        sureness="documented",
        source="Google Cloud documentation, Vertex AI, bounding box detection",
    ),
    Family(
        "moondream",
        "Moondream 2, 3",
        model_types=("moondream1", "moondream2", "moondream3"),
        name_patterns=(r"moondream",),
        boxes=RELATIVE_1.changed(name="moondream"),
        prompts=words(detect="{things}", point="{things}"),
        system=False,
        loads="remote code",
        sureness="reported",
        source="moondream 2.6.1, types.py: a head of its own writes the boxes, not the text",
    ),
    Family(
        "llava-1.5",
        "LLaVA-1.5",
        name_patterns=(r"llava[-_]v?1\.5",),
        boxes=RELATIVE_1.changed(name="llava-1.5", frame="canvas", syntaxes=("plain", "json")),
        prompts=_LLAVA_PROMPTS,
        loads="transformers",
        source="haotian-liu/LLaVA#606 (padded square); #822 disputes it",
    ),
    Family(
        "llava-next",
        "LLaVA-NeXT, LLaVA-OneVision",
        model_types=("llava_next", "llava_onevision"),
        boxes=RELATIVE_1.changed(name="llava-next", syntaxes=("plain", "json")),
        prompts=_LLAVA_PROMPTS,
        loads="transformers",
        source="the data of LLaVA-1.5, which these were trained on",
    ),
    Family(
        "ernie-vl",
        "ERNIE-4.5-VL",
        model_types=("ernie4_5_vl_moe",),
        name_patterns=(r"^ernie[-_]4\.5[-_]vl",),
        boxes=RELATIVE_1000.changed(name="ernie-vl", syntaxes=("json",)),
        thinking=THINK,
        system=True,
        loads="transformers",
        sureness="documented",
        source="PaddlePaddle/ERNIE#1364 (maintainer)",
    ),
    Family(
        "kimi-vl",
        "Kimi-VL",
        model_types=("kimi_vl",),
        name_patterns=(r"kimi[-_]vl",),
        boxes=RELATIVE_1.changed(name="kimi-vl", box_key="bbox_2d", syntaxes=("json",)),
        thinking=("◁think▷", "◁/think▷"),
        system=True,
        loads="remote code",
        sureness="reported",
        source="MoonshotAI/Kimi-VL#56, #52 (no answer of the authors)",
    ),
    Family(
        "kimi-k2.5",
        "Kimi-K2.5",
        model_types=("kimi_k25",),
        name_patterns=(r"kimi[-_]k2\.[5-9]",),
        boxes=RELATIVE_1.changed(name="kimi-k2.5", box_key="bbox_2d", syntaxes=("json",)),
        thinking=THINK,
        system=True,
        loads="transformers",
        source="presumed to be as in Kimi-VL; MoonshotAI/Kimi-K2.5#15 calls its boxes inconsistent",
    ),
    Family(
        "dots.ocr",
        "dots.ocr",
        model_types=("dots_ocr",),
        name_patterns=(r"dots\.ocr",),
        boxes=PIXEL.changed(name="dots.ocr", box_key="bbox", syntaxes=("json",)),
        prompts=_DOTS_PROMPTS,
        system=False,
        rule=_SMART_28,
        loads="remote code",
        sureness="reported",
        source="studio-dots-ai/dots.ocr#72",
    ),
    Family(
        "dots3",
        "dots3-note",
        model_types=("dots3_note",),
        name_patterns=(r"^dots3",),
        boxes=PIXEL.changed(name="dots3", box_key="bbox", syntaxes=("json",)),
        prompts=_DOTS_PROMPTS,
        rule=_SMART_28,
        loads="transformers",
        source="presumed to be as in dots.ocr",
    ),
    Family(
        "lfm2-vl",
        "LFM2-VL, LFM2.5-VL, LFM3-VL",
        model_types=("lfm2_vl", "lfm3_vl"),
        name_patterns=(r"^lfm(2|2\.5|3)[-_]vl",),
        boxes=RELATIVE_1.changed(name="lfm2-vl", box_key="bbox", syntaxes=("json",)),
        system=True,
        loads="transformers",
        source="model card of LFM2.5-VL (that it writes boxes); the scale is presumed",
    ),
    Family(
        "llama4",
        "Llama 4",
        model_types=("llama4",),
        name_patterns=(r"(^|\.)llama[-_]?4",),
        boxes=RELATIVE_1.changed(name="llama4", syntaxes=("json",)),
        prompts=words(detect="Provide bounding boxes for every {things}."),
        system=True,
        loads="transformers",
        source="known from use; not documented",
    ),
    Family(
        "glm-4v",
        "GLM-4V",
        name_patterns=(r"^glm[-_]4v[-_]",),
        boxes=BoxConvention("glm-4v", "relative", 1120, frame="canvas", syntaxes=("plain", "json")),
        loads="remote code",
        sureness="reported",
        source="zai-org/GLM-4#196: 0 to 1120 of the padded square, though a maintainer doubts that it can",
    ),
    Family(
        "openai",
        "GPT (API)",
        name_patterns=(r"^(gpt|o\d)[-.\w]*$",),
        boxes=RELATIVE_1000.changed(name="openai", syntaxes=("json",)),
        system=True,
        loads="hosted",
        source="none of its own: it is asked for 0 to 1000 in the prompt",
    ),
)
"""Those that were taught to; of some, nobody says so, and ``sureness`` does."""
