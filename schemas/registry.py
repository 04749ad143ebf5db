"""Finding a schema by what a person types: a name, ``module:Class``, or the path of a JSON Schema file."""

from __future__ import annotations

import difflib
import importlib
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
from extraction.schemas.json_schema import Schema, check_json_schema, json_schema_of, read_json_schema
from extraction.schemas.scene import DetectedObject, Scene
from extraction.schemas.transcript import Transcript

_REGISTERED: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {"scene": Scene, "object": DetectedObject, "counts": Counts, "transcript": Transcript}
)

_IN_MODULE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def registered_schemas() -> dict[str, type[BaseModel]]:
    """The schemas that come with the library, by the names that ``load_schema`` knows them by."""
    return dict(_REGISTERED)


def load_schema(spec: str | Path | Schema) -> Schema:
    """The schema that ``spec`` names, checked, so that ``json_schema_of`` cannot fail on it.

    Args:
        spec: A registered name (``"scene"``); ``"module:Class"``, with the module importable from the working directory
            or installed; the path of a JSON Schema file, which as text ends in ``.json`` or exists; or a schema.

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
    if spec.endswith(".json") or Path(spec).is_file():
        return read_json_schema(Path(spec))
    if match := _IN_MODULE.fullmatch(spec):
        return _checked(_attribute(_import(match[1]), match[2]), source=spec)
    raise SchemaError(
        f"there is no schema {spec!r:.120}{_suggestion(spec, _REGISTERED)}",
        hint=f"known are {', '.join(_REGISTERED)}; else give module:Class or the path of a JSON Schema file",
    )


def _checked(schema: Any, *, source: str) -> Schema:
    if isinstance(schema, dict):
        check_json_schema(schema, source=source)
    else:
        json_schema_of(schema)
    found: Schema = schema
    return found


def _import(name: str) -> ModuleType:
    try:
        with _working_directory_importable():
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
def _working_directory_importable() -> Iterator[None]:
    """As ``python -m`` has it; a console script's own ``sys.path`` starts with the folder of the script."""
    folder = str(Path.cwd())
    importlib.invalidate_caches()
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _attribute(module: ModuleType, path: str) -> Any:
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            public = [other for other in vars(found) if not other.startswith("_")]
            owner = f"module {found.__name__!r}" if found is module else f"{found!r:.60}"
            raise SchemaError(f"{owner} has no {name!r}{_suggestion(name, public)}")
        found = getattr(found, name)
    return found


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
