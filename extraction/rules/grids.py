"""Tables as they are: the names of the columns and the cells of each row, whatever they are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from extraction.rules.board import Board
from extraction.rules.sheet import Cell, Sheet, Span


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its columns' names (empty where it has none) and its cells, None where nothing stands."""

    columns: tuple[Span, ...]
    rows: tuple[tuple[Span | None, ...], ...]


def largest_grid(board: Board) -> Grid | None:
    """The table of the pages with the most rows; None where nowhere two rows of two cells or more follow each other."""
    blocks = [block for sheet in board.sheets for block in _blocks(sheet)]
    if not blocks:
        return None
    block = max(blocks, key=lambda rows: (len(rows), sum(map(len, rows))))
    head, body = (block[0], block[1:]) if _is_head(block) else (None, block)
    edges = _edges(head or max(body, key=len))
    rows = tuple(_by_columns(row, edges) for row in body)
    return Grid(tuple(cell.span.stripped(" ") for cell in head or ()), rows)


def _blocks(sheet: Sheet) -> list[list[Sequence[Cell]]]:
    """Rows of two cells or more that follow each other closely."""
    blocks: list[list[Sequence[Cell]]] = [[]]
    for row in sheet.rows:
        last = blocks[-1][-1] if blocks[-1] else None
        if last is not None and row[0].box.y1 - last[0].box.y2 > 2 * max(sheet.height, 1.0):
            blocks.append([])
        if len(row) >= 2:
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if len(block) >= 2]


def _is_head(block: Sequence[Sequence[Cell]]) -> bool:
    """Whether the first row names columns: it has no bare numbers, and the rows below have some, or it has the most cells."""
    first, rest = block[0], block[1:]
    bare = [cell for cell in first if not re.search(r"[^\W\d_]", cell.text)]
    numbers = any(not re.search(r"[^\W\d_]", cell.text) for row in rest for cell in row)
    return not bare and (numbers or len(first) >= max(map(len, rest)))


def _edges(cells: Sequence[Cell]) -> list[tuple[float, float]]:
    return [(cell.box.x1, cell.box.x2) for cell in cells]


def _by_columns(row: Sequence[Cell], edges: Sequence[tuple[float, float]]) -> tuple[Span | None, ...]:
    """The cells of a row in the columns whose edges or middles they share."""
    found: list[Span | None] = [None] * len(edges)
    for cell in row:
        middle = cell.box.center.x
        away = [
            min(abs(cell.box.x1 - left), abs(cell.box.x2 - right), abs(middle - (left + right) / 2))
            for left, right in edges
        ]
        index = away.index(min(away))
        if found[index] is None:
            found[index] = cell.span.stripped(" ")
    return tuple(found)
