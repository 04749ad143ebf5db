"""A transformers checkpoint as a backend: conversations in, answers out, many at a time."""

from __future__ import annotations

import copy
import functools
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from extraction.batching import PER_TOKEN, batch_cost, counts_pictures, groups, stack
from extraction.budget import Budget
from extraction.closing import LONGEST, reach, shortest_text
from extraction.decoding import DecodingLoop
from extraction.errors import ContextLengthError, ExtractionError, GenerationError, ModelLoadError, OptionError
from extraction.grammar import Constraint, build_grammar, finite_texts, was_cut
from extraction.heads import Head
from extraction.jobs import Answer, Cut, Effort, Job, ModelInfo, Request
from extraction.layout import Encoded, Layout, placeholder_tokens
from extraction.loading import Checkpoint, ModelKey
from extraction.matching import Grammars
from extraction.memory import Footprint, Limit, as_ours, empty_caches, ran_out
from extraction.passes import opening, plain_generation
from extraction.planning import PicturePlan, make_picture_plan
from extraction.prefill import ENCODED_EARLY, Prefill, Prompt, reads_pictures_itself
from extraction.prefixes import PrefixStore, pixels_of
from extraction.rows import Row, SpecialTokens
from extraction.text_stream import TextStream
from extraction.tools import ToolDialect
from extraction.trace import Watch, list_limits

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A job with its encoded conversation, what its answer must be for these pictures, and the grammar of that."""

    job: Job
    encoded: Encoded
    constraint: Constraint | None
    grammar: str | None


class TransformersBackend:
    """Answers requests with a vision-language model of transformers; weights are loaded by the first one."""

    def __init__(self, key: ModelKey) -> None:
        self._checkpoint = Checkpoint(key)
        self._layout = Layout(self._checkpoint)
        self._model: Any = None
        self._limit = Limit()
        self._prefixes = PrefixStore()
        self._apart: bool | None = None

    def info(self) -> ModelInfo:
        """What the configuration tells; nothing else is loaded."""
        config = self._checkpoint.config
        text_config = config.get_text_config() if hasattr(config, "get_text_config") else config
        return ModelInfo(
            model_type=getattr(config, "model_type", None),
            max_positions=getattr(text_config, "max_position_embeddings", None),
        )

    def dialect(self) -> ToolDialect:
        """How the model marks tool calls, by its chat template; the processor is loaded for it."""
        return self._layout.dialect

    def count_tokens(self, request: Request) -> int:
        """Tokens of a prompt, those of pictures included."""
        return self._encoded(request).length

    def token_ids(self, text: str) -> list[int]:
        """The tokens of a text, without special ones."""
        with self._checkpoint.processor_lock:
            return list(self._checkpoint.tokenizer.encode(text, add_special_tokens=False))

    def plan(self, request: Request) -> PicturePlan:
        """What answering will take; no weights are loaded for it."""
        context, loaded = self.info().max_positions, self._model is not None
        return make_picture_plan(self._checkpoint, self._encoded(request), request, context=context, loaded=loaded)

    def run(self, jobs: Sequence[Job]) -> None:
        """Resolves every job, with an answer or with its own error."""
        prepared = [ready for job in jobs if (ready := self._prepared(job)) is not None]
        try:
            self._loaded()
        except ModelLoadError as error:
            for one in prepared:
                one.job.resolve(error)
            return
        prepared = [one for one in prepared if self._can_begin(one)]
        for indices in self._grouped(prepared):
            self._run_batch([prepared[index] for index in indices])

    def close(self) -> None:
        """Drops the weights and all that was kept of prompts; they are loaded again when they are needed."""
        self._model = None
        self._prefixes.clear()
        for name in ("_grammars", "_special", "_footprint", "_head", "_text_of"):
            self.__dict__.pop(name, None)
        empty_caches()

    def _encoded(self, request: Request) -> Encoded:
        bounds = {"min_pixels": request.min_pixels, "max_pixels": request.max_pixels}
        return self._layout.encode(request.turns, request.tools, **bounds)

    def _prepared(self, job: Job) -> _Prepared | None:
        """The job, encoded; None when it has failed already."""
        request = job.request
        try:
            encoded = self._encoded(request)
            job.frames = encoded.frames
            limit = self.info().max_positions
            if limit is not None and encoded.length >= limit:
                raise ContextLengthError(
                    f"the prompt has {encoded.length} tokens, and the model holds {limit} with its answer",
                    hint="shorten it, or lower max_pixels",
                )
            sides = [side for frame in encoded.frames for side in frame.model or ()]
            constraint = request.constraint and request.constraint.within(sides)
            grammar = build_grammar(constraint, self._layout.dialect) if constraint else None
        except Exception as error:
            job.resolve(as_ours(error))
            return None
        return _Prepared(job, encoded, constraint, grammar)

    def _can_begin(self, one: _Prepared) -> bool:
        """Whether a job can be begun: what it goes on from are tokens, and the shortest answer that it allows has room."""
        begun = one.job.request.begun
        unknown = [token for token in begun if not 0 <= token < self._vocabulary or token in self._special.placeholders]
        if unknown:
            one.job.resolve(OptionError(f"continue_from holds {unknown[0]}, which is no token of an answer"))
            return False
        asked, room = one.job.request.max_tokens, self._room(one)
        longest = self._longest_way(one)
        try:
            smallest = None if one.grammar is None else self._grammars.smallest(one.grammar, longest)
        except ExtractionError as error:
            one.job.resolve(error)
            return False
        if smallest is None and longest > LONGEST:
            needs = f"the shortest answer that fits the schema takes more than {longest} tokens"
        elif smallest is None or smallest <= room:
            return True
        else:
            needs = f"the shortest answer that fits the schema takes {smallest} tokens"
        one.job.resolve(
            OptionError(f"max_tokens={asked} is too small: {needs}", hint="raise it, or ask for less")
            if room == asked
            else ContextLengthError(f"the model's context leaves {room} tokens, and {needs}", hint="lower max_pixels")
        )
        return False

    def _longest_way(self, one: _Prepared) -> int:
        """Most tokens of a way to the end of an answer that is looked for; more than usual where no answer is short."""
        if one.constraint is None or shortest_text(finite_texts(one.constraint, self._layout.dialect)) <= LONGEST:
            return LONGEST
        return max(LONGEST + 1, self._room(one))

    def _room(self, one: _Prepared) -> int:
        """Tokens that an answer may have."""
        limit = self.info().max_positions
        model, taken = self._loaded(), one.encoded.length
        if model.config.is_encoder_decoder and "decoder_input_ids" not in one.encoded.inputs:
            taken = max(0, len(opening(model)) - 1)  # the last token of an answer is not read
        asked = one.job.request.max_tokens
        return asked if limit is None else min(asked, limit - taken)

    def _run_batch(self, batch: Sequence[_Prepared]) -> None:
        """Answers a batch; one that fails as a whole is tried again in halves, down to the job that is to blame."""
        try:
            self._generate(batch)
            self._limit.fitted(self._cost(batch))
            return
        except Exception as error:
            open_jobs = [one for one in batch if not one.job.resolved]
            if not open_jobs:
                _log.exception("a batch failed behind its last answer; all its answers are whole")
            if len(batch) == 1 or not open_jobs:
                for one in open_jobs:
                    one.job.resolve(as_ours(error))
                return
            too_large = ran_out(error)
        if too_large:  # only here, where the error no longer holds on to the tensors of the batch
            self._limit.failed(self._cost(batch))
            self._prefixes.clear()
            empty_caches()
        half = (len(open_jobs) + 1) // 2
        for part in (open_jobs[:half], open_jobs[half:]):
            if part:
                self._run_batch(part)

    def _grouped(self, prepared: Sequence[_Prepared]) -> list[list[int]]:
        """Indices of the jobs, one list per batch, each of a size that the memory is predicted to hold."""
        encoded, budgets = [one.encoded for one in prepared], [self._room(one) for one in prepared]
        largest = 1 if self._counts_pictures(encoded) else len(prepared)
        together = groups(encoded, budgets, largest=largest, cost=self._footprint, room=math.inf)
        room = self._limit.bytes(self._model.device)
        if self._prefixes.bytes and any(self._cost([prepared[index] for index in one]) > room for one in together):
            self._prefixes.clear()  # what runs comes before what may come again
            empty_caches()
            room = self._limit.bytes(self._model.device)
        return groups(encoded, budgets, largest=largest, cost=self._footprint, room=room)

    def _counts_pictures(self, encoded: Sequence[Encoded]) -> bool:
        """Whether conversations with pictures are to be answered one by one; tried out on the first that may not be."""
        shown = [one for one in encoded if one.image_tokens]
        if len(shown) > 1 and self._apart is None:
            self._apart = counts_pictures(self._loaded(), shown[0])
        return bool(shown and self._apart)

    def _cost(self, batch: Sequence[_Prepared]) -> int:
        """Bytes that a batch is predicted to take."""
        return batch_cost(self._footprint, [one.encoded for one in batch], [self._room(one) for one in batch])

    @functools.cached_property
    def _footprint(self) -> Footprint:
        return Footprint.of(self._loaded())

    def _prefill(self, batch: Sequence[_Prepared]) -> Prefill | str:
        """What brings in prompts that were read before, or why nothing can."""
        bound = min(one.job.prefix_cache_bytes for one in batch)
        if not bound:
            return "switched off"
        if self._loaded().config.is_encoder_decoder:
            return "encoder-decoder"
        if reads_pictures_itself(self._loaded()):
            return "pictures that are read before the prompt"
        prompts = []
        for one in batch:
            pictures = {name: value for name, value in one.encoded.inputs.items() if name not in PER_TOKEN}
            if others := [name for name, value in pictures.items() if not hasattr(value, "to")]:
                return f"inputs of its own: {', '.join(others)}"
            placed = [
                replace(pixels, inputs={name: self._placed(value) for name, value in pixels.inputs.items()})
                for pixels in pixels_of(pictures, len(one.encoded.frames))
            ]
            prompts.append(Prompt(placed))
        self._prefixes.bound = bound
        return Prefill(self._prefixes, prompts, placeholders=self._special.placeholders)

    def _generate(self, batch: Sequence[_Prepared]) -> None:
        import torch

        model = self._loaded()
        rows = [self._row(one) for one in batch]
        by_row = {id(row): one for row, one in zip(rows, batch, strict=True)}
        encoder_decoder = bool(model.config.is_encoder_decoder)
        inputs = stack(
            [one.encoded for one in batch], padding=self._padding, side="right" if encoder_decoder else "left"
        )
        prefill = self._prefill(batch)
        # Those that are held back come from ``prefill``, which lets no picture be looked at that belongs to a known prompt.
        held = ENCODED_EARLY if isinstance(prefill, Prefill) else ()
        inputs = {name: self._placed(value) for name, value in inputs.items() if name not in held}
        if len(batch) > 1 and not encoder_decoder:
            assert bool(inputs["attention_mask"][:, -1].all()), "prompts are padded on the left"
        with torch.inference_mode():
            head = self._head if any(one.job.request.narrow_head for one in batch) else None
            loop = DecodingLoop(
                rows, on_done=lambda row: _resolve(row, by_row[id(row)], self._layout, loop), head=head, prefill=prefill
            )
            if begins := opening(model):
                inputs.setdefault("decoder_input_ids", torch.tensor([begins] * len(rows), device=model.device))
            config = plain_generation(model, padding=self._padding, longest=max(row.max_tokens for row in rows))
            model.generate(**inputs, generation_config=config, custom_generate=loop)

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = self._checkpoint.load_model()
        return self._model

    def _row(self, one: _Prepared) -> Row:
        request, room = one.job.request, self._room(one)
        matcher = budget = None
        if one.grammar is not None and one.constraint is not None:
            grammars = self._grammars
            matcher = grammars.matcher(one.grammar)
            longest = self._longest_way(one)
            budget = Budget(
                matcher,
                grammars.closer,
                smallest=grammars.smallest(one.grammar, longest),
                reach=reach(finite_texts(one.constraint, self._layout.dialect), calls=bool(one.constraint.tools)),
                max_tokens=room,
                longest=longest,
            )
        return Row(
            one.job,
            sampling=request.sampling.with_defaults(self._loaded().generation_config),
            stream=TextStream(self._decoder, silent=self._special.silent, stop=request.stop),
            matcher=matcher,
            budget=budget,
            max_tokens=room,
            special=self._special,
            watch=self._watch(one),
        )

    def _watch(self, one: _Prepared) -> Watch | None:
        request = one.job.request
        before = request.begun_trace
        if one.constraint is None or not request.confidence or (request.begun and before is None):
            return None  # what was begun is read without asking what the model thinks of it
        limits = list_limits(one.constraint, self._layout.dialect)
        return Watch(self._text_of, ends=self._special.ends, limits=limits, before=before)

    @functools.cached_property
    def _text_of(self) -> Callable[[int], str]:
        """Gives the text of one token, each decoded once."""
        tokenizer = self._decoder
        return functools.cache(lambda token: str(tokenizer.decode([token], clean_up_tokenization_spaces=False)))

    @functools.cached_property
    def _special(self) -> SpecialTokens:
        tokenizer, config = self._checkpoint.tokenizer, self._loaded().generation_config
        ends = _as_set(config.eos_token_id) | _as_set(tokenizer.eos_token_id)
        others = (tokenizer.bos_token_id, tokenizer.pad_token_id, config.bos_token_id, config.pad_token_id)
        silent = ends.union(*(_as_set(token) for token in others))
        never, is_task = placeholder_tokens(self._checkpoint), self._layout.template is None
        return SpecialTokens(frozenset(ends), frozenset(silent), never, may_be_empty=is_task)

    @functools.cached_property
    def _decoder(self) -> Any:
        """A tokenizer of the engine's own: others may be encoding with the processor's while it decodes."""
        with self._checkpoint.processor_lock:
            return copy.deepcopy(self._checkpoint.tokenizer)

    @functools.cached_property
    def _grammars(self) -> Grammars:
        return Grammars(self._decoder, vocabulary=self._vocabulary, ends=self._special.ends)

    @property
    def _vocabulary(self) -> int:
        model = self._loaded()
        head = model.get_output_embeddings()
        return int(model.config.get_text_config().vocab_size if head is None else head.weight.shape[0])

    @functools.cached_property
    def _head(self) -> Head:
        return Head(self._loaded())

    @property
    def _padding(self) -> int:
        tokenizer, config = self._checkpoint.tokenizer, self._loaded().generation_config
        for token in (tokenizer.pad_token_id, config.pad_token_id, *sorted(self._special.ends)):
            if token is not None:
                return int(token)
        return 0

    def _placed(self, value: Any) -> Any:
        """A tensor on the model's device, pixels in its type."""
        if not hasattr(value, "to"):
            return value
        model = self._loaded()
        return value.to(model.device, model.dtype) if value.is_floating_point() else value.to(model.device)


def _resolve(row: Row, one: _Prepared, layout: Layout, loop: DecodingLoop) -> None:
    """Gives a job its answer as soon as its row is done."""
    if row.error is not None or row.finish_reason is None:
        one.job.resolve(row.error or GenerationError("the row ended without a reason"))
        return
    text, reason = row.stream.text, row.finish_reason
    constraint = one.constraint
    ended = reason == "stop" and row.matcher is not None and row.matcher.complete
    if ended and constraint is not None and was_cut(text, constraint, layout.dialect):
        reason = "length"
        texts = was_cut(text, constraint, layout.dialect, lists=False)
        row.cut = Cut(len(text), tuple(row.tokens), row.max_tokens, capped="text" if texts else "list")
    one.job.resolve(
        Answer(
            text=text,
            finish_reason=reason,
            input_tokens=one.encoded.length,
            image_tokens=one.encoded.image_tokens,
            output_tokens=len(row.tokens),
            frames=one.encoded.frames,
            cut=row.cut,
            stopped_by=row.stream.stopped_by,
            effort=Effort(
                loop.passes,
                row.forced,
                loop.one_by_one,
                narrow_passes=row.narrow_passes,
                whole_head=loop.head.whole if loop.head is not None and one.job.request.narrow_head else None,
                reused_tokens=loop.reused_tokens(row),
                unshared=loop.unshared,
            ),
            trace=None if row.watch is None else row.watch.trace,
        )
    )


def _as_set(token: Any) -> set[int]:
    tokens = token if isinstance(token, (list, tuple, set)) else [token]
    return {int(one) for one in tokens if one is not None}
