"""The values of a picture's views as one value: what becomes of each field is decided by its schema, once and aloud.

* A list of objects with one box each, or of bare boxes: the things of all views, each once (``tiling.merge``).
* A count of these things (an integer called ``count``, ``total`` or after a list; ``Count`` and lists of it): counted anew.
* True or false: whether it is so in any view.
* Texts, choices and colours: as the view of the whole picture has them.
* Anything else is refused, with its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from extraction.confidence import Confidence
from extraction.errors import SchemaError
from extraction.places import CORNERS, Geometry, Path, find_places, replace_places
from extraction.schemas.counting import label_key
from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY
from extraction.schemas.pointers import pointer
from extraction.shapes import LABEL_FIELDS
from extraction.tiling import XYXY, Detection, View, merge

_TOTALS: Final = ("count", "total", "number", "quantity")
_COUNT_FORMS: Final = ("{}_count", "{}_total", "count_{}", "count_of_{}", "total_{}", "num_{}", "number_of_{}", "n_{}")

_DEEPEST: Final = 20

_Kind: TypeAlias = Literal["things", "total", "counts", "count", "any", "whole"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What becomes of a field.

    Attributes:
        kind: "things" are merged, a "total", "counts" and a "count" are counted anew, "any" is true where one view says so,
            "whole" is taken from the whole picture.
        box: The key of a thing's box; None where a thing is its box.
        label: The key of a thing's label, or of what is counted.
        of: For a total the path of its list, where its name says which; None for all things.
    """

    kind: _Kind
    box: str | None = None
    label: str | None = None
    of: Path | None = None


@dataclass(slots=True)
class _Rules:
    """The rules of a schema, by path."""

    by_path: dict[Path, _Rule] = field(default_factory=dict)

    def things(self) -> list[Path]:
        """The paths of the lists of things."""
        return [path for path, rule in self.by_path.items() if rule.kind == "things"]


@dataclass(frozen=True, slots=True)
class ViewValue:
    """What was found in one view.

    Attributes:
        data: The value as JSON, its boxes in pixels of the view.
        confidence: How sure the model was, by JSON pointer.
    """

    data: Any
    confidence: Confidence | None = None


class Reconciler:
    """Makes one value of the values of several views.

    Args:
        schema: The JSON schema of a value, with markers.
        overview: Whether one of the views is the whole picture.

    Raises:
        SchemaError: There is no list of things with boxes, or a field for which there is no rule; it names the field.
    """

    def __init__(self, schema: Mapping[str, Any], *, overview: bool) -> None:
        self._schema = schema
        self._overview = overview
        self._rules = _Rules()
        self._read(schema, ())
        if not self._rules.things():
            raise SchemaError(
                "there is no list of things with boxes in this schema", hint="without one, tiles are no use"
            )
        self._place_totals()

    @property
    def needs_overview(self) -> bool:
        """Whether a field is told by the view of the whole picture alone."""
        return any(rule.kind == "whole" for rule in self._rules.by_path.values())

    def reconcile(self, values: Sequence[ViewValue], views: Sequence[View], *, iou: float) -> Any:
        """The value of the whole picture as JSON, boxes in its pixels.

        Args:
            values: What was found in each view.
            views: The views; the last one is the whole picture where there is one.
            iou: Intersection over union above which two boxes of a label are one thing.
        """
        placed = [self._in_picture(one.data, view) for one, view in zip(values, views, strict=True)]
        if len(views) == 1:
            return placed[0]
        found: dict[Path, list[Detection]] = {}
        for path in self._rules.things():
            detections = [
                detection
                for index, (data, value) in enumerate(zip(placed, values, strict=True))
                for detection in self._detections(path, data, index, value.confidence)
            ]
            found[path] = merge(detections, views, iou=iou)
        return self._built(placed, found, ())

    # --- reading the schema ------------------------------------------------------------------------------------------

    def _read(self, schema: Any, path: Path) -> None:
        """Notes the rule of what stands at ``path``, and of all below it."""
        node = self._plain(schema)
        kind = node.get("type")
        if len(path) > _DEEPEST:
            raise _refused(path[:3], "holds itself")
        if kind == "array" and MARKER_KEY not in node:
            self._rules.by_path[path] = self._rule_of_list(node, path)
        elif kind == "object" and self._counted(node):
            self._rules.by_path[path] = _Rule("count", label=self._counted(node))
        elif kind == "object" and node.get("properties") and not node.get("patternProperties"):
            for key, part in node["properties"].items():
                self._read(part, (*path, key))
        elif kind == "boolean":
            self._rules.by_path[path] = _Rule("any")
        elif kind == "integer" and path:
            self._rules.by_path[path] = _Rule("total")
        elif self._is_text(node):
            if not self._overview:
                raise _refused(path, "is told by the view of the whole picture", "leave overview=True")
            self._rules.by_path[path] = _Rule("whole")
        else:
            raise _refused(path, "has no rule by which several views' values become one")

    def _rule_of_list(self, node: Mapping[str, Any], path: Path) -> _Rule:
        item = self._plain(node.get("items", True))
        if item.get(MARKER_KEY) == "box":
            return _Rule("things")
        if label := self._counted(item):
            return _Rule("counts", label=label)
        properties = {key: self._plain(part) for key, part in item.get("properties", {}).items()}
        boxes = [key for key, part in properties.items() if part.get(MARKER_KEY) == "box"]
        if len(boxes) != 1:
            raise _refused(path, f"is a list whose items have {len(boxes) or 'no'} boxes")
        if boxes[0] not in item.get("required", ()) or _may_be_null(item["properties"][boxes[0]]):
            raise _refused(path, "is a list whose items may be without a box", "make it required")
        texts = [key for key, part in properties.items() if self._is_text(part) and MARKER_KEY not in part]
        labels = [key for key in LABEL_FIELDS if key in texts] or (texts if len(texts) == 1 else [])
        return _Rule("things", box=boxes[0], label=labels[0] if labels else None)

    def _plain(self, schema: Any) -> Mapping[str, Any]:
        """What a reference leads to, and what an optional field is where it is there."""
        while isinstance(schema, Mapping):
            if (reference := reference_in(schema)) is not None:
                schema = resolve_reference(self._schema, reference)
                continue
            branches = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
            if len(branches) != 1:
                break
            schema = branches[0]
        return schema if isinstance(schema, Mapping) else {}

    def _counted(self, node: Mapping[str, Any]) -> str | None:
        """The label's key of an object of a label and a ``count``; None for anything else."""
        properties = {key: self._plain(part) for key, part in node.get("properties", {}).items()}
        others = [key for key in properties if key != "count"]
        counts = properties.get("count", {}).get("type") == "integer"
        return others[0] if counts and len(others) == 1 and self._is_text(properties[others[0]]) else None

    def _is_text(self, node: Mapping[str, Any]) -> bool:
        choices = [node["const"]] if "const" in node else node.get("enum", ())
        return node.get("type") == "string" or (bool(choices) and all(isinstance(one, str) for one in choices))

    def _place_totals(self) -> None:
        """Says of each total what it counts.

        Raises:
            SchemaError: An integer's name does not say that it is a count, or of what.
        """
        things = self._rules.things()
        for path, rule in self._rules.by_path.items():
            if rule.kind != "total":
                continue
            name = str(path[-1]).lower()
            named = [one for one in things if one and name in _names_of(str(one[-1]).lower())]
            if not named and (name not in _TOTALS or len(things) > 1):
                raise _refused(path, "is a number, and its name does not say that it counts the things of one list")
            self._rules.by_path[path] = _Rule("total", of=(named or things)[0])

    # --- making the value --------------------------------------------------------------------------------------------

    def _in_picture(self, data: Any, view: View) -> Any:
        """A view's value with everything that has a place in pixels of the whole picture."""

        def moved(part: Any, kind: Geometry, _: Path) -> Any:
            if kind == "polygon":
                points = part["points"] if isinstance(part, dict) else part
                return [moved(point, "point", ()) for point in points]
            numbers = [part[name] for name in CORNERS[kind]] if isinstance(part, dict) else part
            if numbers is None:
                return None
            points = [view.to_picture(*numbers[start : start + 2]) for start in range(0, len(numbers), 2)]
            return [edge for point in points for edge in point]

        return replace_places(data, find_places(data, self._schema).kinds, moved)

    def _detections(self, path: Path, data: Any, view: int, confidence: Confidence | None) -> Iterable[Detection]:
        rule = self._rules.by_path[path]
        for index, item in enumerate(_at(data, path) or ()):
            box = item if rule.box is None else item[rule.box]
            label = str(item.get(rule.label) or "") if rule.label is not None else ""
            corners: XYXY = (box[0], box[1], box[2], box[3])
            yield Detection(corners, label, view, _confidence(confidence, (*path, index)), item)

    def _built(self, values: Sequence[Any], found: Mapping[Path, Sequence[Detection]], path: Path) -> Any:
        """The value at ``path`` of what the views have there; the last view counts first."""
        rule = self._rules.by_path.get(path)
        there = [value for value in (_at(value, path) for value in reversed(values)) if value is not None]
        if rule is None:
            keys = dict.fromkeys(key for value in there for key in value)
            return {key: self._built(values, found, (*path, key)) for key in keys} if there else None
        if not there:
            return None
        if rule.kind == "things":
            return [self._thing(one, rule) for one in found[path]]
        if rule.kind == "any":
            return any(there)
        if rule.kind == "total":
            assert rule.of is not None
            return len(found[rule.of])
        if rule.kind == "whole":
            return _at(values[-1], path)
        counted = Counter(label_key(one.label) for things in found.values() for one in things if one.label)
        if rule.kind == "count":
            return {**there[0], "count": counted[label_key(str(there[0][rule.label]))]}
        spelled = {label_key(str(one[rule.label])): one[rule.label] for told in there for one in told}
        return [{rule.label: spelled.get(label, label), "count": number} for label, number in counted.items()]

    def _thing(self, detection: Detection, rule: _Rule) -> Any:
        box = list(detection.box)
        return box if rule.box is None else {**detection.item, rule.box: box}


def _may_be_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and {"type": "null"} in schema.get("anyOf", ())


def _names_of(things: str) -> set[str]:
    """What a number of things may be called, by the name of their list."""
    singular = things.removesuffix("s")
    return {form.format(name) for form in _COUNT_FORMS for name in (things, singular)}


def _confidence(confidence: Confidence | None, path: Path) -> float | None:
    if confidence is None:
        return None
    try:
        return confidence[pointer(path)]
    except KeyError:
        return None


def _at(value: Any, path: Path) -> Any:
    """What stands at a path; None where there is nothing."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _refused(path: Path, problem: str, hint: str | None = None) -> SchemaError:
    name = ".".join(map(str, path)) or "the value itself"
    return SchemaError(f"a picture cannot be read in tiles with this schema: {name} {problem}", hint=hint)
