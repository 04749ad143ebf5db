"""What the real engines make of small drawn pages."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from extraction import ModelLoadError, read_words
from extraction.ocr import rapid
from extraction.ocr.engines import EngineName
from extraction.ocr.layout import text_angle
from extraction.ocr.rapid import detector_view
from extraction.schemas.geometry import Box
from tests.extraction.ocr.conftest import Reading
from tests.extraction.ocr.pages import Pen, receipt

pytest.importorskip("rapidocr")
pytest.importorskip("tesserocr")
BOTH: list[EngineName] = ["rapidocr", "tesseract"]


def turned_box(box: Box, angle: float, before: tuple[int, int], after: tuple[int, int]) -> Box:
    """Where a box lies on a page that was turned clockwise about its middle."""
    a = math.radians(angle)
    points = np.array([[x, y] for x in (box.x1, box.x2) for y in (box.y1, box.y2)]) - np.array(before) / 2
    points = points @ np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]]) + np.array(after) / 2
    return Box.from_xyxy(*points.min(axis=0), *points.max(axis=0))


@pytest.mark.parametrize("engine", BOTH)
def test_every_word_is_read_where_it_stands(reading: Reading, engine: EngineName) -> None:
    drawn, read = reading("receipt", engine, 0)
    assert [word.text for word in read] == drawn.texts
    assert min(word.box.iou(box) for word, (_, box) in zip(read, drawn.words, strict=True)) > 0.5
    assert [line.text for line in read.lines] == [
        "GREEN GROCER",
        *("Olive oil", "7.99", "Bread", "1.85", "TOTAL", "9.84"),
    ]
    assert (read.engine, read.size, read.angle) == (engine, drawn.image.size, 0)
    assert all(word.quad is None and 0.8 < word.score <= 1 for word in read)


@pytest.mark.parametrize(
    ("engine", "angle"),
    [("rapidocr", 90), ("rapidocr", 180), ("rapidocr", -90), ("rapidocr", 4), ("tesseract", 90), ("tesseract", -4)],
)
def test_a_turned_or_slanted_page_has_its_words_in_its_own_pixels(
    reading: Reading, engine: EngineName, angle: float
) -> None:
    drawn, read = reading("receipt", engine, angle)
    assert [word.text for word in read] == drawn.texts
    assert abs((read.angle - angle + 180) % 360 - 180) < 1
    for word, (_, box) in zip(read, drawn.words, strict=True):
        assert word.box.iou(turned_box(box, angle, drawn.image.size, read.size)) > 0.4
        assert word.quad is not None
        first, second = word.quad.points[:2]  # the upper edge of the text
        along = math.degrees(math.atan2(second.y - first.y, second.x - first.x))
        assert abs((along - angle + 180) % 360 - 180) < 4


def test_columns_are_read_one_after_the_other(reading: Reading) -> None:
    drawn, read = reading("columns", "rapidocr", 0)
    assert [word.text for word in read] == drawn.texts
    assert [line.block for line in read.lines] == [0, 1, 1, 1, 2, 2, 2]


def test_a_blank_page_has_no_words() -> None:
    for engine in BOTH:
        blank = read_words(Image.new("RGB", (200, 100), "white"), engine=engine)
        assert (blank.lines, blank.angle, blank.text) == ((), 0, "")


@pytest.mark.parametrize("engine", BOTH)
def test_a_value_that_was_cut_out_is_read_from_few_pixels(engine: EngineName) -> None:
    drawn = receipt()
    text, box = drawn.words[4]
    cut = drawn.image.crop((int(box.x1) - 4, int(box.y1) - 4, int(box.x2) + 4, int(box.y2) + 4))
    assert max(cut.size) < 60
    assert read_words(cut, engine=engine).text == text == "7.99"


def test_light_text_on_a_dark_ground_is_cut_to_its_ink_too() -> None:
    pen = Pen((260, 60), 24)
    pen.write("Room 217", 30, 15)
    dark = Image.eval(pen.image, lambda level: 255 - level)
    read = read_words(dark, engine="rapidocr").words
    assert [word.text for word in read] == ["Room", "217"]
    assert min(word.box.iou(box) for word, (_, box) in zip(read, pen.words, strict=True)) > 0.6


def test_the_direction_of_most_text_is_that_of_the_page(reading: Reading) -> None:
    _, read = reading("receipt", "rapidocr", 180)
    assert text_angle(read.lines) == pytest.approx(180, abs=1)


def test_characters_without_known_places_share_their_line_evenly() -> None:
    known = SimpleNamespace(word_cols=[[1, 3], [7]], line_txt_len=10.0, confs=[0.9, 0.8, 1.0, 0.7])
    read = rapid._reading("ab c", known)
    assert (read.centres, read.scores) == ((0.15, 0.35, 0.75), (0.9, 0.8, 1.0, 0.7))
    unknown = SimpleNamespace(word_cols=[[1]], line_txt_len=10.0, confs=[0.6])
    read = rapid._reading("ab c", unknown)
    assert (read.centres, read.scores) == ((0.125, 0.375, 0.875), (0.6,) * 4)
    assert rapid._reading(" ", unknown).text == ""


def test_other_weights_are_told_and_never_downloaded(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").touch()
    with pytest.raises(ModelLoadError, match=r"no weights named PP-OCRv6_det_small.onnx \(there are other.onnx\)"):
        rapid._weights(tmp_path, rapid._DETECTOR)


def test_the_detector_sees_bounded_pictures_in_whole_steps() -> None:
    for size in [(1, 1), (40, 12), (500, 700), (3000, 20), (9000, 6000), (60_000, 400)]:
        view = detector_view(size, 1280)
        assert all(side % 32 == 0 for side in view.size)
        assert max(view.content) <= 1280
        assert max(view.size) <= 1280 + 64
        assert all(inner + 2 * view.margin <= outer for inner, outer in zip(view.content, view.size, strict=True))
