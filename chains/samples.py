"""Asking several times: beside the answer, some more are drawn, and the answer tells how far they agree with it."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, RunnableParallel, RunnableSerializable
from pydantic import ConfigDict

from extraction.agreement import agreement
from extraction.errors import OutputError
from extraction.parsing import GroundedOutputParser
from extraction.schemas import json_schema_of


class Sampled(RunnableSerializable[LanguageModelInput, AIMessage]):
    """A chat model that is asked several times at once; its answer tells in how many samples each part stands again.

    ``response_metadata["agreement"]`` maps JSON pointers into the parsed value to shares (see ``agreement``). The
    answer itself is what the model says without the samples. One that does not parse carries no agreement, and a
    sample that does not parse agrees with nothing.

    Attributes:
        model: The chat model as it is asked.
        drawn: The same as it is asked for each sample.
        parser: Makes values of answers.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any
    drawn: list[Any]
    parser: GroundedOutputParser[Any]

    @property
    def _together(self) -> RunnableParallel[LanguageModelInput]:
        return RunnableParallel({"answer": self.model, **{str(index): one for index, one in enumerate(self.drawn)}})

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """The model's answer, with the agreement."""
        return self._judged(self._together.invoke(input, self._at_once(config), **kwargs))

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """The same, awaited."""
        return self._judged(await self._together.ainvoke(input, self._at_once(config), **kwargs))

    def _at_once(self, config: RunnableConfig | None) -> RunnableConfig:
        """The configuration, by which all run together unless it says otherwise: a local model makes batches of them."""
        return {"max_concurrency": len(self.drawn) + 1, **(config or {})}

    def _judged(self, answers: dict[str, Any]) -> AIMessage:
        answer: AIMessage = answers.pop("answer")
        try:
            parsed = self.parser.parse_message(answer)
        except OutputError:
            return answer  # whoever reads it next meets the same error
        schema = json_schema_of(self.parser.target)
        found = agreement(parsed.data, [self._data(sample) for sample in answers.values()], schema, _size(answer))
        return answer.model_copy(update={"response_metadata": answer.response_metadata | {"agreement": found}})

    def _data(self, sample: AIMessage) -> Any:
        try:
            return self.parser.parse_message(sample).data
        except OutputError:
            return None


def _size(answer: AIMessage) -> tuple[int, int] | None:
    """(width, height) of the picture that an answer is about, where the message tells it."""
    frames = (answer.response_metadata.get("boxes") or {}).get("frames") or [None]
    original = (frames[-1] or {}).get("original")
    return tuple(original) if original else None
