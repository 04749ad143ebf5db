from __future__ import annotations

import copy
import enum
import pickle
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import Generation
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from extraction.conventions import RELATIVE_1000
from extraction.endings import finish_reason
from extraction.errors import (
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.parsing import GroundedOutputParser
from tests.extraction.answers import fails, parse


class Receipt(BaseModel):
    total: Decimal
    on: date | None = None
    lines: list[str] = []


# --- how the model stopped -------------------------------------------------------------------------------------------


class Reason(enum.Enum):
    MAX_TOKENS = 2
    STOP = 1


class TextReason(enum.StrEnum):
    LENGTH = "length"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"finish_reason": "length", "stop_reason": "max_tokens"}, "length"),  # ours
        ({"finish_reason": "length"}, "length"),  # OpenAI, vLLM
        ({"finish_reason": "length", "stop_reason": None}, "length"),  # vLLM
        ({"stop_reason": "max_tokens"}, "max_tokens"),  # Anthropic
        ({"stop_reason": "model_context_window_exceeded"}, "model_context_window_exceeded"),
        ({"finish_reason": "MAX_TOKENS"}, "max_tokens"),  # Gemini
        ({"finish_reason": Reason.MAX_TOKENS}, "max_tokens"),
        ({"finish_reason": TextReason.LENGTH}, "length"),
        ({"finish_reason": "FinishReason.MAX_TOKENS"}, "finishreason.max_tokens"),
        ({"finish_reason": "MAX_TOKENSMAX_TOKENS"}, "max_tokensmax_tokens"),  # joined chunks of a stream
        ({"done_reason": "length", "done": True}, "length"),  # Ollama
        ({"status": "incomplete"}, "incomplete"),  # OpenAI's Responses
        ({"finish_reason": "model_length"}, "model_length"),  # Mistral
        ({"stopReason": "max_tokens"}, "max_tokens"),  # Bedrock
    ],
)
def test_an_answer_that_its_model_calls_cut_is_refused_even_if_it_looks_whole(
    metadata: dict[str, Any], reason: str
) -> None:
    error = fails(TruncatedOutputError, Receipt, '{"total": 12}', metadata)
    assert (error.finish_reason, error.partial) == (reason, {"total": 12})
    assert (
        str(error) == f"the answer was cut off (finish_reason {reason!r}) (raise max_tokens, or ask for less at once)"
    )
    assert fails(TruncatedOutputError, int, "4", metadata).partial is None  # of 42


@pytest.mark.parametrize("reason", ["cancelled", "content_filter", "SAFETY", "RECITATION", "refusal", "abort"])
def test_an_answer_that_was_stopped_from_outside_is_refused(reason: str) -> None:
    error = fails(TruncatedOutputError, Receipt, '{"total": 12}', {"finish_reason": reason})
    assert str(error) == f"the answer was stopped (finish_reason {reason.lower()!r})"


@pytest.mark.parametrize(
    "metadata",
    [
        {"finish_reason": "stop"},
        {"finish_reason": "tool_calls"},
        {"finish_reason": "STOP"},
        {"finish_reason": "STOPSTOP"},
        {"finish_reason": Reason.STOP},
        {"stop_reason": "end_turn"},
        {"stop_reason": "tool_use"},
        {"done_reason": "stop"},
        {"status": "completed"},
        {"finish_reason": None, "stop_reason": 151645},
        {"finish_reason": ""},
        {"finish_reason": 1},
        {},
    ],
)
def test_an_answer_that_came_to_its_end_is_read(metadata: dict[str, Any]) -> None:
    assert parse(Receipt, '{"total": 12}', metadata).total == 12


def test_finish_reason() -> None:
    assert finish_reason({"finish_reason": None, "stop_reason": "End_Turn"}) == "end_turn"
    assert finish_reason({"status": 200}) is None


# --- messages --------------------------------------------------------------------------------------------------------

TOTAL = '{"total": 12}'


def call(args: Any, name: str = "Receipt") -> Any:
    return {"name": name, "args": args, "id": "1"}


@pytest.mark.parametrize(
    "message",
    [
        AIMessage(TOTAL),
        AIMessage([{"type": "text", "text": TOTAL}]),
        AIMessage([{"type": "text", "text": TOTAL[:5]}, {"type": "text", "text": TOTAL[5:]}]),
        AIMessage([{"type": "reasoning", "reasoning": '{"total": 3}'}, {"type": "text", "text": TOTAL}]),
        AIMessage([{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": TOTAL}]),
        AIMessage("", tool_calls=[call({"total": 12})]),
        AIMessage("I call the tool.", tool_calls=[call({"total": 12})]),
        AIMessage("", tool_calls=[call({"query": "?"}, "search"), call({"total": 12})]),
        AIMessageChunk(content=TOTAL),
        AIMessageChunk(content="", tool_call_chunks=[{"name": "Receipt", "args": TOTAL, "id": "1", "index": 0}]),
    ],
)
def test_messages(message: AIMessage) -> None:
    parser = GroundedOutputParser(target=Receipt)
    assert parser.parse_message(message).value.total == 12
    assert parser.invoke(message).total == 12


def test_a_cut_tool_call_of_a_stream_is_not_mended() -> None:
    chunk = AIMessageChunk(
        content="", tool_call_chunks=[{"name": "Receipt", "args": '{"total": 12', "id": "1", "index": 0}]
    )
    assert chunk.tool_calls[0]["args"] == {"total": 12}  # LangChain's own reading of 1234.56
    with pytest.raises(TruncatedOutputError):
        GroundedOutputParser(target=Receipt).parse_message(chunk)


def test_an_unreadable_tool_call_keeps_its_text() -> None:
    broken: Any = {"name": "Receipt", "args": "{total: 1}", "id": "1", "error": "no JSON", "type": "invalid_tool_call"}
    with pytest.raises(UnreadableOutputError) as caught:
        GroundedOutputParser(target=Receipt).parse_message(AIMessage("", invalid_tool_calls=[broken]))
    assert caught.value.llm_output == "{total: 1}"


def test_a_refusal_is_told() -> None:
    message = AIMessage("", additional_kwargs={"refusal": "I cannot look at people."})
    with pytest.raises(UnreadableOutputError, match="the model refused: I cannot look at people"):
        GroundedOutputParser(target=Receipt).parse_message(message)


def test_a_generation_of_a_plain_language_model() -> None:
    parser = GroundedOutputParser(target=Receipt)
    assert parser.parse_result([Generation(text=TOTAL)]).total == 12
    with pytest.raises(TruncatedOutputError):
        parser.parse_result([Generation(text=TOTAL, generation_info={"finish_reason": "length"})])


async def test_the_parser_is_a_runnable() -> None:
    parser: GroundedOutputParser[Receipt] = GroundedOutputParser(target=Receipt)
    chain: Any = RunnableLambda(AIMessage) | parser
    assert (await chain.ainvoke(TOTAL)).total == 12
    results = chain.batch([TOTAL, "no"], return_exceptions=True)
    assert (results[0].total, type(results[1])) == (12, UnreadableOutputError)
    assert parser.OutputType is Receipt
    assert chain.get_output_jsonschema()["title"] == "Receipt"
    assert GroundedOutputParser(target={"type": "object"}).OutputType is Any
    assert parser.get_format_instructions().startswith('Answer with JSON in this form:\n{\n  "total": float')


def test_parsers_can_be_copied() -> None:
    parser = GroundedOutputParser(target=Receipt, convention=RELATIVE_1000, size=(1, 2))
    parser.parse(TOTAL)
    for twin in (copy.deepcopy(parser), pickle.loads(pickle.dumps(parser)), parser.model_copy()):
        assert (twin.parse(TOTAL).total, twin.convention, twin.size) == (12, RELATIVE_1000, (1, 2))
