"""A model is asked for the keys that its family knows, and everybody else sees the schema's own."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from extraction.conventions import RELATIVE_1000, BoxConvention
from extraction.frames import Frame, Grounding
from extraction.keys import Keys
from extraction.prompts import model_schema, schema_text
from extraction.schemas import Box, Point, Scene, json_schema_of

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


class Tree(BaseModel):
    bbox: Box
    children: list[Tree] = []


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


def test_pointers_are_named_back() -> None:
    keys = Keys(json_schema_of(Machine), QWEN)
    assert keys.own_pointer("/parts/0/bbox_2d/1") == "/parts/0/box/1"
    assert keys.own_path(("parts", 0, "point_2d")) == ("parts", 0, "point")
