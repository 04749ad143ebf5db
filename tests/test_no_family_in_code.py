"""Families are data: no other code knows a model's family by name, so that a new one needs a record and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from extraction.listing import listed

ROOT = Path(__file__).parents[1]
FOLDERS = ("extraction", "schemas", "chains")
THE_DATA = "extraction/family_table*.py"
SYNTAXES = "extraction/*syntaxes.py"
"""A syntax is called after the family that it comes from; which families write it stands in the data."""
EMBEDDED = "pocket"
"""The embedded model comes with the package: its name is that of a folder, not only of a family."""
ROOTS = (
    "qwen",
    "llava",
    "internvl",
    "gemma",
    "gemini",
    "florence",
    "kosmos",
    "molmo",
    "deepseek",
    "minicpm",
    "idefics",
)
"""What the names of most families begin with, so that versions nobody listed are found, too."""
PROCESSORS = r"\w+ImageProcessor(Pil)?"
"""Classes of transformers, by which views of pictures are told: several families share one, and one family has several."""
WORDS = {"others", "readers", "git"}
"""Names that are words of the language, or of the trade."""
EXCEPTIONS = {
    "extraction/loading.py": ("give 'pocket', a hub id such as", "an example in the hint of an error"),
}
"""By file: how the text begins, and why a family may be named there."""


def names() -> re.Pattern[str]:
    """Whatever names a family: its name, a type of its models, or the beginning of either."""
    own = {name for family in listed() for name in (family.name, *family.model_types)}
    whole = sorted(own - WORDS - {EMBEDDED}, key=len, reverse=True)
    either = "|".join(re.sub(r"\\-|_", "[-_]", re.escape(name)) for name in whole)
    return re.compile(rf"(?<![a-z0-9])(?:{either})(?![a-z0-9])|{'|'.join(ROOTS)}", re.IGNORECASE)


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The string constants of code, with their lines, without those that are only there to be read."""
    for node in ast.walk(tree):
        for inner in ast.iter_child_nodes(node):
            is_statement = isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant)
            if is_statement:
                inner.value.value = None  # type: ignore[attr-defined]
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            text = node.value
            yield node.lineno, text if isinstance(text, str) else text.decode("latin-1")


def named_in(code: str, pattern: re.Pattern[str]) -> list[tuple[int, str]]:
    said = [(line, text) for line, text in texts(ast.parse(code)) if pattern.search(text)]
    return [(line, text) for line, text in said if not re.fullmatch(PROCESSORS, text)]


def files() -> list[Path]:
    there = {path for folder in FOLDERS for path in (ROOT / folder).glob("*.py")}
    return sorted(there - {*ROOT.glob(THE_DATA), *ROOT.glob(SYNTAXES)})


def test_no_family_is_named_outside_of_the_data() -> None:
    pattern, found, excused = names(), list[Any](), set[str]()
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        start, _ = EXCEPTIONS.get(name, (None, ""))
        for line, text in named_in(path.read_text(encoding="utf-8"), pattern):
            if start is not None and text.startswith(start):
                excused.add(name)
            else:
                found.append((name, line, text[:60]))
    assert not found
    assert excused == EXCEPTIONS.keys(), "an exception that nothing needs"
    assert len(files()) > 80


def test_the_search_finds_what_it_should() -> None:
    pattern = names()
    for code in (
        'if config.model_type == "qwen2_5_vl": pass',
        "if model in {'phi4', 'x'}: pass",
        "x = 'Florence-2' if y else b'paligemma'",
        "def f(family: str = 'gemma9'): pass",
        "z = f'{a} kosmos'",
        "class A:\n    kind = 'llava_next'",
    ):
        assert named_in(code, pattern), code
    for code in (
        '"""About Qwen2.5-VL."""\nx = 1',
        "def f():\n    'Like LLaVA.'\n    return 'pocket'",
        "x = 'digits, others and readers'",
        "VIEWS = {'Qwen2VLImageProcessor': grid}",
        'LIMIT = 3\n"""As Gemma has it."""',
    ):
        assert not named_in(code, pattern), code
