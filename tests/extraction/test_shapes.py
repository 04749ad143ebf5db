"""Which shapes are found in a value, under which label and in which colour."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict, RootModel

from extraction.schemas import Box, Color, DetectedObject, Point, Polygon, Scene
from extraction.shapes import Shape, find_shapes

A = Box(x1=1, y1=2, x2=3, y2=4)
B = Box(x1=5, y1=6, x2=7, y2=8)
P = Point(x=1, y=1)
G = Polygon(points=(P, Point(x=2, y=1), Point(x=2, y=2)))


class Kind(Enum):
    CAT = "cat"
    NUMBER = 7


class Owner(BaseModel):
    name: str | None = None
    category: str | Kind | None = None
    total_amount: Box | None = None
    box: Box | None = None
    parts: list[Box] | None = None
    shade: Color | None = None


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")


class Boxes(RootModel[list[Box]]):
    def __iter__(self) -> Any:  # as pydantic's documentation shows: no pairs of names and values
        return iter(self.root)


@dataclass
class Note:
    text: str
    where: Box


class Pair(NamedTuple):
    title: str
    box: Box


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (A, [(A, "")]),
        ([A, (B, {P}), frozenset({G})], [(A, ""), (B, ""), (P, ""), (G, "")]),
        ({"logo": A, "stamps": [B, A]}, [(A, "logo"), (B, "stamps"), (A, "stamps")]),
        ({7: A}, [(A, "7")]),
        (Owner(box=A), [(A, "box")]),
        (Owner(total_amount=A), [(A, "total amount")]),
        (Owner(name="Ann", box=A), [(A, "Ann")]),
        (Owner(name="  ", category="cat", box=A), [(A, "cat")]),
        (Owner(category=Kind.CAT, box=A), [(A, "cat")]),
        (Owner(category=Kind.NUMBER, box=A), [(A, "box")]),
        (Owner(name="Ann", parts=[A, B]), [(A, "Ann"), (B, "Ann")]),
        (Owner(name="Ann", box=A, parts=[B]), [(A, "Ann"), (B, "Ann parts")]),
        ({"owner": Owner(box=A)}, [(A, "owner")]),
        ({"name": "car", "wheels": {"left": A, "right": B}}, [(A, "left"), (B, "right")]),
        ({"name": "car", "location": {"box": A}}, [(A, "car")]),
        ({"people": [{"name": "Ann", "box": A}, {"name": "Bob", "box": B}]}, [(A, "Ann"), (B, "Bob")]),
        (Extra.model_validate({"label": "extra", "box": A}), [(A, "extra")]),
        ({"pages": Boxes([A, B])}, [(A, "pages"), (B, "pages")]),
        (Note("a note", A), [(A, "a note")]),
        ([Pair("a title", A)], [(A, "a title")]),
        (deque([1]), []),
        ({"label": "nothing", "box": None, "size": 3, "bytes": b"x", "numbers": [1, 2, 3, 4]}, []),
        (Note, []),
        (None, []),
        ("box", []),
    ],
)
def test_shapes_and_their_labels(value: Any, expected: list[tuple[Any, str]]) -> None:
    assert [(shape.outline, shape.label) for shape in find_shapes(value)] == expected


def test_the_colour_is_the_owners() -> None:
    red, blue = Color("red"), Color("blue")
    value = {
        "a": Owner(name="a", box=A, shade=red),
        "b": {"name": "b", "fill": red, "stroke": blue, "box": B},
        "c": {"color": red, "location": {"box": A}, "neighbour": {"box": B}},
        "d": {"color": "red", "box": A},
    }
    rgb = (255, 0, 0)
    assert find_shapes(value) == [
        Shape(A, "a", rgb),
        Shape(B, "b", rgb),
        Shape(A, "c", rgb),
        Shape(B, "neighbour", None),
        Shape(A, "d", None),
    ]


def test_a_scene() -> None:
    scene = Scene(
        objects=[
            DetectedObject(label="star", color=Color("red"), box=A),
            DetectedObject(label="ring", color=Color("#0000ff"), box=B),
        ]
    )
    assert find_shapes(scene) == [Shape(A, "star", (255, 0, 0)), Shape(B, "ring", (0, 0, 255))]


def test_a_value_that_contains_itself() -> None:
    value: dict[str, Any] = {"a": A}
    value["again"] = [value]
    assert find_shapes(value) == [Shape(A, "a")]
    assert len(find_shapes([value, value])) == 2  # the same value twice is no circle
