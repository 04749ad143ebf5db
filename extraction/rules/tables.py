"""The lines of a table as items of a list: by the names of the columns where there are any, else by what stands in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from extraction.grounding.numbers import read_currency
from extraction.rules.bare_tables import bare_rows
from extraction.rules.board import Board
from extraction.rules.findings import Finding
from extraction.rules.labels import Label, normal
from extraction.rules.naming import COLUMNS
from extraction.rules.sheet import Cell, Sheet, Span
from extraction.rules.table_parts import Row, has_column, is_summary, key_of, leaf_of
from extraction.rules.wanted import Group, Leaf
from extraction.rules.writing import Fill, text_fill, written
from extraction.vocabulary.concepts import kind_of

_MOST_APART: Final = 3.5
"""Blank between two lines of one table, in heights of its text."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A named column: its label, its concepts, and the field that takes it (None for one that nobody wants)."""

    label: Label
    names: frozenset[str]
    key: str | None


def table_rows(board: Board, group: Group) -> list[Row]:
    """The lines of the tables that hold what a list's items want."""
    rows: list[Row] = []
    headed = False
    for sheet in board.sheets:
        for head in _heads(board, sheet, group):
            columns = _columns(board, sheet, head, group)
            if sum(column.key is not None for column in columns) >= 2:
                headed = True
                rows += _headed_rows(board, sheet, head, columns, group)
    if (
        not headed
        and has_column(group, "description")
        and (has_column(group, "line_total") or has_column(group, "unit_price"))
    ):
        for sheet in board.sheets:
            rows += bare_rows(board, sheet, group)
    return rows


def _heads(board: Board, sheet: Sheet, group: Group) -> list[int]:
    """The rows that name columns: by the vocabulary, or by what the schema calls two of its fields or more."""
    heads = {row for page, row in board.heads if page == sheet.page}
    phrases = {
        f"own:{phrase}": one.key for one in group.fields if isinstance(one.node, Leaf) for phrase in one.node.phrases
    }
    for row in sheet.rows:
        keys = {
            phrases[name]
            for cell in row
            for label in board.labels.at(cell)
            for name, _ in label.names
            if name in phrases
        }
        values = [one for cell in row for one in board.findings.at(cell) if one.look in ("money", "date")]
        colons = any(label.colon for cell in row for label in board.labels.at(cell))
        if len(keys) >= 2 and len(keys) >= len(row) - 1 and not values and not colons:
            heads.add(row[0].row)
    return sorted(heads)


def _columns(board: Board, sheet: Sheet, head: int, group: Group) -> list[_Column]:
    columns: list[_Column] = []
    taken: set[str] = set()
    labels = [label for cell in sheet.rows[head] for label in board.labels.at(cell)]
    for label in labels:
        names = frozenset(name for name, _ in label.names)
        own = next(
            (
                one.key
                for one in group.fields
                if isinstance(one.node, Leaf) and any(f"own:{phrase}" in names for phrase in one.node.phrases)
            ),
            None,
        )
        if "tax" in names:
            names |= {"tax_rate"}
        dated = any(kind_of(name) == "date" for name in names)
        key = own or key_of(group, names & COLUMNS) or (_dated_key(group) if dated else None)
        if key in taken:
            key = None
        if key is not None:
            taken.add(key)
        columns.append(_Column(label, names, key))
    columns += _money_columns(sheet.rows[head])
    amounts = [
        index for index, column in enumerate(columns) if column.names & {"line_total", "unit_price", "debit", "credit"}
    ]
    total = key_of(group, {"line_total"})
    if amounts and total is not None and not any(columns[index].key == total for index in amounts):
        last = amounts[-1]  # the last amount of a line is that of the line, whatever its column is called
        if not columns[last].names & {"debit", "credit", "running_balance"}:
            columns[last] = replace(columns[last], key=total)
    return columns


def _money_columns(cells: Sequence[Cell]) -> Iterator[_Column]:
    """Columns that are headed by a currency: they hold the amounts of the lines."""
    for cell in cells:
        if read_currency(cell.text):
            label = Label(cell.span, normal(cell.text), (("line_total", 0),), colon=False, leads=True)
            yield _Column(label, frozenset({"line_total"}), None)


def _dated_key(group: Group) -> str | None:
    return next((one.key for one in group.fields if isinstance(one.node, Leaf) and one.node.kind == "date"), None)


def _headed_rows(board: Board, sheet: Sheet, head: int, columns: Sequence[_Column], group: Group) -> list[Row]:
    rows: list[Row] = []
    text_key = next(
        (column.key for column in columns if column.key is not None and column.names & {"description"}), None
    )
    below = sheet.rows[head][0]
    waiting: Fill | None = None
    for cells in sheet.rows[head + 1 :]:
        if (
            cells[0].box.y1 - below.box.y2 > _MOST_APART * 2 * cells[0].height
            or (sheet.page, cells[0].row) in board.heads
        ):
            break
        if is_summary(board, cells):
            if rows and waiting is not None and text_key is not None:
                rows.append(Row({text_key: waiting}, counted=True))
            if rows:
                break
            continue
        gap = cells[0].box.y1 - below.box.y2
        below = cells[0]
        row = _by_columns(board, cells, columns, group)
        numbered = any(key != text_key for key in row.fills)
        if text_key is not None and waiting is not None and row.counted:  # a line of its own that has no amounts
            rows.append(Row({text_key: waiting}, counted=True))
        if text_key is not None and waiting is not None and numbered and not row.counted:
            more = row.fills.get(text_key)
            row.fills[text_key] = waiting
            if more is not None:
                _continue(row, text_key, more, group)
        waiting = row.fills.get(text_key) if text_key is not None and row.counted and not numbered else None
        if waiting is not None:
            continue
        if not numbered and text_key is not None and rows and text_key in row.fills:
            _continue(rows[-1], text_key, row.fills[text_key], group)
        elif rows and gap < 2 * cells[0].height and _goes_on(rows[-1], row, group):
            for key, fill in row.fills.items():
                if key == text_key:
                    _continue(rows[-1], key, fill, group)
                else:
                    rows[-1].fills[key] = fill
        elif numbered and row.fills:
            rows.append(row)
    return rows


def _goes_on(first: Row, second: Row, group: Group) -> bool:
    """Whether a line is the second half of the one above: that has a date and no amount, and this the other way round."""
    halves = []
    for row in (first, second):
        kinds = {leaf.kind for key in row.fills if (leaf := leaf_of(group, key)) is not None}
        halves.append(("date" in kinds, bool(kinds & {"money", "number"})))
    return halves == [(True, False), (False, True)]


def _continue(row: Row, key: str, more: Fill, group: Group) -> None:
    """Adds a line to a text that goes on below."""
    leaf = leaf_of(group, key)
    before = row.fills.get(key)
    spans = (*(before.spans if before else ()), *more.spans)
    if spans[-1].box.y1 - spans[0].box.y2 > 4 * spans[0].cell.height:
        return
    if leaf is not None and (fill := text_fill(leaf, spans)) is not None:
        row.fills[key] = fill


def _by_columns(board: Board, cells: Sequence[Cell], columns: Sequence[_Column], group: Group) -> Row:
    """Each value and text of a line in the column in which it stands."""
    row = Row()
    texts: dict[str, list[Span]] = {}
    for cell in cells:
        for chunk, finding in _chunks(board, cell):
            if finding is None and not re.search(r"[^\W\d_]", chunk.text):
                continue  # an amount that cannot be read is no text either
            column = _nearest(chunk, columns, number=finding is not None)
            if column is None:
                row.counted |= not row.fills and not texts
                continue
            if column.key is None:
                row.counted |= "position" in column.names and not row.fills and not texts
                _signed(row, column, finding, columns, group)
                continue
            leaf = leaf_of(group, column.key)
            if leaf is None:
                continue
            if leaf.written:
                texts.setdefault(column.key, []).append(chunk)
            elif finding is not None and column.key not in row.fills:
                if has_column(group, "running_balance"):
                    finding = _of_bank(finding)
                if (fill := written(leaf, finding)) is not None:
                    row.fills[column.key] = fill
    for key, spans in texts.items():
        leaf = leaf_of(group, key)
        if leaf is not None and (fill := text_fill(leaf, [span.stripped(" ") for span in spans])) is not None:
            row.fills[key] = fill
    return row


def _of_bank(finding: Finding) -> Finding:
    """An amount of a statement, where DR behind it means that it went out, or is owed."""
    if finding.number is None or not re.search(r"\dDR$|\sDR$", finding.span.text, re.IGNORECASE):
        return finding
    return replace(finding, readings=(-abs(finding.number),))


def _signed(row: Row, column: _Column, finding: Finding | None, columns: Sequence[_Column], group: Group) -> None:
    """An amount of a column of debits or credits as the one signed amount that is wanted."""
    key = key_of(group, {"line_total"})
    leaf = leaf_of(group, key) if key is not None else None
    if (
        key is None
        or leaf is None
        or finding is None
        or finding.number is None
        or any(one.key == key for one in columns)
    ):
        return
    for name, sign in (("debit", -1), ("credit", 1)):
        if name in column.names:
            signed = replace(finding, readings=(sign * abs(finding.number),))
            if (fill := written(leaf, signed)) is not None:
                row.fills[key] = Fill(fill.value, fill.spans, exact=sign > 0 and fill.exact)


def _chunks(board: Board, cell: Cell) -> Iterator[tuple[Span, Finding | None]]:
    """The values of a cell, and the texts between them, from left to right."""
    at = 0
    for finding in board.findings.at(cell):
        if finding.span.start < at or finding.look == "phone":
            continue
        before = cell.text[at : finding.span.start]
        after = cell.text[finding.span.end : finding.span.end + 1]
        # Digits inside a text belong to it: "Milk 1.5 l", "Type 2".
        if (
            re.search(r"[^\W\d_]", before)
            and finding.look in ("number", "percent", "time")
            and re.match(r"\s*[^\W\d_]|\s*$", cell.text[finding.span.end :])
        ):
            continue
        if after.isalpha():
            continue
        if before.strip():
            yield Span(cell, at, finding.span.start).stripped(" "), None
        yield finding.span, finding
        at = finding.span.end
    if cell.text[at:].strip():
        yield Span(cell, at, len(cell.text)).stripped(" "), None


def _nearest(chunk: Span, columns: Sequence[_Column], *, number: bool) -> _Column | None:
    """The column in whose reach a chunk stands: by the shortest distance of their edges or middles."""
    if chunk.box.x2 <= min(column.label.span.box.x1 for column in columns):
        return None  # the number of the line, which no column names

    def distance(column: _Column) -> float:
        one, other = column.label.span.box, chunk.box
        edges = (abs(one.x1 - other.x1), abs(one.x2 - other.x2), abs(one.center.x - other.center.x))
        overlap = min(one.x2, other.x2) - max(one.x1, other.x1)
        return min(edges) - (max(overlap, 0.0) * 0.5)

    fitting = [
        column
        for column in columns
        if number
        or column.names & {"description", "unit", "item_code"}
        or any(one.startswith("own:") for one in column.names)
    ]
    if number:
        nearest = min(columns, key=distance)  # under the name of the goods stands the number of the line
        return None if nearest.names & {"description"} else nearest
    return min(fitting, key=distance) if fitting else None
