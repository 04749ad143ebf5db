"""The lines of goods of a receipt that names no columns: by what stands in a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from extraction.rules.board import Board
from extraction.rules.findings import Finding
from extraction.rules.sheet import Cell, Sheet, Span
from extraction.rules.table_parts import Row, is_summary, key_of, leaf_of
from extraction.rules.wanted import Group
from extraction.rules.writing import allowed, text_fill, written

_TIMES: Final = re.compile(
    r"^\W*(?P<count>\d+(?:[.,]\d+)?)\s*(?:x|\xd7|X|\*|@|a|à|ea|st|stk|pcs?|kg|lb)?\s*(?:[x\xd7X*@]|à)\s*(?P<price>\D{0,4}\d[\d.,]*)?"
)
_LEADING: Final = re.compile(r"^\s*(?P<count>\d{1,3})\s*(?:[x\xd7X*]\s*|\s)(?=[^\W\d_])")
_FURNITURE: Final = re.compile(r"^\W*[A-Z*]?\W*$")


def bare_rows(board: Board, sheet: Sheet, group: Group) -> list[Row]:
    """The lines of goods of a receipt: between its head and its totals, each with an amount at its right end."""
    rows: list[Row] = []
    waiting: Span | None = None
    edge = _amount_edge(board, sheet)
    for cells in sheet.rows:
        if is_summary(board, cells):
            if rows:
                break
            waiting = None
            continue
        amount = _last_amount(board, cells, edge)
        if amount is None:
            plain = len(cells) == 1 and not _is_meta(board, cells)
            waiting = cells[0].span.stripped(" ") if plain and re.search(r"[^\W\d_]{2}", cells[0].text) else None
            continue
        if _is_meta(board, cells):
            waiting = None
            continue
        row = _bare_row(board, cells, amount, waiting, group)
        waiting = None
        if row is not None:
            rows.append(row)
    return rows


def _amount_edge(board: Board, sheet: Sheet) -> float:
    """Where amounts end on the right: none that ends well before it is that of a line."""
    ends = [one.span.box.x2 for cell in sheet.cells for one in board.findings.at(cell) if one.look == "money"]
    return max(ends) - 6 * sheet.height if ends else 0.0


def _last_amount(board: Board, cells: Sequence[Cell], edge: float) -> Finding | None:
    cell = cells[-1]
    if _FURNITURE.match(cell.text) and len(cells) > 1:  # a letter that names the tax behind the amount
        cell = cells[-2]
    found = [one for one in board.findings.at(cell) if one.look == "money"]
    if not found or found[-1].span.box.x2 < edge:
        return None
    return found[-1] if len(re.findall(r"\w", cell.text[found[-1].span.end :])) <= 1 else None


def _is_meta(board: Board, cells: Sequence[Cell]) -> bool:
    """Whether a line says something about the paper, by a label, a date or a telephone number."""
    if any(one.look in ("date", "time", "email", "url", "phone") for cell in cells for one in board.findings.at(cell)):
        return True
    return any(label.leads and label.colon for cell in cells for label in board.labels.at(cell))


def _bare_row(board: Board, cells: Sequence[Cell], amount: Finding, waiting: Span | None, group: Group) -> Row | None:
    """A line's fields: its text, how many of it, the price of one, its amount."""
    row = Row()
    before = [cell.span for cell in cells if cell.box.x2 <= amount.span.box.x1 + 1 and cell is not amount.span.cell]
    if amount.span.start > 0:
        before.append(Span(amount.span.cell, 0, amount.span.start).stripped(" "))
    text = next((span for span in before if span.text.strip()), None)
    values: dict[str, Finding] = {"line_total": amount}
    rest = before[1:] if text is not None else []
    if text is not None and (match := _TIMES.match(text.text)) and not re.search(r"[^\W\d_]{3}", text.text):
        values |= _counted(board, text, match)
        text = None
    elif text is not None and (match := _LEADING.match(text.text)):
        if (found := _number_at(board, text, match.span("count"))) is not None:
            values["quantity"] = found
            text = Span(text.cell, text.start + match.end(), text.end)
    elif text is not None and not re.search(r"[^\W\d_]{2}", text.text):
        numbers = [
            one
            for span in before
            for one in board.findings.at(span.cell)
            if one is not amount and one.look in ("number", "money")
        ]
        values |= dict(zip(("quantity", "unit_price"), numbers, strict=False))
        text = next((span for span in rest if re.search(r"[^\W\d_]{2}", span.text)), None)
    if text is None and waiting is None:
        return None
    described = text or waiting
    for span in rest:
        for one in board.findings.at(span.cell):
            if one is not amount and one.look == "money":
                values.setdefault("unit_price", one)
            elif one.look == "number":
                values.setdefault("quantity", one)
    return _assigned(row, values, described, group)


def _assigned(row: Row, values: dict[str, Finding], described: Span | None, group: Group) -> Row | None:
    for name, finding in values.items():
        key = key_of(group, {name})
        leaf = leaf_of(group, key) if key is not None else None
        if (
            key is not None
            and leaf is not None
            and key not in row.fills
            and (fill := written(leaf, finding)) is not None
        ):
            row.fills[key] = fill
    key = key_of(group, {"description"})
    leaf = leaf_of(group, key) if key is not None else None
    if described is not None and key is not None and leaf is not None:
        fill = text_fill(leaf, (described.stripped(" .-*"),))
        if fill is not None and allowed(leaf.form, fill.value):
            row.fills[key] = fill
    return row if row.fills else None


def _counted(board: Board, text: Span, match: re.Match[str]) -> dict[str, Finding]:
    found = {}
    for name, part in (("quantity", "count"), ("unit_price", "price")):
        if match[part] and (one := _number_at(board, text, match.span(part))) is not None:
            found[name] = one
    return found


def _number_at(board: Board, text: Span, span: tuple[int, int]) -> Finding | None:
    """The number that ends where some characters of a text end."""
    start, end = text.start + span[0], text.start + span[1]
    return next(
        (
            one
            for one in board.findings.at(text.cell)
            if one.number is not None and one.span.start < end and start < one.span.end
        ),
        None,
    )
