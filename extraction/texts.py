"""The strings of a schema in the form that a grammar can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from extraction.bounds import Caps, capped
from extraction.formats import BUILT_IN_FORMATS, FORMATS, OPEN_FORMATS, WEB_ADDRESS, WEB_ADDRESS_LENGTH
from extraction.merging import Facts
from extraction.patterns import as_text, is_finite, narrowing, walkable, without_lookaround


def string_schema(facts: Facts, caps: Caps, note: Callable[[str, str], None]) -> Any:
    """The schema of a string; False where it has no possible length.

    Args:
        facts: What the string must be.
        caps: The bounds that the user set.
        note: Takes keyword and place of what is not enforced.
    """
    shortest = facts.shortest.get("minLength", 0)
    longest, is_cap = caps.length(shortest, facts.longest.get("maxLength"), string=True)
    if shortest > longest:
        return False
    plain = {"type": "string", "minLength": shortest, "maxLength": longest}
    for part in facts.parts:
        if part.node.get("contentMediaType") == "application/json" and "contentSchema" in part.node:
            note("contentSchema", part.path)
    patterns = _patterns(facts, note)
    formats, built_in = _formats(facts, note)
    for chosen in (patterns + formats, patterns, patterns[:1]):
        schema = _with_patterns({**plain, **built_in}, chosen)
        if is_cap and any(map(is_finite, chosen)):
            del schema["maxLength"]
        if not (chosen or built_in) or walkable(as_text(schema)):
            break
        is_longer = {**schema, "maxLength": 4 * longest}
        if is_cap and "maxLength" in schema and walkable(as_text(is_longer)):
            schema = is_longer
            break
        built_in = {}
    else:
        schema, chosen = plain, []
    _note_missing(facts, formats, chosen, note)
    for name, part in facts.formats:
        if name in BUILT_IN_FORMATS and "format" not in schema:
            note("format", part.path)
    return capped(schema, is_cap and "maxLength" in schema)


def _note_missing(facts: Facts, formats: list[str], chosen: list[str], note: Callable[[str, str], None]) -> None:
    if formats and not set(formats) <= set(chosen):
        for _, part in facts.formats:
            note("format", part.path)
    missing = [part for pattern, part in facts.patterns if _usable(pattern) not in (None, *chosen)]
    for part in missing:
        note("pattern", part.path)


def _patterns(facts: Facts, note: Callable[[str, str], None]) -> list[str]:
    """The patterns that a grammar can follow, each once."""
    result: dict[str, None] = {}
    for pattern, part in facts.patterns:
        usable = _usable(pattern)
        if usable != pattern:
            note("pattern", part.path)
        if usable is not None:
            result[usable] = None
    narrow = dict.fromkeys(one for one in map(narrowing, result) if one is not None)
    return [*result, *narrow]


def _usable(pattern: str) -> str | None:
    """A pattern, or what is left of it without look-around, where a grammar can follow it."""
    for candidate in dict.fromkeys((pattern, without_lookaround(pattern))):
        if walkable(as_text({"type": "string", "pattern": candidate})):
            return candidate
    return None


def _formats(facts: Facts, note: Callable[[str, str], None]) -> tuple[list[str], dict[str, Any]]:
    """The patterns of the formats, and the keyword for one that needs none."""
    patterns: list[str] = []
    built_in: dict[str, Any] = {}
    for name, part in facts.formats:
        lengths = (facts.shortest.get("minLength"), facts.longest.get("maxLength"))
        if name == "uri" and (lengths[0] == 1 or lengths[1] == WEB_ADDRESS_LENGTH):
            patterns.append(WEB_ADDRESS)
        elif name in FORMATS:
            patterns.append(FORMATS[name])
        elif name in BUILT_IN_FORMATS:
            built_in = {"format": name}
        elif name not in OPEN_FORMATS:
            note("format", part.path)
    return list(dict.fromkeys(patterns)), built_in


def _with_patterns(schema: dict[str, Any], patterns: list[str]) -> dict[str, Any]:
    if len(patterns) > 1:
        schema = {**schema, "allOf": [{"type": "string", "pattern": pattern} for pattern in patterns[1:]]}
    return {**schema, "pattern": patterns[0]} if patterns else schema
