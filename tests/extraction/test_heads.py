"""A head on the allowed rows only chooses as the whole head does: float32, greedy and sampled, alone and in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from extraction.chat_model import ChatTransformers
from extraction.heads import Head
from extraction.local_model import TransformersBackend
from extraction.prepacking import PrepackedLinear
from extraction.sampling import Sampling
from tests.extraction.decodes import FLAT, LONG, NESTED, SCENE, asked, run
from tests.extraction.decodes import REQUESTS as ALL_KINDS

REQUESTS = [
    *ALL_KINDS[:5],
    *(asked(NESTED, sampling=Sampling(1.0, seed=seed)) for seed in range(6)),
    *(asked(SCENE, LONG, max_tokens=90, sampling=Sampling(0.8, top_p=0.9, top_k=40, seed=seed)) for seed in range(6)),
]
NARROW = [replace(request, narrow_head=True) for request in REQUESTS]


def test_answers_are_those_of_the_whole_head(backend: TransformersBackend) -> None:
    whole = [run(backend, [request])[0] for request in REQUESTS]
    alone = [run(backend, [request])[0] for request in NARROW]
    mixed = run(backend, [*NARROW[:8], *REQUESTS[8:]])
    assert alone == run(backend, NARROW) == mixed == whole
    for request, answer in zip(REQUESTS, alone, strict=True):
        assert answer.effort is not None
        assert answer.effort.whole_head is None
        assert (answer.effort.narrow_passes > 0) == (request.constraint is not None and answer.effort.passes > 0)
        assert answer.effort.narrow_passes <= answer.effort.passes
    assert {answer.effort.narrow_passes for answer in whole + mixed[8:] if answer.effort} == {0}


def test_only_the_allowed_rows_are_multiplied(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    linear = torch.nn.functional.linear

    def counting(states: torch.Tensor, weight: torch.Tensor, *rest: Any) -> torch.Tensor:
        sizes.append(weight.shape[0])
        return linear(states, weight, *rest)

    run(backend, NARROW[:1])
    vocabulary = backend._loaded().get_output_embeddings().weight.shape[0]
    monkeypatch.setattr(torch.nn.functional, "linear", counting)
    monkeypatch.setattr(PrepackedLinear, "forward", torch.nn.Linear.forward)
    (answer,) = run(backend, NARROW[:1])
    assert answer.effort is not None
    assert sizes.count(vocabulary) == answer.effort.passes - answer.effort.narrow_passes
    assert "forward" not in vars(backend._loaded().get_output_embeddings())


@pytest.fixture
def changed(backend: TransformersBackend) -> Iterator[Callable[..., Head]]:
    """The head of the model with scores that go through a function."""
    handles = []

    def change(function: Callable[[torch.Tensor], torch.Tensor]) -> Head:
        def hook(_: Any, __: Any, output: Any) -> Any:
            output.logits = function(output.logits)
            return output

        handles.append(backend._loaded().register_forward_hook(hook))
        backend.__dict__.pop("_head", None)
        return backend._head

    yield change
    for handle in handles:
        handle.remove()
    backend.__dict__.pop("_head", None)


@pytest.mark.parametrize(
    "processing",
    [
        lambda scores: scores / 4.0,
        lambda scores: torch.tanh(scores / 30.0) * 30.0,
        lambda scores: scores + torch.arange(scores.shape[-1]) / 7.0,
        lambda scores: scores.float() * 0.5,
    ],
    ids=["scale", "cap", "bias", "float"],
)
def test_what_a_model_does_to_each_score_stays(processing: Any, changed: Any, backend: TransformersBackend) -> None:
    assert changed(processing).whole is None
    narrow = run(backend, NARROW[:3] + NARROW[5:8])
    assert narrow == run(backend, REQUESTS[:3] + REQUESTS[5:8])
    assert all(answer.effort is not None and answer.effort.narrow_passes for answer in narrow)


@pytest.mark.parametrize(
    ("processing", "reason"),
    [
        (lambda scores: scores.log_softmax(-1), "depend on each other"),
        (lambda scores: scores - scores[..., 1:2].nan_to_num(neginf=0.0), "depend on each other"),
        (torch.ones_like, "not the head's"),
        (lambda scores: scores[..., : int(torch.isfinite(scores).sum())], "not the head's"),
    ],
    ids=["normalised", "shifted", "replaced", "cut"],
)
def test_scores_that_depend_on_each_other_need_the_whole_head(
    processing: Any, reason: str, changed: Any, backend: TransformersBackend
) -> None:
    assert reason in changed(processing).whole
    (answer,) = run(backend, NARROW[3:4])
    assert answer.effort is not None
    assert answer.effort.whole_head is not None
    assert reason in answer.effort.whole_head


def test_heads_that_are_not_plain_are_left_alone(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    model = backend._loaded()

    class Quantised(torch.nn.Linear):
        pass

    def why(**changes: Any) -> str | None:
        head = changes.pop("head", model.get_output_embeddings())
        config = SimpleNamespace(is_encoder_decoder=changes.pop("encoder_decoder", False))
        stand_in = SimpleNamespace(config=config, get_output_embeddings=lambda: head)
        return Head(stand_in).whole

    assert why(encoder_decoder=True) == "encoder-decoder"
    assert why(head=Quantised(2, 2)) == "a head of Quantised"
    assert why(head=None) == "a head of NoneType"
    hooked = torch.nn.Linear(2, 2)
    hooked.forward = hooked.forward  # type: ignore[method-assign]
    assert why(head=hooked) == "a head that others have changed"
    assert (why() or "").startswith("trying it failed: TypeError")


def test_a_failed_pass_leaves_the_head_whole(backend: TransformersBackend) -> None:
    model = backend._loaded()
    head = Head(model)
    with pytest.raises(ValueError, match="states of shape"), head.narrowed([np.arange(3)]):
        model.get_output_embeddings()(torch.zeros(2, 1, 32))
    assert "forward" not in vars(model.get_output_embeddings())


def test_it_is_an_option_of_the_chat_model(tiny_llava: str) -> None:
    llm = ChatTransformers(model=tiny_llava, narrow_head=True)
    shape = {"type": "json_schema", "json_schema": {"name": "flat", "schema": FLAT}}
    narrow = llm.invoke("x", response_format=shape)
    whole = llm.invoke("x", response_format=shape, narrow_head=False)
    assert narrow.content == whole.content
    assert narrow.response_metadata["decoding"]["narrow_passes"] > 0
    assert whole.response_metadata["decoding"]["narrow_passes"] == 0
