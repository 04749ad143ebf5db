"""The suites download one small picture; here it comes from memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from extraction.engine import unload


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def _picture_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(*_: Any, **__: Any) -> SimpleNamespace:
        return SimpleNamespace(content=_png())

    monkeypatch.setattr(httpx, "get", get)


@pytest.fixture(autouse=True, scope="module")
def _unloaded() -> Iterator[None]:
    yield
    unload()
