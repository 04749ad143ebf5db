"""200 damaged documents: pages or clear errors, no crash, no hang, and no more memory than documents of this size need."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.extraction.pages.broken import MUTATIONS, SECONDS, damaged, originals

ROOT = Path(__file__).parents[3]
FIRST, COUNT = 0, 240  # every original with every mutation twice
MOST_MEMORY = 400
"""In MiB; the interpreter with numpy, Pillow and matplotlib takes about 100 of them."""


def test_damaged_documents_give_pages_or_clear_errors() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.extraction.pages.broken", str(FIRST), str(COUNT)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=6 * SECONDS,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{lines[-1:]}\n{done.stderr[-2000:]}"
    outcomes = {line["seed"]: line["outcome"] for line in lines if "outcome" in line}
    assert len(outcomes) == COUNT
    assert (lines[-1]["peak_mb"] or 0) < MOST_MEMORY
    # Both happen: neither is everything refused, nor is nothing noticed.
    refused = Counter(told.startswith("ImageError") or ";" in told for told in outcomes.values())
    assert refused[True] > 60
    assert refused[False] > 60


def test_the_damage_is_of_every_kind_and_always_the_same() -> None:
    whole = originals()
    named = [damaged(seed, whole) for seed in range(FIRST, FIRST + COUNT)]
    assert {name.split()[-1] for name, _ in named} == {mutate.__name__[1:] for mutate in MUTATIONS}
    assert named[:30] == [damaged(seed, whole) for seed in range(FIRST, FIRST + 30)]
    assert sum(data == whole[name.rpartition(" ")[0]] for name, data in named) < 20
