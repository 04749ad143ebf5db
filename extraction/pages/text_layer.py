"""The text layer of a PDF page as ``PageWords``, or why it is none that can be trusted: ``read_text_layer``.

A word counts when it is seen on the page: text that is not drawn, lies outside, or has the colour of its ground would
be found by a search and never by a reader. Characters come in the order of the file, which keeps those of a word
together and says little about lines; lines and blocks come from where the words stand, as those of an OCR engine do.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from extraction.ocr.order import in_reading_order
from extraction.pages.chars import BLANK, GUESSED, UNMAPPED, Char
from extraction.pages.rects import Rect
from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Point, Polygon

ENGINE: Final = "text layer"

_BETWEEN = {BLANK, GUESSED}
_CONTRAST = 10  # of 255: paper's own noise is below, the palest print above
_SMALLEST = 1.5  # pixels of height that a font's room has at least; below it nothing is legible
_UNMAPPED_SHARE = 0.25  # of all letters, above which the others mean nothing, either
_DRAWN_SHARE = 0.5  # below it a scan has visible text only as a stamp
_SEEN_SHARE = 0.2  # below it what is seen is seen by accident
_STAMP_WORDS = 40  # a stamp, a running head or the number of a page have fewer
_STAMP_SHARE = 0.5  # of what is printed on a scan; a stamp is less
_PRINT_CONTRAST = 60
_PAPER_SHARE = 0.7  # of a scan that is paper; of a photograph behind a text hardly any of one shade

# In ems.
_WORD_GAP = 0.3  # a blank is 0.2 to 0.35
_GUESSED_GAP = 0.12  # and less in a narrow line, where pdfium sees one, too
_BACK = 0.5  # neighbours on a line overlap by less
_LINE_GAP = 1.0  # words that stand this far apart are on one line when nothing else says so
_BLANK_GAP = 2.5  # and this far when only blanks are between them in the file


@dataclass(frozen=True, slots=True)
class TextLayer:
    """What a page's text layer is worth.

    Attributes:
        words: Its words; None where there is none, or none to be trusted.
        notes: Why there is none, or what was left out.
    """

    words: PageWords | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters without a gap, in the frame in which they stand upright.

    Attributes:
        text: What they say.
        ink: Around their forms.
        cell: Around the room of their font: what decides who stands beside whom.
        seen: Around their forms in the picture.
        em: Their size.
        spaced: Whether only blanks are between them and the run before in the file.
    """

    text: str
    ink: Rect
    cell: Rect
    seen: Rect
    em: float
    spaced: bool


@dataclass(frozen=True, slots=True)
class _Frame:
    """The picture turned so that text of some angle (in degrees, clockwise) is upright."""

    angle: float

    def upright(self, x: float, y: float) -> tuple[float, float]:
        """A point of the picture in the frame."""
        cos, sin = self._cos_sin
        return x * cos + y * sin, y * cos - x * sin

    def picture(self, x: float, y: float) -> tuple[float, float]:
        """A point of the frame in the picture."""
        cos, sin = self._cos_sin
        return x * cos - y * sin, x * sin + y * cos

    def rect(self, rect: Rect) -> Rect:
        """Around a rectangle of the picture; exact at right angles."""
        return Rect.around(self.upright(x, y) for x, y in rect.corners)

    def quad(self, rect: Rect) -> Polygon | None:
        """The corners of a rectangle of the frame, in the picture; None where the text is upright."""
        if self.angle == 0:
            return None
        corners = (self.picture(x, y) for x, y in rect.corners)
        return Polygon(points=tuple(Point(x=x, y=y) for x, y in corners))

    @property
    def _cos_sin(self) -> tuple[float, float]:
        radians = math.radians(self.angle)
        return math.cos(radians), math.sin(radians)


def read_text_layer(
    chars: Sequence[Char], image: Image.Image, *, hidden_text: bool = False, pictured: bool = False
) -> TextLayer:
    """The words that are seen on a page.

    Args:
        chars: The characters of its text layer, in the order of the file.
        image: The page as it was drawn.
        hidden_text: Whether to take text that is not drawn, too: under a scan it is what some OCR engine has read.
        pictured: Whether pictures cover the page, so that the text may be no more than a stamp on a scan.
    """
    letters = [char for char in chars if char.text not in _BETWEEN]
    if not letters:
        return TextLayer(None, ("it has no text layer",))
    drawn = [char for char in letters if char.shown or hidden_text]
    if len(drawn) < _DRAWN_SHARE * len(letters):
        told = "its text layer is not drawn: what a scanner's OCR has read, perhaps (hidden_text=True takes it)"
        return TextLayer(None, (told,))
    unmapped = sum(UNMAPPED in char.text for char in drawn)
    if unmapped > _UNMAPPED_SHARE * len(drawn):
        return TextLayer(None, ("its text layer does not tell which letters its forms stand for",))
    runs = {angle: _runs(group, _Frame(angle)) for angle, group in _by_angle(chars, hidden_text).items()}
    inside = {angle: [run for run in group if _is_inside(run, image.size)] for angle, group in runs.items()}
    grey = np.asarray(image.convert("L"))
    seen = {angle: [run for run in group if _is_seen(run, grey)] for angle, group in inside.items()}
    if _letter_count(seen) <= _SEEN_SHARE * _letter_count(inside):
        return TextLayer(None, ("its text layer cannot be seen on it",))
    readable = {angle: [run for run in group if set(run.text) != {UNMAPPED}] for angle, group in seen.items()}
    notes = []
    if _run_count(seen) < _run_count(inside) or len(drawn) < len(letters):
        notes.append("text that cannot be seen was left out of its words")
    if _run_count(readable) < _run_count(seen):
        notes.append("symbols of unknown meaning were left out of its words")
    words = _page_words(readable, image.size)
    if pictured and not hidden_text and _is_stamp(words, grey):
        return TextLayer(
            None, ("its text layer is only a small part of what stands on it: a stamp on a scan, perhaps",)
        )
    return TextLayer(words, tuple(notes))


def _is_stamp(words: PageWords, grey: npt.NDArray[np.uint8]) -> bool:
    """Whether few words have little of the print on a page's paper."""
    boxes = [word.box for word in words]
    if len(boxes) >= _STAMP_WORDS:
        return False
    away = np.abs(grey.astype(np.int16) - int(np.median(grey)))
    if float(np.mean(away < _CONTRAST)) < _PAPER_SHARE:
        return False
    print_ = away >= _PRINT_CONTRAST
    whole = int(print_.sum())
    for box in boxes:  # two that share a place are counted once
        print_[math.floor(box.y1) : math.ceil(box.y2), math.floor(box.x1) : math.ceil(box.x2)] = False
    return whole > 0 and int(print_.sum()) > (1 - _STAMP_SHARE) * whole


def _run_count(runs: dict[float, list[_Run]]) -> int:
    return sum(len(group) for group in runs.values())


def _letter_count(runs: dict[float, list[_Run]]) -> int:
    return sum(len(run.text) for group in runs.values() for run in group)


def _by_angle(chars: Iterable[Char], hidden_text: bool) -> dict[float, list[Char]]:
    """The characters by the angle at which they stand, in whole degrees, with the blanks between them."""
    groups: dict[float, list[Char]] = defaultdict(list)
    angle: float | None = None
    for char in chars:
        if char.text in _BETWEEN:
            if angle is not None:
                groups[angle].append(char)
        elif char.shown or hidden_text:
            angle = float((round(char.angle) + 179) % 360 - 179)
            groups[angle].append(char)
    return dict(groups)


def _runs(chars: Sequence[Char], frame: _Frame) -> list[_Run]:
    """Characters of one angle as runs without a gap."""
    runs: list[_Run] = []
    current: list[tuple[Char, Rect]] = []
    between = ""
    spaced = False
    for char in chars:
        if char.text in _BETWEEN:
            between += char.text
            continue
        cell = _cell(char, frame)
        gap = _GUESSED_GAP if between else _WORD_GAP
        if current and (BLANK in between or not _follows(current[-1][1], cell, gap * char.em)):
            runs.append(_run(current, frame, spaced=spaced))
            current = []
        if not current:
            spaced = bool(between) and GUESSED not in between
        current.append((char, cell))
        between = ""
    if current:
        runs.append(_run(current, frame, spaced=spaced))
    return runs


def _cell(char: Char, frame: _Frame) -> Rect:
    """The room of a character, in the frame."""
    if frame.angle % 90 == 0 and char.cell.width > 0 and char.cell.height > 0:
        return frame.rect(char.cell)
    # Of slanted text pdfium tells the upright box around the room, which is too large: begin with the baseline instead.
    x, y = frame.upright(*char.origin)
    ink = frame.rect(char.ink)
    middle = (ink.left + ink.right) / 2
    return Rect(x, y - 0.8 * char.em, max(2 * middle - x, x), y + 0.2 * char.em)


def _follows(before: Rect, cell: Rect, widest: float) -> bool:
    """Whether a character belongs to the word of the one before: it stands beside it, and never to its left."""
    ahead = cell.left >= before.left - widest
    return ahead and cell.left - before.right <= widest and before.beside(cell) >= 0.5


def _run(members: Sequence[tuple[Char, Rect]], frame: _Frame, *, spaced: bool) -> _Run:
    inked = [char.ink if char.ink.width > 0 and char.ink.height > 0 else char.cell for char, _ in members]
    seen = Rect.union(inked)
    cell = Rect.union(cell for _, cell in members)
    ink = frame.rect(seen) if frame.angle % 90 == 0 else cell
    em = max(char.em for char, _ in members)
    return _Run("".join(char.text for char, _ in members), ink, cell, seen, em, spaced)


def _is_inside(run: _Run, size: tuple[int, int]) -> bool:
    """Whether most of a run is in the picture: what a crop box cuts away is no part of the page."""
    middle_x, middle_y = (run.seen.left + run.seen.right) / 2, (run.seen.top + run.seen.bottom) / 2
    return 0 <= middle_x <= size[0] and 0 <= middle_y <= size[1]


def _is_seen(run: _Run, grey: npt.NDArray[np.uint8]) -> bool:
    """Whether something is drawn where the run stands."""
    rect = run.seen
    if run.cell.height < _SMALLEST:
        return False
    # A pixel more on each side: in a box that only holds the stroke of an "l" everything is ink.
    rows = slice(max(math.floor(rect.top) - 1, 0), math.ceil(rect.bottom) + 1)
    columns = slice(max(math.floor(rect.left) - 1, 0), math.ceil(rect.right) + 1)
    part = grey[rows, columns]
    return part.size > 0 and int(part.max()) - int(part.min()) >= _CONTRAST


def _page_words(runs: dict[float, list[_Run]], size: tuple[int, int]) -> PageWords:
    """The words in lines and blocks; text of the most common angle first."""
    weights = Counter({angle: sum(len(run.text) for run in group) for angle, group in runs.items()})
    lines: list[Line] = []
    for angle, weight in weights.most_common():
        if weight:
            first = lines[-1].block + 1 if lines else 0
            lines += _lines(runs[angle], _Frame(angle), size, first)
    return PageWords(tuple(lines), size, ENGINE, weights.most_common(1)[0][0])


def _lines(runs: Sequence[_Run], frame: _Frame, size: tuple[int, int], first: int) -> Iterator[Line]:
    """The lines of one angle in reading order, their blocks counted from ``first``.

    They are put in order by their letters' height and not by their ink, which is low in "no" and high in "Tip".
    """
    known: dict[int, _Run] = {}
    rooms = []
    for row in _rows(runs):
        words = [Word(run.text, _room(run).box) for run in row]
        known.update((id(word), run) for word, run in zip(words, row, strict=True))
        rooms.append(Line(tuple(words), Rect.union(_room(run) for run in row).box))
    for line in in_reading_order(rooms, 0.0):
        members = [known[id(word)] for word in line.words]
        inked = tuple(Word(run.text, run.seen.box.clamp(size), quad=frame.quad(run.ink)) for run in members)
        seen = Rect.union(run.seen for run in members).box.clamp(size)
        quad = frame.quad(Rect.union(run.ink for run in members))
        yield Line(inked, seen, quad=quad, block=first + line.block)


def _room(run: _Run) -> Rect:
    """Where a word stands, as high as its letters are: the room of a font may reach into the lines around."""
    surplus = max(run.cell.height - run.em, 0.0) / 2
    return Rect(run.cell.left, run.cell.top + surplus, run.cell.right, run.cell.bottom - surplus)


def _rows(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Runs of one line each: neighbours in the file first, then whatever stands beside them."""
    rows: list[list[_Run]] = []
    for run in runs:
        if rows and _continues(rows[-1][-1], run, _BLANK_GAP if run.spaced else _LINE_GAP):
            rows[-1].append(run)
        else:
            rows.append([run])
    rows.sort(key=lambda row: min(run.cell.left for run in row))
    joined: list[list[_Run]] = []
    shelves: dict[int, list[list[_Run]]] = defaultdict(list)
    shelf = max(float(np.median([run.em for run in runs])), 1.0) if runs else 1.0
    for row in rows:
        head = row[0]
        level = round((head.cell.top + head.cell.bottom) / 2 / shelf)
        near = [line for at in (level - 1, level, level + 1) for line in shelves[at]]
        line = next((line for line in near if _continues(line[-1], head, _LINE_GAP)), None)
        if line is None:
            joined.append(row)
            shelves[level].append(row)
        else:
            line += row
    return joined


def _continues(before: _Run, run: _Run, widest: float) -> bool:
    """Whether a run stands on the line of the one before it, at most ``widest`` ems to its right."""
    em = max(before.em, run.em)
    gap = run.cell.left - before.cell.right
    return -_BACK * em <= gap <= widest * em and before.cell.beside(run.cell) >= 0.5
