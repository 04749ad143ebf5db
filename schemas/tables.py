"""What is laid out in rows, pairs and axes: forms, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from extraction.schemas.checks import Check, DocumentSchema, Rounding
from extraction.schemas.merging import Merge
from extraction.schemas.text import Name, Text


class FormField(DocumentSchema):
    """A label of a form and what is filled in."""

    label: Name = Field(description="printed label, without its colon")
    value: Text | None = Field(None, description="what is filled in; null where it is left blank")


class Checkbox(DocumentSchema):
    """A box of a form that can be ticked."""

    label: Name = Field(description="printed words beside the box")
    checked: bool = Field(description="whether it is ticked")


class Form(DocumentSchema):
    """A form: its labels with what is filled in, and its checkboxes."""

    title: Name | None = Field(None, description="title of the form")
    fields: list[FormField] = Field(
        [], max_length=500, description="every label that asks for something, also if blank"
    )
    checkboxes: list[Checkbox] = Field([], max_length=500, description="every checkbox, ticked or not")


class Table(DocumentSchema):
    """A table: the names of its columns and its rows."""

    title: Name | None = Field(None, description="title or caption")
    columns: Annotated[list[Name], Merge("first")] = Field(
        [], max_length=50, description="heads of the columns, from left to right"
    )
    rows: list[Annotated[list[Text | None], Field(max_length=50)]] = Field(
        [], max_length=5000, description="cells of each row, one per column, as printed; null for an empty cell"
    )

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """Which rows have more or fewer cells than there are columns."""
        wanted = len(self.columns)
        for index, row in enumerate(self.rows):
            if wanted and len(row) != wanted:
                yield Check((f"/rows/{index}", "/columns"), "the cells are not one per column", wanted, len(row))


class DataPoint(DocumentSchema):
    """One value of a chart."""

    x: Name = Field(description="category, or place on the x axis, as printed")
    y: float | None = Field(None, description="value, read from its label or the axis")


class Series(DocumentSchema):
    """The values of a chart that belong together."""

    name: Name | None = Field(None, description="name in the legend")
    points: list[DataPoint] = Field([], max_length=500, description="its values, from left to right")


class Chart(DocumentSchema):
    """A chart, as the numbers that it shows."""

    chart_type: Literal["bar", "line", "pie", "scatter", "area", "other"] | None = Field(
        None, description="kind of chart"
    )
    title: Name | None = Field(None, description="title")
    x_label: Name | None = Field(None, description="label of the x axis")
    y_label: Name | None = Field(None, description="label of the y axis")
    y_unit: Name | None = Field(None, description="unit of the values, such as % or EUR million")
    series: list[Series] = Field([], max_length=50, description="every series; one where there is no legend")
