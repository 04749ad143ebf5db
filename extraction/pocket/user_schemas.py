"""Held-out schemas of the evaluation: forms as users of the library write them, each with its right answer.

They show whether the model follows a form that it never saw, so training must never import this module, nor
``user_schemas_nested``, and nothing that makes schemas for training may be changed with an eye on them. Whoever wrote
them had not seen how training makes its own.

A truth is JSON in the model's coordinates: boxes and points in whole numbers from 0 to 1000, colours by name, lists in
reading order. It is None where a scene has no single clear answer; another scene is taken then.
"""
# ruff: noqa: D101 - some users write no docstrings

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from extraction.pocket import user_schemas_nested as nested
from extraction.pocket.views import View
from extraction.schemas import Box, Color, Schema


@dataclass(frozen=True)
class UserSchema:
    """One schema of a user; ``truth`` gives the right answer for a scene, or None where none is clear."""

    name: str
    schema: Schema
    truth: Callable[[View], Any]


class Annotation(BaseModel):
    """One annotated object."""

    category: Literal["circle", "cross", "heart", "hexagon", "ring", "square", "star", "triangle"]
    bbox: list[int] = Field(
        min_length=4,
        max_length=4,
        description="left, top, right and bottom edge, from 0 to 1000 of the picture's width and height",
    )


def _annotations(view: View) -> Any:
    return [{"category": thing.label, "bbox": list(thing.box)} for thing in view.things]


class DetectedObjects(BaseModel):
    Object: list[str] = Field(description="the shape of each object in the image, such as circle, without its color")
    Bounding_box: list[list[int]] = Field(
        description="the bounding box [x1, y1, x2, y2] of each object, in the same order, on a scale from 0 to 1000"
    )


def _detected_objects(view: View) -> Any:
    return {
        "Object": [thing.label for thing in view.things],
        "Bounding_box": [list(thing.box) for thing in view.things],
    }


class StickerPage(BaseModel):
    """What a child can find on this page."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    has_star: bool = Field(description="true if there is a star of any colour")
    has_heart: bool = Field(description="true if there is a heart of any colour")
    has_green_shape: bool = Field(description="true if any of the shapes is green")
    how_many_shapes: int = Field(description="how many shapes are on the page")


def _sticker_page(view: View) -> Any:
    labels = {thing.label for thing in view.things}
    return {
        "hasStar": "star" in labels,
        "hasHeart": "heart" in labels,
        "hasGreenShape": any(thing.color == "green" for thing in view.things),
        "howManyShapes": len(view.things),
    }


class Quiz(BaseModel):
    number_of_objects: int
    number_of_red_objects: int
    number_of_triangles: int
    number_of_blue_squares: int
    is_there_a_star: bool
    background_color: Literal[
        "black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red", "white", "yellow"
    ]


def _quiz(view: View) -> Any:
    if view.ground is None:
        return None
    labels = Counter(thing.label for thing in view.things)
    return {
        "number_of_objects": len(view.things),
        "number_of_red_objects": sum(thing.color == "red" for thing in view.things),
        "number_of_triangles": labels["triangle"],
        "number_of_blue_squares": sum(thing.phrase == "blue square" for thing in view.things),
        "is_there_a_star": labels["star"] > 0,
        "background_color": view.ground,
    }


@dataclass
class StockLine:
    """Signs of one shape and one colour."""

    shape: str
    colour: str
    pieces: Annotated[int, Field(ge=1, description="how many signs of this shape and colour there are")]


@dataclass
class StockList:
    """The signs on a shelf."""

    lines: Annotated[
        list[StockLine],
        Field(description="one line for each combination of shape and colour, in the order in which they first appear"),
    ]
    total: Annotated[int, Field(ge=0, description="how many signs there are altogether")]


def _stock_list(view: View) -> Any:
    kinds = Counter((thing.label, thing.color) for thing in view.things)
    return {
        "lines": [{"shape": label, "colour": color, "pieces": pieces} for (label, color), pieces in kinds.items()],
        "total": len(view.things),
    }


class Kind(Enum):
    CIRCLE = "CIRCLE"
    SQUARE = "SQUARE"
    TRIANGLE = "TRIANGLE"
    STAR = "STAR"
    HEXAGON = "HEXAGON"
    CROSS = "CROSS"
    RING = "RING"
    HEART = "HEART"


class Paint(Enum):
    RED = "RED"
    ORANGE = "ORANGE"
    YELLOW = "YELLOW"
    GREEN = "GREEN"
    BLUE = "BLUE"
    PURPLE = "PURPLE"
    PINK = "PINK"
    BLACK = "BLACK"
    WHITE = "WHITE"


class Toy(BaseModel):
    kind: Kind
    paint: Paint


class ToyBox(BaseModel):
    toys: list[Toy]


def _toy_box(view: View) -> Any:
    return {"toys": [{"kind": thing.label.upper(), "paint": thing.color.upper()} for thing in view.things]}


class Target(BaseModel):
    type: Literal["circle", "ring", "star", "square", "other"] = Field(description="'other' for any other shape")
    aim_point: tuple[int, int] = Field(alias="aimPoint", description="x and y of its centre, each from 0 to 1000")


class ShootingRange(BaseModel):
    """Everything that can be aimed at."""

    targets: list[Target] = Field(description="every shape in the picture")
    target_count: int = Field(alias="targetCount", ge=0)


def _shooting_range(view: View) -> Any:
    named = ("circle", "ring", "star", "square")
    targets = [
        {"type": thing.label if thing.label in named else "other", "aimPoint": list(thing.center)}
        for thing in view.things
    ]
    return {"targets": targets, "targetCount": len(targets)}


class Biggest(BaseModel):
    """The largest shape of a picture."""

    shape: str = Field(description="what kind of shape the largest object is")
    color: Color = Field(description="the colour of the largest object")
    box: Box = Field(description="where the largest object is")


def _biggest(view: View) -> Any:
    if not view.things or not view.has_one_largest:
        return None
    thing = view.by_size()[0]
    return {"shape": thing.label, "color": thing.color, "box": list(thing.box)}


class Spotlight(BaseModel):
    """Sets the stage light to what stands out."""

    largest_color: Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white", "none"] = (
        Field(description="colour of the largest shape, none if there are no shapes")
    )
    largest_shape: Literal["triangle", "square", "hexagon", "circle", "ring", "star", "cross", "heart", "none"] = Field(
        description="kind of the largest shape, none if there are no shapes"
    )


def _spotlight(view: View) -> Any:
    if not view.has_one_largest:
        return None
    if not view.things:
        return {"largest_color": "none", "largest_shape": "none"}
    thing = view.by_size()[0]
    return {"largest_color": thing.color, "largest_shape": thing.label}


class WarmThings(TypedDict):
    """Things in warm colours."""

    anything_warm: Annotated[bool, ..., "whether any object is red, orange or yellow"]
    warm_shapes: Annotated[list[str], ..., "the shape of each red, orange or yellow object"]
    other_objects: Annotated[int, ..., "how many objects have another color"]


def _warm_things(view: View) -> Any:
    warm = [thing.label for thing in view.things if thing.color in ("red", "orange", "yellow")]
    return {"anything_warm": bool(warm), "warm_shapes": warm, "other_objects": len(view.things) - len(warm)}


class ColorChart(BaseModel):
    """Data of a bar chart."""

    labels: list[str] = Field(description="the colours of the shapes, each colour once, in order of first appearance")
    values: list[int] = Field(description="how many shapes have each of these colours, in the same order")


def _color_chart(view: View) -> Any:
    counts = Counter(thing.color for thing in view.things)
    return {"labels": list(counts), "values": list(counts.values())}


ShapeName = Literal["circle", "square", "triangle", "star", "hexagon", "cross", "ring", "heart"]
ColorName = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white"]


class Table(BaseModel):
    rows: list[tuple[ShapeName, ColorName, Box]] = Field(description="a row per object: its shape, its color, its box")


def _table(view: View) -> Any:
    return {"rows": [[thing.label, thing.color, list(thing.box)] for thing in view.things]}


USER_SCHEMAS: tuple[UserSchema, ...] = (
    UserSchema("annotation tool", list[Annotation], _annotations),
    UserSchema("blog post", DetectedObjects, _detected_objects),
    UserSchema("sticker page", StickerPage, _sticker_page),
    UserSchema("quiz", Quiz, _quiz),
    UserSchema("stock list", StockList, _stock_list),
    UserSchema("toy box", ToyBox, _toy_box),
    UserSchema("shooting range", ShootingRange, _shooting_range),
    UserSchema("biggest", Biggest, _biggest),
    UserSchema("spotlight", Spotlight, _spotlight),
    UserSchema("warm things", WarmThings, _warm_things),
    UserSchema("colour chart", ColorChart, _color_chart),
    UserSchema("table", Table, _table),
    UserSchema("belt check", nested.BeltCheck, nested.belt_check),
    UserSchema("pick plan", nested.PickPlan, nested.pick_plan),
    UserSchema("palette", nested.Palette, nested.palette),
    UserSchema("game level", nested.GameLevel, nested.game_level),
    UserSchema("describer", nested.Description, nested.description),
    UserSchema("inventory", nested.Inventory, nested.inventory),
    UserSchema("census", nested.Census, nested.census),
    UserSchema("design export", nested.DesignExport, nested.design_export),
    UserSchema("scavenger hunt", nested.ScavengerHunt, nested.scavenger_hunt),
    UserSchema("drawing plan", nested.DrawingPlan, nested.drawing_plan),
    UserSchema("shelf report", nested.ShelfReport, nested.shelf_report),
    UserSchema("print shop", nested.PrintJob, nested.print_job),
)
