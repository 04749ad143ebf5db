"""Takes out of a schema what no finite value can follow: recursion without an end, and all that depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from extraction.bounds import ANY, either
from extraction.recursion import mentioned


def pruned(root: Any, definitions: Mapping[str, Any]) -> dict[str, Any] | None:
    """A schema with the definitions that it needs, without branches that never end; None where no value fits.

    A model would go down such a branch for ever: ``{"of": {"of": {"of": ...``.

    Args:
        root: The schema, of the form that ``relaxing`` makes.
        definitions: The definitions that it and they refer to.
    """
    finite = _finite_names(definitions)
    kept = {name: _cut(definitions[name], finite) for name in definitions if name in finite}
    whole = _cut(root, finite)
    if whole is False:
        return None
    needed, waiting = dict[str, Any](), [whole]
    while waiting:
        for name in mentioned(waiting.pop()):
            if name not in needed and name in kept:
                needed[name] = kept[name]
                waiting.append(kept[name])
    return {**whole, "$defs": needed} if needed else dict(whole)


def _finite_names(definitions: Mapping[str, Any]) -> set[str]:
    """The definitions that have a finite value: those that can be built from ones that are known to, again and again."""
    users: dict[str, set[str]] = {}
    for name, node in definitions.items():
        for used in mentioned(node):
            users.setdefault(used, set()).add(name)
    finite = set[str]()
    waiting = list(definitions)[::-1]
    while waiting:
        name = waiting.pop()
        if name not in finite and name in definitions and _is_finite(definitions[name], finite):
            finite.add(name)
            waiting += users.get(name, ())
    return finite


def _is_finite(node: Any, finite: set[str]) -> bool:
    if isinstance(node, bool):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return name in finite or name.startswith(ANY)
    if "anyOf" in node:
        return any(_is_finite(branch, finite) for branch in node["anyOf"])
    if node.get("type") == "object":
        properties = node.get("properties", {})
        return all(_is_finite(properties[name], finite) for name in node.get("required", ()))
    if node.get("type") == "array":
        first = node.get("prefixItems", [])
        needed = [*first[: node["minItems"]], *([node["items"]] if node["minItems"] > len(first) else [])]
        return all(_is_finite(item, finite) for item in needed)
    return True


def _cut(node: Any, finite: set[str]) -> Any:
    """The node without endless branches; False where nothing is left."""
    if isinstance(node, bool):
        return node
    if not _is_finite(node, finite):
        return False
    if "anyOf" in node:
        return either(_cut(branch, finite) for branch in node["anyOf"])
    result = dict(node)
    for keyword in ("properties", "patternProperties"):
        if keyword in node:
            result[keyword] = {name: _cut(below, finite) for name, below in node[keyword].items()}
    for keyword in ("items", "additionalProperties"):
        if keyword in node:
            result[keyword] = _cut(node[keyword], finite)
    if "prefixItems" in node:
        result["prefixItems"] = [_cut(below, finite) for below in node["prefixItems"]]
        if False in [item for item in result["prefixItems"] if isinstance(item, bool)]:
            stop = next(index for index, item in enumerate(result["prefixItems"]) if item is False)
            result |= {"prefixItems": result["prefixItems"][:stop], "items": False, "maxItems": stop}
    if node.get("type") == "array" and result["items"] is False:
        result["maxItems"] = min(node["maxItems"], len(result.get("prefixItems", ())))
    return result
