"""A picture in words."""

from __future__ import annotations

from typing import Any

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable

from extraction.chains.models import ChatModel
from extraction.chains.pictures import IMAGE_URL, picture_step
from extraction.text_parsing import WholeTextParser

CAPTION = "Describe the picture."
PROMPT = ChatPromptTemplate.from_messages([("human", [IMAGE_URL, {"type": "text", "text": "{instruction}"}])])


def caption_chain(model: ChatModel, *, instruction: str = CAPTION) -> Runnable[Any, str]:
    """A Runnable from a picture to a description of it.

    Args:
        model: Any LangChain chat model.
        instruction: What to describe, and how; an input's own ``instruction`` counts more.
    """
    return picture_step(lambda own: {"instruction": own or instruction}) | PROMPT | model | WholeTextParser()
