"""The pages of whatever holds some, one by one and once more where that is possible, in windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from extraction.errors import ImageError, OptionError
from extraction.images import load_image
from extraction.pages.page import Page


@dataclass(frozen=True, slots=True)
class Shown:
    """The pages of one window, while they are in memory.

    Attributes:
        numbers: Of the pages, from 1.
        pages: The pages; empty where the one page that it would have is damaged.
        places: Where the pages are found in their source once more.
        error: Why a page cannot be read.
    """

    numbers: tuple[int, ...]
    pages: tuple[Page, ...]
    places: tuple[int, ...]
    error: ImageError | None = None


class PageSource:
    """Pages that are read when they are reached, and not kept.

    Args:
        source: A document as ``open_document`` gives it, or whatever else has a length and pages or pictures by their
            places, which can be read several times; or an iterator of them, which cannot.

    Attributes:
        count: How many pages there are; None where only the end will tell.
    """

    def __init__(self, source: Iterable[Any]) -> None:
        self._source = source
        self._sequence: Any = None
        if _is_repeatable(source):
            self._sequence = source
        self._numbers: Sequence[int] | None = getattr(source, "numbers", None)
        self.count: int | None = None if self._sequence is None else len(self._sequence)

    @property
    def can_repeat(self) -> bool:
        """Whether a page can be read once more."""
        return self._sequence is not None

    def windows(self, size_of: Callable[[Page], int]) -> Iterator[Shown]:
        """All pages in windows; a damaged one stands alone.

        Args:
            size_of: Tells from the first page how many pages a window has.

        Raises:
            OptionError: Two pages have one number, so that nobody could tell where a value comes from.
        """
        taken: list[Shown] = []
        passed: set[int] = set()
        size = 0
        for one in self._each():
            if passed.intersection(one.numbers):
                raise OptionError(
                    f"two pages have the number {one.numbers[0]}",
                    hint="pages of several files as one document are numbered anew: dataclasses.replace(page, number=...)",
                )
            passed.update(one.numbers)
            if one.error is not None:
                yield from _together(taken)
                yield one
                taken = []
                continue
            taken.append(one)
            size = size or size_of(one.pages[0])
            if len(taken) == size:
                yield from _together(taken)
                taken = []
            del one  # or it would be kept while the next page is drawn
        yield from _together(taken)

    def again(self, shown: Sequence[int]) -> Shown:
        """The pages of a window once more.

        Args:
            shown: The ``places`` of the window.
        """
        found = [self._at(place) for place in shown]
        damaged = next((one for one in found if one.error is not None), None)
        return next(_together(found)) if damaged is None else damaged

    def _each(self) -> Iterator[Shown]:
        if self._sequence is not None:
            yield from (self._at(place) for place in range(len(self._sequence)))
            return
        for place, one in enumerate(self._source):
            page = _page(one, place + 1)
            yield Shown((page.number,), (page,), (place,))

    def _at(self, place: int) -> Shown:
        number = place + 1 if self._numbers is None else self._numbers[place]
        try:
            page = _page(self._sequence[place], number)
        except ImageError as error:
            return Shown((number,), (), (place,), error)
        return Shown((page.number,), (page,), (place,))


def _is_repeatable(source: Any) -> bool:
    """Whether pages can be read by their places: a ``Document`` is no ``Sequence``, for it has no slices."""
    return hasattr(source, "__len__") and hasattr(source, "__getitem__")


def _together(taken: Sequence[Shown]) -> Iterator[Shown]:
    if taken:
        numbers = tuple(number for one in taken for number in one.numbers)
        pages = tuple(page for one in taken for page in one.pages)
        yield Shown(numbers, pages, tuple(place for one in taken for place in one.places))


def _page(one: Any, number: int) -> Page:
    """A page, or a picture as one."""
    return one if isinstance(one, Page) else Page(number, load_image(one))


def opened(source: Any) -> AbstractContextManager[Iterable[Any]]:
    """The pages of a source, to be used by ``with``; a file that is opened for it is closed at its end.

    Args:
        source: Pages or pictures in any iterable, a document, one page, or whatever ``open_document`` takes.

    Raises:
        ImageError: It cannot be read.
        OptionError: It holds no pages.
    """
    if isinstance(source, Page):
        return nullcontext([source])
    is_file = hasattr(source, "read") or isinstance(source, (str, bytes, bytearray, memoryview, np.ndarray, BaseModel))
    if isinstance(source, Iterable) and not is_file:
        if isinstance(source, Sequence) and not source:
            raise OptionError("there are no pages")
        return nullcontext(source)
    from extraction.pages.document import open_document

    return open_document(source)
