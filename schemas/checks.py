"""``Check``: what in a document does not add up, found by calculating, and reported only.

No check changes a value. Whoever reads ``total: 12.50`` where the parts give 12.40 must see both: the paper may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from extraction.schemas.money import minor_unit
from extraction.schemas.pointers import pointer_under

_HALF: Final = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that does not add up.

    Attributes:
        pointers: JSON pointers (RFC 6901) of the values that were compared; the first is the one that was found wrong,
            which may be right where one of the others was misread.
        problem: What was calculated, in words: "subtotal + tax is not total".
        expected: What the calculation gives.
        found: What the document says.
    """

    pointers: tuple[str, ...]
    problem: str
    expected: Decimal | int | str
    found: Decimal | int | str

    def __str__(self) -> str:
        return (
            f"{self.pointers[0] or '/'}: {self.problem}: {_plain(self.expected)} expected, {_plain(self.found)} found"
        )

    def as_json(self) -> dict[str, Any]:
        """The check as JSON; amounts are numbers."""
        return {
            "pointers": list(self.pointers),
            "problem": self.problem,
            "expected": float(self.expected) if isinstance(self.expected, Decimal) else self.expected,
            "found": float(self.found) if isinstance(self.found, Decimal) else self.found,
        }

    def under(self, prefix: str) -> Check:
        """The same check of a document that stands at the pointer ``prefix``."""
        return Check(tuple(f"{prefix}{one}" for one in self.pointers), self.problem, self.expected, self.found)


@dataclass(frozen=True, slots=True)
class Rounding:
    """By how much amounts may be off.

    Attributes:
        unit: The smallest amount of the currency.
        tolerance: What the caller allows instead of what rounding explains.
    """

    unit: Decimal
    tolerance: Decimal | None = None

    def of(self, terms: int, more: Decimal = Decimal(0)) -> Decimal:
        """For a sum of rounded amounts: half a unit for each, and one unit at least.

        Args:
            terms: How many amounts are added.
            more: What else makes the sum inexact.
        """
        return max(self.unit, self.unit * terms * _HALF) + more if self.tolerance is None else self.tolerance

    def exact(self) -> Decimal:
        """For a sum in which nothing is rounded."""
        return self.unit * _HALF if self.tolerance is None else self.tolerance


class DocumentSchema(BaseModel):
    """The base of the documents' schemas: every field is asked for, and absent ones are said to be absent.

    In Python a field may be left out, and is then None or empty. In the JSON schema, which a model must follow, every field
    is required: a model says ``null`` where a value is not printed, and cannot forget to look for it.
    """

    model_config = ConfigDict(extra="forbid")

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """What does not add up, in this document and in all that it holds; nothing where a part of a sum is absent.

        Args:
            tolerance: By how much amounts may differ; by default what rounding of the printed ones explains.
        """
        return checks_of(self, tolerance)

    def own_checks(self, rounding: Rounding) -> Iterable[Check]:
        """What does not add up among the own fields; schemas with sums of their own override it.

        Args:
            rounding: How far amounts may be off.
        """
        del rounding
        return ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        schema = handler(core_schema)
        entry = handler.resolve_ref_schema(schema)
        entry["required"] = list(entry.get("properties", {}))
        for one in entry.get("properties", {}).values():
            one.pop("default", None)  # what need not be left out needs no default
        return schema


def checks_of(value: object, tolerance: Decimal | None = None) -> list[Check]:
    """What does not add up in a value: in every document of it, at any depth.

    Args:
        value: A document, or a model, list or mapping that holds documents.
        tolerance: By how much sums may differ; by default what rounding explains.
    """
    return list(_checks(value, Rounding(minor_unit(None), tolerance)))


def _checks(value: object, rounding: Rounding) -> Iterator[Check]:
    waiting = [(value, "", rounding)]
    while waiting:  # no recursion: a value may be nested as deeply as its JSON
        value, place, rounding = waiting.pop()
        if isinstance(value, DocumentSchema):
            currency = getattr(value, "currency", None)
            if isinstance(currency, str):
                rounding = replace(rounding, unit=minor_unit(currency))
            yield from (check.under(place) for check in value.own_checks(rounding))
        members = [(item, pointer_under(place, key), rounding) for key, item in _members(value)]
        waiting += reversed(members)


def _members(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield field.serialization_alias or name, getattr(value, name)
    elif isinstance(value, Mapping):
        yield from ((str(key), item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((str(index), item) for index, item in enumerate(value))


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a sum.

    Attributes:
        name: The name of its field, which is also its place in the document.
        value: The amount; None where the document has none.
        sign: 1 where it is added, -1 where it is taken off.
    """

    name: str
    value: Decimal | None
    sign: int = 1

    @property
    def amount(self) -> Decimal:
        """What it adds to the sum; a discount is taken off whether it is printed with a minus or without."""
        value = self.value or Decimal(0)
        return -abs(value) if self.sign < 0 else value


def check_sum(terms: Iterable[Term], name: str, found: Decimal | None, slack: Decimal) -> list[Check]:
    """The check that terms add up to a value, where they do not; none where one side is absent.

    Args:
        terms: The parts; absent ones add nothing.
        name: The field that holds the sum.
        found: The sum that the document says.
        slack: By how much they may differ.
    """
    told = [term for term in terms if term.value is not None]
    expected = sum((term.amount for term in told), Decimal(0))
    if found is None or not told or abs(expected - found) <= slack:
        return []
    words = "".join(f" {'-' if term.sign < 0 else '+'} {term.name}" for term in told).removeprefix(" + ").strip()
    problem = f"{words} is not {name}"
    return [Check((f"/{name}", *(f"/{term.name}" for term in told)), problem, expected, found)]


def last_place(value: Decimal, unit: Decimal) -> Decimal:
    """How coarse a printed number can be: 0 for a whole number, else its last decimal, at most ``unit``."""
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return min(unit, Decimal(1).scaleb(exponent)) if exponent < 0 else Decimal(0)


def _plain(value: Decimal | int | str) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
