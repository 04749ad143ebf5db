"""The fields that forms are made of: a JSON schema, the right value, and the structure, under one of many names."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from extraction.pocket import words
from extraction.pocket.questions import asked_for, caption, said
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import GROUND_COLORS, LABELS
from extraction.schemas import Box, Color, Point, json_schema_of

_NOT_SHOWN = ("title", "description")


def _marked(kind: type) -> dict[str, Any]:
    return {key: value for key, value in json_schema_of(kind).items() if key not in _NOT_SHOWN}


_BOX, _POINT, _COLOR = (_marked(kind) for kind in (Box, Point, Color))
_NULL = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a form.

    Attributes:
        schema: Its JSON schema.
        value: What is right for the scene.
        structure: What it is made of, without names: roles, lists, objects.
    """

    schema: dict[str, Any]
    value: Any
    structure: str


def named(parts: dict[str, Field], role: str, field: Field, rng: random.Random, detail: str = "") -> list[str]:
    """Puts a field under one of its role's names; a name that says nothing is always explained.

    Args:
        parts: Where to; a name that is taken already is not taken again.
        role: A key of ``words.ROLES``.
        field: The field.
        rng: Draws the name.
        detail: The colour or label that it is about.

    Returns:
        The name, or nothing where it was taken.
    """
    names, descriptions = words.ROLES[role]
    name = said(rng.choice(names), detail.replace(" ", "_"))
    unclear = rng.random() < 0.08
    if unclear:
        name = rng.choice(words.UNCLEAR)
    elif rng.random() < 0.12:
        name = _in_camel_case(name, rng)
    if name in parts:
        return []
    described = unclear or role in words.EXPLAINED or rng.random() < 0.5
    own = {"description": said(rng.choice(descriptions), detail)} if described else {}
    parts[name] = Field(field.schema | own, field.value, field.structure)
    return [name]


def _in_camel_case(name: str, rng: random.Random) -> str:
    camel = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
    return camel[:1].upper() + camel[1:] if rng.random() < 0.3 else camel


def object_of(parts: dict[str, Field], rng: random.Random) -> Field:
    """An object with these fields."""
    all_required = rng.random() < 0.7
    schema = {
        "type": "object",
        "properties": {name: field.schema for name, field in parts.items()},
        "required": [name for name in parts if all_required or rng.random() < 0.85],
    }
    structure = ",".join(field.structure for field in parts.values())
    return Field(schema, {name: field.value for name, field in parts.items()}, f"{{{structure}}}")


def list_of(fields: Sequence[Field], role: str, rng: random.Random) -> Field:
    """A list of single values of one role."""
    return Field(_list_schema(thing_field(role, None, rng).schema), [field.value for field in fields], f"[{role}]")


def nullable(field: Field) -> Field:
    """The field as one that may be null."""
    return Field({"anyOf": [field.schema, _NULL]}, field.value, f"{field.structure}?")


def thing_field(role: str, thing: Thing | None, rng: random.Random) -> Field:
    """One role of one thing; without a thing the schema alone matters."""
    makers: dict[str, Callable[[random.Random], dict[str, Any]]] = {
        "label": _label_schema,
        "color": color_schema,
        "box": _box_schema,
        "center": lambda _: dict(_POINT),
        "phrase": lambda _: {"type": "string"},
        "index": _integer_schema,
        "row count": _integer_schema,
    }
    schema = makers[role](rng)
    values: dict[str, Any] = {}
    if thing is not None:
        values = {"label": thing.label, "color": thing.color, "box": list(thing.box)}
        values |= {"center": list(thing.center), "phrase": thing.phrase}
    return Field(schema, values.get(role), role)


def _integer_schema(rng: random.Random) -> dict[str, Any]:
    return {"type": "integer"} | ({"minimum": 0} if rng.random() < 0.3 else {})


def _label_schema(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.3:
        other = [rng.choice(("other", "unknown"))] if rng.random() < 0.3 else []
        return {"enum": [*rng.sample(LABELS, len(LABELS)), *other], "type": "string"}
    return {"type": "string"}


def color_schema(rng: random.Random) -> dict[str, Any]:
    """A colour: the library's own type, a plain string, or one of the names."""
    kind = rng.random()
    if kind < 0.5:
        return dict(_COLOR)
    names = {} if kind < 0.8 else {"enum": rng.sample(GROUND_COLORS, len(GROUND_COLORS))}
    return {**names, "type": "string"}


def _box_schema(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.8:
        return dict(_BOX)
    number = {"type": rng.choice(("integer", "number"))}
    return {"type": "array", "items": number} | ({"minItems": 4, "maxItems": 4} if rng.random() < 0.7 else {})


def fact(parts: dict[str, Field], view: View, rng: random.Random) -> None:
    """Adds one fact about the scene, if it is one that this scene has a clear answer to."""
    kind = rng.choices(*_FACTS)[0]
    if kind in ("color of", "label of", "box of"):
        _lookup(parts, kind, view, rng)
        return
    first, _, what = kind.partition(" ")
    if first in ("count", "has") and what:
        detail, keep = asked_for(what, view, rng)
        found = sum(map(keep, view.things))
        field = Field(_integer_schema(rng), found, kind) if first == "count" else _truth(found > 0, kind)
        named(parts, kind, field, rng, detail)
        return
    colors, labels = ([t.color for t in view.things], [t.label for t in view.things])
    none, one, many = ("none", "one", "many")
    amount = (none, one)[len(view.things)] if len(view.things) < 2 else many
    makers: dict[str, Callable[[], Field | None]] = {
        "count": lambda: Field(_integer_schema(rng), len(view.things), kind),
        "empty": lambda: _truth(not view.things, kind),
        "caption": lambda: Field({"type": "string"}, caption(view), kind),
        "amount": lambda: Field({"enum": [none, one, many], "type": "string"}, amount, kind),
        "colors present": lambda: Field(_list_schema(color_schema(rng)), list(dict.fromkeys(colors)), kind),
        "labels present": lambda: Field(_list_schema(_label_schema(rng)), list(dict.fromkeys(labels)), kind),
        "ground": lambda: Field(color_schema(rng), view.ground, kind) if view.ground else None,
        "dominant": lambda: Field(_list_schema(color_schema(rng)), list(view.dominant), kind) if view.ground else None,
    }
    made = makers[kind]()
    if made is not None:
        maybe = rng.random() < 0.12
        named(parts, kind, nullable(made) if maybe else made, rng)


_FACTS = (
    "count|count color|count label|count thing|has color|has label|has thing|empty|caption|amount|ground|dominant|"
    "colors present|labels present|color of|label of|box of".split("|"),
    (3, 4, 4, 1, 3, 3, 2, 1, 2, 1, 3, 2, 2, 2, 2, 2, 2),
)


def _truth(value: bool, kind: str) -> Field:
    return Field({"type": "boolean"}, value, kind)


def _list_schema(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _lookup(parts: dict[str, Field], kind: str, view: View, rng: random.Random) -> None:
    """The colour of the circle, the shape that is red, where the red circle is: null where there is none of it."""
    what = {"color of": "label", "label of": "color", "box of": "thing"}[kind]
    detail, keep = asked_for(what, view, rng)
    found = [thing for thing in view.things if keep(thing)]
    if len(found) > 1:
        return
    field = thing_field(kind.removesuffix(" of"), found[0] if found else None, rng)
    named(parts, kind, nullable(Field(field.schema, field.value, kind)), rng, detail)
