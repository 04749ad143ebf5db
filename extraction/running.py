"""Calls that are on their way: waiting for them, in threads and in event loops, and announcing many at once."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextvars import ContextVar

from langchain_core.runnables import RunnableConfig

from extraction.asking import Plan
from extraction.errors import GenerationCancelledError
from extraction.jobs import Answer, Job, Wave

_wave: ContextVar[Wave | None] = ContextVar("extraction_wave", default=None)


def current_wave() -> Wave | None:
    """The batch call that the running code belongs to; None outside of one."""
    return _wave.get()


@contextlib.contextmanager
def announced(configs: Sequence[RunnableConfig]) -> Iterator[None]:
    """Tells the engine, through the jobs that are made inside, how many of them are coming."""
    concurrency = min((one.get("max_concurrency") or len(configs) for one in configs), default=1)
    token = _wave.set(Wave(len(configs), concurrency))
    try:
        yield
    finally:
        _wave.reset(token)


async def in_thread(submit: Callable[[], Running]) -> Running:
    """The job that ``submit`` hands in, from a thread; it is cancelled when the task that waits for it is."""
    task = asyncio.ensure_future(asyncio.to_thread(submit))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_cancel_job)
        raise


def _cancel_job(task: asyncio.Task[Running]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().job.cancel()


class Running:
    """A job that is on its way, with what its answer will be made into."""

    def __init__(self, job: Job, plan: Plan, timeout: float | None) -> None:
        self.job = job
        self.plan = plan
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def wait(self) -> Answer:
        """The answer; a call that is interrupted cancels its job."""
        try:
            return self.job.future.result(self._left())
        except FutureTimeoutError:
            raise self._late() from None
        finally:
            self.job.cancel()

    async def wait_async(self) -> Answer:
        """The answer; a task that is cancelled cancels its job."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self.job.future), self._left())
        except TimeoutError:
            raise self._late() from None
        finally:
            self.job.cancel()

    def next_piece(self, pieces: queue.Queue[str | None]) -> str | None:
        """The next piece of text; None after the last one."""
        try:
            return pieces.get(timeout=self._left())
        except queue.Empty:
            raise self._late() from None

    async def next_piece_async(self, pieces: asyncio.Queue[str | None]) -> str | None:
        """The next piece of text; None after the last one."""
        try:
            return await asyncio.wait_for(pieces.get(), self._left())
        except TimeoutError:
            raise self._late() from None

    def _left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _late(self) -> GenerationCancelledError:
        return GenerationCancelledError(f"there was no answer within {self._timeout:g} seconds", hint="raise timeout")
