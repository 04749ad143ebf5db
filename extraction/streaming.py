"""Typed streaming: the chunks of a message in, values out, each final the moment it appears."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final

from langchain_core.callbacks import (
    AsyncCallbackManagerForChainRun,
    CallbackManagerForChainRun,
    adispatch_custom_event,
    dispatch_custom_event,
)
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, BaseMessageChunk
from langchain_core.runnables import RunnableConfig

from extraction.endings import PROVIDER, ended_early
from extraction.growing import Closed
from extraction.json_text import load_strictly
from extraction.openings import AnswerReader
from extraction.positions import Position

_ARGUMENTS = re.compile(r'"arguments"\s*:\s*')

VALUE_EVENT: Final = "extraction_value"
"""Name of the custom event (``astream_events``) for each value that closes: ``{"pointer": ..., "value": ...}``."""


def text_of(message: BaseMessage) -> str:
    """The text of a message; of one with tool calls their arguments, as they were written."""
    calls: list[str] = []
    if isinstance(message, AIMessageChunk):  # its tool_calls are mended where they were cut
        calls = [call["args"] or "{}" for call in message.tool_call_chunks]
    elif isinstance(message, AIMessage):
        calls = [json.dumps(call["args"], ensure_ascii=False) for call in message.tool_calls]
        calls += [call["args"] or "" for call in message.invalid_tool_calls]
    return "\n".join(calls) if calls else str(message.text)


def written_part(message: BaseMessage) -> str | None:
    """What of the arguments of a call that was cut stands in a message; None where no call was cut, "" where several were made.

    A local model's call that was cut is kept as it was written, with the name of the tool around the arguments.
    """
    if isinstance(message, AIMessageChunk):
        calls = [(call["name"], call["args"] or "") for call in message.tool_call_chunks]
    elif isinstance(message, AIMessage):
        calls = [("", json.dumps(call["args"])) for call in message.tool_calls]
        calls += [(None, call["args"] or "") for call in message.invalid_tool_calls]
    else:
        return None
    if message.response_metadata.get("model_provider") != PROVIDER or all(name is not None for name, _ in calls):
        return None
    begin = _ARGUMENTS.search(calls[0][1]) if len(calls) == 1 else None
    return "" if begin is None else calls[0][1][begin.end() :]


class AnswerStream:
    """One answer on its way: takes chunks, gives values, and puts the whole answer together in the end."""

    def __init__(
        self,
        root: Position,
        in_pixels: Callable[[Any, Any, Mapping[str, Any]], Any],
        own_key: Callable[[str, Mapping[str, Any]], str],
    ) -> None:
        """Starts before the first chunk.

        Args:
            root: The place of the whole value.
            in_pixels: Puts the boxes of a JSON value into pixels, by its JSON schema and the message's metadata.
            own_key: The schema's own name of a key that it does not know, by the message's metadata.
        """
        self._root = root
        self._in_pixels = in_pixels
        self._own_key = own_key
        self._ended = False
        self._chunks: list[str | BaseMessage] = []
        self._metadata: dict[str, Any] = {}
        self._call: int | str | None = None  # the tool call that is being written
        self._called = False
        self.reader = self._new_reader()

    def _new_reader(self) -> AnswerReader:
        return AnswerReader(
            self._root,
            lambda data, form: self._in_pixels(data, form, self._metadata),
            lambda key: self._own_key(key, self._metadata),
        )

    def push(self, chunk: str | BaseMessage) -> Iterator[Closed]:
        """The values that a chunk completes."""
        self._chunks.append(chunk)
        if isinstance(chunk, str):
            yield from self.reader.read(chunk)
            return
        self._ended |= ended_early(chunk.response_metadata)
        if self._ended:
            return  # what closes an answer that was cut need not be what the model meant
        if boxes := chunk.response_metadata.get("boxes"):
            self._metadata = {"boxes": self._metadata.get("boxes", {}) | boxes}
            yield from self.reader.growth.go_on()
        for piece in self._pieces(chunk):
            yield from self.reader.read(piece)

    def _pieces(self, chunk: BaseMessage) -> Iterator[str]:
        """The text that a message adds; that of tool calls, where there are any, alone counts."""
        calls = chunk.tool_call_chunks if isinstance(chunk, AIMessageChunk) else []
        if isinstance(chunk, AIMessage) and not isinstance(chunk, AIMessageChunk):
            self._called = bool(chunk.tool_calls or chunk.invalid_tool_calls)
            yield text_of(chunk)
        elif not calls and not self._called:
            yield str(chunk.text)
        for call in calls:
            if not self._called:
                self._called, self._call = True, call["index"]
                if not self.reader.growth.given:
                    self.reader = self._new_reader()
            elif call["index"] != self._call:
                self._call = call["index"]
                yield "\n"
            yield call["args"] or ""

    def answer(self) -> str | BaseMessage:
        """All chunks as one."""
        first, *others = self._chunks
        if isinstance(first, str):
            return "".join(map(str, self._chunks))
        if isinstance(first, BaseMessageChunk) and others:
            whole: BaseMessage = first + others  # all at once: one by one, each sum would copy what came before
            return whole
        return self._chunks[-1]

    @property
    def is_empty(self) -> bool:
        """Whether no chunk came."""
        return not self._chunks

    def contradicts(self, document: str) -> bool:
        """Whether values were given that come from another document than the one that counts in the end."""
        growth = self.reader.growth
        if not growth.given:
            return False
        try:
            return bool(load_strictly("".join(growth.tokens)) != load_strictly(document))
        except ValueError:
            return True


class GrowingOutput:
    """What Runnables share whose streams give the values of an ``AnswerStream``.

    LangChain reads the rest of a stream for its trace when nobody wants it any more; here it is closed instead, so that
    the model stops.
    """

    def _new_stream(self) -> AnswerStream:
        raise NotImplementedError

    def _element(self, closed: Closed) -> Any:
        """What a stream gives when a value has closed."""
        raise NotImplementedError

    def _last_element(self, stream: AnswerStream) -> Any:
        """What a stream gives in the end."""
        raise NotImplementedError

    def _transform(
        self,
        input: Iterator[str | BaseMessage],
        run_manager: CallbackManagerForChainRun | None = None,
        config: RunnableConfig | None = None,
    ) -> Iterator[Any]:
        stream = self._new_stream()
        for chunk in input:
            for closed in stream.push(chunk):
                if run_manager is not None and run_manager.handlers:
                    dispatch_custom_event(VALUE_EVENT, _told(closed), config=config)
                yield self._element(closed)
        if not stream.is_empty:
            yield self._last_element(stream)

    async def _atransform(
        self,
        input: AsyncIterator[str | BaseMessage],
        run_manager: AsyncCallbackManagerForChainRun | None = None,
        config: RunnableConfig | None = None,
    ) -> AsyncIterator[Any]:
        stream = self._new_stream()
        async for chunk in input:
            for closed in stream.push(chunk):
                if run_manager is not None and run_manager.handlers:
                    await adispatch_custom_event(VALUE_EVENT, _told(closed), config=config)
                yield self._element(closed)
        if not stream.is_empty:
            yield self._last_element(stream)

    def transform(
        self: Any, input: Iterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        """The values of a stream of chunks: what is complete so far, each time that more is; last the whole value.

        Raises:
            OutputError: At the end, as ``invoke`` does.
        """
        source = _Source(input)
        values = self._transform_stream_with_config(source, self._transform, config, run_type="parser")
        try:
            for value in values:  # noqa: UP028 - the source must be closed before what reads it
                yield value
        finally:
            source.close()
            values.close()

    async def atransform(
        self: Any, input: AsyncIterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """The same, asynchronously."""
        source = _AsyncSource(input)
        values = self._atransform_stream_with_config(source, self._atransform, config, run_type="parser")
        try:
            async for value in values:
                yield value
        finally:
            await source.aclose()
            await values.aclose()


def _told(closed: Closed) -> dict[str, Any]:
    return {"pointer": closed.pointer, "value": closed.value}


class _Source(Iterator[Any]):
    """A stream that can be closed by the one who reads from it at second hand."""

    def __init__(self, chunks: Iterator[Any]) -> None:
        self._chunks = chunks
        self._closed = False

    def __next__(self) -> Any:
        if self._closed:
            raise StopIteration
        return next(self._chunks)

    def close(self) -> None:
        self._closed = True
        if hasattr(self._chunks, "close"):
            self._chunks.close()


class _AsyncSource(AsyncIterator[Any]):
    """The same, asynchronous."""

    def __init__(self, chunks: AsyncIterator[Any]) -> None:
        self._chunks = chunks
        self._closed = False

    async def __anext__(self) -> Any:
        if self._closed:
            raise StopAsyncIteration
        return await anext(self._chunks)

    async def aclose(self) -> None:
        self._closed = True
        if hasattr(self._chunks, "aclose"):
            await self._chunks.aclose()
