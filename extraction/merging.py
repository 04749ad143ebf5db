"""What several schemas say together about one value: their keywords, joined as ``allOf`` joins them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from extraction.bounds import Range
from extraction.errors import SchemaError
from extraction.validation import found

KINDS: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
EXCEPT: Final = "\x00except"
"""A keyword of our own, for what JSON Schema says with ``not``: values that are excluded."""

_FAMILIES: Final = {
    "object": (
        *("properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "required"),
        *("propertyNames", "minProperties", "maxProperties"),
    ),
    "array": (
        *("items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "minItems", "maxItems"),
        *("uniqueItems",),
    ),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
PLAIN: Final = frozenset({"type", "enum", "const", EXCEPT}.union(*_FAMILIES.values()))
"""Keywords that speak of a value themselves, and not through other schemas of the same value."""


@dataclass(frozen=True, slots=True)
class Part:
    """A schema with its place in the document."""

    node: Any
    path: str

    def at(self, *steps: str | int) -> Part:
        """The part below, for example ``at("properties", "total")``."""
        node, path = self.node, self.path
        for step in steps:
            node = node[step]
            path += f"[{step}]" if isinstance(step, int) else f".{step}"
        return Part(node, path)

    def read(self, keyword: str, kind: type[Any] | tuple[type[Any], ...]) -> Any:
        """A keyword's value; None where it is missing.

        Raises:
            SchemaError: It is of the wrong type.
        """
        value = self.node.get(keyword)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise SchemaError(f"the schema is wrong at {self.path}: {keyword!r} cannot be {json.dumps(value):.60}")
        if isinstance(value, float) and not math.isfinite(value):
            raise SchemaError(f"the schema is wrong at {self.path}: {keyword!r} cannot be {value}")
        return value

    def names(self, keyword: str) -> list[str]:
        """The strings of a keyword that holds a list of them."""
        names = self.read(keyword, list) or []
        if not all(isinstance(name, str) for name in names):
            raise SchemaError(f"the schema is wrong at {self.path}: {keyword!r} is a list of strings")
        return list(names)

    def below(self, keyword: str) -> list[Part]:
        """The schemas of a keyword that holds a list of them."""
        return [self._schema(self.at(keyword, index)) for index in range(len(self.read(keyword, list) or ()))]

    def named(self, keyword: str) -> dict[str, Part]:
        """The schemas of a keyword that holds them by name."""
        return {name: self._schema(self.at(keyword, name)) for name in self.read(keyword, dict) or ()}

    def one(self, keyword: str) -> Part | None:
        """The schema of a keyword that holds one."""
        return self._schema(self.at(keyword)) if keyword in self.node else None

    @staticmethod
    def _schema(part: Part) -> Part:
        if not isinstance(part.node, (dict, bool)):
            raise SchemaError(f"the schema is wrong at {part.path}: {json.dumps(part.node):.60} is no schema")
        return part


@dataclass(slots=True)
class Facts:
    """What a value must be, by all the parts that speak of it.

    Attributes:
        parts: The parts, in order.
        kinds: Allowed types ("number" includes integers); None where no part says.
        values: Allowed values; None where they are not listed.
        excluded: Excluded values, each with the part that says so.
        range: Allowed numbers.
        shortest: Least lengths by keyword.
        longest: Largest lengths by keyword.
        patterns: Patterns of a string, with their parts.
        formats: Formats of a string, with their parts.
        ways: How many alternatives there are, of which this is one.
    """

    parts: list[Part]
    kinds: frozenset[str] | None = None
    values: list[Any] | None = None
    excluded: list[tuple[Any, Part]] = field(default_factory=list)
    range: Range = field(default_factory=Range)
    shortest: dict[str, int] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)
    patterns: list[tuple[str, Part]] = field(default_factory=list)
    formats: list[tuple[str, Part]] = field(default_factory=list)
    ways: int = 1

    @classmethod
    def of(cls, parts: Iterable[Part], *, ways: int = 1) -> Facts:
        """The facts of parts that are free of references and of ``allOf``, ``anyOf`` and their like.

        Raises:
            SchemaError: A keyword has a value of the wrong type.
        """
        facts = cls(list(parts), ways=ways)
        for part in facts.parts:
            facts._add(part)
        return facts

    def _add(self, part: Part) -> None:
        node = part.node
        if "type" in node:
            self._join_kinds(_kinds(part))
        if "const" in node:
            self._join_values([node["const"]])
        if "enum" in node:
            self._join_values(part.read("enum", list))
        self.excluded += [(value, part) for value in node.get(EXCEPT, ())]
        self.range = _joined_range(self.range, part)
        for keyword in ("minLength", "minItems", "minProperties"):
            if keyword in node:
                self.shortest[keyword] = max(self.shortest.get(keyword, 0), _length(part, keyword))
        for keyword in ("maxLength", "maxItems", "maxProperties"):
            if keyword in node:
                length = _length(part, keyword)
                self.longest[keyword] = min(self.longest.get(keyword, length), length)
        if part.read("pattern", str) is not None:
            self.patterns.append((node["pattern"], part))
        if part.read("format", str) is not None:
            self.formats.append((node["format"], part))

    def _join_kinds(self, kinds: frozenset[str]) -> None:
        if self.kinds is not None:
            both = {kind for kind in kinds if kind in self.kinds}
            if ("integer" in kinds and "number" in self.kinds) or ("integer" in self.kinds and "number" in kinds):
                both.add("integer")
            kinds = frozenset(both)
        self.kinds = kinds

    def _join_values(self, values: list[Any]) -> None:
        if self.values is not None:
            known = {same(value) for value in self.values}
            values = [value for value in values if same(value) in known]
        self.values = list({same(value): value for value in values}.values())

    def allowed_kinds(self) -> list[str]:
        """The types of the value; where no part names one, those that its other keywords speak of; [] for all."""
        if self.kinds is not None:
            return [kind for kind in KINDS if kind in self.kinds and not (kind == "integer" and "number" in self.kinds)]
        keywords = {keyword for part in self.parts for keyword in part.node}
        return [kind for kind, family in _FAMILIES.items() if keywords.intersection(family)]

    def allowed_values(self) -> list[Any] | None:
        """The listed values that the other facts about them allow; None where values are not listed."""
        listed = self.values
        if listed is None and self.kinds is not None and self.kinds <= {"boolean", "null"}:
            listed = [*([None] if "null" in self.kinds else []), *([False, True] if "boolean" in self.kinds else [])]
        if listed is None:
            return None
        gone = {same(value) for value, _ in self.excluded}
        return [value for value in listed if same(value) not in gone and self.takes(value)]

    def takes(self, value: Any) -> bool:
        """Whether a value has an allowed type, length and range; what is in a list or an object does not count."""
        if self.kinds is not None and not self.kinds.intersection(kinds_of(value)):
            return False
        if isinstance(value, str):
            return (
                self.shortest.get("minLength", 0) <= len(value) <= self.longest.get("maxLength", len(value))
            ) and all(found(pattern, value) for pattern, _ in self.patterns)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _within(self.range, value)
        if isinstance(value, list):
            return self.shortest.get("minItems", 0) <= len(value) <= self.longest.get("maxItems", len(value))
        return True


def same(value: Any) -> str:
    """A text that two JSON values share exactly when JSON Schema holds them for equal (1 and 1.0 are)."""
    return json.dumps(_normal(value), sort_keys=True)


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    return value


def kinds_of(value: Any) -> tuple[str, ...]:
    """The JSON types of a value; an integer is a number, too."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return ("integer", "number")
    names: list[tuple[type[Any], str]] = [(float, "number"), (str, "string"), (list, "array"), (dict, "object")]
    return tuple(name for kind, name in names if isinstance(value, kind))


def matching(patterns: Iterable[str], name: str) -> Iterator[str]:
    """The patterns that a name of a key matches."""
    return (pattern for pattern in patterns if found(pattern, name))


def disjoint(one: Facts, other: Facts, follow: Callable[[Part], Part]) -> bool:
    """Whether no answer under a grammar can be both: by types, listed values, constants of keys, and keys themselves.

    A grammar writes no keys that nothing names. What lacks a key that the other requires is therefore not the other.

    Args:
        one: Facts of a branch.
        other: Facts of another.
        follow: Gives what a schema refers to, or itself.
    """
    kinds, others = set(one.allowed_kinds()), set(other.allowed_kinds())
    if one.values is not None and other.values is not None:
        return {same(value) for value in one.values}.isdisjoint(same(value) for value in other.values)
    for listed, facts in ((one, others), (other, kinds)):
        if listed.values is not None and facts:
            return facts.isdisjoint(kind for value in listed.values for kind in kinds_of(value))
    if kinds and others and not _overlap(kinds, others):
        return True
    if kinds != {"object"} or others != {"object"}:
        return False
    mine, theirs = _Keys.of(one, follow), _Keys.of(other, follow)
    if any(mine.constants[key].isdisjoint(theirs.constants[key]) for key in mine.constants.keys() & theirs.constants):
        return True
    lacking = bool(theirs.required - mine.names) and bool(mine.required - theirs.names)
    return lacking and mine.closed and theirs.closed


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of an object: those it can have and must have, whether there can be others, and listed values of some."""

    names: frozenset[str]
    required: frozenset[str]
    closed: bool
    constants: dict[str, set[str]]

    @classmethod
    def of(cls, facts: Facts, follow: Callable[[Part], Part]) -> _Keys:
        named = [(name, follow(below)) for part in facts.parts for name, below in part.named("properties").items()]
        required = {name for part in facts.parts for name in part.names("required")}
        gone = {name for name, below in named if below.node is False}
        closed = all(
            part.node.get("additionalProperties", False) is False and "patternProperties" not in part.node
            for part in facts.parts
        )
        constants: dict[str, set[str]] = {}
        for name, below in named:
            if name in required and isinstance(below.node, dict) and ("const" in below.node or "enum" in below.node):
                listed = [below.node["const"]] if "const" in below.node else below.read("enum", list)
                values = {same(value) for value in listed}
                constants[name] = constants.get(name, values) & values
        names = {name for name, _ in named} | required
        return cls(frozenset(names - gone), frozenset(required), closed and bool(named), constants)


def _overlap(kinds: set[str], others: set[str]) -> bool:
    numbers = {"integer", "number"}
    return bool(kinds & others) or bool(kinds & numbers and others & numbers)


def _kinds(part: Part) -> frozenset[str]:
    given = part.node["type"]
    kinds = [given] if isinstance(given, str) else given
    if not isinstance(kinds, list) or not all(isinstance(kind, str) and kind in KINDS for kind in kinds):
        raise SchemaError(f"the schema is wrong at {part.path}: {json.dumps(given):.60} is no type")
    return frozenset(kinds)


def _length(part: Part, keyword: str) -> int:
    value = part.read(keyword, (int, float))
    if value is None or value < 0 or value != int(value):
        raise SchemaError(f"the schema is wrong at {part.path}: {keyword!r} cannot be {json.dumps(value):.60}")
    return int(value)


def exact(value: float) -> Fraction:
    """A number as its decimal digits say it: 0.1 is a tenth."""
    return Fraction(repr(value))


def _joined_range(known: Range, part: Part) -> Range:
    node = part.node
    lows: list[tuple[Fraction, bool]] = []
    highs: list[tuple[Fraction, bool]] = []
    for keyword, bounds in (("Minimum", lows), ("Maximum", highs)):
        plain, strict = part.read(keyword.lower(), (int, float)), node.get(f"exclusive{keyword}")
        if plain is not None:
            bounds.append((exact(plain), strict is True))  # draft 4 made a bound strict with a boolean
        if not isinstance(strict, bool) and part.read(f"exclusive{keyword}", (int, float)) is not None:
            bounds.append((exact(strict), True))
    for low, is_open in lows:
        if known.low is None or (low, is_open) > (known.low, known.open_low):
            known = replace(known, low=low, open_low=is_open)
    for high, is_open in highs:
        if known.high is None or (-high, is_open) > (-known.high, known.open_high):
            known = replace(known, high=high, open_high=is_open)
    step = part.read("multipleOf", (int, float))
    if step is not None:
        if step <= 0:
            raise SchemaError(f"the schema is wrong at {part.path}: 'multipleOf' must be above 0")
        new = exact(step)
        known = replace(known, step=new if known.step is None else _common_multiple(known.step, new))
    return known


def _common_multiple(one: Fraction, other: Fraction) -> Fraction:
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))


def _within(numbers: Range, value: float) -> bool:
    number = exact(value)
    return not (
        (numbers.low is not None and (number < numbers.low or (numbers.open_low and number == numbers.low)))
        or (numbers.high is not None and (number > numbers.high or (numbers.open_high and number == numbers.high)))
        or (numbers.step is not None and number % numbers.step != 0)
    )
