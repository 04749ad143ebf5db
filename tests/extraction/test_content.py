from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from PIL import Image

from extraction.content import ToolCall, Turn, read_messages
from extraction.errors import ImageError, MessageError
from extraction.images import Picture


def _png(color: tuple[int, int, int] = (255, 0, 0), size: tuple[int, int] = (6, 4)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


BASE64 = base64.b64encode(_png()).decode()
URI = f"data:image/png;base64,{BASE64}"


def _pictures(message: BaseMessage) -> tuple[Picture, ...]:
    return read_messages([message])[0].pictures


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": URI, "detail": "high"}},
        {"type": "image_url", "image_url": URI},
        {"type": "image_url", "image_url": {"url": f"data:image/png;charset=utf-8;base64,{BASE64}"}},
        {"type": "input_image", "image_url": URI, "detail": "auto"},
        {"type": "image", "base64": BASE64, "mime_type": "image/png", "id": "lc_1"},
        {"type": "image", "base64": BASE64},
        {"type": "image", "base64": BASE64, "mime_type": "image/jpeg"},
        {"type": "image", "base64": "\n".join([BASE64[:40], BASE64[40:]])},
        {"type": "image", "base64": URI},
        {"type": "image", "url": URI},
        {"type": "image", "source_type": "base64", "data": BASE64, "mime_type": "image/png"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
        {"type": "media", "mime_type": "image/png", "data": BASE64},
        {"type": "media", "mime_type": "image/png", "data": _png()},
        {"type": "image", "image": Image.new("RGB", (6, 4), (255, 0, 0))},
        {"type": "image", "image": np.full((4, 6, 3), (255, 0, 0), dtype=np.uint8)},
        {"type": "non_standard", "value": {"type": "input_image", "image_url": URI}},
    ],
    ids="-".join,
)
def test_every_dialect_gives_the_picture(block: dict[str, Any]) -> None:
    message = HumanMessage([{"type": "text", "text": "before"}, block, "after"])
    before, picture, after = read_messages([message])[0].parts
    assert (before, after) == ("before", "after")
    assert isinstance(picture, Picture)
    assert picture.size == (6, 4)
    assert picture.image.getpixel((5, 3)) == (255, 0, 0)


def test_pictures_stand_in_tool_messages_and_system_messages() -> None:
    block = {"type": "image", "base64": BASE64}
    assert len(_pictures(ToolMessage([block, {"type": "text", "text": "shot"}], tool_call_id="1"))) == 1
    assert len(_pictures(SystemMessage([block]))) == 1


def test_an_exif_rotation_is_applied() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (6, 4)).save(file, "JPEG", exif=exif)
    block = {"type": "image", "base64": base64.b64encode(file.getvalue()).decode()}
    assert _pictures(HumanMessage([block]))[0].size == (4, 6)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "photo.jpg", "ftp://host/a.png", "C:\\a.png"])
@pytest.mark.parametrize("form", ["image_url", "image", "path"])
def test_files_are_never_opened(url: str, form: str) -> None:
    blocks: dict[str, dict[str, Any]] = {
        "image_url": {"type": "image_url", "image_url": {"url": url}},
        "image": {"type": "image", "url": url},
        "path": {"type": "image", "path": url},
    }
    block = blocks[form]
    with pytest.raises(MessageError, match="names the file") as caught:
        read_messages([HumanMessage([block])])
    assert "load_image(...).to_data_uri()" in str(caught.value)


def test_addresses_are_fetched_only_when_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    block = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    with pytest.raises(MessageError, match="allow_urls=True"):
        read_messages([HumanMessage([block])])
    asked: list[Any] = []

    def load(source: Any, **options: Any) -> Picture:
        asked.append((source, options))
        return Picture(Image.new("RGB", (2, 2)))

    monkeypatch.setattr("extraction.blocks.load_image", load)
    read_messages([HumanMessage([block])], allow_urls=True)
    assert asked == [("https://example.com/a.png", {"allow_urls": True})]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"type": "audio", "base64": "x", "mime_type": "audio/wav"}, "'audio'"),
        ({"type": "input_audio", "input_audio": {"data": "x"}}, "'input_audio'"),
        ({"type": "video", "url": "x"}, "'video'"),
        ({"type": "media", "mime_type": "video/mp4", "data": "x"}, "video/mp4"),
        ({"type": "image", "file_id": "file-1"}, "file id"),
        ({"type": "image"}, "holds no picture"),
        ({"type": "image", "base64": "not base64!"}, "broken base64"),
        ({"type": "tool_use", "id": "1", "name": "f", "input": {}}, "'tool_use'"),
        ({"type": "surprise", "value": 1}, "'surprise'"),
        ({"text": "no type"}, "None"),
    ],
)
def test_what_cannot_be_given_to_a_model_raises(block: dict[str, Any], words: str) -> None:
    with pytest.raises(MessageError, match=words):
        read_messages([HumanMessage([block])])


def test_a_broken_picture_is_an_image_error() -> None:
    broken = base64.b64encode(_png()[:40]).decode()
    with pytest.raises(ImageError):
        read_messages([HumanMessage([{"type": "image", "base64": broken}])])


def test_no_messages_raise() -> None:
    with pytest.raises(MessageError, match="no messages"):
        read_messages([])


def test_roles_and_tool_turns() -> None:
    call = {"name": "add", "args": {"a": 1}, "id": "c1", "type": "tool_call"}
    turns = read_messages(
        [
            SystemMessage("s"),
            ChatMessage(content="d", role="developer"),
            HumanMessage("h"),
            ChatMessage(content="u", role="user"),
            AIMessage("", tool_calls=[call]),
            ToolMessage("2", tool_call_id="c1", name="add"),
            FunctionMessage(content="3", name="add"),
            ChatMessage(content="a", role="assistant"),
        ]
    )
    assert [turn.role for turn in turns] == [
        "system",
        "system",
        "user",
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
    ]
    assert turns[4] == Turn("assistant", (), tool_calls=(ToolCall("add", {"a": 1}, "c1"),))
    assert turns[5] == Turn("tool", ("2",), tool_name="add", tool_call_id="c1")


def test_what_a_model_wrote_besides_text_is_read_from_the_message() -> None:
    message = AIMessage(
        [
            {"type": "thinking", "thinking": "hm", "signature": "x"},
            {"type": "text", "text": "I will add. "},
            {"type": "text", "text": "Now."},
            {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}},
        ],
        tool_calls=[{"name": "add", "args": {"a": 1}, "id": "c1", "type": "tool_call"}],
    )
    turn = read_messages([message])[0]
    assert turn.parts == ("I will add. Now.",)
    assert turn.tool_calls == (ToolCall("add", {"a": 1}, "c1"),)


def test_anthropic_tool_results_are_their_text() -> None:
    block = {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "green"}]}
    assert read_messages([HumanMessage([block])])[0].text == "green"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (AIMessage([{"type": "image", "base64": BASE64}]), "assistant message holds a picture"),
        (ChatMessage(content="x", role="critic"), "'critic'"),
        (RemoveMessage(id="1"), "RemoveMessage"),
    ],
)
def test_messages_that_no_chat_model_takes_raise(message: BaseMessage, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        read_messages([message])
