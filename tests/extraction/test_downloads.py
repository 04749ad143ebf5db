"""Pictures from web addresses: only when asked for, only from public ones, only within limits. No test opens a socket."""

from __future__ import annotations

import gzip
import io
import itertools
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import langchain_core._security
import pytest
from PIL import Image

from extraction import downloads
from extraction.errors import ImageError
from extraction.images import ImageLimits, load_image

URL = "https://me:secret@example.org/photo.png?token=secret"
Handler = Callable[[httpx.Request], httpx.Response]


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], dict[str, Any]]:
    """Puts a function in the place of the network; the options that the client got come back."""

    def install(handler: Handler) -> dict[str, Any]:
        options: dict[str, Any] = {}

        def client(**kwargs: Any) -> httpx.Client:
            options.update(kwargs)
            return httpx.Client(transport=httpx.MockTransport(handler), follow_redirects=True, **kwargs)

        monkeypatch.setattr(langchain_core._security, "ssrf_safe_client", client)
        return options

    return install


class Body(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks


def page(body: bytes) -> httpx.Response:
    return httpx.Response(200, stream=Body(iter([body])))


def test_a_picture_is_downloaded(serve: Callable[[Handler], dict[str, Any]]) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.path == "/photo.png":
            return httpx.Response(302, headers={"Location": "https://example.org/moved.png"})
        return page(png())

    options = serve(answer)
    picture = load_image(URL, allow_urls=True, limits=ImageLimits(max_seconds=7))
    assert picture.size == (6, 4)
    assert picture.source == "https://example.org/photo.png"
    assert [request.url.path for request in requests] == ["/photo.png", "/moved.png"]
    assert requests[0].headers["Accept-Encoding"] == "identity"
    assert (options["timeout"], options["max_redirects"]) == (7, 5)


def test_nothing_is_downloaded_unasked(serve: Callable[[Handler], dict[str, Any]]) -> None:
    serve(lambda request: pytest.fail("a request was sent"))
    with pytest.raises(ImageError, match=r"^https://example.org/photo.png: web addresses are not opened"):
        load_image(URL)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (lambda: httpx.Response(404), "the server answered 404 Not Found$"),
        (lambda: httpx.Response(204), "the server answered 204 No Content$"),
        (lambda: page(b"<html>sign in</html>"), "is a web page, not a picture"),
        (lambda: page(b""), "is empty"),
        (
            lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(png())),
            "the server sends a compressed body",
        ),
        (lambda: httpx.Response(302, headers={"Location": URL}), "cannot be downloaded: TooManyRedirects"),
    ],
)
def test_answers_that_hold_no_picture(
    serve: Callable[[Handler], dict[str, Any]], response: Callable[[], httpx.Response], message: str
) -> None:
    serve(lambda request: response())
    with pytest.raises(ImageError, match=message) as caught:
        load_image(URL, allow_urls=True)
    assert caught.value.source == "https://example.org/photo.png"
    assert "secret" not in str(caught.value)


def test_network_failures_name_the_address(serve: Callable[[Handler], dict[str, Any]]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    serve(fail)
    with pytest.raises(ImageError, match=r"photo.png: cannot be downloaded: ConnectError: connection refused"):
        load_image(URL, allow_urls=True)


def test_a_declared_size_is_believed_when_it_is_too_large(serve: Callable[[Handler], dict[str, Any]]) -> None:
    def never() -> Iterator[bytes]:
        yield pytest.fail("the body was read")

    serve(lambda request: httpx.Response(200, headers={"Content-Length": "101"}, stream=Body(never())))
    with pytest.raises(ImageError, match="has more than 100 bytes"):
        load_image(URL, allow_urls=True, limits=ImageLimits(max_bytes=100))


def test_an_endless_body_is_cut_at_the_limit(serve: Callable[[Handler], dict[str, Any]]) -> None:
    taken = itertools.count()
    body = (b"x" * 10 for _ in taken)
    serve(lambda request: httpx.Response(200, stream=Body(body)))
    with pytest.raises(ImageError, match="has more than 100 bytes"):
        load_image(URL, allow_urls=True, limits=ImageLimits(max_bytes=100))
    assert next(taken) == 11


def test_a_slow_server_is_given_up(serve: Callable[[Handler], dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(step=2.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    serve(lambda request: httpx.Response(200, stream=Body(iter(lambda: b"x", b""))))
    with pytest.raises(ImageError, match=r"the download takes too long \(see ImageLimits.max_seconds\)"):
        load_image(URL, allow_urls=True, limits=ImageLimits(max_seconds=10))
    assert next(clock) == 14.0  # the start, the request, and four bytes: 2, 4, ... seconds


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1/a.png", "private IP range"),
        ("http://10.1.2.3:8000/a.png", "private IP range"),
        ("http://169.254.169.254/latest/meta-data", "private IP range"),
        ("http://[::1]/a.png", "private IP range"),
        ("http://[::ffff:10.0.0.1]/a.png", "private IP range"),
        ("http://localhost/a.png", "localhost address"),
        ("http://metadata.google.internal/", "cloud metadata endpoint"),
        ("http:///a.png", "scheme '' not allowed"),
    ],
)
def test_private_addresses_are_refused(url: str, reason: str) -> None:
    with pytest.raises(ImageError, match=f": refused: {reason}"):
        load_image(url, allow_urls=True)


def test_a_public_name_of_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.0.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(ImageError, match=r"^https://example.org/photo.png: refused: private IP range"):
        load_image(URL, allow_urls=True)


def test_without_the_safe_client_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_core._security", None)
    with pytest.raises(ImageError, match=r"no safe download client \(download the picture yourself and pass its bytes"):
        load_image(URL, allow_urls=True)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        (URL, "https://example.org/photo.png"),
        ("http://[", "http://["),
        ("https://a.org/" + "x" * 500 + "/photo.png", "https://a.org/" + "x" * 51 + "..." + "x" * 122 + "/photo.png"),
    ],
)
def test_the_name_of_an_address_holds_no_secret(url: str, label: str) -> None:
    assert downloads.describe_url(url) == label
    assert len(label) <= 200
