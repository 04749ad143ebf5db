"""What comes out of a document: the value, where each part of it was read, what pages disagree about, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from extraction.confidence import Confidence
from extraction.frames import BoxNote
from extraction.result import with_shapes
from extraction.schemas.checks import Check, checks_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata
    from matplotlib.figure import Figure

    from extraction.grounding.sources import Sources
    from extraction.pages.page import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was read.

    Attributes:
        window: Which of ``DocumentExtraction.windows``, counted from 0.
        pages: The numbers of its pages, from 1.
        pointer: JSON pointer of the value in that window's own answer.
    """

    window: int
    pages: tuple[int, ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class Provenance(Mapping[str, tuple[int, ...]]):
    """The pages that each part of the value comes from, by JSON pointer (RFC 6901): ``provenance["/rows/17"]`` is (3, 4).

    Attributes:
        pages: Of every leaf, item and object in which something stands; of the whole value under "".
        origins: Of every leaf, the windows that say it; the first of them is the one whose words it has.
    """

    pages: Mapping[str, tuple[int, ...]]
    origins: Mapping[str, tuple[Origin, ...]]

    def __getitem__(self, pointer: str) -> tuple[int, ...]:
        """The numbers of the pages, from 1, in order.

        Raises:
            KeyError: Nothing stands there.
        """
        return self.pages[pointer]

    def __iter__(self) -> Iterator[str]:
        return iter(self.pages)

    def __len__(self) -> int:
        return len(self.pages)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Pages say different things about one field.

    Attributes:
        pointer: JSON pointer of the field.
        taken: What the value has.
        values: Each different value, with the pages that say it; the most told first.
        rule: By which rule it was taken; see ``Merge``.
        declared: Whether the schema itself names that rule, and so expects that pages differ.
    """

    pointer: str
    taken: Any
    values: tuple[tuple[Any, tuple[int, ...]], ...]
    rule: str
    declared: bool = False

    def __str__(self) -> str:
        told = ", ".join(f"{_short(value)} on {_pages(pages)}" for value, pages in self.values)
        return f"{self.pointer or '/'}: {told}; taken is {_short(self.taken)} ({self.rule})"

    def as_json(self) -> dict[str, Any]:
        """The conflict as JSON."""
        values = [{"value": value, "pages": list(pages)} for value, pages in self.values]
        return {"pointer": self.pointer, "taken": self.taken, "values": values, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class Merged:
    """Several windows' answers as one, in JSON.

    Attributes:
        data: The value; a field that no page tells is null.
        provenance: Where each part was read.
        conflicts: What pages disagree about.
        joined: JSON pointers of the items that a page's end had cut, and that were put together.
        loose: JSON pointers of items at a page's end that lack what nearly all others have: halves, perhaps.
        confidence: How sure the model was of the leaves and boxes; None where it does not tell.
    """

    data: Any
    provenance: Provenance
    conflicts: tuple[Conflict, ...]
    joined: tuple[str, ...]
    loose: tuple[str, ...]
    confidence: Confidence | None


@dataclass(frozen=True, slots=True)
class Window:
    """Some consecutive pages that the model was shown at once, and what it said.

    Attributes:
        pages: Their numbers, from 1.
        data: The answer as JSON, boxes in pixels of the page; None where there is none.
        error: Why there is no whole answer; what is complete of one that was cut is in ``data``.
        asked: How many times the model was asked.
        raw: The model's message; None where there is none.
        confidence: How sure the model was of each part of ``data``.
        notes: What had to be mended in boxes.
        sources: Where the leaves of ``data`` stand on the pages, where that was asked for.
    """

    pages: tuple[int, ...]
    data: Any = None
    error: Exception | None = None
    asked: int = 1
    raw: AIMessage | None = None
    confidence: Confidence | None = None
    notes: tuple[BoxNote, ...] = ()
    sources: Sources | None = None


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether all that the document says is in the value, as far as the document itself tells.

    Attributes:
        compared: How many printed counts, sums and balances could be compared with the rows.
        checks: What does not agree.
        failed: The pages that have no whole answer.
        problem: Why the value does not fit the schema; None where it does.
        loose: JSON pointers of items at a page's end that lack what nearly all others have, and whose other half was not
            found. They may be whole all the same, and do not count as missing.
        asked_again: The pages that were asked again.
    """

    compared: int = 0
    checks: tuple[Check, ...] = ()
    failed: tuple[int, ...] = ()
    problem: str | None = None
    loose: tuple[str, ...] = ()
    asked_again: tuple[int, ...] = ()

    @property
    def complete(self) -> bool | None:
        """True where something printed was compared and all agrees, False where something does not, None where nothing tells."""
        if self.checks or self.failed or self.problem:
            return False
        return True if self.compared else None

    @property
    def missing(self) -> tuple[str, ...]:
        """What is wrong, a line each."""
        failed = (f"no whole answer for {_pages(self.failed)}",) if self.failed else ()
        return (*failed, *map(str, self.checks), *((self.problem,) if self.problem else ()))

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "complete": self.complete,
            "compared": self.compared,
            "missing": list(self.missing),
            "failed": list(self.failed),
            "loose": list(self.loose),
            "asked_again": list(self.asked_again),
        }


@dataclass(frozen=True, slots=True)
class DocumentExtraction(Generic[T]):
    """A whole document's value, and everything that is known about how it came about.

    Attributes:
        value: The validated value; its boxes are pixels of the page that ``provenance`` tells. None where ``on_error``
            is "report" and what was found does not fit the schema.
        data: The same as JSON.
        provenance: Where each part of ``data`` was read.
        windows: What was asked, window by window.
        completeness: Whether anything is missing.
        conflicts: What pages disagree about.
        joined: JSON pointers of the items that a page's end had cut, and that were put together.
        confidence: How sure the model was of the leaves and boxes of ``data``; None where it does not tell.
        sources: Where the leaves stand on their pages, where that was asked for.
        schema: The JSON schema of the value.
    """

    value: T
    data: Any = field(repr=False)
    provenance: Provenance = field(repr=False)
    windows: tuple[Window, ...] = field(repr=False)
    completeness: Completeness
    conflicts: tuple[Conflict, ...] = ()
    joined: tuple[str, ...] = ()
    confidence: Confidence | None = field(default=None, repr=False)
    sources: Sources | None = field(default=None, repr=False)
    schema: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def complete(self) -> bool | None:
        """Whether all is there; None where the document prints nothing that could tell (``Completeness``)."""
        return self.completeness.complete

    @property
    def usage(self) -> UsageMetadata | None:
        """Tokens read and written for all windows, where the model counts them; without answers that were replaced."""
        from langchain_core.messages.ai import add_usage

        total: UsageMetadata | None = None
        for window in self.windows:
            if window.raw is not None and window.raw.usage_metadata is not None:
                total = add_usage(total, window.raw.usage_metadata)
        return total

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """What does not add up in the documents of the value; nothing is changed.

        Args:
            tolerance: By how much amounts may differ; by default what rounding of the printed ones explains.
        """
        return checks_of(self.value, tolerance)

    def plots(self, pages: Iterable[Page], *, sources: bool = False, **options: Any) -> Iterator[tuple[int, Figure]]:
        """A figure of each page with the boxes that were found on it, one after the other, with the page's number.

        Args:
            pages: The document; its pictures were not kept.
            sources: Draw the places where the values stand instead.
            options: Of ``plot_boxes``, or of ``plot_sources``.

        Raises:
            OptionError: ``sources`` are to be drawn, and were not asked for.
        """
        from extraction.plotting import plot_boxes, plot_sources

        found = {window.pages[0]: window.data for window in self.windows if len(window.pages) == 1}
        for page in pages:
            if sources:
                axes = plot_sources(page.picture, self, page=page.number, **options)
            else:
                data = found.get(page.number)
                shapes = [] if data is None else with_shapes(data, self.schema)
                axes = plot_boxes(page.picture, shapes, **options)
            figure = axes.get_figure(root=True)
            if figure is None:  # only when the caller's own axes were taken off their figure
                raise ValueError("the axes belong to no figure")
            yield page.number, figure

    def json(self, indent: int | None = 2) -> str:
        """The value as JSON text."""
        return json.dumps(self.data, ensure_ascii=False, indent=indent)

    def report(self) -> dict[str, Any]:
        """All but the value as JSON: pages by JSON pointer, conflicts, what was put together, and what is missing."""
        return {
            "pages": {pointer: list(pages) for pointer, pages in self.provenance.items()},
            "conflicts": [conflict.as_json() for conflict in self.conflicts],
            "joined": list(self.joined),
            "completeness": self.completeness.as_json(),
        }


def _pages(pages: tuple[int, ...]) -> str:
    return f"page {pages[0]}" if len(pages) == 1 else f"pages {', '.join(map(str, pages))}"


def _short(value: Any) -> str:
    return f"{json.dumps(value, ensure_ascii=False):.60}"
