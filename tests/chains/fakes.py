"""Chat models that answer what they are told to, and pictures to ask them about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from PIL import Image
from pydantic import Field, PrivateAttr

from extraction.families import Family

PICTURE = Image.new("RGB", (640, 480), "white")
OBJECT = {"label": "cup", "color": "red", "box": [250, 500, 750, 1000]}
ANSWER = json.dumps({"objects": [OBJECT]})
PIXELS = (160.0, 240.0, 480.0, 480.0)
"""What the box of ``OBJECT`` is in ``PICTURE`` when it counts to 1000."""


class RemoteModel(BaseChatModel):
    """Answers in order with what it was given: texts, messages, or exceptions, the last one for ever.

    Attributes:
        answers: What it answers.
        seen: The messages of every call.
        options: The keyword arguments of every call.
    """

    answers: Sequence[Any] = (ANSWER,)
    seen: list[list[BaseMessage]] = Field(default_factory=list)
    options: list[dict[str, Any]] = Field(default_factory=list)
    _count: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _next(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        self.seen.append(messages)
        self.options.append(options)
        answer = self.answers[min(self._count, len(self.answers) - 1)]
        self._count += 1
        if isinstance(answer, Exception):
            raise answer
        return AIMessage(answer) if isinstance(answer, str) else answer

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._next(messages, kwargs)
        text = answer.text
        for start in range(0, len(text), 7):
            yield ChatGenerationChunk(message=AIMessageChunk(content=text[start : start + 7]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=answer.response_metadata))


class LocalModel(RemoteModel):
    """One that says of itself how it writes boxes, as those of this library do."""

    family: Family


def picture_url(message: BaseMessage) -> str:
    """The data URI of the one picture of a message."""
    (block,) = [block for block in message.content if isinstance(block, dict) and block["type"] == "image_url"]
    url: str = block["image_url"]["url"]
    return url


def text_of(message: BaseMessage) -> str:
    """The text of a message."""
    return str(message.text)
