"""Cut answers: valid all the same, within their budget, honest about it, and gone on with from where they broke off."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from extraction.closing import LONGEST, shortest_text
from extraction.errors import GenerationError, OptionError
from extraction.grammar import Constraint, finite_schemas
from extraction.jobs import Answer, Job, Request
from extraction.local_model import TransformersBackend
from extraction.repeating import SHORTEST, Repetition
from extraction.sampling import Sampling
from extraction.tools import ToolDialect
from tests.extraction.decodes import CONSTANT, FLAT, LONG, NESTED, SCENE, asked, run, run_one_by_one, smallest_budget

pytestmark = pytest.mark.usefixtures("no_batch_fails")

INVOICE = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "minLength": 3, "maxLength": 12},
        "date": {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "paid": {"type": ["boolean", "null"]},
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "maxLength": 8},
                    "amount": {"type": "number", "minimum": 0, "maximum": 99999},
                    "unit": {"anyOf": [{"enum": ["piece", "kilogram"]}, {"type": "null"}]},
                },
                "required": ["text", "amount", "unit"],
            },
        },
    },
    "required": ["number", "date", "lines"],
}
WORDY = {
    "type": "object",
    "properties": {
        "first": {"type": "string", "minLength": 20, "maxLength": 60},
        "second": {"enum": [True, 0, 1, "x"]},
    },
    "required": ["first", "second"],
}
SCHEMAS = {"flat": FLAT, "nested": NESTED, "scene": SCENE, "invoice": INVOICE}


def _far(backend: TransformersBackend, request: Request, smallest: int) -> Answer:
    """The whole answer, or one that is a good deal longer than all that it is compared with."""
    budget = smallest + 60 if request.constraint == asked(SCENE).constraint else 3000
    return run(backend, [replace(request, max_tokens=budget)])[0]


def _is_honest(answer: Answer, far: Answer, schema: dict[str, Any], budget: int) -> None:
    jsonschema.validate(json.loads(answer.text), schema)
    assert answer.output_tokens <= budget
    if answer.finish_reason == "stop":
        assert answer == far
        return
    assert answer.finish_reason == "length"
    assert answer.cut is not None
    assert far.text[: None if far.cut is None else far.cut.written].startswith(answer.text[: answer.cut.written])
    assert answer.cut.written < len(answer.text)
    assert len(answer.cut.tokens) < answer.output_tokens


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("sampling", [Sampling(), Sampling(1.0, seed=5)], ids=["greedy", "sampled"])
def test_an_answer_is_valid_at_every_budget(backend: TransformersBackend, name: str, sampling: Sampling) -> None:
    schema = SCHEMAS[name]
    request = asked(schema, LONG, sampling=sampling)
    smallest = smallest_budget(backend, request)
    far = _far(backend, request, smallest)
    last = far.output_tokens if far.cut is None else smallest + 40
    budgets = range(smallest, last + 1, 3 if sampling.temperature else 1)
    requests = [replace(request, max_tokens=budget) for budget in budgets]
    answers = run(backend, requests)
    for budget, answer in zip(budgets, answers, strict=True):
        _is_honest(answer, far, schema, budget)
    some = slice(None, None, max(1, len(requests) // 4))
    assert run_one_by_one(backend, requests[some]) == answers[some]
    assert [run(backend, [one])[0] for one in requests[some]] == answers[some]


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(1.0, seed=5)], ids=["greedy", "sampled"])
def test_a_cut_answer_goes_on_where_it_broke_off(backend: TransformersBackend, sampling: Sampling) -> None:
    for request in (asked(WORDY, LONG, sampling=sampling), asked(None, "x", sampling=sampling)):
        seeded = replace(request, sampling=replace(sampling, seed=5), max_tokens=300 if request.constraint else 40)
        (whole,) = run(backend, [seeded])
        smallest = smallest_budget(backend, seeded) if request.constraint else 1
        cuts = range(smallest, min(whole.output_tokens, smallest + 40), 6)
        cut = run(backend, [replace(seeded, max_tokens=budget) for budget in cuts])
        begun = [answer.cut.tokens for answer in cut if answer.cut is not None]
        assert len(begun) >= 2
        on = [replace(seeded, begun=tokens) for tokens in begun]
        assert run(backend, on) == [whole] * len(on)
        assert [run(backend, [one])[0] for one in on[-2:]] == [whole] * 2
        assert run_one_by_one(backend, on[-2:]) == [whole] * 2
        (last,) = run(backend, on[-1:])
        assert last.effort is not None
        assert whole.effort is not None
        assert last.effort.passes <= whole.effort.passes - len(begun[-1]) + whole.effort.forced_tokens + 1
        assert last.effort.passes < whole.effort.passes


def test_what_was_begun_must_follow_the_grammar(backend: TransformersBackend) -> None:
    with pytest.raises(GenerationError, match="grammar"):
        run(backend, [asked(FLAT, begun=(5, 5, 5))])


@pytest.mark.parametrize("more", [{"minItems": 3000}, {"items": {"type": "string", "minLength": 60}, "minItems": 400}])
def test_a_schema_that_only_very_long_answers_fit_is_refused_up_front(
    backend: TransformersBackend, more: dict[str, Any]
) -> None:
    schema = {"type": "array", "items": {"enum": [True, False]}, **more}
    assert shortest_text((json.dumps(finite_schemas(Constraint.of(schema), ToolDialect())[0]),)) > LONGEST
    jobs = [Job(asked(schema, max_tokens=500)), Job(asked(FLAT, LONG))]
    backend.run(jobs)
    with pytest.raises(OptionError, match=r"max_tokens=500 is too small: .* takes more than 4097 tokens"):
        jobs[0].future.result(timeout=0)
    assert jobs[1].future.result(timeout=0) == run(backend, [asked(FLAT, LONG)])[0]


def test_an_answer_without_a_choice_has_one_budget(backend: TransformersBackend) -> None:
    (answer,) = run(backend, [asked(CONSTANT)])
    assert run(backend, [asked(CONSTANT, max_tokens=answer.output_tokens)]) == [answer]
    assert smallest_budget(backend, asked(CONSTANT)) == answer.output_tokens


def test_a_refused_budget_leaves_its_neighbours_alone(backend: TransformersBackend) -> None:
    jobs = [Job(asked(FLAT, max_tokens=2)), Job(asked(FLAT, LONG))]
    backend.run(jobs)
    with pytest.raises(OptionError):
        jobs[0].future.result(timeout=0)
    assert jobs[1].future.result(timeout=0) == run(backend, [asked(FLAT, LONG)])[0]


def test_circles_are_found_where_they_close() -> None:
    def found_at(tokens: Iterable[int], repeats: int) -> int | None:
        repetition = Repetition(repeats)
        for number, token in enumerate(tokens, 1):
            repetition.push(token)
            if repetition.found:
                return number
        return None

    piece = list(range(30))
    assert found_at(piece * 20, 6) == 30 * 7
    assert found_at([99, *piece * 20], 6) == 30 * 7 + 1
    assert found_at(piece * 7, 7) is None
    assert found_at([1, 2] * 500, 6) == SHORTEST
    assert found_at([7] * (SHORTEST - 1), 6) is None
    assert found_at([7] * SHORTEST, 6) == SHORTEST
    tail = [token for number in range(1000, 1050) for token in (*piece, number)]
    assert found_at(tail, 6) is None
    assert found_at(tail + piece * 9, 6) == len(tail) + 30 * 7
    box = [1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 2]
    assert found_at(box * 40, 6) == max(SHORTEST, 11 * 7)


def test_an_answer_in_circles_is_stopped(backend: TransformersBackend) -> None:
    zeros = {"type": "array", "items": {"enum": [0]}, "minItems": 300, "maxItems": 400}
    request = asked(zeros, max_tokens=1500, max_repeats=3)
    (answer,) = run(backend, [request])
    assert answer.finish_reason == "repetition"
    assert json.loads(answer.text) == [0] * 300
    assert answer.cut is not None
    assert SHORTEST <= len(answer.cut.tokens) < answer.output_tokens  # it had no choice before
    assert run_one_by_one(backend, [request]) == [answer]
    (unstopped,) = run(backend, [replace(request, max_repeats=None)])
    assert unstopped.finish_reason == "stop"


def test_a_stop_string_does_not_end_what_the_model_did_not_write(backend: TransformersBackend) -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "maxLength": 60},
            "b": {"type": ["null", "string"]},
            "c": {"type": "array"},
        },
        "required": ["a", "b", "c"],
    }
    for stop in ('"b"', "}", "null", "[]", ", "):
        request = asked(schema, stop=(stop,), sampling=Sampling(1.0, seed=2))
        for answer in run(
            backend, [replace(request, max_tokens=budget) for budget in range(smallest_budget(backend, request), 40, 3)]
        ):
            if answer.finish_reason == "length":
                assert list(json.loads(answer.text)) == ["a", "b", "c"]
                assert answer.cut is not None
                assert stop not in answer.text[: answer.cut.written]


@pytest.mark.parametrize("tokens", [(10**9,), (-1,), (2**70,)])
def test_tokens_that_are_none_are_refused(backend: TransformersBackend, tokens: tuple[int, ...]) -> None:
    placeholder = next(iter(backend._special.placeholders))
    for begun in (tokens, (placeholder,)):
        with pytest.raises(OptionError, match=f"continue_from holds {begun[0]}, which is no token of an answer"):
            run(backend, [asked(None, begun=begun)])
