"""How large the pictures of a prompt were, told by the answers of models that do not tell it themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict

from extraction.errors import ImageError
from extraction.images import load_image

_PICTURES = ("image", "image_url", "input_image")
_FILES = ("file", "media")


def prompt_messages(input: LanguageModelInput) -> list[BaseMessage]:
    """The messages of whatever a chat model takes: messages in all their forms, a prompt, a text."""
    if isinstance(input, PromptValue):
        return input.to_messages()
    return [HumanMessage(input)] if isinstance(input, str) else convert_to_messages(input)


class FrameReporter(RunnableSerializable[LanguageModelInput, AIMessage]):
    """A chat model whose answers say how large the pictures of their prompt were, in ``response_metadata["boxes"]``.

    Local models say so themselves. For others the sizes are read from the prompt's own pictures, upright, so that the
    parser behind them can tell pixels. Of a picture that is given by its address, and of whatever size the other side
    scales a picture to, nothing is known.

    Attributes:
        model: The chat model.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """The model's answer, with the frames."""
        answer: AIMessage = _reported(self.model.invoke(input, config, **kwargs), input)
        return answer

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """The same, awaited."""
        answer: AIMessage = _reported(await self.model.ainvoke(input, config, **kwargs), input)
        return answer

    def batch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """The model's answers, each with its own frames; an exception that stands for one stays as it is."""
        answers = self.model.batch(inputs, config, return_exceptions=return_exceptions, **kwargs)
        return [_reported(answer, input) for answer, input in zip(answers, inputs, strict=True)]

    async def abatch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """The same, awaited."""
        answers = await self.model.abatch(inputs, config, return_exceptions=return_exceptions, **kwargs)
        return [_reported(answer, input) for answer, input in zip(answers, inputs, strict=True)]

    def stream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[AIMessage]:
        """The model's chunks, the first of them with the frames."""
        told = False
        for chunk in self.model.stream(input, config, **kwargs):
            yield chunk if told else _reported(chunk, input)
            told = True

    async def astream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessage]:
        """The same, awaited."""
        told = False
        async for chunk in self.model.astream(input, config, **kwargs):
            yield chunk if told else _reported(chunk, input)
            told = True


def _reported(answer: Any, input: LanguageModelInput) -> Any:
    if not isinstance(answer, AIMessage) or "boxes" in answer.response_metadata:
        return answer
    frames = [{"original": size, "model": None} for message in prompt_messages(input) for size in _sizes(message)]
    boxes = {"boxes": {"family": None, "convention": None, "frames": frames}}
    return answer.model_copy(update={"response_metadata": answer.response_metadata | boxes})


def _sizes(message: BaseMessage) -> Iterator[list[int] | None]:
    """[width, height] of each picture of a message, upright; None where it cannot be told."""
    for block in message.content_blocks:
        content: Mapping[str, Any] = block["value"] if block["type"] == "non_standard" else block
        kind, mime_type = content.get("type"), str(content.get("mime_type"))
        if kind in _PICTURES or (kind in _FILES and mime_type.startswith("image/")):
            yield _size(content)


def _size(block: Mapping[str, Any]) -> list[int] | None:
    url = block.get("url") or block.get("image_url")
    if not (isinstance(url, str) and url.startswith("data:")):  # nothing but the message itself is ever opened
        url = f"data:image;base64,{block.get('base64') or block.get('data') or ''}"
    try:
        return list(load_image(url).size)
    except ImageError:
        return None
