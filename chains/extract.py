"""A picture and a schema in, a validated value out: ``prompt | model | parser``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, overload

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import RunnableConfig
from typing_extensions import TypeVar

from extraction.chains.continuing import OnTruncation, continued, reading
from extraction.chains.evidence import Evidence, evidence_of
from extraction.chains.examples import Example, Shown, example_messages, read_examples
from extraction.chains.models import (
    ChatModel,
    asked_for_json,
    asked_for_samples,
    box_convention,
    parser_convention,
    picture_sending,
    planned_frame,
)
from extraction.chains.pictures import IMAGE_URL, PromptWithPicture, picture_step, split_input
from extraction.chains.remote import reads_words
from extraction.chains.repair import Repairing
from extraction.chains.samples import Sampled
from extraction.chains.sending import Sending
from extraction.conventions import BoxConvention
from extraction.endings import finish_reason
from extraction.errors import OptionError
from extraction.families import FamilyLike
from extraction.frames import Frame
from extraction.grounding.sources import Sources, told_sources
from extraction.grounding.words_of import WordsOf, engine_of, page_words
from extraction.images import Picture, load_image
from extraction.keeping import keeping_raw
from extraction.ocr.evidence import EVIDENCE_TOKENS
from extraction.pages.words import PageWords
from extraction.parsing import GroundedOutputParser
from extraction.prompts import INSTRUCTION, SYSTEM, has_geometry, schema_text
from extraction.result import Extraction
from extraction.schemas import json_schema_of
from extraction.written_numbers import plain_numbers

T = TypeVar("T", default=Any)

PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "{system}\n{form}"),
        MessagesPlaceholder("examples", optional=True),
        ("human", [IMAGE_URL, {"type": "text", "text": "{instruction}"}]),
    ]
)
"""What ``extraction_chain`` asks: the schema first, which all pictures share, then the picture.

Variables: ``system``, ``form`` (the schema as ``prompts.schema_text`` shows it), ``examples`` (messages), ``image_url``
(a data URI) and ``instruction``.
"""

EVIDENCE_PROMPT = ChatPromptTemplate.from_messages(
    [
        *PROMPT.messages[:2],
        ("human", [IMAGE_URL, {"type": "text", "text": "{evidence}"}, {"type": "text", "text": "{instruction}"}]),
    ]
)
"""The same with the picture's words behind it: all that pictures share still stands in front of them."""


@dataclass(frozen=True)
class _Request:
    """What of a chain does not depend on the picture; the model is asked for its family only when that is needed."""

    model: ChatModel
    schema: dict[str, Any]
    instruction: str
    examples: tuple[Shown, ...]
    family: FamilyLike | None
    sending: Sending | None

    @cached_property
    def convention(self) -> BoxConvention | None:
        return box_convention(self.model, self.family)

    @cached_property
    def form(self) -> str:
        return schema_text(self.schema, self.convention)

    @cached_property
    def _frames(self) -> dict[str, Frame]:
        """How the examples' pictures lie before the model, by their data URIs."""
        counts = self.convention is not None and self.convention.on_canvas and has_geometry(self.schema)
        frames = {}
        for one in self.examples:
            planned = planned_frame(self.model, one.url) if counts and self.sending is None else None
            frames[one.url] = self.sending.frame(one.size) if self.sending else planned or Frame(one.size)
        return frames

    def variables(self, instruction: str | None) -> Mapping[str, Any]:
        """The prompt's variables besides the picture."""
        wanted = instruction or self.instruction
        shown = example_messages(self.examples, self.schema, self.convention, wanted, lambda one: self._frames[one.url])
        return {"system": SYSTEM, "form": self.form, "examples": shown, "instruction": wanted}


@overload
def extraction_chain(
    model: ChatModel,
    schema: type[T],
    *,
    instruction: str | None = ...,
    examples: Sequence[Example] = ...,
    repair: int = ...,
    on_truncation: OnTruncation = ...,
    family: FamilyLike | None = ...,
    samples: int = ...,
    sample_temperature: float = ...,
    evidence: Evidence | None = ...,
    evidence_tokens: int = ...,
) -> Runnable[Any, T]: ...


@overload
def extraction_chain(
    model: ChatModel,
    schema: Any,
    *,
    instruction: str | None = ...,
    examples: Sequence[Example] = ...,
    include_raw: bool = ...,
    repair: int = ...,
    on_truncation: OnTruncation = ...,
    family: FamilyLike | None = ...,
    samples: int = ...,
    sample_temperature: float = ...,
    evidence: Evidence | None = ...,
    evidence_tokens: int = ...,
) -> Runnable[Any, Any]: ...


def extraction_chain(  # noqa: PLR0913
    model: ChatModel,
    schema: Any,
    *,
    instruction: str | None = None,
    examples: Sequence[Example] = (),
    include_raw: bool = False,
    repair: int = 0,
    on_truncation: OnTruncation = "raise",
    family: FamilyLike | None = None,
    samples: int = 0,
    sample_temperature: float = 1.0,
    evidence: Evidence | None = None,
    evidence_tokens: int = EVIDENCE_TOKENS,
) -> Runnable[Any, Any]:
    """A Runnable from a picture to a value of ``schema``, its boxes in pixels of that picture.

    Its input is whatever ``load_image`` takes, or ``{"image": ..., "instruction": ...}``. A stream of it gives the value as
    it grows, all that is there being final (see ``GroundedOutputParser``).

    Args:
        model: Any LangChain chat model. A local one is held to the schema by a grammar.
        schema: A Pydantic class, another type that Pydantic knows, or a JSON schema (values are then JSON).
        instruction: What to look for; by default everything that the schema names.
        examples: Pairs of a picture and its value, shown to the model first.
        include_raw: Give ``{"raw": message, "parsed": value or None, "parsing_error": error or None}`` instead.
        repair: How many times an answer that does not parse is asked for again, with the error and the picture.
        on_truncation: What becomes of an answer that the token budget cut: "raise" for ``TruncatedOutputError``,
            "salvage" for the value of what is complete of it, if that fits the schema (else the error), "continue" for
            the rest, up to eight times the budget; a local model goes on where it broke off.
        family: How the model writes boxes, where it does not say itself: a name such as "relative-1000".
            A remote model's family is found by the name of the model. One that counts pixels is sent pictures at a size
            that its server leaves as it is; where nobody knows one, say it: "pixel, model_size=1000x1000".
        samples: How many more answers are drawn. The value stays the model's own answer; its message tells, in
            ``response_metadata["agreement"]``, which share of the samples says the same, by JSON pointer.
        sample_temperature: At which they are drawn; 1 is the model's own distribution.
        evidence: Puts the picture's words with their coarse places into the prompt: "words" for what an OCR engine reads
            (``read_words``), a ``PageWords``, or a function from a picture to one. Not for the pictures of examples.
        evidence_tokens: How many tokens the words may take; what is left out is said in the prompt and in a warning (see
            ``evidence_text``).

    Raises:
        SchemaError: The schema cannot be read, or an example's value does not fit it.
        ImageError: The picture of an example cannot be read.
        BoxConventionError: There is no such ``family``, or a remote one counts pixels of a picture of unknown size.
        OptionError: ``repair`` or ``samples`` is negative, ``sample_temperature`` not above 0, or ``on_truncation`` unknown;
            or fallbacks write boxes in another way; or ``evidence`` is no evidence, or its tokens too few.
        MissingExtraError: ``evidence`` is "words" and no OCR engine is installed.
    """
    asking = _Asking(repair, on_truncation, family, samples, sample_temperature, evidence, evidence_tokens)
    parts = _parts(model, schema, instruction, examples, asking)
    return parts.prompt | parts.asked | (keeping_raw(parts.parser) if include_raw else parts.parser)


@dataclass(frozen=True, slots=True)
class _Asking:
    """How the model is asked; see ``extraction_chain``."""

    repair: int
    on_truncation: OnTruncation
    family: FamilyLike | None
    samples: int
    sample_temperature: float
    evidence: Evidence | None
    evidence_tokens: int


@dataclass(frozen=True, slots=True)
class _Parts:
    """The chain in its parts: picture to prompt, the model as it is asked, the parser."""

    prompt: Runnable[Any, Any]
    asked: ChatModel
    parser: GroundedOutputParser[Any]


def _parts(
    model: ChatModel,
    schema: Any,
    instruction: str | None,
    examples: Sequence[Example],
    asking: _Asking,
) -> _Parts:
    family = asking.family
    if asking.repair < 0:
        raise OptionError(f"repair must be 0 or more, not {asking.repair}")
    parser: GroundedOutputParser[Any] = GroundedOutputParser(
        target=schema,
        convention=parser_convention(model, family),
        on_truncation=reading(asking.on_truncation),
    )
    form = json_schema_of(schema)
    sending = picture_sending(model, form, family)
    request = _Request(model, form, instruction or INSTRUCTION, read_examples(examples, schema), family, sending)
    asked = asked_for_json(model, form, family)
    drawn = asked_for_samples(asked, model, asking.samples, asking.sample_temperature)
    asked, drawn = continued(asked, asking.on_truncation), [continued(one, asking.on_truncation) for one in drawn]
    if asking.repair:
        asked = Repairing(model=asked, parser=parser, attempts=asking.repair)
    if drawn:
        asked = Sampled(model=asked, drawn=drawn, parser=parser)
    evidence = evidence_of(asking.evidence, asking.evidence_tokens)
    prompt = PROMPT if evidence is None else EVIDENCE_PROMPT
    itself = reads_words(model)
    if itself:
        prompt = PromptWithPicture.from_messages(prompt.messages)
    return _Parts(picture_step(request.variables, evidence, itself=itself) | prompt, asked, parser)


def extract(  # noqa: PLR0913 - all that may be said about one extraction
    model: ChatModel,
    image: Any,
    schema: type[T] | Any,
    *,
    instruction: str | None = None,
    examples: Sequence[Example] = (),
    repair: int = 0,
    on_truncation: OnTruncation = "raise",
    family: FamilyLike | None = None,
    samples: int = 0,
    sample_temperature: float = 1.0,
    evidence: Evidence | None = None,
    evidence_tokens: int = EVIDENCE_TOKENS,
    sources: WordsOf = False,
    verify: bool = False,
    config: RunnableConfig | None = None,
) -> Extraction[T]:
    """One picture's value with all that is known about it: the picture, the model's message, how it ended, its plot.

    Args:
        model: Any LangChain chat model.
        image: Whatever ``load_image`` takes.
        schema: What ``extraction_chain`` takes; so is all that follows up to ``evidence_tokens``.
        sources: Find the place of every value on the page, for ``Extraction.sources``: True for the words of an OCR
            engine, or the name of the engine, or the words themselves, such as a text layer's. Without it, what a model
            tells itself, as ``ChatOCR`` does.
        verify: Read every value that was found again from its own piece of the picture, by the OCR engine and by the
            model, for ``Extraction.sources.verified``. Without ``sources`` it means both.
        config: LangChain's configuration of the run: callbacks, tags ...

    Raises:
        MissingExtraError: ``sources`` wants an OCR engine, and none is installed; the model is then not asked.
        ImageError: The picture cannot be read.
        OutputError: The answer is cut off, unreadable or does not fit the schema; it carries the model's text.
        BoxConventionError: The schema holds boxes and this model's way of writing them is not known.
    """
    source, own = split_input(image)
    picture = load_image(source)
    asking = _Asking(repair, on_truncation, family, samples, sample_temperature, evidence, evidence_tokens)
    parts = _parts(model, schema, instruction, examples, asking)
    words = page_words(picture, sources or verify)
    message = (parts.prompt | parts.asked).invoke({"image": picture, "instruction": own}, config)
    result = _result(picture, message, parts.parser, words)
    if not verify or result.sources is None:
        return result
    from extraction.chains.verify import verify_sources

    told = verify_sources(result.sources, result.data, picture, model=model, engine=engine_of(sources), config=config)
    return replace(result, sources=told)


async def aextract(  # noqa: PLR0913 - all that may be said about one extraction
    model: ChatModel,
    image: Any,
    schema: type[T] | Any,
    *,
    instruction: str | None = None,
    examples: Sequence[Example] = (),
    repair: int = 0,
    on_truncation: OnTruncation = "raise",
    family: FamilyLike | None = None,
    samples: int = 0,
    sample_temperature: float = 1.0,
    evidence: Evidence | None = None,
    evidence_tokens: int = EVIDENCE_TOKENS,
    sources: WordsOf = False,
    verify: bool = False,
    config: RunnableConfig | None = None,
) -> Extraction[T]:
    """``extract``, awaited: many at once share the model's batches."""
    source, own = split_input(image)
    picture = await asyncio.to_thread(load_image, source)
    asking = _Asking(repair, on_truncation, family, samples, sample_temperature, evidence, evidence_tokens)
    parts = await asyncio.to_thread(_parts, model, schema, instruction, examples, asking)
    words = await asyncio.to_thread(page_words, picture, sources or verify)
    message = await (parts.prompt | parts.asked).ainvoke({"image": picture, "instruction": own}, config)
    result = await asyncio.to_thread(_result, picture, message, parts.parser, words)
    if not verify or result.sources is None:
        return result
    from extraction.chains.verify import averify_sources

    engine = engine_of(sources)
    told = await averify_sources(result.sources, result.data, picture, model=model, engine=engine, config=config)
    return replace(result, sources=told)


def _result(
    picture: Picture, message: AIMessage, parser: GroundedOutputParser[Any], words: PageWords | None
) -> Extraction[Any]:
    parsed = parser.parse_message(message)
    return Extraction(
        value=parsed.value,
        data=plain_numbers(parsed.data),
        image=picture,
        raw=message,
        finish_reason=finish_reason(message.response_metadata),
        usage=message.usage_metadata,
        notes=tuple(parsed.notes),
        confidence=parsed.confidence,
        agreement=message.response_metadata.get("agreement"),
        schema=parser.target if isinstance(parser.target, dict) else None,
        sources=_sources(message, parsed.data, parser, words),
    )


def _sources(
    message: AIMessage, data: Any, parser: GroundedOutputParser[Any], words: PageWords | None
) -> Sources | None:
    """Where the leaves stand: looked for among the words, or as the model itself tells it; None where nobody knows."""
    if words is None:
        return told_sources(message.response_metadata, data)
    from extraction.grounding.finding import find_sources

    return find_sources(data, words, schema=parser.target)
