"""What can be set for one call, checked: the fields of ``ChatTransformers`` with whatever the call overrides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from extraction.bounds import MAX_DEPTH, MAX_ITEMS, MAX_STRING
from extraction.errors import OptionError
from extraction.sampling import Sampling
from extraction.trace import Trace

Positive = Annotated[int, Field(gt=0)]
Depth = Annotated[int, Field(gt=0, le=64)]
Temperature = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Seconds = Annotated[float, Field(gt=0)]


class Begun(BaseModel):
    """What ``response_metadata["truncated"]`` tells that a cut answer can be gone on with; what else it tells is passed over.

    Attributes:
        tokens: What the model wrote.
        trace: What it thought of that (``Trace.as_json``); without it the answer tells no confidence.
    """

    model_config = ConfigDict(frozen=True)

    tokens: list[int]
    trace: Any = None

    @field_validator("trace", mode="before")
    @classmethod
    def _read_trace(cls, told: Any) -> Trace | None:
        try:
            return told if told is None or isinstance(told, Trace) else Trace.from_json(told)
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
            raise ValueError(f"it is no trace: {error}") from error


class CallOptions(BaseModel):
    """The options of one call; see the fields of the same names in ``ChatTransformers``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    max_tokens: Positive
    max_repeats: Positive | None = None
    continue_from: list[int] | Begun | None = None
    """A cut answer of the same prompt, to go on from: ``response_metadata["truncated"]``, or only the ``tokens`` of it."""
    temperature: Temperature | None = None
    top_p: Share | None = None
    top_k: Positive | None = None
    min_p: Share | None = None
    seed: Seed | None = None
    stop: list[str] | None = None
    min_pixels: Positive | None = None
    max_pixels: Positive | None = None
    max_items: Positive = MAX_ITEMS
    max_string: Positive = MAX_STRING
    max_depth: Depth = MAX_DEPTH
    timeout: Seconds | None = None
    schema_in_prompt: bool | None = None
    follow_instructions: bool = True
    narrow_head: bool = False
    confidence: bool = True
    tools: list[dict[str, Any]] = []
    tool_choice: Any = None
    parallel_tool_calls: bool = False
    response_format: dict[str, Any] | None = None
    family: Any = None
    """How boxes are written in this call, or what of it changes, by the user's word (see ``FamilyLike``)."""
    pixel_boxes: bool = False
    """Whether boxes in the message itself are pixels of the original picture, for readers that know no conventions."""

    @property
    def sampling(self) -> Sampling:
        """How tokens are chosen."""
        return Sampling(self.temperature or 0.0, self.top_p, self.top_k, self.min_p, self.seed)

    @property
    def begun(self) -> Begun:
        """What is gone on with; no tokens for an answer from its beginning."""
        given = self.continue_from
        return given if isinstance(given, Begun) else Begun(tokens=given or [])

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings that are not empty."""
        return tuple(text for text in self.stop or () if text)

    @property
    def schema_format(self) -> tuple[dict[str, Any], bool] | None:
        """The JSON schema of ``response_format``, and whether it was given by the caller; None without a format.

        Raises:
            OptionError: The format is none of OpenAI's.
        """
        given = self.response_format
        kind = (given or {}).get("type")
        if given is None or kind == "text":
            return None
        if kind == "json_schema" and isinstance(given.get("json_schema", {}).get("schema"), dict):
            return given["json_schema"]["schema"], True
        if kind == "json_object":
            schema = given.get("schema")
            return (schema, True) if isinstance(schema, dict) else ({"type": "object"}, False)
        raise OptionError(
            f"response_format={given!r:.200} is not understood",
            hint='give {"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}, or use '
            "with_structured_output",
        )


SYNONYMS = {"max_new_tokens": "max_tokens", "model_name": "model", "stop_sequences": "stop"}
"""What transformers and LangChain also call some options."""


def call_options(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> CallOptions:
    """The options of one call.

    Args:
        defaults: The fields of the chat model.
        given: What was bound or given with the call.

    Raises:
        OptionError: An option is unknown or out of range; the message names it.
    """
    renamed = {SYNONYMS.get(name, name): value for name, value in given.items()}
    if isinstance(renamed.get("stop"), str):
        renamed["stop"] = [renamed["stop"]]
    if renamed.get("max_tokens", 1) is None:
        del renamed["max_tokens"]
    try:
        return CallOptions(**{**defaults, **renamed})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        known = ", ".join(sorted(CallOptions.model_fields))
        raise OptionError("; ".join(problems), hint=f"known options: {known}") from error
