"""A whole document and a schema in, one value out: its pages in windows, merged by what the schema says."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain as chained
from itertools import islice
from typing import Any, Final, Literal, TypeAlias, get_args

from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.runnables.config import RunnableConfig, ensure_config
from typing_extensions import TypeVar

from extraction.chains.examples import read_examples
from extraction.chains.models import ChatModel
from extraction.chains.page_words import merged_sources, window_sources, words_of_shown
from extraction.chains.windows import Question, WindowChain, fitting_pages, window_chain
from extraction.documents.judging import Judge
from extraction.documents.paging import PageSource, Shown, opened
from extraction.documents.result import DocumentExtraction, Window
from extraction.documents.suspects import Suspect
from extraction.documents.window_schema import window_schema
from extraction.errors import DocumentError, OptionError
from extraction.prompts import has_geometry

T = TypeVar("T", default=Any)

OnError: TypeAlias = Literal["raise", "report"]
"""What becomes of a document of which a page has no answer, or whose value does not fit the schema."""

AT_ONCE: Final = 8
"""Windows whose pages are in memory at once, and that are asked together, unless ``max_concurrency`` says otherwise."""


class DocumentWarning(UserWarning):
    """A document's value was made, and pages disagree, or something that is printed does not agree with it."""


def document_chain(
    model: ChatModel,
    schema: Any,
    *,
    instruction: str | None = None,
    window: int | Literal["fit"] = 1,
    retries: int = 1,
    on_error: OnError = "raise",
    include_report: bool = False,
    **options: Any,
) -> Runnable[Any, Any]:
    """A Runnable from a whole document to one value of ``schema``.

    Its input is a document as ``open_document`` gives it, or whatever that takes (a path, bytes ...); a list or an iterator
    of pages or pictures; or ``{"document": ..., "instruction": ...}``. Only the pages of a few windows are in memory at
    once. Each window is asked for what is on its pages, where everything may be absent; a document of one window is asked
    as ``extraction_chain`` asks. What becomes of several pages' values, the schema's marks say (``schemas.merging``):
    by default what most pages say, and of lists all items in order, those that a page's end cuts put together.

    What is printed and does not agree with the rows (``CountOf``, ``SumOf``, ``RunningBalance``, the checks of
    ``schemas.documents``), what must be there and is not, and pages whose answer is unusable are asked for again. What is
    left of it is reported, and so is what pages disagree about: by a ``DocumentWarning``, or in the ``DocumentExtraction``.

    Args:
        model: Any LangChain chat model.
        schema: A Pydantic class, another type that Pydantic knows, or a JSON schema (values are then JSON).
        instruction: What to look for; by default everything that the schema names.
        window: How many pages the model is shown at once; "fit" for as many as a local model's context holds beside an
            answer. One page is read best, and is told apart: a schema with boxes needs it.
        retries: How many times the windows with which something is wrong are asked again; pages that come from an iterator
            cannot be.
        on_error: What becomes of a document of which a page has no answer, or whose value does not fit the schema: "raise"
            for a ``DocumentError`` at the end, with all that was found; "report" for the value without it.
        include_report: Give a ``DocumentExtraction`` instead of the value.
        options: What else ``extraction_chain`` takes: ``examples``, ``repair``, ``family``, ``samples``; and
            ``on_truncation``, here "continue".

    Raises:
        SchemaError: The schema cannot be read.
        OptionError: An option is out of range, or several pages are to be shown where boxes are asked for.
        DocumentError: When it runs, with ``on_error="raise"``.
    """
    reader = _Reader.of(model, schema, instruction, window, retries, on_error, False, options)

    def given(found: DocumentExtraction[Any]) -> Any:
        if include_report:
            return found
        _warn(found)
        return found.value

    def invoke(input: Any, config: RunnableConfig) -> Any:
        return given(reader.run(*_split(input), config))

    async def ainvoke(input: Any, config: RunnableConfig) -> Any:
        return given(await reader.arun(*_split(input), config))

    return RunnableLambda(invoke, afunc=ainvoke, name="document")


def extract_document(
    model: ChatModel,
    document: Any,
    schema: type[T] | Any,
    *,
    instruction: str | None = None,
    window: int | Literal["fit"] = 1,
    retries: int = 1,
    on_error: OnError = "raise",
    sources: bool = False,
    config: RunnableConfig | None = None,
    **options: Any,
) -> DocumentExtraction[T]:
    """A whole document's value with all that is known about it: the pages of each part, conflicts, what is missing.

    Args:
        model: Any LangChain chat model.
        document: What ``document_chain`` takes, as all that follows.
        schema: The same.
        instruction: The same.
        window: The same.
        retries: The same.
        on_error: The same.
        sources: Whether each leaf of the value is looked for on the pages that say it, in their text layers or by OCR
            (``find_sources``).
        config: LangChain's configuration of the run; ``max_concurrency`` is how many windows are asked at once.
        options: What else ``extraction_chain`` takes.

    Raises:
        ImageError: The document cannot be read.
        DocumentError: With ``on_error="raise"``: a page has no whole answer, or what was found does not fit the schema.
    """
    reader = _Reader.of(model, schema, instruction, window, retries, on_error, sources, options)
    return reader.run(*_split(document), ensure_config(config))


async def aextract_document(
    model: ChatModel,
    document: Any,
    schema: type[T] | Any,
    *,
    instruction: str | None = None,
    window: int | Literal["fit"] = 1,
    retries: int = 1,
    on_error: OnError = "raise",
    sources: bool = False,
    config: RunnableConfig | None = None,
    **options: Any,
) -> DocumentExtraction[T]:
    """``extract_document``, awaited."""
    reader = await asyncio.to_thread(
        _Reader.of, model, schema, instruction, window, retries, on_error, sources, options
    )
    return await reader.arun(*_split(document), ensure_config(config))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Windows that are asked together."""

    chain: WindowChain
    questions: list[Question]


_Steps: TypeAlias = Generator[_Batch, list[Any], DocumentExtraction[Any]]


@dataclass(frozen=True)
class _Reader:
    """Reads documents.

    Attributes:
        parts: Asks for what is on some pages of a document.
        whole: Asks for the value, where a document has one window.
        judge: Makes one value of the answers.
        size_of: How many pages a window has, by its first one.
        retries: How often the windows with which something is wrong are asked again.
        on_error: What becomes of a document with an error.
        sources: Whether the leaves are looked for on their pages.
    """

    parts: WindowChain
    whole: WindowChain
    judge: Judge
    size_of: Callable[[Any], int]
    retries: int
    on_error: OnError
    sources: bool

    @classmethod
    def of(
        cls,
        model: ChatModel,
        schema: Any,
        instruction: str | None,
        window: int | Literal["fit"],
        retries: int,
        on_error: OnError,
        sources: bool,
        options: Mapping[str, Any],
    ) -> _Reader:
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
        options = {"on_truncation": "continue", **options}
        if options.get("evidence") is not None:
            if window != 1:
                raise OptionError("evidence is that of one page, and several are to be shown at once", hint="window=1")
            if isinstance(options["evidence"], str) and options["evidence"] == "words":
                options["evidence"] = words_of_shown  # a page with a text layer needs no OCR
        size_of = partial(fitting_pages, model, schema=form) if window == "fit" and not boxes else _always(window)
        return cls(
            window_chain(model, form, instruction=instruction, options=_for_json(options, schema)),
            window_chain(model, schema, instruction=instruction, options=options),
            judge,
            size_of,
            retries,
            on_error,
            sources,
        )

    def run(self, source: Any, instruction: str | None, config: RunnableConfig) -> DocumentExtraction[Any]:
        """A document's value."""
        together = _together(config)
        steps = self._steps(source, instruction, together["max_concurrency"] or AT_ONCE)
        try:
            batch, found = _next(steps, None)
            while batch is not None:
                answers = batch.chain.asked.batch(batch.questions, together, return_exceptions=True)
                batch = None  # its pages are not kept while the next are drawn
                batch, found = _next(steps, answers)
        finally:
            steps.close()
        assert found is not None
        return found

    async def arun(self, source: Any, instruction: str | None, config: RunnableConfig) -> DocumentExtraction[Any]:
        """The same, awaited."""
        together = _together(config)
        steps = self._steps(source, instruction, together["max_concurrency"] or AT_ONCE)
        try:
            batch, found = await asyncio.to_thread(_next, steps, None)
            while batch is not None:
                answers = await batch.chain.asked.abatch(batch.questions, together, return_exceptions=True)
                batch = None
                batch, found = await asyncio.to_thread(_next, steps, answers)
        finally:
            steps.close()
        assert found is not None
        return found

    def _steps(self, source: Any, instruction: str | None, at_once: int) -> _Steps:
        """Reads a document: gives out what is to be asked, takes the answers, and returns the value."""
        with opened(source) as held:
            pages = PageSource(held)
            windows, places = yield from self._first_round(pages, instruction, at_once)
            count = 0 if len(windows) == 1 else pages.count
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
        result = DocumentExtraction(
            value=found.value,
            data=found.data,
            provenance=found.merged.provenance,
            windows=tuple(windows),
            completeness=found.completeness,
            conflicts=found.merged.conflicts,
            joined=found.merged.joined,
            confidence=found.merged.confidence,
            sources=merged_sources(found.merged, [one.sources for one in windows]) if self.sources else None,
            schema=self.judge.schema,
        )
        if self.on_error == "raise":
            _check(result)
        return result

    def _first_round(
        self, pages: PageSource, instruction: str | None, at_once: int
    ) -> Generator[_Batch, list[Any], tuple[list[Window], list[tuple[int, ...]]]]:
        """What the windows say, and where their pages are found again."""
        shown = pages.windows(self.size_of)
        ahead = list(islice(shown, 2))
        if not ahead:
            raise OptionError("the document has no pages")
        count = 0 if len(ahead) == 1 else pages.count
        waiting = chained(_emptied(ahead), shown)
        windows: list[Window] = []
        places: list[tuple[int, ...]] = []
        while chunk := list(islice(waiting, at_once)):
            places += [one.places for one in chunk]
            windows += yield from self._asked([Question(one, instruction, count) for one in chunk])
            del chunk  # or they would be kept while the next are drawn
        return windows, places

    def _asked(self, questions: list[Question]) -> Generator[_Batch, list[Any], list[Window]]:
        """What some windows say; damaged pages are not asked about."""
        chain = self.whole if questions[0].count == 0 else self.parts
        answers = iter((yield _Batch(chain, [one for one in questions if one.shown.pages])))
        windows = [
            chain.window(one.shown, next(answers))
            if one.shown.pages
            else Window(one.shown.numbers, error=one.shown.error)
            for one in questions
        ]
        if not self.sources:
            return windows
        return [
            replace(window, sources=window_sources(window.data, one.shown.pages, self.judge.schema))
            if one.shown.pages and window.data is not None
            else window
            for window, one in zip(windows, questions, strict=True)
        ]


def _next(steps: _Steps, answers: list[Any] | None) -> tuple[_Batch | None, DocumentExtraction[Any] | None]:
    """What is to be asked next, or the result."""
    try:
        return (next(steps) if answers is None else steps.send(answers)), None
    except StopIteration as end:
        return None, end.value


def _emptied(items: list[Shown]) -> Iterator[Shown]:
    """The items of a list, which keeps none that was given out."""
    while items:
        yield items.pop(0)


def _together(config: RunnableConfig) -> RunnableConfig:
    return {**config, "max_concurrency": config.get("max_concurrency") or AT_ONCE}


def _always(size: int | str) -> Callable[[Any], int]:
    return lambda _: 1 if isinstance(size, str) else size


def _for_json(options: Mapping[str, Any], target: Any) -> dict[str, Any]:
    """Options of a chain whose values are JSON: the examples are, too."""
    examples = options.get("examples") or ()
    read = read_examples(examples, target)
    return {**options, "examples": [(image, one.data) for (image, _), one in zip(examples, read, strict=True)]}


def _split(input: Any) -> tuple[Any, str | None]:
    """The document and the instruction of a chain's input.

    Raises:
        OptionError: A mapping without a document, or with keys that mean nothing here.
    """
    if not isinstance(input, Mapping):
        return input, None
    unknown = set(input) - {"document", "instruction"}
    if "document" not in input or unknown:
        told = sorted(map(str, input))
        raise OptionError(f"a document or a mapping with 'document' and 'instruction' is taken, not one with {told}")
    return input["document"], input.get("instruction")


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


def _warn(found: DocumentExtraction[Any]) -> None:
    told = [*found.completeness.missing, *(str(one) for one in found.conflicts if not one.declared)]
    if told:
        more = f" (and {len(told) - _TOLD} more)" if len(told) > _TOLD else ""
        warnings.warn("; ".join(told[:_TOLD]) + more, DocumentWarning, stacklevel=2)


_TOLD: Final = 5
"""How many problems a warning names."""
