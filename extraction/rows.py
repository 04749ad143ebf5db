"""One answer while it is written: what may come next, what has come, and whether it is done."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from extraction.budget import Budget
from extraction.errors import GenerationError
from extraction.jobs import Cut, FinishReason, Job
from extraction.matching import Matcher
from extraction.repeating import Repetition
from extraction.sampling import Sampler, Sampling
from extraction.text_stream import TextStream
from extraction.trace import Watch

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The tokens of a model that are no text.

    Attributes:
        ends: Tokens that end an answer.
        silent: Tokens without text, those that end an answer among them.
        placeholders: Tokens that stand for a part of a picture in a prompt; a model may never write them, since no
            picture stands behind them.
        may_be_empty: Whether an answer may have no text: to a task such as ``detect cat`` that says that there is none,
            while an empty turn of a chat says nothing.
    """

    ends: frozenset[int]
    silent: frozenset[int]
    placeholders: frozenset[int]
    may_be_empty: bool = False


class Row:
    """One row of a running batch.

    Attributes:
        job: Whose answer it is.
        tokens: Tokens so far, the end token included.
        forced: How many of them the grammar left no choice about, so that the model was not asked.
        cut: Where it was cut, if it was.
        narrow: Whether the scores at hand are those of the allowed tokens only; they are -inf for all others.
        narrow_passes: How often they were.
        finish_reason: Why it is done; None while it is not.
        error: What went wrong with this row alone.
        watch: Records what the model thought of each token; None where nobody wants to know.
    """

    def __init__(
        self,
        job: Job,
        *,
        sampling: Sampling,
        stream: TextStream,
        matcher: Matcher | None,
        budget: Budget | None = None,
        max_tokens: int,
        special: SpecialTokens,
        watch: Watch | None = None,
    ) -> None:
        """Starts an empty answer.

        Args:
            job: Whose answer it is.
            sampling: How tokens are chosen.
            stream: Turns them into text.
            matcher: What may be written; None for free text.
            budget: Keeps a way to the end of what ``matcher`` allows; without it an answer is cut where tokens end.
            max_tokens: Longest answer.
            special: The model's tokens that are no text.
            watch: Records what the model thinks of each token.
        """
        self.job = job
        self.matcher = matcher
        self.watch = watch
        self.stream = stream
        self.max_tokens = max_tokens
        self.tokens: list[int] = []
        self.forced = 0
        self.cut: Cut | None = None
        self.narrow = False
        self.narrow_passes = 0
        self.finish_reason: FinishReason | None = None
        self.error: GenerationError | None = None
        self._budget = budget
        repeats = job.request.max_repeats
        self._repetition = None if repeats is None else Repetition(repeats)
        self._begun = deque(job.request.begun)
        self._special = special
        self._due: list[int] = []  # tokens that must come, which the matcher has passed and the model is asked about
        self._sampler = Sampler(sampling, job.seed)

    @property
    def done(self) -> bool:
        """Whether nothing more is to be generated."""
        return self.finish_reason is not None or self.error is not None

    def wanted(self, most: int) -> npt.NDArray[np.int64] | None:
        """The tokens whose scores matter next, where they are at most ``most``; None where all scores are wanted."""
        if self.done:
            return np.empty(0, dtype=np.int64)
        wanted = None
        if self.matcher is not None and self.job.request.narrow_head and not self._due:
            wanted = self.matcher.allowed(most)
        self.narrow = wanted is not None
        self.narrow_passes += self.narrow
        return wanted

    def restrict(self, scores: torch.Tensor) -> None:
        """Sets the scores, shape (vocabulary,), of all tokens that may not come next to -inf, in place.

        Raises:
            GenerationError: The grammar cannot be followed any further.
        """
        if self._in_circles():
            self._stop("repetition")
            return
        if self.watch is not None:
            self.watch.partial = self.narrow
            self.watch.look(scores)
        if self._due:
            only = scores[self._due[0]].clone()
            scores.fill_(float("-inf"))[self._due[0]] = only
            return
        if self.matcher is not None:
            self.matcher.mask(scores)
            forbidden = self._special.placeholders
        elif self.tokens:
            forbidden = self._special.placeholders
        elif self._special.may_be_empty:
            forbidden = self._special.placeholders | (self._special.silent - self._special.ends)
        else:
            forbidden = self._special.placeholders | self._special.silent
        scores[list(forbidden)] = float("-inf")

    def choose(self, scores: torch.Tensor, likeliest: int, best: float) -> int:
        """The next token.

        Args:
            scores: Those of all tokens, shape (vocabulary,), after ``restrict``.
            likeliest: The token with the best of them.
            best: Its score.

        Raises:
            GenerationError: There is none: the model's scores are no numbers.
        """
        if self._begun:
            self._sampler.skip()
            return self._begun.popleft()
        if not math.isfinite(best):
            raise GenerationError("the model's scores are not numbers", hint="try dtype='float32'")
        token = likeliest if self._sampler.sampling.greedy else self._sampler.choose(scores)
        if self.watch is not None:
            assert self.matcher is not None  # only constrained answers are watched
            self.watch.choose(token, scores, self.stream.length, self.matcher.follows)
        return token

    def take(self, token: int) -> None:
        """Goes on by a token, or ends where the answer could not end in time after it.

        Raises:
            GenerationError: The token may not come here.
        """
        if self._due:  # the way to the end was asked for with them
            self._due.pop(0)
        elif self._budget is not None and not self._budget.admits(token, len(self.tokens)):
            self._stop("length", wanted=token)
            return
        elif self.matcher is not None:
            self.matcher.accept(token)
        self._write(token, complete=not self._due and self.matcher is not None and self.matcher.complete)

    def take_known(self) -> list[int]:
        """Goes on by all tokens about which there is no choice: what was begun, what the grammar forces; the tokens.

        Raises:
            GenerationError: What was begun does not follow the grammar.
        """
        start = len(self.tokens)
        while self._begun and not self.done:
            self._sampler.skip()
            self.take(self._begun.popleft())
        self._take_forced()
        return self.tokens[start:]

    def _take_forced(self) -> None:
        if self.matcher is None or self.done:
            return
        forced, self._due = self._due, []
        if not forced:
            forced = self.matcher.forced()
        if self.watch is not None:
            unasked = self.watch.unasked(forced)
            forced, self._due = forced[:unasked], forced[unasked:]
        for number, token in enumerate(forced, 1):
            self._sampler.skip()
            self.forced += 1
            if self._write(token, complete=number == len(forced) and not self._due and self.matcher.complete):
                return

    def _write(self, token: int, *, complete: bool) -> bool:
        """Puts a token behind the others; whether that ends the answer."""
        self.tokens.append(token)
        if self._repetition is not None:
            self._repetition.push(token)
        ended = token in self._special.ends
        if not ended:
            self.stream.push(token)
            if self.watch is not None:
                self.watch.write(token, self.stream.length)
            self.job.tell(self.stream.text)
        if ended or self.stream.stopped or complete:
            self.finish("stop")
        elif len(self.tokens) >= self.max_tokens:
            self._stop("length")
        return self.done

    def _in_circles(self) -> bool:
        """Whether the answer repeats itself, and has a choice about it."""
        found = self._repetition is not None and self._repetition.found
        return found and not self._due and (self.matcher is None or not self.matcher.must_go_on())

    def _stop(self, reason: FinishReason, wanted: int | None = None) -> None:
        """Ends the row early. Under a grammar the answer is made whole, which nobody is told as if the model said it.

        Args:
            reason: Why.
            wanted: The token that the model would have gone on with.
        """
        tokens = tuple(self.tokens)
        path = None if self._budget is None else self._budget.path(len(tokens) + len(self._due))
        closing = None if path is None else [*self._due, *path]
        if not closing or self._budget is None:
            self.finish(reason)
            self._cut(len(self.stream.text), tokens)
            return
        self.stream.ignore_stops()
        written = self.stream.length + (0 if wanted is None else self._budget.agreed(wanted, closing))
        for token in closing:
            self.tokens.append(token)
            self.stream.push(token)
        self.stream.finish()
        self.job.tell(self.stream.text[:written])
        self._cut(written, tokens)
        self.finish_reason = reason

    def _cut(self, written: int, tokens: tuple[int, ...]) -> None:
        trace = None if self.watch is None else self.watch.cut(written)
        self.cut = Cut(written, tokens, self.max_tokens, trace=trace)

    def finish(self, reason: FinishReason) -> None:
        """Ends the row."""
        self.stream.finish()
        self.job.tell(self.stream.text)
        self.finish_reason = reason

    def fail(self, error: GenerationError) -> None:
        """Ends the row with an error of its own."""
        self.error = error
