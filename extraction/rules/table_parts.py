"""What the readers of headed and of bare tables share: a line's fields, and which lines are none of goods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from extraction.rules.board import Board
from extraction.rules.naming import COLUMNS
from extraction.rules.sheet import Cell
from extraction.rules.wanted import Group, Leaf
from extraction.rules.writing import Fill
from extraction.vocabulary.concepts import kind_of

_BALANCES: Final = frozenset({"opening_balance", "closing_balance", "total", "subtotal"})
"""What a dated line says that is no transaction; "card payment" is one."""


@dataclass(slots=True)
class Row:
    """One line of a table: the fills of its fields by key, and whether it begins with a number of its own."""

    fills: dict[str, Fill] = field(default_factory=dict)
    counted: bool = False


def has_column(group: Group, concept: str) -> bool:
    """Whether a list's items have a field for a concept."""
    return key_of(group, {concept}) is not None


def key_of(group: Group, names: set[str] | frozenset[str]) -> str | None:
    """The field that takes a column: the one that has one of its concepts first."""
    for place in range(3):
        for one in group.fields:
            if isinstance(one.node, Leaf) and set(one.node.concepts[place : place + 1]) & names:
                return one.key
    return None


def leaf_of(group: Group, key: str | None) -> Leaf | None:
    """The field of that key, where it holds a single value."""
    node = next((one.node for one in group.fields if one.key == key), None)
    return node if isinstance(node, Leaf) else None


def is_summary(board: Board, cells: Sequence[Cell]) -> bool:
    """Whether a line says a total, a tax or the like, and not what was sold."""
    labels = [label for cell in cells for label in board.labels.at(cell)]
    if not labels or not labels[0].leads:
        return False
    first = labels[0]
    dated = any(one.look == "date" for cell in cells[:1] for one in board.findings.at(cell))
    amounts = any(
        (name in _BALANCES or not dated) and name not in COLUMNS and kind_of(name) in ("money", "integer")
        for name, _ in first.names
    )
    if not amounts:
        return False
    rest = first.span.cell.text
    for label in board.labels.at(first.span.cell):
        rest = rest.replace(label.span.text, " ")
    for one in board.findings.at(first.span.cell):
        rest = rest.replace(one.span.text, " ")
    return len(re.findall(r"[^\W\d_]{3,}", rest)) == 0 or first.colon
