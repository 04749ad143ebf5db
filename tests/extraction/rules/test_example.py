"""The README's second example: the command reads the sample receipt with the real engine, and prints what is shown there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from extraction.cli import app

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def engine() -> None:
    pytest.importorskip("rapidocr")
    pytest.importorskip("onnxruntime")


@pytest.mark.usefixtures("engine")
def test_the_command_prints_what_the_readme_shows() -> None:
    arguments = ["run", "examples/receipt.png", "--schema", "receipt", "--model", "ocr"]
    section = (ROOT / "README.md").read_text().partition(f"$ extraction {' '.join(arguments)}\n")[2]
    shown = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert shown is not None
    arguments[1] = str(ROOT / arguments[1])
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(shown[1])


def test_options_that_mean_nothing_are_refused() -> None:
    picture = str(ROOT / "examples/receipt.png")
    refused = CliRunner().invoke(app, ["run", picture, "--schema", "receipt", "--model", "ocr", "--max-tokens", "5"])
    assert refused.exit_code == 2
    assert "--max-tokens means nothing for --model ocr" in refused.output
    planned = CliRunner().invoke(app, ["plan", picture, "--model", "ocr"])
    assert planned.exit_code == 2
    assert "nothing to plan" in planned.output
