"""Attention for training on a processor: what transformers' eager one computes, without what the mask hides."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

NAME = "blocked"
BLOCK = 128
"""Queries at a time; keys behind the last of them are hidden from all of them, so they are left out."""


class _Blocked(torch.autograd.Function):
    """Causal attention of bfloat16 tensors of (batch x heads) x tokens x width, with a mask that is added."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        heads, result, shares = query.shape[0] // mask.shape[0], torch.empty_like(value), []
        for start, end in _blocks(query):
            scores = query[:, start:end] @ key[:, :end].transpose(1, 2)
            scores.unflatten(0, (-1, heads)).add_(mask[:, :, start:end, :end])
            share = torch.softmax(scores, -1)
            result[:, start:end] = share @ value[:, :end]
            shares.append(share)
        ctx.save_for_backward(query, key, value, *shares)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        query, key, value, *shares = ctx.saved_tensors
        gradient = gradient.contiguous()
        to_query, to_key, to_value = torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value)
        for (start, end), share in zip(_blocks(query), shares, strict=True):
            above = gradient[:, start:end]
            to_value[:, :end] += share.transpose(1, 2) @ above
            to_share = above @ value[:, :end].transpose(1, 2)
            to_scores = torch._softmax_backward_data(to_share, share, -1, share.dtype)  # noqa: SLF001 - autograd's own
            to_query[:, start:end] = to_scores @ key[:, :end]
            to_key[:, :end] += to_scores.transpose(1, 2) @ query[:, start:end]
        return to_query, to_key, to_value, None


def _blocks(query: Tensor) -> list[tuple[int, int]]:
    length = query.shape[1]
    return [(start, min(start + BLOCK, length)) for start in range(0, length, BLOCK)]


def blocked_attention(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float,
    dropout: float = 0.0,
    **_others: Any,
) -> tuple[Tensor, None]:
    """Causal attention in bfloat16, as an attention implementation of transformers.

    Args:
        _module: The layer that asks.
        query: Batch x heads x tokens x width.
        key: What the queries are compared with, of the same shape.
        value: What is taken, of the same shape.
        attention_mask: Added to the scores, batch x 1 x tokens x tokens; it must hide all later tokens.
        scaling: Factor of the scores.
        dropout: Must be 0.
        _others: What other implementations take.

    Returns:
        Batch x tokens x heads x width, and no weights.
    """
    if dropout:
        raise ValueError("blocked attention has no dropout")
    with torch.autocast("cpu", enabled=False):
        parts = [part.bfloat16().flatten(0, 1).contiguous() for part in (query * scaling, key, value)]
        result: Tensor = _Blocked.apply(*parts, attention_mask)  # type: ignore[no-untyped-call]
        return result.unflatten(0, query.shape[:2]).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, blocked_attention)
