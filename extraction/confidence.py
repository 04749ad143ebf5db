"""How sure the model was of each part of its answer: the probabilities of its own decisions, put onto the JSON they made.

What the grammar forces is no decision and does not count. A decision's probability is its share of what the grammar
allowed there, so that over all that may be written it adds up to 1: of a field with a set of values it is the
probability with which the model, held to the grammar and sampling at temperature 1, writes this value and no other.
That is not always the share that the model alone would give to the whole text of the choice: what it would rather have
written *behind* the token that decides is not held against the choice (``pressure`` tells it). Where few tokens are
allowed, other spellings of the same choice count for it; a token that begins it, was not taken, and may become
something else as well counts neither for it nor against it.

The numbers of a box need not be exact to be right. Of an edge, the confidence is the probability that it lies within a
quarter of the box's side (``EDGE``); of a whole box, that its IoU with the one that was written is at least 0.5 when
each edge is drawn from what the model thought of it. Both see rivals of digits in their places, not those that carry.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from extraction.conventions import BoxConvention
from extraction.edges import WrittenBox, spans, written_box
from extraction.keys import Keys
from extraction.places import CORNERS, Geometry, Path, find_places
from extraction.schemas.pointers import pointer
from extraction.spans import Part, is_written, parts

if TYPE_CHECKING:
    from extraction.trace import Trace

EDGE = 0.25
"""Share of a box's side by which an edge may be off."""
IOU = 0.5
"""Overlap from which a box counts as the same, as in PASCAL VOC and COCO's AP50."""
FELT = 0.001
"""Pressure on a leaf below this is not told."""
_OPEN_KEY = re.compile(r'[{,]\s*"((?:[^"\\]|\\.)*)\Z', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Conflict:
    """The model's likeliest token would have ended something or gone on with it, and the grammar forbade that.

    Attributes:
        pointer: JSON pointer of the list or object; empty for the answer as a whole.
        problem: What the model wanted.
        removed: Probability of all that the grammar forbade there.
    """

    pointer: str
    problem: str
    removed: float


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the model was, from 0 to 1, by JSON pointer (RFC 6901): ``confidence["/objects/0/label"]``.

    Attributes:
        leaves: Of every string, number, true, false and null; 1 where the schema left no choice. Of a box's numbers,
            that the edge is there within a quarter of the box's side.
        boxes: Of every box as a whole: that the model's other ideas of it overlap it with IoU >= 0.5.
        items: Of every object or list in a list: that it is there, and all in it is so.
        pressure: Of every leaf where it is at least 0.001, the probability that the model by itself would have written
            something there that the grammar forbids; under "" that of the whole answer. None where nobody knows.
        conflicts: Where the model wanted to end something or to go on, and could not.
    """

    leaves: Mapping[str, float]
    boxes: Mapping[str, float] = field(default_factory=dict)
    items: Mapping[str, float] = field(default_factory=dict)
    pressure: Mapping[str, float] | None = None
    conflicts: tuple[Conflict, ...] = ()

    def __getitem__(self, pointer: str) -> float:
        """The confidence of a leaf, a box, or an item of a list.

        Raises:
            KeyError: The pointer names none of them.
        """
        for part in (self.leaves, self.boxes, self.items):
            if pointer in part:
                return part[pointer]
        raise KeyError(pointer)

    def as_json(self) -> dict[str, Any]:
        """What ``response_metadata["confidence"]`` holds."""
        conflicts = [{"pointer": one.pointer, "problem": one.problem, "removed": one.removed} for one in self.conflicts]
        pressure = None if self.pressure is None else dict(self.pressure)
        return {
            "leaves": dict(self.leaves),
            "boxes": dict(self.boxes),
            "items": dict(self.items),
            "pressure": pressure,
            "conflicts": conflicts,
        }

    def within(self, value: Any) -> Confidence | None:
        """The same for a part of the value, as what is complete of an answer that was cut; None where it tells nothing of it.

        Args:
            value: The JSON value of which all told places are to be, in the places that it has here.
        """
        there = set(_pointers(value))

        def kept(told: Mapping[str, float]) -> dict[str, float]:
            return {key: share for key, share in told.items() if key in there}

        pressure = None if self.pressure is None else kept(self.pressure)
        conflicts = tuple(one for one in self.conflicts if one.pointer in there)
        found = Confidence(kept(self.leaves), kept(self.boxes), kept(self.items), pressure, conflicts)
        return found if found.leaves else None

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Confidence:
        """The inverse of ``as_json``."""
        return cls(**{**told, "conflicts": tuple(Conflict(**one) for one in told["conflicts"])})

    def in_pixels(self, value: Any, schema: Mapping[str, Any], convention: BoxConvention | None) -> Confidence:
        """The same for the value as it is after its boxes became pixels: lists of x before y, corners in order, own keys.

        Args:
            value: The JSON value as the model wrote it.
            schema: Its JSON schema, with markers.
            convention: How the model writes boxes.
        """
        names: dict[str, str] = {}
        keys = Keys(schema, convention)
        own = keys.from_model(value)
        for path, kind in find_places(own, schema).kinds.items():
            at = pointer(path)
            names |= {at + old: at + new for old, new in _moved(_at(own, path), kind, convention)}

        def renamed(told: Mapping[str, float]) -> dict[str, float]:
            return {names.get(key, key): number for key, number in (own_names(told)).items()}

        def own_names(told: Mapping[str, float]) -> dict[str, float]:
            return {keys.own_pointer(key): number for key, number in told.items()}

        return replace(
            self,
            leaves=renamed(self.leaves),
            boxes=own_names(self.boxes),
            items=own_names(self.items),
            pressure=None if self.pressure is None else renamed(self.pressure),
            conflicts=tuple(replace(one, pointer=keys.own_pointer(one.pointer)) for one in self.conflicts),
        )


def confidence_of(
    text: str, trace: Trace, *, schema: Mapping[str, Any] | None = None, start: int = 0, field: str | None = None
) -> Confidence:
    """The confidence of the JSON document that begins at ``start``, with pointers into it as it is written.

    Args:
        text: The whole answer.
        trace: What the model thought while it wrote it.
        schema: The JSON schema of the document, or of its field; the markers say which lists are boxes.
        start: Where the document begins.
        field: Look at the value of this field only, as if it were the document.
    """
    found = list(parts(text, start))
    if field is not None:
        found = [replace(part, path=part.path[1:]) for part in found if part.path[:1] == (field,)]
    return _Reader(text, trace, schema, found, alone=field is not None).read()


class _Reader:
    """Puts the decisions of a trace onto the parts of one document."""

    def __init__(
        self, text: str, trace: Trace, schema: Mapping[str, Any] | None, found: Sequence[Part], *, alone: bool
    ) -> None:
        self._text = text
        self._trace = trace
        own = trace.own
        self._parts = [part for part in found if own is None or is_written(part, own)]
        self._leaves = {part.path: part for part in self._parts if part.kind not in ("object", "list")}
        self._about = {path: list(self._decisions(leaf)) for path, leaf in self._leaves.items()}
        whole = found[-1] if found and not found[-1].path else None  # of an answer that was cut, with its ending
        self._all = range(len(trace.starts))
        if alone and whole is not None:
            self._all = range(bisect_right(trace.ends, whole.start), bisect_left(trace.starts, whole.end))
        self._kinds: Mapping[Path, Geometry] = {}
        self._boxes: dict[Path, WrittenBox] = {}
        if whole is not None and schema is not None:
            value = json.loads(text[whole.start : whole.end])
            self._kinds = find_places(value, schema).kinds
            marked = ((path, written_box(_at(value, path))) for path, kind in self._kinds.items() if kind == "box")
            there = {part.path for part in self._parts}
            self._boxes = {path: box for path, box in marked if box is not None and path in there}

    def read(self) -> Confidence:
        """The confidence of all parts."""
        trace = self._trace
        leaves = {path: self._leaf(path) for path in self._leaves}
        boxes = {path: self._whole_box(path, box) for path, box in self._boxes.items()}
        removed = {path: -math.expm1(sum(trace.allowed[i] for i in about)) for path, about in self._about.items()}
        removed[()] = -math.expm1(sum(trace.allowed[i] for i in self._all))
        return Confidence(
            leaves={pointer(path): _rounded(share) for path, share in leaves.items()},
            boxes={pointer(path): _rounded(share) for path, share in boxes.items()},
            items={pointer(path): _rounded(share) for path, share in self._items(leaves, boxes)},
            pressure=None
            if math.isnan(removed[()])
            else {pointer(path): _rounded(share) for path, share in removed.items() if share >= FELT or not path},
            conflicts=tuple(self._conflicts()),
        )

    def _decisions(self, leaf: Part) -> Iterator[int]:
        """The decisions about a leaf: those whose text is a part of it, and that a number ends with it."""
        starts, ends = self._trace.starts, self._trace.ends
        first = min(bisect_right(ends, leaf.start), bisect_left(starts, leaf.start))
        for index in range(first, bisect_right(starts, leaf.end)):
            before = self._text[starts[index] : leaf.start]
            if ends[index] <= leaf.start + 1 and any(char in ",[{" for char in before):
                continue  # that there is another item says little about the quotation mark that it begins with
            if starts[index] < leaf.end or (leaf.kind == "number" and ends[index] == leaf.end):
                yield index

    def _leaf(self, path: Path) -> float:
        share = self._share(path)
        box = self._boxes.get(path[:-1])
        if box is None:
            return share
        index = box.keys.index(path[-1])
        written = box.numbers[index]
        reach = EDGE * abs(written - box.numbers[index ^ 2])
        near = sum(share for value, share in self._values(path).items() if abs(value - written) <= reach)
        return min(max(share, near), 1.0)

    def _share(self, path: Path) -> float:
        """The probability of a leaf's text."""
        trace, end = self._trace, self._leaves[path].end
        share = 1.0  # of what comes behind a decision
        for index in reversed(self._about[path]):
            taken = math.exp(trace.chosen[index])
            rest = self._text[trace.starts[index] : end]
            spellings = trace.spellings.get(index, [("", taken)])
            meant = sum(part for text, part in spellings if text.startswith(rest))
            others = sum(part for text, part in spellings if not text.startswith(rest) and not rest.startswith(text))
            if index not in trace.spellings:
                share *= taken
            elif spellings[0][0].startswith(rest):
                share = meant / (meant + others)
            else:
                share = (meant + taken * share) / (meant + others + taken)
        return share

    def _values(self, path: Path) -> dict[float, float]:
        """What a number could have been, with probabilities: as written, but for the digits of one decision."""
        leaf, trace = self._leaves[path], self._trace
        text = self._text[leaf.start : leaf.end]
        values: dict[float, float] = {}
        so_far = 1.0
        for index in self._about[path]:
            first, last = max(trace.starts[index] - leaf.start, 0), trace.ends[index] - leaf.start
            same = 0.0
            for digits, share in trace.rivals.get(index, ()):
                if digits == text[first:last]:
                    same += share
                elif (value := _as_number(text[:first] + digits + text[last:])) is not None:
                    values[value] = values.get(value, 0.0) + so_far * share
            so_far *= max(same, math.exp(trace.chosen[index]))
        values[float(text)] = values.get(float(text), 0.0) + so_far
        return values

    def _whole_box(self, path: Path, box: WrittenBox) -> float:
        """The probability that a box drawn from what the model thought of its edges overlaps the written one."""
        edges = [self._values((*path, key)) for key in box.keys]
        x, y = (spans(edges[axis], edges[axis + 2], *box.numbers[axis::2]) for axis in (0, 1))
        overlap = x.overlap[:, None] * y.overlap
        area = math.prod(abs(box.numbers[axis + 2] - box.numbers[axis]) for axis in (0, 1))
        union = x.length[:, None] * y.length + area - overlap
        same = (overlap >= IOU * union) & (union > 0)
        exact = math.prod(edge[number] for edge, number in zip(edges, box.numbers, strict=True))
        return min(max(float(x.share @ same @ y.share), exact), 1.0)

    def _items(self, leaves: Mapping[Path, float], boxes: Mapping[Path, float]) -> Iterator[tuple[Path, float]]:
        """Every object and list in a list, with the probability of all that was decided about it."""
        ends, chosen = self._trace.ends, self._trace.chosen
        taken = {index for about in self._about.values() for index in about}
        within: dict[Path, float] = {}
        for path, share in [
            *boxes.items(),
            *((path, share) for path, share in leaves.items() if path[:-1] not in boxes),
        ]:
            for length in range(len(path)):
                within[path[:length]] = within.get(path[:length], 1.0) * share
        for part in self._parts:
            if part.kind not in ("object", "list") or not part.path or isinstance(part.path[-1], str):
                continue
            if any(part.path[:length] in self._kinds for length in range(len(part.path) + 1)):
                continue
            # What begins in an item and ends behind it decides what follows it.
            about = range(bisect_right(ends, part.before), bisect_right(ends, part.end))
            others = sum(chosen[index] for index in about if index not in taken)
            yield part.path, within.get(part.path, 1.0) * math.exp(others)

    def _conflicts(self) -> Iterator[Conflict]:
        for index, (wanted, taken) in self._trace.wanted.items():
            if index not in self._all:
                continue
            removed = _rounded(-math.expm1(self._trace.allowed[index]))
            if not wanted:
                yield Conflict("", "wanted to end the answer", removed)
                continue
            same = next((i for i, (a, b) in enumerate(zip(wanted, taken, strict=False)) if a != b), None)
            if same is None:
                continue  # the same text in other tokens, as far as it goes
            at = self._trace.starts[index] + same
            rest = taken[same:].lstrip()
            at += len(taken) - same - len(rest)
            if (conflict := self._about_ends(at, rest[:1], wanted[same:].lstrip()[:1])) is not None:
                yield Conflict(pointer(conflict[0].path), conflict[1], removed)

    def _about_ends(self, at: int, taken: str, wanted: str) -> tuple[Part, str] | None:
        """What of the document the model wanted to end or go on with, by the characters taken and wanted at ``at``."""
        if any(leaf.start < at < leaf.end for leaf in self._leaves.values()):
            return None
        around = [part for part in self._parts if part.kind in ("object", "list") and part.start < at < part.end]
        inner = max(around, key=lambda part: part.start, default=None)
        if inner is None:
            return None
        bracket = "]" if inner.kind == "list" else "}"
        if taken == bracket and wanted == ",":
            return inner, f"wanted to go on with the {inner.kind}"
        if wanted == bracket and taken != bracket:
            return inner, f"wanted to end the {inner.kind}"
        key = _OPEN_KEY.search(self._text, inner.start, at) if wanted == '"' and inner.kind == "object" else None
        return None if key is None else (inner, f'wanted to end the key "{key[1].rstrip()}"')


def _moved(value: Any, kind: Geometry, convention: BoxConvention | None) -> Iterator[tuple[str, str]]:
    """Pointers into a box, a point or a polygon as it was written, and into the list of pixels that it becomes."""
    if kind == "polygon":
        points = value.get("points") if isinstance(value, dict) else value
        inside = "/points" if isinstance(value, dict) else ""
        for index, point in enumerate(points if isinstance(points, list) else ()):
            moved = _moved(point, "point", convention)
            yield from ((f"{inside}/{index}{old}", f"/{index}{new}") for old, new in moved)
        return
    keys: Sequence[int | str] = CORNERS[kind] if isinstance(value, dict) else range(len(CORNERS[kind]))
    y_first = convention is not None and (
        convention.point_order == "yx" if kind == "point" else convention.order == "yxyx"
    )
    swapped = y_first and not isinstance(value, dict)
    order = [index ^ 1 if swapped else index for index in range(len(keys))]  # of the number that key i holds
    if kind == "box" and (box := written_box(value)) is not None:
        for index in range(4):
            if box.numbers[index] > box.numbers[index ^ 2] and index < index ^ 2:
                order[index], order[index ^ 2] = order[index ^ 2], order[index]
    yield from ((f"/{key}", f"/{place}") for key, place in zip(keys, order, strict=True))


def _pointers(value: Any, path: Path = ()) -> Iterator[str]:
    """The places of a JSON value."""
    yield pointer(path)
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in below:
        yield from _pointers(one, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rounded(share: float) -> float:
    return float(f"{min(max(share, 0.0), 1.0):.6g}")
