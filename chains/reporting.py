"""How large the pictures of a prompt were, told by the answers of models that do not tell it themselves."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict

from extraction.chains.sending import Sending, pictures
from extraction.errors import ExtractionError, ImageError
from extraction.families import Family
from extraction.images import load_image


def prompt_messages(input: LanguageModelInput) -> list[BaseMessage]:
    """The messages of whatever a chat model takes: messages in all their forms, a prompt, a text."""
    if isinstance(input, PromptValue):
        return input.to_messages()
    return [HumanMessage(input)] if isinstance(input, str) else convert_to_messages(input)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a model is asked, and the frame of each of its pictures as a message tells it."""

    input: LanguageModelInput
    frames: list[dict[str, Any]]


class FrameReporter(RunnableSerializable[LanguageModelInput, AIMessage]):
    """A chat model whose answers say how large the pictures of their prompt were, in ``response_metadata["boxes"]``.

    Local models say so themselves. For others the sizes are read from the prompt's own pictures, upright, so that the
    parser behind them can tell pixels. Of a picture that is given by its address, and of whatever size the other side
    scales a picture to, nothing is known, unless pictures are sent at a size that it leaves as it is.

    Attributes:
        model: The chat model.
        family: Its family, as far as it is known.
        sending: At which size pictures are sent; as they are where it is None.

    Raises:
        BoxConventionError: When it runs: a picture cannot be brought to the size at which it is to be sent.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any
    family: Family | None = None
    sending: Sending | None = None

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """The model's answer, with the frames."""
        asked = self._asked(input)
        answer: AIMessage = self._reported(self.model.invoke(asked.input, config, **kwargs), asked)
        return answer

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """The same, awaited."""
        asked = await asyncio.to_thread(self._asked, input)
        answer: AIMessage = self._reported(await self.model.ainvoke(asked.input, config, **kwargs), asked)
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
        asked = self._all_asked(inputs, return_exceptions)
        good = [one.input for one in asked if isinstance(one, _Asked)]
        answers = self.model.batch(good, _of_good(config, asked), return_exceptions=return_exceptions, **kwargs)
        return self._all_reported(answers, asked)

    async def abatch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """The same, awaited."""
        asked = await asyncio.to_thread(self._all_asked, inputs, return_exceptions)
        good = [one.input for one in asked if isinstance(one, _Asked)]
        answers = await self.model.abatch(good, _of_good(config, asked), return_exceptions=return_exceptions, **kwargs)
        return self._all_reported(answers, asked)

    def stream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[AIMessage]:
        """The model's chunks, the first of them with the frames."""
        asked, told = self._asked(input), False
        for chunk in self.model.stream(asked.input, config, **kwargs):
            yield chunk if told else self._reported(chunk, asked)
            told = True

    async def astream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessage]:
        """The same, awaited."""
        asked, told = await asyncio.to_thread(self._asked, input), False
        async for chunk in self.model.astream(asked.input, config, **kwargs):
            yield chunk if told else self._reported(chunk, asked)
            told = True

    def _asked(self, input: LanguageModelInput) -> _Asked:
        messages = prompt_messages(input)
        if self.sending is None:
            sizes = [_size(picture) for message in messages for picture in pictures(message)]
            return _Asked(input, [{"original": size, "model": None} for size in sizes])
        sent, frames = self.sending.messages(messages)
        return _Asked(sent, [frame.as_json() for frame in frames])

    def _all_asked(
        self, inputs: Sequence[LanguageModelInput], return_exceptions: bool
    ) -> list[_Asked | ExtractionError]:
        """The same for each input; its error, where errors are to be given back."""
        asked: list[_Asked | ExtractionError] = []
        for input in inputs:
            try:
                asked.append(self._asked(input))
            except ExtractionError as error:
                if not return_exceptions:
                    raise
                asked.append(error)
        return asked

    def _all_reported(self, answers: Sequence[Any], asked: Sequence[_Asked | ExtractionError]) -> list[Any]:
        waiting = iter(answers)
        return [self._reported(next(waiting), one) if isinstance(one, _Asked) else one for one in asked]

    def _reported(self, answer: Any, asked: _Asked) -> Any:
        if not isinstance(answer, AIMessage):
            return answer
        boxes = answer.response_metadata.get("boxes")
        if boxes is None:
            convention = self.family.boxes if self.family else None
            boxes = {
                "family": self.family.name if self.family else None,
                "convention": dataclasses.asdict(convention) if convention else None,
                "frames": asked.frames,
            }
        elif self.sending is None:
            return answer
        else:  # the model knows what it was sent, and not what that was made from
            boxes = {**boxes, "frames": _from_originals(asked.frames, boxes.get("frames") or [])}
        return answer.model_copy(update={"response_metadata": answer.response_metadata | {"boxes": boxes}})


def _of_good(config: Any, asked: Sequence[_Asked | ExtractionError]) -> Any:
    """The configuration of a batch without what belongs to inputs that cannot be asked."""
    if not isinstance(config, Sequence):
        return config
    return [one for one, what in zip(config, asked, strict=True) if isinstance(what, _Asked)]


def _from_originals(frames: Sequence[dict[str, Any]], told: Sequence[Any]) -> list[dict[str, Any]]:
    """The frames that a model tells of the pictures it was sent, as frames of the user's pictures."""
    if len(told) != len(frames):
        return list(frames)
    return [
        {**theirs, "original": ours["original"]}
        if theirs and theirs.get("model") and ours["content"] is None and list(theirs.get("original") or ()) == ours["model"]
        else ours
        for ours, theirs in zip(frames, told, strict=True)
    ]


def _size(block: Mapping[str, Any]) -> list[int] | None:
    """[width, height] of a picture, upright; None where it cannot be told."""
    url = block.get("url") or block.get("image_url")
    if not (isinstance(url, str) and url.startswith("data:")):  # nothing but the message itself is ever opened
        url = f"data:image;base64,{block.get('base64') or block.get('data') or ''}"
    try:
        return list(load_image(url).size)
    except ImageError:
        return None
