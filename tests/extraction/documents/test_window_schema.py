"""What is asked of some pages: everything may be absent there, and what is there has the form that the user wants."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from extraction.documents.window_schema import window_schema
from extraction.prompts import has_geometry, schema_text
from extraction.schemas import (
    BankStatement,
    Box,
    Chart,
    Count,
    CountOf,
    Form,
    Invoice,
    Merge,
    Receipt,
    Scene,
    Table,
    json_schema_of,
)


class Seller(BaseModel):
    name: str
    since: date | None = None


class Item(BaseModel):
    text: str
    price: float


class Sighting(BaseModel):
    label: str
    box: Box


class Paper(BaseModel):
    kind: Literal["paper"]
    number: Annotated[str, Field(description="its number"), Merge("first")]
    state: Literal["new", "paid"]
    seller: Seller
    size: tuple[float, float]
    stamp: Box
    count: Annotated[int, CountOf("items")]
    items: Annotated[list[Item], Field(min_length=1)]
    stamps: list[Sighting]


NOTHING: dict[str, Any] = {
    "kind": "paper",
    "number": None,
    "state": None,
    "seller": None,
    "size": None,
    "stamp": None,
    "count": None,
    "items": [],
    "stamps": [],
}


def _fits(schema: dict[str, Any], value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


def test_a_page_without_anything_needs_to_invent_nothing() -> None:
    whole = json_schema_of(Paper)
    window = window_schema(whole)
    assert not _fits(whole, NOTHING)
    assert _fits(window, NOTHING)
    assert _fits(window, {**NOTHING, "seller": {"name": None}, "items": [{"text": "tea", "price": None}]})
    assert window["required"] == whole["required"]  # a model says of each that it is not there


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": None},
        {"number": 5},
        {"state": "old"},
        {"items": None},
        {"items": [{"text": "tea", "price": "much"}]},
        {"items": [None]},
        {"size": [1.0]},
        {"stamps": [{"label": "paid", "box": None}]},
    ],
)
def test_what_is_there_has_its_form(wrong: dict[str, Any]) -> None:
    assert not _fits(window_schema(json_schema_of(Paper)), NOTHING | wrong)


def test_what_it_is_about_stays_beside_the_null_and_marks_go() -> None:
    number = window_schema(json_schema_of(Paper))["properties"]["number"]
    assert number == {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Number", "description": "its number"}


def test_boxes_stay_boxes() -> None:
    window = window_schema(json_schema_of(Paper))
    assert has_geometry(window)
    assert window["$defs"]["Sighting"] == json_schema_of(Paper)["$defs"]["Sighting"]


@pytest.mark.parametrize("schema", [BankStatement, Invoice, Receipt, Form, Table, Chart, Count])
def test_schemas_of_documents_are_asked_as_they_are_where_all_is_optional(schema: type[BaseModel]) -> None:
    window = window_schema(json_schema_of(schema))
    nothing: dict[str, Any] = {
        name: [] if "array" in str(part.get("type")) else None for name, part in window["properties"].items()
    }
    assert _fits(window, nothing)


@pytest.mark.parametrize("schema", [list[Scene], int, Literal["a", "b"], dict[str, int], list[list[str]]])
def test_whatever_stands_at_the_top(schema: Any) -> None:
    window = window_schema(json_schema_of(schema))
    assert _fits(window, None) or _fits(window, []) or _fits(window, {})
    if not has_geometry(window):
        assert schema_text(window, None)


def test_a_schema_that_holds_itself() -> None:
    class Folder(BaseModel):
        name: str
        parent: Folder
        folders: list[Folder]

    window = window_schema(json_schema_of(Folder))
    assert _fits(window, {"name": None, "parent": None, "folders": [{"name": "a", "parent": None, "folders": []}]})


def test_either_of_two_kinds() -> None:
    class Cat(BaseModel):
        kind: Literal["cat"]
        lives: int

    class Dog(BaseModel):
        kind: Literal["dog"]
        tricks: list[str]

    class Owner(BaseModel):
        pet: Annotated[Cat | Dog, Field(discriminator="kind")]

    window = window_schema(json_schema_of(Owner))
    assert _fits(window, {"pet": None})
    assert _fits(window, {"pet": {"kind": "cat", "lives": None}})
    assert not _fits(window, {"pet": {"kind": "cow"}})
