"""Detected objects against the truth: F1, box overlap, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

XYXY = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Found:
    """One object as it was said or as it is; ``box`` is xyxy in any frame, the same for both sides."""

    label: str
    color: str
    box: XYXY


def box_iou(a: XYXY, b: XYXY) -> float:
    """Intersection over union of two boxes, 0..1; 0 for a box that is inside out."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union


@dataclass
class DetectionScore:
    """Sums over scenes; an answer that could not be read counts as nothing found."""

    scenes: int = 0
    readable: int = 0
    right_count: int = 0
    hits: int = 0
    places: int = 0
    said: int = 0
    true: int = 0
    labels: int = 0
    colors: int = 0
    ious: list[float] = field(default_factory=list)

    def add(self, said: Sequence[Found] | None, true: Sequence[Found]) -> None:
        """Takes one scene in; ``said`` is None where the answer was unreadable."""
        self.scenes += 1
        self.true += len(true)
        if said is None:
            return
        self.readable += 1
        self.said += len(said)
        self.right_count += len(said) == len(true)
        pairs = sorted(
            ((box_iou(s.box, t.box), i, j) for i, s in enumerate(said) for j, t in enumerate(true)), reverse=True
        )
        for iou, i, j in _one_to_one([pair for pair in pairs if pair[0] >= 0.5]):
            self.places += 1
            self.ious.append(iou)
            self.labels += said[i].label == true[j].label
            self.colors += said[i].color == true[j].color
        same = [
            p
            for p in pairs
            if p[0] >= 0.5 and (said[p[1]].label, said[p[1]].color) == (true[p[2]].label, true[p[2]].color)
        ]
        self.hits += len(_one_to_one(same))

    def summary(self) -> dict[str, float]:
        """``f1`` counts an object when IoU >= 0.5, label and colour are all right; ``f1_place`` the box alone."""
        places = max(self.places, 1)
        return {
            "readable": self.readable / max(self.scenes, 1),
            "f1": 2 * self.hits / max(self.said + self.true, 1),
            "f1_place": 2 * self.places / max(self.said + self.true, 1),
            "iou": sum(self.ious) / places,
            "label": self.labels / places,
            "color": self.colors / places,
            "count": self.right_count / max(self.scenes, 1),
        }


def _one_to_one(pairs: Sequence[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """The best pairs first, each index once."""
    left: set[int] = set()
    right: set[int] = set()
    chosen = []
    for pair in pairs:
        if pair[1] not in left and pair[2] not in right:
            chosen.append(pair)
            left.add(pair[1])
            right.add(pair[2])
    return chosen
