from __future__ import annotations

import pytest
import torch
from torch import Tensor

from extraction.pocket.attention import BLOCK, blocked_attention


def plain_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scaling: float) -> Tensor:
    scores = query @ key.transpose(-1, -2) * scaling + mask
    return (torch.softmax(scores, -1) @ value).transpose(1, 2)


@pytest.mark.parametrize("length", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 37])
def test_blocks_give_the_numbers_and_gradients_of_plain_attention(length: int) -> None:
    torch.manual_seed(0)
    shape = (2, 3, length, 16)
    parts = [torch.randn(shape).bfloat16().float().requires_grad_() for _ in range(3)]
    hidden = torch.ones(length, length, dtype=torch.bool).triu(1) | (torch.rand(2, 1, length, length) < 0.3)
    hidden[..., range(length), range(length)] = False
    mask = torch.zeros(2, 1, length, length).masked_fill(hidden, -1e9)
    weights = torch.randn(2, length, 3, 16)

    def run(result: Tensor) -> list[Tensor]:
        gradients = torch.autograd.grad((result.float() * weights).sum(), parts)
        return [result.float(), *gradients]

    expected = run(plain_attention(parts[0], parts[1], parts[2], mask, 0.25))
    query, key, value = parts
    result, none = blocked_attention(torch.nn.Module(), query, key, value, mask.bfloat16(), 0.25)
    assert none is None
    for ours, theirs in zip(run(result), expected, strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs).abs().max() <= 0.03 * theirs.abs().max() + 1e-6


def test_dropout_is_refused() -> None:
    one = torch.zeros(1, 1, 1, 1)
    with pytest.raises(ValueError, match="no dropout"):
        blocked_attention(torch.nn.Module(), one, one, one, one, 1.0, dropout=0.1)
