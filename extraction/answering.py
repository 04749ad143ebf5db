"""From a model's answer to LangChain's messages, whole or in chunks; both read tool calls with the same reader."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall, ToolCallChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from extraction.asking import Plan
from extraction.confidence import Confidence, confidence_of
from extraction.conventions import PIXEL, BoxConvention
from extraction.endings import PROVIDER, check_ending
from extraction.errors import SchemaMismatchError
from extraction.frames import BoxNote, Frame, Grounding
from extraction.jobs import Answer, Cut, Job
from extraction.json_text import complete_part
from extraction.keys import Keys
from extraction.schemas.pointers import pointer
from extraction.spans import is_written, parts
from extraction.tools import CallReader, WrittenCall, call_bodies, read_call
from extraction.trace import Trace


def message_of(answer: Answer, plan: Plan) -> AIMessage:
    """The message of a whole answer.

    Raises:
        BoxConventionError: Boxes have to be turned into pixels here, and there is no picture that they belong to.
        SchemaMismatchError: The same, and it cannot be told what of the document is a box.
        TruncatedOutputError: It was cut, and is for a parser that would take it for whole.
    """
    reader = CallReader(plan.dialect, frozenset(plan.tools))
    texts: list[str] = []
    calls: list[WrittenCall] = []
    written, closing = _parted(answer)
    for item in (*reader.push(written), *reader.finish()):
        if isinstance(item, str):
            texts.append(item)
        else:
            calls.append(item)
    if not calls:  # what was put behind a cut call does not make it one that the model made
        texts.append(closing)
    pixels = _Pixels(answer, plan)
    calls = [pixels.call(call) for call in calls]
    message = AIMessage(
        content=pixels.document("".join(texts)),
        tool_calls=[_tool_call(call) for call in calls if call.error is None],
        invalid_tool_calls=[_invalid(call) for call in calls if call.error is not None],
        usage_metadata=_usage(answer),
        response_metadata=_metadata(answer, plan, pixels, called=any(call.error is None for call in calls)),
    )
    _refuse_half(answer, plan, message.response_metadata)
    return message


class ChunkWriter:
    """Makes the chunks of one streamed answer; added up, they are the message of ``message_of``.

    What boxes mean stands in the first chunk where it is known by then, so that their pixels need not wait.
    """

    def __init__(self, plan: Plan, job: Job) -> None:
        self._plan = plan
        self._job = job
        self._told_boxes = False
        self._reader = CallReader(plan.dialect, frozenset(plan.tools))
        self._waiting: list[str | WrittenCall] = []  # what holds boxes waits for the sizes of the pictures
        self._index = 0
        self._called = False
        self._calls = 0

    def push(self, piece: str) -> Iterator[ChatGenerationChunk]:
        """The chunks that a new piece of text completes."""
        items = self._reader.push(piece)
        if self._plan.in_pixels:
            self._waiting += items
        else:
            yield from self._chunks(items)

    def finish(self, answer: Answer) -> Iterator[ChatGenerationChunk]:
        """What is left, and the last chunk. It carries usage and metadata, which merging would add up, hence once each.

        The text that makes a cut answer whole stands in the last chunk.

        Raises:
            BoxConventionError, SchemaMismatchError: As ``message_of``.
        """
        pixels = _Pixels(answer, self._plan)
        items = [*self._waiting, *self._reader.finish()]
        if self._plan.in_pixels:
            text = "".join(item for item in items if isinstance(item, str))
            calls = [pixels.call(item) for item in items if not isinstance(item, str)]
            items = [*([pixels.document(text)] if text else []), *calls]
        yield from self._chunks(items)
        metadata = _metadata(answer, self._plan, pixels, called=self._called)
        if self._told_boxes:
            del metadata["boxes"]
        last = AIMessageChunk(
            content="" if self._calls else _parted(answer)[1],
            usage_metadata=_usage(answer),
            response_metadata=metadata,
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=last)
        _refuse_half(answer, self._plan, last.response_metadata)

    def _chunks(self, items: Iterable[str | WrittenCall]) -> Iterator[ChatGenerationChunk]:
        for item in items:
            text = item if isinstance(item, str) else ""
            self._calls += not isinstance(item, str)
            calls = [] if isinstance(item, str) else [self._call_chunk(item)]
            if text and not self._index:
                self._index = 1  # LangChain merges a call at index 0 into text before it (v1 content blocks)
            message = AIMessageChunk(content=text, tool_call_chunks=calls, response_metadata=self._first_metadata())
            yield ChatGenerationChunk(message=message, text=text)

    def _first_metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {"model_provider": PROVIDER}
        if self._job.frames is not None and not self._told_boxes and not self._plan.in_pixels:
            metadata["boxes"] = _boxes_told(self._plan, self._plan.family.boxes, self._job.frames)
            self._told_boxes = True
        return metadata

    def _call_chunk(self, call: WrittenCall) -> ToolCallChunk:
        index = self._index
        self._index += 1
        if call.error is not None:  # kept with its markers: LangChain would mend bare JSON that is cut
            return tool_call_chunk(name=None, args=call.raw, id=call.id, index=index)
        self._called = True
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        return tool_call_chunk(name=call.name, args=arguments, id=call.id, index=index)


@dataclass(slots=True)
class _Pixels:
    """Turns the boxes of an answer into pixels where the plan says so; of the last picture, as the parser does."""

    answer: Answer
    plan: Plan
    notes: list[BoxNote] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether boxes are turned; those of an answer that was cut stay as they were written."""
        return self.plan.in_pixels and self.answer.finish_reason == "stop"

    def call(self, call: WrittenCall) -> WrittenCall:
        """The call with its boxes in pixels; unreadable where it cannot be told what of it is a box."""
        if not self.active or call.name is None:
            return call
        arguments, problems = self._converted(call.arguments, self.plan.tools[call.name])
        if problems:
            error = f"the arguments do not fit the tool: {'; '.join(problems)}"
            return dataclasses.replace(call, name=None, arguments=None, error=error)
        return dataclasses.replace(call, arguments=arguments)

    def document(self, text: str) -> str:
        """The text, if it is the wanted document, with its boxes in pixels.

        Raises:
            SchemaMismatchError: It cannot be told what of it is a box.
        """
        if not self.active or self.plan.schema is None or not text:
            return text
        try:
            value = json.loads(text)
        except ValueError:
            return text  # no document: a stop string ended it, or the model answered in words
        value, problems = self._converted(value, self.plan.schema)
        if problems:
            raise SchemaMismatchError(
                f"the answer does not fit the schema: {'; '.join(problems)}", llm_output=text, finish_reason="stop"
            )
        return json.dumps(value, ensure_ascii=False)

    def confidence(self, found: Confidence, text: str, schema: dict[str, Any] | None) -> Confidence:
        """The confidence of a document or a call's arguments, for the places that its numbers have in the message."""
        if not self.active or schema is None:
            return found
        try:
            return found.in_pixels(json.loads(text), schema, self.plan.family.boxes)
        except ValueError:
            return found  # no document, as above

    def _converted(self, value: Any, schema: dict[str, Any]) -> tuple[Any, list[str]]:
        """A value in pixels, and what is wrong with it."""
        frame = self.answer.frames[-1] if self.answer.frames else None
        grounding = Grounding(self.plan.family.boxes, frame, notes=self.notes)
        return grounding.apply(value, schema), grounding.problems


def _parted(answer: Answer) -> tuple[str, str]:
    """The text that the model wrote, and the text that makes it whole where it was cut."""
    written = len(answer.text) if answer.cut is None else answer.cut.written
    return answer.text[:written], answer.text[written:]


def _refuse_half(answer: Answer, plan: Plan, metadata: dict[str, Any]) -> None:
    """Raises where a cut answer would go to a parser of LangChain's, which reads no ``finish_reason``."""
    if plan.instructed:
        check_ending(answer.text, metadata, partial=lambda: complete_part(_parted(answer)[0]))


def _truncated(answer: Answer, cut: Cut, plan: Plan) -> dict[str, Any]:
    """What a cut answer's reader must know: which fields the model did not write, and how to go on."""
    truncated: dict[str, Any] = {"written": cut.written, "tokens": list(cut.tokens), "budget": cut.budget}
    if cut.trace is not None:
        truncated["trace"] = cut.trace.as_json()
    if cut.capped:
        truncated["capped"] = cut.capped
    elif plan.schema is not None:
        truncated |= {"invented": [], "open": []}
        keys = Keys(plan.schema, plan.family.boxes)
        for part in parts(answer.text):
            if not is_written(part, cut.written):
                begun = part.kind in ("object", "list") and part.start < cut.written
                truncated["open" if begun else "invented"].append(pointer(keys.own_path(part.path)))
    return truncated


def _tool_call(call: WrittenCall) -> ToolCall:
    return tool_call(name=str(call.name), args=dict(call.arguments or {}), id=call.id)


def _invalid(call: WrittenCall) -> InvalidToolCall:
    return invalid_tool_call(name=None, args=call.raw, id=call.id, error=call.error)


def _usage(answer: Answer) -> UsageMetadata:
    details: Any = {"image": answer.image_tokens}  # LangChain allows keys beyond its own
    return UsageMetadata(
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        total_tokens=answer.input_tokens + answer.output_tokens,
        input_token_details=details,
    )


def _metadata(answer: Answer, plan: Plan, pixels: _Pixels, *, called: bool) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "model_name": plan.model,
        "model_provider": PROVIDER,
        "finish_reason": "tool_calls" if called and answer.finish_reason == "stop" else answer.finish_reason,
        "boxes": _boxes(answer, plan, pixels),
    }
    if answer.effort is not None:
        metadata["decoding"] = dataclasses.asdict(answer.effort)
    if answer.cut is not None:
        metadata["truncated"] = _truncated(answer, answer.cut, plan)
    if answer.trace is not None:
        metadata["confidence"] = _confidence(answer, answer.trace, plan, pixels)
    if answer.stopped_by is not None:
        metadata["stop_sequence"] = answer.stopped_by
    if answer.finish_reason == "length":
        metadata["stop_reason"] = "max_tokens"  # the one key that LangChain's tool parsers look at
    return metadata


def _confidence(answer: Answer, trace: Trace, plan: Plan, pixels: _Pixels) -> dict[str, Any]:
    """How sure the model was of each part of the document, or of the arguments of each call (``Confidence.as_json``)."""
    text = answer.text
    written, _ = _parted(answer)
    bodies = list(call_bodies(written, plan.dialect)) if plan.tools else []
    if not bodies:
        found = confidence_of(text, trace, schema=_as_written(plan.schema, plan))
        return pixels.confidence(found, text, plan.schema).as_json()
    calls = []
    for start, end in bodies:
        call = read_call(text[start:end], plan.dialect, frozenset(plan.tools))
        if call.name is not None:
            schema = plan.tools[call.name]
            found = confidence_of(text, trace, schema=_as_written(schema, plan), start=start, field="arguments")
            calls.append(pixels.confidence(found, json.dumps(call.arguments), schema).as_json())
    return {"calls": calls}


def _as_written(schema: dict[str, Any] | None, plan: Plan) -> Any:
    """A schema, markers included, with the keys that the model writes."""
    return None if schema is None else Keys(schema, plan.family.boxes).schema(schema)


def _boxes(answer: Answer, plan: Plan, pixels: _Pixels) -> dict[str, Any]:
    """What the numbers of boxes in this message mean; pixels of the originals where they were turned already."""
    convention, frames = plan.family.boxes, answer.frames
    if pixels.active:
        convention, frames = PIXEL, tuple(Frame(frame.original, frame.original) for frame in frames)
    boxes = _boxes_told(plan, convention, frames)
    if pixels.notes:
        boxes["notes"] = [dataclasses.asdict(note) | {"numbers": list(note.numbers)} for note in pixels.notes]
    return boxes


def _boxes_told(plan: Plan, convention: BoxConvention | None, frames: Iterable[Frame]) -> dict[str, Any]:
    return {
        "family": plan.family.name,
        "convention": None if convention is None else convention.as_json(),
        "frames": [frame.as_json() for frame in frames],
    }
