from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import extraction.pocket
from extraction.conventions import RELATIVE_1000
from extraction.pocket.dataset import Truth
from extraction.pocket.user_schemas import USER_SCHEMAS, UserSchema
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS
from extraction.prompts import model_schema
from extraction.schemas import json_schema_of
from extraction.schemas.json_schema import resolve_reference
from extraction.schemas.markers import MARKER_KEY

EACH = pytest.mark.parametrize("user", USER_SCHEMAS, ids=lambda user: user.name)
TRAINING = ("tasks.py", "forms.py", "fields.py", "train.py", "recipe.py", "tokenizer.py")


def random_view(seed: int) -> View:
    rng = random.Random(seed)
    rows = []
    for _ in range(rng.randint(0, 6)):
        x, y = sorted(rng.random() for _ in range(2)), sorted(rng.random() for _ in range(2))
        rows.append([rng.randrange(len(LABELS)), rng.randrange(len(COLORS)), x[0], y[0], x[1], y[1]])
    ground = rng.randrange(-1, len(GROUND_COLORS))
    dominant = tuple(rng.sample(range(len(GROUND_COLORS)), rng.randint(1, 3)))
    return View.of(Truth(np.array(rows, np.float32).reshape(-1, 6), ground, dominant))


VIEWS = [random_view(seed) for seed in range(60)]


def closed(node: Any) -> Any:
    """The schema without keys that it does not name: a truth with a misspelt optional key must not pass."""
    if isinstance(node, list):
        return [closed(value) for value in node]
    if not isinstance(node, dict):
        return node
    result = {key: closed(value) for key, value in node.items()}
    return {"additionalProperties": False, **result} if isinstance(result.get("properties"), dict) else result


def structure(node: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """What a schema is made of, whatever its fields and choices are called."""
    if MARKER_KEY in node:
        return node[MARKER_KEY]
    if "$ref" in node:
        return structure(resolve_reference(root, node["$ref"]), root)
    if "enum" in node or "const" in node:
        return "choice"
    if branches := node.get("anyOf", node.get("oneOf")):
        return ("either", *(structure(branch, root) for branch in branches))
    if "prefixItems" in node:
        return ("tuple", *(structure(item, root) for item in node["prefixItems"]))
    if "items" in node:
        return ("list", structure(node["items"], root))
    if "properties" in node:
        return ("object", *(structure(value, root) for value in node["properties"].values()))
    if "additionalProperties" in node:
        return ("dict", structure(node["additionalProperties"], root))
    return node["type"]


@EACH
def test_each_truth_is_an_answer_in_the_models_own_coordinates(user: UserSchema) -> None:
    schema = model_schema(json_schema_of(user.schema), RELATIVE_1000)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(closed(schema))
    for view in VIEWS:
        truth = user.truth(view)
        if truth is not None:
            validator.validate(truth)


@EACH
def test_a_truth_says_every_key_of_the_form_in_its_order(user: UserSchema) -> None:
    schema = json_schema_of(user.schema)
    for truth in [user.truth(view) for view in VIEWS]:
        if isinstance(truth, dict):
            assert list(truth) == list(schema["properties"])
        else:
            assert truth is None or schema["type"] == "array"


@EACH
def test_at_least_a_quarter_of_all_scenes_has_a_clear_answer(user: UserSchema) -> None:
    assert sum(user.truth(view) is not None for view in VIEWS) >= len(VIEWS) / 4


@EACH
def test_the_answer_depends_on_the_picture(user: UserSchema) -> None:
    truths = [repr(user.truth(view)) for view in VIEWS]
    assert len(set(truths)) >= 10


def test_a_scene_without_things_has_an_answer_or_none() -> None:
    empty = View((), "white", ("white",))
    assert {user.name for user in USER_SCHEMAS if user.truth(empty) is None} == {"biggest"}


def test_some_truths_by_hand() -> None:
    things = (
        Thing("star", "black", (400, 0, 600, 200)),
        Thing("ring", "red", (0, 300, 500, 800)),
        Thing("ring", "black", (700, 700, 800, 800)),
    )
    truths = {user.name: user.truth(View(things, "gray", ("gray", "red"))) for user in USER_SCHEMAS}
    assert truths["scavenger hunt"] is None
    assert truths["biggest"] == {"shape": "ring", "color": "red", "box": [0, 300, 500, 800]}
    assert truths["pick plan"] == {"grips": {"black": [[500, 100], [750, 750]], "red": [[250, 550]]}}
    assert truths["inventory"] == {"stock": {"star": {"black": 1}, "ring": {"red": 1, "black": 1}}}
    assert truths["colour chart"] == {"labels": ["black", "red"], "values": [2, 1]}
    assert truths["palette"] == {"background": "gray", "dominant": ["gray", "red"], "accents": ["black", "red"]}
    assert truths["print shop"] == {
        "needs_colored_ink": True,
        "plain": ["star", "ring"],
        "inked": [{"name": "ring", "ink": "red"}],
    }
    assert truths["census"]["by_shape"] | {"stars": 1, "rings": 2} == truths["census"]["by_shape"]


def test_names_and_structures_differ() -> None:
    schemas = [json_schema_of(user.schema) for user in USER_SCHEMAS]
    structures = [structure(schema, schema) for schema in schemas]
    assert len(USER_SCHEMAS) == 24
    assert len({user.name for user in USER_SCHEMAS}) == len(USER_SCHEMAS)
    assert len(set(structures)) == len(USER_SCHEMAS)


@pytest.mark.parametrize("name", TRAINING)
def test_training_does_not_know_them(name: str) -> None:
    source = Path(extraction.pocket.__file__).with_name(name).read_text(encoding="utf-8")
    assert "user_schemas" not in source
