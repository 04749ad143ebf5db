"""DocTags: the elements of a page with their places, ``<text><loc_10><loc_20><loc_30><loc_40>Words</text>``.

It is no XML: location tokens, table cells and line ends are never closed. An element is complete with its closing tag,
or with that of the element around it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from extraction.marks import Found, Mark, named

_TOKEN = re.compile(r"<loc_(\d{1,5})>|<(/?)([A-Za-z][A-Za-z0-9_]{0,40})>")
_ROOTS: Final = frozenset({"doctag", "doctags"})
_LISTS: Final = frozenset({"ordered_list", "unordered_list", "group", "key_value_region", "form", "inline"})
_ELEMENTS: Final = _LISTS | {
    "text", "paragraph", "title", "caption", "footnote", "code", "formula", "otsl", "picture", "chart", "list_item",
    "page_header", "page_footer", "document_index", "reference", "checkbox_selected", "checkbox_unselected", "smiles",
}  # fmt: skip
_HEADER: Final = "section_header_level_"
_CELLS: Final = frozenset({"fcel", "ecel", "lcel", "ucel", "xcel", "ched", "rhed", "srow", "nl"})


@dataclass(slots=True)
class _Element:
    name: str
    start: int
    locations: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def read_doctags(text: str, ended: bool) -> Found:
    """A mark for every element that has a place: its name as the label, its words (of a table: its cells) as the text."""
    reader = _DocTagsReader(text)
    for match in _TOKEN.finditer(text):
        reader.token(match)
    reader.end()
    found = reader.found
    found.empty = ended and reader.elements == 0 and reader.roots > 0 and not reader.stray
    return found


class _DocTagsReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Found()
        self.stack: list[_Element] = []
        self.open: Counter[str] = Counter()
        self.elements = 0
        self.roots = 0
        self.stray = False  # whether there are words outside of all elements
        self.page = 1
        self.position = 0

    def token(self, match: re.Match[str]) -> None:
        self._words(self.text[self.position : match.start()])
        self.position = match.end()
        location, slash, name = match.groups()
        if not self.stack:
            self.found.holes.append(match.span())
        if location is not None:
            if self.stack and len(self.stack[-1].locations) < 4:
                self.stack[-1].locations.append(int(location))
        elif slash:
            if self.open[name]:
                self._close(name, match.end())
        elif name in _ROOTS:
            self.roots += 1
        elif name == "page_break":
            self.page += 1
        elif name in _CELLS:
            self._words(match[0])
        # A name that is not known is an element where it has a place, and otherwise some style or class.
        elif name in _ELEMENTS or name.startswith(_HEADER) or self.text.startswith("<loc_", match.end()):
            self.stack.append(_Element(name, match.start()))
            self.open[name] += 1
            self.elements += 1

    def _words(self, words: str) -> None:
        if not words:
            return
        if self.stack:
            self.stack[-1].words.append(words)
        else:
            self.stray |= bool(words.strip())

    def _close(self, name: str, end: int) -> None:
        while True:
            element = self.stack.pop()
            self.open[element.name] -= 1
            if len(element.locations) == 4:
                self._mark(element, end)
            if element.name == name:
                break
        if not self.stack:
            self.found.holes.append((element.start, end))

    def _mark(self, element: _Element, end: int) -> None:
        words = named("".join(element.words))
        span = (element.start, end)
        self.found.marks.append(Mark("box", tuple(element.locations), element.name, span, text=words, image=self.page))

    def end(self) -> None:
        tail = self.text[self.position :]
        if self.stack:
            self.found.cut = any(element.name not in _LISTS or element.locations for element in self.stack) or bool(
                tail.strip()
            )
            self.found.holes.append((self.stack[0].start, len(self.text)))
        else:
            self.stray |= bool(tail.strip())
