"""From a JSON schema to a grammar that decides, token by token, what a model may write (llguidance).

Whatever comes out of a finished grammar parses, and has the schema's form. Separators are fixed to ``", "`` and
``": "``, as ``json.dumps`` writes them: free whitespace is where constrained models get lost. What llguidance cannot
express is left out of the grammar with a warning that names it; validation afterwards still enforces it.
"""

from __future__ import annotations

import functools
import json
import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from llguidance import LLMatcher

from extraction.bounds import MAX_ITEMS, MAX_STRING, Caps, reached_bound
from extraction.errors import SchemaError
from extraction.patterns import FORM, LIMITS, begins
from extraction.relaxing import relaxed
from extraction.schemas.markers import PIXELS_KEY
from extraction.tools import ToolDialect

MAX_SCHEMA: Final = 2_000_000
"""Longest schema, in characters of JSON."""
_MAX_PLACES: Final = 3
_NO_ARGUMENTS: Final = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Constraint:
    """What an answer must be: a JSON document, a tool call, or either.

    Schemas are kept as JSON text, in their own key order, so that a constraint is hashable and its grammar cached.

    Attributes:
        schema: JSON schema of the document; None where a tool must be called.
        tools: (name, JSON schema of the arguments) of the tools that may be called.
        parallel: Whether several calls may follow each other.
        max_items: Most items of a list without ``maxItems``, and most keys of an open object.
        max_string: Most characters of a string without ``maxLength``.
    """

    schema: str | None = None
    tools: tuple[tuple[str, str], ...] = ()
    parallel: bool = False
    max_items: int = MAX_ITEMS
    max_string: int = MAX_STRING

    @classmethod
    def of(
        cls,
        schema: Mapping[str, Any] | None = None,
        tools: Mapping[str, Mapping[str, Any]] | None = None,
        **others: Any,
    ) -> Constraint:
        """A constraint from a document's schema and the argument schemas of tools by name.

        Args:
            schema: JSON schema of the document.
            tools: JSON schemas of the arguments, by the names of the tools.
            **others: The other attributes.

        Raises:
            SchemaError: A schema is too large, or nested too deeply.
        """
        dumped = tuple((name, _dump(arguments)) for name, arguments in (tools or {}).items())
        return cls(None if schema is None else _dump(schema), dumped, **others)

    def within(self, sides: Iterable[int]) -> Constraint:
        """The constraint whose pixels lie on pictures of these sides, as the model is given them.

        Args:
            sides: Widths and heights in pixels; without any, pixels have no bound.
        """
        if not any(PIXELS_KEY in text for text in (self.schema or "", *(arguments for _, arguments in self.tools))):
            return self
        longest = max(sides, default=None)

        def bounded(text: str) -> str:
            return _dump(without_pixels(json.loads(text), longest))

        schema = None if self.schema is None else bounded(self.schema)
        return replace(self, schema=schema, tools=tuple((name, bounded(arguments)) for name, arguments in self.tools))


def without_pixels(schema: Any, longest: int | None = None) -> Any:
    """A schema without marks of numbers that count pixels, each with its largest value where that is known.

    Args:
        schema: A JSON schema of what a model writes.
        longest: The longest side of its pictures, in pixels.
    """
    if isinstance(schema, list):
        return [without_pixels(item, longest) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: without_pixels(value, longest) for key, value in schema.items() if key != PIXELS_KEY}
    unit = schema.get(PIXELS_KEY)
    if isinstance(unit, (int, float)) and longest is not None:
        result["maximum"] = math.ceil(longest / unit)
    return result


class GrammarWarning(UserWarning):
    """A part of a schema is not enforced while the model writes, only afterwards."""


@dataclass(frozen=True, slots=True)
class _Grammar:
    """A grammar with the schemas that it was made of."""

    text: str
    schemas: tuple[dict[str, Any], ...]


def build_grammar(constraint: Constraint, dialect: ToolDialect) -> str:
    """The llguidance grammar of a constraint, checked for errors.

    What it does not enforce is named in a ``GrammarWarning`` when it is built; the latest are kept.

    Args:
        constraint: What the answer must be.
        dialect: How this model marks tool calls.

    Raises:
        SchemaError: A schema is unsatisfiable, too large, too deep or broken; the message carries the reason.
    """
    return _built(constraint, dialect).text


def unenforced(schema: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Keyword and place (``$.properties.tags``) of all that the grammar of a schema would not enforce; nothing is kept.

    Raises:
        SchemaError: As ``build_grammar``.
    """
    result = relaxed(json.loads(_dump(schema)))
    _check(LLMatcher.grammar_from_json_schema(json.dumps(result.schema), overrides=FORM), "the schema")
    return result.notes


Finite = tuple[str, ...]
"""Schemas of a grammar as JSON: flat, with references into ``$defs`` only, and every list and string has an end."""


def finite_schemas(constraint: Constraint, dialect: ToolDialect) -> tuple[dict[str, Any], ...]:
    """The schemas of a constraint as its grammar holds them: every list and string of them has an end."""
    return _built(constraint, dialect).schemas


@functools.lru_cache(maxsize=256)
def finite_texts(constraint: Constraint, dialect: ToolDialect) -> Finite:
    """The same as text, which can be a key."""
    return tuple(map(json.dumps, finite_schemas(constraint, dialect)))


def was_cut(text: str, constraint: Constraint, dialect: ToolDialect, *, lists: bool = True) -> bool:
    """Whether a finished answer ended only because a bound that the schema does not name ended it.

    Args:
        text: The answer.
        constraint: What it had to be.
        dialect: How the model marks tool calls.
        lists: Whether lists count, or only strings.
    """
    if len(text) < min(constraint.max_string, constraint.max_items):
        return False
    body = text.strip().removeprefix(dialect.begin).removesuffix(dialect.end)
    try:
        values = [json.loads(call) for call in body.split(f"{dialect.end}\n{dialect.begin}")]
    except ValueError:
        return False  # a stop string cut it: then that is how it ended
    schemas = finite_schemas(constraint, dialect)
    return any(reached_bound(value, schemas, lists=lists) for value in values)


@functools.lru_cache(maxsize=256)
def _built(constraint: Constraint, dialect: ToolDialect) -> _Grammar:
    caps = Caps(constraint.max_items, constraint.max_string)
    document = None if constraint.schema is None else _relaxed(json.loads(constraint.schema), caps)
    if document is not None and not constraint.tools:
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(document), overrides=FORM)
        _check(grammar, "the schema")
        return _Grammar(grammar, (document,))
    calls = [
        _call_schema(name, _relaxed(json.loads(arguments) or _NO_ARGUMENTS, caps))
        for name, arguments in constraint.tools
    ]
    grammar = LLMatcher.grammar_from_lark(_lark(document, calls, constraint.parallel, dialect))
    _check(grammar, "the tools")
    return _Grammar(grammar, (*calls, *([] if document is None else [document])))


def _relaxed(schema: Any, caps: Caps) -> dict[str, Any]:
    result = relaxed(schema, caps)
    places: dict[str, list[str]] = {}
    for keyword, path in result.notes:
        places.setdefault(keyword, []).append(path)
    for keyword, paths in places.items():
        more = f" and {len(paths) - _MAX_PLACES} other places" if len(paths) > _MAX_PLACES else ""
        by_whom = ", where a validator knows it" if keyword in ("format", "contentSchema") else ""
        warnings.warn(
            f"{keyword!r} at {', '.join(paths[:_MAX_PLACES])}{more} cannot be enforced while the model writes, only "
            f"checked afterwards{by_whom}",
            GrammarWarning,
            stacklevel=4,
        )
    return result.schema


def _check(grammar: str, what: str) -> None:
    failed, messages = LLMatcher.validate_grammar_with_warnings(grammar, limits=LIMITS)
    reason = messages[0] if failed else begins(grammar) if what == "the schema" else None
    if reason is not None:
        raise SchemaError(f"no grammar can be made of {what}: {' '.join(reason.split()):.300}")


def _dump(schema: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(schema, ensure_ascii=False)
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None
    if len(text) > MAX_SCHEMA:
        raise SchemaError(f"the schema is too large: {len(text)} characters, at most {MAX_SCHEMA} make a grammar")
    return text


def _call_schema(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The grammar's schema of ``{"name": ..., "arguments": ...}``."""
    own = {keyword: value for keyword, value in arguments.items() if keyword != "$defs"}
    return {
        "type": "object",
        "properties": {"name": {"enum": [name]}, "arguments": own},
        "required": ["name", "arguments"],
        "additionalProperties": False,
        "$defs": arguments.get("$defs", {}),
    }


def _lark(document: Any, calls: list[Any], parallel: bool, dialect: ToolDialect) -> str:
    """Lark text for "tool calls", or for "tool calls, or else this document"."""
    begin, end = (_terminal(marker, dialect.special) for marker in (dialect.begin, dialect.end))
    gap = json.dumps(dialect.gap) if dialect.gap else ""
    lines = [
        f"start: calls{' | document' if document is not None else ''}",
        f"calls: call{' (gap call)*' if parallel else ''}",
        f"call: {begin} {gap} ({' | '.join(f'call_{index}' for index in range(len(calls)))}) {gap} {end}",
        'gap: "\\n"',
        *(f"call_{index}: %json {_inline(schema)}" for index, schema in enumerate(calls)),
    ]
    if document is not None:
        lines.append(f"document: %json {_inline(document)}")
    return "\n".join(lines)


def _terminal(marker: str, special: bool) -> str:
    # A marker that is one special token of the tokenizer has no text of its own for the grammar to match.
    return marker if special else json.dumps(marker)


def _inline(schema: Any) -> str:
    return json.dumps({"x-guidance": FORM, **schema}, ensure_ascii=False)
