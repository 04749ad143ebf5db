"""A model's text beside an OCR engine's lines: what of the one stands in which of the other.

Models put the cells of a row into one line, break lines elsewhere, and read columns in another order. So the lines are
not aligned in sequence: whole lines that are alike find each other first, then engine's lines inside of model's lines,
then model's lines inside of engine's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from extraction.pages.words import PageWords
from extraction.schemas.geometry import Box
from extraction.schemas.transcript import ComparedLine, ComparedTranscript

_WHOLE = 97.0
_PART = 75.0
_SHORT = 4
"""Texts of fewer characters are found inside of others only as whole words: everything resembles them."""

_MARKUP = re.compile(r"^\s*#+\s|\*\*|\s*\|\s*")
"""Markdown in a model's words: headings, stress, tables. A dash in front of a line may be a sign."""


@dataclass(slots=True)
class _Piece:
    """A piece of the model's text, and the number of the line that it is of."""

    line: int
    text: str


@dataclass(slots=True)
class _Pair:
    """What the model has of an engine's line, with the places in that line where it begins, and its own first line."""

    texts: list[tuple[int, str]] = field(default_factory=list)
    line: int | None = None

    def add(self, at: int, piece: _Piece) -> None:
        self.texts.append((at, piece.text))
        self.line = piece.line if self.line is None else min(self.line, piece.line)

    @property
    def text(self) -> str | None:
        return " ".join(text for _, text in sorted(self.texts)) if self.texts else None


def compared(text: str, words: PageWords) -> ComparedTranscript:
    """A model's text and an engine's lines as one transcript.

    Args:
        text: What the model read, in lines.
        words: What the engine read.
    """
    stripped = [_MARKUP.sub(" ", f" {line} ").strip() for line in text.splitlines()]
    pieces = [_Piece(index, line) for index, line in enumerate(filter(None, stripped))]
    engine = [line.text for line in words.lines]
    pairs = [_Pair() for _ in engine]
    pieces = _whole_lines(engine, pieces, pairs)
    pieces = _inside_of_model(engine, pieces, pairs)
    pieces = _inside_of_engine(engine, pieces, pairs)
    behind: dict[int, list[ComparedLine]] = {}
    for piece in pieces:
        before = [index for index, pair in enumerate(pairs) if pair.line is not None and pair.line <= piece.line]
        behind.setdefault(max(before, default=-1), []).append(_line(None, piece.text, None))
    lines = behind.get(-1, [])
    for index, (line, pair) in enumerate(zip(words.lines, pairs, strict=True)):
        lines += [_line(line.text, pair.text, line.box), *behind.get(index, ())]
    return ComparedTranscript(lines=lines)


def _whole_lines(engine: Sequence[str], pieces: list[_Piece], pairs: Sequence[_Pair]) -> list[_Piece]:
    """Pairs lines that are alike as a whole, the most alike first, of equals those at like places of the page."""
    if not engine or not pieces:
        return pieces
    scores = process.cdist([_key(text) for text in engine], [_key(piece.text) for piece in pieces], scorer=fuzz.ratio)
    alike = [
        (-float(scores[one, two]), abs(one / len(engine) - two / len(pieces)), one, two)
        for one in range(len(engine))
        for two in range(len(pieces))
        if scores[one, two] >= _WHOLE
    ]
    taken: set[int] = set()
    for _, _, one, two in sorted(alike):
        if not pairs[one].texts and two not in taken:
            pairs[one].add(0, pieces[two])
            taken.add(two)
    return [piece for index, piece in enumerate(pieces) if index not in taken]


def _inside_of_model(engine: Sequence[str], pieces: list[_Piece], pairs: Sequence[_Pair]) -> list[_Piece]:
    """Finds engine's lines inside of model's lines, the longest first, and takes them out of these."""
    for one in sorted(range(len(engine)), key=lambda index: -len(engine[index])):
        if pairs[one].texts:
            continue
        found = [(_place(engine[one], piece.text), index) for index, piece in enumerate(pieces)]
        best = max(((place, index) for place, index in found if place), key=lambda it: it[0].score, default=None)
        if best is None:
            continue
        place, index = best
        piece = pieces[index]
        pairs[one].add(0, _Piece(piece.line, piece.text[place.start : place.end]))
        rest = [
            _Piece(piece.line, piece.text[: place.start].strip()),
            _Piece(piece.line, piece.text[place.end :].strip()),
        ]
        pieces = [*pieces[:index], *(part for part in rest if part.text), *pieces[index + 1 :]]
    return pieces


def _inside_of_engine(engine: Sequence[str], pieces: list[_Piece], pairs: Sequence[_Pair]) -> list[_Piece]:
    """Finds model's lines inside of engine's lines that still lack something of the model's; gives those that are left."""
    left = []
    for piece in pieces:
        lacking = [
            index for index, pair in enumerate(pairs) if len(_key(pair.text or "")) < 0.9 * len(_key(engine[index]))
        ]
        found = [(place, index) for index in lacking if (place := _place(piece.text, engine[index]))]
        if found:
            place, index = max(found, key=lambda it: it[0].score)
            pairs[index].add(place.start, piece)
        else:
            left.append(piece)
    return left


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text was found in another, in characters of that, and how alike the two are, 0 to 100."""

    start: int
    end: int
    score: float


def _place(text: str, within: str) -> _Place | None:
    """Where something like ``text`` stands in a text that is not much shorter; whole words only."""
    if len(text) > len(within) + 2:
        return None
    if len(text) < _SHORT:
        match = re.search(rf"(?<!\S){re.escape(text)}(?!\S)", within)
        return _Place(match.start(), match.end(), 100.0) if match else None
    found = fuzz.partial_ratio_alignment(text, within, score_cutoff=_PART)
    if found is None:
        return None
    start, end = found.dest_start, found.dest_end
    if len(text) > len(within):
        start, end = 0, len(within)
    while 0 < start < len(within) and not within[start - 1].isspace():
        start -= 1
    while 0 < end < len(within) and not within[end].isspace():
        end += 1
    score = fuzz.ratio(_key(text), _key(within[start:end]))
    return _Place(start, end, score) if score >= _PART else None


def _line(engine: str | None, model: str | None, box: Box | None) -> ComparedLine:
    agreement = fuzz.ratio(_key(engine), _key(model)) / 100 if engine and model else 0.0
    text = model if model is not None else engine or ""
    return ComparedLine(text=text, box=box, model=model, engine=engine, agreement=agreement)


def _key(text: str) -> str:
    """What is compared: the characters without blanks, since recognizers drop and invent these."""
    return "".join(text.split())
