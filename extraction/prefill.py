"""The first pass over a batch of prompts, without what was read before: by other calls, or for other rows of the batch.

Every row may have another part of its prompt behind it. The model's cache is filled with what is known, each row padded
on the left, and the pass reads the rest, padded on the left as well: [padding][known][padding][rest]. The attention mask
hides the padding and positions count without it, as they do between the steps of a ragged batch.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extraction.memory import empty_caches, ran_out
from extraction.prefixes import (
    MIN_TOKENS,
    NOTHING,
    Pixels,
    Prefix,
    PrefixStore,
    beginnings,
    boundary,
    common,
    keys_of,
    row_layers,
)

if TYPE_CHECKING:
    import torch

    from extraction.prefixes import Keys, Layers

_log = logging.getLogger(__name__)

PER_TOKEN = ("attention_mask", "position_ids", "token_type_ids", "mm_token_type_ids", "moe_mm_token_type_ids")
"""What a model is told about every token of a prompt."""
ENCODED_EARLY = ("pixel_values", "pixel_values_images", "pixel_values_videos", "image_patches")
"""Inputs that ``generate`` hands to the vision tower before it comes to a decoding method."""

MIN_SAVED = 64
"""Tokens that reading the common beginning of a batch's rows first must save: it is a pass of its own."""
_STEADY_ROPES = frozenset({"default", "linear", "llama3", "mrope", "yarn", "proportional"})
"""Rotary positions that stay the same however long a prompt becomes."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a row's prompt has beside its tokens.

    Attributes:
        pictures: Its pictures, in order, on the model's device.
    """

    pictures: Sequence[Pixels] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a batch stands before its first pass.

    Attributes:
        input_ids: Its prompts, rows x tokens.
        kwargs: The model's other inputs, the cache among them.
        unread: How many of the last columns are to be read; None for all of them.
        passes: Passes that were needed to come here.
    """

    input_ids: torch.Tensor
    kwargs: dict[str, Any]
    unread: int | None = None
    passes: int = 0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A row's prompt or its beginning: what is to be read, and what is known of that."""

    row: int
    keys: Keys
    known: Prefix = NOTHING

    @property
    def rest(self) -> int:
        return int(self.keys.size) - self.known.length


class Prefill:
    """Takes what is known of a batch's prompts from a store, and puts there what was read.

    Attributes:
        reused: Per row of the batch as it began, the tokens that were not read again for it.
        unshared: Why nothing is taken or kept; None where it can be.
    """

    def __init__(self, store: PrefixStore, prompts: Sequence[Prompt], *, placeholders: Collection[int]) -> None:
        """Makes the first pass of one batch.

        Args:
            store: The model's prompts of earlier calls.
            prompts: Those of the batch, in order.
            placeholders: Tokens that stand for a piece of a picture.
        """
        self._store = store
        self._prompts = list(prompts)
        self._placeholders = placeholders
        self._rows = list(range(len(prompts)))  # those that are still in the batch
        self._passes = 0
        self.reused = [0] * len(prompts)
        self.unshared: str | None = None

    def open(self, model: Any, input_ids: torch.Tensor, kwargs: dict[str, Any], *, why: str | None) -> Opened:
        """The batch, up to its first pass.

        Args:
            model: A model of transformers.
            input_ids: The prompts, rows x tokens, padded on the left; what is known of their answers included.
            kwargs: The model's other inputs, with an empty cache; all that belongs to pictures comes from here.
            why: Why rows cannot go on by several tokens at once, which hinders here as well; None where they can.
        """
        batch = _Batch(model, input_ids, kwargs, self._prompts)
        self.unshared = why or _why_unshared(model, kwargs)
        if self.unshared is None:
            keys = [self._keys(tokens, row) for row, tokens in enumerate(batch.tokens())]
            if any(beginnings(one) != len(prompt.pictures) for prompt, one in zip(self._prompts, keys, strict=True)):
                self.unshared = "pictures that no tokens stand for"
        if self.unshared is not None:
            return Opened(input_ids, batch.with_pictures(kwargs, [prompt.pictures for prompt in self._prompts]))
        stretches = self._looked_up([_Stretch(row, one) for row, one in enumerate(keys)], batch, spare=1)
        self.reused = [stretch.known.length - done for stretch, done in zip(stretches, self.reused, strict=True)]
        opened = batch.arranged(stretches, kwargs["past_key_values"])
        return dataclasses.replace(opened, passes=self._passes)

    def keep(self, rows: Sequence[int]) -> None:
        """Lets go of all other rows of the batch."""
        self._rows = [self._rows[row] for row in rows]

    def remember(self, rows: Sequence[int], input_ids: torch.Tensor, kwargs: Mapping[str, Any]) -> None:
        """Puts what the model has read of some rows into the store, where that is possible at all.

        Args:
            rows: Which, by their place in the batch as it is now.
            input_ids: Its tokens, rows x tokens, with those that were not read yet.
            kwargs: The model's other inputs.
        """
        if self.unshared is not None:
            return
        cache = kwargs["past_key_values"]
        read = cache.get_seq_length()
        if read > input_ids.shape[1]:
            self.unshared = "tokens that the prompt does not show"
            return
        for row in rows:
            columns = _mask(kwargs, input_ids)[row, :read].nonzero()[:, 0]
            self._put(self._keys(input_ids[row, columns].tolist(), self._rows[row]), cache, row, columns)

    def _keys(self, tokens: Sequence[int], row: int) -> Keys:
        return keys_of(tokens, placeholders=self._placeholders, pictures=self._prompts[row].pictures)

    def _looked_up(self, stretches: Sequence[_Stretch], batch: _Batch, *, spare: int) -> list[_Stretch]:
        """The same with what is known of them; what several of them have in common is read now, once.

        Args:
            stretches: What is to be read.
            batch: The batch that they belong to.
            spare: Tokens at the end of each that stay to be read, whatever is known.
        """
        looked = [
            _Stretch(one.row, one.keys, self._store.find(one.keys, longest=one.keys.size - spare)) for one in stretches
        ]
        plan = _Sharing.of(looked, spare=spare)
        if plan.saved < MIN_SAVED:
            return looked
        read = self._read(plan.leaders, batch)
        for index, number in plan.led_by.items():
            one = looked[index]
            looked[index] = _Stretch(one.row, one.keys, read[number].cut(plan.shared[index]))
        return looked

    def _read(self, stretches: Sequence[_Stretch], batch: _Batch) -> list[Prefix]:
        """Reads the beginnings of some rows."""
        stretches = self._looked_up(stretches, batch, spare=0)
        opened = batch.arranged(stretches, copy.deepcopy(batch.kwargs["past_key_values"]))
        cache = batch.run(opened)
        self._passes += 1
        result = []
        for index, one in enumerate(stretches):
            self.reused[one.row] += one.rest  # what a row reads for others, it reads for itself
            columns = _mask(opened.kwargs, opened.input_ids)[index].nonzero()[:, 0]
            self._put(one.keys, cache, index, columns)
            result.append(Prefix(int(one.keys.size), row_layers(cache, index, columns)))
        return result

    def _put(self, keys: Keys, cache: Any, row: int, columns: torch.Tensor) -> None:
        def read(start: int, stop: int) -> Layers:
            return row_layers(cache, row, columns[start:stop])

        size = sum(one[0, :, 0].nbytes for layer in cache.layers for one in (layer.keys, layer.values))
        try:
            self._store.put(keys, read, bytes_per_token=size)
        except Exception as error:
            if not ran_out(error):
                raise
            _log.warning("no memory is left to keep a prompt that was read; all that were kept are let go of")
            self._store.clear()
            empty_caches()


@dataclass(frozen=True, slots=True)
class _Sharing:
    """What rows of a batch have in common beyond what is known.

    Attributes:
        leaders: What to read, once each.
        shared: Per row, how much of it others have as well.
        led_by: Which leader has that, for the rows that gain by it.
        saved: Tokens that need not be read.
    """

    leaders: list[_Stretch]
    shared: list[int]
    led_by: dict[int, int]
    saved: int

    @classmethod
    def of(cls, looked: Sequence[_Stretch], *, spare: int) -> _Sharing:
        """What some rows have in common.

        Args:
            looked: The rows, with what is known of them.
            spare: Tokens at the end of each that are not to be shared.
        """
        shared = []
        for one in looked:
            others = (common(one.keys, other.keys) for other in looked if other is not one)
            length = boundary(one.keys, min(max(others, default=0), one.keys.size - spare))
            shared.append(length if length >= MIN_TOKENS else 0)
        leaders: list[_Stretch] = []
        led_by: dict[int, int] = {}
        saved = 0
        for index in sorted(range(len(looked)), key=lambda index: -shared[index]):
            one, length = looked[index], shared[index]
            if length <= one.known.length:
                continue
            number = next((n for n, leader in enumerate(leaders) if common(leader.keys, one.keys) >= length), None)
            if number is None:
                number = len(leaders)
                leaders.append(_Stretch(one.row, one.keys[:length], one.known))
            else:
                saved += length - one.known.length
            led_by[index] = number
        return cls(leaders, shared, led_by, saved)


class _Batch:
    """The inputs of a batch before anything was read of it."""

    def __init__(self, model: Any, input_ids: torch.Tensor, kwargs: dict[str, Any], prompts: Sequence[Prompt]) -> None:
        self.model = model
        self.kwargs = kwargs
        self._input_ids = input_ids
        self._prompts = prompts

    def tokens(self) -> list[list[int]]:
        """The prompts without their padding."""
        mask = _mask(self.kwargs, self._input_ids)
        return [ids[real.bool()].tolist() for ids, real in zip(self._input_ids, mask, strict=True)]

    def with_pictures(self, kwargs: Mapping[str, Any], pictures: Sequence[Sequence[Pixels]]) -> dict[str, Any]:
        """The inputs with some pictures of each row only."""
        import torch

        names = {name for prompt in self._prompts for one in prompt.pictures for name in one.inputs}
        result = {name: value for name, value in kwargs.items() if name not in {*names, "mm_encoder_outputs"}}
        for name in sorted(names):
            if values := [one.inputs[name] for row in pictures for one in row]:
                result[name] = torch.cat(values)
        return result

    def arranged(self, stretches: Sequence[_Stretch], cache: Any) -> Opened:
        """The inputs for a pass over what is unknown of some rows.

        Args:
            stretches: The rows.
            cache: An empty cache, which is filled with what is known of them.
        """
        import torch

        width, device = self._input_ids.shape[1], self._input_ids.device
        known = max(one.known.length for one in stretches)
        unread = max(one.rest for one in stretches)
        columns, real = [], []
        lengths = [int(one) for one in _mask(self.kwargs, self._input_ids).sum(dim=-1).tolist()]
        for one in stretches:
            start = width - lengths[one.row]
            middle, end = start + one.known.length, start + one.keys.size
            before, between = known - one.known.length, unread - one.rest
            columns.append([*[0] * before, *range(start, middle), *[0] * between, *range(middle, end)])
            real.append([0] * before + [1] * one.known.length + [0] * between + [1] * one.rest)
        index = torch.tensor(columns, device=device)
        rows = torch.tensor([one.row for one in stretches], device=device)
        kwargs = {**self.kwargs, "past_key_values": cache}
        for name in PER_TOKEN:
            if (value := kwargs.get(name)) is not None:
                value = value.expand(*value.shape[:-2], *self._input_ids.shape).index_select(-2, rows)
                kwargs[name] = value.gather(-1, index.expand(*value.shape[:-1], index.shape[-1]))
        # One row alone has no padding, and reads faster without a mask.
        kwargs["attention_mask"] = torch.tensor(real, device=device) if len(stretches) > 1 else None
        _fill(cache, [one.known for one in stretches], known)
        pictures = [
            self._prompts[one.row].pictures[beginnings(one.keys[: one.known.length]) : beginnings(one.keys)]
            for one in stretches
        ]
        return Opened(self._input_ids[rows].gather(-1, index), self.with_pictures(kwargs, pictures), unread)

    def run(self, opened: Opened) -> Any:
        """The cache after a pass over what is unread, whose scores nobody wants."""
        inputs = self.model.prepare_inputs_for_generation(
            opened.input_ids, next_sequence_length=opened.unread, is_first_iteration=True, **opened.kwargs
        )
        return self.model(**inputs, return_dict=True).past_key_values


def _mask(kwargs: Mapping[str, Any], input_ids: torch.Tensor) -> torch.Tensor:
    """1 where a token stands, 0 where there is padding; ``generate`` leaves out a mask without padding."""
    mask: torch.Tensor | None = kwargs["attention_mask"]
    return mask if mask is not None else input_ids.new_ones(input_ids.shape)


def _fill(cache: Any, prefixes: Sequence[Prefix], length: int) -> None:
    """Puts what is known of some rows into an empty cache, padded on the left to ``length`` tokens."""
    whole = next((prefix for prefix in prefixes if prefix.length == length), None)
    if not length or whole is None:
        return
    for number, pair in enumerate(whole.layers):
        filled = [one.new_zeros(len(prefixes), *one.shape) for one in pair]
        for row, prefix in enumerate(prefixes):
            if prefix.length:
                for target, source in zip(filled, prefix.layers[number], strict=True):
                    target[row, :, length - prefix.length :] = source
        cache.update(*filled, number)


def _why_unshared(model: Any, kwargs: Mapping[str, Any]) -> str | None:
    """Why nothing can be taken from prompts that were read before, in words for the answer's metadata."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    cache = kwargs.get("past_key_values")
    others = {type(layer).__name__ for layer in getattr(cache, "layers", ()) if type(layer) is not DynamicLayer}
    if type(cache) is not DynamicCache or others or cache.offloading:
        return f"a cache of {', '.join(sorted(others)) or type(cache).__name__}"
    if kwargs.get("position_ids") is None or "attention_mask" not in kwargs:
        return "positions of its own"
    if "token_type_ids" in kwargs or _masks_by_type(model, kwargs):
        return "a prompt that is read in both directions"
    if getattr(model.config.get_text_config(), "num_kv_shared_layers", 0):
        return "layers that share their keys"
    if ropes := sorted(_ropes(model.config.get_text_config()) - _STEADY_ROPES):
        return f"positions that depend on the length ({', '.join(ropes)})"
    return None


def _masks_by_type(model: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether the tokens of a picture look at each other in both directions (Molmo2), which a later pass undoes."""
    masks = getattr(model, "create_masks_for_generate", None)
    if masks is None or kwargs.get("mm_token_type_ids") is None:
        return False
    return "mm_token_type_ids" in inspect.signature(masks).parameters


def _ropes(config: Any) -> set[str]:
    """The kinds of rotary positions that a configuration names, of all its kinds of layers."""
    parameters = getattr(config, "rope_parameters", None) or {}
    kinds = [parameters, *(one for one in parameters.values() if isinstance(one, Mapping))]
    return {str(one["rope_type"]) for one in kinds if one.get("rope_type")}
