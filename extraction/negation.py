"""The opposite of a schema, where JSON Schema without ``not`` can say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from extraction.merging import EXCEPT, KINDS, Part

_DEEPEST: Final = 8
_NAMING: Final = frozenset({"title", "description", "$comment", "default", "examples", "$schema", "$id", "$defs"})
_BOUNDS: Final = {
    "minimum": ("number", "exclusiveMaximum"),
    "maximum": ("number", "exclusiveMinimum"),
    "exclusiveMinimum": ("number", "maximum"),
    "exclusiveMaximum": ("number", "minimum"),
}
_LENGTHS: Final = {
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1),
    "maxProperties": ("object", "minProperties", 1),
}


def negated(part: Part, follow: Callable[[Part], Part | None], depth: int = 0) -> Any:
    """A schema of exactly the values that another refuses; None where it cannot be written.

    The opposite of "this and that" is "not this, or not that"; listed values stand as ``merging.EXCEPT``.

    Args:
        part: The schema, well-formed.
        follow: What a part's reference leads to; None where it has none.
        depth: How many schemas are around it.
    """
    if isinstance(part.node, bool):
        return not part.node
    if depth > _DEEPEST:
        return None
    target = follow(part)
    branches = [] if target is None else [negated(target, follow, depth + 1)]
    for keyword, value in part.node.items():
        if keyword in ("$ref", "$dynamicRef") or keyword in _NAMING:
            continue
        branches.append(_without(part, keyword, value, follow, depth + 1))
    if any(branch is None for branch in branches):
        return None
    branches = [branch for branch in branches if branch is not False]
    return {"anyOf": branches} if branches else False


def _without(part: Part, keyword: str, value: Any, follow: Callable[[Part], Part | None], depth: int) -> Any:
    """The opposite of one keyword."""
    if keyword in _BOUNDS and isinstance(value, (int, float)) and not isinstance(value, bool):
        kind, opposite = _BOUNDS[keyword]
        return {"type": kind, opposite: value}
    if keyword in _LENGTHS and isinstance(value, int) and not isinstance(value, bool):
        kind, opposite, step = _LENGTHS[keyword]
        return {"type": kind, opposite: value + step} if value + step >= 0 else False
    if keyword == "const":
        return {EXCEPT: [value]}
    if keyword == "enum":
        return {EXCEPT: part.read("enum", list)}
    if keyword == "type":
        return _other_kinds(value)
    if keyword == "required":
        return {"anyOf": [{"type": "object", "properties": {name: False}} for name in part.names("required")]}
    if keyword == "properties":
        return _properties(part, follow, depth)
    if keyword == "not":
        return value
    if keyword in ("anyOf", "allOf"):
        opposites = [negated(branch, follow, depth) for branch in part.below(keyword)]
        return (
            None if any(one is None for one in opposites) else {"allOf" if keyword == "anyOf" else "anyOf": opposites}
        )
    return None


def _other_kinds(value: Any) -> Any:
    kinds = set([value] if isinstance(value, str) else value)
    if "integer" in kinds and "number" not in kinds:
        return None  # "a number, but no integer" has no word
    kinds |= {"integer"} & {"integer" for kind in kinds if kind == "number"}
    others = [kind for kind in KINDS if kind not in kinds and kind != "integer"]
    return {"type": others} if others else False


def _properties(part: Part, follow: Callable[[Part], Part | None], depth: int) -> Any:
    branches = []
    for name, below in part.named("properties").items():
        opposite = negated(below, follow, depth)
        if opposite is None:
            return None
        branches.append({"type": "object", "properties": {name: opposite}, "required": [name]})
    return {"anyOf": branches} if branches else False
