"""The words of a document's pages: from their text layers, or read by the OCR engine that is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from extraction.documents.result import Merged, Origin, Window
from extraction.errors import OptionError
from extraction.grounding.sources import Source, Sources, told_sources
from extraction.images import Picture
from extraction.pages.page import Page
from extraction.pages.words import PageWords
from extraction.schemas.pointers import leaves_of, pointer
from extraction.written_numbers import numbers_as_text

if TYPE_CHECKING:
    from extraction.ocr.engines import Engine

_shown: ContextVar[Page | None] = ContextVar("extraction_shown_page", default=None)


def words_of(page: Page, engine: Engine | None = None) -> PageWords:
    """The words of a page.

    Args:
        page: The page.
        engine: What reads it where it has no text layer; None for the engine that is installed.

    Raises:
        MissingExtraError: It has no text layer, and no OCR engine is installed.
    """
    if page.words is not None:
        return page.words
    from extraction.ocr.reading import read_words

    return read_words(page.picture, engine=engine)


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


def engine_for(sources: bool | Engine) -> Engine | None:
    """The engine that is named as ``sources``; None for the one that is installed.

    Raises:
        OptionError: It is no engine.
        MissingExtraError: That engine is not installed.
    """
    if isinstance(sources, bool):
        return None
    if isinstance(sources, PageWords):
        raise OptionError(
            "sources cannot be the words of one page", hint="pages with words are Pages: Page(1, picture, words)"
        )
    from extraction.ocr.engines import find_engine

    return find_engine(sources)


def window_sources(data: Any, words: Mapping[int, PageWords], schema: Mapping[str, Any]) -> Sources:
    """Where the leaves of a window's answer stand on its pages.

    Args:
        data: The answer as JSON.
        words: Those of the pages, by number.
        schema: The user's JSON schema.
    """
    from extraction.grounding.finding import find_sources

    return find_sources(numbers_as_text(data), words, schema=dict(schema))


def own_sources(window: Window) -> Sources | None:
    """Where the leaves of a window's answer stand, as the message tells it itself; None where it does not."""
    if window.raw is None or window.data is None:
        return None
    told = told_sources(window.raw.response_metadata, window.data)
    if told is None:
        return None
    # A message counts the pictures of its prompt.
    places = {
        pointer: tuple(replace(one, page=window.pages[one.page - 1]) for one in found)
        for pointer, found in told.items()
    }
    return replace(told, places=places)


def leaf_origins(merged: Merged) -> Iterator[tuple[str, tuple[Origin, ...]]]:
    """The leaves of a document's value with where they were read, also those of values that come whole, such as unions."""
    origins = merged.provenance.origins
    for path, _ in leaves_of(merged.data):
        whole = at = pointer(path)
        while whole and whole not in origins:
            whole = whole.rpartition("/")[0]
        if whole in origins:
            inside = at[len(whole) :]
            yield at, tuple(replace(one, pointer=f"{one.pointer}{inside}") for one in origins[whole])


def merged_sources(merged: Merged, windows: Sequence[Sources | None]) -> Sources:
    """Where the leaves of a document's value stand: on the pages that say them.

    Args:
        merged: The value.
        windows: What was found in each window.
    """
    places: dict[str, tuple[Source, ...]] = {}
    unlooked: list[str] = []
    for at, origins in leaf_origins(merged):
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
