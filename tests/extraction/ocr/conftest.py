"""Readings by the real engines, each made once for all tests of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from PIL import Image

from extraction import read_words
from extraction.ocr.engines import EngineName
from extraction.ocr.reading import forget_words
from extraction.pages.words import PageWords
from tests.extraction.ocr.pages import Drawn, receipt, two_columns

Reading = Callable[[str, EngineName, float], tuple[Drawn, PageWords]]


@pytest.fixture(scope="session")
def reading() -> Reading:
    """A page, turned clockwise by so many degrees, as an engine reads it."""
    pages = {"receipt": receipt, "columns": two_columns}

    @cache
    def read(page: str, engine: EngineName, angle: float = 0) -> tuple[Drawn, PageWords]:
        drawn = pages[page]()
        seen = drawn.image.rotate(-angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
        return drawn, read_words(seen, engine=engine)

    return read


@pytest.fixture
def nothing_read() -> Iterator[None]:
    """A memory of pages that is empty before and after."""
    forget_words()
    yield
    forget_words()
