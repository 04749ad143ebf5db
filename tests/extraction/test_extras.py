from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from extraction.errors import MissingExtraError
from extraction.extras import import_extra

ROOT = Path(__file__).parents[2]


def test_what_is_installed_is_imported() -> None:
    assert import_extra("json", extra="agents") is json


@pytest.mark.parametrize("module", ["no_such_module", "no_such_module.inside.it"])
def test_the_error_is_the_command_that_helps(module: str) -> None:
    with pytest.raises(MissingExtraError) as caught:
        import_extra(module, extra="agents")
    assert str(caught.value) == f'{module} is not installed (pip install "langchain-extraction[agents]")'


def test_a_broken_installation_tells_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_part.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency") as caught:
        import_extra("broken_part", extra="agents")
    assert not isinstance(caught.value, MissingExtraError)


def test_every_extra_that_the_code_names_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    files = (path for folder in ("extraction", "schemas", "chains") for path in (ROOT / folder).rglob("*.py"))
    named = {extra for path in files for extra in re.findall(r'import_extra\([^)]*extra="(\w+)"', path.read_text())}
    assert named <= set(extras)
