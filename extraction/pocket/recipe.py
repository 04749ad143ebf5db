"""From random weights to the weights in the package, in one command that can be interrupted and goes on.

    python -m extraction.pocket.recipe WORKPLACE

Three stages: scenes are rendered into shards, the tower learns to see, the whole model learns to answer. Each leaves its
checkpoint in the work folder. The numbers of all three stand in ``Recipe``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import torch
import torch.multiprocessing.spawn as multiprocessing
from transformers import PreTrainedTokenizerFast

from extraction.pocket.checkpoint import quick_score, save_model
from extraction.pocket.dataset import EVALUATION_SEED, Shards, write_shard
from extraction.pocket.scenes import SceneConfig
from extraction.pocket.tokenizer import build_tokenizer
from extraction.pocket.train import TrainConfig, Workers, train
from extraction.pocket.train_tower import train_tower

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Recipe:
    """All that the shipped weights depend on, besides the code."""

    seed: int = 0
    shards: int = 30
    scenes_per_shard: int = 4000
    scenes: SceneConfig = field(default_factory=SceneConfig)
    tower_steps: int = 2000
    training: TrainConfig = field(default_factory=TrainConfig)
    workers: int = 2


def render(recipe: Recipe, work: Path) -> None:
    """First stage: the shards of training and of the training log's evaluation; those that are there stay."""
    write_shard(work / "held-out", 0, 600, EVALUATION_SEED, recipe.scenes)
    for index in range(recipe.shards):
        write_shard(work / "scenes", index, recipe.scenes_per_shard, index * recipe.scenes_per_shard, recipe.scenes)


def teach(rank: int, recipe: Recipe, work: Path) -> None:
    """Third stage, in one of ``recipe.workers`` processes; the first of them writes checkpoints and weights."""
    torch.set_num_threads(1)
    if recipe.workers > 1:
        torch.distributed.init_process_group(
            "gloo",
            init_method=f"file://{(work / 'meeting-point').resolve()}",
            rank=rank,
            world_size=recipe.workers,
            timeout=timedelta(hours=1),
        )
    tokenizer = PreTrainedTokenizerFast.from_pretrained(work / "tokenizer")
    held_out = Shards(work / "held-out")
    model = train(
        Shards(work / "scenes"),
        tokenizer,
        recipe.training,
        tower=work / "tower.pt",
        checkpoint=work / "model.pt",
        report=lambda model: quick_score(model, tokenizer, held_out, 100),
        workers=Workers(rank, recipe.workers),
    )
    if rank == 0:
        save_model(model, tokenizer, work / "weights")


def main() -> None:
    """Trains the embedded model; the result is in WORKPLACE/weights, and in the package with ``--install``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("work", type=Path, help="folder for shards (20 GB) and checkpoints")
    parser.add_argument("--install", action="store_true", help="put the result into the package")
    arguments = parser.parse_args()
    recipe, work = Recipe(), arguments.work
    work.mkdir(parents=True, exist_ok=True)
    render(recipe, work)
    if not (work / "tokenizer").exists():
        build_tokenizer(recipe.seed).save_pretrained(work / "tokenizer")
    train_tower(Shards(work / "scenes"), Shards(work / "held-out"), work / "tower.pt", steps=recipe.tower_steps)
    if recipe.workers == 1:
        teach(0, recipe, work)
    else:
        (work / "meeting-point").unlink(missing_ok=True)
        multiprocessing.spawn(teach, args=(recipe, work), nprocs=recipe.workers)
    if arguments.install:
        WEIGHTS.mkdir(exist_ok=True)
        for path in sorted((work / "weights").iterdir()):
            path.replace(WEIGHTS / path.name)


if __name__ == "__main__":
    main()
