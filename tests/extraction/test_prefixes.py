"""The store of prompts that were read, against a list of prompts that forgets nothing it should keep."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from extraction.prefixes import (
    MIN_TOKENS,
    Pixels,
    PrefixStore,
    beginnings,
    boundary,
    common,
    digest,
    keys_of,
    pixels_of,
)

HEADS, WIDTH, LAYERS = 2, 3, 2
PER_TOKEN = LAYERS * 2 * HEADS * WIDTH * 4
PICTURE = 7
RED, BLUE = (pixels_of({"pixel_values": torch.full((1, 4), value)}, 1) for value in (1.0, 2.0))


def _layers(tokens: Sequence[int], start: int, stop: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Keys and values that tell the tokens which they belong to, and the layer."""
    row = torch.tensor(tokens[start:stop], dtype=torch.float32)[None, :, None].repeat(HEADS, 1, WIDTH)
    return [(row + 1000 * layer, -row) for layer in range(LAYERS)]


def _keys(tokens: Sequence[int], pictures: Sequence[Pixels] = RED) -> np.ndarray:
    return keys_of(tokens, placeholders={PICTURE}, pictures=pictures)


def _put(store: PrefixStore, tokens: Sequence[int], pictures: Sequence[Pixels] = RED) -> None:
    store.put(_keys(tokens, pictures), lambda start, stop: _layers(tokens, start, stop), bytes_per_token=PER_TOKEN)


def _found(store: PrefixStore, tokens: Sequence[int], pictures: Sequence[Pixels] = RED) -> int:
    """How much of a prompt is known; what is known must be right."""
    prefix = store.find(_keys(tokens, pictures), longest=len(tokens))
    for known, right in zip(prefix.layers, _layers(tokens, 0, prefix.length), strict=bool(prefix.layers)):
        assert all(torch.equal(one, other) for one, other in zip(known, right, strict=True))
    return prefix.length


def _text(length: int, *, seed: int = 0) -> list[int]:
    return [random.Random(f"{seed} {place}").randrange(10, 10_000) for place in range(length)]


def test_the_longest_beginning_is_found() -> None:
    store = PrefixStore(10**6)
    long = _text(200)
    _put(store, long)
    assert _found(store, long) == 200
    assert _found(store, [*long[:150], 1, 2, 3]) == 150
    assert _found(store, long[:50]) == 50
    assert _found(store, [1, *long]) == 0
    assert store.find(_keys(long), longest=199).length == 199


def test_little_is_not_worth_taking() -> None:
    store = PrefixStore(10**6)
    _put(store, _text(100))
    assert _found(store, [*_text(100)[: MIN_TOKENS - 1], 1]) == 0
    assert _found(store, [*_text(100)[:MIN_TOKENS], 1]) == MIN_TOKENS


def test_what_prompts_have_in_common_is_kept_once() -> None:
    store = PrefixStore(10**6)
    begins = _text(100)
    prompts = [begins + _text(20, seed=seed) for seed in range(1, 6)]
    for prompt in prompts:
        _put(store, prompt)
    assert store.bytes == (100 + 5 * 20) * PER_TOKEN
    assert [_found(store, prompt) for prompt in prompts] == [120] * 5
    for prompt in prompts:
        _put(store, prompt)
    _put(store, begins[:70])
    assert store.bytes == (100 + 5 * 20) * PER_TOKEN


def test_pictures_that_differ_but_have_the_same_tokens_differ() -> None:
    store = PrefixStore(10**6)
    text, ends = _text(50), _text(40, seed=1)
    prompt = [*text, *[PICTURE] * 16, *ends]
    _put(store, prompt, RED)
    assert _found(store, prompt, RED) == len(prompt)
    assert _found(store, prompt, BLUE) == 50
    assert _found(store, [*text, *[PICTURE] * 16, 1], RED) == 66
    assert not {*_keys([PICTURE] * 4, RED)} & {*_keys([PICTURE] * 4, BLUE)}


def test_pictures_of_one_prompt_are_told_apart() -> None:
    store = PrefixStore(10**6)
    text = _text(50)
    two = [*text, *[PICTURE] * 8, 1, *[PICTURE] * 8, 2]
    _put(store, two, [*RED, *BLUE])
    assert _found(store, two, [*RED, *BLUE]) == 68
    assert _found(store, two, [*RED, *RED]) == 59
    assert _found(store, two, [*BLUE, *BLUE]) == 50
    assert _found(store, [*text, *[PICTURE] * 8, 3, *[PICTURE] * 8, 2], [*RED, *BLUE]) == 58
    beside = [*text, *[PICTURE] * 16]
    _put(store, beside, [*BLUE, *RED])
    assert _found(store, beside, [*BLUE, *BLUE]) == 58


def test_a_beginning_never_splits_a_picture() -> None:
    tokens = [1, 2, PICTURE, PICTURE, 3, PICTURE, PICTURE, PICTURE, 9, PICTURE, 4]
    whole = _keys(tokens, RED)  # one picture in three runs, as of tiles
    assert [boundary(whole, length) for length in range(12)] == [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 10, 11]
    pair = _keys(tokens, [*RED, *BLUE])  # the second begins beside the end of the first
    assert [boundary(pair, length) for length in range(12)] == [0, 1, 2, 2, 2, 2, 6, 6, 6, 6, 10, 11]
    assert [beginnings(pair[:length]) for length in (2, 3, 6, 7, 11)] == [0, 1, 1, 2, 2]
    assert [boundary(_keys([1, 2, 3]), length) for length in range(4)] == [0, 1, 2, 3]


def test_keys_are_the_tokens_and_negative_numbers_for_pictures() -> None:
    keys = _keys([5, *[PICTURE] * 3, 8, *[PICTURE] * 4, 6])
    assert [*keys[[0, -1]]] == [5, 6]
    assert (keys[1:-1] < 0).all()
    assert len({*keys[1:5]}) == 4  # the whole digest is compared
    assert keys[4] != _keys([5, *[PICTURE] * 3, 9, *[PICTURE] * 4, 6])[4]  # and so is text within a picture


def test_pictures_whose_tokens_are_not_certain_do_not_begin() -> None:
    assert beginnings(_keys([1, 2, 3])) == 0
    assert beginnings(_keys([1, PICTURE, PICTURE, PICTURE], [*RED, *BLUE])) == 0
    assert beginnings(_keys([1, PICTURE, PICTURE, PICTURE, PICTURE], [*RED, *BLUE])) == 2


def test_pictures_are_split_where_it_is_certain_how() -> None:
    fixed = torch.randn(3, 3, 4, 4)
    assert [one.weight for one in pixels_of({"pixel_values": fixed}, 3)] == [1, 1, 1]
    assert torch.equal(pixels_of({"pixel_values": fixed}, 3)[1].inputs["pixel_values"], fixed[1:2])
    grid, patches = torch.tensor([[1, 2, 4], [1, 2, 2]]), torch.randn(12, 5)
    first, second = pixels_of({"pixel_values": patches, "image_grid_thw": grid}, 2)
    assert (first.weight, second.weight) == (8, 4)
    assert torch.equal(second.inputs["pixel_values"], patches[8:])
    assert second.inputs["image_grid_thw"].tolist() == [[1, 2, 2]]
    tiles, sizes = torch.randn(2, 5, 3, 4, 4), torch.tensor([[8, 8], [4, 8]])
    assert len(pixels_of({"pixel_values": tiles, "image_sizes": sizes}, 2)) == 1
    assert len(pixels_of({"pixel_values": tiles}, 2)) == 1
    assert pixels_of({}, 0) == []


def test_a_digest_tells_everything_of_a_picture() -> None:
    pixels = torch.arange(12.0).reshape(1, 3, 2, 2)
    base = {"pixel_values": pixels, "grid": torch.tensor([[1, 2, 2]])}
    others = [
        {**base, "pixel_values": pixels.reshape(1, 3, 4, 1)},
        {**base, "pixel_values": pixels.to(torch.float64)},
        {**base, "pixel_values": pixels + torch.eye(2)},
        {**base, "grid": torch.tensor([[1, 2, 3]])},
        {"pixel_values": pixels},
        {"other": pixels, "grid": base["grid"]},
    ]
    assert len({digest(one) for one in [base, *others]}) == 7
    assert digest(dict(reversed(base.items()))) == digest({**base, "pixel_values": pixels.clone()})
    assert len(digest({"half": pixels.to(torch.bfloat16)})) == 32


def test_the_least_recently_used_goes_first() -> None:
    store = PrefixStore(300 * PER_TOKEN)
    prompts = [_text(100, seed=seed) for seed in range(4)]
    for prompt in prompts[:3]:
        _put(store, prompt)
    assert _found(store, prompts[0]) == 100
    _put(store, prompts[3])
    assert store.bytes == 300 * PER_TOKEN
    assert [_found(store, prompt) for prompt in prompts] == [100, 0, 100, 100]


def test_what_goes_on_in_others_stays() -> None:
    store = PrefixStore(150 * PER_TOKEN)
    begins = _text(100)
    for seed in range(1, 9):
        _put(store, begins + _text(40, seed=seed))
        assert store.bytes <= 150 * PER_TOKEN
        assert _found(store, begins) == 100
    assert _found(store, begins + _text(40, seed=8)) == 140
    assert _found(store, begins + _text(40, seed=7)) == 100


def test_of_a_prompt_that_is_too_long_the_beginning_is_kept() -> None:
    store = PrefixStore(60 * PER_TOKEN)
    _put(store, _text(200))
    assert _found(store, _text(200)) == 60
    _put(store, [*_text(50, seed=1), *[PICTURE] * 20, 1])
    assert store.bytes == 50 * PER_TOKEN  # a part of a picture is no use
    store.bound = 40 * PER_TOKEN
    assert store.bytes == 0


@pytest.mark.parametrize("bound", [0, PER_TOKEN - 1])
def test_nothing_is_kept_where_nothing_may_be(bound: int) -> None:
    store = PrefixStore(bound)
    _put(store, _text(100))
    assert (store.bytes, _found(store, _text(100))) == (0, 0)


def test_a_failure_leaves_everything_as_it_was() -> None:
    store = PrefixStore(10**6)
    _put(store, _text(100))

    def fail(start: int, stop: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        raise torch.OutOfMemoryError("no")

    with pytest.raises(torch.OutOfMemoryError):
        store.put(_keys([*_text(60), 1, 2]), fail, bytes_per_token=PER_TOKEN)
    assert _found(store, _text(100)) == 100
    assert _found(store, [*_text(60), 1, 2]) == 60
    assert store.bytes == 100 * PER_TOKEN


def test_clearing_lets_go_of_everything() -> None:
    store = PrefixStore(10**6)
    _put(store, _text(100))
    store.clear()
    assert (store.bytes, _found(store, _text(100))) == (0, 0)
    _put(store, _text(100))
    assert _found(store, _text(100)) == 100


def test_memory_is_that_of_what_is_kept() -> None:
    """A stretch that was split must not hold on to the memory of the part that is gone."""
    store = PrefixStore(10**6)
    _put(store, _text(1000))
    _put(store, [*_text(100), *_text(10, seed=1)])
    prefix = store.find(_keys(_text(100)), longest=100)
    assert prefix.layers[0][0].untyped_storage().nbytes() == 100 * HEADS * WIDTH * 4


@pytest.mark.parametrize("bound", [10**9, 400 * PER_TOKEN])
def test_any_prompts_in_any_order(bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extraction.prefixes.MIN_TOKENS", 1)
    chance = random.Random(5)
    store = PrefixStore(bound)
    seen: list[np.ndarray] = []

    def prompt() -> list[int]:  # few tokens, so that prompts part anywhere
        return [chance.randrange(2) for _ in range(chance.randrange(1, 40))]

    for _ in range(400):
        tokens = prompt()
        if chance.random() < 0.5:
            _put(store, tokens)
            seen.append(_keys(tokens))
        best = max((common(one, _keys(tokens)) for one in seen), default=0)
        found = _found(store, tokens)
        assert found == best if bound == 10**9 else found <= best
        assert store.bytes <= bound
        assert store.bytes == sum(node.bytes for node in store._nodes())
        assert all(node.keys.size for node in store._nodes())
