from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from langchain_core.output_parsers import PydanticOutputParser
from PIL import Image
from pydantic import BaseModel, Field
from transformers import PreTrainedTokenizerFast

from extraction.asking import make_plan
from extraction.chains.extract import PROMPT
from extraction.chains.pictures import data_uri
from extraction.chains.reason import ANSWER_PROMPT
from extraction.content import Turn, read_messages
from extraction.families import RELATIVE_1000, find_family
from extraction.images import Picture
from extraction.instructions import instructed_schema
from extraction.layout import Layout
from extraction.loading import Checkpoint, ModelKey
from extraction.options import CallOptions
from extraction.pocket import tasks, words
from extraction.pocket.fields import Field as Part
from extraction.pocket.forms import is_held_out, random_form
from extraction.pocket.model import IMAGE_TOKENS
from extraction.pocket.questions import listing
from extraction.pocket.tasks import Task, as_pydantic, question_task, random_task, standard_task, told_task
from extraction.pocket.tokenizer import build_tokenizer, prompt_text
from extraction.pocket.views import STEP, View
from extraction.pocket.vocabulary import COLORS, LABELS
from extraction.prompts import INSTRUCTION, SYSTEM, schema_text
from extraction.schemas import Scene, json_schema_of
from extraction.tools import ToolDialect
from tests.extraction.pocket.random_views import EMPTY, VIEW, VIEWS, mentioned

SCENE = json_schema_of(Scene)
PICTURE = Picture(Image.new("RGB", (60, 40), "red"))
CALL = re.compile(r"<tool_call>(\{.*\})</tool_call>")


def drawn(seed: int, times: int = 1) -> list[tuple[View, Task]]:
    """Tasks with random forms, each with its view."""
    rng = random.Random(seed)
    return [(view, random_task(view, rng)) for view in VIEWS * times]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Part]:
    """The forms that the tasks of a test were made of, in order."""
    result: list[Part] = []

    def remembered(*args: Any, **kwargs: Any) -> Part:
        result.append(random_form(*args, **kwargs))
        return result[-1]

    monkeypatch.setattr(tasks, "random_form", remembered)
    return result


def kept(view: View, instruction: str) -> list[dict[str, Any]]:
    """What a filtering instruction leaves of a scene, read out of its words."""
    named = mentioned(instruction)
    colors, labels = named & set(COLORS), named & set(LABELS)
    fitting = [t for t in view.things if (not colors or t.color in colors) and (not labels or t.label in labels)]
    return [{"label": t.label, "color": t.color, "box": list(t.box)} for t in fitting]


def test_the_standard_task_is_what_the_chain_asks() -> None:
    task = standard_task(VIEW, SCENE)
    assert task.system == f"{SYSTEM}\n{schema_text(SCENE, RELATIVE_1000)}"
    assert task.prompt == INSTRUCTION
    assert json.loads(task.answer)["objects"][1] == {"label": "star", "color": "orange", "box": [500, 5, 700, 995]}


def test_standard_answers_are_scenes() -> None:
    for view in VIEWS:
        scene = Scene.model_validate_json(standard_task(view, SCENE).answer)
        assert [(item.label, str(item.color)) for item in scene.objects] == [(t.label, t.color) for t in view.things]


def test_told_tasks_answer_with_what_was_asked_for() -> None:
    rng = random.Random(0)
    filtered = 0
    for view in VIEWS * 3:
        task = told_task(view, SCENE, rng)
        assert task.system == standard_task(view, SCENE).system
        assert json.loads(task.answer) == {"objects": kept(view, task.prompt)}
        filtered += task.prompt not in words.ALL
    assert 0.5 < filtered / (3 * len(VIEWS)) < 0.7


def test_most_told_tasks_leave_something() -> None:
    rng = random.Random(1)
    some = [view for view in VIEWS if view.things]
    empty = sum(not json.loads(told_task(view, SCENE, rng).answer)["objects"] for view in some * 3)
    assert empty / (3 * len(some)) < 0.3


def test_random_tasks_answer_in_the_form_that_they_show(made: list[Part]) -> None:
    tools, instructed = 0, 0
    for (_, task), form in zip(drawn(2, times=3), made, strict=True):
        shown = f"{task.system}\n{task.prompt}"
        if call := CALL.fullmatch(task.answer):
            name, value = json.loads(call[1]).values()
            assert f"\n{name}" in shown
            tools += 1
        else:
            value = json.loads(task.answer)
        assert value == form.value
        assert json.dumps(value) == json.dumps(form.value)  # in this order
        if "conforms to the JSON schema" in shown:
            schema = instructed_schema(shown)
            assert schema is not None
            instructed += 1
        else:
            assert set(schema_text(form.schema, RELATIVE_1000).splitlines()[1:]) <= set(shown.splitlines())
        assert not is_held_out(form)
    count = 3 * len(VIEWS)
    assert tools / count == pytest.approx(tasks.TOOL_SHARE, abs=0.04)
    assert instructed / count == pytest.approx(tasks.LANGCHAIN_SHARE, abs=0.04)


def test_a_filtering_instruction_filters_the_form(made: list[Part]) -> None:
    """Of a form with the things alone, the lists have as many entries as the instruction leaves things."""
    filtered = 0
    for (view, task), form in zip(drawn(3, times=3), made, strict=True):
        text = task.before[0][1] if task.before else task.prompt
        wanted = re.search("|".join(_pattern(phrase) for phrase in FILTERS), text)
        if wanted is not None:
            values = form.value.values() if isinstance(form.value, dict) else [form.value]
            assert {value if isinstance(value, int) else len(value) for value in values} == {len(kept(view, wanted[0]))}
            filtered += 1
    assert filtered > 100


FILTERS = (*words.ONLY_COLOR, *words.ONLY_THING, *words.ONLY_LABEL, *words.ONLY_THESE)


def _pattern(phrase: str) -> str:
    every = "|".join((*COLORS, *LABELS))
    before, after = re.split(r"\{0?\}", phrase)
    before = re.escape(before).replace(r"\ a\ ", r"\ an?\ ")
    return rf"^{before}(?:(?:{every}),? ?)+{re.sub('^s', 'e?s', re.escape(after))}"


def test_questions_come_with_and_without_a_form_around_them() -> None:
    rng = random.Random(4)
    seen = [(view, question_task(view, rng)) for view in VIEWS * 5]
    assert {task.system for _, task in seen} == {None, SYSTEM, *words.SYSTEMS}
    unread = [task for _, task in seen if task.answer == words.NO_TEXT]
    assert {task.prompt for task in unread} == set(words.READ)
    thought = [(view, task) for view, task in seen if "\n" in task.prompt]
    assert len(thought) > 20
    assert all(task.answer == listing(view) for view, task in thought)


def test_a_thought_stands_before_the_answer() -> None:
    thoughts = [(view, task) for view, task in drawn(5, times=4) if task.before]
    assert len(thoughts) > 10
    for view, task in thoughts:
        (first, asked), (second, said) = task.before
        assert (first, second) == ("user", "assistant")
        instruction = asked.partition("\n")[0]
        assert re.findall(r"an? (\w+ \w+)", said) == [f"{t['color']} {t['label']}" for t in kept(view, instruction)]


def turns_of(task: Task) -> list[Turn]:
    """The task as a user's conversation, the picture in its first turn."""
    talk = [*task.before, ("user", task.prompt)]
    turns = [Turn("system", (task.system,))] if task.system else []
    turns += [Turn("user", (PICTURE, talk[0][1]))]
    return turns + [Turn("assistant" if role == "assistant" else "user", (text,)) for role, text in talk[1:]]


def test_a_prompt_is_token_by_token_what_users_models_read() -> None:
    checkpoint = Checkpoint(ModelKey("pocket"))
    layout, rng = Layout(checkpoint), random.Random(6)
    picture = [checkpoint.tokenizer.bos_token_id] + [checkpoint.config.image_token_id] * IMAGE_TOKENS
    several = [task for _, task in drawn(7) if task.before or task.system is None][:10]
    some = [make(view, rng) for view in VIEWS[:20] for make in (random_task, question_task)]
    for task in (*several, *some, standard_task(VIEW, SCENE)):
        read = layout.encode(turns_of(task)).inputs["input_ids"][0].tolist()
        assert read == picture + checkpoint.tokenizer.encode(prompt_text(task), add_special_tokens=False)


def test_the_chains_write_the_same_turns() -> None:
    uri = data_uri(PICTURE)
    form = schema_text(SCENE, RELATIVE_1000)
    asked = PROMPT.format_messages(system=SYSTEM, form=form, instruction=INSTRUCTION, image_url=uri)
    assert _written(read_messages(asked)) == prompt_text(standard_task(VIEW, SCENE))
    view, task = next((v, t) for v, t in drawn(8, times=5) if t.before and t.before[0][1].startswith(INSTRUCTION))
    shown = str(task.system).removeprefix(f"{SYSTEM}\n")
    values = {"system": SYSTEM, "form": shown, "question": INSTRUCTION, "reasoning": listing(view), "image_url": uri}
    assert _written(read_messages(ANSWER_PROMPT.format_messages(**values))) == prompt_text(task)


def _written(turns: list[Turn]) -> str:
    return "".join(f"<|{turn.role}|>{turn.text}<|end|>" for turn in turns) + "<|assistant|>"


def test_tools_are_shown_as_the_chat_model_shows_them() -> None:
    rng = random.Random(9)
    family = find_family(None, "pocket")
    for seed in range(40):
        form = random_form(VIEWS[seed], rng)
        if form.schema["type"] != "object":
            continue
        task = tasks._called("Go.", form.schema, form.value, rng)
        assert task.system is not None
        own, shown = task.system.split("You can call these tools:")
        names = re.findall(r"^(\w+)(?:: (.*))?\n\{", shown, re.MULTILINE)
        tools = [
            {"name": name, "description": text, "parameters": {} if text == "Ends the conversation." else form.schema}
            for name, text in names
        ]
        turns = [Turn("system", (own.strip(),))] if own else []
        options = CallOptions(
            model="pocket", max_tokens=9, tools=[{"type": "function", "function": tool} for tool in tools]
        )
        plan = make_plan([*turns, Turn("user", ("Go.",))], options, dialect=ToolDialect(), family=family)
        system = "\n\n".join(turn.text for turn in plan.request.turns if turn.role == "system")
        assert system == task.system
        assert len(tools) == 1 or any(name in task.prompt for name, _ in names)


class Inner(BaseModel):
    a_b: str
    where: list[int] = Field(description="where it is")


class Answer(BaseModel):
    """What a user of ``PydanticOutputParser`` writes."""

    items: list[Inner]
    first: Inner | None = Field(description="the first one")
    by: dict[str, int]


INNER = {
    "type": "object",
    "properties": {
        "a_b": {"type": "string"},
        "where": {"type": "array", "items": {"type": "integer"}, "description": "where it is"},
    },
    "required": ["a_b", "where"],
}
ANSWER = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": INNER},
        "first": {"anyOf": [INNER, {"type": "null"}], "description": "the first one"},
        "by": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["items", "first", "by"],
}


def test_pydantic_form_names_nested_classes() -> None:
    written = as_pydantic(ANSWER)
    assert written["properties"]["items"]["items"] == {"$ref": "#/$defs/Items"}
    assert written["$defs"]["Items"]["properties"]["a_b"] == {"type": "string", "title": "A B"}
    assert Draft202012Validator(written).is_valid({"items": [{"a_b": "", "where": [1]}], "first": None, "by": {"x": 1}})
    assert not Draft202012Validator(written).is_valid({"items": [{"a_b": ""}], "first": None, "by": {}})


def test_pydantic_forms_are_written_as_pydantic_writes_them() -> None:
    text = PydanticOutputParser(pydantic_object=Answer).get_format_instructions()
    renamed = (
        json.dumps(as_pydantic(ANSWER)).replace("#/$defs/Items", "#/$defs/Inner").replace("$defs/First", "$defs/Inner")
    )
    mine, real = json.loads(renamed), instructed_schema(text)
    assert real is not None
    assert mine["properties"] == real["properties"]


def test_two_classes_of_one_name_stay_two() -> None:
    def listed(field: str) -> dict[str, Any]:
        row = {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}
        rows = {"type": "array", "items": row}
        return {"type": "object", "properties": {"objects": rows}, "required": ["objects"]}

    schema = {"type": "object", "properties": {"a": listed("x"), "b": listed("y")}, "required": ["a", "b"]}
    value = {"a": {"objects": [{"x": ""}]}, "b": {"objects": [{"y": ""}]}}
    Draft202012Validator(schema).validate(value)
    Draft202012Validator(as_pydantic(schema)).validate(value)


def test_nothing_is_there_to_find_in_an_empty_scene() -> None:
    rng = random.Random(11)
    for _ in range(40):
        assert json.loads(told_task(EMPTY, SCENE, rng).answer) == {"objects": []}


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


def test_the_chat_template_writes_what_prompt_text_writes(tokenizer: PreTrainedTokenizerFast) -> None:
    before = (("user", "One?"), ("assistant", "1"))
    for task in (Task("Be brief.", "Two?", "2", before), Task(None, "Two?", "2"), Task("S", "Two?", "2")):
        system = [{"role": "system", "content": task.system}] if task.system else []
        talk = [{"role": role, "content": text} for role, text in (*task.before, ("user", task.prompt))]
        text = tokenizer.apply_chat_template([*system, *talk], tokenize=False, add_generation_prompt=True)
        assert text == f"<bos>{prompt_text(task)}"
        told = [*system, *talk, {"role": "assistant", "content": task.answer}]
        whole = tokenizer.apply_chat_template(told, tokenize=False)
        assert whole == f"<bos>{prompt_text(task)}{task.answer}<|end|>"
