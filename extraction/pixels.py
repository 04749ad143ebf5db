"""A picture file, a PIL picture of any mode, or an array -> 8-bit RGB pixels.

What happens to each kind of pixel is said once, at ``to_rgb``. Nothing here changes a setting of Pillow's or the
warning filters for longer than a call needs.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile

from extraction.errors import ImageError

# Formats with a signature of their own, whose header tells the size of what will be decoded (an ICO's does not), and
# that need no other program (EPS does). The last two are there when a plugin for Pillow has registered them.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF", "QOI", "HEIF", "JXL")

# The EXIF standard (CIPA DC-008, tag 274): what has to be done to stored pixels to see them upright.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_UNKNOWN: Final = "data of another kind"
_WARNING_LOCK = threading.Lock()


def open_file(data: bytes, *, source: str) -> ImageFile.ImageFile:
    """The opened picture, with its size and mode known and no pixel decoded yet.

    This is ``PIL.Image.open`` without its warning about large pictures: the caller's own limits decide, and silencing
    a warning is not safe while other threads run.

    Raises:
        ImageError: ``data`` is empty, is not a picture, or its header is damaged.
    """
    if not data:
        raise ImageError("is empty", source=source)
    Image.init()
    problem, cause = "", None
    for name in FORMATS:
        if name not in Image.OPEN:
            continue
        factory, accept = Image.OPEN[name]
        try:
            accepted = accept(data[:16]) if accept is not None else True
            if isinstance(accepted, str):  # Pillow's words for: this build cannot decode it
                problem = f"cannot be read as {name}: {accepted}"
            elif accepted:
                # Only a GIF checks sizes while it is opened (its first frame may be larger than its screen).
                with quiet(name == "GIF"):
                    return factory(io.BytesIO(data), "")
        except Exception as error:  # a crafted file can make a plugin raise anything
            problem, cause = f"cannot be read as {name}: {error}", error
    kind, hint = _describe_unreadable(data)
    if problem and kind == _UNKNOWN:
        raise ImageError(problem, source=source) from cause
    raise ImageError(f"is {kind}, not a picture that can be read", source=source, hint=hint) from cause


@contextmanager
def quiet(needed: bool) -> Iterator[None]:
    """Keep Pillow's warning about large pictures to ourselves, where it is known to come."""
    if not needed:
        yield
        return
    with _WARNING_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def _describe_unreadable(data: bytes) -> tuple[str, str]:
    """What bytes without a picture's signature are, and what to do about it."""
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    xml = text.startswith((b"<?xml", b"<!--", b"<!doctype svg"))
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if b"%pdf-" in text:
        return "a PDF document", "extract_document reads it page by page, open_document gives its pages as pictures"
    if text.startswith(b"<svg") or (xml and b"<svg" in text):
        return "an SVG drawing", "render it first, with cairosvg for instance"
    if brand in {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        return "an HEIC photo", "install pillow-heif and call pillow_heif.register_heif_opener() once"
    if data.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")):
        return "a JPEG XL picture", "install pillow-jxl-plugin and import pillow_jxl once"
    if text.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer", "fetch the file itself with 'git lfs pull'"
    kind = "a web page" if text.startswith((b"<!doctype html", b"<html")) else _UNKNOWN
    return kind, "JPEG, PNG, WebP, GIF, TIFF, BMP, PPM, JPEG 2000, AVIF and QOI can; others go through PIL.Image.open"


def read_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, where it is out of range, or where the EXIF is damaged."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF makes Pillow raise anything
        return 1  # viewers, too, show such a picture as it is stored
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """``image`` turned and mirrored as its EXIF orientation (1 to 8) asks."""
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)


def transparent_colour(image: Image.Image) -> Any:
    """The colour that a PNG declares transparent, in the depth of the decoded pixels; None where there is none.

    Pillow widens 2- and 4-bit grey to 8 bits and narrows 16-bit RGB, but leaves this colour as it stands in the file.
    The file's depth is known only until the pixels are decoded.
    """
    key = image.info.get("transparency")
    tile = getattr(image, "tile", None)
    if key is None or image.format != "PNG" or not tile:
        return key
    match tile[0][3]:
        case "L;2":
            return key * 85
        case "L;4":
            return key * 17
        case "RGB;16B":
            return tuple(part >> 8 for part in key)
    return key


def to_rgb(image: Image.Image, *, transparent: Any, source: str) -> Image.Image:
    """A new RGB picture of a decoded ``image``, without EXIF or other extras.

    * Transparency of any form is composed on white.
    * 16-bit grey is scaled by its range, 0..65535 to 0..255.
    * 32-bit integers (``I``) and floats (``F``) have no fixed range. Values within 0..255 are taken as they are (floats
      within 0..1 as fractions), integers within 0..65535 as 16 bits, and all others are stretched from their smallest
      value to their largest.
    * CMYK, YCbCr, LAB, HSV, palettes and bilevel are converted as Pillow does. Colour profiles are not applied.

    Args:
        image: The picture, its pixels loaded.
        transparent: What ``transparent_colour`` gave before they were loaded.
        source: The name for errors.

    Raises:
        ImageError: It holds values that are not finite, or its mode cannot be converted.
    """
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        values = np.asarray(image)
        grey = Image.fromarray(_grey(values, source=source))
        if isinstance(transparent, int):
            grey.paste(255, mask=Image.fromarray(values == transparent))
        return grey.convert("RGB")
    if transparent != image.info.get("transparency"):
        image = image.copy()
        image.info["transparency"] = transparent
    try:
        rgb = _on_white(image) if image.has_transparency_data else image.convert("RGB")
    except (ValueError, OSError, ImportError) as error:
        raise ImageError(f"mode {image.mode} cannot be converted to RGB: {error}", source=source) from error
    rgb.info = {}
    return rgb


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "La":  # premultiplied grey, which Pillow converts to LA only
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB")


def _grey(values: npt.NDArray[Any], *, source: str) -> npt.NDArray[np.uint8]:
    """8-bit grey from 16-bit, 32-bit or float values, as ``to_rgb`` says."""
    if values.dtype.kind == "u":
        return _narrow(values)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ImageError("holds values that are not finite numbers", source=source)
    if values.dtype.kind == "i" and 255 < high <= 65535 and low >= 0:
        return _narrow(values)
    fraction = values.dtype.kind == "f" and high <= 1
    if low >= 0 and high <= 255:
        low, high = 0.0, 1.0 if fraction else 255.0
    scaled = (values.astype(np.float64) - low) * 255 / (high - low if high > low else 1.0)
    return np.rint(scaled).astype(np.uint8)


def _narrow(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """0..65535 to 0..255, to the nearest."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def from_array(array: npt.NDArray[Any], *, source: str) -> Image.Image:
    """An 8-bit picture from an array of shape (height, width), or (height, width, channels) with 1, 3 or 4 of them.

    ``bool`` is black and white, ``uint8`` is taken as it is, ``uint16`` is scaled from 0..65535, and floats must be
    fractions within 0..1. A fourth channel is alpha.

    Raises:
        ImageError: The shape or the type is another one, the array is empty, or floats lie outside 0..1.
    """
    shape = " x ".join(map(str, array.shape))
    if array.size == 0:
        raise ImageError(f"the array is empty ({shape or 'no axes'})", source=source)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in {3, 4}):
        first = array.ndim == 3 and array.shape[0] in {1, 3, 4}
        raise ImageError(
            f"an array of shape {shape or '()'} is not a picture: wanted are height x width (x 1, 3 or 4)",
            source=source,
            hint="channels come last: use array.transpose(1, 2, 0)" if first else None,
        )
    return Image.fromarray(np.ascontiguousarray(_eight_bits(array, source=source)))


def _eight_bits(array: npt.NDArray[Any], *, source: str) -> npt.NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return _narrow(array)
    if array.dtype.kind != "f":
        hint = "wanted are bool, uint8, uint16 or floats within 0..1: use array.astype(numpy.uint8) for 0..255"
        raise ImageError(f"an array of {array.dtype} is not understood", source=source, hint=hint)
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # NaN fails, too
        problem = f"an array of {array.dtype} must lie within 0..1, but spans {low:g} to {high:g}"
        raise ImageError(problem, source=source, hint="divide by its full range, or convert it to uint8")
    return np.rint(array.astype(np.float64) * 255).astype(np.uint8)
