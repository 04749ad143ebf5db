"""The words of a document's pages: from their text layers, or read by the OCR engine that is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from extraction.documents.result import Merged
from extraction.grounding.sources import Source, Sources
from extraction.images import Picture
from extraction.pages.page import Page
from extraction.pages.words import PageWords

_shown: ContextVar[Page | None] = ContextVar("extraction_shown_page", default=None)


def words_of(page: Page) -> PageWords:
    """The words of a page.

    Raises:
        MissingExtraError: It has no text layer, and no OCR engine is installed.
    """
    if page.words is not None:
        return page.words
    from extraction.ocr.reading import read_words

    return read_words(page.picture)


@contextmanager
def showing(page: Page) -> Iterator[None]:
    """Inside, ``words_of_shown`` knows the page."""
    token = _shown.set(page)
    try:
        yield
    finally:
        _shown.reset(token)


def words_of_shown(picture: Picture) -> PageWords:
    """The words of the page that is being shown: ``evidence`` for ``extraction_chain``."""
    page = _shown.get()
    return words_of(page if page is not None and page.picture is picture else Page(1, picture))


def window_sources(data: Any, pages: Sequence[Page], schema: Mapping[str, Any]) -> Sources:
    """Where the leaves of a window's answer stand on its pages.

    Args:
        data: The answer as JSON.
        pages: The pages.
        schema: The user's JSON schema.

    Raises:
        MissingExtraError: A page has no text layer, and no OCR engine is installed.
    """
    from extraction.grounding.finding import find_sources

    return find_sources(data, {page.number: words_of(page) for page in pages}, schema=dict(schema))


def merged_sources(merged: Merged, windows: Sequence[Sources | None]) -> Sources:
    """Where the leaves of a document's value stand: on the pages that say them.

    Args:
        merged: The value.
        windows: What was found in each window.
    """
    places: dict[str, tuple[Source, ...]] = {}
    unlooked: list[str] = []
    for at, origins in merged.provenance.origins.items():
        found = [
            sources[origin.pointer]
            for origin in origins
            if (sources := windows[origin.window]) is not None and origin.pointer in sources
        ]
        if not found:
            unlooked.append(at)
        elif len(found) == 1:
            places[at] = found[0]
        else:  # said by several pages, or in pieces: the best place of each
            places[at] = tuple(one[0] for one in found if one)
    return Sources(places, tuple(unlooked))
