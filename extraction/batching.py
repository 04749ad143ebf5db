"""Several encoded conversations as one batch of model inputs, and which of them can share one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from extraction.layout import Encoded
from extraction.memory import Footprint

if TYPE_CHECKING:
    import torch

PER_TOKEN = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids", "moe_mm_token_type_ids")
"""Inputs with one number per token. Everything else belongs to pictures."""

_STEADY = frozenset(
    {
        *("image_grid_thw", "image_grid_hw", "image_sizes", "spatial_shapes", "target_sizes", "batch_num_images"),
        *("image_num_patches", "num_local_patches", "image_position_ids", "pixel_attention_mask", "pixel_mask"),
        *("aspect_ratio_ids", "aspect_ratio_mask", "cross_attention_mask", "image_embeds_position_mask"),
        *("qformer_input_ids", "qformer_attention_mask"),
    }
)
"""Whole numbers about pictures that say the same in a batch. Others may count from its first picture on, as the places
of patches do in Molmo2's ``image_token_pooling``."""

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
        if name in PER_TOKEN:
            parts.append((name,))
        elif isinstance(value, torch.Tensor) and (name in _STEADY or not _counts(value)):
            parts.append((name, tuple(value.shape[1:]), value.dtype))
        else:
            parts.append((name, id(value)))  # shares a batch with nothing else
    return tuple(parts)


def _counts(value: torch.Tensor) -> bool:
    """Whether a tensor holds whole numbers."""
    import torch

    return value.dtype != torch.bool and not (value.is_floating_point() or value.is_complex())


def groups(
    encoded: Sequence[Encoded], budgets: Sequence[int], *, largest: int, cost: Footprint, room: float
) -> list[list[int]]:
    """Indices of the conversations, one list per batch.

    Args:
        encoded: The conversations.
        budgets: The most tokens of their answers.
        largest: Most conversations of one batch.
        cost: What the parts of a batch take.
        room: Bytes that a batch may take; a conversation that takes more on its own is tried on its own.
    """
    by_kind: dict[Any, list[int]] = {}
    for index, one in enumerate(encoded):
        by_kind.setdefault(signature(one), []).append(index)
    result: list[list[int]] = []
    for indices in by_kind.values():
        # Neighbours of equal length need little padding, and those with equal budgets end together.
        indices.sort(key=lambda index: (encoded[index].length, budgets[index]))
        batch: list[int] = []
        for index in indices:
            more = [*batch, index]
            full = len(more) > largest or len(more) * encoded[index].length > MAX_BATCH_TOKENS
            if batch and (
                full or batch_cost(cost, [encoded[one] for one in more], [budgets[one] for one in more]) > room
            ):
                result.append(batch)
                more = [index]
            batch = more
        result.append(batch)
    return result


def batch_cost(cost: Footprint, encoded: Sequence[Encoded], budgets: Sequence[int]) -> int:
    """Bytes that a batch is predicted to take.

    Args:
        cost: What its parts take.
        encoded: Its conversations.
        budgets: The most tokens of their answers.
    """
    prompt, answer = max(one.length for one in encoded), max(budgets)  # the others are padded to them
    return sum(cost.row(prompt=prompt, answer=answer, pixels=_pixels(one)) for one in encoded)


def _pixels(encoded: Encoded) -> int:
    """Numbers of the tensors of a conversation's pictures."""
    import torch

    values = (value for name, value in encoded.inputs.items() if name not in PER_TOKEN)
    return sum(value.numel() for value in values if isinstance(value, torch.Tensor) and value.is_floating_point())


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
        if name in PER_TOKEN:
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


def counts_pictures(model: Any, encoded: Encoded) -> bool:
    """Whether a picture's positions depend on the pictures of the rows before it, so that no rows can share a batch.

    Hunyuan-VL counts the pictures of a whole batch as if they were those of one conversation.

    Args:
        model: A model of transformers.
        encoded: A conversation with a picture.
    """
    import torch

    if model.config.is_encoder_decoder:
        return False
    twice = stack([encoded, encoded], padding=0)
    inputs = {name: value.to(model.device) for name, value in twice.items() if isinstance(value, torch.Tensor)}
    positions = model._prepare_position_ids_for_generation(inputs["input_ids"], inputs)  # noqa: SLF001 - as generate does
    return not torch.equal(positions[..., 0, :], positions[..., 1, :])
