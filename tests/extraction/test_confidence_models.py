"""Confidence of tiny models with random weights, against running the model on every answer that it could have given."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest
import torch
from langchain_core.messages import AIMessage, HumanMessage
from PIL import Image
from pydantic import BaseModel, Field

from extraction import ChatTransformers, extract, local_model
from extraction.batching import stack
from extraction.confidence import Confidence, confidence_of
from extraction.content import Turn
from extraction.decoding import DecodingLoop
from extraction.grammar import Constraint, build_grammar
from extraction.images import Picture
from extraction.jobs import Answer, Job, Request
from extraction.loading import ModelKey
from extraction.local_model import TransformersBackend
from extraction.rows import Row
from extraction.sampling import Sampling
from extraction.schemas import Box, json_schema_of

RED = Picture(Image.new("RGB", (60, 40), "red"))
COLORS = {"enum": ["red", "rose", "blue"]}
DIGITS = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "maxItems": 2}
FORM = {
    "type": "object",
    "properties": {"color": COLORS, "ok": {"type": "boolean"}, "n": {"type": "integer", "maximum": 99}, "list": DIGITS},
    "required": ["color", "ok", "n", "list"],
}
TEXTS = {"type": "array", "items": {"type": "string", "maxLength": 6}, "minItems": 2, "maxItems": 3}


@pytest.fixture(scope="module", params=["tiny_llava", "tiny_qwen"])
def backend(request: pytest.FixtureRequest) -> TransformersBackend:
    return TransformersBackend(ModelKey(request.getfixturevalue(request.param), dtype="float32"))


def _request(schema: dict[str, Any], text: str = "x", **options: Any) -> Request:
    return Request((Turn("user", (RED, text)),), constraint=Constraint.of(schema), **{"max_tokens": 150, **options})


def _run(backend: TransformersBackend, *requests: Request) -> list[Answer]:
    jobs = [Job(request) for request in requests]
    backend.run(jobs)
    return [job.future.result(timeout=0) for job in jobs]


def _tokens(
    backend: TransformersBackend, request: Request, monkeypatch: pytest.MonkeyPatch
) -> tuple[Answer, list[int]]:
    """An answer and its tokens."""
    rows: list[Row] = []

    class Watched(DecodingLoop):
        def __init__(self, given: Sequence[Row], **options: Any) -> None:
            rows.extend(given)
            super().__init__(given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(local_model, "DecodingLoop", Watched)
        (answer,) = _run(backend, request)
    return answer, rows[0].tokens


class Brute:
    """What a model gives to each next token of an answer, by running it on the whole of it."""

    def __init__(self, backend: TransformersBackend, request: Request) -> None:
        self.backend = backend
        self.inputs = stack([backend._encoded(request)], padding=backend._padding, side="left")
        assert request.constraint is not None
        self.grammar = build_grammar(request.constraint, backend.dialect())
        self.logits = functools.cache(self._logits)

    def _logits(self, answer: tuple[int, ...]) -> torch.Tensor:
        inputs = dict(self.inputs)
        length = inputs["input_ids"].shape[1]
        for name, value in self.inputs.items():
            if isinstance(value, torch.Tensor) and value.shape[-1:] == (length,) and value.dim() == 2:
                more = torch.tensor([answer], dtype=value.dtype) if name == "input_ids" else torch.ones(1, len(answer))
                fill = more if name == "input_ids" else (more if name == "attention_mask" else more * 0)
                inputs[name] = torch.cat([value, fill.to(value.dtype)], dim=-1)
        with torch.inference_mode():
            logits: torch.Tensor = self.backend._loaded()(**inputs).logits[0, -1].float()
        return logits

    def steps(self, answer: Sequence[int]) -> torch.Tensor:
        """Log-probabilities of all tokens behind ``answer``, normalised over what the grammar allows; -inf for others."""
        matcher = self.backend._grammars.matcher(self.grammar)
        for token in answer:
            matcher.accept(token)
        scores = self.logits(tuple(answer)).clone()
        matcher.mask(scores)
        return scores.log_softmax(-1)

    def complete(self, answer: Sequence[int]) -> bool:
        matcher = self.backend._grammars.matcher(self.grammar)
        for token in answer:
            matcher.accept(token)
        return matcher.complete

    def answers(self, begun: tuple[int, ...] = (), log: float = 0.0) -> Iterator[tuple[tuple[int, ...], float]]:
        """Every answer that the grammar allows, with its probability."""
        if self.complete(begun):
            yield begun, math.exp(log)
            return
        steps = self.steps(begun)
        for token in steps.isfinite().nonzero()[:, 0].tolist():
            yield from self.answers((*begun, token), log + float(steps[token]))


@pytest.mark.parametrize(
    "schema", [{"enum": ["red", "blue", "circle"]}, {"type": "boolean"}, {"enum": ["star", None, 7]}]
)
def test_a_choice_has_its_probability_among_all_choices_in_whichever_tokens(
    backend: TransformersBackend, schema: dict[str, Any]
) -> None:
    choices, _ = _choices(backend, _request(schema))
    assert len(choices) == len(schema.get("enum", "no"))
    seen = set()
    for seed in range(8):
        (answer,) = _run(backend, _request(schema, sampling=Sampling(3.0, seed=seed)))
        assert answer.trace is not None
        seen.add(answer.text)
        assert confidence_of(answer.text, answer.trace)[""] == pytest.approx(choices[answer.text], abs=2e-3)
    assert len(seen) > 1


def test_of_choices_that_begin_alike_only_tokens_in_doubt_are_left_out(backend: TransformersBackend) -> None:
    choices, doubtful = _choices(backend, _request(COLORS), doubtful="r")
    assert 0 < doubtful < 0.2
    for sampling in (Sampling(), *(Sampling(3.0, seed=seed) for seed in range(8))):
        (answer,) = _run(backend, _request(COLORS, sampling=sampling))
        assert answer.trace is not None
        told = confidence_of(answer.text, answer.trace)[""]
        assert told == pytest.approx(choices[answer.text], abs=doubtful + 2e-3)


def _choices(backend: TransformersBackend, request: Request, doubtful: str = "") -> tuple[dict[str, float], float]:
    """The probability of each text that the grammar allows, by running the model on every way to write it; and that of
    all ways that begin with a token whose text ends so."""
    decode = backend._decoder.decode
    choices: dict[str, float] = {}
    in_doubt = 0.0
    for tokens, share in Brute(backend, request).answers():
        text = decode(list(tokens))
        choices[text] = choices.get(text, 0.0) + share
        in_doubt += share if doubtful in [decode([token]) for token in tokens] else 0.0
    assert sum(choices.values()) == pytest.approx(1.0, abs=1e-4)
    return choices, in_doubt


def test_all_decisions_together_are_the_probability_of_the_answer(
    backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for schema, sampling in (
        (FORM, Sampling()),
        (TEXTS, Sampling(1.0, seed=2)),
        (DIGITS, Sampling(1.0, seed=6)),
        (TEXTS, Sampling(4.0, seed=1)),
    ):
        request = _request(schema, sampling=sampling)
        answer, tokens = _tokens(backend, request, monkeypatch)
        trace = answer.trace
        assert trace is not None
        brute = Brute(backend, request)
        log = sum(float(brute.steps(tokens[:index])[token]) for index, token in enumerate(tokens))
        assert sum(trace.chosen) == pytest.approx(log, abs=2e-3)
        assert all(log <= 0 for log in (*trace.chosen, *trace.allowed))
        assert list(trace.starts) == sorted(trace.starts)
        assert list(trace.ends) == sorted(trace.ends)
        assert trace.ends[-1] <= len(answer.text)


def test_pressure_is_what_the_grammar_removed(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    request = _request(COLORS)
    answer, tokens = _tokens(backend, request, monkeypatch)
    brute = Brute(backend, request)
    kept = 1.0
    for index in range(len(tokens)):
        allowed = brute.steps(tokens[:index]).isfinite()
        if allowed.sum() > 1:
            kept *= float(brute.logits(tuple(tokens[:index])).softmax(-1)[allowed].sum())
    assert answer.trace is not None
    found = confidence_of(answer.text, answer.trace).pressure
    assert found is not None
    assert found[""] == pytest.approx(1 - kept, abs=1e-4)


def _close(one: Answer, other: Answer) -> None:
    """Both have the same text, and the same trace but for rounding."""
    assert one == other
    first, second = one.trace, other.trace
    assert first is not None
    assert second is not None
    assert (first.starts, first.ends, first.wanted) == (second.starts, second.ends, second.wanted)
    assert list(first.chosen) == pytest.approx(list(second.chosen), abs=1e-3)
    assert list(first.allowed) == pytest.approx(list(second.allowed), abs=1e-3)
    assert first.rivals.keys() == second.rivals.keys()


def test_batches_and_single_steps_give_the_same(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [
        _request(FORM),
        _request(TEXTS, "a longer question than the others, so that prompts are padded"),
        _request(FORM, "?", sampling=Sampling(1.0, seed=3)),
        _request(DIGITS, sampling=Sampling(2.0, seed=5)),
    ]
    alone = [_run(backend, request)[0] for request in requests]
    for one, other in zip(alone, _run(backend, *requests), strict=True):
        _close(one, other)
    with monkeypatch.context() as patch:
        patch.setattr(local_model, "DecodingLoop", functools.partial(DecodingLoop, force=False))
        for one, other in zip(alone, _run(backend, *requests), strict=True):
            _close(one, other)


def test_a_full_list_is_asked_about_and_nothing_else_changes(backend: TransformersBackend) -> None:
    full = {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "maxItems": 2}
    asked = 0
    for seed in range(12):
        request = _request(full, sampling=Sampling(1.5, seed=seed))
        (answer,) = _run(backend, request)
        (plain,) = _run(backend, replace(request, confidence=False))
        assert answer == plain
        assert plain.trace is None
        trace = answer.trace
        assert trace is not None
        closing = len(answer.text) - 1
        if answer.text.count(",") == 1:
            asked += 1
            assert any(start <= closing < end for start, end in zip(trace.starts, trace.ends, strict=True))
            assert answer.effort is not None
            assert plain.effort is not None
            assert plain.effort.passes <= answer.effort.passes <= plain.effort.passes + 1
    assert asked > 2


class Thing(BaseModel):
    """A thing."""

    color: Literal["red", "rose", "blue"]
    box: Box


class Things(BaseModel):
    """Things."""

    things: list[Thing] = Field(min_length=1, max_length=2)
    good: bool


def _chat(folder: str, **options: Any) -> ChatTransformers:
    return ChatTransformers(model=folder, dtype="float32", family="relative-1000", prefix_cache_bytes=0, **options)


MESSAGE = [
    HumanMessage(
        [
            {"type": "image_url", "image_url": {"url": RED.to_data_uri()}},
            {"type": "text", "text": "Which things?"},
        ]
    )
]


def _told(message: Any) -> Any:
    return message.response_metadata["confidence"]


def _pointers(value: Any, path: str = "") -> set[str]:
    """Pointers of all leaves of a JSON value whose keys need no escapes."""
    if not isinstance(value, (dict, list)):
        return {path}
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return {pointer for key, part in parts for pointer in _pointers(part, f"{path}/{key}")}


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.0, "seed": 5}])
def test_streamed_and_whole_messages_tell_the_same(tiny: str, sampling: dict[str, Any]) -> None:
    schema = {"title": "Things", **json_schema_of(Things)}
    chat = _chat(tiny, **sampling).bind(response_format={"type": "json_schema", "json_schema": {"schema": schema}})
    whole = chat.invoke(MESSAGE)
    chunks = list(chat.stream(MESSAGE))
    assert all("confidence" not in chunk.response_metadata for chunk in chunks[:-1])
    assert _told(sum(chunks[1:], chunks[0])) == _told(whole)
    found = Confidence.from_json(_told(whole))
    assert found.leaves.keys() == _pointers(json.loads(whole.text))
    assert found.boxes.keys() == {f"/things/{index}/box" for index in range(len(json.loads(whole.text)["things"]))}
    assert all(0 <= share <= 1 for part in (found.leaves, found.boxes, found.items) for share in part.values())


def test_an_extraction_has_a_confidence_for_every_leaf_of_its_data(tiny: str) -> None:
    result = extract(_chat(tiny), RED, Things)
    assert result.confidence is not None
    assert result.confidence.leaves.keys() == _pointers(result.data)
    assert result.agreement is None
    assert extract(_chat(tiny, confidence=False), RED, Things).confidence is None


def test_tool_calls_are_told_one_by_one(tiny: str) -> None:
    chat = _chat(tiny, max_tokens=400).bind_tools([Thing, Things], tool_choice="any", parallel_tool_calls=True)
    several = 0
    for seed in range(10):
        message = chat.bind(temperature=2.0, seed=seed).invoke(MESSAGE)
        assert isinstance(message, AIMessage)
        calls = _told(message)["calls"]
        assert len(calls) == len(message.tool_calls)
        several += len(calls) > 1
        for told, call in zip(calls, message.tool_calls, strict=True):
            assert told["leaves"].keys() == _pointers(call["args"])
            assert all(0 <= share <= 1 for share in told["leaves"].values())
        streamed = list(chat.bind(temperature=2.0, seed=seed).stream(MESSAGE))
        assert _told(sum(streamed[1:], streamed[0]))["calls"] == calls
    assert several


def test_a_call_is_read_as_a_document_is(tiny: str) -> None:
    """The arguments of a forced call are decided about as a document of the same schema is, after another prompt."""
    answer = _chat(tiny).with_structured_output(Things, method="function_calling", include_raw=True).invoke(MESSAGE)
    (told,) = _told(answer["raw"])["calls"]
    assert told["leaves"].keys() == _pointers(answer["raw"].tool_calls[0]["args"])
    assert min(told["leaves"].values()) < 1.0
    assert told["pressure"][""] > 0


def test_free_text_has_no_leaves(tiny: str) -> None:
    assert "confidence" not in _chat(tiny, max_tokens=5).invoke(MESSAGE).response_metadata
