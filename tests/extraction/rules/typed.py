"""Pages as typed text: each character is a cell of a grid, two blanks or more part columns."""

from __future__ import annotations

import math
import re
from typing import Any

from extraction.pages.words import Line, PageWords, Word
from extraction.rules.filling import Filled, fill_schema
from extraction.schemas import json_schema_of
from extraction.schemas.geometry import Box, Point, Polygon

CHARACTER = 10.0
LEADING = 26.0
HEIGHT = 18.0


def typed(text: str, *, angle: float = 0.0, larger: int = 0) -> PageWords:
    """The words of a page as an engine would give them.

    Args:
        text: The page; outer empty lines and what all lines are indented by do not count.
        angle: By how many degrees the page is turned clockwise about its corner.
        larger: How many of the first rows are printed one and a half times as high.
    """
    rows = text.strip("\n").splitlines()
    indent = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
    lines = []
    y = 10.0
    for index, row in enumerate(rows):
        height = HEIGHT * 1.5 if index < larger else HEIGHT
        for match in re.finditer(r"\S+(?: \S+)*", row):
            words = []
            for word in re.finditer(r"\S+", match.group()):
                x = 10 + (match.start() - indent + word.start()) * CHARACTER
                words.append(_word(word.group(), Box.from_xywh(x, y, len(word.group()) * CHARACTER, height), angle))
            boxes = [word.box for word in words]
            around = Box.from_xyxy(
                min(box.x1 for box in boxes),
                min(box.y1 for box in boxes),
                max(box.x2 for box in boxes),
                max(box.y2 for box in boxes),
            )
            flat = Box.from_xywh(10 + (match.start() - indent) * CHARACTER, y, len(match.group()) * CHARACTER, height)
            lines.append(Line(tuple(words), around, quad=_turned(flat, angle) if angle else None))
        y += LEADING * (1.5 if index < larger else 1.0)
    size = max((math.ceil(line.box.x2) for line in lines), default=90) + 10, max(math.ceil(y), 10)
    return PageWords(tuple(lines), size, "typed", angle if abs(angle) > 10 else 0.0)


def _word(text: str, box: Box, angle: float) -> Word:
    if not angle:
        return Word(text, box)
    quad = _turned(box, angle)
    return Word(text, quad.bounds, quad=quad)


def _turned(box: Box, angle: float) -> Polygon:
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = ((box.x1, box.y1), (box.x2, box.y1), (box.x2, box.y2), (box.x1, box.y2))
    return Polygon(points=tuple(Point(x=x * cos - y * sin, y=x * sin + y * cos) for x, y in corners))


def fill(schema: Any, *pages: str, **how: Any) -> Filled:
    """A schema filled from typed pages."""
    return fill_schema(json_schema_of(schema), [typed(page, **how) for page in pages])
