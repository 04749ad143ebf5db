"""All that is known of a document before anything is chosen: its rows, labels and values, and what stands beside a label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from extraction.rules.findings import Finding, Findings, Look
from extraction.rules.labels import Label, Labels
from extraction.rules.naming import COLUMNS
from extraction.rules.sheet import Cell, Sheet, Span, stacked
from extraction.vocabulary.concepts import kind_of

_BELOW_GAP: Final = 2.2
"""How far a value stands at most below its label, in heights of the label's text."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A value that stands where a label's value stands, and how sure that is, 0 to 1."""

    finding: Finding
    label: Label
    closeness: float


@dataclass(frozen=True, slots=True)
class TextBeside:
    """A text that stands where a label's value stands, and how sure that is, 0 to 1."""

    span: Span
    label: Label
    closeness: float


class Board:
    """Some pages, read.

    Attributes:
        sheets: The pages as rows of cells.
        labels: What is named on them.
        findings: The values on them.
    """

    def __init__(self, sheets: Sequence[Sheet], phrases: Iterable[str] = ()) -> None:
        self.sheets = tuple(sheets)
        self.labels = Labels(self.sheets, phrases)
        self.findings = Findings(self.sheets)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells of all pages in reading order."""
        return tuple(cell for sheet in self.sheets for cell in sheet.cells)

    def sheet(self, cell: Cell) -> Sheet:
        """The page on which a cell stands."""
        return next(sheet for sheet in self.sheets if sheet.page == cell.page)

    def row(self, cell: Cell) -> tuple[Cell, ...]:
        """The row in which a cell stands."""
        return self.sheet(cell).rows[cell.row]

    @cached_property
    def heads(self) -> frozenset[tuple[int, int]]:
        """(page, row) of the heads of tables: rows of the names of columns, without values."""
        heads = set()
        for sheet in self.sheets:
            for row in sheet.rows:
                named = [label for cell in row for label in self.labels.at(cell)]
                columns = {name for label in named for name, _ in label.names if name in COLUMNS}
                distinct = len({(id(label.span.cell), label.span.start) for label in named if _names_column(label)})
                values = [one for cell in row for one in self.findings.at(cell)]
                if distinct >= 2 and not values and columns & {"description", "quantity", "unit_price", "debit"}:
                    heads.add((sheet.page, row[0].row))
        return frozenset(heads)

    @cached_property
    def tax_heads(self) -> frozenset[tuple[int, int]]:
        """(page, row) of the heads of small tables of taxes: three names or more, and below them a rate with amounts."""
        heads = set()
        for sheet in self.sheets:
            for row, below in zip(sheet.rows, sheet.rows[1:], strict=False):
                named = [label for cell in row for label in self.labels.at(cell)]
                names = {name for label in named for name, _ in label.names}
                looks = {one.look for cell in below for one in self.findings.at(cell)}
                values = [one for cell in row for one in self.findings.at(cell)]
                if (sheet.page, row[0].row) in self.heads:
                    continue
                if len(named) >= 3 and names & {"tax", "tax_rate"} and not values and {"percent", "money"} <= looks:
                    heads.add((sheet.page, row[0].row))
        return frozenset(heads)

    def beside(self, label: Label, looks: tuple[Look, ...]) -> Iterator[Beside]:
        """The values of these looks to the right of a label or below it, up to the next label of something else."""
        found = False
        for cell, after, steps in self._reach(label):
            for one in self.findings.at(cell):
                if (
                    one.span.start >= after
                    and one.look in looks
                    and not self._parted(label, cell, after, one.span.start)
                ):
                    found = True
                    yield Beside(one, label, 1.0 if cell is label.span.cell else 0.96 - 0.02 * steps)
            if self._foreign(label, cell, after):
                break
        at = (label.span.cell.page, label.span.cell.row)
        if found or at in self.heads:
            return
        if at in self.tax_heads:
            yield from self._of_one_rate(label, looks)
            return
        if (pushed := self._pushed_down(label, looks)) is not None:
            yield pushed
            return
        for cell, closeness in self._below(label):
            for one in self.findings.at(cell):
                if one.look in looks:
                    yield Beside(one, label, closeness)
                    return

    def _of_one_rate(self, label: Label, looks: tuple[Look, ...]) -> Iterator[Beside]:
        """The tax in a table of taxes with one rate; of several there is no sum that is printed."""
        cell = label.span.cell
        rows = self.sheet(cell).rows[cell.row + 1 :]
        lines = [[one for other in row for one in self.findings.at(other)] for row in rows[:2]]
        if label.rank("tax") is None or (len(lines) > 1 and any(one.look == "percent" for one in lines[1])):
            return
        under = [one for one in lines[0] if one.look in looks and _under(label, one)]
        if len(under) == 1:
            yield Beside(under[0], label, 0.8)

    def _pushed_down(self, label: Label, looks: tuple[Look, ...]) -> Beside | None:
        """The value of a label that fills its row, where the value stands alone at the right of the next row."""
        cell = label.span.cell
        rows = self.sheet(cell).rows
        if (
            len(rows[cell.row]) > 1
            or cell.row + 1 >= len(rows)
            or len(rows[cell.row + 1]) > 1
            or not self.is_label(cell)
        ):
            return None
        other = rows[cell.row + 1][0]
        found = [
            one for one in self.findings.at(other) if one.look in looks and one.span.stripped(" ").text == other.text
        ]
        near = other.box.y1 - cell.box.y2 < cell.height and other.box.center.x > cell.box.center.x
        return Beside(found[0], label, 0.85) if found and near else None

    def texts_beside(self, label: Label) -> Iterator[TextBeside]:
        """The texts to the right of a label or below it: the rest of its cell, the next cell, the cell below."""
        cell = label.span.cell
        end = next((one.span.start for one in self.labels.at(cell) if one.span.start >= label.span.end), None)
        rest = Span(cell, label.span.end, len(cell.text)).stripped(" \t.,:;|-#=*")
        if end is not None and cell.text[label.span.end : end].strip(" \t.,:;|-#=*()/"):
            following = next(one for one in self.labels.at(cell) if one.span.start == end)
            if following.colon:  # "Name: Ann  Date: ..." ends where the next label begins
                rest = Span(cell, label.span.end, end).stripped(" \t.,:;|-#=*")
        if rest.text:
            yield TextBeside(rest, label, 1.0 if label.colon or label.leads else 0.7)
            return
        for steps, other in enumerate(self.sheet(cell).right_of(cell)):
            if not self.is_label(other):
                yield TextBeside(other.span.stripped(), label, 0.95 - 0.1 * steps)
            break
        if (cell.page, cell.row) in self.heads:
            return
        for below, closeness in self._below(label):
            if self.is_label(below):
                return
            yield TextBeside(below.span.stripped(), label, closeness)
            return

    def is_label(self, cell: Cell) -> bool:
        """Whether a cell names something and says nothing else."""
        labels = self.labels.at(cell)
        if not labels:
            return cell.text.rstrip().endswith(":")
        rest = cell.text
        for label in labels:
            rest = rest.replace(label.span.text, "")
        return not any(char.isalnum() for char in rest)

    def is_more(self, label: Label) -> bool:
        """Whether a label is only a part of what its cell says: "Tax advice" names no tax."""
        cell = label.span.cell
        rest = list(cell.text)
        spans = [one.span for one in self.labels.at(cell)] + [one.span for one in self.findings.at(cell)]
        for span in spans:
            rest[span.start : span.end] = " " * (span.end - span.start)
        return not label.colon and re.search(r"[^\W\d_]{4}", "".join(rest)) is not None

    def claim(self, finding: Finding) -> Label | None:
        """The label that a value belongs to by its place: the nearest one before it in its row, else the one above."""
        cell = finding.span.cell
        before = [one for one in self.labels.at(cell) if one.span.end <= finding.span.start]
        if before:
            return before[-1]
        for other in reversed([one for one in self.row(cell) if one.box.x2 <= cell.box.x1 + 1]):
            if labels := self.labels.at(other):
                return labels[-1]
            if self.findings.at(other):
                break
        above = self.sheet(cell).rows[cell.row - 1] if cell.row else ()
        for other in above:
            near = cell.box.y1 - other.box.y2 <= _BELOW_GAP * other.height
            if near and stacked(other.box, cell.box) and self.is_label(other) and (labels := self.labels.at(other)):
                return labels[-1]
        return None

    def _reach(self, label: Label) -> Iterator[tuple[Cell, int, int]]:
        """The cells to the right, each with where to begin in it and how many steps away it is."""
        cell = label.span.cell
        yield cell, label.span.end, 0
        for steps, other in enumerate(self.sheet(cell).right_of(cell), start=1):
            if any(one.leads and not self._kin(one, label) for one in self.labels.at(other)):
                return
            yield other, 0, steps

    def _foreign(self, label: Label, cell: Cell, after: int) -> bool:
        """Whether something else is named in a cell behind a label."""
        return any(one.span.start >= after and not self._kin(one, label) for one in self.labels.at(cell))

    def _parted(self, label: Label, cell: Cell, after: int, before: int) -> bool:
        """Whether something else is named between a label and a value in one cell."""
        return any(after <= one.span.start < before and not self._kin(one, label) for one in self.labels.at(cell))

    @staticmethod
    def _kin(one: Label, other: Label) -> bool:
        """Whether two labels can name one value: they share a concept, or one only says a currency, a unit, a time."""
        soft = {"currency", "unit", "time", "tax_rate", "cash", "payment_method", "tax", "count", "item_code"}
        names = {name for name, _ in one.names}
        return bool(names & {name for name, _ in other.names}) or (names <= soft and not one.leads)

    def _below(self, label: Label) -> Iterator[tuple[Cell, float]]:
        cell = label.span.cell
        limit = cell.box.y2 + _BELOW_GAP * cell.height
        for steps, below in enumerate(self.sheet(cell).below(cell, rows=2)):
            if below.box.y1 > limit:
                return
            aligned = abs(below.box.x1 - label.span.box.x1) < 3 * cell.height
            yield below, (0.8 if aligned else 0.65) - 0.1 * steps


def _names_column(label: Label) -> bool:
    return any(name in COLUMNS or kind_of(name) == "date" for name, _ in label.names)


def _under(label: Label, finding: Finding) -> bool:
    """Whether a value stands in the column of a label."""
    return stacked(label.span.box, finding.span.box)
