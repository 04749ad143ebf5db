"""The decoding loop: one token per step for every row of a batch, each row with its own rules and its own end.

It runs inside ``model.generate(custom_generate=...)``, which prepares inputs, positions and the cache of whatever
architecture the model is; the loop only chooses tokens.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extraction.errors import GenerationError
from extraction.jobs import FinishReason, Job
from extraction.matching import Matcher
from extraction.sampling import Sampler, Sampling
from extraction.text_stream import TextStream

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
    """One row of a running batch: what it may write, what it has written, and whether it is done.

    Attributes:
        job: Whose answer it is.
        tokens: Tokens so far, the end token included.
        finish_reason: Why it is done; None while it is not.
        error: What went wrong with this row alone.
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
    ) -> None:
        """Starts an empty answer.

        Args:
            job: Whose answer it is.
            sampling: How tokens are chosen.
            stream: Turns them into text.
            matcher: What may be written; None for free text.
            max_tokens: Longest answer.
            special: The model's tokens that are no text.
        """
        self.job = job
        self.matcher = matcher
        self.stream = stream
        self.tokens: list[int] = []
        self.finish_reason: FinishReason | None = None
        self.error: GenerationError | None = None
        self._special = special
        self.max_tokens = max_tokens
        self.sampler = Sampler(sampling, job.seed)

    @property
    def done(self) -> bool:
        """Whether nothing more is to be generated."""
        return self.finish_reason is not None or self.error is not None

    def restrict(self, scores: torch.Tensor) -> None:
        """Sets the scores, shape (vocabulary,), of all tokens that may not come next to -inf, in place.

        Raises:
            GenerationError: The grammar cannot be followed any further.
        """
        if self.matcher is not None:
            self.matcher.mask(scores)
            forbidden = self._special.placeholders
        elif self.tokens:
            forbidden = self._special.placeholders
        else:
            forbidden = self._special.placeholders | self._special.silent  # an answer is never empty
        scores[list(forbidden)] = float("-inf")

    def take(self, token: int, score: float) -> None:
        """Goes on by a token.

        Args:
            token: The chosen token.
            score: The best score of this step, to see whether there was any.

        Raises:
            GenerationError: The model's scores are no numbers, or the token may not come here.
        """
        if not math.isfinite(score):
            raise GenerationError("the model's scores are not numbers", hint="try dtype='float32'")
        self.tokens.append(token)
        if self.matcher is not None:
            self.matcher.accept(token)
        ended = token in self._special.ends
        if not ended:
            self.stream.push(token)
            self.job.tell(self.stream.text)
        if ended or self.stream.stopped or (self.matcher is not None and self.matcher.complete):
            self.finish("stop")
        elif len(self.tokens) >= self.max_tokens:
            self.finish("length")

    def finish(self, reason: FinishReason) -> None:
        """Ends the row."""
        self.stream.finish()
        self.job.tell(self.stream.text)
        self.finish_reason = reason

    def fail(self, error: GenerationError) -> None:
        """Ends the row with an error of its own."""
        self.error = error


class DecodingLoop:
    """A decoding method for ``generate(custom_generate=...)``."""

    def __init__(self, rows: Sequence[Row], *, on_done: Callable[[Row], None]) -> None:
        """Makes the loop of one batch.

        Args:
            rows: The rows of the batch in order.
            on_done: Called as soon as a row has its answer, while its neighbours go on.
        """
        self._rows = rows
        self._on_done = on_done

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        **model_kwargs: Any,
    ) -> torch.Tensor:
        """Token ids of the prompt and the answers, shape (rows, prompt + longest answer)."""
        import torch

        # The position of a row's first token: processors must not see the padding before it.
        mask = model_kwargs.get("attention_mask")
        starts = [0] * len(self._rows) if mask is None else mask.int().argmax(dim=-1).tolist()
        padding = int(generation_config.pad_token_id or 0)
        is_encoder_decoder = bool(model.config.is_encoder_decoder)
        length = None
        while not all(row.done for row in self._rows):
            inputs = model.prepare_inputs_for_generation(
                input_ids, next_sequence_length=length, is_first_iteration=length is None, **model_kwargs
            )
            outputs = model(**inputs, return_dict=True)
            length = 1 if model_kwargs.get("use_cache", True) else None
            model_kwargs = model._update_model_kwargs_for_generation(  # noqa: SLF001 - as assisted decoding does it
                outputs, model_kwargs, is_encoder_decoder=is_encoder_decoder
            )
            logits = outputs.logits[:, -1].to(dtype=torch.float32, copy=True)
            del outputs
            for index, row in enumerate(self._rows):
                if logits_processor and row.matcher is None and not row.done:
                    seen = input_ids[index : index + 1, 0 if is_encoder_decoder else starts[index] :]
                    logits[index] = logits_processor(seen, logits[index : index + 1])[0]
            chosen = self._choose(logits, padding)
            tokens = torch.tensor(chosen, dtype=input_ids.dtype, device=input_ids.device)
            input_ids = torch.cat([input_ids, tokens[:, None]], dim=-1)
        return input_ids

    def _choose(self, logits: torch.Tensor, padding: int) -> list[int]:
        """The next token of every row, padding for those that are done; scores of shape (rows, vocabulary)."""
        for index, row in enumerate(self._rows):
            self._guarded(row, functools.partial(_restrict, row, logits[index]))
        best_scores, best_tokens = (column.tolist() for column in logits.max(dim=-1))
        chosen = [padding] * len(self._rows)
        for index, row in enumerate(self._rows):
            if row.done:
                continue
            sampled = not row.sampler.sampling.greedy and math.isfinite(best_scores[index])
            chosen[index] = row.sampler.choose(logits[index]) if sampled else best_tokens[index]
            self._guarded(row, functools.partial(row.take, chosen[index], best_scores[index]))
        return chosen

    def _guarded(self, row: Row, act: Callable[[], None]) -> None:
        """Acts on a row that is not done; its error ends this row alone."""
        if row.done:
            return
        try:
            act()
        except GenerationError as error:
            row.fail(error)
        self._report(row)

    def _report(self, row: Row) -> None:
        if row.done:
            self._on_done(row)


def _restrict(row: Row, scores: torch.Tensor) -> None:
    if row.job.cancelled:
        row.finish("cancelled")
    else:
        row.restrict(scores)
