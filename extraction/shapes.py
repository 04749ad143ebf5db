"""Any value -> the shapes in it, each with the label and the colour that stand beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, RootModel

from extraction.schemas.color import Color
from extraction.schemas.geometry import Box, Point, Polygon

Outline: TypeAlias = Box | Point | Polygon
RGB: TypeAlias = tuple[int, int, int]

LABEL_FIELDS: Final = ("label", "name", "text", "category", "title")

# Names that say that there is a place, but not of what: the next better name is taken instead.
_VAGUE: Final = frozenset(
    "box boxes bbox bboxes bbox_2d box_2d bounding_box bounding_boxes point points point_2d polygon polygons outline "
    "outlines location locations position region regions area center geometry where".split()
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape to draw.

    Attributes:
        outline: The ``Box``, ``Point`` or ``Polygon``, in pixels of the picture.
        label: What it is; empty where nothing says so.
        rgb: Its colour, 0 to 255, where its owner has one.
    """

    outline: Outline
    label: str = ""
    rgb: RGB | None = None


@dataclass(frozen=True, slots=True)
class _Context:
    """What the surroundings of a value say about the shapes in it."""

    label: str = ""
    rgb: RGB | None = None


def find_shapes(value: object) -> list[Shape]:
    """Every ``Box``, ``Point`` and ``Polygon`` in ``value``, in the order in which they stand there.

    Models, dataclasses, named tuples, mappings, lists, tuples and sets are searched at any depth. The owner of a shape
    is the object with the field that holds it, alone or in a list:

    * its label is the owner's ``label``, ``name``, ``text``, ``category`` or ``title``, the first that is text. Where
      an owner has several fields with shapes, the field's name follows ("Ann face", "Ann body");
    * without any, the label is the name of the field; and where that only says "box", the name of the field that
      holds the owner, or the label of what it belongs to;
    * its colour is the owner's first field that is a ``Color``.
    """
    return list(_visit(value, _Context(), ()))


def _visit(value: object, context: _Context, parents: tuple[int, ...]) -> Iterator[Shape]:
    if isinstance(value, (Box, Point, Polygon)):
        yield Shape(value, context.label, context.rgb)
        return
    if id(value) in parents:  # a value that contains itself
        return
    parents = (*parents, id(value))
    if isinstance(value, RootModel):
        yield from _visit(value.root, context, parents)
    elif (members := _members(value)) is not None:
        yield from _visit_owner(members, context, parents)
    elif isinstance(value, (list, tuple, AbstractSet)):
        for item in value:
            yield from _visit(item, context, parents)


def _visit_owner(members: Mapping[str, Any], context: _Context, parents: tuple[int, ...]) -> Iterator[Shape]:
    label = next(filter(None, map(_text, map(members.get, LABEL_FIELDS))), "")
    rgb = next((item.rgb for item in members.values() if isinstance(item, Color)), None)
    places = {name for name, item in members.items() if _is_place(item)}
    for name, item in members.items():
        vague = name.lower() in _VAGUE
        text = name.replace("_", " ")
        surrounding = (label or context.label) if vague else text
        if name in places:
            several = len(places) > 1 and not vague
            own = (f"{label} {text}" if several else label) if label else surrounding or text
            inner = _Context(own, rgb or context.rgb)
        else:
            inner = _Context(surrounding, (rgb or context.rgb) if vague else None)
        yield from _visit(item, inner, parents)


def _members(value: object) -> Mapping[str, Any] | None:
    """The named parts of ``value``; None where it has none."""
    if isinstance(value, BaseModel):
        names = [*type(value).model_fields, *(value.model_extra or ())]
        return {name: getattr(value, name, None) for name in names}
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name, None) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    return None


def _is_place(value: object) -> bool:
    """Whether a field with this value locates its owner: a shape, or a list of shapes."""
    if isinstance(value, (list, tuple, AbstractSet)) and _members(value) is None:
        return any(_is_place(item) for item in value)
    return isinstance(value, (Box, Point, Polygon))


def _text(value: object) -> str:
    """``value`` as a label, where it is text or an enumeration's text; else empty."""
    if isinstance(value, Enum):
        value = value.value
    return value.strip() if isinstance(value, str) else ""
