"""Chat models that answer what they are told to, and pictures to ask them about."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
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


class SeeingModel(RemoteModel):
    """A server that finds the red patch in the last picture that it is sent, and counts in pixels of what it sees.

    Attributes:
        model_name: What it says it runs.
        resize: How its processor resizes: (height, width) to (height, width).
        sizes: The size, (width, height), of every picture that it was sent, call by call.
        counts_to: What the full side counts as; pixels where it is None.
        key: Under which it writes a box.
    """

    model_name: str = "qwen2.5vl:7b"
    resize: Any = None
    sizes: list[list[tuple[int, int]]] = Field(default_factory=list)
    counts_to: int | None = None
    key: str = "bbox_2d"

    def _next(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        seen = [sent_picture(block) for message in messages for block in message.content if isinstance(block, dict)]
        pictures = [picture for picture in seen if picture is not None]
        self.sizes.append([picture.size for picture in pictures])
        super()._next(messages, options)
        box = red_box(self._resized(pictures[-1]), self.counts_to)
        return AIMessage(json.dumps({"objects": [{"label": "patch", "color": "red", self.key: box}]}))

    def _resized(self, picture: Image.Image) -> Image.Image:
        if self.resize is None:
            return picture
        height, width = self.resize(picture.height, picture.width)
        return picture.resize((width, height), Image.Resampling.BICUBIC)


def sent_picture(block: dict[str, Any]) -> Image.Image | None:
    """The picture of a block of any dialect, as a server decodes it: without a look at EXIF."""
    source = block.get("source", block)
    url = block.get("image_url")
    url = url["url"] if isinstance(url, dict) else url
    encoded = url.partition(",")[2] if url else source.get("base64") or source.get("data")
    return Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB") if encoded else None


def red_box(picture: Image.Image, counts_to: int | None = None) -> list[int]:
    """Where the red patch of a white picture lies: xyxy in whole pixels, or in parts of ``counts_to``."""
    channels = np.asarray(picture).astype(int)
    red = channels[:, :, 0] - channels[:, :, 1] > 127
    counts = [red.sum(axis=axis) for axis in (0, 1)]
    # Half of the most: resampling overshoots in the corners, and a patch would seem larger than it is.
    columns, rows = (np.flatnonzero(count > count.max() / 2).tolist() for count in counts)
    sides = picture.size * 2
    box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    return box if counts_to is None else [round(one * counts_to / side) for one, side in zip(box, sides, strict=True)]


def patched(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """A white picture with a red patch."""
    picture = Image.new("RGB", size, "white")
    picture.paste((255, 0, 0), box)
    return picture
