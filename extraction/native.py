"""An answer in a model's own syntax, tags or location tokens instead of JSON, as the JSON value of a schema in pixels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from extraction.conventions import BoxConvention
from extraction.errors import BoxConventionError, SchemaMismatchError, TruncatedOutputError
from extraction.fitting import Fitting
from extraction.frames import BoxNote, Frame
from extraction.json_text import is_json, read_text, without_thinking
from extraction.loose_json import Node, read_loosely
from extraction.parsed import Parsed
from extraction.syntaxes import NativeAnswer, parse_native
from extraction.validation import Validator, explain

_OF_NUMBERS: Final = ("json", "plain")
"""Syntaxes without marks of their own: a text in JSON is read as the document it is before it is read as one of them."""


@dataclass(frozen=True, slots=True)
class NativeSyntax:
    """How one answer's marks become a value.

    Attributes:
        schema: The JSON schema of the value, with its markers.
        convention: How the model writes boxes.
        frame: Which picture its numbers refer to; None where that is not known.
        things: What it was asked to look for.
    """

    schema: Mapping[str, Any]
    convention: BoxConvention
    frame: Frame | None
    things: tuple[str, ...] = ()

    @property
    def marking(self) -> list[str]:
        """The model's syntaxes of tags or tokens."""
        return [name for name in self.convention.syntaxes if name not in _OF_NUMBERS]

    def tagged(self, text: str, *, ended: bool) -> NativeAnswer | None:
        """What a text says in tags or tokens; None where it has none, is JSON as a whole, or has JSON between its tags."""
        names = self.marking
        if not names or is_json(text):
            return None
        answer = parse_native(text, names, ended=ended)
        return answer if answer.outcome == "found" and not _in_json(answer) else None

    def untagged(self, text: str, *, ended: bool) -> NativeAnswer | None:
        """What a text says that is no JSON of the schema; None where its JSON holds more than marks.

        Args:
            text: The text, whose JSON, if there is any, does not fit the schema.
            ended: Whether the model ended it itself.
        """
        answer = parse_native(_unquoted(text), self.convention.syntaxes, ended=ended)
        if answer.syntax in _OF_NUMBERS or _in_json(answer):  # every item must be a mark, or something would be lost
            values = _values(text) if answer.syntax == "plain" else _loose_values(text)
            items = [item for value in values for item in _items(value)]
            if items and (len(items) != len(answer.marks) or not all(map(_is_flat, items))):
                return None
        return answer

    def data(self, answer: NativeAnswer, notes: list[BoxNote]) -> Any:
        """The JSON value of an answer's marks, boxes in pixels.

        Args:
            answer: What the text says.
            notes: What had to be mended in numbers is added to it.

        Raises:
            ValueError: The schema cannot hold the marks, or needs what they do not say.
            BoxConventionError: The size of the picture, or of what the model was given of it, is needed and not known.
        """
        if self.frame is None:
            raise BoxConventionError(
                "the answer holds boxes, and the size of the picture is not known",
                hint="put the picture itself into the prompt instead of its address, or give the parser its size",
            )
        fitting = Fitting(self.schema, self.convention, self.frame, self.things, answer.count, notes)
        return fitting.fill(answer.marks)

    def parse(
        self, answer: NativeAnswer, text: str, reason: str | None, validator: Validator, partial: tuple[Any] | None
    ) -> Parsed[Any]:
        """The value of an answer.

        Args:
            answer: What the text says.
            text: The text.
            reason: Why the model stopped.
            validator: Of the values that are wanted.
            partial: What of a cut answer is complete, if anything is.

        Raises:
            TruncatedOutputError: The text ends inside a mark.
            SchemaMismatchError: The schema cannot hold what the model marked.
            BoxConventionError: As ``data``.
        """
        if answer.cut:
            raise TruncatedOutputError(
                "the answer ends in the middle of a mark",
                llm_output=text,
                finish_reason=reason,
                partial=partial and partial[0],
                hint="raise max_tokens",
            )
        notes: list[BoxNote] = []
        try:
            data = self.data(answer, notes)
            return Parsed(validator.validate(data), data, notes)
        except ValueError as error:
            if isinstance(error, BoxConventionError):
                raise
            raise SchemaMismatchError(
                f"what the model marked does not fit the schema: {explain(error)}",
                llm_output=text,
                finish_reason=reason,
            ) from error

    def complete_part(self, written: str) -> tuple[Any] | None:
        """The value of the marks that are complete in a cut answer; None where it has none."""
        answer = self.tagged(written, ended=False)
        try:
            return None if answer is None else (self.data(answer, []),)
        except ValueError:
            return None


def _in_json(answer: NativeAnswer) -> bool:
    """Whether marks stand in objects, which may say more."""
    return any(mark.fields for mark in answer.marks)


def _values(text: str) -> list[Any]:
    try:
        return [document.value for document in read_text(text).documents]
    except ValueError:
        return []


def _loose_values(text: str) -> list[Any]:
    """The same of JSON as models write it, whatever is broken in it."""

    def built(value: Any) -> Any:
        if not isinstance(value, Node):
            return value
        if value.is_list:
            return [built(item) for item in value.values]
        return {key: built(item) for key, item in value.fields().items()}

    return [built(document) for document in read_loosely(_unquoted(without_thinking(text)[0]))[0]]


def _items(value: Any) -> list[Any]:
    """The items of a list of marks, which may be all that an object holds; places by name; a mark itself, alone."""
    if isinstance(value, dict) and len(value) == 1 and not _is_flat(value):
        (value,) = value.values()
    if isinstance(value, dict) and all(map(_is_numbers, value.values())):
        return list(value.values())
    return value if isinstance(value, list) and not _is_numbers(value) else [value]


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, (int, float)) for item in value)


def _is_flat(item: Any) -> bool:
    """Whether a JSON value holds no object that could be a mark, and so is one itself or none."""
    values = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    below = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return not any(isinstance(one, dict) for one in below)


def _unquoted(text: str) -> str:
    """The text in a JSON string; itself where it is none."""
    if not text.lstrip().startswith('"'):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text
