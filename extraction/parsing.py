"""From a model's message to a validated value, strictly: the whole answer or an error that carries the model's text.

LangChain's own parsers mend a cut answer silently (``"total": 12`` from ``1234.56``); this one never does.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, cast

from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import BaseOutputParser, BaseTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import ConfigDict, PrivateAttr
from typing_extensions import TypeVar

from extraction.confidence import Confidence
from extraction.conventions import BoxConvention
from extraction.documents import Document, Reading, complete_part, is_cut, read_text, without_thinking
from extraction.endings import check_ending, finish_reason, truncation
from extraction.errors import (
    BoxConventionError,
    OutputError,
    SchemaError,
    SchemaMismatchError,
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.frames import BoxNote, Frame, Grounding
from extraction.growing import Closed
from extraction.keys import Keys
from extraction.positions import Outline
from extraction.prompts import has_geometry, schema_text
from extraction.schemas.json_schema import check_json_schema, json_schema_of
from extraction.streaming import AnswerStream, GrowingOutput, text_of, written_part
from extraction.validation import Validator, explain, takes_text

T = TypeVar("T", default=Any)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """A parsed answer: the value, its JSON form (boxes in pixels), what had to be mended, how sure the model was.

    ``text`` is the document as the model wrote it; None where only what is complete of one was taken.
    """

    value: T
    data: Any
    notes: list[BoxNote] = field(default_factory=list)
    text: str | None = None
    confidence: Confidence | None = None


class GroundedOutputParser(GrowingOutput, BaseTransformOutputParser[T], Generic[T]):
    """Parses a message into ``target``, boxes in pixels of the original picture.

    What is given here counts first. For the rest a message tells itself, in ``response_metadata["boxes"]``, how its
    model writes boxes and how large the pictures of its prompt were. Boxes that had to be mended are logged as warnings.

    A stream of it gives the value as far as it is complete, each time that something has closed: a field, an item of a
    list. What is there is validated, in pixels, and final. A growing Pydantic object is an instance of its class whose
    other fields are absent (``model_fields_set`` names those that are there). Objects in lists, unions, and classes
    with a validator of their own come whole; where the whole value is such a class, its growing form is JSON data. The
    last element is what ``invoke`` gives; where that raises, or finds that another document counts than the one that was
    streamed, the stream raises in its end.

    Attributes:
        target: A Pydantic class, a TypedDict, a dataclass, any type that Pydantic knows, or a JSON schema (a dict; the
            value is then JSON, validated by ``jsonschema``).
        convention: How the model writes boxes.
        size: (width, height) of the picture that the answer is about; by default it is the last one of the prompt.
        model_size: (width, height) at which the model saw it, all of it; for conventions that refer to that, where the
            message does not tell it.
        on_truncation: What a cut answer is: "raise" for an error, "salvage" for the value of what is complete of it,
            if that fits the schema, or else an error.

    Raises:
        SchemaError: ``target`` is no schema.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    target: Any
    convention: BoxConvention | None = None
    size: tuple[int, int] | None = None
    model_size: tuple[int, int] | None = None
    on_truncation: Literal["raise", "salvage"] = "raise"

    _schema: dict[str, Any] = PrivateAttr(default_factory=dict)
    _validator: Validator = PrivateAttr()
    _outline: Outline = PrivateAttr()

    def __init__(
        self,
        *,
        target: Any,
        convention: BoxConvention | None = None,
        size: tuple[int, int] | None = None,
        **options: Any,
    ) -> None:
        options |= {"target": target, "convention": convention, "size": size}
        super().__init__(**options)
        try:  # here and not in a validator, whose errors Pydantic makes its own
            self._schema = json_schema_of(target)
        except RecursionError:
            raise SchemaError("the schema is nested too deeply") from None
        if isinstance(target, Mapping):
            check_json_schema(self._schema)
        self._validator = Validator(target)
        self._outline = Outline(target, self._schema, self._validator)

    @property
    def _type(self) -> str:
        return "grounded"

    @property
    def OutputType(self) -> Any:  # noqa: N802 - LangChain's name
        """The type of the values."""
        return Any if isinstance(self.target, Mapping) else self.target

    def get_format_instructions(self) -> str:
        """What to put into a prompt so that a model answers in this form (see ``prompts.schema_text``)."""
        return schema_text(self._schema, self.convention)

    def parse(self, text: str) -> T:
        """The value of a bare text. Boxes need ``convention`` and ``size``.

        Raises:
            OutputError: One of its three kinds.
            BoxConventionError: There are boxes, and it is not known what their numbers mean.
        """
        return _told(self.parse_text(text, {}))

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> T:
        """The value of a model's generation; what LangChain calls. ``partial`` answers are refused like all others."""
        generation = result[0]
        if isinstance(generation, ChatGeneration):
            return _told(self.parse_message(generation.message))
        return _told(self.parse_text(generation.text, generation.generation_info or {}))

    def parse_message(self, message: BaseMessage) -> Parsed[T]:
        """The value of a model's message, or of the arguments of its tool call, with its JSON form and notes.

        Raises:
            OutputError: One of its three kinds.
            BoxConventionError: There are boxes, and it is not known what their numbers mean.
        """
        text, metadata = text_of(message), message.response_metadata
        refusal = message.additional_kwargs.get("refusal")
        if refusal and not text.strip():
            raise UnreadableOutputError(
                f"the model refused: {refusal}", llm_output=str(refusal), finish_reason=finish_reason(metadata)
            )
        return self.parse_text(text, metadata, written_part(message))

    def parse_text(self, text: str, metadata: Mapping[str, Any], written: str | None = None) -> Parsed[T]:
        """The value of a text, by the ``response_metadata`` that came with it.

        Args:
            text: The text.
            metadata: What came with it.
            written: What of it the model wrote of the wanted document; by default all that it did not have made whole.

        Raises:
            TruncatedOutputError: The model says that the answer was cut, or the text ends inside a document.
            UnreadableOutputError: There is no JSON document in it, or several that all fit and differ.
            SchemaMismatchError: The document does not fit the schema.
            BoxConventionError: There are boxes, and it is not known what their numbers mean.
        """
        if written is None:
            written = text[: truncation(metadata).get("written")]
        try:
            return self._parse_whole(text, metadata, written)
        except TruncatedOutputError as error:
            capped = "capped" in truncation(metadata)
            if (
                self.on_truncation == "salvage"
                and (salvaged := self._salvaged(error, written, capped=capped)) is not None
            ):
                return salvaged
            raise

    def _parse_whole(self, text: str, metadata: Mapping[str, Any], written: str) -> Parsed[T]:
        reason = finish_reason(metadata)
        check_ending(text, metadata, partial=lambda: self._partial(written, metadata))
        try:
            reading = read_text(text)
        except ValueError as error:
            raise UnreadableOutputError(
                f"the answer cannot be read: {error}", llm_output=text, finish_reason=reason
            ) from error
        if reading.cut is not None or reading.thinking:
            raise TruncatedOutputError(
                f"the answer ends in the middle of {'its thinking' if reading.thinking else 'a JSON document'}",
                llm_output=text,
                finish_reason=reason,
                partial=self._partial(written, metadata),
                hint="raise max_tokens",
            )
        fitting = self._fitting(reading, text, metadata)
        if any(other.data != fitting[0].data for other in fitting[1:]):
            raise UnreadableOutputError(
                f"the answer holds {len(fitting)} documents that fit the schema and differ",
                llm_output=text,
                finish_reason=reason,
            )
        return fitting[0]

    def answer_stream(self) -> AnswerStream:
        """A new answer that is to come in chunks."""
        if has_geometry(self._schema):
            return AnswerStream(self._outline.root, self._part_in_pixels, self._own_key)
        return AnswerStream(self._outline.root, lambda data, *_: data, lambda key, _: key)

    def end_of(self, stream: AnswerStream) -> T:
        """The value of an answer that has come to its end.

        Raises:
            OutputError: One of its three kinds; also where values were given that are none of the whole value's.
            BoxConventionError: There are boxes, and it is not known what their numbers mean.
        """
        answer = stream.answer()
        is_text = isinstance(answer, str)
        parsed = self.parse_text(str(answer), {}) if is_text else self.parse_message(cast("BaseMessage", answer))
        if parsed.text is not None and stream.contradicts(parsed.text):
            raise UnreadableOutputError(
                "the answer holds several documents, and another one counts than the one that was streamed",
                llm_output=str(answer) if is_text else text_of(cast("BaseMessage", answer)),
                hint="invoke reads the whole answer before it decides",
            )
        return _told(parsed)

    def values(self, chunks: Iterable[str | BaseMessage]) -> Iterator[Closed]:
        """The values of an answer that comes in chunks of text or messages, one by one, with their JSON pointers.

        The last one is the whole value, with the pointer "".

        Raises:
            OutputError: At the end, as ``invoke`` does.
            BoxConventionError: At the end: there are boxes, and it is not known what their numbers mean.
        """
        stream = self.answer_stream()
        for chunk in chunks:
            yield from stream.push(chunk)
        if not stream.is_empty:
            value = self.end_of(stream)
            yield Closed("", value, value)

    def _new_stream(self) -> AnswerStream:
        return self.answer_stream()

    def _element(self, closed: Closed) -> Any:
        return closed.whole

    def _last_element(self, stream: AnswerStream) -> Any:
        return self.end_of(stream)

    def _part_in_pixels(self, data: Any, form: Any, metadata: Mapping[str, Any]) -> Any:
        grounding = Grounding(*self._meaning(metadata))
        data = grounding.apply(data, form, self._schema)
        if grounding.problems:
            raise ValueError("; ".join(grounding.problems))
        return data

    def _own_key(self, key: str, metadata: Mapping[str, Any]) -> str:
        convention, _ = self._meaning(metadata)
        if convention is None:
            raise BoxConventionError(f"it is not known yet what {key!r} is for the model")
        return Keys(self._schema, convention).own(key)

    def _fitting(self, reading: Reading, text: str, metadata: Mapping[str, Any]) -> list[Parsed[T]]:
        """The values of all documents that fit, at least one."""
        fitting: list[Parsed[T]] = []
        misfit: OutputError | None = None
        for document in reading.documents:
            try:
                fitting.append(self._validated(document, text, metadata))
            except SchemaMismatchError as error:
                misfit = misfit or error
        if fitting:
            return fitting
        if takes_text(self._schema) and reading.answer[:1] not in ("", "[", "{", '"') and not reading.fenced:
            bare = Document(json.dumps(reading.answer), reading.answer)  # a text that is wanted needs no quotes
            return [self._validated(bare, text, metadata)]
        if misfit is not None:
            raise misfit
        what = "holds no JSON document" if reading.answer else "is empty"
        raise UnreadableOutputError(
            f"the answer {what}{f': {reading.problem}' if reading.problem else ''}",
            llm_output=text,
            finish_reason=finish_reason(metadata),
        )

    def _validated(self, document: Document, text: str, metadata: Mapping[str, Any]) -> Parsed[T]:
        grounding = Grounding(*self._meaning(metadata))
        try:
            data = document.value
            if has_geometry(self._schema):
                data = grounding.apply(data, self._schema)
            if grounding.problems:
                raise ValueError("; ".join(grounding.problems))
            confidence = _confidence(metadata)
            if confidence is not None:
                confidence = confidence.in_pixels(document.value, self._schema, grounding.convention)
            return Parsed(self._validator.validate(data), data, grounding.notes, document.text, confidence)
        except (ValueError, RecursionError) as error:  # pydantic's and jsonschema's errors are ValueErrors
            if isinstance(error, BoxConventionError):
                raise
            reason = explain(error) if isinstance(error, ValueError) else "it is nested too deeply"
            raise SchemaMismatchError(
                f"the answer does not fit the schema: {reason}", llm_output=text, finish_reason=finish_reason(metadata)
            ) from error

    def _salvaged(self, error: TruncatedOutputError, written: str, *, capped: bool) -> Parsed[T] | None:
        """What is complete of a cut answer, if that fits the schema as it is; None where it does not."""
        if error.partial is None:
            return None
        try:
            if not is_cut(written) and not capped:  # the last document of a text that chats on need not be the answer
                return None
            return Parsed(self._validator.validate(error.partial), error.partial)
        except (ValueError, RecursionError):
            return None

    def _partial(self, written: str, metadata: Mapping[str, Any]) -> Any:
        """What is complete of a cut answer, in pixels like a whole one; None where that cannot be."""
        grounding = Grounding(*self._meaning(metadata))
        if truncation(metadata).get("capped") == "text":
            return None  # which of its texts was cut cannot be told from it
        try:
            partial = grounding.apply(complete_part(written), self._schema)
        except (BoxConventionError, RecursionError):
            return None
        return None if grounding.problems else partial

    def _meaning(self, metadata: Mapping[str, Any]) -> tuple[BoxConvention | None, Frame | None]:
        boxes = metadata.get("boxes") or {}
        convention = self.convention
        if convention is None and boxes.get("convention"):
            convention = BoxConvention.from_json(boxes["convention"])
        frames = [Frame.from_json(one or {}) for one in boxes.get("frames") or []]
        if self.size is None:  # examples come with pictures, before the one that is asked
            frame = frames[-1] if frames else None
        else:
            same = [frame for frame in frames if frame is not None and frame.original == self.size]
            frame = same[-1] if same else Frame(self.size)
        if frame is not None and self.model_size is not None:
            frame = Frame(frame.original, self.model_size)
        return convention, frame


def _confidence(metadata: Mapping[str, Any]) -> Confidence | None:
    """What a message of ours tells of its document, or of its one tool call."""
    told = metadata.get("confidence")
    if isinstance(told, Mapping) and len(told.get("calls", ())) == 1:
        told = told["calls"][0]
    return Confidence.from_json(told) if isinstance(told, Mapping) and "leaves" in told else None


def _told(parsed: Parsed[T]) -> T:
    for note in parsed.notes:
        _log.warning("box %s %s: %s", note.pointer or "(root)", list(note.numbers), note.problem)
    conflicts = parsed.confidence.conflicts if parsed.confidence else ()
    for where, problem in dict.fromkeys((conflict.pointer or "(root)", conflict.problem) for conflict in conflicts):
        _log.warning("%s: the model %s, and the grammar did not let it", where, problem)
    return parsed.value


class WholeTextParser(BaseOutputParser[str]):
    """The text of a message without ``<think>`` marks, what is in them, and outer blanks; a cut answer raises."""

    @property
    def _type(self) -> str:
        return "whole_text"

    def parse(self, text: str) -> str:
        """The text, stripped.

        Raises:
            TruncatedOutputError: It ends in the middle of its thinking.
        """
        answer, thinking = without_thinking(text)
        if thinking:
            raise TruncatedOutputError(
                "the answer ends in the middle of its thinking", llm_output=text, hint="raise max_tokens"
            )
        return answer

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> str:
        """The text of a model's generation.

        Raises:
            TruncatedOutputError: The model says that the answer was cut off, or it ends in the middle of its thinking.
        """
        generation = result[0]
        metadata: Mapping[str, Any] = generation.generation_info or {}
        if isinstance(generation, ChatGeneration):
            metadata = generation.message.response_metadata
        check_ending(generation.text, metadata)
        return self.parse(generation.text)
