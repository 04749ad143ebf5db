from __future__ import annotations

import math
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from extraction.sampling import Sampler, Sampling

SCORES = torch.log(torch.tensor([0.1, 0.5, 0.0, 0.25, 0.15]))


def _drawn(count: int = 2000, seed: int = 0, **options: Any) -> Counter[int]:
    sampler = Sampler(Sampling(**{"temperature": 1.0, **options}), seed)
    return Counter(sampler.choose(SCORES) for _ in range(count))


def test_tokens_come_as_often_as_they_are_likely() -> None:
    drawn = _drawn()
    assert drawn[2] == 0
    for token, share in {0: 0.1, 1: 0.5, 3: 0.25, 4: 0.15}.items():
        assert drawn[token] / 2000 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        ({"top_k": 1}, {1}),
        ({"top_k": 2}, {1, 3}),
        ({"top_p": 0.0}, {1}),
        ({"top_p": 0.5}, {1}),
        ({"top_p": 0.6}, {1, 3}),
        ({"top_p": 0.9}, {1, 3, 4}),
        ({"top_p": 1.0}, {0, 1, 3, 4}),
        ({"min_p": 0.5}, {1, 3}),
        ({"min_p": 1.0}, {1}),
        ({"top_k": 3, "top_p": 0.6}, {1, 3}),
    ],
)
def test_only_the_likeliest_tokens_are_drawn(options: dict[str, Any], tokens: set[int]) -> None:
    assert set(_drawn(500, **options)) == tokens


def test_temperature_sharpens_and_flattens() -> None:
    assert _drawn(temperature=0.25)[1] > 1800
    assert _drawn(temperature=4.0)[1] < 800


def test_a_seed_repeats_the_draw() -> None:
    first, again, other = (
        [Sampler(Sampling(1.0), seed).choose(SCORES) for _ in range(1)] + list(_drawn(50, seed=seed).elements())
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_forbidden_tokens_are_never_drawn() -> None:
    scores = torch.full((4,), -math.inf)
    scores[2] = -30.0
    sampler = Sampler(Sampling(5.0, top_p=0.1, min_p=0.9), 0)
    assert {sampler.choose(scores) for _ in range(50)} == {2}


def test_the_checkpoint_fills_in_what_was_not_given() -> None:
    config = SimpleNamespace(top_p=0.8, top_k=20, temperature=0.7, do_sample=True)
    assert Sampling(1.0, top_k=5, seed=3).with_defaults(config) == Sampling(1.0, 0.8, 5, None, 3)
    assert Sampling().with_defaults(config).greedy
    assert Sampling(temperature=1e-9).greedy
