"""Where the references inside a JSON schema lead: pointers, anchors and embedded ``$id``, never another document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from extraction.errors import SchemaError
from extraction.merging import Part
from extraction.schemas.pointers import steps_of

_ONE_BELOW = (
    *("items", "additionalItems", "contains", "unevaluatedItems", "additionalProperties", "unevaluatedProperties"),
    *("propertyNames", "not", "if", "then", "else"),
)
_LISTS_BELOW = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_NAMED_BELOW = ("properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions")


class References:
    """The places of one document that references can lead to."""

    def __init__(self, schema: Any) -> None:
        """Reads a document.

        Args:
            schema: The JSON schema, which must not change any more.
        """
        self._bases: dict[int, str] = {}
        self._named: dict[str, Part] = {"": Part(schema, "$")}
        self._dynamic: dict[str, list[Part]] = {}
        for part, base in _subschemas(schema):
            self._bases[id(part.node)] = base
            node = part.node
            if isinstance(node.get("$id"), str) and not node["$id"].startswith("#"):
                self._named.setdefault(base, part)
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(keyword), str):
                    self._named.setdefault(f"{base}#{node[keyword]}", part)
            if isinstance(node.get("$id"), str) and node["$id"].startswith("#"):  # an anchor, in draft 7
                self._named.setdefault(f"{base}{node['$id']}", part)
            if isinstance(node.get("$dynamicAnchor"), str):
                self._dynamic.setdefault(node["$dynamicAnchor"], []).append(part)

    def target(self, part: Part) -> Part | None:
        """What a schema refers to; None where it makes no reference.

        Raises:
            SchemaError: It leads to another document, or nowhere.
        """
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            reference = part.read(keyword, str) if keyword in part.node else None
            if reference is not None:
                return self._dynamic_target(reference) or self._found(part, reference)
        return None

    def is_ambiguous(self, part: Part) -> bool:
        """Whether a dynamic reference can lead to several places."""
        reference = part.node.get("$dynamicRef")
        return isinstance(reference, str) and len(self._dynamic.get(reference.rpartition("#")[2], ())) > 1

    def _dynamic_target(self, reference: str) -> Part | None:
        dynamic = self._dynamic.get(reference[1:], ()) if reference.startswith("#") else ()
        return dynamic[0] if len(dynamic) == 1 else None

    def _found(self, part: Part, reference: str) -> Part:
        base = self._bases.get(id(part.node), "")
        whole = f"{base}{reference}" if reference.startswith("#") else urljoin(base, reference)
        document, fragment = urldefrag(whole)
        fragment = unquote(fragment)
        start = self._named.get(document)
        if start is None:
            raise SchemaError(
                f"{reference!r:.120} at {part.path} refers to another document",
                hint="copy what it needs under $defs; nothing is fetched",
            )
        found = (
            self._named.get(f"{document}#{fragment}") if fragment and fragment[0] != "/" else _walked(start, fragment)
        )
        if found is None or not isinstance(found.node, (dict, bool)):
            raise SchemaError(f"$ref {reference!r:.120} at {part.path} leads nowhere", hint="is it misspelt?")
        return found


def _walked(part: Part, pointer: str) -> Part | None:
    for step in steps_of(pointer):
        key: str | int = step
        if isinstance(part.node, list):
            if not str(key).isdecimal() or int(key) >= len(part.node):
                return None
            key = int(key)
        elif not isinstance(part.node, dict) or key not in part.node:
            return None
        part = part.at(key)
    return part


def _subschemas(schema: Any) -> Iterator[tuple[Part, str]]:
    """Every schema of a document with the base of its references."""
    waiting = [(Part(schema, "$"), "")]
    while waiting:
        part, base = waiting.pop()
        node = part.node
        if not isinstance(node, dict):
            continue
        if isinstance(node.get("$id"), str) and not node["$id"].startswith("#"):
            base = urldefrag(urljoin(base, node["$id"]))[0]
        yield part, base
        below = [part.at(key) for key in _ONE_BELOW if key in node]
        below += [
            part.at(key, index)
            for key in _LISTS_BELOW
            if isinstance(node.get(key), list)
            for index in range(len(node[key]))
        ]
        below += [part.at(key, name) for key in _NAMED_BELOW if isinstance(node.get(key), dict) for name in node[key]]
        waiting += [(one, base) for one in below]
