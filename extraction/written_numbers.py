"""Numbers of JSON that keep their digits where a float does not hold them, until it is known what they are to become.

A JSON reader's float holds 15 digits. Whether that is enough, the schema says: for a float it is, for a Decimal it is not.
So a number that would lose digits comes as a ``WrittenNumber``, which everywhere passes for the float that it is, and where
the value is made (``Validator``) a Decimal gets its digits, and everything else plain floats.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from extraction.places import Path

_EXACT: Final = 16
"""Characters of which at most 15 are digits: so many a float gives back (IEEE 754 binary64)."""

_INNER: Final = ("default", "nullable", "function-after", "model", "dataclass")
_AROUND: Final = ("function-before", "function-wrap")
_ITEMS: Final = ("list", "set", "frozenset")


class WrittenNumber(float):
    """A float that shows the digits as they were written: of 12345678901234567.89 it holds 12345678901234568."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> WrittenNumber:
        """The number of a JSON text, or of a Decimal's."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[WrittenNumber], tuple[str]]:
        return WrittenNumber, (self.text,)


def read_number(text: str) -> float:
    """A JSON number with a fraction or an exponent; a ``WrittenNumber`` where a float does not hold its digits.

    Raises:
        ValueError: It is larger than any float.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text:.40} is too large")
    if len(text) <= _EXACT or not value or Decimal(text) == Decimal(repr(value)):
        return value  # of what is too small for a float its digits would not be small
    return WrittenNumber(text)


def plain_numbers(data: Any) -> Any:
    """JSON whose numbers are plain floats; the same object where they are anyway."""
    return _replaced(data, frozenset()) if _has_written(data) else data


def numbers_as_text(data: Any) -> Any:
    """JSON in which numbers that a float does not hold are texts; the same object where it holds all."""
    return _replaced(data, None) if _has_written(data) else data


def dump_as_written(data: Any, **options: Any) -> str:
    """JSON text in which every number has its digits.

    Args:
        data: JSON.
        options: Of ``json.dumps``.
    """
    if not _has_written(data):
        return json.dumps(data, **options)
    sign = secrets.token_hex(8)  # stands for a number, and in no text
    marked = _replaced(data, None, sign)
    return re.sub(f'"{sign}([^"]*)"', lambda match: match[1], json.dumps(marked, **options))


def decimals_as_text(data: Any, schema: Any, definitions: Mapping[str, Any] | None = None) -> Any:
    """JSON in which numbers that a float does not hold are texts where Pydantic makes Decimals of them, else plain floats.

    So Pydantic itself writes a Decimal in JSON, and reads it. A number stays one where something else than a Decimal could
    become of it, or where a function of the user's takes it before it is one.

    Args:
        data: JSON; the same object comes back where floats hold all of its numbers.
        schema: The core schema of the value, which says how Pydantic validates it.
        definitions: What its references lead to, where they are not in the schema itself.
    """
    if not _has_written(data):
        return data
    finder = _Finder(definitions or {})
    finder.visit(data, schema, ())
    return _replaced(data, finder.decimals())


def _has_written(data: Any) -> bool:
    if isinstance(data, (dict, list)):
        return any(map(_has_written, data.values() if isinstance(data, dict) else data))
    return isinstance(data, WrittenNumber)


def _replaced(data: Any, texts: frozenset[Path] | None, sign: str = "", path: Path = ()) -> Any:
    """A copy with texts at some places (None: at all), behind a sign, and plain floats at the others."""
    if isinstance(data, WrittenNumber):
        return sign + data.text if texts is None or path in texts else float(data)
    if isinstance(data, dict):
        return {key: _replaced(value, texts, sign, (*path, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [_replaced(value, texts, sign, (*path, index)) for index, value in enumerate(data)]
    return data


class _Finder:
    """Finds what Pydantic makes of the numbers of a value."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = dict(definitions)
        self._kinds: dict[Path, set[bool]] = defaultdict(set)
        self._visited: set[tuple[int, Path]] = set()

    def decimals(self) -> frozenset[Path]:
        """The places of which nothing but a Decimal can become."""
        unknown = {path for path, kinds in self._kinds.items() if False in kinds}
        return frozenset(
            path for path in self._kinds if not any(path[:length] in unknown for length in range(len(path) + 1))
        )

    def visit(self, value: Any, schema: Any, path: Path) -> None:
        """Notes what becomes of ``value``, which stands at ``path``."""
        if (id(schema), path) in self._visited or not isinstance(value, (dict, list, WrittenNumber)):
            return
        self._visited.add((id(schema), path))
        kind = schema["type"]
        if kind == "definitions":
            self._definitions.update({one["ref"]: one for one in schema["definitions"]})
        below = list(self._same(value, schema))
        for part in below:
            self.visit(value, part, path)
        if below or kind in ("none", "int"):  # neither takes such a number
            return
        if isinstance(value, WrittenNumber):
            self._kinds[path].add(kind == "decimal")
            return
        for key, part in self._inside(value, schema):
            if part is None:
                self._kinds[path].add(False)
            else:
                self.visit(value[key], part, (*path, key))

    def _same(self, value: Any, schema: Any) -> Iterator[Any]:
        """The schemas inside of one that hold for the same value."""
        kind = schema["type"]
        if kind in (*_INNER, "definitions") or (kind in _AROUND and not isinstance(value, float)):
            yield schema["schema"]
        elif kind == "definition-ref":
            yield self._definitions[schema["schema_ref"]]
        elif kind == "union":
            yield from (one[0] if isinstance(one, tuple) else one for one in schema["choices"])
        elif kind == "tagged-union":
            yield from schema["choices"].values()
        elif kind == "json-or-python":
            yield schema["json_schema"]

    def _inside(self, value: Any, schema: Any) -> Iterator[tuple[Any, Any]]:
        """The keys or indices of a container with their schemas; None where nobody knows what becomes of its parts."""
        kind = schema["type"]
        if isinstance(value, list) and kind in _ITEMS:
            yield from ((index, schema.get("items_schema")) for index in range(len(value)))
        elif isinstance(value, list) and kind == "tuple":
            yield from enumerate(_tuple_items(schema, len(value)))
        elif isinstance(value, dict) and kind == "dict":
            yield from ((key, schema.get("values_schema")) for key in value)
        elif isinstance(value, dict) and kind in ("model-fields", "typed-dict", "dataclass-args"):
            fields = schema["fields"]
            named = ((one["name"], one) for one in fields) if isinstance(fields, list) else fields.items()
            told = {field.get("validation_alias", name): field["schema"] for name, field in named if _is_plain(field)}
            yield from ((key, told[key]) for key in value if key in told)
        elif isinstance(value, (list, dict)) and kind in (
            "any",
            "function-plain",
            "chain",
            "lax-or-strict",
            "custom-error",
        ):
            yield "", None


def _is_plain(field: Any) -> bool:
    """Whether a field is found under one key."""
    return isinstance(field.get("validation_alias", ""), str)


def _tuple_items(schema: Any, count: int) -> list[Any]:
    items, at = schema["items_schema"], schema.get("variadic_item_index")
    if at is None:
        return list(items[:count])
    more = max(0, count - len(items) + 1)
    return [*items[:at], *[items[at]] * more, *items[at + 1 :]][:count]
