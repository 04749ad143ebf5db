"""Syntaxes in which every number is a token of its own: ``<loc0512>``, ``<loc_512>``, ``<patch_index_0044>``.

A box is complete with its last token where its label stands before it. Where label or text follow (``paligemma``,
``kosmos2_5``), it is complete when the next place begins, at a ``;``, or with the answer's end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from extraction.marks import Found, Mark, named

# --- PaliGemma -------------------------------------------------------------------------------------------------------

_PALIGEMMA = re.compile(r"<loc(\d{1,5})>|<seg(\d{1,4})>|;")
_MASK_CODES = 16  # of the mask decoder that comes with the model


def read_paligemma(text: str, ended: bool) -> Found:
    """``<loc><loc><loc><loc> label ; ...`` (y before x), with 16 ``<seg>`` before the label where it segments."""
    reader = _PaligemmaReader(text)
    for match in _PALIGEMMA.finditer(text):
        reader.token(match)
    reader.end(ended)
    return reader.found


class _PaligemmaReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Found()
        self.locations: list[int] = []
        self.codes: list[int] = []
        self.start = 0
        self.position = 0  # behind the last token

    def token(self, match: re.Match[str]) -> None:
        between = self.text[self.position : match.start()].strip()
        if match[1] is not None:
            if between or self.codes or len(self.locations) == 4:
                self._finish(match.start())
            if not self.locations:
                self.start = match.start()
            self.locations.append(int(match[1]))
        elif match[2] is not None:
            if between:
                self._finish(match.start())
            self.codes.append(int(match[2]))
        else:
            self._finish(match.end(), match.start())
        self.position = match.end()

    def _finish(self, end: int, label_end: int | None = None) -> None:
        """The item ends here, whose label goes up to ``label_end``; what is incomplete of it is no mark."""
        if len(self.locations) == 4:
            label = named(self.text[self.position : end if label_end is None else label_end])
            codes = tuple(self.codes) if len(self.codes) == _MASK_CODES else ()
            self.found.marks.append(Mark("box", tuple(self.locations), label, (self.start, end), codes=codes))
        if self.locations:
            self.found.holes.append((self.start, end))
        self.locations, self.codes = [], []

    def end(self, ended: bool) -> None:
        label = self.text[self.position :].strip()
        half = bool(self.locations) and (len(self.locations) < 4 or 0 < len(self.codes) < _MASK_CODES) and not label
        if half or (self.locations and not ended):
            self.found.cut = True
            self.found.holes.append((self.start, len(self.text)))
        elif self.locations:
            self._finish(len(self.text))


# --- Florence-2 and PaddleOCR-VL: what it is, then where -------------------------------------------------------------

_FLORENCE = re.compile(r"<loc_(?P<number>\d{1,4})>|(?P<begin><poly>)|(?P<end></poly>)|(?P<break><sep>)|</?[a-z]{1,6}>")
_PADDLE = re.compile(
    r"<\|LOC_(?P<number>\d{1,5})\|>|(?P<begin><\|LOC_BEGIN\|>)|(?P<end><\|LOC_END\|>)|(?P<break><\|LOC_SEP\|>)"
    r"|(?P<label><\|TEXT_START\|>)|<\|TEXT_END\|>"
)


@dataclass(frozen=True)
class RunSyntax:
    """Labels, each followed by a run of location tokens.

    Attributes:
        tokens: What a token is: a number, the beginning or end of an outline, a break in one, or nothing of value.
        size: How many numbers are one place; None where a run is one outline.
        text: Whether what stands before the numbers is written in the picture.
        outlines: Whether numbers between ``begin`` and ``end`` are outlines, whatever ``size`` is.
        empty: Whether an empty answer says that there is nothing.
    """

    tokens: re.Pattern[str]
    size: Literal[4, 8] | None
    text: bool = False
    outlines: bool = False
    empty: bool = False

    def read(self, text: str, ended: bool) -> Found:
        """The marks of a text."""
        reader = _RunReader(self, text)
        for match in self.tokens.finditer(text):
            reader.token(match)
        reader.end(ended)
        reader.found.empty = self.empty and ended and not text.strip()
        return reader.found


class _RunReader:
    def __init__(self, syntax: RunSyntax, text: str) -> None:
        self.syntax = syntax
        self.text = text
        self.found = Found()
        self.words: list[str] = []  # before the numbers of the item
        self.start: int | None = None  # where the item begins
        self.numbers: list[int] = []
        self.numbers_start = 0  # where these numbers begin
        self.open = False  # between the beginning and the end of an outline
        self.begun = False  # whether a token stands last that something must follow
        self.things = 0  # that have begun so far
        self.position = 0  # behind the last token
        self.marks = 0  # of this item

    def token(self, match: re.Match[str]) -> None:
        between = self.text[self.position : match.start()]
        if between.strip():
            self._words(between)
        name = match.lastgroup
        if name == "number":
            self._number(match)
        elif name == "label":
            self._item(match.start())
            self.begun = True
        elif name is not None:
            self._outline(match.start())
            self.numbers.clear()
            self.begun = name == "break"
            if name != "break":
                self.things += name == "begin"
                self.open = name == "begin"
            if self.start is None:
                self.start = match.start()
        self.found.holes.append(match.span())
        self.position = match.end()

    def _item(self, start: int) -> None:
        """Another item begins here."""
        self._outline(self.position)
        self.words, self.numbers, self.start, self.marks = [], [], start, 0
        self.begun = self.open = False
        self.things += 1

    def _words(self, between: str) -> None:
        """Words after numbers begin the next item; before them they are its label."""
        start = self.position + len(between) - len(between.lstrip())
        if self.numbers or self.marks:
            self._item(start)
        elif self.start is None:
            self.start = start
        self.open = False
        self.words.append(between)

    def _number(self, match: re.Match[str]) -> None:
        if not self.numbers:
            self.numbers_start = match.start()
        if self.start is None:
            self.start = match.start()
        self.numbers.append(int(match["number"]))
        self.begun = False
        in_outline = self.open and self.syntax.outlines
        if not in_outline and self.syntax.size is not None and len(self.numbers) == self.syntax.size:
            self._mark("box" if self.syntax.size == 4 else "polygon", match.end())

    def _outline(self, end: int) -> None:
        """The outline ends here, if there is one; an odd number at its end is half a point."""
        in_outline = self.open and self.syntax.outlines
        if (in_outline or self.syntax.size is None) and len(self.numbers) >= 6:
            del self.numbers[len(self.numbers) // 2 * 2 :]
            self._mark("polygon", end)

    def _mark(self, kind: Literal["box", "polygon"], end: int) -> None:
        begin = self.numbers_start if self.marks or self.start is None else self.start
        words = named("".join(self.words))
        label, text = (None, words) if self.syntax.text else (words, None)
        thing = self.things if kind == "polygon" and not self.syntax.text else None
        self.found.marks.append(Mark(kind, tuple(self.numbers), label, (begin, end), text=text, object=thing))
        self.found.holes.append((begin, end))
        self.numbers.clear()
        self.marks += 1

    def end(self, ended: bool) -> None:
        tail = self.text[self.position :]
        if tail.strip():
            if (self.numbers or self.marks) and (ended or not tail.lstrip().startswith("<")):
                self._words(tail)
            self.found.cut |= not ended
        elif self.numbers and self.syntax.size is None and not self.open and ended:
            self._outline(len(self.text))
        elif self.numbers or self.open or self.begun:
            self.found.cut = True
        elif self.words and not self.marks:
            self.found.cut |= not ended


FLORENCE2 = RunSyntax(_FLORENCE, 4, outlines=True, empty=True)
FLORENCE2_QUADS = RunSyntax(_FLORENCE, 8, text=True, empty=True)
FLORENCE2_POLYGONS = RunSyntax(_FLORENCE, None, outlines=True, empty=True)
PADDLEOCR = RunSyntax(_PADDLE, 8, text=True)


# --- Kosmos ----------------------------------------------------------------------------------------------------------

_KOSMOS2 = re.compile(
    r"<patch_index_(?P<cell>\d{1,5})>|(?P<phrase><phrase>)|(?P<named></phrase>)|(?P<object><object>)|(?P<end></object>)"
    r"|(?P<next></delimiter_of_multi_objects/>)|</?(?:grounding|image|delimiter_of_multi_objects/)>"
)
_PICTURE_END = "</image>"


def read_kosmos2(text: str, ended: bool) -> Found:
    """A caption with ``<phrase>t</phrase><object><patch_index_0044><patch_index_0863></object>`` in it."""
    found = Found()
    after = text.rfind(_PICTURE_END)  # the prompt's picture stands before the caption
    position = 0 if after < 0 else after + len(_PICTURE_END)
    found.holes.append((0, position))
    phrase: re.Match[str] | None = None
    label: tuple[str | None, int, int] | None = None
    cells: list[re.Match[str]] = []
    in_object = False
    for match in _KOSMOS2.finditer(text, position):
        found.holes.append(match.span())
        name = match.lastgroup
        if name == "phrase":
            phrase, label, in_object, cells = match, None, False, []
        elif name == "named" and phrase is not None:
            label = (named(text[phrase.end() : match.start()]), phrase.start(), match.end())
            phrase = None
        elif name == "object":
            if label is not None and text[label[2] : match.start()].strip():
                label = None
            in_object, cells, phrase = True, [], None
        elif name == "cell" and (not cells or cells[-1].end() == match.start()):
            cells.append(match)
            if len(cells) == 2:
                begin = label[1] if label is not None and label[1] >= 0 else cells[0].start()
                numbers = (int(cells[0]["cell"]), int(match["cell"]))
                found.marks.append(Mark("cells", numbers, label[0] if label else None, (begin, match.end())))
                label = (label[0], -1, label[2]) if label else None
        elif name == "cell":
            cells = [match]
        elif name == "next":
            cells = []
        elif name == "end":
            in_object, label, cells = False, None, []
    found.cut = in_object or phrase is not None or len(cells) == 1
    # A phrase may stand without a place: that its place was still to come is only likely where the text was cut.
    found.cut |= not ended and label is not None and label[1] >= 0 and not text[label[2] :].strip()
    return found


_KOSMOS2_5 = re.compile(r"<bbox>\s*+<x_(\d{1,5})>\s*+<y_(\d{1,5})>\s*+<x_(\d{1,5})>\s*+<y_(\d{1,5})>\s*+</bbox>")
_KOSMOS2_5_PROMPTS = re.compile(r"<ocr>|<md>|</?image>")


def read_kosmos2_5(text: str, ended: bool) -> Found:
    """``<bbox><x_52><y_113><x_756><y_145></bbox>text``, line by line."""
    found = Found(holes=[match.span() for match in _KOSMOS2_5_PROMPTS.finditer(text)])
    boxes = list(_KOSMOS2_5.finditer(text))
    for i, match in enumerate(boxes):
        last = i + 1 == len(boxes)
        begun = text.find("<bbox>", match.end(), len(text) if last else boxes[i + 1].start() + len("<bbox>"))
        end = len(text) if begun < 0 else begun
        found.holes.append((match.start(), end))
        if begun < 0 and not ended:
            found.cut = True
            continue
        numbers = tuple(map(int, match.groups()))
        words = named(text[match.end() : end])
        found.marks.append(Mark("box", numbers, None, (match.start(), end), text=words))
    opened = text.rfind("<bbox>")
    if opened >= 0 and text.find("</bbox>", opened) < 0:
        found.cut = True
        found.holes.append((opened, len(text)))
    return found
