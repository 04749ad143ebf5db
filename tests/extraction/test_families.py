from __future__ import annotations

from typing import Any

import pytest

from extraction.errors import BoxConventionError
from extraction.families import (
    FAMILIES,
    PIXEL,
    RELATIVE_1,
    RELATIVE_1000,
    RELATIVE_1000_YXYX,
    UNKNOWN,
    BoxConvention,
    Family,
    find_family,
)


def test_the_conventions_in_words() -> None:
    whole = "whole numbers from 0 to 1000, where 1000 is the full width or height"
    assert [convention.words for convention in (RELATIVE_1000, RELATIVE_1000_YXYX, RELATIVE_1, PIXEL)] == [
        f"[x1, y1, x2, y2]: left, top, right, bottom as {whole}",
        f"[y1, x1, y2, x2]: top, left, bottom, right as {whole}",
        "[x1, y1, x2, y2]: left, top, right, bottom as numbers from 0 to 1, where 1 is the full width or height",
        "[x1, y1, x2, y2]: left, top, right, bottom in pixels of the picture",
    ]
    assert (RELATIVE_1000_YXYX.box_form, RELATIVE_1000_YXYX.point_form) == ("[y1, x1, y2, x2]", "[y, x]")
    assert (PIXEL.box_form, PIXEL.point_form) == ("[x1, y1, x2, y2]", "[x, y]")


@pytest.mark.parametrize(
    ("model_type", "name", "family", "boxes"),
    [
        ("anything", "pocket", "pocket", RELATIVE_1000),
        ("qwen2_vl", "Qwen/Qwen2-VL-2B-Instruct", "qwen2-vl", RELATIVE_1000),
        ("qwen2_5_vl", "/models/some-folder", "qwen2.5-vl", PIXEL),
        ("qwen3_vl", "Qwen/Qwen3-VL-2B-Instruct", "qwen3-vl", RELATIVE_1000),
        ("qwen3_vl_moe", "x", "qwen3-vl", RELATIVE_1000),
        ("internvl", "OpenGVLab/InternVL3-1B-hf", "internvl", RELATIVE_1000),
        ("gemma4", "google/gemma-4", "gemma4", RELATIVE_1000_YXYX),
        ("smolvlm", "HuggingFaceTB/SmolVLM-256M-Instruct", "unknown", None),
        (None, "gpt-5", "unknown", None),
        ("", "pocketful/of-models", "unknown", None),
    ],
)
def test_a_model_has_one_family(model_type: str | None, name: str, family: str, boxes: BoxConvention | None) -> None:
    found = find_family(model_type, name)
    assert (found.name, found.boxes) == (family, boxes)


@pytest.mark.parametrize("name", ["relative-1000", "relative-1000-yxyx", "relative-1", "pixel"])
def test_a_bare_convention_can_be_named(name: str) -> None:
    boxes = find_family("qwen2_5_vl", "x", name).boxes
    assert boxes is not None
    assert boxes.name == name


def test_the_users_word_counts_most() -> None:
    own = Family("own", boxes=RELATIVE_1)
    assert find_family("qwen3_vl", "pocket", own) is own
    changed = find_family("qwen3_vl", "x", RELATIVE_1)
    assert (changed.name, changed.boxes) == ("qwen3-vl", RELATIVE_1)
    assert find_family("qwen3_vl", "x", "unknown") is UNKNOWN


def test_a_family_that_nobody_knows_raises_and_names_those_that_are_known() -> None:
    with pytest.raises(BoxConventionError) as caught:
        find_family(None, "x", "relativ-1000")
    assert str(caught.value) == (
        "there is no family 'relativ-1000' (known families: pocket, qwen2-vl, qwen2.5-vl, qwen3-vl, internvl, gemma4, "
        "relative-1000, relative-1000-yxyx, relative-1, pixel, unknown)"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"span": None}, "'own' is 'relative' and has span None"),
        ({"span": 0}, "'own' is 'relative' and has span 0"),
        ({"span": -1}, "'own' is 'relative' and has span -1"),
        ({"kind": "pixel"}, "'own' is 'pixel' and has span 1000"),
        ({"order": "xywh"}, "'own' has order 'xywh'"),
    ],
)
def test_a_convention_that_makes_no_sense_raises(change: dict[str, Any], problem: str) -> None:
    fine: dict[str, Any] = {
        "name": "own",
        "kind": "relative",
        "span": 1000,
        "order": "xyxy",
        "integer": True,
        "words": "",
    }
    with pytest.raises(BoxConventionError, match=problem):
        BoxConvention(**(fine | change))


def test_every_family_says_where_its_convention_is_stated() -> None:
    assert all(family.source for family in FAMILIES if family.boxes is not None)
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    types = [kind for family in FAMILIES for kind in family.model_types]
    assert len(set(types)) == len(types)
