"""What is asked of some pages of a document: the user's schema, of which any page may lack anything.

A total that is required would be invented on every page that does not show it. Here every field may be null, and lists
may be empty; what the document as a whole must have is checked at its end, against the user's own schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from extraction.documents.fields import accepts_null, is_list
from extraction.schemas.markers import MARKER_KEY
from extraction.schemas.merging import MARK_KEYS

_NAMED_BELOW: Final = ("patternProperties", "dependentSchemas", "$defs", "definitions")
_DATA: Final = ("default", "examples", "enum", "const", "not", "required", "dependentRequired")
_OF_WHOLE_LISTS: Final = frozenset({"minItems", "contains", "minContains", "maxContains", "uniqueItems"})
_ABOUT: Final = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")


def window_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of what is on some pages of a document.

    Every field may be null, unless it is a list, which may be empty, or a constant. Keys that were required still are, so
    that a model says of each that it is not there. Marks of merging are gone: they are about the whole document.

    Args:
        schema: The JSON schema of the whole document's value.

    Raises:
        SchemaError: A reference leads nowhere.
    """
    relaxed: dict[str, Any] = _relaxed(schema, schema)
    kinds = relaxed.get("type")
    return relaxed if kinds in ("object", "array") or "properties" in relaxed else _optional(relaxed, schema, schema)


def _relaxed(node: Any, root: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_relaxed(one, root) for one in node]
    if not isinstance(node, Mapping) or MARKER_KEY in node:
        return node
    grows = is_list(node, root)
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key in MARK_KEYS or key == "minProperties" or (grows and key in _OF_WHOLE_LISTS):
            continue
        if key in _DATA:
            result[key] = value
        elif key == "properties":
            result[key] = {name: _optional(_relaxed(part, root), part, root) for name, part in value.items()}
        elif key in _NAMED_BELOW and isinstance(value, Mapping):
            result[key] = {name: _relaxed(part, root) for name, part in value.items()}
        elif key == "oneOf" and "anyOf" not in node:  # with everything optional, several may fit
            result["anyOf"] = _relaxed(value, root)
        elif key != "discriminator":
            result[key] = _relaxed(value, root)
    return result


def _optional(relaxed: Any, node: Any, root: Mapping[str, Any]) -> Any:
    """A field that may be null, in the form in which Pydantic writes it."""
    if not isinstance(node, Mapping) or "const" in node or is_list(node, root) or accepts_null(node, root):
        return relaxed
    about = {key: relaxed[key] for key in _ABOUT if key in relaxed and MARKER_KEY not in relaxed}
    own = {key: value for key, value in relaxed.items() if key not in about}
    if set(own) == {"anyOf"}:
        return {"anyOf": [*own["anyOf"], {"type": "null"}], **about}
    return {"anyOf": [own, {"type": "null"}], **about}
