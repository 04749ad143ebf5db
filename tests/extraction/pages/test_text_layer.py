from __future__ import annotations

import io
import math
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from extraction.pages.document import open_document
from extraction.pages.page import Page
from extraction.pages.words import PageWords, Word
from extraction.schemas.geometry import Box
from tests.extraction.pages.pdf_files import HELVETICA, Sheet, pdf, stream, text
from tests.extraction.pages.samples import Written, paper, printed


def _page(data: bytes, *, dpi: float = 100, hidden_text: bool = False) -> Page:
    with open_document(data, dpi=dpi, hidden_text=hidden_text) as document:
        return document[0]


def _words(data: bytes, *, dpi: float = 100, hidden_text: bool = False) -> PageWords:
    words = _page(data, dpi=dpi, hidden_text=hidden_text).words
    assert words is not None
    assert words.engine == "text layer"
    return words


def _ink(page: Page, around: Box) -> Box:
    """The smallest box around what is drawn near a word."""
    grey = np.asarray(page.picture.image.convert("L")).astype(int)
    x1, y1, x2, y2 = (round(edge) for edge in around.xyxy)
    part = grey[max(y1 - 3, 0) : y2 + 3, max(x1 - 3, 0) : x2 + 3]
    rows, columns = np.nonzero(part < part.max() - 40)
    left, top = max(x1 - 3, 0) + columns.min(), max(y1 - 3, 0) + rows.min()
    return Box.from_xyxy(left, top, left + np.ptp(columns) + 1, top + np.ptp(rows) + 1)


def _overlaps(page: Page) -> Iterator[tuple[str, float]]:
    assert page.words is not None
    for word in page.words:
        yield word.text, word.box.iou(_ink(page, word.box))


LINES = [
    Written("Invoice Wörter fifteen", 40, 60, 14),
    Written("No. 4711/b (paid)", 40, 90),
    Written("12.50 €", 180, 120),
]


@pytest.mark.parametrize("fonttype", [3, 42])
@pytest.mark.parametrize("dpi", [72, 200])
def test_words_are_where_their_ink_is(fonttype: int, dpi: float) -> None:
    page = _page(printed([LINES], size=(260, 200), fonttype=fonttype), dpi=dpi)
    overlaps = dict(_overlaps(page))
    assert list(overlaps) == ["Invoice", "Wörter", "fifteen", "No.", "4711/b", "(paid)", "12.50", "€"]
    assert min(overlaps.values()) > (0.85 if dpi == 200 else 0.7), overlaps
    assert page.words is not None
    assert [word.score for word in page.words] == [1.0] * 8
    assert [line.text for line in page.words.lines] == [line.words for line in LINES]
    assert page.words.angle == 0
    assert all(word.quad is None for word in page.words)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [b"", b"/CropBox[30 40 250 190]"])
def test_turned_and_cropped_pages(turned: int, crop: bytes) -> None:
    content = text("Hello wide world", 60, 150) + text("below", 60, 120)
    page = _page(pdf([Sheet(content, b"/Rotate %d" % turned)], inherited=crop), dpi=200)
    overlaps = dict(_overlaps(page))
    assert list(overlaps) == ["Hello", "wide", "world", "below"]
    assert min(overlaps.values()) > 0.8
    assert page.words is not None
    assert page.words.angle == {0: 0, 90: 90, 180: 180, 270: -90}[turned]
    first = page.words.words[0]
    if turned == 0:
        assert first.quad is None
        return
    assert first.quad is not None
    assert _direction(first) == pytest.approx((math.cos(math.radians(turned)), math.sin(math.radians(turned))))
    assert first.quad.bounds.iou(first.box) > 0.99


def _direction(word: Word) -> tuple[float, float]:
    """From the first corner of a word to the second: the way in which it is read."""
    assert word.quad is not None
    start, end = word.quad.points[:2]
    length = start.distance(end)
    return (end.x - start.x) / length, (end.y - start.y) / length


def test_slanted_words_have_their_corners() -> None:
    page = _page(printed([[Written("slanted words", 60, 140, 14, angle=30)]], size=(260, 200)), dpi=200)
    assert page.words is not None
    (line,) = page.words.lines
    assert (line.text, page.words.angle) == ("slanted words", -30)
    for word in line.words:
        assert _direction(word) == pytest.approx((math.cos(math.radians(30)), -math.sin(math.radians(30))), abs=0.02)
        assert word.box.iou(_ink(page, word.box)) > 0.6
        assert word.quad is not None
        assert word.quad.bounds.iou(word.box) > 0.5
    assert line.quad is not None
    assert line.quad.area > sum(word.quad.area for word in line.words if word.quad is not None)


def test_text_on_its_side_is_read_after_the_upright_text() -> None:
    sheet = [Written("sideways", 30, 150, angle=90), Written("first line", 60, 60), Written("second line", 60, 74)]
    words = _words(printed([sheet], size=(260, 200)))
    assert [line.text for line in words.lines] == ["first line", "second line", "sideways"]
    assert words.angle == 0
    assert [line.block for line in words.lines] == [0, 0, 1]


PROSE = "the quick brown fox jumps over a lazy dog".split()


def _column(x: float, name: str, *, gaps: tuple[int, ...] = ()) -> list[Written]:
    lines, y = [], 100.0
    for number in range(10):
        y += 14 + 14 * (number in gaps)
        lines.append(Written(f"{name}{number} {' '.join(PROSE)}", x, y))
    return lines


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    title = Written("A title across both of the columns of this sheet", 80, 60, 16)
    foot = Written(" ".join(PROSE * 3), 40, 400, 8)
    left, right = _column(40, "L", gaps=(4,)), _column(320, "R", gaps=(4,))
    rows = [line for pair in zip(left, right, strict=True) for line in pair]  # the file has them row by row
    words = _words(printed([[foot, *rows, title]]))
    assert [line.text for line in words.lines] == [line.words for line in (title, *left, *right, foot)]
    assert [line.block for line in words.lines] == [0, *[1] * 4, *[2] * 6, *[3] * 4, *[4] * 6, 5]
    assert words.text.split("\n\n")[1].splitlines() == [line.words for line in left[:4]]


def test_tables_and_forms_are_read_row_by_row_and_their_cells_kept_apart() -> None:
    rows = [("Item", "Quantity", "Amount"), ("Tea", "2", "7.00"), ("Black coffee", "10", "1,250.00")]
    sheet = [
        Written(cell, x, 100 + 16 * place, right=x > 100)
        for x, column in zip((40, 250, 400), zip(*rows, strict=True), strict=True)
        for place, cell in enumerate(column)  # the file has them column by column
    ]
    words = _words(printed([sheet]))
    assert [line.text for line in words.lines] == [cell for row in rows for cell in row]
    assert {line.block for line in words.lines} == {0}


def test_letters_of_a_word_stay_together_and_blanks_that_are_not_written_are_found() -> None:
    apart = b"BT /F1 12 Tf 20 150 Td [(Sp) -20 (lit) -600 (gap)] TJ ET\n"
    moved = text("To", 20, 120) + text("tal", 33.9, 120) + text("5", 70, 120)
    words = _words(pdf([Sheet(apart + moved)]))
    assert [[word.text for word in line.words] for line in words.lines] == [["Split", "gap"], ["Total"], ["5"]]


def test_runs_of_blanks_part_a_line() -> None:
    words = _words(pdf([Sheet(text("Total          12.50", 20, 150) + text("a  b", 20, 120))]))
    assert [line.text for line in words.lines] == ["Total", "12.50", "a b"]


def test_ligatures_and_soft_hyphens_become_letters() -> None:
    table = stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"3 beginbfchar <41> <FB01> <42> <00AD> <43> <0078> endbfchar\nendcmap end end"
    )
    font = b"/F2 <</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 3 0 R>>"
    words = _words(pdf([Sheet(text("ACB", 20, 150, font="F2"))], extra=[table], fonts=font))
    assert words.text == "fix-"


UNMAPPED = stream(
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange <00> <FF> endcodespacerange\n"
    b"1 beginbfrange <41> <5A> <E041> endbfrange\nendcmap end end"
)
SYMBOLS = b"/F2 <</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 3 0 R>>"


def test_a_layer_without_meaning_is_none() -> None:
    page = _page(
        pdf([Sheet(text("ABCDE FGH", 20, 150, font="F2") + text("x", 20, 50))], extra=[UNMAPPED], fonts=SYMBOLS)
    )
    assert page.words is None
    assert page.notes == ("its text layer does not tell which letters its forms stand for",)


def test_single_symbols_are_left_out() -> None:
    content = text("A", 10, 150, font="F2") + text("first point of several", 40, 150)
    page = _page(pdf([Sheet(content)], extra=[UNMAPPED], fonts=SYMBOLS))
    assert page.words is not None
    assert page.words.text == "first point of several"
    assert page.notes == ("symbols of unknown meaning were left out of its words",)


def _scan_with_layer(
    before: str,
    *,
    below: bool = False,
    scan: Image.Image | None = None,
    words: str = "read by a machine",
    strips: int = 1,
) -> bytes:
    """A scan of the whole sheet, in strips, and what some OCR engine has read of it, above it or below."""
    file = io.BytesIO()
    (scan or paper(1, (300, 200))).save(file, "JPEG")
    shape = b"/Type/XObject/Subtype/Image/Width 300/Height 200/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
    layer = text(words, 12, 168, before=before)
    keys = b"/Resources<</Font<</F1 %b>>/XObject<</I 3 0 R>>>>" % HELVETICA
    height = 200 // strips
    drawn = b"".join(b"q 300 0 0 %d 0 %d cm /I Do Q\n" % (height, height * place) for place in range(strips))
    return pdf([Sheet(layer + drawn if below else drawn + layer, keys)], extra=[stream(file.getvalue(), shape)])


@pytest.mark.parametrize("data", [_scan_with_layer("3 Tr"), _scan_with_layer("", below=True)])
def test_the_layer_of_a_scanner_is_taken_when_asked_for(data: bytes) -> None:
    page = _page(data)
    assert page.words is None
    assert "hidden_text=True takes it" in page.notes[0]
    assert _words(data, hidden_text=True).text == "read by a machine"


def test_what_is_printed_on_a_picture_is_seen() -> None:
    blank = Image.new("RGB", (300, 200), (235, 235, 235))
    assert _words(_scan_with_layer("1 0 0 rg", scan=blank)).text == "read by a machine"
    gradient = np.linspace(0, 255, 300 * 200).reshape(200, 300).astype(np.uint8)  # a photograph, no paper
    assert (
        _words(_scan_with_layer("1 0 0 rg", scan=Image.fromarray(gradient).convert("RGB"))).text == "read by a machine"
    )


@pytest.mark.parametrize("strips", [1, 4])
def test_a_stamp_on_a_scan_is_not_its_text(strips: int) -> None:
    page = _page(_scan_with_layer("0 0 1 rg", words="Envelope 4711, page 1 of 3", strips=strips))
    assert page.words is None
    assert page.picture.words is None
    assert page.notes == ("its text layer is only a small part of what stands on it: a stamp on a scan, perhaps",)


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (text("white on white", 20, 150, before="1 g") + text("seen", 20, 100, before="0 g"), "seen"),
        (text("nearly white", 20, 150, before="0.99 g") + text("seen", 20, 100, before="0 g"), "seen"),
        (text("outside", 400, 150) + text("within", 20, 100), "within"),
        (text("tiny words", 20, 150, size=0.1) + text("seen", 20, 100), "seen"),
        (
            text("not drawn", 20, 150, before="3 Tr") + text("seen well enough", 20, 100, before="0 Tr"),
            "seen well enough",
        ),
        (text("covered", 20, 150) + b"1 g 0 140 300 30 re f\n" + text("seen", 20, 100, before="0 g"), "seen"),
        (b"0 g 0 140 300 30 re f\n" + text("white on black", 20, 150, before="1 g"), "white on black"),
        (text("pale grey", 20, 150, before="0.85 g"), "pale grey"),
    ],
)
def test_only_what_is_seen_counts(content: bytes, seen: str) -> None:
    page = _page(pdf([Sheet(content)]))
    assert page.words is not None
    assert page.words.text == seen
    complete = {"white on black", "pale grey", "within"}
    told = "text that cannot be seen was left out of its words"
    assert any(told in note for note in page.notes) == (seen not in complete)


def test_a_layer_that_cannot_be_seen_is_none() -> None:
    page = _page(pdf([Sheet(text("white on white", 20, 150, before="1 g"))]))
    assert (page.words, page.notes) == (None, ("its text layer cannot be seen on it",))


def test_an_empty_page_has_no_layer() -> None:
    page = _page(pdf([Sheet(text("   ", 20, 150))]))
    assert (page.words, page.notes) == (None, ("it has no text layer",))


def test_boxes_end_at_the_edge_of_the_picture() -> None:
    page = _page(pdf([Sheet(text("MMMMMMMM", -20, 185, size=24) + text("inside", 100, 100))]), dpi=72)
    assert page.words is not None
    for word in page.words:
        assert 0 <= word.box.x1 < word.box.x2 <= page.size[0]
        assert 0 <= word.box.y1 < word.box.y2 <= page.size[1]
    assert {word.text for word in page.words} == {"MMMMMMMM", "inside"}


def test_the_picture_is_what_is_measured() -> None:
    page = _page(pdf([Sheet(text("x", 20, 50), box=(0, 0, 100.3, 99.6))]), dpi=100)
    assert page.words is not None
    assert page.words.size == page.size == (140, 139)
    assert isinstance(page.picture.image, Image.Image)
