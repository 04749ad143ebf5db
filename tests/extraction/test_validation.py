from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field
from pydantic.v1 import BaseModel as OldModel

from extraction.schemas import Color, Scene, json_schema_of
from extraction.validation import Validator, explain, found, takes_text


class Bill(BaseModel):
    total: Decimal
    items: list[Decimal] = []


class Renamed(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    total: int = Field(alias="sum")


class Old(OldModel):
    total: int


def check(target: Any, data: Any) -> Any:
    return Validator(target).validate(data)


def test_decimals_are_what_was_written() -> None:
    assert str(check(Bill, {"total": 1234.56}).total) == "1234.56"
    assert check(Bill, {"total": 0.1, "items": [1e2, 19.99]}).items == [Decimal(100), Decimal("19.99")]
    assert check(Bill, {"total": 12345678901234567}).total == 12345678901234567


@pytest.mark.parametrize(
    ("target", "data", "value"),
    [
        (int, 4, 4),
        (list[int], [1, 2], [1, 2]),
        (Literal["a", "b"], "a", "a"),
        (Color, "crimson", Color("crimson")),
        (Renamed, {"sum": 3}, Renamed.model_validate({"sum": 3})),
        (Old, {"total": "3"}, Old(total=3)),
        ({"type": "array", "items": {"type": "integer"}}, [1, 2], [1, 2]),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]}, [1, "x"], [1, "x"]),
    ],
)
def test_values(target: Any, data: Any, value: Any) -> None:
    assert check(target, data) == value


@pytest.mark.parametrize(
    ("target", "data", "problem"),
    [
        (int, "x", "(root): Input should be a valid integer, unable to parse string as an integer"),
        (Bill, {"total": 1, "items": ["x"]}, "items/0: Input should be a valid decimal"),
        (Renamed, {"total": 3}, "sum: Field required"),
        (Old, {}, "field required"),
        ({"properties": {"a": {"items": {"type": "integer"}}}}, {"a": [1, "x"]}, "a/1: 'x' is not of type 'integer'"),
        ({"required": ["a"]}, {}, "(root): 'a' is a required property"),
        (
            {"properties": {"on": {"type": "string", "format": "date"}}},
            {"on": "tomorrow"},
            "on: 'tomorrow' is not a 'date'",
        ),
    ],
)
def test_misfits_are_explained(target: Any, data: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        check(target, data)
    assert problem in explain(caught.value)


def test_explanations_stay_short() -> None:
    for target in (list[int], {"items": {"type": "integer"}}):
        with pytest.raises(ValueError, match=r"\w") as caught:
            check(target, ["x" * 1000] * 9)
        told = explain(caught.value)
        assert told.endswith("(and 4 more)")
        assert len(told) < 1200


def test_validators_can_be_pickled() -> None:
    validator = Validator(Bill)
    validator.validate({"total": 1})
    assert pickle.loads(pickle.dumps(validator)).validate({"total": 1}) == Bill(total=Decimal(1))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (str, True),
        (Color, True),
        (int | str, True),
        (str | None, True),
        (Literal["a", "b"], True),
        (Literal["a"], True),
        (Literal[1, 2], False),
        (int, False),
        (Scene, False),
        (list[str], False),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": ["string", "null"]}]}}}, True),
        ({}, False),
    ],
)
def test_takes_text(schema: Any, expected: bool) -> None:
    assert takes_text(json_schema_of(schema)) == expected


@pytest.mark.parametrize(("price", "fits"), [(19.99, True), (0.3, True), (19.999, False), (5, True)])
def test_multiples_are_counted_in_decimal_digits(price: float, fits: bool) -> None:
    validator = Validator({"type": "number", "multipleOf": 0.01})
    if fits:
        assert validator.validate(price) == price
    else:
        with pytest.raises(ValueError, match="not a multiple of"):
            validator.validate(price)


def test_patterns_take_linear_time() -> None:
    assert found("^(a+a+)+b$", "a" * 5000 + "b")
    assert not found("^(a+a+)+b$", "a" * 5000)
    assert found("^(?=a)a", "ab")  # look-around is left to Python's engine
    assert not found(r"^(a|b)\1$", "ab")
    assert found("(", "what no engine reads excludes nothing")


def test_a_schema_that_branches_without_end_is_given_up() -> None:
    levels = {f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 3} for level in range(40)}
    schema = {"$ref": "#/$defs/d0", "$defs": {**levels, "d40": {"type": "object"}}}
    with pytest.raises(ValueError, match="cannot be checked"):
        Validator(schema).validate({})
