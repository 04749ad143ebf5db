"""A model is asked for the keys that its family knows, and everybody else sees the schema's own."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from langchain_core.messages import HumanMessage
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from extraction import ChatTransformers, extract
from extraction.chains import extraction_chain
from extraction.conventions import RELATIVE_1000, BoxConvention
from extraction.errors import SchemaMismatchError, TruncatedOutputError
from extraction.frames import Frame, Grounding
from extraction.images import load_image
from extraction.keys import Keys
from extraction.parsing import GroundedOutputParser
from extraction.prompts import model_schema, schema_text
from extraction.schemas import Box, Point, Scene, json_schema_of
from tests.chains.fakes import RemoteModel

QWEN = RELATIVE_1000.changed(name="qwen3-vl", box_key="bbox_2d", point_key="point_2d")


class Part(BaseModel):
    box: Box
    at: Annotated[Point | None, Field(alias="point")] = None


class Machine(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    box: Box | None
    parts: list[Part]


class Pair(BaseModel):
    box: Box
    other: Box


class Named(BaseModel):
    signature_box: Box


class Both(BaseModel):
    box: Box
    bbox_2d: str


class TwoMeanings(BaseModel):
    box: Box
    crate: Inner


class Inner(BaseModel):
    box: str


class Mapped(BaseModel):
    things: dict[str, Part]


class Free(BaseModel):
    box: Box
    more: Any = None


class Tree(BaseModel):
    bbox: Box
    children: list[Tree] = []


class Signed(BaseModel):
    box: Box
    signed: bool


class Signed2(BaseModel):
    text: str
    box: Box
    more: list[Box]


def picture_message(text: str) -> HumanMessage:
    url = load_image(Image.new("RGB", (90, 60), "red")).to_data_uri("png")
    return HumanMessage([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}])


TwoMeanings.model_rebuild()


@pytest.mark.parametrize(
    ("schema", "renamed"),
    [
        (Scene, {"box": "bbox_2d"}),
        (Machine, {"box": "bbox_2d", "point": "point_2d"}),
        (Tree, {"bbox": "bbox_2d"}),
        (list[Part], {"box": "bbox_2d", "point": "point_2d"}),
        (Pair, {}),
        (Named, {}),
        (Both, {}),
        (TwoMeanings, {}),
        (Mapped, {}),
        (Free, {}),
        ({"type": "object", "properties": {"box": json_schema_of(Box), "more": {"type": ["object", "null"]}}}, {}),
        ({"type": "object", "properties": {"box": json_schema_of(Box), "more": {"type": "array"}}}, {}),
        (dict[str, Box], {}),
        (list[Box], {}),
        (Box, {}),
    ],
)
def test_only_names_that_say_box_and_nothing_else_are_changed(schema: Any, renamed: dict[str, str]) -> None:
    assert Keys(json_schema_of(schema), QWEN).to_model == renamed
    assert Keys(json_schema_of(schema), RELATIVE_1000).to_model == {}
    assert Keys(json_schema_of(schema), None).to_model == {}


def test_a_model_is_shown_and_held_to_its_own_keys() -> None:
    schema = json_schema_of(Machine)
    assert '"bbox_2d": [x1, y1, x2, y2] | null' in schema_text(schema, QWEN)
    assert '"box"' not in schema_text(schema, QWEN)
    written = model_schema(schema, QWEN)
    assert list(written["properties"]) == ["name", "bbox_2d", "parts"]
    assert written["required"] == ["name", "bbox_2d", "parts"]
    assert list(written["$defs"]["Part"]["properties"]) == ["bbox_2d", "point_2d"]


@pytest.mark.parametrize("convention", [QWEN, QWEN.changed(order="yxyx")])
def test_an_answer_comes_back_under_the_schemas_own_keys(convention: BoxConvention) -> None:
    schema = json_schema_of(Machine)
    value = {"name": "m", "box": [100, 50, 200, 100], "parts": [{"box": [0, 0, 10, 20], "point": [100, 50]}]}
    written = Grounding(convention, Frame((200, 100)), to_model=True).apply(value, schema)
    assert written["parts"][0].keys() == {"bbox_2d", "point_2d"}
    assert written["bbox_2d"] == ([500, 500, 1000, 1000])
    grounding = Grounding(convention, Frame((200, 100)))
    assert grounding.apply(written, schema) == value
    assert not grounding.problems
    assert Machine.model_validate(value).parts[0].box == Box(x1=0, y1=0, x2=10, y2=20)


def test_a_box_under_both_names_is_not_one_of_them_by_chance() -> None:
    model = RemoteModel(answers=['{"signed": true, "bbox_2d": [0, 0, 500, 500], "box": [0, 0, 100, 100]}'])
    chain = extraction_chain(model, Signed, family="qwen3-vl")
    with pytest.raises(SchemaMismatchError, match="bbox_2d: 'box', too, stands there"):
        chain.invoke(Image.new("RGB", (90, 60)))
    values = chain.stream(Image.new("RGB", (90, 60)))
    assert next(values).signed
    assert next(values).box == Box(x1=0, y1=0, x2=45, y2=30)
    with pytest.raises(SchemaMismatchError, match="'box', too"):
        next(values)


def test_pointers_are_named_back() -> None:
    keys = Keys(json_schema_of(Machine), QWEN)
    assert keys.own_pointer("/parts/0/bbox_2d/1") == "/parts/0/box/1"
    assert keys.own_path(("parts", 0, "point_2d")) == ("parts", 0, "point")


def test_a_local_model_writes_its_own_keys_and_all_that_is_told_of_them_has_the_schemas(tiny_qwen: str) -> None:
    llm = ChatTransformers(model=tiny_qwen, max_tokens=120, prefix_cache_bytes=0)
    result = extract(llm, Image.new("RGB", (90, 60), "red"), Signed, on_truncation="raise")
    assert list(json.loads(str(result.raw.content))) == ["bbox_2d", "signed"]
    assert 0 <= result.value.box.x1 <= result.value.box.x2 <= 90
    assert 0 <= result.value.box.y1 <= result.value.box.y2 <= 60
    assert result.confidence is not None
    assert set(result.confidence.boxes) == {"/box"}
    assert set(result.confidence.leaves) == {*(f"/box/{index}" for index in range(4)), "/signed"}
    meta = result.raw.response_metadata["boxes"]
    assert meta["frames"][0]["model"] == [96, 64]


@pytest.mark.parametrize(
    ("family", "key", "order"),
    [("gemini", "box_2d", "yxyx"), ("order=yxyx", "bbox_2d", "yxyx"), ("pixel", "box", "xyxy")],
)
def test_what_the_user_says_of_a_local_model_is_what_its_message_tells(
    tiny_qwen: str, family: str, key: str, order: str
) -> None:
    llm = ChatTransformers(model=tiny_qwen, max_tokens=120)
    result = extract(llm, Image.new("RGB", (90, 60), "red"), Signed, family=family)
    assert list(json.loads(str(result.raw.content))) == [key, "signed"]
    convention = result.raw.response_metadata["boxes"]["convention"]
    assert (convention["box_key"] or "box", convention["order"]) == (key, order)
    assert GroundedOutputParser(target=Signed).invoke(result.raw) == result.value
    assert result.confidence is not None
    assert set(result.confidence.boxes) == {"/box"}


def test_whoever_shows_the_model_the_schemas_own_keys_gets_them(tiny_qwen: str) -> None:
    llm = ChatTransformers(model=tiny_qwen, max_tokens=120)
    wanted = {"type": "json_schema", "json_schema": {"name": "signed", "schema": json_schema_of(Signed)}}
    prompt = picture_message("Answer with JSON: box (four numbers) and signed.")
    own = llm.bind(response_format=wanted, schema_in_prompt=False).invoke([prompt])
    assert list(json.loads(str(own.content))) == ["box", "signed"]
    assert own.response_metadata["boxes"]["convention"]["box_key"] is None
    shown = llm.bind(response_format=wanted, schema_in_prompt=True).invoke([prompt])
    assert list(json.loads(str(shown.content))) == ["bbox_2d", "signed"]
    parser = GroundedOutputParser(target=Signed)
    assert parser.invoke(own).box.x2 <= 90
    assert parser.invoke(shown).box.x2 <= 90


def test_fields_that_the_budget_left_out_are_told_by_their_own_names(tiny_qwen: str) -> None:
    llm = ChatTransformers(model=tiny_qwen, max_tokens=60)
    with pytest.raises(TruncatedOutputError) as caught:
        extract(llm, Image.new("RGB", (90, 60), "red"), Signed2)
    assert "/box/0" in caught.value.invented
    assert all("bbox_2d" not in pointer for pointer in caught.value.invented)
