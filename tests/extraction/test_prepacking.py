"""Prepacked linear layers multiply as torch's own do, and are used only where they may be."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from extraction import ChatTransformers, prepacking
from extraction.chains import caption_chain
from extraction.errors import ModelLoadError
from extraction.loading import Checkpoint, ModelKey
from extraction.local_model import TransformersBackend
from extraction.prepacking import PrepackedLinear, prepack
from tests.extraction.decodes import REQUESTS, run

Linear = torch.nn.Linear


@pytest.fixture(autouse=True)
def all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepacking, "SMALLEST", 1)


def _layers(**kind: Any) -> torch.nn.Sequential:
    torch.manual_seed(3)
    return torch.nn.Sequential(Linear(24, 40, **kind), torch.nn.ReLU(), Linear(40, 7, bias=False, **kind))


def _used(model: torch.nn.Module) -> list[bool]:
    return [type(layer) is PrepackedLinear for layer in model.modules() if isinstance(layer, Linear)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.randn(24),
        lambda: torch.randn(1, 1, 24),
        lambda: torch.randn(2, 3, 24),
        lambda: torch.randn(0, 24),
        lambda: torch.randn(15, 24),
        lambda: torch.randn(2, 8, 24),
        lambda: torch.randn(1, 19, 24),
        lambda: torch.randn(3, 21, 24),
        lambda: torch.randn(300, 24),
        lambda: torch.randn(1, 3, 777, 24),
        lambda: torch.randn(5, 2, 24).transpose(0, 1),
        lambda: torch.randn(4, 48)[:, ::2],
        lambda: torch.randn(1, 24).expand(6, 24),
    ],
)
def test_products_are_those_of_the_plain_layers(make: Callable[[], torch.Tensor]) -> None:
    model = _layers()
    rows = make()
    with torch.inference_mode():
        expected = model(rows)
    assert prepack(model) == 4 * (24 * 40 + 40 * 7)
    assert all(_used(model))
    with torch.inference_mode():
        torch.testing.assert_close(model(rows), expected, atol=1e-5, rtol=1e-5)


def test_prompts_of_all_lengths_are_multiplied_by_few_numbers_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: set[int] = set()
    product = prepacking._product

    def counting(rows: torch.Tensor, *given: Any) -> torch.Tensor:
        counts.add(rows.shape[0])
        return product(rows, *given)

    model = _layers()
    prepack(model)
    monkeypatch.setattr(prepacking, "_product", counting)
    with torch.inference_mode():
        for length in range(1, 1500):
            model(torch.ones(length, 24))
    assert counts == {*range(1, 16), *range(16, 64, 4), 64, 128, 256, 512}


def _plain_products(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every product that does not come from the copy."""
    plain: list[int] = []
    linear = torch.nn.functional.linear

    def counting(*given: Any) -> torch.Tensor:
        plain.append(1)
        product: torch.Tensor = linear(*given)
        return product

    monkeypatch.setattr(torch.nn.functional, "linear", counting)
    return plain


def test_gradients_other_types_and_changed_weights_are_left_to_the_plain_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    model = _layers()
    prepack(model)
    plain = _plain_products(monkeypatch)
    rows = torch.randn(3, 24)
    with torch.no_grad():
        before = model(rows)
    assert not plain
    model(rows).sum().backward()
    assert len(plain) == 2
    assert all(weight.grad is not None for weight in model.parameters())
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert model(rows).dtype is torch.bfloat16
    assert len(plain) == 4
    with torch.no_grad():
        list(model.parameters())[-1].mul_(2)
        torch.testing.assert_close(model(rows), 2 * before, atol=1e-5, rtol=1e-5)
    assert len(plain) == 5
    model.double()
    with torch.no_grad():
        torch.testing.assert_close(model(rows.double()).float(), 2 * before, atol=1e-5, rtol=1e-5)


def _assign(model: torch.nn.Module) -> None:
    model.load_state_dict({name: value + 1 for name, value in model.state_dict().items()}, assign=True)


def _set_data(model: torch.nn.Module) -> None:
    for weight in model.parameters():
        for _ in range(2):  # the second may lie where the first lay
            weight.data = weight.data + 1


@pytest.mark.parametrize("replace", [_assign, _set_data])
def test_replaced_weights_are_left_to_the_plain_layer(replace: Callable[[torch.nn.Module], None]) -> None:
    model: Any = _layers()
    for layer in (model[0], model[2]):
        layer.weight = torch.nn.Parameter(layer.weight.data.clone())  # never changed, as after loading
    expected = copy.deepcopy(model)
    rows = torch.randn(3, 24)
    prepack(model)
    replace(model)
    replace(expected)
    with torch.no_grad():
        torch.testing.assert_close(model(rows), expected(rows), atol=1e-5, rtol=1e-5)


def test_a_bias_alone_can_be_trained() -> None:
    model = _layers()
    for layer in (model[0], model[2]):
        layer.weight.requires_grad_(False)
    prepack(model)
    model(torch.randn(3, 24)).sum().backward()
    assert model[0].bias.grad is not None


@pytest.mark.parametrize("made", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_of_a_model_answers_as_it_does(made: Callable[[torch.nn.Module], torch.nn.Module]) -> None:
    model = _layers()
    prepack(model)
    rows = torch.randn(3, 24)
    with torch.inference_mode():
        torch.testing.assert_close(made(model)(rows), model(rows), atol=1e-5, rtol=1e-5)


class _OtherLinear(Linear):
    """A layer that multiplies in a way of its own."""


class _OtherWeight(torch.Tensor):
    """As libraries that quantize have them: in plain layers, and of a type that the numbers do not have."""


def test_only_plain_layers_in_float32_are_packed() -> None:
    model = _layers()
    model.append(_OtherLinear(7, 3)).append(Linear(3, 3, dtype=torch.bfloat16)).append(Linear(3, 3))
    model[-1].weight = torch.nn.Parameter(torch.randn(3, 3).as_subclass(_OtherWeight))
    prepack(model)
    assert _used(model) == [True, True, False, False, False]
    assert prepack(_layers(dtype=torch.bfloat16)) == 0
    with pytest.raises(ModelLoadError, match=r"float32 on a CPU"):
        prepack(_layers(dtype=torch.bfloat16), wanted=True)


def test_a_large_second_copy_is_made_only_if_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepacking, "PREPACK_BYTES", 4 * (24 * 40 + 40 * 7) - 1)
    assert prepack(_layers()) == 0
    assert prepack(_layers(), wanted=False) == 0
    assert prepack(_layers(), wanted=True) == prepacking.PREPACK_BYTES + 1


def test_small_matrices_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepacking, "SMALLEST", 24 * 40)
    model = _layers()
    assert prepack(model) == 4 * 24 * 40
    assert _used(model) == [True, False]
    monkeypatch.setattr(prepacking, "SMALLEST", 24 * 40 + 1)
    assert prepack(_layers(), wanted=True) == 0


@pytest.mark.parametrize("missing", ["mkldnn", "operator", "wrong"])
def test_a_torch_that_cannot_do_it_is_found_out(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing == "mkldnn":
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    else:
        plain_pack = PrepackedLinear.pack

        def pack(layer: PrepackedLinear) -> None:
            if missing == "operator":
                raise AttributeError("no operator of that name")
            plain_pack(layer)
            layer._packed = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach() + 1, 4)

        monkeypatch.setattr(PrepackedLinear, "pack", pack)
    prepacking._has_onednn.cache_clear()
    try:
        model = _layers()
        assert prepack(model) == 0
        assert not any(_used(model))
        with pytest.raises(ModelLoadError, match="oneDNN"):
            prepack(model, wanted=True)
    finally:
        prepacking._has_onednn.cache_clear()


@pytest.mark.parametrize("default", [torch.float64, torch.bfloat16])
def test_whether_torch_can_does_not_depend_on_its_settings(default: torch.dtype) -> None:
    prepacking._has_onednn.cache_clear()
    state = torch.get_rng_state()
    torch.set_default_dtype(default)  # as transformers does while it loads a model, in whatever thread
    try:
        assert prepacking._has_onednn()
    finally:
        torch.set_default_dtype(torch.float32)
        prepacking._has_onednn.cache_clear()
    assert torch.equal(torch.get_rng_state(), state)


def test_answers_are_the_same_tokens_without(tiny: str) -> None:
    backends: list[Any] = [
        TransformersBackend(ModelKey(tiny, None, "cpu", "float32", prepack=way)) for way in (False, None)
    ]
    plain, packed = (run(backend, REQUESTS) for backend in backends)
    assert plain == packed
    assert [any(_used(backend._loaded())) for backend in backends] == [False, True]


def test_a_model_is_loaded_as_it_is_asked_for() -> None:
    assert all(_used(Checkpoint(ModelKey("pocket", device="cpu", prepack=True)).load_model().model.language_model))
    llms = [ChatTransformers(prepack=way) for way in (None, False)]
    first, second = (caption_chain(llm).invoke(np.zeros((8, 8, 3), np.uint8)) for llm in llms)
    assert first == second
    backends: list[Any] = [llm._engine("pocket").backend for llm in llms]
    assert [any(_used(backend._loaded())) for backend in backends] == [True, False]
    with pytest.raises(ModelLoadError, match="prepack"):
        ChatTransformers(dtype="bfloat16", device="cpu", prepack=True).invoke("Is there a star?")
