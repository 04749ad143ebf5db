"""In what order the lines of a page are read, and which of them belong together: ``arrange``.

Columns of prose are read one after the other; the rows of a table or a form from left to right, whatever gaps are in
them, since a column of amounts without their labels says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from extraction.pages.rects import Rect

# In heights of a line.
_GUTTER = 1.0  # columns are at least as far apart
_SECTION = 1.0  # where a page is cut in two when it is no columns as a whole
_PARAGRAPH = 0.9  # lines of one block are at most as far apart
_LETTERS = 8.0  # a line of prose has as many letters on average
_HEADS = 3  # so many lines of one column may stand above the first of its neighbour
_OTHER_SIZE = 1.3  # a line that is so many times as high belongs to another block
_BESIDE = 0.3  # what two lines share at least to be side by side; a cell may stand beside the middle of two lines
_DEEPEST = 40  # nested columns and sections


@dataclass(frozen=True, slots=True)
class Piece:
    """A line to be put in order.

    Attributes:
        index: Which one it is.
        rect: Where it stands, upright.
        letters: How many letters it has.
    """

    index: int
    rect: Rect
    letters: int


def arrange(pieces: Sequence[Piece], *, depth: int = 0) -> list[list[Piece]]:
    """The lines as blocks, both in reading order.

    Args:
        pieces: The lines, in any order.
        depth: How often this has called itself.
    """
    bands = _bands(pieces)
    blocks: list[list[Piece]] = []
    rows: list[list[Piece]] = []
    place = 0
    while place < len(bands):
        end, columns = _side_by_side(bands, place)
        members = bands[place:end]
        cut = _widest_gap(members) if len(columns) > 1 else None
        if len(columns) > 1 and depth < _DEEPEST and all(map(_is_prose, columns)):
            blocks += _paragraphs(rows)
            rows = []
            for column in columns:
                blocks += arrange(column, depth=depth + 1)
        elif cut is not None and depth < _DEEPEST:
            blocks += _paragraphs(rows)
            rows = []
            for part in (members[:cut], members[cut:]):
                blocks += arrange([piece for band in part for piece in band], depth=depth + 1)
        else:
            rows += [row for band in members for row in _rows(band)]
        place = end
    return blocks + _paragraphs(rows)


def _bands(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Lines that stand beside one another, from top to bottom; staggered columns become one band."""
    bands: list[list[Piece]] = []
    reach = Rect(0, 0, 0, 0)
    for piece in sorted(pieces, key=lambda piece: (piece.rect.top + piece.rect.bottom, piece.rect.left)):
        if bands and reach.beside(piece.rect) > _BESIDE:
            bands[-1].append(piece)
            reach = Rect.union((reach, piece.rect))
        else:
            bands.append([piece])
            reach = piece.rect
    return bands


def _side_by_side(bands: Sequence[Sequence[Piece]], start: int) -> tuple[int, list[list[Piece]]]:
    """The end of the longest run of bands from ``start`` on that a gutter goes through, and the columns beside it."""
    members: list[Piece] = []
    spans: list[Rect] = []
    end, columns = start + 1, 1
    for place in range(start, len(bands)):
        band = bands[place]
        height = median(piece.rect.height for piece in band)
        spans = _merged([*spans, *(piece.rect for piece in band)], _GUTTER * height)
        if len(spans) > 1:
            end, columns = place + 1, len(spans)
        elif columns > 1 or place - start >= _HEADS:
            break
    members = [piece for band in bands[start:end] for piece in band]
    if columns == 1:
        return end, [members]
    gutter = _GUTTER * median(piece.rect.height for piece in members)
    spans = _merged([piece.rect for piece in members], gutter)
    found: list[list[Piece]] = [[] for _ in spans]
    for piece in members:
        middle = (piece.rect.left + piece.rect.right) / 2
        found[next(at for at, span in enumerate(spans) if middle <= span.right)].append(piece)
    return end, found


def _merged(rects: Iterable[Rect], gutter: float) -> list[Rect]:
    """What is covered from left to right, as spans that are at least ``gutter`` apart."""
    spans: list[Rect] = []
    for rect in sorted(rects, key=lambda rect: rect.left):
        if spans and rect.left - spans[-1].right < gutter:
            spans[-1] = Rect.union((spans[-1], rect))
        else:
            spans.append(rect)
    return spans


def _is_prose(column: Sequence[Piece]) -> bool:
    return len(column) > 1 and sum(piece.letters for piece in column) >= _LETTERS * len(column)


def _widest_gap(bands: Sequence[Sequence[Piece]]) -> int | None:
    """Before which band the widest gap is, where that is wide enough to cut the page there."""
    best: int | None = None
    widest = _SECTION * median(piece.rect.height for band in bands for piece in band)
    for place in range(1, len(bands)):
        above = max(piece.rect.bottom for piece in bands[place - 1])
        gap = min(piece.rect.top for piece in bands[place]) - above
        if gap > widest:
            best, widest = place, gap
    return best


def _rows(band: Sequence[Piece]) -> list[list[Piece]]:
    """A band as rows: one, from left to right, or the columns of a staggered one, each from top to bottom."""
    by_left = sorted(band, key=lambda piece: piece.rect.left)
    if all(one.rect.beside(other.rect) > 0.5 for one, other in pairwise(by_left)):
        return [by_left]
    rows: list[list[Piece]] = []
    for span in _merged([piece.rect for piece in band], 0.0):
        column = [piece for piece in band if span.left <= piece.rect.left and piece.rect.right <= span.right]
        rows += [[piece] for piece in sorted(column, key=lambda piece: piece.rect.top)]
    return rows


def _paragraphs(rows: Sequence[list[Piece]]) -> list[list[Piece]]:
    """Rows as blocks: a wide gap, another size of letters or a step back to the top begins a new one."""
    blocks: list[list[Piece]] = []
    before: Rect | None = None
    for row in rows:
        rect = Rect.union(piece.rect for piece in row)
        height = median(piece.rect.height for piece in row)
        if before is not None and _belongs(before, rect, height):
            blocks[-1] += row
        else:
            blocks.append(list(row))
        before = Rect(rect.left, rect.bottom - height, rect.right, rect.bottom)
    return blocks


def _belongs(above: Rect, rect: Rect, height: float) -> bool:
    gap = rect.top - above.bottom
    alike = max(height, above.height) <= _OTHER_SIZE * min(height, above.height)
    return alike and -height < gap <= _PARAGRAPH * height
