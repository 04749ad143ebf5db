"""The objects of a picture with their outlines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import Runnable

from extraction.chains.continuing import OnTruncation
from extraction.chains.detect import ONLY
from extraction.chains.extract import extraction_chain
from extraction.chains.models import ChatModel, families_of
from extraction.chains.native import native_chain
from extraction.chains.pictures import checked_words
from extraction.families import FamilyLike
from extraction.schemas import Segmentation

OUTLINE = "Outline every object."
TASK = "segment"


def segmentation_chain(
    model: ChatModel,
    labels: Sequence[str] = (),
    *,
    repair: int = 0,
    on_truncation: OnTruncation = "raise",
    family: FamilyLike | None = None,
) -> Runnable[Any, Segmentation]:
    """A Runnable from a picture to a ``Segmentation``: every object with its label and its outline in pixels.

    Models that were trained to write outlines in a syntax of their own (Florence-2) are asked in their own words, as
    ``native_chain`` does it; others fill the schema, from a prompt that says how they write a point.

    Args:
        model: Any LangChain chat model.
        labels: What to look for; by default everything, where the model can be asked for that. Florence-2 must be told
            one thing: its outlines have no names.
        repair: What ``extraction_chain`` takes, like ``on_truncation`` and ``family``; neither ``repair`` nor
            ``on_truncation`` means anything to a model's own syntax.

    Raises:
        BoxConventionError: Models of this family cannot say outlines, or not without ``labels``.
        OptionError: ``labels`` is a single string, or holds an empty one; or what ``extraction_chain`` raises.
    """
    labels = checked_words("labels", labels)
    found = families_of(model, family)
    for one in found:
        one.check_ability(TASK)
    if any(TASK in one.prompts for one in found):  # native_chain refuses fallbacks that others have words for
        return native_chain(model, Segmentation, task=TASK, things=labels, family=family)
    instruction = ONLY.format(labels=", ".join(labels)) if labels else OUTLINE
    return extraction_chain(
        model, Segmentation, instruction=instruction, repair=repair, on_truncation=on_truncation, family=family
    )
