from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from extraction.pages.document import open_document
from extraction.pages.fields import Field, read_fields
from extraction.pages.page import Page
from extraction.pages.rects import Rect
from tests.extraction.pages.pdf_files import HELVETICA, Sheet, pdf, text

LONG = "The quick brown fox jumps over the lazy dog and runs"


def _page(field: bytes, *, turned: int = 0, more: bytes = b"") -> Page:
    """A sheet "Remarks" with one field beside it."""
    data = pdf(
        [Sheet(text("Remarks", 20, 150), b"/Rotate %d/Annots[3 0 R]" % turned)],
        extra=[b"<</Type/Annot/DA(/Helv 10 Tf 0 g)" + field + b">>", *([more] if more else [])],
        catalog=b"/AcroForm<</Fields[3 0 R]/DR<</Font<</Helv %b>>>>>>" % HELVETICA,
    )
    with open_document(data, dpi=150) as document:
        return document[0]


def _field(
    value: str, *, rect: tuple[int, int, int, int] = (100, 60, 250, 165), flags: int = 0, keys: str = ""
) -> bytes:
    place = " ".join(map(str, rect))
    return f"/Subtype/Widget/F 4/FT/Tx/T(n)/V({value})/Rect[{place}]/Ff {flags}{keys}".encode("cp1252")


def _lines(page: Page) -> list[str]:
    assert page.words is not None
    return [line.text for line in page.words.lines]


def _check_ink(page: Page, words: list[str]) -> None:
    """Each word's box is drawn in, up to its edges, and no two words share any of it."""
    assert page.words is not None
    boxes = [word.box for word in page.words if word.text in words]
    assert len(boxes) == len(words)
    grey = np.asarray(page.picture.image.convert("L")).astype(int)
    for number, box in enumerate(boxes):
        x1, y1, x2, y2 = (round(edge) for edge in box.xyxy)
        part = grey[y1:y2, x1:x2]
        ink = np.abs(part - np.median(grey[y1 - 1 : y2 + 1, x1 - 1 : x2 + 1].ravel())) > 40
        assert ink[0].any()
        assert ink[-1].any()
        assert ink[:, 0].any()
        assert ink[:, -1].any()
        assert all(box.iou(other) < 0.02 for other in boxes[number + 1 :])


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_field_of_several_lines(turned: int) -> None:
    page = _page(_field(LONG, flags=1 << 12), turned=turned)
    assert page.words is not None
    told = page.words.text.replace("\n", " ").split()
    assert [word for word in told if word != "Remarks"] == LONG.split()
    assert page.words.angle == {0: 0, 90: 90, 180: 180, 270: -90}[turned]
    assert len({line.box.round().xyxy for line in page.words.lines}) == len(page.words.lines) >= 2
    _check_ink(page, LONG.split())


@pytest.mark.parametrize("keys", ["", "/MK<</BC[0 0 1]>>/BS<</W 1>>", "/MK<</BC[0 0 0]/BG[.8 .9 1]>>/BS<</W 2>>"])
def test_borders_and_grounds_are_no_words(keys: str) -> None:
    page = _page(_field("Total 12.50 EUR", rect=(120, 140, 250, 165), keys=keys))
    assert _lines(page) == ["Remarks", "Total 12.50 EUR"]
    _check_ink(page, ["Total", "12.50", "EUR"])


def test_a_comb_is_one_word() -> None:
    page = _page(_field("4711", rect=(120, 140, 250, 165), flags=1 << 24, keys="/MaxLen 4"))
    assert page.words is not None
    number = page.words.words[-1]
    assert number.text == "4711"
    assert number.box.width > 130


@pytest.mark.parametrize(
    "field",
    [
        _field("secret", flags=1 << 13),
        _field("hidden", keys="/F 2").replace(b"/F 4", b"", 1),
        _field(""),
        _field("   "),
        _field("beyond", rect=(900, 900, 950, 950)),
        _field("nowhere", rect=(50, 50, 50, 50)),
        b"/Subtype/Widget/F 4/FT/Btn/T(n)/V/Off/AS/Off/Rect[100 100 120 120]",
        b"/Subtype/Link/Rect[100 100 120 120]",
        b"/Subtype/Popup/Contents(a note)/Rect[100 100 200 150]",
    ],
)
def test_what_is_not_shown_is_no_word(field: bytes) -> None:
    assert _lines(_page(field)) == ["Remarks"]


@pytest.mark.parametrize("flags", [0, 1 << 12])
def test_a_field_that_shows_a_part_of_its_text_is_left_out_and_says_so(flags: int) -> None:
    page = _page(_field(" ".join([LONG] * 30), flags=flags))
    assert _lines(page) == ["Remarks"]
    assert page.notes == ("form fields that show a part of their text were left out of its words",)


def test_choices_and_remarks_are_words() -> None:
    choice = b"/Subtype/Widget/F 4/FT/Ch/Ff 131072/T(n)/V(Peru)/Opt[(Chile)(Peru)]/Rect[100 60 250 80]"
    assert _lines(_page(choice)) == ["Remarks", "Peru"]
    remark = b"/Subtype/FreeText/F 4/Contents(please pay)/Rect[100 60 250 80]"
    assert _lines(_page(remark)) == ["Remarks", "please pay"]


def test_values_beyond_latin_letters() -> None:
    page = _page(
        f"/Subtype/Widget/F 4/FT/Tx/T(n)/V<{'feff' + 'Zoë'.encode('utf-16-be').hex()}>/Rect[100 60 250 80]".encode()
    )
    assert _lines(page) == ["Remarks", "Zoë"]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_whatever_is_drawn_in_a_field_its_words_are_at_most_there_once_and_inside(turned: int) -> None:
    for seed in range(40):
        chance = np.random.default_rng(seed)
        pixels = np.full((60, 90), 255, dtype=np.uint8)
        for _ in range(int(chance.integers(0, 12))):
            top, left = chance.integers(0, 60), chance.integers(0, 90)
            pixels[top : top + chance.integers(1, 20), left : left + chance.integers(1, 30)] = 0
        words = [f"w{number}" * int(chance.integers(1, 6)) for number in range(int(chance.integers(1, 6)))]
        field = Field(" ".join(words), Rect(10.2, 5.1, 80.7, 50), lines=bool(seed % 2))
        blank = Image.new("L", (90, 60), 255)
        chars, _ = read_fields([field], Image.fromarray(pixels), blank, turned)
        found = [char for char in chars if char.text != " "]
        assert len(found) <= len(words)
        assert {char.text for char in found} <= set(words)
        assert all(
            10 <= char.ink.left <= char.ink.right <= 81 and 5 <= char.ink.top <= char.ink.bottom <= 50 for char in found
        )
