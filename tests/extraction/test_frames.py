from __future__ import annotations

import json
import random
from typing import Any

import pytest

from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX, BoxConvention
from extraction.errors import BoxConventionError
from extraction.frames import BoxNote, Frame, Grounding, from_pixels, to_pixels
from extraction.schemas import Box, DetectedObject, Point, Polygon, Scene, json_schema_of

WIDE = Frame((640, 480), (644, 476))
CONVENTIONS = [RELATIVE_1000, RELATIVE_1000_YXYX, RELATIVE_1, PIXEL]


@pytest.mark.parametrize(
    ("convention", "written", "pixels"),
    [
        (RELATIVE_1000, [250, 500, 750, 1000], [160, 240, 480, 480]),
        (RELATIVE_1000_YXYX, [500, 250, 1000, 750], [160, 240, 480, 480]),
        (RELATIVE_1, [0.25, 0.5, 0.75, 1.0], [160, 240, 480, 480]),
        (PIXEL, [161, 238, 483, 476], [160, 240, 480, 480]),
        (RELATIVE_1000, [250, 500], [160, 240]),
        (RELATIVE_1000_YXYX, [500, 250], [160, 240]),
    ],
)
def test_numbers_become_pixels_of_the_original(
    convention: BoxConvention, written: list[float], pixels: list[float]
) -> None:
    assert to_pixels(written, convention, WIDE) == pixels
    assert from_pixels(pixels, convention, WIDE) == written


def test_a_share_of_a_side_is_exact_where_it_can_be() -> None:
    assert to_pixels([290, 0, 570, 1000], RELATIVE_1000, Frame((100, 100))) == [29, 0, 57, 100]


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.name)
def test_pixels_to_numbers_to_pixels_is_the_same_within_half_a_step(convention: BoxConvention) -> None:
    rng = random.Random(7)
    for _ in range(500):
        frame = Frame((rng.randint(1, 4000), rng.randint(1, 4000)), (rng.randint(28, 2000), rng.randint(28, 2000)))
        (width, height), model = frame.original, frame.model or (1, 1)
        x1, x2 = sorted(rng.uniform(0, width) for _ in range(2))
        y1, y2 = sorted(rng.uniform(0, height) for _ in range(2))
        notes: list[BoxNote] = []
        back = to_pixels(from_pixels([x1, y1, x2, y2], convention, frame), convention, frame, notes=notes)
        steps = [side / (convention.span or counted) for side, counted in zip((width, height), model, strict=True)]
        if not convention.integer:
            steps = [step / 10_000 for step in steps]
        off = [abs(a - b) / steps[i % 2] for i, (a, b) in enumerate(zip(back, [x1, y1, x2, y2], strict=True))]
        assert max(off) <= 0.5 + 1e-6
        assert notes == [] or "fractions" in notes[0].problem


@pytest.mark.parametrize(
    ("written", "pixels", "problems"),
    [
        ([750, 1000, 250, 500], [160, 240, 480, 480], ["corners were the wrong way round"]),
        ([-10, 0, 1004, 500], [0, 0, 640, 240], ["reached outside the picture"]),
        ([0.25, 0.5, 0.75, 1], [0.16, 0.24, 0.48, 0.48], ["fractions, where 'relative-1000' has whole numbers"]),
        ([0, 0, 1000, 1000], [0, 0, 640, 480], []),
        ([0, 0, 0, 0], [0, 0, 0, 0], []),
        ([10**300, 0, 0, 0], [0, 0, 640, 0], ["corners were the wrong way round", "reached outside the picture"]),
    ],
)
def test_what_is_mended_is_told(written: list[float], pixels: list[float], problems: list[str]) -> None:
    notes: list[BoxNote] = []
    assert to_pixels(written, RELATIVE_1000, WIDE, "/box", notes) == pytest.approx(pixels)
    assert notes == [BoxNote("/box", problem, tuple(written)) for problem in problems]


def test_a_box_that_reaches_out_of_the_picture_is_cut_before_a_model_sees_it() -> None:
    assert from_pixels([-5, 0, 700, 480], RELATIVE_1000, WIDE) == [0, 0, 1000, 1000]


def test_pixels_of_a_resized_picture_need_its_size() -> None:
    with pytest.raises(
        BoxConventionError, match="the convention 'pixel' counts pixels of the picture that the model was"
    ):
        to_pixels([1, 2, 3, 4], PIXEL, Frame((640, 480)))


# --- whole values ----------------------------------------------------------------------------------------------------


def grounded(value: Any, schema: Any, convention: BoxConvention | None = RELATIVE_1000, **options: Any) -> Any:
    grounding = Grounding(convention, options.pop("frame", WIDE), **options)
    result = grounding.apply(value, json_schema_of(schema))
    return result if not grounding.problems else grounding.problems


SCENE = {"objects": [{"label": "cup", "color": "red", "box": [250, 500, 750, 1000]}]}


def test_a_value_is_converted_and_left_as_it_was() -> None:
    assert grounded(SCENE, Scene)["objects"] == [{"label": "cup", "color": "red", "box": [160, 240, 480, 480]}]
    assert SCENE["objects"][0]["box"] == [250, 500, 750, 1000]
    assert grounded(grounded(SCENE, Scene), Scene, to_model=True) == SCENE


def test_polygons_and_points_follow_the_same_order() -> None:
    assert grounded([[500, 250], [1000, 750]] * 2, Polygon, RELATIVE_1000_YXYX) == [[160, 240], [480, 480]] * 2
    assert grounded([500, 250], Point, RELATIVE_1000_YXYX) == [160, 240]


@pytest.mark.parametrize("convention", [RELATIVE_1000, RELATIVE_1000_YXYX])
def test_named_corners_mean_what_their_names_say(convention: BoxConvention) -> None:
    named = {"x1": 250, "y1": 500, "x2": 750, "y2": 1000}
    assert grounded(named, Box, convention) == [160, 240, 480, 480]
    assert grounded({"points": [{"x": 250, "y": 500}] * 3}, Polygon, convention) == [[160, 240]] * 3


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([1, 2, 3], "must be four numbers, not [1, 2, 3]"),
        (["1", "2", "3", "4"], 'must be four numbers, not ["1", "2", "3", "4"]'),
        ([True, 1, 2, 3], "must be four numbers, not [true, 1, 2, 3]"),
        ([[1, 2], [3, 4]], "must be four numbers, not [[1, 2], [3, 4]]"),
        ({"x": 1, "y": 2, "w": 3, "h": 4}, 'must be four numbers, not {"x": 1, "y": 2, "w": 3, "h": 4}'),
        ("10 20 30 40", 'must be four numbers, not "10 20 30 40"'),
        ([10**400, 0, 0, 0], "must be four numbers, not [" + "1".ljust(39, "0")),
    ],
)
def test_what_is_no_box_where_one_must_be_is_told(wrong: Any, told: str) -> None:
    assert grounded({"label": "x", "color": "red", "box": wrong}, DetectedObject) == [f"box: {told}"]


def test_what_is_no_polygon_is_told() -> None:
    assert grounded([[1, 2], [3]], Polygon) == ["1: must be two numbers, not [3]"]
    assert grounded("x", Polygon) == ['(root): must be a list of points, not "x"']


def test_notes_say_where() -> None:
    grounding = Grounding(RELATIVE_1000, WIDE)
    grounding.apply({"objects": [SCENE["objects"][0], {"box": [5, 5, 1, 1]}]}, json_schema_of(Scene))
    assert grounding.notes == [BoxNote("/objects/1/box", "corners were the wrong way round", (5, 5, 1, 1))]


def test_unknown_conventions_and_sizes_matter_only_where_there_are_boxes() -> None:
    nothing: dict[str, Any] = {"objects": []}
    assert grounded(nothing, Scene, None) == nothing
    assert grounded(nothing, Scene, frame=None) == nothing
    with pytest.raises(BoxConventionError, match="nobody knows how this model writes them") as caught:
        grounded(SCENE, Scene, None)
    assert "family='relative-1000'" in str(caught.value)
    with pytest.raises(BoxConventionError, match="the size of the picture is not known"):
        grounded(SCENE, Scene, frame=None)


# --- the picture on the model's canvas ---------------------------------------------------------------------------------

PADDED = Frame((200, 100), (64, 64), (0, 16, 64, 48))
CROPPED = Frame((200, 100), (50, 50), (-25, 0, 75, 50))


@pytest.mark.parametrize(
    ("frame", "convention", "written", "pixels"),
    [
        (PADDED, PIXEL, [0, 16, 64, 48], [0, 0, 200, 100]),
        (PADDED, PIXEL, [32, 32, 64, 40], [100, 50, 200, 75]),
        (PADDED, RELATIVE_1.changed(frame="canvas"), [0.5, 0.5, 1, 0.625], [100, 50, 200, 75]),
        (PADDED, RELATIVE_1, [0.5, 0.5, 1, 0.75], [100, 50, 200, 75]),
        (CROPPED, PIXEL, [0, 0, 50, 50], [50, 0, 150, 100]),
        (CROPPED, RELATIVE_1000.changed(frame="canvas"), [0, 500, 1000, 1000], [50, 50, 150, 100]),
        (Frame((200, 100), (100, 50)), PIXEL.changed(unit=2), [25, 0, 50, 25], [100, 0, 200, 100]),
    ],
)
def test_padding_and_crops_are_undone(
    frame: Frame, convention: BoxConvention, written: list[float], pixels: list[float]
) -> None:
    assert to_pixels(written, convention, frame) == pytest.approx(pixels)
    assert from_pixels(pixels, convention, frame) == pytest.approx(written)


def test_what_stands_on_padding_is_moved_to_the_picture_and_told() -> None:
    notes: list[BoxNote] = []
    assert to_pixels([0, 0, 64, 64], PIXEL, PADDED, "/box", notes) == [0, 0, 200, 100]
    assert [note.problem for note in notes] == ["reached outside the picture"]


def test_bins_are_meant_by_their_middles_where_the_model_was_taught_so() -> None:
    florence = BoxConvention("bins", "relative", 1000, last=999, offset=0.5)
    assert to_pixels([0, 0, 999, 999], florence, Frame((2000, 1000))) == [1, 0.5, 1999, 999.5]
    assert from_pixels([0, 0, 2000, 1000], florence, Frame((2000, 1000))) == [0, 0, 999, 999]


@pytest.mark.parametrize(
    ("cells", "pixels"), [([0, 33], [5, 5, 15, 15]), ([0, 1], [0, 0, 20, 10]), ([32, 64], [0, 10, 10, 30])]
)
def test_cells_of_a_grid(cells: list[int], pixels: list[float]) -> None:
    grid = BoxConvention("cells", "grid", 32)
    assert to_pixels(cells, grid, Frame((320, 320))) == pixels
    for wrong in ([0, 1024], [0], [0.5, 3], [-1, 3]):
        with pytest.raises(BoxConventionError, match="no two cells of the grid of 'cells'"):
            to_pixels(wrong, grid, Frame((320, 320)))


def test_a_frame_comes_back_from_a_message() -> None:
    for frame in (PADDED, Frame((3, 4), (5, 6)), Frame((3, 4))):
        assert Frame.from_json(json.loads(json.dumps(frame.as_json()))) == frame
    assert Frame.from_json({"original": None}) is None
