from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel, Field, computed_field

from extraction.chains import extraction_chain
from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX, BoxConvention
from extraction.errors import BoxConventionError, ImageError, SchemaError
from extraction.families import Family
from extraction.images import load_image
from extraction.schemas import Box, Color, DetectedObject, Scene, json_schema_of
from tests.chains.fakes import PICTURE, PIXELS, LocalModel, RemoteModel, picture_url, text_of

SHOWN = Image.new("RGB", (200, 100), "black")
THING = DetectedObject(label="star", color=Color("blue"), box=Box.from_xyxy(50, 25, 100, 100))
EXAMPLE = (SHOWN, Scene(objects=[THING]))


def answers_shown(schema: Any, value: Any, family: Any = None, image: Image.Image = SHOWN) -> Any:
    """What a model is shown as the answer of one example."""
    model = RemoteModel(answers=["no"])
    chain = extraction_chain(model, schema, examples=[(image, value)], family=family, include_raw=True)
    chain.invoke(PICTURE)
    return json.loads(text_of(model.seen[0][2]))


def test_examples_stand_between_the_form_and_the_question() -> None:
    model = RemoteModel()
    chain = extraction_chain(model, Scene, examples=[EXAMPLE, (PICTURE, {"objects": []})], instruction="Find {all}.")
    assert chain.invoke(PICTURE).objects[0].box.xyxy == PIXELS  # of the last picture, not of the examples'
    messages = model.seen[0]
    assert [message.type for message in messages] == ["system", "human", "ai", "human", "ai", "human"]
    assert [load_image(picture_url(message)) for message in messages[1::2]] == [
        load_image(image) for image in (SHOWN, PICTURE, PICTURE)
    ]
    assert {text_of(message) for message in messages[1::2]} == {"Find {all}."}
    assert text_of(messages[2]) == '{"objects": [{"label": "star", "color": "blue", "box": [250, 250, 500, 1000]}]}'
    assert text_of(messages[4]) == '{"objects": []}'


@pytest.mark.parametrize(
    ("convention", "numbers"),
    [
        (RELATIVE_1000, [250, 250, 500, 1000]),
        (RELATIVE_1000_YXYX, [250, 250, 1000, 500]),
        (RELATIVE_1, [0.25, 0.25, 0.5, 1.0]),
    ],
)
def test_boxes_are_told_as_the_model_writes_them(convention: BoxConvention, numbers: list[float]) -> None:
    assert answers_shown(Scene, EXAMPLE[1], convention)["objects"][0]["box"] == numbers
    assert answers_shown(json_schema_of(Scene), EXAMPLE[1], convention)["objects"][0]["box"] == numbers


def test_pixels_of_a_picture_that_a_model_scales_cannot_be_told() -> None:
    model = LocalModel(family=Family("ours", boxes=PIXEL))
    with pytest.raises(BoxConventionError, match="counts pixels of the picture that the model was given"):
        extraction_chain(model, Scene, examples=[EXAMPLE]).invoke(PICTURE)
    extraction_chain(LocalModel(family=Family("ours", boxes=PIXEL), answers=['{"objects": []}']), Scene,
                     examples=[(SHOWN, {"objects": []})]).invoke(PICTURE)  # fmt: skip


def test_a_sideways_example_is_shown_upright() -> None:
    image = Image.new("RGB", (100, 200))
    image.getexif()[0x0112] = 6
    assert answers_shown(Scene, EXAMPLE[1], image=image)["objects"][0]["box"] == [250, 250, 500, 1000]


class Bill(BaseModel):
    total: Decimal = Field(alias="sum")
    net: Decimal = Field(default=Decimal(0), validation_alias="netto", serialization_alias="net_out")
    note: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def tax(self) -> Decimal:
        return self.total - self.net


class Money(BaseModel):
    amount: Decimal


@pytest.mark.parametrize(
    ("schema", "value", "shown"),
    [
        (Scene, {"objects": [{"label": "star", "color": "blue", "box": [50, 25, 100, 100]}]},
         {"objects": [{"label": "star", "color": "blue", "box": [250, 250, 500, 1000]}]}),
        (Scene, {"objects": [THING]}, {"objects": [{"label": "star", "color": "blue", "box": [250, 250, 500, 1000]}]}),
        (list[DetectedObject], [THING], [{"label": "star", "color": "blue", "box": [250, 250, 500, 1000]}]),
        (list[DetectedObject], (THING,), [{"label": "star", "color": "blue", "box": [250, 250, 500, 1000]}]),
        (Box | None, None, None),
        (int, 4, 4),
        (Bill, {"sum": "12.50", "netto": 10}, {"sum": "12.50", "netto": 10}),
        (Money, Money(amount=Decimal("12.50")), {"amount": 12.5}),
        ({"properties": {"at": {"x-extraction": "box"}}}, {"at": THING.box}, {"at": [250, 250, 500, 1000]}),
    ],
)  # fmt: skip
def test_values_of_every_form(schema: Any, value: Any, shown: Any) -> None:
    assert answers_shown(schema, value) == shown


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        (
            Scene,
            {"objects": [{"label": "star"}]},
            "the value of example 1 does not fit the schema: objects/0/color: Field",
        ),
        (Scene, "nothing", "(root): Input should be a valid dictionary or instance of Scene"),
        ({"type": "array"}, {"a": 1}, "(root): {'a': 1} is not of type 'array'"),
        (Bill, Bill(sum=Decimal(3), netto=Decimal(2)), "it is not read back as what it is written as; give it as JSON"),
        (float, float("nan"), "it is not read back"),
    ],
)
def test_values_that_do_not_fit_are_told_when_the_chain_is_made(schema: Any, value: Any, told: str) -> None:
    with pytest.raises(SchemaError) as caught:
        extraction_chain(RemoteModel(), schema, examples=[(SHOWN, value)])
    assert told in str(caught.value)


def test_what_is_no_box_is_told() -> None:
    schema = {"properties": {"at": {"x-extraction": "box"}}}
    with pytest.raises(SchemaError, match="the value of example 1 does not fit the schema: at: must be four numbers"):
        extraction_chain(RemoteModel(), schema, examples=[(SHOWN, {"at": "left"})]).invoke(PICTURE)


def test_pictures_that_cannot_be_read_are_told_when_the_chain_is_made() -> None:
    with pytest.raises(ImageError, match=r"no/such/file\.png"):
        extraction_chain(RemoteModel(), Scene, examples=[("no/such/file.png", {"objects": []})])
