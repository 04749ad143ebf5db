"""What comes out of one extraction: the value, and everything that is known about how it came about."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from extraction.confidence import Confidence
from extraction.frames import BoxNote
from extraction.grounding.sources import Sources
from extraction.images import Picture
from extraction.places import Geometry, Path, find_places, replace_places
from extraction.schemas import Box, Check, Point, Polygon, checks_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata
    from matplotlib.figure import Figure

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Extraction(Generic[T]):
    """One picture's value; a notebook shows it as the plot of its boxes, and its text is short enough to be read.

    Attributes:
        value: The validated value; its boxes are pixels of ``image``.
        data: The same as JSON: dicts, lists, numbers, strings.
        image: The upright picture.
        raw: The model's own message.
        finish_reason: Why the model stopped: "stop" or "tool_calls" where all is well.
        usage: Tokens read and written, where the model counts them.
        notes: What had to be mended in boxes (corners the wrong way round, values outside the picture).
        confidence: How sure the model was of each part of ``data``, by JSON pointer; None where it does not tell.
        agreement: With ``samples``, which share of them says the same, by JSON pointer; None without.
        sources: Where each leaf of ``data`` stands on the page, by JSON pointer; None where that was not asked for.
        schema: Where a JSON schema was asked for, that schema: it says which lists of the value are boxes.
    """

    value: T
    data: Any = field(repr=False)
    image: Picture
    raw: AIMessage = field(repr=False)
    finish_reason: str | None = None
    usage: UsageMetadata | None = None
    notes: tuple[BoxNote, ...] = ()
    confidence: Confidence | None = field(default=None, repr=False)
    agreement: Mapping[str, float] | None = field(default=None, repr=False)
    schema: Mapping[str, Any] | None = field(default=None, repr=False)
    sources: Sources | None = field(default=None, repr=False)

    def plot(self, **options: Any) -> Figure:
        """A figure of the picture with every box of the value; ``options`` go to ``plot_boxes``."""
        from extraction.plotting import plot_boxes

        value = self.value if self.schema is None else with_shapes(self.data, self.schema)
        figure = plot_boxes(self.image, value, **options).get_figure(root=True)
        if figure is None:  # only when the caller's own axes were taken off their figure
            raise ValueError("the axes belong to no figure")
        return figure

    def checks(self, tolerance: Decimal | None = None) -> list[Check]:
        """What does not add up in the documents of the value; nothing is changed.

        Args:
            tolerance: By how much amounts may differ; by default what rounding of the printed ones explains.
        """
        return checks_of(self.value, tolerance)

    def plot_sources(self, **options: Any) -> Figure:
        """A figure of the picture with the places of all values; ``options`` go to ``plot_sources``.

        Raises:
            OptionError: The extraction has no sources.
        """
        from extraction.plotting import plot_sources

        figure = plot_sources(self.image, self, **options).get_figure(root=True)
        if figure is None:
            raise ValueError("the axes belong to no figure")
        return figure

    def json(self, indent: int | None = 2) -> str:
        """The value as JSON text."""
        return json.dumps(self.data, ensure_ascii=False, indent=indent)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.plot().savefig(buffer, format="png", bbox_inches="tight", pad_inches=0)
        return buffer.getvalue()


def with_shapes(data: Any, schema: Mapping[str, Any]) -> Any:
    """A JSON value whose marked lists are ``Box``, ``Point`` and ``Polygon`` objects.

    Args:
        data: The value, in pixels.
        schema: Its JSON schema, with markers.
    """
    return replace_places(data, find_places(data, schema).kinds, _shape)


def _shape(value: Any, kind: Geometry, _: Path) -> Any:
    shapes: Mapping[Geometry, type[BaseModel]] = {"box": Box, "point": Point, "polygon": Polygon}
    return value if value is None else shapes[kind].model_validate(value)
