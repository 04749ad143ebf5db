"""From a model's message to a validated value, strictly: the whole answer or an error that carries the model's text.

LangChain's own parsers mend a cut answer silently (``"total": 12`` from ``1234.56``); this one never does.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, Literal, cast

from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import BaseTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import ConfigDict, PrivateAttr
from typing_extensions import TypeVar

from extraction.confidence import Confidence
from extraction.conventions import BoxConvention
from extraction.endings import check_ending, check_missing, finish_reason, stop_hint, truncation
from extraction.errors import (
    BoxConventionError,
    OutputError,
    SchemaError,
    SchemaMismatchError,
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.families import find_family
from extraction.forms import known
from extraction.frames import Frame, Grounding
from extraction.growing import Closed
from extraction.json_text import Document, Reading, complete_part, is_cut, read_text
from extraction.keys import Keys
from extraction.native import NativeSyntax
from extraction.parsed import Parsed, confidence_in, frame_in, told
from extraction.positions import Outline
from extraction.prompts import has_geometry, schema_text
from extraction.schemas.json_schema import check_json_schema, json_schema_of
from extraction.streaming import AnswerStream, GrowingOutput, text_of, written_part
from extraction.syntaxes import NativeAnswer
from extraction.validation import Validator, explain, takes_text

T = TypeVar("T", default=Any)

_log = logging.getLogger(__name__)


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
        convention: How the model writes boxes; when it is made, also by the name of a family or convention, as ``family=``
            has it elsewhere ("paligemma", "relative-1000-yxyx", "gemini, order=xyxy").
        size: (width, height) of the picture that the answer is about; by default it is the last one of the prompt.
        model_size: (width, height) at which the model saw all of it, where the message does not tell and the numbers count it.
        things: What the model was asked to look for, where it answers with places that have no names.
        on_truncation: What a cut answer is: "raise" for an error, "salvage" for the value of what is complete of it,
            if that fits the schema, or else an error.

    Raises:
        SchemaError: ``target`` is no schema.
        BoxConventionError: There is no family of that name, or nobody knows how it writes boxes.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    target: Any
    convention: BoxConvention | None = None
    size: tuple[int, int] | None = None
    model_size: tuple[int, int] | None = None
    things: tuple[str, ...] = ()
    on_truncation: Literal["raise", "salvage"] = "raise"

    _schema: dict[str, Any] = PrivateAttr(default_factory=dict)
    _validator: Validator = PrivateAttr()
    _outline: Outline = PrivateAttr()

    def __init__(
        self,
        *,
        target: Any,
        convention: BoxConvention | str | None = None,
        size: tuple[int, int] | None = None,
        **options: Any,
    ) -> None:
        if isinstance(convention, str):
            family = find_family(None, "", convention)
            if family.model_size is not None:
                options = {"model_size": family.model_size} | options
            convention = known(family.boxes)
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
        return told(self.parse_text(text, {}))

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> T:
        """The value of a model's generation; what LangChain calls. ``partial`` answers are refused like all others."""
        generation = result[0]
        if isinstance(generation, ChatGeneration):
            return told(self.parse_message(generation.message))
        return told(self.parse_text(generation.text, generation.generation_info or {}))

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
            kept = self._salvaged(error, written, metadata) if self.on_truncation == "salvage" else None
            if kept is None:
                raise
            return kept

    def _parse_whole(self, text: str, metadata: Mapping[str, Any], written: str) -> Parsed[T]:
        check_ending(text, metadata, partial=lambda: self._partial(written, metadata))
        check_missing(text, metadata)
        native = self._native(metadata)
        if native is not None and (answer := native.tagged(text, ended=True)) is not None:
            return self._of_marks(native, answer, text, metadata)
        try:
            return self._parse_json(text, metadata, written)
        except (UnreadableOutputError, SchemaMismatchError) as error:
            answer = None if native is None else native.untagged(text, ended=True)
            if native is None or answer is None or answer.outcome == "junk":
                raise
            if answer.outcome == "refused":
                raise UnreadableOutputError(
                    f"the model refused: {text.strip():.200}", llm_output=text, finish_reason=error.finish_reason
                ) from error
            try:
                return self._of_marks(native, answer, text, metadata)
            except SchemaMismatchError:
                if isinstance(error, SchemaMismatchError):
                    raise error from None  # the model wrote JSON, which says more than the places in it
                raise

    def _native(self, metadata: Mapping[str, Any]) -> NativeSyntax | None:
        """How the model writes places in a text that is no JSON; None where it has no such way, or none is wanted."""
        convention, frame = self._meaning(metadata)
        if convention is None or not convention.syntaxes or not has_geometry(self._schema):
            return None
        return NativeSyntax(self._schema, convention, frame, self.things)

    def _of_marks(
        self, native: NativeSyntax, answer: NativeAnswer, text: str, metadata: Mapping[str, Any]
    ) -> Parsed[T]:
        partial = native.complete_part(text) if answer.cut else None
        return native.parse(answer, text, finish_reason(metadata), self._validator, partial)

    def _parse_json(self, text: str, metadata: Mapping[str, Any], written: str) -> Parsed[T]:
        reason = finish_reason(metadata)
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
                hint=stop_hint(metadata) or "raise max_tokens",
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
        return told(parsed)

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

    def told_to_model(self, error: OutputError, metadata: Mapping[str, Any]) -> str:
        """What is wrong with an answer, with the names that fields have for its model."""
        return Keys(self._schema, self._meaning(metadata)[0]).told(error.message)

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
        if reading.answer and (native := self._native(metadata)) is not None and native.marking:
            what += f", and no place as {' or '.join(native.marking)} writes it"
        raise UnreadableOutputError(
            f"the answer {what}{f': {reading.problem}' if reading.problem else ''}",
            llm_output=text,
            finish_reason=finish_reason(metadata),
            hint=stop_hint(metadata),
        )

    def _validated(self, document: Document, text: str, metadata: Mapping[str, Any]) -> Parsed[T]:
        grounding = Grounding(*self._meaning(metadata))
        try:
            data = document.value
            if has_geometry(self._schema):
                data = grounding.apply(data, self._schema)
            if grounding.problems:
                raise ValueError("; ".join(grounding.problems))
            confidence = self._confidence(document.value, metadata)
            value = self._validator.validate(data)
            return Parsed(value, self._validator.settled(data), grounding.notes, document.text, confidence)
        except (ValueError, RecursionError) as error:  # pydantic's and jsonschema's errors are ValueErrors
            if isinstance(error, BoxConventionError):
                raise
            reason = explain(error) if isinstance(error, ValueError) else "it is nested too deeply"
            raise SchemaMismatchError(
                f"the answer does not fit the schema: {reason}", llm_output=text, finish_reason=finish_reason(metadata)
            ) from error

    def _salvaged(self, error: TruncatedOutputError, written: str, metadata: Mapping[str, Any]) -> Parsed[T] | None:
        """What is complete of a cut answer, if that fits the schema as it is; None where it does not."""
        if error.partial is None:
            return None
        try:
            # The last document of a text that chats on need not be the answer.
            capped = "capped" in truncation(metadata)
            if not (is_cut(written) or capped or self._marked_part(written, metadata)):
                return None
            confidence = self._confidence(complete_part(written), metadata)
            kept = None if confidence is None else confidence.within(error.partial)
            value = self._validator.validate(error.partial)
            return Parsed(value, self._validator.settled(error.partial), confidence=kept, cut=True)
        except (ValueError, RecursionError):
            return None

    def _confidence(self, written: Any, metadata: Mapping[str, Any]) -> Confidence | None:
        """What a message tells of a value as the model wrote it, for the places that it has in pixels."""
        told = confidence_in(metadata)
        return None if told is None else told.in_pixels(written, self._schema, self._meaning(metadata)[0])

    def _partial(self, written: str, metadata: Mapping[str, Any]) -> Any:
        """What is complete of a cut answer, in pixels like a whole one; None where that cannot be."""
        if marked := self._marked_part(written, metadata):
            return marked[0]
        grounding = Grounding(*self._meaning(metadata))
        if truncation(metadata).get("capped") == "text":
            return None  # which of its texts was cut cannot be told from it
        try:
            partial = grounding.apply(complete_part(written), self._schema)
        except (BoxConventionError, RecursionError):
            return None
        return None if grounding.problems else partial

    def _marked_part(self, written: str, metadata: Mapping[str, Any]) -> tuple[Any] | None:
        native = self._native(metadata)
        return None if native is None else native.complete_part(written)

    def _meaning(self, metadata: Mapping[str, Any]) -> tuple[BoxConvention | None, Frame | None]:
        boxes = metadata.get("boxes") or {}
        convention = self.convention
        if convention is None and boxes.get("convention"):
            convention = BoxConvention.from_json(boxes["convention"])
        return convention, frame_in(metadata, self.size, self.model_size)
