"""README and guide are true: examples print what is shown, commands, files, links and names exist.

``python -m tests.test_docs`` writes what the examples print into them, and the tables of families from their data.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import io
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import extraction
from extraction.cli import app
from extraction.families import find_family
from extraction.loading import pocket_folder
from tests import family_pages

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
EACH = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
NOT_RUN = "<!-- needs a download -->\n"
_BLOCK = re.compile(rf"(?P<note>{NOT_RUN})?```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<shown>.*?)```\n)?", re.DOTALL)
_FLOAT = re.compile(r"-?\d+\.\d+")
TOLERANCE = 6.0
"""Pixels by which boxes may differ: other processors round otherwise, and a model's own step is 1/200 of a side."""

needs_pocket = pytest.mark.skipif(
    not (pocket_folder() / "model.safetensors").exists(), reason="the embedded model is not in this checkout"
)


@dataclass(frozen=True, slots=True)
class Block:
    """An example: its code, the output that is shown below it, and where the two stand in the text."""

    code: str
    shown: str | None
    runs: bool
    line: int
    span: tuple[int, int]


def blocks(text: str) -> list[Block]:
    return [
        Block(
            match["code"],
            match["shown"],
            match["note"] is None,
            text.count("\n", 0, match.start("code")),
            match.span("shown"),
        )
        for match in _BLOCK.finditer(text)
    ]


def printed(page: Path, examples: list[Block]) -> Iterator[tuple[Block, str]]:
    """What each example of a page prints, run one after the other as a reader would, in a folder of its own."""
    names: dict[str, Any] = {"__name__": page.stem}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples", Path(folder, "examples"))
        with contextlib.chdir(folder):
            for block in examples:
                stdout = io.StringIO()
                with contextlib.redirect_stdout(stdout):
                    exec(compile("\n" * block.line + block.code, str(page), "exec", dont_inherit=True), names)
                yield block, stdout.getvalue()


def alike(one: str, other: str) -> bool:
    """Whether two texts are equal but for small differences of the numbers with a point in them."""
    if _FLOAT.sub("#", one) != _FLOAT.sub("#", other):
        return False
    pairs = zip(_FLOAT.findall(one), _FLOAT.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= TOLERANCE for a, b in pairs)


@needs_pocket
@EACH
def test_the_examples_print_what_is_shown(page: Path) -> None:
    runnable = [block for block in blocks(page.read_text()) if block.runs]
    for block, output in printed(page, runnable):
        assert alike(output, block.shown or ""), f"line {block.line + 1} of {page.name} prints\n{output}"


def test_most_pages_have_examples_that_run() -> None:
    runnable = {page.stem: sum(block.runs for block in blocks(page.read_text())) for page in PAGES}
    assert runnable["README"] >= 4
    assert {stem for stem, number in runnable.items() if not number} == {"command", "families", "files"}


@EACH
def test_the_examples_that_are_not_run_use_names_that_exist(page: Path) -> None:
    for block in blocks(page.read_text()):
        for node in ast.walk(ast.parse(block.code)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module or "")
                for alias in node.names:
                    assert hasattr(module, alias.name), f"{node.module} has no {alias.name}"


@EACH
def test_the_examples_use_no_name_that_their_page_does_not_give(page: Path) -> None:
    known = {*dir(builtins), "some_remote_chat_model", "ChatOpenAI"}  # the text beside them says what these two are
    for block in blocks(page.read_text()):
        nodes = list(ast.walk(ast.parse(block.code)))
        for node in nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.add(node.id)
            elif isinstance(node, ast.ClassDef | ast.ExceptHandler):
                known.add(node.name or "")
            elif isinstance(node, ast.Import | ast.ImportFrom):
                known |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert used <= known, f"line {block.line + 1} of {page.name}: {used - known}"


def test_every_file_of_the_package_has_its_sentence() -> None:
    text = (DOCS / "files.md").read_text()
    listed = re.findall(r"^\* `([\w/]+\.py)`: \S.*\.$", text, re.MULTILINE)
    inner = ("documents", "grounding", "ocr", "pages", "pocket", "rules", "vocabulary")
    parts = [f"extraction/{name}" for name in inner]
    folders = ("extraction", *parts, "schemas", "chains")
    there = [path for folder in folders for path in (ROOT / folder).glob("*.py")]
    names = sorted(path.relative_to(ROOT).as_posix() for path in there if path.stat().st_size)
    assert sorted(listed) == names


def test_the_commands_exist() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    lines = re.findall(r"^\$ (.*?)(?: {2,}#.*)?$", text, re.MULTILINE)
    assert {shlex.split(line)[0] for line in lines} == {"make", "pip", "extraction"}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for line in lines:
        program, command, *arguments = shlex.split(line)
        if program == "make":
            assert command in targets
        if program == "extraction":
            shown = CliRunner().invoke(app, [command, "--help"]).output
            assert {argument for argument in arguments if argument.startswith("--")} <= set(shown.split())


@EACH
def test_the_targets_of_make_that_are_named_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)`", page.read_text())) <= set(targets)


@EACH
def test_what_it_links_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _prose(page)):
        file, _, anchor = target.partition("#")
        if file.startswith("https://"):
            continue
        linked = page.parent / file if file else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


def test_the_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(docs/([^)#]+)", README.read_text()))
    assert linked == {page.name for page in DOCS.glob("*.md")}


def _prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_table_of_errors_is_whole() -> None:
    section = (DOCS / "answers.md").read_text().partition("## Errors")[2].partition("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    public = {name for name in extraction.__all__ if name.endswith("Error")}
    assert named == public - {"ExtractionError", "OutputError", "MissingExtraError"}


def test_the_conventions_of_the_table_exist() -> None:
    section = (DOCS / "boxes.md").read_text().partition("## Pixels and conventions")[2].partition("\n## ")[0]
    names = re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)
    assert len(names) == 4
    for name in names:
        boxes = find_family(None, "", name).boxes
        assert boxes is not None
        assert boxes.name == name


def update() -> None:
    """Writes what the examples print into the pages."""
    for page in PAGES:
        text = page.read_text()
        results = list(printed(page, [block for block in blocks(text) if block.runs]))
        for block, output in reversed(results):
            if block.shown is not None:
                start, end = block.span
                text = text[:start] + output + text[end:]
        page.write_text(text)
    family_pages.update()


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    update()
