"""Documents for the command: which of its arguments are some, and what became of each."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from getpass import getpass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from langchain_core.runnables import Runnable, RunnableConfig

from extraction.console import STDIN
from extraction.documents.result import DocumentExtraction
from extraction.errors import DocumentError, ImageError, MissingExtraError, OptionError
from extraction.images import DEFAULT_LIMITS
from extraction.ocr.engines import find_engine
from extraction.outcomes import Outcome, outcomes
from extraction.pages.document import DEFAULT_DPI, Document, is_pdf, open_document
from extraction.schemas import Check, Schema

PASSWORD: Final = "EXTRACTION_PASSWORD"
"""The environment variable that holds the password of encrypted PDFs; an argument would stand in lists of processes."""

_TIFFS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEAD: Final = 1024

_NO_PASSWORD: Final = "needs a password"

Source: TypeAlias = tuple[str, Any]
"""What a document or a picture is called, and its path or bytes."""

Reader: TypeAlias = Callable[[Document], Coroutine[Any, Any, DocumentExtraction[Any]]]
"""From a document to all that is found in it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents are read.

    Attributes:
        pages: Which pages, such as "1-3,7"; None for all.
        dpi: Pixels per inch of a PDF's pages; None for the usual ones.
        window: How many pages are shown at once.
        provenance: Whether the result tells the pages of each value, conflicts, and what is missing.
    """

    pages: str | None = None
    dpi: float | None = None
    window: int | Literal["fit"] = 1
    provenance: bool = False

    @property
    def wanted(self) -> bool:
        """Whether something is asked for that only documents have: then pictures are documents of one page."""
        return self != Reading()


@dataclass(slots=True)
class Opener:
    """Opens a document, as often as it is wanted.

    Attributes:
        name: What it is called.
        source: Its path or bytes.
        reading: How it is read.
        password: What opens it, once it is known.
    """

    name: str
    source: Any
    reading: Reading
    password: str | None = None

    def open(self) -> Document:
        """The document; where it is encrypted, by the password of the environment or, at a terminal, a typed one.

        Raises:
            ImageError: It cannot be read.
            OptionError: There are no such pages.
        """
        password = self.password or os.environ.get(PASSWORD)
        try:
            return self._open(password)
        except ImageError as error:
            if password is not None or _NO_PASSWORD not in error.message:
                raise
            if not at_terminal():
                raise ImageError("is encrypted", source=self.name, hint=f"put its password into {PASSWORD}") from error
        self.password = getpass(f"Password of {self.name}: ", sys.stderr)
        return self._open(self.password)

    def _open(self, password: str | None) -> Document:
        return open_document(
            self.source, dpi=self.reading.dpi or DEFAULT_DPI, password=password, pages=self.reading.pages
        )


@dataclass(frozen=True, slots=True)
class DocumentOutcome(Outcome):
    """What became of one document.

    Attributes:
        found: All that is known of it; None where it could not be read.
        opener: Opens it once more.
    """

    found: DocumentExtraction[Any] | None = None
    opener: Opener | None = None

    @property
    def checks(self) -> list[Check]:
        """What does not add up."""
        return [] if self.found is None else list(self.found.completeness.checks)

    @property
    def whole(self) -> bool:
        """Whether every page has its answer, and the value fits the schema."""
        told = None if self.found is None else self.found.completeness
        return told is not None and not told.failed and told.problem is None

    @property
    def notes(self) -> list[str]:
        """What else is to be told of the value: pages without an answer, and pages that disagree."""
        if self.found is None:
            return []
        checks = set(map(str, self.checks))
        missing = [one for one in self.found.completeness.missing if one not in checks]
        return missing + [str(one) for one in self.found.conflicts if not one.declared]

    def entry(self) -> dict[str, Any]:
        """As of a picture, with ``report`` where that was asked for."""
        entry = super(DocumentOutcome, self).entry()
        if self.found is not None and self.opener is not None and self.opener.reading.provenance:
            entry["report"] = self.found.report()
        return entry

    def plots(self, schema: Schema, path: Path) -> Iterator[tuple[Path, bytes]]:
        """A plot of each page, as data of files: of ``a.boxes.png`` they are ``a.boxes.page-1.png`` ...

        Args:
            schema: The schema of the value.
            path: Where the plot of a document of one page goes.
        """
        assert self.found is not None
        assert self.opener is not None
        kind = path.suffix.lower().removeprefix(".")
        with self.opener.open() as document:
            for number, figure in self.found.plots(document, sources=self.sources is not None):
                buffer = io.BytesIO()
                figure.savefig(buffer, format=kind)
                figure.clear()
                name = path if len(document) == 1 else path.with_stem(f"{path.stem}.page-{number}")
                yield name, buffer.getvalue()


def at_terminal() -> bool:
    """Whether somebody is there who could be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def sources_of(names: Sequence[str]) -> list[Source]:
    """The names with what is to be read: standard input is read whole, to see what it is.

    Args:
        names: Paths; "-" is standard input.
    """
    limit = DEFAULT_LIMITS.max_bytes
    return [(name, sys.stdin.buffer.read(2 * limit + 1) if name == STDIN else name) for name in names]


def is_document(source: Any) -> bool:
    """Whether a path or bytes hold a PDF, or a TIFF of several frames; what cannot be read is told as a picture is."""
    if isinstance(source, bytes):
        head = source[:_HEAD]
    else:
        try:
            with Path(source).open("rb") as file:
                head = file.read(_HEAD)
        except (OSError, ValueError):
            return False
    if is_pdf(head):
        return True
    if not head.startswith(_TIFFS):
        return False
    try:
        with open_document(source) as document:
            return len(document) > 1
    except ImageError:
        return False


def check_engine(sources: Sequence[Source], reading: Reading) -> None:
    """Returns when there are words for the places of values: an OCR engine, or a text layer on every page.

    Raises:
        MissingExtraError: No OCR engine is installed, and something has no text layer.
    """
    try:
        find_engine()
    except MissingExtraError:
        for name, source in sources:
            if not (reading.wanted or is_document(source)) or not _has_text(Opener(name, source, reading)):
                raise


def _has_text(opener: Opener) -> bool:
    """Whether all pages have a text layer; what cannot be read needs none, and is told when its turn comes."""
    try:
        with opener.open() as document:
            return all(page.words is not None for page in document)
    except (ImageError, OptionError):
        return True


def run_outcomes(
    chain: Runnable[Any, Any],
    reader: Reader,
    sources: Sequence[Source],
    reading: Reading,
    config: RunnableConfig | None = None,
) -> Iterator[Outcome]:
    """What became of each picture and each document, in order.

    Args:
        chain: From a picture to its value.
        reader: From a document to its ``DocumentExtraction``, awaited.
        sources: What is to be read.
        reading: How documents are read.
        config: LangChain's configuration of the calls for pictures.

    Raises:
        ExtractionError: Something is wrong that would be wrong for all of them: the model, an option, the schema. Pages
            that one of several documents does not have are its own failure.
        KeyboardInterrupt: The user interrupts.
    """
    for documents, group in groupby(sources, lambda one: reading.wanted or is_document(one[1])):
        if documents:
            for name, source in group:
                yield _document_outcome(reader, Opener(name, source, reading), alone=len(sources) == 1)
        else:
            pictures = [(name, io.BytesIO(one) if isinstance(one, bytes) else one) for name, one in group]
            yield from outcomes(chain, pictures, config)


def _document_outcome(reader: Reader, opener: Opener, *, alone: bool) -> Outcome:
    try:
        opened = opener.open()
    except ImageError as error:
        return DocumentOutcome(opener.name, error=error)
    except OptionError as error:
        if alone:
            raise
        return DocumentOutcome(opener.name, error=error)  # others may have the pages that this one has not
    try:
        with opened as document, asyncio.Runner() as runner:
            found = runner.run(reader(document))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None  # LangChain has taken the interruption for one more failed call
    except DocumentError as error:
        error.hint = "--provenance takes what there is"  # its own hint is for Python
        return DocumentOutcome(opener.name, error=error)
    except ImageError as error:
        return DocumentOutcome(opener.name, error=error)
    return DocumentOutcome(
        opener.name, None, found.value, found.data, sources=found.sources, found=found, opener=opener
    )
