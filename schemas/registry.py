"""Finding a schema by what a person types: a name, ``module:Class``, ``file.py:Class``, or a JSON Schema file."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from pydantic import BaseModel

from extraction.errors import SchemaError
from extraction.schemas.counting import Counts
from extraction.schemas.documents import (
    BankStatement,
    BusinessCard,
    Chart,
    Form,
    IdentityDocument,
    Invoice,
    Receipt,
    Table,
)
from extraction.schemas.json_schema import Schema, check_json_schema, json_schema_of, read_json_schema
from extraction.schemas.scene import DetectedObject, Scene
from extraction.schemas.transcript import Transcript

_REGISTERED: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "scene": Scene,
        "object": DetectedObject,
        "counts": Counts,
        "receipt": Receipt,
        "invoice": Invoice,
        "business_card": BusinessCard,
        "identity_document": IdentityDocument,
        "form": Form,
        "table": Table,
        "chart": Chart,
        "bank_statement": BankStatement,
        "transcript": Transcript,
    }
)

_FILE_PREFIX: Final = "_schemas_in_"
_IN_FILE = re.compile(r"(.+\.py):([^\W\d]\w*(?:\.[^\W\d]\w*)*)", re.DOTALL)
_IN_MODULE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def registered_schemas() -> dict[str, type[BaseModel]]:
    """The schemas that come with the library, by the names that ``load_schema`` knows them by."""
    return dict(_REGISTERED)


def load_schema(spec: str | Path | Schema) -> Schema:
    """The schema that ``spec`` names, checked, so that ``json_schema_of`` cannot fail on it.

    Args:
        spec: A registered name (``"scene"``); ``"module:Class"``, with the module importable from the working directory
            or installed; ``"path/to/file.py:Class"``; the path of a JSON Schema file, which as text ends in ``.json`` or
            exists; or a schema.

    Returns:
        A type that Pydantic validates, or a JSON schema as a dict.

    Raises:
        SchemaError: There is no such schema, or it cannot be read or described. The message says what is missing.
    """
    if isinstance(spec, Path):
        return read_json_schema(spec)
    if isinstance(spec, str):
        return _find(spec)
    return _checked(spec, source="the JSON schema")


def _find(spec: str) -> Schema:
    if spec in _REGISTERED:
        return _REGISTERED[spec]
    if spec.endswith(".py"):
        raise SchemaError(f"{spec!r:.120} does not say which class", hint=f"name it: {Path(spec).name}:Invoice")
    if spec.endswith(".json") or Path(spec).is_file():
        return read_json_schema(Path(spec))
    if match := _IN_FILE.fullmatch(spec):
        return _checked(_attribute(_run_file(Path(match[1])), match[2]), source=spec)
    if match := _IN_MODULE.fullmatch(spec):
        return _checked(_attribute(_import(match[1]), match[2]), source=spec)
    raise SchemaError(
        f"there is no schema {spec!r:.120}{_suggestion(spec, _REGISTERED)}",
        hint=f"known are {', '.join(_REGISTERED)}; else give module:Class, file.py:Class or a JSON Schema file",
    )


def _checked(schema: Any, *, source: str) -> Schema:
    if isinstance(schema, dict):
        check_json_schema(schema, source=source)
    else:
        json_schema_of(schema)
    found: Schema = schema
    return found


def _run_file(path: Path) -> ModuleType:
    """The module that a file holds; what stands beside it can be imported by it, as ``python file.py`` has it.

    It is known to Python by a name of its own, by which its classes find each other, and no installed module is hidden.
    """
    if not path.is_file():
        raise SchemaError(f"{path}: there is no such file")
    name = _FILE_PREFIX + re.sub(r"\W", "_", str(path.resolve()))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _importable(path.resolve().parent):
            spec.loader.exec_module(module)
    except Exception as error:  # the file is the user's own code, which can fail in any way
        del sys.modules[name]
        raise SchemaError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    return module


def _import(name: str) -> ModuleType:
    try:
        with _importable(Path.cwd()):  # as ``python -m`` has it; a console script's own path starts with its own folder
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise SchemaError(f"module {name!r} needs module {error.name!r}, which is not installed") from error
        raise SchemaError(
            f"there is no module {error.name!r}",
            hint="modules are looked for in the working directory, then as installed",
        ) from error
    except Exception as error:  # the module is the user's own code, which can fail in any way
        raise SchemaError(f"module {name!r} cannot be imported: {type(error).__name__}: {error}") from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """What stands in a folder can be imported."""
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _attribute(module: ModuleType, path: str) -> Any:
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            public = [other for other in vars(found) if not other.startswith("_")]
            owner = _named(module) if found is module else f"{found!r:.60}"
            raise SchemaError(f"{owner} has no {name!r}{_suggestion(name, public)}")
        found = getattr(found, name)
    return found


def _named(module: ModuleType) -> str:
    return f"{module.__file__}" if module.__name__.startswith(_FILE_PREFIX) else f"module {module.__name__!r}"


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
