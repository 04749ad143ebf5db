"""Training's attention beside transformers' eager one, forward and backward on one core: ``python benchmarks/pocket_attention.py``.

Both are measured in turn in one run; only the ratio says anything.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from transformers.models.llama.modeling_llama import eager_attention_forward

from extraction.pocket.attention import blocked_attention

ROWS, HEADS, WIDTH = 12, 3, 64
ROUNDS = 9


def seconds(attention: Callable[..., Any], parts: list[torch.Tensor], mask: torch.Tensor) -> float:
    """One pass there and back."""
    module = SimpleNamespace(num_key_value_groups=1, training=True)
    started = time.process_time()
    with torch.autocast("cpu", torch.bfloat16):
        result = attention(module, *parts, mask, scaling=WIDTH**-0.5, dropout=0.0)[0]
    result.float().sum().backward()
    return time.process_time() - started


def main() -> None:
    """Prints a line for each length of a row."""
    torch.set_num_threads(1)
    for length in (448, 576, 704):
        mask = torch.full((length, length), -1e9).triu(1).bfloat16().expand(ROWS, 1, length, length)
        parts = [torch.randn(ROWS, HEADS, length, WIDTH, requires_grad=True) for _ in range(3)]
        taken: dict[str, list[float]] = {"eager": [], "blocked": []}
        for number in range(ROUNDS + 2):
            for name, attention in (("eager", eager_attention_forward), ("blocked", blocked_attention)):
                once = seconds(attention, parts, mask)
                if number > 1:
                    taken[name].append(once)
        ratio = statistics.median(b / e for e, b in zip(taken["eager"], taken["blocked"], strict=True))
        print(f"{length} tokens: blocked takes {ratio:.2f} of eager's time")  # noqa: T201 - it is its purpose


if __name__ == "__main__":
    main()
