from __future__ import annotations

import dataclasses
import itertools
import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor, PreTrainedTokenizerFast

from extraction.pocket.checkpoint import answers, quick_score, read_objects, save_model
from extraction.pocket.dataset import Shards, Truth, write_shard
from extraction.pocket.dense import DenseHead, dense_targets
from extraction.pocket.emphasis import FACT, LIST, PLACE, SYNTAX, TEXT
from extraction.pocket.model import GRID, ModelConfig, build_model, normalise
from extraction.pocket.muon import Muon
from extraction.pocket.packing import ANSWER, LENGTHS, PREFIX, PROMPT, Batch, Packer
from extraction.pocket.scenes import SceneConfig
from extraction.pocket.tasks import standard_task
from extraction.pocket.tokenizer import build_tokenizer, prompt_text
from extraction.pocket.train import Teacher, Workers, bring_out, train
from extraction.pocket.train_config import TrainConfig
from extraction.pocket.train_on import begin_from, deepened
from extraction.pocket.train_tower import train_tower
from extraction.pocket.views import View
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
SCENE = json_schema_of(Scene)
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


def first_batches(shards: Shards, tokenizer: PreTrainedTokenizerFast, config: TrainConfig, count: int) -> list[Batch]:
    return list(itertools.islice(Packer(shards, tokenizer, config).chunks(0), count))


def turns_of(batch: Batch, row: int) -> list[int]:
    return sorted({int(turn) for turn in batch.turn[row] if turn > 0})


def test_a_batch_depends_on_the_seed_the_worker_and_its_number_alone(
    shards: Shards, tokenizer: PreTrainedTokenizerFast
) -> None:
    batches = first_batches(shards, tokenizer, CONFIG, 9)
    for number in (0, 1, 5, 6, 8):  # inside a chunk, and in the next
        again = next(Packer(shards, tokenizer, CONFIG).chunks(number))
        for name in ("pixels", "tokens", "kind", "turn", "position", "weight"):
            assert torch.equal(getattr(again, name), getattr(batches[number], name))
    another_seed = dataclasses.replace(CONFIG, seed=1)
    others = [Packer(shards, tokenizer, CONFIG, worker=1), Packer(shards, tokenizer, another_seed)]
    tokens = [batch.tokens.tolist() for batch in (*batches, *(next(other.chunks(0)) for other in others))]
    assert all(one != two for one, two in itertools.combinations(tokens, 2))


def test_rows_are_packed_so_that_questions_do_not_see_each_other(
    shards: Shards, tokenizer: PreTrainedTokenizerFast
) -> None:
    for batch in first_batches(shards, tokenizer, CONFIG, 6):
        assert (batch.turn[:, :PREFIX] == 0).all()
        assert (batch.kind[batch.turn <= 0] == 0).all()
        assert (batch.weight[batch.turn <= 0] == 0).all()
        for row in range(2):
            assert turns_of(batch, row) == list(range(1, CONFIG.forms + CONFIG.questions + 1))
            for turn in turns_of(batch, row):
                here = batch.turn[row] == turn
                assert batch.position[row][here].tolist() == list(range(PREFIX, PREFIX + int(here.sum())))


def test_each_question_ends_where_its_answer_begins(shards: Shards, tokenizer: PreTrainedTokenizerFast) -> None:
    for batch in first_batches(shards, tokenizer, CONFIG, 6):
        for row in range(2):
            for turn in turns_of(batch, row):
                tokens, kinds = batch.tokens[row][batch.turn[row] == turn], batch.kind[row][batch.turn[row] == turn]
                assert kinds.tolist() == sorted(kinds.tolist())
                prompt, answer = (str(tokenizer.decode(tokens[kinds == kind])) for kind in (PROMPT, ANSWER))
                assert prompt.startswith(("<|system|>", "<|user|>"))
                assert prompt.endswith("<|end|><|assistant|>")
                assert answer.endswith("<|end|>")
                assert answer.count("<|end|>") == 1


def test_short_answers_count_more_by_the_documented_power_and_facts_more_than_boxes(
    shards: Shards, tokenizer: PreTrainedTokenizerFast
) -> None:
    seen, emphases = set(), set()
    for batch in first_batches(shards, tokenizer, CONFIG, 6):
        for row in range(2):
            for turn in turns_of(batch, row):
                here = batch.turn[row] == turn
                answer = here & (batch.kind[row] == ANSWER)
                length = int(answer.sum())
                share = batch.weight[row][answer] / (60 / length) ** 0.6
                emphases |= {round(float(one), 3) for one in share}
                assert share[-1] == pytest.approx(1)  # the end
                assert (batch.weight[row][here & ~answer] == 0).all()
                seen.add(length)
    assert min(seen) == 2  # a word and the end
    assert max(seen) > 60
    assert emphases == {SYNTAX, PLACE, TEXT, LIST, FACT}


def test_without_balance_plain_words_count_the_same(shards: Shards, tokenizer: PreTrainedTokenizerFast) -> None:
    (batch,) = first_batches(shards, tokenizer, dataclasses.replace(CONFIG, balance=0.0, forms=0), 1)
    assert (batch.weight[batch.kind == ANSWER] == 1).all()


def test_a_question_is_answered_as_if_it_stood_alone(shards: Shards, tokenizer: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(0)
    model = build_model(tokenizer, SMALL).eval()
    model.set_attn_implementation("eager")
    teacher = Teacher(model, DenseHead(SMALL.width), tokenizer, CONFIG)
    (batch,) = first_batches(shards, tokenizer, CONFIG, 1)
    others = torch.where(batch.turn == 3, batch.tokens, 7)
    others[:, :PREFIX] = batch.tokens[:, :PREFIX]
    changed = dataclasses.replace(batch, tokens=others)
    with torch.no_grad():
        hidden, again = teacher._forward(batch)[0], teacher._forward(changed)[0]
    third, second = (batch.turn[:, :-1] == turn for turn in (3, 2))
    assert torch.allclose(hidden[third], again[third], atol=1e-2)
    assert not torch.allclose(hidden[second], again[second], atol=1e-1)


@pytest.mark.parametrize("room", [0, 40, 150, 400])
def test_no_row_is_longer_than_it_may_be(shards: Shards, tokenizer: PreTrainedTokenizerFast, room: int) -> None:
    config = dataclasses.replace(CONFIG, max_tokens=PREFIX + room)
    batches = first_batches(shards, tokenizer, config, 6)
    assert all(int((batch.turn >= 0).sum(1).max()) <= config.max_tokens for batch in batches)
    assert all(batch.tokens.shape[1] % LENGTHS == 1 for batch in batches)
    told = {len(turns_of(batch, row)) for batch in batches for row in range(2)}
    assert told == {0} if room == 0 else max(told) > 1  # what is too long is left out, what comes after it is not


def test_the_shares_of_tasks_are_as_configured(shards: Shards, tokenizer: PreTrainedTokenizerFast) -> None:
    views = [View.of(shards.get(number)[1]) for number in range(len(shards))] * 6
    standard = prompt_text(standard_task(views[0], SCENE))
    instructed = standard.partition("<|user|>")[0]
    config = dataclasses.replace(CONFIG, forms=2, questions=1)
    rng = random.Random(0)
    packer = Packer(shards, tokenizer, config)
    rows = [[prompt_text(task) for task in packer._tasks(view, rng)] for view in views]
    assert {len(row) for row in rows} == {3}
    share = sum(row[0] == standard for row in rows) / len(rows)
    told = sum(row[0] != standard and row[0].startswith(instructed) for row in rows) / len(rows)
    assert share == pytest.approx(config.standard, abs=0.07)
    assert told == pytest.approx(config.told, abs=0.07)
    assert not any(standard in row[1:] for row in rows)  # the other forms are random ones


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
    task = standard_task(View.of(truth), SCENE)
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


def test_training_goes_on_from_finished_weights(
    shards: Shards, tokenizer: PreTrainedTokenizerFast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(3)
    finished = build_model(tokenizer, SMALL)
    save_model(finished, tokenizer, tmp_path / "weights")
    checkpoint = tmp_path / "model.pt"
    begin_from(tmp_path / "weights", tokenizer, shards, checkpoint, CONFIG, steps=2, batch=4)
    begun = torch.load(checkpoint, weights_only=True)
    assert begun["step"] == 0
    for name, weight in finished.state_dict().items():
        torch.testing.assert_close(begun["model"][name], weight, rtol=1e-3, atol=1e-4)
    before = checkpoint.read_bytes()
    begin_from(tmp_path / "weights", tokenizer, shards, checkpoint, CONFIG, steps=1, batch=4)
    assert checkpoint.read_bytes() == before
    nowhere = tmp_path / "tower.pt"  # no first stage is needed
    train(shards, tokenizer, CONFIG, tower=nowhere, checkpoint=checkpoint, report=lambda _: {})
    assert torch.load(checkpoint, weights_only=True)["step"] == 2
    assert json.loads(capsys.readouterr().out)["step"] == 2


def test_a_deeper_model_answers_at_first_as_the_shallow_one(
    shards: Shards, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    torch.manual_seed(3)
    two, five = (dataclasses.replace(SMALL, text_layers=layers) for layers in (2, 5))
    shallow = build_model(tokenizer, two).eval()
    save_model(shallow, tokenizer, tmp_path / "weights")
    checkpoint = tmp_path / "model.pt"
    config = dataclasses.replace(CONFIG, model=five)
    begin_from(tmp_path / "weights", tokenizer, shards, checkpoint, config, steps=1, batch=4)
    deep = build_model(tokenizer, five).eval()
    deep.load_state_dict(torch.load(checkpoint, weights_only=True)["model"])
    shallow = AutoModelForImageTextToText.from_pretrained(tmp_path / "weights", dtype=torch.float32).eval()
    pixels = shards.get(0)[0].copy()
    tokens = tokenizer(f"<bos>{'<image>' * (PREFIX - 1)}Hello", add_special_tokens=False, return_tensors="pt")
    inputs = {"input_ids": tokens["input_ids"], "pixel_values": normalise(torch.from_numpy(pixels[None]))}
    with torch.no_grad():
        torch.testing.assert_close(deep(**inputs).logits, shallow(**inputs).logits)
    with pytest.raises(ValueError, match="5 layers cannot become 2"):
        deepened(deep.state_dict(), shallow)


def test_scenes_with_nothing_in_them_have_a_loss() -> None:
    empty = Truth(np.zeros((0, 6), np.float32), -1, ())
    head = DenseHead(SMALL.width)
    loss = head.loss(torch.randn(2, GRID * GRID, SMALL.width), dense_targets([empty, empty]))
    loss.backward()
    assert loss.isfinite()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in head.parameters())
