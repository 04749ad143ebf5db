"""``ChatTransformers``: local vision-language models of transformers as a LangChain chat model."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Literal, overload

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, MessageLikeRepresentation
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_config_list

from extraction.answering import ChunkWriter, message_of
from extraction.asking import Plan, make_plan
from extraction.chat_fields import ChatFields
from extraction.content import Turn, read_messages
from extraction.engine import Engine, engine_for, unload
from extraction.errors import GenerationError
from extraction.families import Family, find_family, overridden
from extraction.images import ImageSource
from extraction.jobs import Answer, Job
from extraction.loading import ModelKey
from extraction.options import CallOptions, call_options
from extraction.planning import PicturePlan, planned_turns
from extraction.running import Running, announced, current_wave, in_thread
from extraction.schemas import json_schema_of
from extraction.structured import structured_model
from extraction.tools import ToolChoice, ToolLike, openai_tool, tool_choice_of


class ChatTransformers(ChatFields):
    """A vision-language model in this process, as a LangChain chat model.

    Any checkpoint that ``AutoModelForImageTextToText`` and ``AutoProcessor`` load, from the hub or a folder, and the
    small model that comes with the package. Nothing is loaded in the constructor; all models of the same name and
    loading options in a process share one engine, which answers concurrent calls in batches.

        llm = ChatTransformers(model="Qwen/Qwen2.5-VL-3B-Instruct", max_tokens=500)
        llm.invoke([HumanMessage([{"type": "image_url", "image_url": {"url": load_image("a.jpg").to_data_uri()}},
                                  {"type": "text", "text": "What is this?"}])])
        llm.with_structured_output(Receipt).batch(prompts)

    Options that it does not know raise, here and in calls. The sampling options, ``max_tokens``, ``stop``, ``model``,
    the pixel bounds, ``max_items``, ``max_string``, ``max_depth``, ``max_repeats``, ``confidence``, ``narrow_head``,
    ``schema_in_prompt``, ``follow_instructions``, ``family`` and ``timeout`` can be given per call.
    """

    # --- tokens and memory -------------------------------------------------------------------------------------------

    def get_token_ids(self, text: str) -> list[int]:
        """The model's tokens of a text, without special ones."""
        return self._engine(self.model).backend.token_ids(text)

    def get_num_tokens_from_messages(self, messages: Sequence[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Tokens of a prompt as the model gets it: template, pictures and tools included."""
        options = call_options(self._defaults, {"tools": [openai_tool(tool) for tool in tools or ()]})
        return self._engine(self.model).backend.count_tokens(self._plan(self._read(messages), options).request)

    def plan(
        self,
        prompt: ImageSource | PromptValue | Sequence[MessageLikeRepresentation],
        *,
        schema: Any = None,
        instruction: str | None = None,
        **kwargs: Any,
    ) -> PicturePlan:
        """What answering will take, before any weights are loaded: sizes, tokens, memory.

        Args:
            prompt: A picture, or whatever ``load_image`` takes, which is asked about as ``extract`` does it; or
                messages, in the forms that ``invoke`` takes them.
            schema: What ``with_structured_output`` takes; None for an answer in free text.
            instruction: What is asked about a picture; by default what ``extract`` asks.
            kwargs: Options of the call, such as ``max_tokens`` and ``max_pixels``.

        Raises:
            OptionError: An option is unknown, or the model cannot see a picture within the bounds.
            ImageError: The picture cannot be read.
            ModelLoadError: The configuration or the processor cannot be loaded.
        """
        wanted = {} if schema is None else {"json_schema": {"name": "answer", "schema": json_schema_of(schema)}}
        given = {"response_format": {"type": "json_schema", **wanted}} if wanted else {}
        options = call_options(self._defaults, {**given, **kwargs})
        turns = planned_turns(prompt, instruction, allow_urls=self.allow_urls)
        return self._engine(options.model).backend.plan(self._plan(turns, options).request)

    @property
    def family(self) -> Family:
        """The model's family, which says how it writes boxes; from its configuration, or as it was given.

        Raises:
            ModelLoadError: The configuration cannot be read.
        """
        return self._family_of(self._engine(self.model), self.model)

    def _family_of(self, engine: Engine, model: str) -> Family:
        return find_family(engine.backend.info().model_type, model, self.family_override)

    def unload(self) -> None:
        """Lets go of this model's weights, for every ``ChatTransformers`` that shares them."""
        unload(self.model)

    # --- answering ---------------------------------------------------------------------------------------------------

    def _engine(self, model: str) -> Engine:
        key = ModelKey(model, self.revision, self.device, self.dtype, self.trust_remote_code, self.prepack)
        return engine_for(key)

    @property
    def _defaults(self) -> dict[str, Any]:
        """The fields that a call can override."""
        names = ("model", "max_tokens", "max_repeats", "temperature", "top_p", "top_k", "min_p", "seed", "stop")
        more = (
            "min_pixels",
            "max_pixels",
            "max_items",
            "max_string",
            "max_depth",
            "timeout",
            "schema_in_prompt",
            "follow_instructions",
            "narrow_head",
            "confidence",
        )
        return {name: getattr(self, name) for name in (*names, *more)}

    def _read(self, messages: Sequence[BaseMessage]) -> list[Turn]:
        return read_messages(messages, allow_urls=self.allow_urls)

    def _plan(self, turns: Sequence[Turn], options: CallOptions) -> Plan:
        """What is to be asked, and how the answer is to be read."""
        engine = self._engine(options.model)
        own = self._family_of(engine, options.model)
        family = own if options.family is None else overridden(options.family, lambda: own)
        return make_plan(turns, options, dialect=engine.backend.dialect(), family=family)

    def _submit(
        self,
        messages: Sequence[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        on_text: Callable[[str], None] | None = None,
    ) -> Running:
        """A job on its way to the model."""
        wave = current_wave()
        try:
            given = {name: value for name, value in kwargs.items() if name != "stream"}
            options = call_options(self._defaults, {**given, **({} if stop is None else {"stop": stop})})
            plan = self._plan(self._read(messages), options)
            job = Job(
                plan.request,
                on_text=on_text,
                wave=wave,
                largest_batch=self.max_batch_size,
                prefix_cache_bytes=self.prefix_cache_bytes,
            )
            self._engine(options.model).submit(job)
        except BaseException:
            if wave is not None:
                wave.dropped()
            raise
        return Running(job, plan, options.timeout)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        retries = self.max_retries
        while True:
            running = self._submit(messages, stop, kwargs)
            try:
                return _result(running.wait(), running.plan)
            except GenerationError:
                if not retries:
                    raise
                retries -= 1

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        retries = self.max_retries
        while True:
            running = await in_thread(lambda: self._submit(messages, stop, kwargs))
            try:
                return _result(await running.wait_async(), running.plan)
            except GenerationError:
                if not retries:
                    raise
                retries -= 1

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        pieces: queue.Queue[str | None] = queue.Queue()
        running = self._submit(messages, stop, kwargs, pieces.put)
        running.job.future.add_done_callback(lambda _: pieces.put(None))
        writer = ChunkWriter(running.plan, running.job)
        try:
            while (piece := running.next_piece(pieces)) is not None:
                yield from writer.push(piece)
            yield from writer.finish(running.job.future.result())
        finally:
            running.job.cancel()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def put(piece: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        running = await in_thread(lambda: self._submit(messages, stop, kwargs, put))
        running.job.future.add_done_callback(lambda _: put(None))
        writer = ChunkWriter(running.plan, running.job)
        try:
            while (piece := await running.next_piece_async(pieces)) is not None:
                for chunk in writer.push(piece):
                    yield chunk
            for chunk in writer.finish(running.job.future.result()):
                yield chunk
        finally:
            running.job.cancel()

    # --- batches -----------------------------------------------------------------------------------------------------

    def batch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """The answers of many inputs, in order, ``max_batch_size`` at a time unless ``max_concurrency`` says less."""
        configs = self._configs(config, len(inputs))
        with announced(configs):
            return super().batch(inputs, configs, return_exceptions=return_exceptions, **kwargs)

    async def abatch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """As ``batch``, asynchronously."""
        configs = self._configs(config, len(inputs))
        with announced(configs):
            return await super().abatch(inputs, configs, return_exceptions=return_exceptions, **kwargs)

    @overload
    def batch_as_completed(
        self,
        inputs: Sequence[LanguageModelInput],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: Literal[False] = False,
        **kwargs: Any,
    ) -> Iterator[tuple[int, AIMessage]]: ...

    @overload
    def batch_as_completed(
        self,
        inputs: Sequence[LanguageModelInput],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: Literal[True],
        **kwargs: Any,
    ) -> Iterator[tuple[int, AIMessage | Exception]]: ...

    def batch_as_completed(
        self,
        inputs: Sequence[LanguageModelInput],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> Iterator[tuple[int, AIMessage]] | Iterator[tuple[int, AIMessage | Exception]]:
        """Index and answer of each input as it becomes ready."""
        configs = self._configs(config, len(inputs))
        if return_exceptions:
            return super().batch_as_completed(inputs, configs, return_exceptions=True, **kwargs)
        return super().batch_as_completed(inputs, configs, **kwargs)

    def _configs(self, config: Any, length: int) -> list[RunnableConfig]:
        configs = get_config_list(config, length)
        return [{**one, "max_concurrency": one.get("max_concurrency") or self.max_batch_size} for one in configs]

    # --- tools and schemas -------------------------------------------------------------------------------------------

    def bind_tools(
        self,
        tools: Sequence[ToolLike],
        *,
        tool_choice: ToolChoice = None,
        strict: bool | None = None,
        parallel_tool_calls: bool = False,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """This model with tools that it may call.

        Args:
            tools: Functions, LangChain tools, Pydantic classes, or dicts in OpenAI's or Anthropic's format.
            tool_choice: "any" (or "required", or True) forces a call and a tool's name a call of that tool, both by
                grammar; "auto" or None leaves it to the model; "none" hides the tools.
            strict: Accepted for compatibility: forced calls always follow their schema.
            parallel_tool_calls: Whether a forced answer may hold several calls.
            kwargs: Options to bind along, such as ``response_format``: then the answer is a call or that document.

        Boxes in the arguments of calls, and in a document that is bound along, are pixels of the last picture.

        Raises:
            OptionError: Something is no tool, or the choice names none of them.
        """
        del strict  # LangChain's suites and agents give it
        formatted = [openai_tool(tool) for tool in tools]
        choice = tool_choice_of(tool_choice, [tool["function"]["name"] for tool in formatted])
        bound: dict[str, Any] = {"tools": formatted} if formatted else {}
        if choice is not None:
            bound["tool_choice"] = choice
        if parallel_tool_calls:
            bound["parallel_tool_calls"] = True
        if "response_format" in kwargs:
            bound["pixel_boxes"] = True  # an agent reads the document itself
        return self.bind(**bound, **kwargs)

    def with_structured_output(
        self,
        schema: Any,
        *,
        method: Literal["json_schema", "function_calling", "json_mode"] = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """This model with answers that are values of ``schema``, boxes in pixels of the original picture.

        Args:
            schema: A Pydantic class, a TypedDict, any type that Pydantic knows, or a JSON schema (then answers are
                dicts).
            method: "json_schema" writes the document, "function_calling" a forced tool call, "json_mode" the document
                without its words in the prompt. All three are constrained by the grammar.
            include_raw: Whether to answer ``{"raw": message, "parsed": value or None, "parsing_error": error or None}``
                instead of raising.
            strict: Accepted for compatibility: constrained answers are always strict.
            kwargs: None are known.

        Raises:
            OptionError: The method or an argument is unknown.
            SchemaError: The schema cannot be read.
        """
        return structured_model(self, schema, method=method, include_raw=include_raw, strict=strict, extra=kwargs)


def _result(answer: Answer, plan: Plan) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message_of(answer, plan))])
