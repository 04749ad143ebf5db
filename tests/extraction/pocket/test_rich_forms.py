"""Forms as programs ask for them: of every kind, valid, and right by what their own words say."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import jsonschema
import pytest

from extraction.conventions import RELATIVE_1000
from extraction.grammar import Constraint, build_grammar
from extraction.pocket import rich_forms
from extraction.pocket.forms import is_held_out
from extraction.pocket.rich_forms import rich_form
from extraction.pocket.vocabulary import COLORS, LABELS
from extraction.prompts import schema_text
from extraction.tools import ToolDialect
from tests.extraction.pocket.random_views import EMPTY, VIEWS

KINDS = pytest.mark.parametrize("kind", rich_forms._KINDS, ids=lambda kind: kind.__name__[1:])


def made(kind: Any, seed: int = 0) -> list[tuple[Any, Any]]:
    rng = random.Random(seed)
    drawn = [(view, kind(view, rng)) for view in VIEWS * 2]
    return [(view, form) for view, form in drawn if form is not None]


@KINDS
def test_values_fit_their_schemas_which_can_be_shown_and_held(kind: Any) -> None:
    forms = made(kind)
    assert len(forms) > len(VIEWS) / 2
    for number, (_, form) in enumerate(forms):
        jsonschema.validate(form.value, form.schema)
        assert schema_text(form.schema, RELATIVE_1000).startswith("Answer with JSON in this form:\n{")
        if number < 10:
            build_grammar(Constraint.of(form.schema), ToolDialect())


def test_rows_and_keys_hold_every_thing_once() -> None:
    for view, form in made(rich_forms._tuples):
        (rows,) = form.value.values()
        assert len(rows) == len(view.things)
        for thing, row in zip(view.things, rows, strict=True):
            facts = [thing.label, thing.color, list(thing.box), list(thing.center)]
            assert all(cell in facts for cell in row)
    for view, form in made(rich_forms._keyed):
        (found,) = form.value.values()
        assert sum(map(len, found.values())) == len(view.things)
        assert {*found} in ({t.label for t in view.things}, {t.color for t in view.things})


def test_counts_are_those_of_the_things() -> None:
    for view, form in made(rich_forms._crossed):
        (counts,) = form.value.values()
        pairs = Counter({(one, other): n for one, inner in counts.items() for other, n in inner.items()})
        labels_first = Counter((thing.label, thing.color) for thing in view.things)
        colors_first = Counter((thing.color, thing.label) for thing in view.things)
        assert pairs in (labels_first, colors_first)
    for view, form in made(rich_forms._every_kind):
        tally = next(value for value in form.value.values() if isinstance(value, dict))
        there = Counter([*(t.label for t in view.things), *(t.color for t in view.things)])
        singular = {f"{name}{ending}": name for name in (*COLORS, *LABELS) for ending in ("", "s", "es")}
        assert tally == {key: there[singular[key]] for key in tally}
        assert len(tally) >= 5
    for view, form in made(rich_forms._distinct):
        names, counts = form.value.values()
        there = Counter([*(t.label for t in view.things), *(t.color for t in view.things)])
        assert dict(zip(names, counts, strict=True)) == {name: there[name] for name in names}
        assert sum(counts) == len(view.things)


def test_things_under_their_names_are_there_or_null() -> None:
    nothing = 0
    for view, form in made(rich_forms._by_name):
        for name, value in form.value.items():
            (thing,) = [t for t in view.things if name in (t.label, t.color)] or [None]
            assert (thing is None) == (value is None)
            nothing += value is None
            if thing is not None:
                facts = [thing.label, thing.color, list(thing.box), list(thing.center)]
                assert all(fact in facts for fact in value.values())
    assert nothing > 20


def test_parts_of_things_hold_what_belongs_to_them() -> None:
    styled = 0
    for view, form in made(rich_forms._in_parts):
        rows = next(value for value in form.value.values() if isinstance(value, list))
        for thing, row in zip(view.things, rows, strict=True):
            label, *inner = row.values()
            assert label == thing.label
            facts = [fact for part in inner for fact in part.values()]
            assert all(fact in [thing.color, list(thing.box), list(thing.center)] for fact in facts)
            styled += thing.color in facts
    assert styled > 20


def test_others_are_all_but_those_apart() -> None:
    for view, form in made(rich_forms._others):
        *apart, rest = form.value.values()
        assert sum(map(len, apart)) + len(rest) == len(view.things)


def test_training_draws_every_kind_and_none_that_is_held_out() -> None:
    rng = random.Random(5)
    forms = [rich_form(view, rng) for view in VIEWS * 4]
    assert not any(is_held_out(form) for form in forms)
    assert len({form.structure for form in forms}) > 100
    assert rich_form(EMPTY, rng).schema["type"] == "object"
