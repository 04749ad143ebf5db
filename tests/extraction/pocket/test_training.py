from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor, PreTrainedTokenizerFast

from extraction.pocket.checkpoint import answers, quick_score, read_objects, save_model
from extraction.pocket.dataset import Shards, write_shard
from extraction.pocket.dense import DenseHead, dense_targets
from extraction.pocket.model import GRID, ModelConfig, build_model, normalise
from extraction.pocket.muon import Muon
from extraction.pocket.scenes import SceneConfig
from extraction.pocket.tasks import View, standard_task
from extraction.pocket.tokenizer import build_tokenizer
from extraction.pocket.train import PREFIX, Packer, TrainConfig, Workers, bring_out, train
from extraction.pocket.train_tower import train_tower
from extraction.schemas import Scene, json_schema_of

SMALL = ModelConfig(
    width=32,
    stem=(8, 16, 32),
    stem_entry=8,
    tower_layers=1,
    tower_heads=2,
    text_layers=1,
    text_heads=2,
    text_inner=32,
)
CONFIG = TrainConfig(steps=2, batch=2, model=SMALL, max_tokens=1100)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer(tasks=1500)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder, 0, 50, 0, SceneConfig(sides=(64, 128)))
    return Shards(folder)


@pytest.fixture(scope="module")
def tower(shards: Shards, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tower") / "tower.pt"
    train_tower(shards, shards, path, steps=2, batch=4, config=SMALL, evaluated=50)
    return path


def test_two_steps_train_and_an_interrupted_run_goes_on(
    shards: Shards, tokenizer: PreTrainedTokenizerFast, tower: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(steps: int, name: str) -> dict[str, torch.Tensor]:
        config = dataclasses.replace(CONFIG, steps=steps, decay=1e-9)
        model = train(shards, tokenizer, config, tower=tower, checkpoint=tmp_path / name, report=lambda _: {})
        return {key: value.clone() for key, value in model.state_dict().items()}

    whole = run(3, "whole.pt")
    run(2, "parts.pt")
    resumed = run(3, "parts.pt")
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())
    assert json.loads(capsys.readouterr().out.splitlines()[0])["step"] == 3


def test_rows_are_packed_so_that_questions_do_not_see_each_other(
    shards: Shards, tokenizer: PreTrainedTokenizerFast
) -> None:
    batch = next(Packer(shards, tokenizer, CONFIG).chunks(0))
    again = next(Packer(shards, tokenizer, CONFIG).chunks(0))
    other = next(Packer(shards, tokenizer, CONFIG, worker=1).chunks(0))
    assert torch.equal(batch.tokens, again.tokens)
    assert batch.tokens.shape != other.tokens.shape or not torch.equal(batch.tokens, other.tokens)
    assert (batch.turn[:, :PREFIX] == 0).all()
    for turn in (1, 2):
        for row in range(2):
            here = batch.turn[row] == turn
            assert batch.position[row][here].tolist() == list(range(PREFIX, PREFIX + int(here.sum())))
    assert (batch.kind[batch.turn <= 0] == 0).all()


def test_dense_targets_name_the_patch_of_each_centre(shards: Shards) -> None:
    truths = [shards.get(i)[1] for i in range(20)]
    targets = dense_targets(truths)
    for row, truth in enumerate(truths):
        for thing in truth.objects:
            column = min(int((thing[2] + thing[4]) / 2 * GRID), GRID - 1)
            line = min(int((thing[3] + thing[5]) / 2 * GRID), GRID - 1)
            assert targets.centre[row, line * GRID + column] == 1
        assert targets.centre[row].sum() <= len(truth.objects)


def test_muon_descends_and_keeps_shapes() -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(6, 4, 3, 3))
    optimizer = Muon([weight], lr=0.05)
    target = torch.randn(6, 4, 3, 3)
    first = (weight - target).square().mean().item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = (weight - target).square().mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < first / 2


def test_the_projector_starts_with_what_the_head_reads() -> None:
    torch.manual_seed(0)
    head, layer = DenseHead(32), torch.nn.Linear(32, 32)
    torch.nn.init.normal_(head.out.weight)
    features = torch.randn(500, 32) + 3
    read = head.directions()
    assert torch.allclose(read @ read.T, torch.eye(len(read)), atol=1e-5)
    mean = features.mean(0)
    with torch.no_grad():
        before = layer(features)
        plain = torch.nn.functional.linear((features - mean) @ (torch.eye(32) - read.T @ read), layer.weight)
        bring_out(layer, head, features)
        after = layer(features)
        silent = torch.nn.functional.linear((features - mean) @ (torch.eye(32) - read.T @ read), layer.weight)
    assert torch.allclose(after.mean(0), before.mean(0), atol=1e-3)  # the mean patch stays where it was
    assert torch.allclose(silent, plain, atol=1e-4)  # so does what the head does not read
    assert after.var(0).sum() > 10 * before.var(0).sum()


def test_one_worker_leaves_gradients_alone() -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.arange(3.0)
    Workers().average([weight])
    assert weight.grad.tolist() == [0, 1, 2]


def test_a_saved_model_answers_like_the_one_in_memory(
    shards: Shards, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = build_model(tokenizer, SMALL).eval()
    for weight in model.parameters():  # what float16 keeps exactly
        weight.data = weight.data.half().float()
    save_model(model, tokenizer, tmp_path)
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32).eval()
    pixels, truth = shards.get(0)
    task = standard_task(View.of(truth), json_schema_of(Scene))
    expected = answers(model, tokenizer, pixels[None], [task], 8)
    assert answers(loaded, tokenizer, pixels[None], [task], 8) == expected
    processor = AutoProcessor.from_pretrained(tmp_path)
    from PIL import Image

    inputs = processor(images=Image.fromarray(pixels), text="<image>x", return_tensors="pt")
    assert inputs["pixel_values"] == pytest.approx(normalise(torch.from_numpy(pixels[None].copy())), abs=1e-5)
    assert (inputs["input_ids"] == model.config.image_token_id).sum() == GRID * GRID


def test_quick_score_takes_unreadable_answers_for_nothing(shards: Shards, tokenizer: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(0)
    model = build_model(tokenizer, SMALL).eval()
    scores = quick_score(model, tokenizer, shards, 4)
    assert scores["readable"] == 0
    assert scores["f1"] == 0
    assert read_objects('{"objects": [{"label": "a", "color": "b", "box": [1, 2, 3]}]}') is None
