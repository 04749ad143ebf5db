"""Targets of every kind: what of each grows, what comes whole, and that the parts are those of the whole value."""

from __future__ import annotations

import dataclasses
import enum
import json
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NotRequired, TypeVar

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.v1 import BaseModel as OldModel
from typing_extensions import TypedDict

from extraction.conventions import RELATIVE_1000
from extraction.errors import SchemaMismatchError
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, DetectedObject, Polygon, Scene, json_schema_of
from tests.extraction.growth import grows, pieces, pointers

T = TypeVar("T")


class Kind(enum.Enum):
    CAT = "cat"
    DOG = "dog"


class Leaf(BaseModel):
    name: str
    on: date | None = None


class Tree(BaseModel):
    name: str
    left: Tree | None = None
    below: list[Tree] = []


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", str_strip_whitespace=True)

    on: date
    pair: tuple[int, str]
    kinds: list[Kind]
    amount: Decimal


class Wide(BaseModel):
    leaf: Leaf | None
    either: Leaf | Tree
    tagged: Annotated[int, AfterValidator(lambda value: value * 2)]
    words: Annotated[list[str], Field(max_length=3)]
    by_name: dict[str, Leaf]
    some: set[int]
    any: Any
    literal: Literal["a", 1]


class Checked(BaseModel):
    first: str
    second: str
    third: list[int]

    @field_validator("first")
    @classmethod
    def _loud(cls, value: str) -> str:
        return value.upper()

    @field_validator("second")
    @classmethod
    def _after_first(cls, value: str, info: ValidationInfo) -> str:
        return f"{info.data['first']}{value}"


class Summed(BaseModel):
    items: list[Leaf]
    count: int

    @model_validator(mode="after")
    def _count(self) -> Summed:
        self.count = len(self.items)
        return self


class Holder(BaseModel):
    summed: Summed
    last: int


class Private(BaseModel):
    a: int
    b: int
    _seen: int = PrivateAttr(default=0)


class Addable(BaseModel):
    a: int
    b: int

    def __add__(self, other: Addable) -> Addable:
        return Addable(a=self.a + other.a, b=self.b + other.b)


class Renamed(BaseModel):
    a: int = Field(validation_alias=AliasChoices("x", "y"))  # type: ignore[pydantic-alias]
    b: int = Field(alias="B")


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int


class Page(BaseModel, Generic[T]):
    rows: list[T]
    shape: Polygon | None = None


class Rows(RootModel[list[Leaf]]):
    pass


class Names(RootModel[dict[str, int]]):
    pass


class Typed(TypedDict):
    a: int
    leaves: NotRequired[list[Leaf]]


@dataclasses.dataclass
class Data:
    a: int
    leaves: list[Leaf]


@dataclasses.dataclass
class Doubled:
    a: int

    def __post_init__(self) -> None:
        self.a *= 2


LEAF = {"name": "n", "on": "2026-01-31"}
TREE = {"name": "t", "left": {"name": "l", "left": None}, "below": [{"name": "b"}]}

CASES: list[tuple[Any, Any, list[str]]] = [
    (Leaf, LEAF, ["/name", "/on"]),
    (Leaf | None, LEAF, ["/name", "/on"]),
    (Leaf | Tree, LEAF, []),
    (Tree, TREE, ["/name", "/left/name", "/left/left", "/below/0"]),
    (
        Strict,
        {"on": "2026-01-31", "pair": [1, " a "], "kinds": ["cat", "dog"], "amount": "1.50"},
        ["/on", "/pair", "/kinds/0", "/kinds/1", "/amount"],
    ),
    (
        Wide,
        {
            "leaf": None,
            "either": TREE,
            "tagged": 4,
            "words": ["a", "b"],
            "by_name": {"a~b": LEAF, "": LEAF},
            "some": [1, 1],
            "any": {"x": [1]},
            "literal": 1,
        },
        [
            *("/leaf", "/either", "/tagged", "/words/0", "/words/1", "/by_name/a~0b", "/by_name/", "/some", "/any"),
            "/literal",
        ],
    ),
    (Wide.model_fields["words"].annotation, ["a", "b"], ["/0", "/1"]),
    (Checked, {"first": "a", "second": "b", "third": []}, ["/first", "/third"]),
    (Holder, {"summed": {"items": [LEAF], "count": 9}, "last": 1}, ["/summed", "/last"]),
    (Renamed, {"x": 1, "B": 2}, ["/B"]),
    (Open, {"a": 1, "more": [1]}, ["/a"]),
    (Page[Leaf], {"rows": [LEAF, LEAF], "shape": None}, ["/rows/0", "/rows/1", "/shape"]),
    (Page[list[int]], {"rows": [[1, 2], []]}, ["/rows/0", "/rows/1"]),
    (Rows, [LEAF, LEAF], ["/0", "/1"]),
    (Names, {"a": 1, "b": 2}, ["/a", "/b"]),
    (list[Rows], [[LEAF], []], ["/0", "/1"]),
    (list[int], [1, 2, 3], ["/0", "/1", "/2"]),
    (list[list[int]], [[1], [2, 3]], ["/0", "/1"]),
    (dict[str, list[int]], {"a": [1, 2]}, ["/a"]),
    (Typed, {"a": 1, "leaves": [LEAF]}, ["/a", "/leaves/0"]),
    (OldModel, {}, []),
    (int, 3, []),
    (str, "x", []),
    (Scene, {"objects": []}, ["/objects"]),
    (json_schema_of(Tree), TREE, ["/name", "/left/name", "/left/left", "/below/0"]),
    (json_schema_of(Typed), {"a": 1, "leaves": [LEAF]}, ["/a", "/leaves/0"]),
    (json_schema_of(list[Leaf]), [LEAF], ["/0"]),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1, "b": 2}, ["/a", "/b"]),
    ({"type": "object"}, {"a": 1}, []),
    ({"type": "array", "prefixItems": [{"type": "integer"}]}, [1], []),
]


@pytest.mark.parametrize("size", [1, 0, 1000])
@pytest.mark.parametrize(("target", "data", "closed"), CASES)
def test_parts_are_those_of_the_whole(target: Any, data: Any, closed: list[str], size: int) -> None:
    text = json.dumps(data, indent=1)
    parser = GroundedOutputParser(target=target)
    values = list(parser.values(pieces(text, size)))
    assert pointers(values) == [*closed, ""]
    elements = [one.whole for one in values]
    assert grows(elements)
    assert elements[-1] == parser.invoke(text)
    assert elements == list(parser.transform(iter(pieces(text, size))))


def test_fields_are_named_as_in_the_class() -> None:
    class Aliased(BaseModel):
        first_name: str = Field(alias="firstName")
        inner: Leaf

    first, second, *_ = GroundedOutputParser(target=Aliased).values(['{"firstName": "a", "inner": {"name": "b"}}'])
    assert first.whole.first_name == "a"
    assert second.whole.inner.name == "b"
    assert second.pointer == "/inner/name"


def test_validators_of_fields_have_run() -> None:
    (first, *_) = GroundedOutputParser(target=Checked).values(['{"first": "a", "second": "b", "third": [1]}'])
    assert first.value == "A"
    assert next(GroundedOutputParser(target=Strict).values(['{"pair": [1, " a "]}'])).value == (1, "a")


@pytest.mark.parametrize(
    ("target", "data"),
    [
        (Summed, {"items": [LEAF], "count": 9}),
        (Private, {"a": 1, "b": 2}),
        (Addable, {"a": 1, "b": 2}),
        (Doubled, {"a": 1}),
        (set[int], [1, 2, 2]),
        (tuple[int, ...], [1, 2]),
        (dict[int, int], {"1": 2}),
    ],
)
def test_what_is_more_than_its_parts_is_json_until_its_end(target: Any, data: Any) -> None:
    *growing, last = GroundedOutputParser(target=target).values([json.dumps(data)])
    assert growing
    assert growing[-1].whole == data
    assert last.whole == GroundedOutputParser(target=target).invoke(json.dumps(data))


def test_a_dataclass_is_a_dict_of_values_until_its_end() -> None:
    text = json.dumps({"a": 1, "leaves": [LEAF]})
    *growing, last = GroundedOutputParser(target=Data).transform(iter([text]))
    leaf = Leaf.model_validate(LEAF)
    assert growing == [{"a": 1}, {"a": 1, "leaves": [leaf]}]
    assert last == Data(1, [leaf])


def test_an_old_class_comes_whole() -> None:
    class Old(OldModel):
        a: int
        b: list[int]

    assert list(GroundedOutputParser(target=Old).transform(iter(['{"a": 1, "b": [2]}']))) == [Old(a=1, b=[2])]


@pytest.mark.parametrize(
    ("target", "text", "given"),
    [
        (Leaf, '{"name": "a", "on": "soon"}', ["/name"]),
        (list[Leaf], '[{"name": "a"}, {"name": 1}, {"name": "b"}]', ["/0"]),
        (json_schema_of(list[Leaf]), '[{"name": "a"}, {"name": 1}, {"name": "b"}]', ["/0"]),
        (json_schema_of(Leaf), '{"name": "a", "on": 3}', ["/name"]),
        (Wide, '{"words": "abc", "tagged": 1}', []),
        (Strict, '{"kinds": ["cat", "cow"], "amount": 1}', ["/kinds/0"]),
        (Leaf, "[1]", []),
        (list[Leaf], '{"name": "a"}', []),
    ],
)
def test_nothing_is_given_from_what_does_not_fit(target: Any, text: str, given: list[str]) -> None:
    stream = GroundedOutputParser(target=target).answer_stream()
    assert [one.pointer for piece in text for one in stream.push(piece)] == given
    with pytest.raises(SchemaMismatchError):
        GroundedOutputParser(target=target).end_of(stream)


class Framed(BaseModel):
    name: str
    box: Box | None
    outline: Polygon
    parts: dict[str, DetectedObject]
    main: DetectedObject


def test_boxes_at_every_place_are_pixels() -> None:
    thing = {"label": "a", "color": "red", "box": [0, 0, 500, 500]}
    data = {
        "name": "n",
        "box": [0, 0, 1000, 1000],
        "outline": [[0, 0], [1000, 0], [1000, 1000]],
        "parts": {"x": thing},
        "main": thing,
    }
    parser = GroundedOutputParser(target=Framed, convention=RELATIVE_1000, size=(640, 480))
    values = list(parser.values(json.dumps(data)))
    assert pointers(values) == [
        *("/name", "/box", "/outline", "/parts/x", "/main/label", "/main/color", "/main/box", ""),
    ]
    assert grows([one.whole for one in values])
    assert values[1].value.xyxy == (0, 0, 640, 480)
    assert values[2].value.points[2].xy == (640, 480)
    assert values[6].value == values[3].value.box == Box.from_xyxy(0, 0, 320, 240)
    plain = GroundedOutputParser(target=json_schema_of(Framed), convention=RELATIVE_1000, size=(640, 480))
    assert [one.value for one in plain.values(json.dumps(data))][6] == [0, 0, 320, 240]
