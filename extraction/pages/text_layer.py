"""The text layer of a PDF page as ``PageWords``, or why it is none that can be trusted: ``read_text_layer``.

A word counts when it is seen on the page: text that is not drawn, lies outside, or has the colour of its ground would
be found by a search and never by a reader. Characters come in the order of the file, which keeps those of a word
together and says little about lines; lines and blocks come from where the words stand.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from extraction.pages.chars import UNMAPPED, Char
from extraction.pages.reading_order import Piece, arrange
from extraction.pages.rects import Rect
from extraction.pages.words import Line, PageWords, Word
from extraction.schemas.geometry import Point, Polygon

ENGINE = "text layer"

_CONTRAST = 10  # of 255: paper's own noise is below, the palest print above
_SMALLEST = 1.5  # pixels that an em has at least; below it nothing is legible
_UNMAPPED_SHARE = 0.25
_HIDDEN_SHARE = 0.5

# In ems.
_WORD_GAP = 0.3  # a blank is 0.2 to 0.35; pdfium has found most already
_BACK = 0.5  # letters of one word overlap by less
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


def read_text_layer(chars: Sequence[Char], image: Image.Image, *, hidden_text: bool = False) -> TextLayer:
    """The words that are seen on a page.

    Args:
        chars: The characters of its text layer, in the order of the file.
        image: The page as it was drawn.
        hidden_text: Whether to take text that is not drawn, too: under a scan it is what some OCR engine has read.
    """
    letters = [char for char in chars if char.text != " "]
    if not letters:
        return TextLayer(None, ("it has no text layer",))
    drawn = [char for char in letters if char.shown or hidden_text]
    if len(drawn) < _HIDDEN_SHARE * len(letters):
        told = "its text layer is not drawn: what a scanner's OCR has read, perhaps (hidden_text=True takes it)"
        return TextLayer(None, (told,))
    unmapped = sum(UNMAPPED in char.text for char in drawn)
    if unmapped > _UNMAPPED_SHARE * len(drawn):
        return TextLayer(None, ("its text layer does not tell which letters its forms stand for",))
    runs = {angle: _runs(group, _Frame(angle)) for angle, group in _by_angle(chars, hidden_text).items()}
    grey = np.asarray(image.convert("L"))
    visible = {angle: [run for run in group if _is_seen(run, grey)] for angle, group in runs.items()}
    found, seen = (sum(map(len, groups.values())) for groups in (runs, visible))
    if seen <= (1 - _HIDDEN_SHARE) * found:
        return TextLayer(None, ("its text layer cannot be seen on it",))
    readable = {angle: [run for run in group if set(run.text) != {UNMAPPED}] for angle, group in visible.items()}
    notes = []
    hidden = found - seen + _count_hidden(letters, drawn)
    if hidden:
        notes.append(f"text that cannot be seen was left out of its words ({hidden} times)")
    symbols = seen - sum(map(len, readable.values()))
    if symbols:
        notes.append(f"symbols of unknown meaning were left out of its words ({symbols} times)")
    return TextLayer(_page_words(readable, image.size), tuple(notes))


def _count_hidden(letters: Sequence[Char], drawn: Sequence[Char]) -> int:
    return 1 if len(drawn) < len(letters) else 0


def _by_angle(chars: Iterable[Char], hidden_text: bool) -> dict[float, list[Char]]:
    """The characters by the angle at which they stand, in whole degrees, with the blanks between them."""
    groups: dict[float, list[Char]] = defaultdict(list)
    angle: float | None = None
    for char in chars:
        if char.text == " ":
            if angle is not None:
                groups[angle].append(char)
        elif (char.shown or hidden_text) and char.em >= _SMALLEST:
            angle = float((round(char.angle) + 179) % 360 - 179)
            groups[angle].append(char)
    return dict(groups)


def _runs(chars: Sequence[Char], frame: _Frame) -> list[_Run]:
    """Characters of one angle as runs without a gap."""
    runs: list[_Run] = []
    current: list[tuple[Char, Rect]] = []
    blank = spaced = False
    for char in chars:
        if char.text == " ":
            blank = True
            continue
        cell = _cell(char, frame)
        if current and (blank or not _follows(current[-1][1], cell, char.em)):
            runs.append(_run(current, frame, spaced=spaced))
            current = []
        if not current:
            spaced = blank
        current.append((char, cell))
        blank = False
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


def _follows(before: Rect, cell: Rect, em: float) -> bool:
    """Whether a character belongs to the word of the one before."""
    gap = cell.left - before.right
    ahead = cell.left >= before.left - 0.1 * em
    return ahead and -_BACK * em - before.width < gap <= _WORD_GAP * em and before.beside(cell) >= 0.5


def _run(members: Sequence[tuple[Char, Rect]], frame: _Frame, *, spaced: bool) -> _Run:
    inked = [char.ink if char.ink.width > 0 and char.ink.height > 0 else char.cell for char, _ in members]
    seen = Rect.union(inked)
    cell = Rect.union(cell for _, cell in members)
    ink = frame.rect(seen) if frame.angle % 90 == 0 else cell
    em = max(char.em for char, _ in members)
    return _Run("".join(char.text for char, _ in members), ink, cell, seen, em, spaced)


def _is_seen(run: _Run, grey: npt.NDArray[np.uint8]) -> bool:
    """Whether something is drawn where the run stands."""
    height, width = grey.shape
    rect = run.seen
    middle_x, middle_y = (rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2
    if not (0 <= middle_x <= width and 0 <= middle_y <= height):
        return False
    # A pixel more on each side: in a box that only holds the stroke of an "l" everything is ink.
    rows = slice(max(math.floor(rect.top) - 1, 0), math.ceil(rect.bottom) + 1)
    columns = slice(max(math.floor(rect.left) - 1, 0), math.ceil(rect.right) + 1)
    part = grey[rows, columns]
    return part.size > 0 and int(part.max()) - int(part.min()) >= _CONTRAST


def _page_words(runs: dict[float, list[_Run]], size: tuple[int, int]) -> PageWords:
    """The words in lines and blocks; text of the most common angle first."""
    weights: Counter[float] = Counter()
    for angle, group in runs.items():
        weights[angle] = sum(len(run.text) for run in group)
    lines: list[Line] = []
    for angle, weight in weights.most_common():
        if weight:
            first = lines[-1].block + 1 if lines else 0
            lines += _lines(runs[angle], _Frame(angle), size, first)
    angle = max(weights, key=lambda angle: weights[angle], default=0.0)
    return PageWords(tuple(lines), size, ENGINE, angle)


def _lines(runs: Sequence[_Run], frame: _Frame, size: tuple[int, int], first: int) -> Iterator[Line]:
    """The lines of one angle in reading order, their blocks counted from ``first``."""
    rows = [sorted(row, key=lambda run: run.ink.left) for row in _rows(runs)]
    pieces = [Piece(index, _core(row), sum(map(_letters, row))) for index, row in enumerate(rows)]
    for number, block in enumerate(arrange(pieces), first):
        for piece in block:
            words = tuple(_word(run, frame, size) for run in rows[piece.index])
            ink = Rect.union(run.ink for run in rows[piece.index])
            seen = Rect.union(run.seen for run in rows[piece.index])
            yield Line(words, seen.box.clamp(size), quad=frame.quad(ink), block=number)


def _word(run: _Run, frame: _Frame, size: tuple[int, int]) -> Word:
    return Word(run.text, run.seen.box.clamp(size), quad=frame.quad(run.ink))


def _core(row: Sequence[_Run]) -> Rect:
    """Where a line stands, as high as its letters are: the room of a font may reach into the lines around."""
    cell = Rect.union(run.cell for run in row)
    em = max(run.em for run in row)
    surplus = max(cell.height - em, 0.0) / 2
    return Rect(cell.left, cell.top + surplus, cell.right, cell.bottom - surplus)


def _letters(run: _Run) -> int:
    """How many letters; one of a script without blanks stands for two."""
    return sum(1 + (char >= "\u2e80") for char in run.text if char.isalpha())


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
