"""The places of a value that is still being written: which of them grow, which come whole, and what checks each.

An object grows by its fields and a list by its items. What stands in a list or under a free key comes whole, and so
does whatever says something of itself only as a whole: a union, a class with a validator of its own, a box.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic_core import SchemaValidator, core_schema

from extraction.partials import growing_class, growing_instance
from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY
from extraction.validation import Validator
from extraction.written_numbers import decimals_as_text, plain_numbers

Kind = Literal["whole", "object", "mapping", "list"]

_STRUCTURE: Final = frozenset(
    ("properties", "items", "additionalProperties", "anyOf", "oneOf", "allOf", "not", "if", "then", "else")
)
_ENTANGLED: Final = frozenset(
    [
        *("oneOf", "allOf", "not", "if", "then", "else", "dependentSchemas", "patternProperties", "prefixItems"),
        *("additionalItems", "unevaluatedProperties", "unevaluatedItems", "enum", "const"),
    ]
)
"""Keywords by which a place is more than its fields or its items."""
_MAX_REFERENCES: Final = 100


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a growing object: the name that its value has there, and its place."""

    name: str
    position: Position


class Position:
    """A place of a value.

    Attributes:
        form: Its JSON schema, part of the whole one.
        kind: How it grows.
    """

    form: Any
    kind: Kind = "whole"

    def field(self, key: str) -> Field | None:
        """The field of an object, by its key in JSON; None for one that only the whole value can tell about."""
        raise NotImplementedError

    def item(self) -> Position:
        """The place of a list's items, or of a mapping's values."""
        raise NotImplementedError

    def so_far(self, parts: Any) -> Any:
        """What is there of a growing value, as an object of its own.

        Args:
            parts: A dict of the fields or a list of the items that are complete.
        """
        return list(parts) if self.kind == "list" else dict(parts)

    def value(self, data: Any) -> Any:
        """The value of a JSON value that is complete, boxes in pixels.

        Raises:
            ValueError: It does not fit.
        """
        raise NotImplementedError


class Outline:
    """The places of a value, worked out when they are first asked for."""

    def __init__(self, target: Any, schema: Mapping[str, Any], validator: Validator) -> None:
        """Notes what is wanted.

        Args:
            target: What is wanted.
            schema: Its JSON schema.
            validator: Its validator.
        """
        self._wanted = (target, schema, validator)

    def __reduce__(self) -> tuple[type[Outline], tuple[Any, Mapping[str, Any], Validator]]:
        return Outline, self._wanted

    @cached_property
    def root(self) -> Position:
        """The place of the whole value."""
        return _root_position(*self._wanted)


def _root_position(target: Any, schema: Mapping[str, Any], validator: Validator) -> Position:
    forms = _Forms(schema)
    if isinstance(target, Mapping):
        return _PlainPosition(forms, schema, validator.validate_part)
    if hasattr(target, "parse_obj") and not hasattr(target, "model_validate"):  # pydantic.v1 has no schema to follow
        return _WholePosition(schema)
    adapter: TypeAdapter[Any] = TypeAdapter(target)
    core: Any = adapter.core_schema
    types = _Types({}, forms)
    typed = _TypedPosition(types, types.enter(core), schema, None)
    # What checks itself as a whole says nothing of its parts before its end; until then they are only JSON.
    return typed if typed.kind != "whole" else _PlainPosition(forms, schema, lambda data, _: plain_numbers(data))


class _WholePosition(Position):
    def __init__(self, form: Any) -> None:
        self.form = form


class _Forms:
    """Parts of a JSON schema, references followed."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def plain(self, form: Any) -> Mapping[str, Any]:
        """What a part says of the fields or items of a value that is not null; nothing where it says more than that."""
        for _ in range(_MAX_REFERENCES):
            if not isinstance(form, Mapping) or MARKER_KEY in form:
                return {}
            beside = _STRUCTURE.intersection(form)
            if (reference := reference_in(form)) is not None:
                form = {} if beside else resolve_reference(self._root, reference)
            elif "anyOf" in form:
                others = [branch for branch in form["anyOf"] if branch != {"type": "null"}]
                form = others[0] if len(others) == 1 and beside == {"anyOf"} else {}
            else:
                return {} if _ENTANGLED.intersection(form) else form
        return {}

    def kind(self, form: Any) -> Kind:
        """How a value of this form grows, as far as the form tells."""
        plain = self.plain(form)
        if isinstance(plain.get("properties"), Mapping):
            return "object"
        if isinstance(plain.get("additionalProperties"), Mapping):
            return "mapping"
        return "list" if isinstance(plain.get("items"), Mapping) else "whole"

    def below(self, form: Any) -> Any:
        """The form of a list's items, or of a mapping's values."""
        plain = self.plain(form)
        return plain["items"] if "items" in plain else plain["additionalProperties"]


class _PlainPosition(Position):
    """A place whose values are JSON, as they stand."""

    def __init__(self, forms: _Forms, form: Any, check: Callable[[Any, Any], Any]) -> None:
        self.form = form
        self.kind = forms.kind(form)
        self._forms = forms
        self._check = check

    def field(self, key: str) -> Field | None:
        properties = self._forms.plain(self.form)["properties"]
        return Field(key, _PlainPosition(self._forms, properties[key], self._check)) if key in properties else None

    def item(self) -> Position:
        return _PlainPosition(self._forms, self._forms.below(self.form), self._check)

    def value(self, data: Any) -> Any:
        return self._check(data, self.form)


@dataclass(frozen=True, slots=True)
class _Types:
    """Parts of a core schema, which says how Pydantic validates; definitions by their reference."""

    definitions: dict[str, Any]
    forms: _Forms

    def enter(self, schema: Any) -> Any:
        """The schema itself; definitions around it are noted."""
        while schema["type"] == "definitions":
            self.definitions.update({one["ref"]: one for one in schema["definitions"]})
            schema = schema["schema"]
        return schema

    def plain(self, schema: Any) -> Any:
        """The schema of what is neither null nor a default, references followed."""
        while True:
            schema = self.enter(schema)
            if schema["type"] == "definition-ref":
                schema = self.definitions[schema["schema_ref"]]
            elif schema["type"] in ("default", "nullable"):
                schema = schema["schema"]
            else:
                return schema

    def validator(self, schema: Any, config: Any) -> SchemaValidator:
        """What validates a value of the schema alone."""
        if self.definitions:
            schema = core_schema.definitions_schema(schema, list(self.definitions.values()))
        return SchemaValidator(schema, config)


class _TypedPosition(Position):
    """A place whose values are validated by Pydantic, each part alone as it would be in the whole."""

    def __init__(self, types: _Types, schema: Any, form: Any, config: Any) -> None:
        self.form = form
        self._types = types
        self._schema = schema
        self._config = config
        self._validator: SchemaValidator | None = None
        self._children: dict[str, Field | None] = {}
        self._item: Position | None = None
        self._class: type[BaseModel] | None = None  # whose instances the growing values are
        self._growing: type[BaseModel] | None = None
        self._wraps = False  # a RootModel: its one field is the growing value
        self._structure = types.plain(schema)
        if self._structure["type"] == "model" and _is_bare(self._structure):
            self._class = self._structure["cls"]
            self._config = self._structure.get("config")
            self._wraps = self._structure["root_model"]
            self._structure = types.plain(self._structure["schema"])
        if self._kind_of_type() == types.forms.kind(form):
            self.kind = self._kind_of_type()

    def _kind_of_type(self) -> Kind:
        kind = self._structure["type"]
        if kind == "model-fields" or (kind in ("typed-dict", "dataclass") and _is_bare(self._structure)):
            return "object"
        if self._class is not None and not self._wraps:
            return "whole"  # a validator stands around its fields
        if kind == "dict":
            return "mapping" if self._structure.get("keys_schema") in (None, {"type": "str"}) else "whole"
        return "list" if kind == "list" else "whole"

    def field(self, key: str) -> Field | None:
        if key not in self._children:
            self._children[key] = self._field(key)
        return self._children[key]

    def _field(self, key: str) -> Field | None:
        forms = self._types.forms.plain(self.form)["properties"]
        config = self._config if self._class is not None else self._structure.get("config")
        for name, field in _fields(self._structure):
            if field.get("validation_alias", name) == key and key in forms and not _needs_others(field["schema"]):
                return Field(name, _TypedPosition(self._types, field["schema"], forms[key], config))
        return None

    def item(self) -> Position:
        if self._item is None:
            schema = self._structure.get("items_schema" if self.kind == "list" else "values_schema", {"type": "any"})
            form = self._types.forms.below(self.form)
            self._item = _TypedPosition(self._types, schema, form, self._config)
        return self._item

    def so_far(self, parts: Any) -> Any:
        parts = super().so_far(parts)
        if self._class is None:
            return parts
        if self._growing is None:
            self._growing = growing_class(self._class)
        return growing_instance(self._growing, {"root": parts} if self._wraps else parts)

    def value(self, data: Any) -> Any:
        if self._validator is None:
            self._validator = self._types.validator(self._schema, self._config)
        data = decimals_as_text(data, self._schema, self._types.definitions)
        return self._validator.validate_json(json.dumps(data, allow_nan=False), by_alias=True, by_name=False)


def _is_bare(schema: Any) -> bool:
    """Whether a class is nothing but its fields: an instance with some of them holds what the whole one will hold."""
    if schema.get("custom_init") or schema.get("post_init") or hasattr(schema.get("cls"), "__add__"):
        return False
    return bool(schema["type"] != "dataclass" or schema["schema"]["type"] == "dataclass-args")


def _fields(structure: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a class or a typed dict."""
    if structure["type"] == "dataclass":
        yield from ((field["name"], field) for field in structure["schema"]["fields"])
    else:
        yield from structure["fields"].items()


def _needs_others(schema: Any) -> bool:
    """Whether a validator of a field may look at the other fields, which it cannot when its value comes alone."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if node.get("type") == "with-info":
                return True
            if node.get("type") not in ("model", "dataclass", "typed-dict"):  # they have fields of their own
                waiting += [part for key, part in node.items() if key not in ("metadata", "serialization", "default")]
    return False
