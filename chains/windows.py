"""Some pages of a document and what they are asked: the prompt of a window, and its answer read."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.prompt_values import ChatPromptValue
from langchain_core.prompts import BasePromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnableSequence

from extraction.chains.extract import extraction_chain
from extraction.chains.models import ChatModel, is_local
from extraction.chains.page_words import showing
from extraction.chains.pictures import data_uri, is_picture, with_pictures
from extraction.chains.remote import inner_models, reads_words
from extraction.documents.paging import Shown
from extraction.documents.result import Window
from extraction.errors import (
    ContextLengthError,
    ExtractionError,
    GenerationCancelledError,
    GenerationError,
    ImageError,
    OutputError,
    TruncatedOutputError,
)
from extraction.pages.page import Page
from extraction.parsing import GroundedOutputParser
from extraction.prompts import INSTRUCTION

PAGES: Final = (
    "{these} of a document{count}. Give what stands here and nothing else: null for what is not here, and in lists only "
    "what is here. Where the page's edge cuts an item, give the part of it that is here, with null for the rest."
)
"""What a model is told of a window, besides the instruction."""

_PLANNED: Final = ("model", "max_tokens", "min_pixels", "max_pixels")
_OF_ONE_WINDOW: Final = (ImageError, OutputError, GenerationError, GenerationCancelledError, ContextLengthError)


@dataclass(frozen=True, slots=True)
class Question:
    """A window that is to be asked.

    Attributes:
        shown: Its pages.
        instruction: What is asked; None for what the chain asks.
        count: How many pages the document has; None where that is not known, 0 where the model need not be told of pages.
        note: What the model is told besides; why it is asked again.
    """

    shown: Shown
    instruction: str | None = None
    count: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What is asked together.

    Attributes:
        asked: Whom.
        questions: Of windows their ``Question``, of values that are read again their pictures.
    """

    asked: Runnable[Any, Any]
    questions: list[Any]


@dataclass(frozen=True, slots=True)
class WindowChain:
    """A chain that is asked about windows.

    Attributes:
        asked: From a ``Question`` to a message.
        parser: Reads the message.
    """

    asked: Runnable[Question, AIMessage]
    parser: GroundedOutputParser[Any]

    def window(self, shown: Shown, answer: Any) -> Window:
        """What was read in a window.

        Args:
            shown: Its pages.
            answer: The message, or the error that stands for it.

        Raises:
            ExtractionError: An error that would come again with every window.
        """
        if isinstance(answer, Exception):
            if isinstance(answer, ExtractionError) and not isinstance(answer, _OF_ONE_WINDOW):
                raise answer
            return Window(shown.numbers, error=_released(answer))
        if isinstance(answer, BaseException):
            raise answer  # an interruption that LangChain has taken for one more failed call
        try:
            parsed = self.parser.parse_message(answer)
        except OutputError as error:
            partial = error.partial if isinstance(error, TruncatedOutputError) else None
            return Window(shown.numbers, partial, _released(error), raw=answer)
        return Window(shown.numbers, parsed.data, raw=answer, confidence=parsed.confidence, notes=tuple(parsed.notes))


def window_chain(
    model: ChatModel, schema: Any, *, instruction: str | None = None, options: Mapping[str, Any]
) -> WindowChain:
    """The chain that is asked about windows.

    Args:
        model: The chat model.
        schema: What an answer must be.
        instruction: What to look for, where a question does not say.
        options: Further arguments of ``extraction_chain``.

    Raises:
        SchemaError: The schema cannot be read.
        OptionError: An option is out of range.
    """
    chain = cast("RunnableSequence[Any, Any]", extraction_chain(model, schema, instruction=instruction, **options))
    steps = chain.steps
    end = next(index for index, step in enumerate(steps) if isinstance(step, BasePromptTemplate)) + 1
    prompt: Runnable[Any, Any] = RunnableSequence(*steps[:end])

    knows_words = reads_words(model)

    def show(question: Question) -> ChatPromptValue:
        first, *others = question.shown.pages
        asked = {"image": first.picture, "instruction": instruction_of(question, instruction)}
        with showing(first):
            *before, last = prompt.invoke(asked).to_messages()
        last = _with_pictures(last, others)
        pictures = [page.picture for page in question.shown.pages]
        return ChatPromptValue(messages=[*before, with_pictures(last, pictures) if knows_words else last])

    asked: Runnable[Question, AIMessage] = RunnableSequence(RunnableLambda(show, name="show_pages"), *steps[end:-1])
    return WindowChain(asked, cast("GroundedOutputParser[Any]", steps[-1]))


def instruction_of(question: Question, instruction: str | None = None) -> str | None:
    """What a model is asked about a window; None for what a chain asks by itself.

    Args:
        question: The window.
        instruction: What is asked about every window.
    """
    wanted = question.instruction or instruction
    if question.count == 0 and question.note is None:
        return wanted
    numbers = question.shown.numbers
    these = f"This is page {numbers[0]}" if len(numbers) == 1 else f"These are the pages {', '.join(map(str, numbers))}"
    count = f" of {question.count} pages" if question.count else ""
    told = [
        wanted or INSTRUCTION,
        PAGES.format(these=these, count=count) if question.count != 0 else None,
        question.note,
    ]
    return "\n".join(one for one in told if one)


def _with_pictures(message: BaseMessage, pages: Sequence[Page]) -> BaseMessage:
    """A message with more pages behind its picture."""
    if not pages:
        return message
    content = list(message.content)
    at = next(index for index, block in enumerate(content) if is_picture(block))
    more = [{"type": "image_url", "image_url": {"url": data_uri(page.picture)}} for page in pages]
    return message.model_copy(update={"content": [*content[: at + 1], *more, *content[at + 1 :]]})


def _released(error: Exception) -> Exception:
    """The error without the pictures that the frames of its traceback would keep."""
    waiting: list[BaseException | None] = [error]
    passed: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in passed:
            passed.add(id(one))
            traceback.clear_frames(one.__traceback__)
            waiting += [one.__cause__, one.__context__]
    return error


def fitting_pages(model: ChatModel, page: Page, schema: Any) -> int:
    """How many pages like this one fit the context of a local model beside an answer; 1 where that cannot be known.

    Args:
        model: The chat model.
        page: A page.
        schema: What an answer must be.
    """
    first = inner_models(model)[0]
    if not is_local(model) or not hasattr(first.model, "plan"):
        return 1
    options = {name: value for name, value in first.options.items() if name in _PLANNED}
    plan = first.model.plan(page.picture, schema=schema, **options)
    if plan.context is None or not plan.image_tokens:
        return 1
    room = plan.context - plan.answer_tokens - (plan.prompt_tokens - plan.image_tokens)
    return max(1, int(room // plan.image_tokens))
