"""What ``extraction schemas`` tells: which schemas there are, how one looks, and what in it will hurt."""

from __future__ import annotations

from typing import Any

from extraction.families import find_family
from extraction.linting import check_schema
from extraction.prompts import schema_text
from extraction.schemas import json_schema_of, load_schema, registered_schemas


def names() -> str:
    """The registered schemas, a line each."""
    lines = []
    for name, schema in registered_schemas().items():
        first_line = (schema.__doc__ or "").strip().partition("\n")[0]
        lines.append(f"{name:<19}{schema.__name__:<18}{first_line}\n")
    return "".join(lines)


def document(spec: str) -> dict[str, Any]:
    """The JSON schema of a schema.

    Raises:
        SchemaError: There is no such schema.
    """
    return json_schema_of(load_schema(spec))


def form(spec: str, family: str | None) -> str:
    """The form that a model is given to fill in.

    Raises:
        SchemaError: There is no such schema.
        BoxConventionError: There is no such family, or it writes no boxes in JSON, and the schema holds some.
    """
    return schema_text(document(spec), find_family(None, "", family or "pocket").boxes) + "\n"


def findings(spec: str, family: str | None) -> tuple[str, bool]:
    """What in a schema will hurt, a line each, and whether none of it is an error.

    Raises:
        SchemaError: There is no such schema.
        BoxConventionError: There is no such family.
    """
    found = check_schema(spec, family=family)
    if not found:
        return "nothing in it will hurt\n", True
    return "".join(f"{finding}\n" for finding in found), all(finding.severity != "error" for finding in found)
