"""Geometry: what is read, what is refused and how that is said, the arithmetic, and the JSON forms."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from extraction.schemas.geometry import Box, Point, Polygon, Size

BOX_SCHEMA = {
    "title": "Box",
    "description": "x1, y1, x2, y2 in pixels: left, top, right and bottom edge.",
    "type": "array",
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 4,
    "x-extraction": "box",
}
POINT_SCHEMA = {
    "title": "Point",
    "description": "x and y in pixels.",
    "type": "array",
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
    "x-extraction": "point",
}
POLYGON_SCHEMA = {
    "title": "Polygon",
    "description": "Corner points x, y in pixels, in order along the outline.",
    "type": "array",
    "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    "minItems": 3,
    "x-extraction": "polygon",
}
SIZE_SCHEMA = {
    "title": "Size",
    "description": "Width and height in pixels.",
    "type": "array",
    "items": {"type": "integer", "exclusiveMinimum": 0},
    "minItems": 2,
    "maxItems": 2,
    "x-extraction": "size",
}


class Nested(BaseModel):
    """Every geometry in every kind of container."""

    plain: Box = Field(description="where the logo is")
    listed: list[Box]
    optional: Box | None = None
    union: Box | Point | Polygon = Box.from_xyxy(1, 2, 3, 4)
    named: dict[str, Polygon]
    pair: tuple[Size, Point]


NESTED = Nested(
    plain=Box.from_xyxy(0.5, 1, 2, 3),
    listed=[Box.from_xyxy(1, 2, 3, 4), Box.from_xyxy(5, 6, 7, 8)],
    union=Point(x=3, y=4),
    named={"roof": Polygon.model_validate([[0, 0], [4, 0], [4, 3]])},
    pair=(Size(width=640, height=480), Point(x=1.5, y=2.5)),
)


def random_boxes(count: int, seed: int = 7) -> list[Box]:
    rng = random.Random(seed)
    edges = ([rng.uniform(-50, 300) for _ in range(4)] for _ in range(count))
    return [Box.from_xyxy(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in edges]


def message(kind: type[BaseModel], value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(value)
    return "; ".join(".".join(map(str, (*error["loc"], error["msg"]))) for error in caught.value.errors())


class TestReading:
    @pytest.mark.parametrize(
        "value",
        [
            [1, 2, 3, 4],
            (1.0, 2.0, 3.0, 4.0),
            {"x1": 1, "y1": 2, "x2": 3, "y2": 4},
            Box(x1=1, y1=2, x2=3, y2=4),
            np.array([1, 2, 3, 4], dtype=np.float32),
            [np.float32(1), np.int64(2), 3, 4],
        ],
    )
    def test_box_reads(self, value: object) -> None:
        assert Box.model_validate(value).xyxy == (1.0, 2.0, 3.0, 4.0)

    def test_box_reads_json(self) -> None:
        assert Box.model_validate_json("[1, 2.5, 3e1, 4]").xyxy == (1.0, 2.5, 30.0, 4.0)

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ([1, 2, 3], "must be four numbers [x1, y1, x2, y2], but has 3 numbers"),
            ([1], "must be four numbers [x1, y1, x2, y2], but has 1 number"),
            ([1, 2, 3, 4, 5], "must be four numbers [x1, y1, x2, y2], but has 5 numbers"),
            ([[1, 2], [3, 4]], "must be four numbers [x1, y1, x2, y2]: its numbers stand in lists of their own"),
            ([[1, 2, 3, 4]], "must be four numbers [x1, y1, x2, y2]: its numbers stand in lists of their own"),
            ("1,2,3,4", "must be four numbers [x1, y1, x2, y2], not text"),
            (None, "must be four numbers [x1, y1, x2, y2], not null"),
            (7, "must be four numbers [x1, y1, x2, y2], not int"),
            ([1, 2, 3, "12"], "y2.must be a number, not text"),
            ([1, True, 3, 4], "y1.must be a number, not true or false"),
            ([None, 2, 3, 4], "x1.must be a number, not null"),
            ([1, 2, float("nan"), 4], "x2.Input should be a finite number"),
            ([1, 2, float("inf"), 4], "x2.Input should be a finite number"),
            ([1, 2, 10**400, 4], "x2.Input should be a valid number"),
            ([5, 2, 3, 4], "corners out of order: x1 (5) is right of x2 (3)"),
            ([1, 9, 3, 4], "corners out of order: y1 (9) is below y2 (4)"),
            ([5, 9, 3, 4], "corners out of order: x1 (5) is right of x2 (3) and y1 (9) is below y2 (4)"),
        ],
    )
    def test_box_refuses(self, value: object, said: str) -> None:
        assert message(Box, value) == said

    def test_box_refuses_lists_for_numbers(self) -> None:
        assert message(Box, {"x1": [1], "y1": 2, "x2": 3, "y2": 4}) == "x1.must be a number, not a list"

    def test_strict_mode_reads_the_same(self) -> None:
        assert Nested.model_validate_json(NESTED.model_dump_json(), strict=True) == NESTED
        assert Polygon.model_validate([[0, 0], [1, 0], [0, 1]], strict=True).area == 0.5

    def test_box_refuses_other_names(self) -> None:
        assert "w.Extra inputs are not permitted" in message(Box, {"x1": 1, "y1": 2, "x2": 3, "y2": 4, "w": 5})

    def test_box_refuses_nan_in_json(self) -> None:
        with pytest.raises(ValidationError, match="finite number"):
            Box.model_validate_json("[1, 2, NaN, 4]")

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ([1, 2, 3, 4, 5, 6], "must be three or more points [[x, y], ...], not numbers in a row"),
            ([[1, 2], [3, 4]], "must be three or more points [[x, y], ...], but has 2"),
            ([[1, 2], [3, 4], [5]], "points.2.must be two numbers [x, y], but has 1 number"),
            ([[1, 2], [3, 4], [5, "6"]], "points.2.y.must be a number, not text"),
        ],
    )
    def test_polygon_refuses(self, value: object, said: str) -> None:
        assert message(Polygon, value) == said

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ([0, 5], "width.Input should be greater than 0"),
            ([5, -1], "height.Input should be greater than 0"),
            ([5.5, 4], "width.Input should be a valid integer, got a number with a fractional part"),
            (["5", 4], "width.must be a number, not text"),
        ],
    )
    def test_size_refuses(self, value: object, said: str) -> None:
        assert message(Size, value) == said

    def test_frozen_and_hashable(self) -> None:
        box = Box.from_xyxy(1, 2, 3, 4)
        with pytest.raises(ValidationError, match="frozen"):
            box.x1 = 0  # type: ignore[misc, unused-ignore]
        assert {box, Box.model_validate([1, 2, 3, 4])} == {box}
        triangle = Polygon.model_validate([[0, 0], [1, 0], [0, 1]])
        assert len({triangle, Polygon.model_validate([(0, 0), (1, 0), (0, 1)])}) == 1


class TestArithmetic:
    def test_forms(self) -> None:
        box = Box.from_xyxy(10, 20, 50, 40)
        assert (box.width, box.height, box.area) == (40, 20, 800)
        assert box.xywh == (10.0, 20.0, 40.0, 20.0)
        assert box.cxcywh == (30.0, 30.0, 40.0, 20.0)
        assert box.center == Point(x=30, y=30)
        assert Box.from_xywh(10, 20, 40, 20) == Box.from_cxcywh(30, 30, 40, 20) == box

    def test_half_open(self) -> None:
        box = Box.from_xyxy(0, 0, 2, 2)
        inside = [(x, y) for x in range(-1, 4) for y in range(-1, 4) if box.contains(Point(x=x, y=y))]
        assert inside == [(0, 0), (0, 1), (1, 0), (1, 1)]

    def test_around(self) -> None:
        boxes = [Box.from_xyxy(5, 1, 9, 2), Box.from_xyxy(3, 0, 4, 7)]
        assert Box.around(boxes) == Box.around(iter(boxes)) == Box.from_xyxy(3, 0, 9, 7)
        with pytest.raises(ValueError, match="unpack"):
            Box.around([])

    def test_iou(self) -> None:
        box = Box.from_xyxy(0, 0, 10, 10)
        assert box.iou(Box.from_xyxy(5, 0, 15, 10)) == pytest.approx(1 / 3)
        assert box.intersection(Box.from_xyxy(5, 5, 15, 15)) == Box.from_xyxy(5, 5, 10, 10)
        assert box.intersection(Box.from_xyxy(10, 0, 20, 10)) is None, "boxes that touch share no pixel"
        assert box.iou(Box.from_xyxy(10, 0, 20, 10)) == 0

    def test_empty_boxes(self) -> None:
        empty = Box.from_xyxy(3, 3, 3, 8)
        assert (empty.area, empty.iou(empty), empty.contains(Point(x=3, y=4))) == (0, 0, False)
        speck = Box.from_xyxy(0, 0, 1e-200, 1e-200)
        assert speck.iou(speck) == 0, "its area is below the smallest float"

    def test_iou_properties(self) -> None:
        boxes = random_boxes(40)
        for a in boxes:
            assert a.iou(a) == 1
            for b in boxes:
                assert a.iou(b) == b.iou(a)
                assert 0 <= a.iou(b) <= 1
                assert a.translate(3, -4).iou(b.translate(3, -4)) == pytest.approx(a.iou(b), abs=1e-9)
                assert a.scale(2, 0.5).iou(b.scale(2, 0.5)) == pytest.approx(a.iou(b), abs=1e-9)
                shared = a.intersection(b)
                assert shared == b.intersection(a)
                assert (shared is None) == (a.iou(b) == 0)

    def test_maps_go_back(self) -> None:
        for box in random_boxes(100, seed=11):
            assert box.scale(3, 0.25).scale(1 / 3, 4).xyxy == pytest.approx(box.xyxy)
            assert box.scale(-1, 1).scale(-1, 1) == box
            assert box.translate(12.5, -3).translate(-12.5, 3).xyxy == pytest.approx(box.xyxy)
            assert Box.from_xywh(*box.xywh).xyxy == pytest.approx(box.xyxy)
            assert Box.from_cxcywh(*box.cxcywh).xyxy == pytest.approx(box.xyxy)

    def test_mirror_keeps_order(self) -> None:
        assert Box.from_xyxy(1, 2, 3, 4).scale(-1, 2) == Box.from_xyxy(-3, 4, -1, 8)

    def test_clamp(self) -> None:
        size = Size(width=100, height=50)
        assert Box.from_xyxy(-5, 10, 120, 80).clamp(size) == Box.from_xyxy(0, 10, 100, 50)
        assert Box.from_xyxy(-5, 10, 120, 80).clamp((100, 50)) == Box.from_xyxy(0, 10, 100, 50)
        assert Box.from_xyxy(200, 60, 210, 70).clamp(size) == Box.from_xyxy(100, 50, 100, 50)
        for box in random_boxes(100):
            clamped = box.clamp(size)
            assert clamped == clamped.clamp(size)
            assert (clamped if clamped.area else None) == box.intersection(size.box)

    def test_round(self) -> None:
        box = Box.from_xyxy(0.4, 1.5, 2.56, 3.9)
        assert box.round().xyxy == (0, 2, 3, 4)
        assert box.round(1).xyxy == (0.4, 1.5, 2.6, 3.9)

    def test_size(self) -> None:
        size = Size(width=640, height=480)
        assert (size.wh, size.area, size.box.xyxy) == ((640, 480), 307200, (0, 0, 640, 480))

    def test_point(self) -> None:
        point = Point(x=3, y=4)
        assert point.xy == (3.0, 4.0)
        assert point.distance(Point(x=0, y=0)) == 5
        assert point.scale(2, 0.5).translate(1, -1) == Point(x=7, y=1)
        assert Point(x=-3, y=99).clamp((10, 20)) == Point(x=0, y=20)

    def test_polygon(self) -> None:
        triangle = Polygon.model_validate([[0, 0], [40, 0], [40, 30]])
        assert triangle.area == 600
        assert triangle.bounds == Box.from_xyxy(0, 0, 40, 30)
        assert triangle.scale(2, 2).area == 2400
        assert triangle.translate(5, 6).bounds == Box.from_xyxy(5, 6, 45, 36)
        assert triangle.clamp((20, 20)).bounds == Box.from_xyxy(0, 0, 20, 20)

    def test_polygon_area_of_boxes(self) -> None:
        for box in random_boxes(50, seed=3):
            x1, y1, x2, y2 = box.xyxy
            outline = Polygon.model_validate([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
            assert outline.area == pytest.approx(box.area)
            assert outline.bounds == box


class TestJson:
    @pytest.mark.parametrize("mode", ["validation", "serialization"])
    def test_schemas(self, mode: Any) -> None:
        assert Box.model_json_schema(mode=mode) == BOX_SCHEMA
        assert Point.model_json_schema(mode=mode) == POINT_SCHEMA
        assert Polygon.model_json_schema(mode=mode) == POLYGON_SCHEMA
        assert Size.model_json_schema(mode=mode) == SIZE_SCHEMA

    @pytest.mark.parametrize("mode", ["validation", "serialization"])
    def test_nested_schemas(self, mode: Any) -> None:
        schema = Nested.model_json_schema(mode=mode)
        assert schema["$defs"] == {
            "Box": BOX_SCHEMA,
            "Point": POINT_SCHEMA,
            "Polygon": POLYGON_SCHEMA,
            "Size": SIZE_SCHEMA,
        }
        box, point, polygon, size = ({"$ref": f"#/$defs/{name}"} for name in ("Box", "Point", "Polygon", "Size"))
        properties = schema["properties"]
        assert properties["plain"] == {**box, "description": "where the logo is"}
        assert properties["listed"]["items"] == box
        assert properties["optional"] == {"anyOf": [box, {"type": "null"}], "default": None}
        assert properties["union"]["anyOf"] == [box, point, polygon]
        assert properties["union"]["default"] == [1, 2, 3, 4]
        assert properties["named"]["additionalProperties"] == polygon
        assert properties["pair"]["prefixItems"] == [size, point]
        assert TypeAdapter(list[Box]).json_schema(mode=mode)["$defs"] == {"Box": BOX_SCHEMA}

    def test_schema_is_not_shared(self) -> None:
        Box.model_json_schema()["items"]["type"] = "string"
        assert Box.model_json_schema() == BOX_SCHEMA

    def test_round_trip(self) -> None:
        assert NESTED.model_dump() == {
            "plain": [0.5, 1, 2, 3],
            "listed": [[1, 2, 3, 4], [5, 6, 7, 8]],
            "optional": None,
            "union": [3, 4],
            "named": {"roof": [[0, 0], [4, 0], [4, 3]]},
            "pair": ([640, 480], [1.5, 2.5]),
        }
        assert json.loads(NESTED.model_dump_json()) == json.loads(json.dumps(NESTED.model_dump()))
        assert Nested.model_validate(NESTED.model_dump()) == NESTED
        assert Nested.model_validate_json(NESTED.model_dump_json()) == NESTED

    def test_random_boxes_round_trip(self) -> None:
        boxes = random_boxes(200, seed=5)
        adapter = TypeAdapter(list[Box])
        assert adapter.validate_json(adapter.dump_json(boxes)) == boxes
        assert adapter.validate_python(adapter.dump_python(boxes)) == boxes
