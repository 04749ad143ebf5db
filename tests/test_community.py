"""Caches and loaders of langchain-community, which is frozen: what people have of them goes on working."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from PIL import Image

from extraction import ChatTransformers, load_image
from extraction.engine import register_backend, unload
from tests.scripted import ScriptedBackend

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the package says of itself that it is sunset
    from langchain_community.cache import SQLiteCache
    from langchain_community.document_loaders.blob_loaders import FileSystemBlobLoader


class Counting(ScriptedBackend):
    """Counts the conversations that reach the model."""

    asked = 0

    def run(self, jobs: Any) -> None:
        Counting.asked += len(jobs)
        super().run(jobs)


@pytest.mark.filterwarnings("ignore")  # SQLiteCache warns on each hit about arguments of its own
def test_a_sqlite_cache_answers_the_second_time(tmp_path: Path) -> None:
    register_backend("counting", Counting)
    try:
        llm = ChatTransformers(model="counting", cache=SQLiteCache(str(tmp_path / "cache.db")))
        picture = load_image(Image.new("RGB", (4, 4), "red")).to_data_uri()
        question = HumanMessage(
            [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": "What is this?"}]
        )
        first, again = llm.invoke([question]), llm.invoke([question])
        assert again.content == first.content
        assert Counting.asked == 1
        llm.invoke([question], max_tokens=7)  # another question to the cache
        assert Counting.asked == 2
    finally:
        unload("counting")


def test_pictures_come_from_a_blob_loader(tmp_path: Path) -> None:
    Image.new("RGB", (3, 2), "blue").save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    pictures = [load_image(blob) for blob in FileSystemBlobLoader(tmp_path, glob="*.png").yield_blobs()]
    assert [(picture.size, picture.image.getpixel((0, 0))) for picture in pictures] == [((3, 2), (0, 0, 255))]
    assert pictures[0].source.endswith("a.png")
