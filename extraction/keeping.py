"""A model's message kept beside its value: ``include_raw``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import CallbackManagerForChainRun
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from pydantic import ConfigDict

from extraction.errors import OutputError
from extraction.growing import Closed
from extraction.parsing import GroundedOutputParser
from extraction.partials import GrowingDict
from extraction.streaming import AnswerStream, GrowingOutput


def keeping_raw(parser: GroundedOutputParser[Any]) -> Runnable[AIMessage, dict[str, Any]]:
    """A Runnable from a message to ``{"raw": message, "parsed": value or None, "parsing_error": error or None}``.

    A stream of it gives ``{"parsed": what is complete so far}`` until the last element, which has all three. LangChain
    builds the same of assignments with fallbacks, which raise the error when they are streamed.
    """
    return _RawAndParsed(parser=parser, name="raw_and_parsed")


class _RawAndParsed(GrowingOutput, RunnableSerializable[AIMessage, dict[str, Any]]):
    """What ``keeping_raw`` gives."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    parser: GroundedOutputParser[Any]

    def invoke(self, input: AIMessage, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        """The message, and its value or error."""
        return self._call_with_config(self._read, input, config)

    def _read(
        self, message: AIMessage, run_manager: CallbackManagerForChainRun, config: RunnableConfig
    ) -> dict[str, Any]:
        del run_manager  # LangChain gives the configuration only together with it
        return _kept(message, lambda: self.parser.invoke(message, config))

    def _new_stream(self) -> AnswerStream:
        return self.parser.answer_stream()

    def _element(self, closed: Closed) -> Any:
        return GrowingDict(parsed=closed.whole)

    def _last_element(self, stream: AnswerStream) -> Any:
        return _kept(stream.answer(), lambda: self.parser.end_of(stream))


def _kept(message: Any, parse: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"raw": message, "parsed": parse(), "parsing_error": None}
    except OutputError as error:
        return {"raw": message, "parsed": None, "parsing_error": error}
