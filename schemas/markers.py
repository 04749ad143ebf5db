"""The mark that tells, inside a JSON schema, that a list of numbers is a box and not just four numbers.

A plot, a conversion to pixels or a grammar meets a schema as a plain dict, often one that a user wrote by hand. The key
``x-extraction`` says there what a value means, and nothing else depends on class names or titles.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final, Literal, TypeAlias, get_args

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Marker: TypeAlias = Literal["box", "point", "polygon", "size", "color"]

MARKER_KEY: Final = "x-extraction"
PIXELS_KEY: Final = "x-extraction-pixels"
"""Marks, in the schema of what a model writes, a number that counts this many pixels of the picture as the model is given it:
its largest value is known when the picture is."""
MARKERS: Final[tuple[Marker, ...]] = get_args(Marker)


def marked(marker: Marker, title: str, description: str, **keywords: Any) -> dict[str, Any]:
    """A JSON schema that carries ``marker``."""
    return {"title": title, "description": description, **keywords, MARKER_KEY: marker}


def put_schema(wanted: dict[str, Any], core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """What a type's ``__get_pydantic_json_schema__`` returns so that ``wanted`` is its schema in both modes.

    Pydantic's own entry is replaced where it stands, in ``$defs`` when there is one: a ``$ref`` to the type then leads
    to the mark, and the description of a field that uses the type stays beside the ``$ref`` and overwrites nothing.
    """
    schema = handler(core_schema)
    entry = handler.resolve_ref_schema(schema)
    entry.clear()
    entry.update(deepcopy(wanted))
    return schema
