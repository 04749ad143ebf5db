"""Several encoded conversations as one batch of model inputs, and which of them can share one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from extraction.layout import Encoded

if TYPE_CHECKING:
    import torch

# Inputs with one number per token, and what stands in the padding. Everything else belongs to pictures.
_PER_TOKEN = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids", "moe_mm_token_type_ids")

MAX_BATCH_TOKENS = 32_768
"""Most tokens of the prompts of one batch, padding included; more are answered in several batches."""


def signature(encoded: Encoded) -> tuple[Any, ...]:
    """Equal for conversations whose inputs can be stacked without changing any of them.

    Pictures of different sizes share a batch where the model takes them as one long list of patches (Qwen-VL), or
    resizes all of them to one size (LLaVA, the embedded model).
    """
    import torch

    parts: list[Any] = []
    for name, value in sorted(encoded.inputs.items()):
        if name in _PER_TOKEN:
            parts.append((name,))
        elif isinstance(value, torch.Tensor):
            parts.append((name, tuple(value.shape[1:]), value.dtype))
        else:
            parts.append((name, id(value)))  # shares a batch with nothing else
    return tuple(parts)


def groups(encoded: Sequence[Encoded], *, largest: int) -> list[list[int]]:
    """Indices of the conversations, one list per batch.

    Args:
        encoded: The conversations.
        largest: Most conversations of one batch.
    """
    by_kind: dict[Any, list[int]] = {}
    for index, one in enumerate(encoded):
        by_kind.setdefault(signature(one), []).append(index)
    result: list[list[int]] = []
    for indices in by_kind.values():
        indices.sort(key=lambda index: encoded[index].length)  # neighbours of equal length need little padding
        batch: list[int] = []
        for index in indices:
            full = len(batch) >= largest or (len(batch) + 1) * encoded[index].length > MAX_BATCH_TOKENS
            if batch and full:
                result.append(batch)
                batch = []
            batch.append(index)
        result.append(batch)
    return result


def stack(encoded: Sequence[Encoded], *, padding: int, side: str = "left") -> dict[str, Any]:
    """One batch of inputs; prompts padded on the left, so that every row's last token stands in the last column.

    Args:
        encoded: Conversations of one signature.
        padding: The token to pad with.
        side: "right" for encoder-decoder models, which count positions from the left.
    """
    import torch

    if len(encoded) == 1:
        return dict(encoded[0].inputs)
    longest = max(one.length for one in encoded)
    result: dict[str, Any] = {}
    for name, value in encoded[0].inputs.items():
        values = [one.inputs[name] for one in encoded]
        if name in _PER_TOKEN:
            fill = padding if name == "input_ids" else 0
            result[name] = torch.cat([_padded(row, longest, fill, side) for row in values])
        elif isinstance(value, torch.Tensor):
            result[name] = torch.cat(values)
    if "attention_mask" not in result:
        ones = [torch.ones_like(one.inputs["input_ids"]) for one in encoded]
        result["attention_mask"] = torch.cat([_padded(row, longest, 0, side) for row in ones])
    return result


def _padded(row: torch.Tensor, length: int, fill: int, side: str) -> torch.Tensor:
    missing = length - row.shape[-1]
    return row if not missing else _pad(row, (missing, 0) if side == "left" else (0, missing), fill)


def _pad(row: torch.Tensor, amounts: tuple[int, int], fill: int) -> torch.Tensor:
    import torch

    return torch.nn.functional.pad(row, amounts, value=fill)
