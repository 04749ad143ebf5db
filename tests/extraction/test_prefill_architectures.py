"""Kept prompts on architectures that differ in what matters to them, below the engine: float32, with and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from extraction.passes import Passes
from extraction.prefill import ENCODED_EARLY, Prefill, Prompt
from extraction.prefixes import PrefixStore, pixels_of

PICTURE = 90
TEXT = {
    "vocab_size": 100,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


@dataclass(frozen=True)
class Kind:
    """A tiny model.

    Attributes:
        model: The model.
        pictures: The inputs of one picture, of a seed.
        per_token: What the processor tells about tokens, of a prompt.
        tokens: Tokens of a picture.
        unshared: Why its prompts are not kept.
    """

    model: Any
    pictures: Callable[[int], dict[str, torch.Tensor]]
    per_token: Callable[[torch.Tensor], dict[str, torch.Tensor]]
    tokens: int
    unshared: str | None = None


def _pixels(*shape: int) -> Callable[[int], torch.Tensor]:
    return lambda seed: torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _qwen3() -> Kind:
    """M-RoPE, and features of pictures added in several layers (deepstack)."""
    config = Qwen3VLConfig(
        text_config={
            **TEXT,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2]},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "patch_size": 4,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=PICTURE,
        video_token_id=91,
        vision_start_token_id=92,
        vision_end_token_id=93,
    )
    pixels = _pixels(24, 3 * 2 * 4 * 4)
    return Kind(
        Qwen3VLForConditionalGeneration(config),
        lambda seed: {"pixel_values": pixels(seed), "image_grid_thw": torch.tensor([[1, 4, 6]])},
        lambda ids: {"mm_token_type_ids": (ids == PICTURE).int()},
        tokens=6,
    )


def _idefics3() -> Kind:
    """Pictures in tiles, with a mask of their pixels."""
    config = Idefics3Config(
        text_config={**TEXT, "model_type": "llama"},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 16,
            "patch_size": 4,
        },
        image_token_id=PICTURE,
        scale_factor=2,
    )
    pixels = _pixels(1, 2, 3, 16, 16)
    return Kind(
        Idefics3ForConditionalGeneration(config),
        lambda seed: {"pixel_values": pixels(seed), "pixel_attention_mask": torch.ones(1, 2, 16, 16, dtype=torch.long)},
        lambda ids: {},
        tokens=8,
    )


def _gemma3() -> Kind:
    """Layers that look back over a window only, and pictures that are read in both directions: not to be kept."""
    config = Gemma3Config(
        text_config={**TEXT, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 16,
            "patch_size": 4,
        },
        image_token_index=PICTURE,
        mm_tokens_per_image=4,
    )
    pixels = _pixels(1, 3, 16, 16)
    return Kind(
        Gemma3ForConditionalGeneration(config),
        lambda seed: {"pixel_values": pixels(seed)},
        lambda ids: {"token_type_ids": (ids == PICTURE).int()},
        tokens=4,
        unshared="a cache of DynamicSlidingWindowLayer",
    )


@pytest.fixture(scope="module", params=[_qwen3, _idefics3, _gemma3])
def kind(request: pytest.FixtureRequest) -> Kind:
    torch.manual_seed(0)
    made: Kind = request.param()
    with torch.no_grad():
        for weight in made.model.parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, 0.2)
    made.model.eval()
    return made


def _prompt(kind: Kind, seed: int, ends: int) -> torch.Tensor:
    text = torch.randint(3, 80, (60,), generator=torch.Generator().manual_seed(7)).tolist()
    rest = torch.randint(3, 80, (ends,), generator=torch.Generator().manual_seed(seed)).tolist()
    return torch.tensor([[*text, *[PICTURE] * kind.tokens, *rest]])


def _scores(kind: Kind, store: PrefixStore, seed: int, ends: int = 5) -> tuple[torch.Tensor, Prefill]:
    """The scores of some steps after a prompt with a picture."""
    ids, pictures = _prompt(kind, seed, ends), kind.pictures(seed)
    prefill = Prefill(store, [Prompt(pixels_of(pictures, 1))], placeholders={PICTURE})
    steps: list[torch.Tensor] = []

    def decode(
        model: Any, input_ids: Any, logits_processor: Any, stopping_criteria: Any, generation_config: Any, **kwargs: Any
    ) -> Any:
        passes = Passes(model, input_ids, kwargs, padding=0, prefill=prefill)
        passes.open()
        for _ in range(4):
            steps.append(passes.logits())
            passes.append([[int(steps[-1].argmax())]])
        passes.remember([0])
        return input_ids

    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **pictures, **kind.per_token(ids)}
    inputs = {name: value for name, value in inputs.items() if name not in ENCODED_EARLY}
    with torch.inference_mode():
        kind.model.generate(**inputs, custom_generate=decode, max_new_tokens=8)
    return torch.cat(steps), prefill


def test_scores_are_those_of_a_prompt_that_is_read_whole(kind: Kind) -> None:
    for seed, ends in ((1, 5), (2, 9)):
        expected, _ = _scores(kind, PrefixStore(0), seed, ends)
        whole = kind.model.generate(
            input_ids=_prompt(kind, seed, ends),
            **kind.pictures(seed),
            **kind.per_token(_prompt(kind, seed, ends)),
            max_new_tokens=4,
            do_sample=False,
            eos_token_id=None,
            output_logits=True,
            return_dict_in_generate=True,
        )
        assert torch.allclose(torch.cat(whole.logits), expected, atol=1e-4)
    store = PrefixStore(10**8)
    reused = []
    for seed, ends in ((1, 5), (1, 5), (2, 9), (2, 9), (1, 5)):
        scores, prefill = _scores(kind, store, seed, ends)
        assert torch.allclose(scores, _scores(kind, PrefixStore(0), seed, ends)[0], atol=1e-4)
        assert prefill.unshared == kind.unshared
        reused += prefill.reused
    whole_1, whole_2 = 60 + kind.tokens + 5, 60 + kind.tokens + 9
    assert reused == ([0, whole_1 - 1, 60, whole_2 - 1, whole_1 - 1] if kind.unshared is None else [0] * 5)
    assert (store.bytes > 0) == (kind.unshared is None)
