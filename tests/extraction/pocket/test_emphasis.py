from __future__ import annotations

import json
import random

import pytest

from extraction.pocket.emphasis import FACT, LIST, PLACE, SYNTAX, TEXT, emphasis
from extraction.pocket.tasks import random_task
from tests.extraction.pocket.random_views import VIEWS


def weights_of(answer: str, part: str) -> set[float]:
    start = answer.index(part)
    return set(emphasis(answer)[start : start + len(part)])


def test_facts_count_most_and_the_numbers_of_places_least() -> None:
    answer = json.dumps(
        {"things": [{"label": "red star", "box": [1, 20, 300, 1000]}, {"at": [5, 6]}], "n": 3, "ok": True, "no": None}
    )
    assert weights_of(answer, "[1, 20, 300, 1000]") == weights_of(answer, "[5, 6]") == {PLACE}
    assert weights_of(answer, '"red star"') == {TEXT}
    for fact in ("3", "true", "null"):
        assert emphasis(answer)[answer.index(f": {fact}") + 2] == FACT
    assert emphasis(answer)[answer.index("}, {") + 1] == LIST
    assert emphasis(answer)[answer.index('], "n"')] == LIST
    assert weights_of(answer, '"things": ') == {SYNTAX}
    assert PLACE < SYNTAX < TEXT < LIST < FACT


@pytest.mark.parametrize("answer", ["3", "true", "yes", "A red star.", "", "{", '{"n":3}', "[1, 2] and more of it"])
def test_what_is_not_a_form_counts_evenly(answer: str) -> None:
    expected = 2 if answer.startswith("[1") else 1
    assert len(set(emphasis(answer))) <= expected
    assert len(emphasis(answer)) == len(answer)


def test_an_empty_list_is_a_decision_too() -> None:
    assert weights_of('{"red": []}', "[]") == {LIST}


def test_every_task_has_a_weight_for_each_character_and_calls_are_weighed_inside() -> None:
    rng = random.Random(0)
    for view in VIEWS:
        answer = random_task(view, rng).answer
        weights = emphasis(answer)
        assert len(weights) == len(answer)
        if answer.startswith("<tool_call>"):
            assert set(weights[: len('<tool_call>{"name": ')]) == {SYNTAX}
            assert set(weights[-len("</tool_call>") :]) == {SYNTAX}
        if '": true' in answer:
            assert weights_of(answer, ": true") == {SYNTAX, FACT}
