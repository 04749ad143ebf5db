"""What one content block of a message holds: a picture, or a file whose pages become pictures.

The dialects differ in where they put the bytes; their media types are read for errors only, as the bytes tell better.
Messages may come from anyone, so a block never opens a file, and fetches nothing unless that was allowed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from extraction.errors import ImageError, MessageError
from extraction.images import DEFAULT_LIMITS, Picture, load_image, read_bytes
from extraction.pages.document import is_pdf, open_document
from extraction.pages.limits import PageLimits

MOST_PAGES: Final = 20
"""Pages that one file block may bring; A4 at 200 dpi they are a quarter of a gigabyte of pixels."""

_LIMITS: Final = PageLimits(max_pixels=10_000_000)  # messages may come from anyone, and all pages are held at once

_PDF: Final = "application/pdf"
_PDF_URI: Final = f"data:{_PDF}"


def read_picture(block: Mapping[str, Any], allow_urls: bool) -> Picture:
    """The picture of an image block; of a file with several, the first, as everywhere.

    Raises:
        MessageError: The block holds none that may be read.
        ImageError: It cannot be read.
    """
    mime_type = _mime_type(block)
    if mime_type is not None and not mime_type.startswith("image/") and block["type"] == "media":
        raise MessageError(f"a media block holds {mime_type}", hint="only pictures and PDFs can be given to the model")
    source = block.get("source")
    if isinstance(source, Mapping):  # Anthropic
        return read_picture({"type": "image", **source, "base64": source.get("data")}, allow_urls)
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
        return load_image(_checked_url(url, allow_urls), allow_urls=allow_urls)
    if block.get("image") is not None and not isinstance(block["image"], (str, Mapping)):  # Hugging Face
        return load_image(block["image"])
    if block.get("file_id"):
        raise MessageError("a picture is named by a file id", hint="a local model needs the picture itself, as base64")
    if block.get("path") or isinstance(block.get("image"), str):
        raise _refused_path(block.get("path") or block["image"])
    raise MessageError(f"an image block holds no picture, only the keys {sorted(block)}")


def holds_pdf(block: Mapping[str, Any]) -> bool:
    """Whether an image or media block says that it holds a PDF, as some servers want them."""
    if _mime_type(block) == _PDF:
        return True
    url = block.get("url") or block.get("image_url")
    if isinstance(url, Mapping):
        url = url.get("url")
    return isinstance(url, str) and url[: len(_PDF_URI)].lower() == _PDF_URI


def read_pages(block: Mapping[str, Any], allow_urls: bool) -> list[Picture]:
    """The pages of a file block, in order: of a PDF, a TIFF, or any other picture, which is one page.

    Raises:
        MessageError: The block holds no such file, or one of more than ``MOST_PAGES`` pages.
        ImageError: The file is damaged or encrypted.
        MissingExtraError: It is a PDF, and pypdfium2 is not installed.
    """
    inner = {**block}
    for name in ("file", "source"):  # OpenAI chat, Anthropic
        if isinstance(block.get(name), Mapping):
            inner |= block[name]
    data, _ = read_bytes(_file_source(inner, allow_urls), DEFAULT_LIMITS, allow_urls=allow_urls)
    try:
        opened = open_document(data, limits=_LIMITS)
    except ImageError as error:
        named = _mime_type(inner) or "of unknown type"
        if is_pdf(data) or named.startswith("image/"):
            raise
        told = f"a message holds a file ({named}) that is neither a PDF nor a picture"
        raise MessageError(told, hint="give its text, or its pages as pictures") from error
    with opened as document:
        if len(document) > MOST_PAGES:
            raise MessageError(
                f"a message holds a file of {len(document)} pages, and at most {MOST_PAGES} go into one",
                hint="open_document(..., pages=...) gives the pages that matter, which can be sent as pictures",
            )
        return [page.picture for page in document]


def _file_source(block: Mapping[str, Any], allow_urls: bool) -> bytes | str:
    """The bytes of a file, or the data URI or web address of it."""
    encoded = block.get("base64") or block.get("data") or block.get("file_data")
    if isinstance(encoded, (bytes, bytearray)):
        return bytes(encoded)
    url = block.get("url") or block.get("file_url") or block.get("file_uri") or block.get("image_url")
    if isinstance(url, Mapping):
        url = url.get("url")
    if isinstance(encoded, str) and encoded:
        return encoded if encoded[:5].lower() == "data:" else _decode(encoded)
    if isinstance(url, str) and url:
        return _checked_url(url, allow_urls)
    if block.get("file_id"):
        raise MessageError("a file is named by a file id", hint="a local model needs the file itself, as base64")
    if block.get("path"):
        raise _refused_path(block["path"])
    raise MessageError(f"a file block holds no file, only the keys {sorted(block)}")


def _checked_url(url: str, allow_urls: bool) -> str:
    """A data URI or web address that may be read."""
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    if scheme not in ("data", "http", "https"):
        raise _refused_path(url)
    if scheme != "data" and not allow_urls:
        raise MessageError(
            f"{_shortened(url)} would have to be fetched from the network",
            hint="give it as base64, or allow it with allow_urls=True",
        )
    return url


def _refused_path(path: Any) -> MessageError:
    return MessageError(
        f"a message names the file {_shortened(str(path))}",
        hint="messages may come from anyone, so they cannot open files; send its bytes: load_image(...).to_data_uri()",
    )


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageError(f"a block holds broken base64: {error}") from error


def _mime_type(block: Mapping[str, Any]) -> str | None:
    named = block.get("mime_type") or block.get("media_type")
    if isinstance(named, str):
        return named
    uri = block.get("file_data")  # OpenAI's files
    return uri[5:].partition(";")[0] if isinstance(uri, str) and uri.startswith("data:") else None


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
