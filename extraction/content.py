"""LangChain messages, in every dialect of content blocks, as turns of text and pictures.

A block that cannot be given to a model raises; nothing is turned into text by ``str()``. What a chat template makes of
the turns is decided in ``layout.py``.
"""

from __future__ import annotations

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

from extraction.blocks import holds_pdf, read_pages, read_picture
from extraction.errors import MessageError
from extraction.images import Picture

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
            responses, Anthropic, Gemini's ``media``, and Hugging Face's ``{"type": "image", "image": PIL}``. A file
            (a PDF, a TIFF) becomes the pictures of its pages.
        allow_urls: Whether ``http(s)`` pictures and files may be fetched.

    Raises:
        MessageError: There are no messages, or one holds what no model can be given.
        ImageError: A picture or a file cannot be read.
        MissingExtraError: There is a PDF, and pypdfium2 is not installed.
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
    elif kind in _FILES or (kind in _PICTURES and holds_pdf(block)):
        yield from _read_file(block, role, allow_urls)
    elif kind in _PICTURES:
        yield read_picture(block, allow_urls)
    elif kind == "tool_result":
        yield from _read_content(block.get("content") or "", role, allow_urls)
    elif not (role == "assistant" and kind in _ASSISTANT_EXTRAS):
        raise MessageError(
            f"a {role} message holds a block of type {kind!r} with the keys {sorted(block)}",
            hint="text, pictures and PDFs can be given to the model",
        )


def _read_file(block: Mapping[str, Any], role: Role, allow_urls: bool) -> Iterator[Part]:
    source = block.get("source")
    if isinstance(source, Mapping) and source.get("type") in ("text", "content"):  # Anthropic's documents of text
        yield from _read_content(source.get("data") or source.get("content") or "", role, allow_urls)
    else:
        yield from read_pages(block, allow_urls)
