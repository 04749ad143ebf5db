from __future__ import annotations

import random

from extraction.pages.reading_order import Piece, arrange
from extraction.pages.rects import Rect


def _page(drawn: str) -> list[Piece]:
    """Lines from a drawing: each word is one, letters count as letters, a row is 10 high and a column 5 wide."""
    pieces = []
    for row, line in enumerate(drawn.strip("\n").splitlines()):
        start = 0
        for word in line.split("  "):
            name = word.strip()
            if name:
                left = line.index(name, start)
                rect = Rect(left * 5, row * 12, (left + len(name)) * 5, row * 12 + 10)
                pieces.append(Piece(int(name.strip("-")), rect, letters=name.count("-") * 4))
            start += len(word) + 2
    return pieces


def _order(drawn: str) -> list[list[int]]:
    """The numbers of the lines, by blocks, whatever order they came in."""
    pieces = _page(drawn)
    found = [[piece.index for piece in block] for block in arrange(pieces)]
    for seed in range(3):
        random.Random(seed).shuffle(pieces)
        assert [[piece.index for piece in block] for block in arrange(pieces)] == found
    return found


def test_one_column() -> None:
    assert _order("1-----\n2---\n3------\n\n4----\n5---") == [[1, 2, 3], [4, 5]]
    assert arrange([]) == []


def test_prose_in_columns() -> None:
    assert _order("1------    4-----\n2-----     5------\n3----      6-----") == [[1, 2, 3], [4, 5, 6]]


def test_columns_between_lines_of_full_width() -> None:
    drawn = """
1----------------
2-----    4-----
3-----    5-----
6----------------
"""
    assert _order(drawn) == [[1], [2, 3], [4, 5], [6]]


def test_the_gaps_between_paragraphs_do_not_cut_columns() -> None:
    drawn = """
1-----    5-----
2-----    6-----

3-----    7-----
4-----    8-----
"""
    assert _order(drawn) == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_columns_of_different_length_and_beginning() -> None:
    drawn = """
          4-----
1-----    5-----
2-----    6-----
3-----
          7-----
"""
    assert [1, 2, 3] in _order(drawn)
    assert [number for block in _order(drawn) for number in block] == [1, 2, 3, 4, 5, 6, 7]


def test_tables_are_read_by_rows() -> None:
    assert _order("1----    2   3\n4----    5   6\n7---     8   9") == [[1, 2, 3, 4, 5, 6, 7, 8, 9]]


def test_a_table_below_an_address() -> None:
    drawn = """
1----        3-   4
2----        5-   6


7----        8    9
"""
    assert _order(drawn) == [[1, 3, 4, 2, 5, 6], [7, 8, 9]]


def test_a_cell_of_several_lines_stays_together() -> None:
    tall = Piece(1, Rect(0, 0, 100, 10), 20), Piece(2, Rect(0, 12, 100, 22), 20)
    beside = Piece(3, Rect(200, 6, 240, 16), 0)
    assert [[piece.index for piece in block] for block in arrange([beside, *tall])] == [[1, 2], [3]]


def test_letters_of_another_size_begin_a_block() -> None:
    head, body = Piece(1, Rect(0, 0, 100, 20), 10), Piece(2, Rect(0, 22, 100, 32), 10)
    assert arrange([body, head]) == [[head], [body]]


def test_every_line_is_there_once_however_they_lie() -> None:
    for seed in range(60):
        chance = random.Random(seed)
        pieces = []
        for index in range(chance.randrange(1, 120)):
            left, top = chance.uniform(0, 500), chance.uniform(0, 700)
            size = chance.choice((0.0, 5.0, 10.0, 30.0))
            pieces.append(
                Piece(index, Rect(left, top, left + chance.uniform(0, 300), top + size), chance.randrange(40))
            )
        found = [piece.index for block in arrange(pieces) for piece in block]
        assert sorted(found) == list(range(len(pieces)))
