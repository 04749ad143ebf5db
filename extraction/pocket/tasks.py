"""What the pocket model is asked about a scene, and the right answer: prompts as the chains and the chat model write them.

Schemas are rendered by the very ``prompts`` that users' schemas go through.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from extraction.chains.reason import ANSWER
from extraction.conventions import RELATIVE_1000
from extraction.instructions import format_instructions
from extraction.pocket import words
from extraction.pocket.forms import random_form
from extraction.pocket.questions import asked_for, listing, lookup, question, said
from extraction.pocket.rich_forms import rich_form
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, LABELS
from extraction.prompts import INSTRUCTION, SYSTEM, schema_text, tools_text
from extraction.schemas import Box, Color, Point, json_schema_of
from extraction.schemas.markers import MARKER_KEY

LOOKUP_SHARE = 0.3
"""How many questions ask for the colours of a shape or the shapes of a colour: the shortest way to learn to filter."""
LANGCHAIN_SHARE = 0.08
"""How many forms are shown as the format instructions of LangChain's ``PydanticOutputParser``, which people start from."""
ANSWER_SHARE = 0.12
"""How many forms hold nothing but the answer to a question."""
RICH_SHARE = 0.35
"""How many forms about the whole scene are of the kinds of ``rich_forms``."""
WEIGHTS = {
    "objects": 0.07,
    "parallel": 0.06,
    "one": 0.06,
    "facts": 0.25,
    "mixed": 0.17,
    "nested": 0.17,
    "grouped": 0.2,
    "bare": 0.02,
}
"""How often each kind of form about the whole scene is asked for: those of many parts, which are learnt late, more often
than the exams ask for them, and those that are learnt early more seldom."""
TOOL_SHARE = 0.1
"""How many forms are the arguments of a tool."""


@dataclass(frozen=True, slots=True)
class Task:
    """One question and its right answer; ``before`` are earlier turns of the conversation, as (role, text)."""

    system: str | None
    prompt: str
    answer: str
    before: tuple[tuple[str, str], ...] = ()


def scene_answer(view: View) -> str:
    """The things of a view as the standard ``Scene`` schema has them."""
    return _dump({"objects": [{"label": t.label, "color": t.color, "box": list(t.box)} for t in view.things]})


def standard_task(view: View, schema: dict[str, Any]) -> Task:
    """The task of the standard ``Scene`` schema, word for word as ``extraction_chain`` asks it."""
    return Task(f"{SYSTEM}\n{schema_text(schema, RELATIVE_1000)}", INSTRUCTION, scene_answer(view))


def told_task(view: View, schema: dict[str, Any], rng: random.Random) -> Task:
    """The standard schema with another instruction: most often one that asks for some of the things only."""
    instruction, view, _ = _instruction(view, rng, plain=0.0)
    return Task(f"{SYSTEM}\n{schema_text(schema, RELATIVE_1000)}", instruction, scene_answer(view))


def question_task(view: View, rng: random.Random) -> Task:
    """A question in plain words, now and then about text, of which there is none, or one to think about."""
    kind = rng.random()
    system = rng.choice((None, None, SYSTEM, *words.SYSTEMS))
    if kind < 0.03:
        return Task(system, rng.choice(words.READ), words.NO_TEXT)
    if kind < 0.03 + LOOKUP_SHARE:
        asked = lookup(view, rng)
        return Task(system, asked.prompt, asked.answer)
    asked = question(view, rng)
    if kind < 0.08 + LOOKUP_SHARE:
        return Task(system, rng.choice(words.THINK).format(asked.prompt), listing(view))
    return Task(system, asked.prompt, asked.answer)


def random_task(view: View, rng: random.Random) -> Task:
    """A task with a form of random structure."""
    if rng.random() < ANSWER_SHARE:
        return _answered(view, rng)
    whole = view
    instruction, view, filtered = _instruction(view, rng, plain=0.5)
    rich = not filtered and rng.random() < RICH_SHARE
    form = rich_form(view, rng) if rich else random_form(view, rng, filtered=filtered, weights=WEIGHTS)
    kind = rng.random()
    if kind < TOOL_SHARE and form.schema.get("type") == "object":
        return _called(instruction, form.schema, form.value, rng)
    if kind < TOOL_SHARE + LANGCHAIN_SHARE:
        text = format_instructions(as_pydantic(form.schema))
    else:
        text = schema_text(form.schema, RELATIVE_1000)
    return _laid_out(instruction, text, _dump(form.value), whole, rng)


def _answered(view: View, rng: random.Random) -> Task:
    """A question whose answer is the whole form, or its only field."""
    asked = lookup(view, rng) if rng.random() < LOOKUP_SHARE else question(view, rng)
    names = [] if asked.answer == words.NONE else asked.answer.split(", ")
    readers: dict[str, tuple[str, Callable[[str], Any]]] = {
        "caption": ("string", str),
        "count": ("integer", int),
        "has": ("boolean", lambda answer: answer == "yes"),
    }
    schema: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    value: Any = names
    if asked.kind.split()[0] in readers:
        kind, read = readers[asked.kind.split()[0]]
        schema, value = {"type": kind}, read(asked.answer)
    elif len(names) < 2 and rng.random() < 0.7:
        schema, value = {"type": "string"}, asked.answer
    if rng.random() < 0.5:
        name = rng.choice(words.ANSWER)
        schema, value = {"type": "object", "properties": {name: schema}, "required": [name]}, {name: value}
    return _laid_out(asked.prompt, schema_text(schema, RELATIVE_1000), _dump(value), view, rng)


def _laid_out(instruction: str, form: str, answer: str, view: View, rng: random.Random) -> Task:
    """The form in the system message, as the chains put it, or wherever else people put it."""
    layout = rng.choices(("chain", "system", "before", "after", "thought"), (0.55, 0.1, 0.1, 0.19, 0.06))[0]
    gap = rng.choice(("\n", "\n", "\n\n"))
    if layout == "chain":
        return Task(f"{SYSTEM}\n{form}", instruction, answer)
    if layout == "thought":
        thought = (("user", words.THINK[0].format(instruction)), ("assistant", listing(view)))
        return Task(f"{SYSTEM}\n{form}", ANSWER, answer, thought)
    if layout == "system":
        return Task(f"{rng.choice(words.SYSTEMS)}{gap}{form}", instruction, answer)
    system = rng.choice((None, SYSTEM, *words.SYSTEMS))
    parts = (form, instruction) if layout == "before" else (instruction, form)
    return Task(system, gap.join(parts), answer)


def _called(instruction: str, schema: dict[str, Any], value: Any, rng: random.Random) -> Task:
    """The form as the arguments of a tool, shown as the chat model shows tools to a model whose template has none."""
    names = rng.sample(words.TOOLS, 2)
    tools = [{"name": names[0], "description": rng.choice(words.TOOL_DESCRIPTIONS), "parameters": schema}]
    if rng.random() < 0.2:
        other = {"name": names[1], "description": "Ends the conversation.", "parameters": {}}
        tools.insert(rng.randrange(2), other)
    if len(tools) > 1 or rng.random() < 0.4:
        phrases = words.CALL[1:] if len(tools) > 1 else words.CALL
        instruction = f"{instruction} {rng.choice(phrases).format(names[0])}"
    shown = tools_text([{"type": "function", "function": tool} for tool in tools], RELATIVE_1000)
    system = rng.choice((None, None, *words.SYSTEMS))
    answer = f"<tool_call>{_dump({'name': names[0], 'arguments': value})}</tool_call>"
    return Task(f"{system}\n\n{shown}" if system else shown, instruction, answer)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _instruction(view: View, rng: random.Random, plain: float) -> tuple[str, View, bool]:
    """An instruction, what is left of the view, and whether it asked for some of the things only.

    Args:
        view: The scene.
        rng: Draws it.
        plain: How often it is the chains' own.
    """
    kind = rng.random()
    if kind < plain:
        return INSTRUCTION, view, False
    if rng.random() < 0.4:
        return rng.choice(words.ALL), view, False
    if rng.random() < 0.4:
        names, keep = _these(view, rng)
        many = "s" if rng.random() < 0.2 else ""
        said_names = [said("{}", f"{name}{many}") for name in names]
        return rng.choice(words.ONLY_THESE).format(", ".join(said_names)), view.only(keep), True
    what, phrases = rng.choice((("color", words.ONLY_COLOR), ("label", words.ONLY_LABEL), ("thing", words.ONLY_THING)))
    detail, keep = asked_for(what, view, rng, there=0.85)
    return said(rng.choice(phrases), detail), view.only(keep), True


def _these(view: View, rng: random.Random) -> tuple[list[str], Callable[[Thing], bool]]:
    """One to three labels, or things of one colour and label, most of them there, and what they stand for."""
    colored = rng.random() < 0.25

    def name(thing: Thing) -> str:
        return f"{thing.color} {thing.label}" if colored else thing.label

    there = {name(thing) for thing in view.things}
    others = [f"{rng.choice(COLORS)} {label}" if colored else label for label in LABELS]
    wanted = rng.randint(1, 3)
    names: list[str] = []
    while len(names) < wanted:
        drawn = rng.choice(sorted(there)) if there and rng.random() < 0.75 else rng.choice(others)
        if drawn not in names:
            names.append(drawn)
        elif there <= {*names}:
            there = set()  # all that is there is asked for: the rest is not there
    return names, lambda thing: name(thing) in names


def as_pydantic(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema as Pydantic writes it for nested classes: titles on fields, classes under ``$defs``."""
    classes: dict[str, Any] = {}

    def reference(title: str, body: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
        number, unique = 0, title
        while classes.setdefault(unique, body) != body:
            number += 1
            unique = f"{title}{number}"
        own = {"description": node["description"]} if "description" in node else {}
        return {"$ref": f"#/$defs/{unique}"} | own

    def rewrite(node: Any, name: str) -> Any:
        if not isinstance(node, dict):
            return node
        if MARKER_KEY in node:
            kind = _MARKED[node[MARKER_KEY]]
            return reference(kind.__name__, json_schema_of(kind), node)
        if "properties" in node:
            title = name.replace("_", " ").title().replace(" ", "")
            return reference(title, _class(node, title, rewrite), node)
        if "anyOf" in node:
            return {**node, "anyOf": [rewrite(branch, name) for branch in node["anyOf"]]}
        return {key: rewrite(value, name) for key, value in node.items()}

    if "properties" in schema:
        root = _class(schema, "Answer", rewrite)
    else:
        root = {key: rewrite(value, "item") for key, value in schema.items()}
    return ({"$defs": dict(sorted(classes.items()))} if classes else {}) | root


_MARKED: dict[str, type] = {"box": Box, "point": Point, "color": Color}


def _sorted_keys(node: Any) -> Any:
    """The node as Pydantic prints it: its own keys and those inside it in alphabetical order."""
    if isinstance(node, list):
        return [_sorted_keys(one) for one in node]
    return {key: _sorted_keys(node[key]) for key in sorted(node)} if isinstance(node, dict) else node


def _class(node: dict[str, Any], title: str, rewrite: Callable[[Any, str], Any]) -> dict[str, Any]:
    fields = {}
    for key, value in node["properties"].items():
        field = rewrite(value, key)
        refers = "$ref" in field or any("$ref" in branch for branch in field.get("anyOf", ()))
        titled = field if refers else field | {"title": key.replace("_", " ").title()}
        fields[key] = _sorted_keys(titled)
    required = {"required": node["required"]} if node["required"] else {}
    return {"properties": fields, **required, "title": title, "type": "object"}
