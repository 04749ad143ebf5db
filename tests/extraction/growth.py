"""What the tests of streams share: an answer, chunks of every size, and what it means that a value only grew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from pydantic import BaseModel, Field

from extraction.errors import OutputError
from extraction.parsing import GroundedOutputParser


class Seller(BaseModel):
    name: str
    city: str | None = None


class Line(BaseModel):
    text: str
    price: Decimal
    tags: list[str] = []


class Bill(BaseModel):
    total: Decimal
    seller: Seller
    lines: list[Line] = Field(alias="items")
    notes: dict[str, int] = {}
    paid: bool = False


BILL = (
    '{"total": 1234.5, "seller": {"name": "K\\u00f6nig \\"&\\" S\u00f6hne \U0001f600", "city": null},\n'
    ' "items": [{"text": "a]}", "price": 1e3, "tags": ["x", "y"]}, {"text": "", "price": -0.5}],'
    ' "notes": {"a/b": 1, "c": 20}, "paid": true}'
)
CLOSED = ["/total", "/seller/name", "/seller/city", "/items/0", "/items/1", "/notes/a~1b", "/notes/c", "/paid", ""]


def pieces(text: str, size: int) -> list[str]:
    """The text in pieces of one size; of random ones for 0."""
    if size:
        return [text[at : at + size] for at in range(0, len(text), size)] or [""]
    random, parts = Random(len(text)), list[str]()
    while text:
        length = random.randrange(1, 9)
        parts.append(text[:length])
        text = text[length:]
    return parts or [""]


def extends(later: Any, earlier: Any) -> bool:
    """Whether all that is in the earlier value is in the later one, unchanged."""
    if isinstance(earlier, BaseModel):
        fields = earlier.__dict__
        return (
            isinstance(later, BaseModel)
            and type(later).__qualname__ == type(earlier).__qualname__
            and all(name in later.__dict__ and extends(later.__dict__[name], value) for name, value in fields.items())
        )
    if isinstance(earlier, dict):
        return isinstance(later, dict) and all(
            key in later and extends(later[key], value) for key, value in earlier.items()
        )
    if isinstance(earlier, list):
        return (
            isinstance(later, list)
            and len(later) >= len(earlier)
            and all(extends(a, b) for a, b in zip(later, earlier, strict=False))
        )
    return type(later) is type(earlier) and later == earlier


def grows(elements: Sequence[Any]) -> bool:
    """Whether each element holds the one before, and more."""
    pairs = list(zip(elements[1:], elements, strict=False))
    return all(extends(later, earlier) for later, earlier in pairs) and all(a != b for a, b in pairs[:-1])


def pointers(closed: Iterable[Any]) -> list[str]:
    """The pointers of values, in the order in which they closed."""
    return [one.pointer for one in closed]


def streamed(target: Any, chunks: Any, **options: Any) -> list[Any]:
    return list(GroundedOutputParser(target=target, **options).transform(iter(chunks)))


def given_in(target: Any, text: str, **options: Any) -> tuple[list[Any], OutputError | None]:
    """What a stream gives, and the error in its end."""
    elements: list[Any] = []
    try:
        for element in GroundedOutputParser(target=target, **options).transform(iter(pieces(text, 1))):
            elements.append(element)  # noqa: PERF402 - what came before the error is wanted
    except OutputError as error:
        return elements, error
    return elements, None
