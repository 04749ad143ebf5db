"""From what was read and filled to LangChain's message."""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.messages.tool import tool_call

from extraction.endings import PROVIDER, check_missing
from extraction.frames import Frame, Grounding
from extraction.grounding.sources import Source
from extraction.pages.words import PageWords
from extraction.rules.asking import RULES_FAMILY, Task
from extraction.rules.filling import Filled, fill_schema
from extraction.written_numbers import dump_as_written, plain_numbers

MODEL_NAME = "ocr"
_logger = logging.getLogger(__name__)


def answer(task: Task, pages: Sequence[PageWords]) -> AIMessage:
    """The message that answers a task.

    Args:
        task: What was asked.
        pages: The words of its pages.

    Raises:
        SchemaError: The schema cannot be read.
        SchemaMismatchError: Something that the schema demands stands nowhere, and the answer is for a parser that would
            not tell so.
    """
    engines = list(dict.fromkeys(words.engine for words in pages))
    metadata: dict[str, Any] = {
        "model_provider": PROVIDER,
        "model_name": MODEL_NAME,
        "finish_reason": "stop",
        "engines": engines,
    }
    if task.schema is None:
        return AIMessage(content="\n\n".join(words.text for words in pages), response_metadata=metadata)
    filled = fill_schema(task.schema, pages)
    frames = [Frame(page.size, page.size) for page in task.pages]
    metadata["boxes"] = {
        "family": task.family.name,
        "convention": None if task.family.boxes is None else task.family.boxes.as_json(),
        "frames": [frame.as_json() for frame in frames],
    }
    metadata["sources"] = {pointer: [_told(source)] for pointer, source in filled.sources.items()}
    if filled.missing:
        metadata["missing"] = list(filled.missing)
    if filled.guessed:
        metadata["guessed"] = {at: [plain_numbers(other) for other in others] for at, others in filled.guessed.items()}
        told = ", ".join(f"{at} ({' or '.join(map(str, others))})" for at, others in filled.guessed.items())
        _logger.warning("what is printed can be read in other ways, and nothing on the page tells: %s", told)
    if filled.left_out:
        metadata["left_out"] = dict(filled.left_out)
        told = ", ".join(f"{number} of {at or 'the list'}" for at, number in filled.left_out.items())
        _logger.warning("more items stand on the page than the schema's maxItems allows; left out: %s", told)
    data = _in_convention(filled, task, frames[-1])
    text = dump_as_written(data, ensure_ascii=False)
    if task.instructed:
        check_missing(text, metadata)
    if task.tool is None:
        return AIMessage(content=text, response_metadata=metadata)
    call = tool_call(name=task.tool, args=plain_numbers(data), id=f"call_{uuid.uuid4().hex}")
    return AIMessage(content="", tool_calls=[call], response_metadata=metadata | {"finish_reason": "tool_calls"})


def _in_convention(filled: Filled, task: Task, frame: Frame) -> Any:
    """The value with its boxes as the family writes them."""
    if task.family is RULES_FAMILY or task.schema is None:
        return filled.data
    return Grounding(task.family.boxes, frame, to_model=True).apply(filled.data, task.schema)


def _told(source: Source) -> dict[str, Any]:
    told = {name: value for name, value in dataclasses.asdict(source).items() if name != "quad"}
    return told | {"box": [round(edge, 2) for edge in source.box.xyxy]}
