from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from extraction import batching
from extraction.batching import batch_cost, groups, signature, stack
from extraction.content import Turn
from extraction.errors import ContextLengthError, GenerationError, MessageError, ModelLoadError, SchemaError
from extraction.grammar import Constraint
from extraction.images import Picture
from extraction.jobs import Answer, Job, Request
from extraction.layout import Layout
from extraction.loading import Checkpoint, ModelKey
from extraction.local_model import TransformersBackend
from extraction.memory import SHARE, Footprint, Limit
from extraction.sampling import Sampling
from tests.extraction.decodes import smallest_budget
from tests.tiny_models import build_llava

RED, TALL, WIDE = (
    Picture(Image.radial_gradient("L").resize(size).convert("RGB")) for size in ((60, 40), (33, 90), (120, 30))
)
SHAPE = {
    "type": "object",
    "properties": {
        "label": {"enum": ["circle", "square"]},
        "n": {"type": "integer"},
        "box": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0, "maximum": 1000},
            "minItems": 4,
            "maxItems": 4,
        },
    },
    "required": ["label", "n", "box"],
}


def _request(*parts: str | Picture, **options: Any) -> Request:
    return Request((Turn("user", parts),), **{"max_tokens": 24, **options})


REQUESTS = [
    _request(RED, "What is in this picture?"),
    _request(TALL, "Describe the image. A small red circle and a large blue square.", max_tokens=40),
    _request(RED, WIDE, "Answer with JSON only.", constraint=Constraint.of(SHAPE), max_tokens=200),
    _request("no picture at all"),
    _request(WIDE, "x", sampling=Sampling(1.0, seed=5)),
    _request(
        TALL, "y", sampling=Sampling(0.7, top_p=0.9, top_k=50, seed=6), constraint=Constraint.of(SHAPE), max_tokens=200
    ),
    _request(RED, "What is in this picture?", stop=("s", "\n")),
]


@pytest.fixture(scope="module")
def llava(tiny_llava: str) -> TransformersBackend:
    return TransformersBackend(ModelKey(tiny_llava, dtype="float32"))


@pytest.fixture(scope="module")
def qwen(tiny_qwen: str) -> TransformersBackend:
    return TransformersBackend(ModelKey(tiny_qwen, dtype="float32"))


@pytest.fixture(params=["llava", "qwen"])
def backend(request: pytest.FixtureRequest) -> TransformersBackend:
    found: TransformersBackend = request.getfixturevalue(request.param)
    return found


def _run(backend: TransformersBackend, requests: Sequence[Request]) -> list[Answer]:
    jobs = [Job(request) for request in requests]
    backend.run(jobs)
    return [job.future.result(timeout=0) for job in jobs]


def test_a_batch_says_what_each_would_say_alone(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    generate = TransformersBackend._generate

    def counting(self: TransformersBackend, batch: Sequence[Any]) -> None:
        sizes.append(len(batch))
        generate(self, batch)

    monkeypatch.setattr(TransformersBackend, "_generate", counting)
    together = _run(backend, REQUESTS)
    assert sorted(sizes) == [1, 6]  # the one without a picture has other inputs
    alone = [_run(backend, [request])[0] for request in REQUESTS]
    assert together == alone
    assert len({answer.text for answer in together}) >= len(REQUESTS) - 1


def test_the_picture_changes_the_answer(backend: TransformersBackend) -> None:
    answers = _run(backend, [_request(Picture(Image.new("RGB", (64, 64), color)), "x") for color in ("red", "blue")])
    assert answers[0].text != answers[1].text


def test_an_answer_says_how_long_it_and_its_prompt_were(qwen: TransformersBackend) -> None:
    answer = _run(qwen, REQUESTS[:1])[0]
    assert (answer.finish_reason, answer.output_tokens) == ("length", 24)
    assert answer.image_tokens == 8
    assert answer.input_tokens == qwen.count_tokens(REQUESTS[0])
    assert [frame.original for frame in answer.frames] == [(60, 40)]


def test_greedy_answers_are_those_of_generate(backend: TransformersBackend) -> None:
    """The loop is only worth having if it decodes as transformers' own does."""
    request = _request(RED, "What is in this picture?")
    model = backend._loaded()
    inputs = backend._layout.encode(request.turns).inputs
    forbidden = sorted(backend._special.placeholders)
    expected = model.generate(
        **inputs, do_sample=False, max_new_tokens=24, min_new_tokens=1, bad_words_ids=[[token] for token in forbidden]
    )[0, inputs["input_ids"].shape[1] :]
    ends = [index for index, token in enumerate(expected.tolist()) if token in backend._special.ends]
    tokens = expected.tolist()[: ends[0] if ends else None]
    text = backend._checkpoint.tokenizer.decode([token for token in tokens if token not in backend._special.silent])
    assert _run(backend, [request])[0].text == text.rstrip("\ufffd")


def test_the_checkpoints_own_processors_apply_to_free_text_only(
    qwen: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = qwen._loaded().generation_config
    free = replace(REQUESTS[0], max_tokens=60)
    shaped = REQUESTS[2]
    before = _run(qwen, [free, shaped])
    for name, value in {"repetition_penalty": 2.5, "do_sample": True, "temperature": 0.7, "top_k": 20}.items():
        monkeypatch.setattr(config, name, value)
    after = _run(qwen, [free, shaped])
    assert after == _run(qwen, [free]) + _run(qwen, [shaped])
    assert after[0].text != before[0].text
    assert after[1] == before[1]


def test_constrained_answers_are_whole_documents(backend: TransformersBackend) -> None:
    requests = [replace(REQUESTS[2], sampling=Sampling(1.0, seed=seed)) for seed in range(4)]
    for answer in _run(backend, requests):
        value = json.loads(answer.text)
        assert answer.text == json.dumps(value)
        assert answer.finish_reason == "stop"
        assert list(value) == ["label", "n", "box"]
        assert all(0 <= number <= 1000 for number in value["box"])


def test_an_answer_that_is_cut_says_so(backend: TransformersBackend) -> None:
    least = smallest_budget(backend, REQUESTS[2])
    free, bound = _run(backend, [replace(REQUESTS[0], max_tokens=5), replace(REQUESTS[2], max_tokens=least)])
    assert (free.finish_reason, free.output_tokens) == ("length", 5)
    assert free.cut is not None
    assert (free.cut.written, len(free.cut.tokens)) == (len(free.text), 5)
    assert bound.finish_reason == "length"
    assert bound.output_tokens <= least
    assert bound.cut is not None
    assert bound.cut.written < len(bound.text)
    assert list(json.loads(bound.text)) == ["label", "n", "box"]


def test_a_bound_that_the_schema_does_not_name_is_a_cut(qwen: TransformersBackend) -> None:
    many = {"type": "array", "items": {"const": "bounded"}, "minItems": 2}
    constraints = [Constraint.of(many, max_items=3), Constraint.of({**many, "maxItems": 3})]
    requests = [
        _request("x", constraint=one, max_tokens=100, sampling=Sampling(1.0, seed=seed))
        for seed in range(8)
        for one in constraints
    ]
    answers = _run(qwen, requests)
    lengths = [len(json.loads(answer.text)) for answer in answers]
    assert set(lengths[::2]) == {2, 3}
    assert [answer.finish_reason == "length" for answer in answers[::2]] == [length == 3 for length in lengths[::2]]
    assert {answer.finish_reason for answer in answers[1::2]} == {"stop"}
    assert all(answer.cut is not None and answer.cut.capped for answer in answers if answer.finish_reason == "length")


def test_one_bad_row_does_not_hurt_its_neighbours(qwen: TransformersBackend) -> None:
    bad = [
        _request(Picture(Image.new("RGB", (1, 300))), "too narrow for this processor"),
        _request("word " * 9000),
        _request(RED, "x", constraint=Constraint.of({"$ref": "#/nowhere"})),
        Request(()),
    ]
    jobs = [Job(request) for request in (REQUESTS[0], *bad, REQUESTS[1])]
    qwen.run(jobs)
    assert [jobs[0].future.result(), jobs[-1].future.result()] == _run(qwen, REQUESTS[:2])
    kinds = [type(job.future.exception()) for job in jobs[1:-1]]
    assert kinds == [MessageError, ContextLengthError, SchemaError, MessageError]


def test_the_answer_ends_where_the_context_ends(tmp_path: Any) -> None:
    backend = TransformersBackend(ModelKey(str(build_llava(tmp_path, positions=40))))
    request = Request((Turn("user", (RED, "What?")),), max_tokens=500)
    answer = _run(backend, [request])[0]
    assert (answer.finish_reason, answer.input_tokens + answer.output_tokens) == ("length", 40)
    with pytest.raises(ContextLengthError, match="the model holds 40"):
        _run(backend, [_request(RED, "What is in this picture? Describe the image. You are a helpful assistant.")])


class _BrokenError(Exception):
    pass


def _failing(kind: type[Exception], *, above: int) -> Any:
    generate = TransformersBackend._generate
    sizes: list[int] = []

    def run(self: TransformersBackend, batch: Sequence[Any]) -> None:
        sizes.append(len(batch))
        if len(batch) > above:
            raise kind("no")
        generate(self, batch)

    run.sizes = sizes  # type: ignore[attr-defined]
    return run


def test_a_batch_that_does_not_fit_the_memory_is_split(
    qwen: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _run(qwen, REQUESTS[:3] * 2)
    failing = _failing(torch.OutOfMemoryError, above=2)
    monkeypatch.setattr(TransformersBackend, "_generate", failing)
    monkeypatch.setattr(qwen, "_limit", Limit())
    assert _run(qwen, REQUESTS[:3] * 2) == expected
    assert failing.sizes == [6, 3, 2, 1, 3, 2, 1]
    failing.sizes.clear()
    _run(qwen, REQUESTS[:3])
    assert failing.sizes == [1, 1, 1]  # what did not fit once is not tried again soon
    sizes = []
    for _ in range(60):
        failing.sizes.clear()
        assert _run(qwen, REQUESTS[:3]) == expected[:3]
        sizes.append(list(failing.sizes))
    assert [2, 1] in sizes or [1, 2] in sizes  # and yet the limit rises again to what fits
    assert sum(max(one) > 2 for one in sizes) <= 3  # beyond that it is tried more and more rarely


@pytest.mark.parametrize("room", ["plenty", "some", "none", "unknown"])
def test_batches_are_of_a_size_that_fits(qwen: TransformersBackend, monkeypatch: pytest.MonkeyPatch, room: str) -> None:
    expected = _run(qwen, REQUESTS[:3] * 2)
    watched = _failing(AssertionError, above=100)
    monkeypatch.setattr(TransformersBackend, "_generate", watched)
    monkeypatch.setattr(qwen, "_limit", Limit())
    costs = [qwen._cost([one]) for job in map(Job, REQUESTS[:3]) if (one := qwen._prepared(job)) is not None]
    free = {"plenty": 10**12, "some": int(2.2 * max(costs) / SHARE), "none": 0, "unknown": None}[room]
    monkeypatch.setattr("extraction.memory.free_bytes", lambda device: free)
    assert _run(qwen, REQUESTS[:3] * 2) == expected
    assert watched.sizes == {"plenty": [6], "some": [4, 2], "none": [1] * 6, "unknown": [6]}[room]


def test_a_budget_beyond_the_context_takes_no_place_from_others(qwen: TransformersBackend) -> None:
    endless = qwen._prepared(Job(replace(REQUESTS[0], max_tokens=10**9)))
    assert endless is not None
    full = qwen._prepared(Job(replace(REQUESTS[0], max_tokens=qwen._room(endless))))
    assert full is not None
    assert qwen._cost([endless]) == qwen._cost([full])


def test_what_runs_comes_before_what_is_kept(qwen: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    request = _request("word " * 40, RED)
    expected = _run(qwen, [request])
    assert qwen._prefixes.bytes > 0
    monkeypatch.setattr("extraction.memory.free_bytes", lambda device: 0)
    (answer,) = _run(qwen, [request])
    assert [answer] == expected
    assert answer.effort is not None
    assert answer.effort.reused_tokens == 0


def test_memory_that_one_alone_does_not_fit_is_told(qwen: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qwen, "_limit", Limit())
    monkeypatch.setattr(TransformersBackend, "_generate", _failing(torch.OutOfMemoryError, above=0))
    with pytest.raises(GenerationError, match=r"memory ran out \(lower max_pixels"):
        _run(qwen, REQUESTS[:1])


def test_a_model_that_fails_is_told_with_its_cause(qwen: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TransformersBackend, "_generate", _failing(_BrokenError, above=0))
    with pytest.raises(GenerationError, match="the model failed: _BrokenError: no") as caught:
        _run(qwen, REQUESTS[:1])
    assert isinstance(caught.value.__cause__, _BrokenError)


def test_weights_that_cannot_be_loaded_are_tried_once(tiny_qwen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TransformersBackend(ModelKey(tiny_qwen))
    tries: list[int] = []

    def fail(self: Checkpoint) -> None:
        tries.append(1)
        raise ModelLoadError("no weights")

    monkeypatch.setattr(Checkpoint, "load_model", fail)
    jobs = [Job(request) for request in REQUESTS]
    backend.run(jobs)
    assert {str(job.future.exception()) for job in jobs} == {"no weights"}
    assert len(tries) == 1


def test_scores_that_are_no_numbers_are_an_error(tiny_qwen: str) -> None:
    backend = TransformersBackend(ModelKey(tiny_qwen))
    with torch.no_grad():
        backend._loaded().lm_head.weight.fill_(math.nan)
    for request in (REQUESTS[0], REQUESTS[4]):
        with pytest.raises(GenerationError, match="not numbers"):
            _run(backend, [request])


def test_a_cancelled_row_stops_and_the_others_go_on(qwen: TransformersBackend) -> None:
    heard: list[str] = []

    def listen(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 3:
            job.cancel()

    job = Job(replace(REQUESTS[1], max_tokens=200), on_text=listen)
    other = Job(replace(REQUESTS[1], max_tokens=60))
    qwen.run([job, other])
    answer = job.future.result()
    assert answer.finish_reason == "cancelled"
    assert len(heard) == 3
    assert answer.output_tokens < 20 < other.future.result().output_tokens


def test_what_is_streamed_is_the_answer(backend: TransformersBackend) -> None:
    heard: list[list[str]] = [[] for _ in REQUESTS]
    jobs = [Job(request, on_text=pieces.append) for request, pieces in zip(REQUESTS, heard, strict=True)]
    backend.run(jobs)
    assert ["".join(pieces) for pieces in heard] == [job.future.result().text for job in jobs]
    assert all(len(pieces) > 2 for pieces in heard[:3])


def test_closing_lets_go_of_the_weights(tiny_qwen: str) -> None:
    backend = TransformersBackend(ModelKey(tiny_qwen))
    expected = _run(backend, [REQUESTS[2]])
    backend.close()
    assert backend._model is None
    assert _run(backend, [REQUESTS[2]]) == expected


def test_batches_hold_what_can_be_stacked(tiny_qwen: str, tiny_llava: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(Checkpoint(ModelKey(tiny_qwen)))
    encoded = [layout.encode(request.turns) for request in REQUESTS[:4]]
    assert len({signature(one) for one in encoded}) == 2
    cost = Footprint(per_token=1, per_read=0, per_row=0, per_patch=0, patch=1)

    def grouped(largest: int = 8, room: float = math.inf, budgets: Sequence[int] = (5, 5, 5, 5)) -> list[list[int]]:
        return groups(encoded, budgets, largest=largest, cost=cost, room=room)

    assert grouped() == [[0, 1, 2], [3]]
    assert [len(batch) for batch in grouped(largest=2)] == [2, 1, 1]
    pair = batch_cost(cost, [encoded[0], encoded[1]], [5, 5])
    assert grouped(room=pair) == [[0, 1], [2], [3]]
    assert grouped(room=pair - 1) == grouped(room=0) == [[0], [1], [2], [3]]
    assert grouped(room=pair, budgets=(5, 6, 5, 5)) == [[0], [1], [2], [3]]
    monkeypatch.setattr(batching, "MAX_BATCH_TOKENS", 2 * max(one.length for one in encoded) - 1)
    assert [len(batch) for batch in grouped()] == [2, 1, 1]


def test_numbers_that_may_count_from_a_batchs_first_picture_are_not_stacked(tiny_qwen: str) -> None:
    one, other = (Layout(Checkpoint(ModelKey(tiny_qwen))).encode(REQUESTS[0].turns) for _ in range(2))
    assert signature(one) == signature(other)
    for name, alike in {"image_token_pooling": False, "image_sizes": True}.items():
        pair = [replace(each, inputs={**each.inputs, name: torch.tensor([[3]])}) for each in (one, other)]
        assert (signature(pair[0]) == signature(pair[1])) == alike


def test_prompts_are_padded_on_the_left(tiny_qwen: str) -> None:
    layout = Layout(Checkpoint(ModelKey(tiny_qwen)))
    short, long = (layout.encode(request.turns) for request in REQUESTS[:2])
    stacked = stack([short, long], padding=0)
    missing = long.length - short.length
    assert missing > 0
    assert stacked["input_ids"].shape == (2, long.length)
    assert stacked["attention_mask"][0].tolist() == [0] * missing + [1] * short.length
    assert stacked["input_ids"][0, missing:].tolist() == short.inputs["input_ids"][0].tolist()
    assert stacked["image_grid_thw"].tolist() == [[1, 4, 8], [1, 12, 4]]
    right = stack([short, long], padding=0, side="right")
    assert right["attention_mask"][0].tolist() == [1] * short.length + [0] * missing


def test_a_failure_behind_the_last_answer_is_told(
    qwen: TransformersBackend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    generate = TransformersBackend._generate

    def failing(self: TransformersBackend, batch: Sequence[Any]) -> None:
        generate(self, batch)
        raise IndexError("too late")

    expected = _run(qwen, REQUESTS[:1])
    monkeypatch.setattr(TransformersBackend, "_generate", failing)
    assert _run(qwen, REQUESTS[:1]) == expected
    assert "failed behind its last answer" in caplog.text
    assert "IndexError: too late" in caplog.text
