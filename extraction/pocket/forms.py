"""Forms of many structures about a scene, as users write schemas: a schema, and the value that fills it in rightly.

A form is put together at random from fields under many names. Its ``structure`` has no names in it; of the
structures of three fields or more one in eight is held out: training never sees it, and an exam asks for nothing else.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from extraction.pocket import words
from extraction.pocket.fields import Field, fact, list_of, named, nullable, object_of, thing_field
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, LABELS

HELD_OUT = 8
"""One structure of so many is kept for the evaluation."""

RECASED = 0.1
"""How many forms spell the values of their enums in another case, as classes of ``Enum`` often do."""

Parts = dict[str, Field]


def is_held_out(form: Field) -> bool:
    """Whether a form has a structure that training never sees."""
    simple = len(re.findall(r"[a-z][a-z ]*", form.structure)) < 3  # everybody's first schema: these are all trained
    return not simple and zlib.crc32(form.structure.encode()) % HELD_OUT == 0


def random_form(
    view: View,
    rng: random.Random,
    *,
    held_out: bool = False,
    filtered: bool = False,
    weights: Mapping[str, float] | None = None,
) -> Field:
    """A form about a scene, of a structure that training sees, or of one that it never sees.

    Args:
        view: The scene.
        rng: Draws the form.
        held_out: Whether the structure is one of those that training never sees.
        filtered: Whether the scene holds only what was asked for; nothing but its things is then told.
        weights: How often the kinds of forms about a whole scene are drawn; as the exams draw them where it is not given.
    """
    kinds = _OF_THINGS if filtered else _KINDS
    often = {kind: weight for kind, (weight, _) in kinds.items()} if filtered or weights is None else weights
    while True:
        kind = rng.choices(list(often), list(often.values()))[0]
        form = kinds[kind][1](view, rng)
        if form is not None and is_held_out(form) == held_out:
            form = Field(_of_some(form.schema), form.value, form.structure) if filtered else form
            return _recased(form, rng) if rng.random() < RECASED else form


def _of_some(schema: Any) -> Any:
    """The schema without words that speak of everything in the picture."""
    if isinstance(schema, list):
        return [_of_some(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: _of_some(part) for key, part in schema.items()}
    if isinstance(told.get("description"), str):
        told["description"] = words.OF_SOME.get(told["description"], told["description"])
    return told


def _recased(form: Field, rng: random.Random) -> Field:
    change = rng.choice((str.upper, str.title))

    def rewritten(schema: Any, value: Any) -> tuple[Any, Any]:
        if "enum" in schema:
            return schema | {"enum": [change(one) for one in schema["enum"]]}, change(value) if value else value
        if "anyOf" in schema:
            inner, value = rewritten(schema["anyOf"][0], value)
            return schema | {"anyOf": [inner, *schema["anyOf"][1:]]}, value
        if "items" in schema:
            pairs = [rewritten(schema["items"], item) for item in value or ()]
            inner = rewritten(schema["items"], None)[0]
            return schema | {"items": inner}, None if value is None else [item for _, item in pairs]
        if "properties" in schema:
            parts = {key: rewritten(part, (value or {}).get(key)) for key, part in schema["properties"].items()}
            filled = None if value is None else {key: parts[key][1] for key in value}
            return schema | {"properties": {key: part for key, (part, _) in parts.items()}}, filled
        return schema, value

    return Field(*rewritten(form.schema, form.value), form.structure)


def _objects(view: View, rng: random.Random) -> Field | None:
    parts: Parts = {}
    named(parts, "objects", rows_of(view.things, rng), rng)
    return object_of(parts, rng)


def _counted(view: View, rng: random.Random) -> Field | None:
    """The things and how many they are."""
    parts: Parts = {}
    steps: list[Callable[[], object]] = [
        lambda: named(parts, "objects", rows_of(view.things, rng), rng),
        lambda: named(parts, "count", Field({"type": "integer"}, len(view.things), "count"), rng),
    ]
    rng.shuffle(steps)
    for step in steps:
        step()
    return object_of(parts, rng)


def _bare(view: View, rng: random.Random) -> Field | None:
    return rows_of(view.things, rng)


def _parallel(view: View, rng: random.Random) -> Field | None:
    parts: Parts = {}
    for role in _roles(rng):
        named(parts, f"{role} list", list_of([thing_field(role, thing, rng) for thing in view.things], role, rng), rng)
    return object_of(parts, rng)


def _one(view: View, rng: random.Random) -> Field | None:
    """Label, colour and box of the largest thing as the fields of the form itself."""
    if not view.has_one_largest:
        return None
    return object_of(_largest(view, rng, prefix="largest "), rng)


def _largest(view: View, rng: random.Random, prefix: str = "") -> Parts:
    thing = next(iter(view.by_size()), None)
    parts: Parts = {}
    for role in _roles(rng):
        field = thing_field(role, thing, rng)
        must_be = prefix and thing is None
        field = nullable(field) if must_be or rng.random() < (0.5 if prefix else 0.2) else field
        named(parts, prefix + role, field, rng)
    return parts


def _facts(view: View, rng: random.Random) -> Field | None:
    parts: Parts = {}
    for _ in range(rng.randint(1, 5)):
        _part(parts, view, rng, things=False)
    return object_of(parts, rng) if parts else None


def _mixed(view: View, rng: random.Random) -> Field | None:
    parts: Parts = {}
    things = rng.randrange(3)
    for position in range(rng.randint(2, 4)):
        _part(parts, view, rng, things=position == things)
    return object_of(parts, rng) if parts else None


def _nested(view: View, rng: random.Random) -> Field | None:
    """A form with forms inside."""
    parts: Parts = {}
    for _ in range(rng.randint(1, 2)):
        inner = rng.choice((_facts, _objects, _mixed, _parallel))(view, rng)
        if inner is not None:
            named(parts, "part", inner, rng)
    if rng.random() < 0.6 or not parts:
        _part(parts, view, rng, things=rng.random() < 0.3)
    return object_of(parts, rng) if parts else None


def _grouped(view: View, rng: random.Random) -> Field | None:
    """Lists of things under their label or colour, whether they are there or not."""
    by_label = rng.random() < 0.6
    every = LABELS if by_label else COLORS
    there = [thing.label if by_label else thing.color for thing in view.things]
    chosen = dict.fromkeys([*rng.sample(there, min(len(there), 2)), *rng.sample(every, rng.randint(1, 2))])
    wanted = rng.sample(list(chosen), len(chosen))
    roles = [role for role in _roles(rng) if role != ("label" if by_label else "color")] or ["box"]
    parts: Parts = {}
    for kind in wanted:
        things = [thing for thing in view.things if kind == (thing.label if by_label else thing.color)]
        named(parts, "group" if by_label else "color group", rows_of(things, rng, roles), rng, kind)
    form = object_of(parts, rng)
    if rng.random() < 0.4:
        outer: Parts = {}
        named(outer, "groups" if by_label else "color groups", form, rng)
        return object_of(outer, rng)
    return form


def _part(parts: Parts, view: View, rng: random.Random, *, things: bool) -> None:
    """One field more: the things, counts of many kinds, the largest, or a fact."""
    if things:
        named(parts, "objects", rows_of(view.things, rng), rng)
    elif rng.random() < 0.15:
        by_label = rng.random() < 0.5
        named(parts, "label counts" if by_label else "color counts", _tally(view, by_label, rng), rng)
    elif rng.random() < 0.1 and view.has_one_largest:
        largest = object_of(_largest(view, rng), rng)
        largest = nullable(largest) if not view.things or rng.random() < 0.5 else largest
        named(parts, "largest", largest if view.things else Field(largest.schema, None, largest.structure), rng)
    else:
        fact(parts, view, rng)


def _tally(view: View, by_label: bool, rng: random.Random) -> Field:
    """How many of each kind: a field for each of some kinds, a dictionary of those there, or a list of rows."""
    there = [thing.label if by_label else thing.color for thing in view.things]
    kind = rng.random()
    if kind < 0.5:
        every = LABELS if by_label else COLORS
        some = dict.fromkeys([*there, *rng.sample(every, 2)])
        wanted = rng.sample(list(some), min(len(some), rng.randint(2, 5)))
        parts: Parts = {}
        role = "count label" if by_label else "count color"
        for name in wanted:
            named(parts, role, Field({"type": "integer"}, there.count(name), "count of"), rng, name)
        return object_of(parts, rng)
    tally = {name: there.count(name) for name in there}
    if kind < 0.75:
        return Field({"type": "object", "additionalProperties": {"type": "integer"}}, tally, "{kind:count}")
    role = "label" if by_label else "color"
    firsts = [next(t for t in view.things if name == (t.label if by_label else t.color)) for name in tally]
    rows = rows_of(firsts, rng, [role, "row count"], [{"row count": count} for count in tally.values()])
    return Field(rows.schema, rows.value, rows.structure)


_ALONE = ("label", "box", "center")
"""What a list of things may have of each without a name for it: a list of colours would be taken for something else."""


def rows_of(
    things: tuple[Thing, ...] | list[Thing],
    rng: random.Random,
    roles: list[str] | None = None,
    known: list[dict[str, Any]] | None = None,
) -> Field:
    """A list of things, each an object or a single value.

    Args:
        things: The things, in the order in which they are told.
        rng: Draws names and types.
        roles: What is told of each; drawn where it is not given.
        known: Per thing, values of roles that are not the thing's own.
    """
    if roles is None and rng.random() < 0.08:
        role = rng.choice(_ALONE)
        return list_of([thing_field(role, thing, rng) for thing in things], role, rng)
    roles = roles or _roles(rng, "row")
    if len(roles) == 1 and roles[0] in _ALONE and rng.random() < 0.7:
        return list_of([thing_field(roles[0], thing, rng) for thing in things], roles[0], rng)
    parts: Parts = {}
    names = {}
    for role in roles:
        for name in named(parts, role, thing_field(role, None, rng), rng):
            names[name] = role
    extra = known or [{"index": number} for number in range(1, len(things) + 1)]
    row = object_of(parts, rng)
    values = [
        {name: (own[role] if role in own else thing_field(role, thing, rng).value) for name, role in names.items()}
        for thing, own in zip(things, extra, strict=True)
    ]
    return Field({"type": "array", "items": row.schema}, values, f"[{row.structure}]")


def _roles(rng: random.Random, where: str = "") -> list[str]:
    """Which roles a thing's form has, in random order; label first is the most usual."""
    kind = rng.random()
    if kind < 0.3:
        return ["label", "color", "box"]
    if kind < 0.4:
        return ["label", "box"]
    chances = [("label", 0.85), ("color", 0.7), ("box", 0.65)]
    if where == "row":
        chances += [("center", 0.12), ("phrase", 0.1), ("index", 0.1)]
    roles = [role for role, chance in chances if rng.random() < chance] or ["label"]
    rng.shuffle(roles)
    return roles


_OF_THINGS: dict[str, tuple[float, Callable[[View, random.Random], Field | None]]] = {
    "objects": (0.6, _objects),
    "parallel": (0.2, _parallel),
    "counted": (0.12, _counted),
    "bare": (0.08, _bare),
}
_KINDS: dict[str, tuple[float, Callable[[View, random.Random], Field | None]]] = {
    "objects": (0.13, _objects),
    "parallel": (0.08, _parallel),
    "one": (0.08, _one),
    "facts": (0.28, _facts),
    "mixed": (0.17, _mixed),
    "nested": (0.12, _nested),
    "grouped": (0.11, _grouped),
    "bare": (0.03, _bare),
}
