"""Tiny checkpoints, built once for all tests of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from extraction.engine import unload
from tests.tiny_models import build_llava, build_qwen


@pytest.fixture(scope="session")
def tiny_llava(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_llava(tmp_path_factory.mktemp("llava")))


@pytest.fixture(scope="session")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_qwen(tmp_path_factory.mktemp("qwen")))


@pytest.fixture(params=["llava", "qwen"])
def tiny(request: pytest.FixtureRequest) -> str:
    """Both checkpoints in turn."""
    return str(request.getfixturevalue(f"tiny_{request.param}"))


@pytest.fixture(scope="session", autouse=True)
def _unloaded() -> Iterator[None]:
    yield
    unload()
