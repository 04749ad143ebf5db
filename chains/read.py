"""The text of a picture, read by the vision model itself."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable

from extraction.chains.caption import caption_chain
from extraction.chains.models import ChatModel

READ = "Read all text in the picture, line by line, and write nothing else."


def ocr_chain(model: ChatModel, *, instruction: str = READ) -> Runnable[Any, str]:
    """A Runnable from a picture to the text that stands in it.

    Args:
        model: Any LangChain chat model that reads.
        instruction: What to read, and in which form; an input's own ``instruction`` counts more.
    """
    return caption_chain(model, instruction=instruction)
