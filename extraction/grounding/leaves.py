"""The leaves of a value that a page may show, with what is known about each: its names, its kind, its box."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticSerializationError

from extraction.errors import OptionError
from extraction.grounding.terms import terms
from extraction.grounding.values import Meaning, meaning
from extraction.places import CORNERS, Geometry, Path, find_places, is_geometry
from extraction.schemas.geometry import Box
from extraction.schemas.json_schema import Schema, json_schema_of, reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY
from extraction.schemas.pointers import pointer

_DESCRIBED = 6
"""A description of more terms than this is a sentence, and names nothing."""

_BOX_NAME = re.compile(r"_?(?:bounding_)?b?box(?:es)?(?:_2d)?$")

TOO_DEEP: Final = "the value is nested too deeply to be looked for on a page"
TOO_DEEP_HINT: Final = "leave out sources and verify, or look for a part of it with find_sources"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf to look for.

    Attributes:
        path: Where it stands in the value.
        value: What it says.
        meaning: What that may mean.
        names: What a label may call it, as terms, the field's own name first.
        parents: What the objects that it belongs to are called, the nearest first.
        chosen: Whether it is one of a schema's choices, which the page may say in other words.
        hint: The box that the model gave beside it.
    """

    path: Path
    value: str | int | float
    meaning: Meaning
    names: tuple[frozenset[str], ...]
    parents: tuple[frozenset[str], ...] = ()
    chosen: bool = False
    hint: Box | None = None

    @property
    def pointer(self) -> str:
        """Its path as a JSON pointer."""
        return pointer(self.path)

    @property
    def items(self) -> tuple[Path, int] | None:
        """Of an item of a list, or of a leaf in one, the path of the innermost list and the item's place in it."""
        for depth in range(len(self.path) - 1, -1, -1):
            at = self.path[depth]
            if isinstance(at, int):
                return self.path[:depth], at
        return None


@dataclass(slots=True)
class Leaves:
    """All leaves of a value.

    Attributes:
        wanted: Those to look for, in the order of the value.
        unlooked: Pointers of those that no page can show.
    """

    wanted: list[Leaf] = field(default_factory=list)
    unlooked: list[str] = field(default_factory=list)


def as_json(value: Any) -> Any:
    """A value as JSON: Pydantic's models, dates, decimals and shapes as they are written there.

    Raises:
        OptionError: It holds something that JSON has no form for, or is nested too deeply.
    """
    try:
        if isinstance(value, BaseModel):
            return value.model_dump(mode="json", by_alias=True)
        return TypeAdapter(Any).dump_python(value, mode="json")
    except PydanticSerializationError as error:
        raise OptionError(f"the value has no form in JSON: {error}") from error
    except (ValueError, RecursionError):  # pydantic's own bound, of some hundred levels
        raise OptionError(TOO_DEEP, hint=TOO_DEEP_HINT) from None


def find_leaves(value: Any, schema: Schema | None) -> Leaves:
    """The leaves of a value.

    Args:
        value: JSON, or what Pydantic made of it.
        schema: Its schema; by default that of its class, where it is a model.

    Raises:
        SchemaError: The schema cannot be read.
    """
    if schema is None and isinstance(value, BaseModel):
        schema = type(value)
    form = json_schema_of(schema) if schema is not None else {}
    data = as_json(value)
    finder = _Finder(form, find_places(data, form).kinds if form else {})
    finder.visit(data, (), finder.plain([form]), ())
    return finder.leaves


class _Finder:
    def __init__(self, root: Mapping[str, Any], kinds: Mapping[Path, Geometry]) -> None:
        self.leaves = Leaves()
        self._root = root
        self._kinds = kinds
        self._boxes: dict[Path, Box] = {}

    def visit(
        self, value: Any, path: Path, nodes: Sequence[Mapping[str, Any]], parents: tuple[frozenset[str], ...]
    ) -> None:
        """Notes the leaves at ``path`` and below it, of which ``nodes`` of the schema tell."""
        if path in self._kinds:
            self._pass(value, path)
        elif isinstance(value, dict):
            self._note_boxes(value, path)
            own = (*_names(path, nodes)[:1], *parents) if path and isinstance(path[-1], str) else parents
            for key, item in value.items():
                self.visit(item, (*path, key), self._below(nodes, key), own)
        elif isinstance(value, list):
            own = (*_names(path, nodes)[:1], *parents) if path and isinstance(path[-1], str) else parents
            for index, item in enumerate(value):
                self.visit(item, (*path, index), self._items(nodes, index), own)
        elif value is None or isinstance(value, bool) or value == "" or _is_colour(nodes):
            self.leaves.unlooked.append(pointer(path))
        else:
            self._add(value, path, nodes, parents)

    def plain(self, nodes: Sequence[Any]) -> list[Mapping[str, Any]]:
        """Everything that schemas say about one place: they, what they refer to, and all their branches."""
        waiting, passed, told = [*nodes], set[int](), []
        while waiting:
            node = waiting.pop(0)
            if not isinstance(node, Mapping) or id(node) in passed:
                continue
            passed.add(id(node))
            told.append(node)
            if (reference := reference_in(node)) is not None:
                waiting.append(resolve_reference(self._root, reference))
            for key in ("allOf", "anyOf", "oneOf"):
                waiting += node.get(key, ())
        return told

    def _below(self, nodes: Sequence[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
        found = [node["properties"][key] for node in nodes if key in node.get("properties", {})]
        found = found or [node["additionalProperties"] for node in nodes if "additionalProperties" in node]
        return self.plain(found)

    def _items(self, nodes: Sequence[Mapping[str, Any]], index: int) -> list[Mapping[str, Any]]:
        found = []
        for node in nodes:
            first = node.get("prefixItems", ())
            found.append(first[index] if index < len(first) else node.get("items", True))
        return self.plain(found)

    def _add(
        self,
        value: str | int | float,
        path: Path,
        nodes: Sequence[Mapping[str, Any]],
        parents: tuple[frozenset[str], ...],
    ) -> None:
        names = _names(path, nodes)
        if path and isinstance(path[-1], int) and not names:  # an item is called what its list is
            names, parents = parents[:1], parents[1:]
        chosen = any("enum" in node or "const" in node for node in nodes)
        self.leaves.wanted.append(Leaf(path, value, meaning(value), names, parents, chosen, self._boxes.get(path)))

    def _pass(self, value: Any, path: Path) -> None:
        if isinstance(value, (dict, list)):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                self._pass(item, (*path, key))
        else:
            self.leaves.unlooked.append(pointer(path))

    # --- boxes beside values -----------------------------------------------------------------------------------------

    def _note_boxes(self, value: dict[str, Any], path: Path) -> None:
        """Notes which box of an object belongs to which of its leaves: by its name, or because it is the only one."""
        boxes = {
            key: box
            for key, item in value.items()
            if self._kinds.get((*path, key)) == "box" and (box := _box(item)) is not None
        }
        plain = [key for key, item in value.items() if not isinstance(item, (dict, list))]
        for key, box in boxes.items():
            of = _BOX_NAME.sub("", key)
            owned = value.get(of)
            keys = [(of, other) for other in owned] if isinstance(owned, dict) else [(of,)] if of in plain else []
            if not keys and len(boxes) == 1:
                keys = [(other,) for other in plain]
            self._boxes.update(((*path, *one), box) for one in keys)


def _names(path: Path, nodes: Sequence[Mapping[str, Any]]) -> tuple[frozenset[str], ...]:
    """What a label may call a field: its key, its title, and a description that is short enough to be a name."""
    told = [path[-1]] if path and isinstance(path[-1], str) else []
    told += [str(node["title"]) for node in nodes if isinstance(node.get("title"), str) and "properties" not in node]
    found = [terms(one.replace("_", " ")) for one in told]
    described = [terms(str(node["description"])) for node in nodes if isinstance(node.get("description"), str)]
    found += [one for one in described if len(one) <= _DESCRIBED]
    return tuple(dict.fromkeys(one for one in found if one))


def _is_colour(nodes: Sequence[Mapping[str, Any]]) -> bool:
    return any(node.get(MARKER_KEY) in ("color", "size") for node in nodes)


def _box(value: Any) -> Box | None:
    if value is None or not is_geometry(value, "box"):
        return None
    numbers = [value[name] for name in CORNERS["box"]] if isinstance(value, dict) else value
    x1, y1, x2, y2 = (float(one) for one in numbers)
    return Box(x1=x1, y1=y1, x2=x2, y2=y2) if x1 <= x2 and y1 <= y2 else None


def lists_of(leaves: Sequence[Leaf]) -> Mapping[Path, dict[int, list[int]]]:
    """The lists among leaves: each list's path, with the places in ``leaves`` of each item's leaves."""
    lists: dict[Path, dict[int, list[int]]] = {}
    for place, leaf in enumerate(leaves):
        if (items := leaf.items) is not None:
            lists.setdefault(items[0], {}).setdefault(items[1], []).append(place)
    return lists
