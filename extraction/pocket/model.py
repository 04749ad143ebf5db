"""The architecture of the pocket model: standard classes of transformers, a few million weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    DPTConfig,
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
    ResNetConfig,
)

from extraction.pocket.dataset import IMAGE_SIDE

PATCH = 16
GRID = IMAGE_SIDE // PATCH
IMAGE_TOKENS = GRID * GRID
CONTEXT = 2048


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the tower (a convolutional stem, then ``tower_layers`` transformer layers) and of the text model."""

    width: int = 192
    stem: tuple[int, int, int] = (48, 96, 192)
    stem_blocks: tuple[int, int, int] = (1, 1, 1)
    stem_entry: int = 32
    tower_layers: int = 2
    tower_heads: int = 6
    text_layers: int = 6
    text_heads: int = 3
    text_inner: int = 512


def tower_config(config: ModelConfig) -> DPTConfig:
    """A DPT-hybrid tower (Ranftl et al. 2021, section 3.1): ResNet stages to stride 16, then transformer layers.

    Of the towers tried it learns the most per second on a processor core: convolutions bring the edges for free.
    """
    backbone = ResNetConfig(
        embedding_size=config.stem_entry,
        hidden_sizes=list(config.stem),
        depths=list(config.stem_blocks),
        layer_type="basic",
        hidden_act="relu",
        downsample_in_first_stage=False,
        out_features=["stage1", "stage2", "stage3"],  # type: ignore[call-arg]  # a backbone's, which the stub lacks
    )
    return DPTConfig(
        is_hybrid=True,
        backbone_config=backbone,
        hidden_size=config.width,
        num_hidden_layers=config.tower_layers,
        num_attention_heads=config.tower_heads,
        intermediate_size=2 * config.width,
        image_size=IMAGE_SIDE,
        patch_size=PATCH,
        backbone_featmap_shape=[1, config.stem[-1], GRID, GRID],
        layer_norm_eps=1e-6,
        backbone_out_indices=[0, 0, 0, 0],
    )


def token_id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    """The id of one token."""
    found = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(found, int)
    return found


def build_model(tokenizer: PreTrainedTokenizerFast, config: ModelConfig) -> LlavaForConditionalGeneration:
    """The whole model with random weights, in float32."""
    special: Mapping[str, Any] = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.width,
        intermediate_size=config.text_inner,
        num_hidden_layers=config.text_layers,
        num_attention_heads=config.text_heads,
        num_key_value_heads=config.text_heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        rms_norm_eps=1e-5,
        **special,
    )
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=tower_config(config),
            text_config=text,
            image_token_index=token_id(tokenizer, "<image>"),
            image_seq_length=IMAGE_TOKENS,
            vision_feature_select_strategy="default",
            vision_feature_layer=-1,
            tie_word_embeddings=True,
        )
    )
    model.generation_config = GenerationConfig(do_sample=False, max_new_tokens=512, **special)
    return model


def tower_features(tower: nn.Module, pixels: Tensor) -> Tensor:
    """What the tower sees in each patch, batch x patches x width, without its class token."""
    hidden: Tensor = tower(pixels, output_hidden_states=True, return_dict=True).hidden_states[-1]
    return hidden[:, 1:]


def normalise(pixels: Tensor) -> Tensor:
    """Pixel values 0..255 of batch x side x side x 3 as the tower takes them: batch x 3 x side x side in -1..1."""
    scaled = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    return scaled.contiguous(memory_format=torch.channels_last)
