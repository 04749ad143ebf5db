"""The package: its names, its one right import, what it loads, and the examples in its docstrings."""

from __future__ import annotations

import doctest
import importlib
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import extraction.schemas


def test_public_names() -> None:
    assert sorted(extraction.schemas.__all__) == [
        "BASIC_COLORS",
        "BankStatement",
        "BasicColor",
        "Box",
        "BusinessCard",
        "Chart",
        "Check",
        "Color",
        "ComparedLine",
        "ComparedTranscript",
        "Count",
        "CountOf",
        "Counts",
        "DetectedObject",
        "DocumentSchema",
        "Form",
        "IdentityDocument",
        "Invoice",
        "Key",
        "LabeledBox",
        "LabeledPoint",
        "LabeledPolygon",
        "Merge",
        "Point",
        "Polygon",
        "Receipt",
        "RunningBalance",
        "Scene",
        "Schema",
        "Segmentation",
        "Size",
        "SumOf",
        "Table",
        "TextLine",
        "Transcript",
        "checks_of",
        "json_schema_of",
        "load_schema",
        "registered_schemas",
    ]
    assert all(hasattr(extraction.schemas, name) for name in extraction.schemas.__all__)


def test_bare_name_is_refused() -> None:
    file = Path(extraction.schemas.__file__)
    with pytest.raises(ImportError, match=r"imported as extraction\.schemas"):
        runpy.run_path(str(file), run_name="schemas")


def test_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "matplotlib", "numpy", "jsonschema", "langchain_core.language_models")
    code = f"import sys, extraction.schemas; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["color", "counting", "geometry", "iban", "money", "mrz"])
def test_examples(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"extraction.schemas.{name}"))
    assert results.attempted > 0
    assert results.failed == 0
