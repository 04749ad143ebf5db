"""Marks that say what becomes of a field when a document has several pages, and what must add up in the end.

    class Statement(BaseModel):
        account: str
        closing: Annotated[Decimal, Merge("last")]
        entries: Annotated[int, CountOf("transactions")]
        paid_in: Annotated[Decimal, SumOf("transactions/*/credit")]
        transactions: Annotated[list[Transaction], RunningBalance("balance", of=("credit", "-debit"), start="opening")]

They stand in the JSON schema under keys of their own, which models are not shown and validators pass over; whoever
writes a JSON schema by hand writes the same keys. What has no mark follows defaults: see ``Merge``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from extraction.errors import SchemaError

MergeRule: TypeAlias = Literal["first", "last", "confident", "consensus", "concat", "distinct"]
"""See ``Merge``."""


class _Mark:
    """Writes itself into the JSON schema of the field that it annotates."""

    key: ClassVar[str]

    def as_json(self) -> Any:
        """What stands in the JSON schema under ``key``."""
        raise NotImplementedError

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        schema[self.key] = self.as_json()  # beside a reference where the type has a definition of its own
        return schema


@dataclass(frozen=True)
class Merge(_Mark):
    """How several pages' values of a field become one.

    Attributes:
        rule: "consensus" takes what most pages say, of equals what the model was surest of, then the first; the default of
            texts, numbers and all that is no list. "first" and "last" take the first and the last that is there,
            "confident" what the model was surest of. "concat", the default of lists, takes all in order: the items of
            lists, of which one that a page's end cuts is put together, and the lines of texts. "distinct" does so with
            every different item once.

    Raises:
        SchemaError: There is no such rule.
    """

    key: ClassVar[str] = "x-extraction-merge"
    rule: MergeRule

    def __post_init__(self) -> None:
        if self.rule not in get_args(MergeRule):
            raise SchemaError(f"there is no rule Merge({self.rule!r}), only {', '.join(get_args(MergeRule))}")

    def as_json(self) -> str:
        """The rule."""
        return self.rule


@dataclass(frozen=True, init=False)
class Key(_Mark):
    """Which fields tell the items of a list apart: those that are equal in all of them are one item, put together.

    Without it equal items stay: two equal rows of a statement are two payments.

    Attributes:
        fields: Names of fields of the items.

    Raises:
        SchemaError: No field is named.
    """

    key: ClassVar[str] = "x-extraction-key"
    fields: tuple[str, ...]

    def __init__(self, *fields: str) -> None:
        if not fields or not all(fields):
            raise SchemaError("Key needs the names of fields, such as Key('number')")
        object.__setattr__(self, "fields", fields)

    def as_json(self) -> list[str]:
        """The names."""
        return list(self.fields)


@dataclass(frozen=True)
class CountOf(_Mark):
    """A printed number that must be that of the items of a list.

    Attributes:
        path: The list, from the object in which the field stands: "transactions", "accounts/*/transactions".
    """

    key: ClassVar[str] = "x-extraction-count-of"
    path: str

    def as_json(self) -> str:
        """The path."""
        return self.path


@dataclass(frozen=True, init=False)
class SumOf(_Mark):
    """A printed number that must be the sum of others.

    Attributes:
        terms: Paths of the numbers, from the object in which the field stands; all items of a list are "*", and what is
            subtracted begins with "-": ``SumOf("subtotal", "taxes/*/amount", "-discount")``. Of what is not there nothing
            is added; an item without its number leaves the sum unchecked.
        within: By how much the sum may be off.

    Raises:
        SchemaError: No path is named, or ``within`` is negative.
    """

    key: ClassVar[str] = "x-extraction-sum-of"
    terms: tuple[str, ...]
    within: float

    def __init__(self, *terms: str, within: float = 0.0) -> None:
        if not terms or not within >= 0:
            raise SchemaError("SumOf needs paths of numbers, such as SumOf('lines/*/amount'), and within=0 or more")
        object.__setattr__(self, "terms", terms)
        object.__setattr__(self, "within", within)

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        return {"terms": list(self.terms), "within": self.within}


@dataclass(frozen=True)
class RunningBalance(_Mark):
    """A list of which every item tells the balance after it: what it was before, and what the item adds.

    It tells between which two rows something is missing. Lists from new to old are known by themselves.

    Attributes:
        balance: The field of the items that holds the balance; items without one add to the next that has one.
        of: Their fields that are added; what is subtracted begins with "-".
        start: The field, beside the list, of the balance before all items.
        end: The field, beside the list, of the balance after all.
        within: By how much each balance may be off.
    """

    key: ClassVar[str] = "x-extraction-running-balance"
    balance: str
    of: tuple[str, ...] = ("amount",)
    start: str | None = None
    end: str | None = None
    within: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The attributes."""
        told = {"balance": self.balance, "of": list(self.of), "within": self.within}
        return told | {name: value for name, value in (("start", self.start), ("end", self.end)) if value is not None}


MARK_KEYS: Final = frozenset(mark.key for mark in (Merge, Key, CountOf, SumOf, RunningBalance))
"""The keys of all marks in a JSON schema."""


def marks_of(schema: Mapping[str, Any], *, at: str = "#") -> tuple[_Mark, ...]:
    """The marks that stand in one node of a JSON schema.

    Args:
        schema: The node.
        at: Where it is, for the message.

    Raises:
        SchemaError: A mark is written wrongly.
    """
    marks: list[_Mark] = []
    for kind in (Merge, Key, CountOf, SumOf, RunningBalance):
        if kind.key not in schema:
            continue
        told = schema[kind.key]
        try:
            marks.append(_read(kind, told))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SchemaError(f"the schema is wrong at {at}: {kind.key} cannot be {told!r:.100}: {error}") from error
    return tuple(marks)


def _read(kind: type[_Mark], told: Any) -> _Mark:
    if kind is SumOf:
        return SumOf(*told) if isinstance(told, list) else SumOf(*told["terms"], within=told.get("within", 0.0))
    if kind is Key:
        names = [told] if isinstance(told, str) else told
        if not all(isinstance(name, str) for name in names):
            raise TypeError("names of fields are texts")
        return Key(*names)
    if kind is RunningBalance:
        return RunningBalance(**{**told, "of": tuple(told.get("of", ("amount",)))})
    if not isinstance(told, str):
        raise TypeError("it is no text")
    return Merge(told) if kind is Merge else CountOf(told)  # type: ignore[arg-type]
