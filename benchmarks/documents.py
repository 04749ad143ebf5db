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


_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PARTY = _object(name=_TEXT, street=_TEXT, city=_TEXT, tax_id=_TEXT)

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
                label=_TEXT,
                color={"enum": ["red", "green", "blue", "yellow", "black", "white"]},
                box=_BOX,
            ),
        },
        count={"type": "integer", "minimum": 0},
    ),
    value={
        "objects": [
            {"label": "delivery van", "color": "white", "box": [112, 305, 498, 760]},
            {"label": "bicycle", "color": "red", "box": [530, 512, 688, 790]},
            {"label": "traffic light", "color": "black", "box": [702, 40, 748, 231]},
            {"label": "umbrella", "color": "blue", "box": [801, 377, 955, 502]},
        ],
        "count": 4,
    },
    prompt="List the objects of this picture with their boxes as JSON.",
)

INVOICE = Task(
    name="invoice",
    schema=_object(
        invoice_number=_TEXT,
        issue_date=_DATE,
        due_date=_DATE,
        seller=_PARTY,
        buyer=_PARTY,
        currency={"enum": ["EUR", "USD", "GBP", "CHF"]},
        lines={
            "type": "array",
            "items": _object(
                description=_TEXT, quantity={"type": "integer", "minimum": 1}, unit_price=_NUMBER, amount=_NUMBER
            ),
        },
        net_total=_NUMBER,
        tax_total=_NUMBER,
        gross_total=_NUMBER,
        paid={"type": "boolean"},
    ),
    value={
        "invoice_number": "2024-00731",
        "issue_date": "2024-03-18",
        "due_date": "2024-04-17",
        "seller": {
            "name": "Northwind Office Supply",
            "street": "14 Harbour Road",
            "city": "Bristol",
            "tax_id": "GB123456789",
        },
        "buyer": {
            "name": "Green Valley Clinic",
            "street": "200 Station Street",
            "city": "Exeter",
            "tax_id": "GB987654321",
        },
        "currency": "GBP",
        "lines": [
            {"description": "Printer paper, 500 sheets", "quantity": 20, "unit_price": 4.75, "amount": 95.5},
            {"description": "Desk lamp", "quantity": 3, "unit_price": 32.9, "amount": 98.7},
            {"description": "Filing cabinet, grey", "quantity": 1, "unit_price": 189.25, "amount": 189.25},
        ],
        "net_total": 383.45,
        "tax_total": 76.69,
        "gross_total": 460.14,
        "paid": False,
    },
    prompt="Read this invoice as JSON.",
)

TASKS = {task.name: task for task in (FLAT, SCENE, INVOICE)}
