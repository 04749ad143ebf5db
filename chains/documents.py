"""A whole document and a schema in, one value out: its pages in windows, merged by what the schema says."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any, Final, Literal

from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.runnables.config import RunnableConfig, ensure_config
from typing_extensions import TypeVar

from extraction.chains.document_reader import DocumentReader, OnError
from extraction.chains.models import ChatModel
from extraction.chains.pictures import split_input
from extraction.documents.result import DocumentExtraction
from extraction.errors import OptionError
from extraction.ocr.engines import Engine

T = TypeVar("T", default=Any)

_TOLD: Final = 5
"""How many problems a warning names."""


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
    sources: bool | Engine = False,
    verify: bool = False,
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
        sources: Find the place of every value on its pages, for the report's ``sources``; see ``extract_document``.
        verify: Read every value that was found again, for the report's ``sources.verified``; see ``extract_document``.
        include_report: Give a ``DocumentExtraction`` instead of the value.
        options: What else ``extraction_chain`` takes: ``examples``, ``repair``, ``family``, ``samples``; and
            ``on_truncation``, here "continue".

    Raises:
        SchemaError: The schema cannot be read.
        OptionError: An option is out of range, or several pages are to be shown where boxes are asked for, or the places
            of values are, and not the report that tells them.
        MissingExtraError: ``verify`` needs an OCR engine, and none is installed.
        DocumentError: When it runs, with ``on_error="raise"``.
    """
    if not include_report and (verify or sources is not False):
        raise OptionError("only the report tells where values stand", hint="include_report=True")
    reader = DocumentReader.of(model, schema, instruction, window, retries, on_error, sources, verify, options)

    def given(found: DocumentExtraction[Any]) -> Any:
        if include_report:
            return found
        _warn(found)
        return found.value

    def invoke(input: Any, config: RunnableConfig) -> Any:
        return given(reader.run(*split_input(input, "document"), config))

    async def ainvoke(input: Any, config: RunnableConfig) -> Any:
        return given(await reader.arun(*split_input(input, "document"), config))

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
    sources: bool | Engine = False,
    verify: bool = False,
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
        sources: Whether each leaf of the value is looked for on the pages that say it (``find_sources``): in their text
            layers, and by OCR where there is none; the name of an engine, or one's own, for another than the usual one. By
            True, what a model tells itself, as ``ChatOCR`` does, is taken as it is.
        verify: Read every value that was found again from its own piece of its own page, by the OCR engine and by the
            model, for ``DocumentExtraction.sources.verified``. Without ``sources`` it means both. Of a value that several
            pages say, the first place is read; of one that a page's end cuts, the place of each part. Pages are read
            once more for it, and no more of them are in memory at once.
        config: LangChain's configuration of the run; ``max_concurrency`` is how many windows are asked at once.
        options: What else ``extraction_chain`` takes.

    Raises:
        ImageError: The document cannot be read.
        MissingExtraError: A page without a text layer is to be read by OCR, or values are to be read again, and no engine
            is installed; the model is then not asked about it.
        DocumentError: With ``on_error="raise"``: a page has no whole answer, or what was found does not fit the schema.
    """
    reader = DocumentReader.of(model, schema, instruction, window, retries, on_error, sources, verify, options)
    return reader.run(*split_input(document, "document"), ensure_config(config))


async def aextract_document(
    model: ChatModel,
    document: Any,
    schema: type[T] | Any,
    *,
    instruction: str | None = None,
    window: int | Literal["fit"] = 1,
    retries: int = 1,
    on_error: OnError = "raise",
    sources: bool | Engine = False,
    verify: bool = False,
    config: RunnableConfig | None = None,
    **options: Any,
) -> DocumentExtraction[T]:
    """``extract_document``, awaited."""
    reader = await asyncio.to_thread(
        DocumentReader.of, model, schema, instruction, window, retries, on_error, sources, verify, options
    )
    return await reader.arun(*split_input(document, "document"), ensure_config(config))


def _warn(found: DocumentExtraction[Any]) -> None:
    told = [*found.completeness.missing, *(str(one) for one in found.conflicts if not one.declared)]
    if told:
        more = f" (and {len(told) - _TOLD} more)" if len(told) > _TOLD else ""
        warnings.warn("; ".join(told[:_TOLD]) + more, DocumentWarning, stacklevel=2)
