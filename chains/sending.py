"""Pictures of a prompt brought to a size at which a model on the other side of a wire sees them pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from langchain_core.messages import BaseMessage
from PIL import Image

from extraction.errors import BoxConventionError
from extraction.families import ResizeRule
from extraction.frames import Frame
from extraction.images import DEFAULT_LIMITS, Picture, decode_data_uri, load_image
from extraction.resizing import fixed_size

_PICTURES: Final = ("image", "image_url", "input_image")
_FILES: Final = ("file", "media")
_PLACES: Final = (
    ("image_url", "url"),  # OpenAI chat
    ("image_url",),  # OpenAI responses
    ("url",),
    ("base64",),  # LangChain v1
    ("data",),  # LangChain v0, Gemini's media
    ("source", "data"),  # Anthropic
    ("source", "url"),
)
"""The keys that lead to the picture in a block, by dialect."""

_PADDING: Final = (122, 116, 104)
"""The mean colour of CLIP's pictures, with which LLaVA was trained to see squares padded (``image_mean`` times 255)."""


@dataclass(frozen=True, slots=True)
class Sending:
    """At which size pictures are sent.

    Attributes:
        to: A rule: at the nearest size that the rule leaves as it is. A (width, height) in pixels: at this size, all of
            them. "square": padded to a square in the middle of which they stand; padding and cropping leave it as it is.
    """

    to: ResizeRule | tuple[int, int] | Literal["square"]

    def frame(self, original: tuple[int, int]) -> Frame:
        """How a picture of a size, (width, height), is sent.

        Raises:
            BoxConventionError: The rule fits no picture.
        """
        if isinstance(self.to, ResizeRule):
            return Frame(original, fixed_size(original, self.to))
        if isinstance(self.to, tuple):
            return Frame(original, self.to)
        (width, height), side = original, max(original)
        if width == height:
            return Frame(original, original)
        left, top = (side - width) // 2, (side - height) // 2
        return Frame(original, (side, side), (left, top, left + width, top + height))

    def messages(self, messages: Sequence[BaseMessage]) -> tuple[list[BaseMessage], list[Frame]]:
        """The same messages with their pictures as they are to be sent, and the frame of each picture.

        A picture that already has its size keeps its very bytes, unless they are to be turned upright.

        Raises:
            BoxConventionError: A picture is given by its address, or in a form that is not understood here.
            ImageError: A picture cannot be read.
        """
        frames: list[Frame] = []
        sent = []
        for message in messages:
            before = len(frames)
            if not isinstance(message.content, str):
                content = [self._block(block, frames) for block in message.content]
                if len(frames) - before != sum(1 for _ in pictures(message)):
                    raise _unread("is written in a form that is not understood")
                message = message.model_copy(update={"content": content})
            sent.append(message)
        return sent, frames

    def _block(self, block: Any, frames: list[Frame]) -> Any:
        """A block of a message as it is sent; the frame of its picture, where it is one, is added to ``frames``."""
        if not isinstance(block, Mapping):
            return block
        if block.get("type") == "non_standard":
            return {**block, "value": self._block(block.get("value"), frames)}
        if not _is_picture(block):
            return block
        place, encoded = _encoded(block)
        is_uri = encoded[:5].lower() == "data:"
        data = decode_data_uri(encoded if is_uri else f"data:;base64,{encoded}", max_bytes=DEFAULT_LIMITS.max_bytes)
        picture = load_image(data)
        frame = self.frame(picture.size)
        frames.append(frame)
        if frame.model == picture.size and picture.original_orientation == 1:
            return block
        kind: Literal["jpeg", "png"] = "jpeg" if data.startswith(b"\xff\xd8\xff") else "png"
        uri = Picture(_drawn(picture, frame), picture.source).to_data_uri(kind)
        return _with(block, place, uri if is_uri else uri.partition(",")[2], f"image/{kind}")


def pictures(message: BaseMessage) -> Iterator[Mapping[str, Any]]:
    """The blocks of a message that are pictures, in LangChain's own form where it knows the dialect."""
    for block in message.content_blocks:
        content = cast("Mapping[str, Any]", block["value"] if block["type"] == "non_standard" else block)
        if _is_picture(content):
            yield content


def _is_picture(block: Mapping[str, Any]) -> bool:
    kind, mime_type = block.get("type"), str(block.get("mime_type"))
    return kind in _PICTURES or (kind in _FILES and mime_type.startswith("image/"))


def _encoded(block: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Where in a block its picture stands, and the picture: a data URI or bare base64."""
    for place in _PLACES:
        value: Any = block
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            if place[-1] in ("base64", "data") or value[:5].lower() == "data:":
                return place, value
            raise _unread("is given by its address")
    raise _unread(f"is no data, but a block with the keys {sorted(block)}")


def _unread(problem: str) -> BoxConventionError:
    return BoxConventionError(
        f"a picture of the prompt {problem}: it cannot be brought to a size that is known on the other side, "
        "and this model counts in pixels of what it is given",
        hint="put the picture itself into the prompt: load_image(...).to_data_uri() as image_url",
    )


def _drawn(picture: Picture, frame: Frame) -> Image.Image:
    """The picture on its canvas."""
    assert frame.model is not None
    if frame.content is None:
        return picture.image.resize(frame.model, Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", frame.model, _PADDING)
    canvas.paste(picture.image, (int(frame.content[0]), int(frame.content[1])))
    return canvas


def _with(block: Mapping[str, Any], place: tuple[str, ...], value: str, mime_type: str) -> dict[str, Any]:
    """A block with another picture."""
    key, *rest = place
    if rest:
        return {**block, key: _with(block[key], tuple(rest), value, mime_type)}
    types = {name: mime_type for name in ("mime_type", "media_type") if name in block}
    return {**block, key: value, **types}
