"""Marks in JSON: ``[{"bbox_2d": [x1, y1, x2, y2], "label": "cat"}]`` and what models make of it.

An object is complete with its closing bracket, since its label may stand last; a list of bare numbers with its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from extraction.loose_json import Node, read_loosely
from extraction.marks import SIZES, Found, Kind, Mark, groups_in, numbers_in

_Place = Literal["box", "point", "polygon", "any"]

_PLACES: Final[dict[str, _Place]] = {
    **dict.fromkeys(("bbox2d", "box2d", "bbox", "box", "boundingbox", "boundingbox2d"), "box"),
    **dict.fromkeys(("bboxes", "boxes", "boundingboxes", "bboxes2d", "boxes2d"), "box"),
    **dict.fromkeys(("point2d", "point", "points", "points2d", "click"), "point"),
    **dict.fromkeys(
        ("polygon", "polygons", "polygon2d", "segmentation", "mask", "outline", "contour", "quad"), "polygon"
    ),
    **dict.fromkeys(("coordinates", "coordinate", "coords", "position", "pos", "location"), "any"),
}
_LABELS: Final = (
    "label", "name", "labelname", "category", "categoryname", "class", "classname", "object", "objectname", "type",
    "description", "caption", "phrase", "element",
)  # fmt: skip
_TEXTS: Final = ("textcontent", "text", "transcription", "ocrtext", "content")
_IMAGES: Final = ("imgidx", "imageindex", "imageidx", "page", "frame")
_LISTS: Final = frozenset({
    "objects", "items", "detections", "results", "result", "annotations", "instances", "elements", "data", "answer",
    "output", "predictions", "regions",
})  # fmt: skip
_MANY: Final = ("labels", "names", "classes", "categories")
_FENCE = re.compile(r"^[ \t]*+(?:`{3,}+|~{3,}+)[ \t]*+\w*+[ \t]*+$", re.MULTILINE)


def read_json(text: str, ended: bool) -> Found:
    """The marks of all lists and objects of a text, in objects or bare."""
    documents, cut = read_loosely(text)
    found = Found(cut=cut)
    nothing = []
    for document in documents:
        marks = list(_marks(document, None))
        empty = not marks and _is_empty(document)
        if marks or empty or document.end is None:
            found.holes.append((document.start, len(text) if document.end is None else document.end))
        found.marks += marks
        nothing.append(empty)
    found.empty = bool(nothing) and all(nothing) and ended
    found.holes += [match.span() for match in _FENCE.finditer(text)]
    return found


def _marks(node: Node, hint: str | None) -> Iterator[Mark]:
    """The complete marks in a list or object; ``hint`` is the name of the field in which it stands."""
    if node.is_list:
        yield from _marks_of_list(node, hint)
        return
    fields = {_plain(key): value for key, value in node.fields().items()}
    places = {key: _PLACES[key] for key in fields if key in _PLACES and not _holds_objects(fields[key])}
    if places and node.end is not None:
        yield from _marks_of_object(node, fields, places)
    for key, value in zip(node.keys, node.values, strict=True):
        plain = _plain(key)
        if isinstance(value, Node) and plain not in places:
            yield from _marks(value, None if plain in _LISTS or plain in _PLACES else key.strip() or None)


def _marks_of_list(node: Node, hint: str | None) -> Iterator[Mark]:
    numbers = _numbers(node)
    if numbers is not None:
        # Two numbers under some name may be anything: a size, a range.
        kind = SIZES.get(len(numbers)) if len(numbers) == 4 or hint is None else None
        if kind is not None and node.end is not None:
            yield Mark(kind, numbers, hint, (node.start, node.end))
        return
    for value in node.values:
        if isinstance(value, Node):
            yield from _marks(value, hint)


def _marks_of_object(node: Node, fields: dict[str, Any], places: dict[str, _Place]) -> Iterator[Mark]:
    label = _first_string(fields, _LABELS)
    text = _first_string(fields, _TEXTS)
    image = next((fields[key] for key in _IMAGES if _is_number(fields.get(key))), None)
    found = [one for key, place in places.items() for one in _places(fields[key], place)]
    many = next((_strings(fields[key]) for key in _MANY if key in fields), None)
    labels = many if many is not None and len(many) == len(found) else [label] * len(found)
    span = (node.start, node.end or node.start)
    for (kind, numbers), own in zip(found, labels, strict=True):
        yield Mark(kind, numbers, own, span, text=text, image=image, fields=node.fields())


def _places(value: Any, place: _Place) -> Iterator[tuple[Kind, tuple[float, ...]]]:
    """The places that the value of a field names."""
    if isinstance(value, str):
        groups, _ = groups_in(value, 0, len(value))
        flat = numbers_in(value)
        several = [group.numbers for group in groups] or ([flat] if flat is not None else [])
        for numbers in several:
            yield from _place(numbers, place)
    if not isinstance(value, Node) or not value.is_list:
        return
    numbers_here = _numbers(value)
    if numbers_here is not None:
        yield from _place(numbers_here, place)
        return
    parts = [_numbers(part) if isinstance(part, Node) and part.is_list else None for part in value.values]
    together = tuple(number for part in parts if part is not None for number in part)
    if None not in parts and all(part is not None and len(part) == 2 for part in parts):
        if place == "polygon" or (place == "box" and len(parts) == 2):
            yield from _place(together, place)
            return
        if place == "box":
            return
    for part in value.values:
        yield from _places(part, place)


def _place(numbers: tuple[float, ...], place: _Place) -> Iterator[tuple[Kind, tuple[float, ...]]]:
    if place == "polygon":
        if len(numbers) >= 6 and len(numbers) % 2 == 0:
            yield "polygon", numbers
    elif len(numbers) == 4 and place in ("box", "any"):
        yield "box", numbers
    elif len(numbers) == 2 and place in ("point", "any"):
        yield "point", numbers


def _numbers(node: Node) -> tuple[float, ...] | None:
    """The items of a list that holds nothing but numbers."""
    if node.end is None or not node.values or not all(map(_is_number, node.values)):
        return None
    return tuple(node.values)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _holds_objects(value: Any) -> bool:
    if not isinstance(value, Node):
        return False
    return not value.is_list or any(isinstance(part, Node) and not part.is_list for part in value.values)


def _first_string(fields: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if isinstance(value := fields.get(key), str) and value.strip():
            return value.strip()
    return None


def _strings(value: Any) -> list[str | None] | None:
    if isinstance(value, Node) and all(isinstance(one, str) for one in value.values):
        return [one.strip() or None for one in value.values]
    return None


def _plain(key: str) -> str:
    return "".join(char for char in key.lower() if char.isalnum())


def _is_empty(value: Any) -> bool:
    """Whether it says that there is nothing: an empty list, or an object whose list of places is empty or null."""
    if not isinstance(value, Node) or value.end is None:
        return False
    if value.is_list:
        return all(map(_is_empty, value.values))
    fields = {_plain(key): one for key, one in value.fields().items()}
    told = [one for key, one in fields.items() if key in _PLACES or key in _LISTS]
    if told:
        return all(one is None or _is_empty_list(one) for one in told)
    return bool(fields) and all(map(_is_empty_list, fields.values()))


def _is_empty_list(value: Any) -> bool:
    return isinstance(value, Node) and value.is_list and _is_empty(value)
