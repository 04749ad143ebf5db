"""Tiny models of families that take a picture whole: squeezed or padded to a square, or in its own aspect."""

from __future__ import annotations

from typing import Any

from transformers import Gemma4AudioFeatureExtractor, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.deepseek_vl.image_processing_pil_deepseek_vl import DeepseekVLImageProcessorPil
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.gemma4.image_processing_pil_gemma4 import Gemma4ImageProcessorPil
from transformers.models.idefics2.image_processing_pil_idefics2 import Idefics2ImageProcessorPil
from transformers.models.janus.image_processing_pil_janus import JanusImageProcessorPil
from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil
from transformers.models.pixtral.image_processing_pil_pixtral import PixtralImageProcessorPil

from tests.families_tiny_parts import CLIP, SIGLIP, Config, Parts, Tiny, chat, chatml, config, ids, text

SQUARE = {"height": 32, "width": 32}
LOCAL: Config = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 64}


def _vipllava(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "vipllava",
        text_config=text(tokenizer, "llama"),
        vision_config={**CLIP, "model_type": "clip_vision_model"},
        vision_feature_layers=[-1, -2],
        image_seq_length=16,
        **ids(tokenizer, image_token_index="<image>"),
    )
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=SQUARE)
    options = {"patch_size": 8, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return Parts(made, pictures, options)


def _pixtral_tower() -> Config:
    return {**CLIP, "model_type": "pixtral", "head_dim": 16, "image_size": 64}


def _pixtral(tokenizer: PreTrainedTokenizerFast) -> Parts:
    """Pixtral's own release is a Llava by its configuration."""
    made = config(
        "llava",
        text_config=text(tokenizer, "mistral", sliding_window=None),
        vision_config=_pixtral_tower(),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        **ids(tokenizer, image_token_index="[IMG]"),
    )
    pictures = PixtralImageProcessorPil(patch_size={"height": 8, "width": 8}, size={"longest_edge": 48})
    return Parts(made, pictures, {"patch_size": 8}, processor="PixtralProcessor")


def _mistral3(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "mistral3",
        text_config=text(tokenizer, "mistral", sliding_window=None),
        vision_config=_pixtral_tower(),
        vision_feature_layer=-1,
        spatial_merge_size=2,
        **ids(tokenizer, image_token_index="[IMG]"),
    )
    pictures = PixtralImageProcessorPil(patch_size={"height": 8, "width": 8}, size={"longest_edge": 64})
    return Parts(made, pictures, {"patch_size": 8, "spatial_merge_size": 2}, processor="PixtralProcessor")


def _lighton_ocr(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "lighton_ocr",
        text_config=text(tokenizer, "qwen3"),
        vision_config=_pixtral_tower(),
        spatial_merge_size=2,
        **ids(tokenizer, image_token_id="<|image_pad|>"),
    )
    pictures = PixtralImageProcessorPil(patch_size={"height": 16, "width": 16}, size={"longest_edge": 64})
    return Parts(made, pictures, {"patch_size": 8, "spatial_merge_size": 2})


def _idefics2(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "idefics2",
        text_config=text(tokenizer, "mistral", sliding_window=None),
        vision_config={**CLIP, "image_size": 64},
        perceiver_config={
            "hidden_size": 32,
            "resampler_n_latents": 6,
            "resampler_depth": 1,
            "resampler_n_heads": 2,
            "resampler_head_dim": 16,
            "num_key_value_heads": 1,
        },
        **ids(tokenizer, image_token_id="<image>"),
    )
    return Parts(made, Idefics2ImageProcessorPil(size={"shortest_edge": 24, "longest_edge": 64}), {"image_seq_len": 6})


def _gemma3(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "gemma3",
        text_config=text(tokenizer, **LOCAL),
        vision_config={**SIGLIP, "vision_use_head": False},
        mm_tokens_per_image=4,
        **ids(
            tokenizer,
            image_token_index="<image_soft_token>",
            boi_token_index="<start_of_image>",
            eoi_token_index="<end_of_image>",
        ),
    )
    return Parts(made, Gemma3ImageProcessorPil(size=SQUARE), {"image_seq_length": 4})


def _gemma4(tokenizer: PreTrainedTokenizerFast) -> Parts:
    layer: dict[str, Any] = {
        "hidden_size_per_layer_input": 8,
        "vocab_size_per_layer_input": len(tokenizer) + 7,
        "global_head_dim": 16,
    }
    made = config(
        "gemma4",
        text_config=text(tokenizer, **LOCAL, **layer, use_bidirectional_attention="vision"),
        vision_config={
            **{name: value for name, value in CLIP.items() if name != "image_size"},
            "num_key_value_heads": 2,
            "head_dim": 16,
            "pooling_kernel_size": 2,
            "position_embedding_size": 64,
        },
        audio_config=None,
        **ids(
            tokenizer,
            image_token_id="<|image|>",
            boi_token_id="<|image>",
            eoi_token_id="<image|>",
            audio_token_id="<|audio|>",
            video_token_id="<|video|>",
        ),
    )
    pictures = Gemma4ImageProcessorPil(patch_size=8, max_soft_tokens=70, pooling_kernel_size=2)
    return Parts(made, pictures, {"feature_extractor": Gemma4AudioFeatureExtractor(), "image_seq_length": 70})


def _mllama(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "mllama",
        text_config=text(tokenizer, cross_attention_layers=[1], num_hidden_layers=3),
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_global_layers": 1,
            "attention_heads": 2,
            "intermediate_size": 64,
            "image_size": 32,
            "patch_size": 8,
            "intermediate_layers_indices": [0, 1],
            "vision_output_dim": 96,
        },
        **ids(tokenizer, image_token_index="<|image|>"),
    )
    return Parts(made, MllamaImageProcessorPil(size=SQUARE, max_image_tiles=4))


def _deepseek_vl(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "deepseek_vl",
        text_config=text(tokenizer, "llama"),
        vision_config={**SIGLIP, "vision_use_head": False},
        **ids(tokenizer, image_token_id="<image_placeholder>"),
    )
    return Parts(made, DeepseekVLImageProcessorPil(size=SQUARE, min_size=8), {"num_image_tokens": 16})


def _janus(tokenizer: PreTrainedTokenizerFast) -> Parts:
    made = config(
        "janus",
        text_config=text(tokenizer, "llama"),
        vision_config={**CLIP, "mlp_ratio": 2.0, "projection_dim": 32, "num_image_tokens": 16},
        vq_config={
            "embed_dim": 4,
            "num_embeddings": 16,
            "latent_channels": 32,
            "base_channels": 32,
            "channel_multiplier": [1],
            "num_res_blocks": 1,
            "projection_dim": 32,
            "image_token_embed_dim": 32,
        },
        **ids(tokenizer, image_token_id="<image_placeholder>"),
    )
    return Parts(made, JanusImageProcessorPil(size=SQUARE, min_size=8), {"num_image_tokens": 16})


_GEMMA_NAMES = {
    "image_token": "<image_soft_token>",
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
}
_GEMMA3_FIRST = (
    "{%- if message['role'] == 'user' and loop.index0 == 1 and messages[0]['role'] == 'system' -%}"
    "{{ messages[0]['content'] if messages[0]['content'] is string else messages[0]['content'][0]['text'] }}"
    "{{ '\\n\\n' }}{%- endif -%}"
)
_MISTRAL = {"user": "[INST]TEXT[/INST]", "assistant": "TEXT</s>", "answer": "", "image": "[IMG]", "bos": "<s>"}
_MISTRAL_SPECIAL = ("[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[IMG]", "[IMG_BREAK]", "[IMG_END]")
_LLAMA_TURN = "<|start_header_id|>ROLE<|end_header_id|>\n\nTEXT<|eot_id|>"
_IDEFICS_TURN = "ROLE:TEXT<end_of_utterance>\n"
_WITH_PICTURES = (
    "messages[0]['role'] == 'system' and messages | map(attribute='content') | reject('string') | sum(start=[]) "
    "| selectattr('type', 'equalto', 'image') | list"
)

SQUARES: dict[str, Tiny] = {
    "vipllava": Tiny(
        _vipllava,
        chat(user="###Human: TEXT", assistant="###Assistant: TEXT", answer="###Assistant:", image="<image>\n"),
        ("<image>",),
        end="</s>",
    ),
    "pixtral": Tiny(_pixtral, chat(**_MISTRAL), _MISTRAL_SPECIAL, end="</s>", bos="<s>"),
    "mistral3": Tiny(
        _mistral3,
        chat(**_MISTRAL, system="[SYSTEM_PROMPT]TEXT[/SYSTEM_PROMPT]"),
        _MISTRAL_SPECIAL,
        end="</s>",
        bos="<s>",
    ),
    "lighton-ocr": Tiny(
        _lighton_ocr,
        chatml("<|image_pad|>"),
        ("<|im_start|>",),
        end="<|im_end|>",
        named={
            "image_token": "<|image_pad|>",
            "image_break_token": "<|vision_pad|>",
            "image_end_token": "<|vision_end|>",
        },
    ),
    "idefics2": Tiny(
        _idefics2,
        chat(
            **{role: _IDEFICS_TURN.replace("ROLE", role.capitalize()) for role in ("user", "assistant", "system")},
            answer="Assistant:",
            image="<image>",
        ),
        ("<fake_token_around_image>", "<image>"),
        end="<end_of_utterance>",
    ),
    "gemma3": Tiny(
        _gemma3,
        chat(
            user=f"<start_of_turn>user\n{_GEMMA3_FIRST}TEXT<end_of_turn>\n",
            assistant="<start_of_turn>model\nTEXT<end_of_turn>\n",
            system="",
            answer="<start_of_turn>model\n",
            image="<start_of_image>",
            bos="<bos>",
        ),
        ("<start_of_turn>",),
        end="<end_of_turn>",
        named=_GEMMA_NAMES,
        bos="<bos>",
    ),
    "gemma4": Tiny(
        _gemma4,
        chat(
            user="<|turn>user\nTEXT<turn|>\n",
            assistant="<|turn>model\nTEXT<turn|>\n",
            system="<|turn>system\nTEXT<turn|>\n",
            answer="<|turn>model\n",
            image="<|image|>",
            bos="<bos>",
        ),
        ("<|turn>", "<|video|>"),
        end="<turn|>",
        named={
            "image_token": "<|image|>",
            "boi_token": "<|image>",
            "eoi_token": "<image|>",
            "audio_token": "<|audio|>",
            "boa_token": "<|audio>",
            "eoa_token": "<audio|>",
        },
        bos="<bos>",
    ),
    "mllama": Tiny(
        _mllama,
        chat(
            **{role: _LLAMA_TURN.replace("ROLE", role) for role in ("user", "assistant", "system")},
            answer="<|start_header_id|>assistant<|end_header_id|>\n\n",
            image="<|image|>",
            bos="<|begin_of_text|>",
            refuse=_WITH_PICTURES,
        ),
        ("<|image|>", "<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>"),
        end="<|eot_id|>",
        bos="<|begin_of_text|>",
    ),
    "deepseek-vl": Tiny(
        _deepseek_vl,
        chat(
            user="User: TEXT\n\n",
            assistant="Assistant: TEXT<|end_of_sentence|>",
            system="TEXT\n\n",
            answer="Assistant:",
            image="<image_placeholder>",
            bos="<|begin_of_sentence|>",
        ),
        (),
        end="<|end_of_sentence|>",
        named={"image_token": "<image_placeholder>"},
        bos="<|begin_of_sentence|>",
    ),
    "janus": Tiny(
        _janus,
        chat(
            user="<|User|>: TEXT\n\n",
            assistant="<|Assistant|>: TEXT<|end_of_sentence|>",
            system="TEXT\n\n",
            answer="<|Assistant|>:",
            image="<image_placeholder>\n",
            bos="<|begin_of_sentence|>",
        ),
        ("<|User|>", "<|Assistant|>"),
        end="<|end_of_sentence|>",
        named={
            "image_token": "<image_placeholder>",
            "boi_token": "<begin_of_image>",
            "eoi_token": "<end_of_image>",
        },
        bos="<|begin_of_sentence|>",
    ),
}
