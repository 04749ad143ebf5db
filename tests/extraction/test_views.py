from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from extraction.layout import fitted
from extraction.views import RULES, View, views_of
from tests.extraction.configurations import CONFIGURATIONS, SIZES, Configuration, pixels, square
from tests.extraction.probes import Measured, gradient, measure

NAMED = {one.name: one for one in CONFIGURATIONS}
PROBES = [pytest.param(one, size, id=f"{one.name}-{size[0]}x{size[1]}") for one in CONFIGURATIONS for size in one.sizes]


def returned(image_processor: Any, pictures: Any, **settings: Any) -> Mapping[str, Any]:
    outputs = image_processor(pictures, return_tensors="pt", **settings)
    return outputs if isinstance(outputs, Mapping) else {"pixel_values": outputs}  # Idefics returns its pixels alone


def measured(one: Configuration, image_processor: Any, size: tuple[int, int], settings: dict[str, Any]) -> Measured:
    """Where the picture lies; of what is cropped, a second picture tells more."""
    found = measure(one.read(image_processor, returned(image_processor, gradient(size), **settings), 0))
    if min(found.seen) > 0.5:
        return found
    outputs = returned(image_processor, gradient(size, found.seen), **settings)
    return measure(one.read(image_processor, outputs, 0), found.seen)


def assert_agree(view: View | None, found: Measured) -> None:
    """The same canvas, and edges within half a pixel of it, or a thousandth of the picture's own side."""
    assert view is not None
    assert view.size == found.size
    left, top, right, bottom = view.content
    sides = (right - left, bottom - top) * 2
    allowed = [max(0.5, 0.001 * side) for side in sides]
    errors = np.abs(np.subtract(view.content, found.content))
    assert (errors <= allowed).all(), f"{view} is measured as {found}"


@pytest.mark.parametrize(("one", "size"), PROBES)
def test_the_view_is_what_the_pixels_show(one: Configuration, size: tuple[int, int]) -> None:
    image_processor = one.build()
    if size in one.refused:
        with pytest.raises(ValueError, match="aspect ratio must be smaller"):
            returned(image_processor, gradient(size))
        return
    (view,) = views_of(image_processor, returned(image_processor, gradient(size)), [size])
    assert_agree(view, measured(one, image_processor, size, {}))


def test_enough_is_probed() -> None:
    assert len(CONFIGURATIONS) >= 60
    assert sum(one.sizes[: len(SIZES)] == SIZES for one in CONFIGURATIONS) >= 50
    assert all(len(set(one.sizes)) == len(one.sizes) for one in CONFIGURATIONS)


SEVERAL = (
    "siglip clip llava-padded deepseek-vl janus aria mllama fuyu idefics2 llava-next minicpm-v qwen2-vl glm-5-next gemma-4 "
    "pixtral kosmos-2.5 siglip-2"
).split()


@pytest.mark.parametrize("name", SEVERAL)
def test_several_pictures_of_a_call_keep_their_order(name: str) -> None:
    image_processor, sizes = (
        NAMED[name].build(),
        [(500, 450), (100, 300), (320, 240)],
    )  # the first is one that has slices
    pictures: Any = [gradient(size) for size in sizes]
    outputs = returned(image_processor, pictures if name not in ("idefics2", "mllama") else [pictures])
    for index, (view, size) in enumerate(zip(views_of(image_processor, outputs, sizes), sizes, strict=True)):
        assert view is not None
        seen = NAMED[name].read(image_processor, outputs, index)
        seen = seen[: view.size[1], : view.size[0]]  # without what was padded for the neighbours' sake
        found = measure(seen)
        errors = np.abs(np.subtract(view.content, found.content))
        assert found.size == view.size
        assert errors.max() <= max(0.5, 0.001 * max(view.content)), f"{size}: {view} is measured as {found}"


def test_pictures_side_by_side_are_letterboxed_where_one_alone_is_stretched() -> None:
    one = NAMED["llava-onevision"]
    image_processor, sizes = one.build(), [(250, 150), (100, 300)]
    outputs = returned(image_processor, [[gradient(size) for size in sizes]])
    for index, view in enumerate(views_of(image_processor, outputs, sizes)):
        assert_agree(view, measure(one.read(image_processor, outputs, index)))
    assert views_of(image_processor, outputs, sizes)[0] == View((384, 384), (0, 50 * 384 / 250, 384, 200 * 384 / 250))


def test_a_batch_that_is_padded_without_a_mask_has_one_canvas() -> None:
    settings = {"do_center_crop": False, "do_pad": True}
    one = Configuration("padded", "clip", "CLIP", settings=settings)
    image_processor, sizes = one.build(), [(250, 150), (100, 300)]
    outputs = returned(image_processor, [gradient(size) for size in sizes])
    views = views_of(image_processor, outputs, sizes)
    assert views == [View((373, 672), (0, 0, 373, 224)), View((373, 672), (0, 0, 224, 672))]
    for index, view in enumerate(views):
        assert_agree(view, measure(one.read(image_processor, outputs, index)))


@pytest.mark.parametrize(
    ("name", "size", "settings"),
    [
        ("qwen2-vl", (900, 640), pixels(3136, 50_000)),
        ("qwen2-vl", (90, 64), pixels(50_000, 100_000)),
        ("qwen2-vl", (112, 56), {"do_resize": False}),
        ("glm-5-next", (900, 640), {"max_image_tokens": 30}),
        ("glm-5-next", (112, 56), {"do_resize": False}),
        ("gemma-4", (900, 640), {"max_soft_tokens": 140}),
        ("gemma-4", (96, 48), {"do_resize": False}),
        ("pixtral", (96, 48), {"do_resize": False}),
        ("siglip", (90, 64), {"do_resize": False}),
        ("siglip", (90, 64), square(112)),
        ("janus", (90, 64), {"do_resize": False}),
        ("deepseek-vl-hybrid", (90, 64), {"do_resize": False}),
        ("llava", (90, 64), {"do_pad": True, "do_center_crop": False, "do_resize": False}),
        ("llava", (90, 64), {"crop_size": {"height": 100, "width": 151}}),
        ("clip", (90, 64), {"size": {"shortest_edge": 50}, "crop_size": {"height": 49, "width": 50}}),
        ("fuyu", (100, 70), {"do_resize": False}),
        ("minicpm-v", (112, 56), {"do_resize": False}),
        ("minicpm-v", (900, 640), {"slice_mode": False}),
        ("aria", (90, 64), {"max_image_size": 490}),
        ("idefics2", (90, 64), {"do_pad": False}),
        ("idefics3", (90, 64), {"max_image_size": {"longest_edge": 100}}),
        ("internvl", (90, 64), {"crop_to_patches": False}),
        ("mllama", (900, 640), {"max_image_tiles": 2}),
    ],
)
def test_the_settings_of_the_call_count(name: str, size: tuple[int, int], settings: dict[str, Any]) -> None:
    one = NAMED[name]
    image_processor = one.build()
    outputs = returned(image_processor, gradient(size), **settings)
    (view,) = views_of(image_processor, outputs, [size], settings=settings)
    assert_agree(view, measured(one, image_processor, size, settings))


def test_a_picture_that_was_resized_before_is_the_original_still() -> None:
    original, one = (301, 97), NAMED["llava"]
    image_processor, picture = one.build(), fitted(gradient(original), max_pixels=4_000)
    outputs = returned(image_processor, picture)
    (view,) = views_of(image_processor, outputs, [original], pictures=[picture.size])
    assert picture.size == (111, 35)
    assert view == View((224, 224), (-243, 0, 467, 224))  # 710 pixels wide: 111 / 35 and not 301 / 97 of the height
    assert_agree(view, measure(one.read(image_processor, outputs, 0)))


# --- nothing is guessed ------------------------------------------------------------------------------------------------


def test_an_unknown_class_has_no_view() -> None:
    assert views_of(SimpleNamespace(), {}, [(4, 4)]) == [None]
    assert views_of(SimpleNamespace(image_processor=SimpleNamespace(patch_size=14)), {}, [(4, 4)]) == [None]


def _own(name: str, base: type, **members: Any) -> Any:
    return type(name, (base,), members)()


def test_a_class_that_places_pictures_as_the_base_does_needs_no_rule() -> None:
    from transformers.image_processing_backends import PilBackend

    settings = {
        "do_resize": True,
        "resample": 3,
        "size": {"shortest_edge": 30},
        "do_center_crop": True,
        "crop_size": 40,
        "do_rescale": False,
    }
    plain = _own("NewImageProcessor", PilBackend, default_to_square=False, **settings)
    outputs = returned(plain, gradient((90, 60)))
    assert views_of(plain, outputs, [(90, 60)]) == [View((40, 40), (-2, 5, 43, 35))]
    other = _own("OtherImageProcessor", PilBackend, resize=lambda self, image, **_: image, **settings)
    assert views_of(other, {}, [(90, 60)]) == [None]


def test_a_subclass_goes_the_way_of_its_base() -> None:
    image_processor = _own("MyImageProcessor", type(NAMED["qwen2-vl"].build()))
    outputs = returned(image_processor, gradient((250, 150)))
    assert views_of(image_processor, outputs, [(250, 150)]) == [View.whole((252, 140))]


@pytest.mark.parametrize(
    ("name", "settings", "changed"),
    [
        ("siglip", {}, {"pixel_values": np.zeros((1, 3, 200, 200))}),
        ("qwen2-vl", {}, {"pixel_values": np.zeros((7, 1176))}),
        ("qwen2-vl", {"patch_size": 16}, {}),
        ("qwen2-vl", {}, {"image_grid_thw": None}),
        ("qwen2-vl", {}, {"image_grid_thw": [[1, 2, 2], [1, 2, 2]]}),
        ("glm-5-next", {"merge_size": None}, {}),
        ("pixtral", {}, {"image_sizes": [[400, 400]]}),
        ("pixtral", {"do_center_crop": True}, {}),
        ("kosmos-2.5", {}, {"width": [17]}),
        ("minicpm-v", {}, {"target_sizes": [[2, 2]]}),
        ("idefics2", {}, {"pixel_attention_mask": np.ones((1, 5, 8, 8))}),
        ("mllama", {}, {"aspect_ratio_ids": [[99]]}),
        ("mllama", {}, {"pixel_values": np.zeros((1, 1, 4, 3, 100, 100))}),
        ("fuyu", {}, {"image_patches": np.zeros((7, 2700))}),
        ("donut", {"do_align_long_axis": True}, {}),
        ("nougat", {"do_crop_margin": True}, {}),
        ("pix2struct", {"is_vqa": True}, {}),
    ],
)
def test_what_contradicts_or_is_not_told_is_not_known(
    name: str, settings: dict[str, Any], changed: dict[str, Any]
) -> None:
    image_processor = NAMED[name].build()
    outputs = {**returned(image_processor, gradient((250, 150))), **changed}
    assert views_of(image_processor, outputs, [(250, 150)], settings=settings) == [None]


def test_every_class_of_models_that_write_about_pictures_has_a_rule() -> None:
    from transformers.models.auto import image_processing_auto, modeling_auto

    names = {*modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES, "donut-swin", "nougat", "vit", "deit"}
    mapping = vars(image_processing_auto)["IMAGE_PROCESSOR_MAPPING_NAMES"]
    classes = {cls.removesuffix("Pil") for name in names for cls in mapping.get(name, {}).values()}
    assert len(classes) > 50
    plain = {"ViTImageProcessor", "DeiTImageProcessor"}  # do as the base does
    assert classes - plain <= set(RULES)


def test_every_rule_is_for_a_class_that_exists() -> None:
    import transformers

    assert set(RULES) <= set(dir(transformers))
