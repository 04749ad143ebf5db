from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from transformers import PreTrainedTokenizerFast

from extraction.families import RELATIVE_1000
from extraction.pocket import tasks
from extraction.pocket.dataset import Truth
from extraction.pocket.tasks import STEP, Thing, View, caption, question, random_task, standard_task
from extraction.pocket.tokenizer import build_tokenizer
from extraction.pocket.vocabulary import COLORS, GROUND_COLORS, LABELS
from extraction.prompts import INSTRUCTION, SYSTEM, schema_text
from extraction.schemas import Scene, json_schema_of

SCENE = json_schema_of(Scene)
VIEW = View(
    (Thing("circle", "red", (10, 20, 300, 400)), Thing("star", "orange", (500, 5, 700, 995))),
    "white",
    ("white", "orange"),
)


def random_view(seed: int) -> View:
    rng = random.Random(seed)
    rows = []
    for _ in range(rng.randint(0, 6)):
        x, y = sorted(rng.random() for _ in range(2)), sorted(rng.random() for _ in range(2))
        rows.append([rng.randrange(len(LABELS)), rng.randrange(len(COLORS)), x[0], y[0], x[1], y[1]])
    ground = rng.randrange(-1, len(GROUND_COLORS))
    return View.of(Truth(np.array(rows, np.float32).reshape(-1, 6), ground, (0, 1)))


def test_the_standard_task_is_what_the_chain_asks() -> None:
    task = standard_task(VIEW, SCENE)
    assert task.system == f"{SYSTEM}\n{schema_text(SCENE, RELATIVE_1000)}"
    assert task.prompt == INSTRUCTION
    assert json.loads(task.answer)["objects"][1] == {"label": "star", "color": "orange", "box": [500, 5, 700, 995]}


def test_things_stand_in_reading_order_with_numbers_in_steps() -> None:
    rows = [[0, 0, 0.5, 0.8, 0.7, 0.9], [1, 1, 0.6, 0.101, 0.8, 0.2], [2, 2, 0.1, 0.1, 0.2033, 0.2]]
    view = View.of(Truth(np.array(rows, np.float32), 0, (0,)))
    assert [thing.label for thing in view.things] == ["triangle", "square", "circle"]
    assert view.things[0].box == (100, 100, 205, 200)
    assert all(value % STEP == 0 for thing in view.things for value in thing.box)


def test_random_documents_fit_their_own_schemas() -> None:
    rng = random.Random(3)
    kinds = set()
    for seed in range(300):
        field = tasks._document(random_view(seed), rng)
        Draft202012Validator(field.schema).validate(field.value)
        kinds |= set(field.schema.get("properties", {"bare": 0}))
    assert len(kinds) > 60  # the names vary


def test_random_tasks_answer_in_json_or_plain_words() -> None:
    rng = random.Random(4)
    forms = 0
    for seed in range(200):
        task = random_task(random_view(seed), rng)
        if "JSON" in f"{task.system}{task.prompt}" and task.answer[0] in "{[":
            json.loads(task.answer)
            forms += 1
    assert forms > 120


def test_pydantic_form_names_nested_classes() -> None:
    schema = {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {"type": "object", "properties": {"a_b": {"type": "string"}}, "required": ["a_b"]},
            }
        },
        "required": [],
    }
    written = tasks._as_pydantic(schema)
    assert written["properties"]["items"]["items"] == {"$ref": "#/$defs/Items"}
    assert written["$defs"]["Items"]["properties"]["a_b"]["title"] == "A B"


def test_caption() -> None:
    assert caption(VIEW) == "A red circle and an orange star on a white ground."
    assert caption(View((), "orange", ())) == "Nothing on an orange ground."
    assert caption(View((), None, ())) == "Nothing."


def test_questions_have_right_answers() -> None:
    rng = random.Random(0)
    seen = {}
    for _ in range(300):
        asked = question(VIEW, rng)
        seen[asked.prompt] = asked.answer
    assert seen["How many objects are there?"] == "2"
    assert seen["How many red objects are there?"] == "1"
    assert seen["Is there an orange star?"] == "yes"
    assert {"yes", "no", "0", "1", "2"} <= set(seen.values())


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer(tasks=1500)


def test_every_number_of_a_box_is_one_token(tokenizer: PreTrainedTokenizerFast) -> None:
    for number in (*range(0, 1001, STEP), *range(20)):
        assert len(tokenizer.encode(str(number), add_special_tokens=False)) == 1


def test_text_survives_the_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    for text in (standard_task(VIEW, SCENE).answer, "Ünïcode 你好 \n {x: 12.5}", schema_text(SCENE, RELATIVE_1000)):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_the_chat_template_puts_the_picture_first(tokenizer: PreTrainedTokenizerFast) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What?"}, {"type": "image"}]},
    ]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert text == "<bos><image><|system|>Be brief.<|end|><|user|>What?<|end|><|assistant|>"
