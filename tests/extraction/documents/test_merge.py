"""Several windows' answers as one: by the schema's rules, with where everything comes from, and nothing silent."""

from __future__ import annotations

import itertools
import random
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from extraction.confidence import Confidence
from extraction.documents.result import Origin
from extraction.schemas import Box, Key, Merge
from extraction.schemas.merging import MergeRule
from tests.extraction.documents.papers import Table, merged, row


def _field(rule: MergeRule, kind: Any = str | None) -> type[BaseModel]:
    class Paper(BaseModel):
        field: Annotated[kind, Merge(rule)]

    return Paper


class Plain(BaseModel):
    field: str | None


def _told(*values: Any) -> list[dict[str, Any]]:
    return [{"field": value} for value in values]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("first", "a"), ("last", "c"), ("consensus", "b"), ("concat", "a\nb\nb\nc"), ("distinct", "a\nb\nc")],
)
def test_what_becomes_of_a_text(rule: MergeRule, expected: str) -> None:
    found = merged(_field(rule), *_told(None, "a", "b", "b", "", "c", None))
    assert found.data == {"field": expected}


def test_the_surest_is_taken_where_that_is_asked_for() -> None:
    sure = {0: Confidence({"/field": 0.4}), 1: Confidence({"/field": 0.9}), 2: Confidence({"/field": 0.6})}
    found = merged(_field("confident"), *_told("a", "b", "a"), confidences=sure)
    assert found.data == {"field": "b"}
    assert found.confidence == Confidence({"/field": 0.9})


def test_without_a_rule_most_pages_are_right_and_of_equals_the_surest_and_then_the_first() -> None:
    assert merged(Plain, *_told("a", "b", "B ", "c")).data == {"field": "b"}
    assert merged(Plain, *_told("a", "b")).data == {"field": "a"}
    sure = {0: Confidence({"/field": 0.5}), 1: Confidence({"/field": 0.7})}
    assert merged(Plain, *_told("a", "b"), confidences=sure).data == {"field": "b"}


def test_what_pages_disagree_about_is_told() -> None:
    (conflict,) = merged(Plain, *_told("a", None, "b", "b")).conflicts
    assert (conflict.pointer, conflict.taken, conflict.rule, conflict.declared) == ("/field", "b", "consensus", False)
    assert conflict.values == (("b", (3, 4)), ("a", (1,)))
    assert str(conflict) == '/field: "b" on pages 3, 4, "a" on page 1; taken is "b" (consensus)'
    (declared,) = merged(_field("last"), *_told("a", "b")).conflicts
    assert declared.declared
    assert merged(Plain, *_told("a", "A", None)).conflicts == ()  # the same in other letters


@pytest.mark.parametrize(("values", "expected"), [((1, 1.0, 2), 1), ((True, False, False), False), ((None, 0), 0)])
def test_numbers_and_truths(values: tuple[Any, ...], expected: Any) -> None:
    class Paper(BaseModel):
        field: float | bool | None

    found = merged(Paper, *_told(*values)).data["field"]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "form",
    [
        {"type": ["number", "string"]},
        {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]},  # as Pydantic describes a Decimal
        {"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"},  # as it did, where it is written
        {"type": "string", "format": "decimal"},
        {"allOf": [{"$ref": "#/$defs/Money"}]},
    ],
    ids=["types", "branches", "pattern", "format", "reference"],
)
@pytest.mark.parametrize(
    "values", [("100.00", "100.0"), (100.0, "100.00"), ("-0.50", "-.5"), (100, " 100.000 "), ("0", "-0.00")]
)
def test_amounts_that_are_equal_as_numbers_agree(form: dict[str, Any], values: tuple[Any, ...]) -> None:
    money = {"$defs": {"Money": {"anyOf": [{"type": "integer"}, {"type": "string"}]}}}
    schema = {"type": "object", "properties": {"field": form}, "required": ["field"], **money}
    assert merged(schema, *_told(*values)).conflicts == ()
    (conflict,) = merged(schema, *_told(values[0], "100.01")).conflicts
    assert conflict.values == ((values[0], (1,)), ("100.01", (2,)))


@pytest.mark.parametrize(("form", "values"), [(str, ("1.0", "1.00")), (int | str, ("007", 7))], ids=["text", "code"])
def test_texts_and_codes_are_no_numbers(form: Any, values: tuple[Any, ...]) -> None:
    class Paper(BaseModel):
        field: form

    assert len(merged(Paper, *_told(*values)).conflicts) == 1


def test_rows_of_one_amount_are_one_however_it_is_written() -> None:
    class Line(BaseModel):
        number: int | str
        amount: float | str

    class Paper(BaseModel):
        by_key: Annotated[list[Line], Key("amount")]
        different: Annotated[list[Line], Merge("distinct")]

    one, other = {"number": 1, "amount": "100.00"}, {"number": "1", "amount": 100.0}
    found = merged(Paper, {"by_key": [one], "different": [one]}, {"by_key": [other], "different": [other]})
    assert found.data == {"by_key": [one], "different": [one]}
    assert found.conflicts == ()


def test_what_no_page_tells_is_null_and_comes_from_nowhere() -> None:
    found = merged(Plain, *_told(None, None))
    assert found.data == {"field": None}
    assert dict(found.provenance) == {}
    assert merged(Plain, *_told(None, "")).data == {"field": ""}


def test_objects_are_merged_field_by_field_and_a_box_comes_whole() -> None:
    class Seller(BaseModel):
        name: str
        logo: Box

    class Paper(BaseModel):
        seller: Seller

    found = merged(
        Paper,
        {"seller": {"name": "Shop", "logo": None}},
        {"seller": None},
        {"seller": {"name": None, "logo": [1.0, 2.0, 3.0, 4.0]}},
        confidences={2: Confidence({f"/seller/logo/{edge}": 0.9 for edge in range(4)}, {"/seller/logo": 0.8})},
    )
    assert found.data == {"seller": {"name": "Shop", "logo": [1.0, 2.0, 3.0, 4.0]}}
    assert found.provenance["/seller"] == (1, 3)
    assert found.provenance.origins["/seller/logo"] == (Origin(2, (3,), "/seller/logo"),)
    assert found.confidence == Confidence({}, {"/seller/logo": 0.8})


def test_lists_are_joined_in_order_and_equal_rows_stay() -> None:
    rows = [row("2026-01-01", "tea", 2.0), row("2026-01-01", "tea", 2.0)]
    page = {"title": "T", "rows": rows}
    found = merged(Table, page, {"title": None, "rows": []}, page)
    assert found.data["rows"] == rows * 2
    assert [found.provenance[f"/rows/{index}"] for index in range(4)] == [(1,), (1,), (3,), (3,)]
    assert found.provenance.origins["/rows/2/amount"] == (Origin(2, (3,), "/rows/0/amount"),)
    assert found.provenance[""] == (1, 3)
    assert found.joined == ()


def test_a_key_makes_one_item_of_several() -> None:
    class Part(BaseModel):
        number: int | None
        name: str | None = None
        colours: list[str] = []

    class Paper(BaseModel):
        parts: Annotated[list[Part], Key("number")]

    first = {"number": 1, "name": "bolt", "colours": ["red"]}
    second = {"number": 2, "name": "nut", "colours": []}
    again = {"number": 1, "name": "Bolt", "colours": ["blue"]}
    unknown: dict[str, Any] = {"number": None, "name": "ring", "colours": []}
    found = merged(Paper, {"parts": [first, second, unknown]}, {"parts": [again, unknown]})
    assert found.data["parts"] == [{**first, "colours": ["red", "blue"]}, second, unknown, unknown]
    assert found.provenance["/parts/0"] == (1, 2)
    other = {"number": 2, "name": "washer", "colours": []}
    (conflict,) = merged(Paper, {"parts": [second]}, {"parts": [other]}).conflicts
    assert conflict.pointer == "/parts/0/name"


def test_every_different_item_once_where_that_is_asked_for() -> None:
    found = merged(_field("distinct", list[str]), *_told(["a", "b"], ["B", "c"], ["a"]))
    assert found.data == {"field": ["a", "b", "c"]}


def test_a_list_that_is_taken_as_a_whole() -> None:
    found = merged(_field("first", list[str]), *_told([], ["a", "b"], ["c"]))
    assert found.data == {"field": ["a", "b"]}
    assert found.provenance["/field/1"] == (2,)


def test_a_list_at_the_top_and_a_value_at_the_top() -> None:
    assert merged(list[int], [1, 2], [], [2]).data == [1, 2, 2]
    assert merged(int, None, 4, 4, 5).data == 4
    assert merged(dict[str, int], {"a": 1}, {"b": 2, "a": 1}).data == {"a": 1, "b": 2}


def test_unions_come_whole() -> None:
    class Cat(BaseModel):
        kind: Literal["cat"]

    class Dog(BaseModel):
        kind: Literal["dog"]

    class Paper(BaseModel):
        field: Cat | Dog

    assert merged(Paper, *_told({"kind": "cat"}, {"kind": "dog"}, {"kind": "dog"})).data == {"field": {"kind": "dog"}}


def test_no_answer_at_all() -> None:
    assert merged(Table, ValueError("a"), ValueError("b")).data == {}
    assert merged(list[int], ValueError("a")).data == []


@pytest.mark.parametrize("seed", range(20))
def test_it_does_not_matter_how_rows_lie_on_pages(seed: int) -> None:
    rng = random.Random(seed)
    rows = [row(f"2026-01-{1 + n % 28:02}", rng.choice(["tea", "milk"]), float(rng.randint(1, 3))) for n in range(30)]
    cuts = [0, *sorted(rng.choices(range(31), k=4)), 30]
    pages = [{"title": "T", "total": None, "rows": rows[a:b]} for a, b in itertools.pairwise(cuts)]
    found = merged(Table, *pages)
    assert found.data == {"title": "T", "total": None, "rows": rows}
    at = [number for number, (a, b) in enumerate(itertools.pairwise(cuts), 1) for _ in range(b - a)]
    assert [found.provenance[f"/rows/{index}"] for index in range(30)] == [(page,) for page in at]


ROW = {"type": "object", "properties": {"a": {"type": ["string", "null"]}, "n": {"type": "integer"}}}


@pytest.mark.parametrize(
    "rows", [{"type": ["array", "null"], "items": ROW}, {"items": ROW}, {"type": ["null", "array"], "items": True}]
)
def test_lists_of_a_json_schema_that_may_be_null_keep_the_rows_of_all_pages(rows: dict[str, Any]) -> None:
    form = {"type": "object", "properties": {"rows": rows}}
    found = merged(form, {"rows": [{"a": "x", "n": 1}]}, {"rows": None}, {"rows": [{"a": "y", "n": 2}]})
    assert found.data == {"rows": [{"a": "x", "n": 1}, {"a": "y", "n": 2}]}
    assert not found.conflicts


def test_objects_of_a_json_schema_that_may_be_null_are_merged_field_by_field() -> None:
    form = {"properties": {"of": {"type": ["object", "null"], "additionalProperties": {"type": "integer"}}}}
    found = merged(form, {"of": {"k": 1}}, {"of": {"l": 2}})
    assert found.data == {"of": {"k": 1, "l": 2}}


@pytest.mark.parametrize("form", [set[str], {"type": "array", "uniqueItems": True, "items": {"type": "string"}}])
def test_items_that_must_differ_are_told_once(form: Any) -> None:
    assert merged(form, ["a", "b"], ["b", "c"]).data == ["a", "b", "c"]
