from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from extraction.confidence import Confidence
from extraction.errors import SchemaError
from extraction.reconciling import Reconciler, ViewValue
from extraction.schemas import Box, Color, Count, Point, Polygon, Scene, json_schema_of
from extraction.tiling import View

LEFT, RIGHT, WHOLE = (
    View((0, 0, 120, 100), (120, 100)),
    View((80, 0, 200, 100), (120, 100)),
    View((0, 0, 200, 100), (100, 50)),
)
VIEWS = [LEFT, RIGHT, WHOLE]


class Cup(BaseModel):
    name: str
    where: Box
    handle: Point | None = None
    rim: Polygon | None = None


class Table(BaseModel):
    cups: list[Cup]
    spoons: list[Box]


class Room(BaseModel):
    model_config = ConfigDict(extra="forbid")

    caption: str
    mood: Literal["calm", "busy"]
    wall: Color
    crowded: bool
    table: Table
    num_cups: int
    spoon_count: int
    counts: list[Count]
    most: Count | None = None


def _reconciled(schema: Any, values: list[Any], views: list[View] = VIEWS, **options: Any) -> Any:
    told = [one if isinstance(one, ViewValue) else ViewValue(one) for one in values]
    return Reconciler(json_schema_of(schema), overview=True).reconcile(told, views, iou=0.5)


def _room(caption: str, *, crowded: bool, cups: list[Any], spoons: list[Any], counts: list[Any]) -> dict[str, Any]:
    table = {"cups": cups, "spoons": spoons}
    return {
        "caption": caption,
        "mood": "calm" if caption == "whole" else "busy",
        "wall": "red" if caption == "whole" else "blue",
        "crowded": crowded,
        "table": table,
        "num_cups": 99,
        "spoon_count": 99,
        "counts": counts,
        "most": {"label": "Mug", "count": 99} if caption == "whole" else None,
    }


def test_every_kind_of_field_becomes_one_by_its_rule() -> None:
    mug = {"name": "mug", "where": [90, 10, 110, 30], "handle": [100, 20], "rim": [[90, 10], [110, 10], [100, 30]]}
    moved = {"name": "mug", "where": [10, 10, 30, 30], "handle": [20, 20], "rim": [[10, 10], [30, 10], [20, 30]]}
    glass = {"name": "glass", "where": [60, 50, 90, 90], "handle": None, "rim": None}
    told = [{"label": "Mug", "count": 7}, {"label": "fork", "count": 3}]
    left = _room("left", crowded=False, cups=[mug], spoons=[[0, 0, 9, 9]], counts=told)
    right = _room("right", crowded=True, cups=[moved, glass], spoons=[], counts=told)
    whole = _room("whole", crowded=False, cups=[], spoons=[[0, 20, 99, 25]], counts=[])
    value = _reconciled(Room, [left, right, whole])
    assert Room.model_validate(value).model_dump(mode="json") == {
        "caption": "whole",
        "mood": "calm",
        "wall": "red",
        "crowded": True,
        "table": {
            "cups": [mug, {"name": "glass", "where": [140, 50, 170, 90], "handle": None, "rim": None}],
            "spoons": [[0, 0, 9, 9], [0, 40, 198, 50]],
        },
        "num_cups": 2,
        "spoon_count": 2,
        # Spoons are bare boxes: nothing says what they are called.
        "counts": [{"label": "Mug", "count": 1}, {"label": "glass", "count": 1}],
        "most": {"label": "Mug", "count": 1},
    }


def test_the_surest_answer_for_a_thing_is_taken() -> None:
    thing = {"label": "cup", "color": "red", "box": [85, 10, 112, 30]}
    other = {"label": "cup", "color": "blue", "box": [6, 10, 32, 30]}
    values = []
    for one, sure in ((thing, 0.4), (other, 0.8)):
        values.append(ViewValue({"objects": [one]}, Confidence({}, items={"/objects/0": sure})))
    (found,) = _reconciled(Scene, [*values, {"objects": []}])["objects"]
    assert found == {**other, "box": [86, 10, 112, 30]}


def test_a_list_at_the_root_and_one_view_alone() -> None:
    cup = {"name": "mug", "where": [90, 10, 110, 30]}
    assert _reconciled(list[Cup], [[cup], [], []]) == [cup]
    assert _reconciled(list[Cup], [[cup, cup]], [LEFT]) == [cup, cup]  # nothing to merge


def test_total_is_of_the_only_list() -> None:
    class Board(BaseModel):
        shapes: list[Cup]
        total: int = Field(description="how many objects there are")

    values = [{"shapes": [], "total": 5}] * 3
    assert _reconciled(Board, values) == {"shapes": [], "total": 0}


class _Priced(BaseModel):
    cups: list[Cup]
    price: float


class _Aged(BaseModel):
    cups: list[Cup]
    age: int


class _Ambiguous(BaseModel):
    cups: list[Cup]
    plates: list[Cup]
    total: int


class _Placed(BaseModel):
    cups: list[Cup]
    door: Box


class _Pair(BaseModel):
    first: Box
    second: Box


class _Pairs(BaseModel):
    pairs: list[_Pair]


class _Parallel(BaseModel):
    labels: list[str]
    boxes: list[Box]


class _Keyed(BaseModel):
    cups: list[Cup]
    by_name: dict[str, Box]


class _Plain(BaseModel):
    caption: str


class _Unplaced(BaseModel):
    label: str
    box: Box | None = None


class _Unsure(BaseModel):
    things: list[_Unplaced]


class _Tree(BaseModel):
    cups: list[Cup]
    below: _Tree | None = None


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (_Priced, "price has no rule"),
        (_Aged, "age is a number, and its name does not say"),
        (_Ambiguous, "total is a number, and its name does not say"),
        (_Placed, "door has no rule"),
        (_Pairs, "pairs is a list whose items have 2 boxes"),
        (_Parallel, "labels is a list whose items have no boxes"),
        (_Keyed, "by_name has no rule"),
        (_Plain, "there is no list of things with boxes"),
        (_Unsure, "things is a list whose items may be without a box"),
        (_Tree, "below.below.below holds itself"),
        (Box, "the value itself has no rule"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(schema: Any, problem: str) -> None:
    with pytest.raises(SchemaError, match=problem):
        Reconciler(json_schema_of(schema), overview=True)


def test_text_needs_the_whole_picture() -> None:
    with pytest.raises(SchemaError, match="caption is told by the view of the whole picture"):
        Reconciler(json_schema_of(Room), overview=False)
    assert not Reconciler(json_schema_of(Scene), overview=False).needs_overview
