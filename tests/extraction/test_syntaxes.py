"""Every native syntax: its golden answers, whole and cut at every character, and what no answer may do."""

from __future__ import annotations

import ast
import random
import re
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from extraction.errors import OptionError
from extraction.marks import Mark
from extraction.syntaxes import SYNTAXES, NativeAnswer, parse_native
from tests.extraction.golden_syntaxes import GOLDENS, Golden, box, point


def named(golden: Golden) -> str:
    return f"{golden.syntax}-{golden.text[:24]}"


def without_spans(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    return tuple(replace(mark, span=(0, 0)) for mark in marks)


def marks_of(text: str, *syntaxes: str, ended: bool = True) -> tuple[Mark, ...]:
    return without_spans(parse_native(text, syntaxes, ended=ended).marks)


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_whole_answers(golden: Golden) -> None:
    answer = parse_native(golden.text, [golden.syntax])
    assert without_spans(answer.marks) == golden.marks
    assert (answer.rest, answer.cut, answer.outcome) == (golden.rest, False, "found")
    assert (answer.count, answer.syntax) == (golden.count, golden.syntax)


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_answers_cut_at_every_character(golden: Golden) -> None:
    position = 0
    complete: tuple[Mark, ...] = ()
    for piece in golden.pieces:
        for end in range(position + 1, position + len(piece.text) + 1):
            whole = end == position + len(piece.text)
            answer = parse_native(golden.text[:end], [golden.syntax], ended=False)
            expected = complete + (piece.marks if whole else ())
            assert without_spans(answer.marks) == expected, golden.text[:end]
            if "<think>" not in piece.text:
                assert answer.cut == (piece.open if whole else piece.inside), golden.text[:end]
        position += len(piece.text)
        complete += piece.marks


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_what_is_final_in_a_beginning_stays_as_it_is(golden: Golden) -> None:
    """Spans and all: who shows marks while they come need not take one back."""
    marks = parse_native(golden.text, [golden.syntax]).marks
    for end in range(len(golden.text)):
        begun = parse_native(golden.text[:end], [golden.syntax], ended=False).marks
        assert begun == marks[: len(begun)]


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_spans_hold_the_numbers(golden: Golden) -> None:
    end = 0
    for mark in parse_native(golden.text, [golden.syntax]).marks:
        written = golden.text[slice(*mark.span)]
        told = [float(number) for number in re.findall(r"-?\d*\.?\d+", written)]
        assert all(float(number) in told for number in mark.numbers)
        assert mark.span[1] >= end or golden.syntax == "doctags"
        end = mark.span[1]


@pytest.mark.parametrize("golden", GOLDENS, ids=named)
def test_tokens_and_thinking_around_an_answer_do_not_count(golden: Golden) -> None:
    if golden.syntax.startswith("florence2"):
        pytest.skip("its own tokens stand around it")
    text = f"<think>At [1, 2, 3, 4] or {golden.text}?</think>\n\n{golden.text}<|im_end|>\n"
    answer = parse_native(text, [golden.syntax], ended=False)
    assert without_spans(answer.marks) == golden.marks
    assert answer.rest == golden.rest
    for mark, alone in zip(answer.marks, parse_native(golden.text, [golden.syntax]).marks, strict=True):
        assert text[slice(*mark.span)] == golden.text[slice(*alone.span)]
