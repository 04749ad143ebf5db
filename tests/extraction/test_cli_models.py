from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from extraction import cli
from extraction.conventions import BoxConvention
from extraction.families import Family, find_family
from extraction.family_table import FAMILIES
from extraction.listing import COLUMNS, as_row, box_words, family_called, listed

MODELS = [family for family in FAMILIES if family.model_types or family.name_patterns]


def models(*args: str) -> Result:
    return CliRunner().invoke(cli.app, ["models", *args], prog_name="extraction")


def test_every_family_has_a_line() -> None:
    done = models()
    assert (done.exit_code, done.stderr) == (0, "")
    header, _, *lines = done.stdout.splitlines()
    assert re.split(r" {2,}", header.strip()) == list(COLUMNS)
    assert [line.split()[0] for line in lines] == [family.name for family in MODELS]
    for line, family in zip(lines, listed(), strict=True):
        assert re.split(r" {2,}", line.strip()) == [cell for cell in as_row(family) if cell]


def test_in_a_narrow_terminal_lines_are_folded_and_names_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extraction.console._UNBOUND", 100)
    shown = models().stdout
    assert max(map(len, shown.splitlines())) <= 100
    assert re.split(r" {2,}", shown.splitlines()[0].strip()) == ["name", "models", "boxes", "how sure"]
    assert "transfo" not in shown
    assert all(re.search(rf"^ *{re.escape(family.name)} ", shown, re.MULTILINE) for family in MODELS)


def test_programs_get_everything() -> None:
    told = json.loads(models("--json").stdout)
    assert [one["name"] for one in told] == [family.name for family in MODELS]
    for one, family in zip(told, MODELS, strict=True):
        assert one["prompts"] == dict(family.prompts)
        assert tuple(one["model_types"]) == family.model_types
        assert (one["boxes"] and BoxConvention.from_json(one["boxes"])) == family.boxes
    assert json.loads(models("qwen3-vl", "--json").stdout) == next(one for one in told if one["name"] == "qwen3-vl")


@pytest.mark.parametrize("family", MODELS, ids=lambda family: family.name)
def test_each_is_shown_in_full(family: Family) -> None:
    done = models(family.name)
    assert (done.exit_code, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first == family.name
    assert f"  stated in     {family.source}" in lines
    assert all(words in done.stdout for words in family.prompts.values())


def test_one_is_found_by_the_name_of_a_model_and_by_its_folder(tmp_path: Path) -> None:
    assert models("Qwen/Qwen2.5-VL-3B-Instruct").stdout.startswith("qwen2.5-vl\n")
    (tmp_path / "config.json").write_text('{"model_type": "florence2"}')
    assert family_called(str(tmp_path)).name == "florence2"
    (tmp_path / "config.json").write_text("{}")
    done = models(str(tmp_path))
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("args", [("somebody/new-model",), ("qwen",), ("somebody/new-model", "--json"), ("a", "b")])
def test_a_model_that_nobody_knows_is_one_line_and_exit_code_2(args: tuple[str, ...]) -> None:
    done = models(*args)
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_a_bare_convention_can_be_shown() -> None:
    assert "x1 y1 x2 y2, 0..1000" in models("relative-1000").stdout


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("qwen3-vl", "x1 y1 x2 y2, 0..1000"),
        ("gemma4", "y1 x1 y2 x2, 0..1000"),
        ("qwen2.5-vl", "x1 y1 x2 y2, pixels as resized"),
        ("fuyu", "y1 x1 y2 x2, steps of 2 pixels as resized; points x y"),
        ("paligemma", "y1 x1 y2 x2, 0..1023 of 1024"),
        ("florence2", "x1 y1 x2 y2, 0..999, the middles of 1000 bins"),
        ("llava-1.5", "x1 y1 x2 y2, 0.0..1.0 of the padded picture"),
        ("kosmos2", "two cells of 32 x 32"),
        ("molmo", "points only: x y, 0.0..100.0"),
        ("mllama", ""),
    ],
)
def test_boxes_in_words(family: str, words: str) -> None:
    assert box_words(find_family(None, "", family)) == words
