"""What the embedded model is examined in: each exam asks it through the public parts that users have, greedily."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import HumanMessage
from pydantic import ValidationError
from rich.console import Console
from rich.progress import track

from extraction import ChatTransformers, GroundedOutputParser, OutputError
from extraction.chains import detection_chain, extraction_chain
from extraction.chains.extract import PROMPT
from extraction.chains.pictures import data_uri
from extraction.conventions import RELATIVE_1000
from extraction.images import load_image
from extraction.pocket.dataset import EVALUATION_SEED, Truth
from extraction.pocket.foreign import draw_foreign_scene
from extraction.pocket.forms import random_form
from extraction.pocket.leaves import FormScore, leaf_score
from extraction.pocket.questions import caption_is_true, question
from extraction.pocket.scenes import DrawnScene, SceneConfig, draw_scene
from extraction.pocket.scoring import DetectionScore, Found
from extraction.pocket.user_schemas import USER_SCHEMAS
from extraction.pocket.views import View
from extraction.pocket.vocabulary import COLORS, LABELS
from extraction.prompts import INSTRUCTION, SYSTEM, schema_text
from extraction.schemas import Scene, json_schema_of

FIRST_SEED = EVALUATION_SEED + 1_000_000  # not the scenes that the training log looks at
CHUNK = 16
WIDE = SceneConfig(sides=(100, 2000))
"""Pictures of 1:3 to 3:1 and up to 2,000 pixels; training has them up to 640."""

_APART = 100_000  # seeds between the scenes of one exam and the next


def fresh_scenes(count: int, exam: int = 0) -> list[DrawnScene]:
    """Scenes that no training saw, others for each exam."""
    return [draw_scene(seed) for seed in _seeds(count, exam)]


def wide_scenes(count: int) -> list[DrawnScene]:
    """Fresh scenes of all sizes and aspects."""
    return [draw_scene(seed, WIDE) for seed in _seeds(count, 1)]


def foreign_scenes(count: int) -> list[DrawnScene]:
    """Fresh scenes drawn by a renderer that training never used."""
    return [draw_foreign_scene(seed) for seed in _seeds(count, 2)]


def _seeds(count: int, exam: int) -> range:
    first = FIRST_SEED + exam * _APART
    return range(first, first + count)


def examine_detection(
    scenes: Sequence[DrawnScene], *, constrained: bool = False, what: str = "scenes"
) -> DetectionScore:
    """Scores of the standard ``Scene`` schema, held to it by the grammar or not; boxes in pixels of each picture."""
    model = ChatTransformers()
    score = DetectionScore()
    if constrained:
        chain = extraction_chain(model, Scene)
        inputs: list[Any] = [scene.image for scene in scenes]
    else:
        form = schema_text(json_schema_of(Scene), RELATIVE_1000)
        chain = PROMPT | model | GroundedOutputParser(target=Scene)
        inputs = [
            {"system": SYSTEM, "form": form, "instruction": INSTRUCTION, "image_url": data_uri(load_image(scene.image))}
            for scene in scenes
        ]
    for scene, answer in zip(scenes, _answers(chain, inputs, what), strict=True):
        score.add(None if answer is None else found_in(answer), true_in(scene))
    return score


def found_in(scene: Scene) -> list[Found]:
    """The objects that the model named."""
    return [Found(item.label, str(item.color), item.box.xyxy) for item in scene.objects]


def true_in(scene: DrawnScene) -> list[Found]:
    """The objects that are there."""
    return [Found(shape.label, shape.color, shape.box) for shape in scene.shapes]


def _view(scene: DrawnScene) -> View:
    return View.of(Truth.of(scene))


def examine_filters(scenes: Sequence[DrawnScene]) -> DetectionScore:
    """Scores of "Find only the COLOUR objects", of a colour that is there in three of four scenes."""
    rng = random.Random(1)
    score = DetectionScore()
    colors = []
    for scene in scenes:
        there = [shape.color for shape in scene.shapes]
        colors.append(rng.choice(there) if there and rng.random() < 0.75 else rng.choice(COLORS))
    inputs = [
        {"image": scene.image, "instruction": f"Find only the {color} objects."}
        for scene, color in zip(scenes, colors, strict=True)
    ]
    answers = _answers(extraction_chain(ChatTransformers(), Scene), inputs, "filters")
    for scene, color, answer in zip(scenes, colors, answers, strict=True):
        true = [one for one in true_in(scene) if one.color == color]
        score.add(None if answer is None else found_in(answer), true)
    return score


def examine_detection_chain(scenes: Sequence[DrawnScene]) -> DetectionScore:
    """Scores of ``detection_chain`` asked for one to three labels, three of four of which are there."""
    rng = random.Random(6)
    model = ChatTransformers()
    score = DetectionScore()
    wanted = []
    for scene in scenes:
        there = sorted({shape.label for shape in scene.shapes})
        drawn = [rng.choice(there if there and rng.random() < 0.75 else LABELS) for _ in range(rng.randint(1, 3))]
        wanted.append(list(dict.fromkeys(drawn)))

    def ask(number: int) -> Scene | None:
        try:
            return detection_chain(model, wanted[number]).invoke(scenes[number].image)
        except OutputError:
            return None

    with ThreadPoolExecutor(CHUNK) as pool:
        answers = pool.map(ask, range(len(scenes)))
        for scene, labels, answer in zip(scenes, wanted, answers, strict=True):
            true = [one for one in true_in(scene) if one.label in labels]
            score.add(None if answer is None else found_in(answer), true)
    return score


@dataclass(frozen=True, slots=True)
class Asked:
    """A scene, what it is asked for, and the right answer in 0..1000."""

    name: str
    scene: DrawnScene
    schema: Any
    true: Any


def held_out_forms(count: int) -> list[Asked]:
    """Forms of structures that training never saw, made of the words that it knows."""
    rng = random.Random(2)
    asked = []
    for scene in fresh_scenes(count, 3):
        form = random_form(_view(scene), rng, held_out=True)
        asked.append(Asked(form.structure, scene, form.schema, form.value))
    return asked


def user_forms(count: int) -> list[Asked]:
    """Schemas that were written by hand, without knowledge of those of training, in turn."""
    scenes = iter(draw_scene(seed) for seed in _seeds(100 * count, 4))
    asked = []
    for number in range(count):
        schema = USER_SCHEMAS[number % len(USER_SCHEMAS)]
        for scene in scenes:
            true = schema.truth(_view(scene))
            if true is not None:
                asked.append(Asked(schema.name, scene, schema.schema, true))
                break
    return asked


def examine_forms(asked: Sequence[Asked], what: str) -> dict[str, FormScore]:
    """Scores with the grammar by name, and "all" of them."""
    model = ChatTransformers()

    def answer(one: Asked) -> Any:
        said = extraction_chain(model, one.schema, include_raw=True).invoke(one.scene.image)
        return None if said["parsing_error"] else json.loads(said["raw"].text)

    scores = {"all": FormScore()}
    with ThreadPoolExecutor(CHUNK) as pool:
        said = track(pool.map(answer, asked), what, len(asked), console=Console(stderr=True), transient=True)
        for one, value in zip(asked, said, strict=True):
            view = _view(one.scene)
            right, leaves = leaf_score(value, one.true, _same_text(view))
            for name in ("all", one.name):
                scores.setdefault(name, FormScore()).add(right, leaves)
    return scores


def _same_text(view: View) -> Callable[[str, str], bool]:
    """Texts are equal, or both are true captions of the scene."""
    return lambda said, true: said == true or (caption_is_true(true, view) and caption_is_true(said, view))


def examine_questions(scenes: Sequence[DrawnScene]) -> dict[str, tuple[int, int]]:
    """Right answers and questions asked, for each kind; a caption is right when all that it says is so."""
    rng = random.Random(0)
    views = [_view(scene) for scene in scenes]
    asked = [question(view, rng) for view in views]
    messages = [[_message(scene, one.prompt)] for scene, one in zip(scenes, asked, strict=True)]
    right: dict[str, tuple[int, int]] = {}
    answers = _answers(ChatTransformers(), messages, "questions")
    for view, one, answer in zip(views, asked, answers, strict=True):
        text = "" if answer is None else answer.text.strip()
        good = caption_is_true(text, view) if one.kind == "caption" else text == one.answer
        hits, total = right.get(one.kind, (0, 0))
        right[one.kind] = (hits + good, total + 1)
    return right


def examine_tools(scenes: Sequence[DrawnScene]) -> DetectionScore:
    """Scores of the calls of a tool with the standard schema; nothing forces the model to call it."""
    chain = ChatTransformers().bind_tools([Scene])
    messages = [[_message(scene, INSTRUCTION)] for scene in scenes]
    score = DetectionScore()
    for scene, answer in zip(scenes, _answers(chain, messages, "tool calls"), strict=True):
        calls = [] if answer is None else answer.tool_calls
        score.add(_called_with(calls[0]["args"]) if len(calls) == 1 else None, true_in(scene))
    return score


def _called_with(arguments: dict[str, Any]) -> list[Found] | None:
    """The objects of a call, None where its arguments do not fit."""
    try:
        return found_in(Scene.model_validate(arguments))
    except ValidationError:
        return None


def _message(scene: DrawnScene, text: str) -> HumanMessage:
    url = {"url": data_uri(load_image(scene.image))}
    return HumanMessage([{"type": "image_url", "image_url": url}, {"type": "text", "text": text}])


def _answers(chain: Any, inputs: Sequence[Any], what: str) -> list[Any]:
    """The chain's answers in order; None where an answer could not be used."""
    answers: list[Any] = []
    for chunk in track(list(_chunks(inputs)), description=what, console=Console(stderr=True), transient=True):
        for answer in chain.batch(chunk, return_exceptions=True):
            if isinstance(answer, Exception) and not isinstance(answer, OutputError):
                raise answer
            answers.append(None if isinstance(answer, OutputError) else answer)
    return answers


def _chunks(items: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), CHUNK):
        yield list(items[start : start + CHUNK])
