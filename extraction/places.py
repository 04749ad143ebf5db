"""Which parts of a JSON value are boxes, points and polygons: its schema's marks, followed down to the value's places.

A place is found once, however many parts of the schema describe it, so that nothing is converted twice. Of the branches
of a union the one that the value fits is followed; where that cannot be told it is said, never passed over: a box that
was overlooked would keep the model's own numbers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeGuard

from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY

Geometry: TypeAlias = Literal["box", "point", "polygon"]
GEOMETRY: tuple[Geometry, ...] = ("box", "point", "polygon")

CORNERS: Mapping[str, tuple[str, ...]] = {"box": ("x1", "y1", "x2", "y2"), "point": ("x", "y")}
"""The numbers of a box and a point in their order, by the names that they have where they stand in an object."""

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a part of a value."""


@dataclass(slots=True)
class Places:
    """What was found in a value.

    Attributes:
        kinds: The marked places.
        problems: Where marks may be and cannot be followed, and why.
    """

    kinds: dict[Path, Geometry] = field(default_factory=dict)
    problems: dict[Path, str] = field(default_factory=dict)


def find_places(value: Any, schema: Any, root: Mapping[str, Any] | None = None) -> Places:
    """The marked places of a JSON value.

    Args:
        value: The value. It may break the schema in other ways.
        schema: Its JSON schema, with markers.
        root: The whole JSON schema that ``schema`` is a part of, where it is one.

    Raises:
        SchemaError: A reference leads nowhere.
    """
    finder = _Finder(schema if root is None else root)
    finder.visit(value, schema, ())
    finder.check_names(value, ())
    return finder.places


def replace_places(
    value: Any, kinds: Mapping[Path, Geometry], convert: Callable[[Any, Geometry, Path], Any], path: Path = ()
) -> Any:
    """A copy of a JSON value with ``convert(part, kind, path)`` at its marked places."""
    if path in kinds:
        return convert(value, kinds[path], path)
    if isinstance(value, dict):
        return {key: replace_places(item, kinds, convert, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_places(item, kinds, convert, (*path, index)) for index, item in enumerate(value)]
    return value


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def are_numbers(value: Any, count: int) -> TypeGuard[list[int | float]]:
    """Whether a JSON value is a list of ``count`` numbers that floats can hold."""
    return (
        isinstance(value, list)
        and len(value) == count
        and all(is_number(item) and abs(item) <= sys.float_info.max for item in value)
    )


@dataclass(slots=True)
class _Names:
    """What the parts of a schema say together about the keys of one object."""

    known: set[str] = field(default_factory=set)
    geometry: list[str] = field(default_factory=list)


class _Finder:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.places = Places()
        self._visited: set[tuple[int, Path]] = set()
        self._names: dict[Path, _Names] = {}
        self._plausible: dict[tuple[int, int, bool, bool], bool] = {}

    def visit(self, value: Any, schema: Any, path: Path) -> None:
        """Notes the marked places of ``value``, which stands at ``path``."""
        if not isinstance(schema, Mapping) or (id(schema), path) in self._visited:
            return
        self._visited.add((id(schema), path))
        kind = schema.get(MARKER_KEY)
        if kind in GEOMETRY:
            if self.places.kinds.setdefault(path, kind) != kind:
                self.places.problems[path] = f"is marked as a {self.places.kinds[path]} and as a {kind}"
            return
        for part in self._parts(value, schema, path):
            self.visit(value, part, path)
        if isinstance(value, dict):
            for key, part in self._fields(value, schema, path):
                self.visit(value[key], part, (*path, key))
        elif isinstance(value, list):
            for index, part in _items(value, schema):
                self.visit(value[index], part, (*path, index))

    def _parts(self, value: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Any]:
        """The schemas that hold for the same value, as ``schema`` says."""
        if (reference := reference_in(schema)) is not None:
            yield resolve_reference(self.root, reference)
        yield from schema.get("allOf", ())
        for key in ("anyOf", "oneOf"):
            if key in schema:
                yield self._branch(value, schema[key], path)
        if "if" in schema:
            yield schema["if"]
            yield schema.get("then" if self._is_valid(value, schema["if"]) else "else", True)
        if isinstance(value, dict):
            yield from (part for key, part in schema.get("dependentSchemas", {}).items() if key in value)

    def _fields(self, value: dict[str, Any], schema: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Any]]:
        """The keys of an object that ``schema`` knows, with what it says of them."""
        properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        names = self._names.setdefault(path, _Names())
        names.geometry += [key for key, part in properties.items() if key not in value and self._has_geometry(part)]
        rest = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        for key in value:
            parts = [properties[key]] if key in properties else []
            parts += [part for pattern, part in patterns.items() if re.search(pattern, key)]
            if not parts and isinstance(rest, Mapping):
                parts.append(rest)
            if parts:
                names.known.add(key)
            yield from ((key, part) for part in parts)

    def check_names(self, value: Any, path: Path) -> None:
        """Notes a problem for numbers under a key that the schema does not know, where a box that it knows is missing.

        Pydantic may accept a field under a second name, of which the schema does not tell.
        """
        if isinstance(value, dict):
            names = self._names.get(path, _Names())
            for key, item in value.items():
                if names.geometry and key not in names.known and _holds_numbers(item):
                    self.places.problems[*path, key] = (
                        f"the schema does not know this key: is it {names.geometry[0]!r}?"
                    )
                self.check_names(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.check_names(item, (*path, index))

    def _branch(self, value: Any, branches: Sequence[Any], path: Path) -> Any:
        """The branch of a union that ``value`` is meant to be; true, which says nothing, where that cannot be told."""
        for deep, complete in ((True, True), (False, True), (False, False)):
            fitting = [branch for branch in branches if self._may_be(value, branch, deep=deep, complete=complete)]
            if len(fitting) > 1 and complete:
                # As Pydantic does it: what knows most of the keys, and of that what is valid.
                return max(fitting, key=lambda one: (self._count_known(value, one), self._is_valid(value, one)))
            if len(fitting) == 1:
                return fitting[0]
        if any(map(self._has_geometry, branches)):
            self.places.problems[path] = "it is none of the forms that it may have"
        return True

    def _may_be(self, value: Any, schema: Any, *, deep: bool, complete: bool) -> bool:
        """Whether ``value`` has the form of ``schema``: how it is built, not what its numbers and texts are.

        Args:
            value: A JSON value.
            schema: A JSON schema.
            deep: Look at all of it; otherwise only at its own kind, and at the constants that tell objects apart.
            complete: Objects must have the keys that they need.
        """
        if not isinstance(schema, Mapping):
            return schema is not False
        asked = (id(value), id(schema), deep, complete)
        if asked not in self._plausible:
            self._plausible[asked] = True  # a schema that leads back to itself says nothing more
            self._plausible[asked] = self._has_form(value, schema, deep=deep, complete=complete)
        return self._plausible[asked]

    def _has_form(self, value: Any, schema: Mapping[str, Any], *, deep: bool, complete: bool) -> bool:
        kind = schema.get(MARKER_KEY)
        if kind in GEOMETRY:
            return (value is None and "null" in schema.get("type", ())) or is_geometry(value, kind)
        parts = list(schema.get("allOf", ()))
        if (reference := reference_in(schema)) is not None:
            parts.append(resolve_reference(self.root, reference))
        if not all(self._may_be(value, part, deep=deep, complete=complete) for part in parts):
            return False
        for key in ("anyOf", "oneOf"):
            branches = schema.get(key, (True,))
            if not any(self._may_be(value, branch, deep=deep, complete=complete) for branch in branches):
                return False
        if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
            return False
        kinds = schema.get("type", ())
        if kinds and not any(_is_kind(value, one) for one in ((kinds,) if isinstance(kinds, str) else kinds)):
            return False
        if isinstance(value, dict):
            return self._object_has_form(value, schema, deep=deep, complete=complete)
        if isinstance(value, list) and deep:
            return all(
                self._may_be(value[index], part, deep=True, complete=complete) for index, part in _items(value, schema)
            )
        return True

    def _object_has_form(self, value: dict[str, Any], schema: Mapping[str, Any], *, deep: bool, complete: bool) -> bool:
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        if complete and not all(key in value for key in schema.get("required", ())):
            return False
        for key, item in value.items():
            part = properties.get(key, rest if deep and "patternProperties" not in schema else True)
            if (deep or self._is_constant(part)) and not self._may_be(item, part, deep=deep, complete=complete):
                return False
        return True

    def _is_constant(self, schema: Any) -> bool:
        passed: set[str] = set()
        while isinstance(schema, Mapping) and (reference := reference_in(schema)) not in {None, *passed}:
            passed.add(str(reference))
            schema = resolve_reference(self.root, str(reference))
        return isinstance(schema, Mapping) and ("const" in schema or "enum" in schema)

    def _count_known(self, value: Any, schema: Any) -> int:
        """How many of an object's keys a schema names."""
        names: set[str] = set()
        waiting, passed = [schema], set[int]()
        while waiting:
            node = waiting.pop()
            if isinstance(node, Mapping) and id(node) not in passed:
                passed.add(id(node))
                names |= node.get("properties", {}).keys()
                waiting += node.get("allOf", ())
                if (reference := reference_in(node)) is not None:
                    waiting.append(resolve_reference(self.root, reference))
        return len(names.intersection(value)) if isinstance(value, dict) else 0

    def _is_valid(self, value: Any, schema: Any) -> bool:
        return bool(self._validator.evolve(schema=schema).is_valid(value))

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator, validators

        return validators.validator_for(self.root, default=Draft202012Validator)(self.root)

    def _has_geometry(self, schema: Any) -> bool:
        """Whether a marked place may be found by following ``schema``."""
        waiting, passed = [schema], set[int]()
        while waiting:
            node = waiting.pop()
            if id(node) in passed:
                continue
            passed.add(id(node))
            if isinstance(node, Mapping):
                if node.get(MARKER_KEY) in GEOMETRY:
                    return True
                if (reference := reference_in(node)) is not None:
                    waiting.append(resolve_reference(self.root, reference))
                waiting += [part for key, part in node.items() if key not in ("$defs", "definitions")]
            elif isinstance(node, list):
                waiting += node
        return False


def _items(value: list[Any], schema: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    """The indices of a list, with what ``schema`` says of each."""
    items = schema.get("items", True)
    first = schema.get("prefixItems", items if isinstance(items, list) else ())
    rest = schema.get("additionalItems", True) if isinstance(items, list) else items
    yield from ((index, first[index] if index < len(first) else rest) for index in range(len(value)))


def is_geometry(value: Any, kind: Geometry) -> bool:
    """Whether a JSON value is a box, a point or a polygon: lists of numbers, or objects that name them."""
    if kind == "polygon":
        points = value.get("points") if isinstance(value, dict) else value
        return isinstance(points, list) and all(is_geometry(point, "point") for point in points)
    if isinstance(value, dict):
        return set(value) == set(CORNERS[kind])
    return are_numbers(value, len(CORNERS[kind]))


def _is_kind(value: Any, kind: str) -> bool:
    """Whether a value may become one of a JSON type: texts, numbers, true and false turn into each other."""
    containers: dict[str, type] = {"object": dict, "array": list, "null": type(None)}
    if kind in containers:
        return isinstance(value, containers[kind])
    return not isinstance(value, tuple(containers.values()))


def _holds_numbers(value: Any) -> bool:
    """Whether a value looks like a box, or a list of boxes."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not value:
        return False
    return (len(value) > 1 and all(map(is_number, value))) or all(map(_holds_numbers, value))
