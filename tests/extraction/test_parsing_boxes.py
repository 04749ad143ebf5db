from __future__ import annotations

import json
import logging
from typing import Annotated, Any, Literal

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from extraction.conventions import PIXEL, RELATIVE_1000, RELATIVE_1000_YXYX
from extraction.errors import (
    BoxConventionError,
    SchemaMismatchError,
    TruncatedOutputError,
)
from extraction.frames import BoxNote
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, Color, DetectedObject, Point, Scene
from tests.extraction.answers import boxes, fails, parse

# --- boxes -----------------------------------------------------------------------------------------------------------

CUP = {"label": "cup", "color": "red", "box": [250, 500, 750, 1000]}


class Tree(BaseModel):
    box: Box
    children: list[Tree] = []


class Cat(BaseModel):
    kind: Literal["cat"]
    where: Box


class Dog(BaseModel):
    kind: Literal["dog"]
    where: Point


class Renamed(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    box: Box = Field(alias="bounding_box")


class Choices(BaseModel):
    box: Box | None = Field(default=None, validation_alias=AliasChoices("box", "bbox"))  # type: ignore[pydantic-alias]


PIXELS = Box.from_xyxy(160, 240, 480, 480)


@pytest.mark.parametrize(
    ("target", "answer", "value"),
    [
        (Box, CUP["box"], PIXELS),
        (Box, {"x1": 250, "y1": 500, "x2": 750, "y2": 1000}, PIXELS),
        (list[Box], [CUP["box"]], [PIXELS]),
        (dict[str, Box], {"a": CUP["box"]}, {"a": PIXELS}),
        (Box | str, CUP["box"], PIXELS),
        (Box | str, '"nowhere"', "nowhere"),
        (tuple[Box, Point], [CUP["box"], [500, 500]], (PIXELS, Point(x=320, y=240))),
        (Tree, {"box": CUP["box"], "children": [{"box": CUP["box"]}]}, Tree(box=PIXELS, children=[Tree(box=PIXELS)])),
        (list[Annotated[Cat | Dog, Field(discriminator="kind")]], [{"kind": "dog", "where": [500, 500]}],
         [Dog(kind="dog", where=Point(x=320, y=240))]),
        (DetectedObject | None, CUP, DetectedObject(label="cup", color=Color("red"), box=PIXELS)),
        (DetectedObject | None, CUP | {"color": "crimson"},
         DetectedObject(label="cup", color=Color("crimson"), box=PIXELS)),
        (Renamed, {"bounding_box": CUP["box"]}, Renamed.model_validate({"bounding_box": PIXELS})),
        (Choices, {"box": CUP["box"]}, Choices(box=PIXELS)),
    ],
)  # fmt: skip
def test_boxes_are_pixels_wherever_they_stand(target: Any, answer: Any, value: Any) -> None:
    assert parse(target, answer) == value


@pytest.mark.parametrize(
    ("target", "answer", "told"),
    [
        (Scene, {"objects": [CUP | {"box": [1, 2, 3]}]}, "objects/0/box: must be four numbers, not [1, 2, 3]"),
        (Scene, {"objects": [CUP | {"box": ["1", "2", "3", "4"]}]}, 'must be four numbers, not ["1", "2", "3", "4"]'),
        (Renamed, {"box": CUP["box"]}, "box: the schema does not know this key: is it 'bounding_box'?"),
        (Choices, {"bbox": CUP["box"]}, "bbox: the schema does not know this key: is it 'box'?"),
        (Box | Point, [1, 2, 3], "it is none of the forms that it may have"),
        (Box, None, "(root): "),
        ({"properties": {"a": {"x-extraction": "box"}}}, {"a": "left"}, 'a: must be four numbers, not "left"'),
    ],
)
def test_a_box_that_cannot_be_converted_is_never_passed_on(target: Any, answer: Any, told: str) -> None:
    assert told in fails(SchemaMismatchError, target, answer).message


def test_the_message_tells_the_convention_and_the_frame() -> None:
    def box(numbers: list[int], *frames: Any, convention: Any, **options: Any) -> Any:
        parser = GroundedOutputParser(target=Box, **options)
        return parser.parse_text(json.dumps(numbers), boxes(*frames, convention=convention)).value.xyxy

    assert box([250, 500, 750, 1000], (640, 480), convention=RELATIVE_1000) == (160, 240, 480, 480)
    assert box([500, 250, 1000, 750], (640, 480), convention=RELATIVE_1000_YXYX) == (160, 240, 480, 480)
    assert box([161, 238, 483, 476], ((640, 480), (644, 476)), convention=PIXEL) == (160, 240, 480, 480)
    # of several pictures the last one is asked about; the parser can be told another
    two = ((100, 100), (640, 480))
    assert box([250, 500, 750, 1000], *two, convention=RELATIVE_1000) == (160, 240, 480, 480)
    assert box([250, 500, 750, 1000], *two, convention=RELATIVE_1000, size=(100, 100)) == (25, 50, 75, 100)
    resized = (((640, 480), (644, 476)), (100, 100))
    assert box([161, 238, 483, 476], *resized, convention=PIXEL, size=(640, 480)) == (160, 240, 480, 480)
    # what the parser was told counts more than what the message says
    told = GroundedOutputParser(target=Box, convention=RELATIVE_1000_YXYX)
    assert told.parse_text("[500, 250, 1000, 750]", boxes((640, 480))).value == PIXELS


def test_a_bare_text_needs_convention_and_size() -> None:
    text = json.dumps({"objects": [CUP]})
    parser = GroundedOutputParser(target=Scene, convention=RELATIVE_1000, size=(640, 480))
    assert parser.parse(text).objects[0].box == PIXELS
    with pytest.raises(BoxConventionError, match="the size of the picture is not known"):
        GroundedOutputParser(target=Scene, convention=RELATIVE_1000).parse(text)
    with pytest.raises(BoxConventionError, match=r"nobody knows how .* convention='relative-1000' of a parser\)$"):
        GroundedOutputParser(target=Scene, size=(640, 480)).parse(text)
    assert GroundedOutputParser(target=Scene).parse('{"objects": []}') == Scene(objects=[])


def test_a_picture_of_unknown_size_is_not_mistaken_for_the_one_before_it() -> None:
    with pytest.raises(BoxConventionError, match="the size of the picture"):
        GroundedOutputParser(target=Box).parse_text("[1, 2, 3, 4]", boxes((640, 480), None))


def test_mended_boxes_are_noted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    text = json.dumps({"objects": [CUP | {"box": [750, 500, 250, 1100]}]})
    parsed = GroundedOutputParser(target=Scene).parse_text(text, boxes((640, 480)))
    assert parsed.value.objects[0].box == PIXELS
    assert parsed.data == {"objects": [CUP | {"box": [160, 240, 480, 480]}]}
    assert [note.problem for note in parsed.notes] == [
        "corners were the wrong way round",
        "reached outside the picture",
    ]
    assert parsed.notes[0] == BoxNote("/objects/0/box", "corners were the wrong way round", (750, 500, 250, 1100))
    assert caplog.messages == []
    with caplog.at_level(logging.WARNING):
        GroundedOutputParser(target=Scene, convention=RELATIVE_1000, size=(640, 480)).parse(text)
    assert caplog.messages[0] == "box /objects/0/box [750, 500, 250, 1100]: corners were the wrong way round"


def test_the_complete_part_of_a_cut_answer_is_in_pixels_too() -> None:
    text = json.dumps({"objects": [CUP, CUP]})[:-20]
    error = fails(TruncatedOutputError, Scene, text)
    assert error.partial == {"objects": [CUP | {"box": [160, 240, 480, 480]}]}
    with pytest.raises(TruncatedOutputError) as caught:
        GroundedOutputParser(target=Scene).parse(text)
    assert caught.value.partial is None  # in which frame it would be is not known
