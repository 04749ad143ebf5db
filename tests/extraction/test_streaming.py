"""Streams of the parser: prefixes, pieces, what stands around a document, boxes, tool calls, events, cancellation."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from extraction.errors import (
    OutputError,
    SchemaMismatchError,
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.parsing import GroundedOutputParser
from tests.extraction.growth import (
    BILL,
    CLOSED,
    Bill,
    Line,
    extends,
    given_in,
    grows,
    pieces,
    pointers,
    streamed,
)

# Where each of those values becomes certain: behind its last character, a number behind the one that follows it.
ENDS = [
    BILL.index(mark) + len(mark) for mark in ("1234.5,", '\U0001f600"', "null", '"y"]}', "-0.5}", "1,", "20}", "true")
]
ENDS[5] = BILL.index('"a/b": 1,') + 9

AROUND = ["{}", "\n {} \n", "```json\n{}\n```", "Here it is:\n\n```json\n{}\n```\nAnything else?", "~~~\n{}\n~~~"]
AROUND += ["<think>Is it {{}}? [1]</think>\n{}", "<thinking>a <think> b</thinking>{}", "so [1], no.\n</think>\n\n{}"]
AROUND += ['I see [a cup, {{}}] on {a: ["ta}\\"]ble"], ]} there: {}', "{note} and [see\n[2]]:\n{}\n"]
AROUND += ["The bill says {} I think.", "See [1] and [2, {{}}]: {}", "<b>Bill</b> {}", "1 < 2: {}", "``` json\n{}```"]
AROUND += ["[THINK]Is it {{}}? [1][/THINK]\n{}", "◁think▷a [THINK] ◁/think▷{}", "<|channel>thought\n{{}}<channel|>{}"]
AROUND += ["I see [a cup[/THINK]\n{}", "[/THINK]{}", "[T] or [THIN] on [/THIS]: {}", "a <|channel> <channel|>\n{}"]


# --- growth --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 0, 10_000])
@pytest.mark.parametrize("around", AROUND)
def test_every_value_is_given_once_and_never_changes(around: str, size: int) -> None:
    text = around.replace("{{}}", '{"a": 1}').replace("{}", BILL)
    parser = GroundedOutputParser(target=Bill)
    closed = list(parser.values(pieces(text, size)))
    assert pointers(closed) == CLOSED
    elements = [one.whole for one in closed]
    assert elements == streamed(Bill, pieces(text, size))
    assert grows(elements)
    assert all(isinstance(element, Bill) for element in elements)
    assert type(elements[-1]) is Bill
    assert elements[-1] == parser.invoke(text) == Bill.model_validate_json(BILL)
    assert [type(one.value) for one in closed[:4]] == [Decimal, str, type(None), Line]


def test_what_is_not_there_yet_is_absent() -> None:
    first, second, *_ = streamed(Bill, [BILL])
    assert first.model_fields_set == {"total"}
    assert repr(first) == "Bill(total=Decimal('1234.5'))"
    assert not hasattr(first, "paid")  # no default stands where an answer will
    assert first.model_dump(mode="json") == {"total": "1234.5"}
    assert repr(second.seller) == "Seller(name='König \"&\" Söhne \U0001f600')"
    assert not hasattr(second.seller, "city")


def test_every_prefix_gives_exactly_what_is_complete() -> None:
    parser = GroundedOutputParser(target=Bill)
    for end in range(1, len(BILL)):
        given, error = given_in(Bill, BILL[:end])
        assert isinstance(error, TruncatedOutputError)
        with pytest.raises(TruncatedOutputError) as caught:
            parser.invoke(BILL[:end])
        assert str(error) == str(caught.value)
        assert error.llm_output == BILL[:end]
        assert len(given) == sum(one <= end for one in ENDS), BILL[:end]
        assert not given or extends(parser.invoke(BILL), given[-1])


@pytest.mark.parametrize("around", AROUND[:6])
def test_every_prefix_of_an_unconstrained_answer_recovers_its_complete_items(around: str) -> None:
    items = [{"text": f"n{index}", "price": index, "tags": ["[", "}"]} for index in range(7)]
    before, _, after = around.replace("{{}}", '{"a": 1}').partition("{}")
    text, ends = before + "[", list[int]()
    for item in items:
        text += (", " if ends else "") + json.dumps(item)
        ends.append(len(text))
    text += "]" + after
    lines = [Line.model_validate(item) for item in items]
    for end in range(len(before) + 1, len(text)):
        given, error = given_in(list[Line], text[:end])
        complete = sum(one <= end for one in ends)
        assert (given[-1] if given else []) == lines[:complete]
        if isinstance(error, TruncatedOutputError):
            assert [Line.model_validate(item) for item in error.partial or []] == lines[:complete]


def test_time_is_linear_in_the_length() -> None:
    items = ", ".join('{"text": "' + "word " * 8 + '", "price": 12.5, "tags": ["a", "b"]}' for _ in range(400))
    text = f"Well.\n```json\n[{items}]\n```\n"
    for size in (1, 4, 50):
        parser = GroundedOutputParser(target=list[Line])
        stream = parser.answer_stream()
        chunks = pieces(text, size)
        closed = [one for chunk in chunks for one in stream.push(chunk)]
        assert len(closed) == 400
        assert stream.reader.steps <= 2 * len(text) + len(chunks)


def test_an_item_is_validated_when_it_closes_and_not_again_before_the_end() -> None:
    validated: list[str] = []

    class Item(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def _count(cls, value: str) -> str:
            validated.append(value)
            return value

    class Items(BaseModel):
        items: list[Item]

    names = [str(index) for index in range(50)]
    text = json.dumps({"items": [{"text": name} for name in names]})
    parser = GroundedOutputParser(target=Items)
    stream = parser.answer_stream()
    for piece in pieces(text, 3):
        closed = list(stream.push(piece))
        assert not closed or validated == names[: len(closed[-1].whole.items)]
    assert validated == names
    assert [item.text for item in parser.end_of(stream).items] == names
    assert validated == names * 2


# --- what cannot be given early ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "given"),
    [
        (BILL.replace("-0.5", '"much"'), SchemaMismatchError, 4),
        (BILL.replace('"paid": true', '"paid": [1]'), SchemaMismatchError, 7),
        (BILL.replace('"paid"', '"total"'), UnreadableOutputError, 7),
        (BILL.replace("true", "True"), UnreadableOutputError, 7),
        (BILL.replace("20}", "020}"), UnreadableOutputError, 6),
        (BILL.replace('"paid": true', '"paid": NaN'), UnreadableOutputError, 7),
        (BILL.replace('{"total": 1234.5, ', "{"), SchemaMismatchError, 7),
        (f'{{"total": 1}} {BILL}', UnreadableOutputError, 1),  # what was streamed is not what counts
        (f"{BILL}\n```json\n{BILL.replace('1234.5', '1')}\n```", UnreadableOutputError, 8),
        ("no bill", UnreadableOutputError, 0),
        ("[" * 200, UnreadableOutputError, 0),
        ("", UnreadableOutputError, 0),
        ("<think>" + BILL, TruncatedOutputError, 0),
    ],
)
def test_what_is_wrong_ends_the_stream_with_an_error(text: str, kind: type[OutputError], given: int) -> None:
    elements, error = given_in(Bill, text)
    assert type(error) is kind
    assert len(elements) == given
    assert grows(elements)


@pytest.mark.parametrize(
    "text",
    [
        f"{BILL} {BILL}",
        f"[1] {BILL} [2]",
        f"{{'total': 1}}\n```\n{BILL}\n```",
        f"```python\nprint({{}})\n```\n```json\n{BILL}\n```",
        f"- {{note}}\n- [see {BILL}]\n\n~~~json\n{BILL}\n~~~",
        f'"quoted" {BILL}',
        f"<thinker> {BILL}",
        f"</think>{BILL}",
        f"{'[x] ' * 8}{BILL}\n```\n{BILL}\n```",
        f"draft [1\n</thinking>{BILL}",
        f"<think>a</think><think>b</think>{BILL}",
        f"[THINK]a[/THINK]◁think▷[b◁/think▷{BILL}",
        f"[THIN {{}}] {BILL}",
        f"[[THINK]] {BILL}",
    ],
)
def test_the_document_that_counts_is_the_one_that_is_streamed(text: str) -> None:
    elements, error = given_in(Bill, text)
    assert error is None
    assert grows(elements)
    assert elements[-1] == GroundedOutputParser(target=Bill).invoke(text) == Bill.model_validate_json(BILL)


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_a_key_that_comes_again_with_the_same_value_ends_where_invoke_ends(size: int) -> None:
    text = '{"red": 1, "blue": 2, "red": 1, "pink": 3}'
    counts = streamed(dict[str, int], pieces(text, size))
    assert grows(counts)
    assert counts[-1] == GroundedOutputParser(target=dict[str, int]).invoke(text) == {"red": 1, "blue": 2, "pink": 3}


@pytest.mark.parametrize("text", ["12", '"12"', "```\n12\n```", "<think>3</think>12"])
def test_a_value_without_parts_comes_in_the_end(text: str) -> None:
    assert streamed(int | str, pieces(text, 1)) == [GroundedOutputParser(target=int | str).invoke(text)]


def test_an_empty_stream_gives_nothing() -> None:
    assert streamed(Bill, []) == []


class Small(BaseModel):
    a: int
    b: str = "x"
    c: list[int] = []


DOCUMENTS = ['{"a": 1, "b": "q]", "c": [1, 2]}', '{"a": 2}', '{"x": 1}', "[1]", '[{"a": 1}]', '{"a": 1, "b": 2}']
CHATTER = ["\n", "```", "```json\n", "\n```\n", "~~~\n", "<think>", "</think>", "<thinking>", "</thinking>", "text "]
CHATTER += ["[THINK]", "[/THINK]", "[TH", "◁/think▷"]
CHATTER += ["[see ", "{note}", "]", "}", '"', "\\", " ", "> ", "```python\n", "<b>", "{", "[", '{"a": 1, "b": "q']


def _invoked(parser: GroundedOutputParser[Any], text: str) -> tuple[Any, OutputError | None]:
    try:
        return parser.invoke(text), None
    except OutputError as error:
        return None, error


def test_whatever_stands_in_a_text_a_stream_and_invoke_never_disagree() -> None:
    random, parser = Random(0), GroundedOutputParser(target=Small)
    told = {"streamed": 0, "whole": 0, "wrong": 0, "contradicted": 0}
    for _ in range(1500):
        parts = [random.choice(CHATTER if random.random() < 0.6 else DOCUMENTS) for _ in range(random.randrange(1, 8))]
        text = "".join(parts)
        given, error = given_in(Small, text)
        assert grows(given), text
        assert [one.pointer for piece in [text] for one in parser.answer_stream().push(piece)] == [
            one.pointer for stream in [parser.answer_stream()] for piece in text for one in stream.push(piece)
        ], text
        value, wrong = _invoked(parser, text)
        if wrong is not None:
            assert str(error) == str(wrong), text
            told["wrong"] += 1
        elif error is None:
            assert given[-1] == value, text
            told["streamed" if len(given) > 1 else "whole"] += 1
        else:
            assert "another one counts than the one that was streamed" in str(error), text
            told["contradicted"] += 1
    assert told["streamed"] > 200 > told["contradicted"], told
    assert min(told.values()) > 10, told
