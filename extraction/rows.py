"""One answer while it is written: what may come next, what has come, and whether it is done."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extraction.errors import GenerationError
from extraction.jobs import FinishReason, Job
from extraction.matching import Matcher
from extraction.sampling import Sampler, Sampling
from extraction.text_stream import TextStream
from extraction.trace import Watch

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The tokens of a model that are no text.

    Attributes:
        ends: Tokens that end an answer.
        silent: Tokens without text, those that end an answer among them.
        placeholders: Tokens that stand for a part of a picture in a prompt; a model may never write them, since no
            picture stands behind them.
    """

    ends: frozenset[int]
    silent: frozenset[int]
    placeholders: frozenset[int]


class Row:
    """One row of a running batch.

    Attributes:
        job: Whose answer it is.
        tokens: Tokens so far, the end token included.
        forced: How many of them the grammar left no choice about, so that the model was not asked.
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
        self.finish_reason: FinishReason | None = None
        self.error: GenerationError | None = None
        self._special = special
        self._due: list[int] = []  # tokens that must come, which the matcher has passed and the model is asked about
        self._sampler = Sampler(sampling, job.seed)

    @property
    def done(self) -> bool:
        """Whether nothing more is to be generated."""
        return self.finish_reason is not None or self.error is not None

    def restrict(self, scores: torch.Tensor) -> None:
        """Sets the scores, shape (vocabulary,), of all tokens that may not come next to -inf, in place.

        Raises:
            GenerationError: The grammar cannot be followed any further.
        """
        if self.watch is not None:
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
        else:
            forbidden = self._special.placeholders | self._special.silent  # an answer is never empty
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
        if not math.isfinite(best):
            raise GenerationError("the model's scores are not numbers", hint="try dtype='float32'")
        token = likeliest if self._sampler.sampling.greedy else self._sampler.choose(scores)
        if self.watch is not None:
            assert self.matcher is not None  # only constrained answers are watched
            self.watch.choose(token, scores, self.stream.length, self.matcher.follows)
        return token

    def take(self, token: int) -> None:
        """Goes on by a token.

        Raises:
            GenerationError: The token may not come here.
        """
        if self._due:
            self._due.pop(0)
        elif self.matcher is not None:
            self.matcher.accept(token)
        self._write(token, complete=not self._due and self.matcher is not None and self.matcher.complete)

    def take_forced(self) -> list[int]:
        """Goes on by all tokens that the grammar leaves no choice about now; the tokens."""
        if self.matcher is None or self.done:
            return []
        taken: list[int] = []
        forced, self._due = self._due, []
        if not forced:
            forced = self.matcher.forced()
        if self.watch is not None:
            unasked = self.watch.unasked(forced)
            forced, self._due = forced[:unasked], forced[unasked:]
        for number, token in enumerate(forced, 1):
            self._sampler.skip()
            taken.append(token)
            if self._write(token, complete=number == len(forced) and not self._due and self.matcher.complete):
                break
        self.forced += len(taken)
        return taken

    def _write(self, token: int, *, complete: bool) -> bool:
        """Puts a token behind the others; whether that ends the answer."""
        self.tokens.append(token)
        ended = token in self._special.ends
        if not ended:
            self.stream.push(token)
            if self.watch is not None:
                self.watch.write(token, self.stream.length)
            self.job.tell(self.stream.text)
        if ended or self.stream.stopped or complete:
            self.finish("stop")
        elif len(self.tokens) >= self.max_tokens:
            self.finish("length")
        return self.done

    def finish(self, reason: FinishReason) -> None:
        """Ends the row."""
        self.stream.finish()
        self.job.tell(self.stream.text)
        self.finish_reason = reason

    def fail(self, error: GenerationError) -> None:
        """Ends the row with an error of its own."""
        self.error = error
