"""Finding schemas: by name, in modules, in files, and what is said where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from extraction.errors import SchemaError
from extraction.schemas import documents
from extraction.schemas.counting import Counts
from extraction.schemas.json_schema import json_schema_of
from extraction.schemas.registry import load_schema, registered_schemas
from extraction.schemas.scene import DetectedObject, Scene
from extraction.schemas.transcript import Transcript

MODULE = """
from pydantic import BaseModel

class Bill(BaseModel):
    class Line(BaseModel):
        price: float
    lines: list[Line]

Bills = list[Bill]
BY_HAND = {"type": "object", "properties": {"total": {"type": "number"}}}
WRONG = {"type": "objekt"}
number = 5
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with modules of a user's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_forms.py").write_text(MODULE)
    (tmp_path / "own_broken.py").write_text("1 / 0")
    (tmp_path / "own_needy.py").write_text("import not_there_at_all")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("own_", "_schemas_in_")):
            del sys.modules[name]


def test_registered() -> None:
    assert registered_schemas() == {
        "scene": Scene,
        "object": DetectedObject,
        "counts": Counts,
        "receipt": documents.Receipt,
        "invoice": documents.Invoice,
        "business_card": documents.BusinessCard,
        "identity_document": documents.IdentityDocument,
        "form": documents.Form,
        "table": documents.Table,
        "chart": documents.Chart,
        "bank_statement": documents.BankStatement,
        "transcript": Transcript,
    }
    for name, schema in registered_schemas().items():
        assert load_schema(name) is schema
    registered_schemas().clear()
    assert load_schema("scene") is Scene


def test_types_and_dicts_pass() -> None:
    assert load_schema(Scene) is Scene
    assert load_schema(list[Scene]) == list[Scene]
    by_hand = {"type": "object"}
    assert load_schema(by_hand) is by_hand


def test_in_modules() -> None:
    path = list(sys.path)
    bill: Any = load_schema("own_forms:Bill")
    assert bill.__name__ == "Bill"
    assert load_schema("own_forms:Bill.Line") is bill.Line
    assert load_schema("own_forms:Bills") == list[bill]
    assert load_schema("own_forms:BY_HAND") == {"type": "object", "properties": {"total": {"type": "number"}}}
    assert load_schema("extraction.schemas.scene:Scene") is Scene
    assert sys.path == path


def test_in_python_files(folder: Path) -> None:
    papers = folder / "my papers"
    papers.mkdir()
    (papers / "json.py").write_text(
        "from __future__ import annotations\nfrom own_beside import Line\nfrom pydantic import BaseModel\n"
        "class Bill(BaseModel):\n    lines: list[Line]\n    again: Bill | None = None\n    class Inner(BaseModel): 'In.'\n"
    )
    (papers / "own_beside.py").write_text("from pydantic import BaseModel\nclass Line(BaseModel): 'A line.'\n")
    before = list(sys.path)
    for spec in ("my papers/json.py:Bill", f"{papers}/json.py:Bill", "./my papers/json.py:Bill"):
        bill: Any = load_schema(spec)
        assert bill.model_validate({"lines": [{}], "again": {"lines": []}}).again.lines == []
    assert json_schema_of(load_schema("my papers/json.py:Bill.Inner"))["description"] == "In."
    assert sys.path == before
    assert hasattr(sys.modules["json"], "dumps")  # a file's name hides no module


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("missing.py:Bill", "missing.py: there is no such file"),
        ("own_broken.py:Bill", "own_broken.py cannot be run: ZeroDivisionError: division by zero"),
        ("own_needy.py:Bill", "own_needy.py cannot be run: ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("own_forms.py", "'own_forms.py' does not say which class (name it: own_forms.py:Invoice)"),
        ("own_forms.py:Bil", "own_forms.py has no 'Bil'; did you mean 'Bill'?"),
        ("own_forms.py:number", "5 is not a schema"),
        ("own_forms.py:WRONG", "own_forms.py:WRONG at /type: 'objekt' is not one of"),
    ],
)
def test_refuses_python_files(folder: Path, spec: str, said: str) -> None:
    with pytest.raises(SchemaError) as caught:
        load_schema(spec)
    assert said in str(caught.value)
    assert not any(name.startswith("_schemas_in_") and "broken" in name for name in sys.modules)


def test_in_files(folder: Path) -> None:
    path = folder / "form.json"
    path.write_text('{"title": "Form", "type": "object"}')
    (folder / "paper").write_text('{"title": "Other"}')
    form = {"title": "Form", "type": "object"}
    assert load_schema(path) == load_schema(str(path)) == load_schema("form.json") == form
    assert load_schema("paper") == {"title": "Other"}
    assert json_schema_of(load_schema("form.json")) == form


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("scen", "there is no schema 'scen'; did you mean 'scene'? (known are scene, object, counts, receipt,"),
        ("", "there is no schema '' (known are"),
        (".own_forms:Bill", "there is no schema '.own_forms:Bill' (known are"),
        ("missing.json", "missing.json: No such file or directory"),
        ("own_form:Bill", "there is no module 'own_form' (modules are looked for in the working directory"),
        ("os.nothing:Bill", "there is no module 'os.nothing' ("),
        ("own_forms:Bil", "module 'own_forms' has no 'Bil'; did you mean 'Bill'?"),
        ("own_forms:Bill.Total", "<class 'own_forms.Bill'> has no 'Total'"),
        ("own_forms:number", "5 is not a schema (give a class"),
        ("own_forms:WRONG", "own_forms:WRONG at /type: 'objekt' is not one of"),
        ("own_broken:Bill", "module 'own_broken' cannot be imported: ZeroDivisionError: division by zero"),
        ("own_needy:Bill", "module 'own_needy' needs module 'not_there_at_all', which is not installed"),
        ({"type": "objekt"}, "the JSON schema at /type: 'objekt' is not one of"),
    ],
)
def test_refuses(spec: Any, said: str) -> None:
    with pytest.raises(SchemaError) as caught:
        load_schema(spec)
    assert str(caught.value).startswith(said)
