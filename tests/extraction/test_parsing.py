from __future__ import annotations

import copy
import dataclasses
import enum
import json
import pickle
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Optional

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import BaseModel, RootModel
from typing_extensions import TypedDict

from extraction.errors import (
    BoxConventionError,
    ImageError,
    OutputError,
    SchemaError,
    SchemaMismatchError,
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.families import find_family, thinking_marks
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, Color, DetectedObject
from extraction.text_parsing import WholeTextParser
from tests.extraction.answers import fails, parse

ROOT = Path(__file__).parents[2]


class Receipt(BaseModel):
    total: Decimal
    on: date | None = None
    lines: list[str] = []


# --- texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"total": 1234.56, "on": "2026-01-31"}',
        'Here you are:\n\n```json\n{"total": 1234.56, "on": "2026-01-31"}\n```\nAnything else?',
        '<think>{"total": 1}? No.</think>{"total": 1234.56, "on": "2026-01-31"}',
        'The receipt says {"total": 1234.56, "on": "2026-01-31"}. See [1] and {note}.',
        '{"total": 1234.56, "on": "2026-01-31"}\n{"total": 1234.56, "on": "2026-01-31"}',
    ],
)
def test_a_whole_answer_is_read_whatever_stands_around_it(text: str) -> None:
    assert parse(Receipt, text) == Receipt(total=Decimal("1234.56"), on=date(2026, 1, 31))


def test_no_prefix_of_an_answer_is_ever_accepted() -> None:
    text = json.dumps({"total": 1234.56, "on": "2026-01-31", "lines": ["a", "b"]})
    for end in range(1, len(text)):
        error = fails(TruncatedOutputError, Receipt, text[:end])
        assert error.llm_output == text[:end]
        assert error.partial is None or error.partial.get("total", 1234.56) == 1234.56
    assert str(fails(UnreadableOutputError, Receipt, "")) == "the answer is empty"


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (UnreadableOutputError, "I cannot see any receipt.", "the answer holds no JSON document"),
        (UnreadableOutputError, '{"total": NaN}', "the answer holds no JSON document: NaN is no JSON number"),
        (
            UnreadableOutputError,
            '{"total": 1, "total": 2}',
            "the key 'total' stands twice in one object, with different values",
        ),
        (UnreadableOutputError, "{'total': 1}", "Expecting property name enclosed in double quotes: line 1 column 2"),
        (UnreadableOutputError, "[" * 100_000, "the answer cannot be read: its brackets are nested too deeply"),
        (UnreadableOutputError, '{"total": 1} or {"total": 2}', "holds 2 documents that fit the schema and differ"),
        (
            SchemaMismatchError,
            '{"total": "x"}',
            "the answer does not fit the schema: total: Input should be a valid decimal",
        ),
        (SchemaMismatchError, '{"sum": 1}', "the answer does not fit the schema: total: Field required"),
        (SchemaMismatchError, '[{"total": 1}]', "(root): Input should be an object"),
        (TruncatedOutputError, "<think>well, the total", "the answer ends in the middle of its thinking"),
        (TruncatedOutputError, '{"total": 1} {"total": 1', "the answer ends in the middle of a JSON document"),
    ],
)
def test_what_is_wrong_is_told_and_the_text_kept(kind: type[OutputError], text: str, told: str) -> None:
    error = fails(kind, Receipt, text)
    assert told in error.message
    assert (error.llm_output, error.retryable) == (text, True)
    assert isinstance(error, OutputParserException)


def test_of_several_documents_the_one_that_fits_counts() -> None:
    assert parse(Receipt, '{"note": "no"} {"total": 3} [4]').total == 3


def test_a_document_from_inside_of_a_broken_one_is_never_taken() -> None:
    fails(UnreadableOutputError, list[DetectedObject], '{"note": oops, "objects": []}')
    fails(TruncatedOutputError, DetectedObject, '[{"label": "a", "color": "red", "box": [1, 2, 3, 4]}, {"lab')


# --- values of every kind ---------------------------------------------------------------------------------------------


class Kind(enum.Enum):
    CAT = "cat"
    DOG = "dog"


class Typed(TypedDict):
    a: int
    box: Box


@dataclasses.dataclass
class Data:
    a: int
    box: Box


class Rows(RootModel[list[Receipt]]):
    pass


@pytest.mark.parametrize(
    ("target", "text", "value"),
    [
        (int, "4", 4),
        (int, "```\n4\n```", 4),
        (str, '"x"', "x"),
        (str, "Paris", "Paris"),
        (str, "<think>France ...</think>\nIt is Paris, see [1].", "It is Paris, see [1]."),
        (str | None, "null", None),
        (int | str, "12", 12),
        (Literal["cat", "dog"], "dog", "dog"),
        (Kind, '"cat"', Kind.CAT),
        (Color, "crimson", Color("crimson")),
        (date, "2026-01-31", date(2026, 1, 31)),
        (list[int], "[1, 2]", [1, 2]),
        (Rows, '[{"total": 1}]', Rows([Receipt(total=Decimal(1))])),
        (list[Receipt], '```json\n[{"total": 1}]\n```', [Receipt(total=Decimal(1))]),
        (Receipt | None, "null", None),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (Typed, '{"a": 1, "box": [0, 0, 500, 1000]}', {"a": 1, "box": Box.from_xyxy(0, 0, 320, 480)}),
        (Data, '{"a": 1, "box": [0, 0, 500, 1000]}', Data(1, Box.from_xyxy(0, 0, 320, 480))),
        ({"type": "array", "items": {"type": "integer"}}, "so: [1, 2]", [1, 2]),
        ({"x-extraction": "box"}, "[0, 0, 500, 1000]", [0, 0, 320, 480]),
    ],
)
def test_targets(target: Any, text: str, value: Any) -> None:
    assert parse(target, text) == value


@pytest.mark.parametrize(
    ("kind", "target", "text"),
    [
        (UnreadableOutputError, int, "The answer is 4."),
        (UnreadableOutputError, str, ""),
        (TruncatedOutputError, str, '"half'),
        (TruncatedOutputError, str, "<think>half"),
        (UnreadableOutputError, str, "{broken}"),
        (SchemaMismatchError, Literal["cat", "dog"], "It is a dog."),
        (SchemaMismatchError, date, "tomorrow"),
        (SchemaMismatchError, int, "4.5"),
        (SchemaMismatchError, int, "true and [4]"),
    ],
)
def test_scalars_that_are_none(kind: type[OutputError], target: Any, text: str) -> None:
    fails(kind, target, text)


@pytest.mark.parametrize("target", [{"type": "objekt"}, {"$ref": "#/$defs/A"}, {"x-extraction": "bx"}, 7, None])
def test_what_is_no_schema_is_told_at_once(target: Any) -> None:
    with pytest.raises(SchemaError):
        GroundedOutputParser(target=target)


def test_a_schema_that_is_nested_too_deeply_is_told_at_once() -> None:
    schema: dict[str, Any] = {}
    for _ in range(3000):
        schema = {"items": schema}
    with pytest.raises(SchemaError, match="nested too deeply"):
        GroundedOutputParser(target=schema)


def test_a_value_that_is_nested_too_deeply_is_an_error_of_the_output() -> None:
    class Tree(BaseModel):
        box: Box | None = None
        left: Optional[Tree] = None  # noqa: UP045 - its own name

    value: dict[str, Any] = {}
    for _ in range(2000):
        value = {"left": value}
    text = '{"left": ' * 2000 + "null" + "}" * 2000
    with pytest.raises(OutputError, match="nested too deeply"):
        parse(Tree, text)


def test_reading_an_answer_loads_no_validator_of_schemas_that_it_does_not_need() -> None:
    code = (
        "import sys; from extraction.chains import extraction_chain; from extraction.parsing import GroundedOutputParser\n"
        "assert GroundedOutputParser(target=list[int]).parse('so: [1, 2]') == [1, 2]\n"
        "assert not {'jsonschema', 'torch', 'transformers', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        TruncatedOutputError("cut", llm_output="{", finish_reason="length", partial={"a": [1]}, hint="more"),
        UnreadableOutputError("no JSON", llm_output=""),
        SchemaMismatchError("misfit", llm_output="{}"),
        ImageError("is empty", source="a.png", hint="send another"),
        BoxConventionError("unknown", hint="name it"),
    ],
)
def test_errors_survive_copying_and_pickling(error: Exception) -> None:
    error.add_note("seen twice")
    for twin in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)
        assert vars(twin) == vars(error)


# --- free text -------------------------------------------------------------------------------------------------------


def whole_text(message: AIMessage) -> str:
    return WholeTextParser().parse_result([ChatGeneration(message=message)])


def test_whole_texts() -> None:
    assert whole_text(AIMessage(" A cat.\n")) == "A cat."
    assert whole_text(AIMessage([{"type": "text", "text": "A "}, {"type": "text", "text": "cat."}])) == "A cat."
    assert whole_text(AIMessage("<think>hm</think>\nA cat.")) == "A cat."
    for begin, end in thinking_marks().items():
        assert whole_text(AIMessage(f"{begin}\nhm{end}\nA cat.")) == "A cat."
        assert whole_text(AIMessage(f"hm{end}\nA cat.")) == "A cat."
        assert whole_text(AIMessage(f"{end}A cat.")) == "A cat."
    assert whole_text(AIMessage("")) == ""
    assert WholeTextParser().parse_result([Generation(text="A cat.")]) == "A cat."


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "content_filter", "cancelled"])
def test_a_cut_text_raises(reason: str) -> None:
    with pytest.raises(TruncatedOutputError) as caught:
        whole_text(AIMessage("A ca", response_metadata={"finish_reason": reason}))
    assert (caught.value.llm_output, caught.value.finish_reason) == ("A ca", reason.lower())


def test_a_text_that_is_still_thinking_raises() -> None:
    with pytest.raises(TruncatedOutputError, match="in the middle of its thinking"):
        whole_text(AIMessage("<think>well"))


def test_a_convention_can_be_named() -> None:
    answer = "<loc0256><loc0128><loc0512><loc0384> cat"
    named = GroundedOutputParser(target=list[Box], convention="paligemma", size=(1000, 500))
    assert named.convention == find_family(None, "", "paligemma").boxes
    assert named.invoke(answer) == [Box(x1=125, y1=125, x2=375, y2=250)]
    sized = GroundedOutputParser(target=Box, convention="pixel, model_size=500x500", size=(1000, 500))
    assert sized.invoke("[0, 0, 250, 250]") == Box(x1=0, y1=0, x2=500, y2=250)
    for name, problem in (
        ("paligema", "did you mean 'paligemma'"),
        ("gemma3", "nobody knows how this model writes them"),
    ):
        with pytest.raises(BoxConventionError, match=problem):
            GroundedOutputParser(target=Box, convention=name)
