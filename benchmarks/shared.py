"""What ``benchmarks/prefix.py`` and ``benchmarks/batching.py`` share: their models, their jobs, and how two ways are timed."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from benchmarks.checkpoints import NAMES, checkpoint
from extraction.jobs import Answer, Job, Request
from extraction.loading import POCKET, ModelKey
from extraction.local_model import TransformersBackend

K = TypeVar("K")
"""What a way is named by."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a benchmark was asked to do.

    Attributes:
        models: Names of models.
        repeats: How often each way is timed.
    """

    models: tuple[str, ...]
    repeats: int


@dataclass(frozen=True, slots=True)
class Timed:
    """One way, timed.

    Attributes:
        seconds: Median.
        answers: What it answered, the last time.
    """

    seconds: float
    answers: Sequence[Answer]


def options(description: str, *, models: Sequence[str]) -> Options:
    """The options of the command line, on one core.

    Args:
        description: What the benchmark shows.
        models: What it takes by default.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="one repeat: does it run?")
    parser.add_argument("--repeats", type=int, default=7, help="how often each way is timed")
    parser.add_argument("--models", nargs="+", choices=(POCKET, *NAMES), default=list(models))
    given = parser.parse_args()
    torch.set_num_threads(1)
    return Options(tuple(given.models), 1 if given.quick else given.repeats)


def backend_of(name: str, *, prepack: bool | None = None) -> TransformersBackend:
    """The library's own backend of a model, in float32, loaded.

    Args:
        name: The model.
        prepack: Whether its linear layers are laid out for oneDNN; None as the library does it.
    """
    folder = name if name == POCKET else checkpoint(name)
    backend = TransformersBackend(ModelKey(folder, device="cpu", dtype="float32", prepack=prepack))
    backend.run([Job(Request((), max_tokens=1))])  # an empty conversation is refused, after the weights are there
    return backend


def answered(backend: TransformersBackend, requests: Sequence[Request], *, keep: int = 0) -> list[Answer]:
    """The answers of one batch, in this thread.

    Args:
        backend: The model.
        requests: What is asked.
        keep: Most bytes of prompts that may be kept; 0 neither keeps any nor uses any.
    """
    jobs = [Job(request, prefix_cache_bytes=keep) for request in requests]
    backend.run(jobs)
    return [job.future.result(timeout=0) for job in jobs]


def interleaved(ways: Mapping[K, Callable[[int], Sequence[Answer]]], repeats: int) -> dict[K, Timed]:
    """Every way by its name; all take their turns, so that whatever slows the machine down slows all of them.

    Args:
        ways: From the number of a repeat to answers. Repeat 0 warms up and is not timed.
        repeats: How often each is timed.
    """
    seconds: dict[K, list[float]] = {name: [] for name in ways}
    answers: dict[K, Sequence[Answer]] = {}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            started = time.process_time()
            answers[name] = way(repeat)
            if repeat:
                seconds[name].append(time.process_time() - started)
    return {name: Timed(statistics.median(seconds[name]), answers[name]) for name in ways}
