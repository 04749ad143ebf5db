"""Asking again: the error and the model's own answer go back to the model, together with the picture."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict

from extraction.chains.reporting import prompt_messages
from extraction.errors import OutputError
from extraction.parsing import GroundedOutputParser

REPAIR = (
    "That answer cannot be used: {error}\nLook at the picture again and answer once more, with the whole JSON only."
)


class Repairing(RunnableSerializable[LanguageModelInput, AIMessage]):
    """A chat model whose answer is asked for again while it does not parse.

    The conversation stays whole: LangChain's own retry parsers turn the prompt into text and lose the picture.

    Attributes:
        model: The chat model as it is asked.
        parser: Tells whether an answer is good.
        attempts: How many times to ask again at most; the last answer is given out, good or not.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any
    parser: GroundedOutputParser[Any]
    attempts: int

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """The first answer that parses, or the last one."""
        messages = prompt_messages(input)
        answer: AIMessage = self.model.invoke(messages, config, **kwargs)
        for _ in range(self.attempts):
            if (error := self._error(answer)) is None:
                break
            messages = self._with_error(messages, error, answer)
            answer = self.model.invoke(messages, config, **kwargs)
        return answer

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """The same, awaited."""
        messages = prompt_messages(input)
        answer: AIMessage = await self.model.ainvoke(messages, config, **kwargs)
        for _ in range(self.attempts):
            if (error := self._error(answer)) is None:
                break
            messages = self._with_error(messages, error, answer)
            answer = await self.model.ainvoke(messages, config, **kwargs)
        return answer

    def _error(self, answer: AIMessage) -> OutputError | None:
        try:
            self.parser.parse_message(answer)
        except OutputError as error:
            return error
        return None

    def _with_error(self, messages: list[BaseMessage], error: OutputError, answer: AIMessage) -> list[BaseMessage]:
        wrong = [AIMessage(error.llm_output)] if error.llm_output and error.llm_output.strip() else []
        problem = self.parser.told_to_model(error, answer.response_metadata)
        return [*messages, *wrong, HumanMessage(REPAIR.format(error=problem))]
