"""The decoding loop: every row of a batch with its own rules and its own end; what a grammar forces costs no pass.

It runs inside ``model.generate(custom_generate=...)``, which prepares inputs, positions and the cache of whatever
architecture the model is; the loop only chooses tokens.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from extraction.errors import GenerationError
from extraction.heads import Head
from extraction.passes import Passes
from extraction.prefill import Prefill
from extraction.rows import Row

if TYPE_CHECKING:
    import torch


class DecodingLoop:
    """A decoding method for ``generate(custom_generate=...)``.

    Attributes:
        passes: Passes of the model so far.
        one_by_one: Why tokens that a grammar forces were not taken together; None where they were.
        head: The model's output head, where it may be narrowed to what rows want; None to leave it as it is.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        on_done: Callable[[Row], None],
        force: bool = True,
        head: Head | None = None,
        prefill: Prefill | str = "switched off",
    ) -> None:
        """Makes the loop of one batch.

        Args:
            rows: The rows of the batch in order.
            on_done: Called as soon as a row has its answer, while its neighbours go on.
            force: Whether tokens that a grammar forces are taken together; the answers are the same without, in float32.
            head: The model's output head, where it may be narrowed to what rows want.
            prefill: Brings in what was read before; or why nothing does.
        """
        self._rows = list(rows)
        self._on_done = on_done
        self._force = force
        self.head = head
        self._prefill = prefill if isinstance(prefill, Prefill) else None
        self._without = "" if isinstance(prefill, Prefill) else prefill
        self._padding = 0
        self.passes = 0
        self.one_by_one: str | None = None

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        **model_kwargs: Any,
    ) -> torch.Tensor:
        """The prompts as they came; the answers are in the rows."""
        self._padding = int(generation_config.pad_token_id or 0)
        passes = Passes(model, input_ids, model_kwargs, padding=self._padding, prefill=self._prefill)
        self.one_by_one = passes.one_by_one if self._force else "switched off"
        encoder_decoder = bool(model.config.is_encoder_decoder)
        seen = _Seen(self._rows, input_ids, None if encoder_decoder else model_kwargs.get("attention_mask"))
        processors = _honest(logits_processor)
        rows = self._rows
        if self.one_by_one is None and passes.opens:
            opening = [self._known(row) for row in rows]
            if any(opening):
                passes.append(opening)
        if not all(row.done for row in rows):
            passes.open()
        while not all(row.done for row in rows):
            with self._narrowed(rows):
                logits = passes.logits()
            self.passes = passes.count
            for row, scores in zip(rows, logits, strict=True):
                if processors and row.matcher is None and not row.done:
                    scores.copy_(processors(seen(row), scores[None])[0])
                self._guarded(row, functools.partial(_restrict, row, scores))
            new = self._choose(rows, logits)
            if self.one_by_one is None:
                passes.remember([index for index, row in enumerate(rows) if row.finish_reason in ("stop", "length")])
                left = [index for index, row in enumerate(rows) if not row.done]
                rows, new = [rows[index] for index in left], [new[index] for index in left]
                if rows:
                    passes.keep(left)
            if rows:
                passes.append(new)
        return input_ids

    def _narrowed(self, rows: Sequence[Row]) -> contextlib.AbstractContextManager[None]:
        """Within it, a pass computes no more scores than the rows want."""
        if self.head is None or self.head.whole is not None:
            return contextlib.nullcontext()
        return self.head.narrowed([row.wanted(self.head.most) for row in rows])

    def reused_tokens(self, row: Row) -> int:
        """How many tokens were not read again for a row."""
        return 0 if self._prefill is None else self._prefill.reused[self._rows.index(row)]

    @property
    def unshared(self) -> str | None:
        """Why nothing of what was read before could be used; None where it could."""
        return self._without if self._prefill is None else self._prefill.unshared

    def _choose(self, rows: Sequence[Row], logits: torch.Tensor) -> list[list[int]]:
        """The next tokens of every row by scores of rows x vocabulary; padding for rows that are done."""
        best_scores, best_tokens = (column.tolist() for column in logits.max(dim=-1))
        result = []
        for row, scores, likeliest, best in zip(rows, logits, best_tokens, best_scores, strict=True):
            tokens = self._guarded(row, functools.partial(_go_on, row, scores, likeliest, best))
            if self.one_by_one is None:
                tokens += self._known(row)
            result.append(tokens or [self._padding])
        return result

    def _known(self, row: Row) -> list[int]:
        """What comes next in a row that goes on, without a choice."""
        return self._guarded(row, row.take_known)

    def _guarded(self, row: Row, act: Callable[[], list[int]]) -> list[int]:
        """The tokens by which a row that is not done goes on; its error ends this row alone."""
        if row.done:
            return []
        try:
            return act()
        except GenerationError as error:
            row.fail(error)
            return []
        finally:
            self._report(row)

    def _report(self, row: Row) -> None:
        if row.done:
            self._on_done(row)


def _honest(logits_processor: Any) -> Any:
    """The checkpoint's processors without the one that forces an end: an answer that the budget cuts is told as cut."""
    from transformers import ForcedEOSTokenLogitsProcessor

    kept = [one for one in logits_processor if not isinstance(one, ForcedEOSTokenLogitsProcessor)]
    return type(logits_processor)(kept)


def _restrict(row: Row, scores: torch.Tensor) -> list[int]:
    if row.job.cancelled:
        row.finish("cancelled")
    else:
        row.restrict(scores)
    return []


def _go_on(row: Row, scores: torch.Tensor, likeliest: int, best: float) -> list[int]:
    token = row.choose(scores, likeliest, best)
    row.take(token)
    return [token]


class _Seen:
    """What a row's processors look at: its prompt without padding, and its answer."""

    def __init__(self, rows: Sequence[Row], input_ids: torch.Tensor, mask: torch.Tensor | None) -> None:
        starts = [0] * len(rows) if mask is None else mask.int().argmax(dim=-1).tolist()
        self._prompts = {id(row): ids[start:] for row, ids, start in zip(rows, input_ids, starts, strict=True)}

    def __call__(self, row: Row) -> torch.Tensor:
        """Token ids, shape (1, tokens)."""
        import torch

        prompt = self._prompts[id(row)]
        return torch.cat([prompt, prompt.new_tensor(row.tokens)])[None]
