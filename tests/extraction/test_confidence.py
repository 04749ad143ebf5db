"""Confidence of values, from traces made by hand: pointers, and numbers that can be worked out on paper."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from pydantic import BaseModel

from extraction.confidence import Confidence, Conflict, confidence_of
from extraction.conventions import RELATIVE_1000
from extraction.families import find_family
from extraction.frames import Frame, Grounding
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, Point, Polygon, Scene, json_schema_of
from extraction.trace import UNKNOWN, Trace
from tests.extraction.answers import boxes


def trace_of(text: str, *decisions: tuple[str, float], allowed: float = 1.0) -> Trace:
    """A trace in which these pieces of the text, found from left to right, were decided with these probabilities."""
    trace = Trace()
    end = 0
    for piece, share in decisions:
        start = text.index(piece, end)
        end = start + len(piece)
        trace.add(start, end, math.log(share), math.log(allowed))
    return trace


def test_a_leaf_is_the_product_of_the_decisions_about_it() -> None:
    text = '{"name": "Ann", "age": 41, "ok": true, "kind": "fixed"}'
    decisions = [("A", 0.5), ("nn", 0.8), ('"', 0.9), (", ", 0.1), ("4", 0.7), ("1", 0.6), ("", 0.5), (", ", 0.1)]
    found = confidence_of(text, trace_of(text, *decisions, ("true", 0.3)))
    assert found.leaves == pytest.approx({"/name": 0.36, "/age": 0.21, "/ok": 0.3, "/kind": 1.0})
    assert found["/name"] == pytest.approx(0.36)
    with pytest.raises(KeyError):
        found["/nothing"]


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ('{"a/b": {"c~d": "x"}}', ["/a~1b/c~0d"]),
        ('{"": [null, [1, "\\"]"]]}', ["//0", "//1/0", "//1/1"]),
        ('{"größe": "😀é", "z": -1.5e3}', ["/größe", "/z"]),
        ("true", [""]),
        ("[]", []),
    ],
)
def test_pointers_are_those_of_the_value(text: str, pointers: list[str]) -> None:
    found = confidence_of(text, Trace())
    assert found.leaves == dict.fromkeys(pointers, 1.0)


def test_unicode_and_escapes_keep_decisions_in_their_places() -> None:
    text = '{"ü😀": "\\"é\\\\", "b": "x"}'
    found = confidence_of(text, trace_of(text, ('\\"é', 0.5), ("\\\\", 0.5), ("x", 0.25)))
    assert found.leaves == {"/ü😀": 0.25, "/b": 0.25}


def test_that_there_is_one_more_counts_for_the_item_and_not_for_its_leaves() -> None:
    text = '{"rows": [{"a": "x"}, {"a": "y"}]}'
    decisions = [('[{"', 0.9), ("x", 0.5), ('"', 1.0), ('}, {"', 0.4), ("y", 0.25), ('"', 1.0), ("}]}", 0.7)]
    found = confidence_of(text, trace_of(text, *decisions))
    assert found.leaves == {"/rows/0/a": 0.5, "/rows/1/a": 0.25}
    assert found.items == pytest.approx({"/rows/0": 0.45, "/rows/1": 0.1})
    words = '["x", "y"]'
    found = confidence_of(words, trace_of(words, ('["', 0.5), ("x", 0.8), ('"', 1.0), (', "', 0.3), ("y", 0.6)))
    assert found.leaves == {"/0": 0.8, "/1": 0.6}


def test_a_choice_between_kinds_of_values_counts_for_the_value() -> None:
    text = '{"a": "x", "b": null}'
    found = confidence_of(text, trace_of(text, (': "', 0.5), ("x", 0.5), (" null", 0.125)))
    assert found.leaves == {"/a": 0.25, "/b": 0.125}


def test_other_spellings_of_a_choice_count_for_it() -> None:
    text = '{"a": "red"}'
    trace = trace_of(text, ("red", 0.2))
    trace.spellings[0] = [('red"}', 0.2), ('red"', 0.3), ("r", 0.1), ('blue"', 0.4)]
    assert confidence_of(text, trace)["/a"] == pytest.approx(0.5 / 0.9)  # "r" could become "rose"
    trace = trace_of(text, ("r", 0.1), ("ed", 0.5))
    trace.spellings[0] = [("r", 0.1), ('red"', 0.5), ('blue"', 0.4)]
    trace.spellings[1] = [('ed"', 0.5), ('ose"', 0.5)]
    assert confidence_of(text, trace)["/a"] == pytest.approx(0.5 + 0.1 * 0.5)


def test_pressure_is_what_the_model_alone_would_have_done_otherwise() -> None:
    text = '{"a": "x", "b": "yz"}'
    found = confidence_of(text, trace_of(text, ("x", 1.0), ("y", 1.0), ("z", 1.0), allowed=0.5))
    assert found.pressure == pytest.approx({"/a": 0.5, "/b": 0.75, "": 0.875})
    unknown = trace_of(text, ("x", 0.5))
    unknown.allowed[0] = UNKNOWN
    found = confidence_of(text, unknown)
    assert found.pressure is None
    assert found.leaves == {"/a": 0.5, "/b": 1.0}


def test_what_was_filled_in_has_no_confidence() -> None:
    text = '{"a": "x", "rows": [{"b": 0}]}'
    trace = trace_of(text, ("x", 0.5))
    trace.own = text.index(', "rows"')
    found = confidence_of(text, trace)
    assert found.leaves == {"/a": 0.5}
    assert found.items == {}


def test_of_an_answer_that_was_cut_the_whole_leaves_are_told() -> None:
    text = '{"a": "x", "box": [1, 2, 3, 4], "b": 12'
    found = confidence_of(text, trace_of(text, ("x", 0.5)), schema={"properties": {"box": {"x-extraction": "box"}}})
    assert found.leaves == {"/a": 0.5, "/box/0": 1.0, "/box/1": 1.0, "/box/2": 1.0, "/box/3": 1.0}


SCENE = json_schema_of(Scene)
TEXT = '{"objects": [{"label": "star", "color": "red", "box": [100, 200, 300, 600]}]}'


def _boxed(text: str = TEXT) -> Trace:
    decisions = [("star", 0.9), ("red", 0.8), ("100", 0.2), ("200", 0.5), ("300", 0.5), ("600", 0.5)]
    trace = trace_of(text, *decisions)
    trace.rivals[2] = [("100", 0.2), ("150", 0.5), ("500", 0.25), ("155", 0.05)]  # within a quarter of 200: up to 150
    trace.rivals[5] = [("600", 0.5), ("700", 0.5)]
    return trace


def test_an_edge_need_not_be_exact_and_a_box_overlaps() -> None:
    found = confidence_of(TEXT, _boxed(), schema=SCENE)
    here = "/objects/0"
    assert found[f"{here}/box/0"] == pytest.approx(0.7)
    assert found[f"{here}/box/3"] == pytest.approx(1.0)
    assert found[f"{here}/box/1"] == 0.5
    # x: 150 to 300 is 3/4 of the box, 155 a little less, and 500 leaves nothing; y: 700 makes it larger by a quarter.
    # Only 200 to 300 in x of y 200 to 600 is whole; every pair but those with 500 has IoU >= 0.5.
    assert found[f"{here}/box"] == pytest.approx(0.75)
    assert found[here] == pytest.approx(0.9 * 0.8 * 0.75)
    exact = confidence_of(TEXT, _boxed())
    assert exact[f"{here}/box/0"] == 0.2
    assert exact.boxes == {}
    assert exact[here] == pytest.approx(0.9 * 0.8 * 0.2 * 0.5**3)


def test_digits_that_come_one_by_one_keep_those_around_them() -> None:
    text = '{"box": [100, 200, 300, 600]}'
    trace = trace_of(text, ("6", 0.5), ("0", 0.4), ("0", 0.5))
    trace.rivals[0] = [("6", 0.5), ("7", 0.3), ("9", 0.2)]
    trace.rivals[1] = [("0", 0.4), ("5", 0.6)]
    schema = {"properties": {"box": {"x-extraction": "box"}}}
    found = confidence_of(text, trace, schema=schema)
    # 600: 0.5 * 0.4 * 0.5; 700 (0.3) and 650 (0.5 * 0.6) are within 100 of it; what follows 65 is not asked about.
    assert found["/box/3"] == pytest.approx(0.1 + 0.3 + 0.3)


@pytest.mark.parametrize(
    ("written", "family", "expected"),
    [
        ("[100, 200, 300, 600]", "relative-1000", [0.1, 0.2, 0.3, 0.4]),
        ("[100, 200, 300, 600]", "relative-1000-yxyx", [0.2, 0.1, 0.4, 0.3]),
        ("[300, 200, 100, 600]", "relative-1000", [0.3, 0.2, 0.1, 0.4]),
        ("[300, 600, 100, 200]", "relative-1000-yxyx", [0.4, 0.3, 0.2, 0.1]),
        ('{"x1": 100, "y1": 200, "x2": 300, "y2": 600}', "relative-1000", [0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_in_pixels_each_number_stands_where_it_went(written: str, family: str, expected: list[float]) -> None:
    text = f'{{"box": {written}}}'
    numbers = [piece.strip("[]{} ").rpartition(" ")[2] for piece in written.split(",")]
    trace = trace_of(text, *[(number, share) for number, share in zip(numbers, (0.1, 0.2, 0.3, 0.4), strict=True)])
    schema = {"properties": {"box": {"x-extraction": "box"}}}
    convention = find_family(None, "", family).boxes
    value = json.loads(text)
    found = confidence_of(text, trace, schema=schema).in_pixels(value, schema, convention)
    assert [found[f"/box/{index}"] for index in range(4)] == expected
    data = Grounding(convention, Frame((1000, 1000))).apply(value, schema)["box"]
    order = [numbers.index(str(round(number))) for number in data]  # the numbers themselves went the same way
    assert [0.1 * (index + 1) for index in order] == pytest.approx(expected)


class Shapes(BaseModel):
    at: Point
    outline: Polygon


def test_points_and_outlines_in_pixels() -> None:
    schema = json_schema_of(Shapes)
    text = '{"at": [1, 2], "outline": {"points": [[3, 4], {"x": 5, "y": 6}, [7, 8]]}}'
    trace = trace_of(text, *[(str(number), number / 10) for number in range(1, 9)])
    convention = find_family(None, "", "relative-1000-yxyx").boxes
    found = confidence_of(text, trace, schema=schema).in_pixels(json.loads(text), schema, convention)
    assert found.leaves == pytest.approx(
        {
            "/at/1": 0.1,
            "/at/0": 0.2,
            "/outline/0/1": 0.3,
            "/outline/0/0": 0.4,
            "/outline/1/0": 0.5,
            "/outline/1/1": 0.6,
            "/outline/2/1": 0.7,
            "/outline/2/0": 0.8,
        }
    )
    assert found.items == {}


@pytest.mark.parametrize(
    ("text", "taken", "wanted", "conflict"),
    [
        ('{"a": [1, 2]}', "]}", "], ", Conflict("", "wanted to go on with the object", 0.75)),
        ('{"a": [1, 2]}', "]}", ", ", Conflict("/a", "wanted to go on with the list", 0.75)),
        ('{"a": [{"b": [1, 2]}]}', "]}]}", "]}, {", Conflict("/a", "wanted to go on with the list", 0.75)),
        ('{"a": [{"b": [1, 2]}]}', "]}]}", "]", None),
        ('{"a": [1, 2]}', ", ", "]", Conflict("/a", "wanted to end the list", 0.75)),
        ('{"a": [1, 2]}', "1", " ]", Conflict("/a", "wanted to end the list", 0.75)),
        ('{"a": [1, 2]}', "1", "7", None),
        ('{"a": 1, "b": 2}', ", ", "}", Conflict("", "wanted to end the object", 0.75)),
        ('{"a": 1, "b": 2}', "2", "", Conflict("", "wanted to end the answer", 0.75)),
        ('{"a": ["x, y"]}', ", ", "]", None),
        ('{"a": {"b": 1}}', "}}", '}, "', Conflict("", "wanted to go on with the object", 0.75)),
        ('{"a": {"ring": 1, "rings": 2}}', "s", '": ', Conflict("/a", 'wanted to end the key "ring"', 0.75)),
        ('{"a": "x", "b": 2}', "2", '"', None),
    ],
)
def test_ends_that_the_grammar_forbade_or_forced(text: str, taken: str, wanted: str, conflict: Conflict | None) -> None:
    trace = trace_of(text, (taken, 1.0), allowed=0.25)
    trace.wanted[0] = wanted, taken
    assert confidence_of(text, trace).conflicts == (() if conflict is None else (conflict,))


def test_it_survives_json() -> None:
    trace = _boxed()
    trace.wanted[0] = "", "star"
    found = confidence_of(TEXT, trace, schema=SCENE)
    assert Confidence.from_json(json.loads(json.dumps(found.as_json()))) == found


def _message(metadata: dict[str, Any]) -> dict[str, Any]:
    convention = find_family(None, "", "relative-1000-yxyx").boxes
    return boxes((1000, 500), convention=convention) | {"confidence": metadata}


class Boxed(BaseModel):
    box: Box


def test_the_parser_hands_it_on_for_the_value_in_pixels(caplog: pytest.LogCaptureFixture) -> None:
    text = '{"box": [100, 200, 300, 600]}'
    trace = trace_of(text, ("100", 0.1), ("200", 0.2), ("300", 0.3), ("600", 0.4), allowed=0.5)
    trace.wanted[1] = "]", ", "
    trace.wanted[3] = "", "600"
    told = confidence_of(text, trace, schema=json_schema_of(Boxed)).as_json()
    parser: GroundedOutputParser[Boxed] = GroundedOutputParser(target=Boxed)
    parsed = parser.parse_text(text, _message(told))
    assert parsed.data == {"box": [200, 50, 600, 150]}
    assert parsed.confidence is not None
    assert [parsed.confidence[f"/box/{index}"] for index in range(4)] == [0.2, 0.1, 0.4, 0.3]
    assert parser.parse_text(text, _message({"calls": [told]})).confidence == parsed.confidence
    assert parser.parse_text(text, _message({"calls": [told, told]})).confidence is None
    assert parser.parse_text(text, boxes((1000, 500), convention=RELATIVE_1000)).confidence is None
