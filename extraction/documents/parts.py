"""A window's answer as a tree whose leaves know where they come from, and the way back to plain JSON.

{"total": 12.5}  of window 3   ->   {"total": Leaf(12.5, (Origin(3, (4,), "/total"),))}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from extraction.confidence import Confidence
from extraction.documents.fields import Field
from extraction.documents.result import Conflict, Merged, Origin, Provenance
from extraction.places import Path
from extraction.schemas.pointers import pointer


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Different values of one field, as they are found while it is not known yet where the field will stand."""

    rule: str
    declared: bool
    values: tuple[tuple[Any, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that comes whole.

    Attributes:
        value: As JSON.
        origins: Where it was read; several where several pages say the same, or where pages said it in pieces.
        confidence: How sure the model was; None where it does not tell.
        disagreement: What other pages say instead.
    """

    value: Any
    origins: tuple[Origin, ...] = ()
    confidence: float | None = None
    disagreement: Disagreement | None = None


@dataclass(slots=True)
class Node:
    """An object.

    Attributes:
        parts: Its fields.
        joined: Whether a page's end cut it and it was put together.
        loose: Whether it stands at a page's end and lacks what nearly all others have.
    """

    parts: dict[str, Tree]
    joined: bool = False
    loose: bool = False


Tree: TypeAlias = "Leaf | Node | list[Tree]"


def tree_of(data: Any, schema: Field, window: int, pages: tuple[int, ...], confidence: Confidence | None) -> Tree:
    """A window's answer as a tree.

    Args:
        data: The answer as JSON.
        schema: What the user's schema says of it.
        window: Its number, counted from 0.
        pages: The pages that it shows.
        confidence: How sure the model was.
    """

    def below(value: Any, field: Field, path: Path) -> Tree:
        if isinstance(value, dict) and field.kind == "object":
            return Node({name: below(part, field.below(name), (*path, name)) for name, part in value.items()})
        if isinstance(value, list) and field.kind == "list":
            return [below(part, field.item, (*path, index)) for index, part in enumerate(value)]
        at = pointer(path)
        sure = None if confidence is None or value is None else _confidence_at(confidence, at)
        return Leaf(value, (Origin(window, pages, at),), sure)

    return below(data, schema, ())


def _confidence_at(confidence: Confidence, at: str) -> float | None:
    try:
        return confidence[at]
    except KeyError:
        inside = [share for name, share in confidence.leaves.items() if name.startswith(f"{at}/")]
        return min(inside, default=None)


def is_empty(tree: Tree) -> bool:
    """Whether nothing is told: null, an empty text, an empty list, an object of such."""
    if isinstance(tree, Leaf):
        return tree.value is None or (isinstance(tree.value, str) and not tree.value.strip())
    return all(map(is_empty, tree.parts.values() if isinstance(tree, Node) else tree))


def leaves(tree: Tree) -> Iterator[Leaf]:
    """The leaves of a tree, in order."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for part in tree.parts.values() if isinstance(tree, Node) else tree:
            yield from leaves(part)


def plain(tree: Tree) -> Any:
    """A tree as JSON."""
    if isinstance(tree, Leaf):
        return tree.value
    if isinstance(tree, Node):
        return {name: plain(part) for name, part in tree.parts.items()}
    return [plain(part) for part in tree]


@dataclass(slots=True)
class _Reading:
    """What is collected on the way through a tree."""

    pages: dict[str, tuple[int, ...]] = field(default_factory=dict)
    origins: dict[str, tuple[Origin, ...]] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    sure: dict[str, float] = field(default_factory=dict)
    boxes: dict[str, float] = field(default_factory=dict)

    def walk(self, tree: Tree, path: Path) -> tuple[Any, frozenset[int]]:
        """The JSON of a tree and the pages that it comes from."""
        at = pointer(path)
        if isinstance(tree, Leaf):
            pages = frozenset(page for origin in tree.origins for page in origin.pages)
            self._note(tree, at)
            value = tree.value
        elif isinstance(tree, Node):
            found = {name: self.walk(part, (*path, name)) for name, part in tree.parts.items()}
            value = {name: part for name, (part, _) in found.items()}
            pages = frozenset().union(*(pages for _, pages in found.values()))
            if tree.joined:
                self.joined.append(at)
            if tree.loose:
                self.loose.append(at)
        else:
            items = [self.walk(part, (*path, index)) for index, part in enumerate(tree)]
            value = [part for part, _ in items]
            pages = frozenset().union(*(pages for _, pages in items))
        if pages:
            self.pages[at] = tuple(sorted(pages))
        return value, pages

    def _note(self, leaf: Leaf, at: str) -> None:
        if leaf.value is None and leaf.disagreement is None:
            return
        self.origins[at] = leaf.origins
        if leaf.confidence is not None:
            (self.boxes if isinstance(leaf.value, (list, dict)) else self.sure)[at] = leaf.confidence
        if (other := leaf.disagreement) is not None:
            self.conflicts.append(Conflict(at, leaf.value, other.values, other.rule, other.declared))


def read_tree(tree: Tree) -> Merged:
    """A tree as JSON, with where each part of it comes from, what pages disagree about, and what was put together."""
    reading = _Reading()
    data, _ = reading.walk(tree, ())
    sure = Confidence(reading.sure, reading.boxes) if reading.sure or reading.boxes else None
    provenance = Provenance(reading.pages, reading.origins)
    return Merged(data, provenance, tuple(reading.conflicts), tuple(reading.joined), tuple(reading.loose), sure)


def without_nulls(data: Any, field: Field) -> Any:
    """JSON without the fields that are null where the user's schema knows no null, so that their defaults hold."""
    if isinstance(data, Mapping) and field.kind == "object":
        told = {name: (value, field.below(name)) for name, value in data.items()}
        return {
            name: without_nulls(value, part)
            for name, (value, part) in told.items()
            if value is not None or part.nullable
        }
    if isinstance(data, list) and field.kind == "list":
        return [without_nulls(value, field.item) for value in data]
    return data
