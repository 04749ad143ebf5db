"""What goes into an engine and what comes out: requests, answers, and the job that carries one to the other."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from extraction.content import Turn
from extraction.errors import GenerationError
from extraction.frames import Frame
from extraction.grammar import Constraint
from extraction.sampling import Sampling
from extraction.tools import ToolDialect
from extraction.trace import Trace

if TYPE_CHECKING:
    from extraction.planning import PicturePlan

PREFIX_CACHE_BYTES: Final = 512 * 2**20
"""Default bound of the prompts that a model keeps: some 15,000 tokens of Qwen2.5-VL-3B in half precision."""

FinishReason = Literal["stop", "length", "cancelled", "repetition"]


@dataclass(frozen=True, slots=True)
class Request:
    """One conversation to be answered.

    Attributes:
        turns: The conversation.
        tools: Tools that the model may call, in OpenAI's format, in the coordinates of the model.
        constraint: What the answer must be; None for free text.
        sampling: How tokens are chosen.
        max_tokens: Longest answer.
        max_repeats: How often a piece of text may follow itself before the answer is stopped; None for any number.
        begun: Tokens of an answer that has been cut, to go on from.
        begun_trace: What the model thought of them, where that is known.
        stop: Strings that end the answer, and are no part of it.
        min_pixels: Least pixels of what the model sees of a picture.
        max_pixels: Most pixels.
        narrow_head: Whether under a grammar only the scores of tokens that it allows are computed, where the model's
            head can be narrowed.
        confidence: Whether to record what the model thinks of each token of a constrained answer.
    """

    turns: tuple[Turn, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    constraint: Constraint | None = None
    sampling: Sampling = Sampling()
    max_tokens: int = 1024
    max_repeats: int | None = None
    begun: tuple[int, ...] = ()
    begun_trace: Trace | None = field(default=None, compare=False)
    stop: tuple[str, ...] = ()
    min_pixels: int | None = None
    max_pixels: int | None = None
    narrow_head: bool = False
    confidence: bool = True


@dataclass(frozen=True, slots=True)
class Effort:
    """What an answer cost.

    Attributes:
        passes: Passes of the model until it was whole; its batch shared them.
        forced_tokens: Tokens that the grammar left no choice about, and that cost no pass of their own.
        one_by_one: Why tokens like that had a pass each after all; None where they had not.
        narrow_passes: Passes whose scores were computed only of the tokens that the grammar allowed.
        whole_head: Why there were none although they were asked for; None where the model's head allows them.
        reused_tokens: Tokens of the prompt, and of the answer's forced beginning, that had been read before: in other
            calls, or for other rows of the batch.
        unshared: Why the prompt was not looked for among those that were read before, nor kept; None where it was.
    """

    passes: int
    forced_tokens: int = 0
    one_by_one: str | None = None
    narrow_passes: int = 0
    whole_head: str | None = None
    reused_tokens: int = 0
    unshared: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Where an answer was cut.

    Attributes:
        written: Characters that the model wrote; what follows was put there to make the answer whole.
        tokens: What the model wrote as tokens, to go on from.
        budget: Tokens that the answer could have had.
        capped: Where a bound that the schema does not name ended it, and not the budget: whether one of its texts, or only
            lists.
        trace: What the model thought of these tokens; None where that was not recorded.
    """

    written: int
    tokens: tuple[int, ...]
    budget: int
    capped: Literal["text", "list"] | None = None
    trace: Trace | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model wrote.

    Attributes:
        text: The text, tool calls with their markers included.
        finish_reason: "stop" for an answer that came to its end, "length" where a budget or a bound of the grammar
            cut it, "repetition" where it went round in circles, "cancelled" where nobody waits for it any more.
        input_tokens: Tokens of the prompt, those of pictures included, padding excluded.
        image_tokens: Tokens of pictures among them.
        output_tokens: Tokens that were generated.
        frames: The sizes of the pictures, in the order of the prompt.
        cut: Where it was cut; None for an answer that came to its end.
        stopped_by: The stop string that ended it, where one did.
        effort: What it cost; None where the backend does not tell.
        trace: What the model thought of each token; None where that was not recorded.
    """

    text: str
    finish_reason: FinishReason
    input_tokens: int
    image_tokens: int
    output_tokens: int
    frames: tuple[Frame, ...] = ()
    cut: Cut | None = None
    stopped_by: str | None = None
    effort: Effort | None = field(default=None, compare=False)
    trace: Trace | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model's configuration tells.

    Attributes:
        model_type: ``config.model_type``; None for a backend that is no checkpoint.
        max_positions: Longest prompt with its answer, in tokens; None where it is not limited.
    """

    model_type: str | None = None
    max_positions: int | None = None


class Job:
    """A request on its way through an engine.

    Attributes:
        request: What is asked.
        future: The answer, or the error.
        largest_batch: How many jobs it accepts in one batch, itself included.
        prefix_cache_bytes: Most bytes of prompts that may be kept; 0 neither keeps this one nor uses any.
        wave: The batch call that it belongs to, if any.
        seed: Seed of its sampling, drawn once, so that a job that has to be begun again says the same.
        frames: The sizes of its pictures, once a backend knows them and before it writes; None where it only tells them
            with the answer.
    """

    def __init__(
        self,
        request: Request,
        *,
        on_text: Callable[[str], None] | None = None,
        wave: Wave | None = None,
        largest_batch: int = 8,
        prefix_cache_bytes: int = PREFIX_CACHE_BYTES,
    ) -> None:
        """Makes a job.

        Args:
            request: What is asked.
            on_text: Called from the engine's thread with each new piece of text.
            wave: The batch call that it belongs to, if any.
            largest_batch: How many jobs it accepts in one batch, itself included.
            prefix_cache_bytes: Most bytes of prompts that may be kept; 0 neither keeps this one nor uses any.
        """
        self.request = request
        self.largest_batch = largest_batch
        self.prefix_cache_bytes = prefix_cache_bytes
        self.wave = wave
        self.future: Future[Answer] = Future()
        given = request.sampling.seed
        self.seed = given if given is not None else random.SystemRandom().getrandbits(63)
        self.frames: tuple[Frame, ...] | None = None
        self._on_text = on_text
        self._told = ""
        self._cancelled = threading.Event()
        self._resolved = False

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Says so; the engine stops generating within one token."""
        self._cancelled.set()

    def tell(self, text: str) -> None:
        """Hands on what is new in the text so far; a job that was begun again repeats nothing.

        Raises:
            GenerationError: It was begun again, and now says something else than what was handed on.
        """
        if not text.startswith(self._told):
            if not self._told.startswith(text):
                raise GenerationError("the answer had to be begun again while it streamed, and came out differently")
            return
        piece, self._told = text[len(self._told) :], text
        if piece and self._on_text is not None and not self.cancelled:
            self._on_text(piece)

    def resolve(self, result: Answer | BaseException) -> None:
        """Hands over the answer or the error; the first one counts."""
        if self._resolved:
            return
        self._resolved = True
        if self.wave is not None:
            self.wave.finished()
        with contextlib.suppress(InvalidStateError):  # cancelled by the one who waited
            if isinstance(result, BaseException):
                self.future.set_exception(result)
            else:
                self.future.set_result(result)

    @property
    def resolved(self) -> bool:
        """Whether it has its answer or its error."""
        return self._resolved


class Wave:
    """The jobs of one ``batch`` call: how many are still to come, so that an engine need not guess.

    Attributes:
        concurrency: How many of them can be under way at once.
    """

    def __init__(self, size: int, concurrency: int) -> None:
        self.concurrency = concurrency
        self._lock = threading.Lock()
        self._to_come = size
        self._under_way = 0
        self._last = time.monotonic()

    def submitted(self) -> None:
        """One of the calls has handed in its job."""
        with self._lock:
            self._to_come -= 1
            self._under_way += 1
            self._last = time.monotonic()

    def dropped(self) -> None:
        """One of the calls ended without handing in a job: its input was bad."""
        with self._lock:
            self._to_come -= 1

    def finished(self) -> None:
        """One of the jobs has its answer."""
        with self._lock:
            self._under_way -= 1

    def waits_until(self, patience: float) -> float:
        """Moment (``time.monotonic``) up to which another job of this wave may be waited for; 0.0 when none can come."""
        with self._lock:
            more = self._to_come > 0 and self._under_way < self.concurrency
            return self._last + patience if more else 0.0


class Backend(Protocol):
    """What answers requests: a transformers checkpoint, or a stand-in that tests and demonstrations register.

    ``run`` and ``close`` are called from the engine's thread only, the others from any thread.
    """

    def info(self) -> ModelInfo:
        """What is known about the model from its configuration."""

    def dialect(self) -> ToolDialect:
        """How the model marks tool calls."""

    def count_tokens(self, request: Request) -> int:
        """Tokens of a prompt, pictures included."""

    def token_ids(self, text: str) -> list[int]:
        """The tokens of a text, without special ones."""

    def plan(self, request: Request) -> PicturePlan:
        """What answering will take; no weights are loaded for it."""

    def run(self, jobs: Sequence[Job]) -> None:
        """Resolves every job, each on its own: the error of one is not the error of its neighbours."""

    def close(self) -> None:
        """Lets go of memory."""
