"""The places in a picture, asked for in the words that a family of models was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import Runnable

from extraction.chains.models import ChatModel, family_of, pictured
from extraction.chains.pictures import ASKED, checked_words, picture_step
from extraction.errors import BoxConventionError
from extraction.families import FamilyLike
from extraction.parsing import GroundedOutputParser
from extraction.schemas import LabeledBox, json_schema_of


def native_chain(
    model: ChatModel,
    schema: Any = list[LabeledBox],
    *,
    task: str = "detect",
    things: Sequence[str] = (),
    instruction: str | None = None,
    family: FamilyLike | None = None,
) -> Runnable[Any, Any]:
    """A Runnable from a picture to a value of ``schema``, by way of the model's own task prompt and syntax.

    Models that were trained on tags or location tokens (PaliGemma, Florence-2, Kosmos-2, Molmo ...) are good at those and
    not at JSON. They say where things are and what they are called: a schema that needs more than that raises. No grammar
    holds the answer: what cannot be read, a refusal and a cut answer raise, and "nothing there" is an empty list.

    Args:
        model: A chat model of a family that has words for the task.
        schema: What holds the places: a list of ``LabeledBox``, ``LabeledPoint``, ``LabeledPolygon`` or of a class of your
            own with a place and a name, bare boxes or points, a dict from names to places, an object around one of these.
        task: One of the family's ``prompts``: "detect", "point", "segment", "ocr" ...
        things: What to look for, where the task looks for something.
        instruction: Words of your own instead of the family's; an input's own ``instruction`` counts more.
        family: The model's family, where it does not say itself.

    Raises:
        BoxConventionError: The family has no words for the task, or nobody knows how it writes boxes.
        OptionError: ``things`` is a single string, or holds an empty one.
        SchemaError: The schema cannot be read.
    """
    things = checked_words("things", things)
    found = family_of(model, family)
    convention = found.convention(task)
    if convention is None:
        raise BoxConventionError(
            f"nobody knows how models of the family {found.name!r} write boxes",
            hint="name one that is known: `extraction models` lists them",
        )
    asked = instruction or found.prompt(task, things)
    parser: GroundedOutputParser[Any] = GroundedOutputParser(target=schema, convention=convention, things=things)
    variables = picture_step(lambda own: {"instruction": own or asked})
    return variables | ASKED | pictured(model, json_schema_of(schema), family) | parser
