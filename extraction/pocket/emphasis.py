"""How much each part of an answer counts in training: a fact is one token among the many numbers of the boxes around it.

Without it the loss of a filled-in form is mostly that of its coordinates and of syntax that the grammar forces, and what a
form asks besides (counts, yes and no, whether a list goes on) weighs a tenth of the same question in plain words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

SYNTAX = 1.0
PLACE = 0.35
"""The numbers of a box or a point: four per object, and never quite certain."""
TEXT = 1.5
LIST = 3.0
"""The brackets and commas of a list: whether another item follows."""
FACT = 6.0
"""Counts, true and false, null."""


def emphasis(answer: str) -> list[float]:
    """The weight of every character of an answer; 1 for all of them where it is not JSON.

    Args:
        answer: As ``tasks`` write it: JSON with the separators of ``json.dumps``, in a tool call or not, or plain words.
    """
    start = answer.find("{") if answer.startswith("<tool_call>") else 0
    try:
        value, end = json.JSONDecoder().raw_decode(answer, start)
    except ValueError:
        return [SYNTAX] * len(answer)
    inside = [weight for text, weight in _pieces(value) for _ in text]
    if isinstance(value, (bool, int, float)) or len(inside) != end - start:
        return [SYNTAX] * len(answer)
    return [SYNTAX] * start + inside + [SYNTAX] * (len(answer) - end)


def _pieces(value: Any) -> Iterator[tuple[str, float]]:
    """The value as ``json.dumps`` writes it, in pieces with their weights."""
    if isinstance(value, dict):
        yield "{", SYNTAX
        for number, (key, inner) in enumerate(value.items()):
            yield f"{', ' if number else ''}{json.dumps(key, ensure_ascii=False)}: ", SYNTAX
            yield from _pieces(inner)
        yield "}", SYNTAX
    elif isinstance(value, list) and value and all(type(one) in (int, float) for one in value):
        yield json.dumps(value), PLACE
    elif isinstance(value, list):
        yield "[", LIST
        for number, inner in enumerate(value):
            if number:
                yield ", ", LIST
            yield from _pieces(inner)
        yield "]", LIST
    else:
        yield json.dumps(value, ensure_ascii=False), TEXT if isinstance(value, str) else FACT
