"""Finding schemas: by name, in modules, in files, and what is said where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from extraction.errors import SchemaError
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
        if name.startswith("own_"):
            del sys.modules[name]


def test_registered() -> None:
    wanted = {"scene": Scene, "object": DetectedObject, "counts": Counts, "transcript": Transcript}
    assert registered_schemas() == wanted
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


def test_in_files(folder: Path) -> None:
    path = folder / "form.json"
    path.write_text('{"title": "Form", "type": "object"}')
    (folder / "form").write_text('{"title": "Other"}')
    form = {"title": "Form", "type": "object"}
    assert load_schema(path) == load_schema(str(path)) == load_schema("form.json") == form
    assert load_schema("form") == {"title": "Other"}
    assert json_schema_of(load_schema("form.json")) == form


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("scen", "there is no schema 'scen'; did you mean 'scene'? (known are scene, object, counts, transcript;"),
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
