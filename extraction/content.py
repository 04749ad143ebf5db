"""LangChain messages, in every dialect of content blocks, as turns of text and pictures.

A block that cannot be given to a model raises; nothing is turned into text by ``str()``. What a chat template makes of
the turns is decided in ``layout.py``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from extraction.errors import MessageError
from extraction.images import Picture, load_image

Role = Literal["system", "user", "assistant", "tool"]
Part = str | Picture
"""A piece of a turn: text or a picture, in the order of the message."""

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "tool": "tool",
    "function": "tool",
}
_TEXT = ("text", "input_text", "output_text", "text-plain")
# What models write besides text. Tool calls are read from the message's ``tool_calls``; the rest is not repeated to a
# model, as the chat templates of reasoning models drop it too.
_ASSISTANT_EXTRAS = (
    "tool_use",
    "tool_call",
    "tool_call_chunk",
    "invalid_tool_call",
    "function_call",
    "server_tool_call",
    "server_tool_result",
    "thinking",
    "redacted_thinking",
    "reasoning",
    "reasoning_content",
)
_PICTURES = ("image", "image_url", "input_image", "media")
_FILES = ("file", "document", "input_file")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool that the assistant made earlier in the conversation."""

    name: str
    arguments: Mapping[str, Any]
    id: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        role: Who speaks.
        parts: Texts and pictures in order; may be empty for an assistant that only calls tools.
        tool_calls: What the assistant called.
        tool_name: Whose result a ``tool`` turn is, where the message says it.
        tool_call_id: Which call it answers.
    """

    role: Role
    parts: tuple[Part, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The turn's text without its pictures."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The turn's pictures in order."""
        return tuple(part for part in self.parts if isinstance(part, Picture))


def read_messages(messages: Sequence[BaseMessage], *, allow_urls: bool = False) -> list[Turn]:
    """Turns of a conversation, one per message, pictures decoded, upright and RGB.

    Args:
        messages: Messages with string content, or with blocks of any dialect: LangChain v0 and v1, OpenAI chat and
            responses, Anthropic, Gemini's ``media``, and Hugging Face's ``{"type": "image", "image": PIL}``.
        allow_urls: Whether ``http(s)`` pictures may be fetched.

    Raises:
        MessageError: There are no messages, or one holds what no model can be given.
        ImageError: A picture cannot be read.
    """
    if not messages:
        raise MessageError("there are no messages to answer")
    return [_read_message(message, allow_urls) for message in messages]


def _read_message(message: BaseMessage, allow_urls: bool) -> Turn:
    role = _role_of(message)
    parts = _joined(_read_content(message.content, role, allow_urls))
    if role == "assistant":
        calls = message.tool_calls if isinstance(message, AIMessage) else []
        if any(isinstance(part, Picture) for part in parts):
            raise MessageError("an assistant message holds a picture", hint="give pictures in human messages")
        return Turn(role, parts, tuple(ToolCall(call["name"], call["args"], call["id"]) for call in calls))
    if role == "tool":
        call_id = message.tool_call_id if isinstance(message, ToolMessage) else None
        return Turn(role, parts, tool_name=message.name, tool_call_id=call_id)
    return Turn(role, parts)


def _role_of(message: BaseMessage) -> Role:
    if isinstance(message, HumanMessage):
        return "user"
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, SystemMessage):
        return "system"
    if isinstance(message, (ToolMessage, FunctionMessage)):
        return "tool"
    if isinstance(message, ChatMessage) and message.role in _ROLES:
        return _ROLES[message.role]
    named = f" with role {message.role!r}" if isinstance(message, ChatMessage) else ""
    raise MessageError(f"a {type(message).__name__}{named} cannot be given to a chat model")


def _joined(parts: Iterator[Part]) -> tuple[Part, ...]:
    """Neighbouring texts as one text, empty ones dropped."""
    result: list[Part] = []
    for part in parts:
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        elif part != "":
            result.append(part)
    return tuple(result)


def _read_content(content: Any, role: Role, allow_urls: bool) -> Iterator[Part]:
    if isinstance(content, str):
        yield content
        return
    for block in content:
        yield from [block] if isinstance(block, str) else _read_block(block, role, allow_urls)


def _read_block(block: Mapping[str, Any], role: Role, allow_urls: bool) -> Iterator[Part]:
    kind = block.get("type")
    if kind == "non_standard":
        yield from _read_block(block["value"], role, allow_urls)
    elif kind in _TEXT and isinstance(block.get("text"), str):
        yield block["text"]
    elif kind == "refusal" and isinstance(block.get("refusal"), str):
        yield block["refusal"]
    elif kind in _PICTURES:
        yield _read_picture(block, allow_urls)
    elif kind == "tool_result":
        yield from _read_content(block.get("content") or "", role, allow_urls)
    elif kind in _FILES:
        raise MessageError(
            f"a {role} message holds a file ({_mime_type(block) or 'of unknown type'})",
            hint="turn the pages of a document into pictures first",
        )
    elif not (role == "assistant" and kind in _ASSISTANT_EXTRAS):
        raise MessageError(
            f"a {role} message holds a block of type {kind!r} with the keys {sorted(block)}",
            hint="text and image blocks can be given to the model",
        )


def _read_picture(block: Mapping[str, Any], allow_urls: bool) -> Picture:
    """The picture of an image block of any dialect."""
    mime_type = _mime_type(block)
    if mime_type is not None and not mime_type.startswith("image/") and block["type"] == "media":
        raise MessageError(f"a media block holds {mime_type}", hint="only pictures can be given to the model")
    source = block.get("source")
    if isinstance(source, Mapping):  # Anthropic
        return _read_picture({"type": "image", **source, "base64": source.get("data")}, allow_urls)
    url = block.get("url") or block.get("image_url")
    if isinstance(url, Mapping):  # OpenAI chat
        url = url.get("url")
    encoded = block.get("base64") or block.get("data")
    if encoded is not None and not isinstance(encoded, str):
        return load_image(encoded)
    if encoded and encoded.startswith("data:"):
        url, encoded = encoded, None
    if encoded:
        return load_image(_decode(encoded))
    if isinstance(url, str) and url:
        return _read_url(url, allow_urls)
    if block.get("image") is not None and not isinstance(block["image"], (str, Mapping)):  # Hugging Face
        return load_image(block["image"])
    if block.get("file_id"):
        raise MessageError("a picture is named by a file id", hint="a local model needs the picture itself, as base64")
    if block.get("path") or isinstance(block.get("image"), str):
        raise _refused_path(block.get("path") or block["image"])
    raise MessageError(f"an image block holds no picture, only the keys {sorted(block)}")


def _read_url(url: str, allow_urls: bool) -> Picture:
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    if scheme == "data":
        return load_image(url)
    if scheme not in ("http", "https"):
        raise _refused_path(url)
    if not allow_urls:
        raise MessageError(
            f"the picture {_shortened(url)} would have to be fetched from the network",
            hint="give it as base64, or allow it with allow_urls=True",
        )
    return load_image(url, allow_urls=True)


def _refused_path(path: Any) -> MessageError:
    return MessageError(
        f"a message names the file {_shortened(str(path))}",
        hint="messages may come from anyone, so they cannot open files; load it with load_image(...).to_data_uri()",
    )


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageError(f"an image block holds broken base64: {error}") from error


def _mime_type(block: Mapping[str, Any]) -> str | None:
    named = block.get("mime_type") or block.get("media_type")
    return named if isinstance(named, str) else None


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
