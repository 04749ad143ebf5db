from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from PIL import Image

from extraction import blocks
from extraction.content import read_messages
from extraction.errors import ImageError, MessageError
from extraction.images import Picture
from tests.extraction.pages.pdf_files import Sheet, pdf, text

PDF = pdf([Sheet(text("one", 20, 100)), Sheet(text("two", 20, 100), box=(0, 0, 200, 300))])
BASE64 = base64.b64encode(PDF).decode()
URI = f"data:application/pdf;base64,{BASE64}"


def _tiff() -> str:
    file = io.BytesIO()
    frames = [Image.new("RGB", (40 + place, 30), (place, 0, 0)) for place in range(3)]
    frames[0].save(file, "TIFF", save_all=True, append_images=frames[1:])
    return base64.b64encode(file.getvalue()).decode()


def _sizes(block: dict[str, Any]) -> list[tuple[int, int]]:
    return [picture.size for picture in read_messages([HumanMessage([block])])[0].pictures]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "file", "mime_type": "application/pdf", "base64": BASE64},
        {"type": "file", "base64": BASE64},
        {"type": "file", "mime_type": "application/octet-stream", "base64": BASE64},
        {"type": "file", "source_type": "base64", "mime_type": "application/pdf", "data": BASE64},
        {"type": "file", "url": URI},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": URI}},
        {"type": "input_file", "filename": "a.pdf", "file_data": URI},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": BASE64}},
        {"type": "media", "mime_type": "application/pdf", "data": BASE64},
        {"type": "media", "mime_type": "application/pdf", "data": PDF},
        {"type": "image_url", "image_url": {"url": URI}},
        {"type": "input_image", "image_url": URI},
        {"type": "non_standard", "value": {"type": "input_file", "file_data": URI}},
    ],
    ids=lambda block: "-".join([block["type"], *block]),
)
def test_a_pdf_of_every_dialect_becomes_its_pages(block: dict[str, Any]) -> None:
    before, first, second, after = read_messages([HumanMessage(["before", block, "after"])])[0].parts
    assert (before, after) == ("before", "after")
    assert isinstance(first, Picture)
    assert isinstance(second, Picture)
    assert first.size == (834, 556)
    assert second.size == (556, 834)


def test_a_file_of_a_tiff_gives_its_frames_and_an_image_block_the_first() -> None:
    tiff = _tiff()
    assert _sizes({"type": "file", "mime_type": "image/tiff", "base64": tiff}) == [(40, 30), (41, 30), (42, 30)]
    assert _sizes({"type": "image", "mime_type": "image/tiff", "base64": tiff}) == [(40, 30)]


def test_tools_return_files_too() -> None:
    message = ToolMessage([{"type": "file", "base64": BASE64}], tool_call_id="1")
    assert len(read_messages([message])[0].pictures) == 2


def test_anthropic_documents_of_text_are_their_text() -> None:
    plain = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "grass is green"}}
    told = {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "sky"}]}}
    assert read_messages([HumanMessage([plain, told])])[0].parts == ("grass is greensky",)


def test_a_file_of_many_pages_says_what_to_do() -> None:
    many = base64.b64encode(pdf([Sheet()] * (blocks.MOST_PAGES + 1))).decode()
    with pytest.raises(MessageError, match=r"file of 21 pages, and at most 20 go into one .*open_document\(.*pages="):
        _sizes({"type": "file", "base64": many})


def test_addresses_of_files_are_fetched_only_when_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    block = {"type": "file", "url": "https://example.com/a.pdf"}
    with pytest.raises(MessageError, match="allow_urls=True"):
        _sizes(block)

    def fetch(source: Any, limits: Any, *, allow_urls: bool) -> tuple[bytes, str]:
        assert (source, allow_urls) == ("https://example.com/a.pdf", True)
        return PDF, "there"

    monkeypatch.setattr(blocks, "read_bytes", fetch)
    assert len(read_messages([HumanMessage([block])], allow_urls=True)[0].pictures) == 2


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"type": "file", "base64": "Zm9vIGJhcg==", "mime_type": "application/msword"}, r"file \(application/msword\)"),
        ({"type": "file", "file": {"file_data": "data:text/csv;base64,Zm9v"}}, r"file \(text/csv\)"),
        ({"type": "file", "base64": "Zm9vIGJhcg=="}, r"file \(of unknown type\)"),
        ({"type": "document", "source": {"data": "x"}}, "broken base64"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "file id"),
        ({"type": "input_file", "file_url": "file:///etc/passwd"}, "names the file"),
        ({"type": "file", "path": "/etc/passwd"}, "names the file"),
        ({"type": "media", "mime_type": "application/pdf", "file_uri": "gs://a/b.pdf"}, "names the file"),
        ({"type": "file"}, r"holds no file, only the keys \['type'\]"),
    ],
)
def test_files_that_cannot_be_given_to_a_model_raise(block: dict[str, Any], words: str) -> None:
    with pytest.raises(MessageError, match=words):
        _sizes(block)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-", "is damaged"),
        (pdf([Sheet()], password=b"owl"), "needs a password"),
    ],
)
def test_a_broken_pdf_is_an_image_error(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        _sizes({"type": "file", "file": {"file_data": "data:;base64," + base64.b64encode(data).decode()}})


def test_an_assistant_gives_no_files() -> None:
    with pytest.raises(MessageError, match="an assistant message holds a picture"):
        read_messages([AIMessage([{"type": "file", "base64": BASE64}])])
