"""How much of a filled-in form is right, leaf by leaf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from extraction.pocket.scoring import box_iou

_BOX, _POINT = 4, 2
_NEAR = 40
"""A point is right within so many of 1000, in both directions."""

Same = Callable[[str, str], bool]


def leaf_score(said: Any, true: Any, same_text: Same = str.__eq__) -> tuple[int, int]:
    """Right leaves, and all leaves: those of the truth and those that were invented.

    Objects are compared key by key, lists in order (items may be missing or too many). Four numbers are a box, right
    with IoU >= 0.5; two are a point, right within 4 % of the width and height; an empty list is one leaf.

    Args:
        said: The answer, as JSON.
        true: The truth, in the same coordinates.
        same_text: Tells whether a text of the answer is as good as the truth's.
    """
    if isinstance(true, dict) and true:
        if not isinstance(said, dict):
            return 0, leaf_count(true)
        parts = [
            leaf_score(said[key], true[key], same_text) if key in said else (0, leaf_count(true[key])) for key in true
        ]
        invented = sum(leaf_count(said[key]) for key in said.keys() - true.keys())
        return sum(right for right, _ in parts), sum(total for _, total in parts) + invented
    if isinstance(true, list) and true and not _is_place(true):
        if not isinstance(said, list) or _is_place(said):
            return 0, leaf_count(true)
        return _aligned(said, true, same_text)
    return int(_same(said, true, same_text)), max(leaf_count(said) if isinstance(said, (dict, list)) else 1, 1)


def leaf_count(value: Any) -> int:
    """How many leaves a value has; a box is one, and so is an empty list."""
    if isinstance(value, dict) and value:
        return sum(map(leaf_count, value.values()))
    if isinstance(value, list) and value and not _is_place(value):
        return sum(map(leaf_count, value))
    return 1


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (_BOX, _POINT)
        and all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in value)
    )


def _same(said: Any, true: Any, same_text: Same) -> bool:
    if _is_place(true):
        if not _is_place(said) or len(said) != len(true):
            return False
        if len(true) == _BOX:
            return box_iou((said[0], said[1], said[2], said[3]), (true[0], true[1], true[2], true[3])) >= 0.5
        return all(abs(a - b) <= _NEAR for a, b in zip(said, true, strict=True))
    if isinstance(true, str) and isinstance(said, str):
        return same_text(said, true)
    return type(said) is type(true) and bool(said == true)


def _aligned(said: Sequence[Any], true: Sequence[Any], same_text: Same) -> tuple[int, int]:
    """The best score over all ways to pair the items in their order; those without a partner are wrong."""
    missing, invented = [leaf_count(item) for item in true], [leaf_count(item) for item in said]
    # best[j]: for the items so far and the first j of the truth, (right leaves, -all leaves).
    best = [(0, -sum(missing[:j])) for j in range(len(true) + 1)]
    for i, item in enumerate(said):
        row = [(0, -sum(invented[: i + 1]))]
        for j, truth in enumerate(true):
            right, total = leaf_score(item, truth, same_text)
            row.append(
                max(
                    (best[j][0] + right, best[j][1] - total),
                    (best[j + 1][0], best[j + 1][1] - invented[i]),
                    (row[j][0], row[j][1] - missing[j]),
                )
            )
        best = row
    return best[-1][0], -best[-1][1]


@dataclass
class FormScore:
    """Leaves over many filled-in forms."""

    forms: int = 0
    perfect: int = 0
    right: int = 0
    leaves: int = 0

    def add(self, right: int, leaves: int) -> None:
        """Takes one form in."""
        self.forms += 1
        self.perfect += right == leaves
        self.right += right
        self.leaves += leaves

    def summary(self) -> dict[str, float]:
        """``leaf`` is the share of leaves that are right, ``form`` that of forms without a wrong one."""
        return {"leaf": self.right / max(self.leaves, 1), "form": self.perfect / max(self.forms, 1)}
