from __future__ import annotations

import numpy as np
import pytest

from extraction.ocr.ink import Ink, Span, false_blanks, find_ink, missed_blanks, word_spans


def strip(*inked: tuple[int, int], width: int = 100, dark: int = 0, light: int = 255) -> np.ndarray:
    """A strip 20 pixels high with ink in rows 5 to 15 of these columns."""
    pixels = np.full((20, width, 3), light, dtype=np.uint8)
    for left, right in inked:
        pixels[5:15, left:right] = dark
    return pixels


def ink_of(*inked: tuple[int, int]) -> Ink:
    found = find_ink(strip(*inked))
    assert found is not None
    return found


def test_ink_is_found_in_either_colour_and_faint() -> None:
    for dark, light in ((0, 255), (255, 0), (120, 200)):
        found = find_ink(strip((10, 30), (50, 90), dark=dark, light=light))
        assert found is not None
        assert np.flatnonzero(found.columns).tolist() == [*range(10, 30), *range(50, 90)]
        assert (found.top, found.bottom, found.height) == (0.25, 0.75, 10)


def test_an_empty_strip_and_noise_have_no_ink() -> None:
    assert find_ink(strip()) is None
    noise = np.random.default_rng(0).integers(236, 255, (20, 100, 3)).astype(np.uint8)
    assert find_ink(noise) is None


def test_rules_below_and_beside_the_text_are_no_ink() -> None:
    pixels = strip((10, 40), (60, 90))
    pixels[17:19] = 0
    pixels[19:, 95:97] = 0  # a cell's border that goes on below
    pixels[:, 2:4] = 0
    found = find_ink(pixels)
    assert found is not None
    assert found.columns.sum() == 60
    assert found.bottom == 0.75


def test_a_rule_that_runs_aslant_is_no_ink_either() -> None:
    pixels = strip((10, 40), (60, 90))
    pixels[0, :80] = 0
    pixels[1, 75:] = 0
    pixels[2, 90:] = 0
    found = find_ink(pixels)
    assert found is not None
    assert (found.top, found.bottom, found.columns.sum()) == (0.25, 0.75, 60)


def test_words_begin_and_end_at_their_ink() -> None:
    spans = word_spans([[0.14, 0.2, 0.26], [0.55, 0.85]], ink_of((10, 30), (50, 90)))
    assert spans == [Span(0.1, 0.3), Span(0.5, 0.9)]


def test_the_widest_gap_between_two_words_is_theirs() -> None:
    # Letters at 10-20, 22-32 and 40-60: the narrow gap is inside of the first word.
    spans = word_spans([[0.15, 0.27], [0.5]], ink_of((10, 20), (22, 32), (40, 60)))
    assert spans == [Span(0.1, 0.32), Span(0.4, 0.6)]


def test_without_ink_words_are_cut_by_their_characters() -> None:
    spans = word_spans([[0.1, 0.2, 0.3], [0.5, 0.6]], None)
    assert [(round(one.left, 3), round(one.right, 3)) for one in spans] == [(0.05, 0.35), (0.45, 0.65)]
    touching = word_spans([[0.1, 0.4], [0.45, 0.75]], None)
    assert touching[0].right == touching[1].left == pytest.approx(0.425)


def test_ink_that_runs_through_leaves_the_characters_cut() -> None:
    spans = word_spans([[0.1, 0.2, 0.3], [0.5, 0.6]], ink_of((5, 65)))
    assert (spans[0].left, spans[1].right) == (0.05, 0.65)
    assert spans[0].right <= spans[1].left


def test_a_blank_half_as_wide_as_the_others_is_none() -> None:
    spans = [Span(at / 10, at / 10 + 0.06) for at in range(5)]
    spans[2] = Span(0.175, 0.26)
    texts = ["of", "depart", "ment", "and", "control"]
    assert false_blanks(texts, spans) == [False, True, False, False]
    assert false_blanks(["of", "12", "345", "and", "more"], spans) == [False] * 4
    assert false_blanks(texts[:3], spans[:3]) == [False, False]


def test_a_wide_gap_inside_of_a_word_is_a_blank() -> None:
    letters = [(start, start + 4) for start in (0, 6, 12, 18, 40, 46, 52)]
    centres = [(left + 2) / 100 for left, _ in letters]
    assert missed_blanks(centres, ink_of(*letters)) == [3]
    even = [(start, start + 4) for start in range(0, 70, 10)]
    assert missed_blanks([(left + 2) / 100 for left, _ in even], ink_of(*even)) == []
    assert missed_blanks(centres, None) == []
