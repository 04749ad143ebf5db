"""Scenes and tasks as batches: several questions about one picture stand behind its patches, and do not see each other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from extraction.pocket.dataset import Shards, Truth
from extraction.pocket.dense import DenseTargets, dense_targets
from extraction.pocket.emphasis import SYNTAX, emphasis
from extraction.pocket.model import IMAGE_TOKENS, normalise, token_id
from extraction.pocket.tasks import Task, question_task, random_task, standard_task, told_task
from extraction.pocket.tokenizer import prompt_text
from extraction.pocket.train_config import TrainConfig
from extraction.pocket.views import View
from extraction.schemas import json_schema_of
from extraction.schemas.scene import Scene

PREFIX = 1 + IMAGE_TOKENS  # <bos> and the patches
PROMPT, ANSWER = 1, 2
LENGTHS = 32
"""Rows are padded to a multiple of this, and one for the shifted target: kernels are prepared once per shape."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of packed questions; tensors are batch x tokens, ``turn`` 0 for the picture, -1 for padding."""

    pixels: Tensor
    tokens: Tensor
    kind: Tensor
    turn: Tensor
    position: Tensor
    weight: Tensor
    dense: DenseTargets


@dataclass(slots=True)
class Row:
    """What stands behind one picture, per token."""

    tokens: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class Packer:
    """Turns scenes into batches; a batch depends only on the seed, the worker and its number."""

    def __init__(
        self, shards: Shards, tokenizer: PreTrainedTokenizerFast, config: TrainConfig, worker: int = 0
    ) -> None:
        self.shards, self.tokenizer, self.config, self.worker = shards, tokenizer, config, worker
        self.schema = json_schema_of(Scene)
        special = ("<image>", "<bos>", "<pad>", "<|end|>")
        self.image, self.bos, self.pad, self.end = (token_id(tokenizer, token) for token in special)

    def chunks(self, first: int) -> Iterator[Batch]:
        """Batches from number ``first`` on; rows of like length stand together, which saves padding."""
        together = 6
        for chunk in range(first // together, 1 << 60):
            noise = np.random.default_rng((self.config.seed, 1 + self.worker, chunk))
            rng = random.Random((self.config.seed * 97 + self.worker) * 1_000_003 + chunk)
            pictures, truths = self.shards.sample(self.config.batch * together, noise)
            rows = [self._row(truth, rng) for truth in truths]
            order = sorted(range(len(rows)), key=lambda i: len(rows[i].tokens))
            groups = [order[i : i + self.config.batch] for i in range(0, len(order), self.config.batch)]
            # The same order in every worker: all have their long rows at the same time, and nobody waits.
            random.Random(self.config.seed * 1_000_003 + chunk).shuffle(groups)
            for number, group in enumerate(groups):
                if chunk * together + number >= first:
                    yield self._batch(pictures[group], [truths[i] for i in group], [rows[i] for i in group])

    def _row(self, truth: Truth, rng: random.Random) -> Row:
        view = View.of(truth)
        row = Row()
        for turn, task in enumerate(self._tasks(view, rng), 1):
            prompt = self.tokenizer.encode(prompt_text(task), add_special_tokens=False)
            answer, weights = self._weighed(task.answer)
            length = len(prompt) + len(answer)
            if len(row.tokens) + length > self.config.max_tokens - PREFIX:
                continue
            row.tokens += prompt + answer
            row.kinds += [PROMPT] * len(prompt) + [ANSWER] * len(answer)
            row.turns += [turn] * length
            row.positions += range(PREFIX, PREFIX + length)
            whole = (60 / len(answer)) ** self.config.balance
            row.weights += [0.0] * len(prompt) + [whole * weight for weight in weights]
        return row

    def _tasks(self, view: View, rng: random.Random) -> Iterator[Task]:
        for number in range(self.config.forms):
            kind = rng.random() if number == 0 else 1.0
            if kind < self.config.standard:
                yield standard_task(view, self.schema)
            elif kind < self.config.standard + self.config.told:
                yield told_task(view, self.schema, rng)
            else:
                yield random_task(view, rng)
        for _ in range(self.config.questions):
            yield question_task(view, rng)

    def _weighed(self, answer: str) -> tuple[list[int], list[float]]:
        """The tokens of an answer and of its end, with the weight of each: that of its weightiest character."""
        encoded = self.tokenizer(answer, add_special_tokens=False, return_offsets_mapping=True)
        characters = emphasis(answer)
        weights = [max(characters[start:end], default=SYNTAX) for start, end in encoded["offset_mapping"]]
        return [*encoded["input_ids"], self.end], [*weights, SYNTAX]

    def _batch(self, pictures: np.ndarray, truths: list[Truth], rows: list[Row]) -> Batch:
        length = 1 + -(-(PREFIX + max(len(row.tokens) for row in rows)) // LENGTHS) * LENGTHS
        shape = (len(rows), length)
        tokens, kind = torch.full(shape, self.pad), torch.zeros(shape, dtype=torch.long)
        turn, position = torch.full(shape, -1), torch.zeros(shape, dtype=torch.long)
        weight = torch.zeros(shape)
        tokens[:, 0], tokens[:, 1:PREFIX] = self.bos, self.image
        turn[:, :PREFIX], position[:, :PREFIX] = 0, torch.arange(PREFIX)
        for i, row in enumerate(rows):
            end = PREFIX + len(row.tokens)
            for target, values in (
                (tokens, row.tokens),
                (kind, row.kinds),
                (turn, row.turns),
                (position, row.positions),
                (weight, row.weights),
            ):
                target[i, PREFIX:end] = torch.tensor(values, dtype=target.dtype)
        pixels = normalise(torch.from_numpy(pictures))
        return Batch(pixels, tokens, kind, turn, position, weight, dense_targets(truths))
