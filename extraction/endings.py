"""Why an answer ended, by the words of all sorts of chat models, and what is raised where it did not come to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from extraction.errors import SchemaMismatchError, TruncatedOutputError

PROVIDER: Final = "extraction"
"""``model_provider`` of the messages of local models."""

BUDGET_ENDINGS: Final = ("length", "max_tokens", "max_output_tokens", "incomplete", "token_limit", "window_exceeded")
"""How chat models' words for "out of tokens" end, in lower case: ``length`` (OpenAI, vLLM, Ollama), ``model_length``
(Mistral), ``MAX_TOKENS`` (Gemini), ``max_tokens`` and ``model_context_window_exceeded`` (Anthropic), ``incomplete``
(OpenAI's Responses)."""

STOPPED_ENDINGS: Final = (
    *("cancelled", "canceled", "abort", "aborted", "error", "repetition", "refusal", "pause_turn"),
    *("content_filter", "content_filtered", "guardrail_intervened", "safety", "recitation", "prohibited_content"),
    *("blocklist", "spii"),
)
"""How their words for an answer that was stopped from outside end."""


def finish_reason(metadata: Mapping[str, Any]) -> str | None:
    """Why a model stopped, in lower case, under whichever key its metadata tells it."""
    for key in ("finish_reason", "stop_reason", "stopReason", "done_reason", "status"):
        value = metadata.get(key)
        if isinstance(value, Enum):
            value = value.value if isinstance(value.value, str) else value.name
        if isinstance(value, str) and value:
            return value.lower()
    return None


def ended_early(metadata: Mapping[str, Any]) -> bool:
    """Whether a message's metadata says that it did not come to its end."""
    # Some streams give the reason several times, which LangChain joins: "stoplength".
    return (finish_reason(metadata) or "").endswith(BUDGET_ENDINGS + STOPPED_ENDINGS)


def truncation(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a local model tells of where its answer was cut: ``written``, ``tokens``, ``budget``, ``capped``, ``invented``."""
    told = metadata.get("truncated")
    return told if isinstance(told, Mapping) and {"written", "tokens", "budget"} <= told.keys() else {}


def stop_hint(metadata: Mapping[str, Any]) -> str | None:
    """What to do about an answer that is no whole document, where a stop string ended it; None where none did."""
    stop = metadata.get("stop_sequence")  # Anthropic's key, and ours
    if not isinstance(stop, str) or not stop:
        return None
    return f"the stop string {stop!r} ended it, which the JSON itself can hold: leave it out of stop"


def check_ending(text: str, metadata: Mapping[str, Any], *, partial: Callable[[], Any] = lambda: None) -> None:
    """Returns when nothing in a message's metadata says that it did not come to its end.

    Args:
        text: The message's text.
        metadata: Its ``response_metadata``.
        partial: Gives what of the text is complete.

    Raises:
        TruncatedOutputError: The tokens were used up, or the answer was stopped from outside.
    """
    reason = finish_reason(metadata)
    if reason is None or not ended_early(metadata):
        return
    spent = reason.endswith(BUDGET_ENDINGS)
    hint = "raise max_tokens, or ask for less at once" if spent else None
    if reason.endswith("repetition"):
        hint = "the model repeats itself; if that is right, raise max_repeats"
    truncated = truncation(metadata)
    if truncated.get("capped"):
        hint = (
            "a list or a text came to the end that max_items or max_string gives it, or a value holds itself as often as "
            "max_depth lets it; raise them"
        )
    invented = tuple(truncated.get("invented") or ())
    told = f"; not written by the model: {', '.join(invented[:5])}{' ...' if invented[5:] else ''}" if invented else ""
    raise TruncatedOutputError(
        f"the answer was {'cut off' if spent else 'stopped'} (finish_reason {reason!r}){told}",
        llm_output=text,
        finish_reason=reason,
        partial=partial(),
        hint=hint,
        invented=invented,
    )


def check_missing(text: str, metadata: Mapping[str, Any]) -> None:
    """Returns when a message does not tell, in ``response_metadata["missing"]``, what its schema demands and a page does not say.

    Raises:
        SchemaMismatchError: It does.
    """
    missing = metadata.get("missing") or ()
    if missing:
        named = ", ".join(one.removeprefix("/").replace("/", ".") for one in missing if one)
        hint = "make these fields optional (X | None), so that what is not there can be null"
        if not named:
            named = "a value without a name"
            hint = "rules look for a value under the name of its field: ask for a class with fields"
        raise SchemaMismatchError(
            f"the schema demands what was not found on the page: {named}",
            llm_output=text,
            finish_reason=metadata.get("finish_reason"),
            hint=hint,
        )
