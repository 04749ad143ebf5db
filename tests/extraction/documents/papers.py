"""Windows with answers, for the tests of what is made of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from extraction.confidence import Confidence
from extraction.documents.merge import merge_windows
from extraction.documents.result import Merged, Window
from extraction.schemas import json_schema_of


class Row(BaseModel):
    day: Annotated[str, Field(json_schema_extra={"format": "date"})]
    text: str
    amount: float
    balance: float | None = None


class Table(BaseModel):
    title: str
    total: float | None = None
    rows: list[Row]


def row(day: str | None, text: str | None, amount: float | None, balance: float | None = None) -> dict[str, Any]:
    return {"day": day, "text": text, "amount": amount, "balance": balance}


def windows(*answers: Any, confidences: dict[int, Confidence] | None = None) -> list[Window]:
    """A window of one page for each answer; an exception stands for a failed one."""
    made = []
    for index, answer in enumerate(answers):
        if isinstance(answer, Exception):
            made.append(Window((index + 1,), error=answer))
        else:
            made.append(Window((index + 1,), answer, confidence=(confidences or {}).get(index)))
    return made


def merged(schema: Any, *answers: Any, confidences: dict[int, Confidence] | None = None) -> Merged:
    return merge_windows(windows(*answers, confidences=confidences), json_schema_of(schema))
