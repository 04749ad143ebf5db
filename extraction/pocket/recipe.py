"""From random weights to the weights in the package, in one command that can be interrupted and goes on.

    python -m extraction.pocket.recipe WORKPLACE

Three stages: scenes are rendered into shards, the tower learns to see, the whole model learns to answer. Each leaves its
checkpoint in the work folder. The numbers of all three stand in ``Recipe`` and ``TrainConfig``.
"""

from __future__ import annotations

import argparse
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import torch
from torch import multiprocessing
from transformers import PreTrainedTokenizerFast

from extraction.console import write_file
from extraction.pocket.checkpoint import quick_score, save_model
from extraction.pocket.dataset import EVALUATION_SEED, Shards, write_shard
from extraction.pocket.scenes import SceneConfig
from extraction.pocket.tokenizer import build_tokenizer
from extraction.pocket.train import Workers, train
from extraction.pocket.train_config import TrainConfig
from extraction.pocket.train_on import begin_from
from extraction.pocket.train_tower import train_tower

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on, besides the code.

    Attributes:
        seed: Of the tokenizer's corpus; the scenes count their seeds up from 0.
        shards: Files of scenes.
        scenes_per_shard: Scenes in each.
        held_out: Scenes of the training log's evaluation.
        scenes: How scenes vary.
        tokenizer_tasks: Tasks that the tokenizer is learnt from.
        tower_steps: Steps of the first stage.
        head_steps: Steps for a new dense head, where training goes on from finished weights.
        training: The second stage.
        workers: Processes, a core each.
    """

    seed: int = 0
    shards: int = 30
    scenes_per_shard: int = 4000
    held_out: int = 600
    scenes: SceneConfig = field(default_factory=SceneConfig)
    tokenizer_tasks: int = 8000
    tower_steps: int = 2000
    head_steps: int = 250
    training: TrainConfig = field(default_factory=TrainConfig)
    workers: int = 2


TRIAL = Recipe(
    shards=2,
    scenes_per_shard=40,
    held_out=50,
    tokenizer_tasks=1500,
    tower_steps=3,
    head_steps=3,
    training=TrainConfig(steps=3, batch=2),
)
"""Every step of the way, in about a minute: it learns nothing, and shows that all of it runs."""


def render(recipe: Recipe, work: Path) -> None:
    """First stage: the shards of training and of the training log's evaluation; those that are there stay."""
    write_shard(work / "held-out", 0, recipe.held_out, EVALUATION_SEED, recipe.scenes)
    count = recipe.scenes_per_shard
    with ProcessPoolExecutor(recipe.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        shards = [
            pool.submit(write_shard, work / "scenes", index, count, index * count, recipe.scenes)
            for index in range(recipe.shards)
        ]
        for shard in shards:
            shard.result()


def teach(rank: int, recipe: Recipe, work: Path) -> None:
    """Third stage, in one of ``recipe.workers`` processes; the first of them writes checkpoints and weights."""
    torch.set_num_threads(1)
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
        report=lambda model: quick_score(model, tokenizer, held_out, min(100, len(held_out))),
        workers=Workers(rank, recipe.workers),
    )
    if rank == 0:
        save_model(model, tokenizer, work / "weights")


def run(recipe: Recipe, work: Path, start: Path | None = None) -> Path:
    """All stages, each from where it was stopped; the folder of the weights.

    Args:
        recipe: The numbers.
        work: Folder for everything.
        start: A folder of finished weights to train on from, instead of random ones and a tower trained before.
    """
    work.mkdir(parents=True, exist_ok=True)
    render(recipe, work)
    scenes, held_out = Shards(work / "scenes"), Shards(work / "held-out")
    if start is not None:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(start)
        _keep(tokenizer, work / "tokenizer")
        begin_from(start, tokenizer, scenes, work / "model.pt", recipe.training, steps=recipe.head_steps)
    else:
        if not (work / "tokenizer").exists():  # it takes a while
            _keep(build_tokenizer(recipe.seed, recipe.tokenizer_tasks), work / "tokenizer")
        evaluated = min(200, len(held_out))
        train_tower(scenes, held_out, work / "tower.pt", steps=recipe.tower_steps, evaluated=evaluated)
    (work / "meeting-point").unlink(missing_ok=True)
    multiprocessing.spawn(teach, args=(recipe, work), nprocs=recipe.workers)  # type: ignore[attr-defined, no-untyped-call]
    return work / "weights"


def _keep(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Saves the tokenizer, whole or not at all; one that is there stays."""
    if folder.exists():
        return
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    tokenizer.save_pretrained(partial)
    partial.rename(folder)


def main() -> None:
    """Trains the embedded model; the result is in WORKPLACE/weights, and in the package with ``--install``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("work", type=Path, help="folder for shards (18 GB) and checkpoints")
    parser.add_argument("--install", action="store_true", help="put the result into the package")
    parser.add_argument("--trial", action="store_true", help="a minute's run that shows that all of it works")
    parser.add_argument("--start", type=Path, help="folder of weights to train on from, such as those in the package")
    arguments = parser.parse_args()
    if arguments.start and not (arguments.start / "config.json").is_file():
        parser.error(f"--start {arguments.start}: no weights lie there")
    weights = run(TRIAL if arguments.trial else Recipe(), arguments.work, arguments.start)
    if arguments.install:
        WEIGHTS.mkdir(exist_ok=True)
        for path in sorted(weights.iterdir()):
            write_file(WEIGHTS / path.name, path.read_bytes())


if __name__ == "__main__":
    main()
