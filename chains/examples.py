"""Few-shot examples: pictures with their right answers, told in the coordinates of the model that is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from extraction.chains.pictures import data_uri
from extraction.conventions import BoxConvention
from extraction.errors import SchemaError
from extraction.frames import Frame, Grounding
from extraction.images import load_image
from extraction.schemas import Schema
from extraction.validation import Validator, explain

Example = tuple[Any, Any]
"""A picture (whatever ``load_image`` takes) and its value, boxes in pixels of that picture."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An example that was read: the picture as data URI, its (width, height), and its value as JSON, in pixels."""

    url: str
    size: tuple[int, int]
    data: Any


def read_examples(examples: Sequence[Example], target: Schema) -> tuple[Shown, ...]:
    """The examples, checked.

    Raises:
        SchemaError: An example's value is not one of ``target``.
        ImageError: A picture cannot be read.
    """
    validator = Validator(target)
    shown = []
    for number, (image, value) in enumerate(examples, 1):
        try:
            data = _as_json(value, target, validator)
        except ValueError as error:
            raise SchemaError(f"the value of example {number} does not fit the schema: {explain(error)}") from error
        picture = load_image(image)
        shown.append(Shown(data_uri(picture), picture.size, data))
    return tuple(shown)


def _as_json(value: Any, target: Schema, validator: Validator) -> Any:
    """A value as the JSON that a model should write for it: JSON that reads back as the same value.

    Raises:
        ValueError: There is none.
    """
    if isinstance(target, dict):
        data = to_jsonable_python(value, by_alias=True)
        validator.validate(data)
        return data
    form: Any = target
    adapter: TypeAdapter[Any] = TypeAdapter(form)
    read = adapter.validate_python(value, by_alias=True, by_name=True)
    # First as the type itself writes it, without what it computes; its keys may be others than those that it reads.
    for written in (adapter.dump_python(read, by_alias=True, round_trip=True), value):
        data = to_jsonable_python(_with_plain_numbers(written))
        with suppress(ValueError):
            if validator.validate(data) == read:
                return data
    raise ValueError("it is not read back as what it is written as; give it as JSON, with the keys of the schema")


def _with_plain_numbers(value: Any) -> Any:
    """A value whose Decimals are floats: Pydantic makes texts of them, and a model is to write numbers."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _with_plain_numbers(item) for key, item in value.items()}
    return [_with_plain_numbers(item) for item in value] if isinstance(value, (list, tuple)) else value


def example_messages(
    examples: Sequence[Shown],
    schema: dict[str, Any],
    convention: BoxConvention | None,
    instruction: str,
    frame_of: Callable[[Shown], Frame],
) -> list[BaseMessage]:
    """Two messages per example: the picture with the instruction, and the answer as this model would write it.

    Args:
        examples: The examples.
        schema: The JSON schema of their values, with markers.
        convention: How the model writes boxes.
        instruction: What it is asked about each.
        frame_of: Tells how an example's picture will lie before the model.

    Raises:
        BoxConventionError: The values hold boxes and it is not known how this model would write them.
        SchemaError: What should be a box of an example is none.
    """
    messages: list[BaseMessage] = []
    for number, example in enumerate(examples, 1):
        grounding = Grounding(convention, frame_of(example), to_model=True)
        said = grounding.apply(example.data, schema)
        if grounding.problems:
            raise SchemaError(f"the value of example {number} does not fit the schema: {'; '.join(grounding.problems)}")
        url = {"type": "image_url", "image_url": {"url": example.url}}
        messages.append(HumanMessage([url, {"type": "text", "text": instruction}]))
        messages.append(AIMessage(json.dumps(said, ensure_ascii=False)))
    return messages
