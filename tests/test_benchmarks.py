"""``benchmarks/decoding.py`` compares what it says it compares, on a tiny model."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import decoding
from benchmarks.decoding import BEGIN, END, FLOOR, FREE, LOOP, NARROW, PLAIN, PREPACKED, Measured, lines, measure
from benchmarks.documents import TASKS, Task
from benchmarks.methods import Ours, Workbench, Written
from tests.tiny_models import build_llava, build_qwen


@pytest.fixture(scope="module", params=["llava", "qwen"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    build = build_llava if request.param == "llava" else build_qwen
    return Workbench(str(build(tmp_path_factory.mktemp("bench"))))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_every_method_writes_the_dictated_document(
    task: Task, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "outlines", None)
    monkeypatch.setitem(sys.modules, "outlines.backends", None)
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    results = measure(bench, task, 1, time.process_time)
    ours = {name: results[name] for name in (LOOP, NARROW, PLAIN)}
    assert [(one.failure, one.valid, one.same, len(one.seconds)) for one in ours.values()] == [
        (None, True, True, 1)
    ] * 3
    assert results[LOOP].passes == results[NARROW].passes == results[FLOOR].passes < results[LOOP].tokens
    assert {results[name].tokens for name in (LOOP, NARROW, PLAIN, FREE)} == {results[PLAIN].passes}
    assert results[FREE].passes == results[FREE].tokens
    table = "\n".join(lines(results, task))
    assert "| outlines | could not run: ModuleNotFoundError" in table
    assert "| xgrammar | could not run: ModuleNotFoundError" in table


def test_other_objects_and_failures_are_told(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS["flat"]

    class Other(Ours):
        def write(self, task: Task) -> Written:
            return Written(json.dumps({**task.value, "page_count": 0}), 3)

    class Broken(Ours):
        def write(self, task: Task) -> Written:
            raise ZeroDivisionError

    monkeypatch.setattr(decoding, "Outlines", Other)
    monkeypatch.setattr(decoding, "XGrammar", Broken)
    results = measure(bench, task, 1, time.process_time)
    assert (results["outlines"].valid, results["outlines"].same) == (False, False)
    assert results["xgrammar"].failure is not None
    assert results["xgrammar"].failure.startswith("ZeroDivisionError")


def test_tables_go_between_the_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}old\n{END}after\n", encoding="utf-8")
    monkeypatch.setattr(decoding, "README", readme)
    monkeypatch.setattr(decoding, "report", lambda *_, **__: iter(["| a table |"]))
    monkeypatch.setattr(sys, "argv", ["decoding", "--quick", "--markdown"])
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)  # it would stay for other tests
    decoding.main()
    text = readme.read_text(encoding="utf-8")
    assert text == (f"before\n{BEGIN}\n`python -m benchmarks.decoding --quick --markdown`\n\n| a table |\n{END}after\n")


def test_a_method_that_fails_midway_keeps_its_row() -> None:
    results = {name: Measured(seconds=[2.0, 4.0], tokens=10, passes=5) for name in (FREE, LOOP, NARROW, PLAIN, FLOOR)}
    results["outlines"] = Measured(seconds=[8.0], tokens=10, passes=10, failure="RuntimeError: lost", cold=2.0)
    results |= {name + PREPACKED: replace(result, seconds=[1.0]) for name, result in results.items()}
    rows = [line for line in lines(results, TASKS["flat"]) if line.startswith("| outlines")]
    assert [row.split(" | ")[:3] for row in rows[1:]] == [
        ["| outlines", "1.000", "1.00"],
        ["| outlines, plain layers", "8.000", "8.00"],
    ]
    assert rows[0] == (
        "| outlines | 8.000 | 4.00 | 4.00 | 4.00 | 4.00 | 5.00 | 5.00 | 10 | 10 | then failed: RuntimeError: lost | yes "
        "| 2000.0, 0.0 |"
    )
