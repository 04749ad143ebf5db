"""Many pictures through a chain: what became of each, in order, with only a few of them in memory at a time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from pydantic_core import PydanticSerializationError, to_jsonable_python

from extraction.chains import extraction_chain
from extraction.errors import (
    ContextLengthError,
    ExtractionError,
    GenerationCancelledError,
    GenerationError,
    ImageError,
    OptionError,
    OutputError,
)
from extraction.grounding.finding import find_sources
from extraction.grounding.sources import Sources, told_sources
from extraction.images import ImageSource, Picture, load_image
from extraction.json_text import load_strictly
from extraction.ocr.reading import read_words
from extraction.plotting import plot_boxes, plot_sources
from extraction.result import with_shapes
from extraction.schemas import Check, Schema, checks_of, json_schema_of

if TYPE_CHECKING:
    from extraction.chains.models import ChatModel
    from extraction.chat_model import ChatTransformers

CHUNK: Final = 16
"""Pictures in memory at once; those of a chunk share the model's batches."""

# What is wrong with one picture or its answer. Every other error would come again with every picture.
_OF_ONE_PICTURE: Final = (ImageError, OutputError, GenerationError, GenerationCancelledError, ContextLengthError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture.

    Attributes:
        name: What the picture is called.
        picture: The picture; None where it could not be read.
        value: Its value.
        data: The value as JSON: dicts, lists, numbers, strings.
        error: What went wrong; None where there is a value.
        sources: Where its leaves stand, where that was asked for.
    """

    name: str
    picture: Picture | None = None
    value: Any = None
    data: Any = None
    error: Exception | None = None
    sources: Sources | None = None

    @property
    def checks(self) -> list[Check]:
        """What does not add up in the documents of the value."""
        return checks_of(self.value)

    def entry(self) -> dict[str, Any]:
        """``{"image", "value", "checks"}`` or ``{"image", "error"}``, as JSON; an error keeps the text that the model wrote.

        With ``sources``, where that was asked for.
        """
        if self.error is None:
            entry = {"image": self.name, "value": self.data, "checks": [check.as_json() for check in self.checks]}
            return entry if self.sources is None else entry | {"sources": self.sources.as_json()}
        told: dict[str, Any] = {"type": type(self.error).__name__, "message": str(self.error)}
        if isinstance(self.error, ExtractionError):
            told["retryable"] = self.error.retryable
        if isinstance(self.error, OutputError):
            told |= {"finish_reason": self.error.finish_reason, "answer": self.error.llm_output}
        return {"image": self.name, "error": told}

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        return self.error is None

    @property
    def notes(self) -> list[str]:
        """What else is to be told of the value."""
        return []

    def plots(self, schema: Schema, path: Path) -> Iterator[tuple[Path, bytes]]:
        """The picture with the boxes of its value, or with the places of its leaves, as the data of a file.

        Args:
            schema: The schema of the value; a JSON schema says which of its lists are boxes.
            path: Where the file goes; its ending is "png", "jpg", "svg" or another format of matplotlib.
        """
        assert self.picture is not None
        if self.sources is not None:
            axes = plot_sources(self.picture, self.sources)
        else:
            axes = plot_boxes(self.picture, with_shapes(self.data, schema) if isinstance(schema, dict) else self.value)
        figure = axes.get_figure(root=True)
        assert figure is not None
        buffer = io.BytesIO()
        figure.savefig(buffer, format=path.suffix.lower().removeprefix("."))
        yield path, buffer.getvalue()


def outcomes(
    chain: Runnable[Any, Any], sources: Sequence[tuple[str, ImageSource]], config: RunnableConfig | None = None
) -> Iterator[Outcome]:
    """What became of each picture, in order.

    Args:
        chain: From a picture to its value.
        sources: The pictures' names and what ``load_image`` takes.
        config: LangChain's configuration of the calls.

    Raises:
        ExtractionError: Something is wrong that would be wrong for every picture: the model, an option, the schema.
        KeyboardInterrupt: The user interrupts; the model stops within a token.
    """
    with asyncio.Runner() as runner:
        for start in range(0, len(sources), CHUNK):
            loaded = [_load(name, source) for name, source in sources[start : start + CHUNK]]
            pictures = [outcome.picture for outcome in loaded if outcome.error is None]
            # Awaited, because only an awaited answer is given up at once when the user interrupts.
            together: RunnableConfig = {**(config or {}), "max_concurrency": CHUNK}
            given = runner.run(chain.abatch(pictures, together, return_exceptions=True))
            if any(isinstance(answer, asyncio.CancelledError) for answer in given):
                raise KeyboardInterrupt  # LangChain has taken the interruption for one more failed picture
            answers = iter(given)
            for outcome in loaded:
                yield outcome if outcome.error is not None else _answered(outcome, next(answers))


@dataclass(frozen=True, slots=True)
class Told:
    """A value, and what its message tells of where it stands."""

    value: Any
    sources: Sources | None


def telling_chain(model: ChatModel, schema: Schema, **options: Any) -> Runnable[Any, Told]:
    """An ``extraction_chain`` that gives with the value the places that its model tells itself.

    Args:
        model: A chat model that answers in JSON and nothing else, such as ``ChatOCR``.
        schema: What is wanted.
        options: Of ``extraction_chain``.
    """

    def read(answer: dict[str, Any]) -> Told:
        if answer["parsing_error"] is not None:
            raise answer["parsing_error"]
        message = answer["raw"]
        return Told(answer["parsed"], told_sources(message.response_metadata, load_strictly(message.text)))

    chain = extraction_chain(model, schema, include_raw=True, **options)
    return chain | RunnableLambda(read, name="told_sources")


def located(
    found: Callable[[RunnableConfig | None], Iterator[Outcome]], schema: Schema, config: RunnableConfig | None = None
) -> Iterator[Outcome]:
    """The outcomes, those of pictures with the places of their values, where they have none yet; documents have their own.

    Args:
        found: Gives what became of each picture.
        schema: The schema of the values.
        config: LangChain's configuration of the calls.

    Raises:
        MissingExtraError: No OCR engine is installed.
    """
    form = json_schema_of(schema)
    for outcome in found(config):
        if outcome.error is not None or outcome.picture is None or outcome.sources is not None:
            yield outcome
            continue
        words = read_words(outcome.picture)
        try:
            yield replace(outcome, sources=find_sources(outcome.data, words, schema=form))
        except OptionError as error:  # it is nested too deeply, which others need not be
            yield replace(outcome, error=error)


def planned(
    model: ChatTransformers, sources: Sequence[tuple[str, ImageSource]], schema: Schema | None
) -> list[Outcome]:
    """What each picture will take, as the value of its outcome.

    Args:
        model: The chat model; its weights are not loaded.
        sources: The pictures' names and what ``load_image`` takes.
        schema: What would be extracted; None for free text.

    Raises:
        ExtractionError: Something is wrong that would be wrong for every picture: the model, an option, the schema.
    """
    found = []
    for name, source in sources:
        outcome = _load(name, source)
        if outcome.picture is not None:
            plan = model.plan(outcome.picture, schema=schema)
            outcome = Outcome(name, outcome.picture, plan, plan.as_json())
        found.append(outcome)
    return found


def _load(name: str, source: ImageSource) -> Outcome:
    try:
        return Outcome(name, load_image(source))
    except ImageError as error:
        return Outcome(name, error=error)


def _answered(outcome: Outcome, answer: Any) -> Outcome:
    """The outcome of a picture that was read, with what the chain gave for it."""
    if isinstance(answer, ExtractionError) and not isinstance(answer, _OF_ONE_PICTURE):
        raise answer
    if isinstance(answer, Exception):
        return Outcome(outcome.name, outcome.picture, error=answer)
    sources = None
    if isinstance(answer, Told):
        answer, sources = answer.value, answer.sources
    try:
        data = to_jsonable_python(answer, by_alias=True, inf_nan_mode="strings")
    except PydanticSerializationError as error:
        return Outcome(outcome.name, outcome.picture, error=error)
    except (ValueError, RecursionError):  # pydantic's own bound, of some hundred levels
        problem = ExtractionError("the value is nested too deeply to be written as JSON")
        return Outcome(outcome.name, outcome.picture, error=problem)
    return Outcome(outcome.name, outcome.picture, answer, data, sources=sources)
