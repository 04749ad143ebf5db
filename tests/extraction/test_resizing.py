from __future__ import annotations

import math
import random
from typing import Any

import pytest

from extraction.errors import BoxConventionError
from extraction.families import Family, ResizeRule, find_family
from extraction.resizing import fixed_size, grounding_rule

CLASS = ResizeRule(28, 3136, 1_003_520)
GROUNDING = ResizeRule(28, 200_704, 1_003_520)
RULES = [
    CLASS,
    GROUNDING,
    ResizeRule(32, 65_536, 16_777_216),  # Qwen3-VL
    ResizeRule(28, 802_816, 1_003_520),  # a server that wants 1024 tokens at least
    ResizeRule(28, 784, 3136),  # so narrow that a long strip finds no place of its shape
    ResizeRule(48, 2304, 645_120),
]


def smart_resize() -> Any:
    """The rule itself, in the library of the models."""
    module = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")
    return module.smart_resize


def sizes(count: int) -> list[tuple[int, int]]:
    """Random pictures up to 1:199, small and large, and the hard ones."""
    drawn = random.Random(0)
    hard = [(1, 1), (1, 199), (199, 1), (5970, 30), (30, 5970), (41, 41), (42, 70), (10, 1900), (65_000, 330)]
    for _ in range(count):
        short = round(math.exp(drawn.uniform(0, math.log(5000))))
        sides = [short, min(65_535, round(short * math.exp(drawn.uniform(0, math.log(199)))))]
        drawn.shuffle(sides)
        hard.append((sides[0], sides[1]))
    return hard


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_fixed_size_stays_as_it_is_under_the_rule_and_looser_ones(rule: ResizeRule) -> None:
    resize = smart_resize()
    for size in sizes(1500):
        width, height = found = fixed_size(size, rule)
        for low, high in (
            (rule.min_pixels, rule.max_pixels),
            (1, 10**9),
            (rule.min_pixels, 12_845_056 + rule.max_pixels),
        ):
            assert resize(height, width, rule.factor, low, high) == (height, width), (size, found)
        assert fixed_size(found, rule) == found


def test_it_is_about_the_size_that_the_rule_itself_would_choose() -> None:
    resize = smart_resize()
    for width, height in [(640, 480), (1920, 1080), (300, 420), (4000, 3000), (1000, 1000), (60, 80), (2480, 3508)]:
        found = fixed_size((width, height), CLASS)
        chosen = resize(height, width, 28, CLASS.min_pixels, CLASS.max_pixels)[::-1]
        assert all(abs(ours - theirs) <= 28 for ours, theirs in zip(found, chosen, strict=True))
        distortion = (found[0] / width) / (found[1] / height)
        assert 0.8 < distortion < 1.25 if width < 100 else 0.96 < distortion < 1.04
    assert fixed_size((640, 480), CLASS) == (644, 476)


def test_the_shape_is_kept_as_far_as_cells_allow() -> None:
    for size in sizes(500):
        area = size[0] * size[1]
        scale = math.sqrt(min(max(area, GROUNDING.min_pixels), GROUNDING.max_pixels) / area)
        wanted = [side * scale for side in size]
        if min(wanted) >= 4 * 28:
            changes = [new / old - 1 for new, old in zip(fixed_size(size, GROUNDING), wanted, strict=True)]
            assert max(map(abs, changes)) <= 28 / min(wanted), (size, changes)


def test_a_long_strip_keeps_its_length_where_the_rule_itself_would_lose_it() -> None:
    assert smart_resize()(10, 1900, 28, 3136, 1_003_520) == (28, 784)
    assert fixed_size((1900, 10), CLASS) == (1904, 28)
    with pytest.raises(ValueError, match="absolute aspect ratio"):
        smart_resize()(*smart_resize()(30, 5970, 28, 3136, 1_003_520), 28, 3136, 1_003_520)
    assert fixed_size((5970, 30), CLASS) == (5600, 28)


def test_a_rule_of_single_pixels_leaves_pictures_as_they_are() -> None:
    assert fixed_size((1234, 567), ResizeRule(1, 1, 10**12)) == (1234, 567)
    assert fixed_size((2000, 1000), ResizeRule(1, 1, 500_000)) == (1000, 500)


def test_a_rule_that_no_size_fits() -> None:
    with pytest.raises(BoxConventionError, match="no size of a picture fits the rule"):
        fixed_size((100, 100), ResizeRule(28, 1, 500))
    with pytest.raises(BoxConventionError, match="no size of a picture fits"):
        fixed_size((100, 100), ResizeRule(28, 10_000, 9000))


def test_the_rule_for_boxes_keeps_to_the_areas_at_which_they_are_good() -> None:
    assert grounding_rule(find_family("qwen2_5_vl", "")) == GROUNDING
    assert grounding_rule(find_family("dots_ocr", "")) == CLASS
    assert grounding_rule(find_family("qwen3_vl", "")) is None
    apart = Family("apart", rule=CLASS, pixels=(2_000_000, 4_000_000))
    assert grounding_rule(apart) == CLASS
