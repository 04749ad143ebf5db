"""A picture in words."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable

from extraction.chains.models import ChatModel
from extraction.chains.pictures import ASKED, picture_step
from extraction.text_parsing import WholeTextParser

CAPTION = "Describe the picture."


def caption_chain(model: ChatModel, *, instruction: str = CAPTION) -> Runnable[Any, str]:
    """A Runnable from a picture to a description of it.

    Args:
        model: Any LangChain chat model.
        instruction: What to describe, and how; an input's own ``instruction`` counts more.
    """
    return picture_step(lambda own: {"instruction": own or instruction}) | ASKED | model | WholeTextParser()
