from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from extraction import memory
from extraction.content import Turn
from extraction.images import Picture
from extraction.jobs import Job, Request
from extraction.loading import ModelKey
from extraction.local_model import TransformersBackend
from extraction.memory import SHARE, Footprint, Limit, _free_of_group, free_bytes, ran_out

CPU = torch.device("cpu")


@pytest.fixture
def no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: None)


def test_the_cache_is_predicted_exactly(tiny: str) -> None:
    backend = TransformersBackend(ModelKey(tiny))
    question = (Turn("user", (Picture(Image.new("RGB", (60, 40))), "word " * 40)),)
    backend.run([Job(Request(question, max_tokens=4))])
    tokens = sum(node.keys.size for node in backend._prefixes._nodes())
    assert Footprint.of(backend._loaded()).per_token * tokens == backend._prefixes.bytes


def test_more_of_anything_takes_more(tiny: str) -> None:
    model = TransformersBackend(ModelKey(tiny))._loaded()
    cost = Footprint.of(model)
    least = cost.row(prompt=10, answer=10, pixels=0)
    assert least > 20 * cost.per_token
    assert cost.row(prompt=11, answer=10, pixels=0) > least
    assert cost.row(prompt=10, answer=11, pixels=0) == least + cost.per_token
    assert cost.row(prompt=10, answer=10, pixels=10**6) > least + 4 * 10**6
    assert Footprint.of(model.to(torch.bfloat16)).per_token * 2 == cost.per_token


def test_a_configuration_that_tells_nothing_limits_nothing() -> None:
    class Model:
        dtype = torch.float32

        class config:  # noqa: N801
            @staticmethod
            def get_text_config() -> Any:
                return object()

    assert Footprint.of(Model()).row(prompt=10**6, answer=10**6, pixels=0) == 0


@pytest.mark.usefixtures("no_end")
def test_nothing_limits_what_nothing_is_known_of() -> None:
    limit = Limit()
    limit.fitted(10**15)
    assert limit.bytes(CPU) == math.inf


def test_what_is_free_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1000)
    limit = Limit()
    assert limit.bytes(CPU) == SHARE * 1000
    limit.failed(600)
    assert limit.bytes(CPU) == 300


@pytest.mark.usefixtures("no_end")
def test_a_limit_that_was_learnt_rises_again_and_more_slowly_each_time() -> None:
    limit = Limit()
    waits = []
    for _ in range(4):
        limit.failed(1000)
        assert limit.bytes(CPU) == 500
        for _ in range(100):
            limit.fitted(100)  # far below the limit, so that it shows nothing
        assert limit.bytes(CPU) == 500
        waits.append(0)
        while limit.bytes(CPU) < 1000:
            limit.fitted(limit.bytes(CPU))
            waits[-1] += 1
    assert waits == sorted(set(waits))
    limit.failed(10**9)
    assert limit.bytes(CPU) < 10**4  # a failure never raises it


def test_memory_that_is_free_is_told_where_it_can_be() -> None:
    free = free_bytes(CPU)
    if Path("/proc/meminfo").exists():
        assert free is not None
        assert 0 < free < 2**50
    assert free_bytes(torch.device("meta")) is None


def test_containers_have_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _free_of_group(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("700000\n")
    assert _free_of_group(tmp_path) == 300_000
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 50000\nfile 9\n")
    assert _free_of_group(tmp_path) == 350_000
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert free_bytes(CPU) == 350_000
    (tmp_path / "memory.max").write_text("max\n")
    assert _free_of_group(tmp_path) is None


def test_what_says_that_memory_ran_out() -> None:
    says = [torch.OutOfMemoryError("x"), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
    assert all(ran_out(error) for error in says)
    assert ran_out(RuntimeError("MPS backend out of memory"))
    assert not ran_out(RuntimeError("shapes differ"))
