"""Tiny checkpoints, built once for all tests of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from extraction.engine import unload
from extraction.loading import ModelKey
from extraction.local_model import TransformersBackend
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


@pytest.fixture(scope="module", params=["llava", "qwen"])
def backend(request: pytest.FixtureRequest) -> TransformersBackend:
    """Both checkpoints in float32, where two ways to the same tokens can be compared."""
    return TransformersBackend(ModelKey(request.getfixturevalue(f"tiny_{request.param}"), dtype="float32"))


@pytest.fixture
def no_batch_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An error behind the last answer of a batch would reach nobody."""
    failed: list[Exception] = []
    generate = TransformersBackend._generate

    def watched(self: TransformersBackend, batch: Sequence[Any]) -> None:
        try:
            generate(self, batch)
        except Exception as error:
            failed.append(error)
            raise

    monkeypatch.setattr(TransformersBackend, "_generate", watched)
    yield
    assert failed == []
