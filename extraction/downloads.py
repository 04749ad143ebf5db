"""A web address -> the bytes behind it, for callers who have opted in.

The request goes through LangChain core's own client, which looks up the host itself, refuses private, loopback and
cloud-metadata addresses at every redirect, and connects to the very address it has checked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from extraction.errors import ImageError
from extraction.sources import check_bytes, shorten

if TYPE_CHECKING:
    import httpx

_MAX_REDIRECTS = 5


def describe_url(url: str) -> str:
    """A short name for a web address, without user, password and query: those are often secrets."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:  # "http://[": not an address at all
        return shorten(url.partition("?")[0])
    return shorten(f"{parts.scheme}://{host}{parts.path}")


def download(url: str, *, max_bytes: int, max_seconds: float) -> bytes:
    """The body that a GET of ``url`` answers with.

    Args:
        url: An ``http`` or ``https`` address.
        max_bytes: The most bytes to take; a larger body is refused as soon as that is known.
        max_seconds: The time for the whole download; a server that falls silent is given up after as long again.

    Raises:
        ImageError: The address is private or wrong, the server fails, or a limit is passed.
    """
    source = describe_url(url)
    try:
        # An internal module of LangChain core: it may move, and everything but web addresses works without it.
        from langchain_core._security import SSRFBlockedError, ssrf_safe_client
    except ImportError as error:
        hint = "download the picture yourself and pass its bytes"
        raise ImageError("this langchain-core has no safe download client", source=source, hint=hint) from error

    deadline = time.monotonic() + max_seconds

    def check_time(_: object) -> None:
        if time.monotonic() > deadline:
            raise ImageError("the download takes too long", source=source, hint="see ImageLimits.max_seconds")

    # A compressed body could unfold to any size in one step: ask for none, and take the bytes as they come.
    headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
    hooks = {"request": [check_time]}  # called again for every redirect
    try:
        with (
            ssrf_safe_client(
                timeout=max_seconds, max_redirects=_MAX_REDIRECTS, headers=headers, event_hooks=hooks
            ) as client,
            client.stream("GET", url) as response,
        ):
            return _read_body(response, check_time, source=source, max_bytes=max_bytes)
    except ImageError:
        raise
    except SSRFBlockedError as error:
        raise ImageError(f"refused: {error.reason}", source=source) from error
    except Exception as error:  # httpx, ssl, idna and socket errors: they share no other root
        raise ImageError(f"cannot be downloaded: {type(error).__name__}: {error}", source=source) from error


def _read_body(response: httpx.Response, check_time: Callable[[object], None], *, source: str, max_bytes: int) -> bytes:
    if response.status_code != 200:
        raise ImageError(f"the server answered {response.status_code} {response.reason_phrase}".rstrip(), source=source)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ImageError("the server sends a compressed body, which was not asked for", source=source)
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal():
        check_bytes(int(declared), max_bytes, source=source)
    body = bytearray()
    for chunk in response.iter_raw():  # as they arrive: a chunk size would wait until so many are there
        body += chunk
        check_bytes(len(body), max_bytes, source=source)
        check_time(response)
    return bytes(body)
