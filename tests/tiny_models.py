"""Tiny vision-language models with random weights, built in code and saved to disk as a hub model is.

They know nothing, but they are real: a tower that reads pixels, a tokenizer, a processor and a chat template, loaded by
the very code path that loads a checkpoint from the hub. Two families that differ in what matters to an engine:

* ``build_llava``: a fixed picture size, plain positions, a template without a system role that insists on alternation;
* ``build_qwen``: the Qwen2.5-VL architecture: pictures of any size, M-RoPE positions, ``image_grid_thw``, tools.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPVisionConfig,
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

WORDS = (
    '{"name": "get_weather", "arguments": {"location": "Paris"}} {"objects": [{"label": "circle", "color": "red", '
    '"box": [0, 100, 250, 1000]}, {"label": "square", "color": "blue", "box": [5, 10, 15, 20]}], "count": 2} '
    "true false null What is in this picture? Describe the image. A small red circle and a large blue square. "
    "You are a helpful assistant. Answer with JSON only. user assistant system tool function parameters"
)
SPECIAL = ("<|pad|>", "<|end|>", "<|im_start|>", "<|im_end|>", "<image>")
QWEN_SPECIAL = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")

LLAVA_TEMPLATE = """\
{%- if messages[0]['role'] == 'system' -%}{{ raise_exception('System role not supported') }}{%- endif -%}
{%- for message in messages -%}
{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
{{ raise_exception('Roles must alternate user/assistant/user/assistant') }}
{%- endif -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string -%}{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}<image>{%- else -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}
{%- endif -%}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}
"""

# Shortened from the chat template of Qwen2.5-VL: the same roles, markers and tool block.
QWEN_TEMPLATE = """\
{%- if tools -%}<|im_start|>system
{% if messages[0]['role'] == 'system' -%}
{%- for part in messages[0]['content'] -%}{{ part['text'] }}{%- endfor -%}{{ '\\n\\n' }}
{%- endif -%}
# Tools

<tools>
{%- for tool in tools -%}{{ '\\n' }}{{ tool | tojson }}{%- endfor %}

</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><|im_end|>
{% endif -%}
{%- for message in messages -%}
{%- if not (tools and loop.first and message['role'] == 'system') -%}
{%- if message['role'] == 'tool' -%}<|im_start|>user
<tool_response>
{% else -%}<|im_start|>{{ message['role'] }}
{% endif -%}
{%- if message['content'] is string -%}{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>{%- else -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- if message['tool_calls'] -%}
{%- for call in message['tool_calls'] -%}
{{ '\\n' }}<tool_call>
{"name": "{{ call['function']['name'] }}", "arguments": {{ call['function']['arguments'] | tojson }}}
</tool_call>
{%- endfor -%}
{%- endif -%}
{%- if message['role'] == 'tool' -%}{{ '\\n' }}</tool_response>{%- endif -%}<|im_end|>
{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}
"""


def build_llava(folder: Path, *, seed: int = 0, positions: int = 8192) -> Path:
    """Folder of a saved Llava model of about 60 thousand parameters; pictures become 16 tokens each."""
    torch.manual_seed(seed)
    tokenizer = make_tokenizer(SPECIAL)
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=_text_config(tokenizer, positions),
        image_token_index=token_id(tokenizer, "<image>"),
        image_seq_length=16,
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
    )
    model = LlavaForConditionalGeneration(config)
    pictures = CLIPImageProcessorPil(size={"height": 32, "width": 32}, do_center_crop=False)
    processor = LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    )
    save(folder, model, tokenizer, "<|im_end|>", "<|end|>")
    processor.save_pretrained(folder)
    return folder


def build_qwen(folder: Path, *, seed: int = 0, positions: int = 8192) -> Path:
    """Folder of a saved Qwen2.5-VL model; a picture becomes one token per 16 x 16 pixels of its resized form."""
    torch.manual_seed(seed)
    tokenizer = make_tokenizer(SPECIAL + QWEN_SPECIAL)
    ids = functools.partial(token_id, tokenizer)
    config = Qwen2_5_VLConfig(
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "patch_size": 8,
            "spatial_patch_size": 8,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 32,
            "fullatt_block_indexes": [1],
        },
        text_config={
            "vocab_size": len(tokenizer) + 7,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": positions,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
            "bos_token_id": None,
            "eos_token_id": ids("<|im_end|>"),
            "pad_token_id": ids("<|pad|>"),
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    pictures = Qwen2VLImageProcessorPil(
        patch_size=8, merge_size=2, temporal_patch_size=2, size={"shortest_edge": 16 * 16, "longest_edge": 96 * 96}
    )
    tokenizer.chat_template = QWEN_TEMPLATE
    # The whole processor holds a video part that needs torchvision; its parts are saved one by one instead.
    save(folder, model, tokenizer, "<|im_end|>", "<|end|>")
    pictures.save_pretrained(folder)
    return folder


def make_tokenizer(special: tuple[str, ...], *, end: str = "<|im_end|>", **options: Any) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer of 460 entries at most, trained on ``WORDS``.

    Args:
        special: Its special tokens, "<|pad|>" and ``end`` among them.
        end: The one that ends a turn.
        options: What else the tokenizer is told, such as the names by which a processor asks for tokens.
    """
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=max(460, len(special) + 320),
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([WORDS] * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<|pad|>", eos_token=end, padding_side="right", **options
    )


def token_id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    return int(tokenizer.get_vocab()[token])


def _text_config(tokenizer: PreTrainedTokenizerFast, positions: int) -> LlamaConfig:
    # The rows of the embedding are more than the tokenizer's entries, as in most published checkpoints.
    return LlamaConfig(
        vocab_size=len(tokenizer) + 7,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=positions,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def save(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, *ends: str) -> None:
    """Gives a model weights with an opinion, and writes it and its tokenizer; ``ends`` are tokens that end an answer."""
    # Random weights of the usual scale give nearly flat scores; larger ones give an opinion that pictures can change.
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, 0.4 if "lm_head" in name else 0.25)
    ids = [token_id(tokenizer, token) for token in ends]
    model.generation_config = GenerationConfig(eos_token_id=ids, pad_token_id=tokenizer.pad_token_id)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
