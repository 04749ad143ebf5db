"""Places with a name, one class for each kind of place: what a model of native syntaxes can say of a picture."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

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
