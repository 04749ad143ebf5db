"""The vocabulary of extraction: what a schema can ask of a picture, as Pydantic types.

* ``geometry``: Box, Point, Polygon and Size, in pixels of the upright original picture.
* ``color``: Color, one sRGB value with its names and its basic colour term.
* ``counting``: Count and Counts.
* ``labeled``: LabeledBox, LabeledPoint and LabeledPolygon, places with a name, and Segmentation.
* ``scene``: DetectedObject and Scene.
* ``merging``: Merge, Key, CountOf, SumOf and RunningBalance, for what a document says on several pages.
* ``documents``: Receipt, Invoice, BankStatement and other papers, which tell what in them does not add up.
* ``transcript``: Transcript, the lines of a page, and ComparedTranscript, two readings of them.
* ``registry``: a schema by its name, from a module or from a JSON Schema file.
* ``json_schema``: the JSON schema of any of these, and reading one that a user wrote.
* ``markers``: how a JSON schema says that a list of numbers is a box.
"""

if __name__ == "schemas":
    raise ImportError("this package is imported as extraction.schemas, not as schemas")

from extraction.schemas.color import BASIC_COLORS, BasicColor, Color
from extraction.schemas.counting import Count, Counts
from extraction.schemas.documents import (
    BankStatement,
    BusinessCard,
    Chart,
    Check,
    DocumentSchema,
    Form,
    IdentityDocument,
    Invoice,
    Receipt,
    Table,
    checks_of,
)
from extraction.schemas.geometry import Box, Point, Polygon, Size
from extraction.schemas.json_schema import Schema, json_schema_of
from extraction.schemas.labeled import LabeledBox, LabeledPoint, LabeledPolygon, Segmentation
from extraction.schemas.merging import CountOf, Key, Merge, RunningBalance, SumOf
from extraction.schemas.registry import load_schema, registered_schemas
from extraction.schemas.scene import DetectedObject, Scene
from extraction.schemas.transcript import ComparedLine, ComparedTranscript, TextLine, Transcript

__all__ = [
    "BASIC_COLORS",
    "BankStatement",
    "BasicColor",
    "Box",
    "BusinessCard",
    "Chart",
    "Check",
    "Color",
    "ComparedLine",
    "ComparedTranscript",
    "Count",
    "CountOf",
    "Counts",
    "DetectedObject",
    "DocumentSchema",
    "Form",
    "IdentityDocument",
    "Invoice",
    "Key",
    "LabeledBox",
    "LabeledPoint",
    "LabeledPolygon",
    "Merge",
    "Point",
    "Polygon",
    "Receipt",
    "RunningBalance",
    "Scene",
    "Schema",
    "Segmentation",
    "Size",
    "SumOf",
    "Table",
    "TextLine",
    "Transcript",
    "checks_of",
    "json_schema_of",
    "load_schema",
    "registered_schemas",
]
