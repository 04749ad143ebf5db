"""The taxes of a bill as items of a list: rate, what is taxed, and the tax, of each rate that is printed."""

from __future__ import annotations

from collections.abc import Sequence

from extraction.rules.board import Board
from extraction.rules.findings import Finding
from extraction.rules.sheet import Cell
from extraction.rules.wanted import Field, Group, Leaf, Listing
from extraction.rules.writing import Fill, written


def is_taxes(listing: Listing, group: Group) -> bool:
    """Whether a list is one of taxes: it is called so, and its items have a rate or an amount."""
    return "tax" in listing.concepts and (_of_kind(group, "percent") is not None or _amount(group) is not None)


def taxes(board: Board, group: Group) -> list[dict[str, Fill]]:
    """Rate, base and amount of each tax: of a table of rates where there is one, else of the lines that name a tax."""
    tables = [row for sheet in board.sheets for row in sheet.rows if (sheet.page, row[0].row) in board.tax_heads]
    rows = [one for head in tables for one in _table(board, head)] or _lines(board)
    fields = {"rate": _of_kind(group, "percent"), "base": _base(group), "amount": _amount(group)}
    found = []
    for row in rows:
        fills = {}
        for name, finding in row.items():
            field = fields.get(name)
            if (
                field is not None
                and isinstance(field.node, Leaf)
                and (fill := written(field.node, finding)) is not None
            ):
                fills[field.key] = fill
        if fills:
            found.append(fills)
    return found


def _lines(board: Board) -> list[dict[str, Finding]]:
    """The lines between the goods and the end that name a tax and say an amount of it."""
    rows: dict[tuple[int, int], dict[str, Finding]] = {}
    for label, _ in board.labels.named("tax"):
        cell = label.span.cell
        if not label.leads or board.is_more(label) or (cell.page, cell.row) in board.heads | board.tax_heads:
            continue
        amounts = [one.finding for one in board.beside(label, ("money",))]
        rates = [one.finding for one in board.beside(label, ("percent",)) if one.finding.span.cell.row == cell.row]
        if amounts:
            found = {"amount": amounts[-1]}
            if rates:
                found["rate"] = rates[0]
            rows.setdefault((cell.page, cell.row), found)
    return list(rows.values())


def _table(board: Board, head: Sequence[Cell]) -> list[dict[str, Finding]]:
    """The lines of a table of rates: the percentage, and its amounts in the order of their columns."""
    names = [label for cell in head for label in board.labels.at(cell)]
    columns = []
    for label in names:
        if label.rank("subtotal") is not None:
            columns.append((label.span.box.center.x, "base"))
        elif label.rank("tax") is not None:
            columns.append((label.span.box.center.x, "amount"))
        elif label.rank("total") is not None:
            columns.append((label.span.box.center.x, "gross"))
    rows = []
    for cells in board.sheet(head[0]).rows[head[0].row + 1 :]:
        found = [one for cell in cells for one in board.findings.at(cell)]
        rate = next((one for one in found if one.look == "percent"), None)
        if rate is None:
            break
        row = {"rate": rate}
        for one in found:
            if one.look == "money" and columns:
                row.setdefault(min(columns, key=lambda it: abs(it[0] - one.span.box.center.x))[1], one)
        rows.append(row)
    return rows


def _of_kind(group: Group, kind: str) -> Field | None:
    return next((one for one in group.fields if isinstance(one.node, Leaf) and one.node.kind == kind), None)


def _base(group: Group) -> Field | None:
    words = {"base", "net", "taxable", "basis"}
    return next((one for one in group.fields if isinstance(one.node, Leaf) and set(one.node.words) & words), None)


def _amount(group: Group) -> Field | None:
    base = _base(group)
    return next(
        (one for one in group.fields if isinstance(one.node, Leaf) and one.node.kind == "money" and one is not base),
        None,
    )
