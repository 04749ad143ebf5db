from __future__ import annotations

import base64
import gc
import io
import sys
import threading
import weakref
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents.base import Blob
from PIL import Image

from extraction.errors import ImageError, MissingExtraError, OptionError
from extraction.extras import import_extra
from extraction.images import load_image
from extraction.pages import pdfium
from extraction.pages.document import Document, open_document
from extraction.pages.limits import PageLimits
from extraction.pages.page import Page
from tests.extraction.pages.pdf_files import Sheet, pdf, text
from tests.extraction.pages.samples import form, paper, picture, scanned, tiff

PDF = pdf([Sheet(text(f"page{number}", 20, 50), box=(0, 0, 72 * number, 72)) for number in range(1, 6)])


def _uri(data: bytes) -> str:
    return "data:;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize("wrap", [bytes, bytearray, io.BytesIO, _uri, Blob.from_data])
def test_a_pdf_is_recognised_by_its_bytes_wherever_they_are(wrap: Callable[[bytes], Any]) -> None:
    with open_document(wrap(b"\n" * 1000 + PDF)) as document:
        assert (document.kind, len(document), document.numbers) == ("pdf", 5, (1, 2, 3, 4, 5))


def test_a_name_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(PDF)
    with open_document(path) as document:
        assert document.kind == "pdf"
        assert document[1].picture.source == f"{path}, page 2"
    path.write_bytes(picture("PNG"))
    with open_document(str(path)) as document:
        assert (document.kind, len(document)) == ("picture", 1)
    path.write_bytes(b"some text that mentions %PDF- somewhere" + b"." * 2000)
    with pytest.raises(ImageError, match=r"picture\.png: is damaged, or has no pages"):
        open_document(path)


def test_pages_come_one_at_a_time_at_the_wanted_resolution() -> None:
    with open_document(PDF, dpi=100) as document:
        pages = iter(document)
        first = next(pages)
        assert (first.number, first.size, first.dpi) == (1, (100, 100), 100)
        assert [(page.number, page.size) for page in pages] == [(n, (100 * n, 100)) for n in range(2, 6)]
        assert document[-1].number == 5
        assert document[0].picture == first.picture
        with pytest.raises(IndexError):
            document[5]
        with pytest.raises(TypeError):
            document[0:2]  # type: ignore[index]
        assert repr(document) == f"Document('bytes ({len(PDF)})', kind='pdf', 5 of 5 pages)"


@pytest.mark.parametrize(
    ("pages", "numbers"),
    [
        (None, (1, 2, 3, 4, 5)),
        (2, (2,)),
        ("2", (2,)),
        ("4-,1 - 2,1", (4, 5, 1, 2)),
        (range(1, 6, 2), (1, 3, 5)),
        ([5, 1, 5], (5, 1)),
        ((number for number in (3,)), (3,)),
    ],
)
def test_pages_are_chosen_in_the_order_that_was_asked_for(pages: Any, numbers: tuple[int, ...]) -> None:
    with open_document(PDF, pages=pages, dpi=50) as document:
        assert document.numbers == numbers
        assert [page.number for page in document] == list(numbers)
        assert document.page_count == 5


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        (6, "there is no page 6: the document has 5 pages"),
        (0, "there is no page 0"),
        (-1, "there is no page -1"),
        ("3-9", "there is no page 6"),
        ("7-", "there is no page 7"),
        (range(1, 10**15), "there is no page 6"),
        ("3-2", "counts backwards"),
        ("one", "names no pages at 'one'"),
        ("", "names no pages"),
        ("1,,2", "names no pages at ''"),
        ([], "no pages were chosen"),
        ([1.0], r"whole numbers, not by 1\.0"),
        (True, "not by True"),
        (b"1", "not by bytes"),
        (["1"], "not by '1'"),
        ("1" * 5000, "names no pages"),
    ],
)
def test_pages_that_are_not_there_are_refused(pages: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        open_document(PDF, pages=pages)


@pytest.mark.parametrize("dpi", [0, -1, float("nan"), float("inf"), 0.5, 10_000, 1e30, 10**400])
def test_a_resolution_out_of_range_is_refused(dpi: float) -> None:
    with pytest.raises(OptionError, match="dpi lies within 1 to 2400"):
        open_document(PDF, dpi=dpi)


@pytest.mark.parametrize("dpi", ["200", None, True, 1j, [200]], ids=str)
def test_a_resolution_that_is_no_number_is_refused(dpi: Any) -> None:
    with pytest.raises(OptionError, match=rf"dpi is a number of pixels per inch, not {type(dpi).__name__} .dpi=200"):
        open_document(PDF, dpi=dpi)


@pytest.mark.parametrize("dpi", [Decimal(100), Fraction(100), np.float32(100)], ids=repr)
def test_a_resolution_is_any_kind_of_number(dpi: Any) -> None:
    with open_document(PDF, dpi=dpi) as document:
        assert (document[0].size, document[0].dpi) == ((100, 100), 100)


@pytest.mark.parametrize("limits", [None, {"max_pages": 5}, 5], ids=str)
def test_limits_of_another_kind_are_refused(limits: Any) -> None:
    with pytest.raises(OptionError, match="limits are PageLimits, not"):
        open_document(PDF, limits=limits)


@pytest.mark.parametrize("value", ["5", None, True, [1], 1j], ids=str)
def test_a_limit_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(OptionError, match=f"PageLimits.max_pages is a number, not {type(value).__name__}"):
        PageLimits(max_pages=value)


def test_limits() -> None:
    with pytest.raises(ImageError, match=rf"has more than {len(PDF) - 1:,} bytes"):
        open_document(PDF, limits=PageLimits(max_bytes=len(PDF) - 1))
    with pytest.raises(ImageError, match=r"more than 4 of its 5 pages are asked for \(choose some with pages="):
        open_document(PDF, limits=PageLimits(max_pages=4))
    with open_document(PDF, limits=PageLimits(max_pages=4), pages="2-5") as document:
        assert len(document) == 4
    with pytest.raises(OptionError, match="max_pixels must be above 0"):
        PageLimits(max_pixels=0)


@pytest.mark.parametrize(
    ("box", "most_pixels", "side"),
    [
        ((0, 0, 14400, 14400), 1_000_000, 20_000),
        ((0, 0, 1e6, 1), 1_000_000, 500),
        ((0, 0, 1e-3, 1e-3), 1_000_000, 500),
        ((-3e9, -3e9, 3e9, 3e9), 10_000, 20_000),
        ((0, 0, 1e6, 1e-3), 100, 20_000),
        ((0, 0, 777, 333), 1, 20_000),
    ],
)
def test_a_huge_page_is_drawn_smaller_and_says_so(
    box: tuple[float, float, float, float], most_pixels: int, side: int
) -> None:
    limits = PageLimits(max_pixels=most_pixels, max_side=side)
    with open_document(pdf([Sheet(box=box)]), limits=limits) as document:
        page = document[0]
    assert page.dpi is not None
    assert page.size[0] * page.size[1] <= most_pixels
    assert max(page.size) <= side
    told = any("it was drawn at" in note and "instead of 200: see PageLimits" in note for note in page.notes)
    assert told == (page.dpi < 200) == (box[2] > 1)


def test_mixed_sizes_turned_pages_and_crop_boxes() -> None:
    sheets = [
        Sheet(box=(0, 0, 144, 72)),
        Sheet(keys=b"/Rotate 90", box=(0, 0, 144, 72)),
        Sheet(keys=b"/CropBox[10 10 82 46]", box=(0, 0, 144, 72)),
    ]
    with open_document(pdf(sheets), dpi=72) as document:
        assert [page.size for page in document] == [(144, 72), (72, 144), (72, 36)]
    inherited = pdf([Sheet()], inherited=b"/CropBox[0 0 100 50]/Rotate 270")
    with open_document(inherited, dpi=72) as document:
        assert document[0].size == (50, 100)


def test_an_encrypted_file_asks_for_its_password() -> None:
    secret = pdf([Sheet(text("secret", 20, 50))], password=b"owl")
    with pytest.raises(ImageError, match=r"needs a password \(open_document\(\.\.\., password=\.\.\.\)\)"):
        open_document(secret)
    with pytest.raises(ImageError, match="is encrypted, and the password is wrong"):
        open_document(secret, password="cat")
    with pytest.raises(OptionError, match="a password is text, not bytes"):
        open_document(secret, password=b"owl")  # type: ignore[arg-type]
    with open_document(secret, password="owl") as document:
        words = document[0].words
    assert words is not None
    assert words.text == "secret"
    with open_document(PDF, password="whatever") as document:
        assert len(document) == 5


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7\n" + b"x" * 500, pdf([]), PDF[:200]])
def test_broken_files_are_clear_errors(data: bytes) -> None:
    with pytest.raises(ImageError, match="is damaged, or has no pages: no PDF document can be read from it"):
        open_document(data)


def test_one_broken_page_leaves_the_others() -> None:
    # The second page's object is none, which is noticed when it is reached.
    data = PDF.replace(b"5 0 obj\n<</Type/Page/", b"5 0 obj\n[]%Type/Page/", 1)
    with open_document(data, dpi=30) as document:
        assert document[0].number == 1
        with pytest.raises(ImageError, match=r"bytes \(\d+\): page 2 is damaged"):
            document[1]
        assert document[2].number == 3


def test_nothing_else_is_opened() -> None:
    for source in (b"", b"some text", "missing.pdf", 3):
        with pytest.raises(ImageError):
            open_document(source)  # type: ignore[arg-type]
    with pytest.raises(ImageError, match="allow_urls=True"):
        open_document("https://example.com/a.pdf")


def test_load_image_says_where_to_go_with_a_pdf() -> None:
    with pytest.raises(
        ImageError, match=r"is a PDF document, .*extract_document reads it page by page, open_document gives its pages"
    ):
        load_image(PDF)


def test_form_fields_and_annotations_are_drawn_and_are_words() -> None:
    with open_document(form()) as document:
        for _ in range(2):  # the second time, too
            page = document[0]
            assert page.words is not None
            assert [line.text for line in page.words.lines] == [
                "Name",
                "Ada Lovelace",
                "City",
                "London",
                "\N{HEAVY CHECK MARK}",
                "a remark",
            ]
            for word in page.words:
                part = np.asarray(page.picture.image.convert("L").crop(word.box.round().xyxy))
                assert part.min() < 128, word


def test_scans_have_no_words_and_say_why() -> None:
    with open_document(scanned(2), dpi=72) as document:
        pages = list(document)
    assert [page.size for page in pages] == [(400, 560)] * 2
    assert all(page.words is None and page.notes == ("it has no text layer",) for page in pages)


def test_every_frame_of_a_tiff_is_a_page() -> None:
    frames = [paper(seed, (60 + seed, 40)) for seed in range(3)]
    for options in ({}, {"compression": "tiff_lzw"}, {"big_tiff": True}):
        with open_document(tiff(frames, **options)) as document:
            assert (document.kind, len(document)) == ("tiff", 3)
            for number in (2, 0, 1, 2):
                page = document[number]
                assert page.number == number + 1
                assert page.picture.image.tobytes() == frames[number].tobytes()
                assert (page.words, page.dpi) == (None, None)
            assert [page.number for page in document] == [1, 2, 3]


def test_a_damaged_frame_stays_damaged_and_leaves_the_others() -> None:
    frames = [paper(seed, (60, 40)) for seed in range(3)]
    whole = tiff(frames, compression="tiff_adobe_deflate")
    with Image.open(io.BytesIO(whole)) as image:
        image.seek(1)
        (start,) = image.tag_v2[273]  # type: ignore[attr-defined]
    with open_document(whole[: start + 20] + b"\0" * 200 + whole[start + 220 :]) as document:
        for _ in range(2):
            assert document[0].picture.image.tobytes() == frames[0].tobytes()
            with pytest.raises(ImageError, match=r"bytes \(\d+\), page 2: is damaged or cut off"):
                document[1]
        assert document[2].number == 3


def test_the_frames_of_a_tiff_are_upright_each_by_its_own_tag() -> None:
    frames = [Image.new("RGB", (60, 40)) for _ in range(3)]
    for frame, orientation in zip(frames, (1, 6, 1), strict=True):
        frame.encoderinfo = {"tiffinfo": {274: orientation}}
    with open_document(tiff(frames, tiffinfo={274: 1})) as document:
        assert [page.size for page in document] == [(60, 40), (40, 60), (60, 40)]


def test_thumbnails_and_masks_in_a_tiff_are_no_pages() -> None:
    file = io.BytesIO()
    kinds = (0, 1, 0, 4)
    frames = [Image.new("RGB", (60 + kind, 40)) for kind in kinds]
    for frame, kind in zip(frames, kinds, strict=True):
        frame.encoderinfo = {"tiffinfo": {254: kind}}
    frames[0].save(file, "TIFF", save_all=True, append_images=frames[1:], tiffinfo={254: 0})
    with open_document(file.getvalue()) as document:
        assert [page.size for page in document] == [(60, 40), (60, 40)]


def test_other_pictures_are_one_page_and_animations_their_first_frame() -> None:
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])
        with open_document(file.getvalue()) as document:
            assert (document.kind, len(document)) == ("picture", 1)
            red, _, blue = document[0].picture.image.getpixel((5, 5))  # type: ignore[misc]
            assert (red > 200, blue < 50) == (True, True)
    opened = load_image(frames[1])
    with open_document(opened) as document:
        assert document[0] == Page(1, opened)


def _closed(document: Document) -> None:
    document.close()
    with pytest.raises(ImageError, match="the document is closed"):
        document[0]


def test_closing_is_final_and_may_be_repeated() -> None:
    for data in (PDF, tiff([paper(0), paper(1)])):
        document = open_document(data)
        page = document[0]
        _closed(document)
        _closed(document)
        assert page.picture.image.getpixel((0, 0)) is not None


def test_what_pdfium_keeps_is_freed_with_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    pypdfium2 = import_extra("pypdfium2", extra="pdf")

    closed: list[bool] = []
    close = pypdfium2.PdfDocument.close

    def count(self: Any) -> None:
        owner = pdfium.LOCK._is_owned()  # type: ignore[attr-defined]
        closed.append(owner)
        close(self)

    monkeypatch.setattr(pypdfium2.PdfDocument, "close", count)
    document = open_document(PDF)
    next(iter(document))
    del document
    gc.collect()
    assert closed == [True]
    with pytest.raises(OptionError):
        open_document(PDF, pages=9)
    gc.collect()
    assert closed == [True, True]


def test_a_page_is_gone_before_the_next_but_one_is_drawn() -> None:
    bases = import_extra("pypdfium2.internal.bases", extra="pdf")
    for data in (scanned(12), tiff([paper(seed) for seed in range(12)])):
        with open_document(data, dpi=72) as document:
            pictures: list[weakref.ref[Image.Image]] = []
            for page in document:
                pictures.append(weakref.ref(page.picture.image))
                assert sum(picture() is not None for picture in pictures) <= 2
                kept = {kind.__name__ for kind, held in bases.ObjectTracker.items() if held}
                assert kept <= {"PdfDocument"}
            assert len(pictures) == 12


def test_threads_may_share_documents() -> None:
    documents = [open_document(PDF, dpi=60), open_document(form(), dpi=60)]
    expected = [[page.picture.digest for page in document] for document in documents]
    failed: list[object] = []

    def read() -> None:
        try:
            for _ in range(3):
                for document, digests in zip(documents, expected, strict=True):
                    assert [page.picture.digest for page in document] == digests
        except BaseException as error:  # told by the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    for document in documents:
        document.close()


def test_without_the_extra_a_pdf_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingExtraError, match=r'pip install "langchain-extraction\[pdf\]"'):
        open_document(PDF)
    with open_document(picture("PNG")) as document:
        assert len(document) == 1
