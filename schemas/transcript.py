"""The text of a page, line by line, each with its place: ``Transcript``; and two readings of it beside each other.

The bounds stand in the JSON Schema alone: they let a weak model end, and never refuse what an engine has read.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from extraction.schemas.geometry import Box


class TextLine(BaseModel):
    """One line of text."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(description="its characters, as they are printed", json_schema_extra={"maxLength": 1000})
    box: Box = Field(description="where it is")


class Transcript(BaseModel):
    """The text of a page."""

    model_config = ConfigDict(extra="forbid")

    lines: list[TextLine] = Field(
        description="every line of text, in reading order", json_schema_extra={"maxItems": 2000}
    )

    @property
    def text(self) -> str:
        """The lines, each on its own."""
        return "\n".join(line.text for line in self.lines)


class ComparedLine(BaseModel):
    """One line as a model and an OCR engine read it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(description="the model's reading where there is one, else the engine's")
    box: Box | None = Field(description="where the engine found it, in pixels; null where it found nothing like it")
    model: str | None = Field(description="what the model read")
    engine: str | None = Field(description="what the engine read")
    agreement: float = Field(ge=0, le=1, description="how alike the two are, blanks apart; 0 where one read nothing")

    @property
    def agrees(self) -> bool:
        """Whether both read the same characters, blanks apart."""
        return self.agreement == 1


class ComparedTranscript(BaseModel):
    """The text of a page as a model and an OCR engine read it, in the engine's reading order."""

    model_config = ConfigDict(extra="forbid")

    lines: list[ComparedLine]

    @property
    def text(self) -> str:
        """The lines, each on its own."""
        return "\n".join(line.text for line in self.lines)

    @property
    def disagreements(self) -> list[ComparedLine]:
        """The lines that were read differently, or by one of the two only."""
        return [line for line in self.lines if not line.agrees]
