"""The schemas of documents on their way through a model: held strictly, read exactly, small where nothing is there."""

from __future__ import annotations

import datetime as dt
import json
import random
import warnings
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llguidance import LLMatcher
from PIL import Image
from pydantic import ValidationError
from typer.testing import CliRunner

from extraction import ChatTransformers, cli, extract, extract_document
from extraction.chains import extraction_chain
from extraction.engine import register_backend, unload
from extraction.errors import OptionError
from extraction.grammar import Constraint, build_grammar
from extraction.jobs import Answer, Job
from extraction.json_text import load_strictly
from extraction.patterns import LIMITS
from extraction.prompts import schema_text
from extraction.schemas import BankStatement, Check, Invoice, Receipt, json_schema_of, registered_schemas
from extraction.tools import ToolDialect
from extraction.validation import Validator
from tests.extraction.walks import byte_tokenizer, walk
from tests.scripted import ScriptedBackend

DOCUMENTS: dict[str, Any] = {
    name: schema
    for name, schema in registered_schemas().items()
    if name not in ("scene", "object", "counts", "transcript")
}
NAMES = pytest.mark.parametrize("name", DOCUMENTS)
WHITE = np.full((40, 60, 3), 255, np.uint8)
SMALLEST = 160
"""Tokens within which every document without content is written by the embedded model."""


class Reader(ScriptedBackend):
    """Answers for each picture what its shade of grey stands for: several may come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[int, str] = {}

    def run(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            (picture,) = job.request.turns[-1].pictures
            shade: Any = picture.image.getpixel((0, 0))
            job.resolve(Answer(self.texts[shade[0]], "stop", 1, 1, 1))


@pytest.fixture
def reader() -> Iterator[Reader]:
    backend = Reader()
    register_backend("reader", lambda: backend)
    yield backend
    unload("reader")


@NAMES
def test_a_grammar_holds_all_of_it(name: str) -> None:
    with warnings.catch_warnings(action="error"):
        build_grammar(Constraint.of(json_schema_of(DOCUMENTS[name])), ToolDialect())


@NAMES
def test_whatever_the_grammar_allows_is_a_document_and_comes_back_as_it_was(name: str) -> None:
    schema = DOCUMENTS[name]
    form = json_schema_of(schema)
    grammar = build_grammar(Constraint.of(form, max_string=60), ToolDialect())
    chance = random.Random(name)
    documents = 0
    for _ in range(12):
        matcher = LLMatcher(byte_tokenizer(), grammar, limits=LIMITS, log_level=0)
        text = walk(matcher, byte_tokenizer(), chance, longest=3000)
        if text is None:
            continue
        documents += 1
        value = Validator(schema).validate(load_strictly(text))
        written = value.model_dump_json()
        assert schema.model_validate_json(written) == value
        Validator(form).validate(json.loads(written))
        value.checks()
    assert documents >= 3


@NAMES
def test_every_field_is_asked_for_and_can_be_absent(name: str) -> None:
    """In Python a field may be left out; a model must say null, or that a list is empty."""
    schema = DOCUMENTS[name]
    form = json_schema_of(schema)
    assert form["required"] == list(form["properties"])
    empty = schema()
    assert all(value in (None, []) for value in dict(empty).values())
    assert json.loads(empty.model_dump_json()).keys() == form["properties"].keys()
    assert schema.model_validate_json(empty.model_dump_json()) == empty
    assert empty.checks() == []
    assert not any("default" in field for field in form["properties"].values())


@NAMES
def test_a_model_sees_a_line_for_each_field(name: str) -> None:
    form = json_schema_of(DOCUMENTS[name])
    text = schema_text(form, None)
    lines = text.splitlines()
    for field, node in form["properties"].items():
        assert node["description"] in text
        assert sum(line.startswith(f'  "{field}": ') for line in lines) == 1
    assert '?"' not in text
    assert "any" not in text.split()
    assert max(len(line) for line in lines) < 180


@NAMES
def test_the_smallest_document_fits_a_small_budget(name: str) -> None:
    """The embedded model, which knows no papers, still writes a whole document when the tokens end."""
    found = extract(ChatTransformers(max_tokens=SMALLEST), WHITE, DOCUMENTS[name], on_truncation="salvage")
    assert isinstance(found.value, DOCUMENTS[name])
    assert found.usage is not None
    assert found.usage["output_tokens"] <= SMALLEST
    with pytest.raises(OptionError, match="is too small"):
        extract(ChatTransformers(max_tokens=10), WHITE, DOCUMENTS[name])


def test_even_random_weights_fill_it(tiny: str) -> None:
    llm = ChatTransformers(model=tiny, temperature=1.0, seed=0, max_tokens=600)
    assert isinstance(extraction_chain(llm, Receipt, on_truncation="salvage").invoke(WHITE), Receipt)


def test_amounts_and_days_are_read_exactly(reader: Reader) -> None:
    amounts = ["0.1", "0.07", "19.99", "1234567.89", "999999999999.999", "-0.005", "1e3", "100", "0.30", "8.005"]
    llm = ChatTransformers(model="reader")
    for amount in amounts:
        reader.texts[255] = f'{{"total": {amount}, "date": "2024-02-29", "time": "23:59", "currency": "€"}}'
        found = extract(llm, WHITE, Receipt)
        assert found.value.total == Decimal(amount)
        assert (found.value.date, found.value.currency) == (dt.date(2024, 2, 29), "EUR")
        again = Receipt.model_validate_json(found.value.model_dump_json())
        assert again == found.value
        assert again.total == Decimal(amount)
        shown = found.value.model_dump(mode="json")
        assert isinstance(shown["total"], float)
        assert Decimal(repr(shown["total"])) == Decimal(amount)


@pytest.mark.parametrize(
    "fields",
    [
        {"total": 1.2345},
        {"total": "1234567890123.456"},
        {"total": "12,50"},
        {"currency": "$"},
        {"currency": "EURO"},
        {"date": "03/04/25"},
        {"time": "25:00"},
        {"more": 1},
        {"items": [{}] * 301},
        {"company": "x" * 161},
    ],
)
def test_what_is_not_exact_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Receipt.model_validate_json(json.dumps(fields))


def test_findings_of_a_result(reader: Reader) -> None:
    reader.texts[255] = '{"subtotal": 10.00, "tax": 0.70, "total": 11.70}'
    found = extract(ChatTransformers(model="reader"), WHITE, Receipt)
    assert found.checks() == [
        Check(("/total", "/subtotal", "/tax"), "subtotal + tax is not total", Decimal("10.7"), Decimal("11.7"))
    ]
    assert found.checks(tolerance=Decimal(1)) == []
    pages = extract_document(ChatTransformers(model="reader"), [WHITE], Receipt)
    assert pages.checks() == found.checks()
    assert pages.checks(tolerance=Decimal(1)) == []
    assert "provenance" not in repr(pages)
    assert found.value.total == Decimal("11.7")  # told, and never "corrected"


RIGHT = '{"subtotal": 10, "tax": 0.7, "total": 10.7}'
WRONG = '{"subtotal": 10, "tax": 0.7, "total": 17.0}'


def run(*args: str) -> Any:
    return CliRunner().invoke(
        cli.app, ["run", *args, "--schema", "receipt", "--model", "reader"], prog_name="extraction"
    )


def test_findings_of_the_command(reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(WHITE).save("a.png")
    Image.fromarray(WHITE - 255).save("b.png")
    reader.texts = {255: WRONG, 0: RIGHT}
    told = "extraction: a.png: /total: subtotal + tax is not total: 10.7 expected, 17 found\n"
    finding = {
        "pointers": ["/total", "/subtotal", "/tax"],
        "problem": "subtotal + tax is not total",
        "expected": 10.7,
        "found": 17.0,
    }

    done = run("a.png")
    assert (done.exit_code, done.stderr) == (0, told)
    assert json.loads(done.stdout)["total"] == 17.0
    assert "checks" not in json.loads(done.stdout)

    done = run("a.png", "--checks")
    assert (done.exit_code, done.stderr) == (0, told)
    assert json.loads(done.stdout) == {"value": json.loads(done.stdout)["value"], "checks": [finding]}

    done = run("a.png", "b.png", "--checks")
    assert [entry["checks"] for entry in json.loads(done.stdout)] == [[finding], []]
    assert [entry["image"] for entry in json.loads(done.stdout)] == ["a.png", "b.png"]

    reader.texts[255] = RIGHT
    done = run("a.png", "b.png")
    assert [sorted(entry) for entry in json.loads(done.stdout)] == [["image", "value"]] * 2
    assert done.stderr == ""


def test_schemas_of_documents_can_be_built_upon() -> None:
    """A subclass asks for its own fields, too, and keeps the sums."""

    class Bill(Invoice):
        project: str | None = None

    form = json_schema_of(Bill)
    assert form["required"][-1] == "project"
    assert [check.pointers[0] for check in Bill(subtotal=Decimal(5), total=Decimal(3)).checks()] == ["/total"]


def test_a_long_statement_is_no_burden() -> None:
    """As many rows as the schema allows: a grammar counts them without being written out."""
    text = build_grammar(Constraint.of(json_schema_of(BankStatement)), ToolDialect())
    assert len(text) < 10_000
    rows = [{"amount": 1, "balance": index + 1} for index in range(10_000)]
    statement = BankStatement.model_validate({"opening_balance": 0, "closing_balance": 10_000, "transactions": rows})
    assert statement.checks() == []
