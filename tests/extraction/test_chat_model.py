"""``ChatTransformers`` as LangChain sees it: fields, identity, answers, batches, cancelling."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import ANY

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnableParallel
from PIL import Image
from pydantic import ValidationError

from extraction.chat_model import ChatTransformers
from extraction.conventions import PIXEL, RELATIVE_1000
from extraction.engine import engine_for, register_backend
from extraction.errors import (
    BoxConventionError,
    ContextLengthError,
    GenerationCancelledError,
    GenerationError,
    ImageError,
    MessageError,
    OptionError,
)
from extraction.images import load_image
from extraction.jobs import Job
from extraction.loading import ModelKey
from tests.scripted import ScriptedBackend

HELLO = "Hello, this is a local model speaking."
URI = load_image(Image.radial_gradient("L").resize((60, 40))).to_data_uri()
LOOK = [HumanMessage([{"type": "image_url", "image_url": {"url": URI}}, {"type": "text", "text": "What is it?"}])]


class Recording(ScriptedBackend):
    """Keeps the jobs that it was given; fails the first ``failures`` of them."""

    def __init__(self) -> None:
        super().__init__(delay=0.02)
        self.jobs: list[Job] = []
        self.failures = 0

    def run(self, jobs: Sequence[Job]) -> None:
        self.jobs += jobs
        for job in jobs[: self.failures]:
            self.failures -= 1
            job.resolve(GenerationError("a passing weakness"))
        super().run(jobs)


@pytest.fixture
def backend() -> Recording:
    backend = Recording()
    register_backend("recorded", lambda: backend)
    return backend


@pytest.fixture
def llm(backend: Recording) -> ChatTransformers:
    return ChatTransformers(model="recorded")


# --- fields -------------------------------------------------------------------------------------------------------


def test_nothing_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; from extraction.chat_model import ChatTransformers; llm = ChatTransformers(model='org/none');"
        "llm.bind_tools([]); llm.with_structured_output({'title': 'a', 'type': 'object', 'properties': {}});"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_fields_have_the_names_of_both_worlds() -> None:
    other_names: dict[str, Any] = {"model_name": "m", "max_new_tokens": 5, "stop_sequences": ["x"]}
    llm = ChatTransformers(**other_names)
    assert (llm.model, llm.max_tokens, llm.stop) == ("m", 5, ["x"])


@pytest.mark.parametrize(
    "options",
    [
        {"temprature": 1},
        {"temperature": -1},
        {"dtype": "int3"},
        {"top_p": 2},
        {"max_batch_size": 0},
        {"prefix_cache_bytes": -1},
    ],
)
def test_fields_that_are_unknown_or_out_of_range_raise(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        ChatTransformers(**options)


def test_what_changes_an_answer_is_part_of_the_identity() -> None:
    plain = ChatTransformers(model="m")._identifying_params
    changed: dict[str, Any] = {
        "model": "n",
        "revision": "r",
        "dtype": "float32",
        "temperature": 1.0,
        "seed": 1,
        "stop": ["x"],
        "max_pixels": 9,
        "schema_in_prompt": True,
        "narrow_head": True,
        "family": "pixel",
    }
    for name, value in changed.items():
        options: dict[str, Any] = {"model": "m", name: value}
        other = ChatTransformers(**options)._identifying_params
        assert {key for key in plain if plain[key] != other[key]} == {name}
    assert "max_batch_size" not in plain


def test_what_langsmith_is_told() -> None:
    params = ChatTransformers(model="m", temperature=0.5, stop=["x"])._get_ls_params()
    expected = {"ls_provider": "extraction", "ls_model_name": "m", "ls_model_type": "chat", "ls_temperature": 0.5}
    assert {**params, **expected} == params
    assert params["ls_stop"] == ["x"]
    assert not ChatTransformers.is_lc_serializable()


def test_the_family_is_that_of_the_model_unless_it_is_given(llm: ChatTransformers) -> None:
    assert llm.family.name == "qwen3-vl"
    assert ChatTransformers(model="recorded", family="pixel").family.boxes == PIXEL
    own = ChatTransformers(model="recorded", family=PIXEL)
    assert (own.family.name, own.family.boxes) == ("qwen3-vl", PIXEL)
    with pytest.raises(BoxConventionError, match="no family 'nothing'"):
        _ = ChatTransformers(model="recorded", family="nothing").family


def test_tokens_are_counted_with_pictures(tiny: str) -> None:
    llm = ChatTransformers(model=tiny)
    text = [HumanMessage("What is it?")]
    assert llm.get_token_ids("red") == llm.get_token_ids("red")
    assert llm.get_num_tokens("What is it?") == len(llm.get_token_ids("What is it?"))
    assert llm.get_num_tokens_from_messages(LOOK) - llm.get_num_tokens_from_messages(text) >= 8
    message = llm.invoke(LOOK, max_tokens=2)
    assert message.usage_metadata is not None
    assert message.usage_metadata["input_tokens"] == llm.get_num_tokens_from_messages(LOOK)
    with_tool = llm.bind_tools([_hello]).invoke(LOOK, max_tokens=2)
    assert with_tool.usage_metadata is not None
    assert with_tool.usage_metadata["input_tokens"] == llm.get_num_tokens_from_messages(LOOK, tools=[_hello])


def _hello(name: str) -> str:
    """Says hello."""
    return name


# --- answers ------------------------------------------------------------------------------------------------------


def test_a_message_says_all_that_is_known(tiny_qwen: str) -> None:
    message = ChatTransformers(model=tiny_qwen).invoke(LOOK, max_tokens=5)
    assert isinstance(message.content, str)
    assert message.usage_metadata == {
        "input_tokens": 26,
        "output_tokens": 5,
        "total_tokens": 31,
        "input_token_details": {"image": 8},
    }
    assert message.response_metadata == {
        "model_name": tiny_qwen,
        "model_provider": "extraction",
        "finish_reason": "length",
        "stop_reason": "max_tokens",
        "boxes": {
            "family": "qwen2.5-vl",
            "convention": {
                "name": "qwen2.5-vl",
                "kind": "pixel",
                "span": None,
                "order": "xyxy",
                "integer": True,
                "points": None,
                "last": None,
                "offset": 0.0,
                "unit": 1.0,
                "frame": "picture",
                "box_key": "bbox_2d",
                "point_key": "point_2d",
                "syntaxes": ["json"],
            },
            "frames": [{"original": [60, 40], "model": [64, 32], "content": None}],
        },
        "decoding": {
            "passes": 5,
            "forced_tokens": 0,
            "one_by_one": None,
            "narrow_passes": 0,
            "whole_head": None,
            "reused_tokens": 0,
            "unshared": None,
        },
        "truncated": {"written": len(message.content), "tokens": ANY, "budget": 5},
    }
    assert len(message.response_metadata["truncated"]["tokens"]) == 5


def test_prompts_are_kept_unless_that_is_switched_off(tiny: str) -> None:
    question = [HumanMessage([*LOOK[0].content, {"type": "text", "text": "word " * 40}])]
    ChatTransformers(model=tiny, max_tokens=2).invoke(question)
    again = ChatTransformers(model=tiny, max_tokens=2).invoke(question)
    without = ChatTransformers(model=tiny, max_tokens=2, prefix_cache_bytes=0).invoke(question)
    assert again.content == without.content
    told = [message.response_metadata["decoding"] for message in (again, without)]
    assert again.usage_metadata is not None
    assert [one["reused_tokens"] for one in told] == [again.usage_metadata["input_tokens"] - 1, 0]
    assert [one["unshared"] for one in told] == [None, "switched off"]


def test_a_family_that_was_never_taught_boxes_has_no_convention(tiny_llava: str) -> None:
    boxes = ChatTransformers(model=tiny_llava).invoke(LOOK, max_tokens=2).response_metadata["boxes"]
    frames = [{"original": [60, 40], "model": [32, 32], "content": None}]
    assert boxes == {"family": "llava", "convention": None, "frames": frames}


def test_a_call_can_override_the_fields(llm: ChatTransformers, backend: Recording) -> None:
    llm.invoke("x", max_tokens=3, temperature=0.7, seed=5, top_p=0.5, stop=["speaking"], max_pixels=100)
    request = backend.jobs[-1].request
    assert (request.max_tokens, request.stop, request.max_pixels) == (3, ("speaking",), 100)
    assert (request.sampling.temperature, request.sampling.seed, request.sampling.top_p) == (0.7, 5, 0.5)


def test_another_model_can_be_asked(llm: ChatTransformers, backend: Recording) -> None:
    register_backend("recorded-2", ScriptedBackend)
    message = llm.invoke("x", model="recorded-2")
    assert (message.response_metadata["model_name"], len(backend.jobs)) == ("recorded-2", 0)


def test_stop_strings_of_the_field_and_of_the_call(backend: Recording) -> None:
    llm = ChatTransformers(model="recorded", stop=["local"])
    assert llm.invoke("x").content == "Hello, this is a "
    assert llm.invoke("x", stop=["this"]).content == "Hello, "


@pytest.mark.parametrize(
    ("input", "options", "error"),
    [
        ("x", {"temprature": 1}, OptionError),
        ([HumanMessage([{"type": "audio", "base64": "x", "mime_type": "audio/wav"}])], {}, MessageError),
        ([HumanMessage([{"type": "image", "base64": "AAAA", "mime_type": "image/png"}])], {}, ImageError),
        ([HumanMessage([{"type": "image", "url": "http://example.com/a.png"}])], {}, MessageError),
        ([], {}, MessageError),
    ],
)
def test_bad_input_raises_its_own_error(
    llm: ChatTransformers, input: Any, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        llm.invoke(input, **options)


def test_a_prompt_that_is_too_long_is_langchains_error_too(tiny_qwen: str) -> None:
    with pytest.raises(ContextLengthError, match="8192"):
        ChatTransformers(model=tiny_qwen).invoke("word " * 9000)


def test_failures_of_the_model_are_retried_as_often_as_allowed(backend: Recording) -> None:
    backend.failures = 2
    assert ChatTransformers(model="recorded", max_retries=2).invoke("x").content == HELLO
    assert len(backend.jobs) == 3
    backend.failures = 2
    with pytest.raises(GenerationError, match="passing weakness"):
        ChatTransformers(model="recorded", max_retries=1).invoke("x")


async def test_failures_are_retried_asynchronously_too(backend: Recording) -> None:
    backend.failures = 1
    assert (await ChatTransformers(model="recorded", max_retries=1).ainvoke("x")).content == HELLO


def test_sampled_answers_repeat_with_a_seed_whatever_else_is_in_the_batch(tiny: str) -> None:
    llm = ChatTransformers(model=tiny, temperature=1.0, max_tokens=12)
    alone = llm.invoke(LOOK, seed=3).content
    calls = RunnableParallel(
        a=llm.bind(seed=1), b=llm.bind(seed=3), c=llm.bind(seed=3, temperature=0.5), d=llm.bind(temperature=0.0)
    )
    answers = calls.invoke(LOOK)
    assert answers["b"].content == alone
    assert len({answer.content for answer in answers.values()}) == 4


# --- streams ------------------------------------------------------------------------------------------------------


def _sum(chunks: Sequence[AIMessageChunk]) -> AIMessageChunk:
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return total


def test_a_stream_adds_up_to_the_answer(tiny: str) -> None:
    llm = ChatTransformers(model=tiny, max_tokens=20)
    whole, chunks = llm.invoke(LOOK), list(llm.stream(LOOK))
    total = _sum(chunks)
    assert len(chunks) > 5
    assert (total.content, total.usage_metadata) == (whole.content, whole.usage_metadata)
    assert total.response_metadata == whole.response_metadata
    assert chunks[-1].chunk_position == "last"
    assert not any(chunk.usage_metadata for chunk in chunks[:-1])


async def test_an_asynchronous_stream_is_the_same(tiny: str) -> None:
    llm = ChatTransformers(model=tiny, max_tokens=20)
    chunks = [chunk async for chunk in llm.astream(LOOK)]
    assert _sum(chunks).content == (await llm.ainvoke(LOOK)).content


def test_a_stream_that_is_left_stops_the_model(tiny_qwen: str) -> None:
    llm = ChatTransformers(model=tiny_qwen, max_tokens=8000, temperature=1.0, seed=0, stop=["never to be met"])
    stream: Any = llm.stream(LOOK)
    next(stream)
    started = time.monotonic()
    stream.close()
    llm.invoke("x", max_tokens=1)  # waits for its turn: the engine has one thread
    assert time.monotonic() - started < 5


async def test_a_task_that_is_cancelled_stops_the_model(tiny_qwen: str) -> None:
    llm = ChatTransformers(model=tiny_qwen, max_tokens=8000, temperature=1.0, seed=0)
    await llm.ainvoke("x", max_tokens=1)  # loads it
    endless = {"type": "array", "items": {"type": "boolean"}, "minItems": 2000}
    answer = llm.ainvoke(LOOK, response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": endless}})
    task = asyncio.create_task(answer)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    started = time.monotonic()
    await llm.ainvoke("x", max_tokens=1)
    assert time.monotonic() - started < 5


async def test_a_task_that_is_cancelled_while_it_hands_in_its_job_cancels_the_job(
    llm: ChatTransformers, backend: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, jobs = threading.Event(), []
    submit = ChatTransformers._submit

    def slowly(self: ChatTransformers, *args: Any) -> Any:
        go_on.wait(5)
        running = submit(self, *args)
        jobs.append(running.job)
        return running

    monkeypatch.setattr(ChatTransformers, "_submit", slowly)
    task = asyncio.create_task(llm.ainvoke("x"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    async with asyncio.timeout(5):
        while not (jobs and jobs[0].cancelled):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
def test_a_call_gives_up_in_time(llm: ChatTransformers, backend: Recording, way: str) -> None:
    backend.delay = 0.5

    async def ask() -> None:
        if way == "ainvoke":
            await llm.ainvoke("x", timeout=0.05)
        else:
            _ = [chunk async for chunk in llm.astream("x", timeout=0.05)]

    with pytest.raises(GenerationCancelledError, match=r"within 0\.05 seconds"):
        if way == "invoke":
            llm.invoke("x", timeout=0.05)
        elif way == "stream":
            list(llm.stream("x", timeout=0.05))
        else:
            asyncio.run(ask())
    assert backend.jobs[-1].cancelled


# --- batches ------------------------------------------------------------------------------------------------------


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that waits long for company, so that a busy machine gives the same batches."""
    monkeypatch.setattr("extraction.engine.WINDOW", 0.5)
    monkeypatch.setattr("extraction.engine.PATIENCE", 10.0)


def _batches(backend: Recording) -> list[int]:
    sizes, backend.batches = backend.batches, []
    return sizes


@pytest.mark.usefixtures("unhurried")
def test_concurrent_calls_share_batches(llm: ChatTransformers, backend: Recording) -> None:
    prompt = ChatPromptTemplate.from_messages([("human", "{x}")])
    inputs = [{"x": str(index)} for index in range(16)]
    ways: dict[str, Any] = {
        "batch": lambda: llm.batch([str(index) for index in range(16)]),
        "chain": lambda: (prompt | llm).batch(inputs),
        "retry": lambda: (prompt | llm.with_retry()).batch(inputs),
        "fallbacks": lambda: (prompt | llm.with_fallbacks([llm])).batch(inputs),
        "map": lambda: llm.map().invoke([str(index) for index in range(16)]),
        "abatch": lambda: asyncio.run(llm.abatch([str(index) for index in range(16)])),
        "achain": lambda: asyncio.run((prompt | llm).abatch(inputs)),
    }
    for name, way in ways.items():
        assert len(way()) == 16
        assert (name, _batches(backend)) == (name, [8, 8])


@pytest.mark.usefixtures("unhurried")
def test_branches_and_gathered_calls_share_batches(llm: ChatTransformers, backend: Recording) -> None:
    RunnableParallel(a=llm, b=llm, c=llm).invoke("x")
    assert _batches(backend) == [3]

    async def gather() -> None:
        await asyncio.gather(*(llm.ainvoke("x") for _ in range(5)))

    asyncio.run(gather())
    assert _batches(backend) == [5]
    done = dict(llm.batch_as_completed(["x"] * 4))
    assert sorted(done) == [0, 1, 2, 3]
    assert sum(_batches(backend)) == 4


@pytest.mark.usefixtures("unhurried")
def test_a_concurrency_that_was_asked_for_is_kept(llm: ChatTransformers, backend: Recording) -> None:
    llm.batch(["x"] * 6, {"max_concurrency": 2})
    assert _batches(backend) == [2, 2, 2]
    larger = ChatTransformers(model="recorded", max_batch_size=12)
    larger.batch(["x"] * 12)
    assert _batches(backend) == [12]


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_one_bad_input_does_not_hurt_the_others(llm: ChatTransformers, backend: Recording, asynchronous: bool) -> None:
    bad = [HumanMessage([{"type": "image", "base64": "AAAA", "mime_type": "image/png"}])]
    inputs: list[Any] = ["x", bad, "y"]
    if asynchronous:
        answers = asyncio.run(llm.abatch(inputs, return_exceptions=True))
    else:
        answers = llm.batch(inputs, return_exceptions=True)
    assert [type(answer) for answer in answers] == [AIMessage, ImageError, AIMessage]
    assert _batches(backend) == [2]
    with pytest.raises(ImageError):
        llm.batch(inputs)


def test_real_batches_answer_as_single_calls_do(tiny: str) -> None:
    llm = ChatTransformers(model=tiny, max_tokens=12)
    sizes = [(60, 40), (33, 90), (120, 30)]
    inputs: list[Any] = [
        [HumanMessage([{"type": "image", "image": Image.radial_gradient("L").resize(size)}, "What is it? " * count])]
        for count, size in enumerate(sizes, 1)
    ]
    assert [answer.content for answer in llm.batch(inputs)] == [llm.invoke(one).content for one in inputs]


# --- in LangChain's hands -----------------------------------------------------------------------------------------


def test_a_cached_answer_is_not_asked_for_again(backend: Recording) -> None:
    llm = ChatTransformers(model="recorded", cache=InMemoryCache())
    for _ in range(2):
        llm.invoke(LOOK)
    assert len(backend.jobs) == 1
    llm.invoke(LOOK, temperature=1.0)
    ChatTransformers(model="recorded", cache=llm.cache, family=RELATIVE_1000).invoke(LOOK)
    assert len(backend.jobs) == 3


def test_configured_models_share_one_engine(llm: ChatTransformers, backend: Recording) -> None:
    configurable = llm.configurable_fields(max_tokens=ConfigurableField(id="max_tokens"))
    configurable.invoke("x", config={"configurable": {"max_tokens": 3}})
    assert backend.jobs[-1].request.max_tokens == 3
    assert engine_for(ModelKey("recorded")).backend is backend


def test_a_model_can_be_unloaded_and_used_again(llm: ChatTransformers, backend: Recording) -> None:
    llm.invoke("x")
    llm.unload()
    assert backend.closed
    assert llm.invoke("x").content == HELLO


def test_a_function_between_keeps_working(llm: ChatTransformers) -> None:
    chain: Any = RunnableLambda(lambda text: f"{text}!") | llm
    assert [answer.content for answer in chain.batch(["a", "b"])] == [HELLO, HELLO]


@pytest.fixture(autouse=True)
def _no_threads_left_waiting() -> Iterator[None]:
    yield
    assert sum(thread.name == "extraction recorded" for thread in threading.enumerate()) <= 2
