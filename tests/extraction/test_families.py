from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX, BoxConvention
from extraction.errors import BoxConventionError
from extraction.families import THINK, TOLD_TO_THINK, UNKNOWN, Family, find_family, thinking_marks
from extraction.family_table import FAMILIES


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
    ("model_type", "name", "family", "convention"),
    [
        ("anything", "pocket", "pocket", "relative-1000"),
        ("qwen2_vl", "Qwen/Qwen2-VL-2B-Instruct", "qwen2-vl", "qwen2-vl"),
        ("qwen2_5_vl", "/models/some-folder", "qwen2.5-vl", "qwen2.5-vl"),
        ("qwen2_5_vl", "XiaomiMiMo/MiMo-VL-7B-RL", "mimo-vl", "mimo-vl"),
        ("x", "hub/models--Qwen--Qwen2.5-VL-7B-Instruct/snapshots/0123/", "qwen2.5-vl", "qwen2.5-vl"),
        ("qwen3_vl", "Qwen/Qwen3-VL-2B-Instruct", "qwen3-vl", "qwen3-vl"),
        ("qwen3_vl_moe", "x", "qwen3-vl", "qwen3-vl"),
        ("internvl", "OpenGVLab/InternVL3-1B-hf", "internvl", "internvl"),
        ("gemma4", "google/some", "gemma4", "gemma4"),
        ("idefics3", "ds4sd/SmolDocling-256M-preview", "docling", "docling"),
        ("idefics3", "HuggingFaceM4/Idefics3-8B-Llama3", "smolvlm", None),
        ("smolvlm", "HuggingFaceTB/SmolVLM-256M-Instruct", "smolvlm", None),
        ("llava", "llava-hf/llava-1.5-7b-hf", "llava-1.5", "llava-1.5"),
        ("llava", "org/other", "llava", None),
        (None, "google/gemini-2.5-pro", "gemini", "gemini"),
        (None, "gpt-5", "openai", "openai"),
        (None, "o3-mini", "openai", "openai"),
        (None, "qwen2.5vl:7b", "qwen2.5-vl", "qwen2.5-vl"),  # as Ollama names it
        (None, "accounts/fireworks/models/qwen2p5-vl-32b-instruct", "qwen2.5-vl", "qwen2.5-vl"),
        (None, "/models/Qwen2.5-VL-7B-Instruct-Q4_K_M.gguf", "qwen2.5-vl", "qwen2.5-vl"),
        (None, "qwen.qwen3-vl-235b-a22b", "qwen3-vl", "qwen3-vl"),
        (None, "qwen3-vl:8b", "qwen3-vl", "qwen3-vl"),
        (None, "gemma4:12b", "gemma4", "gemma4"),
        (None, "gemma3:4b", "gemma3", None),
        (None, "us.meta.llama4-scout-17b-instruct-v1:0", "llama4", "llama4"),
        (None, "qwen2.5:7b", "unknown", None),
        (None, "some-model", "unknown", None),
        (None, "gemini/some-model", "unknown", None),
        ("", "pocketful/of-models", "unknown", None),
    ],
)
def test_a_model_has_one_family(model_type: str | None, name: str, family: str, convention: str | None) -> None:
    found = find_family(model_type, name)
    assert (found.name, found.boxes and found.boxes.name) == (family, convention)


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
    assert str(caught.value).startswith(
        "there is no family 'relativ-1000'; did you mean 'relative-1000'? (known families: pocket, "
    )
    assert str(caught.value).endswith(", relative-1000, relative-1000-yxyx, relative-1, pixel, unknown)")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"span": None}, "'own' is 'relative' and has span None"),
        ({"span": 0}, "'own' is 'relative' and has span 0"),
        ({"span": -1}, "'own' is 'relative' and has span -1"),
        ({"kind": "pixel"}, "'own' is 'pixel' and has span 1000"),
        ({"order": "xywh"}, "'own' has order 'xywh'"),
        ({"span": "1000"}, "'own' has span '1000' .give a number"),
        ({"last": "999"}, "'own' has last '999' .give a number"),
        ({"unit": 0}, "'own' has unit 0 .give a number above 0"),
    ],
)
def test_a_convention_that_makes_no_sense_raises(change: dict[str, Any], problem: str) -> None:
    fine: dict[str, Any] = {
        "name": "own",
        "kind": "relative",
        "span": 1000,
        "order": "xyxy",
        "integer": True,
    }
    with pytest.raises(BoxConventionError, match=problem):
        BoxConvention(**(fine | change))


def test_one_syntax_is_one_name_and_not_its_letters() -> None:
    assert BoxConvention("own", "relative", 1000, syntaxes="paligemma").syntaxes == ("paligemma",)  # type: ignore[arg-type]
    found = find_family(None, "google/gemma-4-it", "syntaxes=paligemma").boxes
    assert found is not None
    assert found.syntaxes == ("paligemma",)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("paligema", "paligemma"),
        ("Gemma 4", "gemma4"),
        ("relative_1000", "relative-1000"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "qwen2.5-vl"),
    ],
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(BoxConventionError, match=f"; did you mean '{meant}'"):
        find_family(None, "x", name)


def test_every_family_says_where_its_convention_is_stated() -> None:
    assert all(family.source for family in FAMILIES if family.boxes is not None)
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    types = [kind for family in FAMILIES for kind in family.model_types]
    assert len(set(types)) == len(types)


@pytest.mark.parametrize(
    ("override", "family", "changed"),
    [
        ("qwen3-vl, order=yxyx", "qwen3-vl", {"order": "yxyx"}),
        ("order=yxyx", "paligemma", {"order": "yxyx"}),
        ("paligemma,span=1000,last=none,box_key=none", "paligemma", {"span": 1000, "last": None, "box_key": None}),
        ({"order": "xyxy", "integer": False}, "paligemma", {"order": "xyxy", "integer": False}),
        ({"family": "qwen3-vl", "frame": "canvas"}, "qwen3-vl", {"frame": "canvas"}),
        ("relative-1, integer=true", "relative-1", {"integer": True}),
    ],
)
def test_single_fields_of_a_convention_can_be_changed(override: Any, family: str, changed: dict[str, Any]) -> None:
    found = find_family("paligemma", "x", override)
    plain = find_family("paligemma", "x", family).boxes
    assert plain is not None
    assert found == dataclasses.replace(find_family(None, "", family), boxes=dataclasses.replace(plain, **changed))


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("qwen3-vl, colour=red", "a convention has no field 'colour' .fields: box_key, "),
        ("qwen3-vl, order", "'order' changes no field of a convention"),
        ("qwen3-vl, order=xywh", "has order 'xywh' .xyxy or yxyx"),
        ("smolvlm, order=yxyx", "order cannot be changed: nobody knows how the family 'smolvlm' writes boxes"),
        ({"order": "yxyx"}, "nobody knows how the family 'unknown' writes boxes"),
        ({"family": "nobody"}, "there is no family 'nobody' .known"),
        ("gemma4, span=abc", "has span 'abc'"),
        (3, "3 is no family"),
    ],
)
def test_changes_that_make_no_sense_raise(override: Any, problem: str) -> None:
    with pytest.raises(BoxConventionError, match=problem):
        find_family(None, "x", override)


def test_words_for_a_task() -> None:
    paligemma = find_family("paligemma", "x")
    assert paligemma.prompt("detect", ("cat", "dog")) == "detect cat ; dog"
    assert find_family("florence2", "x").prompt("objects") == "<OD>"
    for task, things, problem in (
        ("dance", (), "the family 'paligemma' has no words for 'dance' .it has: detect, segment, "),
        ("detect", (), "'detect' of the family 'paligemma' needs things to look for"),
        ("caption", ("cat",), "'caption' of the family 'paligemma' looks for no things"),
    ):
        with pytest.raises(BoxConventionError, match=problem):
            paligemma.prompt(task, things)


def test_the_marks_of_thinking_are_those_of_all_families_and_cannot_be_taken_for_one_another() -> None:
    marks = thinking_marks()
    assert {family.thinking for family in FAMILIES if family.thinking} | {THINK, TOLD_TO_THINK} == set(marks.items())
    assert marks["◁think▷"] == "◁/think▷"
    every = [*marks, *marks.values()]
    assert not [(one, other) for one in every for other in every if one is not other and other.startswith(one)]


@pytest.mark.parametrize(
    ("override", "name", "size"),
    [
        ("pixel, model_size=1000x750", "pixel", (1000, 750)),
        ({"family": "pixel", "model_size": (1000, 750)}, "pixel", (1000, 750)),
        ({"family": "pixel", "model_size": [28, 56]}, "pixel", (28, 56)),
        ("model_size=640x480", "qwen2.5-vl", (640, 480)),
        ("dots.ocr, model_size=640X480, order=yxyx", "dots.ocr", (640, 480)),
    ],
)
def test_the_size_at_which_a_model_sees_pictures_can_be_said(override: Any, name: str, size: tuple[int, int]) -> None:
    found = find_family(None, "qwen2.5vl:7b", override)
    assert (found.name, found.model_size) == (name, size)
    assert found.boxes is not None
    assert found.boxes.order == ("yxyx" if "order" in str(override) else "xyxy")


@pytest.mark.parametrize("size", ["1000", "0x5", "axb", (1, 2, 3), (-1, 5), None, 7])
def test_what_is_no_size_raises(size: Any) -> None:
    with pytest.raises(BoxConventionError, match="is no size in pixels"):
        find_family(None, "", {"family": "pixel", "model_size": size})
