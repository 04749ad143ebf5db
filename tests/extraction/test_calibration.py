from __future__ import annotations

import math
import random

import pytest

from extraction.calibration import (
    Calibration,
    auroc,
    calibrate,
    calibration_error,
    reliability,
    wilson_lower,
)
from extraction.errors import OptionError

BY_HAND = [(0.9, True), (0.8, True), (0.7, False), (0.7, True), (0.3, False), (0.1, True)]


def test_auroc_is_that_of_counting_pairs() -> None:
    # right: 0.9 0.8 0.7 0.1; wrong: 0.7 0.3. Of 8 pairs 2+2 are won by the first two, 1 + a tie by 0.7, none by 0.1.
    assert auroc(BY_HAND) == 5.5 / 8
    rng = random.Random(1)
    judged = [(round(rng.random(), 1), rng.random() < 0.6) for _ in range(200)]
    pairs = [(a > b) + (a == b) / 2 for a, right in judged if right for b, other in judged if not other]
    assert auroc(judged) == pytest.approx(sum(pairs) / len(pairs))
    assert auroc([(0.2, False), (0.9, True)]) == 1.0
    assert auroc([(0.9, False), (0.2, True)]) == 0.0
    assert math.isnan(auroc([(0.9, True)]))


def test_the_reliability_table_and_its_error_are_those_of_doing_it_by_hand() -> None:
    table = reliability(BY_HAND, bins=2)
    assert [(one.low, one.high, one.count) for one in table] == [(0.0, 0.5, 2), (0.5, 1.0, 4)]
    assert [one.confidence for one in table] == pytest.approx([0.2, 0.775])
    assert [one.right for one in table] == [0.5, 0.75]
    assert calibration_error(BY_HAND, bins=2) == pytest.approx((2 * 0.3 + 4 * 0.025) / 6)
    assert [one.count for one in reliability([(1.0, True), (0.999, True)])] == [2]


def test_wilson_is_that_of_the_textbook() -> None:
    # Brown, Cai and DasGupta (2001): the two-sided 95 % interval of 8 in 10 is 0.490 to 0.943.
    assert wilson_lower(8, 10, 0.975) == pytest.approx(0.490, abs=5e-4)
    assert wilson_lower(0, 10, 0.975) == pytest.approx(0.0, abs=1e-12)


def test_calibrate_keeps_the_most_that_is_good_enough() -> None:
    # Of 1,000, the upper 600 are all right; of the others every second one is wrong.
    judged = [(1 - index / 1000, index < 600 or index % 2 == 0) for index in range(1000)]
    found = calibrate(judged, 0.88)
    assert found == Calibration(
        threshold=1 - 699 / 1000,
        coverage=0.7,
        precision=650 / 700,
        lowest=wilson_lower(650, 700, 0.995),
        kept=700,
        count=1000,
    )
    assert 0.88 <= found.lowest < found.precision
    assert calibrate(judged, 0.95).kept == 600
    assert calibrate(judged, 0.95).kept == calibrate(random.Random(0).sample(judged, 1000), 0.95).kept


def test_equal_confidences_are_kept_or_dropped_together() -> None:
    found = calibrate([(1.0, True)] * 150 + [(0.5, False)] * 10, 0.9)
    assert (found.threshold, found.kept) == (1.0, 150)


@pytest.mark.parametrize(
    ("judged", "precision", "words"),
    [
        ([(0.9, True)] * 59, 0.9, r"59 examples are too few to show a precision of 0\.9 \(it takes at least 60"),
        ([], 0.5, "0 examples are too few"),
        ([(0.9, True), (0.9, False)] * 100, 0.9, r"no threshold is shown to reach .* the best one has 0\.41"),
        ([(1.1, True)] * 100, 0.9, "between 0 and 1"),
        ([(math.nan, True)] * 100, 0.9, "between 0 and 1"),
        ([(0.9, True)] * 100, 1.0, "between 0 and 1"),
    ],
)
def test_what_cannot_be_calibrated_says_why(judged: list[tuple[float, bool]], precision: float, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        calibrate(judged, precision)


def test_sixty_right_ones_are_enough_for_nine_in_ten() -> None:
    assert calibrate([(0.9, True)] * 60, 0.9).coverage == 1.0


def test_the_precision_is_kept_on_new_data_as_often_as_promised() -> None:
    """Confidence equals the probability of being right, so that a threshold's true precision is known."""
    rng = random.Random(5)
    missed = chosen = 0
    for _ in range(300):
        judged = [(confidence, rng.random() < confidence) for confidence in (rng.random() for _ in range(1000))]
        try:
            found = calibrate(judged, 0.8)
        except OptionError:
            continue
        chosen += 1
        missed += (1 + found.threshold) / 2 < 0.8  # of a uniform confidence above the threshold
    assert chosen > 250
    assert missed <= 0.05 * chosen
