from __future__ import annotations

import itertools
import random
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from extraction.conventions import RELATIVE_1000
from extraction.pocket import words
from extraction.pocket.fields import Field, fact, list_of, named, nullable, object_of, thing_field
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, LABELS
from extraction.prompts import schema_text
from extraction.schemas import Box, Color, Point, json_schema_of
from extraction.schemas.markers import MARKER_KEY
from tests.extraction.pocket.random_views import EMPTY, VIEW, VIEWS

THING = Thing("star", "blue", (100, 200, 300, 600))
OWN = {
    "label": "star",
    "color": "blue",
    "box": [100, 200, 300, 600],
    "center": [200, 400],
    "phrase": "blue star",
}
ABOUT_COLORS = ("count color", "has color", "color group", "label of")
ABOUT_LABELS = ("count label", "has label", "group", "color of")
ABOUT_THINGS = ("count thing", "has thing", "box of")


def is_right(schema: dict[str, Any], value: Any) -> bool:
    return Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("role", OWN)
def test_a_field_of_a_thing_tells_what_its_role_says(role: str) -> None:
    rng = random.Random(0)
    for _ in range(40):
        field = thing_field(role, THING, rng)
        assert (field.value, field.structure) == (OWN[role], role)
        assert is_right(field.schema, field.value)
        assert thing_field(role, None, rng).value is None


@pytest.mark.parametrize(("role", "kind"), [("box", Box), ("color", Color), ("center", Point)])
def test_the_librarys_own_types_are_the_most_usual(role: str, kind: type) -> None:
    rng = random.Random(1)
    marker = json_schema_of(kind)[MARKER_KEY]
    fields = [thing_field(role, THING, rng) for _ in range(300)]
    marked = [field for field in fields if field.schema.get(MARKER_KEY) == marker]
    assert len(marked) > 0.4 * len(fields)
    assert all("title" not in field.schema and "description" not in field.schema for field in fields)
    assert schema_text(marked[0].schema, RELATIVE_1000) == schema_text(
        {key: value for key, value in json_schema_of(kind).items() if key != "description"}, RELATIVE_1000
    )


def test_labels_and_colours_of_a_choice_are_all_there() -> None:
    rng = random.Random(2)
    for role, every in (("label", LABELS), ("color", COLORS)):
        choices = [choice for _ in range(60) if (choice := thing_field(role, None, rng).schema.get("enum"))]
        assert choices
        assert all(set(every) <= set(choice) for choice in choices)
        assert len({tuple(choice) for choice in choices}) > 1  # in many orders


def test_a_name_that_says_nothing_is_explained() -> None:
    rng = random.Random(3)
    unclear = 0
    for role in words.ROLES:
        for _ in range(60):
            parts: dict[str, Field] = {}
            (name,) = named(parts, role, Field({"type": "string"}, "x", "shape"), rng, "red")
            assert (parts[name].value, parts[name].structure) == ("x", "shape")
            says_nothing = name in words.UNCLEAR and name not in words.ROLES[role][0]
            unclear += says_nothing
            explained = "description" in parts[name].schema
            assert explained or not (says_nothing or role in words.EXPLAINED)
    assert unclear > 60


def test_a_taken_name_is_not_taken_again() -> None:
    rng = random.Random(4)
    parts: dict[str, Field] = {}
    for number in range(400):
        before = dict(parts)
        names = named(parts, "ground", Field({}, number, ""), rng)
        assert parts == before | {name: parts[name] for name in names}
        assert [parts[name].value for name in names] == [number] * len(names)
        assert not set(names) & set(before)


@pytest.mark.parametrize("role", words.ROLES)
def test_names_and_descriptions_name_what_they_are_about(role: str) -> None:
    names, descriptions = words.ROLES[role]
    with_detail = role in (*ABOUT_COLORS, *ABOUT_LABELS, *ABOUT_THINGS)
    assert all(("{}" in text) == with_detail for text in (*names, *descriptions))
    assert all(name.format("red").isidentifier() for name in names)
    assert len(set(names)) == len(names)
    assert len(set(descriptions)) == len(descriptions) >= 2


def test_names_come_in_three_spellings() -> None:
    rng = random.Random(5)
    names = {
        name
        for role, detail in (("count color", "red"), ("has thing", "red star"))
        for _ in range(3000)
        for name in named({}, role, Field({}, 0, ""), rng, detail)
    }
    assert {"num_red", "numRed", "NumRed", "has_red_star", "hasRedStar", "HasRedStar"} <= names


def test_an_object_has_the_values_of_its_fields_in_their_order() -> None:
    parts = {"b": Field({"type": "integer"}, 1, "count"), "a": nullable(Field({"type": "string"}, None, "label"))}
    required = set()
    for seed in range(300):
        form = object_of(parts, random.Random(seed))
        assert list(form.schema["properties"]) == list(form.value) == ["b", "a"]
        assert (form.value, form.structure) == ({"b": 1, "a": None}, "{count,label?}")
        assert is_right(form.schema, form.value)
        required.add(tuple(form.schema["required"]))
    assert required == {("b", "a"), ("b",), ("a",), ()}


def test_a_list_holds_the_values_of_its_fields() -> None:
    rng = random.Random(6)
    boxes = list_of([thing_field("box", thing, rng) for thing in VIEW.things], "box", rng)
    assert (boxes.value, boxes.structure) == ([list(thing.box) for thing in VIEW.things], "[box]")
    assert is_right(boxes.schema, boxes.value)


def test_null_fits_a_nullable_field_and_no_other() -> None:
    field = thing_field("label", THING, random.Random(7))
    assert not is_right(field.schema, None)
    assert is_right(nullable(field).schema, None)
    assert is_right(nullable(field).schema, "star")


def facts(view: View, seed: int) -> dict[str, Field]:
    rng = random.Random(seed)
    parts: dict[str, Field] = {}
    for _ in range(30):
        fact(parts, view, rng)
    return parts


def test_a_fact_fits_its_schema_and_is_null_only_where_nothing_is() -> None:
    for seed, view in enumerate(VIEWS):
        for field in facts(view, seed).values():
            assert is_right(field.schema, field.value)
            assert field.value is not None or field.structure.removesuffix("?") in ("color of", "label of", "box of")


def test_no_fact_is_told_that_the_scene_leaves_open() -> None:
    twice = View((THING, THING), None, ())
    shapes = {field.structure.removesuffix("?") for seed in range(20) for field in facts(twice, seed).values()}
    assert not shapes & {"ground", "dominant"}
    lookups = [f for seed in range(20) for f in facts(twice, seed).values() if f.structure.endswith(" of?")]
    assert lookups
    assert all(field.value is None for field in lookups)  # of the two stars none is the star


def test_a_fact_has_all_kinds() -> None:
    shapes = {field.structure.removesuffix("?") for seed in range(60) for field in facts(VIEW, seed).values()}
    whole = {"count", "empty", "caption", "amount", "ground", "dominant", "colors present", "labels present"}
    parts = {f"{first} {what}" for first in ("count", "has") for what in ("color", "label", "thing")}
    assert shapes == whole | parts | {"color of", "label of", "box of"}


def test_an_empty_scene_has_facts_too() -> None:
    values = {field.structure: field.value for seed in range(60) for field in facts(EMPTY, seed).values()}
    expected = {
        "count": 0,
        "empty": True,
        "amount": "none",
        "colors present": [],
        "caption": "Nothing on a gray ground.",
    }
    assert values | expected == values
    assert not any(values[shape] for shape in values if shape.startswith(("has", "count")))


def described(parts: dict[str, Field]) -> list[tuple[str, str]]:
    return [(name, str(field.schema.get("description", ""))) for name, field in parts.items()]


def test_a_description_says_an_orange() -> None:
    texts = [text for seed, view in enumerate(VIEWS) for _, text in described(facts(view, seed))]
    assert any("orange" in text for text in texts)
    assert not [text for text in texts if re.search(r"\ba orange", text)]


def test_a_name_says_an_orange() -> None:
    names = itertools.chain.from_iterable(facts(view, seed) for seed, view in enumerate(VIEWS))
    assert not [name for name in names if re.search(r"a_?orange", name.lower())]


def test_plural_names_are_words() -> None:
    rng = random.Random(8)
    drawn = {name for _ in range(200) for name in named({}, "group", Field({}, [], ""), rng, "cross")}
    assert not [name for name in drawn if "crosss" in name.lower()]
    assert {"crosses", "all_crosses", "allCrosses", "cross_list"} <= drawn


def test_choices_are_said_to_be_texts() -> None:
    made = [field.schema for seed, view in enumerate(VIEWS) for field in facts(view, seed).values()]
    made += [thing_field(role, THING, random.Random(seed)).schema for role in OWN for seed in range(40)]
    inner = [schema["anyOf"][0] if "anyOf" in schema else schema for schema in made]
    choices = [one for schema in inner for one in (schema, schema.get("items", {})) if "enum" in one]
    assert len(choices) > 100
    assert {schema.get("type") for schema in choices} == {"string"}


def one_fact_each(count: int) -> list[Field]:
    """Facts about ``VIEW`` that take no name from each other."""
    rng = random.Random(9)
    result: list[Field] = []
    for _ in range(count):
        parts: dict[str, Field] = {}
        fact(parts, VIEW, rng)
        result += parts.values()
    return result


def test_what_a_fact_is_about_is_there_half_of_the_time() -> None:
    shares: dict[str, list[bool]] = {}
    for field in one_fact_each(8000):
        shares.setdefault(field.structure.removesuffix("?"), []).append(bool(field.value))
    for first in ("count", "has"):
        for what in ("color", "label", "thing"):
            values = shares[f"{first} {what}"]
            assert sum(values) / len(values) == pytest.approx(0.5, abs=0.1)
    for lookup in ("color of", "label of", "box of"):
        assert sum(shares[lookup]) / len(shares[lookup]) == pytest.approx(0.5, abs=0.1)
