"""The notebooks run from top to bottom, and what is stored in them is a whole run of theirs."""

from __future__ import annotations

import ast
import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from extraction.pocket.fields import Field
from extraction.pocket.forms import is_held_out
from tests.test_docs import needs_pocket

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PUBLIC = ("extraction", "extraction.chains", "extraction.schemas")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@needs_pocket
@every_notebook
async def test_it_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = read(path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    # Through sockets in a folder, whose names may not be long: a kernel needs no network.
    with tempfile.TemporaryDirectory(prefix="nb") as folder:
        sockets = Config({"KernelManager": {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}})
        where = {"metadata": {"path": str(path.parent)}}
        await NotebookClient(notebook, config=sockets, timeout=600, resources=where).async_execute()
    assert [cell.execution_count for cell in code_cells(notebook)] == list(range(1, len(code_cells(notebook)) + 1))


@needs_pocket
@every_notebook
def test_what_is_stored_is_one_whole_run(path: Path) -> None:
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    assert path.stat().st_size < 200_000


@every_notebook
def test_it_uses_public_names_only(path: Path) -> None:
    for cell in code_cells(read(path)):
        assert "sys.path" not in cell.source
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("extraction"):
                assert node.module in PUBLIC
                assert {alias.name for alias in node.names} <= set(importlib.import_module(node.module).__all__)


def test_the_schema_of_ones_own_is_one_that_the_embedded_model_is_not_trained_on() -> None:
    source = "\n".join(cell.source for cell in code_cells(read(ROOT / "notebooks" / "first_hour.ipynb")))
    board = next(
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef) and node.name == "Board"
    )
    fields = [
        node.target.id for node in board.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    assert fields == ["has_ring", "shapes", "total", "background"]
    assert is_held_out(Field({}, None, "{has label,[{label,color,box}],count,ground}"))
