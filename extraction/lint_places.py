"""The fields of a JSON schema, each with where it stands and what may stand in it: what ``linting`` looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.pointers import pointer_under

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things that a value may be.

    Attributes:
        pointer: Where its schema stands (JSON pointer into the document).
        node: Its schema, free of references and alternatives.
    """

    pointer: str
    node: Node

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types that it names, null left out."""
        given = self.node.get("type", ())
        kinds = (given,) if isinstance(given, str) else tuple(given)
        if not kinds and ("properties" in self.node or "additionalProperties" in self.node):
            kinds = ("object",)
        return tuple(kind for kind in kinds if kind != "null")

    @property
    def values(self) -> list[Any] | None:
        """The values that it lists, null left out; None where it lists none."""
        listed = self.node.get("enum", [self.node["const"]] if "const" in self.node else None)
        return None if listed is None else [one for one in listed if one is not None]


@dataclass(frozen=True, slots=True)
class Place:
    """A value that a schema describes: the whole, a field, or an item of a list.

    Attributes:
        pointer: Where its schema stands (JSON pointer into the document); "" is the root.
        node: Its schema as it stands there.
        options: What it may be, without null.
        nullable: Whether it may be null.
        name: The name of the field; "" for the root and for items.
        required: Whether its object must have it.
        in_item: Whether its object is an item of a list: there are as many of it as the page shows.
        level: How many objects and lists it is in.
    """

    pointer: str
    node: Node
    options: tuple[Option, ...]
    nullable: bool
    name: str = ""
    required: bool = True
    in_item: bool = False
    level: int = 0

    @property
    def description(self) -> str:
        """What the schema says about it, there or where it leads to."""
        told = [self.node.get("description"), *(option.node.get("description") for option in self.options)]
        return next((text for text in told if isinstance(text, str) and text.strip()), "")


def places(schema: Node) -> Iterator[Place]:
    """All values of a schema, from the outside in; what several references lead to, once.

    Raises:
        SchemaError: A reference leads nowhere.
    """
    seen: set[int] = set()
    waiting = [_place(schema, "", schema)]
    while waiting:
        place = waiting.pop(0)
        yield place
        for option in place.options:
            if id(option.node) not in seen:
                seen.add(id(option.node))
                waiting += _below(schema, place, option)


def _below(root: Node, place: Place, option: Option) -> Iterator[Place]:
    level, node = place.level + 1, option.node
    properties = node.get("properties")
    if isinstance(properties, Mapping):
        required = node.get("required", ())
        for name, below in properties.items():
            pointer = pointer_under(option.pointer, "properties", name)
            is_item = not place.name and place.level > 0
            yield _place(root, pointer, below, name=name, required=name in required, in_item=is_item, level=level)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), Mapping):
            yield _place(root, f"{option.pointer}/{key}", node[key], level=level)
    for key in ("prefixItems", "items"):
        if isinstance(node.get(key), list):
            for index, below in enumerate(node[key]):
                yield _place(root, f"{option.pointer}/{key}/{index}", below, level=level)


def _place(root: Node, pointer: str, node: Any, **others: Any) -> Place:
    node = node if isinstance(node, Mapping) else {}
    options = list(_options(root, pointer, node, frozenset()))
    nullable = any(_is_null(option.node) for option in options)
    return Place(pointer, node, tuple(one for one in options if not _only_null(one.node)), nullable, **others)


def _options(root: Node, pointer: str, node: Any, passed: frozenset[int]) -> Iterator[Option]:
    """What a value may be; the parts of ``allOf`` count as several options, each of which tells something of it."""
    if not isinstance(node, Mapping) or id(node) in passed:
        return
    passed |= {id(node)}
    if (reference := reference_in(node)) is not None:
        target = resolve_reference(root, reference)
        named = reference[1:2] not in ("", "/")  # an anchor, which says nothing of where it stands
        yield from _options(root, _found(root, target) if named else unquote(reference[1:]), target, passed)
        return
    choices = [key for key in ("anyOf", "oneOf", "allOf") if isinstance(node.get(key), list)]
    for key in choices:
        for index, below in enumerate(node[key]):
            yield from _options(root, f"{pointer}/{key}/{index}", below, passed)
    if not choices or "properties" in node or "type" in node:
        yield Option(pointer, node)


def _found(root: Node, target: Any) -> str:
    """The pointer of a part of a document, by its identity."""
    waiting: list[tuple[str, Any]] = [("", root)]
    while waiting:
        pointer, node = waiting.pop()
        if node is target:
            return pointer
        if isinstance(node, Mapping):
            waiting += [(pointer_under(pointer, key), below) for key, below in node.items()]
        elif isinstance(node, list):
            waiting += [(f"{pointer}/{index}", below) for index, below in enumerate(node)]
    return ""


def _is_null(node: Node) -> bool:
    kinds = node.get("type", ())
    listed = node.get("enum", [node.get("const", 0)])
    return "null" in ((kinds,) if isinstance(kinds, str) else kinds) or None in listed


def _only_null(node: Node) -> bool:
    return node.get("type") in ("null", ["null"]) or node.get("const", 0) is None


def pointer_of(schema: Any, path: str) -> str:
    """The JSON pointer of a place that ``relaxing`` names (``$.properties.tags.items``); names may hold dots.

    Args:
        schema: The document.
        path: The place, with ``$`` for the root.
    """
    return pointer_under("", *(_steps(schema, path.removeprefix("$")) or ()))


def _steps(node: Any, rest: str) -> list[str] | None:
    """The steps that spell ``rest``; None where no way through the document does."""
    if not rest:
        return []
    if isinstance(node, list):
        index, bracket, after = rest.removeprefix("[").partition("]")
        if not bracket or not index.isdecimal() or int(index) >= len(node):
            return None
        below = _steps(node[int(index)], after)
        return None if below is None else [index, *below]
    if isinstance(node, Mapping):
        for key in sorted((key for key in node if rest.startswith(f".{key}")), key=len, reverse=True):
            below = _steps(node[key], rest[len(key) + 1 :])
            if below is not None:
                return [key, *below]
    return None
