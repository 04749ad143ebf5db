"""Tiles and their merging, with a detector that sees all that its view shows, and nothing else."""

from __future__ import annotations

import random
from itertools import combinations, pairwise
from typing import Any

import pytest

from extraction.errors import OptionError
from extraction.schemas import Box
from extraction.tiling import XYXY, Detection, View, merge, views_of

SIZE = (1600, 1200)
LABELS = ("cup", "fork", "plate")


def _views(overview: bool = True, size: tuple[int, int] = SIZE, overlap: float = 0.2) -> list[View]:
    return views_of(size, tile=(512, 400), overlap=overlap, overview=overview)


def _box(one: XYXY) -> Box:
    return Box.from_xyxy(*one)


def _found(truth: list[tuple[XYXY, str]], views: list[View]) -> list[Detection]:
    """Every thing in every view, cut at its borders."""
    found = []
    for index, view in enumerate(views):
        region = _box(view.region)
        for box, label in truth:
            seen = _box(box).intersection(region)
            if seen is not None:
                found.append(Detection(seen.xyxy, label, index))
    return found


def _scene(rng: random.Random, *, apart: bool, largest: int = 900) -> list[tuple[XYXY, str]]:
    """Things of all sizes; those of one label overlap by an IoU of 0.4 at most, or not at all."""
    truth: list[tuple[XYXY, str]] = []
    for _ in range(30):
        width, height = (rng.randint(8, rng.choice((40, 120, largest))) for _ in range(2))
        x, y = rng.randint(0, SIZE[0] - width), rng.randint(0, SIZE[1] - height)
        box, label = (float(x), float(y), float(x + width), float(y + height)), rng.choice(LABELS)
        clash = [_box(one) for one, other in truth if apart or other == label]
        if all(_box(box).iou(one) <= (0.0 if apart else 0.4) for one in clash):
            truth.append((box, label))
    return truth


def _plain(detections: list[Detection]) -> list[tuple[XYXY, str]]:
    return sorted((one.box, one.label) for one in detections)


@pytest.mark.parametrize("size", [(1600, 1200), (513, 400), (5000, 300), (300, 5000), (777, 1333)])
@pytest.mark.parametrize("overlap", [0.0, 0.2, 0.5])
def test_tiles_cover_the_picture_and_overlap_as_much_as_wanted(size: tuple[int, int], overlap: float) -> None:
    tiles = views_of(size, tile=(512, 400), overlap=overlap, overview=False)
    assert {(min(512, size[0]), min(400, size[1]))} == {view.size for view in tiles}
    for axis in (0, 1):
        spans = sorted({(view.region[axis], view.region[axis + 2]) for view in tiles})
        assert (spans[0][0], spans[-1][1]) == (0, size[axis])
        assert len(spans) * len({view.region[1 - axis] for view in tiles}) == len(tiles)
        assert all(first[1] - second[0] >= int(overlap * (512, 400)[axis]) for first, second in pairwise(spans))


def test_the_whole_picture_is_the_last_view_at_a_tiles_size() -> None:
    whole = _views()[-1]
    assert (whole.region, whole.size) == ((0, 0, 1600, 1200), (512, 384))
    assert whole.to_picture(256, 96) == (800, 300)
    assert _views()[1].to_picture(10, 20) == (_views()[1].region[0] + 10, 20)


def test_a_picture_no_larger_than_a_tile_is_one_view() -> None:
    assert _views(size=(512, 400)) == [View((0, 0, 512, 400), (512, 400))]


@pytest.mark.parametrize("options", [{"tile": (0, 9)}, {"overlap": 1.0}, {"overlap": -0.1}])
def test_tiles_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        views_of(SIZE, tile=options.get("tile", (9, 9)), overlap=options.get("overlap", 0.0), overview=True)


@pytest.mark.parametrize("seed", range(60))
def test_what_a_perfect_detector_finds_in_tiles_is_the_truth(seed: int) -> None:
    truth = _scene(random.Random(seed), apart=False)
    assert len(truth) > 8
    assert _plain(merge(_found(truth, _views()), _views())) == sorted(truth)


@pytest.mark.parametrize("seed", range(60))
def test_without_the_whole_picture_parts_become_one(seed: int) -> None:
    truth = _scene(random.Random(seed), apart=True)
    views = _views(overview=False)
    assert _plain(merge(_found(truth, views), views)) == sorted(truth)


def _noisy(rng: random.Random) -> list[Detection]:
    """What a poor detector finds: moved edges, wrong labels, things that are not there, some found twice."""
    found = []
    for one in _found(_scene(rng, apart=False), _views()):
        if rng.random() < 0.2:
            continue
        x1, y1, x2, y2 = (edge + rng.uniform(-6, 6) for edge in one.box)
        box = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        label = rng.choice(LABELS) if rng.random() < 0.1 else one.label
        found.append(Detection(box, label, one.view, rng.choice((None, round(rng.random(), 1)))))
        if rng.random() < 0.1:
            found.append(found[-1])
    return found


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("iou", [0.3, 0.5, 0.8])
def test_no_two_of_a_label_overlap_and_order_plays_no_part(seed: int, iou: float) -> None:
    rng = random.Random(seed)
    found = _noisy(rng)
    merged = merge(found, _views(), iou=iou)
    assert merged
    for one, other in combinations(merged, 2):
        assert one.label != other.label or _box(one.box).iou(_box(other.box)) <= iou
    for _ in range(3):
        rng.shuffle(found)
        assert merge(found, _views(), iou=iou) == merged


@pytest.mark.parametrize("seed", range(25))
def test_what_a_tile_shows_whole_survives_once(seed: int) -> None:
    truth = _scene(random.Random(seed), apart=False, largest=200)
    views = _views(overview=False)
    merged = _plain(merge(_found(truth, views), views))
    for box, label in truth:
        if any(_box(view.region).intersection(_box(box)) == _box(box) for view in views):
            near = [one for one, other in merged if other == label and _box(one).iou(_box(box)) > 0.5]
            assert near == [box]


def test_the_surest_stays_and_labels_do_not_mix() -> None:
    views = [View((0, 0, 100, 100), (100, 100))]
    boxes: list[XYXY] = [(10, 10, 50, 50), (11, 11, 50, 50), (12, 10, 50, 50)]
    found = [Detection(box, "cup", 0, sure) for box, sure in zip(boxes, (0.5, 0.9, None), strict=True)]
    other = Detection((10, 10, 50, 50), "fork", 0, 0.1)
    assert merge([*found, other], views) == [other, found[1]]
    spelled = [Detection(boxes[0], "Cup ", 0), Detection(boxes[1], "cup", 0)]
    assert merge(spelled, views) == [spelled[0]]


def test_a_part_with_another_label_gives_way_to_the_whole() -> None:
    views = [View((0, 0, 100, 100), (100, 100)), View((60, 0, 160, 100), (100, 100))]
    whole = Detection((65, 20, 95, 50), "circle", 0)
    assert not merge([], views)
    cut_by_left_border = Detection((60, 20, 95, 50), "square", 1)
    assert merge([whole, cut_by_left_border], views) == [whole]
    beside = Detection((60, 70, 95, 90), "square", 1)
    assert merge([whole, beside], views) == [whole, beside]


def test_small_things_of_the_overview_give_way_to_the_tiles() -> None:
    views = _views()
    rough = Detection((100, 100, 130, 130), "cup", len(views) - 1, 0.9)
    exact = Detection((110, 112, 128, 131), "cup", 0, 0.2)
    assert merge([rough, exact], views) == [exact]
    large = Detection((100, 100, 1500, 1100), "table", len(views) - 1)
    assert merge([rough, exact, large], views) == [large, exact]


def test_an_iou_that_is_none_is_refused() -> None:
    for iou in (0.0, 1.5):
        with pytest.raises(OptionError, match="is not above 0"):
            merge([], [], iou=iou)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"tile": (10, 10)}, "tiles of 10 x 10 pixels cut this picture of 1600 x 1200 into [0-9]+, and each is a call"),
        ({"tile": ("x", "x")}, "has no pixels .give its side"),
        ({"overlap": "a"}, "overlap=a is not a share"),
    ],
)
def test_sizes_that_nobody_means_are_refused(options: dict[str, Any], problem: str) -> None:
    given: dict[str, Any] = {"tile": (640, 640), "overlap": 0.2, "overview": True} | options
    with pytest.raises(OptionError, match=problem):
        views_of((1600, 1200), **given)
