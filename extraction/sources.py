"""Whatever holds a picture file -> the file's bytes, never more of them than allowed.

Nothing here looks at pixels. Every function takes ``source``, the short name that errors give to what was read.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import io
import os
import re
from pathlib import Path
from typing import IO
from urllib.parse import unquote_to_bytes

from extraction.errors import ImageError

_LABEL_WIDTH = 200
_CHUNK = 1 << 20
_FOLDER = "is a folder, not a file"
_FILES = "give the files in it"

_ASCII_SPACE = re.compile(rb"[ \t\r\n\f\v]+")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def shorten(text: str, width: int = _LABEL_WIDTH) -> str:
    """``text`` in one line of at most ``width`` characters; a long one loses its middle, so that a file name stays."""
    line = "".join(char if char.isprintable() else "?" for char in text)
    if len(line) <= width:
        return line
    head = (width - 3) // 3
    return f"{line[:head]}...{line[head + 3 - width :]}"


def check_bytes(count: int, max_bytes: int, *, source: str) -> None:
    """Return when ``count`` bytes are allowed.

    Raises:
        ImageError: They are more than ``max_bytes``.
    """
    if count > max_bytes:
        raise ImageError(f"has more than {max_bytes:,} bytes", source=source, hint="see max_bytes of the limits")


def read_path(path: str, *, max_bytes: int, source: str) -> bytes:
    """The bytes of the file at ``path``.

    Raises:
        ImageError: There is no such file, it is a folder, it may not be read, or it is larger than ``max_bytes``.
    """
    if not path:
        raise ImageError("the path is an empty string", source="''")
    try:
        with Path(path).open("rb") as file:
            check_bytes(os.fstat(file.fileno()).st_size, max_bytes, source=source)
            return read_stream(file, max_bytes=max_bytes, source=source)
    except FileNotFoundError as error:
        raise ImageError("there is no such file", source=source) from error
    except IsADirectoryError as error:
        raise ImageError(_FOLDER, source=source, hint=_FILES) from error
    except PermissionError as error:
        # Windows answers with this for a folder, too.
        if Path(path).is_dir():
            raise ImageError(_FOLDER, source=source, hint=_FILES) from error
        raise ImageError("may not be read: permission denied", source=source) from error
    except OSError as error:
        raise ImageError(f"cannot be opened: {error.strerror or error}", source=source) from error
    except ValueError as error:  # a null character, or a lone surrogate
        if isinstance(error, ImageError):
            raise
        raise ImageError("is not a path", source=source) from error


def read_stream(stream: IO[bytes], *, max_bytes: int, source: str) -> bytes:
    """The bytes of an open file, from its start where it can seek; its position is then left as it was.

    Raises:
        ImageError: It is closed, was opened in text mode, fails, or holds more than ``max_bytes``.
    """
    try:
        start = stream.tell() if _seekable(stream) else None
        if start is not None:
            stream.seek(0)
        try:
            return _read_bounded(stream, max_bytes=max_bytes, source=source)
        finally:
            if start is not None:
                stream.seek(start)
    except ImageError:
        raise
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be read: {error}", source=source) from error


def _seekable(stream: IO[bytes]) -> bool:
    seekable = getattr(stream, "seekable", None)
    return bool(seekable()) if callable(seekable) else hasattr(stream, "seek") and hasattr(stream, "tell")


def _read_bounded(stream: IO[bytes], *, max_bytes: int, source: str) -> bytes:
    buffer = io.BytesIO()
    while True:
        chunk: object = stream.read(_CHUNK)
        if inspect.iscoroutine(chunk):
            chunk.close()
            raise ImageError("its read() is asynchronous", source=source, hint="read it first, and pass the bytes")
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            problem = "is open in text mode" if isinstance(chunk, str) else "its read() gives no bytes"
            raise ImageError(problem, source=source, hint="open it with mode 'rb'")
        if not chunk:
            return buffer.getvalue()
        buffer.write(chunk)
        check_bytes(buffer.tell(), max_bytes, source=source)


def describe_data_uri(uri: str) -> str:
    """A short name for a data URI: its media type and its length, never its body."""
    head, comma, _ = uri[5:200].partition(",")
    media_type = head.partition(";")[0].strip() if comma else ""
    return f"data URI ({shorten(media_type or 'no media type', 40)}, {len(uri)} characters)"


def decode_data_uri(uri: str, *, max_bytes: int | None = None) -> bytes:
    """The bytes that a data URI holds (RFC 2397).

    Understood as people write them: parameters before ``;base64``, upper case, white space and line breaks in the
    body, the URL-safe alphabet, missing padding, percent signs. The media type is not looked at: programs often put a
    wrong one there, and the bytes tell.

    Args:
        uri: ``data:[type][;parameter=value ...][;base64],body``.
        max_bytes: The most bytes that the body may hold; None for any number.

    Raises:
        ImageError: It is no data URI, its body is not base64, or it holds too many bytes.
    """
    source = describe_data_uri(uri)
    head, comma, body = uri.partition(",")
    if head[:5].lower() != "data:" or not comma:
        raise ImageError("is not of the form data:image/png;base64,...", source=source)
    if max_bytes is not None and len(body) > 4 * max_bytes + 4:  # no form of writing takes more characters per byte
        check_bytes(len(body), max_bytes, source=source)
    try:
        raw = unquote_to_bytes(body) if "%" in body else body.encode("ascii")
        if head.rpartition(";")[2].strip().lower() == "base64":
            raw = _decode_base64(raw)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ImageError("its body is not valid base64", source=source) from error
    if max_bytes is not None:
        check_bytes(len(raw), max_bytes, source=source)
    return raw


def _decode_base64(text: bytes) -> bytes:
    digits = _ASCII_SPACE.sub(b"", text).translate(_URL_SAFE).rstrip(b"=")
    return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
