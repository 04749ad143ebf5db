"""``benchmarks/word_scores.py`` counts what it says it counts."""

from __future__ import annotations

import pytest

from benchmarks.word_scores import WordScore, score_words
from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Box
from tests.documents import receipt


def page(*lines: tuple[str, float, float]) -> PageWords:
    """Lines of (text, left, top), their letters 10 wide and 20 high."""
    made = []
    for text, left, top in lines:
        words, x = [], left
        for word in text.split():
            words.append(Word(word, Box(x1=x, y1=top, x2=x + 10 * len(word), y2=top + 20)))
            x += 10 * len(word) + 10
        made.append(Line(tuple(words), Box(x1=left, y1=top, x2=x - 10, y2=top + 20)))
    return PageWords(tuple(made), (800, 800), "test")


TRUTH = page(("Total due", 0, 0), ("12.50", 300, 0), ("Cash -", 0, 30), ("20.00", 300, 30))


def test_the_truth_is_perfect() -> None:
    sample = receipt(5)
    score = score_words(sample.words, sample.words)
    told = (score.recall, score.loose_recall, score.precision, score.iou, score.order, score.line_share)
    assert told == pytest.approx((1, 1, 1, 1, 1, 1))
    assert score.words > 20


def test_nothing_read_finds_nothing() -> None:
    score = score_words(PageWords((), (800, 800), "test"), TRUTH)
    assert (score.words, score.found, score.alike, score.read, score.recall, score.precision) == (5, 0, 0, 0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (page(("TOTAL DUE:", 0, 0), ("12.50", 300, 0), ("Cash", 0, 30), ("20.00", 300, 30)), (5, 5, 5, 5, 4)),
        (page(("Totaldue", 0, 0), ("12.50", 300, 0), ("Cash", 0, 30), ("20.00", 300, 30)), (3, 5, 4, 4, 3)),
        (page(("Total due", 0, 0), ("12.56", 300, 0), ("Cash", 0, 30), ("20.00", 300, 30)), (4, 4, 5, 4, 3)),
        (page(("Total due", 0, 400), ("12.50", 300, 0), ("Cash", 0, 30), ("20.00", 300, 30)), (3, 3, 5, 3, 3)),
    ],
    ids=["case and punctuation", "run together", "one digit wrong", "elsewhere"],
)
def test_words_are_counted(read: PageWords, expected: tuple[int, ...]) -> None:
    score = score_words(read, TRUTH)
    assert (score.found, score.alike, score.read, score.real, score.whole) == expected


def test_order_and_lines() -> None:
    columns = page(("Total due", 0, 0), ("Cash", 0, 30), ("12.50", 300, 0), ("20.00", 300, 30))
    score = score_words(columns, TRUTH)
    assert (score.found, score.ordered, score.lines, score.whole) == (5, 4, 4, 4)
    split = page(("Total", 0, 0), ("due", 60, 0), ("12.50", 300, 0), ("Cash", 0, 30), ("20.00", 300, 30))
    assert (score_words(split, TRUTH).ordered, score_words(split, TRUTH).whole) == (5, 3)


def test_scores_add_up() -> None:
    one = score_words(TRUTH, TRUTH)
    assert one + WordScore() == one
    assert (one + one).words == 2 * one.words
    assert (one + one).iou == pytest.approx(1)
