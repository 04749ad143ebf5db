"""What a grammar forces costs no pass, and changes nothing: float32, against the same loop one token at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer, StaticLayer

from extraction.jobs import Job
from extraction.local_model import TransformersBackend
from extraction.passes import _why_one_by_one
from extraction.sampling import Sampling
from tests.extraction.decodes import CONSTANT, LONG, REQUESTS, asked, run, run_one_by_one

pytestmark = pytest.mark.usefixtures("no_batch_fails")


def test_answers_are_those_of_one_token_at_a_time(backend: TransformersBackend) -> None:
    plain = run_one_by_one(backend, REQUESTS)
    assert {answer.effort.one_by_one for answer in plain if answer.effort} == {"switched off"}
    assert {answer.effort.forced_tokens for answer in plain if answer.effort} == {0}
    alone = [run(backend, [request])[0] for request in REQUESTS]
    together = run(backend, REQUESTS)
    assert alone == together == plain
    for answer, slow in zip(alone[:4], plain[:4], strict=True):
        assert answer.effort is not None
        assert answer.effort.one_by_one is None
        assert answer.effort.forced_tokens > 5
        assert answer.effort.passes <= answer.output_tokens - answer.effort.forced_tokens
        assert slow.effort is not None
        assert answer.effort.passes < slow.effort.passes


def test_prompts_of_one_length_are_no_exception(backend: TransformersBackend) -> None:
    """``generate`` leaves the attention mask out where nothing is padded."""
    same = replace(REQUESTS[1], sampling=Sampling(1.0, seed=3))
    answers = run(backend, [REQUESTS[1], same])
    assert len({answer.input_tokens for answer in answers}) == 1
    assert {answer.effort.one_by_one for answer in answers if answer.effort} == {None}
    assert answers == [run(backend, [request])[0] for request in (REQUESTS[1], same)]


def test_an_answer_without_a_choice_asks_the_model_nothing(backend: TransformersBackend) -> None:
    (answer,) = run(backend, [asked(CONSTANT)])
    assert answer.text == '{"nothing": ["to", "choose"]}'
    assert answer.finish_reason == "stop"
    assert answer.effort is not None
    assert answer.effort.passes == 0


def test_a_budget_ends_free_text_where_it_ends_it_one_by_one(backend: TransformersBackend) -> None:
    cut = [asked(None, LONG, max_tokens=tokens) for tokens in range(1, 8)]
    expected = run_one_by_one(backend, cut)
    assert [run(backend, [request])[0] for request in cut] == expected
    assert run(backend, cut) == expected
    assert {answer.finish_reason for answer in expected} == {"length"}


def test_a_stop_string_ends_forced_text(backend: TransformersBackend) -> None:
    for stop in ("constant that", '"rows', "e_cou"):
        request = replace(REQUESTS[1], stop=(stop,))
        answers = run(backend, [request, REQUESTS[0]])
        assert answers == run_one_by_one(backend, [request, REQUESTS[0]])
        assert answers[0].finish_reason == "stop"
        assert stop not in answers[0].text


def test_streamed_pieces_are_the_answer(backend: TransformersBackend) -> None:
    for request in (replace(REQUESTS[1], max_tokens=3000), REQUESTS[2]):
        pieces: list[str] = []
        job = Job(request, on_text=pieces.append)
        backend.run([job])
        answer = job.future.result(timeout=0)
        written = None if answer.cut is None else answer.cut.written
        assert "".join(pieces) == answer.text[:written]


def test_what_cannot_go_on_by_several_tokens_is_named() -> None:
    def why(
        rows: int = 1, *, encoder_decoder: bool = False, layers: tuple[type, ...] = (DynamicLayer,), **more: Any
    ) -> str | None:
        cache = DynamicCache()
        cache.layers = [object.__new__(kind) for kind in layers]
        mask = torch.ones(rows, 3)
        kwargs = {"attention_mask": mask, "position_ids": mask, "past_key_values": cache, "use_cache": True, **more}
        return _why_one_by_one(kwargs, rows=rows, encoder_decoder=encoder_decoder)

    sliding = (DynamicLayer, DynamicSlidingWindowLayer)
    assert why() is why(2) is why(layers=sliding) is None
    assert why(encoder_decoder=True) == "encoder-decoder"
    assert why(use_cache=False) == "no cache"
    assert why(2, layers=sliding) == "a cache of DynamicSlidingWindowLayer"
    assert why(layers=(StaticLayer,)) == "a cache of StaticLayer"
    assert why(cross_attention_mask=1) == "inputs of its own: cross_attention_mask"
    assert why(2, position_ids=None) == "positions of its own"
    assert why(1, position_ids=None) is None
