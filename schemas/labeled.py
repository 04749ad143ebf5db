"""Places with a name, one class for each kind of place, and ``Segmentation``, the outlines of a picture's objects."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from extraction.schemas.counting import Counts, label_key
from extraction.schemas.geometry import Box, Point, Polygon


class LabeledBox(BaseModel):
    """A thing and the box around it."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(description="what it is, in one or two words")
    box: Box = Field(description="where it is")


class LabeledPoint(BaseModel):
    """A thing and a point on it."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(description="what it is, in one or two words")
    point: Point = Field(description="a point on it")


class LabeledPolygon(BaseModel):
    """A thing and its outline."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(description="what it is, in one or two words")
    outline: Polygon = Field(description="its outline")


class Segmentation(BaseModel):
    """The objects of a picture with their outlines."""

    model_config = ConfigDict(extra="forbid")

    objects: list[LabeledPolygon] = Field(description="every object in the picture")

    def find(self, label: str) -> list[LabeledPolygon]:
        """The objects with this label, without regard to case and outer spaces, in their order."""
        return [item for item in self.objects if label_key(item.label) == label_key(label)]

    def counts(self) -> Counts:
        """How many objects there are of each label, in the order in which the labels first appear."""
        return Counts.from_labels(item.label for item in self.objects)
