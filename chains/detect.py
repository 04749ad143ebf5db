"""The objects of a picture with their boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import Runnable

from extraction.chains.continuing import OnTruncation
from extraction.chains.extract import extraction_chain
from extraction.chains.models import ChatModel
from extraction.chains.pictures import checked_words
from extraction.families import FamilyLike
from extraction.prompts import INSTRUCTION
from extraction.schemas import Scene

ONLY = "Find only these: {labels}."


def detection_chain(
    model: ChatModel,
    labels: Sequence[str] = (),
    *,
    repair: int = 0,
    on_truncation: OnTruncation = "raise",
    family: FamilyLike | None = None,
) -> Runnable[Any, Scene]:
    """A Runnable from a picture to a ``Scene``: every object with its label, main colour and box in pixels.

    Args:
        model: Any LangChain chat model.
        labels: What to look for; by default everything.
        repair: What ``extraction_chain`` takes, like ``on_truncation`` and ``family``.

    Raises:
        OptionError: ``labels`` is a single string, or holds an empty one; or what ``extraction_chain`` raises.
    """
    labels = checked_words("labels", labels)
    instruction = ONLY.format(labels=", ".join(labels)) if labels else INSTRUCTION
    return extraction_chain(
        model, Scene, instruction=instruction, repair=repair, on_truncation=on_truncation, family=family
    )
