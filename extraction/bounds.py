"""Ends for what would have none: strings, lists and numbers of a schema in a grammar.

A weak model under a grammar never closes a string, a list or a number that need not end. The bounds stand in the
grammar's copy of a schema only. An answer that runs into one of them is reported as cut (``reached_bound``), never
passed off as whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

MAX_ITEMS: Final = 100
"""Most items of a list where the schema names no ``maxItems``; also most keys of an open object. A user can raise it."""
MAX_STRING: Final = 2048
"""Longest string, in characters, where the schema names no ``maxLength`` and no values. A user can raise it."""
MAX_NUMBER: Final = 10**15
"""Largest magnitude of a number; floats still hold it exactly."""
SMALLEST_STEP: Final = Fraction(1, 10**6)
"""Numbers have at most six decimals where the schema names no ``multipleOf`` and no narrower range."""
MAX_DEPTH: Final = 16
"""How often a value of a recursive schema may hold one of its own kind. A user can raise it."""
ANY_DEPTH: Final = 6
"""Levels of nesting where the schema allows any value."""
CAPPED: Final = "x-capped"
"""Marks a node of the grammar's schema whose largest length is a bound of this library, not of the schema."""
DEEPEST: Final = "x-deepest"
"""Marks a definition of the grammar's schema that may hold no more of its own kind."""
MAX_KEY: Final = 128
"""Longest key, in characters, that no schema names."""
ANY_KEY: Final = f"^(?s:.){{0,{MAX_KEY}}}$"
ANY: Final = "x-any"

_FINEST = Fraction(1, 10**9)  # llguidance takes no multipleOf of more digits
_MAX_DIVISOR = 20_000  # a grammar counts remainders, one state for each
_FEW, _LISTED = 110, 1000


@dataclass(frozen=True, slots=True)
class Caps:
    """The bounds that a user can set.

    Attributes:
        items: Most items of a list, or keys of an open object, that has no bound of its own.
        string: Longest string, in characters, that has none.
        depth: How often a value may hold one of its own kind.
    """

    items: int = MAX_ITEMS
    string: int = MAX_STRING
    depth: int = MAX_DEPTH

    def length(self, shortest: int, longest: int | None, *, string: bool = False) -> tuple[int, bool]:
        """The largest length, and whether it is a cap.

        What must be longer than the cap may go on as far again behind its least length.
        """
        if longest is not None:
            return longest, False
        cap = self.string if string else self.items
        return (cap if shortest < cap else shortest + cap), True


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers of a schema.

    Attributes:
        low: Least value, or None.
        high: Largest value, or None.
        open_low: Whether the least value itself is excluded.
        open_high: Whether the largest value itself is excluded.
        step: What all values are multiples of, or None.
        whole: Whether only integers count.
    """

    low: Fraction | None = None
    high: Fraction | None = None
    open_low: bool = False
    open_high: bool = False
    step: Fraction | None = None
    whole: bool = False


def number_schema(numbers: Range) -> tuple[dict[str, Any] | None, str | None]:
    """A schema of finitely many numbers that all lie in a range, and the keyword that it does not enforce, if any.

    Bounds are moved inwards onto the grid of the step, so that they are short numbers and need no exclusion. None stands
    for a range without a number.
    """
    if numbers.low is not None and numbers.high is not None and numbers.low > numbers.high:
        return None, None
    step = _step(numbers)
    largest = MAX_NUMBER
    if numbers.step is not None and not numbers.whole:  # floats hold 15 digits, those behind the point included
        largest = max(1, MAX_NUMBER // step.denominator)
    low = math.ceil((-largest if numbers.low is None else numbers.low) / step)
    high = math.floor((largest if numbers.high is None else numbers.high) / step)
    low += numbers.open_low and numbers.low == low * step
    high -= numbers.open_high and numbers.high == high * step
    if low > high and (numbers.low is None or numbers.high is None):  # a bound beyond the largest number
        low, high = (high - 1, high) if numbers.low is None else (low, low + 1)
    if low > high:
        return None, None
    limit = math.floor(largest / step)
    if low > limit or high < -limit:  # one round number stands for all that are too large
        sign, near, far = (1, low, high) if low > limit else (-1, -high, -low)
        round_one = 10 ** len(str(near))
        return _listed([sign * (round_one if round_one <= far else near) * step], whole=numbers.whole), None
    low, high = max(low, -limit), min(high, limit)
    divisor = step.numerator
    if high - low < _FEW and (divisor > 1 or step < SMALLEST_STEP):
        return _listed([index * step for index in range(low, high + 1)], whole=numbers.whole), None
    if divisor > _MAX_DIVISOR:
        if high - low < _LISTED:
            return _listed([index * step for index in range(low, high + 1)], whole=numbers.whole), None
        return number_schema(replace(numbers, step=None))[0], "multipleOf"
    result: dict[str, Any] = {
        "type": "integer" if numbers.whole else "number",
        "minimum": _plain(low * step),
        "maximum": _plain(high * step),
    }
    if not numbers.whole or divisor > 1:
        result["multipleOf"] = _plain(step)
    return result, None


def _step(numbers: Range) -> Fraction:
    """The distance of neighbouring values: at least that of the schema, and a number of few decimals."""
    step = numbers.step
    if numbers.whole:
        return Fraction(1 if step is None else step.numerator)
    if step is not None:
        while step.denominator > _FINEST.denominator:
            step *= 10
        return step
    if numbers.low is None or numbers.high is None:
        return SMALLEST_STEP
    width, finest = numbers.high - numbers.low, SMALLEST_STEP
    if width == 0:
        return abs(numbers.low) or Fraction(1)
    while width < 1000 * finest and finest > _FINEST:
        finest /= 10
    while width < 10 * finest:  # so narrow that the values are listed
        finest /= 10
    return finest


def _listed(values: list[Fraction], *, whole: bool) -> dict[str, Any]:
    return {"enum": [int(value) if whole or value.denominator == 1 else float(value) for value in values]}


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def capped(schema: dict[str, Any], is_cap: bool) -> dict[str, Any]:
    """A schema, marked where its largest length is a cap."""
    return {**schema, CAPPED: True} if is_cap else schema


def either(branches: Iterable[Any]) -> Any:
    """The schema of a value that fits one of several; False where there are none."""
    possible = [branch for branch in branches if branch is not False]
    if len(possible) > 1:
        return {"anyOf": possible}
    return possible[0] if possible else False


def any_value(depth: int = ANY_DEPTH) -> dict[str, Any]:
    """A reference to "any JSON value", nested at most that many levels."""
    return {"$ref": f"#/$defs/{ANY}-{depth}"}


def any_definitions(caps: Caps) -> dict[str, Any]:
    """The definitions that ``any_value`` refers to."""
    number, _ = number_schema(Range())
    scalars: list[Any] = [
        {"type": "string", "maxLength": caps.string, CAPPED: True},
        number,
        {"type": "boolean"},
        {"type": "null"},
    ]
    definitions: dict[str, Any] = {f"{ANY}-0": {"anyOf": scalars}}
    for depth in range(1, ANY_DEPTH + 1):
        inner = any_value(depth - 1)
        nested: list[Any] = [
            {"type": "array", "items": inner, "maxItems": caps.items, CAPPED: True},
            {
                "type": "object",
                "patternProperties": {ANY_KEY: inner},
                "additionalProperties": False,
                "maxProperties": caps.items,
                CAPPED: True,
            },
        ]
        definitions[f"{ANY}-{depth}"] = {"anyOf": [*scalars, *nested]}
    return definitions


def reached_bound(value: Any, schemas: Iterable[Mapping[str, Any]], *, lists: bool = True) -> bool:
    """Whether a value holds a string, list or object that is as long as a cap lets it be, or itself as often as it may.

    What is as long as the schema itself allows is not cut, nor what its own least length makes long.

    Args:
        value: A value that fits one of the schemas.
        schemas: Schemas of grammars, from ``relaxing.relaxed``, which marks their caps.
        lists: Whether lists and objects count, or only strings.
    """
    kinds = [(schema, _Walker(schema.get("$defs", {}), lists=lists)) for schema in schemas]
    fitting = [(schema, walker) for schema, walker in kinds if walker.fits(value, schema)]
    return bool(fitting) and all(walker.reached(value, schema) for schema, walker in fitting)


class _Walker:
    """Walks through a value and the schema of a grammar together; every pair of places is looked at once."""

    def __init__(self, definitions: Mapping[str, Any], *, lists: bool) -> None:
        self._lists = lists
        self._definitions = definitions
        self._fitting: dict[tuple[int, int], bool] = {}
        self._full: dict[tuple[int, int], bool] = {}

    def reached(self, value: Any, node: Any) -> bool:
        """Whether something in a value is as long as its cap."""
        node = self._followed(node)
        key = (id(value), id(node))
        if key not in self._full:
            self._full[key] = self._reached(value, node)
        return self._full[key]

    def _reached(self, value: Any, node: Any) -> bool:
        if not isinstance(node, Mapping) or "enum" in node:
            return False
        if self._lists and DEEPEST in node and isinstance(value, (dict, list)):
            return True
        if "anyOf" in node:
            fitting = [branch for branch in node["anyOf"] if self.fits(value, branch)]
            return bool(fitting) and all(self.reached(value, branch) for branch in fitting)
        if isinstance(value, str):
            return CAPPED in node and len(value) >= node["maxLength"]
        if isinstance(value, list):
            full = self._lists and CAPPED in node and len(value) >= node["maxItems"]
            return full or any(self.reached(item, _item_schema(node, index)) for index, item in enumerate(value))
        if isinstance(value, dict):
            full = self._lists and CAPPED in node and len(value) >= node["maxProperties"]
            return full or any(
                self.reached(item, branch) for key, item in value.items() for branch in _key_schemas(node, key)
            )
        return False

    def fits(self, value: Any, node: Any) -> bool:
        """Whether a value can be of a branch, by kind, length, keys and listed values; patterns and ranges do not count."""
        node = self._followed(node)
        key = (id(value), id(node))
        if key not in self._fitting:
            self._fitting[key] = self._fits(value, node)
        return self._fitting[key]

    def _fits(self, value: Any, node: Any) -> bool:
        if not isinstance(node, Mapping):
            return bool(node)
        if "enum" in node:
            return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in node["enum"])
        if "anyOf" in node:
            return any(self.fits(value, branch) for branch in node["anyOf"])
        kinds = {dict: ("object",), list: ("array",), str: ("string",), bool: ("boolean",), type(None): ("null",)}
        if node["type"] not in kinds.get(type(value), ("integer", "number")):
            return False
        if isinstance(value, list):
            return node.get("minItems", 0) <= len(value) <= node.get("maxItems", len(value)) and all(
                self.fits(item, _item_schema(node, index)) for index, item in enumerate(value)
            )
        if isinstance(value, dict):
            return set(node.get("required", ())) <= value.keys() and all(
                any(branch is not None and self.fits(item, branch) for branch in _key_schemas(node, key))
                for key, item in value.items()
            )
        return not isinstance(value, str) or len(value) <= node.get("maxLength", len(value))

    def _followed(self, node: Any) -> Any:
        while isinstance(node, Mapping) and "$ref" in node:
            node = self._definitions[node["$ref"].rpartition("/")[2]]
        return node


def _item_schema(node: Mapping[str, Any], index: int) -> Any:
    first = node.get("prefixItems", ())
    return first[index] if index < len(first) else node.get("items")


def _key_schemas(node: Mapping[str, Any], key: str) -> list[Any]:
    if key in node.get("properties", {}):
        return [node["properties"][key]]
    return [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
