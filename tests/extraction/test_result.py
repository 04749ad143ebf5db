from __future__ import annotations

import io
import json
import pickle
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from matplotlib.figure import Figure
from PIL import Image

from extraction.grounding.sources import Sources
from extraction.images import load_image
from extraction.result import Extraction, with_shapes
from extraction.schemas import Box, Color, DetectedObject, Point, Polygon, Scene, json_schema_of

SCENE = Scene(objects=[DetectedObject(label="cup", color=Color("red"), box=Box.from_xyxy(10, 20, 50, 60))])
DATA = {"objects": [{"label": "cup é", "color": "red", "box": [10, 20, 50, 60]}]}


def extraction(value: Any = SCENE, **fields: Any) -> Extraction[Any]:
    picture = load_image(Image.new("RGB", (120, 80), "white"))
    fields = {"raw": AIMessage("x")} | fields
    return Extraction(value=value, data=DATA, image=picture, **fields)


def test_the_value_as_json() -> None:
    assert json.loads(extraction().json()) == DATA
    assert extraction().json(indent=None) == json.dumps(DATA, ensure_ascii=False)


def test_what_is_not_known_is_none() -> None:
    result = extraction()
    assert (result.finish_reason, result.usage, result.notes, result.schema) == (None, None, (), None)


def test_its_text_is_the_value_and_not_the_whole_message() -> None:
    told = repr(extraction(raw=AIMessage("x" * 5000), sources=Sources({}, ())))
    assert "value=Scene(objects=" in told
    assert "xxx" not in told
    assert "sources" not in told


def drawn_pixels(figure: Figure) -> int:
    """How many pixels of a figure of a white picture are not white."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    grey = Image.open(buffer).convert("L")
    return sum(grey.histogram()[:250])


@pytest.mark.parametrize("asked", ["class", "schema"])
def test_the_plot_shows_the_boxes(asked: str) -> None:
    result = extraction() if asked == "class" else extraction(DATA, schema=json_schema_of(Scene))
    figure = result.plot()
    assert isinstance(figure, Figure)
    assert drawn_pixels(figure) > drawn_pixels(extraction(Scene(objects=[])).plot()) + 500


def test_a_notebook_shows_the_plot() -> None:
    png = extraction()._repr_png_()
    assert Image.open(io.BytesIO(png)).format == "PNG"


def test_options_go_to_the_plot() -> None:
    with pytest.raises(TypeError, match="no_such_option"):
        extraction().plot(no_such_option=1)


def test_marked_lists_become_shapes() -> None:
    schema = {
        "properties": {
            "a": {"x-extraction": "box", "type": ["array", "null"]},
            "b": {"items": {"x-extraction": "point"}},
            "c": {"x-extraction": "polygon"},
        }
    }
    points = [[1, 2], [3, 4], [5, 6]]
    data = {"a": [1, 2, 3, 4], "b": points[:2], "c": points, "d": [1, 2, 3, 4]}
    assert with_shapes(data, schema) == {
        "a": Box.from_xyxy(1, 2, 3, 4),
        "b": [Point(x=1, y=2), Point(x=3, y=4)],
        "c": Polygon.model_validate(points),
        "d": [1, 2, 3, 4],
    }
    assert with_shapes({"a": None}, schema) == {"a": None}
    assert data["a"] == [1, 2, 3, 4]


def test_an_extraction_can_be_pickled() -> None:
    twin = pickle.loads(pickle.dumps(extraction(finish_reason="stop")))
    assert (twin.value, twin.data, twin.finish_reason) == (SCENE, DATA, "stop")
    assert twin.image == extraction().image
