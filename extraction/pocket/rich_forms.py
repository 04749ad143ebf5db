"""Forms as programs ask for them: rows without names, keys that are data, parts in parts, a count for every kind.

They are drawn for training besides those of ``forms``, and no exam asks for them: its schemas were written by hand.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from extraction.pocket.fields import Field, named, nullable, object_of, thing_field
from extraction.pocket.forms import Parts, is_held_out, rows_of
from extraction.pocket.questions import said
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, LABELS


def rich_form(view: View, rng: random.Random) -> Field:
    """A form of one of these kinds about a scene, or of another where the scene has no clear answer to one."""
    while True:
        form = rng.choice(_KINDS)(view, rng)
        if form is not None and not is_held_out(form):
            return form


def _of(thing: Thing, by_label: bool) -> str:
    return thing.label if by_label else thing.color


def _one_or_many(form: Field, role: str, view: View, rng: random.Random) -> Field:
    """The part under a name, alone or beside the count of all things."""
    parts: Parts = {}
    named(parts, role, form, rng)
    if rng.random() < 0.3:
        named(parts, "count", Field({"type": "integer"}, len(view.things), "count"), rng)
    turned = rng.random() < 0.5
    return object_of(dict(reversed(parts.items())) if turned else parts, rng)


def _tuples(view: View, rng: random.Random) -> Field:
    """A row of values without names per thing."""
    roles = rng.sample(["label", "color", rng.choice(("box", "center"))], rng.choice((2, 3, 3)))
    cells = [thing_field(role, None, rng) for role in roles]
    size = {"minItems": len(roles), "maxItems": len(roles)}
    row = {"type": "array", "prefixItems": [cell.schema for cell in cells], **size}
    values = [[thing_field(role, thing, rng).value for role in roles] for thing in view.things]
    words = {"label": "its shape", "color": "its color", "box": "its box", "center": "its centre"}
    told = rng.choice(("a row per object: {}", "one row for each shape: {}", "for each object {}"))
    described = {"description": told.format(", ".join(words[role] for role in roles))}
    rows = Field({"type": "array", "items": row} | described, values, f"[({','.join(roles)})]")
    parts: Parts = {rng.choice(("rows", "objects", "table", "items", "shapes", "records", "entries")): rows}
    return object_of(parts, rng)


_KEYED = {
    ("color", "label"): ("for each colour the shapes that have it", "the shapes of each colour that occurs"),
    ("color", "center"): ("for each colour the centres of the objects of that colour", "centres by colour"),
    ("color", "box"): ("for each colour that occurs the boxes of its objects", "boxes of the objects by their colour"),
    ("label", "color"): ("for each kind of shape the colours of its objects", "the colours that each shape has"),
    ("label", "center"): ("for each kind of shape the centres of its objects", "where the shapes of each kind are"),
    ("label", "box"): ("for each kind of shape that occurs its boxes", "boxes of the objects by their shape"),
}


def _keyed(view: View, rng: random.Random) -> Field:
    """A dictionary from the colours or the labels that occur to what is asked of their things."""
    (key, role), descriptions = rng.choice(list(_KEYED.items()))
    cell = thing_field(role, None, rng).schema
    values: dict[str, list[Any]] = {}
    for thing in view.things:
        values.setdefault(_of(thing, key == "label"), []).append(thing_field(role, thing, rng).value)
    schema = {"type": "object", "additionalProperties": {"type": "array", "items": cell}}
    form = Field(schema | {"description": rng.choice(descriptions)}, values, f"{{{key}:[{role}]}}")
    return object_of({rng.choice(("by_color", "by_kind", "places", "groups", "index", "found", "found_by")): form}, rng)


def _crossed(view: View, rng: random.Random) -> Field:
    """How many there are of each label in each colour, or of each colour in each label."""
    by_label = rng.random() < 0.5
    counts: dict[str, dict[str, int]] = {}
    for thing in view.things:
        inner = counts.setdefault(_of(thing, by_label), {})
        inner[_of(thing, not by_label)] = inner.get(_of(thing, not by_label), 0) + 1
    one, other = ("kind of shape", "colour") if by_label else ("colour", "kind of shape")
    numbers = {"type": "object", "additionalProperties": {"type": "integer"}}
    schema = {"type": "object", "additionalProperties": numbers}
    told = rng.choice(
        (f"for each {one}, how many there are of each {other}", f"number of objects by {one} and {other}")
    )
    form = Field(schema | {"description": told}, counts, "{kind:{kind:count}}")
    return object_of({rng.choice(("stock", "counts", "matrix", "table", "numbers", "statistics")): form}, rng)


def _every_kind(view: View, rng: random.Random) -> Field:
    """A count for every label or every colour, most of them 0."""
    by_label = rng.random() < 0.5
    every = list(LABELS if by_label else COLORS)
    if rng.random() < 0.5:
        every = rng.sample(every, rng.randint(5, len(every)))
    there = [_of(thing, by_label) for thing in view.things]
    many = by_label and rng.random() < 0.5
    counts: Parts = {
        said("{}s", name) if many else name: Field({"type": "integer"}, there.count(name), "count of") for name in every
    }
    return _one_or_many(object_of(counts, rng), "label counts" if by_label else "color counts", view, rng)


def _distinct(view: View, rng: random.Random) -> Field:
    """The labels or colours that occur, and in a second list how often each does."""
    by_label = rng.random() < 0.5
    there = [_of(thing, by_label) for thing in view.things]
    names = list(dict.fromkeys(there))
    what = "kinds of shape" if by_label else "colours"
    told = rng.choice((f"the {what} that occur, each once", f"the {what}, each once, in order of first appearance"))
    counted = rng.choice(
        ("how many objects have each of these, in the same order", f"how often each of the {what} occurs")
    )
    heads = rng.choice((("labels", "values"), ("names", "counts"), ("categories", "numbers"), ("x", "y")))
    items = thing_field("label" if by_label else "color", None, rng).schema
    columns = (
        Field({"type": "array", "items": items, "description": told}, names, "[distinct]"),
        Field(
            {"type": "array", "items": {"type": "integer"}, "description": counted},
            [there.count(name) for name in names],
            "[count of]",
        ),
    )
    return object_of(dict(zip(heads, columns, strict=True)), rng)


_STYLE = ("style", "appearance", "look", "attributes", "properties")
_GEOMETRY = ("geometry", "layout", "placement", "coordinates", "where")


def _in_parts(view: View, rng: random.Random) -> Field | None:
    """Things whose colour and place stand in objects of their own, and now and then the ground in one, too."""
    places = rng.sample(["box", "center"], rng.randint(1, 2))
    styled = rng.random() < 0.7
    names: dict[str, list[str]] = {}

    def group(roles: list[str]) -> Field:
        inner: Parts = {}
        for role in roles:
            names.setdefault(role, []).extend(named(inner, role, thing_field(role, None, rng), rng))
        return object_of(inner, rng)

    outer: Parts = {}
    names["label"] = named(outer, "label", thing_field("label", None, rng), rng)
    style, geometry = rng.choice(_STYLE), rng.choice(_GEOMETRY)
    if styled:
        outer[style] = group(["color"])
    outer[geometry] = group(places)
    if any(not found for found in names.values()) or len(outer) != 2 + styled:
        return None

    def row(thing: Thing) -> dict[str, Any]:
        told = {role: thing_field(role, thing, rng).value for role in names}
        value: dict[str, Any] = {names["label"][0]: told["label"]}
        if styled:
            value[style] = {names["color"][0]: told["color"]}
        return value | {geometry: {names[role][0]: told[role] for role in places}}

    item = object_of(outer, rng)
    rows = Field({"type": "array", "items": item.schema}, [row(thing) for thing in view.things], f"[{item.structure}]")
    parts: Parts = {}
    if view.ground and rng.random() < 0.4:
        ground: Parts = {}
        named(ground, "ground", Field(thing_field("color", None, rng).schema, view.ground, "ground"), rng)
        parts[rng.choice(("canvas", "scene", "page", "frame"))] = object_of(ground, rng)
    named(parts, "objects", rows, rng)
    return object_of(parts, rng)


def _by_name(view: View, rng: random.Random) -> Field | None:
    """An object or null for each of some labels or colours that at most one thing has."""
    by_label = rng.random() < 0.7
    every = LABELS if by_label else COLORS
    there = [_of(thing, by_label) for thing in view.things]
    single = [name for name in every if there.count(name) == 1]
    absent = [name for name in every if name not in there]
    wanted = [
        *rng.sample(single, min(len(single), rng.randint(1, 3))),
        *rng.sample(absent, min(len(absent), rng.randint(0, 2))),
    ]
    rng.shuffle(wanted)
    roles = rng.sample(["color" if by_label else "label", "box", "center"], rng.randint(1, 2))
    told = rng.choice(("the {0}, or null if there is no {0}", "the {0}; null where there is none", "the {0}"))
    parts: Parts = {}
    inner: Parts = {}
    names = {role: named(inner, role, thing_field(role, None, rng), rng) for role in roles}
    if not wanted or any(not found for found in names.values()):
        return None
    form = object_of(inner, rng)
    for name in wanted:
        thing = next((one for one in view.things if _of(one, by_label) == name), None)
        value = thing and {names[role][0]: thing_field(role, thing, rng).value for role in roles}
        field = nullable(Field(form.schema, value, form.structure))
        phrase = name if by_label else f"{name} one"
        parts[name] = Field(field.schema | {"description": told.format(phrase)}, value, field.structure)
    return object_of(parts, rng)


def _others(view: View, rng: random.Random) -> Field | None:
    """The things of one or two labels under a name of their own, and all others."""
    apart = rng.sample(LABELS, rng.randint(1, 2))
    if not any(thing.label in apart for thing in view.things) and rng.random() < 0.7:
        return None
    rest = [thing for thing in view.things if thing.label not in apart]
    parts: Parts = {}
    for label in apart:
        things = [thing for thing in view.things if thing.label == label]
        named(parts, "group", rows_of(things, rng, rng.choice((["box"], ["center"], ["color", "box"]))), rng, label)
    told = said("every shape that is no {}", apart[0])
    if len(apart) == 2:
        told = f"every shape that is neither a {apart[0]} nor a {apart[1]}"
    rows = rows_of(rest, rng, ["label", rng.choice(("box", "center"))])
    name = rng.choice(("others", "rest", "other_shapes", "everything_else", "remaining"))
    parts[name] = Field(rows.schema | {"description": told}, rows.value, rows.structure)
    return object_of(parts, rng)


_KINDS: tuple[Callable[[View, random.Random], Field | None], ...] = (
    _tuples,
    _keyed,
    _crossed,
    _every_kind,
    _distinct,
    _in_parts,
    _by_name,
    _others,
)
