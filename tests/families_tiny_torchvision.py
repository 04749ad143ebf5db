"""Tiny models of families whose processors transformers loads only where torchvision is installed."""

from __future__ import annotations

from typing import Any

import transformers
from transformers import PreTrainedTokenizerFast

from tests.families_tiny_parts import CLIP, SIGLIP, Parts, Tiny, chat, chatml, config, ids, text

SQUARE = {"height": 32, "width": 32}
COHERE_NAMES = {
    "image_token": "<|IMG_PATCH|>",
    "boi_token": "<|START_OF_IMG|>",
    "eoi_token": "<|END_OF_IMG|>",
    "img_line_break_token": "<|IMG_LINE_BREAK|>",
}
MOLMO_SPECIAL = (
    *("<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>", "<im_end>", "<im_low>"),
    *("<frame_start>", "<frame_end>", "<|image|>", "<|video|>", "<|im_start|>"),
)


def _pictures(name: str, **options: Any) -> Any:
    """A picture processor by name: the module of most of them cannot be imported without torchvision."""
    return getattr(transformers, name)(**options)


def _llama4(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "llama4",
        text_config=text(
            tokenizer,
            intermediate_size_mlp=64,
            num_local_experts=2,
            no_rope_layers=[1, 0],
            attention_chunk_size=2048,
            attn_temperature_tuning=False,
        ),
        vision_config={
            **CLIP,
            "vision_output_dim": 32,
            "projector_input_dim": 32,
            "projector_output_dim": 32,
            "intermediate_size": 128,
        },
        **ids(
            tokenizer, image_token_index="<|patch|>", boi_token_index="<|image_start|>", eoi_token_index="<|image_end|>"
        ),
    )
    return Parts(made, _pictures("Llama4ImageProcessor", size=SQUARE, max_patches=4), {"patch_size": 8})


def _cohere2_vision(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "cohere2_vision",
        text_config=text(tokenizer, "cohere2", layer_types=["sliding_attention", "full_attention"], sliding_window=64),
        vision_config={**SIGLIP, "vision_use_head": False},
        downsample_factor=2,
        alignment_intermediate_size=64,
        **ids(tokenizer, image_token_id="<|IMG_PATCH|>"),
    )
    pictures = _pictures("Cohere2VisionImageProcessor", size=SQUARE, max_patches=4, patch_size=2)
    return Parts(made, pictures)


def _lfm2_vl(tokenizer: PreTrainedTokenizerFast) -> Parts:
    tower = {name: value for name, value in CLIP.items() if name != "image_size"}
    made = config(
        "lfm2_vl",
        text_config=text(
            tokenizer, "lfm2", layer_types=["conv", "full_attention"], block_auto_adjust_ff_dim=False, conv_L_cache=3
        ),
        vision_config={**tower, "model_type": "siglip2_vision_model", "num_patches": 16, "vision_use_head": False},
        projector_hidden_size=32,
        downsample_factor=2,
        **ids(tokenizer, image_token_id="<image>"),
    )
    pictures = _pictures(
        "Lfm2VlImageProcessor",
        size=SQUARE,
        tile_size=32,
        encoder_patch_size=8,
        min_image_tokens=2,
        max_image_tokens=8,
        max_tiles=4,
    )
    return Parts(made, pictures)


def _molmo2(tokenizer: PreTrainedTokenizerFast) -> Parts:
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16}
    made = config(
        "molmo2",
        text_config=text(tokenizer, additional_vocab_size=8),
        vision_config={
            **heads,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "image_size": [32, 32],
            "patch_size": 8,
            "num_position_embeddings": 16,
        },
        adapter_config={
            **heads,
            "hidden_size": 32,
            "intermediate_size": 64,
            "text_hidden_size": 32,
            "vision_feature_layer": [-1],
        },
        **ids(
            tokenizer,
            image_patch_id="<im_patch>",
            image_start_token_id="<im_start>",
            image_end_token_id="<im_end>",
            low_res_image_start_token_id="<low_res_im_start>",
            frame_start_token_id="<frame_start>",
            frame_end_token_id="<frame_end>",
        ),
    )
    pictures = _pictures("Molmo2ImageProcessor", size=SQUARE, max_crops=4, overlap_margins=[1, 1], patch_size=8)
    return Parts(made, pictures)


_LLAMA_TURN = "<|header_start|>ROLE<|header_end|>\n\nTEXT<|eot|>"
_COHERE_TURN = "<|START_OF_TURN_TOKEN|><|ROLE_TOKEN|>TEXT<|END_OF_TURN_TOKEN|>"
_COHERE_ROLES = {"user": "USER", "assistant": "CHATBOT", "system": "SYSTEM"}

TORCHVISION: dict[str, Tiny] = {
    "llama4": Tiny(
        _llama4,
        chat(
            **{role: _LLAMA_TURN.replace("ROLE", role) for role in ("user", "assistant", "system")},
            answer="<|header_start|>assistant<|header_end|>\n\n",
            image="<|image|>",
            bos="<|begin_of_text|>",
        ),
        (
            *("<|image|>", "<|image_start|>", "<|image_end|>", "<|patch|>", "<|tile_x_separator|>"),
            *("<|tile_y_separator|>", "<|header_start|>", "<|header_end|>"),
        ),
        end="<|eot|>",
        bos="<|begin_of_text|>",
    ),
    "cohere2-vision": Tiny(
        _cohere2_vision,
        chat(
            **{role: _COHERE_TURN.replace("ROLE", name) for role, name in _COHERE_ROLES.items()},
            answer="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
            image="<|IMG_PATCH|>",
            bos="<BOS_TOKEN>",
        ),
        ("<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>", "<|SYSTEM_TOKEN|>"),
        end="<|END_OF_TURN_TOKEN|>",
        named=COHERE_NAMES,
        bos="<BOS_TOKEN>",
    ),
    "lfm2-vl": Tiny(
        _lfm2_vl,
        chatml("<image>"),
        (
            *("<|im_start|>", "<image>", "<|image_start|>", "<|image_end|>", "<|img_thumbnail|>"),
            *(f"<|img_row_{row}_col_{column}|>" for row in range(1, 5) for column in range(1, 5)),
        ),
        end="<|im_end|>",
    ),
    "molmo2": Tiny(_molmo2, chatml("<|image|>"), MOLMO_SPECIAL, end="<|im_end|>", bos="<|endoftext|>"),
}
"""Without a picture processor of PIL in transformers 5.23: the classes import torchvision themselves."""
