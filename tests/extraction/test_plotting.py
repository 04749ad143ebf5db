"""What stands on the axes of a plot: the data of the lines, the places of the labels, the pixels of the file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon as PolygonPatch
from PIL import Image

from extraction import Source, Sources, plot_bounding_boxes, plot_boxes, plot_sources
from extraction.drawing import PALETTE, PictureFigure
from extraction.errors import ImageError, OptionError
from extraction.images import load_image
from extraction.schemas import Color, DetectedObject, Point, Polygon, Scene
from tests.extraction.plot_checks import box, check_labels, grey, random_boxes, rectangles, rendered

# --- The picture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(640, 480), (64, 64), (3000, 500), (100, 900), (1, 1), (4000, 20)])
def test_the_picture_fills_the_figure_and_its_pixels_are_the_units(width: int, height: int) -> None:
    axes = plot_boxes(grey(width, height), [])
    figure = axes.get_figure(root=True)
    assert isinstance(figure, PictureFigure)
    assert axes.get_position().bounds == pytest.approx((0, 0, 1, 1))
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, width), (height, 0))
    assert list(axes.images[0].get_extent()) == [0, width, height, 0]
    assert not axes.axison
    inches = figure.get_size_inches()
    assert inches[0] / inches[1] == pytest.approx(width / height)
    assert inches.min() >= 0.19
    assert inches.max() <= 40
    pixels = rendered(axes)
    assert (pixels == 128).all()  # no margin anywhere


def test_the_top_left_pixel_is_at_the_top_left() -> None:
    image = grey(4, 2)
    image.putpixel((0, 0), (255, 0, 0))
    pixels = rendered(plot_boxes(image, None))
    assert pixels[10, 10].tolist() == [255, 0, 0]
    assert pixels[-10, 10].tolist() == [128, 128, 128]
    assert pixels[10, -10].tolist() == [128, 128, 128]
    assert pixels[pixels.shape[0] // 2 - 9, pixels.shape[1] // 4 - 9].tolist() == [255, 0, 0]


def test_the_picture_is_shown_upright() -> None:
    image = grey(20, 10)
    image.getexif()[274] = 6
    axes = plot_boxes(image, box(1, 2, 3, 4))
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 10), (20, 0))


def test_a_large_picture_is_shown_from_fewer_pixels_in_its_own_units() -> None:
    axes = plot_boxes(grey(9000, 90), box(8000, 10, 9000, 90))
    shown = axes.images[0].get_array()
    assert shown is not None
    assert shown.shape == (30, 3000, 3)
    assert axes.get_xlim() == (0, 9000)
    assert rectangles(axes)[0].get_x() == 8000


def test_a_picture_that_cannot_be_read() -> None:
    with pytest.raises(ImageError, match="there is no such file"):
        plot_boxes("no/such.png", [])


# --- The shapes -------------------------------------------------------------------------------------------------------


def test_lines_have_the_boxes_data_and_colours() -> None:
    scene = Scene(
        objects=[
            DetectedObject(label="star", color=Color("red"), box=box(10, 20, 110.5, 220.25)),
            DetectedObject(label="ring", color=Color("white"), box=box(0, 0, 640, 480)),
        ]
    )
    axes = plot_boxes(grey(), scene)
    first, second = rectangles(axes)
    assert (*first.get_xy(), first.get_width(), first.get_height()) == (10, 20, 100.5, 200.25)
    assert (*second.get_xy(), second.get_width(), second.get_height()) == (0, 0, 640, 480)
    assert to_hex(first.get_edgecolor()) == "#ff0000"
    assert to_hex(second.get_edgecolor()) == "#ffffff"
    assert not first.get_fill()
    assert first.get_zorder() > second.get_zorder()  # the small one on top
    assert [text.get_text() for text in axes.texts] == ["star", "ring"]
    grounds = [text.get_bbox_patch() for text in axes.texts]
    assert [to_hex(ground.get_facecolor()) for ground in grounds if ground] == ["#ff0000", "#ffffff"]
    assert [to_hex(text.get_color()) for text in axes.texts] == ["#000000", "#000000"]
    check_labels(axes, 2)


def test_lines_are_drawn_where_the_box_is_with_an_outline_on_both_sides() -> None:
    for level, colour, outline in ((255, "yellow", 0), (0, "navy", 255)):
        value = {"box": box(200, 100, 400, 300), "color": Color(colour)}
        pixels = rendered(plot_boxes(grey(level=level), value, labels=False)).astype(int)
        row = pixels[int(200 * pixels.shape[0] / 480)]
        at = 200 * pixels.shape[1] / 640
        near = row[int(at) - 6 : int(at) + 7]
        rgb = Color(colour).rgb
        assert np.abs(row[round(at)] - rgb).max() < 40, colour
        dark = np.abs(near - outline).max(axis=1) < 100
        line = np.abs(near - rgb).max(axis=1) < 60
        assert dark[: line.argmax()].any()
        assert dark[len(line) - line[::-1].argmax() :].any()


def test_the_whole_line_shows_on_the_edge_of_the_picture() -> None:
    value = {"box": box(0, 0, 640, 480), "color": Color("yellow")}
    pixels = rendered(plot_boxes(grey(), value, labels=False)).astype(int)
    middle, centre = pixels.shape[0] // 2, pixels.shape[1] // 2
    for line in (pixels[middle], pixels[middle, ::-1], pixels[:, centre], pixels[::-1, centre]):
        assert (np.abs(line[:8] - (255, 255, 0)).max(axis=1) < 40).sum() >= 3


def test_boxes_of_one_label_share_a_colour_from_the_palette() -> None:
    value = [{"label": label, "box": box(0, 0, 9, 9)} for label in ("a", "b", "a", "c")]
    hexes = [to_hex(patch.get_edgecolor()) for patch in rectangles(plot_boxes(grey(), value))]
    expected = [to_hex([part / 255 for part in rgb]) for rgb in PALETTE[:3]]  # type: ignore[arg-type]
    assert hexes == [expected[0], expected[1], expected[0], expected[2]]
    many = [{"label": str(index), "box": box(0, 0, 9, 9)} for index in range(8)]
    hexes = [to_hex(patch.get_edgecolor()) for patch in rectangles(plot_boxes(grey(), many))]
    assert len(set(hexes)) == 7
    assert hexes[7] == hexes[0]


def test_points_polygons_and_boxes_without_extent() -> None:
    triangle = Polygon(points=(Point(x=1, y=2), Point(x=30, y=2), Point(x=30, y=40)))
    axes = plot_boxes(grey(), {"lake": triangle, "nose": Point(x=50, y=60), "dot": box(7, 8, 7, 8)})
    (outline,) = axes.patches
    assert isinstance(outline, PolygonPatch)
    assert outline.get_xy().tolist() == [[1, 2], [30, 2], [30, 40], [1, 2]]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [np.asarray(line.get_data()).ravel().tolist() for line in dots] == [[50, 60], [7, 8]]
    assert [text.get_text() for text in axes.texts] == ["lake", "nose", "dot"]
    check_labels(axes, 3)


# --- Whose figure it is -----------------------------------------------------------------------------------------------


def test_pyplot_does_not_know_the_figure() -> None:
    before = plt.get_fignums()
    plot_boxes(grey(), random_boxes(2, 640, 480))
    assert plt.get_fignums() == before == []


def test_notebooks_show_axes_and_figure() -> None:
    axes: Any = plot_boxes(grey(64, 48), {"thing": box(10, 10, 30, 30)})
    shown = Image.open(io.BytesIO(axes._repr_png_()))
    assert shown.size == (969, 727)
    assert axes.figure._repr_png_() == axes._repr_png_()


def test_a_tight_file_has_the_same_pixels() -> None:
    axes = plot_boxes(grey(), random_boxes(8, 640, 480))
    plain = rendered(axes)
    tight = rendered(axes, bbox_inches="tight", pad_inches=0)
    assert np.abs(np.subtract(plain.shape, tight.shape)).max() <= 1
    padded = rendered(axes, bbox_inches="tight")
    assert padded.shape[0] == pytest.approx(plain.shape[0] + 24, abs=2)  # matplotlib's own tenth of an inch


def test_a_file_of_another_resolution_keeps_labels_apart() -> None:
    axes = plot_boxes(grey(), random_boxes(30, 640, 480))
    for dpi in (50, 300):
        rendered(axes, dpi=dpi)
    for kind in ("pdf", "svg"):
        axes.figure.savefig(io.BytesIO(), format=kind)  # type: ignore[union-attr]
    check_labels(axes, 30)


@pytest.mark.parametrize("layout", [None, "tight", "constrained"])
def test_axes_of_the_callers(layout: Any) -> None:
    figure, ((left, right), _) = plt.subplots(2, 2, figsize=(8, 4), layout=layout)
    left.set_title("a title")
    assert plot_boxes(grey(), random_boxes(12, 640, 480), ax=left) is left
    plot_boxes(grey(200, 600), random_boxes(8, 200, 600), ax=right)
    figure.savefig(io.BytesIO())
    check_labels(left, 12)
    check_labels(right, 8)
    figure.set_size_inches(16, 9)  # another size: other places
    check_labels(left, 12)
    assert left.get_title() == "a title"
    assert left.get_xlim() == (0, 640)


def test_labels_are_placed_again_after_a_zoom() -> None:
    axes = plot_boxes(grey(), {"label": "thing", "box": box(300, 200, 340, 240)})
    before = axes.texts[0].get_position()
    axes.set(xlim=(280, 360), ylim=(260, 200))
    check_labels(axes, 1)
    assert axes.texts[0].get_position() != before


def test_a_users_style_does_not_disturb() -> None:
    style: Any = {
        "image.origin": "lower",
        "axes.grid": True,
        "figure.autolayout": True,
        "text.usetex": True,
        "image.aspect": "auto",
        "font.size": 30,
        "lines.marker": "x",
        "axes.facecolor": "red",
        "savefig.facecolor": "red",
        "axes.xmargin": 0.5,
    }
    value = random_boxes(8, 640, 480)
    expected = rendered(plot_boxes(grey(), value))
    with mpl.rc_context(style):
        assert np.array_equal(rendered(plot_boxes(grey(), value)), expected)


def test_matplotlib_is_loaded_by_the_first_plot_and_pyplot_never(tmp_path: Path) -> None:
    code = """
import sys
from extraction import plot_boxes
from extraction.schemas import Box
print("matplotlib" in sys.modules, end=" ")
from PIL import Image
ax = plot_boxes(Image.new("RGB", (64, 48)), {"thing": Box(x1=1, y1=2, x2=30, y2=40)})
ax.figure.savefig(sys.argv[1], bbox_inches="tight")
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    environment = {key: value for key, value in os.environ.items() if key not in {"MPLBACKEND", "DISPLAY"}}
    path = tmp_path / "plot.png"
    command = [sys.executable, "-W", "error", "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout, done.stderr) == ("False True False\n", "")
    assert load_image(path).width > 900


# --- Plain lists ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "options", "expected"),
    [
        ([100, 200, 500, 1000], {}, (64, 96, 320, 480)),
        ([0.1, 0.2, 0.5, 1.0], {"span": 1}, (64, 96, 320, 480)),
        ((64, 96, 320, 480), {"span": None}, (64, 96, 320, 480)),
        ([200, 100, 1000, 500], {"order": "yxyx"}, (64, 96, 320, 480)),
        ([64, 96, 256, 384], {"order": "xywh", "span": None}, (64, 96, 320, 480)),
        ([192, 288, 256, 384], {"order": "cxcywh", "span": None}, (64, 96, 320, 480)),
        (box(64, 96, 320, 480), {}, (64, 96, 320, 480)),
        (box(64, 96, 320, 480), {"order": "yxyx", "span": 1}, (64, 96, 320, 480)),
        (np.array([100, 200, 500, 1000]), {}, (64, 96, 320, 480)),
    ],
)
def test_plain_lists_become_pixels(numbers: Any, options: dict[str, Any], expected: tuple[float, ...]) -> None:
    axes = plot_bounding_boxes(grey(), ["cat"], [numbers], **options)
    (drawn,) = rectangles(axes)
    x, y = drawn.get_xy()
    assert (x, y, x + drawn.get_width(), y + drawn.get_height()) == pytest.approx(expected)
    assert axes.texts[0].get_text() == "cat"


def test_the_well_known_form() -> None:
    axes = plot_bounding_boxes(im=grey(), labels=["a", "b"], bounding_boxes=[[0, 0, 500, 500], [500, 500, 1000, 1000]])
    assert len(rectangles(axes)) == 2
    check_labels(axes, 2)
    _, mine = plt.subplots()
    assert plot_bounding_boxes(grey(), [], [], ax=mine) is mine


@pytest.mark.parametrize(
    ("labels", "boxes", "options", "message"),
    [
        (["a"], [], {}, "there are 1 labels for 0 boxes"),
        (["a", "b"], [[1, 2, 3, 4], [1, 2, 3]], {}, r"box 1 \('b'\) is not four numbers, but \[1, 2, 3\]"),
        (["a"], [[1, 2, 3, 4, 5]], {}, r"box 0 \('a'\) is not four numbers"),
        (["a"], [7], {}, r"box 0 \('a'\) is not four numbers, but 7"),
        (["a"], [[1, 2, 3, "x"]], {}, "is not four numbers"),
        (["a"], [[1, 2, float("nan"), 4]], {}, "has a number that is not finite"),
        (["a"], [[1, 2, float("inf"), 4]], {}, "has a number that is not finite"),
        (["a"], [[5, 2, 3, 4]], {}, r"ends before it begins, read as xyxy: \[5, 2, 3, 4\]"),
        (["a"], [[5, 2, 3, -4]], {"order": "xywh"}, "ends before it begins, read as xywh"),
        ([], [], {"order": "xxyy"}, "order must be one of xyxy, yxyx, xywh, cxcywh, not 'xxyy'"),
        ([], [], {"span": 0}, "span must be a number above 0, or None for pixels, not 0"),
        ([], [], {"span": float("nan")}, "span must be a number above 0"),
    ],
)
def test_plain_lists_that_are_wrong(labels: Sequence[str], boxes: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        plot_bounding_boxes(grey(), labels, boxes, **options)


# --- Sources ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "named"), [(3, 7), (30, 4)])
def test_a_page_full_of_values_keeps_the_names_of_one_row(rows: int, named: int) -> None:
    places = {"/total": (Source(1, box(5, 5, 60, 15), "9.00", "exact"),)}
    for row in range(rows):
        y = 20 + 20 * row
        places[f"/items/{row}/name"] = (Source(1, box(5, y, 60, y + 10), "tea", "exact"),)
        match = "fuzzy" if row == rows - 1 else "equal"
        places[f"/items/{row}/amount"] = (Source(1, box(100, y, 160, y + 10), "1.00", match),)  # type: ignore[arg-type]
    axes = plot_sources(grey(400, 640), Sources(places))
    told = [text.get_text() for text in axes.texts if text.get_text()]
    assert len(told) == named
    assert {"total", "items 0 name", "items 0 amount", f"items {rows - 1} amount ~ 1.00"} <= set(told)
    assert len(rectangles(axes)) == len(rectangles(plot_sources(grey(400, 640), Sources(places), labels=False)))
