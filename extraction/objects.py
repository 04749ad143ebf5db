"""The objects of a schema in the form that a grammar can hold: closed to keys that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from llguidance import LLMatcher

from extraction.bounds import MAX_KEY, any_value, capped, either
from extraction.formats import FORMATS
from extraction.merging import Facts, Part
from extraction.patterns import FORM, as_text, walkable, without_lookaround
from extraction.validation import found

if TYPE_CHECKING:
    from extraction.relaxing import Translator

MAX_OPTIONAL: Final = 300
"""Most optional keys of an object that are told apart: a grammar considers them all at each key."""
_MAX_PATTERNS: Final = 30


@dataclass(slots=True)
class _Keys:
    """What all parts together say of an object's keys.

    Attributes:
        named: Schemas of the values of named keys.
        required: Names that must be there.
        patterns: Schemas of the values of keys that match a pattern.
        forbidden: Patterns of keys that may not be there.
        others: Schemas of the values of all other keys; None where there may be none.
    """

    named: dict[str, list[Part]] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    patterns: dict[str, list[Part]] = field(default_factory=dict)
    forbidden: list[str] = field(default_factory=list)
    others: list[Part] | None = None


def object_schema(facts: Facts, translator: Translator) -> Any:
    """The schema of an object; False where there is none.

    Args:
        facts: What the object must be.
        translator: Describes its values, and takes note of what is not enforced.
    """
    keys = _keys(facts)
    for part in facts.parts:
        if part.node.get("unevaluatedProperties", True) is not True and not _sees_all(part, facts):
            translator.note("unevaluatedProperties", part.path)
    if keys.forbidden and (keys.others is not None or not _are_apart([*keys.patterns, *keys.forbidden])):
        _note_all("patternProperties", facts, translator)
    _restrict_names(facts, keys, translator)
    properties: dict[str, Any] = {}
    for name, parts in keys.named.items():
        value = translator.location(parts)
        if value is not False:
            properties[name] = value
        elif name in keys.required:
            return False
        elif keys.patterns or keys.others is not None:
            properties[name] = False
    result: dict[str, Any] = {"type": "object", "properties": properties, "required": list(keys.required)}
    patterns = _pattern_schemas(facts, keys, translator)
    optional = [name for name in properties if name not in keys.required and properties[name] is not False]
    if len(optional) > max(1, MAX_OPTIONAL // facts.ways):
        patterns |= _grouped(properties, optional, facts, translator)
        result["properties"] = {name: value for name, value in properties.items() if name in keys.required}
        optional = []
    others = None if keys.others is None else translator.location(keys.others)
    if others not in (None, False) and not patterns and not keys.patterns and len(properties) <= MAX_OPTIONAL:
        patterns[f"^(?:{_other_names(properties)})$"] = others  # says the same, and bounds the length of keys
        others = False
    result |= {"additionalProperties": False if others is None else others}
    if patterns:
        result["patternProperties"] = patterns
    return _sized(result, facts, translator, optional=optional, is_open=bool(patterns) or others not in (None, False))


def _sized(result: dict[str, Any], facts: Facts, translator: Translator, *, optional: list[str], is_open: bool) -> Any:
    """The object with bounds for the number of its keys, where a grammar can count them."""
    shortest = facts.shortest.get("minProperties", 0)
    longest, is_cap = facts.longest.get("maxProperties"), False
    if not is_open:
        most = len(result["required"]) + len(optional)
        longest = None if longest is None or longest >= most else longest
    elif not optional:
        longest, is_cap = translator.caps.length(max(shortest, len(result["required"])), longest)
    if shortest > len(result["required"]):
        result["minProperties"] = shortest
    if longest is not None:
        result["maxProperties"] = longest
        if longest < max(shortest, len(result["required"])):
            return False
    if (is_open and optional) or not _countable(result, len(optional)):
        for keyword in ("minProperties", "maxProperties"):
            if result.pop(keyword, None) is not None:
                for part in facts.parts:
                    if keyword in part.node:
                        translator.note(keyword, part.path)
    if not is_open and shortest > len(result["required"]) + len(optional):
        return False
    return capped(result, is_cap)


def _sees_all(part: Part, facts: Facts) -> bool:
    """Whether all other parts stand inside a part, which is as far as its ``unevaluatedProperties`` looks."""
    inside = all(other.path.startswith(part.path) and ".not" not in other.path for other in facts.parts)
    return inside and part is facts.parts[0]


def _countable(result: dict[str, Any], optional: int) -> bool:
    """Whether a grammar can bound the number of an object's keys."""
    bounds: dict[str, Any] = {
        keyword: result[keyword] for keyword in ("minProperties", "maxProperties") if keyword in result
    }
    if not bounds or not optional:
        return True
    names = {str(index): {"type": "null"} for index in range(optional + len(result["required"]))}
    required = list(names)[optional:]
    like: dict[str, Any] = {
        "type": "object",
        "properties": names,
        "required": required,
        "additionalProperties": False,
        **bounds,
    }
    failed, _ = LLMatcher.validate_grammar_with_warnings(LLMatcher.grammar_from_json_schema(like, overrides=FORM))
    return not failed


def _keys(facts: Facts) -> _Keys:
    keys = _Keys()
    parts = facts.parts
    named = [part.named("properties") for part in parts]
    patterned = [part.named("patternProperties") for part in parts]
    extras = [part.one("additionalProperties") for part in parts]
    for part in parts:
        keys.required |= dict.fromkeys(part.names("required"))
    names = [*(name for one in named for name in one), *keys.required]
    for name in dict.fromkeys(names):
        keys.named[name] = [
            one
            for own, patterns, extra in zip(named, patterned, extras, strict=True)
            for one in _spoken(name, own, patterns, extra)
        ]
    for index, patterns in enumerate(patterned):
        for pattern, value in patterns.items():
            values = [value]
            for other, (own, extra) in enumerate(zip(patterned, extras, strict=True)):
                if other != index:
                    values += [own[pattern]] if pattern in own else [extra] if extra is not None else []
            if any(one.node is False for one in values):
                keys.forbidden.append(pattern)
            else:
                keys.patterns[pattern] = values
    said = [extra for extra in extras if extra is not None]
    for part in parts:
        others = part.one("unevaluatedProperties")
        if others is not None:
            said.append(others)
            for values in keys.named.values():
                if not values:  # required, but nowhere described
                    values.append(others)
    shortest = facts.shortest.get("minProperties", 0)
    if any(extra.node is False for extra in said):
        keys.others = None
    elif (
        said
        or (not any("properties" in part.node for part in parts) and not keys.patterns)
        or (shortest > len(keys.named) and not keys.patterns)
    ):
        keys.others = said
    return keys


def _spoken(name: str, own: dict[str, Part], patterns: dict[str, Part], extra: Part | None) -> list[Part]:
    """What one part says of the value of a key."""
    values = [own[name]] if name in own else []
    values += [value for pattern, value in patterns.items() if found(pattern, name)]
    return values if values or extra is None or (extra.node is False and name in own) else [extra]


def _restrict_names(facts: Facts, keys: _Keys, translator: Translator) -> None:
    """Applies ``propertyNames``: to named keys at once, to others by a pattern."""
    for part in facts.parts:
        names = part.one("propertyNames")
        if names is None or names.node is True:
            continue
        ways = [way for way in translator.facts([names]) if "string" in (way.allowed_kinds() or ["string"])]
        false = Part(False, names.path)
        for name, values in keys.named.items():
            if not any(way.takes(name) for way in ways):
                values.append(false)
        listed = [way.allowed_values() for way in ways]
        if keys.others is None:
            if keys.patterns:
                translator.note("propertyNames", part.path)
            continue
        if all(one is not None for one in listed):
            for name in [name for one in listed if one is not None for name in one if isinstance(name, str)]:
                keys.named.setdefault(name, list(keys.others))
            keys.others = None
            continue
        pattern = _name_pattern(ways[0]) if len(ways) == 1 and not keys.patterns else None
        if pattern is None:
            translator.note("propertyNames", part.path)
        else:
            keys.patterns[pattern] = keys.others
            keys.others = None


def _name_pattern(names: Facts) -> str | None:
    """One regular expression of keys; None where one is not enough."""
    shortest, longest = names.shortest.get("minLength", 0), names.longest.get("maxLength")
    candidates = [pattern for pattern, _ in names.patterns]
    candidates += [FORMATS.get(name, "") for name, _ in names.formats]
    if shortest or longest is not None or not candidates:
        upper = max(MAX_KEY, shortest) if longest is None else longest
        candidates.append(f"^(?s:.){{{shortest},{upper}}}$")
    if len(candidates) != 1 or names.excluded or not _usable(candidates[0]):
        return None
    return candidates[0]


def _usable(pattern: str) -> bool:
    return bool(pattern) and walkable(as_text({"type": "string", "pattern": pattern}))


def _pattern_schemas(facts: Facts, keys: _Keys, translator: Translator) -> dict[str, Any]:
    """The schemas by pattern, of patterns that a grammar can follow and tell apart."""
    result: dict[str, Any] = {}
    for pattern, parts in keys.patterns.items():
        usable = next((one for one in (pattern, without_lookaround(pattern)) if _usable(one)), None)
        if usable != pattern:
            _note_all("patternProperties", facts, translator)
        value = translator.location(parts)
        if usable is not None:
            result[usable] = value if usable not in result else either([result[usable], value])
    result = {pattern: value for pattern, value in result.items() if value is not False}
    if len(result) > 1 and (len(result) > _MAX_PATTERNS or not _are_apart(result)):
        _note_all("patternProperties", facts, translator)
        joined = "|".join(f"(?:{pattern})" for pattern in result)
        result = {joined: either(result.values())}
    return result


def _are_apart(patterns: Iterable[str]) -> bool:
    schema = {"type": "object", "patternProperties": {pattern: {"type": "null"} for pattern in patterns}}
    grammar = LLMatcher.grammar_from_json_schema(schema, overrides=FORM)
    failed, _ = LLMatcher.validate_grammar_with_warnings(grammar)
    return not failed


def _grouped(properties: dict[str, Any], optional: list[str], facts: Facts, translator: Translator) -> dict[str, Any]:
    """Optional keys in any order, by the schema of their values; with any value where those are too many."""
    groups: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name in optional:
        key = as_text({"value": properties[name]})
        groups.setdefault(key, []).append(name)
        values[key] = properties[name]
    if len(groups) > _MAX_PATTERNS:
        _note_all("properties", facts, translator)
        groups, values = {"": optional}, {"": any_value()}
    return {f"^(?:{'|'.join(map(re.escape, names))})$": values[key] for key, names in groups.items()}


def _note_all(keyword: str, facts: Facts, translator: Translator) -> None:
    for part in facts.parts:
        if keyword in part.node:
            translator.note(keyword, part.path)


def _other_names(names: Iterable[str]) -> str:
    """A regular expression of all keys up to a length except ``names``."""
    return _beside(sorted(set(names)), 0)


def _beside(names: list[str], depth: int) -> str:
    """The same for names that share their first ``depth`` characters, of what follows those."""
    rest = f"(?s:.){{0,{max(MAX_KEY - depth, 8)}}}"
    if not names:
        return rest
    following: dict[str, list[str]] = {}
    for name in names:
        if len(name) > depth:
            following.setdefault(name[depth], []).append(name)
    branches = [] if any(len(name) == depth for name in names) else [""]
    if following:
        branches.append(f"[^{''.join(map(_in_class, following))}]{rest}")
        branches += [f"{re.escape(char)}(?:{_beside(below, depth + 1)})" for char, below in following.items()]
    else:
        branches.append(f"(?s:.){rest}")
    return "|".join(branches)


def _in_class(char: str) -> str:
    return f"\\{char}" if char in "\\]^-[&~" else char
