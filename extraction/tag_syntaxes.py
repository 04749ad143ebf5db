"""Syntaxes in which numbers stand between tags: ``<ref>t</ref><box>..</box>`` and its many relatives, as data.

A place is complete with the bracket that closes its numbers, or with the closing tag where there are no brackets. Its
label stands before it; only the text of ``deepseek_ocr`` follows its place, up to the next tag or the answer's end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from extraction.json_marks import read_json
from extraction.marks import (
    SIZES,
    Found,
    Group,
    Kind,
    Mark,
    are_apart,
    ends_in_numbers,
    groups_in,
    named,
    number,
    numbers_in,
)

_NONE: Final = ("", "none", "null", "[]", "[[]]", "()")
_BETWEEN: Final = " \t\r\n,;:\uff0c\u3001\uff1b\uff1a"
_ANGLES = re.compile(r"\s*+(?:<\d{1,6}>\s*+)++")
_ANGLE = re.compile(r"<(\d{1,6})>")


@dataclass(frozen=True, slots=True)
class Body:
    """The tag around numbers.

    Attributes:
        close: Its end.
        sizes: What so many numbers are.
        corners: How many pairs in round brackets are one place.
    """

    close: str
    sizes: Mapping[int, Kind] = field(default_factory=lambda: SIZES)
    corners: int = 2


_POINTS: Final[Mapping[int, Kind]] = {2: "point"}
_QUADS: Final[Mapping[int, Kind]] = {8: "polygon"}


@dataclass(frozen=True)
class TagSyntax:
    """One syntax of this kind.

    Attributes:
        bodies: The tags around numbers, by how they begin.
        refs: The end of each tag around a label, by how it begins.
        dropped: Tokens that mean nothing here.
        bare: Whether places also count whose tags are missing, because special tokens were left out of the text.
        text_after: Whether what follows a place is the text that is written there.
        label_inside: Whether a label may stand before the numbers, inside their tag.
        json: Whether JSON may stand between the tags.
    """

    bodies: Mapping[str, Body]
    refs: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    bare: bool = False
    text_after: bool = False
    label_inside: bool = False
    json: bool = False

    def read(self, text: str, ended: bool) -> Found:
        """The marks of a text."""
        reader = _TagReader(self, text, ended)
        reader.run()
        if self.bare and not reader.bodies and "{" not in text:
            bare = read_bare(text, ended)
            bare.cut |= reader.found.cut
            return bare if bare.marks or bare.cut else reader.found
        return reader.found


class _TagReader:
    """Goes once through the tags of a text."""

    def __init__(self, syntax: TagSyntax, text: str, ended: bool) -> None:
        self.syntax = syntax
        self.text = text
        self.ended = ended
        self.found = Found()
        self.bodies = 0
        self.ref: re.Match[str] | None = None
        self.body: re.Match[str] | None = None
        self.label: str | None = None
        self.item: int | None = None  # where the item begins whose label is known and whose place has not come yet
        self.labelled = 0  # behind the label, or behind the last place that has it
        self.waiting: list[Mark] = []
        self.text_from = 0

    def run(self) -> None:
        syntax = self.syntax
        closes = [*syntax.refs.values(), *(body.close for body in syntax.bodies.values())]
        tokens = {*syntax.refs, *syntax.bodies, *syntax.dropped, *closes}
        pattern = re.compile("|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True)))
        for match in pattern.finditer(self.text):
            self._token(match)
        end = len(self.text)
        if self.body is not None:
            self._end_body(self.body, end, end, closed=False)
            self.found.cut = True
        elif self.item is not None and not self.ended:
            self.found.cut = not are_apart(self.text, self.labelled, end)
        self.found.cut |= self.ref is not None
        if self.ended and self.body is None:
            self._end_text(end)
        elif self.waiting:
            self.found.cut = True

    def _token(self, match: re.Match[str]) -> None:
        token, syntax = match[0], self.syntax
        if self.body is not None:
            if token == syntax.bodies[self.body[0]].close:
                self._end_body(self.body, match.start(), match.end(), closed=True)
                self.body = None
                return
            if token not in syntax.bodies and token not in syntax.refs:
                return
            self._end_body(self.body, match.start(), match.start(), closed=False)  # the model forgot to close it
            self.body = None
        if token in syntax.bodies:
            self._begin_body(match)
        elif token in syntax.refs:
            self._end_text(match.start())
            self.ref = match
        else:
            self.found.holes.append(match.span())
            if self.ref is not None and token == syntax.refs[self.ref[0]]:
                self._end_ref(self.ref, match)
                self.ref = None

    def _end_ref(self, opening: re.Match[str], closing: re.Match[str]) -> None:
        self.label = named(self.text[opening.end() : closing.start()])
        self.item, self.labelled = opening.start(), closing.end()
        end = closing.end() if self.syntax.text_after else opening.end()
        self.found.holes.append((opening.start(), end))

    def _begin_body(self, match: re.Match[str]) -> None:
        self._end_text(match.start())
        if self.label is not None and are_apart(self.text, self.labelled, match.start()):
            self.label = self.item = None
        self.bodies += 1
        self.ref = None
        self.body = match

    def _end_body(self, opening: re.Match[str], end: int, behind: int, *, closed: bool) -> None:
        """Reads the numbers between a tag and ``end``; its closing tag ends at ``behind``."""
        start, body = opening.end(), self.syntax.bodies[opening[0]]
        inside = self.text[start:end]
        self.found.holes.append((opening.start(), behind))
        self.labelled = behind
        if self.syntax.json and "{" in inside and self._end_json(inside, start, closed=closed):
            return
        groups, _ = groups_in(self.text, start, end, sizes=body.sizes, corners=body.corners, closed=closed)
        if closed and not groups:
            groups = _flat(inside, opening.start(), behind, body.sizes)
            self.found.empty |= inside.strip().lower() in _NONE
        label = self.label
        if label is None and self.syntax.label_inside:
            label = named(inside.partition("[")[0])
        begin = opening.start() if self.item is None else self.item
        for group in groups:
            mark = Mark(group.kind, group.numbers, label, (min(begin, group.start), group.end))
            (self.waiting if self.syntax.text_after else self.found.marks).append(mark)
            begin = group.end
        self.item = None
        self.text_from = behind

    def _end_json(self, inside: str, start: int, *, closed: bool) -> bool:
        """Reads JSON between tags; whether there is any that says something."""
        found = read_json(inside, closed)
        self.found.empty |= found.empty
        for mark in found.marks:
            self.found.marks.append(replace(mark, span=(mark.span[0] + start, mark.span[1] + start)))
        return bool(found.marks) or found.empty or found.cut

    def _end_text(self, end: int) -> None:
        """What stands after places up to ``end`` is their text."""
        if self.waiting:
            text = named(self.text[self.text_from : end])
            self.found.marks += [replace(mark, text=text) for mark in self.waiting]
            self.found.holes.append((self.text_from, end))
            self.waiting.clear()


def _flat(inside: str, start: int, end: int, sizes: Mapping[int, Kind]) -> list[Group]:
    """The place in a tag whose numbers have no brackets, or each its own in angles."""
    if _ANGLES.fullmatch(inside):
        numbers: tuple[float, ...] | None = tuple(number(digits) for digits in _ANGLE.findall(inside))
    else:
        numbers = numbers_in(inside)
    if numbers is None or len(numbers) not in sizes:
        return []
    return [Group(sizes[len(numbers)], numbers, start, end)]


def read_bare(text: str, ended: bool, *, spotted: bool = False) -> Found:
    """Boxes in brackets directly behind what they belong to: ``a dog(12,34),(56,78)``.

    What stands before a box on its line, and touches it, is its label, or its text where ``spotted``.
    """
    groups, pending = groups_in(text, 0, len(text), sizes={4: "box"}, closed=ended)
    found = Found(cut=ends_in_numbers(text) or pending)
    position = 0  # behind the last box
    name: str | None = None
    for group in groups:
        between = text[position : group.start]
        start = group.start
        if not (position and not between.strip(" \t\r\n,;")):  # boxes in one list share what stands before it
            outside = between.rstrip("[")
            line = outside.rpartition("\n")[2]
            touches = spotted or not line[-1:].isspace()
            line = line.lstrip("])}" + _BETWEEN) if touches else ""
            name = named(line)
            start = position + len(outside) - len(line)
        end = group.end
        while text.startswith("]", end):
            end += 1
        found.holes.append((start, end))
        label, words = (None, name) if spotted else (name, None)
        found.marks.append(Mark(group.kind, group.numbers, label, (start, group.end), text=words))
        position = max(group.end, end)
    return found


def read_hunyuan(text: str, ended: bool) -> Found:
    """``text(x1,y1),(x2,y2)``: words of the picture, each with its box."""
    found = read_bare(text, ended, spotted=True)
    rest = found.marks[-1].span[1] if found.marks else 0
    found.cut |= not ended and bool(text[rest:].strip())
    return found


def read_plain(text: str, ended: bool) -> Found:
    """Numbers in brackets anywhere in a text: four are a box, two a point, two pairs in round brackets a box."""
    groups, pending = groups_in(text, 0, len(text), closed=ended)
    return Found(
        marks=[Mark(group.kind, group.numbers, None, (group.start, group.end)) for group in groups],
        holes=[(group.start, group.end) for group in groups],
        cut=ends_in_numbers(text) or pending,
    )


_REF: Final = {"<ref>": "</ref>"}
_SMALL: Final = {
    "<box>": Body("</box>"),
    "<point>": Body("</point>", _POINTS, corners=1),
    "<quad>": Body("</quad>", _QUADS, corners=4),
}
_PIPED: Final = {"<|ref|>": "<|/ref|>"}
_DET: Final = {"<|det|>": Body("<|/det|>")}

QWEN2_VL = TagSyntax(
    {
        "<|box_start|>": Body("<|box_end|>"),
        "<|quad_start|>": Body("<|quad_end|>", _QUADS, corners=4),
    },
    {"<|object_ref_start|>": "<|object_ref_end|>"},
    bare=True,
)
QWEN_VL = TagSyntax(_SMALL, _REF, bare=True)
INTERNVL = TagSyntax(_SMALL, _REF, bare=True)
MINICPM = TagSyntax(_SMALL, _REF)
FUYU = TagSyntax({name: _SMALL[name] for name in ("<box>", "<point>")})
LOCATE = TagSyntax({"<box>": Body("</box>")}, _REF)
GLM = TagSyntax({"<|begin_of_box|>": Body("<|end_of_box|>")}, bare=True, json=True)
DEEPSEEK = TagSyntax(_DET, _PIPED, dropped=("<|grounding|>",))
DEEPSEEK_OCR = TagSyntax(_DET, _PIPED, dropped=("<|grounding|>", "<PAGE>"), text_after=True, label_inside=True)
