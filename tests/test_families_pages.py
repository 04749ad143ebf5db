"""The tables of the documentation are those of the data, and what they say was run was run."""

from __future__ import annotations

from extraction.families import find_family
from extraction.listing import listed
from tests.families_run import RUNS
from tests.family_pages import PAGE, README, ROOT, compact, page, readme_with

STALE = "write it anew with: python -m tests.test_docs"


def test_the_readme_has_the_table_of_the_data() -> None:
    assert README.read_text(encoding="utf-8") == readme_with(compact()), STALE


def test_the_page_of_families_is_that_of_the_data() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), STALE


def test_every_family_is_on_the_page_and_told_apart_in_the_readme() -> None:
    for family in listed():
        assert f"| {family.name} | {family.title} |" in page()
        assert family.title in compact() or family.loads == "embedded"


def test_what_is_said_to_be_run_is_run_by_a_test() -> None:
    for kind, run in RUNS.items():
        family = find_family(kind, "some-folder")
        assert family.loads == "transformers"
        assert kind in family.model_types
        text = (ROOT / run.test).read_text(encoding="utf-8")
        assert "def test_" in text
        assert f"`{kind}`: loads" in page()
