"""``load_image``: anything that holds a picture -> an upright RGB ``Picture`` that knows where it came from.

    path, bytes, file, data URI, Blob, web address  --sources.py, downloads.py-->  bytes of a picture file
    picture file, PIL image, numpy array            --pixels.py-->                 8-bit RGB pixels

All coordinates in this library are pixels of ``Picture.image``: the original size, after the EXIF orientation.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import IO, TYPE_CHECKING, Any, Final, Literal, TypeAlias, Union

import numpy as np
from PIL import Image

from extraction.downloads import describe_url, download
from extraction.errors import ImageError, OptionError
from extraction.pixels import from_array, open_file, quiet, read_orientation, to_rgb, transparent_colour, upright
from extraction.sources import (
    check_bytes,
    decode_data_uri,
    describe_data_uri,
    read_path,
    read_stream,
    shorten,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    from langchain_core.documents.base import Blob

    from extraction.pages.words import PageWords

__all__ = ["DEFAULT_LIMITS", "ImageLimits", "ImageSource", "Picture", "decode_data_uri", "load_image"]

ImageSource: TypeAlias = Union[
    "Picture", str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes], Image.Image, "npt.NDArray[Any]", "Blob"
]
"""What ``load_image`` takes. Text is a path, a data URI or a web address."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # two letters at least: "C://" begins a path
_BASE64_PICTURES: Final = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR")  # PNG, JPEG, GIF, WebP
_LONGEST_NAME: Final = 1024
_PREVIEW_SIDE: Final = 800


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """The largest picture that is let in; what passes a limit raises ``ImageError`` before a pixel is decoded.

    Attributes:
        max_bytes: Size of the file, also while it is downloaded.
        max_pixels: Width times height. The default is where Pillow begins to warn of decompression bombs
            (``PIL.Image.MAX_IMAGE_PIXELS``); above twice that, Pillow itself refuses several formats.
        max_side: The longer side, in pixels; the default is what a JPEG can hold.
        min_side: The shorter side, in pixels.
        max_aspect: The longer side by the shorter one; the default is where the Qwen-VL processors stop
            (``smart_resize`` in transformers).
        max_seconds: Time for a download.

    Raises:
        OptionError: A limit is not above 0.
    """

    max_bytes: int = 128 * 2**20
    max_pixels: int = 89_478_485
    max_side: int = 65_535
    min_side: int = 1
    max_aspect: float = 200.0
    max_seconds: float = 20.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not value > 0:  # NaN fails, too
                raise OptionError(f"ImageLimits.{limit.name} must be above 0, but is {value}")

    def check(self, size: tuple[int, int], *, source: str) -> None:
        """Return when a picture of ``size`` (width, height) is let in.

        Raises:
            ImageError: It is not.
        """
        short, long = sorted(size)
        problem, limit = "", ""
        if short < self.min_side:
            problem, limit = f"a side is shorter than {self.min_side}", "min_side"
        elif long > self.max_side:
            problem, limit = f"a side is longer than {self.max_side}", "max_side"
        elif short * long > self.max_pixels:
            problem, limit = f"more than {self.max_pixels:,} pixels", "max_pixels"
        elif long > self.max_aspect * short:
            problem, limit = f"one side is more than {self.max_aspect:g} times the other", "max_aspect"
        if problem:
            message = f"a picture of {size[0]} x {size[1]} is not let in: {problem}"
            raise ImageError(message, source=source, hint=f"see ImageLimits.{limit}")


DEFAULT_LIMITS: Final = ImageLimits()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Picture:
    """An upright RGB picture; two are equal when their pixels are.

    Attributes:
        image: The pixels, mode RGB, without EXIF. Copy it before drawing on it.
        source: Where it came from, for people: a path, an address, ``bytes (1234)``.
        original_orientation: The EXIF orientation that the file had, 1 to 8; ``image`` has it applied.
        words: The words on it, where the file itself told them, as a PDF's text layer does; no engine needs to read them.

    Raises:
        ImageError: ``image`` is not RGB, or has no pixels.
    """

    image: Image.Image
    source: str = "picture"
    original_orientation: int = 1
    words: PageWords | None = None
    _digest: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.image.mode != "RGB" or 0 in self.image.size:
            problem = f"a Picture is RGB, not {self.image.mode}, and not empty"
            raise ImageError(problem, source=self.source, hint="make it with load_image()")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, as ``PIL.Image.size`` has it."""
        return self.image.size

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.image.width

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.image.height

    @property
    def digest(self) -> str:
        """SHA-256 of mode, size and pixels in hexadecimal: the same for the same picture from any kind of file."""
        digest = self._digest
        if digest is None:
            head = f"{self.image.mode} {self.width}x{self.height}\n".encode()
            digest = hashlib.sha256(head + self.image.tobytes()).hexdigest()
            object.__setattr__(self, "_digest", digest)  # frozen for users; the pixels are, too
        return digest

    def to_data_uri(self, format: Literal["png", "jpeg"] = "png", *, quality: int = 95) -> str:
        """A base64 data URI, as chat messages carry pictures: exact as PNG, smaller as JPEG.

        Args:
            format: ``png`` or ``jpeg``.
            quality: JPEG's, 1 to 100. Colours keep their full resolution, for the sake of small coloured text.

        Raises:
            OptionError: The format or the quality is another one.
            ImageError: The picture does not fit the format (a JPEG side has at most 65,500 pixels).
        """
        if format not in {"png", "jpeg"}:
            raise OptionError(f"a data URI is made as 'png' or 'jpeg', not {format!r}")
        if not 1 <= quality <= 100:
            raise OptionError(f"a JPEG quality lies within 1 to 100, not {quality}")
        options: Mapping[str, Any] = {"quality": quality, "subsampling": "4:4:4"} if format == "jpeg" else {}
        try:
            data = _encode(self.image, format, **options)
        except OSError as error:
            raise ImageError(f"cannot be written as {format}: {error}", source=self.source) from error
        return f"data:image/{format};base64,{base64.b64encode(data).decode('ascii')}"

    def _repr_png_(self) -> bytes:
        """The picture for a notebook, made smaller where it is large."""
        preview = self.image
        if max(self.size) > _PREVIEW_SIDE:
            preview = preview.copy()
            preview.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
        return _encode(preview, "png")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Picture):
            return NotImplemented
        return self.image is other.image or (self.size == other.size and self.digest == other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Picture({self.width}x{self.height}, source={self.source!r})"


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def load_image(source: ImageSource, *, limits: ImageLimits = DEFAULT_LIMITS, allow_urls: bool = False) -> Picture:
    """The picture in ``source``: upright, RGB, at its original size.

    The EXIF orientation is applied once (a PIL image keeps its own until it is applied here), transparency is composed
    on white, and of an animation the first frame is taken (of a PIL image, the frame that it shows). How other kinds of
    pixels become RGB stands at ``extraction.pixels.to_rgb``, what arrays may be at ``extraction.pixels.from_array``.

    Args:
        source: A path, the bytes of a picture file, a binary file object, a data URI, a PIL image, a numpy array
            (height, width, channels), a LangChain ``Blob``, a web address, or a ``Picture``, which is given back.
        limits: The largest picture to let in.
        allow_urls: Whether ``http`` and ``https`` addresses may be downloaded. Private addresses never are.

    Raises:
        ImageError: The picture cannot be read, or is refused; its ``source`` says which one.
    """
    if isinstance(source, Picture):
        limits.check(source.size, source=source.source)
        return source
    if isinstance(source, Image.Image):
        name = getattr(source, "filename", None)
        if not isinstance(name, str) or not name:
            name = f"PIL image ({source.mode}, {source.width}x{source.height})"
        return from_pil(source, shorten(name), limits)
    if isinstance(source, np.ndarray):
        label = f"array ({source.dtype}, {'x'.join(map(str, source.shape))})"
        if source.ndim >= 2 and source.size:
            limits.check((source.shape[1], source.shape[0]), source=label)
        return from_pil(from_array(source, source=label), label, limits)
    data, label = read_bytes(source, limits, allow_urls=allow_urls)
    return from_pil(open_file(data, source=label), label, limits)


def read_bytes(source: Any, limits: ImageLimits, *, allow_urls: bool = False) -> tuple[bytes, str]:
    """The bytes of the file in ``source``, whatever they are, and its name for people.

    Raises:
        ImageError: It holds no bytes, or more than ``limits`` allow, or cannot be opened.
    """
    if isinstance(source, str):
        return _read_text(source, limits, allow_urls=allow_urls)
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        label = f"bytes ({len(data)})"
        check_bytes(len(data), limits.max_bytes, source=label)
        return data, label
    if isinstance(source, os.PathLike):
        path = os.fsdecode(source)
        return read_path(path, max_bytes=limits.max_bytes, source=shorten(path)), shorten(path)
    if hasattr(source, "as_bytes") and hasattr(source, "mimetype"):
        return _read_blob(source, limits)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        label = shorten(name) if isinstance(name, str) and name else f"file object ({type(source).__name__})"
        return read_stream(source, max_bytes=limits.max_bytes, source=label), label
    label = f"object of type {type(source).__name__}"
    kinds = "a path, bytes, a binary file, a data URI, a PIL image, a numpy array or a Blob"
    raise ImageError(f"is nothing that a picture can be read from: wanted is {kinds}", source=label)


def _read_text(text: str, limits: ImageLimits, *, allow_urls: bool) -> tuple[bytes, str]:
    if text[:5].lower() == "data:":
        return decode_data_uri(text, max_bytes=limits.max_bytes), describe_data_uri(text)
    scheme = _SCHEME.match(text)
    if scheme is None:
        label = shorten(text) if len(text) <= _LONGEST_NAME else f"text ({len(text)} characters)"
        if text.startswith(_BASE64_PICTURES) and len(text) > 100:
            hint = "put 'data:image/png;base64,' before it"
            raise ImageError("is bare base64", source=f"text ({len(text)} characters)", hint=hint)
        return read_path(text, max_bytes=limits.max_bytes, source=label), label
    label = describe_url(text)
    if scheme[1].lower() not in {"http", "https"}:
        hint = "give the path itself" if scheme[1].lower() == "file" else "read it yourself, and pass the bytes"
        raise ImageError(f"addresses that begin with {scheme[1]}:// are not opened", source=label, hint=hint)
    if not allow_urls:
        raise ImageError("web addresses are not opened", source=label, hint="allow_urls=True lets them be downloaded")
    return download(text, max_bytes=limits.max_bytes, max_seconds=limits.max_seconds), label


def _read_blob(blob: Blob, limits: ImageLimits) -> tuple[bytes, str]:
    """The bytes of a LangChain ``Blob``; text in it may be a data URI. Its declared type is not trusted."""
    if blob.data is None:
        path = str(blob.path or "")
        return read_path(path, max_bytes=limits.max_bytes, source=shorten(path)), shorten(str(blob.source or path))
    if isinstance(blob.data, str) and blob.data[:5].lower() == "data:":
        return decode_data_uri(blob.data, max_bytes=limits.max_bytes), describe_data_uri(blob.data)
    data = blob.as_bytes()
    label = shorten(str(blob.source)) if blob.source else f"Blob ({len(data)})"
    check_bytes(len(data), limits.max_bytes, source=label)
    return data, label


def from_pil(image: Image.Image, label: str, limits: ImageLimits) -> Picture:
    """The upright RGB picture of an opened file or a PIL image, whose pixels may not be decoded yet.

    Raises:
        ImageError: It is damaged, or is refused.
    """
    limits.check(image.size, source=label)
    transparent = transparent_colour(image)
    # Pillow turns a TIFF while it decodes it, and drops the tag; other formats' EXIF may stand behind the pixels.
    stored = read_orientation(image) if image.format == "TIFF" else 1
    try:
        with quiet(image.width * image.height > (Image.MAX_IMAGE_PIXELS or 0)):
            image.load()
    except Exception as error:  # as in open_file: a crafted or cut file can make a plugin raise anything
        raise ImageError(f"is damaged or cut off: {error}", source=label) from error
    limits.check(image.size, source=label)
    remaining = read_orientation(image)
    rgb = upright(to_rgb(image, transparent=transparent, source=label), remaining)
    return Picture(rgb, source=label, original_orientation=stored if stored != 1 else remaining)
