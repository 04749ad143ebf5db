"""What stands in a picture: ``Scene``, a list of ``DetectedObject``, each with its label, main colour and box.

The names, the order and the descriptions of the fields are what a model reads and writes. The embedded model was
trained on these very words, so a change here needs a new training.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from extraction.schemas.color import Color
from extraction.schemas.counting import Counts, label_key
from extraction.schemas.geometry import Box


class DetectedObject(BaseModel):
    """One object."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(description="what it is, in one or two words")
    color: Color = Field(description="its main colour")
    box: Box = Field(description="where it is")


class Scene(BaseModel):
    """The objects of a picture."""

    model_config = ConfigDict(extra="forbid")

    objects: list[DetectedObject] = Field(description="every object in the picture")

    def find(self, label: str | None = None, color: Color | str | None = None) -> list[DetectedObject]:
        """The objects with this label and this colour, in their order; ``find()`` gives all.

        Args:
            label: Compared without regard to case and outer spaces.
            color: A colour or its name. It matches every shade that goes by the same basic term, so ``"red"`` finds
                ``darkred`` too.

        Raises:
            ValueError: ``color`` is no colour.
        """
        term = None if color is None else Color(color).basic
        return [
            item
            for item in self.objects
            if (label is None or label_key(item.label) == label_key(label))
            and (term is None or item.color.basic == term)
        ]

    def by_label(self) -> dict[str, list[DetectedObject]]:
        """The objects under their labels (lower case, no outer spaces), both in the order of the scene."""
        groups: dict[str, list[DetectedObject]] = {}
        for item in self.objects:
            groups.setdefault(label_key(item.label), []).append(item)
        return groups

    def counts(self) -> Counts:
        """How many objects there are of each label, in the order in which the labels first appear."""
        return Counts.from_labels(item.label for item in self.objects)
