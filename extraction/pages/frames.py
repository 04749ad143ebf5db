"""Picture files as documents: every page of a TIFF, the one picture of any other file."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image

from extraction.errors import ImageError
from extraction.images import ImageLimits, from_pil
from extraction.pages.page import Page
from extraction.pixels import open_file

_MOST_FRAMES: Final = 20_000
"""Pillow walks through all of them before it decodes the first."""

# TIFF 6.0, section 8: bits of NewSubfileType (tag 254) for a smaller version of another page, and for its mask
_SUBFILE_TYPE: Final = 254
_NO_PAGE: Final = 0b101


class FrameFile:
    """A picture file; its frames are decoded when they are read.

    Attributes:
        is_tiff: Whether it is a TIFF, the one kind of file whose frames are pages.
        count: How many pages there are, at least 1.

    Raises:
        ImageError: It is no picture, or its header is damaged.
    """

    def __init__(self, data: bytes, label: str, limits: ImageLimits) -> None:
        self._data = data
        self._label = label
        self._limits = limits
        self._lock = threading.Lock()
        self._image: Image.Image | None = open_file(data, source=label)
        self.is_tiff = self._image.format == "TIFF"
        self._frames = list(_pages_of_tiff(data, label)) if self.is_tiff else [0]
        self.count = len(self._frames)

    def read(self, index: int) -> Page:
        """A page, with index 0 for the first.

        Raises:
            ImageError: It is damaged or too large, or the file is closed.
        """
        label = f"{self._label}, page {index + 1}" if self.count > 1 else self._label
        with self._lock:
            image = self._image
            if image is None:
                raise ImageError("the document is closed", source=self._label)
            if not self.is_tiff:
                return Page(1, from_pil(open_file(self._data, source=label), label, self._limits))
            try:
                image.seek(self._frames[index])
                return Page(index + 1, from_pil(image, label, self._limits))
            except Exception as error:  # as in open_file: a crafted or cut file can make a plugin raise anything
                self._image = open_file(self._data, source=label)  # what failed once may seem to succeed the next time
                if isinstance(error, ImageError):
                    raise
                raise ImageError(f"is damaged or cut off: {error}", source=label) from error

    def close(self) -> None:
        """Frees the file; doing so twice does no harm."""
        with self._lock:
            image, self._image = self._image, None
            if image is not None:
                image.close()


@dataclass(frozen=True, slots=True)
class _Layout:
    """How numbers stand in a TIFF: ``struct`` formats of a count of tags, of a tag with its value, of an offset."""

    count: struct.Struct
    tag: struct.Struct
    offset: struct.Struct


def _pages_of_tiff(data: bytes, label: str) -> Iterator[int]:
    """Which frames of a TIFF are pages: not the reduced versions and masks that some writers put beside them."""
    frames = list(_subfile_types(data, label))
    pages = [place for place, kind in enumerate(frames) if not kind & _NO_PAGE]
    yield from pages or range(max(len(frames), 1))


def _subfile_types(data: bytes, label: str) -> Iterator[int]:
    """NewSubfileType of each frame, 0 where it says none, as far as the chain of frames goes."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    forms = ("Q", "HHQQ", "Q") if big else ("H", "HHII", "I")
    layout = _Layout(*(struct.Struct(order + form) for form in forms))
    seen: set[int] = set()
    try:
        (at,) = layout.offset.unpack_from(data, 8 if big else 4)
        while 0 < at < len(data) and at not in seen:
            if len(seen) == _MOST_FRAMES:
                raise ImageError(f"has more than {_MOST_FRAMES:,} frames", source=label)
            seen.add(at)
            (count,) = layout.count.unpack_from(data, at)
            start = at + layout.count.size
            yield _subfile_type(data, start, count, layout)
            (at,) = layout.offset.unpack_from(data, start + count * layout.tag.size)
    except struct.error:  # the file ends within the chain
        return


def _subfile_type(data: bytes, start: int, count: int, layout: _Layout) -> int:
    end = min(start + count * layout.tag.size, len(data) - layout.tag.size + 1)
    for at in range(start, end, layout.tag.size):
        tag, _, _, value = layout.tag.unpack_from(data, at)
        if tag == _SUBFILE_TYPE:
            return int(value)
        if tag > _SUBFILE_TYPE:  # they are sorted
            return 0
    return 0
