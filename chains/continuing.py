"""Going on with an answer that was cut: with a larger budget, from the token where it broke off."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict

from extraction.endings import truncation
from extraction.errors import OptionError

OnTruncation = Literal["raise", "salvage", "continue"]
"""What becomes of an answer that the budget cut: an error, what is complete of it, or the rest with a larger budget."""

ATTEMPTS: Final = 3
"""How often a cut answer is gone on with, each time with a budget twice as large."""


def reading(on_truncation: OnTruncation) -> Literal["raise", "salvage"]:
    """What a parser makes of an answer that is still cut when it gets it.

    Raises:
        OptionError: There is no such way.
    """
    if on_truncation not in get_args(OnTruncation):
        raise OptionError(f"on_truncation={on_truncation!r} is not one of {', '.join(get_args(OnTruncation))}")
    return "salvage" if on_truncation == "salvage" else "raise"


def continued(model: Any, on_truncation: OnTruncation) -> Any:
    """The model, whose cut answers are gone on with where that is wanted."""
    return Continuing(model=model) if on_truncation == "continue" else model


class Continuing(RunnableSerializable[LanguageModelInput, AIMessage]):
    """A chat model whose cut answers are gone on with.

    The model reads what it has written in one pass and goes on; with a model that does not tell its tokens (a remote
    one) the cut answer is given out.

    Attributes:
        model: The chat model as it is asked.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:
        """The answer; whole, if a budget eight times as large is enough."""
        answer: AIMessage = self.model.invoke(input, config, **kwargs)
        for _ in range(ATTEMPTS):
            if (more := _more(answer)) is None:
                break
            answer = self.model.invoke(input, config, **(kwargs | more))
        return answer

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """The same, awaited."""
        answer: AIMessage = await self.model.ainvoke(input, config, **kwargs)
        for _ in range(ATTEMPTS):
            if (more := _more(answer)) is None:
                break
            answer = await self.model.ainvoke(input, config, **(kwargs | more))
        return answer


def _more(answer: AIMessage) -> dict[str, Any] | None:
    """The options that go on with an answer; None where there is nothing to go on with."""
    truncated = truncation(answer.response_metadata)
    if answer.response_metadata.get("finish_reason") != "length" or not truncated or truncated.get("capped"):
        return None
    begun = {name: truncated[name] for name in ("tokens", "trace") if name in truncated}
    return {"continue_from": begun, "max_tokens": 2 * truncated["budget"]}
