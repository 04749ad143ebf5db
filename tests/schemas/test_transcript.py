from __future__ import annotations

import pytest
from pydantic import ValidationError

from extraction.conventions import RELATIVE_1000
from extraction.prompts import schema_text
from extraction.schemas import Box, ComparedLine, ComparedTranscript, Transcript, json_schema_of, load_schema

BOX = Box.from_xyxy(1, 2, 3, 4)


def test_a_transcript_is_lines_with_boxes() -> None:
    read = Transcript.model_validate(
        {"lines": [{"text": "a b", "box": [1, 2, 3, 4]}, {"text": "c", "box": [0, 0, 1, 1]}]}
    )
    assert read.text == "a b\nc"
    assert read.lines[0].box == BOX
    assert load_schema("transcript") is Transcript
    with pytest.raises(ValidationError):
        Transcript.model_validate({"lines": [{"text": "a"}]})


def test_a_model_is_told_what_the_lines_are() -> None:
    told = schema_text(json_schema_of(Transcript), RELATIVE_1000)
    assert "every line of text, in reading order" in told
    assert "its characters, as they are printed" in told


def test_two_readings_disagree_where_they_are_not_equal() -> None:
    same = ComparedLine(text="a", box=BOX, model="a", engine="a", agreement=1)
    other = ComparedLine(text="b", box=None, model="b", engine=None, agreement=0)
    read = ComparedTranscript(lines=[same, other])
    assert (read.text, read.disagreements) == ("a\nb", [other])
    with pytest.raises(ValidationError):
        ComparedLine(text="a", box=BOX, model="a", engine="a", agreement=1.5)
