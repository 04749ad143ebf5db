"""The names that the fields of boxes have for a model: a family that was trained to write ``bbox_2d`` is asked for it.

Renamed are only fields whose own name says no more than "box" (or "point"), and only where that is unambiguous in the whole
schema: ``signature_box`` means something, and stays. What a model writes is named back before anyone else sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from extraction.conventions import BoxConvention
from extraction.places import Path
from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY

_GENERIC: Final = {
    "box": frozenset(("box", "bbox", "bounding_box", "boundingBox", "bbox_2d", "box_2d", "box2d")),
    "point": frozenset(("point", "point_2d", "xy")),
}
_NAMED_BELOW: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
_DATA: Final = frozenset(("default", "examples", "enum", "const", "required", "dependentRequired"))
_MAX_STEPS: Final = 20
_SAYING_NOTHING: Final = frozenset(
    [
        *("type", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("minProperties", "maxProperties", "propertyNames", "minItems", "maxItems", "uniqueItems"),
    ]
)
"""Keywords that say nothing of what stands below a value."""


class Keys:
    """Which fields of a schema have another name for a model.

    Attributes:
        to_model: The names that differ, from the schema's own to the model's.
    """

    def __init__(self, schema: Any, convention: BoxConvention | None) -> None:
        """Looks at a schema once.

        Args:
            schema: A JSON schema with its markers.
            convention: How the model writes boxes.
        """
        self.to_model: dict[str, str] = {}
        if convention is not None and (convention.box_key or convention.point_key):
            wanted = {"box": convention.box_key, "point": convention.point_key}
            self.to_model = _renames(schema, {kind: key for kind, key in wanted.items() if key})
        self._from_model = {new: old for old, new in self.to_model.items()}

    def schema(self, schema: Any) -> Any:
        """The schema with the model's names; itself where there are none."""
        return _renamed_schema(schema, self.to_model) if self.to_model else schema

    def for_model(self, value: Any) -> Any:
        """A JSON value with the model's names."""
        return _renamed(value, self.to_model) if self.to_model else value

    def from_model(self, value: Any) -> Any:
        """A JSON value that a model wrote with the schema's own names."""
        return _renamed(value, self._from_model) if self.to_model else value

    def twice(self, value: Any, path: Path = ()) -> Iterator[Path]:
        """Where a model wrote a field under its own name and under the schema's, and not the same."""
        if isinstance(value, Mapping):
            for new, old in self._from_model.items():
                if new in value and old in value and value[new] != value[old]:
                    yield (*path, new)
        if isinstance(value, (Mapping, list)) and self.to_model:
            for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
                yield from self.twice(item, (*path, key))

    def told(self, problem: str) -> str:
        """What is wrong with a value, in words that name its places and fields, with the names that the model knows."""
        for own, name in self.to_model.items():
            problem = re.sub(rf"(?<![^\s/']){re.escape(own)}(?=[/:'])", name, problem)
        return problem

    def own(self, key: str) -> str:
        """The schema's own name of a key that a model wrote."""
        return self._from_model.get(key, key)

    def own_path(self, path: Path) -> Path:
        """The path, through what a model wrote, by the schema's own names."""
        return tuple(self.own(part) if isinstance(part, str) else part for part in path)

    def own_pointer(self, pointer: str) -> str:
        """The same for a JSON pointer."""
        return "/".join(map(self.own, pointer.split("/"))) if self.to_model else pointer


def _renames(schema: Any, wanted: Mapping[str, str]) -> dict[str, str]:
    """Own names to the model's, each a one-to-one change of all objects in the schema; {} where one is in doubt."""
    kinds: dict[str, set[str | None]] = {}
    for node in _nodes(schema):
        if "patternProperties" in node or node.get("additionalProperties") not in (None, False) or _is_free(node):
            return {}  # keys of such an object are data, and must not change
        here = {name: _kind(field, schema) for name, field in (node.get("properties") or {}).items()}
        for name, kind in here.items():
            alone = list(here.values()).count(kind) == 1  # else the family's key would not say which of them is meant
            kinds.setdefault(name, set()).add(kind if alone else None)
    renames: dict[str, str] = {}
    for kind, key in wanted.items():
        names = [name for name, found in kinds.items() if name in _GENERIC[kind] and found == {kind}]
        if len(names) == 1 and names[0] != key and key not in kinds:
            renames[names[0]] = key
    return renames


def _is_free(node: Mapping[str, Any]) -> bool:
    """Whether values of a schema may hold objects of which it says nothing."""
    kinds = node.get("type", ("object",))
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    lists = "array" in kinds and "items" not in node
    return _SAYING_NOTHING.issuperset(node) and (lists or "object" in kinds)


def _kind(field: Any, root: Any) -> str | None:
    """What a field holds: "box", "point" ..., whether or not it may be null."""
    for _ in range(_MAX_STEPS):
        if not isinstance(field, Mapping):
            return None
        if (marker := field.get(MARKER_KEY)) is not None:
            return str(marker)
        if (reference := reference_in(field)) is not None:
            field = resolve_reference(root, reference)
            continue
        branches = [
            branch
            for key in ("anyOf", "oneOf", "allOf")
            for branch in field.get(key, ())
            if branch != {"type": "null"} and branch
        ]
        if len(branches) != 1:
            return None
        field = branches[0]
    return None


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, Mapping):
            if MARKER_KEY in node:
                continue
            yield node
            for key, value in node.items():
                if key in _NAMED_BELOW and isinstance(value, Mapping):
                    waiting += value.values()
                elif key not in _DATA:
                    waiting.append(value)


def _renamed_schema(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed_schema(item, names) for item in node]
    if not isinstance(node, Mapping) or MARKER_KEY in node:
        return node
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties" and isinstance(value, Mapping):
            result[key] = {names.get(name, name): _renamed_schema(below, names) for name, below in value.items()}
        elif key in _NAMED_BELOW and isinstance(value, Mapping):
            change = names if key == "dependentSchemas" else {}
            result[key] = {change.get(name, name): _renamed_schema(below, names) for name, below in value.items()}
        elif key == "required" and isinstance(value, list):
            result[key] = [names.get(name, name) for name in value]
        elif key == "dependentRequired" and isinstance(value, Mapping):
            result[key] = {
                names.get(name, name): [names.get(other, other) for other in others] for name, others in value.items()
            }
        elif key in ("default", "examples", "const", "enum"):
            result[key] = _renamed(value, names)
        else:
            result[key] = _renamed_schema(value, names)
    return result


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, Mapping):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    return value
