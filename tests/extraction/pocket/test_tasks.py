from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Optional

import pytest
from jsonschema import Draft202012Validator
from langchain_core.output_parsers import PydanticOutputParser
from PIL import Image
from pydantic import BaseModel, Field, RootModel, create_model
from transformers import PreTrainedTokenizerFast

from extraction.asking import make_plan
from extraction.chains.extract import PROMPT
from extraction.chains.pictures import data_uri
from extraction.chains.reason import ANSWER_PROMPT
from extraction.content import Turn, read_messages
from extraction.conventions import RELATIVE_1000
from extraction.families import find_family
from extraction.images import Picture
from extraction.instructions import format_instructions, instructed_schema
from extraction.layout import Layout
from extraction.loading import Checkpoint, ModelKey
from extraction.options import CallOptions
from extraction.pocket import tasks, words
from extraction.pocket.fields import Field as Part
from extraction.pocket.forms import is_held_out, random_form
from extraction.pocket.model import IMAGE_TOKENS
from extraction.pocket.questions import Question, caption, listing, lookup, question
from extraction.pocket.rich_forms import rich_form
from extraction.pocket.tasks import Task, as_pydantic, question_task, random_task, standard_task, told_task
from extraction.pocket.tokenizer import build_tokenizer, prompt_text
from extraction.pocket.views import STEP, View
from extraction.pocket.vocabulary import COLORS, LABELS
from extraction.prompts import INSTRUCTION, SYSTEM, schema_text
from extraction.schemas import Box, Color, Point, Scene, json_schema_of
from extraction.schemas.markers import MARKER_KEY
from extraction.tools import ToolDialect
from tests.extraction.pocket.random_views import EMPTY, VIEW, VIEWS, mentioned

SCENE = json_schema_of(Scene)
PICTURE = Picture(Image.new("RGB", (60, 40), "red"))
CALL = re.compile(r"<tool_call>(\{.*\})</tool_call>")


def drawn(seed: int, times: int = 1) -> list[tuple[View, Task]]:
    """Tasks with random forms, each with its view."""
    rng = random.Random(seed)
    return [(view, random_task(view, rng)) for view in VIEWS * times]


@dataclass(frozen=True)
class Source:
    """What a task was made of: a form about a view, or a question about it."""

    view: View
    form: Part | None = None
    filtered: bool = False
    asked: Question | None = None
    rich: bool = False


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Source]:
    """What the tasks of a test were made of, in order."""
    result: list[Source] = []

    def with_form(view: View, rng: random.Random, *, filtered: bool, weights: Mapping[str, float]) -> Part:
        form = random_form(view, rng, filtered=filtered, weights=weights)
        result.append(Source(view, form, filtered))
        return form

    def recorded(ask: Callable[[View, random.Random], Question]) -> Callable[[View, random.Random], Question]:
        def with_question(view: View, rng: random.Random) -> Question:
            asked = ask(view, rng)
            result.append(Source(view, asked=asked))
            return asked

        return with_question

    def with_rich_form(view: View, rng: random.Random) -> Part:
        form = rich_form(view, rng)
        result.append(Source(view, form, rich=True))
        return form

    monkeypatch.setattr(tasks, "random_form", with_form)
    monkeypatch.setattr(tasks, "rich_form", with_rich_form)
    monkeypatch.setattr(tasks, "question", recorded(question))
    monkeypatch.setattr(tasks, "lookup", recorded(lookup))
    return result


def of_forms(made: list[Source], drawn: list[tuple[View, Task]]) -> Iterator[tuple[View, Task, Source, Part]]:
    """The tasks that were made of a form, with their views."""
    for (view, task), source in zip(drawn, made, strict=True):
        if source.form is not None:
            yield view, task, source, source.form


def asked_in(task: Task) -> str:
    """The turn of the user that holds the instruction."""
    return task.before[0][1] if task.before else task.prompt


def kept(view: View, instruction: str) -> list[dict[str, Any]]:
    """What a filtering instruction leaves of a scene, read out of its words."""
    parts = [named for part in instruction.split(",") if (named := mentioned(part))]
    # A part names a colour, a label, or both: then a thing has to be so in both ways.
    fitting = [t for t in view.things if not parts or any(named <= {t.color, t.label} for named in parts)]
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


def test_lists_of_what_to_find_name_what_is_there_in_most_cases() -> None:
    """One label among them too: a list that mostly names what is not there teaches to answer with nothing."""
    rng = random.Random(13)
    found: dict[int, list[bool]] = {1: [], 2: [], 3: []}
    phrase = words.ONLY_THESE[0].format("")[:-1]
    for view in [view for view in VIEWS if 0 < len(view.things) < 5] * 30:
        instruction = told_task(view, SCENE, rng).prompt
        if instruction.startswith(phrase):
            found[instruction.count(",") + 1].append(bool(kept(view, instruction)))
    assert {number: sum(there) / len(there) > 0.75 for number, there in found.items()} == dict.fromkeys(found, True)


def test_filters_of_a_colour_or_a_label_ask_for_one_that_is_there_in_most_cases() -> None:
    rng = random.Random(12)
    found: dict[int, list[bool]] = {1: [], 2: []}
    for view in [view for view in VIEWS if 0 < len(view.things) < 5] * 30:
        instruction = told_task(view, SCENE, rng).prompt
        if re.fullmatch("|".join(_pattern(phrase) for phrase in SINGLE), instruction):
            found[len(mentioned(instruction))].append(bool(kept(view, instruction)))
    assert sum(found[1]) / len(found[1]) == pytest.approx(0.85, abs=0.04)
    assert sum(found[2]) / len(found[2]) > 0.55  # one in three joins a colour and a label from anywhere


def test_random_tasks_answer_in_the_form_that_they_show(made: list[Source]) -> None:
    tools, instructed = 0, 0
    for _, task, _, form in of_forms(made, drawn(2, times=3)):
        shown = f"{task.system}\n{task.prompt}"
        if call := CALL.fullmatch(task.answer):
            name, value = json.loads(call[1]).values()
            assert f"\n{name}" in shown
            assert set(schema_text(form.schema, RELATIVE_1000).splitlines()[1:]) <= set(shown.splitlines())
            tools += 1
        elif "conforms to the JSON schema" in shown:
            value = json.loads(task.answer)
            assert format_instructions(as_pydantic(form.schema)) in shown
            instructed += 1
        else:
            value = json.loads(task.answer)
            assert schema_text(form.schema, RELATIVE_1000) in shown
        assert value == form.value
        assert json.dumps(value) == json.dumps(form.value)  # in this order
        assert not is_held_out(form)
    count = 3 * len(VIEWS)
    assert tools / count == pytest.approx(tasks.TOOL_SHARE, abs=0.04)
    assert instructed / count == pytest.approx(tasks.LANGCHAIN_SHARE, abs=0.04)


def test_forms_about_the_whole_scene_are_now_and_then_rich_ones(made: list[Source]) -> None:
    whole = [source.rich for *_, source, _ in of_forms(made, drawn(14, times=5)) if not source.filtered]
    assert sum(whole) / len(whole) == pytest.approx(tasks.RICH_SHARE, abs=0.06)


def test_a_question_may_be_the_whole_form(made: list[Source]) -> None:
    bare, kinds = 0, set()
    both = list(zip(drawn(13, times=25), made, strict=True))
    answered = [(view, task, source.asked) for (view, task), source in both if source.asked is not None]
    for view, task, asked in answered:
        value = json.loads(task.answer)
        kind = asked.kind.split()[0]
        types = {"caption": "string", "count": "integer", "has": "boolean"}
        schema: dict[str, Any] = {"type": types.get(kind, "string")}
        if isinstance(value, dict):
            ((name, value),) = value.items()
            assert name in words.ANSWER
            if isinstance(value, list):
                schema = {"type": "array", "items": {"type": "string"}}
            schema = {"type": "object", "properties": {name: schema}, "required": [name]}
        else:
            bare += 1
            if isinstance(value, list):
                schema = {"type": "array", "items": {"type": "string"}}
        if kind in ("colors", "labels"):
            told = [name for name in asked.answer.split(", ") if name != words.NONE]
            assert value in (told, asked.answer)
            assert isinstance(value, list) or len(told) < 2
        else:
            count = len(kept(view, asked.prompt))
            right = {"caption": caption(view), "count": count, "has": count > 0}[kind]
            assert (type(value), value) == (type(right), right)
        assert asked.prompt in asked_in(task)
        assert schema_text(schema, RELATIVE_1000) in f"{task.system}\n{task.prompt}"
        kinds.add((asked.kind, "properties" in schema))
    assert len(answered) / len(both) == pytest.approx(tasks.ANSWER_SHARE, abs=0.02)
    assert bare / len(answered) == pytest.approx(0.5, abs=0.15)
    assert len(kinds) == 2 * (7 + 4)
    assert {len(task.before) for _, task, _ in answered} == {0, 2}


def wanted(text: str) -> str | None:
    """The filtering instruction in a text, which may hold a form, too."""
    found = re.search("|".join(_pattern(phrase) for phrase in FILTERS), text, re.MULTILINE)
    return found[0] if found else None


def test_a_filtering_instruction_filters_the_form(made: list[Source]) -> None:
    """The form is about what the instruction leaves, and its lists have as many entries."""
    filtered = 0
    for view, task, source, form in of_forms(made, drawn(3, times=3)):
        instruction = wanted(asked_in(task))
        assert source.filtered == (instruction is not None)
        things = kept(view, instruction or "")
        assert [{"label": t.label, "color": t.color, "box": list(t.box)} for t in source.view.things] == things
        if source.filtered:
            values = form.value.values() if isinstance(form.value, dict) else [form.value]
            assert {value if isinstance(value, int) else len(value) for value in values} == {len(things)}
            filtered += 1
    assert filtered > 100


SINGLE = (*words.ONLY_COLOR, *words.ONLY_THING, *words.ONLY_LABEL)
FILTERS = (*SINGLE, *words.ONLY_THESE)


def _pattern(phrase: str) -> str:
    every = "|".join((*COLORS, *LABELS))
    before, after = re.split(r"\{0?\}", phrase)
    before = re.escape(before).replace(r"\ a\ ", r"\ an?\ ")
    return rf"^{before}(?:(?:{every})(?:e?s)?,? ?)+{re.sub('^s', 'e?s', re.escape(after))}"


def test_questions_come_with_and_without_a_form_around_them() -> None:
    rng = random.Random(4)
    seen = [(view, question_task(view, rng)) for view in VIEWS * 5]
    assert {task.system for _, task in seen} == {None, SYSTEM, *words.SYSTEMS}
    unread = [task for _, task in seen if task.answer == words.NO_TEXT]
    assert {task.prompt for task in unread} == set(words.READ)
    thought = [(view, task) for view, task in seen if "\n" in task.prompt]
    assert len(thought) > 20
    assert all(task.answer == listing(view) for view, task in thought)


def test_a_thought_stands_before_the_answer_and_lists_everything() -> None:
    thoughts = [(view, task) for view, task in drawn(5, times=12) if task.before]
    filtered = 0
    for view, task in thoughts:
        (first, asked), (second, said) = task.before
        assert (first, second) == ("user", "assistant")
        assert asked.endswith("Do not give the final answer yet.")
        assert re.findall(r"an? (\w+ \w+)", said) == [thing.phrase for thing in view.things]
        instruction = wanted(asked.partition("\n")[0])
        filtered += instruction is not None and len(kept(view, instruction)) < len(view.things)
    assert len(thoughts) > 60
    assert filtered > 10


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
    two, named = 0, 0
    for view in VIEWS:
        form = random_form(view, rng)
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
        call = CALL.fullmatch(task.answer)
        assert call is not None
        called = json.loads(call[1])
        assert called["arguments"] == form.value
        assert [tool["name"] for tool in tools if tool["parameters"]] == [called["name"]]
        naming = [f"Go. {phrase.format(called['name'])}" for phrase in words.CALL if "{}" in phrase]
        assert task.prompt in (naming if len(tools) > 1 else ["Go.", "Go. Call the tool.", *naming])
        two += len(tools) > 1
        named += task.prompt in naming
    assert two > 20
    assert named > two


class Inner(BaseModel):
    label: Literal["circle", "star"]
    box: Box | None
    a_b: Color = Field(description="its color")


class Answer(BaseModel):
    items: list[Inner]
    first: Inner | None = Field(description="the first one")
    largest: Inner = Field(description="the largest one")
    where: Box | None
    ground: Color
    place: Box = Field(description="where it is")
    boxes: list[Box] = Field(description="where they are")
    center: Point | None = Field(description="the middle")
    kind: Literal["one", "many"] | None
    by: dict[str, int]
    numbers: list[int]
    count: int = Field(ge=0)


def as_text(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of one of the library's types as forms hold it."""
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


NULL = {"type": "null"}
BOX, COLOR, POINT = (as_text(json_schema_of(kind)) for kind in (Box, Color, Point))
INNER = {
    "type": "object",
    "properties": {
        "label": {"enum": ["circle", "star"], "type": "string"},
        "box": {"anyOf": [BOX, NULL]},
        "a_b": COLOR | {"description": "its color"},
    },
    "required": ["label", "box", "a_b"],
}
FIELDS: dict[str, Any] = {
    "items": {"type": "array", "items": INNER},
    "first": {"anyOf": [INNER, NULL], "description": "the first one"},
    "largest": INNER | {"description": "the largest one"},
    "where": {"anyOf": [BOX, NULL]},
    "ground": COLOR,
    "place": BOX | {"description": "where it is"},
    "boxes": {"type": "array", "items": BOX, "description": "where they are"},
    "center": {"anyOf": [POINT, NULL], "description": "the middle"},
    "kind": {"anyOf": [{"enum": ["one", "many"], "type": "string"}, NULL]},
    "by": {"type": "object", "additionalProperties": {"type": "integer"}},
    "numbers": {"type": "array", "items": {"type": "integer"}},
    "count": {"type": "integer", "minimum": 0},
}
ANSWER = {"type": "object", "properties": FIELDS, "required": list(FIELDS)}


def shown_by_langchain(kind: type[BaseModel]) -> dict[str, Any]:
    """The schema in the format instructions of a class."""
    schema = instructed_schema(PydanticOutputParser(pydantic_object=kind).get_format_instructions())
    assert schema is not None
    return schema


def shown_in_training(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in the format instructions of a task."""
    shown = instructed_schema(format_instructions(as_pydantic(schema)))
    assert shown is not None
    return shown


def inlined(schema: dict[str, Any], *, names: bool = True) -> Any:
    """A schema with the classes in the place of their references, with or without their names."""
    classes = schema.get("$defs", {})

    def put(node: Any) -> Any:
        if isinstance(node, list):
            return [put(one) for one in node]
        if not isinstance(node, dict):
            return node
        below = {key: put(value) for key, value in node.items() if key not in ("$defs", "$ref")}
        if "$ref" in node:
            body = put(classes[node["$ref"].removeprefix("#/$defs/")])
            below["class"] = {key: value for key, value in body.items() if names or key != "title"}
        return below

    return put(schema)


def test_pydantic_forms_are_written_as_pydantic_writes_them() -> None:
    mine, real = shown_in_training(ANSWER), shown_by_langchain(Answer)
    assert inlined(mine, names=False) == inlined(real, names=False)
    assert list(mine["$defs"]) == ["Box", "Color", "First", "Items", "Largest", "Point"]
    assert {name: mine["$defs"][name] for name in ("Box", "Color", "Point")} == {
        name: body for name, body in real["$defs"].items() if name != "Inner"
    }


def test_a_class_that_is_used_twice_is_told_once() -> None:
    class Items(BaseModel):
        box: Box | None

    class Part(BaseModel):
        items: list[Items]

    class Whole(BaseModel):
        items: Items | None
        part: Part

    item = {"type": "object", "properties": {"box": {"anyOf": [BOX, NULL]}}, "required": ["box"]}
    part = {"type": "object", "properties": {"items": {"type": "array", "items": item}}, "required": ["items"]}
    whole = {"type": "object", "properties": {"items": {"anyOf": [item, NULL]}, "part": part}}
    mine = shown_in_training(whole | {"required": ["items", "part"]})
    assert mine == shown_by_langchain(Whole)
    assert list(mine["$defs"]) == list(shown_by_langchain(Whole)["$defs"]) == ["Box", "Items", "Part"]


def test_a_class_without_required_fields_says_nothing_of_them() -> None:
    class Free(BaseModel):
        n: int = Field(default_factory=int)

    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": []}
    assert shown_in_training(schema) == shown_by_langchain(Free)


def class_of(schema: dict[str, Any], name: str = "item") -> Any:
    """The Python type that a user writes for a schema; classes are called like the field that they stand in."""
    title = name.replace("_", " ").title().replace(" ", "")
    if "anyOf" in schema:
        return Optional[class_of(schema["anyOf"][0], name)]  # noqa: UP045  (the type is known at run time only)
    if "properties" in schema:
        own: dict[str, Any] = {}
        for key, part in schema["properties"].items():
            optional: Any = {} if key in schema["required"] else {"default_factory": lambda: None}
            own[key] = class_of(part, key), Field(description=part.get("description"), **optional)
        return create_model(title, **own)
    if "additionalProperties" in schema:
        return dict[str, class_of(schema["additionalProperties"], name)]  # type: ignore[misc]
    if MARKER_KEY in schema:
        return {"box": Box, "color": Color, "point": Point}[schema[MARKER_KEY]]
    if "enum" in schema:
        return Annotated[Literal[tuple(schema["enum"])], object()]  # or typing takes one of another order for the same
    if "items" in schema:
        size = Field(min_length=schema.get("minItems"), max_length=schema.get("maxItems"))
        return Annotated[list[class_of(schema["items"], name)], size]  # type: ignore[misc]
    plain: Any = {"string": str, "integer": int, "number": float, "boolean": bool}[schema["type"]]
    return Annotated[plain, Field(ge=schema["minimum"])] if "minimum" in schema else plain


def test_any_form_is_written_as_pydantic_writes_its_class() -> None:
    rng = random.Random(14)
    numbered = 0
    for view in VIEWS:
        schema = random_form(view, rng).schema
        kind: Any = RootModel[class_of(schema)] if "items" in schema else class_of(schema)  # type: ignore[misc]
        mine, real = shown_in_training(schema), shown_by_langchain(kind)
        assert inlined(mine) == inlined(real)
        names = list(mine.get("$defs", ()))
        assert names == sorted(names)
        if [body["title"] for body in mine.get("$defs", {}).values()] == names:
            assert names == list(real.get("$defs", ()))
        else:
            numbered += 1
    assert numbered < 20


def test_the_keys_of_pydantic_forms_are_in_the_order_of_pydantic() -> None:
    class Boxes(BaseModel):
        boxes: list[Box] = Field(description="where they are")
        n: int

    boxes = {"type": "array", "items": BOX, "description": "where they are"}
    properties = {"boxes": boxes, "n": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "required": ["boxes", "n"]}
    parser = PydanticOutputParser(pydantic_object=Boxes)
    assert format_instructions(as_pydantic(schema)) == parser.get_format_instructions()


def test_two_classes_of_one_name_stay_two() -> None:
    def listed(field: str) -> dict[str, Any]:
        row = {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}
        rows = {"type": "array", "items": row}
        return {"type": "object", "properties": {"objects": rows}, "required": ["objects"]}

    schema = {"type": "object", "properties": {"a": listed("x"), "b": listed("y")}, "required": ["a", "b"]}
    value = {"a": {"objects": [{"x": ""}]}, "b": {"objects": [{"y": ""}]}}
    Draft202012Validator(schema).validate(value)
    written = as_pydantic(schema)
    Draft202012Validator(written).validate(value)
    assert list(written["$defs"]) == ["A", "B", "Objects", "Objects1"]
    assert {written["$defs"][name]["title"] for name in ("Objects", "Objects1")} == {"Objects"}


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
