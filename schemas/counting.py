"""How many there are: ``Count`` for one kind of thing, ``Counts`` for all kinds in a picture.

A count that a model writes down cannot be checked. Where it matters, ask for a ``Scene`` instead and take
``scene.counts()``: there every unit has its box.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


def label_key(label: str) -> str:
    """The form in which labels are compared: lower case, single spaces, none outside."""
    return " ".join(label.split()).casefold()


class Count(BaseModel):
    """How many there are of one kind of thing."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(description="what is counted, in one or two words")
    count: int = Field(ge=0, strict=True, description="how many there are")


class Counts(BaseModel):
    """How many there are of each kind of thing."""

    model_config = ConfigDict(extra="forbid")

    counts: list[Count] = Field(description="one entry for each kind of thing")

    @classmethod
    def from_labels(cls, labels: Iterable[str]) -> Self:
        """One entry for each different label, in the order in which the labels first appear.

        Example:
            >>> Counts.from_labels(["cup", "spoon", "Cup"]).as_dict()
            {'cup': 2, 'spoon': 1}
        """
        tally: dict[str, int] = {}
        for label in labels:
            key = label_key(label)
            tally[key] = tally.get(key, 0) + 1
        return cls(counts=[Count(label=label, count=count) for label, count in tally.items()])

    @property
    def total(self) -> int:
        """How many things there are of all kinds together."""
        return sum(item.count for item in self.counts)

    def of(self, label: str) -> int:
        """How many there are of ``label``, without regard to case and spacing; 0 where it has no entry."""
        return self.as_dict().get(label_key(label), 0)

    def as_dict(self) -> dict[str, int]:
        """The counts by label (lower case), in order; entries that say the same label twice are added up."""
        sums: dict[str, int] = {}
        for item in self.counts:
            key = label_key(item.label)
            sums[key] = sums.get(key, 0) + item.count
        return sums

    def difference(self, truth: Counts) -> dict[str, int]:
        """By how much these counts are too high (above 0) or too low, for each label that is not counted right.

        Example:
            >>> Counts.from_labels(["cup", "cup"]).difference(Counts.from_labels(["cup", "fork"]))
            {'cup': 1, 'fork': -1}
        """
        found, expected = self.as_dict(), truth.as_dict()
        differences = {label: found.get(label, 0) - expected.get(label, 0) for label in found | expected}
        return {label: difference for label, difference in differences.items() if difference}
