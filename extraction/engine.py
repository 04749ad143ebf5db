"""One engine per loaded model and process: a queue, a thread that owns the model, and batches made of what waits.

``batch``, ``abatch``, ``asyncio.gather`` and parallel branches of a chain all end up as jobs in the same queue; those
that wait together are answered together.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from collections.abc import Callable

from extraction.errors import GenerationCancelledError, GenerationError
from extraction.jobs import Backend, Job
from extraction.loading import ModelKey

WINDOW = 0.01
"""Seconds that a job waits for company when nothing is known about what comes."""
PATIENCE = 0.25
"""Seconds after its last job that the rest of a batch call is waited for: pictures take a while to decode."""


class Engine:
    """Answers jobs with a backend, in a thread of its own that starts with the first job."""

    def __init__(self, backend: Backend, *, name: str = "extraction") -> None:
        self.backend = backend
        self._name = name
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._running: list[Job] = []

    def submit(self, job: Job) -> Job:
        """The job, on its way; its ``future`` will have the answer.

        Raises:
            GenerationError: The engine was closed.
        """
        with self._lock:
            if self._closed:
                raise GenerationError("the model was unloaded")
            if job.wave is not None:
                job.wave.submitted()
            self._queue.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        return job

    def close(self, timeout: float | None = 5.0) -> None:
        """Ends the thread: what runs is cancelled, what waits gets an error, memory is let go of."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
            for job in self._running:
                job.cancel()
            self._queue.put(None)
        if thread is not None:
            thread.join(timeout)
        else:
            self.backend.close()

    def _work(self) -> None:
        while (jobs := self._collect()) is not None:
            with self._lock:
                self._running = jobs
            live = [job for job in jobs if not job.cancelled and job.future.set_running_or_notify_cancel()]
            try:
                if live:
                    self.backend.run(live)
                error: BaseException = GenerationError("the backend gave no answer")
            except BaseException as raised:  # whatever it is, those who wait must hear of it
                error = raised
            for job in jobs:
                job.resolve(GenerationCancelledError("the request was cancelled") if job.cancelled else error)
            del live, jobs
            with self._lock:
                self._running = []
        self.backend.close()

    def _collect(self) -> list[Job] | None:
        """The next batch; None when the engine was closed."""
        first = self._queue.get()
        jobs: list[Job] = []
        waited_until = time.monotonic() + WINDOW
        while first is not None:
            jobs.append(first)
            if len(jobs) >= min(job.largest_batch for job in jobs):
                return jobs
            try:
                first = self._next(jobs, waited_until)
            except queue.Empty:
                return jobs
        self._refuse(jobs)
        return None

    def _next(self, jobs: list[Job], waited_until: float) -> Job | None:
        """The next job of a batch that is being made, None for the end; raises ``queue.Empty`` when none is coming."""
        waves = {id(job.wave): job.wave for job in jobs if job.wave is not None}
        while True:
            alone = any(job.wave is None for job in jobs)
            until = max([waited_until if alone else 0.0, *(wave.waits_until(PATIENCE) for wave in waves.values())])
            left = until - time.monotonic()
            if left <= 0:
                return self._queue.get_nowait()
            try:
                return self._queue.get(timeout=min(left, WINDOW))
            except queue.Empty:
                continue  # a wave may have run dry meanwhile

    def _refuse(self, jobs: list[Job]) -> None:
        while not self._queue.empty():
            if (job := self._queue.get_nowait()) is not None:
                jobs.append(job)
        for job in jobs:
            job.resolve(GenerationError("the model was unloaded"))


_engines: dict[ModelKey, Engine] = {}
_factories: dict[str, Callable[[], Backend]] = {}
_registry = threading.Lock()


def engine_for(key: ModelKey) -> Engine:
    """The process's engine for a model, made on first use; nothing is loaded yet."""
    with _registry:
        if key not in _engines:
            factory = _factories.get(key.model)
            _engines[key] = Engine(factory() if factory else _transformers(key), name=f"extraction {key.model}")
        return _engines[key]


def register_backend(model: str, factory: Callable[[], Backend]) -> None:
    """From now on ``model`` is answered by a backend of the caller's: a stand-in for tests and demonstrations.

    Args:
        model: The name, as it will be given to ``ChatTransformers(model=...)``.
        factory: Makes the backend; called once per set of loading options.
    """
    unload(model)
    with _registry:
        _factories[model] = factory


def unload(model: str | None = None) -> None:
    """Lets go of the weights of a model, or of all models; they are loaded again when they are used again."""
    with _registry:
        keys = [key for key in _engines if model is None or key.model == model]
        engines = [_engines.pop(key) for key in keys]
    for engine in engines:
        engine.close()


def _transformers(key: ModelKey) -> Backend:
    from extraction.local_model import TransformersBackend

    return TransformersBackend(key)


def _forget() -> None:
    """In a forked child: its parent's threads do not exist here, so neither do its engines."""
    global _registry
    _registry = threading.Lock()
    _engines.clear()


atexit.register(unload)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
