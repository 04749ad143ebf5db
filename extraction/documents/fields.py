"""What a JSON schema says of a place in a document's value: its kind, its marks, and what is below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias, TypeVar

from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY
from extraction.schemas.merging import marks_of

Kind: TypeAlias = Literal["object", "list", "text", "value"]
"""``text`` is free text, which can go on on the next page; ``value`` is all that comes whole: numbers, dates, choices,
boxes, lists of a fixed length, unions."""

M = TypeVar("M")
_DIGITS: Final = "^(?!^[-+.]*$)"
"""How Pydantic's pattern of a Decimal begins."""
_CLOSED_TEXT: Final = ("format", "enum", "const", "pattern", "contentEncoding")


@dataclass(frozen=True)
class Field:
    """One place of a schema.

    Attributes:
        root: The whole JSON schema.
        node: What it says of this place, references and null not yet followed.
    """

    root: Mapping[str, Any] = field(repr=False)
    node: Any
    _below: dict[str, Field] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def nodes(self) -> list[Mapping[str, Any]]:
        """All that is said of the place: the node, and what its references, its null and its allOf lead to."""
        return list(_followed(self.node, self.root))

    @cached_property
    def _plain(self) -> Mapping[str, Any]:
        return self.nodes[-1] if self.nodes else {}

    @cached_property
    def kind(self) -> Kind:
        """What kind of value stands there."""
        if any(MARKER_KEY in node for node in self.nodes):
            return "value"
        if any(is_list(node, self.root) for node in self.nodes):
            return "list"
        if any("properties" in node or _is_of(node, "object") for node in self.nodes):
            return "object"
        plain = self._plain
        return "text" if _is_of(plain, "string") and not any(key in plain for key in _CLOSED_TEXT) else "value"

    @property
    def marker(self) -> str | None:
        """What kind of place it is ("box" ...); None where it is none."""
        return next((node[MARKER_KEY] for node in self.nodes if MARKER_KEY in node), None)

    def mark(self, kind: type[M]) -> M | None:
        """The mark of a kind; the outermost where there are several.

        Raises:
            SchemaError: It is written wrongly.
        """
        for node in self.nodes:
            for mark in marks_of(node):
                if isinstance(mark, kind):
                    return mark
        return None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of an object's fields, in order."""
        return tuple(dict.fromkeys(name for node in self.nodes for name in node.get("properties", ())))

    @cached_property
    def needed(self) -> frozenset[str]:
        """The fields that an object must have, and that cannot be null."""
        required = {name for node in self.nodes for name in node.get("required", ())}
        return frozenset(name for name in required if not self.below(name).nullable)

    @cached_property
    def nullable(self) -> bool:
        """Whether null may stand here."""
        return accepts_null(self.node, self.root)

    @cached_property
    def numeric(self) -> bool:
        """Whether a number may stand here, or its digits as text, which is how Pydantic writes a Decimal."""
        waiting, passed = [self.node], set[int]()
        while waiting:
            for node in _followed(waiting.pop(), self.root):
                if id(node) in passed:
                    continue
                passed.add(id(node))
                told = node.get("type", ())
                digits = node.get("format") == "decimal" or str(node.get("pattern", "")).startswith(_DIGITS)
                if digits or {"number", "integer"} & set([told] if isinstance(told, str) else told):
                    return True
                waiting += [one for key in ("anyOf", "oneOf") for one in node.get(key, ())]
        return False

    @property
    def unique(self) -> bool:
        """Whether the items of a list must differ: it is a set."""
        return any(node.get("uniqueItems") is True for node in self.nodes)

    def below(self, name: str) -> Field:
        """A field of an object."""
        if name not in self._below:
            found = (node["properties"][name] for node in self.nodes if name in node.get("properties", ()))
            self._below[name] = Field(self.root, next(found, self._plain.get("additionalProperties", True)))
        return self._below[name]

    @cached_property
    def item(self) -> Field:
        """An item of a list."""
        for node in self.nodes:
            if isinstance(node.get("items"), Mapping):
                return Field(self.root, node["items"])
        return Field(self.root, True)


def _followed(node: Any, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node and what it leads to as long as that is one thing: references, the one branch beside null, allOf."""
    waiting, passed = [node], set[int]()
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, Mapping) or id(node) in passed:
            continue
        passed.add(id(node))
        yield node
        if MARKER_KEY in node:
            continue
        if (reference := reference_in(node)) is not None:
            waiting.append(resolve_reference(root, reference))
        waiting += node.get("allOf", ())
        for key in ("anyOf", "oneOf"):
            branches = [one for one in node.get(key, ()) if not _is_null(one)]
            if len(branches) == 1:
                waiting.append(branches[0])


def _is_of(node: Mapping[str, Any], kind: str) -> bool:
    """Whether a schema is that of one type, or of it and null: ``["array", "null"]``."""
    told = node.get("type")
    if told is None:  # what is said of items is said of a list
        return kind == "array" and isinstance(node.get("items"), Mapping)
    return set(told) - {"null"} == {kind} if isinstance(told, list) else told == kind


def _is_null(node: Any) -> bool:
    return isinstance(node, Mapping) and node.get("type") == "null"


def is_list(node: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """Whether a schema is that of a list which grows from page to page: not of a box, not of a fixed number of items."""
    node = next((one for one in _followed(node, root) if _is_of(one, "array")), {})
    fixed = "prefixItems" in node or ("minItems" in node and node.get("minItems") == node.get("maxItems"))
    return bool(node) and not fixed and MARKER_KEY not in node


def accepts_null(node: Any, root: Mapping[str, Any], passed: tuple[int, ...] = ()) -> bool:
    """Whether null is a value of a schema, as far as its form tells.

    Raises:
        SchemaError: A reference leads nowhere.
    """
    if not isinstance(node, Mapping):
        return node is not False
    if id(node) in passed:
        return True
    passed = (*passed, id(node))
    kinds = node.get("type", "null")
    if kinds != "null" and "null" not in kinds:
        return False
    if ("enum" in node and None not in node["enum"]) or ("const" in node and node["const"] is not None):
        return False
    if (reference := reference_in(node)) is not None and not accepts_null(
        resolve_reference(root, reference), root, passed
    ):
        return False
    if not all(accepts_null(one, root, passed) for one in node.get("allOf", ())):
        return False
    return all(any(accepts_null(one, root, passed) for one in node[key]) for key in ("anyOf", "oneOf") if node.get(key))
