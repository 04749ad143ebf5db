"""Sizes that a processor leaves as they are: a picture that is sent in one is seen pixel by pixel as it was sent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from extraction.errors import BoxConventionError
from extraction.families import Family, ResizeRule

MAX_ASPECT: Final = 200
"""The longer side by the shorter one: beyond, ``smart_resize`` refuses (TF: models/qwen2_vl/image_processing_qwen2_vl.py)."""


def fixed_size(size: tuple[int, int], rule: ResizeRule) -> tuple[int, int]:
    """The size nearest to a picture's that the rule leaves as it is: whole factors, area and aspect within bounds.

    ``smart_resize`` itself does not always find one: a picture of 30 x 5970 becomes 28 x 5964, which it then refuses. Nearest
    means least change of scale on both axes together, measured from the picture brought within the bounds of the area.

    Args:
        size: (width, height) of the picture in pixels.
        rule: How the other side resizes.

    Returns:
        (width, height) in pixels. Every rule with the same factor and looser bounds leaves it as it is, too.

    Raises:
        BoxConventionError: The rule leaves no size at all as it is.
    """
    if _fits(size, rule):
        return size
    area = size[0] * size[1]
    scale = math.sqrt(min(max(area, rule.min_pixels), rule.max_pixels) / area)
    wanted = (size[0] * scale, size[1] * scale)

    def change(found: tuple[int, int]) -> float:
        return sum(math.log(new / old) ** 2 for new, old in zip(found, wanted, strict=True))

    nearest = min(_candidates(wanted, rule), key=change, default=None)
    if nearest is None:
        raise BoxConventionError(f"no size of a picture fits the rule {rule}", hint="see families.ResizeRule")
    return nearest


def _fits(size: tuple[int, int], rule: ResizeRule) -> bool:
    """Whether the rule leaves a size as it is."""
    short, long = sorted(size)
    whole = short % rule.factor == long % rule.factor == 0
    return whole and rule.min_pixels <= short * long <= rule.max_pixels and long <= MAX_ASPECT * short


def _candidates(wanted: tuple[float, float], rule: ResizeRule) -> Iterator[tuple[int, int]]:
    """For each length of the shorter side the fitting size that is nearest to the wanted one."""
    factor, long = rule.factor, max(wanted)
    least, most = math.ceil(rule.min_pixels / factor**2), rule.max_pixels // factor**2  # areas in cells
    for across in range(1, math.isqrt(most) + 1):
        shortest, longest = max(math.ceil(least / across), across), min(most // across, MAX_ASPECT * across)
        if shortest <= longest:
            along = min(max(round(long / factor), shortest), longest)
            sides = (along * factor, across * factor)
            yield sides if wanted[0] == long else sides[::-1]


def grounding_rule(family: Family) -> ResizeRule | None:
    """The family's rule, with its bounds drawn in to the areas at which its boxes are good; None where it has no rule.

    Small pictures are thus enlarged: that is better for boxes, and out of the reach of servers that enlarge them to some
    minimum of their own.
    """
    rule = family.rule
    if rule is None or family.pixels is None:
        return rule
    low, high = max(rule.min_pixels, family.pixels[0]), min(rule.max_pixels, family.pixels[1])
    return ResizeRule(rule.factor, low, high) if low <= high else rule
