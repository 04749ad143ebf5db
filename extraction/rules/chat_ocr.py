"""``ChatOCR``: words, rules and layout in the place of a model, as a LangChain chat model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, get_args

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, field_validator, model_validator

from extraction import __version__
from extraction.content import read_messages
from extraction.endings import PROVIDER
from extraction.families import Family
from extraction.ocr.engines import EngineName
from extraction.ocr.reading import read_words
from extraction.rules.answering import MODEL_NAME, answer
from extraction.rules.asking import RULES_FAMILY, make_task, rule_options
from extraction.structured import structured_model
from extraction.tools import ToolChoice, ToolLike, openai_tool, tool_choice_of


class ChatOCR(BaseChatModel):
    """A chat model without a model: it fills a schema with what an OCR engine reads, by rules and layout.

    Nothing is generated. Each value stands on the page, where ``response_metadata["sources"]`` says; what is not found is
    null, and where the schema forbids null the parsers raise and name the fields. It goes wherever a chat model goes:

        extract(ChatOCR(), "receipt.png", Receipt)
        extraction_chain(ChatOCR(), Receipt).batch(paths)

    A field is found by its name, title and description, by what documents call such things (in seven languages), by its
    type, and by where values stand: beside and below labels, in tables, at the top. Without a schema the answer is the
    text of the pages, whatever is asked. Instructions, examples and questions are not read.

    Attributes:
        engine: What reads: "rapidocr", "tesseract", or an engine of one's own (see ``read_words``); by default what is
            installed, for pages without a text layer.
        allow_urls: Whether ``http(s)`` pictures in messages may be fetched.
        streaming: Whether ``invoke`` streams inside, for callbacks that listen; an answer is one chunk.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    reads_words: ClassVar[bool] = True
    """Whether it is better served with a picture that knows its words than with the pixels alone."""

    engine: Any = None
    allow_urls: bool = False
    streaming: bool = False

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, engine: Any) -> Any:
        if engine is not None and not callable(engine) and engine not in get_args(EngineName):
            known = ", ".join(get_args(EngineName))
            raise ValueError(f"there is no OCR engine {engine!r} (known are {known}; else give a function)")
        return engine

    @model_validator(mode="after")
    def _set_extraction_version(self) -> Self:
        self._add_version("langchain-extraction", __version__)
        return self

    @property
    def family(self) -> Family:
        """How it writes boxes: in pixels of the picture."""
        return RULES_FAMILY

    @property
    def _llm_type(self) -> str:
        return "chat-ocr"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"engine": self.engine if isinstance(self.engine, str) else repr(self.engine), "version": __version__}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = PROVIDER
        params["ls_model_name"] = kwargs.get("model", MODEL_NAME)
        return params

    def _resolve_model_profile(self) -> ModelProfile:
        return {
            "name": "ocr: rules over the words of an OCR engine",
            "open_weights": True,
            "text_inputs": False,
            "image_inputs": True,
            "image_url_inputs": self.allow_urls,
            "pdf_inputs": True,
            "audio_inputs": False,
            "video_inputs": False,
            "text_outputs": True,
            "image_outputs": False,
            "audio_outputs": False,
            "video_outputs": False,
            "reasoning_output": False,
            "tool_calling": True,
            "tool_choice": True,
            "structured_output": True,
            "temperature": False,
        }

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message = self._answer(messages, {name: value for name, value in kwargs.items() if name != "stream"})
        told = message.model_dump(exclude={"type"})
        chunk = AIMessageChunk(**told, chunk_position="last")
        yield ChatGenerationChunk(message=chunk)

    def _answer(self, messages: Sequence[BaseMessage], given: Mapping[str, Any]) -> AIMessage:
        options = rule_options(given)
        task = make_task(read_messages(messages, allow_urls=self.allow_urls), options)
        return answer(task, [read_words(page, engine=self.engine) for page in task.pages])

    def bind_tools(
        self,
        tools: Sequence[ToolLike | Callable[..., Any]],
        *,
        tool_choice: ToolChoice = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """This model with a tool whose arguments it fills from the page.

        Args:
            tools: Functions, LangChain tools, Pydantic classes, or dicts in OpenAI's or Anthropic's format.
            tool_choice: A tool's name, or "any" where there is one tool: it is called. Rules do not decide when to call
                a tool: with "auto", "none" and None the answer is the text of the page.
            strict: Accepted for compatibility.
            kwargs: Options to bind along.

        Raises:
            OptionError: Something is no tool, or the choice names none of them.
        """
        del strict  # LangChain's suites and agents give it
        formatted = [openai_tool(tool) for tool in tools]
        choice = tool_choice_of(tool_choice, [tool["function"]["name"] for tool in formatted])
        bound: dict[str, Any] = {"tools": formatted} if formatted else {}
        return self.bind(**bound, **({} if choice is None else {"tool_choice": choice}), **kwargs)

    def with_structured_output(
        self,
        schema: Any,
        *,
        method: Literal["json_schema", "function_calling", "json_mode"] = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """This model with answers that are values of ``schema``; see ``ChatTransformers.with_structured_output``.

        Raises:
            OptionError: The method or an argument is unknown.
            SchemaError: The schema cannot be read.
        """
        return structured_model(self, schema, method=method, include_raw=include_raw, strict=strict, extra=kwargs)
