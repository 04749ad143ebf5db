"""What confidences are worth: how well they tell right from wrong, and from which one on answers can be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import NormalDist
from typing import Final

from extraction.errors import OptionError

Judged = tuple[float, bool]
"""A confidence from 0 to 1, and whether what it belongs to was right."""

SHARES: Final = 10
"""Thresholds that ``calibrate`` tries: those that keep the surest tenth of the examples, two tenths, ... all of them."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold, and what it did on the examples that it was chosen by.

    Attributes:
        threshold: Smallest confidence that is kept.
        coverage: Share of the examples that it keeps.
        precision: Share of these that are right.
        lowest: Precision that it has at least on new data of the same kind, at the level that was asked for.
        kept: How many examples it keeps.
        count: How many examples there were.
    """

    threshold: float
    coverage: float
    precision: float
    lowest: float
    kept: int
    count: int


def calibrate(examples: Iterable[Judged], precision: float, *, level: float = 0.95) -> Calibration:
    """The threshold that keeps the most and still has the wanted precision, as far as the examples can show.

    A threshold counts as good when the lower end of the Wilson interval of its precision reaches the wanted one. Ten
    thresholds are tried, and the interval is widened for that (Bonferroni), so that ``level`` holds for the one chosen.

    Args:
        examples: Confidences, and whether what they belong to was right, of data that nothing was fitted to.
        precision: Share of right ones wanted among what is kept, above 0 and below 1.
        level: How certain that must be.

    Raises:
        OptionError: A number is out of range; there are too few examples to show such a precision; or no threshold
            reaches it.
    """
    judged = sorted(((float(confidence), bool(right)) for confidence, right in examples), reverse=True)
    if not (0 < precision < 1 and 0 < level < 1):
        raise OptionError(f"precision={precision} and level={level} must lie between 0 and 1")
    if any(not 0 <= confidence <= 1 for confidence, _ in judged):
        raise OptionError("confidences must lie between 0 and 1")
    strict = 1 - (1 - level) / SHARES
    needed = math.ceil(NormalDist().inv_cdf(strict) ** 2 * precision / (1 - precision))
    if len(judged) < needed:
        raise OptionError(
            f"{len(judged)} examples are too few to show a precision of {precision:g}",
            hint=f"it takes at least {needed}, and all of them right",
        )
    best: Calibration | None = None
    closest = 0.0
    for share in range(1, SHARES + 1):
        threshold = judged[math.ceil(len(judged) * share / SHARES) - 1][0]
        rights = [right for confidence, right in judged if confidence >= threshold]
        lowest = wilson_lower(sum(rights), len(rights), strict)
        closest = max(closest, lowest)
        if lowest >= precision:
            best = Calibration(
                threshold=threshold,
                coverage=len(rights) / len(judged),
                precision=sum(rights) / len(rights),
                lowest=lowest,
                kept=len(rights),
                count=len(judged),
            )
    if best is None:
        raise OptionError(
            f"no threshold is shown to reach a precision of {precision:g}: the best one has {closest:.3f} at least",
            hint="ask for less, or give more examples",
        )
    return best


def wilson_lower(right: int, count: int, level: float) -> float:
    """Lower end of the one-sided Wilson score interval of a share.

    Args:
        right: How many were right.
        count: Of how many; at least 1.
        level: Certainty that the share is not below it.
    """
    z = NormalDist().inv_cdf(level)
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - spread) / (1 + z * z / count)


def auroc(judged: Sequence[Judged]) -> float:
    """The probability that something right has a higher confidence than something wrong, ties counting half.

    0.5 is what chance gives, 1.0 is perfect; NaN where all are right or all are wrong.
    """
    rights = sum(right for _, right in judged)
    wrongs = len(judged) - rights
    if not rights or not wrongs:
        return math.nan
    won, below = 0.0, 0  # of wrong ones
    for _, group in groupby(sorted(judged), key=lambda one: one[0]):
        same = [right for _, right in group]
        won += sum(same) * (below + (len(same) - sum(same)) / 2)
        below += len(same) - sum(same)
    return won / (rights * wrongs)


@dataclass(frozen=True, slots=True)
class Bin:
    """Those with a confidence from ``low`` to ``high``: how many, their mean confidence, and the share that is right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(judged: Sequence[Judged], bins: int = 10) -> list[Bin]:
    """The reliability table: bins of equal width from 0 to 1 that hold anything, each without its upper end but the last."""
    table = []
    for index in range(bins):
        inside = [one for one in judged if index == min(int(one[0] * bins), bins - 1)]
        if inside:
            confidence = sum(confidence for confidence, _ in inside) / len(inside)
            right = sum(right for _, right in inside) / len(inside)
            table.append(Bin(index / bins, (index + 1) / bins, len(inside), confidence, right))
    return table


def calibration_error(judged: Sequence[Judged], bins: int = 10) -> float:
    """Expected calibration error: how far confidence and share of right ones lie apart, on average over all of them.

    As in "On Calibration of Modern Neural Networks" (Guo et al., 2017), section 2.
    """
    return sum(one.count * abs(one.confidence - one.right) for one in reliability(judged, bins)) / len(judged)
