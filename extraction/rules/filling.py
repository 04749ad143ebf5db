"""A schema filled from words: the value as JSON, the places of its leaves, and what could not be filled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from extraction.grounding.sources import Source
from extraction.pages.words import PageWords
from extraction.places import Path
from extraction.rules.board import Board
from extraction.rules.choosing import LOOKS
from extraction.rules.fields import Fields
from extraction.rules.grids import largest_grid
from extraction.rules.pairs import checkboxes, is_checkboxes, is_pairs, pairs
from extraction.rules.sheet import Span, sheet_of
from extraction.rules.tables import table_rows
from extraction.rules.taxes import is_taxes, taxes
from extraction.rules.wanted import Group, Leaf, Listing, Node, leaves, phrases_in, wanted
from extraction.rules.writing import Fill, text_fill, written
from extraction.schemas.geometry import Box
from extraction.schemas.pointers import pointer

_PLACE_WORDS: Final = frozenset("box bbox bounding place location region rect where area position".split())


_HEADS: Final = frozenset("columns headers header headings heads".split())


class _Absent:
    """What is not on the pages."""


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Filled:
    """What the pages say of a schema.

    Attributes:
        data: The JSON value; null where nothing was found, also where the schema does not allow it (see ``missing``).
        sources: Where each leaf that was found stands, by JSON pointer.
        missing: JSON pointers of what the schema demands and the pages do not say.
        guessed: By JSON pointer, what else is printed there can mean, where nothing on the pages tells: of 03/04/2024 the
            fourth of March, of 1.234 the number between 1 and 2.
        left_out: By JSON pointer of a list, how many items more than its ``maxItems`` the pages have.
    """

    data: Any
    sources: Mapping[str, Source]
    missing: tuple[str, ...] = ()
    guessed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Filling:
    """The state of one filling: where the leaves stand, and what is missing."""

    fields: Fields
    last_page: int
    spans: dict[Path, tuple[Span, ...]] = field(default_factory=dict)
    exact: dict[Path, bool] = field(default_factory=dict)
    missing: list[Path] = field(default_factory=list)
    guessed: dict[Path, tuple[Any, ...]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


def fill_schema(schema: Mapping[str, Any], pages: Sequence[PageWords]) -> Filled:
    """Everything of a schema that the pages say.

    Args:
        schema: A JSON schema, with markers.
        pages: The words of each page. Boxes are filled for what stands on the last one.

    Raises:
        SchemaError: The schema cannot be read.
    """
    tree = wanted(schema)
    every = list(leaves(tree))
    sheets = [sheet_of(words, number) for number, words in enumerate(pages, start=1)]
    board = Board(sheets, phrases_in(tree))
    state = _Filling(Fields(board, every), len(pages))
    data = _node(tree, (), state)
    if data is ABSENT:
        state.missing.append(())
        data = None
    return Filled(
        data,
        dict(_sources(state)),
        missing=tuple(pointer(path) for path in state.missing),
        guessed={pointer(path): others for path, others in state.guessed.items()},
        left_out=state.left_out,
    )


def _sources(state: _Filling) -> Iterator[tuple[str, Source]]:
    for path, spans in state.spans.items():
        page = spans[0].cell.page
        here = [span for span in spans if span.cell.page == page]
        text = " ".join(span.text for span in spans)
        yield (
            pointer(path),
            Source(page, Box.around(span.place for span in here), text, "exact" if state.exact[path] else "equal"),
        )


def _node(node: Node, path: Path, state: _Filling) -> Any:
    """The value of a node; ``ABSENT`` where the pages say nothing of it and null may not stand there."""
    if isinstance(node, Leaf):
        return _leaf(node, path, state)
    if isinstance(node, Listing):
        return _listing(node, path, state)
    return _group(node, path, state, lambda one, at: _node(one, at, state))


def _leaf(leaf: Leaf, path: Path, state: _Filling) -> Any:
    if leaf.kind == "const":
        return leaf.form["const"]
    fill = state.fields.fill(leaf)
    if fill is not None:
        return _kept(fill, path, state)
    return None if leaf.nullable or leaf.kind in ("null", "any") else ABSENT


def _kept(fill: Fill, path: Path, state: _Filling) -> Any:
    state.spans[path] = fill.spans
    state.exact[path] = fill.exact
    if fill.others:
        state.guessed[path] = fill.others
    return fill.value


def _group(group: Group, path: Path, state: _Filling, value_of: Any) -> Any:
    """An object with what was found; null or ``ABSENT`` where nothing of it was, but for the whole answer."""
    data: dict[str, Any] = {}
    missing = len(state.missing)
    boxes: list[tuple[str, Leaf, bool]] = []
    for one in group.fields:
        at = (*path, one.key)
        if isinstance(one.node, Leaf) and one.node.kind == "box":
            boxes.append((one.key, one.node, one.required))
            data[one.key] = None
            continue
        value = value_of(one.node, at)
        if value is not ABSENT:
            data[one.key] = value
        elif one.required:
            state.missing.append(at)
            data[one.key] = None
    found = any(at[: len(path)] == path for at in state.spans)
    for key, leaf, required in boxes:
        place = _place_of(key, leaf, group, path, state)
        if place is not None:
            data[key] = [round(edge, 2) for edge in place.xyxy]
        elif not leaf.nullable:
            del data[key]
            if required:
                state.missing.append((*path, key))
                data[key] = None
    if found or not path:
        return data
    if group.nullable:
        del state.missing[missing:]
        return None
    if len(state.missing) > missing:
        del state.missing[missing:]
        return ABSENT
    return data


def _place_of(key: str, leaf: Leaf, group: Group, path: Path, state: _Filling) -> Box | None:
    """The box around the value that a box's name says, else around all values beside it; of the last page."""
    stem = tuple(word for word in leaf.words if word not in _PLACE_WORDS)
    named = [one.key for one in group.fields if one.key != key and stem and getattr(one.node, "words", ()) == stem]
    if stem and not named:
        return None
    roots = [(*path, one) for one in named] or [path]
    spans = [
        span
        for at, told in state.spans.items()
        for span in told
        if any(at[: len(root)] == root for root in roots) and span.cell.page == state.last_page
    ]
    return Box.around(span.place for span in spans) if spans else None


# --- lists -----------------------------------------------------------------------------------------------------------


def _listing(listing: Listing, path: Path, state: _Filling) -> Any:
    """A list of what was found; where nothing was, null if that may be, else an empty list if that may be."""
    if isinstance(listing.item, Leaf):
        items = _leaves_of(listing, path, state)
    elif isinstance(listing.item, Group):
        items = _groups_of(listing, listing.item, path, state)
    else:
        items = _cells_of(listing.item, path, state)
    most = listing.form.get("maxItems", len(items))
    for at in [
        at for at in state.spans if at[: len(path)] == path and len(at) > len(path) and int(at[len(path)]) >= most
    ]:
        del state.spans[at], state.exact[at]
        state.guessed.pop(at, None)
    if len(items) > most:
        state.left_out[pointer(path)] = len(items) - most
    items = items[:most]
    if items:
        return items if len(items) >= listing.form.get("minItems", 0) else ABSENT
    if listing.nullable:
        return None
    return [] if not listing.form.get("minItems") else ABSENT


def _groups_of(listing: Listing, group: Group, path: Path, state: _Filling) -> list[Any]:
    board = state.fields.board
    if is_checkboxes(group):
        rows = checkboxes(board, group)
    elif is_pairs(group):
        rows = pairs(board, group)
    elif is_taxes(listing, group):
        rows = taxes(board, group)
    else:
        rows = [row.fills for row in table_rows(board, group)]
    items: list[Any] = []
    for fills in rows:
        at = (*path, len(items))
        before = (dict(state.spans), dict(state.exact), list(state.missing))

        def value_of(node: Node, here: Path, fills: Mapping[str, Fill] = fills) -> Any:
            fill = fills.get(str(here[-1]))
            if fill is not None:
                return _kept(fill, here, state)
            if isinstance(node, Leaf) and node.kind == "const":
                return node.form["const"]
            if isinstance(node, Listing) and not node.nullable and not node.form.get("minItems"):
                return []
            return None if node.nullable else ABSENT

        value = _group(group, at, state, value_of)
        if value in (None, ABSENT) or len(state.missing) > len(before[2]):
            # A line that lacks what every item must have is none.
            state.spans, state.exact, state.missing = before
        else:
            items.append(value)
    return items


def _cells_of(row: Listing, path: Path, state: _Filling) -> list[Any]:
    """The rows of the largest table, as lists of texts; null, or else an empty text, where a cell is empty."""
    grid = largest_grid(state.fields.board)
    leaf = row.item
    if grid is None or not isinstance(leaf, Leaf) or not leaf.written:
        return []
    rows: list[Any] = []
    for cells in grid.rows:
        fills = [None if span is None else text_fill(leaf, (span,)) for span in cells]
        at = (*path, len(rows))
        empty = None if leaf.nullable else ""
        rows.append([empty if fill is None else _kept(fill, (*at, index), state) for index, fill in enumerate(fills)])
    return rows


def _leaves_of(listing: Listing, path: Path, state: _Filling) -> list[Any]:
    """The values of a list of single things: all of a kind that tells itself, or the lines under a heading."""
    leaf, board = listing.item, state.fields.board
    assert isinstance(leaf, Leaf)
    fills: list[Fill] = []
    if leaf.kind in ("phone", "email", "url", "iban", "date"):
        fills = [
            fill for one in board.findings if one.look in LOOKS[leaf.kind] and (fill := written(leaf, one)) is not None
        ]
    elif leaf.kind == "text" and "mrz" in listing.words:
        fills = [Fill(cell.text, (cell.span,)) for cell in board.cells if re.fullmatch(r"[A-Z0-9<]{20,}", cell.text)]
    elif leaf.written and set(listing.words) & _HEADS:
        grid = largest_grid(board)
        fills = [fill for span in (grid.columns if grid else ()) if (fill := text_fill(leaf, (span,))) is not None]
    elif leaf.kind == "text":
        fills = list(_lines_under(listing, state))
    values: dict[Any, Fill] = {}
    for fill in fills:
        values.setdefault(fill.value, fill)
    return [_kept(fill, (*path, index), state) for index, fill in enumerate(values.values())]


def _lines_under(listing: Listing, state: _Filling) -> Iterator[Fill]:
    """The lines under a heading that is the list's own name, with or without marks before them."""
    board = state.fields.board
    for phrase in (*listing.phrases, *getattr(listing.item, "phrases", ())):
        for label, _ in board.labels.named(f"own:{phrase}"):
            cell = label.span.cell
            if not board.is_label(cell):
                rest = Span(cell, label.span.end, len(cell.text)).stripped(" \t:;-")
                if label.leads and label.colon:
                    yield from _parted(rest)
                    return
                continue
            last = cell
            for row in board.sheet(cell).rows[cell.row + 1 :]:
                here = row[0]
                if (
                    here.box.y1 - last.box.y2 > 1.5 * cell.height
                    or board.is_label(here)
                    or here.box.x1 < cell.box.x1 - cell.height
                ):
                    return
                span = here.span.stripped(" \t•*·-\u2013o.")
                if span.text:
                    yield Fill(span.text, (span,))
                last = here
            return


def _parted(span: Span) -> Iterator[Fill]:
    """The parts of a text between commas and semicolons."""
    for match in re.finditer(r"[^,;]+", span.text):
        part = Span(span.cell, span.start + match.start(), span.start + match.end()).stripped()
        if part.text:
            yield Fill(part.text, (part,))
