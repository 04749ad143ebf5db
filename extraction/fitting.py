"""Marks of a native syntax as a value of the user's schema, their numbers in pixels of the original picture.

A model that was trained on tags or location tokens says where things are and what they are called, and nothing else. A
schema can be filled from that when it holds places, with or without names, alone or in lists; what else it needs is an
error that names the field, never an invention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from extraction.conventions import BoxConvention
from extraction.frames import BoxNote, Frame, to_pixels
from extraction.loose_json import as_json
from extraction.marks import Mark
from extraction.places import GEOMETRY
from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY

_LABELS: Final = ("label", "name", "class", "category", "object", "title", "phrase", "type", "kind", "description")
_LABEL_LISTS: Final = frozenset((*(f"{name}s" for name in _LABELS), "classes", "categories", "things", "texts"))
"""Names of lists that go along with the places; a list of another name is about something else."""
_TEXTS: Final = ("text", "content", "text_content", "value", "transcription")
_COUNTS: Final = ("count", "total", "number", "n", "amount")
_MAX_STEPS: Final = 50


@dataclass(slots=True)
class Fitting:
    """Fills one schema from the marks of one answer.

    Attributes:
        root: The whole JSON schema, with its markers.
        convention: How the model writes boxes.
        frame: Which picture the numbers refer to.
        things: What the model was asked to look for; where that is one thing, it names marks without a label.
        count: How many there are by the model's own words, where it said so.
        notes: What had to be mended in numbers.
    """

    root: Mapping[str, Any]
    convention: BoxConvention
    frame: Frame
    things: tuple[str, ...] = ()
    count: int | None = None
    notes: list[BoxNote] = field(default_factory=list)

    def fill(self, marks: Sequence[Mark]) -> Any:
        """The JSON value.

        Raises:
            ValueError: The schema cannot hold these marks, or needs what they do not say.
            BoxConventionError: The convention refers to the picture as the model was given it, whose size is not known.
        """
        return self._value(self.root, marks, "")

    def _value(self, schema: Any, marks: Sequence[Mark], at: str) -> Any:
        schema, nullable = self._plain(schema)
        if (kind := schema.get(MARKER_KEY)) in GEOMETRY:
            mark = _only(marks, at, nullable=nullable)
            return None if mark is None else self._place(mark, str(kind), at)
        if schema.get("type") == "array" and "items" in schema:
            return self._list(schema["items"], marks, at)
        properties = schema.get("properties") or {}
        values = schema.get("additionalProperties")
        if not properties and isinstance(values, Mapping) and self._holds_places(values):
            return self._mapping(values, marks, at)
        if self._own_place(properties) is not None:
            mark = _only(marks, at, nullable=nullable)
            return None if mark is None else self._item(schema, mark, at)
        return self._object(schema, marks, at)

    def _list(self, items: Any, marks: Sequence[Mark], at: str) -> list[Any]:
        item, _ = self._plain(items)
        if MARKER_KEY in item or self._own_place(item.get("properties") or {}) is not None:
            return [self._value(items, [mark], f"{at}/{index}") for index, mark in enumerate(marks)]
        if _is_text(item):
            return [self._label(item, mark, f"{at}/{index}") for index, mark in enumerate(marks)]
        raise ValueError(f"{_told(at)}: its items are no places, and the model wrote nothing else")

    def _mapping(self, values: Any, marks: Sequence[Mark], at: str) -> dict[str, Any]:
        """Labels as keys."""
        named: dict[str, list[Mark]] = {}
        for index, mark in enumerate(marks):
            named.setdefault(self._label({}, mark, f"{at}/{index}"), []).append(mark)
        return {label: self._value(values, some, f"{at}/{label}") for label, some in named.items()}

    def _object(self, schema: Mapping[str, Any], marks: Sequence[Mark], at: str) -> dict[str, Any]:
        """An object around the marks: what holds places gets all of them; names in a list beside it go along."""
        result: dict[str, Any] = {}
        properties = schema.get("properties") or {}
        holders = [name for name, part in properties.items() if self._holds_places(part)]
        if len(holders) != 1:
            what = "holds no places" if not holders else f"holds places in {' and '.join(holders)}"
            raise ValueError(f"{_told(at)}: it {what}, and the model wrote one list of them")
        for name, part in properties.items():
            plain, nullable = self._plain(part)
            inside = f"{at}/{name}"
            if name == holders[0]:
                result[name] = self._value(part, marks, inside)
            elif name.lower() in _LABEL_LISTS and _is_text(self._plain(plain.get("items"))[0]):
                result[name] = self._list(plain["items"], marks, inside)
            elif plain.get("type") == "integer" and name.lower() in _COUNTS:
                result[name] = len(marks) if self.count is None else self.count
            else:
                self._leave_out(result, name, schema, inside, nullable=nullable)
        return result

    def _item(self, schema: Mapping[str, Any], mark: Mark, at: str) -> dict[str, Any]:
        """An object that is one marked thing: its place, its name, what is written there."""
        properties = schema["properties"]
        place = self._own_place(properties)
        texts = [name for name, part in properties.items() if _is_text(self._plain(part)[0])]
        written = next((name for name in _TEXTS if name in texts), None)
        label = next((name for name in _LABELS if name in texts and name != written), None)
        needed = [name for name in texts if name != written and name in schema.get("required", ())]
        if label is None and len(needed) == 1:
            label = needed[0]
        result: dict[str, Any] = {}
        for name, part in properties.items():
            plain, nullable = self._plain(part)
            if name == place:
                result[name] = self._place(mark, str(plain[MARKER_KEY]), f"{at}/{name}")
            elif name == written and (mark.text is not None or (label is None and mark.label is not None)):
                result[name] = mark.text if mark.text is not None else mark.label
            elif name == label and (mark.label is not None or not nullable):
                result[name] = self._label(plain, mark, f"{at}/{name}")
            elif name in mark.fields:
                result[name] = self._written(part, mark.fields[name], f"{at}/{name}")
            else:
                self._leave_out(result, name, schema, f"{at}/{name}", nullable=nullable)
        return result

    def _written(self, schema: Any, value: Any, at: str) -> Any:
        """What the model wrote in JSON beside a place."""
        if self._holds_places(schema):
            raise ValueError(f"{_told(at)}: it holds places beside the one of its own")
        try:
            return as_json(value)
        except ValueError as error:
            raise ValueError(f"{_told(at)}: {error}") from error

    def _leave_out(
        self, result: dict[str, Any], name: str, schema: Mapping[str, Any], at: str, *, nullable: bool
    ) -> None:
        if name not in schema.get("required", ()):
            return
        if not nullable:
            raise ValueError(f"{_told(at)}: the model says where things are and what they are called, and not this")
        result[name] = None

    def _label(self, schema: Mapping[str, Any], mark: Mark, at: str) -> str:
        label = mark.label if mark.label is not None else mark.text
        if label is None and len(self.things) == 1:
            label = self.things[0]
        if label is None:
            raise ValueError(f"{_told(at)}: the model wrote a place without a name; ask for one thing at a time")
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if choices is None:
            return label
        same = [choice for choice in choices if isinstance(choice, str) and _folded(choice) == _folded(label)]
        if not same:
            raise ValueError(f"{_told(at)}: {label!r} is none of {', '.join(map(str, choices))}")
        return str(same[0])

    def _place(self, mark: Mark, kind: str, at: str) -> Any:
        """A mark as a box, a point or an outline of the schema."""
        if mark.kind == "polygon" or len(mark.numbers) not in (2, 4):
            points = [self._pixels(mark.numbers[i : i + 2], at) for i in range(0, len(mark.numbers), 2)]
            if kind == "polygon":
                return points
            if kind == "box":
                xs, ys = zip(*points, strict=True)
                return [min(xs), min(ys), max(xs), max(ys)]
        elif (mark.kind == "point") == (kind == "point") and kind != "polygon":
            return self._pixels(mark.numbers, at)
        raise ValueError(f"{_told(at)}: the model marked a {_KINDS[mark.kind]}, and a {kind} is wanted")

    def _pixels(self, numbers: Sequence[float], at: str) -> list[float]:
        cells = int(self.convention.span or 1) ** 2
        if self.convention.kind == "grid" and (len(numbers) != 2 or max(numbers) >= cells):
            raise ValueError(
                f"{_told(at)}: {list(numbers)} are no two of the {cells} cells of {self.convention.name!r}"
            )
        return to_pixels(numbers, self.convention, self.frame, at, self.notes)

    def _own_place(self, properties: Mapping[str, Any]) -> str | None:
        """The one field of an object that is a place by itself."""
        places = [name for name, part in properties.items() if self._plain(part)[0].get(MARKER_KEY) in GEOMETRY]
        return places[0] if len(places) == 1 else None

    def _holds_places(self, schema: Any, passed: frozenset[int] = frozenset()) -> bool:
        """Whether a place stands somewhere in values of a schema."""
        schema, _ = self._plain(schema)
        if id(schema) in passed:
            return False
        passed |= {id(schema)}
        below = [schema.get("items"), schema.get("additionalProperties"), *(schema.get("properties") or {}).values()]
        return schema.get(MARKER_KEY) in GEOMETRY or any(
            self._holds_places(part, passed) for part in below if isinstance(part, Mapping)
        )

    def _plain(self, schema: Any) -> tuple[Mapping[str, Any], bool]:
        """What a schema says of values that are not null, references followed; and whether null may stand there."""
        nullable = False
        for _ in range(_MAX_STEPS):
            if not isinstance(schema, Mapping):
                return {}, nullable
            if MARKER_KEY in schema:
                return schema, nullable or "null" in schema.get("type", ())
            if (reference := reference_in(schema)) is not None:
                schema = resolve_reference(self.root, reference)
                continue
            unions = [schema[key] for key in ("anyOf", "oneOf", "allOf") if key in schema]
            if not unions:
                return schema, nullable
            others = [branch for branch in unions[0] if branch != {"type": "null"}]
            nullable |= len(others) < len(unions[0])
            if len(unions) > 1 or len(others) != 1:
                return {}, nullable
            schema = others[0]
        return {}, nullable


_KINDS: Final = {"box": "box", "point": "point", "polygon": "outline", "cells": "box"}


def _only(marks: Sequence[Mark], at: str, *, nullable: bool) -> Mark | None:
    if len(marks) == 1:
        return marks[0]
    if not marks and nullable:
        return None
    raise ValueError(f"{_told(at)}: it holds one place, and the model marked {len(marks)}")


def _is_text(schema: Mapping[str, Any]) -> bool:
    choices = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return MARKER_KEY not in schema and (
        schema.get("type") == "string" or any(isinstance(choice, str) for choice in choices)
    )


def _folded(label: str) -> str:
    return " ".join(label.casefold().replace("_", " ").replace("-", " ").split())


def _told(at: str) -> str:
    return at.removeprefix("/") or "(root)"
