from __future__ import annotations

from typing import Any

import pytest

from extraction.pocket.leaves import leaf_count, leaf_score

BOX = [100, 100, 300, 300]
ROW = {"label": "star", "box": BOX}


@pytest.mark.parametrize(
    ("value", "count"),
    [(3, 1), (None, 1), ("a", 1), ([], 1), ({}, 1), (BOX, 1), ([5, 10], 1), ([BOX, BOX], 2), ([ROW, ROW, 1], 5)],
)
def test_leaves_are_counted(value: Any, count: int) -> None:
    assert leaf_count(value) == count
    assert leaf_score(value, value) == (count, count)


@pytest.mark.parametrize(
    ("said", "true", "score"),
    [
        (2, 3, (0, 1)),
        (True, 1, (0, 1)),
        (None, "star", (0, 1)),
        ("star", None, (0, 1)),
        (ROW, None, (0, 2)),
        (None, ROW, (0, 2)),
        ([], [ROW], (0, 2)),
        ([ROW], [], (0, 2)),
        ({"a": 1}, {"a": 1, "b": 2}, (1, 2)),
        ({"a": 1, "c": [1, 2, 3]}, {"a": 1}, (1, 4)),
        ([100, 100, 300, 290], BOX, (1, 1)),
        ([100, 100, 300, 190], BOX, (0, 1)),
        ([300, 300, 100, 100], BOX, (0, 1)),
        ([100, 100], BOX, (0, 1)),
        ([139, 60], [100, 100], (1, 1)),
        ([141, 100], [100, 100], (0, 1)),
        ([BOX], BOX, (0, 1)),
    ],
)
def test_wrong_missing_and_invented_leaves(said: Any, true: Any, score: tuple[int, int]) -> None:
    assert leaf_score(said, true) == score


def test_a_missing_item_does_not_spoil_those_behind_it() -> None:
    true = ["star", "ring", "heart", "cross"]
    assert leaf_score(["star", "heart", "cross"], true) == (3, 4)
    assert leaf_score(["star", "ring", "ring", "heart", "cross"], true) == (4, 5)
    assert leaf_score(["cross", "heart", "ring", "star"], true)[0] < 4  # the order counts


def test_rows_pair_where_most_agrees() -> None:
    other = {"label": "ring", "box": [500, 500, 600, 600]}
    assert leaf_score([other], [ROW, other]) == (2, 4)
    assert leaf_score([{"label": "heart", "box": BOX}, other], [ROW, other]) == (3, 4)


def test_texts_are_compared_as_the_caller_says() -> None:
    assert leaf_score({"text": "B"}, {"text": "b"}, lambda said, true: said.lower() == true) == (1, 1)
    assert leaf_score({"text": "B"}, {"text": "b"}) == (0, 1)
