from __future__ import annotations

import collections
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from extraction.conventions import RELATIVE_1000
from extraction.pocket import fields, forms, tasks, words
from extraction.pocket.fields import Field
from extraction.pocket.forms import HELD_OUT, is_held_out, random_form
from extraction.pocket.questions import caption
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, LABELS
from extraction.prompts import schema_text
from extraction.schemas.markers import MARKER_KEY
from tests.extraction.pocket.random_views import EMPTY, VIEWS, mentioned

NAMED = fields.named
OF_SOME = forms._of_some
SCENE_SHAPE = "{[{label,color,box}]}"


class Recount:
    """Fills forms in once more from nothing but the view, and what role each part was put in for.

    Attributes:
        roles: By the identity of a part's schema, its role and its detail.
        seen: The roles that were checked.
    """

    def __init__(self) -> None:
        self.roles: dict[int, tuple[str, str]] = {}
        self.kept: list[Any] = []
        self.seen: collections.Counter[str] = collections.Counter()

    def named(
        self, parts: dict[str, Field], role: str, field: Field, rng: random.Random, detail: str = ""
    ) -> list[str]:
        names = NAMED(parts, role, field, rng, detail)
        for name in names:
            self.roles[id(parts[name].schema)] = role, detail
            self.kept.append(parts[name].schema)  # an identity is one only as long as its object lives
        return names

    def of_some(self, schema: Any) -> Any:
        """A copy of a part has the role of the part."""
        told = OF_SOME(schema)
        if id(schema) in self.roles:
            self.roles[id(told)] = self.roles[id(schema)]
            self.kept.append(told)
        return told

    def check(self, schema: dict[str, Any], value: Any, view: View, things: Sequence[Thing] | None = None) -> None:
        """Asserts that each part of an object, or a bare list, is right."""
        if "items" in schema:
            self._list(schema, value, list(view.things) if things is None else things)
            return
        assert list(value) == list(schema["properties"])
        assert value
        for name, part in schema["properties"].items():
            role, detail = self.roles[id(part)]
            self.seen[role] += 1
            self._part(role, detail, part, value[name], view)

    def _part(self, role: str, detail: str, schema: dict[str, Any], value: Any, view: View) -> None:
        inner = schema["anyOf"][0] if "anyOf" in schema else schema
        things = view.things
        fitting = [thing for thing in things if set(detail.split()) <= {thing.color, thing.label}]
        largest = max(things, key=lambda thing: thing.area, default=None)
        if role in ("part", "groups", "color groups"):
            self.check(inner, value, view)
        elif role.endswith(" list"):
            assert value == [told(thing, role.removesuffix(" list")) for thing in things]
        elif role == "objects":
            self._list(inner, value, things)
        elif role in ("group", "color group"):
            self._list(inner, value, fitting)
        elif role in ("label counts", "color counts"):
            self._tally(inner, value, view, "label" if role == "label counts" else "color")
        elif role == "largest" and largest is not None:
            roles = {name: self.roles[id(part)][0] for name, part in inner["properties"].items()}
            assert value == {name: told(largest, roles[name]) for name in value}
            assert list(value) == list(roles)
        elif role.startswith("largest"):
            assert value == (None if largest is None else told(largest, role.removeprefix("largest ")))
        else:
            assert value == fact(role, fitting, view), (role, detail)

    def _list(self, schema: dict[str, Any], value: Any, things: Sequence[Thing]) -> None:
        properties = schema["items"].get("properties")
        assert len(value) == len(things)
        if properties is None:
            alone = role_alone(schema["items"])
            assert value == [told(thing, alone) for thing in things]
            return
        for number, (row, thing) in enumerate(zip(value, things, strict=True), 1):
            assert list(row) == list(properties)
            for name, part in properties.items():
                role = self.roles[id(part)][0]
                self.seen[role] += 1
                assert row[name] == (number if role == "index" else told(thing, role))

    def _tally(self, schema: dict[str, Any], value: Any, view: View, what: str) -> None:
        counts = collections.Counter(told(thing, what) for thing in view.things)
        if "additionalProperties" in schema:
            assert list(value.items()) == list(counts.items())
        elif "properties" in schema:
            self.check(schema, value, view)
        else:
            roles = {name: self.roles[id(part)][0] for name, part in schema["items"]["properties"].items()}
            self.seen.update(roles.values())
            right = [{what: kind, "row count": count} for kind, count in counts.items()]
            assert value == [{name: row[role] for name, role in roles.items()} for row in right]


def role_alone(schema: dict[str, Any]) -> str:
    """What single values of this schema tell of a thing, where nothing names them."""
    if schema.get("type") == "string":
        return "label"
    return "center" if schema.get(MARKER_KEY) == "point" else "box"


def told(thing: Thing, role: str) -> Any:
    x1, y1, x2, y2 = thing.box
    center = [5 * round((x1 + x2) / 10), 5 * round((y1 + y2) / 10)]
    own = {"label": thing.label, "color": thing.color, "box": [x1, y1, x2, y2], "center": center}
    return (own | {"phrase": f"{thing.color} {thing.label}"})[role]


def fact(role: str, fitting: Sequence[Thing], view: View) -> Any:
    """The right value of a fact; ``fitting`` are the things of the colour, the label or both that it is about."""
    first, _, second = role.partition(" ")
    if second == "of":
        assert len(fitting) < 2
        return told(fitting[0], first) if fitting else None
    if second == "present":
        return sorted({told(t, first[:-1]) for t in view.things}, key=[told(t, first[:-1]) for t in view.things].index)
    if first in ("count", "has"):
        return len(fitting) if first == "count" else bool(fitting)
    return {
        "empty": len(view.things) == 0,
        "amount": "none" if not view.things else "one" if len(view.things) == 1 else "many",
        "caption": caption(view),
        "ground": view.ground,
        "dominant": list(view.dominant),
    }[role]


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:
    """All schemas inside a schema, itself first."""
    yield node
    below = [*node.get("properties", {}).values(), *node.get("anyOf", ())]
    below += [node[key] for key in ("items", "additionalProperties") if key in node]
    for inner in below:
        yield from schemas_in(inner)


@pytest.fixture
def recount(monkeypatch: pytest.MonkeyPatch) -> Recount:
    result = Recount()
    for module in (forms, fields):
        monkeypatch.setattr(module, "named", result.named)
    monkeypatch.setattr(forms, "_of_some", result.of_some)
    monkeypatch.setattr(forms, "RECASED", 0)  # its forms are copies
    return result


def drawn(seed: int, *, held_out: bool = False, filtered: bool = False) -> Iterator[tuple[View, Field]]:
    rng = random.Random(seed)
    for view in VIEWS * 3:
        yield view, random_form(view, rng, held_out=held_out, filtered=filtered)


def test_forms_are_filled_in_as_a_recount_says(recount: Recount) -> None:
    for view, form in drawn(0):
        recount.check(form.schema, form.value, view)
    never = {role for role in words.ROLES if not recount.seen[role]}
    assert not never


def test_held_out_forms_are_filled_in_as_a_recount_says(recount: Recount) -> None:
    rng = random.Random(1)
    for view in VIEWS:
        form = random_form(view, rng, held_out=True)
        recount.check(form.schema, form.value, view)


def test_filtered_forms_tell_of_things_alone(recount: Recount) -> None:
    for view, form in drawn(2, filtered=True):
        recount.check(form.schema, form.value, view)
    assert set(recount.seen) <= {*("objects", "count", "label list", "color list", "box list"), *ROW}
    assert recount.seen["count"] > 20


ROW = ("label", "color", "box", "center", "phrase", "index")


@pytest.mark.parametrize("held_out", [False, True])
def test_values_fit_their_schemas(held_out: bool) -> None:
    names = set()
    for _, form in drawn(3, held_out=held_out):
        Draft202012Validator.check_schema(form.schema)
        Draft202012Validator(form.schema).validate(form.value)
        names |= set(form.schema.get("properties", ()))
    assert len(names) > 150


def test_no_object_is_without_fields() -> None:
    for _, form in drawn(4):
        for schema in schemas_in(form.schema):
            assert schema.get("type") != "object" or schema.get("properties") or "additionalProperties" in schema


def test_some_shapes_are_kept_for_the_evaluation() -> None:
    trained = collections.Counter(form.structure for _, form in drawn(5))
    kept = collections.Counter(form.structure for _, form in drawn(6, held_out=True))
    assert not trained.keys() & kept.keys()
    assert len(kept) > 60
    assert trained[SCENE_SHAPE] > 10


ROLES_OF_SHAPES = ("label", "color", "box?", "count", "has thing", "color of?", "[box]", "[{label,color}]")


def test_one_shape_of_three_fields_or_more_in_eight_is_held_out() -> None:
    shapes = [f"{{{','.join(roles)}}}" for roles in itertools.product(ROLES_OF_SHAPES, repeat=4)]
    kept = sum(is_held_out(Field({}, None, shape)) for shape in shapes)
    assert kept == pytest.approx(len(shapes) / HELD_OUT, rel=0.15)


def test_kinds_are_drawn_as_often_as_they_weigh() -> None:
    rng = random.Random(8)
    for view in VIEWS:
        counted = random_form(view, rng, weights={"bare": 1.0})
        assert counted.schema["type"] == "array"
    assert set(tasks.WEIGHTS) == set(forms._KINDS)
    assert sum(tasks.WEIGHTS.values()) == pytest.approx(1)


def test_no_shape_of_fewer_than_three_fields_is_held_out() -> None:
    shapes = [f"{{{','.join(roles)}}}" for roles in itertools.product(ROLES_OF_SHAPES[:-1], repeat=2)]
    lists = [f"[{shape}]" for shape in shapes] + [f"{{[{shape}]}}" for shape in shapes]
    assert not [shape for shape in (*shapes, *lists, *ROLES_OF_SHAPES) if is_held_out(Field({}, None, shape))]


def leaves(schema: dict[str, Any]) -> int:
    """How many single fields a schema has; a dictionary has two, its keys and its values."""
    if "properties" in schema:
        return sum(map(leaves, schema["properties"].values()))
    inner = schema["anyOf"][0] if "anyOf" in schema else schema.get("items")
    return leaves(inner) if inner else 2 if "additionalProperties" in schema else 1


def test_a_form_that_is_held_out_has_three_fields_or_more() -> None:
    assert min(leaves(form.schema) for _, form in drawn(16, held_out=True)) == 3
    assert {1, 2} < {leaves(form.schema) for _, form in drawn(17)}


def test_the_shape_alone_decides_what_is_held_out() -> None:
    for _, form in (*drawn(18), *drawn(19, held_out=True)):
        assert is_held_out(Field({}, None, form.structure)) == is_held_out(form)


def test_a_shape_says_nothing_of_names_and_values() -> None:
    rng = random.Random(7)
    for view in VIEWS[:60]:
        form = random_form(view, rng)
        assert re.fullmatch(r"[\[\]{},:? a-z]+", form.structure)
        assert not re.search(rf"\b({'|'.join((*COLORS, *LABELS))})\b", form.structure)


def test_the_largest_is_asked_for_only_where_it_is_clear(recount: Recount) -> None:
    unclear = [view for view in VIEWS if not view.has_one_largest]
    rng = random.Random(8)
    for view in unclear * 4:
        form = random_form(view, rng)
        recount.check(form.schema, form.value, view)
    assert len(unclear) > 20
    assert not [role for role in recount.seen if role.startswith("largest")]


def test_a_form_shown_to_the_model_has_all_its_names_and_descriptions() -> None:
    for _, form in drawn(9):
        shown = schema_text(form.schema, RELATIVE_1000)
        for schema in schemas_in(form.schema):
            assert str(schema.get("description", "")) in shown
            assert all(f'"{name}"' in shown for name in schema.get("properties", ()))


def test_a_group_is_called_by_what_is_in_it(recount: Recount) -> None:
    """A name or description that tells a colour or a label tells the one that its value is about."""
    for _, form in drawn(10):
        for schema in schemas_in(form.schema):
            for name, part in schema.get("properties", {}).items():
                _, detail = recount.roles[id(part)]
                text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name) + " " + str(part.get("description", ""))
                assert mentioned(text) <= set(detail.split())


def lower_cased(node: Any) -> Any:
    """The same JSON with its texts in lower case, but for the keys."""
    if isinstance(node, dict):
        return {key: lower_cased(value) for key, value in node.items()}
    if isinstance(node, list):
        return [lower_cased(value) for value in node]
    return node.lower() if isinstance(node, str) else node


def test_another_case_of_the_choices_is_another_case_of_the_answers() -> None:
    rng = random.Random(14)
    changed = 0
    for _, form in drawn(15):
        other = forms._recased(form, rng)
        Draft202012Validator(other.schema).validate(other.value)
        assert lower_cased([other.schema, other.value]) == lower_cased([form.schema, form.value])
        changed += other.value != form.value
        choices = [choice for schema in schemas_in(other.schema) for choice in schema.get("enum", ())]
        assert len({choice.isupper() for choice in choices}) < 2
        assert not any(choice.islower() for choice in choices)
    assert changed > 100


def test_choices_are_said_to_be_texts() -> None:
    choices = [s for _, form in drawn(20) for s in schemas_in(form.schema) if "enum" in s]
    assert len(choices) > 100
    assert {schema.get("type") for schema in choices} == {"string"}


def every_form(form: str, count: int) -> Iterator[Field]:
    rng = random.Random(11)
    for number in range(count):
        made = getattr(forms, form)(VIEWS[number % len(VIEWS)], rng)
        if made is not None:
            yield made


def test_a_list_of_numbers_holds_numbers() -> None:
    assert not [form for form in every_form("_bare", 6000) if None in form.value]


def test_one_form_has_one_answer() -> None:
    lists = [form for form in every_form("_bare", 2000) if form.schema["items"] == {"type": "string"}]
    assert len({form.structure for form in lists}) == 1


def test_groups_of_colours_are_not_said_to_be_by_shape(recount: Recount) -> None:
    outer = collections.Counter[str]()
    for form in every_form("_grouped", 600):
        for name, part in form.schema["properties"].items():
            for inner in {recount.roles[id(below)][0] for below in part.get("properties", {}).values()}:
                assert recount.roles[id(part)][0] == {"group": "groups", "color group": "color groups"}[inner]
                assert inner == "group" or "shape" not in f"{name} {part.get('description')}".lower()
                outer[inner] += 1
    assert min(outer["group"], outer["color group"]) > 30


def test_a_dictionary_of_counts_says_of_what(recount: Recount) -> None:
    for form in every_form("_facts", 4000):
        for name, part in form.schema["properties"].items():
            if "additionalProperties" in part:
                assert "description" in part or name.lower() != "counts"


@pytest.mark.parametrize(("prefix", "share"), [("largest ", 0.5), ("", 0.2)])
def test_the_fields_of_the_largest_may_be_null_now_and_then(prefix: str, share: float) -> None:
    rng = random.Random(12)
    made = [forms._largest(view, rng, prefix) for view in VIEWS * 5 if view.things]
    nullable = ["anyOf" in field.schema for parts in made for field in parts.values()]
    assert sum(nullable) / len(nullable) == pytest.approx(share, abs=0.05)


def test_the_fields_of_the_largest_do_not_tell_that_there_is_none() -> None:
    """Where the whole of it is null, its fields may be null as often as ever."""
    rng = random.Random(21)
    nullable = ["anyOf" in field.schema for _ in range(800) for field in forms._largest(EMPTY, rng).values()]
    assert sum(nullable) / len(nullable) == pytest.approx(0.2, abs=0.05)


def test_of_nothing_all_fields_of_the_largest_are_null() -> None:
    rng = random.Random(22)
    for _ in range(100):
        form = forms._one(EMPTY, rng)
        assert form is not None
        assert set(form.value.values()) == {None}
        Draft202012Validator(form.schema).validate(form.value)


def descriptions_in(form: Field) -> list[str]:
    return [schema["description"] for schema in schemas_in(form.schema) if "description" in schema]


def test_a_filtered_form_does_not_speak_of_all_objects() -> None:
    texts = {text for _, form in drawn(13, filtered=True) for text in descriptions_in(form)}
    assert len(texts) > 20
    everything = re.compile(r"\b(all|every|picture|scene|there are|number of objects)\b")
    assert not [text for text in texts if everything.search(text)]


def test_a_filtered_form_is_another_in_these_descriptions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    filtered = [form for _, form in drawn(23, filtered=True)]
    monkeypatch.setattr(forms, "_of_some", lambda schema: schema)
    changed = set()
    for form, (_, before) in zip(filtered, drawn(23, filtered=True), strict=True):
        assert (form.value, form.structure) == (before.value, before.structure)
        for now, then in zip(schemas_in(form.schema), schemas_in(before.schema), strict=True):
            below = ("description", "properties", "anyOf", "items")
            assert [pair for pair in now.items() if pair[0] not in below] == [
                pair for pair in then.items() if pair[0] not in below
            ]
            assert list(now) == list(then)
            assert list(now.get("properties", ())) == list(then.get("properties", ()))
            if now.get("description") != then.get("description"):
                assert now["description"] == words.OF_SOME[then["description"]]
                changed.add(then["description"])
    assert changed == set(words.OF_SOME)


def test_what_is_said_of_some_is_a_role_s_own() -> None:
    known = {text for _, descriptions in words.ROLES.values() for text in descriptions}
    assert set(words.OF_SOME) <= known
    assert not set(words.OF_SOME) & set(words.OF_SOME.values())
