from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from extraction.agreement import agreement
from extraction.schemas import Box, Point, Polygon, Scene, json_schema_of

SCENE = json_schema_of(Scene)


def _object(label: str, box: list[float], color: str = "red") -> dict[str, Any]:
    return {"label": label, "color": color, "box": box}


STAR, RING = _object("star", [0, 0, 100, 100]), _object("ring", [200, 200, 300, 300], "blue")


def test_objects_are_brought_together_whatever_their_order() -> None:
    moved = _object("star", [5, 5, 105, 105])
    found = agreement({"objects": [STAR, RING]}, [{"objects": [RING, moved]}, {"objects": [moved, RING]}], SCENE)
    assert set(found.values()) == {1.0}
    assert {"/objects/0", "/objects/0/label", "/objects/0/box", "/objects/1/box/3"} < found.keys()
    assert "" not in found


def test_each_leaf_has_its_own_share() -> None:
    others = [
        {"objects": [_object("STAR ", [0, 0, 100, 90], "green")]},
        {"objects": [_object("star", [0, 0, 100, 40])]},
        {"objects": []},
        None,
    ]
    found = agreement({"objects": [STAR]}, others, SCENE)
    assert found["/objects/0/label"] == 0.5
    assert found["/objects/0/color"] == 0.25
    assert found["/objects/0/box"] == found["/objects/0/box/2"] == 0.25
    assert found["/objects/0"] == 0.0


def test_an_other_object_counts_for_one_only() -> None:
    found = agreement({"objects": [STAR, STAR]}, [{"objects": [STAR]}], SCENE)
    assert [found["/objects/0"], found["/objects/1"]] == [1.0, 0.0]


def test_what_is_more_alike_is_taken_before_what_stands_nearer() -> None:
    other = [_object("ring", [0, 0, 10, 10]), _object("star", [2, 0, 100, 100])]
    found = agreement({"objects": [_object("star", [0, 0, 100, 100])]}, [{"objects": other}], SCENE)
    assert found["/objects/0"] == 1.0


class Form(BaseModel):
    name: str
    total: float
    paid: bool | None
    tags: list[str]
    nested: dict[str, list[int]]


def test_leaves_of_any_form() -> None:
    schema = json_schema_of(Form)
    value = {"name": "Ä/b", "total": 0.3, "paid": True, "tags": ["a", "b"], "nested": {"x/~": [1, 2]}}
    same = {**value, "total": 0.1 + 0.2, "tags": ["b", "a"]}
    other = {**value, "paid": 1, "nested": {"x/~": [1, 3]}, "tags": ["a", "b", "c"]}
    found = agreement(value, [same, other], schema)
    assert found == {
        "/name": 1.0,
        "/total": 1.0,
        "/paid": 0.5,
        "/tags/0": 1.0,
        "/tags/1": 1.0,
        "/nested/x~1~0/0": 1.0,
        "/nested/x~1~0/1": 0.5,
    }


class Shapes(BaseModel):
    at: Point
    outline: Polygon
    boxes: list[Box]


@pytest.mark.parametrize(("size", "near"), [((1000, 500), 1.0), (None, 0.0)])
def test_points_and_outlines(size: tuple[int, int] | None, near: float) -> None:
    value = {"at": [10, 10], "outline": [[0, 0], [100, 0], [100, 100]], "boxes": [[0, 0, 10, 10]]}
    other = {"at": [50, 20], "outline": [[0, 0], [100, 10], [90, 100]], "boxes": [[50, 50, 60, 60], [0, 0, 10, 9]]}
    found = agreement(value, [other], json_schema_of(Shapes), size)
    assert found["/at/0"] == near
    assert found["/outline/1/0"] == 1.0
    assert found["/boxes/0"] == found["/boxes/0/3"] == 1.0


def test_without_others_nothing_is_said() -> None:
    assert agreement({"objects": []}, [None], SCENE) == {}
    assert agreement(7, [7, 8], {"type": "integer"}) == {"": 0.5}
