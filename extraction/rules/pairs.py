"""Forms: every label with what is filled in, and every checkbox, as items of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from extraction.rules.board import Board
from extraction.rules.sheet import Cell, Span
from extraction.rules.wanted import Field, Group, Leaf
from extraction.rules.writing import TICK, Fill, stated, text_fill

_KEYS: Final = frozenset("key label name field question caption".split())
_VALUES: Final = frozenset("value answer content entry text".split())


def is_pairs(group: Group) -> bool:
    """Whether items are names with values: a text called key or label, and one called value."""
    return _leaf(group, _KEYS) is not None and _leaf(group, _VALUES) is not None


def is_checkboxes(group: Group) -> bool:
    """Whether items are names that are ticked or not."""
    return _leaf(group, _KEYS) is not None and any(_is_boolean(one) for one in group.fields)


def pairs(board: Board, group: Group) -> list[dict[str, Fill]]:
    """Label and value of each labelled thing on the pages, in reading order."""
    key, value = _leaf(group, _KEYS), _leaf(group, _VALUES)
    assert key is not None
    assert value is not None
    found = []
    for name, text in _named(board):
        fills = {key.key: text_fill(_node(key), (name,))}
        if text is not None:
            fills[value.key] = text_fill(_node(value), (text,))
        if fills[key.key] is not None:
            found.append({one: fill for one, fill in fills.items() if fill is not None})
    return found


def checkboxes(board: Board, group: Group) -> list[dict[str, Fill]]:
    """The words beside each box that can be ticked, and whether it is."""
    key = _leaf(group, _KEYS)
    flag = next(one for one in group.fields if _is_boolean(one))
    assert key is not None
    found = []
    for cell in board.cells:
        marks = list(TICK.finditer(cell.text))
        for index, match in enumerate(marks):
            end = marks[index + 1].start() if index + 1 < len(marks) else len(cell.text)
            words = Span(cell, match.end(), end).stripped()
            if not words.text:
                words = next((one.span.stripped() for one in board.sheet(cell).right_of(cell)), words)
            ticked = stated(match.group())
            told = text_fill(_node(key), (words,)) if words.text else None
            if told is not None and ticked is not None:
                mark = Span(cell, match.start(), match.end())
                found.append({key.key: told, flag.key: Fill(ticked, (mark,), exact=False)})
    return found


def _named(board: Board) -> Iterator[tuple[Span, Span | None]]:
    """What a colon or a known label names, and the text beside it."""
    taken: set[int] = set()
    for cell in board.cells:
        if id(cell) in taken or TICK.search(cell.text):
            continue
        parted = re.match(r"\s*([^:]{2,60}?)\s*[:\uff1a]\s*(.*)$", cell.text)
        labels = board.labels.at(cell)
        if parted is None and not (labels and board.is_label(cell)):
            continue
        name = Span(cell, 0, parted.end(1) if parted else len(cell.text)).stripped()
        if parted and parted[2].strip(" ._-"):
            yield name, Span(cell, parted.start(2), len(cell.text)).stripped(" ")
            continue
        beside = next(iter(board.sheet(cell).right_of(cell)), None)
        if beside is None or _names(board, beside):
            beside = (
                next((one for one in board.sheet(cell).below(cell, rows=1) if not _names(board, one)), None)
                if beside is None
                else None
            )
            if beside is not None and beside.box.y1 - cell.box.y2 > cell.height:
                beside = None
        if beside is not None:
            taken.add(id(beside))
        yield name, beside.span.stripped(" ._") if beside is not None and beside.text.strip(" ._-") else None


def _names(board: Board, cell: Cell) -> bool:
    return (
        ":" in cell.text.rstrip()[-1:] or bool(re.match(r"\s*[^\W\d][^:]{1,60}:\s", cell.text)) or board.is_label(cell)
    )


def _leaf(group: Group, words: frozenset[str]) -> Field | None:
    return next(
        (
            one
            for one in group.fields
            if isinstance(one.node, Leaf) and one.node.written and set(one.node.words) & words
        ),
        None,
    )


def _node(one: Field) -> Leaf:
    assert isinstance(one.node, Leaf)
    return one.node


def _is_boolean(one: Field) -> bool:
    return isinstance(one.node, Leaf) and one.node.kind == "boolean"
