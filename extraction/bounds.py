"""Schemas made finite: a copy of a JSON schema in which every string, list and number has an end.

A weak model under a grammar never closes a string, a list or a number that need not end. The bounds stand in the
grammar's copy of a schema only. An answer that runs into one of them is reported as cut (``reached_bound``), never
passed off as whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

MAX_STRING = 2048
"""Longest string, in characters, where the schema names no ``maxLength``, ``pattern``, ``format`` or values."""
MAX_ITEMS = 255
"""Most items of a list where the schema names no ``maxItems``; also most keys of an open object."""
MAX_NUMBER = 10**15
"""Largest magnitude of a number without ``minimum`` or ``maximum``; floats still hold it exactly."""
SMALLEST_STEP = 1e-6
"""Numbers have at most six decimals where the schema names no ``multipleOf``."""
MAX_DEPTH = 6
"""Levels of nesting where the schema allows any value."""

_ANY = "x-any"
# Keywords that describe a schema without constraining it; llguidance fetches ``$schema`` and ``$id`` if it sees them.
_DROPPED = ("$schema", "$id", "$comment", "examples", "default", "title", "description", "discriminator", "deprecated")
_MAPS = ("properties", "patternProperties", "$defs", "definitions")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NODES = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_CONSTRAINING = (*_MAPS, *_LISTS, *_NODES, "type", "enum", "const", "$ref")
_LOOKAROUND = re.compile(r"\(\?<?[=!]")


def bounded(schema: dict[str, Any]) -> dict[str, Any]:
    """A bounded copy of a JSON schema, objects closed to keys that they do not name unless they say otherwise."""
    result: Any = _bounded(schema, closed=True)
    if _mentions(result, _ANY):
        result = {**result, "$defs": {**result.get("$defs", {}), **_any_definitions()}}
    return dict(result)


def reached_bound(value: Any) -> bool:
    """Whether a value holds a string, a list or an object that is exactly as long as a bound of this module."""
    if isinstance(value, str):
        return len(value) == MAX_STRING
    if isinstance(value, list):
        return len(value) == MAX_ITEMS or any(map(reached_bound, value))
    if isinstance(value, dict):
        return len(value) == MAX_ITEMS or any(map(reached_bound, value.values()))
    return False


def without_lookaround(schema: Any, works: Callable[[str], bool]) -> Any:
    """A copy whose patterns are free of look-around, which no finite grammar has; wider, never narrower.

    Args:
        schema: A JSON schema.
        works: Whether a pattern can be used; a pattern that cannot, even then, is left out.
    """
    if isinstance(schema, list):
        return [without_lookaround(value, works) for value in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: without_lookaround(value, works) for key, value in schema.items()}
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not works(pattern):
        result["pattern"] = _strip_lookaround(pattern)
        if not works(result["pattern"]):
            del result["pattern"]
            result = _with_string_bound(result)
    return result


def _bounded(node: Any, *, closed: bool) -> Any:
    if node is False:
        return False
    if node is True or not any(key in _CONSTRAINING for key in node):
        return {"$ref": f"#/$defs/{_ANY}-{MAX_DEPTH}"}
    result = {key: value for key, value in node.items() if key not in _DROPPED and not key.startswith("x-")}
    for key in _MAPS:
        if key in result:
            result[key] = {name: _bounded(value, closed=True) for name, value in result[key].items()}
    for key in _LISTS:
        if key in result:
            # Branches of allOf see each other's keys, so none of them may be closed on its own.
            result[key] = [_bounded(value, closed=key != "allOf") for value in result[key]]
    for key in _NODES:
        if isinstance(result.get(key), dict) or (key in ("items", "additionalProperties") and result.get(key) is True):
            result[key] = _bounded(result[key], closed=True)
    if "anyOf" in result:
        result["anyOf"] = _without_decimal_strings(result["anyOf"])
    kinds = result.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if "object" in kinds or "properties" in result:
        result = _with_object_bound(result, closed)
    if "enum" in result or "const" in result:
        return result
    if "array" in kinds:
        result = _with_list_bound(result)
    if "string" in kinds:
        result = _with_string_bound(result)
    if "number" in kinds or "integer" in kinds:
        result = _with_number_bound(result, whole="number" not in kinds)
    return result


def _with_object_bound(node: dict[str, Any], closed: bool) -> dict[str, Any]:
    if "additionalProperties" in node or "patternProperties" in node:
        extra = node.get("additionalProperties")
        return node if extra is False and "patternProperties" not in node else {"maxProperties": MAX_ITEMS, **node}
    if "properties" in node:
        return {**node, "additionalProperties": False} if closed else node
    value = {"$ref": f"#/$defs/{_ANY}-{MAX_DEPTH - 1}"}
    return {"maxProperties": MAX_ITEMS, **node, "additionalProperties": value}


def _with_list_bound(node: dict[str, Any]) -> dict[str, Any]:
    if "items" not in node and "prefixItems" not in node:
        node = {**node, "items": {"$ref": f"#/$defs/{_ANY}-{MAX_DEPTH - 1}"}}
    return {"maxItems": max(MAX_ITEMS, node.get("minItems", 0)), **node}


def _with_string_bound(node: dict[str, Any]) -> dict[str, Any]:
    if "pattern" in node or "format" in node:
        return node
    return {"maxLength": max(MAX_STRING, node.get("minLength", 0)), **node}


def _with_number_bound(node: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    result = dict(node)
    if "minimum" not in node and "exclusiveMinimum" not in node:
        result["minimum"] = min(-MAX_NUMBER, node.get("maximum", 0), node.get("exclusiveMaximum", 1) - 1)
    if "maximum" not in node and "exclusiveMaximum" not in node:
        result["maximum"] = max(MAX_NUMBER, node.get("minimum", 0), node.get("exclusiveMinimum", -1) + 1)
    if not whole and "multipleOf" not in node:
        result["multipleOf"] = SMALLEST_STEP
    return result


def _without_decimal_strings(branches: list[Any]) -> list[Any]:
    """Pydantic writes a Decimal as "a number, or a string of digits" with a look-around; the number is enough."""
    if not any(branch.get("type") == "number" for branch in branches if isinstance(branch, dict)):
        return branches
    return [branch for branch in branches if not _is_decimal_string(branch)]


def _is_decimal_string(branch: Any) -> bool:
    return (
        isinstance(branch, dict)
        and branch.get("type") == "string"
        and _LOOKAROUND.search(branch.get("pattern", "")) is not None
    )


def _strip_lookaround(pattern: str) -> str:
    while (match := _LOOKAROUND.search(pattern)) is not None:
        pattern = pattern[: match.start()] + pattern[_group_end(pattern, match.start()) :]
    return pattern


def _group_end(pattern: str, start: int) -> int:
    """Index after the group that opens at ``start``."""
    depth, in_class, index = 0, False, start
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return index + 1
        index += 1
    return len(pattern)


def _mentions(node: Any, name: str) -> bool:
    if isinstance(node, list):
        return any(_mentions(value, name) for value in node)
    if not isinstance(node, dict):
        return False
    return name in str(node.get("$ref", "")) or any(_mentions(value, name) for value in node.values())


def _any_definitions() -> dict[str, Any]:
    """Definitions of "any JSON value", nested at most ``MAX_DEPTH`` levels."""
    scalars: list[Any] = [
        {"type": "string", "maxLength": MAX_STRING},
        {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER, "multipleOf": SMALLEST_STEP},
        {"type": "boolean"},
        {"type": "null"},
    ]
    definitions: dict[str, Any] = {f"{_ANY}-0": {"anyOf": scalars}}
    for depth in range(1, MAX_DEPTH + 1):
        inner = {"$ref": f"#/$defs/{_ANY}-{depth - 1}"}
        nested: list[Any] = [
            {"type": "array", "items": inner, "maxItems": MAX_ITEMS},
            {"type": "object", "additionalProperties": inner, "maxProperties": MAX_ITEMS},
        ]
        definitions[f"{_ANY}-{depth}"] = {"anyOf": [*scalars, *nested]}
    return definitions
