"""Which pages of a document are wanted: ``"1-3,7"``, numbers, ranges -> their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from extraction.errors import OptionError

PageSelection: TypeAlias = int | str | Iterable[int]
"""Numbers of pages, counted from 1: one, several, a ``range``, or text such as ``"1-3,7,12-"``."""

_PART = re.compile(r"\s*(\d{1,9})\s*(?:(-)\s*(\d{1,9})?\s*)?", re.ASCII)


def select_pages(pages: PageSelection | None, count: int) -> Iterator[int]:
    """The numbers of the wanted pages, from 1, in the order that was asked for, each once; all of them for None.

    Args:
        pages: What is wanted.
        count: How many pages there are.

    Raises:
        OptionError: While it is read: something is no page of this document.
    """
    seen = set()
    for number in range(1, count + 1) if pages is None else _numbers(pages, count):
        if isinstance(number, bool) or not isinstance(number, int):
            raise OptionError(
                f"pages are chosen by whole numbers, not by {number!r:.100}", hint='pages="1-3,7", for instance'
            )
        if not 1 <= number <= count:
            there = f"the document has {count} pages" if count > 1 else "the document has one page"
            raise OptionError(f"there is no page {number}: {there}", hint="pages are counted from 1")
        if number not in seen:
            seen.add(number)
            yield number


def _numbers(pages: PageSelection, count: int) -> Iterable[int]:
    if isinstance(pages, str):
        return _written(pages, count)
    if isinstance(pages, (bytes, bytearray)):  # an Iterable of numbers, too
        raise OptionError("pages are chosen by text or numbers, not by bytes", hint='pages="1-3,7", for instance')
    if isinstance(pages, Iterable):
        return pages
    return (pages,)


def _written(pages: str, count: int) -> Iterator[int]:
    for part in pages.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise OptionError(
                f"pages={pages!r:.100} names no pages at {part!r:.40}", hint='write "1-3,7" or "12-", for instance'
            )
        first = int(match[1])
        last = first if match[2] is None else int(match[3]) if match[3] else max(first, count)
        if last < first:
            raise OptionError(f"pages={pages!r:.100} counts backwards at {part!r}")
        yield from range(first, last + 1)
