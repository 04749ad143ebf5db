"""Answers for the parser, and the metadata that comes with them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from extraction.conventions import RELATIVE_1000
from extraction.errors import OutputError
from extraction.parsing import GroundedOutputParser


def boxes(*frames: Any, convention: Any = RELATIVE_1000) -> dict[str, Any]:
    """What a message of ours carries; a frame is an original size, or a pair of an original and a model's size."""
    told = [
        {"original": None, "model": None} if frame is None
        else {"original": list(frame), "model": None} if isinstance(frame[0], int)
        else {"original": list(frame[0]), "model": list(frame[1])}
        for frame in frames
    ]  # fmt: skip
    known = None if convention is None else dataclasses.asdict(convention)
    return {"boxes": {"family": "any", "convention": known, "frames": told}}


def parse(target: Any, answer: Any, metadata: dict[str, Any] | None = None, **options: Any) -> Any:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return GroundedOutputParser(target=target, **options).parse_text(text, boxes((640, 480)) | (metadata or {})).value


def fails(kind: type[OutputError], target: Any, answer: Any, metadata: dict[str, Any] | None = None) -> OutputError:
    with pytest.raises(OutputError) as caught:
        parse(target, answer, metadata)
    assert type(caught.value) is kind
    return caught.value
