from __future__ import annotations

import itertools

import numpy as np
import pytest

from extraction.pocket.dataset import Truth
from extraction.pocket.model import GRID
from extraction.pocket.views import STEP, Thing, View
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS
from tests.extraction.pocket.random_views import EMPTY, VIEW, VIEWS


def view_of(*rows: list[float], ground: int = 0, dominant: tuple[int, ...] = (0,)) -> View:
    return View.of(Truth(np.array(rows, np.float32).reshape(-1, 6), ground, dominant))


def test_things_stand_in_reading_order_with_numbers_in_steps() -> None:
    view = view_of([0, 0, 0.5, 0.8, 0.7, 0.9], [1, 1, 0.6, 0.101, 0.8, 0.2], [2, 2, 0.1, 0.1, 0.2033, 0.2])
    assert [thing.label for thing in view.things] == ["triangle", "square", "circle"]
    assert view.things[0].box == (100, 100, 205, 200)


def test_lines_are_those_of_the_patches() -> None:
    for view in VIEWS:
        centres = [((t.box[0] + t.box[2]) / 2, (t.box[1] + t.box[3]) / 2) for t in view.things]
        for (x1, y1), (x2, y2) in itertools.pairwise(centres):
            lines = y1 * GRID // 1000, y2 * GRID // 1000
            on_a_border = any(abs(y * GRID / 1000 - round(y * GRID / 1000)) < STEP * GRID / 1000 for y in (y1, y2))
            assert on_a_border or lines[0] < lines[1] or (lines[0] == lines[1] and x1 <= x2 + STEP)


def test_every_number_is_a_step_inside_the_picture() -> None:
    for thing in (thing for view in VIEWS for thing in view.things):
        x1, y1, x2, y2 = thing.box
        assert 0 <= x1 <= x2 <= 1000
        assert 0 <= y1 <= y2 <= 1000
        assert not any(value % STEP for value in (*thing.box, *thing.center))
        assert thing.center == pytest.approx(((x1 + x2) / 2, (y1 + y2) / 2), abs=STEP / 2)


def test_what_stands_over_the_border_is_cut() -> None:
    assert view_of([0, 0, -0.1, -0.2, 1.004, 1.1]).things[0].box == (0, 0, 1000, 1000)


def test_words_and_colours_are_those_of_the_vocabulary() -> None:
    view = view_of([7, 8, 0, 0, 1, 1], ground=9, dominant=(10, 2))
    assert view.things[0].phrase == f"{COLORS[8]} {LABELS[7]}" == "white heart"
    assert (view.ground, view.dominant) == ("gray", ("brown", "yellow"))
    assert view_of(ground=-1) == View((), None, (GROUND_COLORS[0],))


def test_only_keeps_the_order_and_the_ground() -> None:
    view = View((*VIEW.things, Thing("ring", "red", (0, 900, 90, 990))), "white", ("white",))
    assert view.only(lambda thing: thing.color == "red") == View(view.things[::2], "white", ("white",))


def test_the_largest_thing_has_the_largest_box() -> None:
    assert [thing.area for thing in VIEW.by_size()] == [200 * 990, 290 * 380]
    assert EMPTY.by_size() == []


@pytest.mark.parametrize(("side", "clear"), [(100, False), (105, False), (110, True)])
def test_one_thing_is_the_largest_only_where_it_clearly_is(side: int, clear: bool) -> None:
    things = Thing("ring", "red", (0, 0, 100, 100)), Thing("star", "red", (500, 500, 500 + side, 500 + side))
    assert View(things, None, ()).has_one_largest is clear
    assert View(things[:1], None, ()).has_one_largest
    assert EMPTY.has_one_largest
