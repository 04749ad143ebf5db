"""Labels of a plot: whole, inside the axes, apart from one another, and exactly the text they were given."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from extraction import plot_boxes
from extraction.fonts import legible, shortened
from extraction.labels import contrast
from tests.extraction.plot_checks import box, check_labels, grey, random_boxes, rendered, shown_texts


@pytest.mark.parametrize("count", [1, 8, 30])
@pytest.mark.parametrize("size", [(640, 480), (64, 64), (3000, 500), (500, 1500)])
def test_labels_of_many_boxes(count: int, size: tuple[int, int]) -> None:
    check_labels(plot_boxes(grey(*size), random_boxes(count, *size)), count)


def test_labels_of_boxes_on_every_border_and_outside() -> None:
    edges = [(0, 0, 640, 480), (0, 0, 60, 50), (580, 0, 640, 50), (0, 430, 60, 480), (580, 430, 640, 480)]
    outside = [(-30, 200, 20, 240), (620, 200, 700, 240), (300, -50, 340, -10), (700, 300, 750, 350)]
    value = [{"label": f"box number {index}", "box": box(*xyxy)} for index, xyxy in enumerate(edges + outside)]
    check_labels(plot_boxes(grey(), value), 9)


def test_a_label_without_room_beside_its_box_is_joined_to_it() -> None:
    value = [{"label": f"thing {index}", "box": box(300, 200, 330, 225)} for index in range(16)]
    axes = plot_boxes(grey(), value)
    check_labels(axes, 16)
    leaders = [line for line in axes.lines if line.get_visible()]
    assert 0 < len(leaders) < 16
    for leader in leaders:
        xs, ys = np.asarray(leader.get_data())
        assert 296 <= xs[1] <= 334
        assert 196 <= ys[1] <= 229


def test_a_full_picture_leaves_labels_out_rather_than_one_on_another() -> None:
    value = [{"label": "a long label for a strip", "box": box(0, 0, 2000, 10)} for _ in range(150)]
    axes = plot_boxes(grey(2000, 20), value)
    axes.get_figure(root=True).draw_without_rendering()  # type: ignore[union-attr]
    count = len(shown_texts(axes))
    assert 10 < count < 150
    check_labels(axes, count)
    axes.figure.set_size_inches(40, 8)  # type: ignore[union-attr]
    axes.set(xlim=(0, 2000), ylim=(400, 0))
    check_labels(axes, 150)


def test_no_labels() -> None:
    assert list(plot_boxes(grey(), random_boxes(3, 640, 480), labels=False).texts) == []
    assert list(plot_boxes(grey(), [box(1, 1, 9, 9)]).texts) == []


def test_labels_are_never_markup() -> None:
    names = ["$x^2$", r"$\frac{1", "cost_{i} $5 and $6", "100% \\alpha"]
    value = [{"label": name, "box": box(50, 100 * i + 50, 300, 100 * i + 90)} for i, name in enumerate(names)]
    axes = plot_boxes(grey(), value)
    assert [text.get_text() for text in axes.texts] == names
    assert not any(text.get_parse_math() or text.get_usetex() for text in axes.texts)
    check_labels(axes, 4)
    assert rendered(axes).std() > 0


def test_any_unicode_is_drawn_without_a_warning() -> None:
    names = ["价格", "😀 smile", "عربي", "שלום", "नमस्ते", "a\u0000b\u200bc\ud800d", "two\nlines\tand tabs", "\U0010ffff"]
    value = [{"label": name, "box": box(50, 55 * i + 20, 200, 55 * i + 50)} for i, name in enumerate(names)]
    axes = plot_boxes(grey(), value)
    rendered(axes)  # every warning is an error here
    texts = [text.get_text() for text in axes.texts]
    assert texts[5:7] == ["abcd", "two lines and tabs"]
    assert len(texts) == 7  # nothing is left of the last


def test_long_labels_are_shortened() -> None:
    axes = plot_boxes(grey(), {"label": "x" * 1000, "box": box(10, 50, 600, 400)})
    (text,) = axes.texts
    assert text.get_text().startswith("xxxx")
    assert text.get_text().endswith("…")
    assert len(text.get_text()) <= 60
    check_labels(axes, 1)
    assert [shortened("abcdef", length) for length in (6, 5, 2, 1)] == ["abcdef", "abcd…", "a…", "…"]
    assert shortened("ab cdef", 4) == "ab…"


def test_another_font_helps_out() -> None:
    with mpl.rc_context({"font.family": ["DejaVu Sans"]}):
        assert legible("plain").families == ("DejaVu Sans",)
        shown = legible("a \u1d81")  # D WITH PALATAL HOOK: matplotlib brings it in STIXGeneral only
        assert shown.text == "a \u1d81"
        assert shown.families[0] == "DejaVu Sans"
        assert len(shown.families) == 2
        axes = plot_boxes(grey(), {"label": shown.text, "box": box(50, 50, 200, 150)})
        assert axes.texts[0].get_fontfamily() == list(shown.families)
        rendered(axes)


def test_characters_without_a_font_become_squares() -> None:
    missing = "\U00010920"  # a Lydian letter
    shown = legible(f"a{missing}b")
    if len(shown.families) == len(mpl.rcParams["font.family"]):
        assert shown.text == "a□b"
    assert legible("a\u0301\ufe0f  b\r\n").text == "a\u0301 b"


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [((0, 0, 0), "#ffffff"), ((255, 255, 255), "#000000"), ((255, 0, 0), "#000000"), ((0, 0, 255), "#ffffff")],
)
def test_text_is_black_or_white_by_contrast(rgb: tuple[int, int, int], expected: str) -> None:
    assert contrast(rgb) == expected
