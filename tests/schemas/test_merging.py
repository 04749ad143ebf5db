"""Marks of merging: they stand in the JSON schema, are read from it, and change nothing that a model is told or held to."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from extraction import SchemaError
from extraction.grammar import Constraint, build_grammar
from extraction.prompts import schema_text
from extraction.schemas import CountOf, Key, Merge, RunningBalance, SumOf, json_schema_of
from extraction.schemas.json_schema import check_json_schema
from extraction.schemas.merging import marks_of
from extraction.tools import ToolDialect


class Money(BaseModel):
    amount: Decimal


class Line(BaseModel):
    number: int
    price: Money
    left: Decimal | None


class Marked(BaseModel):
    total: Annotated[Money, Field(description="the sum"), SumOf("lines/*/price", "-rebate", within=0.01)]
    rebate: Annotated[Decimal | None, Merge("last")] = None
    printed: Annotated[int, CountOf("lines")]
    lines: Annotated[list[Line], Key("number"), RunningBalance("left", of=("price",), start="total")]


class Bare(BaseModel):
    total: Annotated[Money, Field(description="the sum")]
    rebate: Decimal | None = None
    printed: int
    lines: list[Line]


def test_they_stand_beside_what_the_field_is() -> None:
    properties = json_schema_of(Marked)["properties"]
    assert properties["total"]["$ref"] == "#/$defs/Money"
    assert marks_of(properties["total"]) == (SumOf("lines/*/price", "-rebate", within=0.01),)
    assert marks_of(properties["rebate"]) == (Merge("last"),)
    assert marks_of(properties["printed"]) == (CountOf("lines"),)
    assert marks_of(properties["lines"]) == (Key("number"), RunningBalance("left", of=("price",), start="total"))


def test_a_definition_that_two_fields_share_is_not_marked_by_one_of_them() -> None:
    class Two(BaseModel):
        first: Annotated[Money, Merge("first")]
        second: Money

    schema = json_schema_of(Two)
    assert marks_of(schema["$defs"]["Money"]) == ()
    assert marks_of(schema["properties"]["second"]) == ()


def test_models_are_told_and_held_to_the_same() -> None:
    marked, bare = (json_schema_of(one) | {"title": "Same"} for one in (Marked, Bare))
    assert schema_text(marked, None) == schema_text(bare, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grammars = [build_grammar(Constraint.of(one), ToolDialect()) for one in (marked, bare)]
    assert grammars[0] == grammars[1]
    check_json_schema(marked)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Merge("middle"),  # type: ignore[arg-type]
        Key,
        SumOf,
        lambda: SumOf("a", within=-1),
        lambda: SumOf("a", within=float("nan")),
    ],
)
def test_what_means_nothing_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(SchemaError):
        make()


@pytest.mark.parametrize(
    ("told", "mark"),
    [
        ({"x-extraction-merge": "last"}, Merge("last")),
        ({"x-extraction-key": "number"}, Key("number")),
        ({"x-extraction-sum-of": ["a", "-b"]}, SumOf("a", "-b")),
        ({"x-extraction-sum-of": {"terms": ["a"]}}, SumOf("a")),
        ({"x-extraction-count-of": "rows"}, CountOf("rows")),
        ({"x-extraction-running-balance": {"balance": "left"}}, RunningBalance("left")),
    ],
)
def test_hands_write_them_too(told: dict[str, Any], mark: object) -> None:
    assert marks_of(told) == (mark,)


@pytest.mark.parametrize(
    "told",
    [
        {"x-extraction-merge": "middle"},
        {"x-extraction-merge": 1},
        {"x-extraction-key": 5},
        {"x-extraction-key": ["number", 5]},
        {"x-extraction-sum-of": {"within": 1}},
        {"x-extraction-count-of": ["rows"]},
        {"x-extraction-running-balance": {"from": "left"}},
    ],
)
def test_what_hands_write_wrongly_is_named_with_its_place(told: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match=r"#/properties/x: x-extraction"):
        marks_of(told, at="#/properties/x")
