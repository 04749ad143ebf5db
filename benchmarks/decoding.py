"""What constrained decoding costs, ours beside others': ``python -m benchmarks.decoding``.

One model, one picture, one prompt, and every method writes the same document (see ``benchmarks/dictation.py``), in
turns, so that whatever else slows the machine down slows all of them. Times go from the picture to the validated
object. The others are an extra: ``pip install -e '.[benchmarks]'``; one that is missing or fails is listed with the
reason.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jsonschema
import torch

from benchmarks.checkpoints import NAMES, checkpoint
from benchmarks.documents import TASKS, Task
from benchmarks.methods import Method, Ours, Outlines, Unconstrained, Workbench, XGrammar
from extraction.loading import POCKET

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- decoding: begin -->\n", "<!-- decoding: end -->\n"
LOOP, NARROW, PLAIN, FREE = "our loop", "our loop, narrow head", "ours, token by token", "unconstrained"
FLOOR = "floor"
PREPACKED, ELSEWHERE = ", prepacked", ", plain layers"
COLUMNS = (
    "method | s | of unconstrained | of the floor | x our loop | x ours, narrow | cold: x our loop | cold: x ours, narrow"
    " | passes | tokens | valid | same object | compile: cold, cached (ms)"
)


@dataclass(slots=True)
class Measured:
    """One method on one document.

    Attributes:
        seconds: Of each repeat, from the picture to the validated object.
        cold: Seconds to compile the schema for the first time.
        cached: Seconds to compile it once more.
        tokens: Tokens that were written.
        passes: Passes of the model.
        valid: Whether the text was JSON and followed the schema, every time.
        same: Whether it was the dictated document, every time.
        failure: Why there is no result, or no further one.
    """

    seconds: list[float] = field(default_factory=list)
    cold: float = 0.0
    cached: float = 0.0
    tokens: int = 0
    passes: int = 0
    valid: bool = True
    same: bool = True
    failure: str | None = None


Clock = Callable[[], float]


def methods(bench: Workbench, tokens: Callable[[], int]) -> dict[str, Method | str]:
    """Every method, or the reason why there is none."""

    def made(make: Callable[[Workbench], Method]) -> Method | str:
        try:
            return make(bench)
        except Exception as error:  # whatever it is, the table says it
            return f"{type(error).__name__}: {error}"

    return {
        FREE: Unconstrained(bench, tokens),
        LOOP: Ours(bench),
        NARROW: Ours(bench, narrow_head=True),
        PLAIN: Ours(bench, force=False),
        "outlines": made(Outlines),
        "xgrammar": made(XGrammar),
    }


def measure(bench: Workbench, task: Task, repeats: int, clock: Clock) -> dict[str, Measured]:
    """All methods on one document, in turns, after one round that does not count."""
    bench.dictation.learn(task.text)
    prompt = bench.inputs(task)[1]
    decisions = bench.decisions(task)
    results: dict[str, Measured] = {}

    known = methods(bench, lambda: results[LOOP].tokens)
    for name, method in known.items():
        results[name] = Measured(failure=method) if isinstance(method, str) else _compiled(method, task, clock)
        results[name + PREPACKED] = replace(results[name], seconds=[])
    results[FLOOR], results[FLOOR + PREPACKED] = Measured(passes=decisions), Measured(passes=decisions)
    order = [LOOP, *(name for name in known if name != LOOP)]  # the first says how many tokens there are
    for repeat in range(repeats + 1):
        for name in order:
            method = known[name]
            for result in (results[name], results[name + PREPACKED]):
                bench.prepack(result is not results[name])
                if result.failure is None and not isinstance(method, str):
                    bench.dictation.begin(prompt)
                    _measure_once(bench, method, task, result, clock if repeat else None)
                    bench.dictation.end()
        for result in (results[FLOOR], results[FLOOR + PREPACKED]):
            bench.prepack(result is not results[FLOOR])
            with _timed(result.seconds if repeat else [], clock):
                bench.floor(task, decisions)
    return results


def _compiled(method: Method, task: Task, clock: Clock) -> Measured:
    result = Measured()
    try:
        for compile_schema, name in ((method.compile, "cold"), (method.compile_again, "cached")):
            started = clock()
            compile_schema(task)
            setattr(result, name, clock() - started)
    except Exception as error:  # whatever it is, the table says it
        result.failure = f"{type(error).__name__}: {error}"
    return result


def _measure_once(bench: Workbench, method: Method, task: Task, result: Measured, clock: Clock | None) -> None:
    """One answer; without a clock to warm up."""
    free = isinstance(method, Unconstrained)
    try:
        with _timed([] if clock is None else result.seconds, clock or time.perf_counter):
            written = method.write(task)
            value = None if free else _validated(written.text, task)
    except Exception as error:  # whatever it is, the table says it
        result.failure = f"{type(error).__name__}: {error}"
        return
    result.tokens, result.passes = written.tokens, bench.dictation.passes
    result.valid &= free or value is not None
    result.same &= free or value == task.value


def _validated(text: str, task: Task) -> Any:
    """The object; None for text that is no JSON or does not follow the schema."""
    try:
        value = json.loads(text)
        jsonschema.validate(value, task.schema)
    except (ValueError, jsonschema.ValidationError):
        return None
    return value


class _timed:  # noqa: N801 - reads as what it does
    """Adds the seconds of a block to a list, with the garbage of others collected before."""

    def __init__(self, seconds: list[float], clock: Clock) -> None:
        self._seconds, self._clock = seconds, clock

    def __enter__(self) -> None:
        gc.collect()
        gc.disable()
        self._started = self._clock()

    def __exit__(self, *error: object) -> None:
        taken = self._clock() - self._started
        gc.enable()
        if error[0] is None:
            self._seconds.append(taken)


def lines(results: dict[str, Measured], task: Task) -> Iterator[str]:
    """The tables of one document: with torch's linear layers, and with prepacked ones, as our library comes."""
    open_tokens, tokens = results[FLOOR].passes, results[LOOP].tokens
    yield f"**{task.name}**: {tokens} tokens, {open_tokens} of them left open by the grammar\n"
    names = [name for name in results if not name.endswith(PREPACKED)]
    yield from _table({name: results[name] for name in names}, "torch's own linear layers")
    ours = {name: results[name + PREPACKED] for name in names}
    others = {name + ELSEWHERE: results[name] for name in names if name not in (LOOP, NARROW, PLAIN, FLOOR)}
    yield from _table(ours | others, "prepacked linear layers")


def _table(results: dict[str, Measured], layers: str) -> Iterator[str]:
    yield f"with {layers}:\n"
    yield f"| {COLUMNS} |"
    yield "|" + " --- |" * len(COLUMNS.split("|"))
    for name, result in results.items():
        if result.failure is not None and not result.seconds:
            reason = " ".join(result.failure.split()).replace("|", "/")
            yield f"| {name} | could not run: {reason:.160} |" + " |" * (len(COLUMNS.split("|")) - 2)
            continue
        yield "| " + " | ".join(_cells(name, result, results)) + " |"
    yield ""


def _cells(name: str, result: Measured, results: dict[str, Measured]) -> list[str]:
    def ratio(other: str, *, cold: bool = False, above: Measured = result) -> str:
        base = results[other]
        extra = (above.cold, base.cold) if cold else (0.0, 0.0)
        pairs = zip(above.seconds, base.seconds, strict=False)
        ratios = [(one + extra[0]) / (two + extra[1]) for one, two in pairs]
        return f"{statistics.median(ratios):.2f}" if ratios else "-"

    cells = [name, f"{statistics.median(result.seconds):.3f}", ratio(FREE), ratio(FLOOR), ratio(LOOP), ratio(NARROW)]
    if name in (FLOOR, FREE, FREE + ELSEWHERE):
        return [*cells, "", "", str(result.passes), str(result.tokens or ""), "", "", ""]
    compiled = f"{result.cold * 1e3:.1f}, {result.cached * 1e3:.1f}"
    answers = ["yes" if result.valid else "NO", "yes" if result.same else "NO"]
    if result.failure is not None:
        answers[0] = f"then failed: {result.failure:.80}"
    cold = [ratio(LOOP, cold=True), ratio(NARROW, cold=True)]
    return [*cells, *cold, str(result.passes), str(result.tokens), *answers, compiled]


def _versions() -> str:
    found = []
    for package in ("torch", "transformers", "llguidance", "outlines", "outlines_core", "xgrammar"):
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} missing")
    return ", ".join(found)


def report(models: list[str], tasks: list[str], repeats: int, *, wall: bool) -> Iterator[str]:
    """The lines of the whole comparison, as they become known."""
    clock = time.perf_counter if wall else time.process_time
    yield f"One core, float32, medians of {repeats} interleaved repeats, {'wall' if wall else 'process CPU'} time."
    yield f"{_versions()}.\n"
    for model in models:
        bench = Workbench(POCKET if model == POCKET else checkpoint(model))
        millions = sum(weight.numel() for weight in bench.model.parameters()) / 1e6
        yield f"### {model}: {millions:.0f} M parameters, {bench.rows} rows of the head, {len(bench.prepacked)} prepacked layers\n"
        for name in tasks:
            yield from lines(measure(bench, TASKS[name], repeats, clock), TASKS[name])


def main() -> None:
    """Prints the tables, and keeps them on request."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding", description=__doc__)
    parser.add_argument("--model", action="append", choices=[POCKET, *NAMES], help="may be repeated")
    parser.add_argument("--schema", action="append", choices=list(TASKS), help="may be repeated")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one repeat of the smallest document on two models")
    parser.add_argument("--wall", action="store_true", help="wall time instead of CPU time")
    parser.add_argument("--markdown", action="store_true", help="put the tables into benchmarks/README.md")
    given = parser.parse_args()
    torch.set_num_threads(1)
    models = given.model or [POCKET, "llava-50k", *([] if given.quick else ["qwen-150k"])]
    tasks = given.schema or (["flat"] if given.quick else list(TASKS))
    told: list[str] = []
    for line in report(models, tasks, 1 if given.quick else given.repeats, wall=given.wall):
        print(line, flush=True)  # noqa: T201 - it is its purpose
        told.append(line)
    if given.markdown:
        command = " ".join(["python -m benchmarks.decoding", *sys.argv[1:]])
        before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        table = "\n".join([f"`{command}`\n", *told])
        README.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
