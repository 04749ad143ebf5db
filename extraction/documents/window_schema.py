"""What is asked of some pages of a document: the user's schema, of which any page may lack anything.

A total that is required would be invented on every page that does not show it. Here every field may be null, and lists
may be empty; what the document as a whole must have is checked at its end, against the user's own schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from extraction.documents.fields import Field, accepts_null, is_list
from extraction.places import GEOMETRY
from extraction.schemas.markers import MARKER_KEY
from extraction.schemas.merging import MARK_KEYS

_NAMED_BELOW: Final = ("patternProperties", "dependentSchemas", "$defs", "definitions")
_DATA: Final = ("default", "examples", "enum", "const", "not", "required", "dependentRequired")
_OF_WHOLE_LISTS: Final = frozenset({"minItems", "contains", "minContains", "maxContains", "uniqueItems"})
_ABOUT: Final = (
    *("$schema", "$defs", "definitions"),
    *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
)


def window_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of what is on some pages of a document.

    Every field may be null, unless it is a list, which may be empty, or a constant. Keys that were required still are, so
    that a model says of each that it is not there. Items of lists that must have a box stay as they are: such a thing is
    on a page, or not. Marks of merging are gone: they are about the whole document.

    Args:
        schema: The JSON schema of the whole document's value.

    Raises:
        SchemaError: A reference leads nowhere.
    """
    relaxer = _Relaxer(schema)
    relaxed: dict[str, Any] = relaxer.relaxed(schema)
    if Field(schema, schema).kind not in ("object", "list"):
        relaxed = relaxer.optional(relaxed, schema)
    return relaxed


class _Relaxer:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        items = (Field(root, node["items"]) for node in _mappings(root) if isinstance(node.get("items"), Mapping))
        self._things = {id(node) for item in items if _has_place(item) for node in item.nodes}

    def relaxed(self, node: Any) -> Any:
        """A schema whose fields may be absent."""
        if isinstance(node, list):
            return [self.relaxed(one) for one in node]
        if not isinstance(node, Mapping) or MARKER_KEY in node:
            return node
        grows, is_thing = is_list(node, self._root), id(node) in self._things
        result: dict[str, Any] = {}
        for key, value in node.items():
            if key in MARK_KEYS or key == "minProperties" or (grows and key in _OF_WHOLE_LISTS):
                continue
            if key in _DATA:
                result[key] = value
            elif key == "properties":
                parts = {name: (self.relaxed(part), part) for name, part in value.items()}
                result[key] = {
                    name: relaxed if is_thing else self.optional(relaxed, part)
                    for name, (relaxed, part) in parts.items()
                }
            elif key in _NAMED_BELOW and isinstance(value, Mapping):
                result[key] = {name: self.relaxed(part) for name, part in value.items()}
            elif key == "oneOf" and "anyOf" not in node:  # with everything optional, several may fit
                result["anyOf"] = self.relaxed(value)
            elif key != "discriminator":
                result[key] = self.relaxed(value)
        return result

    def optional(self, relaxed: Any, node: Any) -> Any:
        """A field that may be null, in the form in which Pydantic writes it.

        Args:
            relaxed: The field as ``relaxed`` gives it.
            node: What it was.
        """
        if not isinstance(node, Mapping) or "const" in node or is_list(node, self._root):
            return relaxed
        if accepts_null(node, self._root):
            return relaxed
        about = {key: relaxed[key] for key in _ABOUT if key in relaxed and MARKER_KEY not in relaxed}
        own = {key: value for key, value in relaxed.items() if key not in about}
        branches = own["anyOf"] if set(own) == {"anyOf"} else [own]
        return {"anyOf": [*branches, {"type": "null"}], **about}


def _mappings(node: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _has_place(field: Field) -> bool:
    """Whether it is an object that must have a box, a point or a polygon."""
    return any(field.below(name).marker in GEOMETRY for name in field.needed)
