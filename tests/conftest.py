"""What every test stands on: no network, no display, no state left by another test."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Before anything imports transformers or matplotlib: both read these once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["LANGSMITH_TRACING"] = "false"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # each worker has a core; torch would take all of them in each

import matplotlib.pyplot as plt
import pytest

_LONG = ("test_benchmarks.py", "test_notebooks.py", "test_evaluate.py", "test_budget.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the files that take longest, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in _LONG)


@pytest.fixture(autouse=True)
def _no_figures_left() -> Iterator[None]:
    """Closes the figures of a test: matplotlib warns (an error here) once twenty are open."""
    yield
    plt.close("all")
