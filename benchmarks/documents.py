"""Three documents of growing size with their schemas: what every method of a benchmark has to write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    """One document to be written.

    Attributes:
        name: "flat", "scene" or "invoice".
        schema: Its JSON schema.
        value: The document.
        prompt: What is asked beside the picture.
    """

    name: str
    schema: dict[str, Any]
    value: dict[str, Any]
    prompt: str

    @property
    def text(self) -> str:
        """The document as ``json.dumps`` writes it, keys in the schema's order."""
        return json.dumps(self.value, ensure_ascii=False)


def _object(**properties: Any) -> dict[str, Any]:
    """An object of exactly these properties."""
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_TEXT = {"type": "string", "maxLength": 40}  # as a column of a table would have it
_AMOUNT = {"type": "number"}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


def _one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


FLAT = Task(
    name="flat",
    schema=_object(
        title=_TEXT,
        document_type={"enum": ["letter", "report", "invoice", "form", "other"]},
        page_count={"type": "integer", "minimum": 1, "maximum": 500},
        language={"enum": ["en", "de", "fr", "es"]},
        confidential={"type": "boolean"},
    ),
    value={
        "title": "Quarterly safety report",
        "document_type": "report",
        "page_count": 12,
        "language": "en",
        "confidential": False,
    },
    prompt="Describe this document as JSON.",
)

_BOX = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 1000}, "minItems": 4, "maxItems": 4}
SCENE = Task(
    name="scene",
    schema=_object(
        objects={
            "type": "array",
            "items": _object(
                label=_one_of("person", "bicycle", "car", "delivery van", "traffic light", "umbrella", "dog"),
                color=_one_of("red", "green", "blue", "yellow", "black", "white"),
                box=_BOX,
            ),
        },
        count={"type": "integer", "minimum": 0},
    ),
    value={
        "objects": [
            {"label": "delivery van", "color": "white", "box": [112, 305, 498, 760]},
            {"label": "bicycle", "color": "red", "box": [530, 512, 688, 790]},
            {"label": "umbrella", "color": "blue", "box": [801, 377, 955, 502]},
        ],
        "count": 3,
    },
    prompt="List the objects of this picture with their boxes as JSON.",
)

_PARTY = _object(company_name=_TEXT, street=_TEXT, city=_TEXT, country=_one_of("GB", "IE", "FR", "DE", "US"))
_LINE = _object(
    description=_TEXT,
    quantity={"type": "integer", "minimum": 1},
    unit=_one_of("piece", "box", "hour"),
    unit_price=_AMOUNT,
    tax_category=_one_of("standard", "reduced", "exempt"),
    line_total=_AMOUNT,
)
INVOICE = Task(
    name="invoice",
    schema=_object(
        invoice_number=_TEXT,
        document_type=_one_of("invoice", "credit note"),
        issue_date=_DATE,
        due_date=_DATE,
        seller=_PARTY,
        buyer=_PARTY,
        currency=_one_of("EUR", "USD", "GBP", "CHF"),
        payment_method=_one_of("bank transfer", "credit card", "cash"),
        lines={"type": "array", "items": _LINE},
        net_total=_AMOUNT,
        tax_total=_AMOUNT,
        gross_total=_AMOUNT,
        already_paid={"type": "boolean"},
    ),
    value={
        "invoice_number": "INV-731",
        "document_type": "invoice",
        "issue_date": "2024-03-18",
        "due_date": "2024-04-17",
        "seller": {
            "company_name": "Northwind Office Supply",
            "street": "14 Harbour Road",
            "city": "Bristol",
            "country": "GB",
        },
        "buyer": {
            "company_name": "Green Valley Clinic",
            "street": "20 Station Street",
            "city": "Exeter",
            "country": "GB",
        },
        "currency": "GBP",
        "payment_method": "bank transfer",
        "lines": [
            {
                "description": "Printer paper",
                "quantity": 20,
                "unit": "box",
                "unit_price": 4.75,
                "tax_category": "standard",
                "line_total": 95.0,
            },
            {
                "description": "Desk lamp",
                "quantity": 3,
                "unit": "piece",
                "unit_price": 32.9,
                "tax_category": "standard",
                "line_total": 98.7,
            },
            {
                "description": "Chair repair",
                "quantity": 2,
                "unit": "hour",
                "unit_price": 45.0,
                "tax_category": "reduced",
                "line_total": 90.0,
            },
        ],
        "net_total": 283.7,
        "tax_total": 47.74,
        "gross_total": 331.44,
        "already_paid": False,
    },
    prompt="Read this invoice as JSON.",
)

TASKS = {task.name: task for task in (FLAT, SCENE, INVOICE)}
