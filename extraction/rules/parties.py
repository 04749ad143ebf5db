"""Who and where: the firm at the top of a paper, the customer under its label, and the lines of their addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from extraction.rules.board import Board
from extraction.rules.labels import Label, normal
from extraction.rules.sheet import Cell, Span, stacked

_POSTAL: Final = re.compile(
    r"(?<!\d)\d{5}(?:-\d{4})?(?!\d)|(?<![\d.,])\d{4}\s?[A-Z]{2}(?![A-Za-z])|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|(?<!\d)\d{3} \d{2}\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?\s?[\dOI][A-Z0]{2}\b|\b[A-Z]{1,2}[OI][A-Z\d]?\s?\d[A-Z0]{2}\b|\b[A-Z]-?\d{4,5}\b|(?<![\d.,])\d{4}(?=\s+[A-ZÀ-Þ])|\b[A-Z]\d[A-Z]\s?\d[A-Z]\d\b|(?<!\d)\d{6}(?!\d)|\b\d{4}-\d{3}\b"
)
_STREET: Final = re.compile(
    r"\b(?:street|st|road|rd|avenue|ave|av|boulevard|blvd|lane|ln|drive|dr|way|square|sq|place|pl|court|ct|highway|hwy|parkway|"
    r"pkwy|terrace|close|crescent|row|quay|jalan|jln|jl|lorong|taman|persiaran|lot|unit|suite|ste|floor|plaza|"
    r"weg|platz|allee|gasse|ring|ufer|damm|rue|place|quai|chemin|impasse|calle|avda|avenida|paseo|carrer|via|viale|corso|"
    r"piazza|largo|straat|laan|plein|gracht|kade|rua|travessa|estrada|po box|postfach|industrial|park)\b"
    r"|(?:stra(?:ss|ß|s)e|str\.|weg|platz|allee|gasse|straat|laan|gatan|vagen|gade|vej)\b",
)
_NUMBERED: Final = re.compile(
    r"^(?:no\.?\s*)?\d{1,5}[a-z]?(?:[-/]\d+[a-z]?)?[,\s]+[^\W\d_]{2,}|[^\W\d_]{3,}\.?,?\s+\d{1,4}\s?[a-z]?$",
    re.IGNORECASE,
)
_FIRM: Final = re.compile(
    r"\b(?:ltd|limited|inc|llc|llp|plc|corp|corporation|company|co|gmbh|ag|kg|ohg|ug|e\.?k|mbh|s\.?a|s\.?a\.?s|sarl|s\.?r\.?l|s\.?p\.?a|"
    r"s\.?l|s\.?l\.?u|b\.?v|n\.?v|sdn|bhd|pte|pty|enterprise|enterprises|trading|group|holdings?|"
    r"store|stores|shop|market|markt|supermarket|supermarkt|mart|cafe|caffe|coffee|restaurant|ristorante|bistro|bakery|backerei|bar|grill|"
    r"pizzeria|trattoria|hotel|pharmacy|apotheke|farmacia|pharmacie|hardware|books|deli|kitchen|grocery|groceries|diner|centre|center|sons|bros|brothers|partners)\b"
)
_TITLES: Final = re.compile(
    r"^\W*(?:(?:tax|sales|simplified|cash|customer|original|official|vat|your|guest|store|till|proforma)\s+)*(?:invoice|receipt|bill|"
    r"check|statement|quittung|rechnung|kassenbon|beleg|bon|kassenbeleg|facture|ticket|recu|factura|fattura|scontrino|"
    r"ricevuta|factuur|bonnetje|kassabon|nota|copy|order|quotation|credit note|delivery note|purchase order|"
    r"documento commerciale|factura simplificada|ticket de caisse|merchant copy|customer copy|welcome|willkommen|thank you|danke|"
    r"bienvenue|bienvenido|benvenuto|welkom|duplicate|reprint|page)\b(?:\W+(?:to|for|shopping|you|we|appreciate|copy|of|\d+)\b)*\W*(?:number)?\W*$"
)
_JOBS: Final = re.compile(
    r"\b(?:manager|director|engineer|developer|designer|consultant|analyst|officer|president|ceo|cto|cfo|coo|founder|partner|"
    r"architect|assistant|representative|specialist|coordinator|lead|head|chief|sales|marketing|accountant|attorney|lawyer|"
    r"professor|doctor|technician|administrator|executive|supervisor|editor|researcher|scientist|advisor|agent|owner|"
    r"geschaftsfuhrer|leiter|leiterin|ingenieur|berater|directeur|responsable|gerente|direttore|consulente)(?:in|s)?\b"
)
_REST: Final = re.compile(
    r"^(?:(?:&|and|und|et|y|e|en)\s.*|\W*(?:(?:co|ltd|limited|inc|llc|llp|plc|corp|gmbh|ag|kg|ohg|ug|e\.?k|mbh|s\.?a|s\.?a\.?s|sarl|"
    r"s\.?r\.?l|s\.?p\.?a|s\.?l|s\.?l\.?u|b\.?v|n\.?v|sdn|bhd|pte|pty|sons|trading|group)\b[\s.,&]*)+)$"
)
"""What ends a name on a line of its own."""

_MOST_LINES: Final = 6


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom a paper names: the lines of the name and those of the address, and all cells around them."""

    name: tuple[Span, ...]
    address: tuple[Span, ...]
    cells: frozenset[int]


def is_address(text: str) -> bool:
    """Whether a line looks like one of a postal address."""
    plain = normal(text)
    numbered = any(char.isdigit() for char in text)
    return bool((numbered and (_STREET.search(plain) or _NUMBERED.search(plain))) or _POSTAL.search(text))


def is_firm(text: str) -> bool:
    """Whether a line has a word that names of firms have."""
    return _FIRM.search(normal(text)) is not None


def is_job(text: str) -> bool:
    """Whether a line names a job."""
    return _JOBS.search(normal(text)) is not None and not any(char.isdigit() for char in text)


def is_title(text: str) -> bool:
    """Whether a line says what the paper is, or greets."""
    return _TITLES.search(normal(text)) is not None


def is_person(text: str) -> bool:
    """Whether a line may be a person's name: two to four words that begin with capitals."""
    words = text.replace(",", " ").split()
    return (
        2 <= len(words) <= 4
        and all(
            re.fullmatch(r"[^\W\d_][^\W\d_'\u2019.\-]*\.?(?:[-'\u2019][^\W\d_]+)*", word) and word[0].isupper()
            for word in words
        )
        and not is_firm(text)
        and not is_job(text)
        and not is_title(text)
    )


def issuer(board: Board, besides: frozenset[int] = frozenset()) -> Party | None:
    """The firm that a paper is from: the most prominent lines at its top, and the address below them.

    Args:
        board: The pages; the first one counts.
        besides: ids of cells that belong to somebody else.
    """
    sheet = board.sheets[0]
    if not sheet.cells:
        return None
    head = [cell for cell in _head(board) if id(cell) not in besides]
    rated = [(_prominence(board, cell, index), -index, cell) for index, cell in enumerate(head)]
    rated = [one for one in rated if one[0] > 0]
    if not rated:
        return None
    cell = max(rated, key=lambda one: one[:2])[2]
    name = _continued(board, cell, head)
    address = _address_below(board, name[-1], besides)
    spans = tuple(one.span.stripped() for one in name)
    return Party(spans, tuple(address), frozenset(map(id, name)) | frozenset(id(one.cell) for one in address))


def labelled_party(board: Board, concept: str) -> Party | None:
    """The party whose name stands beside or below a label, with the lines under it."""
    for label, _ in sorted(board.labels.named(concept), key=lambda one: one[1]):
        if not (label.leads and (label.span.cell.page, label.span.cell.row) not in board.heads):
            continue
        for text in board.texts_beside(label):
            first = text.span
            nameless = not re.search(r"[^\W\d_]{2}", first.text) or board.findings.at(first.cell)
            if nameless and not is_address(first.text):
                continue
            lines = [first, *(cell.span.stripped() for cell in _lines_below(board, first))]
            cells = frozenset(id(span.cell) for span in lines) | {id(label.span.cell)}
            texts = [span for span in lines if _is_plain(board, span)]
            if is_address(first.text) and not is_firm(first.text):
                return Party((), tuple(texts), cells)
            return Party(tuple(texts[:1]), _trimmed(texts[1:]), cells)
    return None


def address_at(board: Board, besides: frozenset[int] = frozenset()) -> tuple[Span, ...]:
    """The lines of the first address that stands under a label of its own, else of the first that looks like one."""
    for label, _ in board.labels.named("address"):
        if id(label.span.cell) in besides:
            continue
        for text in board.texts_beside(label):
            below = (cell.span.stripped() for cell in _lines_below(board, text.span))
            return _trimmed([text.span, *(span for span in below if _is_plain(board, span))]) or (text.span,)
    for cell in board.cells:
        if (
            id(cell) not in besides
            and not _is_tabled(board, cell)
            and is_address(cell.text)
            and _is_plain(board, cell.span)
            and all(not label.leads or label.phrase in _PLACES for label in board.labels.at(cell))
        ):
            more = [one.span.stripped() for one in _lines_below(board, cell.span)]
            lines = _trimmed([cell.span.stripped(), *(span for span in more if _is_plain(board, span))])
            if any(_POSTAL.search(span.text) for span in lines):
                return lines
    return ()


def _is_tabled(board: Board, cell: Cell) -> bool:
    """Whether a cell stands below the head of a table: "MANDATE 676429" is no town with its postal code there."""
    return any(page == cell.page and row < cell.row for page, row in board.heads)


def _head(board: Board) -> list[Cell]:
    """The cells at the top of the first page: down to the first date, amount or table, and no more than a third of it."""
    sheet = board.sheets[0]
    top, height = sheet.bounds.y1, sheet.bounds.height
    cells: list[Cell] = []
    for index, row in enumerate(sheet.rows):
        if (sheet.page, index) in board.heads:
            break
        found = [one for cell in row for one in board.findings.at(cell) if one.look in ("date", "money")]
        if index > 1 and found and any(one.look == "money" for one in found):
            break
        if row[0].box.y1 - top > max(0.35 * height, 8 * sheet.height):
            break
        cells += row
    return cells


def _prominence(board: Board, cell: Cell, index: int) -> float:
    """How likely a cell at the top is the name of the firm; 0 or less for what cannot be one."""
    text = cell.text.strip()
    letters = sum(map(str.isalpha, text))
    if _REST.match(normal(text)):
        return 0.0
    if letters < 3 or letters < 0.5 * len(text.replace(" ", "")) or is_title(text) or text.endswith(":"):
        return 0.0
    if board.findings.at(cell) and any(
        one.look in ("date", "time", "phone", "email", "url", "money") for one in board.findings.at(cell)
    ):
        return 0.0
    if any(
        label.leads and (label.colon or board.is_label(cell) or _has_code_after(cell, label.span.end))
        for label in board.labels.at(cell)
    ):
        return 0.0
    sheet = board.sheets[0]
    score = min(cell.height / sheet.height, 3.0) * 2.0 - 0.12 * index
    score += 0.8 if is_firm(text) else 0.0
    score -= 1.6 if is_address(text) else 0.0
    score -= 0.4 if text.islower() else 0.0
    return max(score, 0.01)


def _has_code_after(cell: Cell, end: int) -> bool:
    return re.match(r"[\s.#:-]*\S*\d", cell.text[end:]) is not None


def _continued(board: Board, cell: Cell, head: Sequence[Cell]) -> list[Cell]:
    """A name that goes on in the lines above and below it: of the same size, close, and no address."""
    sheet = board.sheets[0]
    large = cell.height > 1.18 * sheet.height
    wide = cell.box.width > 0.6 * sheet.bounds.width
    lines = [cell]
    for step in (-1, 1):
        while len(lines) < 3:
            edge = lines[0] if step < 0 else lines[-1]
            near = [one for one in head if one.row == edge.row + step and stacked(edge.box, one.box)]
            if len(near) != 1 or len(sheet.rows[near[0].row]) > 1:
                break
            other = near[0]
            alike = abs(other.height - edge.height) <= 0.15 * edge.height
            gap = max(other.box.y1 - edge.box.y2, edge.box.y1 - other.box.y2)
            fits = alike and gap < 1.1 * edge.height and _prominence(board, other, 0) > 0.02
            rest = step > 0 and _REST.match(normal(other.text)) is not None
            if rest and gap < 1.4 * edge.height:
                lines.append(other)
                break
            if (
                not fits
                or any(map(str.isdigit, other.text))
                or not (large or (step > 0 and (wide or is_firm(other.text))))
            ):
                break
            if normal(edge.text).endswith("&") and step > 0:
                lines.append(other)
                break
            if not large and is_firm(edge.text) and not is_firm(other.text):
                break
            lines = [other, *lines] if step < 0 else [*lines, other]
    return lines


def _address_below(board: Board, name: Cell, besides: frozenset[int]) -> list[Span]:
    """The lines of an address among those below a name."""
    lines: list[Span] = []
    last = name
    sheet = board.sheets[0]
    for row in sheet.rows[name.row + 1 : name.row + 1 + _MOST_LINES + 2]:
        if (sheet.page, row[0].row) in board.heads:  # "Widget 5" is no street and its number there
            break
        here = [cell for cell in row if stacked(cell.box, last.box) or stacked(cell.box, name.box)]
        if not here:
            continue
        cell = here[0]
        if id(cell) in besides or cell.box.y1 - last.box.y2 > (2.5 if lines else 5) * cell.height:
            break
        last = cell
        if not _is_plain(board, cell.span):
            if lines:
                break
            continue
        lines.append(cell.span.stripped())
    return list(_trimmed(lines))


def _trimmed(lines: Sequence[Span]) -> tuple[Span, ...]:
    """The lines from the first to the last that look like an address; a line more behind one that ends with a comma."""
    like = [index for index, span in enumerate(lines) if is_address(span.text)]
    if not like:
        return ()
    first, last = like[0], like[-1]
    raw = [span.cell.text.rstrip() for span in lines]
    while last + 1 < len(lines) and raw[last].endswith(","):
        last += 1
    while first > 0 and raw[first - 1].endswith(","):
        first -= 1
    return tuple(lines[first : last + 1])


def _is_plain(board: Board, span: Span) -> bool:
    """Whether a line is no labelled thing, no telephone number, date or the like."""
    cell = span.cell
    labels = [label for label in board.labels.at(cell) if label.span.start >= span.start]
    placed = is_address(span.text) and all(label.phrase in _PLACES for label in labels if label.leads)
    if not placed and any(label.leads and (label.colon or board.is_label(cell)) for label in labels):
        return False
    if any(label.leads and label.phrase not in _PLACES and _has_code_after(cell, label.span.end) for label in labels):
        return False
    return not any(
        one.look in ("date", "time", "email", "url", "iban", "money")
        or (one.look == "phone" and not is_address(span.text))
        for one in board.findings.at(cell)
        if one.span.start >= span.start
    )


_PLACES: Final = frozenset("via calle rue strasse street straat city town number unit place".split())
"""Words that name something elsewhere, and begin a line of an address."""


def _of_party(label: Label) -> bool:
    """Whether a label stands within what is said of somebody: a contact, a telephone number, a tax number."""
    return any(name in _DETAILS for name, _ in label.names)


_DETAILS: Final = frozenset(
    "person given_names surname phone fax email url vat_id registration_number address street postal_code city country "
    "job_title department customer_number".split()
)


def _lines_below(board: Board, first: Span) -> Iterator[Cell]:
    """The lines of a block under its first: aligned at the left, close to each other."""
    sheet, last = board.sheet(first.cell), first.cell
    left = first.box.x1
    for row in sheet.rows[first.cell.row + 1 : first.cell.row + 1 + _MOST_LINES]:
        here = [cell for cell in row if abs(cell.box.x1 - left) < 1.5 * cell.height]
        if not here or here[0].box.y1 - last.box.y2 > 1.3 * last.height:
            return
        cell = here[0]
        if any(label.leads and not _of_party(label) for label in board.labels.at(cell)) and not is_address(cell.text):
            return
        last = cell
        yield cell
