"""Reading order: columns one after the other, the rows of tables and of labels with values from left to right.

A recursive XY-cut (Nagy and Seth, 1984) with one question more. A gap that runs down between two parts of a page
separates columns of text, which are read one after the other, or the cells of rows, which are read across. They are
rows where the parts stand side by side line for line, unless both are running text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import TypeAlias

from extraction.ocr.layout import Placed, flattened, is_turned, join_pieces, placed, split_at_columns, text_angle
from extraction.pages.words import Line

_RIVER = 0.8
"""The least width of a gap between columns, in median heights of a line."""

_ALIGNED = 0.6
"""The share of lines with a neighbour in their row from which on two parts stand side by side line for line."""

_PROSE_CHARACTERS = 20
_PROSE_FILL = 0.6
"""Running text has lines of at least so many characters, which fill so much of their column: medians."""

_BREAK = 1.5
"""A gap of so many heights between lines ends a table, and the columns of text above it."""

_BLOCK_GAP = (0.9, 2.0)
_BLOCK_SPACING = 1.5
_BLOCK_HEIGHTS = 2.0
"""Within a block lines follow each other at most this many times as far apart as most lines of the page do, counted as
at least and at most so many heights, and their heights differ by at most this factor."""

_Gap: TypeAlias = tuple[float, float]


def in_reading_order(lines: Sequence[Line], angle: float | None = None) -> tuple[Line, ...]:
    """Lines in the order in which they are read, with the numbers of their blocks.

    Lines that reach across a gap between columns are split there, pieces of one line are put together, and lines that
    run in another direction than the rest come last.

    Args:
        lines: At least one word each; their own order and blocks do not count.
        angle: By how many degrees the text stands turned clockwise; by default as ``text_angle`` finds it.
    """
    if angle is None:
        angle = text_angle(lines)
    along = [line for line in lines if not is_turned(line, angle)]
    across = [line for line in lines if is_turned(line, angle)]
    pieces = [placed(part, angle) for line in along for part in split_at_columns(line, angle)]
    rows = _ordered(flattened(pieces, angle))
    read = [placed(line, angle) for row in rows for line in join_pieces(row)]
    numbered = _numbered(flattened(read, angle))
    first = numbered[-1].block + 1 if numbered else 0
    turned = sorted(across, key=lambda line: (line.box.x1, line.box.y1))
    return (*numbered, *(replace(line, block=first + index) for index, line in enumerate(turned)))


def _ordered(pieces: Sequence[Placed]) -> list[list[Placed]]:
    """The rows of a part of the page, in reading order."""
    if len(pieces) < 2:
        return [list(pieces)] if pieces else []
    height = median(piece.height for piece in pieces)
    rivers = [gap for gap in _inner_gaps(pieces) if gap[1] - gap[0] >= _RIVER * height]
    if columns := _column_gaps(pieces, rivers):
        return [row for part in _split_at(pieces, columns) for row in _ordered(part)]
    bands = _bands(pieces)
    if len(bands) == 1:
        return _rows(pieces)
    groups = _groups(bands, _RIVER * height)
    if len(groups) > 1:
        return [row for group in groups for row in _ordered(group)]
    if rivers:
        gaps = [_top(below) - _bottom(above) for above, below in pairwise(bands)]
        widest = max(range(len(gaps)), key=lambda index: gaps[index])
        if gaps[widest] >= _BREAK * height:
            halves = bands[: widest + 1], bands[widest + 1 :]
            return [row for half in halves for row in _ordered([piece for band in half for piece in band])]
    return _rows(pieces)


def _inner_gaps(pieces: Sequence[Placed]) -> list[_Gap]:
    """The ranges of x between pieces in which there is nothing, from left to right."""
    gaps: list[_Gap] = []
    reached = None
    for piece in sorted(pieces, key=lambda one: one.x1):
        if reached is not None and piece.x1 > reached:
            gaps.append((reached, piece.x1))
        reached = piece.x2 if reached is None else max(reached, piece.x2)
    return gaps


def _split_at(pieces: Sequence[Placed], gaps: Sequence[_Gap]) -> list[list[Placed]]:
    parts: list[list[Placed]] = [[] for _ in range(len(gaps) + 1)]
    for piece in pieces:
        parts[sum(piece.x1 >= right for _, right in gaps)].append(piece)
    return parts


def _column_gaps(pieces: Sequence[Placed], rivers: Sequence[_Gap]) -> list[_Gap]:
    """Those of the gaps on whose sides text is read as columns of their own."""
    strips = _split_at(pieces, rivers)
    found = []
    for index, river in enumerate(rivers, 1):
        fewer, more = sorted(map(_rows, _split_at(pieces, [river])), key=len)
        if len(fewer) < 2:
            continue
        aligned = _aligned(fewer, more)
        # The nearest strips that are more than one stray line, such as a page's number between its columns.
        left = next((strip for strip in reversed(strips[:index]) if len(strip) > 1), [])
        right = next((strip for strip in strips[index:] if len(strip) > 1), [])
        if aligned < _ALIGNED or (_is_prose(left) and _is_prose(right)):
            found.append(river)
    return found


def _aligned(fewer: Sequence[list[Placed]], more: Sequence[list[Placed]]) -> float:
    """The share of some rows that have a neighbour among others."""
    edges = [(_top(row), _bottom(row)) for row in more]
    found = 0
    for row in fewer:
        top, bottom = _top(row), _bottom(row)
        near = (other for other, (above, below) in zip(more, edges, strict=True) if above < bottom and top < below)
        found += any(one.shares_row(two) for other in near for one in row for two in other)
    return found / len(fewer)


def _is_prose(pieces: Sequence[Placed]) -> bool:
    if not pieces:
        return False
    width = max(piece.x2 for piece in pieces) - min(piece.x1 for piece in pieces)
    characters = median(len(piece.line.text) for piece in pieces)
    return characters >= _PROSE_CHARACTERS and median(piece.x2 - piece.x1 for piece in pieces) >= _PROSE_FILL * width


def _bands(pieces: Sequence[Placed]) -> list[list[Placed]]:
    """The pieces between gaps that run across the whole part, from top to bottom."""
    bands: list[list[Placed]] = []
    reached = 0.0
    for piece in sorted(pieces, key=lambda one: one.y1):
        slack = 0.2 * piece.height  # the boxes of close lines overlap a little
        if bands and piece.y1 + slack < reached:
            bands[-1].append(piece)
            reached = max(reached, piece.y2)
        else:
            bands.append([piece])
            reached = piece.y2
    return bands


def _groups(bands: Sequence[list[Placed]], least: float) -> list[list[Placed]]:
    """Bands that follow each other and have a gap between columns in common, as many as possible; others are alone."""
    left = min(piece.x1 for band in bands for piece in band)
    right = max(piece.x2 for band in bands for piece in band)
    groups: list[list[Placed]] = []
    index = 0
    while index < len(bands):
        # The room beside a band counts as well, for a column that begins further down.
        gaps = _without([(left, right)], bands[index], least)
        end = index + 1
        while end < len(bands) and (shared := _without(gaps, bands[end], least)):
            gaps, end = shared, end + 1
        group = [piece for band in bands[index:end] for piece in band]
        if not any(_is_between(gap, group) for gap in gaps):
            group, end = list(bands[index]), index + 1
        groups.append(group)
        index = end
    return groups


def _is_between(gap: _Gap, pieces: Sequence[Placed]) -> bool:
    """Whether there are pieces on both sides of a gap, and not only the margin."""
    return any(piece.x2 <= gap[0] for piece in pieces) and any(piece.x1 >= gap[1] for piece in pieces)


def _without(gaps: Sequence[_Gap], pieces: Sequence[Placed], least: float) -> list[_Gap]:
    """What is left of gaps where pieces take their room, if it is at least ``least`` wide."""
    for piece in pieces:
        cut = [(a, min(b, piece.x1)) for a, b in gaps] + [(max(a, piece.x2), b) for a, b in gaps]
        gaps = sorted({(a, b) for a, b in cut if b - a >= least})
    return list(gaps)


def _rows(pieces: Sequence[Placed]) -> list[list[Placed]]:
    """The rows of a part that is read across, from top to bottom."""
    rows: list[list[Placed]] = []
    for piece in sorted(pieces, key=lambda one: (one.y1 + one.y2) / 2):
        for row in reversed(rows[-3:]):  # tall and low pieces of one row have their middles apart
            if all(piece.shares_row(other) for other in row):
                row.append(piece)
                break
        else:
            rows.append([piece])
    return rows


def _numbered(read: Sequence[Placed]) -> list[Line]:
    """The lines with their blocks: a new one begins where the next line stands elsewhere, further off, or is larger."""
    rows: list[list[Placed]] = []
    for piece in read:
        if rows and rows[-1][-1].shares_row(piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    steps = [_step(row, below[0]) for row, below in pairwise(rows)]
    spacing = median([step for step in steps if step > 0] or [0.0])
    numbered: list[Line] = []
    block = 0
    for index, row in enumerate(rows):
        block += bool(index) and not _follows(rows[index - 1], row[0], spacing)
        numbered += [replace(piece.line, block=block) for piece in row]
    return numbered


def _step(row: Sequence[Placed], piece: Placed) -> float:
    """The white space between a row and a line below it, in pixels; negative where that is not below."""
    return piece.y1 - _bottom(row)


def _follows(row: Sequence[Placed], piece: Placed, spacing: float) -> bool:
    """Whether a line goes on with the block that ends with a row."""
    above = [one for one in row if min(one.x2, piece.x2) > max(one.x1, piece.x1)]
    if not above:
        return False
    low, high = sorted((median(one.height for one in above), piece.height))
    least, most = (share * high for share in _BLOCK_GAP)
    return -high < _step(row, piece) < min(most, max(least, _BLOCK_SPACING * spacing)) and high <= _BLOCK_HEIGHTS * low


def _top(pieces: Sequence[Placed]) -> float:
    return min(piece.y1 for piece in pieces)


def _bottom(pieces: Sequence[Placed]) -> float:
    return max(piece.y2 for piece in pieces)
