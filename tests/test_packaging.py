"""The two artefacts that people install hold exactly the tree's files, whatever a checkout did to the links."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"extraction": "extraction", "schemas": "extraction/schemas", "chains": "extraction/chains"}
LINKS = ("extraction/schemas", "extraction/chains")


def files_of_the_tree() -> dict[str, str]:
    """Every file of the three folders: the path that it has in an installation -> its path in the tree."""
    files: dict[str, str] = {}
    for folder, installed in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            name = path.relative_to(ROOT / folder).as_posix()
            in_tree = f"{folder}/{name}"
            if path.is_file() and "__pycache__" not in path.parts and not in_tree.startswith(LINKS):
                files[f"{installed}/{name}"] = in_tree
    return files


def copy_of_the_tree(target: Path, links: str) -> Path:
    """A checkout as git makes it: with links, or with small text files in their place where links are not allowed."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target)
    for link in map(target.joinpath, LINKS):
        if links != "links":
            link.unlink()
        if links == "text":
            link.write_text(f"../{link.name}")
    return target


@pytest.fixture(scope="module", params=["links", "text", "no links"])
def artefacts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and with the wheel that was built from that sdist."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("tree"), request.param)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tree / "dist"), str(tree)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree / "dist"


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def test_the_wheel_holds_the_tree_and_nothing_twice(artefacts: Path) -> None:
    (wheel,) = artefacts.glob("*.whl")
    names = names_in(wheel)
    assert {name for name, count in Counter(names).items() if count > 1} == set()
    assert {name for name in names if ".dist-info/" not in name} == set(files_of_the_tree())


def test_the_sdist_holds_what_the_wheel_is_built_from(artefacts: Path) -> None:
    (sdist,) = artefacts.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*files_of_the_tree().values(), "pyproject.toml", "README.md", "LICENSE"} <= names
    assert not {name for name in names if name.startswith(LINKS)}


def test_the_wheel_built_straight_from_a_checkout_is_the_same(artefacts: Path, tmp_path: Path) -> None:
    tree = artefacts.parent
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(tree)]
    subprocess.run(build, capture_output=True, check=True)
    (straight,), (from_sdist,) = tmp_path.glob("*.whl"), artefacts.glob("*.whl")
    assert sorted(names_in(straight)) == sorted(names_in(from_sdist))


def test_an_unpacked_wheel_is_imported_whole(artefacts: Path, tmp_path: Path) -> None:
    (wheel,) = artefacts.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = (
        "import extraction, extraction.schemas, extraction.chains\n"
        "print(*(m.__file__ for m in (extraction, extraction.schemas, extraction.chains)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    files = [Path(name).relative_to(tmp_path).as_posix() for name in done.stdout.split()]
    assert files == ["extraction/__init__.py", "extraction/schemas/__init__.py", "extraction/chains/__init__.py"]


def test_an_editable_installation_finds_the_folders_without_links_too(artefacts: Path, tmp_path: Path) -> None:
    tree = artefacts.parent
    build = f"from setuptools import build_meta; print(build_meta.build_editable({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=tree, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = (  # without site-packages, where this checkout itself may be installed; those two need nothing from there
        f"import site; site.addsitedir({str(tmp_path)!r}); import extraction.chains, importlib.util\n"
        "print(extraction.chains.__file__, importlib.util.find_spec('extraction.schemas').origin)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, capture_output=True, text=True)
    assert [Path(name).resolve() for name in done.stdout.split()] == [
        tree.resolve() / "chains/__init__.py",
        tree.resolve() / "schemas/__init__.py",
    ]


@pytest.mark.parametrize("folder", ["schemas", "chains"])
def test_a_folder_imported_by_its_bare_name_says_which_package_it_is(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {folder}"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("ImportError: ")
    assert f"extraction.{folder}" in last


def test_the_table_of_packages_is_the_tree() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    inside = {path.parent.relative_to(ROOT) for path in (ROOT / "extraction").rglob("__init__.py")}
    assert set(table["packages"]) == {".".join(path.parts) for path in inside} | {
        "extraction.schemas",
        "extraction.chains",
    }
    assert table["package-dir"] == {installed.replace("/", "."): folder for folder, installed in FOLDERS.items()}


@pytest.mark.parametrize("link", LINKS)
def test_the_links_point_at_the_folders(link: str) -> None:
    if not (ROOT / link).is_symlink():
        pytest.skip("this checkout has no symbolic links")
    assert (ROOT / link).readlink() == Path("..") / Path(link).name
