from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

import pytest
from pydantic import AliasChoices, BaseModel, Field, RootModel
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from extraction.errors import SchemaError
from extraction.places import find_places
from extraction.schemas import Box, Color, DetectedObject, Point, Polygon, Scene, Size, json_schema_of
from extraction.schemas.pointers import pointer

BOX = [1, 2, 3, 4]
MARK = {"x-extraction": "box"}


class Tree(BaseModel):
    name: str
    box: Box
    children: list[Tree] = []


class Cat(BaseModel):
    kind: Literal["cat"]
    spot: Box


class Dog(BaseModel):
    kind: Literal["dog"]
    spot: Point


class Pets(RootModel[list[Annotated[Cat | Dog, Field(discriminator="kind")]]]):
    pass


class Renamed(BaseModel):
    box: Box = Field(validation_alias="bounding_box", serialization_alias="out")
    second: Box | None = Field(default=None, validation_alias=AliasChoices("other", "another"))  # type: ignore[pydantic-alias]


class Place(TypedDict):
    box: Box
    more: NotRequired[list[Box]]


@dataclass
class Spot:
    at: Point


class Quad(BaseModel):
    corners: Annotated[list[float], Field(min_length=4, max_length=4, json_schema_extra=MARK)]


def places(value: Any, schema: Any) -> dict[str, str]:
    found = find_places(value, json_schema_of(schema))
    assert found.problems == {}
    return {pointer(path): kind for path, kind in found.kinds.items()}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (Box, BOX, {"": "box"}),
        (list[Box], [BOX, BOX], {"/0": "box", "/1": "box"}),
        (Box | None, BOX, {"": "box"}),
        (Box | None, None, {}),
        (Box | str, BOX, {"": "box"}),
        (Box | str, "none", {}),
        (str | Box, BOX, {"": "box"}),
        (list[Box | Point | Polygon], [BOX, [1, 2], [[1, 2]] * 3], {"/0": "box", "/1": "point", "/2": "polygon"}),
        (list[Box] | Box, BOX, {"": "box"}),
        (list[Box] | Box, [BOX], {"/0": "box"}),
        (dict[str, Box], {"a/b": BOX, "c~": BOX}, {"/a~1b": "box", "/c~0": "box"}),
        (dict[str, list[Box | None]], {"a": [None, BOX]}, {"/a/1": "box"}),
        (tuple[Box, str, Point], [BOX, "x", [1, 2]], {"/0": "box", "/2": "point"}),
        (tuple[Box, ...], [BOX, BOX], {"/0": "box", "/1": "box"}),
        (
            Tree,
            {"name": "a", "box": BOX, "children": [{"name": "b", "box": BOX}]},
            {"/box": "box", "/children/0/box": "box"},
        ),
        (Pets, [{"kind": "dog", "spot": [1, 2]}, {"kind": "cat", "spot": BOX}], {"/0/spot": "point", "/1/spot": "box"}),
        (Renamed, {"bounding_box": BOX, "other": BOX}, {"/bounding_box": "box", "/other": "box"}),
        (Place, {"box": BOX, "more": [BOX]}, {"/box": "box", "/more/0": "box"}),
        (Spot, {"at": [1, 2]}, {"/at": "point"}),
        (Quad, {"corners": BOX}, {"/corners": "box"}),
        (dict[str, Size | Color], {"a": [3, 4], "b": "red"}, {}),
        (list[list[int]], [BOX], {}),
    ],
)
def test_marked_places_are_found(schema: Any, value: Any, expected: dict[str, str]) -> None:
    assert places(value, schema) == expected


@pytest.mark.parametrize("schema", [DetectedObject | None, None | DetectedObject, str | DetectedObject])
def test_a_branch_is_known_by_its_form_when_its_texts_are_not_as_the_schema_has_them(schema: Any) -> None:
    # "crimson" and [220, 20, 60] are colours to the validation, but none to the schema's pattern
    for color in ("crimson", [220, 20, 60]):
        assert places({"label": "cup", "color": color, "box": BOX}, schema) == {"/box": "box"}


def test_a_branch_that_knows_the_keys_comes_before_one_that_would_ignore_them() -> None:
    class Empty(BaseModel):
        spot: Point | None = None

    class Full(BaseModel):
        color: Color
        box: Box

    assert places({"color": "crimson", "box": BOX}, Empty | Full) == {"/box": "box"}


def test_a_branch_is_known_by_its_form_when_it_is_not_whole() -> None:
    assert places({"objects": [{"label": "cup", "color": "red", "box": BOX}]}, Scene | None) == {
        "/objects/0/box": "box"
    }
    assert places({"objects": [{"box": BOX}]}, Scene) == {"/objects/0/box": "box"}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"properties": {"a": MARK}, "allOf": [{"properties": {"a": MARK}}]}, {"a": BOX}, {"/a": "box"}),
        ({"allOf": [{"properties": {"a": MARK}}, {"properties": {"b": MARK}}]}, {"a": BOX, "b": BOX}, {"/a": "box", "/b": "box"}),
        ({"$ref": "#/$defs/A", "properties": {"b": MARK}, "$defs": {"A": {"properties": {"a": MARK}}}},
         {"a": BOX, "b": BOX}, {"/a": "box", "/b": "box"}),
        ({"properties": {"next": {"$ref": "#"}, "a": MARK}}, {"next": {"next": {"a": BOX}}}, {"/next/next/a": "box"}),
        ({"properties": {"x": {"$ref": "#/$defs/a~1b~0c"}}, "$defs": {"a/b~c": MARK}}, {"x": BOX}, {"/x": "box"}),
        ({"properties": {"x": {"$ref": "#quad"}}, "$defs": {"q": MARK | {"$anchor": "quad"}}}, {"x": BOX}, {"/x": "box"}),
        ({"patternProperties": {"^b_": MARK}}, {"b_1": BOX, "c": BOX}, {"/b_1": "box"}),
        ({"prefixItems": [MARK], "items": {"x-extraction": "point"}}, [BOX, [1, 2]], {"/0": "box", "/1": "point"}),
        ({"items": [MARK], "additionalItems": MARK}, [BOX, BOX], {"/0": "box", "/1": "box"}),
        ({"if": {"required": ["k"]}, "then": {"properties": {"a": MARK}}}, {"k": 1, "a": BOX}, {"/a": "box"}),
        ({"if": {"required": ["k"]}, "then": {"properties": {"a": MARK}}}, {"a": BOX}, {}),
        ({"dependentSchemas": {"k": {"properties": {"a": MARK}}}}, {"k": 1, "a": BOX}, {"/a": "box"}),
        ({"properties": {"a": MARK | {"type": ["array", "null"]}}}, {"a": None}, {"/a": "box"}),
        ({"properties": {"x-extraction": MARK}}, {"x-extraction": BOX}, {"/x-extraction": "box"}),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": MARK}}, {"a": BOX}, {"/a": "box"}),
        ({"properties": {"a": True, "b": False}}, {"a": BOX, "b": BOX}, {}),
    ],
)  # fmt: skip
def test_schemas_written_by_hand(schema: dict[str, Any], value: Any, expected: dict[str, str]) -> None:
    assert places(value, schema) == expected


@pytest.mark.parametrize(
    ("schema", "value", "where", "problem"),
    [
        (Box | str, [1, 2, 3], "", "none of the forms"),
        (Box | Point, {"a": 1}, "", "none of the forms"),
        (list[Cat | Dog], [{"kind": "bird", "spot": BOX}], "/0", "none of the forms"),
        (Renamed, {"bounding_box": BOX, "another": BOX}, "/another", "is it 'other'?"),
        (Renamed, {"box": BOX}, "/box", "is it 'bounding_box'?"),
        (Place, {"box": BOX, "rest": [BOX]}, "/rest", "is it 'more'?"),
        ({"allOf": [MARK, {"x-extraction": "point"}]}, BOX, "", "as a box and as a point"),
    ],
)
def test_what_cannot_be_followed_is_told(schema: Any, value: Any, where: str, problem: str) -> None:
    found = find_places(value, json_schema_of(schema))
    assert [(pointer(path), problem in text) for path, text in found.problems.items()] == [(where, True)]


@pytest.mark.parametrize(
    "value",
    [
        {"label": "cup", "color": "red", "box": BOX, "scores": [0.5, 0.6]},  # the box is there
        {"label": "cup", "color": "red", "note": "no box", "score": 0.5},  # these are no boxes
    ],
)
def test_other_keys_that_the_schema_does_not_know_are_no_problem(value: Any) -> None:
    assert find_places(value, json_schema_of(DetectedObject)).problems == {}


def test_a_reference_to_nowhere_raises() -> None:
    with pytest.raises(SchemaError, match="'#/\\$defs/B' leads nowhere"):
        find_places({"a": 1}, {"properties": {"a": {"$ref": "#/$defs/B"}}})


def test_a_union_inside_a_union_does_not_take_for_ever() -> None:
    class Node(BaseModel):
        left: Node | Leaf | None = None
        right: Node | Leaf | None = None

    class Leaf(BaseModel):
        left: Node | Leaf | None = None
        box: Box | None = None

    Node.model_rebuild(_types_namespace={"Leaf": Leaf, "Node": Node})
    value: Any = {"box": BOX}
    for _ in range(40):
        value = {"left": value}
    assert list(places(value, Node).values()) == ["box"]
