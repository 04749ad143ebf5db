from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import extraction
import extraction.chains

ROOT = Path(__file__).parents[2]

PUBLIC = {
    "extraction": {
        "BoxConvention",
        "BoxConventionError",
        "ChatOCR",
        "ChatTransformers",
        "Confidence",
        "ContextLengthError",
        "Document",
        "DocumentError",
        "DocumentExtraction",
        "DocumentWarning",
        "Extraction",
        "ExtractionError",
        "Finding",
        "GenerationCancelledError",
        "GenerationError",
        "GrammarWarning",
        "GroundedOutputParser",
        "ImageError",
        "MessageError",
        "MissingExtraError",
        "ModelLoadError",
        "OptionError",
        "OutputError",
        "Page",
        "PageLimits",
        "Picture",
        "PicturePlan",
        "SchemaError",
        "SchemaMismatchError",
        "Source",
        "Sources",
        "TruncatedOutputError",
        "UnreadableOutputError",
        "Verification",
        "__version__",
        "aextract",
        "aextract_document",
        "calibrate",
        "check_schema",
        "extract",
        "extract_document",
        "find_sources",
        "load_image",
        "open_document",
        "plot_bounding_boxes",
        "plot_boxes",
        "read_words",
        "plot_sources",
    },
    "extraction.chains": {
        "averify_sources",
        "caption_chain",
        "detection_chain",
        "document_chain",
        "extraction_chain",
        "native_chain",
        "ocr_chain",
        "reasoning_chain",
        "segmentation_chain",
        "tiled",
        "verify_sources",
    },
}
HEAVY = {
    "torch",
    "transformers",
    "matplotlib",
    "numpy",
    "PIL",
    "langchain_core.language_models.chat_models",
    "llguidance",
}


def modules_after(statement: str) -> set[str]:
    """The names of all modules that a fresh interpreter holds after ``statement``."""
    program = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_these(package: str) -> None:
    module = importlib.import_module(package)
    assert set(module.__all__) == PUBLIC[package]
    assert set(dir(module)) >= PUBLIC[package]
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("package", PUBLIC)
def test_type_checkers_and_the_interpreter_find_each_name_in_the_same_module(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__
    tree = ast.parse(Path(module.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    for_checkers = {
        node.module: tuple(alias.name for alias in node.names)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    table = next(node for node in ast.walk(block) if isinstance(node, ast.Dict))
    assert ast.literal_eval(table) == for_checkers


@pytest.mark.parametrize("statement", ["import extraction", "import extraction.chains", "import extraction.errors"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    assert not modules_after(statement) & HEAVY


def test_a_name_loads_what_it_needs_and_no_more() -> None:
    assert not modules_after("from extraction import load_image, Picture") & {"torch", "transformers", "matplotlib"}


def test_a_misspelt_name_is_an_attribute_error_that_helps() -> None:
    with pytest.raises(AttributeError, match=r"module 'extraction' has no attribute 'plot_box'") as caught:
        extraction.plot_box  # type: ignore[attr-defined]  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("plot_box", extraction)


def test_the_version_is_the_one_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extraction.__version__ == project["version"]


def test_a_checkout_that_was_never_installed_has_a_version_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", nothing)
    source = Path(extraction.__file__).read_text()
    namespace: dict[str, object] = {"__name__": "extraction"}
    exec(compile(source, extraction.__file__, "exec"), namespace)
    assert namespace["__version__"] == "0+unknown"
