"""Models with a syntax of their own: their task prompts, and their answers as values in pixels."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage
from PIL import Image
from pydantic import BaseModel, create_model

from extraction.chains import extraction_chain, native_chain
from extraction.errors import (
    BoxConventionError,
    OptionError,
    SchemaMismatchError,
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, LabeledBox, LabeledPoint, LabeledPolygon, Point, Scene
from tests.chains.fakes import RemoteModel, text_of

PICTURE = Image.new("RGB", (1000, 500))


class Found(BaseModel):
    items: list[LabeledBox]
    count: int
    remark: str | None = None


class Animal(BaseModel):
    species: Literal["Cat", "Dog"]
    where: Box
    age: int | None = None


class Parallel(BaseModel):
    objects: list[str]
    bounding_boxes: list[Box]


class Words(BaseModel):
    text: str
    box: Box


def answered(answer: str, schema: Any, family: str, **options: Any) -> Any:
    model = RemoteModel(answers=[AIMessage(answer)])
    return native_chain(model, schema, family=family, **options).invoke(PICTURE)


PALIGEMMA = "<loc0256><loc0128><loc0512><loc0384> cat ; <loc0000><loc0512><loc1023><loc1023> dog"
CAT, DOG = [125, 125, 375, 250], [500, 0, pytest.approx(1000, abs=1), pytest.approx(500, abs=1)]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (list[LabeledBox], [{"label": "cat", "box": CAT}, {"label": "dog", "box": DOG}]),
        (list[Box], [CAT, DOG]),
        (dict[str, Box], {"cat": CAT, "dog": DOG}),
        (dict[str, list[Box]], {"cat": [CAT], "dog": [DOG]}),
        (
            Found,
            {"items": [{"label": "cat", "box": CAT}, {"label": "dog", "box": DOG}], "count": 2, "remark": None},
        ),
        (
            list[Animal],
            [{"species": "Cat", "where": CAT, "age": None}, {"species": "Dog", "where": DOG, "age": None}],
        ),
        (Parallel, {"objects": ["cat", "dog"], "bounding_boxes": [CAT, DOG]}),
    ],
)
def test_marks_fill_what_can_hold_them(schema: Any, value: Any) -> None:
    from pydantic import TypeAdapter

    got = answered(PALIGEMMA, schema, "paligemma", things=["cat", "dog"])
    assert TypeAdapter(schema).dump_python(got) == value


@pytest.mark.parametrize(
    ("family", "options", "answer", "box"),
    [
        ("paligemma", {}, "<loc0256><loc0128><loc0512><loc0384> cat", CAT),
        ("florence2", {}, "</s><s>cat<loc_125><loc_250><loc_375><loc_500></s>", [125.5, 125.25, 375.5, 250.25]),
        ("qwen2-vl", {}, "<|object_ref_start|>cat<|object_ref_end|><|box_start|>(125,250),(375,500)<|box_end|>", CAT),
        ("internvl", {}, "<ref>cat</ref><box>[[125, 250, 375, 500]]</box>", CAT),
        ("minicpm-v", {}, "<ref>cat</ref><box>125 250 375 500</box>", CAT),
        ("glm-v", {}, "The cat is at <|begin_of_box|>[[125, 250, 375, 500]]<|end_of_box|>", CAT),
        ("qwen3-vl", {}, '```json\n[{"bbox_2d": [125, 250, 375, 500], "label": "cat"}]\n```', CAT),
        ("qwen3-vl", {}, "```json\n[{'bbox_2d': [125, 250, 375, 500], 'label': 'cat'}]\n```", CAT),
        ("gemini", {}, '[{"box_2d": [250, 125, 500, 375], "label": "cat"}]', CAT),
        (
            "kosmos2",
            {},
            "<grounding><phrase>cat</phrase><object><patch_index_0260><patch_index_0491></object>",
            [4.5 / 32 * 1000, 8.5 / 32 * 500, 11.5 / 32 * 1000, 15.5 / 32 * 500],
        ),
        ("deepseek-vl2", {}, "<|ref|>cat<|/ref|><|det|>[[125, 250, 375, 500]]<|/det|>", [v * 1000 / 999 for v in CAT]),
    ],
)
def test_every_family_speaks_its_own_way_and_means_the_same_pixels(
    family: str, options: Any, answer: str, box: list[float]
) -> None:
    (found,) = answered(answer, list[LabeledBox], family, things=["cat"], **options)
    assert found.label == "cat"
    assert found.box.xyxy == pytest.approx(box)


def test_points_and_outlines() -> None:
    points = answered(
        '<point x="10.5" y="20" alt="cat">cat</point>', list[LabeledPoint], "molmo", task="point", things=["cat"]
    )
    assert points == [LabeledPoint(label="cat", point=Point(x=105, y=100))]
    answer = "</s><s><poly><loc_0><loc_0><loc_499><loc_0><loc_499><loc_499></poly></s>"
    (outline,) = answered(answer, list[LabeledPolygon], "florence2", task="segment", things=["cat"])
    assert outline.outline.points[1].xy == pytest.approx((499.5, 0.25))
    (box,) = answered(answer, list[LabeledBox], "florence2", task="segment", things=["cat"])
    assert box.box.xyxy == pytest.approx((0.5, 0.25, 499.5, 249.75))


def test_text_in_the_picture() -> None:
    answer = "</s><s>TOTAL<loc_0><loc_0><loc_99><loc_0><loc_99><loc_99><loc_0><loc_99></s>"
    (word,) = answered(answer, list[Words], "florence2", task="ocr")
    assert (word.text, word.box.xyxy) == ("TOTAL", pytest.approx((0.5, 0.25, 99.5, 49.75)))


def test_the_prompt_is_the_familys_own() -> None:
    model = RemoteModel(answers=[AIMessage("[]")])
    native_chain(model, family="paligemma", things=["cat", "dog"]).invoke(PICTURE)
    assert text_of(model.seen[-1][-1]) == "detect cat ; dog"


@pytest.mark.parametrize(
    ("answer", "schema", "family", "error", "problem"),
    [
        ("I'm sorry, but I can't help with that.", list[LabeledBox], "internvl", UnreadableOutputError, "refused"),
        (
            "It is a nice picture.",
            list[LabeledBox],
            "internvl",
            UnreadableOutputError,
            "no JSON document, and no place as internvl",
        ),
        (PALIGEMMA, LabeledBox, "paligemma", SchemaMismatchError, "holds one place, and the model marked 2"),
        (PALIGEMMA, Scene, "paligemma", SchemaMismatchError, "objects/0/color: the model says where things are"),
        (PALIGEMMA, list[LabeledPoint], "paligemma", SchemaMismatchError, "marked a box, and a point is wanted"),
        (
            "<loc0256><loc0128><loc0512><loc0384> cow",
            list[Animal],
            "paligemma",
            SchemaMismatchError,
            "none of Cat, Dog",
        ),
        ("<ref>cat</ref><box>[[1, 2, 3, 4], [5, 6", list[LabeledBox], "internvl", TruncatedOutputError, "ends in the"),
    ],
)
def test_what_cannot_be_read_or_held_is_an_error(
    answer: str, schema: Any, family: str, error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        answered(answer, schema, family, things=["cat", "dog"])


def test_nothing_there_is_an_empty_list() -> None:
    assert answered("[]", Found, "qwen3-vl", things=["cat"]) == Found(items=[], count=0)
    assert answered("There are none.", list[LabeledPoint], "molmo", task="point", things=["cat"]) == []


def test_a_list_with_something_that_is_no_mark_is_not_read_as_if_it_were_shorter() -> None:
    answer = '[{"bbox_2d": [1, 2, 3, 4], "label": "cat"}, {"label": "dog"}]'
    with pytest.raises(SchemaMismatchError):
        answered(answer, Found, "qwen3-vl", things=["cat", "dog"])


class Made(BaseModel):
    label: str
    box: Box
    age: int | None = None
    colours: list[str] = []
    parts: list[LabeledBox] = []


class Kitchen(BaseModel):
    things: list[Made]
    title: str | None = None


def test_what_stands_beside_a_place_in_json_of_another_form_is_kept() -> None:
    mark = '{"bbox_2d": [0, 0, 500, 500], "label": "cup", "age": 3, "colours": ["red"]}'
    value = {"label": "cup", "box": [0, 0, 500, 250], "age": 3, "colours": ["red"], "parts": []}
    for text in (mark, f"[{mark}]", f'{{"objects": [{mark}]}}', f"```json\n[{mark}]\n```"):
        kitchen = answered(text, Kitchen, "qwen3-vl", instruction="x", task="detect")
        assert kitchen.model_dump(mode="json") == {"things": [value], "title": None}


@pytest.mark.parametrize(
    "text",
    [
        "{'things': [{'bbox_2d': [0, 0, 5, 5], 'label': 'cup'}], 'title': 'a kitchen'}",
        '{"things": [{"bbox_2d": [0, 0, 5, 5], "label": "cup"}], "title": "a kitchen",}',
        '{"objects": [{"bbox_2d": [0, 0, 5, 5], "label": "cup"}], "title": "a kitchen"}',
        '[{"bbox_2d": [0, 0, 5, 5], "label": "cup", "parts": [{"bbox_2d": [0, 0, 5, 5], "label": "ear"}]}]',
    ],
)
def test_what_cannot_be_kept_is_not_passed_over(text: str) -> None:
    with pytest.raises((SchemaMismatchError, UnreadableOutputError)):
        answered(text, Kitchen, "qwen3-vl", instruction="x")


@pytest.mark.parametrize(
    "text",
    [
        "{'cup': [0, 0, 5, 5], 'plate': [0, 0, 9, 9]}",
        "[{'bbox_2d': [0, 0, 5, 5], 'label': 'cup'}, {'bbox_2d': [0, 0, 9, 9], 'label': 'plate'},]",
        "<think>[{'bbox_2d': [0]}]</think>[{'bbox_2d': [0, 0, 5, 5], 'label': 'cup'}, {'bbox_2d': [0, 0, 9, 9], 'name': 'plate'}]",
        "{'objects': [{'bbox_2d': [0, 0, 5, 5], 'label': 'cup'}, {'bbox_2d': [0, 0, 9, 9], 'label': 'plate'}]}",
    ],
)
def test_marks_in_loose_json_that_says_nothing_else(text: str) -> None:
    found = answered(text, list[LabeledBox], "qwen3-vl", instruction="x")
    assert [one.label for one in found] == ["cup", "plate"]


def test_json_between_tags_is_read_as_what_it_is() -> None:
    item = '{"label": "cup", "bbox_2d": [0, 0, 500, 500]}'
    text = f'<|begin_of_box|>{{"things": [{item}], "title": "a kitchen"}}<|end_of_box|>'
    assert answered(text, Kitchen, "glm-v", instruction="x").title == "a kitchen"
    cut = RemoteModel(answers=[AIMessage(text[:-18], response_metadata={"finish_reason": "length"})])
    chain = extraction_chain(cut, list[LabeledBox], family="glm-v", on_truncation="salvage")
    with pytest.raises(TruncatedOutputError):
        chain.invoke(PICTURE)
    cut.answers = [AIMessage(f"<|begin_of_box|>[{item}, {item[:20]}", response_metadata={"finish_reason": "length"})]
    (found,) = chain.invoke(PICTURE)
    assert found.box == Box(x1=0, y1=0, x2=500, y2=250)


@pytest.mark.parametrize("cells", ["<patch_index_0044><patch_index_9999>", "<patch_index_1024><patch_index_0044>"])
def test_cells_that_there_are_not_are_an_error_of_the_answer(cells: str) -> None:
    with pytest.raises(SchemaMismatchError, match="no two of the 1024 cells"):
        answered(f"<phrase>a cat</phrase><object>{cells}</object>", list[LabeledBox], "kosmos2", task="caption")


def test_tags_in_a_json_string() -> None:
    found = answered(f'"{PALIGEMMA}"', list[LabeledBox], "paligemma", instruction="x")
    assert [one.label for one in found] == ["cat", "dog"]


def test_what_is_complete_of_a_cut_answer_comes_with_the_error() -> None:
    answer = AIMessage(
        "<ref>cat</ref><box>[[125, 250, 375, 500]]</box>\n<ref>dog</ref><box>[[0, 0, 1",
        response_metadata={"finish_reason": "length"},
    )
    with pytest.raises(TruncatedOutputError) as caught:
        native_chain(RemoteModel(answers=[answer]), family="internvl", things=["cat"]).invoke(PICTURE)
    assert caught.value.partial == [{"label": "cat", "box": CAT}]


def test_what_cannot_be_asked_is_told_at_once() -> None:
    model = RemoteModel()
    for options, error, problem in (
        ({"family": "paligemma"}, BoxConventionError, "needs things to look for"),
        (
            {"family": "smolvlm", "things": ["cat"]},
            BoxConventionError,
            "nobody knows how models of the family 'smolvlm'",
        ),
        ({"family": "molmo", "things": ["cat"]}, BoxConventionError, "has no words for 'detect'"),
        ({"family": "paligemma", "things": "cat"}, OptionError, "things must be a list of words"),
    ):
        with pytest.raises(error, match=problem):
            native_chain(model, **options)


def test_a_bare_list_is_put_where_the_schema_has_its_one_list() -> None:
    answer = '[{"label": "heart", "color": "red", "box_2d": [100, 200, 300, 400]}]'
    parser = GroundedOutputParser(target=Scene, convention="gemini", size=(1000, 500))
    (found,) = parser.invoke(answer).objects
    assert (found.label, found.color.basic, found.box.xyxy) == ("heart", "red", (200, 50, 400, 150))
    with pytest.raises(SchemaMismatchError, match="fit the schema"):
        parser.invoke(answer.replace("red", "no colour at all"))


class Remarked(BaseModel):
    labels: list[str]
    boxes: list[Box]
    warnings: list[str] = []


class Noted(BaseModel):
    remark: str | None = None
    box: Box


def test_only_fields_that_are_about_names_get_them() -> None:
    value = answered(PALIGEMMA, Remarked, "paligemma", things=["cat", "dog"])
    assert (value.labels, value.warnings) == (["cat", "dog"], [])
    assert [one.remark for one in answered(PALIGEMMA, list[Noted], "paligemma", things=["cat", "dog"])] == [None, None]
    needed = create_model("Needed", boxes=(list[Box], ...), warnings=(list[str], ...))
    with pytest.raises(SchemaMismatchError, match="warnings: the model says where things are"):
        answered(PALIGEMMA, needed, "paligemma", things=["cat", "dog"])
