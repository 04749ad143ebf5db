"""Where labels go, in plain numbers."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from extraction.placement import place_labels, touches

Floats = npt.NDArray[np.float64]


def place(
    anchors: list[list[float]],
    sizes: list[list[float]] | None = None,
    bounds: tuple[float, float] = (100, 100),
    *,
    far: bool = False,
    partial: bool = False,
) -> Floats | None:
    sized = np.array(sizes or [[20.0, 10.0]] * len(anchors))
    return place_labels(np.array(anchors, dtype=float), sized, np.array(bounds, dtype=float), far=far, partial=partial)


def check_free(rects: Floats, bounds: tuple[float, float]) -> None:
    assert (rects[:, :2] >= -0.5).all()
    assert (rects[:, 2:] <= np.array(bounds) + 0.5).all()
    for a, b in itertools.combinations(rects, 2):
        assert min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ([30, 40, 60, 70], [30, 30, 50, 40]),  # above, flush left
        ([90, 40, 100, 70], [80, 30, 100, 40]),  # above, flush right: the left one would stick out
        ([30, 0, 60, 30], [30, 30, 50, 40]),  # nothing above the picture: below
        ([0, 0, 100, 100], [0, 0, 20, 10]),  # inside
        ([10, 0, 16, 100], [16, 0, 36, 10]),  # as high as the picture, and too narrow: beside
        ([-50, 40, 10, 70], [0, 30, 20, 40]),  # the part inside the picture counts
        ([150, 150, 170, 170], [80, 90, 100, 100]),  # outside of it altogether: the nearest corner
    ],
)
def test_one_label(anchor: list[float], expected: list[float]) -> None:
    rects = place([anchor])
    assert rects is not None
    assert rects.tolist() == [expected]


def test_labels_keep_off_each_other_and_off_small_things() -> None:
    rects = place([[30, 40, 60, 70], [30, 40, 60, 70]])
    assert rects is not None
    assert rects.tolist() == [[30, 30, 50, 40], [30, 70, 50, 80]] or rects.tolist() == [
        [40, 30, 60, 40],
        [30, 70, 50, 80],
    ]
    check_free(rects, (100, 100))
    above = place([[30, 40, 60, 70], [32, 32, 38, 38]])  # a small thing where the first label would go
    assert above is not None
    check_free(np.vstack([above, [[32, 32, 38, 38]]]), (100, 100))


@pytest.mark.parametrize("count", [1, 8, 30, 60])
def test_crowds(count: int) -> None:
    rng = np.random.default_rng(count)
    corners = rng.uniform(-20, 600, (count, 2))
    anchors = np.hstack([corners, corners + rng.uniform(0, 200, (count, 2))])
    sizes = np.stack([rng.uniform(15, 60, count), np.full(count, 12.0)], axis=1)
    rects = place_labels(anchors, sizes, np.array([640.0, 480.0]), far=True, partial=False)
    assert rects is not None
    check_free(rects, (640, 480))
    assert np.allclose(rects[:, 2:] - rects[:, :2], sizes)


def test_no_place_is_said() -> None:
    crowd = [[45.0, 45, 55, 55]] * 12
    assert place(crowd) is None  # beside a small thing there are only so many places
    spread = place(crowd, far=True)
    assert spread is not None
    check_free(spread, (100, 100))
    full = [[0.0, 0, 30, 10]] * 3
    assert place(full, bounds=(30, 12), far=True) is None
    some = place(full, bounds=(30, 12), far=True, partial=True)
    assert some is not None
    assert np.isnan(some).all(axis=1).sum() == 2
    assert place([[0, 0, 9, 9]], [[20.0, 10.0]], (10, 100), far=True) is None  # wider than the picture


def test_touches() -> None:
    anchor = np.array([10.0, 10.0, 20.0, 20.0])
    assert touches(np.array([0.0, 0.0, 10.0, 10.0]), anchor, 0)
    assert touches(np.array([12.0, 12.0, 13.0, 13.0]), anchor, 0)
    assert not touches(np.array([24.0, 23.0, 30.0, 30.0]), anchor, 4.9)
    assert touches(np.array([24.0, 23.0, 30.0, 30.0]), anchor, 5)
