"""Colours: what is read, names and terms, distances, and the JSON form."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from extraction.schemas.color import BASIC_COLORS, Color

COLOR_SCHEMA = {
    "title": "Color",
    "description": "A basic colour name, or #rrggbb.",
    "type": "string",
    "pattern": "^(red|orange|yellow|green|blue|purple|pink|brown|black|white|gray|#[0-9a-f]{6})$",
    "x-extraction": "color",
}


@pytest.mark.parametrize(
    ("value", "rgb"),
    [
        ("red", (255, 0, 0)),
        ("green", (0, 128, 0)),
        (" Grey ", (128, 128, 128)),
        ("dark blue", (0, 0, 139)),
        ("light-green", (144, 238, 144)),
        ("Light_Slate Grey", (119, 136, 153)),
        ("RebeccaPurple", (102, 51, 153)),
        ("puke green", (154, 174, 7)),
        ("xkcd:Robin's Egg Blue", (152, 239, 249)),
        ("robins egg blue", (152, 239, 249)),
        ("#0af", (0, 170, 255)),
        ("#0AF0bc", (10, 240, 188)),
        ("#0af0bcff", (10, 240, 188)),
        ("#0aff", (0, 170, 255)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("RGB(1 2 3)", (1, 2, 3)),
        ("rgba(1, 2, 3, 1.0)", (1, 2, 3)),
        ("rgb(1 2 3 / 100%)", (1, 2, 3)),
        ((1, 2, 3), (1, 2, 3)),
        ([1, 2, 3], (1, 2, 3)),
        (np.array([1, 2, 255], dtype=np.uint8), (1, 2, 255)),
        (Color("teal"), (0, 128, 128)),
    ],
)
def test_reads(value: Any, rgb: tuple[int, int, int]) -> None:
    assert Color(value).rgb == rgb
    assert Color.model_validate(value).rgb == rgb


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("bleu", "'bleu' is no colour name, #rrggbb or rgb(r, g, b); did you mean 'blue'?"),
        ("dark gren", "'dark gren' is no colour name, #rrggbb or rgb(r, g, b); did you mean 'darkgreen'?"),
        ("zzzzzz", "'zzzzzz' is no colour name, #rrggbb or rgb(r, g, b)"),
        ("red" * 100_000, f"'{'red' * 20}' is no colour name, #rrggbb or rgb(r, g, b)"),
        ("", "'' is no colour name, #rrggbb or rgb(r, g, b)"),
        ("#12345", "'#12345' is no colour name, #rrggbb or rgb(r, g, b)"),
        ("#ff000080", "'#ff000080' is see-through; give an opaque colour"),
        ("#f008", "'#f008' is see-through; give an opaque colour"),
        ("rgba(1,2,3,.5)", "'rgba(1,2,3,.5)' is see-through; give an opaque colour"),
        ("rgb(300, 0, 0)", "the three numbers of a colour must be whole, from 0 to 255"),
        ((0, -1, 0), "the three numbers of a colour must be whole, from 0 to 255"),
        ((1.0, 0.0, 0.0), "the three numbers of a colour must be whole, from 0 to 255"),
        ((True, 0, 0), "the three numbers of a colour must be whole, from 0 to 255"),
        ((1, 2), "must be a colour name, #rrggbb or three whole numbers, not (1, 2)"),
        (None, "must be a colour name, #rrggbb or three whole numbers, not None"),
    ],
)
def test_refuses(value: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Color(value)
    assert [error["msg"] for error in caught.value.errors()] == [said]


def test_names() -> None:
    assert [Color(value).name for value in ("grey", "aqua", "#f0f", "slategrey", "#123456")] == [
        "gray",
        "cyan",
        "magenta",
        "slategray",
        None,
    ]
    assert Color("Dark Blue").hex == "#00008b"


def test_basic_values_are_those_of_css() -> None:
    for term, value in BASIC_COLORS.items():
        color = Color(value)
        assert (str(color), color.name, color.basic, color.hex) == (term, term, term, value)
        assert Color(term) == color


@pytest.mark.parametrize(
    ("term", "values"),
    [
        ("red", "crimson maroon darkred #e60c10 #c80000"),
        ("orange", "darkorange coral #f97306"),
        ("yellow", "gold khaki #ffff14"),
        ("green", "lime olive forestgreen lightgreen #15b01a #00ff00"),
        ("blue", "navy cyan teal skyblue dodgerblue lightblue turquoise #0343df"),
        ("purple", "indigo darkviolet rebeccapurple #7e1e9c"),
        ("pink", "magenta hotpink deeppink lightpink violet #ff81c0"),
        ("brown", "saddlebrown sienna tan #653700 #8b5a2b"),
        ("black", "#0a0a0a #100c10"),
        ("white", "ivory snow whitesmoke ghostwhite #fafafa"),
        ("gray", "silver lightgray darkgray dimgray slategray #303030 #e0e0e0"),
    ],
)
def test_basic_terms(term: str, values: str) -> None:
    assert {value: Color(value).basic for value in values.split()} == dict.fromkeys(values.split(), term)


def test_basic_agrees_with_the_survey() -> None:
    """Of the survey's names that end in a basic term, such as "dusty pink", nine in ten get that term."""
    from matplotlib.colors import XKCD_COLORS

    names = {re.sub("grey$", "gray", name.removeprefix("xkcd:")): value for name, value in XKCD_COLORS.items()}
    named = [(name.split()[-1], value) for name, value in names.items() if name.split()[-1] in BASIC_COLORS]
    agreeing = sum(Color(str(value)).basic == term for term, value in named)
    assert len(named) > 500
    assert agreeing / len(named) > 0.89


def test_neutrals_have_neutral_terms() -> None:
    terms = [Color((value, value, value)).basic for value in range(256)]
    assert terms == ["black"] * terms.count("black") + ["gray"] * terms.count("gray") + ["white"] * terms.count("white")
    assert (terms.count("black"), terms.count("white")) == (19, 19)


def test_distance() -> None:
    black, white, red = Color("black"), Color("white"), Color("red")
    assert black.distance(white) == pytest.approx(1, abs=1e-6)
    assert red.distance(red) == 0
    # OKLab of red is (0.628, 0.225, 0.126), of lime (0.866, -0.234, 0.179).
    assert red.distance(Color("lime")) == pytest.approx(0.5197, abs=5e-4)
    assert red.distance(Color("lime")) == Color("lime").distance(red)
    assert red.distance(Color("#fe0000")) < 0.02 < red.distance(Color("#d00000"))


def test_equal_by_rgb_and_frozen() -> None:
    assert {Color("grey"), Color("#808080"), Color((128, 128, 128))} == {Color("gray")}
    color = Color("teal")
    assert repr(color) == "Color('#008080')"
    assert copy.deepcopy(color) == pickle.loads(pickle.dumps(color)) == color
    with pytest.raises(ValidationError, match="frozen"):
        color.root = (1, 2, 3)  # type: ignore[misc, unused-ignore]


class Painted(BaseModel):
    """Colours in every kind of container."""

    main: Color = Color("red")
    other: Color | None = None
    shares: dict[Color, float] = {}
    all: list[Color] = [Color("teal")]


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_schema(mode: Any) -> None:
    assert TypeAdapter(Color).json_schema(mode=mode) == COLOR_SCHEMA
    schema = Painted.model_json_schema(mode=mode)
    assert schema["$defs"] == {"Color": COLOR_SCHEMA}
    assert schema["properties"]["main"] == {"$ref": "#/$defs/Color", "default": "red"}
    assert schema["properties"]["other"]["anyOf"] == [{"$ref": "#/$defs/Color"}, {"type": "null"}]
    assert schema["properties"]["all"]["default"] == ["#008080"]


def test_json_round_trip() -> None:
    painted = Painted.model_validate(
        {"main": "Grey", "other": "dark blue", "shares": {"#f00": 0.5, "tan": 0.5}, "all": [[1, 2, 3], "white"]}
    )
    assert painted.model_dump() == {
        "main": "gray",
        "other": "#00008b",
        "shares": {"red": 0.5, "#d2b48c": 0.5},
        "all": ["#010203", "white"],
    }
    assert Painted.model_validate(painted.model_dump()) == painted
    assert Painted.model_validate_json(painted.model_dump_json()) == painted


def test_what_is_written_fits_the_schema() -> None:
    pattern = re.compile(str(COLOR_SCHEMA["pattern"]))
    for value in ["grey", "teal", "#ABC", "xkcd:rust", *BASIC_COLORS]:
        written = str(Color(value))
        assert pattern.fullmatch(written)
        assert Color(written) == Color(value)
