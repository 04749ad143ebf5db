"""A backend that answers by rules instead of a model: competent enough for every test of LangChain's standard suite.

It stands where a checkpoint stands, behind the same engine, messages and parsers; what it proves is that everything
around the model is right.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from extraction.frames import Frame
from extraction.jobs import Answer, FinishReason, Job, ModelInfo, Request
from extraction.planning import PicturePlan
from extraction.tools import ToolDialect

PIECE = 5
"""Characters of a streamed piece."""


class ScriptedBackend:
    """Answers with what stands in the question.

    Attributes:
        batches: How many jobs each batch had.
        delay: Seconds that a batch takes.
    """

    def __init__(self, *, delay: float = 0.0) -> None:
        self.batches: list[int] = []
        self.delay = delay
        self.closed = False

    def info(self) -> ModelInfo:
        return ModelInfo(model_type="qwen3_vl", max_positions=8192)

    def dialect(self) -> ToolDialect:
        return ToolDialect(native=True, gap="\n")

    def count_tokens(self, request: Request) -> int:
        words = sum(len(turn.text.split()) + 256 * len(turn.pictures) for turn in request.turns)
        return words + len(json.dumps(list(request.tools)).split())

    def token_ids(self, text: str) -> list[int]:
        return [len(word) for word in text.split()]

    def plan(self, request: Request) -> PicturePlan:
        frames = tuple(Frame(picture.size, picture.size) for turn in request.turns for picture in turn.pictures)
        prompt, answer = self.count_tokens(request), request.max_tokens
        return PicturePlan(frames, 256 * len(frames), prompt, answer, 8192, None, None, None)

    def close(self) -> None:
        self.closed = True

    def run(self, jobs: Sequence[Job]) -> None:
        self.batches.append(len(jobs))
        time.sleep(self.delay)
        for job in jobs:
            self._answer(job)

    def _answer(self, job: Job) -> None:
        text = write(job.request)
        reason: FinishReason = "stop"
        for stop in job.request.stop:
            text = text.partition(stop)[0]
        for start in range(0, len(text), PIECE):
            if job.cancelled:
                reason = "cancelled"
                break
            job.tell(text[: start + PIECE])
        pictures = [picture for turn in job.request.turns for picture in turn.pictures]
        answer = Answer(
            text=text,
            finish_reason=reason,
            input_tokens=self.count_tokens(job.request),
            image_tokens=256 * len(pictures),
            output_tokens=max(1, len(text) // 4),
            frames=tuple(Frame(picture.size, picture.size) for picture in pictures),
        )
        job.resolve(answer)


def write(request: Request) -> str:
    """The answer to a request: a call where one is forced or fits, a document where one is wanted, else a sentence."""
    question = next((turn.text for turn in reversed(request.turns) if turn.role == "user"), "")
    constraint = request.constraint
    if constraint is not None and constraint.schema is not None:
        return _dumps(_value(json.loads(constraint.schema), question))
    tools = {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in request.tools}
    if constraint is not None:
        name, schema = constraint.tools[0]
        return _call(name, _value(json.loads(schema), question))
    fitting = next((name for name in tools if set(name.split("_")[1:]) & set(question.lower().split())), None)
    if fitting is not None and request.turns[-1].role == "user":
        return _call(fitting, _value(tools[fitting], question))
    return "Hello, this is a local model speaking."


def _call(name: str, arguments: Any) -> str:
    return f"<tool_call>\n{_dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _value(schema: Mapping[str, Any], question: str, depth: int = 0) -> Any:
    """A value of a schema, taken from the question where it can be: its last number, its quoted text."""
    if depth > 6 or "$ref" in schema:
        return {}
    for key in ("const", "enum", "anyOf", "oneOf", "allOf"):
        if key in schema:
            found = schema[key]
            return found if key == "const" else found[0] if key == "enum" else _value(found[0], question, depth + 1)
    numbers, quoted = re.findall(r"-?\d+", question), re.search(r"'([^']+)'", question)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: _value(one, question, depth + 1) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [_value(schema.get("items", {"type": "string"}), question, depth + 1)]
    simple = {
        "integer": int(numbers[-1]) if numbers else 0,
        "number": 1.5,
        "boolean": True,
        "null": None,
        "string": quoted.group(1) if quoted else "pirate cats",
    }
    return simple[kind]
