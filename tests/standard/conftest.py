"""The suites download one small picture and one small PDF; here they come from memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from extraction.engine import unload
from tests.extraction.pages.pdf_files import Sheet, pdf, text


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def _files_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(url: str, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(content=pdf([Sheet(text("Dummy", 20, 150))]) if url.endswith(".pdf") else _png())

    monkeypatch.setattr(httpx, "get", get)


@pytest.fixture(autouse=True, scope="module")
def _unloaded() -> Iterator[None]:
    yield
    unload()
