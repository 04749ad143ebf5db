"""What the documentation says of the families of models: written from the data, never by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from extraction.families import Family
from extraction.listing import LOADED, box_words, key_words, listed, size_words, sure_words, syntax_words
from tests.families_run import RUNS

ROOT: Final = Path(__file__).parents[1]
README: Final = ROOT / "README.md"
PAGE: Final = ROOT / "docs" / "families.md"
BEGIN: Final = "<!-- families -->\n"
END: Final = "<!-- end of families -->\n"

_INTRODUCTION: Final = """\
# Families of models

What is known of each family, and how. This page is written from the data in `extraction/family_table*.py` by
`python -m tests.test_docs`; `extraction models` prints the first columns, and `extraction models NAME` all of one family.

* **loaded by**: transformers alone, or with code of the authors (`trust_remote_code=True`), or hosted by somebody.
* **boxes**: the numbers that it writes, and what they count. Empty where nobody knows: then boxes raise, plain values work.
* **how sure**: *verified* in code that was read or run, *documented* by the authors, *reported* by others, or *unverified*.
* **good at**: areas of pictures, in megapixels, at which its boxes are good, where somebody measured or says so.
* **run**: what the tests do with the real classes of transformers and tiny random weights. Such a model knows nothing: it
  shows that loading, constraining and the way to pixels work, not that a trained model sees well. Models of which nobody knows
  how they write boxes, and those that write none in JSON, are asked for them with `family="relative-1000"` there.
"""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def compact() -> str:
    """The table of the README: those that write boxes, and a sentence about the others."""
    known = [family for family in listed() if family.boxes is not None and family.loads != "embedded"]
    rows = [(family.name, family.title, box_words(family), sure_words(family)) for family in known]
    others = ", ".join(family.title for family in listed() if family.boxes is None)
    return (
        _table(("family", "models", "its boxes", "how sure"), rows)
        + f"\nNobody says how these write boxes, if they do: {others}.\n"
    )


def page() -> str:
    """The whole of ``docs/families.md``."""
    columns = ("family", "models", "loaded by", "boxes", "keys", "syntaxes", "good at", "how sure", "run")
    rows = [
        (
            family.name,
            family.title,
            LOADED[family.loads],
            box_words(family),
            key_words(family),
            syntax_words(family),
            size_words(family),
            sure_words(family),
            _runs(family),
        )
        for family in listed()
    ]
    stated = [
        (family.name, ", ".join(f"`{kind}`" for kind in family.model_types), family.source) for family in listed()
    ]
    return "\n".join(
        [
            _INTRODUCTION,
            _table(columns, rows),
            "## Types and sources\n",
            "TF is transformers 5.23; `owner/name#1` is an issue on GitHub.\n",
            _table(("family", "`model_type`", "where it is stated"), stated),
        ]
    )


def _runs(family: Family) -> str:
    return "; ".join(f"`{kind}`: {RUNS[kind].words}" for kind in family.model_types if kind in RUNS)


def readme_with(table: str) -> str:
    """The README with another table of families.

    Raises:
        ValueError: The README has no place for it.
    """
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the README has no place for the table of families")
    return before + begin + table + end + after


def update() -> None:
    """Writes both from the data."""
    README.write_text(readme_with(compact()), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
