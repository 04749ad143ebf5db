"""An end for what holds itself: the definitions of a recursive schema, one copy for each level of nesting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from extraction.bounds import DEEPEST

MAX_COPIES: Final = 1000
"""Most definitions that are made of those that hold themselves; of very many there are fewer levels."""
_DATA: Final = ("enum", "required")
_NAMED: Final = ("properties", "patternProperties")


def levelled(root: Any, definitions: Mapping[str, Any], depth: int) -> tuple[Any, dict[str, Any]]:
    """A schema whose values hold themselves at most so many times, with its definitions.

    A definition of the deepest level is marked (``DEEPEST``).

    Args:
        root: The schema, of the form that ``relaxing`` makes.
        definitions: The definitions that it and they refer to.
        depth: How often a value may hold one of its own kind.
    """
    circles = _circles(definitions)
    if not circles:
        return root, dict(definitions)
    levels = _Levels(root, definitions, circles, max(1, min(depth, MAX_COPIES // len(circles))))
    return levels.whole, levels.definitions


class _Levels:
    """Makes the copies of definitions that hold themselves.

    Attributes:
        whole: The schema, which refers to them.
        definitions: The copies, and the definitions that need none.
    """

    def __init__(self, root: Any, definitions: Mapping[str, Any], circles: Mapping[str, str], depth: int) -> None:
        self._depth = depth
        self._given = definitions
        self._circles = circles
        reached = _finished({"": _in_order(root), **{name: _in_order(node) for name, node in definitions.items()}})
        # A level deeper is what holds others, so that a choice at the deepest level keeps what holds none.
        self._order = {name: (not _holds(definitions.get(name)), -number) for number, name in enumerate(reached)}
        self._first = {circles[name]: -1 for name in circles if _holds(definitions[name])}
        self._waiting: list[tuple[str, int]] = []
        self.definitions: dict[str, Any] = {}
        self.whole = self._copied(root, "", 0)
        while self._waiting:
            name, level = self._waiting.pop()
            node = self._copied(definitions[name], name, level)
            if name in circles and level == depth and isinstance(node, dict):
                node = {**node, DEEPEST: True}
            self.definitions[self._name(name, level)] = node

    def _name(self, name: str, level: int) -> str:
        return f"{name}-{level}" if name in self._circles else name

    def _target(self, name: str, source: str, level: int) -> str | None:
        """The copy that a reference leads to; None where that would be too deep."""
        if name not in self._circles:
            level = 0
        elif self._circles.get(source) == self._circles[name]:
            level += self._order[name] <= self._order[source]
        else:
            level = 0 if _holds(self._given[name]) else self._first.get(self._circles[name], 0)
        if level > self._depth:
            return None
        copy = self._name(name, level)
        if name in self._given and copy not in self.definitions:
            self.definitions[copy] = True  # on its way
            self._waiting.append((name, level))
        return copy

    def _copied(self, node: Any, source: str, level: int) -> Any:
        if isinstance(node, list):
            return [self._copied(one, source, level) for one in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            copy = self._target(_referred(node), source, level)
            return False if copy is None else {**node, "$ref": f"#/$defs/{copy}"}
        result = dict(node)
        for key, value in node.items():
            if key in _NAMED:
                result[key] = {name: self._copied(one, source, level) for name, one in value.items()}
            elif key not in _DATA:
                result[key] = self._copied(value, source, level)
        return result


def _holds(node: Any) -> bool:
    """Whether a definition is one of objects or lists, and not of a choice among others."""
    return isinstance(node, dict) and node.get("type") in ("object", "array")


def _circles(definitions: Mapping[str, Any]) -> dict[str, str]:
    """The definitions that hold themselves, each with the name of the circle that it is in (Kosaraju's algorithm)."""
    uses = {name: [one for one in mentioned(node) if one in definitions] for name, node in definitions.items()}
    used_by: dict[str, list[str]] = {name: [] for name in definitions}
    for name, others in uses.items():
        for one in others:
            used_by[one].append(name)
    circle: dict[str, str] = {}
    for name in reversed(_finished(uses)):
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one not in circle:
                circle[one] = name
                waiting += used_by[one]
    sizes = Counter(circle.values())
    return {name: first for name, first in circle.items() if sizes[first] > 1 or name in uses[name]}


def _finished(uses: Mapping[str, Sequence[str]]) -> list[str]:
    """All names, each behind those that are first reached from it."""
    order: list[str] = []
    passed = set[str]()
    for start in uses:
        waiting = [(start, False)]
        while waiting:
            name, done = waiting.pop()
            if done:
                order.append(name)
            elif name not in passed and name in uses:
                passed.add(name)
                waiting += [(name, True), *((one, False) for one in uses[name])]
    return order


def mentioned(node: Any) -> set[str]:
    """The names of the definitions that a schema refers to itself."""
    return set(_in_order(node))


def _in_order(node: Any) -> list[str]:
    names: dict[str, None] = {}
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("$ref"), str):
                names[_referred(one)] = None
            waiting += [below for keyword, below in one.items() if keyword != "enum"][::-1]
        elif isinstance(one, list):
            waiting += one[::-1]
    return list(names)


def _referred(node: Mapping[str, Any]) -> str:
    return str(node["$ref"].rpartition("/")[2])
