"""What a model has read of every row of a batch, and its next pass over what it has not.

Rows may go on by different numbers of tokens: within a step the shorter ones are padded on the left, so that the last
column is every row's newest token. The holes stay in the cache, hidden by the attention mask; positions count without
them.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from extraction.prefill import PER_TOKEN, Prefill

if TYPE_CHECKING:
    import torch

_PLAIN = ("past_key_values", "use_cache", "logits_to_keep", "image_grid_thw", "image_num_crops", "rope_deltas")


class Passes:
    """The passes of one batch, inside ``generate(custom_generate=...)``.

    Attributes:
        count: Passes so far.
        one_by_one: Why rows cannot go on by several tokens at once; None where they can.
    """

    def __init__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        model_kwargs: dict[str, Any],
        *,
        padding: int,
        prefill: Prefill | None = None,
    ) -> None:
        """Begins with prompts that nothing was read of.

        Args:
            model: A model of transformers.
            input_ids: The prompts, rows x tokens, padded on the left.
            model_kwargs: As ``generate`` hands them to a decoding method.
            padding: The token to pad with.
            prefill: Brings in what was read before; None reads everything.
        """
        self._model = model
        self._prefill = prefill
        self._input_ids = input_ids
        self._kwargs = _with_mask(model_kwargs, input_ids)
        self._padding = padding
        self._encoder_decoder = bool(model.config.is_encoder_decoder)
        self._unread: int | None = None  # tokens per row that the model has not read; None for all of them
        self._outputs: Any = {}
        self._first = True
        self.count = 0
        self.one_by_one = _why_one_by_one(self._kwargs, rows=input_ids.shape[0], encoder_decoder=self._encoder_decoder)

    @property
    def opens(self) -> bool:
        """Whether the beginning of an answer may be read in one pass with its prompt.

        Where a model is told which tokens belong to its prompt (PaliGemma), they would be taken for a part of it.
        """
        return self.one_by_one is None and "token_type_ids" not in self._kwargs

    def open(self) -> None:
        """Brings in what was read before; to be called once, when all is appended that the first pass is to read."""
        if self._prefill is not None:
            opened = self._prefill.open(self._model, self._input_ids, self._kwargs, why=self.one_by_one)
            self._input_ids, self._kwargs, self._unread = opened.input_ids, opened.kwargs, opened.unread
            self.count += opened.passes

    def logits(self) -> torch.Tensor:
        """What the model says after each row's newest token, rows x vocabulary, in float32."""
        import torch

        first, self._first = self._first, False
        inputs = self._model.prepare_inputs_for_generation(
            self._input_ids,
            next_sequence_length=self._unread if self._kwargs.get("use_cache", True) else None,
            is_first_iteration=first,
            **self._kwargs,
        )
        self._outputs = self._model(**inputs, return_dict=True)
        self._unread = 0
        self.count += 1
        if first:
            self.remember(range(self._input_ids.shape[0]))
        newest: torch.Tensor = self._outputs.logits[:, -1]
        return newest.to(dtype=torch.float32, copy=True)

    def append(self, tokens: Sequence[Sequence[int]]) -> None:
        """Puts new tokens behind the rows, as many as each has; at least one row has some."""
        import torch

        width = max(map(len, tokens))
        padded = [[self._padding] * (width - len(row)) + list(row) for row in tokens]
        ids = torch.tensor(padded, dtype=self._input_ids.dtype, device=self._input_ids.device)
        self._input_ids = torch.cat([self._input_ids, ids], dim=-1)
        before = self._kwargs.get("position_ids")
        self._kwargs = self._model._update_model_kwargs_for_generation(  # noqa: SLF001 - as assisted decoding does it
            self._outputs, self._kwargs, is_encoder_decoder=self._encoder_decoder, num_new_tokens=width
        )
        self._outputs = {}
        # transformers extends those that it knows, not ERNIE's; an encoder's have the length of its own input.
        for name in () if self._encoder_decoder else PER_TOKEN:
            if (value := self._kwargs.get(name)) is not None and value.shape[-1] < self._input_ids.shape[1]:
                self._kwargs[name] = torch.nn.functional.pad(value, (0, width))
        if any(len(row) < width for row in tokens):
            real = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in tokens], device=ids.device)
            assert before is not None
            self._kwargs["attention_mask"][:, -width:] = real
            self._kwargs["position_ids"][..., -width:] = before[..., -1:] + real.cumsum(-1)
        if self._unread is not None:
            self._unread += width
        elif any(len(row) < width for row in tokens):
            self._pad_before([width - len(row) for row in tokens], width)

    def _pad_before(self, holes: Sequence[int], width: int) -> None:
        """Moves the padding of the last columns before prompts that nothing was read of: the last is each row's newest."""
        import torch

        end = self._input_ids.shape[1]
        start = end - width
        order = [[*range(start, start + hole), *range(start), *range(start + hole, end)] for hole in holes]
        index = torch.tensor(order, device=self._input_ids.device)
        self._input_ids = self._input_ids.gather(-1, index)
        for name in PER_TOKEN:
            if (value := self._kwargs.get(name)) is not None:
                self._kwargs[name] = value.gather(-1, index.expand(value.shape))

    def remember(self, rows: Sequence[int]) -> None:
        """Keeps what was read of some rows for prompts that begin alike: conversations that go on, answers that were cut."""
        if self._prefill is not None and not self._first:
            self._prefill.remember(rows, self._input_ids, self._kwargs)

    def keep(self, rows: Sequence[int]) -> None:
        """Lets go of all other rows, which are done; at least one stays."""
        import torch

        if self.one_by_one is not None or len(rows) == self._input_ids.shape[0]:
            return
        if self._prefill is not None:
            self._prefill.keep(rows)
        index = torch.tensor(rows, device=self._input_ids.device)
        self._input_ids = self._input_ids[index]
        for name in PER_TOKEN:
            if (value := self._kwargs.get(name)) is not None:
                self._kwargs[name] = value.index_select(-2, index) if value.shape[-2] > 1 else value
        self._kwargs["past_key_values"].batch_select_indices(index)


def plain_generation(model: Any, *, padding: int, longest: int) -> Any:
    """The checkpoint's own settings for ``generate``, without its sampling, which every row decides for itself.

    Args:
        model: A model of transformers.
        padding: The token to pad with.
        longest: Most tokens of an answer.
    """
    config = copy.deepcopy(model.generation_config)
    config.update(
        do_sample=False,
        num_beams=1,
        num_return_sequences=1,
        temperature=None,
        top_p=None,
        top_k=None,
        min_p=None,
        typical_p=None,
        max_length=None,
        max_new_tokens=longest,
        min_new_tokens=None,
        min_length=None,
        stop_strings=None,
        pad_token_id=padding,
        return_dict_in_generate=False,
        cache_implementation=None,
    )
    return config


def opening(model: Any) -> list[int]:
    """What the answers of an encoder-decoder model begin with, where a token is forced behind the usual start (BART).

    Read as a part of the prompt, it stands before the first token of a grammar as well, as it did in training. Empty where
    ``generate`` knows the start alone.
    """
    config = model.generation_config
    start = config.bos_token_id if config.decoder_start_token_id is None else config.decoder_start_token_id
    forced = config.forced_bos_token_id
    return [int(start), int(forced)] if model.config.is_encoder_decoder and None not in (start, forced) else []


def _with_mask(kwargs: dict[str, Any], input_ids: torch.Tensor) -> dict[str, Any]:
    """The inputs with the mask that ``generate`` leaves out where prompts of a batch are all of one length."""
    import torch

    if "attention_mask" not in kwargs or kwargs["attention_mask"] is not None or input_ids.shape[0] == 1:
        return kwargs
    return {**kwargs, "attention_mask": torch.ones_like(input_ids)}


def _why_one_by_one(kwargs: dict[str, Any], *, rows: int, encoder_decoder: bool) -> str | None:
    """Why the loop cannot go on by several tokens at once, in words for the answer's metadata."""
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer
    from transformers.generation.utils import MULTIMODAL_INPUTS_TO_DROP_OUTSIDE_PREFILL

    if encoder_decoder:
        return "encoder-decoder"
    if not kwargs.get("use_cache", True):
        return "no cache"
    unknown = sorted(
        name
        for name, value in kwargs.items()
        if value is not None and name not in (*PER_TOKEN, *_PLAIN, *MULTIMODAL_INPUTS_TO_DROP_OUTSIDE_PREFILL)
    )
    if unknown:
        return f"inputs of its own: {', '.join(unknown)}"
    layers = {type(layer) for layer in getattr(kwargs.get("past_key_values"), "layers", [None])}
    allowed = {DynamicLayer} if rows > 1 else {DynamicLayer, DynamicSlidingWindowLayer}
    if not layers <= allowed:
        return f"a cache of {', '.join(sorted(kind.__name__ for kind in layers - allowed))}"
    if rows > 1 and (kwargs.get("position_ids") is None or kwargs.get("attention_mask") is None):
        return "positions of its own"
    return None
