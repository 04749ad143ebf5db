"""Where things are in a picture: ``Size``, ``Point``, ``Box`` and ``Polygon``, in pixels.

There is one frame: the upright original picture, origin at its top left corner, x to the right, y downwards, float
pixels. A box is half-open, as in array slices: it covers x1 <= x < x2 and y1 <= y < y2, so that its width is x2 - x1.
All four types are frozen and hashable, and stand in JSON as plain lists.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Self, final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from extraction.schemas.markers import marked, put_schema

_PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}


def _number(value: object) -> int | float:
    """``value`` as a plain number; numpy scalars count, text and true/false do not (pydantic would let "12" pass)."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise PydanticCustomError("number_type", "must be a number, not {given}", {"given": _kind(value)})
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value)


def _kind(value: object) -> str:
    """What ``value`` is, in the words of JSON where it has some."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "a list"
    return type(value).__name__


Coordinate = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Extent = Annotated[int, BeforeValidator(_number), Field(gt=0)]


class _Geometry(BaseModel):
    """What the four types share: a list of numbers outside, named fields inside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    _form: ClassVar[str]
    """The type's form in JSON, in the words of its error messages."""
    _json_form: ClassVar[dict[str, Any]]
    """The type's JSON schema."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        # numpy arrays and torch tensors, without importing either.
        if callable(getattr(value, "tolist", None)):
            value = value.tolist()
        if isinstance(value, (dict, cls)):
            return value
        if not isinstance(value, (list, tuple)):
            raise PydanticCustomError(
                "geometry_type", "must be {form}, not {given}", {"form": cls._form, "given": _kind(value)}
            )
        return cls._from_list(value)

    @classmethod
    def _from_list(cls, value: Sequence[Any]) -> dict[str, Any]:
        names = list(cls.model_fields)
        if any(isinstance(item, (list, tuple)) for item in value):
            raise PydanticCustomError(
                "geometry_nested", "must be {form}: its numbers stand in lists of their own", {"form": cls._form}
            )
        if len(value) != len(names):
            raise PydanticCustomError(
                "geometry_length",
                "must be {form}, but has {count} {noun}",
                {"form": cls._form, "count": len(value), "noun": "number" if len(value) == 1 else "numbers"},
            )
        return dict(zip(names, value, strict=True))

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return put_schema(cls._json_form, core_schema, handler)


@final
class Size(_Geometry):
    """The size of a picture: ``width`` and ``height`` in whole pixels, both at least 1; in JSON ``[width, height]``."""

    _form: ClassVar[str] = "two whole numbers [width, height]"
    _json_form: ClassVar[dict[str, Any]] = marked(
        "size",
        "Size",
        "Width and height in pixels.",
        type="array",
        items={"type": "integer", "exclusiveMinimum": 0},
        minItems=2,
        maxItems=2,
    )

    width: Extent
    height: Extent

    @model_serializer
    def _as_list(self) -> list[int]:
        return [self.width, self.height]

    @property
    def wh(self) -> tuple[int, int]:
        """``(width, height)``, as ``PIL.Image.size`` has it."""
        return self.width, self.height

    @property
    def area(self) -> int:
        """How many pixels there are."""
        return self.width * self.height

    @property
    def box(self) -> Box:
        """The box of the whole picture, ``(0, 0, width, height)``."""
        return Box(x1=0, y1=0, x2=self.width, y2=self.height)


@final
class Point(_Geometry):
    """A place in a picture: ``x`` and ``y`` in pixels from the top left corner; in JSON ``[x, y]``."""

    _form: ClassVar[str] = "two numbers [x, y]"
    _json_form: ClassVar[dict[str, Any]] = marked("point", "Point", "x and y in pixels.", **_PAIR)

    x: Coordinate
    y: Coordinate

    @model_serializer
    def _as_list(self) -> list[float]:
        return [self.x, self.y]

    @property
    def xy(self) -> tuple[float, float]:
        """``(x, y)``."""
        return self.x, self.y

    def distance(self, other: Point) -> float:
        """The straight distance to ``other`` in pixels."""
        return math.hypot(self.x - other.x, self.y - other.y)

    def scale(self, sx: float, sy: float) -> Point:
        """The point with x times ``sx`` and y times ``sy``."""
        return Point(x=self.x * sx, y=self.y * sy)

    def translate(self, dx: float, dy: float) -> Point:
        """The point moved by ``dx`` to the right and ``dy`` downwards."""
        return Point(x=self.x + dx, y=self.y + dy)

    def clamp(self, size: Size | tuple[int, int]) -> Point:
        """The nearest point with 0 <= x <= width and 0 <= y <= height."""
        width, height = Size.model_validate(size).wh
        return Point(x=min(max(self.x, 0), width), y=min(max(self.y, 0), height))


@final
class Box(_Geometry):
    """An upright rectangle from (``x1``, ``y1``), its top left corner, to (``x2``, ``y2``), its bottom right corner.

    In pixels of the upright original picture, half-open, finite, and in order: x1 <= x2 and y1 <= y2. A box may be
    empty (x1 == x2) and may reach out of the picture; ``clamp`` cuts it. In JSON it is ``[x1, y1, x2, y2]``.

    Example:
        >>> box = Box.model_validate([10, 20, 50, 40])
        >>> box.width, box.height, box.area
        (40.0, 20.0, 800.0)
        >>> box.xywh
        (10.0, 20.0, 40.0, 20.0)
    """

    _form: ClassVar[str] = "four numbers [x1, y1, x2, y2]"
    _json_form: ClassVar[dict[str, Any]] = marked(
        "box",
        "Box",
        "x1, y1, x2, y2 in pixels: left, top, right and bottom edge.",
        type="array",
        items={"type": "number"},
        minItems=4,
        maxItems=4,
    )

    x1: Coordinate
    y1: Coordinate
    x2: Coordinate
    y2: Coordinate

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        wrong = [
            f"{low} ({getattr(self, low):g}) is {relation} {high} ({getattr(self, high):g})"
            for low, relation, high in (("x1", "right of", "x2"), ("y1", "below", "y2"))
            if getattr(self, low) > getattr(self, high)
        ]
        if wrong:
            raise PydanticCustomError("box_order", "corners out of order: {wrong}", {"wrong": " and ".join(wrong)})
        return self

    @model_serializer
    def _as_list(self) -> list[float]:
        return [self.x1, self.y1, self.x2, self.y2]

    @classmethod
    def from_xyxy(cls, x1: float, y1: float, x2: float, y2: float) -> Self:
        """The box with these left, top, right and bottom edges."""
        return cls(x1=x1, y1=y1, x2=x2, y2=y2)

    @classmethod
    def from_xywh(cls, x: float, y: float, width: float, height: float) -> Self:
        """The box with this top left corner, width and height (the form of COCO files)."""
        return cls(x1=x, y1=y, x2=x + width, y2=y + height)

    @classmethod
    def from_cxcywh(cls, cx: float, cy: float, width: float, height: float) -> Self:
        """The box with this centre, width and height (the form of YOLO and DETR, once in pixels)."""
        return cls(x1=cx - width / 2, y1=cy - height / 2, x2=cx + width / 2, y2=cy + height / 2)

    @classmethod
    def around(cls, boxes: Iterable[Box]) -> Self:
        """The smallest box around all of ``boxes``, of which there is at least one.

        Raises:
            ValueError: There are none.
        """
        left, top, right, bottom = zip(*(box.xyxy for box in boxes), strict=True)
        return cls(x1=min(left), y1=min(top), x2=max(right), y2=max(bottom))

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """``(x1, y1, x2, y2)``: left, top, right and bottom edge."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def xywh(self) -> tuple[float, float, float, float]:
        """``(x1, y1, width, height)``."""
        return self.x1, self.y1, self.width, self.height

    @property
    def cxcywh(self) -> tuple[float, float, float, float]:
        """``(x, y, width, height)`` with x and y of the centre."""
        return self.center.x, self.center.y, self.width, self.height

    @property
    def width(self) -> float:
        """The width in pixels, x2 - x1."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """The height in pixels, y2 - y1."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Width times height, in square pixels."""
        return self.width * self.height

    @property
    def center(self) -> Point:
        """The point in the middle."""
        return Point(x=(self.x1 + self.x2) / 2, y=(self.y1 + self.y2) / 2)

    def contains(self, point: Point) -> bool:
        """Whether ``point`` lies inside; the left and top edges count, the right and bottom edges do not."""
        return self.x1 <= point.x < self.x2 and self.y1 <= point.y < self.y2

    def intersection(self, other: Box) -> Box | None:
        """The box that both cover, or None where they share no area (boxes that only touch share none)."""
        x1, y1 = max(self.x1, other.x1), max(self.y1, other.y1)
        x2, y2 = min(self.x2, other.x2), min(self.y2, other.y2)
        return Box(x1=x1, y1=y1, x2=x2, y2=y2) if x1 < x2 and y1 < y2 else None

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1; 0 where they share no area, so also for two equal empty boxes."""
        shared = self.intersection(other)
        if shared is None:
            return 0.0
        union = self.area + other.area - shared.area
        return min(shared.area / union, 1.0) if union > 0 else 0.0

    def scale(self, sx: float, sy: float) -> Box:
        """The box with its x times ``sx`` and its y times ``sy``; negative factors mirror it, the order is kept."""
        (x1, x2), (y1, y2) = sorted((self.x1 * sx, self.x2 * sx)), sorted((self.y1 * sy, self.y2 * sy))
        return Box(x1=x1, y1=y1, x2=x2, y2=y2)

    def translate(self, dx: float, dy: float) -> Box:
        """The box moved by ``dx`` to the right and ``dy`` downwards."""
        return Box(x1=self.x1 + dx, y1=self.y1 + dy, x2=self.x2 + dx, y2=self.y2 + dy)

    def clamp(self, size: Size | tuple[int, int]) -> Box:
        """The part inside a picture of ``size`` (width, height); an empty box at its edge where nothing is inside."""
        width, height = Size.model_validate(size).wh
        x1, x2 = (min(max(x, 0), width) for x in (self.x1, self.x2))
        y1, y2 = (min(max(y, 0), height) for y in (self.y1, self.y2))
        return Box(x1=x1, y1=y1, x2=x2, y2=y2)

    def round(self, digits: int = 0) -> Box:
        """The box with its edges rounded to ``digits`` decimals, by default to whole pixels (0.5 to the even one)."""
        x1, y1, x2, y2 = (round(edge, digits) for edge in self.xyxy)
        return Box(x1=x1, y1=y1, x2=x2, y2=y2)


@final
class Polygon(_Geometry):
    """An outline of three or more ``points``, closed by itself; in JSON ``[[x, y], [x, y], [x, y], ...]``."""

    _form: ClassVar[str] = "three or more points [[x, y], ...]"
    _json_form: ClassVar[dict[str, Any]] = marked(
        "polygon",
        "Polygon",
        "Corner points x, y in pixels, in order along the outline.",
        type="array",
        items=_PAIR,
        minItems=3,
    )

    points: tuple[Point, ...]

    @classmethod
    def _from_list(cls, value: Sequence[Any]) -> dict[str, Any]:
        if any(isinstance(item, numbers.Real) for item in value):
            raise PydanticCustomError("polygon_flat", "must be {form}, not numbers in a row", {"form": cls._form})
        return {"points": tuple(value)}

    @model_validator(mode="after")
    def _check_count(self) -> Self:
        if len(self.points) < 3:
            raise PydanticCustomError(
                "polygon_length", "must be {form}, but has {count}", {"form": self._form, "count": len(self.points)}
            )
        return self

    @model_serializer
    def _as_list(self) -> list[list[float]]:
        return [[point.x, point.y] for point in self.points]

    @property
    def area(self) -> float:
        """The area in square pixels by the shoelace formula; parts that the outline crosses over cancel out."""
        following = self.points[1:] + self.points[:1]
        return abs(sum(a.x * b.y - b.x * a.y for a, b in zip(self.points, following, strict=True))) / 2

    @property
    def bounds(self) -> Box:
        """The smallest box that holds every point."""
        xs, ys = [point.x for point in self.points], [point.y for point in self.points]
        return Box(x1=min(xs), y1=min(ys), x2=max(xs), y2=max(ys))

    def scale(self, sx: float, sy: float) -> Polygon:
        """The polygon with every x times ``sx`` and every y times ``sy``."""
        return Polygon(points=tuple(point.scale(sx, sy) for point in self.points))

    def translate(self, dx: float, dy: float) -> Polygon:
        """The polygon moved by ``dx`` to the right and ``dy`` downwards."""
        return Polygon(points=tuple(point.translate(dx, dy) for point in self.points))

    def clamp(self, size: Size | tuple[int, int]) -> Polygon:
        """The polygon with every point moved to the nearest place of a picture of ``size`` (width, height)."""
        return Polygon(points=tuple(point.clamp(size) for point in self.points))
