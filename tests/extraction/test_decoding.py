"""What a grammar forces costs no pass, and changes nothing: float32, against the same loop one token at a time."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer, StaticLayer

from extraction import local_model
from extraction.content import Turn
from extraction.decoding import DecodingLoop
from extraction.families import RELATIVE_1000
from extraction.grammar import Constraint
from extraction.images import Picture
from extraction.jobs import Answer, Job, Request
from extraction.loading import ModelKey
from extraction.local_model import TransformersBackend
from extraction.passes import _why_one_by_one
from extraction.prompts import model_schema
from extraction.sampling import Sampling
from extraction.schemas import Scene, json_schema_of

FLAT = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 8},
        "page_count": {"type": "integer"},
        "ok": {"type": "boolean"},
    },
    "required": ["title", "page_count", "ok"],
}
NESTED = {
    "type": "object",
    "properties": {
        "kind": {"const": "a rather long constant that is all forced"},
        "rows": {"type": "array", "items": FLAT, "minItems": 1, "maxItems": 2},
        "choice": {"enum": ["alpha", "alphabet", "beta"]},
    },
    "required": ["kind", "rows", "choice"],
}
CONSTANT = {"const": {"nothing": ["to", "choose"]}}
SCENE = model_schema(json_schema_of(Scene), RELATIVE_1000)
RED = Picture(Image.new("RGB", (60, 40), "red"))
LONG = "A question that is a good deal longer than the other one, so that prompts are padded."


def _request(schema: dict[str, Any] | None, text: str = "x", **options: Any) -> Request:
    constraint = None if schema is None else Constraint.of(schema)
    return Request((Turn("user", (RED, text)),), constraint=constraint, **{"max_tokens": 120, **options})


REQUESTS = [
    _request(FLAT),
    _request(NESTED, LONG),
    _request(SCENE, max_tokens=60),
    _request(CONSTANT, "?"),
    _request(None, LONG, max_tokens=30),
    _request(NESTED, sampling=Sampling(1.0, seed=3)),
    _request(FLAT, LONG, sampling=Sampling(0.8, top_p=0.9, seed=4)),
]


@pytest.fixture(scope="module", params=["tiny_llava", "tiny_qwen"])
def backend(request: pytest.FixtureRequest) -> TransformersBackend:
    return TransformersBackend(ModelKey(request.getfixturevalue(request.param), dtype="float32"))


@pytest.fixture(autouse=True)
def _no_batch_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An error behind the last answer of a batch would reach nobody."""
    failed: list[Exception] = []
    generate = TransformersBackend._generate

    def watched(self: TransformersBackend, batch: Sequence[Any]) -> None:
        try:
            generate(self, batch)
        except Exception as error:
            failed.append(error)
            raise

    monkeypatch.setattr(TransformersBackend, "_generate", watched)
    yield
    assert failed == []


def _run(backend: TransformersBackend, requests: Sequence[Request]) -> list[Answer]:
    jobs = [Job(request) for request in requests]
    backend.run(jobs)
    return [job.future.result(timeout=0) for job in jobs]


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch, backend: TransformersBackend) -> Any:
    def run(requests: Sequence[Request]) -> list[Answer]:
        with monkeypatch.context() as patch:
            patch.setattr(local_model, "DecodingLoop", functools.partial(DecodingLoop, force=False))
            return _run(backend, requests)

    return run


def test_answers_are_those_of_one_token_at_a_time(backend: TransformersBackend, one_by_one: Any) -> None:
    plain = one_by_one(REQUESTS)
    assert {answer.effort.one_by_one for answer in plain} == {"switched off"}
    assert {answer.effort.forced_tokens for answer in plain} == {0}
    alone = [_run(backend, [request])[0] for request in REQUESTS]
    together = _run(backend, REQUESTS)
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
    answers = _run(backend, [REQUESTS[1], same])
    assert len({answer.input_tokens for answer in answers}) == 1
    assert {answer.effort.one_by_one for answer in answers if answer.effort} == {None}
    assert answers == [_run(backend, [request])[0] for request in (REQUESTS[1], same)]


def test_an_answer_without_a_choice_asks_the_model_nothing(backend: TransformersBackend) -> None:
    (answer,) = _run(backend, [_request(CONSTANT)])
    assert answer.text == '{"nothing": ["to", "choose"]}'
    assert answer.finish_reason == "stop"
    assert answer.effort is not None
    assert answer.effort.passes == 0


def test_a_budget_ends_forced_text_where_it_ends_any_other(backend: TransformersBackend, one_by_one: Any) -> None:
    (whole,) = _run(backend, [REQUESTS[1]])
    cut = [replace(REQUESTS[1], max_tokens=tokens) for tokens in range(1, min(whole.output_tokens, 60))]
    expected = one_by_one(cut)
    assert [_run(backend, [request])[0] for request in cut] == expected
    assert _run(backend, cut[:6]) == expected[:6]
    assert {answer.finish_reason for answer in expected} == {"length"}


def test_a_stop_string_ends_forced_text(backend: TransformersBackend, one_by_one: Any) -> None:
    for stop in ("constant that", '"rows', "e_cou"):
        request = replace(REQUESTS[1], stop=(stop,))
        answers = _run(backend, [request, REQUESTS[0]])
        assert answers == one_by_one([request, REQUESTS[0]])
        assert answers[0].finish_reason == "stop"
        assert stop not in answers[0].text


def test_streamed_pieces_are_the_answer(backend: TransformersBackend) -> None:
    pieces: list[str] = []
    job = Job(REQUESTS[1], on_text=pieces.append)
    backend.run([job])
    assert "".join(pieces) == job.future.result(timeout=0).text


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
