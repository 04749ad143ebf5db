"""Views of what whole processors return, which drop keys, set settings of their own and add text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from extraction.content import Turn
from extraction.images import Picture
from extraction.layout import Layout, fitted
from extraction.loading import Checkpoint, ModelKey
from extraction.views import View, views_of
from tests.extraction.configurations import CONFIGURATIONS
from tests.extraction.probes import Reader, first_part, gradient, measure, merged_patches, numbered_patches

NAMED = {one.name: one for one in CONFIGURATIONS}
SIZES = ((250, 150), (100, 300))
TOKENS = {
    "image_token": "<image>",
    "boi_token": "<boi>",
    "eoi_token": "<eoi>",
    "bos_token": "<bos>",
    "image_boundary_token": "<fake_token_around_image>",
}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole processor.

    Attributes:
        cls: The class of transformers.
        pictures: The configuration of its picture processor.
        read: How to find the canvas in what it returns; None where tiles of all pictures stand in one row.
        marker: What stands for a picture in its prompts.
        arguments: Further arguments of its constructor.
        settings: The ``images_kwargs`` of the call.
        tokens: Special tokens that its tokenizer must have.
    """

    cls: str
    pictures: str
    read: Reader | None = first_part
    marker: str = "<image>"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()


_SCAN = {
    "do_pan_and_scan": True,
    "pan_and_scan_min_crop_size": 30,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}
_CLIP = {"patch_size": 14, "vision_feature_select_strategy": "default"}
_GLOBAL = ("<global-img>", "<end_of_utterance>")
_AYA = ("<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>", "TILE", "TILE_GLOBAL")
WHOLE = (
    Whole("LlavaProcessor", "llava", arguments=_CLIP),
    Whole("LlavaNextProcessor", "llava-next", arguments=_CLIP),
    Whole("Gemma3Processor", "gemma-3", marker="<boi>"),
    Whole("Gemma3Processor", "gemma-3", None, marker="<boi>", settings=_SCAN),
    Whole("JanusProcessor", "janus"),
    Whole("DeepseekVLProcessor", "deepseek-vl"),
    Whole("ChameleonProcessor", "chameleon", arguments={"image_seq_length": 4}),
    Whole("Idefics2Processor", "idefics2", None, arguments={"image_seq_len": 4}, tokens=_GLOBAL),
    Whole("Idefics3Processor", "idefics3", None, arguments={"image_seq_len": 4}, tokens=_GLOBAL),
    Whole("AyaVisionProcessor", "got-ocr-2", None, settings={"max_patches": 3}, tokens=_AYA),
    Whole("Ovis2Processor", "ovis2-tiled"),
    Whole("MllamaProcessor", "mllama", NAMED["mllama"].read, tokens=("<|image|>", "<|python_tag|>")),
    Whole("AriaProcessor", "aria-490", arguments={"size_conversion": {490: 4, 980: 4}}),  # and sets 980 itself
    Whole("Kosmos2_5Processor", "kosmos-2.5", numbered_patches, marker="", arguments={"num_image_tokens": 4}),
)


def _tokenizer(special: tuple[str, ...]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.add_special_tokens(["<pad>", *TOKENS.values(), *special])
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", pad_token="<pad>")
    for name, token in TOKENS.items():
        setattr(tokenizer, name, token)
        if name != "bos_token":
            setattr(tokenizer, f"{name}_id", tokenizer.convert_tokens_to_ids(token))
    return tokenizer


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("one", WHOLE, ids=lambda one: f"{one.cls}-{len(one.settings)}")
def test_views_of_a_whole_processor(one: Whole) -> None:
    import transformers

    build: Callable[..., Any] = getattr(transformers, one.cls)
    image_processor = NAMED[one.pictures].build()
    processor = build(image_processor=image_processor, tokenizer=_tokenizer(one.tokens), **one.arguments)
    text = f"{one.marker} " * len(SIZES) + "What?"
    pictures = [[gradient(size) for size in SIZES]]
    outputs = processor(text=[text], images=pictures, return_tensors="pt", images_kwargs=dict(one.settings))
    views = views_of(processor, outputs, SIZES, settings=one.settings)
    alone = [image_processor(gradient(size), return_tensors="pt") for size in SIZES]
    for index, view in enumerate(views):
        assert view is not None
        if one.read is None:  # the whole picture is what it is without tiles and neighbours
            assert [view] == views_of(image_processor, alone[index], [SIZES[index]])
            continue
        found = measure(one.read(image_processor, outputs, index))
        assert view.size == found.size
        errors = np.abs(np.subtract(view.content, found.content))
        assert errors.max() <= max(0.5, 0.001 * max(view.content)), f"{view} is measured as {found}"


def _encoded(folder: str, sizes: tuple[tuple[int, int], ...], **bounds: Any) -> tuple[Any, Any]:
    pictures = [Picture(gradient(size)) for size in SIZES]
    checkpoint = Checkpoint(ModelKey(folder))
    return checkpoint.processor, Layout(checkpoint).encode([Turn("user", (*pictures, "What?"))], (), **bounds)


@pytest.mark.parametrize("bounds", [{}, {"max_pixels": 4_000}, {"min_pixels": 8_000, "max_pixels": 90_000}])
def test_views_of_a_conversation(tiny_qwen: str, bounds: dict[str, int]) -> None:
    processor, encoded = _encoded(tiny_qwen, SIZES, **bounds)
    views = views_of(processor, encoded.inputs, SIZES)
    assert [view and view.size for view in views] == [frame.model for frame in encoded.frames]
    for index, view in enumerate(views):
        assert view is not None
        found = measure(merged_patches(processor.image_processor, encoded.inputs, index))
        assert found.content == pytest.approx(view.content, abs=0.5)


def test_views_of_a_conversation_whose_pictures_were_resized_before(tiny_llava: str) -> None:
    processor, encoded = _encoded(tiny_llava, SIZES[:1], max_pixels=900)
    given = fitted(Image.new("RGB", SIZES[0]), max_pixels=900)
    views = views_of(processor, encoded.inputs, SIZES[:1], pictures=[given.size])
    assert views == [View.whole((32, 32))]
    assert measure(first_part(processor.image_processor, encoded.inputs, 0)).content == pytest.approx(
        (0, 0, 32, 32), abs=0.5
    )
