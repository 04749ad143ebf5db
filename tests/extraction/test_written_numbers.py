"""Digits that a float does not hold reach a Decimal, and nothing else than a Decimal becomes anything else than before."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, Field, RootModel, model_validator
from typing_extensions import TypedDict

from extraction.json_text import load_strictly
from extraction.parsing import GroundedOutputParser
from extraction.written_numbers import WrittenNumber, dump_as_written, plain_numbers, read_number

LONG = "12345678901234567.89"
EXACT = Decimal(LONG)
FLOAT = float(LONG)


def _read(target: Any, text: str) -> Any:
    return GroundedOutputParser(target=target).parse(text.replace("LONG", LONG))


def _has_written(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(map(_has_written, value.values() if isinstance(value, dict) else value))
    return isinstance(value, WrittenNumber)


class Line(BaseModel):
    amount: Decimal | None
    share: float


class Paper(BaseModel):
    total: Annotated[Decimal, Field(gt=0, decimal_places=2)]
    tax: Decimal = Field(default=Decimal(0), alias="Tax")
    lines: list[Line] = []
    by_name: dict[str, Decimal] = {}
    pair: tuple[str, Decimal] | None = None
    more: tuple[Decimal, ...] = ()
    whole: int | Decimal | None = None
    parent: Paper | None = None


TEXT = """{"total": LONG, "Tax": LONG, "lines": [{"amount": LONG, "share": LONG}, {"amount": null, "share": 0.5}],
"by_name": {"a/b": LONG}, "pair": ["LONG", LONG], "more": [1.5, LONG], "whole": LONG, "parent": {"total": LONG}}"""


def _paper() -> Paper:
    lines = [Line(amount=EXACT, share=FLOAT), Line(amount=None, share=0.5)]
    return Paper(
        total=EXACT,
        Tax=EXACT,
        lines=lines,
        by_name={"a/b": EXACT},
        pair=(LONG, EXACT),
        more=(Decimal("1.5"), EXACT),
        whole=EXACT,
        parent=Paper(total=EXACT),
    )


def test_a_decimal_has_all_its_digits_wherever_it_stands() -> None:
    assert _read(Paper, TEXT) == _paper()
    assert type(_read(Paper, TEXT).lines[0].share) is float


def test_the_stream_gives_the_same_digits() -> None:
    text = TEXT.replace("LONG", LONG)
    elements = list(GroundedOutputParser(target=Paper).transform(iter([text[:40], text[40:200], text[200:]])))
    assert elements[0].total == EXACT
    assert elements[-2].by_name == {"a/b": EXACT}
    assert elements[-1] == _paper()


def test_json_of_it_can_be_written_anywhere_and_reads_back_as_the_same() -> None:
    data = GroundedOutputParser(target=Paper).parse_text(TEXT.replace("LONG", LONG), {}).data
    assert data["total"] == LONG  # as Pydantic itself writes a Decimal
    assert data["lines"] == [{"amount": LONG, "share": FLOAT}, {"amount": None, "share": 0.5}]
    assert data["more"] == [1.5, LONG]
    assert not _has_written(data)
    assert _read(Paper, json.dumps(data)) == _paper()


def test_other_types_that_hold_decimals() -> None:
    @dataclasses.dataclass
    class Data:
        amounts: list[Decimal]

    class Typed(TypedDict):
        amount: Decimal

    class Root(RootModel[dict[str, Decimal]]):
        pass

    class Cash(BaseModel):
        kind: Literal["cash"]
        amount: Decimal

    class Card(BaseModel):
        kind: Literal["card"]
        amount: Decimal

    class Paid(BaseModel):
        by: Annotated[Cash | Card, Field(discriminator="kind")]

    assert _read(Data, '{"amounts": [LONG]}') == Data([EXACT])
    assert _read(Typed, '{"amount": LONG}') == {"amount": EXACT}
    assert _read(Root, '{"a": LONG}').root == {"a": EXACT}
    assert _read(list[Decimal], "[LONG, 1.5]") == [EXACT, Decimal("1.5")]
    assert _read(Decimal, LONG) == EXACT
    assert _read(Paid, '{"by": {"kind": "card", "amount": LONG}}').by == Card(kind="card", amount=EXACT)


def test_what_need_not_become_a_decimal_is_the_number_that_it_was() -> None:
    class Mixed(BaseModel):
        number: float | Decimal
        text: str | Decimal
        anything: Any
        rounded: Annotated[Decimal, BeforeValidator(lambda value: round(value, 2))]
        listed: list[Any]

    found = _read(Mixed, '{"number": LONG, "text": LONG, "anything": {"a": LONG}, "rounded": LONG, "listed": [LONG]}')
    assert type(found.number) is float
    assert found.text == Decimal(repr(FLOAT))
    assert found.anything == {"a": FLOAT}
    assert not _has_written([found.number, found.anything, found.listed])
    assert found.rounded == Decimal(repr(FLOAT))


def test_a_function_around_a_class_hides_none_of_its_decimals() -> None:
    class Checked(BaseModel):
        amount: Decimal

        @model_validator(mode="before")
        @classmethod
        def _see(cls, value: Any) -> Any:
            return value

    assert _read(Checked, '{"amount": LONG}').amount == EXACT
    text = f'{{"amount": {LONG}, "more": 1}}'
    (last,) = list(GroundedOutputParser(target=list[Checked]).transform(iter([f"[{text}]"])))[-1]
    assert last.amount == EXACT
    growing = list(GroundedOutputParser(target=Checked).transform(iter([text])))
    assert not any(map(_has_written, growing[:-1]))


def test_values_of_a_json_schema_are_plain_floats() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "number", "multipleOf": 0.01}}}
    parser = GroundedOutputParser(target=schema)
    assert not _has_written(parser.parse(f'{{"a": {LONG}}}'))
    assert not any(map(_has_written, parser.transform(iter([f'{{"a": {LONG}', "}"]))))


def test_two_answers_that_differ_in_a_cent_differ() -> None:
    text = f'```json\n{{"amount": {LONG}, "share": 1}}\n```\n```json\n{{"amount": {LONG[:-1]}8, "share": 1}}\n```'
    with pytest.raises(Exception, match="2 documents that fit the schema and differ"):
        _read(Line, text)
    with pytest.raises(ValueError, match="stands twice"):
        load_strictly(f'{{"a": {LONG}, "a": {LONG[:-1]}8}}')


@pytest.mark.parametrize("text", ["0.1", "-1e5", "100.000000000000000000", "0.30000000000000004", "1e-400", "-0.0"])
def test_most_numbers_are_plain_floats(text: str) -> None:
    assert type(read_number(text)) is float


def test_a_written_number_is_a_float_everywhere() -> None:
    number = read_number("0.12345678901234567891")
    assert isinstance(number, WrittenNumber)
    assert number == 0.12345678901234567891
    assert (repr(number), str(number), f"{number}") == ("0.12345678901234567891",) * 3
    assert json.dumps([number]) == "[0.12345678901234568]"
    for other in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
        assert (type(other), other.text) == (WrittenNumber, number.text)
    assert [type(one) for one in plain_numbers([number, {"a": number}["a"]])] == [float, float]
    same = [1.5, "a"]
    assert plain_numbers(same) is same


def test_text_with_every_digit() -> None:
    data = {"a": [read_number(LONG), 1.5, LONG, True], "ä": None}
    text = dump_as_written(data, ensure_ascii=False)
    assert text == f'{{"a": [{LONG}, 1.5, "{LONG}", true], "ä": null}}'
    assert dump_as_written([1.5]) == "[1.5]"
