"""Second stage of training: the whole model answers questions, with the tower's dense head kept as a second teacher.

Several independent questions about one picture are packed behind its patches, so that the picture is paid for once.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from extraction.pocket.dataset import Shards, Truth
from extraction.pocket.dense import DenseHead, DenseTargets, dense_targets
from extraction.pocket.model import IMAGE_TOKENS, ModelConfig, build_model, normalise, token_id, tower_features
from extraction.pocket.muon import Muon
from extraction.pocket.tasks import Task, question_task, random_task, standard_task, told_task
from extraction.pocket.tokenizer import prompt_text
from extraction.pocket.views import STEP, View
from extraction.schemas import json_schema_of
from extraction.schemas.scene import Scene

PREFIX = 1 + IMAGE_TOKENS  # <bos> and the patches
PROMPT, ANSWER = 1, 2


@dataclass(frozen=True)
class TrainConfig:
    """One run of the second stage.

    Attributes:
        steps: Optimiser steps; the learning rate falls to 2 % over the last ``decay`` of them.
        batch: Scenes per step and worker.
        forms: Forms to fill in, packed behind each picture; the first is the standard one with chance ``standard``, and
            the standard one with another instruction with chance ``told``.
        questions: Questions in plain words, packed behind the forms.
        balance: How much the tokens of short answers count more: (60 / tokens) to this power.
        learning_rate: For the text model (Muon and AdamW alike); the tower takes ``tower_rate`` times this.
        softness: Standard deviation, in units of 0..1000, of the soft targets around a box's number.
        dense_weight: Weight of the dense head's loss.
        max_tokens: Longest row, patches included; longer questions are left out.
    """

    steps: int = 6000
    batch: int = 12
    forms: int = 1
    standard: float = 0.3
    told: float = 0.2
    questions: int = 3
    balance: float = 0.6
    learning_rate: float = 4e-3
    tower_rate: float = 0.5
    softness: float = 8.0
    dense_weight: float = 0.5
    decay: float = 0.5
    max_tokens: int = 850
    seed: int = 0
    model: ModelConfig = field(default_factory=ModelConfig)


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
        self.image, self.bos, self.pad = (token_id(tokenizer, token) for token in ("<image>", "<bos>", "<pad>"))

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
            prompt = self._encode(prompt_text(task))
            answer = self._encode(f"{task.answer}<|end|>")
            length = len(prompt) + len(answer)
            if len(row.tokens) + length > self.config.max_tokens - PREFIX:
                continue
            row.tokens += prompt + answer
            row.kinds += [PROMPT] * len(prompt) + [ANSWER] * len(answer)
            row.turns += [turn] * length
            row.positions += range(PREFIX, PREFIX + length)
            row.weights += [(60 / len(answer)) ** self.config.balance] * length
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

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False)
        return ids

    def _batch(self, pictures: np.ndarray, truths: list[Truth], rows: list[Row]) -> Batch:
        length = PREFIX + max(len(row.tokens) for row in rows)
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


class Teacher:
    """The loss of the second stage: next tokens, with soft targets for numbers, and the dense head's."""

    def __init__(
        self,
        model: LlavaForConditionalGeneration,
        head: DenseHead,
        tokenizer: PreTrainedTokenizerFast,
        config: TrainConfig,
    ) -> None:
        self.model, self.head, self.config = model, head, config
        numbers = range(0, 1001, STEP)
        ids = [tokenizer.encode(str(number), add_special_tokens=False) for number in numbers]
        if any(len(pieces) != 1 for pieces in ids):
            raise ValueError("a number of the boxes is more than one token: the tokenizer saw too few numbers")
        self.number_ids = torch.tensor([pieces[0] for pieces in ids])
        self.bin = torch.full((len(tokenizer),), -1)
        self.bin[self.number_ids] = torch.arange(len(ids))
        apart = (torch.arange(len(ids))[:, None] - torch.arange(len(ids))[None]).float() * STEP
        self.soft = torch.softmax(-(apart**2) / (2 * config.softness**2), -1)
        # Small numbers are counts as well as coordinates; a bracket or comma before them tells which.
        opening = [i for t, i in tokenizer.get_vocab().items() if t.rstrip("Ġ").endswith(("[", ","))]
        self.before_number = torch.zeros(len(tokenizer), dtype=torch.bool)
        self.before_number[torch.tensor(opening)] = True

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """One number to descend, and its parts for the log."""
        hidden, features = self._forward(batch)
        wanted = batch.kind[:, 1:] == ANSWER
        target, before = batch.tokens[:, 1:][wanted], batch.tokens[:, :-1][wanted]
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model.lm_head(hidden[wanted])
        logs = torch.log_softmax(logits.float(), -1)
        plain = -logs.gather(1, target[:, None])[:, 0]
        number = (self.bin[target] >= 0) & self.before_number[before]
        soft = -(self.soft[self.bin[target[number]]] * logs[number][:, self.number_ids]).sum(-1)
        weight = batch.weight[:, 1:][wanted]
        text = ((plain * weight)[~number].sum() + (soft * weight[number]).sum()) / weight.sum()
        dense = self.head.loss(features.float(), batch.dense)
        words, numbers = plain[~number].mean(), plain[number].sum() / number.sum().clamp(min=1)
        parts = {"text": text.item(), "numbers": numbers.item(), "words": words.item()}
        return text + self.config.dense_weight * dense, parts | {"dense": dense.item()}

    def _forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        turn = batch.turn[:, :-1]
        length = turn.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool).tril()[None]
        seen = causal & ((turn[:, :, None] == turn[:, None]) | (turn[:, None] == 0))
        mask = torch.zeros(seen.shape, dtype=torch.bfloat16).masked_fill(~seen, -1e9)[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            features = tower_features(self.model.model.vision_tower, batch.pixels)
            patches = self.model.model.multi_modal_projector(features)
            embedded = self.model.get_input_embeddings()(batch.tokens[:, :-1])
            embedded = torch.cat([embedded[:, :1], patches.to(embedded.dtype), embedded[:, PREFIX:]], 1)
            hidden = self.model.model.language_model(
                inputs_embeds=embedded,
                attention_mask=mask,
                position_ids=batch.position[:, :-1],
                use_cache=False,
            ).last_hidden_state
        return hidden, features


@dataclass(frozen=True, slots=True)
class Workers:
    """The processes that train together, each on scenes of its own: this one's number, and how many there are."""

    rank: int = 0
    count: int = 1

    def average(self, weights: Sequence[nn.Parameter]) -> None:
        """Replaces every gradient by its mean over the processes."""
        if self.count == 1:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.count
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))


def make_optimizers(model: nn.Module, head: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """Muon for the matrices and kernels, AdamW for embeddings, norms, biases and the head."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        if "pooler" in name:
            weight.requires_grad_(False)
            continue
        in_tower = "vision_tower" in name
        embedding = any(
            part in name for part in ("embedder.embedder", "embed_tokens", "lm_head", "position_embeddings")
        )
        groups.setdefault((weight.ndim in (2, 4) and not embedding, in_tower), []).append(weight)
    rate = {True: config.learning_rate * config.tower_rate, False: config.learning_rate}
    matrices = [{"params": groups[True, tower], "lr": rate[tower]} for tower in (True, False)]
    others = [{"params": groups[False, tower], "lr": rate[tower]} for tower in (True, False)]
    others[0]["params"] = [*groups[False, True], *head.parameters()]
    return [Muon(matrices), torch.optim.AdamW(others, weight_decay=0.02, betas=(0.9, 0.98))]


def train(
    shards: Shards,
    tokenizer: PreTrainedTokenizerFast,
    config: TrainConfig,
    *,
    tower: Path,
    checkpoint: Path,
    report: Callable[[LlavaForConditionalGeneration], dict[str, float]],
    report_every: int = 200,
    workers: Workers | None = None,
) -> LlavaForConditionalGeneration:
    """Trains on from the tower of the first stage, or from ``checkpoint`` where an interrupted run left it."""
    workers = workers or Workers()
    torch.manual_seed(config.seed)
    model = build_model(tokenizer, config.model)
    model.set_attn_implementation("eager")  # two to three times faster than SDPA in bfloat16 for heads this small
    head = DenseHead(config.model.width)
    stage1 = torch.load(tower, weights_only=True)
    model.model.vision_tower.load_state_dict(stage1["tower"])
    head.load_state_dict(stage1["head"])
    model.model.vision_tower.to(memory_format=torch.channels_last)
    optimizers = make_optimizers(model, head, config)
    rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    first = _resume(checkpoint, model, head, optimizers)
    if first == 0:
        bring_out(model.model.multi_modal_projector.linear_1, head, features_of(model, shards))
    teacher = Teacher(model, head, tokenizer, config)
    weights = [w for w in [*model.parameters(), *head.parameters()] if w.requires_grad]
    mean: dict[str, float] = {}
    started = time.monotonic()
    for step, batch in zip(
        range(first, config.steps), Packer(shards, tokenizer, config, workers.rank).chunks(first), strict=False
    ):
        warm = min(1.0, (step + 1) / 40)
        factor = warm * min(1.0, (config.steps - step) / (config.decay * config.steps) + 0.02)
        for optimizer, base in zip(optimizers, rates, strict=True):
            for group, rate in zip(optimizer.param_groups, base, strict=True):
                group["lr"] = rate * factor
        loss, parts = teacher.loss(batch)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        workers.average(weights)
        nn.utils.clip_grad_norm_(weights, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        mean = {key: 0.97 * mean.get(key, value) + 0.03 * value for key, value in parts.items()}
        if workers.rank == 0 and ((step + 1) % 100 == 0 or step + 1 == config.steps):
            _save(checkpoint, model, head, optimizers, step + 1, config)
            line: dict[str, float] = {"step": step + 1, "seconds": round(time.monotonic() - started)}
            line |= {key: round(value, 4) for key, value in mean.items()}
            if (step + 1) % report_every == 0:
                model.eval()
                line |= report(model)
                model.train()
            print(json.dumps(line), flush=True)  # noqa: T201 - a training log
    model.eval()
    return model


GAIN = 6.0
"""How much ``bring_out`` makes of what the dense head reads; chosen once, on colours (1 % of the projected variance before, about
14 % after). One run, in which they were named at chance until step 1,100 and well by step 1,400; none without it to compare."""


@torch.no_grad()
def bring_out(layer: nn.Linear, head: DenseHead, features: Tensor) -> None:
    """Makes the projector's first layer louder in the directions that the dense head reads, around the mean patch.

    The tower knows what is there, but a random projection leaves it a small part of what the text model is given.

    Args:
        layer: The projector's first layer, changed in place.
        head: The dense head that was trained with the tower.
        features: Patches of some pictures, patches x width.
    """
    basis = head.directions()
    louder = GAIN * layer.weight @ basis.T @ basis
    layer.weight.add_(louder)
    layer.bias.sub_(louder @ features.mean(0))


@torch.no_grad()
def features_of(model: LlavaForConditionalGeneration, shards: Shards, count: int = 16) -> Tensor:
    """Features of all patches of the first pictures, patches x width."""
    pictures = np.stack([shards.get(i)[0] for i in range(count)])
    tower = model.model.vision_tower.eval()
    features = tower_features(tower, normalise(torch.from_numpy(pictures)))
    tower.train()
    return features.flatten(0, 1)


def _save(
    path: Path,
    model: nn.Module,
    head: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    step: int,
    config: TrainConfig,
) -> None:
    partial = path.with_suffix(".partial")
    state = {
        "model": model.state_dict(),
        "head": head.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "step": step,
        "config": asdict(config),
    }
    torch.save(state, partial)
    partial.replace(path)


def _resume(path: Path, model: nn.Module, head: nn.Module, optimizers: list[torch.optim.Optimizer]) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    head.load_state_dict(state["head"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return int(state["step"])
