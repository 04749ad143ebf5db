"""Bounds on pixels through the real picture processors of transformers: what comes out is counted, not believed."""

from __future__ import annotations

import contextlib
import copy
import importlib
import itertools
import math
import random
import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transformers import Idefics3Processor, InternVLProcessor, PreTrainedTokenizerFast

from extraction.content import Turn
from extraction.errors import OptionError
from extraction.images import Picture
from extraction.layout import Layout
from extraction.loading import without_videos
from extraction.picture_sizes import RULES, fit
from tests import tiny_models

Out = Mapping[str, Any]


def _tiled(out: Out, width: int, height: int) -> int:
    """Pixels of all tiles but the overview, which several tiles have beside them."""
    shape = out["pixel_values"].shape
    tiles = math.prod(shape[:-3])
    return int(math.prod(shape[-2:]) * max(1, tiles - 1))


def _in_one_piece(out: Out, width: int, height: int) -> int:
    return int(math.prod(out["pixel_values"].shape[-2:]))


def _grid(patch: int) -> Callable[[Out, int, int], int]:
    return lambda out, width, height: int(math.prod(out["image_grid_thw"][0])) * patch * patch


def _sliced(out: Out, width: int, height: int) -> int:
    sizes = [math.prod(map(int, one)) for one in out["target_sizes"]]
    return int(sum(sizes[1:] or sizes)) * 14 * 14


def _fuyu(out: Out, width: int, height: int) -> int:
    rows, columns = (
        math.ceil(float(np.ravel(out[name])[0]) / 30) for name in ("image_unpadded_heights", "image_unpadded_widths")
    )
    return rows * columns * 900


SEEN: dict[str, tuple[dict[str, Any], Callable[[Out, int, int], int]]] = {
    "cohere_compass.CohereCompassImageProcessor": ({}, _grid(14)),
    "cosmos3_edge.Cosmos3EdgeImageProcessor": ({}, _grid(16)),
    "ernie4_5_vl_moe.Ernie4_5_VLMoeImageProcessor": ({}, _grid(14)),
    "fuyu.FuyuImageProcessor": ({}, _fuyu),
    "gemma4.Gemma4ImageProcessor": ({}, lambda out, *_: int(out["num_soft_tokens_per_image"][0]) * 48 * 48),
    "glm46v.Glm46VImageProcessor": ({}, _grid(14)),
    "glm4v.Glm4vImageProcessor": ({}, _grid(14)),
    "glm5_next.Glm5NextImageProcessor": ({}, _grid(14)),
    "glmga.GlmgaImageProcessor": ({}, _grid(14)),
    "got_ocr2.GotOcr2ImageProcessor": ({"crop_to_patches": True}, _tiled),
    "granite_docling.GraniteDoclingImageProcessor": ({"size": {"height": 256, "width": 256}}, _tiled),
    "hunyuan_vl.HunYuanVLImageProcessor": ({}, _grid(16)),
    "idefics2.Idefics2ImageProcessor": ({}, _in_one_piece),
    "idefics3.Idefics3ImageProcessor": ({}, _tiled),
    "llava_next.LlavaNextImageProcessor": (
        {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}},
        _tiled,
    ),
    "llava_onevision.LlavaOnevisionImageProcessor": ({}, _tiled),
    "minicpmv4_6.MiniCPMV4_6ImageProcessor": ({}, _sliced),
    "mllama.MllamaImageProcessor": (
        {"size": {"height": 448, "width": 448}},
        lambda out, *_: int(out["num_tiles"][0][0]) * 448 * 448,
    ),
    "ovis2.Ovis2ImageProcessor": ({"crop_to_patches": True}, _tiled),
    "paddleocr_vl.PaddleOCRVLImageProcessor": ({}, _grid(14)),
    "pixtral.PixtralImageProcessor": ({}, lambda out, *_: int(math.prod(out["image_sizes"][0]))),
    "qwen2_vl.Qwen2VLImageProcessor": ({}, _grid(14)),
    "smolvlm.SmolVLMImageProcessor": (
        {"size": {"longest_edge": 1024}, "max_image_size": {"longest_edge": 256}},
        _tiled,
    ),
    "video_llama_3.VideoLlama3ImageProcessor": ({}, _grid(14)),
}
"""Settings, and the pixels that the model is shown, of every class with a choice that needs no torchvision."""

FIXED = (
    "blip.BlipImageProcessor",
    "chameleon.ChameleonImageProcessor",
    "clip.CLIPImageProcessor",
    "deepseek_vl.DeepseekVLImageProcessor",
    "gemma3.Gemma3ImageProcessor",
    "janus.JanusImageProcessor",
    "llava.LlavaImageProcessor",
    "siglip.SiglipImageProcessor",
)

SIZES = [(1000, 600), (180, 640), (1600, 1200), (333, 332)]


def _made(name: str, settings: Mapping[str, Any]) -> Any:
    folder, kind = name.split(".")
    module = importlib.import_module(f"transformers.models.{folder}.image_processing_pil_{folder}")
    return getattr(module, f"{kind}Pil")(**settings)


def _seen(image_processor: Any, size: tuple[int, int], measure: Callable[..., int], **bounds: int | None) -> int:
    fitting = fit(SimpleNamespace(image_processor=image_processor), [size], **{**_NONE, **bounds})
    image = Image.fromarray(np.zeros((fitting.sizes[0][1], fitting.sizes[0][0], 3), np.uint8))
    return measure(image_processor([image], return_tensors="np", **fitting.settings), *size)


_NONE: dict[str, int | None] = {"min_pixels": None, "max_pixels": None}


@pytest.mark.parametrize("name", SEEN)
def test_what_the_model_sees_is_within_the_bounds(name: str) -> None:
    settings, measure = SEEN[name]
    image_processor = _made(name, settings)
    before = copy.deepcopy(vars(image_processor))
    held = 0
    for size, bound, name_of_bound in itertools.product(
        SIZES, (120_000, 400_000, 1_500_000), ("max_pixels", "min_pixels")
    ):
        with contextlib.suppress(OptionError):
            seen = _seen(image_processor, size, measure, **{name_of_bound: bound})
            # Slices of MiniCPM-V are rounded to whole patches after their number is chosen.
            slack = 0.12 if "MiniCPM" in name else 0.0
            inside = seen <= bound * (1 + slack) if name_of_bound == "max_pixels" else seen >= bound * (1 - slack)
            assert inside, (size, name_of_bound, bound, seen)
            held += 1
    assert held >= 9
    assert repr(vars(image_processor)) == repr(before)


@pytest.mark.parametrize("name", SEEN)
def test_a_bound_that_holds_already_changes_nothing(name: str) -> None:
    settings, measure = SEEN[name]
    image_processor = _made(name, settings)
    plain = _seen(image_processor, (1000, 600), measure)
    assert _seen(image_processor, (1000, 600), measure, max_pixels=2 * plain) == plain
    assert _seen(image_processor, (1000, 600), measure, min_pixels=plain // 2) == plain


@pytest.mark.parametrize("name", FIXED)
def test_a_model_with_one_size_for_every_picture_says_so(name: str) -> None:
    image_processor = _made(name, {})
    area = _seen(image_processor, (1000, 600), _in_one_piece)
    assert _seen(image_processor, (1000, 600), _in_one_piece, max_pixels=area, min_pixels=area) == area
    for bounds in ({"max_pixels": area - 1}, {"min_pixels": area + 1}):
        with pytest.raises(OptionError, match=rf"sees every picture as .*{area} is the"):
            _seen(image_processor, (1000, 600), _in_one_piece, **bounds)


def test_every_class_of_the_table_is_one_of_transformers() -> None:
    from transformers.models.auto import image_processing_auto

    known = {
        name
        for names in vars(image_processing_auto)["IMAGE_PROCESSOR_MAPPING_NAMES"].values()
        for name in names.values()
        if name
    }
    assert {name for name in RULES if name not in known} == set()


def test_bounds_that_contradict_each_other_are_refused() -> None:
    processor = SimpleNamespace(image_processor=_made("siglip.SiglipImageProcessor", {}))
    with pytest.raises(OptionError, match="min_pixels=9 is above max_pixels=8"):
        fit(processor, [(3, 3)], min_pixels=9, max_pixels=8)


@pytest.mark.parametrize("name", ["idefics3.Idefics3ImageProcessor", "llava_onevision.LlavaOnevisionImageProcessor"])
def test_bounds_between_which_there_is_no_size_are_refused(name: str) -> None:
    image_processor = _made(name, {})
    for size in [(1000, 600), (600, 600)]:
        with pytest.raises(OptionError, match="none lies within min_pixels=300000 and max_pixels=300001"):
            _seen(image_processor, size, _tiled, min_pixels=300_000, max_pixels=300_001)


def test_a_class_that_is_not_known_gets_a_picture_within_the_bounds() -> None:
    processor = SimpleNamespace(image_processor=SimpleNamespace())
    (shrunken, enlarged) = fit(processor, [(2000, 1000), (20, 10)], min_pixels=800, max_pixels=500_000).sizes
    assert 490_000 < math.prod(shrunken) <= 500_000
    assert 800 <= math.prod(enlarged) < 860
    assert shrunken[0] / shrunken[1] == pytest.approx(2, abs=0.01)


def test_a_class_derived_from_a_known_one_follows_its_rule() -> None:
    known: Any = type(_made("qwen2_vl.Qwen2VLImageProcessor", {}))
    own = type("SomebodysImageProcessor", (known,), {})
    fitting = fit(SimpleNamespace(image_processor=own()), [(9, 9)], min_pixels=None, max_pixels=9_000)
    assert fitting.settings == {"size": {"shortest_edge": 3136, "longest_edge": 9_000}}


def test_what_a_whole_processor_presets_counts() -> None:
    image_processor = _made("got_ocr2.GotOcr2ImageProcessor", {})
    bare = SimpleNamespace(image_processor=image_processor)
    with pytest.raises(OptionError, match="sees every picture as 384 x 384"):
        fit(bare, [(999, 999)], min_pixels=700_000, max_pixels=None)
    whole = SimpleNamespace(image_processor=image_processor, images_kwargs={"crop_to_patches": True})
    assert fit(whole, [(999, 999)], min_pixels=700_000, max_pixels=None).settings["min_patches"] == 5


def test_random_sizes_and_bounds_hold_on_canvases_that_the_picture_chooses() -> None:
    random.seed(4)
    for name in ("pixtral.PixtralImageProcessor", "llava_onevision.LlavaOnevisionImageProcessor"):
        settings, measure = SEEN[name]
        image_processor = _made(name, settings)
        for _ in range(12):
            size = random.randint(60, 1600), random.randint(60, 1600)
            bound = random.randint(350_000, 900_000)
            assert _seen(image_processor, size, measure, max_pixels=bound) <= bound, (name, size, bound)


def _layout(processor: Any) -> Layout:
    checkpoint: Any = SimpleNamespace(
        processor=processor,
        tokenizer=processor.tokenizer,
        processor_lock=threading.RLock(),
        config=SimpleNamespace(image_token_id=processor.image_token_id),
    )
    return Layout(checkpoint)


def _tokenizer_with(**named: str) -> PreTrainedTokenizerFast:
    core = tiny_models.make_tokenizer((*tiny_models.SPECIAL, *named.values()))._tokenizer
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<|pad|>", eos_token="<|im_end|>", extra_special_tokens=named
    )


def _internvl() -> Any:
    named = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<ctx>"}
    return without_videos(InternVLProcessor)(
        image_processor=_made("got_ocr2.GotOcr2ImageProcessor", {"size": {"height": 64, "width": 64}}),
        tokenizer=_tokenizer_with(**named, video_token="<vid>"),
        image_seq_length=4,
        chat_template=tiny_models.LLAVA_TEMPLATE.replace("<image>", "<ctx>"),
    )


def _idefics3() -> Any:
    settings = {"size": {"longest_edge": 256}, "max_image_size": {"longest_edge": 64}}
    return Idefics3Processor(
        image_processor=_made("idefics3.Idefics3ImageProcessor", settings),
        tokenizer=_tokenizer_with(around="<fake_token_around_image>", overview="<global-img>"),
        image_seq_len=4,
        chat_template=tiny_models.LLAVA_TEMPLATE,
    )


@pytest.mark.parametrize(
    ("build", "views"), [(_internvl, {None: 9, 2: 3, 1: 1, -14: 15}), (_idefics3, {None: 9, 2: 3, 1: 1, -14: 16})]
)
def test_bounds_reach_the_tiles_through_a_whole_processor(build: Any, views: dict[int | None, int]) -> None:
    layout = _layout(build())
    turns = [Turn("user", (Picture(Image.new("RGB", (400, 200))), "x"))]
    for tiles, expected in views.items():
        pixels = (tiles or 0) * 64 * 64
        low, high = (-pixels, None) if pixels < 0 else (None, pixels or None)
        encoded = layout.encode(turns, min_pixels=low, max_pixels=high)
        assert math.prod(encoded.inputs["pixel_values"].shape[:-3]) == expected
        assert encoded.image_tokens in (4 * expected, 4 * expected + 2)  # InternVL counts its marks, too
        assert encoded.frames[0].original == (400, 200)
