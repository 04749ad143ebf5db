"""Reads documents: what is asked about which pages and when, and what is made of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain as chained
from itertools import islice
from threading import Lock
from typing import Any, Final, Literal, TypeAlias, get_args

from langchain_core.runnables.config import RunnableConfig

from extraction.chains.examples import read_examples
from extraction.chains.models import ChatModel
from extraction.chains.page_words import (
    engine_for,
    merged_sources,
    own_sources,
    window_sources,
    words_of,
    words_of_shown,
)
from extraction.chains.remote import own_engine, reads_words
from extraction.chains.rereading import merged_readings, read_again, wanted_leaves
from extraction.chains.verify import Verifier
from extraction.chains.windows import Batch, Question, WindowChain, fitting_pages, window_chain
from extraction.documents.judging import Judge
from extraction.documents.paging import PageSource, Shown, opened
from extraction.documents.result import DocumentExtraction, Merged, Window
from extraction.documents.suspects import Suspect
from extraction.documents.window_schema import window_schema
from extraction.errors import DocumentError, ExtractionError, OptionError
from extraction.grounding.sources import Sources
from extraction.ocr.engines import Engine, find_engine
from extraction.prompts import has_geometry

OnError: TypeAlias = Literal["raise", "report"]
"""What becomes of a document of which a page has no answer, or whose value does not fit the schema."""

AT_ONCE: Final = 8
"""Windows whose pages are in memory at once, and that are asked together, unless ``max_concurrency`` says otherwise."""


_Steps: TypeAlias = Generator[Batch, list[Any], DocumentExtraction[Any]]


@dataclass(frozen=True)
class DocumentReader:
    """Reads documents.

    Attributes:
        parts: Asks for what is on some pages of a document.
        whole: Asks for the value, where a document has one window.
        alike: Whether both are asked for the same: for things that are on a page or not, none of which must be there.
        judge: Makes one value of the answers.
        size_of: How many pages a window has, by its first one.
        retries: How often the windows with which something is wrong are asked again.
        on_error: What becomes of a document with an error.
        sources: Whether the leaves are looked for on their pages.
        engine: What reads the pages without a text layer for that; None for the engine that is installed.
        tells: Whether the model tells itself where they stand, so that nothing is looked for.
        verifier: Who reads the values that were found again; None where that is not wanted.
    """

    parts: WindowChain
    whole: WindowChain
    alike: bool
    judge: Judge
    size_of: Callable[[Any], int]
    retries: int
    on_error: OnError
    sources: bool
    engine: Engine | None
    tells: bool
    verifier: Verifier | None

    @classmethod
    def of(
        cls,
        model: ChatModel,
        schema: Any,
        instruction: str | None,
        window: int | Literal["fit"],
        retries: int,
        on_error: OnError,
        sources: bool | Engine,
        verify: bool,
        options: Mapping[str, Any],
    ) -> DocumentReader:
        """The reader that a chain's options ask for."""
        judge = Judge(schema)
        if on_error not in get_args(OnError):
            raise OptionError(f"on_error={on_error!r} is not one of {', '.join(get_args(OnError))}")
        if retries < 0:
            raise OptionError(f"retries must be 0 or more, not {retries}")
        if window != "fit" and not (type(window) is int and window >= 1):  # True is an int, too
            raise OptionError(f'window is a number of pages or "fit", not {window!r}')
        boxes = has_geometry(judge.schema)
        if boxes and window not in (1, "fit"):
            raise OptionError(
                f"boxes are asked for, and of {window} pages nobody could tell on which they are", hint="window=1"
            )
        form = window_schema(judge.schema)
        options = _checked(options, window)
        tells = reads_words(model) and isinstance(sources, bool)
        engine = own_engine(model) if tells else engine_for(sources)
        if verify:
            find_engine(engine)  # the model would be asked in vain where none is installed
        size_of = partial(fitting_pages, model, schema=form) if window == "fit" and not boxes else _always(window)
        return cls(
            window_chain(model, form, instruction=instruction, options=_for_json(options, schema)),
            window_chain(model, schema, instruction=instruction, options=options),
            form == judge.schema,
            judge,
            size_of,
            retries,
            on_error,
            sources is not False or verify,
            engine,
            tells,
            Verifier.of(model, engine) if verify else None,
        )

    def run(self, source: Any, instruction: str | None, config: RunnableConfig) -> DocumentExtraction[Any]:
        """A document's value."""
        together = _together(config)
        steps = self._steps(source, instruction, together["max_concurrency"] or AT_ONCE)
        try:
            batch, found = _next(steps, None)
            while batch is not None:
                answers = batch.asked.batch(batch.questions, together, return_exceptions=True)
                batch = None  # its pages are not kept while the next are drawn
                batch, found = _next(steps, answers)
        finally:
            steps.close()
        assert found is not None
        return found

    async def arun(self, source: Any, instruction: str | None, config: RunnableConfig) -> DocumentExtraction[Any]:
        """The same, awaited."""
        together = _together(config)
        steps = _Stepping(self._steps(source, instruction, together["max_concurrency"] or AT_ONCE))
        try:
            batch, found = await asyncio.to_thread(steps.next, None)
            while batch is not None:
                answers = await batch.asked.abatch(batch.questions, together, return_exceptions=True)
                batch = None
                batch, found = await asyncio.to_thread(steps.next, answers)
        finally:
            steps.close()
        assert found is not None
        return found

    def _steps(self, source: Any, instruction: str | None, at_once: int) -> _Steps:
        """Reads a document: gives out what is to be asked, takes the answers, and returns the value."""
        with opened(source) as held:
            pages = PageSource(held)
            windows, places = yield from self._first_round(pages, instruction, at_once)
            count = self._count(pages, len(windows))
            found = self.judge.judge(windows)
            tried: set[Suspect] = set()
            for _ in range(self.retries if pages.can_repeat else 0):
                wanted = [one for one in self.judge.suspects(windows, found) if one not in tried]
                if not wanted:
                    break
                tried.update(wanted)
                others: dict[int, Window] = {}
                for start in range(0, len(wanted), at_once):
                    chunk = wanted[start : start + at_once]
                    shown = [pages.again(places[one.window]) for one in chunk]
                    asked = zip(shown, chunk, strict=True)
                    read = yield from self._asked([Question(two, instruction, count, one.note) for two, one in asked])
                    del shown, asked
                    others |= {one.window: window for one, window in zip(chunk, read, strict=True)}
                windows = self.judge.better(windows, others)
                found = self.judge.judge(windows)
            if pages.can_repeat:
                windows = yield from self._read_again(pages, places, windows, found.merged, at_once)
        result = DocumentExtraction(
            value=found.value,
            data=found.data,
            provenance=found.merged.provenance,
            windows=tuple(windows),
            completeness=found.completeness,
            conflicts=found.merged.conflicts,
            joined=found.merged.joined,
            confidence=found.merged.confidence,
            sources=self._sources(found.merged, windows),
            schema=self.judge.schema,
        )
        if self.on_error == "raise":
            _check(result)
        return result

    def _first_round(
        self, pages: PageSource, instruction: str | None, at_once: int
    ) -> Generator[Batch, list[Any], tuple[list[Window], list[tuple[int, ...]]]]:
        """What the windows say, and where their pages are found again."""
        shown = pages.windows(self.size_of)
        ahead = list(islice(shown, 2))
        if not ahead:
            raise OptionError("the document has no pages")
        count = self._count(pages, len(ahead))
        waiting = chained(_emptied(ahead), shown)
        windows: list[Window] = []
        places: list[tuple[int, ...]] = []
        while chunk := list(islice(waiting, at_once)):
            places += [one.places for one in chunk]
            read = yield from self._asked([Question(one, instruction, count) for one in chunk])
            if not windows:
                _check_service(read)
            if not pages.can_repeat:  # then these answers are the last, and these pages are never seen again
                there = {number: None for number, one in enumerate(read) if one.sources}
                read = yield from read_again(self.verifier, read, (chunk[number] for number in there), there)
            windows += read
            del chunk  # or they would be kept while the next are drawn
        return windows, places

    def _read_again(
        self, pages: PageSource, places: Sequence[tuple[int, ...]], windows: list[Window], merged: Merged, at_once: int
    ) -> Generator[Batch, list[Any], list[Window]]:
        """The windows with what was read again of those of their values that are the document's."""
        wanted = wanted_leaves(merged, windows) if self.verifier is not None else {}
        for start in range(0, len(wanted), at_once):
            part = dict(islice(wanted.items(), start, start + at_once))
            shown = (pages.again(places[number]) for number in part)
            windows = yield from read_again(self.verifier, windows, shown, part)
        return windows

    def _sources(self, merged: Merged, windows: Sequence[Window]) -> Sources | None:
        if not self.sources:
            return None
        found = merged_sources(merged, [one.sources for one in windows])
        return found if self.verifier is None else found.with_verified(merged_readings(merged, windows))

    def _count(self, pages: PageSource, windows: int) -> int | None:
        """How many pages a model is told of: 0 where it is asked as about one picture, None where nobody knows."""
        return 0 if windows == 1 or self.alike else pages.count

    def _asked(self, questions: list[Question]) -> Generator[Batch, list[Any], list[Window]]:
        """What some windows say; damaged pages are not asked about."""
        chain = self.whole if questions[0].count == 0 else self.parts
        # Before the model is asked, which would be in vain where no engine is installed.
        looked = self.sources and not self.tells
        words = [{page.number: words_of(page, self.engine) for page in one.shown.pages if looked} for one in questions]
        answers = iter((yield Batch(chain.asked, [one for one in questions if one.shown.pages])))
        windows = [
            chain.window(one.shown, next(answers))
            if one.shown.pages
            else Window(one.shown.numbers, error=one.shown.error)
            for one in questions
        ]
        if not self.sources:
            return windows
        if self.tells:
            return [replace(window, sources=own_sources(window)) for window in windows]
        return [
            replace(window, sources=window_sources(window.data, there, self.judge.schema))
            if there and window.data is not None
            else window
            for window, there in zip(windows, words, strict=True)
        ]


def _check_service(windows: Sequence[Window]) -> None:
    """Returns unless all windows have failed by errors that are none of this library: a service that is not there.

    Raises:
        Exception: The first of them. It would come again with every page.
    """
    errors = [window.error for window in windows]
    if errors[0] is not None and all(one is not None and not isinstance(one, ExtractionError) for one in errors):
        raise errors[0]


def _next(steps: _Steps, answers: list[Any] | None) -> tuple[Batch | None, DocumentExtraction[Any] | None]:
    """What is to be asked next, or the result."""
    try:
        return (next(steps) if answers is None else steps.send(answers)), None
    except StopIteration as end:
        return None, end.value


class _Stepping:
    """Steps that are taken in threads, and may be closed while one is taken: whoever awaits it may be cancelled.

    Args:
        steps: A generator that runs cannot be closed; it is then closed by the thread in which it runs.
    """

    def __init__(self, steps: _Steps) -> None:
        self._steps = steps
        self._lock = Lock()
        self._runs = False
        self._closed = False

    def next(self, answers: list[Any] | None) -> tuple[Batch | None, DocumentExtraction[Any] | None]:
        """What is to be asked next, or the result."""
        with self._lock:
            self._runs = True
        try:
            return _next(self._steps, answers)
        finally:
            with self._lock:
                self._runs, closed = False, self._closed
            if closed:
                self._steps.close()

    def close(self) -> None:
        """Closes the steps, at the end of the one that is being taken."""
        with self._lock:
            self._closed, runs = True, self._runs
        if not runs:
            self._steps.close()


def _emptied(items: list[Shown]) -> Iterator[Shown]:
    """The items of a list, which keeps none that was given out."""
    while items:
        yield items.pop(0)


def _checked(options: Mapping[str, Any], window: int | Literal["fit"]) -> dict[str, Any]:
    """The options of ``extraction_chain`` as a window is asked with them.

    Raises:
        OptionError: One of them cannot be honoured for documents.
    """
    asked = {"on_truncation": "continue", **options}
    if asked["on_truncation"] == "salvage":
        raise OptionError(
            "what is complete of a cut answer would pass for all of its page", hint='on_error="report" takes it, too'
        )
    if "include_raw" in asked:
        raise OptionError("a document has many messages", hint="include_report=True tells them, in windows")
    if asked.get("evidence") is not None:
        if window != 1:
            raise OptionError("evidence is that of one page, and several are to be shown at once", hint="window=1")
        if isinstance(asked["evidence"], str) and asked["evidence"] == "words":
            asked["evidence"] = words_of_shown  # a page with a text layer needs no OCR
    return asked


def _together(config: RunnableConfig) -> RunnableConfig:
    return {**config, "max_concurrency": config.get("max_concurrency") or AT_ONCE}


def _always(size: int | str) -> Callable[[Any], int]:
    return lambda _: 1 if isinstance(size, str) else size


def _for_json(options: Mapping[str, Any], target: Any) -> dict[str, Any]:
    """Options of a chain whose values are JSON: the examples are, too."""
    examples = options.get("examples") or ()
    read = read_examples(examples, target)
    return {**options, "examples": [(image, one.data) for (image, _), one in zip(examples, read, strict=True)]}


def _check(result: DocumentExtraction[Any]) -> None:
    """Returns when every page has its answer, and the value fits the schema.

    Raises:
        DocumentError: Otherwise.
    """
    failed = [window for window in result.windows if window.error is not None]
    told = result.completeness
    if not failed and told.problem is None:
        return
    first = failed[0].error if failed else None
    problem = f"page {failed[0].pages[0]}: {first}" if failed else str(told.problem)
    if len(told.failed) > 1:
        problem = f"{len(told.failed)} pages have no whole answer, the first of them {problem}"
    raise DocumentError(
        problem,
        result=result,
        partial=result.data,
        llm_output=getattr(first, "llm_output", None) or result.json(None),
        finish_reason=getattr(first, "finish_reason", None),
        hint='the error\'s result has what the others say; on_error="report" takes it',
    ) from first
