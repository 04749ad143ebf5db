"""The linter of schemas: for each rule what it must find, and beside it what it must leave alone."""

from __future__ import annotations

import datetime as dt
import doctest
import enum
import json
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model
from typer.testing import CliRunner, Result

from extraction import Finding, check_schema, cli, linting
from extraction.errors import BoxConventionError, SchemaError
from extraction.grammar import GrammarWarning
from extraction.lint_places import pointer_of
from extraction.schemas import Box, Color, LabeledBox, documents, registered_schemas
from extraction.schemas.json_schema import resolve_reference
from extraction.schemas.merging import CountOf, Key, Merge, RunningBalance, SumOf

TEXT = Annotated[str, Field(max_length=20)]


class Paid(enum.Enum):
    CASH = "cash"
    CARD = "card"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int | None = None


class Dog(BaseModel):
    kind: Literal["dog"]
    age: int | None = None


class Left(BaseModel):
    tall: int | None = None


class Right(BaseModel):
    wide: int | None = None


class Row(BaseModel):
    words: TEXT
    price: Annotated[Decimal, Field(decimal_places=2)] | None = None


class Priced(BaseModel):
    price: float


class Person(BaseModel):
    name: TEXT


class OpenRow(BaseModel):
    model_config = ConfigDict(extra="allow")

    words: TEXT


def one_field(name: str, kind: Any, default: Any = ..., **more: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {name: (kind, Field(default, **more))}
    made: type[BaseModel] = create_model("Made", **fields)
    return made


def rules(schema: Any, **options: Any) -> set[str]:
    return {finding.rule for finding in check_schema(schema, **options)}


@pytest.mark.parametrize(
    ("rule", "name", "kind", "default"),
    [
        ("invention", "issue_date", dt.date, ...),
        ("invention", "person", TEXT, ...),
        ("invention", "invoice_number", TEXT, ...),
        ("invention", "age", int, ...),
        ("invention", "total", Annotated[Decimal, Field(decimal_places=2)], ...),
        ("invention", "rows", Annotated[list[Priced], Field(max_length=3)], ...),
        ("default-value", "currency", TEXT, "EUR"),
        ("default-value", "pages", int, 1),
        ("endless-list", "rows", list[Row], ...),
        ("endless-list", "rows", list[Row] | None, None),
        ("endless-list", "pairs", tuple[int, ...], ...),
        ("endless-text", "person", str | None, None),
        ("endless-text", "person", Annotated[str, Field(pattern="^[A-Z]")] | None, None),
        ("invention", "items", Person, ...),
        ("closed-choice", "paid_by", Literal["cash", "card"], ...),
        ("closed-choice", "paid_by", Paid, ...),
        ("anything", "extras", Any, None),
        ("anything", "extras", dict[str, Any] | None, None),
        ("anything", "extras", dict[str, int] | None, None),
        ("anything", "extras", dict | None, None),
        ("anything", "rows", Annotated[list[OpenRow], Field(max_length=3)], []),
        ("inexact-money", "unitPrice", float | None, None),
        ("inexact-money", "total", Decimal | None, None),
        ("date-as-text", "due_date", TEXT | None, None),
        ("date-as-text", "signed_on", TEXT | None, None),
        ("date-as-text", "dob", TEXT | None, None),
        ("date-as-text", "dateOfBirth", TEXT | None, None),
        ("undescribed", "value", TEXT | None, None),
        ("undescribed", "date", dt.date | None, None),
        ("no-word", "fld7", TEXT | None, None),
        ("no-word", "x", int | None, None),
        ("no-word", "brtdt", TEXT | None, None),
        ("union", "when", dt.date | TEXT | None, None),
        ("union", "side", Left | Right | None, None),
        ("unenforced", "tags", Annotated[set[TEXT], Field(max_length=9)], ...),
    ],
)
def test_finds(rule: str, name: str, kind: Any, default: Any) -> None:
    found = [finding for finding in check_schema(one_field(name, kind, default)) if finding.rule == rule]
    assert found
    assert all(finding.problem and finding.advice for finding in found)


@pytest.mark.parametrize(
    ("rule", "name", "kind", "default"),
    [
        ("invention", "issue_date", dt.date | None, ...),
        ("invention", "issue_date", dt.date | None, None),
        ("invention", "signed", bool, ...),
        ("invention", "rows", Annotated[list[Row], Field(max_length=3)], ...),
        ("invention", "kind", Literal["a", "other"], ...),
        ("invention", "caption", TEXT, ...),
        ("invention", "object_count", int, ...),
        ("invention", "where", Box, ...),
        ("invention", "fill", Color, ...),
        ("invention", "things", Annotated[list[LabeledBox], Field(max_length=3)], ...),
        ("default-value", "currency", TEXT | None, None),
        ("default-value", "signed", bool, False),
        ("default-value", "rows", Annotated[list[Row], Field(max_length=3)], []),
        ("endless-list", "rows", Annotated[list[Row], Field(max_length=3)], ...),
        ("endless-list", "pair", tuple[int, int], ...),
        ("endless-list", "where", Box, ...),
        ("endless-text", "person", TEXT | None, None),
        ("endless-text", "code", Annotated[str, Field(pattern="^[A-Z]{3}$")] | None, None),
        ("endless-text", "born", dt.date | None, None),
        ("endless-text", "paid_by", Literal["cash", "other"] | None, None),
        ("endless-text", "fill", Color, ...),
        ("closed-choice", "paid_by", Literal["cash", "card", "other"], ...),
        ("closed-choice", "paid_by", Literal["cash", "card", "not_readable"], ...),
        ("closed-choice", "paid_by", Paid | None, None),
        ("closed-choice", "animal", Cat | Dog, ...),
        ("closed-choice", "seen", Annotated[list[Literal["cat", "dog"]], Field(max_length=2)], ...),
        ("undescribed", "kind", Literal["cat", "other"], ...),
        ("union", "when", dt.date | dt.datetime, ...),
        ("anything", "rows", Annotated[list[Row], Field(max_length=3)], []),
        ("inexact-money", "total", Annotated[Decimal, Field(decimal_places=2)] | None, None),
        ("inexact-money", "tax_rate", float | None, None),
        ("inexact-money", "width", float | None, None),
        ("inexact-money", "total_pages", int | None, None),
        ("date-as-text", "due_date", dt.date | None, None),
        ("date-as-text", "date_format", TEXT | None, None),
        ("date-as-text", "on", TEXT | None, None),
        ("date-as-text", "candidate", TEXT | None, None),
        ("undescribed", "invoice_date", dt.date | None, None),
        ("undescribed", "where", Box, ...),
        ("no-word", "iban", TEXT | None, None),
        ("no-word", "line2", TEXT | None, None),
        ("no-word", "mrz", TEXT | None, None),
        ("no-word", "Rechnungsnummer", TEXT | None, None),
        ("no-word", "größe", TEXT | None, None),
        ("no-word", "合計", TEXT | None, None),
        ("no-word", "HTTPServer", TEXT | None, None),
        ("union", "when", dt.date | None, None),
        ("union", "animal", Cat | Dog | None, None),
        ("union", "size", int | float | None, None),
        ("union", "size", int | TEXT | None, None),
        ("unenforced", "tags", Annotated[list[TEXT], Field(max_length=9)], ...),
    ],
)
def test_leaves_alone(rule: str, name: str, kind: Any, default: Any) -> None:
    assert rule not in rules(one_field(name, kind, default))


def test_a_description_explains_a_name() -> None:
    assert {"undescribed"} <= rules(one_field("value", int | None, None))
    assert not {"undescribed", "no-word"} & rules(
        one_field("value", int | None, None, description="reading of the meter")
    )
    assert not {"undescribed", "no-word"} & rules(
        one_field("fld7", int | None, None, description="reading of the meter")
    )


def test_names_that_are_one() -> None:
    found = check_schema(create_model("Made", totalAmount=int | None, total_amount=int | None))
    assert [finding.pointer for finding in found if finding.rule == "same-name"] == ["/properties/total_amount"]
    assert "same-name" not in rules(create_model("Made", total_net=int | None, total_gross=int | None))


def test_aliases_that_are_one() -> None:
    class Twice(BaseModel):
        net: int | None = Field(None, alias="Total")
        gross: int | None = Field(None, alias="Total")

    class Holder(BaseModel):
        parts: list[Twice] = Field([], max_length=2)

    [finding] = [finding for finding in check_schema(Holder) if finding.rule == "same-name"]
    assert finding.problem == "'net' and 'gross' of Twice are both called 'Total': only one reaches the model"
    assert "same-name" not in rules(create_model("Made", a=(int | None, Field(None, alias="A")), b=int | None))


def test_boxes_by_family() -> None:
    schema = one_field("where", Box | None, None)
    assert "boxes" not in rules(schema)
    assert "boxes" not in rules(schema, family="qwen2.5-vl")
    for family in ("smolvlm", "kosmos2"):
        assert "boxes" in rules(schema, family=family)
        assert "boxes" not in rules(Row, family=family)
    with pytest.raises(BoxConventionError, match="there is no family"):
        check_schema(Row, family="nobody")


def test_large_and_deep() -> None:
    fields: dict[str, Any] = {f"field_of_name_{index}": (TEXT | None, None) for index in range(200)}
    wide = create_model("Wide", **fields)
    [finding] = [finding for finding in check_schema(wide) if finding.rule == "large"]
    assert finding.problem.startswith("the form takes about ")
    inner: Any = Row
    for level in range(6):
        inner = create_model(f"Level{level}", inside=(inner | None, None))
    assert "deep" in rules(inner)
    assert "deep" not in rules(create_model("Flat", inside=(Row | None, None)))
    assert "large" not in rules(documents.Invoice)


def test_schemas_that_no_grammar_holds() -> None:
    [finding] = [
        one for one in check_schema({"allOf": [{"type": "string"}, {"type": "null"}]}) if one.severity == "error"
    ]
    assert (finding.rule, finding.pointer) == ("no-grammar", "")
    with pytest.raises(SchemaError, match="is not one of"):
        check_schema({"type": "objekt"})


def test_pointers_lead_to_the_place() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a.b/c": {"type": "array", "maxItems": 3, "uniqueItems": True, "items": {"$ref": "#/$defs/d.e"}}
        },
        "$defs": {"d.e": {"type": "object", "properties": {"f[0]": {"type": "string"}}, "additionalProperties": False}},
    }
    by_rule = {finding.rule: finding.pointer for finding in check_schema(schema)}
    assert by_rule["unenforced"] == "/properties/a.b~1c"
    assert by_rule["endless-text"] == "/$defs/d.e/properties/f[0]"
    assert pointer_of(schema, "$.nothing") == ""


@pytest.mark.parametrize("file", ["commerce", "vision_documents", "ui_charts", "apis_tools"])
def test_schemas_that_others_wrote(file: str) -> None:
    """All can be checked, and every pointer leads to a place of its schema."""
    lines = (Path(__file__).parent / "schemas_of_others" / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
    found = 0
    for line in lines:
        schema = json.loads(line)["schema"]
        for finding in check_schema(schema):
            assert resolve_reference(schema, f"#{quote(finding.pointer)}") is not None
            found += 1
    assert found > len(lines)


def test_definitions_are_looked_at_once_and_circles_end() -> None:
    class Part(BaseModel):
        parts: list[Part] = Field([], max_length=3)
        neighbour: Part | None = None
        mass: float

    found = check_schema(Part)
    assert [(finding.rule, finding.pointer) for finding in found] == [("invention", "/$defs/Part/properties/mass")]


def test_the_words_of_a_finding() -> None:
    finding = Finding("", "boxes", "error", "there are boxes", "ask for none")
    assert str(finding) == "/: error: there are boxes; ask for none [boxes]"


@pytest.mark.parametrize("name", [name for name in registered_schemas() if name not in ("scene", "object", "counts")])
def test_the_schemas_of_documents_are_clean(name: str) -> None:
    assert check_schema(name) == []


def test_a_check_spends_no_warning() -> None:
    """What a check has found out is told again when a model is really asked."""
    from extraction.grammar import Constraint, build_grammar
    from extraction.schemas import json_schema_of
    from extraction.tools import ToolDialect

    schema = one_field("tags", set[str])
    with warnings.catch_warnings(action="error"):
        check_schema(schema)
    with pytest.warns(GrammarWarning, match="uniqueItems"):
        build_grammar(Constraint.of(json_schema_of(schema)), ToolDialect())


class Move(BaseModel):
    number: TEXT
    price: Annotated[Decimal, Field(decimal_places=2)] | None = None
    balance: Annotated[Decimal, Field(decimal_places=2)] | None = None


@pytest.mark.parametrize(
    ("mark", "lost"),
    [
        (Merge("last"), []),
        (CountOf("moves"), []),
        (CountOf("movs"), ["movs"]),
        (SumOf("moves/*/price", "-paid"), []),
        (SumOf("moves/*/prize", "-pade", "moves/price"), ["moves/*/prize", "-pade", "moves/price"]),
        (Key("number"), []),
        (Key("number", "day"), ["day"]),
        (RunningBalance("balance", of=("price",), start="paid"), []),
        (RunningBalance("saldo", of=("-credit",), end="closing"), ["closing", "saldo", "-credit"]),
    ],
)
def test_marks_name_fields(mark: Any, lost: list[str]) -> None:
    on_list = isinstance(mark, (Key, RunningBalance))
    moves: Any = Annotated[list[Move], Field(max_length=3)]
    fields: dict[str, Any] = {
        "paid": (Annotated[Decimal, Field(decimal_places=2)] | None, None),
        "moves": (Annotated[moves, mark] if on_list else moves, []),
        "printed": (int | None if on_list else Annotated[int | None, mark], None),
    }
    found = [finding for finding in check_schema(create_model("Made", **fields)) if finding.rule == "mark"]
    name = "moves" if on_list else "printed"
    assert [finding.pointer for finding in found] == [f"/properties/{name}"] * len(lost)
    kind = type(mark).__name__
    assert [finding.problem for finding in found] == [
        f"{kind} of {name!r} names {path!r}, which is not there" for path in lost
    ]


def test_marks_that_are_written_wrongly() -> None:
    schema = {"type": "object", "properties": {"total": {"type": "integer", "x-extraction-merge": "middle"}}}
    [finding] = [finding for finding in check_schema(schema) if finding.rule == "mark"]
    assert finding.problem.startswith("the schema is wrong at /properties/total: x-extraction-merge cannot be 'middle'")


def test_optional_choices_need_no_way_out() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"paid_by": {"enum": ["cash", "card"]}}}
    assert "closed-choice" not in rules(schema)
    assert "closed-choice" in rules({**schema, "required": ["paid_by"]})


def command(*args: str) -> Result:
    return CliRunner().invoke(cli.app, ["schemas", *args], prog_name="extraction")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 where nothing is found, or advice alone; 1 for errors; 2 where there is nothing to check."""
    monkeypatch.chdir(tmp_path)
    head = "print('hello')\nfrom pydantic import BaseModel\n"
    Path("mine.py").write_text(
        head + "class Bill(BaseModel):\n    due_date: str\nclass Note(BaseModel):\n    text: str\n"
    )
    done = command("--check", "mine.py:Bill")
    assert done.exit_code == 1
    assert done.stderr == "hello\n"
    assert done.stdout.splitlines() == [str(finding) for finding in check_schema("mine.py:Bill")]
    assert command("mine.py:Note", "--check").stdout.count(": advice: ") == 2
    assert command("mine.py:Note", "--check").exit_code == 0
    done = command("--check", "receipt")
    assert (done.exit_code, done.output) == (0, "nothing in it will hurt\n")
    assert "[boxes]" in command("--check", "scene", "--family", "kosmos2").stdout
    assert "[boxes]" not in command("--check", "scene", "--family", "qwen3-vl").stdout
    for wrong in (["--check"], ["--check", "nope"], ["--check", "mine.py:Nope"], ["--check", "--prompt", "receipt"]):
        done = command(*wrong)
        assert (done.exit_code, done.stdout) == (2, "")
    assert command("--check", "scene", "--family", "nobody").exit_code == 2


def test_the_example() -> None:
    results = doctest.testmod(linting)
    assert (results.attempted, results.failed) == (3, 0)


def test_files_and_modules(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from pydantic import BaseModel\nclass Bill(BaseModel):\n    due_date: str\n")
    (tmp_path / "bill.json").write_text('{"type": "object", "properties": {"due_date": {"type": "string"}}}')
    assert rules(f"{tmp_path}/mine.py:Bill") == {"invention", "endless-text", "date-as-text"}
    assert rules(str(tmp_path / "bill.json")) == {"endless-text", "date-as-text"}
