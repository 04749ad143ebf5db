"""Pixels to what a model of each family would write, and back to the same pixels within one of its steps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Annotated, Any

import jsonschema
import pytest
from pydantic import BaseModel, Field, TypeAdapter

from extraction.conventions import BoxConvention
from extraction.errors import BoxConventionError
from extraction.families import Family
from extraction.family_table import FAMILIES
from extraction.frames import BoxNote, Frame, Grounding, from_pixels, to_pixels
from extraction.prompts import model_schema, schema_text
from extraction.schemas import Box, Point, Polygon, json_schema_of

WITH_BOXES = [family for family in FAMILIES if family.boxes is not None]
IN_JSON = [family for family in WITH_BOXES if family.boxes and family.boxes.kind != "grid"]
ROUNDED = 1e-4
"""The step of models that write fractions: what is written of them has four decimals."""


def named(family: Family) -> str:
    return family.name


def convention_of(family: Family) -> BoxConvention:
    assert family.boxes is not None
    return family.boxes


# --- numbers that were worked out by hand ------------------------------------------------------------------------------

PICTURE = Frame((800, 400), (400, 200))
BOX, POINT = [80.0, 100.0, 400.0, 300.0], [80.0, 100.0]
PER_THOUSAND: list[float] = [100, 250, 500, 750]
Y_FIRST: list[float] = [250, 100, 750, 500]
SHARES: list[float] = [0.1, 0.25, 0.5, 0.75]
HALVED: list[float] = [40, 50, 200, 150]
OF_999: list[float] = [100, 250, 500, 749]
WRITTEN: dict[str, list[float]] = {
    **dict.fromkeys(("pocket", "relative-1000", "openai", "qwen3-vl", "qwen3.5", "qwen-vl", "qwen2-vl"), PER_THOUSAND),
    **dict.fromkeys(("internvl", "internvl-chat", "minicpm-v", "minicpm-v4.6", "glm-v", "glm-5v"), PER_THOUSAND),
    **dict.fromkeys(("ernie-vl", "locate-anything", "paddleocr-vl", "hunyuan-ocr", "molmo2"), PER_THOUSAND),
    **dict.fromkeys(("relative-1000-yxyx", "gemma4", "diffusion-gemma", "gemini"), Y_FIRST),
    **dict.fromkeys(("relative-1", "moondream", "llava-1.5", "llava-next", "kimi-vl", "kimi-k2.5"), SHARES),
    **dict.fromkeys(("lfm2-vl", "llama4", "ovis2.5"), SHARES),
    **dict.fromkeys(("pixel", "qwen2.5-vl", "mimo-vl", "dots.ocr", "dots3", "kosmos2.5"), HALVED),
    **dict.fromkeys(("deepseek-vl2", "deepseek-ocr", "deepseek-ocr2"), OF_999),
    "paligemma": [256, 102, 768, 512],
    "florence2": [100, 250, 500, 750],
    "kosmos2": [8 * 32 + 3, 23 * 32 + 15],
    "fuyu": [25, 20, 75, 100],
    "docling": [50, 125, 250, 375],
    "molmo": [10, 25, 50, 75],
    "glm-4v": [112, 280, 560, 840],
}


@pytest.mark.parametrize("family", WITH_BOXES, ids=named)
def test_a_box_is_written_in_the_numbers_of_the_family(family: Family) -> None:
    written = from_pixels(BOX, convention_of(family), PICTURE)
    assert written == WRITTEN[family.name]
    whole = convention_of(family).integer
    assert all(isinstance(number, int) == whole for number in written)


def test_points_are_written_x_first_unless_boxes_begin_with_y() -> None:
    points = {family.name: from_pixels(POINT, convention_of(family), PICTURE) for family in IN_JSON}
    assert points["qwen2.5-vl"] == [40, 50]
    assert points["gemini"] == [250, 100]
    assert points["fuyu"] == [20, 25]
    assert points["molmo"] == [10, 25]
    assert points["molmo2"] == [100, 250]


# --- random pictures -------------------------------------------------------------------------------------------------


def frames(convention: BoxConvention, rng: random.Random) -> Iterator[tuple[Frame, tuple[float, float, float, float]]]:
    """Pictures of all shapes as the model may see them, each with the part of the picture that it sees."""
    for _ in range(30):
        ratio = 20 ** rng.uniform(-1, 1)
        width = rng.randint(20, 4000)
        size = width, max(1, min(8000, round(width / ratio)))
        whole = (0.0, 0.0, float(size[0]), float(size[1]))
        model = rng.randint(28, 2000), rng.randint(28, 2000)
        yield Frame(size, model), whole
        if convention.kind != "pixel" and convention.frame == "picture":
            yield Frame(size), whole
        scale = rng.uniform(0.1, 1.5)
        content = size[0] * scale, size[1] * scale
        side = int(max(content)) + rng.randint(1, 40)
        left, top = (side - content[0]) / 2, (side - content[1]) / 2
        yield Frame(size, (side, side), (left, top, left + content[0], top + content[1])), whole
        canvas = int(content[0]) + rng.randint(1, 60), int(content[1]) + rng.randint(1, 60)
        yield Frame(size, canvas, (0.0, 0.0, *content)), whole
        seen = max(1, int(min(content)))
        left, top = (content[0] - seen) / 2, (content[1] - seen) / 2
        crop = left / scale, top / scale, (left + seen) / scale, (top + seen) / scale
        on_canvas = convention.kind == "pixel" or convention.frame == "canvas"
        yield (
            Frame(size, (seen, seen), (-left, -top, content[0] - left, content[1] - top)),
            crop if on_canvas else whole,
        )


def steps_of(convention: BoxConvention, frame: Frame) -> list[float]:
    """How many pixels of the picture one step of the model is, per axis."""
    if convention.kind == "pixel" or convention.frame == "canvas":
        assert frame.model is not None
        content = frame.content or (0.0, 0.0, *map(float, frame.model))
        scales = [
            side / (content[axis + 2] - content[axis]) for axis, side in enumerate(frame.original)
        ]  # pixels of the picture in one of the canvas
        counted = [convention.unit if convention.span is None else side / convention.span for side in frame.model]
        steps = [scale * count for scale, count in zip(scales, counted, strict=True)]
    else:
        steps = [side / (convention.span or 1) for side in frame.original]
    return steps if convention.integer else [step * ROUNDED for step in steps]


def inside(part: tuple[float, float, float, float], rng: random.Random) -> list[float]:
    """A box in a part of the picture; sometimes all of it, sometimes one without an area."""
    if rng.random() < 0.1:
        return list(part)
    x1, x2 = sorted(rng.uniform(part[0], part[2]) for _ in range(2))
    y1, y2 = sorted(rng.uniform(part[1], part[3]) for _ in range(2))
    return [x1, y1, x1, y1] if rng.random() < 0.05 else [x1, y1, x2, y2]


def off(back: list[float], pixels: list[float], convention: BoxConvention, frame: Frame) -> float:
    """The largest difference, in steps of the model."""
    steps = steps_of(convention, frame)
    return max(abs(a - b) / steps[i % 2] for i, (a, b) in enumerate(zip(back, pixels, strict=True)))


@pytest.mark.parametrize("family", WITH_BOXES, ids=named)
def test_boxes_come_back_within_one_step(family: Family) -> None:
    convention, rng = convention_of(family), random.Random(family.name)
    largest = 0.0
    for frame, part in frames(convention, rng):
        for _ in range(5):
            pixels, notes = inside(part, rng), list[BoxNote]()
            written = from_pixels(pixels, convention, frame)
            back = to_pixels(written, convention, frame, notes=notes)
            largest = max(largest, off(back, pixels, convention, frame))
            assert [note for note in notes if "fractions" not in note.problem] == [], (frame, pixels, written)
    assert 0.2 < largest <= 1 + 1e-6


@pytest.mark.parametrize("family", IN_JSON, ids=named)
def test_points_and_outlines_come_back_within_one_step(family: Family) -> None:
    convention, rng = convention_of(family), random.Random(family.name)
    form = json_schema_of(Polygon)
    for frame, part in frames(convention, rng):
        points = [inside(part, rng)[:2] for _ in range(rng.randint(3, 7))]
        written = Grounding(convention, frame, to_model=True).apply(points, form)
        grounding = Grounding(convention, frame)
        back = grounding.apply(written, form)
        assert not grounding.problems
        assert [note for note in grounding.notes if "fractions" not in note.problem] == []
        assert max(off(a, b, convention, frame) for a, b in zip(back, points, strict=True)) <= 1 + 1e-6
        one = to_pixels(from_pixels(points[0], convention, frame), convention, frame)
        assert one == back[0]


@pytest.mark.parametrize("family", IN_JSON, ids=named)
def test_what_a_model_was_never_shown_is_cut_at_the_border_of_what_it_was(family: Family) -> None:
    """A picture of which only the middle was shown: no number is below 0 or above the largest."""
    convention = convention_of(family)
    frame = Frame((1000, 500), (250, 250), (-125.0, 0.0, 375.0, 250.0))
    written = from_pixels([0, 0, 1000, 500], convention, frame)
    limit = convention.largest if convention.largest is not None else 250 / convention.unit
    assert min(written) == 0
    assert max(written) == limit


# --- through JSON ----------------------------------------------------------------------------------------------------


class Part(BaseModel):
    area: Annotated[Box, Field(alias="box")]
    at: Annotated[Point | None, Field(alias="point")] = None


class Machine(BaseModel):
    name: str
    box: Box | None = None
    parts: Annotated[list[Part], Field(alias="allParts")]


class Named(BaseModel):
    kind: str
    where: Box


class Wanted(BaseModel):
    either: Box | str
    thing: Named | Part
    outline: Polygon
    pair: tuple[Box, Box]
    places: dict[str, Box]
    perhaps: list[Box | None]


SHAPES: list[Any] = [Box, list[Box], Machine, Wanted, dict[str, Box], tuple[Box, Box], Box | None, list[Machine]]


def a_value(form: Any, size: tuple[int, int], rng: random.Random) -> Any:
    """A value of one of the shapes with random boxes inside a picture."""

    def box() -> Box:
        x1, x2 = sorted(rng.uniform(0, size[0]) for _ in range(2))
        y1, y2 = sorted(rng.uniform(0, size[1]) for _ in range(2))
        return Box(x1=x1, y1=y1, x2=x2, y2=y2)

    def point() -> Point:
        return Point(x=rng.uniform(0, size[0]), y=rng.uniform(0, size[1]))

    def machine() -> Machine:
        parts = [
            Part.model_validate({"box": box(), "point": point() if rng.random() < 0.5 else None})
            for _ in range(rng.randint(0, 3))
        ]
        return Machine.model_validate({"name": "m", "box": box() if rng.random() < 0.7 else None, "allParts": parts})

    values: dict[Any, Any] = {
        Box: box(),
        list[Box]: [box() for _ in range(rng.randint(0, 3))],
        Machine: machine(),
        Wanted: Wanted(
            either=box() if rng.random() < 0.5 else "nowhere",
            thing=Named(kind="cup", where=box()) if rng.random() < 0.5 else Part.model_validate({"box": box()}),
            outline=Polygon(points=(point(), point(), point())),
            pair=(box(), box()),
            places={"x": box(), "box": box()},
            perhaps=[None, box()],
        ),
        dict[str, Box]: {"box": box(), "b": box()},
        tuple[Box, Box]: (box(), box()),
        Box | None: box() if rng.random() < 0.7 else None,
        list[Machine]: [machine(), machine()],
    }
    return values[form]


def numbers_in(value: Any) -> list[list[float]]:
    """All lists of numbers in a JSON value, in their order."""
    if isinstance(value, list):
        if value and all(isinstance(one, (int, float)) for one in value):
            return [value]
        return [found for one in value for found in numbers_in(one)]
    return [found for one in value.values() for found in numbers_in(one)] if isinstance(value, dict) else []


@pytest.mark.parametrize("family", IN_JSON, ids=named)
@pytest.mark.parametrize("form", SHAPES, ids=str)
def test_values_of_every_shape_come_back_through_json(form: Any, family: Family) -> None:
    convention, rng = convention_of(family), random.Random(f"{form}{family.name}")
    adapter, schema = TypeAdapter[Any](form), json_schema_of(form)
    asked = model_schema(schema, convention)
    assert schema_text(schema, convention)
    for _ in range(3):
        size = rng.randint(20, 3000), rng.randint(20, 3000)
        frame = Frame(size, (rng.randint(28, 1500), rng.randint(28, 1500)))
        value = a_value(form, size, rng)
        data = adapter.dump_python(value, mode="json", by_alias=True)
        written = Grounding(convention, frame, to_model=True).apply(data, schema)
        jsonschema.validate(written, asked)
        grounding = Grounding(convention, frame)
        back = grounding.apply(written, schema)
        assert not grounding.problems
        same = adapter.dump_python(adapter.validate_python(back), mode="json", by_alias=True)
        pairs = list(zip(numbers_in(same), numbers_in(data), strict=True))
        assert all(off(a, b, convention, frame) <= 1 + 1e-6 for a, b in pairs)
        assert bool(pairs) == bool(numbers_in(written))


def test_a_box_of_cells_has_no_json() -> None:
    (family,) = (family for family in WITH_BOXES if family.boxes and family.boxes.kind == "grid")
    with pytest.raises(BoxConventionError, match="in a text of their own and not in JSON"):
        model_schema(json_schema_of(Box), family.boxes)
