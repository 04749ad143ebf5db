"""How well the embedded model sees: ``make pocket-eval`` prints this table.

Everything goes through the public parts that users have, on scenes that no training saw, greedily.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import HumanMessage
from rich.console import Console
from rich.progress import track
from rich.table import Table

from extraction import ChatTransformers, GroundedOutputParser, OutputError
from extraction.chains import extraction_chain
from extraction.chains.extract import PROMPT
from extraction.chains.pictures import data_uri
from extraction.families import RELATIVE_1000
from extraction.images import load_image
from extraction.pocket.dataset import EVALUATION_SEED, Truth
from extraction.pocket.scenes import DrawnScene, draw_scene
from extraction.pocket.scoring import DetectionScore, Found
from extraction.pocket.tasks import View, question
from extraction.prompts import INSTRUCTION, SYSTEM, schema_text
from extraction.schemas import Scene, json_schema_of

FIRST_SEED = EVALUATION_SEED + 1_000_000  # not the scenes that the training log looks at
CHUNK = 16


def fresh_scenes(count: int) -> list[DrawnScene]:
    """The scenes of the evaluation."""
    return [draw_scene(FIRST_SEED + i) for i in range(count)]


def evaluate_detection(scenes: Sequence[DrawnScene], *, constrained: bool) -> DetectionScore:
    """Scores of the standard ``Scene`` schema, held to it by the grammar or not."""
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
    what = "scenes, grammar" if constrained else "scenes, free"
    answers = _answers(chain, inputs, what)
    for scene, answer in zip(scenes, answers, strict=True):
        true = [Found(shape.label, shape.color, shape.box) for shape in scene.shapes]
        score.add(None if answer is None else _found(answer), true)
    return score


def _found(scene: Scene) -> list[Found]:
    return [Found(item.label, str(item.color), item.box.xyxy) for item in scene.objects]


def evaluate_questions(scenes: Sequence[DrawnScene]) -> dict[str, tuple[int, int]]:
    """Right answers and questions asked, for each kind of question."""
    model = ChatTransformers()
    rng = random.Random(0)
    asked = [question(View.of(Truth.of(scene)), rng) for scene in scenes]
    messages = [
        [
            HumanMessage(
                [
                    {"type": "image_url", "image_url": {"url": data_uri(load_image(scene.image))}},
                    {"type": "text", "text": one.prompt},
                ]
            )
        ]
        for scene, one in zip(scenes, asked, strict=True)
    ]
    right: dict[str, tuple[int, int]] = {}
    for one, answer in zip(asked, _answers(model, messages, "questions"), strict=True):
        hits, total = right.get(one.kind, (0, 0))
        right[one.kind] = (hits + (answer is not None and answer.text.strip() == one.answer), total + 1)
    return right


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


def main() -> None:
    """Prints the table: ``python -m extraction.pocket.evaluate --scenes 200``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--scenes", type=int, default=200)
    count = parser.parse_args().scenes
    scenes = fresh_scenes(count)
    table = Table(title=f"pocket on {count} fresh scenes, greedy, float32")
    for column in ("answers", "readable", "F1", "F1 of boxes", "mean IoU", "label", "colour", "exact count"):
        table.add_column(column, justify="left" if column == "answers" else "right")
    for constrained in (True, False):
        summary = evaluate_detection(scenes, constrained=constrained).summary()
        numbers = [f"{summary[key]:.3f}" for key in ("readable", "f1", "f1_place", "iou", "label", "color", "count")]
        table.add_row("Scene, with the grammar" if constrained else "Scene, unconstrained", *numbers)
    kinds = Table(title="free questions")
    kinds.add_column("kind")
    kinds.add_column("right", justify="right")
    for kind, (hits, total) in sorted(evaluate_questions(scenes).items()):
        kinds.add_row(kind, f"{hits} of {total}")
    Console(width=110).print(table, kinds)


if __name__ == "__main__":
    main()
