"""The held-out schemas of ``user_schemas`` with objects in objects, groups and unions; no training may import these."""
# ruff: noqa: D101 - some users write no docstrings

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from extraction.pocket.views import View
from extraction.pocket.vocabulary import COLORS
from extraction.schemas import Box, Color, Count, Point


class Reject(BaseModel):
    """A part that must be taken off the belt."""

    found_color: Literal["black", "white"]
    location: Box


class BeltCheck(BaseModel):
    """Parts on a belt: black and white ones are faulty."""

    passed: bool = Field(description="true if no object is black or white")
    rejects: list[Reject] = Field(description="the objects that are black or white")
    good_parts: int = Field(ge=0, description="how many objects have any other colour")


def belt_check(view: View) -> Any:
    """The truth of ``BeltCheck``."""
    bad = [thing for thing in view.things if thing.color in ("black", "white")]
    return {
        "passed": not bad,
        "rejects": [{"found_color": thing.color, "location": list(thing.box)} for thing in bad],
        "good_parts": len(view.things) - len(bad),
    }


class PickPlan(BaseModel):
    """Where a robot arm has to grip."""

    grips: dict[str, list[Point]] = Field(
        description="for each colour that occurs among the objects, the centres of the objects of that colour"
    )


def pick_plan(view: View) -> Any:
    """The truth of ``PickPlan``."""
    grips: dict[str, list[list[int]]] = {}
    for thing in view.things:
        grips.setdefault(thing.color, []).append(list(thing.center))
    return {"grips": grips}


class Palette(BaseModel):
    """Colours for a designer."""

    background: Color = Field(description="the colour of the ground that the shapes lie on")
    dominant: list[Color] = Field(
        max_length=3,
        description="the colours that cover the most of the picture, ground included, largest area first, without mere traces",
    )
    accents: list[Color] = Field(description="the colours of the shapes, each once, in order of first appearance")


def palette(view: View) -> Any:
    """The truth of ``Palette``."""
    if view.ground is None:
        return None
    return {
        "background": view.ground,
        "dominant": list(view.dominant),
        "accents": list(dict.fromkeys(thing.color for thing in view.things)),
    }


class Pickups(BaseModel):
    hearts: list[Point] = Field(description="the centre of each heart")
    stars: list[Point] = Field(description="the centre of each star")


class Wall(BaseModel):
    shape: Literal["circle", "square", "triangle", "hexagon", "cross", "ring"]
    area: Box


class GameLevel(BaseModel):
    """A level of a game."""

    floor: Color = Field(description="the background colour")
    pickups: Pickups = Field(description="what the player can collect")
    walls: list[Wall] = Field(description="every shape that is neither a heart nor a star")


def game_level(view: View) -> Any:
    """The truth of ``GameLevel``."""
    if view.ground is None:
        return None
    hearts, stars = ([list(thing.center) for thing in view.things if thing.label == key] for key in ("heart", "star"))
    walls = [thing for thing in view.things if thing.label not in ("heart", "star")]
    return {
        "floor": view.ground,
        "pickups": {"hearts": hearts, "stars": stars},
        "walls": [{"shape": thing.label, "area": list(thing.box)} for thing in walls],
    }


class MainObject(BaseModel):
    """The largest object."""

    shape: str
    color: str


class Description(BaseModel):
    """What a screen reader says about a picture."""

    is_empty: bool = Field(description="true if there is no object in the picture")
    object_count: int = Field(ge=0)
    main_object: MainObject | None = Field(description="the largest object, null if there is none")
    background: Literal[
        "white", "gray", "black", "brown", "red", "orange", "yellow", "green", "blue", "purple", "pink"
    ] = Field(description="color of the background")


def description(view: View) -> Any:
    """The truth of ``Description``."""
    if view.ground is None or not view.has_one_largest:
        return None
    largest = view.by_size()[0] if view.things else None
    return {
        "is_empty": not view.things,
        "object_count": len(view.things),
        "main_object": {"shape": largest.label, "color": largest.color} if largest else None,
        "background": view.ground,
    }


class Inventory(BaseModel):
    stock: dict[str, dict[str, int]] = Field(
        description="for each kind of shape that occurs, how many there are in each colour that it occurs in"
    )


def inventory(view: View) -> Any:
    """The truth of ``Inventory``."""
    stock: dict[str, Counter[str]] = {}
    for thing in view.things:
        stock.setdefault(thing.label, Counter())[thing.color] += 1
    return {"stock": {label: dict(counts) for label, counts in stock.items()}}


class ColorCounts(BaseModel):
    red: int = Field(ge=0)
    orange: int = Field(ge=0)
    yellow: int = Field(ge=0)
    green: int = Field(ge=0)
    blue: int = Field(ge=0)
    purple: int = Field(ge=0)
    pink: int = Field(ge=0)
    black: int = Field(ge=0)
    white: int = Field(ge=0)


class ShapeCounts(BaseModel):
    circles: int = Field(ge=0)
    squares: int = Field(ge=0)
    triangles: int = Field(ge=0)
    stars: int = Field(ge=0)
    hexagons: int = Field(ge=0)
    crosses: int = Field(ge=0)
    rings: int = Field(ge=0)
    hearts: int = Field(ge=0)


class Census(BaseModel):
    """How many shapes there are."""

    total: int = Field(ge=0)
    by_shape: ShapeCounts = Field(description="how many shapes of each kind")
    by_color: ColorCounts = Field(description="how many shapes of each colour, 0 for a colour that no shape has")


def census(view: View) -> Any:
    """The truth of ``Census``."""
    colors = Counter(thing.color for thing in view.things)
    shapes = Counter("crosses" if thing.label == "cross" else f"{thing.label}s" for thing in view.things)
    return {
        "total": len(view.things),
        "by_shape": {name: shapes[name] for name in ShapeCounts.model_fields},
        "by_color": {name: colors[name] for name in COLORS},
    }


class CamelModel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Canvas(CamelModel):
    background_color: Color


class Style(CamelModel):
    fill_color: Color


class Geometry(CamelModel):
    """Where the shape lies."""

    bounding_box: Box
    center_point: Point


class Layer(CamelModel):
    """One shape of the drawing."""

    shape_name: str
    style: Style
    geometry: Geometry


class DesignExport(CamelModel):
    canvas: Canvas
    layers: list[Layer]


def design_export(view: View) -> Any:
    """The truth of ``DesignExport``."""
    if view.ground is None:
        return None
    layers = [
        {
            "shapeName": thing.label,
            "style": {"fillColor": thing.color},
            "geometry": {"boundingBox": list(thing.box), "centerPoint": list(thing.center)},
        }
        for thing in view.things
    ]
    return {"canvas": {"backgroundColor": view.ground}, "layers": layers}


class Find(BaseModel):
    color: str
    place: Point = Field(description="its centre")


class ScavengerHunt(BaseModel):
    """Three things to look for."""

    star: Find | None = Field(description="the star, or null if there is no star")
    heart: Find | None = Field(description="the heart, or null if there is no heart")
    ring: Find | None = Field(description="the ring, or null if there is no ring")


def scavenger_hunt(view: View) -> Any:
    """The truth of ``ScavengerHunt``; no answer is clear where there are two of a kind."""
    wanted = [thing for thing in view.things if thing.label in ("star", "heart", "ring")]
    finds = {thing.label: {"color": thing.color, "place": list(thing.center)} for thing in wanted}
    return {name: finds.get(name) for name in ("star", "heart", "ring")} if len(finds) == len(wanted) else None


class CompassStroke(BaseModel):
    """Draws a circle or a ring."""

    tool: Literal["compass"]
    shape: Literal["circle", "ring"]
    center: Point


class PenStroke(BaseModel):
    """Draws any other shape."""

    tool: Literal["pen"]
    shape: Literal["square", "triangle", "hexagon", "star", "cross", "heart"]
    inside: Box


class DrawingPlan(BaseModel):
    """How to draw the picture again."""

    strokes: list[CompassStroke | PenStroke] = Field(
        description="one for each shape: circles and rings by compass, all others by pen"
    )


def drawing_plan(view: View) -> Any:
    """The truth of ``DrawingPlan``."""
    strokes = [
        {"tool": "compass", "shape": thing.label, "center": list(thing.center)}
        if thing.label in ("circle", "ring")
        else {"tool": "pen", "shape": thing.label, "inside": list(thing.box)}
        for thing in view.things
    ]
    return {"strokes": strokes}


class ShelfReport(BaseModel):
    """What stands on a shelf."""

    total: int = Field(default=0, description="how many shapes there are")
    counts: list[Count] = Field(
        default=[], description="one entry for each kind of shape, whatever its colour, in order of first appearance"
    )
    largest: Box | None = Field(default=None, description="where the largest shape is, null if there are no shapes")


def shelf_report(view: View) -> Any:
    """The truth of ``ShelfReport``."""
    if not view.has_one_largest:
        return None
    counts = Counter(thing.label for thing in view.things)
    return {
        "total": len(view.things),
        "counts": [{"label": label, "count": count} for label, count in counts.items()],
        "largest": list(view.by_size()[0].box) if view.things else None,
    }


class InkedShape(BaseModel):
    """A shape that needs coloured ink."""

    model_config = ConfigDict(extra="forbid")

    name: Literal["circle", "square", "triangle", "star", "hexagon", "cross", "ring", "heart"]
    ink: Literal["red", "orange", "yellow", "green", "blue", "purple", "pink"]


class PrintJob(BaseModel):
    """Shapes by the ink that they need."""

    model_config = ConfigDict(extra="forbid")

    needs_colored_ink: bool = Field(description="true if any shape is neither black nor white")
    plain: list[str] = Field(description="the kinds of the black and white shapes, one entry for each shape")
    inked: list[InkedShape] = Field(description="every other shape")


def print_job(view: View) -> Any:
    """The truth of ``PrintJob``."""
    inked = [thing for thing in view.things if thing.color not in ("black", "white")]
    return {
        "needs_colored_ink": bool(inked),
        "plain": [thing.label for thing in view.things if thing.color in ("black", "white")],
        "inked": [{"name": thing.label, "ink": thing.color} for thing in inked],
    }
