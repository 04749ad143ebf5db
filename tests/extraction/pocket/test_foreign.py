from __future__ import annotations

import colorsys
import random
from pathlib import Path

import numpy as np
import pytest

from extraction.pocket import foreign
from extraction.pocket.foreign import draw_foreign_scene
from extraction.pocket.scenes import Placed, SceneConfig, draw_scene
from extraction.pocket.vocabulary import COLORS, HSV_RANGES, LABELS

SIZE = (160, 120)
ONE = SceneConfig(empty=0, cut=0, max_shapes=1, size=(0.4, 0.5))
SOURCES = Path(foreign.__file__).parent


def placed(label: str, turn: float, plump: float, radius: float = 45.3) -> Placed:
    points = [(81.3 + radius * x, 58.6 + radius * y) for x, y in foreign._corners(label, turn, plump)]
    return Placed(label, "red", points, (*points[0], *points[1]), 2 * radius, turn, plump)


def changed_box(shape: Placed, seed: int) -> tuple[float, float, float, float]:
    figure = foreign._figure(SIZE, 100)
    rng = random.Random(seed)
    foreign._draw(foreign._axes(figure, SIZE), shape, "white", 3, rng.random() < 0.5, rng)
    return box_of(np.abs(foreign._pixels(figure).astype(int) - 255).max(-1) > 60)


def box_of(mask: np.ndarray) -> tuple[float, float, float, float]:
    ys, xs = np.nonzero(mask)
    return float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)


def called(pixel: tuple[int, ...], name: str) -> bool:
    """Whether a colour goes by a name; what lies below may shine through a little."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in pixel))
    known = HSV_RANGES[name]
    low, high = known.hue
    return (
        (hue * 360 - low + 6) % 360 <= high - low + 12
        and known.saturation[0] - 0.14 <= saturation <= known.saturation[1] + 0.14
        and known.value[0] - 0.12 <= value <= known.value[1] + 0.1
    )


def test_a_seed_always_gives_the_same_scene_and_not_that_of_training() -> None:
    first, again = draw_foreign_scene(7), draw_foreign_scene(7)
    assert (first.shapes, first.ground, first.dominant) == (again.shapes, again.ground, again.dominant)
    assert first.image.tobytes() == again.image.tobytes()
    assert draw_foreign_scene(8).image.tobytes() != first.image.tobytes()
    assert draw_scene(7).shapes != first.shapes


@pytest.mark.parametrize("seed", range(12))
def test_what_is_said_of_a_scene_keeps_to_the_configuration(seed: int) -> None:
    config = SceneConfig(sides=(100, 320))
    scene = draw_foreign_scene(seed, config)
    width, height = scene.image.size
    assert scene.image.mode == "RGB"
    assert config.sides[0] <= max(width, height) <= config.sides[1]
    assert len(scene.shapes) <= config.max_shapes
    assert scene.ground in (None, *HSV_RANGES)
    for shape in scene.shapes:
        assert shape.label in LABELS
        assert shape.color in COLORS
        assert shape.color != scene.ground
        x1, y1, x2, y2 = shape.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


@pytest.mark.parametrize("dpi", [50, 72, 100, 150, 220])
def test_a_picture_has_the_size_that_is_asked_for(dpi: int) -> None:
    for size in [(100, 101), (333, 257), (639, 113)]:
        assert foreign._pixels(foreign._figure(size, dpi)).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("label", LABELS)
def test_a_shape_fills_its_box_however_it_is_drawn(label: str) -> None:
    for seed in range(8):
        shape = placed(label, turn=0.4 * seed, plump=seed / 7)
        assert changed_box(shape, seed) == pytest.approx(shape.box, abs=1.5)


def test_an_upright_square_is_exact_to_the_pixel() -> None:
    for seed in range(8):
        shape = placed("square", 0, 0, 30)
        assert changed_box(shape, seed) == pytest.approx(shape.box, abs=1)
    assert shape.box == pytest.approx((81.3 - 30 / 2**0.5, 58.6 - 30 / 2**0.5, 81.3 + 30 / 2**0.5, 58.6 + 30 / 2**0.5))


def test_up_is_up() -> None:
    widths = {}
    for label in ("triangle", "star", "heart"):
        owner = foreign._owner([placed(label, 0, 1)], SIZE)
        _, y1, _, y2 = (round(part) for part in placed(label, 0, 1).box)
        quarter = (y2 - y1) // 4
        widths[label] = (owner[y1 : y1 + quarter] >= 0).sum(), (owner[y2 - quarter : y2] >= 0).sum()
    assert widths["triangle"][0] < widths["triangle"][1]
    assert widths["star"][0] < widths["star"][1]
    assert widths["heart"][0] > widths["heart"][1]


def test_the_truth_of_colours_follows_the_shapes() -> None:
    owner = foreign._owner([placed("ring", 0, 0.5)], SIZE)
    assert owner[58, 81] == -1  # the hole
    assert owner[58, 81 + 36] == COLORS.index("red")
    assert box_of(owner >= 0) == pytest.approx(placed("ring", 0, 0.5).box, abs=1)


@pytest.mark.parametrize("seed", range(24))
def test_a_shape_has_the_colour_that_is_told(seed: int) -> None:
    scene = draw_foreign_scene(seed, ONE)
    (shape,) = scene.shapes
    x1, y1, x2, y2 = shape.box
    share = 0.5 if shape.label != "ring" else 0.9  # a ring is empty in its middle
    pixel = scene.image.getpixel((round(x1 + share * (x2 - x1)), round((y1 + y2) / 2)))
    assert isinstance(pixel, tuple)
    assert called(pixel, shape.color), (pixel, shape)


def test_grounds_have_the_colour_that_is_told() -> None:
    config = SceneConfig(sides=(100, 200), empty=1)
    for seed in range(40):
        scene = draw_foreign_scene(seed, config)
        assert scene.dominant == ((scene.ground,) if scene.ground else ())
        assert scene.shapes == ()
        if scene.ground:
            pixels = np.asarray(scene.image).reshape(-1, 3)[::37]
            right = np.mean([called(tuple(int(part) for part in pixel), scene.ground) for pixel in pixels])
            assert right > 0.6, (seed, scene.ground)


@pytest.mark.parametrize("module", ["train", "train_tower", "recipe", "dataset", "scenes", "grounds", "tasks"])
def test_training_never_sees_these_scenes(module: str) -> None:
    source = (SOURCES / f"{module}.py").read_text()
    assert "pocket.foreign" not in source
    assert "draw_foreign" not in source


def test_nothing_of_matplotlibs_global_state_is_touched() -> None:
    source = Path(foreign.__file__).read_text()
    assert "pyplot" not in source
    assert "rcParams" not in source
