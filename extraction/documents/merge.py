"""One value of what several windows of a document say, by the rules of its schema.

Objects field by field; of lists all items in order; of anything else what most pages say. ``Merge`` says otherwise, and
``Key`` which items are one and the same. Whatever was decided between different values is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from extraction.documents.fields import Field
from extraction.documents.identity import identity
from extraction.documents.parts import Disagreement, Leaf, Node, Tree, is_empty, plain, read_tree, tree_of
from extraction.documents.result import Merged, Origin, Window
from extraction.documents.rows import Expected, joined
from extraction.schemas.merging import Key, Merge

_CHOOSING: Final = ("first", "last", "confident", "consensus")


def merge_windows(windows: Sequence[Window], schema: Mapping[str, Any]) -> Merged:
    """The value of a document, in JSON.

    Args:
        windows: What was read in each window, in order. One without data tells nothing, and no row is put together across
            it, for nobody knows what stands there.
        schema: The user's JSON schema of the whole, with its marks.

    Raises:
        SchemaError: A mark is written wrongly.
    """
    root = Field(schema, schema)
    told: list[Tree | None] = []
    for number, one in enumerate(windows):
        if one.data is not None:
            told.append(tree_of(one.data, root, number, one.pages, one.confidence))
        if one.data is None or one.error is not None:
            told.append(None)  # behind what is complete of a cut answer, too
    if all(tree is None for tree in told):
        return read_tree([] if root.kind == "list" else Node({}) if root.kind == "object" else Leaf(None))
    return read_tree(_merged(told, root))


def _merged(trees: Sequence[Tree | None], field: Field) -> Tree:
    """What becomes of one place; None stands for a window that tells nothing of it."""
    mark = field.mark(Merge)
    told = [tree for tree in trees if tree is not None]
    if mark is not None and mark.rule in _CHOOSING:
        return _chosen(told, field, mark.rule, declared=True)
    if field.kind == "object" and any(isinstance(tree, Node) for tree in told):
        return _object(trees, field)
    if field.kind == "list" and any(isinstance(tree, list) for tree in told):
        return _list(trees, field, distinct=field.unique if mark is None else mark.rule == "distinct")
    if mark is not None and field.kind == "text":
        return _lines(told, field, distinct=mark.rule == "distinct")
    return _chosen(told, field, "consensus", declared=False)


def _object(trees: Sequence[Tree | None], field: Field) -> Node:
    nodes = [tree if isinstance(tree, Node) else None for tree in trees]
    there = {name for node in nodes if node for name in node.parts}
    names = [name for name in field.names if name in there]
    names += [
        name for name in dict.fromkeys(name for node in nodes if node for name in node.parts) if name not in names
    ]
    parts = {
        name: _merged([None if node is None else node.parts.get(name, Leaf(None)) for node in nodes], field.below(name))
        for name in names
    }
    return Node(parts, joined=any(node.joined for node in nodes if node))


# --- lists -----------------------------------------------------------------------------------------------------------


def _list(trees: Sequence[Tree | None], field: Field, *, distinct: bool) -> list[Tree]:
    """The items of all windows in order, those that a page's end cuts put together."""
    lists = [tree for tree in trees if isinstance(tree, list) and tree]
    expected = Expected.of(field.item, lists)
    items: list[Tree] = []
    at_ends: set[int] = set()  # places of the last items before pages' ends, and of the first ones behind them
    unknown = False  # whether a window since the last item tells nothing, so that something may stand between
    for tree in trees:
        unknown = unknown or tree is None
        if not isinstance(tree, list) or not tree:
            continue
        first, *others = tree
        last = len(items) - 1
        whole = joined(items[-1], first, field.item, expected) if items and not unknown else None
        if whole is None:
            items.append(first)
        else:
            items[-1] = whole
        if last >= 0:
            at_ends |= {last, len(items) - 1}
        items += others
        unknown = False
    for one in (items[at] for at in at_ends):
        if isinstance(one, Node) and not is_empty(one) and expected.lacking(one):
            one.loose = True
    if (key := field.mark(Key)) is not None:
        items = _by_key(items, field.item, key)
    return _different(items, field.item) if distinct else items


def _by_key(items: Sequence[Tree], item: Field, key: Key) -> list[Tree]:
    """The items, those of one key as one; an item that lacks a part of its key stays alone."""
    groups: dict[Any, list[Tree]] = {}
    for number, one in enumerate(items):
        parts = one.parts if isinstance(one, Node) else {}
        there = {name: plain(parts[name]) for name in key.fields if name in parts and not is_empty(parts[name])}
        told = tuple(identity(value, item.below(name)) for name, value in there.items())
        groups.setdefault(told if len(told) == len(key.fields) else number, []).append(one)
    return [group[0] if len(group) == 1 else _merged(group, item) for group in groups.values()]


def _different(items: Sequence[Tree], item: Field) -> list[Tree]:
    first: dict[str, Tree] = {}
    for one in items:
        first.setdefault(identity(plain(one), item), one)
    return list(first.values())


# --- values ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Told:
    """One of the different values of a field, and the leaves that say it."""

    leaf: Leaf
    count: int
    confidence: float
    pages: tuple[int, ...]


def _chosen(trees: Sequence[Tree], field: Field, rule: str, *, declared: bool) -> Tree:
    """One of several values as it is, by a rule; what the others say is kept with it."""
    there = [tree for tree in trees if not is_empty(tree)]
    if not there:
        return next((tree for tree in trees if isinstance(tree, Leaf) and tree.value == ""), Leaf(None))
    groups: dict[str, list[Tree]] = {}
    for tree in there:
        groups.setdefault(identity(plain(tree), field), []).append(tree)
    told = {name: _told(group) for name, group in groups.items()}
    if rule == "first":
        best = identity(plain(there[0]), field)
    elif rule == "last":
        best = identity(plain(there[-1]), field)
    elif rule == "confident":
        best = max(told, key=lambda name: told[name].confidence)  # the first of equals
    else:
        best = max(told, key=lambda name: (told[name].count, told[name].confidence))
    if not isinstance(groups[best][0], Leaf):
        return groups[best][0]  # a list or an object that is taken as a whole keeps its own origins
    if len(told) == 1:
        return told[best].leaf
    most = sorted(told.values(), key=lambda one: -one.count)
    return replace(
        told[best].leaf,
        disagreement=Disagreement(rule, declared, tuple((one.leaf.value, one.pages) for one in most)),
    )


def _told(group: Sequence[Tree]) -> _Told:
    found = [tree for tree in group if isinstance(tree, Leaf)]
    if not found:
        return _Told(Leaf(plain(group[0])), len(group), 0.0, ())
    origins: tuple[Origin, ...] = tuple(origin for leaf in found for origin in leaf.origins)
    sure = [leaf.confidence for leaf in found if leaf.confidence is not None]
    pages = tuple(sorted({page for origin in origins for page in origin.pages}))
    best = max(sure, default=None)
    return _Told(Leaf(found[0].value, origins, best), len(found), best or 0.0, pages)


def _lines(trees: Sequence[Tree], field: Field, *, distinct: bool) -> Leaf:
    """Texts as the lines of one."""
    told: list[Tree] = [tree for tree in trees if isinstance(tree, Leaf) and not is_empty(tree)]
    found = [leaf for leaf in (_different(told, field) if distinct else told) if isinstance(leaf, Leaf)]
    sure = [leaf.confidence for leaf in found if leaf.confidence is not None]
    text = "\n".join(str(leaf.value) for leaf in found) if found else None
    origins = tuple(origin for leaf in found for origin in leaf.origins)
    return Leaf(text, origins, min(sure) if sure else None)
