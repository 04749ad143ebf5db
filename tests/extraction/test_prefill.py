"""What was read before is not read again, and changes nothing: float32, against calls that keep and use nothing."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw
from transformers import LlamaConfig
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer, StaticCache

from extraction import local_model
from extraction.batching import PER_TOKEN
from extraction.content import Turn
from extraction.decoding import DecodingLoop
from extraction.errors import GenerationError
from extraction.grammar import Constraint
from extraction.images import Picture
from extraction.jobs import PREFIX_CACHE_BYTES, Answer, Job, Request
from extraction.loading import POCKET, ModelKey
from extraction.local_model import TransformersBackend
from extraction.prefill import _why_unshared
from extraction.prefixes import keys_of, pixels_of
from extraction.rows import Row
from extraction.sampling import Sampling


def _picture(color: str, size: tuple[int, int] = (96, 64)) -> Picture:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((20, 10, 70, 60), fill=color)
    return Picture(image)


RED, BLUE, TALL = _picture("red"), _picture("blue"), _picture("green", (60, 96))
RULES = "Answer with JSON only: " + "objects have a label, a color and a box; " * 6
FLAT = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 8},
        "count": {"type": "integer"},
        "ok": {"type": "boolean"},
    },
    "required": ["title", "count", "ok"],
}
OTHER = {
    "type": "object",
    "properties": {"label": {"enum": ["circle", "square"]}, "sizes": {"type": "array", "maxItems": 3, "items": FLAT}},
    "required": ["label", "sizes"],
}


def _request(*parts: str | Picture, schema: dict[str, Any] | None = FLAT, **options: Any) -> Request:
    constraint = None if schema is None else Constraint.of(schema)
    return Request((Turn("user", parts),), constraint=constraint, **{"max_tokens": 60, **options})


REQUESTS = [
    _request(RULES, RED, "What is it?"),
    _request(RULES, BLUE, "What is it?"),
    _request(RULES, BLUE, "What is it?", schema=OTHER),
    _request(RULES, RED, "And what else is there to be seen?", sampling=Sampling(1.0, seed=3)),
    _request(RULES, TALL, "?", schema=None, max_tokens=25),
    _request(RULES, RED, BLUE, "Which?", schema=OTHER, sampling=Sampling(0.8, top_p=0.9, seed=4)),
    _request(RULES, BLUE, RED, "Which?"),
    _request(RED, RULES),
    _request(BLUE, RULES),
    _request(RED, RULES, schema=OTHER),
    _request(RULES + "No picture."),
    _request(RULES + "No picture!", schema=None, max_tokens=25),
]


@pytest.fixture(scope="module", params=["tiny_llava", "tiny_qwen", "pocket"])
def backend(request: pytest.FixtureRequest) -> TransformersBackend:
    name = POCKET if request.param == "pocket" else request.getfixturevalue(request.param)
    return TransformersBackend(ModelKey(name, dtype="float32"))


@pytest.fixture(autouse=True)
def _nothing_kept(request: pytest.FixtureRequest) -> None:
    if "backend" in request.fixturenames:
        request.getfixturevalue("backend")._prefixes.clear()


def _run(backend: TransformersBackend, requests: Sequence[Request], bytes_: int = PREFIX_CACHE_BYTES) -> list[Answer]:
    jobs = [Job(request, prefix_cache_bytes=bytes_) for request in requests]
    backend.run(jobs)
    return [job.future.result(timeout=0) for job in jobs]


@pytest.fixture(scope="module")
def expected(backend: TransformersBackend) -> list[Answer]:
    """One by one, and nothing from one to the next."""
    backend._prefixes.clear()
    answers = [_run(backend, [request], 0)[0] for request in REQUESTS]
    assert backend._prefixes.bytes == 0
    assert {answer.effort.unshared for answer in answers if answer.effort} == {"switched off"}
    return answers


def _reused(answers: Sequence[Answer]) -> list[int]:
    efforts = [answer.effort for answer in answers]
    assert {effort.unshared for effort in efforts if effort} == {None}
    return [effort.reused_tokens for effort in efforts if effort]


def test_answers_are_the_same_from_call_to_call(backend: TransformersBackend, expected: list[Answer]) -> None:
    first = [_run(backend, [request])[0] for request in REQUESTS]
    again = [_run(backend, [request])[0] for request in REQUESTS]
    assert first == again == expected
    assert _reused(first)[0] == 0
    for answer, reused in zip(again, _reused(again), strict=True):
        assert answer.input_tokens - 1 <= reused  # all but the token whose scores are wanted


def test_answers_are_the_same_in_batches(backend: TransformersBackend, expected: list[Answer]) -> None:
    cold = _run(backend, REQUESTS)
    warm = _run(backend, REQUESTS)
    assert cold == warm == expected
    assert sum(_reused(cold)) > 0
    assert min(_reused(warm)) > 30
    backend._prefixes.clear()
    _run(backend, REQUESTS[3:5])
    mixed = _run(backend, [REQUESTS[index] for index in (10, 4, 0, 8, 3)])
    assert mixed == [expected[index] for index in (10, 4, 0, 8, 3)]


def test_answers_are_the_same_one_token_at_a_time(
    backend: TransformersBackend, expected: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_model, "DecodingLoop", functools.partial(DecodingLoop, force=False))
    for _ in range(2):
        assert _run(backend, REQUESTS) == expected
    assert min(_reused(_run(backend, REQUESTS))) > 30


def test_rows_of_a_batch_read_once_what_they_share(
    backend: TransformersBackend, expected: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = _watched(backend, monkeypatch)
    requests = [replace(REQUESTS[0], sampling=Sampling(1.0, seed=seed)) for seed in range(4)]
    answers = _run(backend, [REQUESTS[0], *requests])
    assert answers[0] == expected[0]
    assert len({answer.text for answer in answers}) > 2
    reused = _reused(answers)
    prompt = answers[0].input_tokens
    assert reused[0] == 0
    assert min(reused[1:]) >= prompt - 1
    assert fed[0][0] == 1
    assert fed[0][1] >= prompt - 1  # one row reads all but the newest token, that of the forced beginning included
    assert fed[1] == (5, 1)
    assert {answer.effort.one_by_one for answer in answers if answer.effort} == {None}
    monkeypatch.undo()
    assert answers == [_run(backend, [request], 0)[0] for request in (REQUESTS[0], *requests)]


def test_pictures_are_looked_at_once(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several schemas on one picture that stands first, and samples of one prompt."""
    looks = _looks(backend, monkeypatch)
    _run(backend, [REQUESTS[7]])
    assert looks == [1]
    answers = _run(backend, [REQUESTS[9]])
    assert looks == [1]
    assert _reused(answers)[0] >= answers[0].input_tokens - 12
    tall = _request(RULES, TALL, "What is it?")
    _run(backend, [replace(tall, sampling=Sampling(1.0, seed=seed)) for seed in range(3)])
    assert looks == [1, 1]
    _run(backend, [tall, REQUESTS[1]])
    assert looks == [1, 1, 1]
    _run(backend, [_request(RULES, TALL, BLUE, "both"), _request(RULES, BLUE, TALL, "both")])
    assert looks == [1, 1, 1, 2]
    _run(backend, [_request(RULES, TALL, BLUE, RED, "all")])
    assert looks == [1, 1, 1, 2, 1]


def test_pictures_that_differ_but_have_the_same_tokens(backend: TransformersBackend) -> None:
    colors = [_picture(color) for color in ("red", "blue", "black", "orange")]
    requests = [_request(RULES, picture, "What?", schema=None, max_tokens=30) for picture in colors]
    assert _run(backend, requests) == [_run(backend, [request], 0)[0] for request in requests]
    for request in requests:
        assert _run(backend, [request]) == _run(backend, [request], 0)


def test_a_conversation_that_goes_on_is_not_read_again(backend: TransformersBackend) -> None:
    (first,) = _run(backend, [replace(REQUESTS[0], max_tokens=100)])
    turns = (*REQUESTS[0].turns, Turn("assistant", (first.text,)), Turn("user", ("Are you sure? Look again.",)))
    longer = replace(REQUESTS[0], turns=turns)
    (answer,) = _run(backend, [longer])
    assert _reused([answer])[0] >= first.input_tokens
    assert [answer] == _run(backend, [longer], 0)


def test_what_was_read_of_an_answer_is_kept(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that an answer that was cut can go on: the same prompt with the tokens that came is known."""
    rows: list[Row] = []
    make = TransformersBackend._row

    def watched(self: TransformersBackend, *args: Any) -> Row:
        rows.append(make(self, *args))
        return rows[-1]

    monkeypatch.setattr(TransformersBackend, "_row", watched)
    requests = [replace(REQUESTS[index], max_tokens=44) for index in (4, 11, 0)]
    for request, answer in zip(requests, _run(backend, requests), strict=True):
        row = next(row for row in rows if row.job.request is request)
        inputs = backend._encoded(request).inputs
        pictures = {name: value for name, value in inputs.items() if name not in PER_TOKEN}
        tokens = [*inputs["input_ids"][0].tolist(), *row.tokens]
        keys = keys_of(
            tokens, placeholders=backend._special.placeholders, pictures=pixels_of(pictures, len(answer.frames))
        )
        known = backend._prefixes.find(keys, longest=len(tokens)).length
        assert answer.input_tokens < known < answer.input_tokens + answer.output_tokens
        if request.constraint is None:
            assert known == answer.input_tokens + answer.output_tokens - 1  # nobody has read the last token


def test_answers_are_the_same_where_little_fits(backend: TransformersBackend, expected: list[Answer]) -> None:
    _run(backend, REQUESTS[:1])
    per_token = backend._prefixes.bytes // sum(node.keys.size for node in backend._prefixes._nodes())
    for tokens in (1, 40, 150, 300):
        for start in range(0, len(REQUESTS), 3):
            answers = _run(backend, REQUESTS[start : start + 3], tokens * per_token)
            assert answers == expected[start : start + 3]
            assert backend._prefixes.bytes <= tokens * per_token


def test_a_call_that_fails_leaves_nothing_broken(
    backend: TransformersBackend, expected: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = backend._loaded()
    forward, count = model.forward, 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        result = forward(*args, **kwargs)
        if count % 3 == 0:
            raise RuntimeError("a cable fell out")
        return result

    for size in (1, 3, 5):
        backend._prefixes.clear()
        for _ in range(3):
            with monkeypatch.context() as patch:
                patch.setattr(model, "forward", failing)
                jobs = [Job(request) for request in REQUESTS[:size]]
                backend.run(jobs)
                assert any(isinstance(job.future.exception(), GenerationError) for job in jobs)
            assert _run(backend, REQUESTS[:size]) == expected[:size]


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_call_that_is_cancelled_leaves_nothing_broken(
    backend: TransformersBackend, expected: list[Answer], pieces: int
) -> None:
    heard: list[str] = []

    def listen(piece: str) -> None:
        heard.append(piece)
        if len(heard) == pieces:
            job.cancel()

    job, other = Job(REQUESTS[2], on_text=listen), Job(REQUESTS[1])
    backend.run([job, other])
    assert job.future.result().finish_reason == "cancelled"
    assert other.future.result() == expected[1]
    assert _run(backend, REQUESTS[:5]) == expected[:5]


def test_no_memory_to_keep_prompts_is_no_failure(
    backend: TransformersBackend,
    expected: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def put(*args: Any, **kwargs: Any) -> None:
        raise torch.OutOfMemoryError("no")

    with monkeypatch.context() as patch:
        patch.setattr(backend._prefixes, "put", put)
        assert _run(backend, REQUESTS[:5]) == expected[:5]
    assert "no memory is left to keep a prompt" in caplog.text
    assert backend._prefixes.bytes == 0
    assert _run(backend, REQUESTS[:5]) == expected[:5]


def test_memory_that_runs_out_takes_what_was_kept_first(
    backend: TransformersBackend, expected: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(backend, REQUESTS[:2])
    generate, kept = TransformersBackend._generate, []

    def short(self: TransformersBackend, batch: Sequence[Any]) -> None:
        kept.append(self._prefixes.bytes)
        if len(kept) == 1:
            raise torch.OutOfMemoryError("no")
        generate(self, batch)

    monkeypatch.setattr(TransformersBackend, "_generate", short)
    monkeypatch.setattr(backend, "_limit", type(backend._limit)())
    assert _run(backend, REQUESTS[:2]) == expected[:2]
    assert kept[0] > kept[1] == 0


def test_closing_lets_go_of_what_was_kept(tiny_qwen: str) -> None:
    backend = TransformersBackend(ModelKey(tiny_qwen, dtype="float32"))
    _run(backend, REQUESTS[:1])
    assert backend._prefixes.bytes > 0
    backend.close()
    assert backend._prefixes.bytes == 0
    assert _reused(_run(backend, REQUESTS[:1])) == [0]


def test_a_call_without_keeps_nothing_and_takes_nothing(backend: TransformersBackend) -> None:
    _run(backend, REQUESTS[:1], 0)
    assert backend._prefixes.bytes == 0
    _run(backend, REQUESTS[:1])
    kept = backend._prefixes.bytes
    assert kept > 0
    (answer,) = _run(backend, REQUESTS[:1], 0)
    assert answer.effort is not None
    assert (answer.effort.reused_tokens, answer.effort.unshared) == (0, "switched off")
    assert backend._prefixes.bytes == kept


def test_pictures_that_no_tokens_stand_for_are_not_shared(
    backend: TransformersBackend, expected: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = replace(backend._special, placeholders=frozenset())
    monkeypatch.setitem(backend.__dict__, "_special", nothing)
    for _ in range(2):
        answers = _run(backend, REQUESTS[:3])
        assert answers == expected[:3]
        assert {answer.effort.unshared for answer in answers if answer.effort} == {"pictures that no tokens stand for"}
    assert backend._prefixes.bytes == 0


def test_what_cannot_be_shared_is_named() -> None:
    class Model:
        def __init__(self, **settings: Any) -> None:
            self.config = LlamaConfig(num_hidden_layers=2, **settings)

    def why(*layers: type, **more: Any) -> str | None:
        cache = DynamicCache()
        cache.layers = [object.__new__(kind) for kind in layers or (DynamicLayer,)]
        mask = torch.ones(1, 3)
        model = more.pop("model", Model())
        return _why_unshared(model, {"attention_mask": mask, "position_ids": mask, "past_key_values": cache, **more})

    assert why() is None
    assert why(DynamicLayer, DynamicSlidingWindowLayer) == "a cache of DynamicSlidingWindowLayer"
    static = StaticCache(config=LlamaConfig(num_hidden_layers=1), max_cache_len=8)
    assert why(past_key_values=static) == "a cache of StaticLayer"
    assert why(past_key_values=None) == "a cache of NoneType"
    assert why(past_key_values=DynamicCache(offloading=True)) == "a cache of DynamicCache"
    assert why(position_ids=None) == "positions of its own"
    assert why(attention_mask=None) is None  # no padding
    assert why(token_type_ids=torch.zeros(1, 3)) == "a prompt that is read in both directions"
    dynamic = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    assert why(model=Model(rope_parameters=dynamic)) == "positions that depend on the length (dynamic)"


def _watched(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows and tokens of every pass from now on."""
    model, fed = backend._loaded(), []
    forward = model.forward

    def watched(*args: Any, **kwargs: Any) -> Any:
        fed.append(tuple(kwargs["input_ids"].shape))
        return forward(*args, **kwargs)

    watched.__signature__ = inspect.signature(forward)  # type: ignore[attr-defined]
    monkeypatch.setattr(model, "forward", watched)
    return fed


def _looks(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were looked at, each time that any were, from now on."""
    base, looks = backend._loaded().model, []
    see = base.get_image_features

    def watched(*args: Any, **kwargs: Any) -> Any:
        grid = kwargs.get("image_grid_thw")
        if grid is None and len(args) > 1 and torch.is_tensor(args[1]):
            grid = args[1]
        pixels = kwargs["pixel_values"] if "pixel_values" in kwargs else args[0]
        looks.append(len(pixels) if grid is None else len(grid))
        return see(*args, **kwargs)

    watched.__signature__ = inspect.signature(see)  # type: ignore[attr-defined]
    monkeypatch.setattr(base, "get_image_features", watched)
    return looks
