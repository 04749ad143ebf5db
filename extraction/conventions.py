"""How a model writes boxes and points: what its numbers count, in which order, under which keys, in which syntax."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from extraction.errors import BoxConventionError

Kind = Literal["relative", "pixel", "grid"]
Order = Literal["xyxy", "yxyx"]
Canvas = Literal["picture", "canvas"]

_NUMBERS: Final = ("span", "last", "offset", "unit")
_CHOICES: Final = {"kind": get_args(Kind), "order": get_args(Order), "points": ("xy", "yx"), "frame": get_args(Canvas)}


@dataclass(frozen=True, slots=True)
class BoxConvention:
    """How a model writes the numbers of a box.

    Attributes:
        name: What users call it.
        kind: "relative": shares of the picture's sides; "pixel": pixels of the picture as the model was given it;
            "grid": two indices of cells, row by row, the upper left and the lower right one of the box.
        span: What the full side counts as (1000, 1.0 ...), or how many cells a side has; None for pixels.
        order: Which number of a box stands first.
        integer: Whether the numbers are whole.
        points: Which number of a point stands first; by default as in ``order``.
        last: The largest number that the model writes; by default ``span`` (a model with 1,000 bins writes 0 to 999).
        offset: What is added to a number before it is divided by ``span``: 0.5 where bins are meant by their middles.
        unit: Pixels that one step counts; only for pixels.
        frame: What the numbers refer to: "picture", the user's whole picture, or "canvas", what the model was given, with
            the padding around the picture and without what was cropped. Pixels always refer to the canvas.
        box_key: The key under which the model was trained to write a box in JSON; None for the schema's own.
        point_key: The same for a point.
        syntaxes: Its own ways to write boxes in a text that is no JSON, by name (see ``extraction.syntaxes``).

    Raises:
        BoxConventionError: The values contradict each other.
    """

    name: str
    kind: Kind
    span: float | None
    order: Order = "xyxy"
    integer: bool = True
    points: Literal["xy", "yx"] | None = None
    last: float | None = None
    offset: float = 0.0
    unit: float = 1.0
    frame: Canvas = "picture"
    box_key: str | None = None
    point_key: str | None = None
    syntaxes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if (value := getattr(self, name)) not in choices and not (name == "points" and value is None):
                raise BoxConventionError(
                    f"the convention {self.name!r} has {name} {value!r}", hint=" or ".join(map(str, choices))
                )
        for name in _NUMBERS:
            if not isinstance(value := getattr(self, name), (int, float, type(None))):
                raise BoxConventionError(f"the convention {self.name!r} has {name} {value!r}", hint="give a number")
        if not self.unit or self.unit < 0:
            raise BoxConventionError(
                f"the convention {self.name!r} has unit {self.unit!r}", hint="give a number above 0"
            )
        if (self.kind == "pixel") != (self.span is None) or (self.span is not None and not self.span > 0):
            raise BoxConventionError(
                f"the convention {self.name!r} is {self.kind!r} and has span {self.span!r}",
                hint="one of pixels has None, the others have a span above 0",
            )
        if self.last is not None and not (self.span is not None and 0 < self.last <= self.span):
            raise BoxConventionError(f"the convention {self.name!r} has last {self.last!r} and span {self.span!r}")
        named: Any = self.syntaxes
        object.__setattr__(
            self, "syntaxes", (named,) if isinstance(named, str) else tuple(named)
        )  # no letters of a name

    @property
    def point_order(self) -> Literal["xy", "yx"]:
        """Which number of a point stands first."""
        return self.points or ("xy" if self.order == "xyxy" else "yx")

    @property
    def on_canvas(self) -> bool:
        """Whether the numbers refer to what the model was given, and not to the user's picture."""
        return self.kind == "pixel" or self.frame == "canvas"

    @property
    def largest(self) -> float | None:
        """The largest number that stands for a place in the picture; None for pixels."""
        return self.span if self.last is None else self.last

    @property
    def box_form(self) -> str:
        """A box as it is shown in a form."""
        return "[x1, y1, x2, y2]" if self.order == "xyxy" else "[y1, x1, y2, x2]"

    @property
    def point_form(self) -> str:
        """A point as it is shown in a form."""
        return "[x, y]" if self.point_order == "xy" else "[y, x]"

    @property
    def words(self) -> str:
        """The sentence that tells a model so."""
        corners = "left, top, right, bottom" if self.order == "xyxy" else "top, left, bottom, right"
        if self.span is None:
            unit = "pixels" if self.unit == 1 else f"steps of {self.unit:g} pixels"
            return f"{self.box_form}: {corners} in {unit} of the picture"
        numbers = f"{'whole ' if self.integer else ''}numbers from 0 to {self.largest:g}"
        full = f"where {self.largest:g} is the full width or height"
        return f"{self.box_form}: {corners} as {numbers}, {full}"

    def changed(self, **fields: Any) -> BoxConvention:
        """The same convention with other values for some of its fields.

        Raises:
            BoxConventionError: There is no such field, or the values contradict each other.
        """
        known = {field.name for field in dataclasses.fields(self)}
        if unknown := sorted(fields.keys() - known):
            raise BoxConventionError(
                f"a convention has no field {unknown[0]!r}", hint=f"fields: {', '.join(sorted(known))}"
            )
        return dataclasses.replace(self, **fields)

    def as_json(self) -> dict[str, Any]:
        """What a message tells of it, in ``response_metadata["boxes"]["convention"]``."""
        return dataclasses.asdict(self) | {"syntaxes": list(self.syntaxes)}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> BoxConvention:
        """The inverse of ``as_json``."""
        return cls(**told)


RELATIVE_1000: Final = BoxConvention("relative-1000", "relative", 1000)
RELATIVE_1000_YXYX: Final = BoxConvention("relative-1000-yxyx", "relative", 1000, "yxyx")
RELATIVE_1: Final = BoxConvention("relative-1", "relative", 1, integer=False)
PIXEL: Final = BoxConvention("pixel", "pixel", None)
