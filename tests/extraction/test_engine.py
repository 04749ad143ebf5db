from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from extraction import engine as engine_module
from extraction.content import Turn
from extraction.engine import Engine, engine_for, register_backend, unload
from extraction.errors import GenerationCancelledError, GenerationError
from extraction.jobs import Answer, Job, Request, Wave
from extraction.loading import ModelKey
from extraction.sampling import Sampling
from tests.scripted import ScriptedBackend

QUESTION = Request((Turn("user", ("hello",)),))
ANSWER = Answer("hi", "stop", 1, 0, 1)


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def engine(backend: ScriptedBackend) -> Iterator[Engine]:
    made = Engine(backend)
    yield made
    made.close()


def _answers(jobs: Sequence[Job]) -> list[str]:
    return [job.future.result(timeout=5).text for job in jobs]


def test_what_waits_together_is_answered_together(engine: Engine, backend: ScriptedBackend) -> None:
    assert set(_answers([engine.submit(Job(QUESTION)) for _ in range(5)])) == {"Hello, this is a local model speaking."}
    assert backend.batches == [5]


def test_no_batch_is_larger_than_its_jobs_accept(engine: Engine, backend: ScriptedBackend) -> None:
    _answers([engine.submit(Job(QUESTION, largest_batch=3)) for _ in range(7)])
    assert backend.batches == [3, 3, 1]


def test_a_wave_is_waited_for(engine: Engine, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE", 10.0)
    wave = Wave(3, concurrency=8)
    jobs = []
    for _ in range(3):
        jobs.append(engine.submit(Job(QUESTION, wave=wave)))
        time.sleep(3 * engine_module.WINDOW)
    _answers(jobs)
    assert backend.batches == [3]


def test_a_wave_is_not_waited_for_when_nothing_more_can_come(
    engine: Engine, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE", 10.0)
    started = time.monotonic()
    wave = Wave(10, concurrency=2)
    _answers([engine.submit(Job(QUESTION, wave=wave)) for _ in range(2)])
    dropped = Wave(2, concurrency=2)
    job = engine.submit(Job(QUESTION, wave=dropped))
    dropped.dropped()
    _answers([job])
    assert backend.batches == [2, 1]
    assert time.monotonic() - started < engine_module.PATIENCE


def test_a_backend_that_fails_fails_all_who_wait(engine: Engine, backend: ScriptedBackend) -> None:
    def fail(jobs: Sequence[Job]) -> None:
        jobs[0].resolve(ANSWER)
        raise ZeroDivisionError("no")

    backend.run = fail  # type: ignore[method-assign]
    first, second = engine.submit(Job(QUESTION)), engine.submit(Job(QUESTION))
    assert first.future.result(timeout=5) == ANSWER
    with pytest.raises(ZeroDivisionError):
        second.future.result(timeout=5)
    backend.run = lambda jobs: None  # type: ignore[method-assign]
    with pytest.raises(GenerationError, match="gave no answer"):
        engine.submit(Job(QUESTION)).future.result(timeout=5)


def test_a_cancelled_job_is_not_begun(engine: Engine, backend: ScriptedBackend) -> None:
    job = Job(QUESTION)
    job.cancel()
    engine.submit(job)
    with pytest.raises(GenerationCancelledError):
        job.future.result(timeout=5)
    assert backend.batches == []


def test_a_cancelled_future_disturbs_nobody(engine: Engine, backend: ScriptedBackend) -> None:
    wave = Wave(2, concurrency=2)
    gone, other = Job(QUESTION, wave=wave), Job(QUESTION, wave=wave)
    gone.future.cancel()
    engine.submit(gone)
    engine.submit(other)
    _answers([other])
    assert backend.batches == [1]


def test_closing_cancels_and_refuses(backend: ScriptedBackend) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def run(jobs: Sequence[Job]) -> None:
        begun.set()
        while not jobs[0].cancelled and not go_on.wait(0.01):
            pass
        jobs[0].resolve(ANSWER)

    backend.run = run  # type: ignore[method-assign]
    engine = Engine(backend)
    running = engine.submit(Job(QUESTION))
    assert begun.wait(5)
    waiting = engine.submit(Job(QUESTION))
    engine.close()
    assert running.cancelled
    assert running.future.result(timeout=5) == ANSWER
    with pytest.raises(GenerationError, match="unloaded"):
        waiting.future.result(timeout=5)
    with pytest.raises(GenerationError, match="unloaded"):
        engine.submit(Job(QUESTION))
    assert backend.closed
    engine.close()


def test_an_engine_that_never_ran_closes(backend: ScriptedBackend) -> None:
    Engine(backend).close()
    assert backend.closed


def test_one_engine_per_model_and_options() -> None:
    made: list[ScriptedBackend] = []

    def factory() -> ScriptedBackend:
        made.append(ScriptedBackend())
        return made[-1]

    register_backend("test-engine", factory)
    first = engine_for(ModelKey("test-engine"))
    assert engine_for(ModelKey("test-engine")) is first
    assert engine_for(ModelKey("test-engine", dtype="float32")) is not first
    assert len(made) == 2
    unload("test-engine")
    assert [backend.closed for backend in made] == [True, True]
    assert engine_for(ModelKey("test-engine")) is not first
    unload("test-engine")


def test_a_forked_child_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_engines", {})
    register_backend("test-fork", ScriptedBackend)
    parents = engine_for(ModelKey("test-fork"))
    engine_module._forget()
    assert engine_for(ModelKey("test-fork")) is not parents


def _told(texts: Sequence[str], on_text: Callable[[str], None]) -> Job:
    job = Job(QUESTION, on_text=on_text)
    for text in texts:
        job.tell(text)
    return job


def test_a_job_that_is_begun_again_repeats_nothing() -> None:
    heard: list[Any] = []
    job = _told(["a", "ab", "ab", "abc", "a", "ab", "abc", "abcd"], heard.append)
    assert heard == ["a", "b", "c", "d"]
    with pytest.raises(GenerationError, match="came out differently"):
        job.tell("axe")


def test_a_job_has_one_seed_however_often_it_is_begun() -> None:
    assert Job(Request((), sampling=Sampling(1.0, seed=7))).seed == 7
    assert Job(QUESTION).seed != Job(QUESTION).seed
