"""What is known of an answer once it is parsed: its value, what was mended in it, how sure the model was."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from typing_extensions import TypeVar

from extraction.confidence import Confidence
from extraction.frames import BoxNote, Frame

T = TypeVar("T", default=Any)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """A parsed answer: the value, its JSON form (boxes in pixels), what had to be mended, how sure the model was.

    ``text`` is the document as the model wrote it; None where there is none as a whole. ``cut`` says that this is only what is
    complete of it.
    """

    value: T
    data: Any
    notes: list[BoxNote] = field(default_factory=list)
    text: str | None = None
    confidence: Confidence | None = None
    cut: bool = False


def confidence_in(metadata: Mapping[str, Any]) -> Confidence | None:
    """What a message of ours tells of its document, or of its one tool call."""
    told = metadata.get("confidence")
    if isinstance(told, Mapping) and len(told.get("calls", ())) == 1:
        told = told["calls"][0]
    return Confidence.from_json(told) if isinstance(told, Mapping) and "leaves" in told else None


def frame_in(
    metadata: Mapping[str, Any], size: tuple[int, int] | None, model_size: tuple[int, int] | None
) -> Frame | None:
    """The frame that a message tells of the picture that its answer is about; None where nothing is known of it.

    Args:
        metadata: What came with the message.
        size: (width, height) of the picture, where it is known; else it is the last one of the prompt, after examples.
        model_size: (width, height) at which the model saw all of it, where that is known.
    """
    frames = [Frame.from_json(one or {}) for one in (metadata.get("boxes") or {}).get("frames") or []]
    if size is None:
        frame = frames[-1] if frames else None
    else:
        same = [one for one in frames if one is not None and one.original == size]
        frame = same[-1] if same else Frame(size)
    return frame if frame is None or model_size is None else Frame(frame.original, model_size)


def told(parsed: Parsed[T]) -> T:
    """The value; that it was cut, what had to be mended, and what the grammar forced on the model, is logged as warnings."""
    if parsed.cut:
        _log.warning("the answer was cut; what is complete of it was kept")
    for note in parsed.notes:
        _log.warning("box %s %s: %s", note.pointer or "(root)", list(note.numbers), note.problem)
    conflicts = parsed.confidence.conflicts if parsed.confidence else ()
    for where, problem in dict.fromkeys((conflict.pointer or "(root)", conflict.problem) for conflict in conflicts):
        _log.warning("%s: the model %s, and the grammar did not let it", where, problem)
    return parsed.value
