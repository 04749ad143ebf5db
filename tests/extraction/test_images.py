"""Where pictures come from, what is refused, and what a ``Picture`` can do."""

from __future__ import annotations

import base64
import copy
import io
import os
import pickle
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents.base import Blob
from PIL import Image, ImageFile

from extraction.errors import ImageError, OptionError
from extraction.images import ImageLimits, Picture, decode_data_uri, load_image

COLOUR = (200, 100, 50)
IMAGE = Image.new("RGB", (6, 4), COLOUR)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


PNG = saved(IMAGE)
BODY = base64.b64encode(PNG).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(PNG)
    return path


class PathLike:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


# --- Sources ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (str, "photo.png"),
        (Path, "photo.png"),
        (PathLike, "photo.png"),
        (lambda path: path.read_bytes(), f"bytes ({len(PNG)})"),
        (lambda path: bytearray(PNG), f"bytes ({len(PNG)})"),
        (lambda path: memoryview(PNG), f"bytes ({len(PNG)})"),
        (lambda path: io.BytesIO(PNG), "file object (BytesIO)"),
        (lambda path: f"data:image/png;base64,{BODY}", f"data URI (image/png, {len(BODY) + 22} characters)"),
        (lambda path: IMAGE, "PIL image (RGB, 6x4)"),
        (lambda path: np.asarray(IMAGE), "array (uint8, 4x6x3)"),
        (lambda path: Blob.from_data(PNG), f"Blob ({len(PNG)})"),
        (lambda path: Blob.from_data(PNG, mime_type="text/plain", metadata={"source": "scan 7"}), "scan 7"),
        (Blob.from_path, "photo.png"),
        (lambda path: Blob.from_data(f"data:image/png;base64,{BODY}"), "data URI (image/png"),
    ],
)
def test_every_source_gives_the_same_picture(path: Path, make: Callable[[Path], Any], label: str) -> None:
    picture = load_image(make(path))
    assert picture.size == (6, 4)
    assert picture.image.getpixel((5, 3)) == COLOUR
    assert picture.image.mode == "RGB"
    assert label in picture.source
    assert BODY not in picture.source
    assert picture == load_image(PNG)


def test_an_open_file_is_read_from_its_start_and_left_where_it_was(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(10)
        assert load_image(file) == load_image(PNG)
        assert file.tell() == 10
        assert load_image(file).source == str(path)


def test_a_stream_that_cannot_seek() -> None:
    reader, writer = os.pipe()
    os.write(writer, PNG)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        assert load_image(stream) == load_image(PNG)


def test_a_pil_image_names_its_file(path: Path) -> None:
    with Image.open(path) as image:
        assert load_image(image).source == str(path)


def test_a_picture_is_given_back() -> None:
    picture = load_image(PNG)
    assert load_image(picture) is picture
    with pytest.raises(ImageError, match="is not let in"):
        load_image(picture, limits=ImageLimits(max_side=5))


@pytest.mark.parametrize(
    "uri",
    [
        f"data:image/png;base64,{BODY}",
        f"DATA:IMAGE/PNG;BASE64,{BODY}",
        f"data:image/png;charset=utf-8;base64,{BODY}",
        f"data:image/png;name=a.png;base64 ,{BODY}",
        f"data:;base64,{BODY}",
        f"data:text/plain;base64,{BODY}",
        f"data:image/png;base64,{BODY.rstrip('=')}",
        f"data:image/png;base64,{BODY.replace('+', '-').replace('/', '_')}",
        f"data:image/png;base64,\n  {BODY[:40]}\r\n\t{BODY[40:]}\n",
        f"data:image/png;base64,{BODY.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}",
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
    ],
)
def test_data_uris_as_people_write_them(uri: str) -> None:
    assert decode_data_uri(uri) == PNG
    assert load_image(uri) == load_image(PNG)


def test_the_test_data_has_both_special_digits() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    body = base64.urlsafe_b64encode(saved(Image.fromarray(noise))).decode()
    assert "-" in body
    assert "_" in body
    assert np.array_equal(np.asarray(load_image(f"data:image/png;base64,{body}").image), noise)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("data:image/png;base64", "is not of the form data:image/png;base64,..."),
        ("image/png;base64,AAAA", "is not of the form"),
        ("data:image/png;base64,@@@@", r"data URI \(image/png, 26 characters\): its body is not valid base64"),
        ("data:image/png;base64,AAAAA", "its body is not valid base64"),
        ("data:image/png;base64,AA=A", "its body is not valid base64"),
        ("data:image/png;base64,ÄÄÄÄ", "its body is not valid base64"),
    ],
)
def test_data_uris_that_are_wrong(uri: str, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        decode_data_uri(uri)
    assert "AAAA" not in str(caught.value)


# --- What is refused --------------------------------------------------------------------------------------------------


class AsyncFile:
    async def read(self, count: int = -1) -> bytes:
        return PNG


def closed_file() -> io.BytesIO:
    file = io.BytesIO(PNG)
    file.close()
    return file


def closed_image() -> Image.Image:
    image = Image.open(io.BytesIO(PNG))
    image.close()
    return image


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "^'': the path is an empty string"),
        ("no/such/photo.jpg", "^no/such/photo.jpg: there is no such file$"),
        (Path("no/such/photo.jpg"), "^no/such/photo.jpg: there is no such file$"),
        (".", r"^.: is a folder, not a file \(give the files in it\)$"),
        ("a\0b.png", r"^a\?b.png: is not a path$"),
        ("x" * 5000, r"^text \(5000 characters\): cannot be opened: File name too long$"),
        (BODY * 2, r"^text \(\d+ characters\): is bare base64 \(put 'data:image/png;base64,' before it\)$"),
        (
            "file:///etc/photo.png",
            r"^file:///etc/photo.png: addresses that begin with file:// are not opened \(give the",
        ),
        ("s3://bucket/a.png", r"^s3://bucket/a.png: addresses that begin with s3:// are not opened \(read it yourself"),
        ("https://me:pw@a.org/b.png?key=1", r"^https://a.org/b.png: web addresses are not opened \(allow_urls=True"),
        (b"", r"^bytes \(0\): is empty$"),
        (io.BytesIO(), r"^file object \(BytesIO\): is empty$"),
        (io.StringIO("text"), r"is open in text mode \(open it with mode 'rb'\)"),
        (closed_file(), "cannot be read: I/O operation on closed file"),
        (AsyncFile(), r"^file object \(AsyncFile\): its read\(\) is asynchronous \(read it first"),
        (closed_image(), r"^PIL image \(RGB, 6x4\): is damaged or cut off"),
        (Blob(path="no/such.png"), "^no/such.png: there is no such file$"),
        (Blob.from_data("some text"), r"^Blob \(9\): is data of another kind"),
        (7, "^object of type int: is nothing that a picture can be read from: wanted is a path, bytes"),
        (None, "^object of type NoneType"),
        ([IMAGE], "^object of type list"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(source: Any, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        load_image(source)
    assert str(caught.value).startswith(caught.value.source)


def test_a_file_without_permission(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match=r"photo.png: may not be read: permission denied"):
        load_image(path)
    with pytest.raises(ImageError, match="is a folder, not a file"):
        load_image(path.parent)


@pytest.mark.parametrize(
    ("limits", "size", "message"),
    [
        (
            {"max_side": 5},
            (6, 4),
            "a picture of 6 x 4 is not let in: a side is longer than 5 (see ImageLimits.max_side)",
        ),
        ({"min_side": 5}, (6, 4), "a side is shorter than 5 (see ImageLimits.min_side)"),
        ({"max_pixels": 23}, (6, 4), "more than 23 pixels (see ImageLimits.max_pixels)"),
        ({"max_aspect": 1.4}, (4, 6), "one side is more than 1.4 times the other (see ImageLimits.max_aspect)"),
        ({}, (201, 1), "one side is more than 200 times the other"),
    ],
)
def test_limits_on_the_size(limits: dict[str, Any], size: tuple[int, int], message: str) -> None:
    image = Image.new("RGB", size)
    for source in (saved(image), image, np.asarray(image)):
        with pytest.raises(ImageError) as caught:
            load_image(source, limits=ImageLimits(**limits))
        assert message in str(caught.value)


def test_limits_let_in_what_just_fits() -> None:
    limits = ImageLimits(max_bytes=len(PNG), max_pixels=24, max_side=6, min_side=4, max_aspect=1.5)
    assert load_image(PNG, limits=limits).size == (6, 4)


def test_the_limit_on_bytes(path: Path) -> None:
    uri = f"data:image/png;base64,{BODY}"
    for source in (path, PNG, io.BytesIO(PNG), uri, Blob.from_data(PNG), Blob.from_path(path)):
        with pytest.raises(ImageError, match=r"has more than 70 bytes \(see max_bytes of the limits\)"):
            load_image(source, limits=ImageLimits(max_bytes=70))
        assert load_image(source, limits=ImageLimits(max_bytes=len(PNG))).size == (6, 4)
    with pytest.raises(ImageError, match="has more than 9 bytes"):
        decode_data_uri(uri, max_bytes=9)
    with pytest.raises(ImageError, match="has more than 1,000 bytes"):
        load_image(Path("/dev/zero"), limits=ImageLimits(max_bytes=1000))


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_limits_must_be_above_zero(value: float) -> None:
    with pytest.raises(OptionError, match=r"ImageLimits.max_aspect must be above 0, but is"):
        ImageLimits(max_aspect=value)


def bomb(side: int) -> bytes:
    """A small PNG whose header promises side x side pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_460, 12_000, 30_000])  # quiet, a warning and an error of Pillow's own
def test_bombs_are_refused_before_they_are_decoded_and_without_a_warning(side: int) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(
            ImageError, match=f"a picture of {side} x {side} is not let in: more than 89,478,485 pixels"
        ):
            load_image(bomb(side))
    assert caught == []


def test_a_gif_whose_frame_is_larger_than_its_screen() -> None:
    data = bytearray(saved(Image.new("P", (1, 1)), "GIF"))
    at = data.index(b",\0\0\0\0")  # the image descriptor: position, then size
    data[at + 5 : at + 9] = struct.pack("<HH", 12_000, 12_000)
    with pytest.raises(ImageError, match="a picture of 12000 x 12000 is not let in"):
        load_image(bytes(data))


def test_a_raised_limit_lets_large_pictures_in_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # below the picture, above half of it: Pillow would warn
    for kind in ("PNG", "TIFF", "GIF", "WEBP"):
        assert load_image(saved(IMAGE, kind)).size == (6, 4)


# --- The picture ------------------------------------------------------------------------------------------------------


def test_what_a_picture_tells() -> None:
    picture = load_image(PNG)
    assert (picture.width, picture.height, picture.original_orientation) == (6, 4, 1)
    assert repr(picture) == f"Picture(6x4, source='bytes ({len(PNG)})')"
    assert load_image(picture._repr_png_()) == picture


def test_equality_and_digest_are_those_of_the_pixels() -> None:
    picture = load_image(PNG)
    same = load_image(saved(IMAGE, "BMP"))
    turned = load_image(IMAGE.transpose(Image.Transpose.ROTATE_90))
    assert picture == same
    assert hash(picture) == hash(same)
    assert picture.digest == same.digest
    assert len(picture.digest) == 64
    assert turned.digest != picture.digest  # the same bytes in another shape
    assert picture != turned
    assert picture != "picture"
    assert len({picture, same, turned}) == 2


def test_a_picture_can_be_copied_and_sent_to_another_process() -> None:
    picture = load_image(PNG)
    assert pickle.loads(pickle.dumps(picture)) == picture
    assert copy.deepcopy(picture) == picture
    with pytest.raises(AttributeError):
        picture.source = "x"  # type: ignore[misc]


def test_data_uris_lead_back_to_the_picture() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (16, 24, 3), dtype=np.uint8)
    picture = load_image(noise)
    assert picture.to_data_uri().startswith("data:image/png;base64,iVBORw0KGgo")
    assert load_image(picture.to_data_uri()) == picture
    smooth = load_image(np.linspace(0, 1, 64)[None, :].repeat(16, 0))
    jpeg = load_image(smooth.to_data_uri("jpeg"))
    assert smooth.to_data_uri("jpeg").startswith("data:image/jpeg;base64,/9j/")
    assert np.abs(np.asarray(jpeg.image).astype(int) - np.asarray(smooth.image)).max() <= 3
    assert len(picture.to_data_uri("jpeg", quality=20)) < len(picture.to_data_uri("jpeg"))


def test_wrong_options_of_a_data_uri() -> None:
    picture = load_image(PNG)
    with pytest.raises(OptionError, match="made as 'png' or 'jpeg', not 'gif'"):
        picture.to_data_uri("gif")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="within 1 to 100, not 0"):
        picture.to_data_uri("jpeg", quality=0)
    with pytest.raises(ImageError, match="long strip: cannot be written as jpeg"):
        Picture(Image.new("RGB", (65_501, 1)), source="long strip").to_data_uri("jpeg")


def test_the_preview_for_notebooks_is_small() -> None:
    preview = load_image(load_image(Image.new("RGB", (2400, 1200)))._repr_png_())
    assert preview.size == (800, 400)


def test_only_rgb_makes_a_picture() -> None:
    with pytest.raises(ImageError, match=r"^picture: a Picture is RGB, not L, and not empty \(make it with load_image"):
        Picture(Image.new("L", (2, 2)))


def test_many_threads_load_at_once() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    sources = [saved(Image.fromarray(noise), kind) for kind in ("PNG", "GIF", "BMP", "TIFF")]
    expected = [load_image(source).digest for source in sources]
    barrier = threading.Barrier(8)

    def load(index: int) -> str:
        if index < 8:
            barrier.wait()
        return load_image(sources[index % 4]).digest

    filters = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(load, range(64))) == expected * 16
    assert list(warnings.filters) == filters
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_importing_it_is_light() -> None:
    code = "import sys, extraction.images; print([n for n in sys.modules if n.split('.')[0] in sys.argv[1:]])"
    heavy = ["torch", "transformers", "matplotlib", "httpx"]
    output = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True).stdout
    assert output == "[]\n"
