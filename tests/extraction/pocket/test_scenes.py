from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from extraction.pocket.dataset import IMAGE_SIDE, Shards, Truth, to_model_pixels, write_shard
from extraction.pocket.scenes import DrawnScene, SceneConfig, draw_scene
from extraction.pocket.scoring import DetectionScore, Found, box_iou
from extraction.pocket.vocabulary import COLORS, HSV_RANGES, LABELS, outline


def test_a_seed_always_gives_the_same_scene() -> None:
    first, again = draw_scene(7), draw_scene(7)
    assert first.shapes == again.shapes
    assert first.image.tobytes() == again.image.tobytes()
    assert draw_scene(8).image.tobytes() != first.image.tobytes()


@pytest.mark.parametrize("seed", range(40))
def test_what_is_said_of_a_scene_keeps_to_the_configuration(seed: int) -> None:
    config = SceneConfig()
    scene = draw_scene(seed, config)
    width, height = scene.image.size
    assert config.sides[0] <= max(width, height) <= config.sides[1]
    assert max(width, height) / min(width, height) <= config.max_aspect * 1.02
    assert len(scene.shapes) <= config.max_shapes
    for shape in scene.shapes:
        assert shape.label in LABELS
        assert shape.color in COLORS
        assert shape.color != scene.ground
        x1, y1, x2, y2 = shape.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


@pytest.mark.parametrize("renderer", SceneConfig().renderers)
def test_every_renderer_fills_the_box_that_is_told(renderer: str) -> None:
    config = SceneConfig(renderers=(renderer,), empty=0, cut=0, max_shapes=1, size=(0.4, 0.5))
    checked = 0
    for seed in range(60):
        scene = draw_scene(seed, config)
        if scene.ground != "white" or scene.shapes[0].color not in ("red", "blue", "green"):
            continue
        pixels = np.asarray(scene.image, np.int32)
        painted = np.abs(pixels - pixels[0, 0]).max(-1) > 60
        ys, xs = np.nonzero(painted)
        found = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        assert box_iou(found, scene.shapes[0].box) > 0.9
        checked += 1
    assert checked >= 2


def test_colours_keep_apart() -> None:
    hues = {name: HSV_RANGES[name].hue for name in ("red", "orange", "yellow", "green", "blue", "purple", "pink")}
    ordered = sorted(hues.values())
    assert all(low[1] < high[0] for low, high in itertools.pairwise(ordered))


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("plump", [0, 0.2, 0.3, 0.7, 1])
def test_outlines_have_radius_one(label: str, plump: float) -> None:
    radii = [float(np.hypot(x, y)) for x, y in outline(label, 0.4, plump)]
    assert max(radii) == pytest.approx(1.0, abs=0.16)


def area(points: list[tuple[float, float]]) -> float:
    following = [*points[1:], points[0]]
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, following, strict=True))) / 2


@pytest.mark.parametrize("label", LABELS)
def test_turning_a_shape_keeps_it_as_large(label: str) -> None:
    assert area(outline(label, 1.1, 0.6)) == pytest.approx(area(outline(label, 0, 0.6)))


@pytest.mark.parametrize("label", ["star", "cross", "heart"])
def test_plump_shapes_are_larger(label: str) -> None:
    sizes = [area(outline(label, 0, plump)) for plump in (0.3, 0.6, 1)]
    assert sizes == sorted(sizes)
    assert sizes[2] > 1.1 * sizes[0]


@pytest.mark.parametrize("plump", [0, 0.3, 1])
def test_a_heart_is_even_stands_on_its_point_and_has_two_lobes(plump: float) -> None:
    points = [(round(x, 6) + 0.0, round(y, 6) + 0.0) for x, y in outline("heart", 0, plump)]
    assert {(-x + 0.0, y) for x, y in points} == set(points)
    lowest, top = max(points, key=lambda point: point[1]), min(y for _, y in points)
    notch = min(y for x, y in points if abs(x) < 0.01)
    assert lowest[0] == pytest.approx(0, abs=1e-6)
    assert top + 0.1 < notch < 0


def test_truth_follows_the_picture_through_all_orientations() -> None:
    truth = Truth(np.array([[0, 0, 0.1, 0.2, 0.3, 0.6]], np.float32), -1, ())
    assert truth.turned(True, False, False).objects[0, 2:] == pytest.approx([0.7, 0.2, 0.9, 0.6])
    assert truth.turned(False, True, False).objects[0, 2:] == pytest.approx([0.1, 0.4, 0.3, 0.8])
    assert truth.turned(False, False, True).objects[0, 2:] == pytest.approx([0.2, 0.1, 0.6, 0.3])
    assert truth.turned(True, True, True).objects[0, 2:] == pytest.approx([0.4, 0.7, 0.8, 0.9])


def test_shards_hold_what_was_drawn(tmp_path) -> None:  # type: ignore[no-untyped-def]
    config = dataclasses.replace(SceneConfig(), sides=(64, 128))
    write_shard(tmp_path, 0, 3, 100, config)
    write_shard(tmp_path, 1, 2, 200, config)
    shards = Shards(tmp_path)
    assert len(shards) == 5
    scene: DrawnScene = draw_scene(201, config)
    pixels, truth = shards.get(4)
    assert (pixels == to_model_pixels(scene.image)).all()
    assert pixels.shape == (IMAGE_SIDE, IMAGE_SIDE, 3)
    assert truth.objects == pytest.approx(Truth.of(scene).objects, abs=1e-4)
    pictures, truths = shards.sample(6, np.random.default_rng(0))
    assert pictures.shape == (6, IMAGE_SIDE, IMAGE_SIDE, 3)
    assert len(truths) == 6


def test_a_shard_that_was_cut_off_does_not_count(tmp_path) -> None:  # type: ignore[no-untyped-def]
    write_shard(tmp_path, 0, 1, 0, SceneConfig())
    (tmp_path / "0001.partial").write_bytes(b"half")
    assert len(Shards(tmp_path)) == 1


def test_score_counts_an_object_only_when_all_of_it_is_right() -> None:
    true = [Found("circle", "red", (0, 0, 10, 10)), Found("star", "blue", (20, 20, 40, 40))]
    said = [
        Found("circle", "red", (0, 0, 10, 9)),  # right
        Found("star", "green", (20, 20, 40, 40)),  # another colour
        Found("star", "blue", (50, 50, 60, 60)),  # elsewhere
    ]
    score = DetectionScore()
    score.add(said, true)
    score.add(None, true)
    summary = score.summary()
    assert summary["f1"] == pytest.approx(2 * 1 / (3 + 4))
    assert summary["f1_place"] == pytest.approx(2 * 2 / (3 + 4))
    assert summary["iou"] == pytest.approx((0.9 + 1.0) / 2)
    assert (summary["label"], summary["color"]) == (1.0, 0.5)
    assert (summary["readable"], summary["count"]) == (0.5, 0.0)
    assert box_iou((5, 5, 1, 1), (0, 0, 10, 10)) == 0
