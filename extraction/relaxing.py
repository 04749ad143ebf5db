"""A JSON schema made ready for a grammar: flat, finite, closed, and with a note of all that it does not enforce.

A grammar decides from left to right. References, ``allOf``, conditions and ``dependent...`` are therefore resolved here
into plain alternatives, objects are closed to keys that nothing names, and every value gets an end. What is left cannot
be said in a grammar; it is relaxed, wider and never narrower, and noted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from extraction.arrays import array_schema
from extraction.bounds import ANY, Caps, any_definitions, any_value, either, number_schema
from extraction.errors import SchemaError
from extraction.merging import PLAIN, Facts, Part, disjoint, kinds_of
from extraction.negation import negated
from extraction.objects import object_schema
from extraction.pruning import pruned
from extraction.recursion import levelled
from extraction.references import References
from extraction.texts import string_schema

MAX_ALTERNATIVES: Final = 64
"""Most ways to read one place of a schema (``anyOf`` times ``anyOf`` times ...) that are told apart."""
MAX_NODES: Final = 40_000
"""Most places of a schema, counted with every way to read them; what has more is refused."""
_MAX_PAIRS: Final = 150
_MAX_LISTED: Final = 1000
_OLD_DRAFTS: Final = ("draft-04", "draft-06", "draft-07")


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A schema for a grammar.

    Attributes:
        schema: Plain JSON Schema, of ``type``, ``enum``, ``anyOf`` and references to ``$defs`` only, with what bounds them.
        notes: Keyword and place of all that it does not enforce, in order, each once.
    """

    schema: dict[str, Any]
    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several lists of schemas that a value must follow; ``keyword`` and ``path`` say where that stands."""

    options: list[list[Part]]
    keyword: str
    path: str


_IN_PLACE: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas", "dependencies"}
)
_ORIGIN: Final = re.compile(r"(.*?)\.(not|if)\b.*")


class _UnsatisfiableError(Exception):
    pass


def relaxed(schema: dict[str, Any] | bool, caps: Caps | None = None) -> Relaxed:
    """The form of a schema that a grammar can hold.

    Args:
        schema: A JSON schema. It must not change any more.
        caps: The bounds that the user set.

    Raises:
        SchemaError: It is malformed, too large, nested too deeply, refers to nowhere or elsewhere, or no finite value fits.
    """
    translator = Translator(schema, caps or Caps())
    try:
        root = translator.location([Part(schema, "$")])
        whole = pruned(*levelled(root, translator.definitions, translator.caps.depth))
    except RecursionError:
        raise SchemaError("no grammar can be made of the schema: it is nested too deeply") from None
    if whole is None:
        raise SchemaError("no grammar can be made of the schema: no finite value fits it")
    if f'"#/$defs/{ANY}-' in str(whole).replace("'", '"'):
        whole["$defs"] = {**whole.get("$defs", {}), **any_definitions(translator.caps)}
    return Relaxed(whole, tuple(translator.notes))


class Translator:
    """Walks through a schema, place by place of the values that it describes.

    Attributes:
        caps: The bounds that the user set.
        definitions: The schemas of places that references lead to.
        notes: What is not enforced (an ordered set).
    """

    def __init__(self, schema: Any, caps: Caps) -> None:
        self.caps = caps
        self.definitions: dict[str, Any] = {}
        self.notes: dict[tuple[str, str], None] = {}
        self._references = References(schema)
        self._names: dict[tuple[int, ...], str] = {}
        self._open = set[tuple[int, ...]]()
        self._opposites: dict[int, Part | None] = {}
        self._made_choices: dict[int, list[_Choice]] = {}  # made once, for places are known by the identity of schemas
        self._left = MAX_NODES
        dialect = schema.get("$schema", "") if isinstance(schema, dict) else ""
        self._reference_alone = any(draft in str(dialect) for draft in _OLD_DRAFTS)

    def note(self, keyword: str, path: str) -> None:
        """Remembers that a keyword is not enforced."""
        self.notes[keyword, path] = None

    def location(self, parts: Iterable[Part], around: frozenset[tuple[int, ...]] = frozenset()) -> Any:
        """The schema of a value that must follow all of ``parts``; False where none can.

        Args:
            parts: Schemas.
            around: Keys of the places that are being described, of which this is the same value.
        """
        parts, referred = self._followed(parts)
        parts = list({id(part.node): part for part in parts if part.node is not True}.values())
        key = tuple(sorted(id(part.node) for part in parts))
        if key in around:
            return False
        if key not in self._names and key not in self._open:
            if referred:
                self._name(key)
            self._open.add(key)
            result = self._described(parts, around | {key})
            self._open.remove(key)
            if key not in self._names:
                return result
            self.definitions[self._names[key]] = result
        return {"$ref": f"#/$defs/{self._name(key)}"}

    def _name(self, key: tuple[int, ...]) -> str:
        return self._names.setdefault(key, f"n{len(self._names)}")

    def facts(self, parts: Iterable[Part]) -> list[Facts]:
        """The alternatives of a value that must follow all of ``parts``, each with what it must be."""
        return [Facts.of(flat) for flat in self._alternatives(list(parts), frozenset())]

    def _followed(self, parts: Iterable[Part]) -> tuple[list[Part], bool]:
        """The parts with those that are a reference and nothing else replaced by what it leads to."""
        result, referred = [], False
        for part in parts:
            passed = set[int]()
            while isinstance(part.node, dict) and self._is_reference(part.node):
                if id(part.node) in passed:
                    raise SchemaError(f"the reference at {part.path} leads back to itself")
                passed.add(id(part.node))
                target = self._target(part)
                assert target is not None
                part, referred = target, True
            result.append(part)
        return result, referred

    def _target_of(self, part: Part) -> Part:
        return self._followed([part])[0][0]

    def _is_reference(self, node: dict[str, Any]) -> bool:
        refers = any(isinstance(node.get(keyword), str) for keyword in ("$ref", "$dynamicRef", "$recursiveRef"))
        return refers and (self._reference_alone or not any(key in PLAIN or key in _IN_PLACE for key in node))

    def _target(self, part: Part) -> Part | None:
        target = self._references.target(part)
        if target is not None and self._references.is_ambiguous(part):
            self.note("$dynamicRef", part.path)
        return target

    def _described(self, parts: list[Part], around: frozenset[tuple[int, ...]]) -> Any:
        self._spend()
        try:
            flat, choices = self._flat(parts, frozenset())
        except _UnsatisfiableError:
            return False
        said = any(key in PLAIN for part in flat for key in part.node)
        if not said and len(choices) == 1:
            choice = choices[0]
            if choice.keyword == "oneOf":
                self._check_exclusive(choice, [])
            return either(self.location(option, around) for option in choice.options)
        if not said and not choices:
            return any_value()
        ways = self._alternatives(parts, frozenset())
        return either(self._emitted(Facts.of(one, ways=len(ways))) for one in ways)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise SchemaError(f"the schema is too large for a grammar: more than {MAX_NODES} places")

    def _alternatives(self, parts: list[Part], passed: frozenset[int]) -> list[list[Part]]:
        """All ways to read ``parts``, as lists of parts that speak of a value plainly."""
        self._spend()
        try:
            flat, choices = self._flat(parts, passed)
        except _UnsatisfiableError:
            return []
        passed |= {id(part.node) for part in flat}
        ways = [flat]
        for choice in choices:
            options = [one for option in choice.options for one in self._alternatives(option, passed)]
            if len(ways) * len(options) > MAX_ALTERNATIVES:
                self.note(choice.keyword, choice.path)
                ways = [[*way, _naming(options)] for way in ways]
                continue
            if choice.keyword == "oneOf":
                self._check_exclusive(choice, flat)
            ways = [way + option for way in ways for option in options]
        return ways

    def _flat(self, parts: list[Part], passed: frozenset[int]) -> tuple[list[Part], list[_Choice]]:
        """The parts without references, ``allOf`` and ``not``, and the choices that they leave."""
        flat: list[Part] = []
        choices: list[_Choice] = []
        waiting = list(reversed(parts))
        seen = set(passed)
        while waiting:
            part = waiting.pop()
            if part.node is False:
                raise _UnsatisfiableError
            if part.node is True or id(part.node) in seen:
                continue
            seen.add(id(part.node))
            self._spend()
            target = self._target(part)
            above = [] if target is None else [target]
            if target is None or not self._reference_alone:
                flat.append(part)
                above += part.below("allOf")
                above += self._opposite(part)
                if id(part.node) not in self._made_choices:
                    self._made_choices[id(part.node)] = self._choices(part)
                choices += self._made_choices[id(part.node)]
            waiting += reversed(above)
        return flat, choices

    def _opposite(self, part: Part) -> list[Part]:
        below = part.one("not")
        if below is None:
            return []
        opposite = self._negated(below)
        if opposite is None:
            self.note("not", part.path)
            return []
        return [opposite]

    def _negated(self, part: Part) -> Part | None:
        key = id(part.node)
        if isinstance(part.node, bool):
            return Part(not part.node, part.path)
        if key not in self._opposites:
            node = negated(part, self._references.target)
            self._opposites[key] = None if node is None else Part(node, part.path)
        return self._opposites[key]

    def _choices(self, part: Part) -> list[_Choice]:
        choices = [
            _Choice([[option] for option in part.below(keyword)], keyword, part.path)
            for keyword in ("anyOf", "oneOf")
            if keyword in part.node
        ]
        choices += self._condition(part)
        needs = dict(part.read("dependentRequired", dict) or {})
        schemas = part.named("dependentSchemas")
        for name, need in (part.read("dependencies", dict) or {}).items():  # drafts before 2019-09
            if isinstance(need, list):
                needs[name] = need
            else:
                schemas[name] = part.at("dependencies", name)
        for name in {**needs, **schemas}:
            if not isinstance(needs.get(name, []), list):
                raise SchemaError(f"the schema is wrong at {part.path}: what {name!r} needs is no list")
            required = Part({"required": [name, *needs.get(name, ())]}, part.path)
            present = [required] + ([schemas[name]] if name in schemas else [])
            absent = Part({"properties": {name: False}}, part.path)
            keyword = "dependentSchemas" if name in schemas else "dependentRequired"
            choices.append(_Choice([[absent], present], keyword, part.path))
        return choices

    def _condition(self, part: Part) -> list[_Choice]:
        condition = part.one("if")
        if condition is None or ("then" not in part.node and "else" not in part.node):
            return []
        then, otherwise = part.one("then"), part.one("else")
        opposite = self._negated(condition)
        if opposite is None:
            self.note("if", part.path)
        first = [condition, *([] if then is None else [then])]
        second = [*([] if opposite is None else [opposite]), *([] if otherwise is None else [otherwise])]
        if opposite is None and otherwise is None:
            return [_Choice([[_naming([first])]], "if", part.path)]
        return [_Choice([first, second], "if", part.path)]

    def _check_exclusive(self, choice: _Choice, flat: list[Part]) -> None:
        """Notes ``oneOf`` unless no answer under the grammar can follow two of its options."""
        options = [
            [Facts.of([*flat, *way]) for way in self._alternatives(option, frozenset(id(part.node) for part in flat))]
            for option in choice.options
        ]
        if len(options) > _MAX_PAIRS or not all(
            disjoint(one, other, self._target_of)
            for index, option in enumerate(options)
            for following in options[index + 1 :]
            for one in option
            for other in following
        ):
            self.note("oneOf", choice.path)

    def _emitted(self, facts: Facts) -> Any:
        """The schema of one alternative; False where nothing fits it."""
        self._spend()
        values = facts.allowed_values()
        if values is None:
            values = self._listed(facts)
        if values is not None:
            values = [value for value in values if _writable(value)]
            return {"enum": values} if values else False
        kinds = facts.allowed_kinds()
        for value, part in facts.excluded:
            if not kinds or set(kinds_of(value)).intersection(kinds):
                path, keyword = _ORIGIN.fullmatch(part.path + ".not").groups()  # type: ignore[union-attr]
                self.note(keyword, path)
        if not kinds:
            return any_value()
        return either(self._of_kind(kind, facts) for kind in kinds)

    @staticmethod
    def _listed(facts: Facts) -> list[Any] | None:
        """The integers of a narrow range from which some are excluded; None for anything else."""
        bounds = facts.range
        if facts.kinds != frozenset({"integer"}) or not facts.excluded or bounds.low is None or bounds.high is None:
            return None
        if bounds.high - bounds.low > _MAX_LISTED:
            return None
        facts.values = list(range(int(bounds.low), int(bounds.high) + 1))
        return facts.allowed_values()

    def _of_kind(self, kind: str, facts: Facts) -> Any:
        if kind in ("null", "boolean"):
            return {"type": kind}
        if kind in ("integer", "number"):
            return self._number(kind, facts)
        if kind == "string":
            return string_schema(facts, self.caps, self.note)
        return array_schema(facts, self) if kind == "array" else object_schema(facts, self)

    def _number(self, kind: str, facts: Facts) -> Any:
        schema, missed = number_schema(replace(facts.range, whole=kind == "integer"))
        if missed is not None:
            for part in facts.parts:
                if missed in part.node:
                    self.note(missed, part.path)
        return False if schema is None else schema


def _naming(parts: Iterable[Iterable[Part]]) -> Part:
    """A part that allows the keys that some alternatives name, whatever their values."""
    every = [part for way in parts for part in way if isinstance(part.node, dict)]
    names = {name: True for part in every for name in part.named("properties")}
    return Part({"properties": names} if names else {}, every[0].path if every else "$")


def _writable(value: Any) -> bool:
    """Whether a listed value can stand in a grammar as it is: integers of 64 bits, no half of a character."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return all(_writable(key) and _writable(item) for key, item in value.items())
    return not isinstance(value, list) or all(map(_writable, value))
