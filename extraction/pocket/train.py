"""Second stage of training: the whole model answers questions, with the tower's dense head kept as a second teacher.

Several independent questions about one picture are packed behind its patches, so that the picture is paid for once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from extraction.pocket.attention import NAME as BLOCKED
from extraction.pocket.dataset import Shards
from extraction.pocket.dense import DenseHead
from extraction.pocket.model import build_model, normalise, tower_features
from extraction.pocket.muon import Muon
from extraction.pocket.packing import ANSWER, PREFIX, Batch, Packer
from extraction.pocket.train_config import TrainConfig
from extraction.pocket.views import STEP


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
    text = model.model.language_model
    text.set_attn_implementation(BLOCKED)
    head = DenseHead(config.model.width)
    model.model.vision_tower.to(memory_format=torch.channels_last)
    optimizers = make_optimizers(model, head, config)
    rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    if checkpoint.exists():
        first = _resume(checkpoint, model, head, optimizers)
    else:
        first = 0
        stage1 = torch.load(tower, weights_only=True)
        model.model.vision_tower.load_state_dict(stage1["tower"])
        head.load_state_dict(stage1["head"])
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
            save_checkpoint(checkpoint, model, head, optimizers, step + 1, config)
            line: dict[str, float] = {"step": step + 1, "seconds": round(time.monotonic() - started)}
            line |= {key: round(value, 4) for key, value in mean.items()}
            if (step + 1) % report_every == 0:
                model.eval()
                text.set_attn_implementation("eager")  # what answers token by token
                line |= report(model)
                text.set_attn_implementation(BLOCKED)
                model.train()
            print(json.dumps(line), flush=True)  # noqa: T201 - a training log
    model.eval()
    text.set_attn_implementation("eager")
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


def save_checkpoint(
    path: Path,
    model: nn.Module,
    head: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    step: int,
    config: TrainConfig,
) -> None:
    """Writes what ``train`` goes on from, whole or not at all."""
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
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    head.load_state_dict(state["head"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return int(state["step"])
