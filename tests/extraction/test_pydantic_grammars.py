"""Whatever a grammar of a Pydantic type lets through, the type takes."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import random
import sys
import typing
import uuid
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import pytest
import typing_extensions
from llguidance import LLMatcher
from pydantic import (
    UUID4,
    AnyHttpUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    JsonValue,
    NaiveDatetime,
)

from extraction.errors import SchemaError
from extraction.grammar import Constraint, build_grammar
from extraction.json_text import load_strictly
from extraction.patterns import LIMITS
from extraction.schemas import json_schema_of
from extraction.tools import ToolDialect
from extraction.validation import Validator
from tests.extraction.walks import byte_tokenizer, walk

T = TypeVar("T")


class Kind(enum.Enum):
    ONE = 1
    TWO = "two"


class Cat(BaseModel):
    kind: Literal["cat"]
    mother: Cat | None = None


class Dog(BaseModel):
    kind: Literal["dog"]
    age: Annotated[int, Field(gt=0, le=30)]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    inner: int = Field(alias="outer")
    note: str | None = None


class Base(BaseModel):
    id: uuid.UUID


class Derived(Base):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=2, max_length=5, pattern="^[A-Z]")]
    children: list[Derived] = Field(default=[], max_length=2)


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: T


class Everything(BaseModel):
    price: Annotated[Decimal, Field(max_digits=6, decimal_places=2, ge=0)]
    moment: dt.datetime
    tiny: Annotated[float, Field(gt=0, lt=1e-6)]
    large: Annotated[int, Field(ge=10**12)]
    tenth: Annotated[float, Field(multiple_of=0.1)]
    anything: Any


class Typed(typing_extensions.TypedDict, total=False):
    a: typing_extensions.Required[int]
    b: str


class Named(NamedTuple):
    a: int
    b: str = "x"


Tree = typing_extensions.TypeAliasType("Tree", "dict[str, Tree] | int")

TYPES: list[Any] = [
    Decimal,
    Annotated[Decimal, Field(max_digits=5, decimal_places=2)],
    Annotated[Decimal, Field(max_digits=5)],
    Annotated[Decimal, Field(max_digits=1)],
    Annotated[Decimal, Field(decimal_places=2)],
    Annotated[Decimal, Field(ge=0, lt=10, multiple_of=0.25)],
    dict[Literal["a", "b"], int],
    dict[Annotated[str, Field(pattern="^a")], int],
    dict[Annotated[str, Field(max_length=3)], int],
    dict[uuid.UUID, int],
    dict[int, str],
    dict[dt.date, int],
    dict[str, list[Any]],
    tuple[int, str],
    tuple[int, ...],
    tuple[()],
    HttpUrl,
    AnyHttpUrl,
    dt.timedelta,
    dt.datetime,
    dt.date,
    dt.time,
    AwareDatetime,
    NaiveDatetime,
    UUID4,
    bytes,
    Base64Bytes,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
    ipaddress.IPv4Interface,
    Path,
    Annotated[float, Field(gt=0, lt=1)],
    Annotated[int, Field(multiple_of=5, gt=3)],
    Annotated[str, Field(pattern=r"^\p{L}+$")],
    Annotated[str, Field(pattern=r"^\S+\W$")],
    Kind,
    Cat | Dog,
    Annotated[Cat | Dog, Field(discriminator="kind")],
    Open,
    Derived,
    Page[int],
    Page[Decimal | None],
    Typed,
    Named,
    Tree,
    Everything,
    bool | int | float,
    Literal[1, "a", True, None],
    JsonValue,
]


@pytest.mark.parametrize("target", TYPES, ids=str)
def test_a_type_takes_what_its_grammar_lets_through(target: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is left to validation
        grammar = build_grammar(Constraint.of(json_schema_of(target)), ToolDialect())
    matcher = LLMatcher(byte_tokenizer(), grammar, limits=LIMITS, log_level=0)
    validator = Validator(target)
    finished = 0
    for seed in range(12):
        answer = walk(matcher.deep_copy(), byte_tokenizer(), random.Random(seed), longest=600)
        if answer is None:
            continue
        try:
            value = load_strictly(answer)
        except ValueError:  # a key twice
            continue
        validator.validate(value)
        finished += 1
    assert finished > 3


def test_sets_are_left_to_validation_by_name() -> None:
    with pytest.warns(UserWarning, match="'uniqueItems' at"):
        build_grammar(Constraint.of(json_schema_of(set[int])), ToolDialect())
    assert Validator(set[int]).validate([1, 2]) == {1, 2}


def test_a_typed_dict_that_pydantic_cannot_read_says_which_one_to_take() -> None:
    class Old(typing.TypedDict):
        a: int

    if sys.version_info >= (3, 12):
        assert json_schema_of(Old)["required"] == ["a"]
        return
    with pytest.raises(SchemaError, match=r"typing_extensions\.TypedDict"):
        json_schema_of(Old)
