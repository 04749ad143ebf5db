"""JSON Schema in and out: the schema of a type, and a schema that somebody wrote into a file.

Pydantic's own schema is the truth here. LangChain's ``convert_to_json_schema`` loses recursion, lists at the root and
the null of an optional, and a grammar made from that would force wrong answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NotRequired, Required, TypeAlias, get_args, get_origin, get_type_hints
from urllib.parse import unquote

from pydantic import BaseModel, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import ReadOnly, TypeAliasType

from extraction.errors import SchemaError
from extraction.schemas.markers import MARKER_KEY, MARKERS
from extraction.schemas.pointers import steps_of

Schema: TypeAlias = type[Any] | UnionType | dict[str, Any]
"""What says how an answer looks: any type that Pydantic validates (``list[Model]`` too), or a JSON schema."""

_ONE_BELOW = (
    *("items", "additionalItems", "contains", "unevaluatedItems", "additionalProperties", "unevaluatedProperties"),
    *("propertyNames", "not", "if", "then", "else"),
)
_LISTS_BELOW = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_NAMED_BELOW = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")


def json_schema_of(schema: Schema) -> dict[str, Any]:
    """The JSON schema that an answer for ``schema`` must follow, as a dict of its own that may be changed.

    Args:
        schema: A model class, a dataclass, a TypedDict, another type that Pydantic validates, or a JSON schema, which
            is copied. In a TypedDict ``Annotated[str, ..., "what it is"]`` gives a description, as in LangChain.

    Raises:
        SchemaError: ``schema`` is no type, or one that Pydantic cannot validate or cannot describe as JSON.
    """
    if isinstance(schema, dict):
        return deepcopy(schema)
    if not (isinstance(schema, (type, TypeAliasType)) or get_origin(schema) is not None):
        raise _no_schema(schema)
    if isinstance(schema, type) and any(base.__module__.startswith("pydantic.v1") for base in schema.__mro__):
        old_style: dict[str, Any] = deepcopy(schema.schema())
        return old_style
    try:
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            return schema.model_json_schema(schema_generator=_Generator)
        form: Any = schema
        return TypeAdapter(form).json_schema(schema_generator=_Generator)
    except (PydanticUserError, PydanticSchemaGenerationError, PydanticUndefinedAnnotation) as error:
        reason = str(error).splitlines()[0]
        raise SchemaError(f"{_type_name(schema)} cannot be described as a JSON schema: {reason}") from error


def _no_schema(given: object) -> SchemaError:
    if isinstance(given, BaseModel):
        name = type(given).__name__
        return SchemaError(f"an object of {name} is not a schema", hint=f"give the class itself: {name}")
    return SchemaError(
        f"{given!r:.80} is not a schema",
        hint="give a class, a type such as list[Model], or a JSON schema; extraction.schemas.load_schema finds one by name",
    )


_NAIVE_MOMENT = (
    "^[1-9][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?$"
)


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with the descriptions that LangChain's users write into a TypedDict, and exact decimals."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number within the digits that the type allows; Pydantic says "a number, or any string"."""
        bounds = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
        number: dict[str, Any] = {"type": "number"}
        number |= {word: float(schema[key]) for key, word in bounds.items() if schema.get(key) is not None}  # type: ignore[literal-required]
        digits, places = schema.get("max_digits"), schema.get("decimal_places")
        if digits is not None and places is None:
            places = min(2, digits - 1)  # any split of the digits would do; this one serves amounts
        if schema.get("multiple_of") is not None:
            number["multipleOf"] = float(schema["multiple_of"])
        elif places is not None:
            number["multipleOf"] = float(Decimal(1).scaleb(-places))
        if digits is not None and places is not None:
            largest = float((Decimal(10) ** digits - 1).scaleb(-places))
            number["minimum"] = max(number.get("minimum", -largest), -largest)
            number["maximum"] = min(number.get("maximum", largest), largest)
        return {key: int(one) if isinstance(one, float) and one.is_integer() else one for key, one in number.items()}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """An object; where keys are integers, which Pydantic's own schema does not say, their form is told."""
        json_schema = super().dict_schema(schema)
        if schema.get("keys_schema", {}).get("type") == "int":
            json_schema.setdefault("propertyNames", {"pattern": "^(0|-?[1-9][0-9]{0,14})$"})
        return json_schema

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """A moment; one that must be without offset is no "date-time", which has one."""
        if schema.get("tz_constraint") == "naive":
            return {"type": "string", "pattern": _NAIVE_MOMENT}
        return super().datetime_schema(schema)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        json_schema = super().typed_dict_schema(schema)
        for name, description in _described_fields(schema.get("cls")):
            if name in json_schema["properties"]:
                json_schema["properties"][name].setdefault("description", description)
        return json_schema


def _described_fields(typed_dict: type[Any] | None) -> Iterator[tuple[str, str]]:
    """The fields of the form ``Annotated[type, default, "description"]``, with their descriptions."""
    try:
        hints = get_type_hints(typed_dict, include_extras=True) if typed_dict else {}
    except NameError:  # pydantic also sees the names of the function in which a class stands
        return
    for name, hint in hints.items():
        described = hint
        while get_origin(described) in (Required, NotRequired, ReadOnly):
            described = get_args(described)[0]
        notes: tuple[Any, ...] = described.__metadata__ if get_origin(described) is Annotated else ()
        if len(notes) > 1 and isinstance(notes[1], str):
            yield name, notes[1]


def _type_name(schema: object) -> str:
    return schema.__name__ if isinstance(schema, type) and get_origin(schema) is None else str(schema)


def read_json_schema(path: Path) -> dict[str, Any]:
    """The JSON schema in the file ``path`` (UTF-8), checked.

    Raises:
        SchemaError: The file cannot be read, is not JSON, or is not a schema that can be honoured. The message starts
            with the file and, where there is one, the line and column or the place in the document.
    """
    try:
        schema = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse_constant)
    except OSError as error:
        raise SchemaError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SchemaError(f"{path}: not UTF-8 text, at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise SchemaError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise SchemaError(f"{path}: nested too deeply") from error
    except ValueError as error:
        raise SchemaError(f"{path}: not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise SchemaError(f"{path}: a JSON schema is an object, this is {json.dumps(schema):.40}")
    check_json_schema(schema, source=str(path))
    return schema


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def check_json_schema(schema: dict[str, Any], *, source: str = "the JSON schema") -> None:
    """Raises unless ``schema`` is well-formed (by draft 2020-12, or the draft that its ``$schema`` names) and complete.

    Complete means that references lead to a place inside the document: nothing is fetched. Recursive ones are fine.

    Args:
        schema: The JSON schema.
        source: What to call it in messages.

    Raises:
        SchemaError: It is malformed, refers to somewhere else or to nothing, or carries an unknown mark.
    """
    try:
        _check_keywords(schema, source)
    except RecursionError as error:
        raise SchemaError(f"{source}: nested too deeply") from error
    nodes = list(_subschemas(schema))
    anchors = _anchors(nodes)
    for pointer, node in nodes:
        mark = node.get(MARKER_KEY)
        if MARKER_KEY in node and mark not in MARKERS:
            raise SchemaError(f"{source} at {pointer}: unknown {MARKER_KEY} {mark!r}, known are {', '.join(MARKERS)}")
        _check_references(schema, node, anchors, f"{source} at {pointer}")


def _check_keywords(schema: dict[str, Any], source: str) -> None:
    # Loaded here: most programs never read a schema from a file.
    from jsonschema import Draft202012Validator, exceptions, validators

    dialect = schema.get("$schema", Draft202012Validator.META_SCHEMA["$id"])
    unknown: Any = None
    validator = validators.validator_for({"$schema": dialect}, default=unknown) if isinstance(dialect, str) else unknown
    if validator is None:
        raise SchemaError(f"{source}: unknown $schema {dialect!r:.120}")
    try:
        validator.check_schema(schema)
    except exceptions.SchemaError as error:
        place = "".join(f"/{part}" for part in error.absolute_path) or "/"
        # "not valid under any of the given schemas" helps nobody; the first of those schemas is the usual form.
        shown = error.context[0] if error.context else error
        raise SchemaError(f"{source} at {place}: {shown.message:.200}") from error


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in the document with its place; what stands under ``default`` or ``enum`` is data, and none."""
    waiting: list[tuple[str, Any]] = [("/", schema)]
    while waiting:
        pointer, node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield pointer, node
        base = pointer.rstrip("/")
        waiting += [(f"{base}/{key}", node[key]) for key in _ONE_BELOW if key in node]
        for key in _LISTS_BELOW:
            if isinstance(node.get(key), list):
                waiting += [(f"{base}/{key}/{index}", below) for index, below in enumerate(node[key])]
        for key in _NAMED_BELOW:
            if isinstance(node.get(key), dict):
                waiting += [(f"{base}/{key}/{name}", below) for name, below in node[key].items()]


def _anchors(nodes: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The named schemas among ``nodes``."""
    keywords = ("$dynamicAnchor", "$anchor")
    return {node[keyword]: node for _, node in nodes for keyword in keywords if keyword in node}


def _check_references(schema: dict[str, Any], node: Any, anchors: dict[str, Any], place: str) -> None:
    """Raises SchemaError unless the references of ``node`` lead, in the end, to a schema inside the document."""
    passed: set[int] = set()
    while isinstance(node, dict):
        reference = reference_in(node)
        if reference is None:
            return
        if not reference.startswith("#"):
            raise SchemaError(
                f"{place}: refers to another document, {reference!r:.120}",
                hint="copy what it needs under $defs; nothing is fetched",
            )
        # A reference to itself with nothing in between says nothing, and would send every reader round for ever.
        if id(node) in passed:
            raise SchemaError(f"{place}: {reference!r:.120} leads back to itself")
        passed.add(id(node))
        node = _resolve(schema, reference[1:], anchors)
        if not isinstance(node, (dict, bool)):
            raise SchemaError(f"{place}: there is no {reference!r:.120} in the document")


def reference_in(node: Mapping[str, Any]) -> str | None:
    """The reference that a schema makes to another place, such as ``#/$defs/Box``; None where it makes none."""
    reference = node.get("$ref", node.get("$dynamicRef", node.get("$recursiveRef")))
    return reference if isinstance(reference, str) else None


def resolve_reference(schema: Mapping[str, Any], reference: str) -> Any:
    """What a reference leads to: a dict, or true or false.

    Args:
        schema: The whole document.
        reference: A JSON pointer or an anchor of it, with the ``#`` before it.

    Raises:
        SchemaError: It leads to another document, or nowhere.
    """
    named = reference[1:2] not in ("", "/")
    anchors = _anchors(_subschemas(schema)) if named else {}
    node = _resolve(schema, reference[1:], anchors) if reference.startswith("#") else None
    if not isinstance(node, (Mapping, bool)):
        raise SchemaError(f"$ref {reference!r:.120} leads nowhere", hint="only references inside the schema work")
    return node


def _resolve(schema: Mapping[str, Any], fragment: str, anchors: Mapping[str, Any]) -> Any:
    """What a reference ``#fragment`` leads to, or None."""
    fragment = unquote(fragment)
    if fragment and not fragment.startswith("/"):
        return anchors.get(fragment)
    node: Any = schema
    for key in steps_of(fragment):
        if isinstance(node, list):
            node = node[int(key)] if key.isdecimal() and int(key) < len(node) else None
        else:
            node = node.get(key) if isinstance(node, dict) else None
    return node
