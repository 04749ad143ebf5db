"""Visual reasoning: the model thinks in free text first, then commits itself to an answer in a schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from typing_extensions import TypeVar

from extraction.chains.continuing import OnTruncation, continued, reading
from extraction.chains.models import ChatModel, asked_for_json, box_convention, is_local, parser_convention
from extraction.chains.pictures import IMAGE_URL, picture_step
from extraction.errors import OptionError
from extraction.families import FamilyLike
from extraction.parsing import GroundedOutputParser
from extraction.prompts import SYSTEM, schema_text
from extraction.schemas import json_schema_of
from extraction.text_parsing import WholeTextParser

T = TypeVar("T", default=Any)

THINK = "{question}\nLook at the picture and think step by step. Do not give the final answer yet."
ANSWER = "Now give the answer."

THINKING_PROMPT = ChatPromptTemplate.from_messages([("human", [IMAGE_URL, {"type": "text", "text": THINK}])])
ANSWER_PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "{system}\n{form}"),
        ("human", [IMAGE_URL, {"type": "text", "text": THINK}]),
        ("ai", "{reasoning}"),
        ("human", ANSWER),
    ]
)


@dataclass(frozen=True, slots=True)
class Reasoned(Generic[T]):
    """An answer with the free text that led to it."""

    answer: T
    reasoning: str


def reasoning_chain(
    model: ChatModel,
    schema: type[T] | Any = str,
    *,
    question: str | None = None,
    on_truncation: OnTruncation = "raise",
    family: FamilyLike | None = None,
) -> Runnable[Any, Reasoned[T]]:
    """A Runnable from a picture and a question to a ``Reasoned`` answer.

    Its input is a picture, or ``{"image": ..., "instruction": the question}``.

    Args:
        model: Any LangChain chat model.
        schema: What the answer is; by default a text.
        question: What is asked of every picture that comes without a question of its own.
        on_truncation: What becomes of an answer that the budget cut, as for ``extraction_chain``; thinking that was cut is
            gone on with too ("continue"), and raises otherwise.
        family: What ``extraction_chain`` takes.

    Raises:
        OptionError: ``on_truncation`` is unknown; or when it runs: there is no question.
        TruncatedOutputError: When it runs: the thinking or the answer was cut off.
    """
    json_schema = json_schema_of(schema)

    def variables(own: str | None) -> dict[str, Any]:
        asked = own or question
        if not asked:
            raise OptionError("there is no question", hint="give {'image': ..., 'instruction': the question}")
        return {"question": asked}

    def with_form(values: dict[str, Any]) -> dict[str, Any]:
        return values | {"system": SYSTEM, "form": schema_text(json_schema, box_convention(model, family))}

    parser: GroundedOutputParser[Any] = GroundedOutputParser(
        target=schema, convention=parser_convention(model, family), on_truncation=reading(on_truncation)
    )
    asked = asked_for_json(model, json_schema, family)
    # A remote model thinks of the picture at the size that the answer will refer to.
    thinks = continued(model if is_local(model) else asked, on_truncation)
    asked = continued(asked, on_truncation)
    think = THINKING_PROMPT | thinks | WholeTextParser()
    answer = RunnableLambda(with_form) | ANSWER_PROMPT | asked | parser
    return (
        picture_step(variables)
        | RunnablePassthrough.assign(reasoning=think)
        | RunnablePassthrough.assign(answer=answer)
        | RunnableLambda(_reasoned)
    )


def _reasoned(values: dict[str, Any]) -> Reasoned[Any]:
    return Reasoned(answer=values["answer"], reasoning=values["reasoning"])
