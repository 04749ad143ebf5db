"""What the pocket model is asked about a scene, and the right answer: prompts as the chains write them, schemas of many shapes.

A task's schema is put together at random from fields (a label, a colour, a box, a count ...) under many names, and is
rendered by the very ``prompts.schema_text`` that users' schemas go through.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from extraction.families import RELATIVE_1000
from extraction.instructions import format_instructions
from extraction.pocket import words
from extraction.pocket.dataset import Truth
from extraction.pocket.model import GRID
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS
from extraction.prompts import INSTRUCTION, SYSTEM, schema_text
from extraction.schemas import Box, Color, json_schema_of

STEP = 5
"""Boxes are learnt in steps of 5 of 1000: each of these 201 numbers is one token."""
LANGCHAIN_SHARE = 0.3
"""How many forms are shown as the format instructions of LangChain's ``PydanticOutputParser``, which people start from."""

_BOX_SCHEMA = json_schema_of(Box)
_COLOR_SCHEMA = json_schema_of(Color)


@dataclass(frozen=True, slots=True)
class Thing:
    """One object as the model should write it: box xyxy in 0..1000."""

    label: str
    color: str
    box: tuple[int, int, int, int]

    @property
    def area(self) -> int:
        """Of the box, in 0..1000 squared."""
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


@dataclass(frozen=True, slots=True)
class View:
    """A scene as the model should tell it: things in reading order of the patches that hold their centres."""

    things: tuple[Thing, ...]
    ground: str | None
    dominant: tuple[str, ...]

    @staticmethod
    def of(truth: Truth) -> View:
        """The view of a truth."""
        rows = sorted(
            truth.objects.tolist(), key=lambda row: (min(int((row[3] + row[5]) / 2 * GRID), GRID - 1), row[2] + row[4])
        )
        things = [Thing(LABELS[int(r[0])], COLORS[int(r[1])], _quantised(r[2:])) for r in rows]
        ground = GROUND_COLORS[truth.ground] if truth.ground >= 0 else None
        return View(tuple(things), ground, tuple(GROUND_COLORS[i] for i in truth.dominant))

    def only(self, keep: Callable[[Thing], bool]) -> View:
        """The same scene with some of its things."""
        return View(tuple(thing for thing in self.things if keep(thing)), self.ground, self.dominant)


def _quantised(values: Sequence[float]) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = (min(max(round(value * 1000 / STEP) * STEP, 0), 1000) for value in values)
    return x1, y1, x2, y2


@dataclass(frozen=True, slots=True)
class Task:
    """One question and its right answer."""

    system: str | None
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Field:
    schema: dict[str, Any]
    value: Any


def standard_task(view: View, schema: dict[str, Any]) -> Task:
    """The task of the standard ``Scene`` schema, word for word as ``extraction_chain`` asks it."""
    things = [{"label": t.label, "color": t.color, "box": list(t.box)} for t in view.things]
    return Task(f"{SYSTEM}\n{schema_text(schema, RELATIVE_1000)}", INSTRUCTION, _dump({"objects": things}))


def random_task(view: View, rng: random.Random) -> Task:
    """A task of random kind about a scene."""
    if rng.random() < 0.15:
        asked = question(view, rng)
        return Task(rng.choice((None, None, SYSTEM, *words.SYSTEMS)), asked.prompt, asked.answer)
    instruction, view = _instruction(view, rng)
    field = _document(view, rng)
    if rng.random() < LANGCHAIN_SHARE:
        form = format_instructions(_as_pydantic(field.schema))
    else:
        form = schema_text(field.schema, RELATIVE_1000)
    return _laid_out(instruction, form, _dump(field.value), rng)


def _laid_out(instruction: str, form: str, answer: str, rng: random.Random) -> Task:
    """The form in the system message, as the chains put it, or wherever else people put it."""
    layout = rng.choices(("chain", "system", "before", "after"), (0.5, 0.1, 0.15, 0.25))[0]
    gap = rng.choice(("\n", "\n", "\n\n"))
    if layout == "chain":
        return Task(f"{SYSTEM}\n{form}", instruction, answer)
    if layout == "system":
        return Task(f"{rng.choice(words.SYSTEMS)}{gap}{form}", instruction, answer)
    system = rng.choice((None, SYSTEM, *words.SYSTEMS))
    parts = (form, instruction) if layout == "before" else (instruction, form)
    return Task(system, gap.join(parts), answer)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _instruction(view: View, rng: random.Random) -> tuple[str, View]:
    kind = rng.random()
    if kind < 0.5:
        return INSTRUCTION, view
    if kind < 0.7:
        return rng.choice(words.ALL), view
    if kind < 0.85:
        color = _likely([thing.color for thing in view.things], COLORS, rng)
        return _said(rng.choice(words.ONLY_COLOR), color), view.only(lambda thing: thing.color == color)
    label = _likely([thing.label for thing in view.things], LABELS, rng)
    return _said(rng.choice(words.ONLY_LABEL), label), view.only(lambda thing: thing.label == label)


def _likely(present: Sequence[str], every: Sequence[str], rng: random.Random) -> str:
    return rng.choice(present) if present and rng.random() < 0.75 else rng.choice(every)


def _document(view: View, rng: random.Random) -> _Field:
    """A whole form: a list of things, parallel lists, one thing, facts about the scene, or several of these together."""
    kind = rng.choices(("objects", "parallel", "one", "facts", "mixed", "bare"), (0.3, 0.12, 0.1, 0.22, 0.22, 0.04))[0]
    if kind == "bare":
        return _list_of_things(view, rng)
    if kind == "parallel":
        return _parallel(view, rng)
    if kind == "one":
        return _object(_one_thing(view, rng), rng)
    parts: dict[str, _Field] = {}
    if kind in ("objects", "mixed"):
        _add(parts, "objects", _list_of_things(view, rng), rng)
    if kind in ("facts", "mixed"):
        for _ in range(rng.randint(1, 3)):
            _add_fact(parts, view, rng)
    return _object(_shuffled(parts, rng) if kind == "mixed" else parts, rng)


def _shuffled(parts: dict[str, _Field], rng: random.Random) -> dict[str, _Field]:
    items = list(parts.items())
    rng.shuffle(items)
    return dict(items)


def _add(parts: dict[str, _Field], role: str, field: _Field, rng: random.Random, detail: str = "") -> None:
    """Puts a field under one of its role's names; a name that says nothing is always explained."""
    names, descriptions = words.ROLES[role]
    name, description = rng.choice(names).format(detail), _said(rng.choice(descriptions), detail)
    unclear = rng.random() < 0.1
    if unclear:
        name = rng.choice(words.UNCLEAR)
    if name in parts:
        return
    if unclear or rng.random() < 0.5:
        field = _Field(field.schema | {"description": description}, field.value)
    parts[name] = field


def _object(parts: dict[str, _Field], rng: random.Random) -> _Field:
    schema = {
        "type": "object",
        "properties": {name: field.schema for name, field in parts.items()},
        "required": [name for name in parts if rng.random() < 0.95],
    }
    return _Field(schema, {name: field.value for name, field in parts.items()})


def _label_schema(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.3:
        return {"enum": rng.sample(LABELS, len(LABELS))}
    return {"type": "string"}


def _color_schema(rng: random.Random) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.5:
        return {key: value for key, value in _COLOR_SCHEMA.items() if key not in ("title", "description")}
    return {"type": "string"} if kind < 0.8 else {"enum": rng.sample(GROUND_COLORS, len(GROUND_COLORS))}


def _box_schema(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.8:
        return {key: value for key, value in _BOX_SCHEMA.items() if key not in ("title", "description")}
    return {"type": "array", "items": {"type": rng.choice(("integer", "number"))}, "minItems": 4, "maxItems": 4}


def _one_thing(view: View, rng: random.Random) -> dict[str, _Field]:
    """Label, colour and box of the largest thing, each nullable where there may be none."""
    thing = max(view.things, key=lambda t: t.area, default=None)
    parts: dict[str, _Field] = {}
    for role in _roles(rng):
        schema = _thing_schema(role, rng)
        if rng.random() < 0.5 or thing is None:
            schema = {"anyOf": [schema, {"type": "null"}]}
        _add(parts, f"largest {role}", _Field(schema, _thing_value(thing, role) if thing else None), rng)
    return parts


def _roles(rng: random.Random) -> list[str]:
    """Which roles a thing's form has, in random order; label first is the most usual."""
    if rng.random() < 0.35:
        return ["label", "color", "box"]
    roles = [role for role, chance in (("label", 0.85), ("color", 0.7), ("box", 0.75)) if rng.random() < chance]
    roles = roles or ["label"]
    rng.shuffle(roles)
    return roles


def _thing_schema(role: str, rng: random.Random) -> dict[str, Any]:
    return {"label": _label_schema, "color": _color_schema, "box": _box_schema}[role](rng)


def _thing_value(thing: Thing, role: str) -> Any:
    return {"label": thing.label, "color": thing.color, "box": list(thing.box)}[role]


def _list_of_things(view: View, rng: random.Random) -> _Field:
    if rng.random() < 0.08:
        role = rng.choice(("label", "color", "box"))
        schema = {"type": "array", "items": _thing_schema(role, rng)}
        return _Field(schema, [_thing_value(thing, role) for thing in view.things])
    roles = {role: _thing_schema(role, rng) for role in _roles(rng)}
    parts: dict[str, _Field] = {}
    sources: dict[str, str] = {}
    for role, schema in roles.items():
        before = set(parts)
        _add(parts, role, _Field(schema, None), rng)
        sources |= dict.fromkeys(set(parts) - before, role)
    row = _object(parts, rng).schema
    values = [{name: _thing_value(thing, role) for name, role in sources.items()} for thing in view.things]
    return _Field({"type": "array", "items": row}, values)


def _parallel(view: View, rng: random.Random) -> _Field:
    parts: dict[str, _Field] = {}
    for role in _roles(rng):
        schema = {"type": "array", "items": _thing_schema(role, rng)}
        _add(parts, f"{role} list", _Field(schema, [_thing_value(thing, role) for thing in view.things]), rng)
    return _object(parts, rng)


def _add_fact(parts: dict[str, _Field], view: View, rng: random.Random) -> None:
    kind = rng.choice(
        ("count", "count color", "count label", "ground", "dominant", "has color", "has label", "empty", "caption")
    )
    color = _likely([thing.color for thing in view.things], COLORS, rng)
    label = _likely([thing.label for thing in view.things], LABELS, rng)
    integer, boolean = {"type": "integer"}, {"type": "boolean"}
    if kind == "count":
        _add(parts, kind, _Field(integer, len(view.things)), rng)
    elif kind == "count color":
        _add(parts, kind, _Field(integer, sum(t.color == color for t in view.things)), rng, color)
    elif kind == "count label":
        _add(parts, kind, _Field(integer, sum(t.label == label for t in view.things)), rng, label)
    elif kind == "ground" and view.ground:
        _add(parts, kind, _Field(_color_schema(rng), view.ground), rng)
    elif kind == "dominant" and view.ground:
        _add(parts, kind, _Field({"type": "array", "items": _color_schema(rng)}, list(view.dominant)), rng)
    elif kind == "has color":
        _add(parts, kind, _Field(boolean, any(t.color == color for t in view.things)), rng, color)
    elif kind == "has label":
        _add(parts, kind, _Field(boolean, any(t.label == label for t in view.things)), rng, label)
    elif kind == "empty":
        _add(parts, kind, _Field(boolean, not view.things), rng)
    else:
        _add(parts, "caption", _Field({"type": "string"}, caption(view)), rng)


def caption(view: View) -> str:
    """The scene in one sentence, things in reading order."""
    named = [f"a{'n' if t.color[0] == 'o' else ''} {t.color} {t.label}" for t in view.things]
    where = f" on a{'n' if view.ground[0] == 'o' else ''} {view.ground} ground" if view.ground else ""
    if not named:
        return f"Nothing{where}."
    text = named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1]
    return f"{text[0].upper()}{text[1:]}{where}."


@dataclass(frozen=True, slots=True)
class Question:
    """A question in plain words, its right answer, and its kind."""

    kind: str
    prompt: str
    answer: str


def question(view: View, rng: random.Random) -> Question:
    """A question of random kind: a caption, a count or yes/no."""
    color = _likely([thing.color for thing in view.things], COLORS, rng)
    label = _likely([thing.label for thing in view.things], LABELS, rng)
    kind = rng.choice(("caption", "count", "count color", "count label", "has color", "has label", "has thing"))
    if kind == "caption":
        return Question(kind, rng.choice(words.CAPTION), caption(view))
    keep: dict[str, Callable[[Thing], bool]] = {
        "count": lambda _: True,
        "color": lambda thing: thing.color == color,
        "label": lambda thing: thing.label == label,
        "thing": lambda thing: (thing.color, thing.label) == (color, label),
    }
    what = kind.split()[-1]
    found = sum(map(keep[what], view.things))
    detail = {"count": "", "color": color, "label": label, "thing": f"{color} {label}"}[what]
    answer = str(found) if kind.startswith("count") else ("yes" if found else "no")
    return Question(kind, _said(rng.choice(words.QUESTIONS[kind]), detail), answer)


def _said(phrase: str, detail: str) -> str:
    """A phrasing with its colour or label in place, and the right article before it."""
    return phrase.format(detail).replace(" a orange", " an orange")


def _as_pydantic(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema as Pydantic writes it for nested classes: titles on fields, classes under ``$defs``."""
    classes: dict[str, Any] = {}

    def rewrite(node: Any, name: str) -> Any:
        if not isinstance(node, dict):
            return node
        inner = {key: rewrite(value, name) for key, value in node.items() if key not in ("properties", "anyOf")}
        if "anyOf" in node:
            inner["anyOf"] = [rewrite(branch, name) for branch in node["anyOf"]]
        if "properties" not in node:
            return inner
        fields = {
            key: rewrite(value, key) | {"title": key.replace("_", " ").title()}
            for key, value in node["properties"].items()
        }
        title = name.replace("_", " ").title().replace(" ", "")
        classes[title] = {"properties": fields, "required": node["required"], "title": title, "type": "object"}
        return {"$ref": f"#/$defs/{title}"}

    if "properties" not in schema:
        return {"items": rewrite(schema["items"], "item"), "$defs": classes} if classes else schema
    rewrite(schema, "answer")
    root = classes.pop("Answer")
    wrapped: dict[str, Any] = ({"$defs": classes} if classes else {}) | root
    return wrapped
