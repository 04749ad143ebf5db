"""``Till``: a printer on a roll of paper, and the value of what it has printed so far."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.documents.canvas import Anchor, Canvas, Fact, Piece, plain
from tests.documents.fonts import Face
from tests.documents.locales import Locale, Money
from tests.documents.truth import Kind


@dataclass(slots=True)
class Till:
    """The printer: where it is on the roll, and what its value is so far.

    Attributes:
        y: The base line of the next line.
        value: The document's value.
    """

    rng: random.Random
    locale: Locale
    money: Money
    face: Face
    size: int
    canvas: Canvas
    margin: int
    y: float
    symbols: bool
    value: dict[str, Any] = field(default_factory=dict)

    @property
    def leading(self) -> float:
        """From line to line."""
        return self.size * 1.32

    @property
    def right(self) -> float:
        """The right edge of the text."""
        return self.canvas.size[0] - self.margin

    def put(
        self, pieces: Piece | Sequence[Piece], *, anchor: Anchor = "left", bold: bool = False, larger: float = 1.0
    ) -> None:
        """Prints a line and feeds the paper; what does not fit goes to the next line, or becomes smaller."""
        x = {"left": float(self.margin), "centre": self.canvas.size[0] / 2, "right": self.right}[anchor]
        font = self.face.at(round(self.size * larger), bold=bold)
        width = font.getlength(plain(pieces))
        if width > self.right - self.margin:
            if not isinstance(pieces, str | Fact) and len(pieces) > 2:
                self.put(pieces[:-1], anchor=anchor, bold=bold, larger=larger)
                self.put(pieces[-1], anchor=anchor, bold=bold, larger=larger)
                return
            font = self.face.at(int(font.size * (self.right - self.margin) / width), bold=bold)
        self.y += self.leading * (larger - 1)
        self.canvas.put(pieces, (x, self.y), font, anchor=anchor)
        self.y += self.leading

    def row(
        self,
        left: Piece | Sequence[Piece],
        right: Piece | Sequence[Piece],
        *,
        bold: bool = False,
        larger: float = 1.0,
    ) -> None:
        """Prints something on the left and something on the right, and feeds the paper.

        What is on the right goes to a line of its own where it would touch the other.
        """
        font = self.face.at(round(self.size * larger), bold=bold)
        self.y += self.leading * (larger - 1)
        ends = self.canvas.put(left, (self.margin, self.y), font).x2
        if ends + self.size > self.right - font.getlength(plain(right)):
            self.y += self.leading * larger
        self.canvas.put(right, (self.right, self.y), font, anchor="right")
        self.y += self.leading

    def rule(self, style: str) -> None:
        """A line across the paper, which is no text."""
        width = 3 if style == "double" else 1
        y = round(self.y - self.size * 0.4)
        if style == "dashed":
            for x in range(self.margin, int(self.right), self.size // 2):
                self.canvas.draw.line((x, y, min(x + self.size // 4, self.right), y), fill=(30, 30, 30), width=2)
        elif style != "none":
            self.canvas.draw.line((self.margin, y, self.right, y), fill=(30, 30, 30), width=width)
        self.y += self.leading * 0.7
        self.canvas.new_block()

    def amount(self, amount: Decimal, pointer: str | None, *, again: bool = False, symbol: bool | None = None) -> Fact:
        """An amount as it is printed here."""
        shown = self.symbols if symbol is None else symbol
        text = self.money.with_symbol(amount) if shown else self.money.number(amount)
        return Fact(text, "amount", str(self.money.round(amount)), pointer, again)

    def tell(self, key: str, text: str, kind: Kind = "text", value: str | None = None) -> Fact:
        """A leaf of the document's value: it is set here."""
        self.value[key] = text if value is None else value
        return Fact(text, kind, self.value[key], f"/{key}")
