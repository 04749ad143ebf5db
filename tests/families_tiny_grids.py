"""Tiny models of families that take pictures of any size as one grid of patches (``image_grid_thw``)."""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedTokenizerFast
from transformers.models.ernie4_5_vl_moe.image_processing_pil_ernie4_5_vl_moe import Ernie4_5_VLMoeImageProcessorPil
from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil
from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil
from transformers.models.hunyuan_vl.image_processing_pil_hunyuan_vl import HunYuanVLImageProcessorPil
from transformers.models.paddleocr_vl.image_processing_pil_paddleocr_vl import PaddleOCRVLImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from tests.families_tiny_parts import Config, Parts, Tiny, chat, chatml, config, ids, text

SIZES: dict[str, Any] = {"patch_size": 8, "merge_size": 2, "size": {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}}
FRAMES = {**SIZES, "temporal_patch_size": 2}
"""One token for 16 x 16 pixels."""
TOWER: Config = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "patch_size": 8,
    "spatial_merge_size": 2,
}
QWEN_SPECIAL = ("<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
GLM_SPECIAL = (
    *("[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<|image|>", "<|video|>"),
    *("<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>"),
    *("<|begin_of_box|>", "<|end_of_box|>"),
)
ERNIE_NAMES = {
    "image_token": "<|IMAGE_PLACEHOLDER|>",
    "image_start_token": "<|IMAGE_START|>",
    "image_end_token": "<|IMAGE_END|>",
    "video_token": "<|VIDEO_PLACEHOLDER|>",
    "video_start_token": "<|VIDEO_START|>",
    "video_end_token": "<|VIDEO_END|>",
}


def _mrope(*section: int, **options: Any) -> Config:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": list(section), **options}}


def _qwen_ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    return ids(
        tokenizer,
        image_token_id="<|image_pad|>",
        video_token_id="<|video_pad|>",
        vision_start_token_id="<|vision_start|>",
        vision_end_token_id="<|vision_end|>",
    )


def _qwen2_vl(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "qwen2_vl",
        text_config=text(tokenizer, **_mrope(2, 3, 3)),
        vision_config={**TOWER, "embed_dim": 32, "mlp_ratio": 2, "temporal_patch_size": 2},
        **_qwen_ids(tokenizer),
    )
    return Parts(made, Qwen2VLImageProcessorPil(temporal_patch_size=2, **SIZES))


def _qwen3_vl(tokenizer: PreTrainedTokenizerFast) -> Parts:
    tower = {"out_hidden_size": 32, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}
    made = config(
        "qwen3_vl",
        text_config=text(tokenizer, **_mrope(4, 2, 2)),
        vision_config={**TOWER, **tower, "temporal_patch_size": 2},
        **_qwen_ids(tokenizer),
    )
    return Parts(made, Qwen2VLImageProcessorPil(temporal_patch_size=2, **SIZES))


def _qwen3_5(tokenizer: PreTrainedTokenizerFast) -> Parts:
    linear = {"linear_key_head_dim": 8, "linear_num_key_heads": 2, "linear_value_head_dim": 8}
    layers: dict[str, Any] = {
        "layer_types": ["linear_attention", "full_attention"],
        **linear,
        "linear_num_value_heads": 2,
    }
    made = config(
        "qwen3_5",
        text_config=text(tokenizer, **layers, **_mrope(4, 2, 2, mrope_interleaved=True, partial_rotary_factor=1.0)),
        vision_config={**TOWER, "out_hidden_size": 32, "num_position_embeddings": 64, "temporal_patch_size": 2},
        **_qwen_ids(tokenizer),
    )
    return Parts(made, Qwen2VLImageProcessorPil(temporal_patch_size=2, **SIZES))


def _glm(model_type: str, tokenizer: PreTrainedTokenizerFast, **options: Any) -> Any:
    return config(
        model_type,
        text_config=text(tokenizer, **options, **_mrope(2, 1, 1, partial_rotary_factor=0.5)),
        vision_config={**TOWER, "out_hidden_size": 32, "image_size": 64, "temporal_patch_size": 2},
        **ids(
            tokenizer,
            image_token_id="<|image|>",
            image_start_token_id="<|begin_of_image|>",
            image_end_token_id="<|end_of_image|>",
            video_token_id="<|video|>",
            video_start_token_id="<|begin_of_video|>",
            video_end_token_id="<|end_of_video|>",
        ),
    )


def _glm4v(tokenizer: PreTrainedTokenizerFast) -> Parts:
    return Parts(_glm("glm4v", tokenizer), Glm4vImageProcessorPil(**FRAMES))


def _glm46v(tokenizer: PreTrainedTokenizerFast) -> Parts:
    return Parts(_glm("glm46v", tokenizer), Glm46VImageProcessorPil(**FRAMES))


def _glm45v(tokenizer: PreTrainedTokenizerFast) -> Parts:
    experts = {"moe_intermediate_size": 16, "n_routed_experts": 4, "num_experts_per_tok": 2}
    made = _glm("glm4v_moe", tokenizer, **experts)
    return Parts(made, Glm4vImageProcessorPil(**FRAMES))


def _ernie(tokenizer: PreTrainedTokenizerFast) -> Parts:
    experts: dict[str, Any] = {
        "moe_intermediate_size": [32, 16],
        "moe_k": 2,
        "moe_num_experts": 4,
        "moe_num_shared_experts": 1,
    }
    made = config(
        "ernie4_5_vl_moe",
        text_config=text(tokenizer, mlp_layer_types=["dense", "sparse"], **experts, **_mrope(3, 3, 2)),
        vision_config={**TOWER, "temporal_merge_size": 2},
        **ids(tokenizer, **{f"{name}_id": token for name, token in ERNIE_NAMES.items()}),
    )
    return Parts(made, Ernie4_5_VLMoeImageProcessorPil(**SIZES))


def _paddleocr(tokenizer: PreTrainedTokenizerFast) -> Parts:
    tower = {"num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64, "hidden_size": 32}
    made = config(
        "paddleocr_vl",
        text_config=text(tokenizer, **_mrope(2, 3, 3)),
        vision_config={**tower, "intermediate_size": 64, "patch_size": 8, "spatial_merge_size": 2},
        **ids(
            tokenizer,
            image_token_id="<|IMAGE_PLACEHOLDER|>",
            video_token_id="<|VIDEO_PLACEHOLDER|>",
            vision_start_token_id="<|IMAGE_START|>",
            vision_end_token_id="<|IMAGE_END|>",
        ),
    )
    return Parts(made, PaddleOCRVLImageProcessorPil(**SIZES))


HUNYUAN_NAMES = {"image_token": "<image>", "image_start_token": "<img>", "image_end_token": "</img>"}


def _hunyuan(tokenizer: PreTrainedTokenizerFast) -> Parts:
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes = {"max_image_size": 64, "min_image_size": 16, "max_vit_seq_len": 256, "img_max_token_num": 64}
    made = config(
        "hunyuan_vl",
        text_config=text(tokenizer, **_mrope(2, 2, 2, 2)),
        vision_config={
            **tower,
            **sizes,
            "num_key_value_heads": 2,
            "patch_size": 8,
            "spatial_merge_size": 2,
            "out_hidden_size": 32,
            "text_hidden_size": 32,
        },
        **ids(tokenizer, image_token_id="<image>", im_start_id="<img>", im_end_id="</img>", im_newline_id="<newline>"),
    )
    return Parts(made, HunYuanVLImageProcessorPil(**SIZES))


_QWEN = chatml("<|vision_start|><|image_pad|><|vision_end|>")
_GLM = chat(
    user="<|user|>\nTEXT",
    assistant="<|assistant|>\nTEXT",
    system="<|system|>\nTEXT",
    answer="<|assistant|>\n",
    image="<|begin_of_image|><|image|><|end_of_image|>",
    bos="[gMASK]<sop>",
)
_BAIDU = {
    "user": "User: TEXT\n",
    "assistant": "Assistant: TEXT<|end_of_sentence|>",
    "system": "TEXT\n",
    "bos": "<|begin_of_sentence|>",
}

GRIDS: dict[str, Tiny] = {
    "qwen2-vl": Tiny(_qwen2_vl, _QWEN, QWEN_SPECIAL, end="<|im_end|>"),
    "qwen3-vl": Tiny(_qwen3_vl, _QWEN, QWEN_SPECIAL, end="<|im_end|>"),
    "qwen3.5": Tiny(_qwen3_5, _QWEN, QWEN_SPECIAL, end="<|im_end|>"),
    "glm4v": Tiny(_glm4v, _GLM, GLM_SPECIAL, end="<|endoftext|>"),
    "glm4.5v": Tiny(_glm45v, _GLM, GLM_SPECIAL, end="<|endoftext|>"),
    "glm4.6v": Tiny(_glm46v, _GLM, GLM_SPECIAL, end="<|endoftext|>"),
    "ernie4.5-vl": Tiny(
        _ernie,
        chat(
            **_BAIDU,
            answer="Assistant: ",
            image="Picture 1:<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>",
        ),
        (),
        end="<|end_of_sentence|>",
        named=ERNIE_NAMES,
        bos="<|begin_of_sentence|>",
    ),
    "hunyuan-vl": Tiny(
        _hunyuan,
        chat(
            user="<|User|>TEXT",
            assistant="<|Assistant|>TEXT<|eos|>",
            system="TEXT",
            answer="<|Assistant|>",
            image="<img><image></img>",
            bos="<|bos|>",
        ),
        ("<|User|>", "<|Assistant|>", "<newline>"),
        end="<|eos|>",
        named=HUNYUAN_NAMES,
        bos="<|bos|>",
    ),
    "paddleocr-vl": Tiny(
        _paddleocr,
        chat(**_BAIDU, answer="Assistant:\n", image="<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>"),
        (),
        end="<|end_of_sentence|>",
        named=ERNIE_NAMES,
        bos="<|begin_of_sentence|>",
    ),
}
