"""Every kind of pixel that comes in, and the RGB that comes out."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from extraction.errors import ImageError
from extraction.images import load_image

Pixel = tuple[int, int, int]


def pixels(source: Any) -> npt.NDArray[np.uint8]:
    """The loaded picture as an array (height, width, 3)."""
    return np.asarray(load_image(source).image)


def first(source: Any) -> Pixel:
    red, green, blue = (int(value) for value in pixels(source)[0, 0])
    return red, green, blue


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, depth: int, colour: int, row: bytes, **chunks: bytes) -> bytes:
    """A PNG of one row, of kinds that Pillow does not write."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    extras = b"".join(chunk(name.encode(), body) for name, body in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + head + extras + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")


# --- Modes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("RGBX", (10, 20, 30, 0), (10, 20, 30)),
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("1", 0, (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("CMYK", (0, 0, 0, 255), (0, 0, 0)),
        ("YCbCr", (128, 128, 128), (128, 128, 128)),
        ("HSV", (0, 255, 255), (255, 0, 0)),
        ("RGBA", (200, 0, 0, 255), (200, 0, 0)),
        ("RGBA", (200, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("RGBa", (0, 0, 0, 51), (204, 204, 204)),
        ("LA", (0, 51), (204, 204, 204)),
        ("La", (0, 51), (204, 204, 204)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 256, (1, 1, 1)),
        ("I;16", 32896, (128, 128, 128)),
        ("I;16B", 32896, (128, 128, 128)),
        ("I", 200, (200, 200, 200)),
        ("I", 32896, (128, 128, 128)),
        ("F", 0.5, (128, 128, 128)),
        ("F", 200.4, (200, 200, 200)),
    ],
)
def test_each_mode_becomes_rgb(mode: str, colour: Any, expected: Pixel) -> None:
    picture = load_image(Image.new(mode, (3, 2), colour))
    assert picture.image.mode == "RGB"
    assert picture.size == (3, 2)
    assert np.asarray(picture.image).tolist() == [[list(expected)] * 3] * 2


def test_lab_is_converted_by_its_meaning() -> None:
    red, green, blue = first(Image.merge("LAB", [Image.new("L", (1, 1), value) for value in (137, 208, 195)]))
    assert red > 240
    assert green < 30
    assert blue < 30


def test_palette_and_its_transparency() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 0])
    image.putdata([0, 1, 2])
    assert pixels(saved(image, "PNG"))[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 0]]
    assert pixels(saved(image, "PNG", transparency=1))[0].tolist() == [[255, 0, 0], [255, 255, 255], [0, 0, 0]]
    alphas = bytes([255, 0, 51])
    assert pixels(saved(image, "PNG", transparency=alphas))[0].tolist() == [[255, 0, 0], [255] * 3, [204] * 3]
    image.info["transparency"] = 2
    assert pixels(image)[0].tolist() == [[255, 0, 0], [0, 255, 0], [255, 255, 255]]
    assert pixels(image.convert("PA"))[0].tolist() == [[255, 0, 0], [0, 255, 0], [255, 255, 255]]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (png(2, 1, 0, b"\x40", tRNS=b"\0\1"), [0, 255]),
        (png(2, 1, 0, b"\x40", tRNS=b"\0\0"), [255, 255]),
        (png(4, 2, 0, b"\x1b", tRNS=b"\0\2"), [0, 85, 255, 255]),
        (png(2, 4, 0, b"\x3f", tRNS=b"\0\3"), [255, 255]),
        (png(2, 4, 0, b"\x34", tRNS=b"\0\3"), [255, 68]),
        (png(2, 8, 0, b"\x03\xc8", tRNS=b"\0\3"), [255, 200]),
        (png(3, 16, 0, struct.pack(">3H", 300, 0, 65535), tRNS=struct.pack(">H", 300)), [255, 0, 255]),
        (png(2, 8, 4, b"\x0a\x00\x14\xff"), [255, 20]),
        (png(2, 16, 4, struct.pack(">4H", 2560, 0, 5140, 65535)), [255, 20]),
    ],
)
def test_transparent_grey_of_every_depth_is_white(file: bytes, expected: list[int]) -> None:
    assert pixels(file)[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("depth", "row", "key"),
    [
        (8, bytes([1, 2, 3, 4, 5, 6]), struct.pack(">3H", 1, 2, 3)),
        (16, struct.pack(">6H", 0x0100, 0x0200, 0x0300, 0x0400, 0x0500, 0x0600), struct.pack(">3H", 256, 512, 768)),
    ],
)
def test_a_transparent_rgb_colour_is_white(depth: int, row: bytes, key: bytes) -> None:
    assert pixels(png(2, depth, 2, row, tRNS=key))[0].tolist() == [[255, 255, 255], [4, 5, 6]]
    assert pixels(png(2, depth, 2, row))[0].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_16_bit_files_are_scaled_not_clipped() -> None:
    ramp = np.array([[0, 257, 32896, 65278, 65535]], dtype=np.uint16)
    for kind in ("PNG", "TIFF", "PPM"):
        assert pixels(saved(Image.fromarray(ramp), kind))[0, :, 0].tolist() == [0, 1, 128, 254, 255], kind


def test_values_without_a_range_of_their_own_are_stretched() -> None:
    assert pixels(Image.fromarray(np.array([[-100, 0, 100]], dtype=np.int32)))[0, :, 1].tolist() == [0, 128, 255]
    assert pixels(Image.fromarray(np.array([[1000.0, 1500.0, 2000.0]], dtype=np.float32)))[0, :, 2].tolist() == [
        0,
        128,
        255,
    ]
    assert first(Image.fromarray(np.full((1, 2), 70000, dtype=np.int32))) == (0, 0, 0)
    with pytest.raises(ImageError, match=r"PIL image \(F, 2x1\): holds values that are not finite numbers"):
        load_image(Image.fromarray(np.array([[0.0, np.nan]], dtype=np.float32)))


def test_cmyk_jpegs_with_and_without_adobe_inversion() -> None:
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for options in ({}, {"quality": 100}):
        red, green, blue = first(saved(image, "JPEG", **options))
        assert red > 245
        assert green < 10
        assert blue < 10


def test_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert first(data) == (255, 0, 0), kind
    animation = Image.open(io.BytesIO(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    animation.seek(2)
    assert first(animation) == (0, 0, 255)  # of a PIL image, the frame that it shows


def test_a_picture_is_independent_of_the_image_it_came_from() -> None:
    image = Image.new("RGB", (2, 2), "red")
    image.info["comment"] = "x"
    picture = load_image(image)
    image.putpixel((0, 0), (0, 0, 0))
    assert picture.image.getpixel((0, 0)) == (255, 0, 0)
    assert picture.image.info == {}
    assert image.info == {"comment": "x"}


# --- Orientation ------------------------------------------------------------------------------------------------------

# Four corners of their own colours: no orientation looks like another.
UPRIGHT = np.zeros((16, 32, 3), dtype=np.uint8)
UPRIGHT[:8, :16] = (255, 0, 0)
UPRIGHT[:8, 16:] = (0, 255, 0)
UPRIGHT[8:, :16] = (0, 0, 255)

# What a camera held that way stores: the inverse of what the viewer has to do (EXIF, tag 274).
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT, 1),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}


def tagged(orientation: int, kind: str) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    faithful: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}
    options = faithful.get(kind, {})
    return saved(Image.fromarray(np.ascontiguousarray(STORED[orientation])), kind, exif=exif, **options)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_orientation_is_applied_once_to_files_and_to_pil_images(orientation: int, kind: str) -> None:
    data = tagged(orientation, kind)
    for source in (data, Image.open(io.BytesIO(data))):
        picture = load_image(source)
        assert np.array_equal(np.asarray(picture.image), UPRIGHT)
        assert picture.size == (32, 16)
        assert picture.original_orientation == orientation
        assert picture.image.getexif().get(274) is None
        again = load_image(picture.image)
        assert again == picture
        assert again.original_orientation == 1


@pytest.mark.parametrize("orientation", STORED)
def test_orientation_of_a_jpeg(orientation: int) -> None:
    data = tagged(orientation, "JPEG")
    assert np.abs(pixels(data).astype(int) - UPRIGHT).max() < 8
    assert load_image(data).original_orientation == orientation
    turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(pixels(turned), pixels(data))
    assert load_image(turned).original_orientation == 1


def test_orientation_of_a_pil_image_that_has_lost_its_format() -> None:
    converted = Image.open(io.BytesIO(tagged(6, "PNG"))).convert("L")
    assert (converted.format, converted.size) == (None, (16, 32))
    assert load_image(converted).size == (32, 16)
    fresh = Image.fromarray(np.ascontiguousarray(STORED[8]))
    fresh.getexif()[274] = 8
    assert np.array_equal(pixels(fresh), UPRIGHT)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_out_of_range_means_upright(value: int) -> None:
    exif = Image.Exif()
    exif[274] = value
    picture = load_image(saved(Image.fromarray(UPRIGHT), "PNG", exif=exif))
    assert picture.original_orientation == 1
    assert np.array_equal(np.asarray(picture.image), UPRIGHT)


def test_damaged_exif_does_not_hide_the_picture() -> None:
    picture = load_image(saved(Image.fromarray(UPRIGHT), "PNG", exif=b"Exif\0\0garbage!"))
    assert np.array_equal(np.asarray(picture.image), UPRIGHT)
    assert picture.original_orientation == 1


# --- Arrays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 200]], dtype=np.uint8), [[0, 0, 0], [200, 200, 200]]),
        (np.array([[[7], [8]]], dtype=np.uint8), [[7, 7, 7], [8, 8, 8]]),
        (np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8), [[1, 2, 3], [4, 5, 6]]),
        (np.array([[[1, 2, 3, 255], [0, 0, 0, 51]]], dtype=np.uint8), [[1, 2, 3], [204, 204, 204]]),
        (np.array([[True, False]]), [[255, 255, 255], [0, 0, 0]]),
        (np.array([[0, 65535]], dtype=np.uint16), [[0, 0, 0], [255, 255, 255]]),
        (np.array([[32896, 257]], dtype=">u2"), [[128, 128, 128], [1, 1, 1]]),
        (np.array([[0.0, 1.0]]), [[0, 0, 0], [255, 255, 255]]),
        (np.array([[[0.2, 0.4, 0.6]] * 2], dtype=np.float16), [[51, 102, 153], [51, 102, 153]]),
        (np.array([[[1.0, 0, 0, 0.0], [1.0, 0, 0, 1.0]]], dtype=np.float32), [[255, 255, 255], [255, 0, 0]]),
    ],
)
def test_arrays(array: npt.NDArray[Any], expected: list[list[int]]) -> None:
    assert pixels(array)[0].tolist() == expected
    assert pixels(array[:, ::-1])[0].tolist() == expected[::-1]  # not contiguous


def test_an_array_is_height_by_width() -> None:
    picture = load_image(np.zeros((2, 5, 3), dtype=np.uint8))
    assert (picture.size, picture.source) == ((5, 2), "array (uint8, 2x5x3)")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2), dtype=np.int64), r"array \(int64, 2x2\): an array of int64 is not understood \(wanted are"),
        (np.array([[object()]]), "an array of object is not understood"),
        (np.zeros((2, 2, 2), dtype=np.uint8), r"shape 2 x 2 x 2 is not a picture: wanted are height x width \(x 1, 3"),
        (np.zeros((3, 8, 8), dtype=np.uint8), r"use array.transpose\(1, 2, 0\)"),
        (np.zeros(4, dtype=np.uint8), "an array of shape 4 is not a picture"),
        (np.array(4, dtype=np.uint8), r"an array of shape \(\) is not a picture"),
        (np.zeros((0, 4), dtype=np.uint8), r"the array is empty \(0 x 4\)"),
        (np.array([[0.0, 255.0]]), r"float64 must lie within 0..1, but spans 0 to 255 \(divide by its full range"),
        (np.array([[-0.5, 0.5]]), "must lie within 0..1, but spans -0.5 to 0.5"),
        (np.array([[np.nan, 0.5]]), "must lie within 0..1, but spans nan to nan"),
    ],
)
def test_arrays_that_are_no_pictures(array: npt.NDArray[Any], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(array)


# --- Damaged and foreign files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM"])
def test_a_file_that_was_cut_off_is_an_error_wherever_it_was_cut(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise), kind)
    whole = load_image(data)
    refused = []
    for length in range(1, len(data), 37):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a cut TIFF makes Pillow warn before it fails
            try:
                assert load_image(data[:length]) == whole  # only what follows the last pixel is missing
            except ImageError:
                refused.append(length)
    assert refused[: len(data) // 40] == list(range(1, len(data), 37))[: len(data) // 40]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"bytes \(0\): is empty"),
        (b"hello, world", r"bytes \(12\): is data of another kind, not a picture that can be read \(JPEG, PNG"),
        (b"%PDF-1.7\n...", "is a PDF document, .*extract_document reads it .*open_document gives its pages"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing, .*render it first"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>", "is an SVG drawing"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", r"is an HEIC photo, .* pillow_heif.register_heif_opener\(\)"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "is an HEIC photo"),
        (b"\xff\x0a\xfa\x7f\x01", "is a JPEG XL picture"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer, .*git lfs pull"),
        (b"BMW is a maker of cars", "cannot be read as BMP: "),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is data of another kind"),
    ],
)
def test_data_that_is_no_picture_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_image(data)


def test_a_format_that_only_pillow_opens_comes_in_as_a_pil_image(tmp_path: Path) -> None:
    path = tmp_path / "a.tga"
    Image.new("RGB", (2, 2), (1, 2, 3)).save(path)
    with pytest.raises(ImageError, match=r"others go through PIL.Image.open"):
        load_image(path)
    with Image.open(path) as image:
        assert first(image) == (1, 2, 3)
