"""From a JSON schema to a grammar that decides, token by token, what a model may write (llguidance).

Whatever comes out of a finished grammar parses, and has the schema's form. Separators are fixed to ``", "`` and
``": "``, as ``json.dumps`` writes them: free whitespace is where constrained models get lost. What llguidance cannot
express is left out of the grammar with a warning that names it; validation afterwards still enforces it.
"""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llguidance import LLMatcher

from extraction.bounds import MAX_ITEMS, MAX_STRING, bounded, reached_bound, without_lookaround
from extraction.errors import SchemaError
from extraction.tools import ToolDialect

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

_FORM: JsonCompileOptions = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_LENIENT: JsonCompileOptions = {**_FORM, "lenient": True}


@dataclass(frozen=True, slots=True)
class Constraint:
    """What an answer must be: a JSON document, a tool call, or either.

    Schemas are kept as JSON text, in their own key order, so that a constraint is hashable and its grammar cached.

    Attributes:
        schema: JSON schema of the document; None where a tool must be called.
        tools: (name, JSON schema of the arguments) of the tools that may be called.
        parallel: Whether several calls may follow each other.
    """

    schema: str | None = None
    tools: tuple[tuple[str, str], ...] = ()
    parallel: bool = False

    @classmethod
    def of(
        cls,
        schema: Mapping[str, Any] | None = None,
        tools: Mapping[str, Mapping[str, Any]] | None = None,
        **flags: bool,
    ) -> Constraint:
        """A constraint from a document's schema and the argument schemas of tools by name."""
        dumped = tuple((name, _dump(arguments)) for name, arguments in (tools or {}).items())
        return cls(None if schema is None else _dump(schema), dumped, **flags)


class GrammarWarning(UserWarning):
    """A part of a schema is not enforced while the model writes, only afterwards."""


@functools.lru_cache(maxsize=256)
def build_grammar(constraint: Constraint, dialect: ToolDialect) -> str:
    """The llguidance grammar of a constraint, checked for errors.

    Args:
        constraint: What the answer must be.
        dialect: How this model marks tool calls.

    Raises:
        SchemaError: A schema is unsatisfiable, too deep or broken; the message carries llguidance's reason.
    """
    document = None if constraint.schema is None else _checked(bounded(json.loads(constraint.schema)))
    if document is not None and not constraint.tools:
        return LLMatcher.grammar_from_json_schema(document, overrides=_LENIENT)
    calls = [_checked(bounded(_call_schema(name, json.loads(arguments)))) for name, arguments in constraint.tools]
    grammar = LLMatcher.grammar_from_lark(_lark(document, calls, constraint.parallel, dialect))
    failed, messages = LLMatcher.validate_grammar_with_warnings(grammar)
    if failed:
        raise SchemaError(f"no grammar can be made of the tools: {_first_line(messages)}")
    return grammar


def was_cut(text: str, dialect: ToolDialect) -> bool:
    """Whether a finished answer ended only because a bound that the schema does not name ended it."""
    if len(text) < min(MAX_STRING, MAX_ITEMS):
        return False
    body = text.strip().removeprefix(dialect.begin).removesuffix(dialect.end)
    try:
        return any(reached_bound(json.loads(call)) for call in body.split(f"{dialect.end}\n{dialect.begin}"))
    except ValueError:
        return False  # a stop string cut it: then that is how it ended


def _dump(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False)


def _call_schema(name: str, arguments: Any) -> dict[str, Any]:
    """The schema of ``{"name": ..., "arguments": ...}``; references inside the arguments follow them down."""
    moved = _moved_references(arguments or {"type": "object", "properties": {}}, "#/properties/arguments")
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "arguments": moved},
        "required": ["name", "arguments"],
    }


def _moved_references(node: Any, prefix: str) -> Any:
    if isinstance(node, list):
        return [_moved_references(value, prefix) for value in node]
    if not isinstance(node, dict):
        return node
    moved = {key: _moved_references(value, prefix) for key, value in node.items()}
    if isinstance(node.get("$ref"), str) and node["$ref"].startswith("#"):
        moved["$ref"] = prefix + node["$ref"][1:]
    return moved


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
    return json.dumps({"x-guidance": _LENIENT, **schema}, ensure_ascii=False)


def _checked(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as llguidance takes it; warns about what it will not enforce."""
    messages = _compile_errors(schema)
    if messages is None:
        return schema
    if any("look-a" in message or "regex parse error" in message for message in messages):
        places = [path for path, node in _nodes(schema) if "pattern" in node]
        schema = without_lookaround(schema, _regex_works)
        _warn("pattern", places)
        messages = _compile_errors(schema)
    if messages is None:
        return schema
    failed, messages = LLMatcher.validate_grammar_with_warnings(
        LLMatcher.grammar_from_json_schema(schema, overrides=_LENIENT)
    )
    if failed:
        raise SchemaError(f"no grammar can be made of the schema: {_first_line(messages)}")
    for message in messages:
        _warn_about(message, schema)
    return schema


def _compile_errors(schema: dict[str, Any]) -> list[str] | None:
    """What is wrong with a schema when everything in it must be enforced; None when nothing is."""
    grammar = LLMatcher.grammar_from_json_schema(schema, overrides=_FORM)
    failed, messages = LLMatcher.validate_grammar_with_warnings(grammar)
    return messages if failed or messages else None


def _regex_works(pattern: str) -> bool:
    return _compile_errors({"type": "string", "pattern": pattern}) is None


def _warn_about(message: str, schema: dict[str, Any]) -> None:
    """One warning per keyword of an "Unimplemented keys: [...]" message, with the places where it stands."""
    head, _, keys = message.partition(": ")
    if head != "Unimplemented keys":
        keyword = "format" if head == "Unknown format" else message.split(" ", 1)[0]
        _warn(keyword, [path for path, node in _nodes(schema) if keyword in node])
        return
    for keyword in json.loads(keys):
        _warn(keyword, [path for path, node in _nodes(schema) if keyword in node])


def _warn(keyword: str, places: list[str]) -> None:
    where = ", ".join(places[:3]) or "the schema"
    warnings.warn(
        f"{keyword!r} at {where} cannot be enforced while the model writes, only checked afterwards",
        GrammarWarning,
        stacklevel=2,
    )


def _nodes(node: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object inside a schema with its path."""
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from _nodes(value, f"{path}[{index}]")
    elif isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from _nodes(value, f"{path}.{key}")


def _first_line(messages: list[str]) -> str:
    return " ".join(messages[0].split()) if messages else "unknown reason"
