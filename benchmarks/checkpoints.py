"""Models whose passes cost what they cost in life, with nothing downloaded.

Random weights in the shape of SmolLM2-135M (30 layers of width 576) behind a small vision tower, in two architectures:
``llava`` with plain positions and ``qwen`` (Qwen2.5-VL) with M-RoPE, each with vocabularies of 50 and 150 thousand
tokens. Their byte-level BPE tokenizers are trained on the Python sources of this very environment. All of it is made
once and kept in ``build/benchmarks``.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
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

FOLDER = Path(__file__).parents[1] / "build" / "benchmarks"
"""Where what was made once is kept; git ignores it."""

VOCABULARIES = {"50k": 49_152, "150k": 151_936}
"""Rows of the output head: those of SmolLM2 and of Qwen2.5-VL."""

NAMES = tuple(f"{kind}-{size}" for kind in ("llava", "qwen") for size in VOCABULARIES)
"""The models that can be made."""

_SPECIAL = (
    *("<|pad|>", "<|im_start|>", "<|im_end|>", "<image>"),
    *("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
)
_SPARE = 256  # a head has more rows than its tokenizer has tokens, as in most published checkpoints
_MEGABYTES = {"50k": 24, "150k": 80}
_POSITIONS = 8192
_TEXT: dict[str, Any] = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": _POSITIONS,
    "bos_token_id": None,
    "tie_word_embeddings": True,
}
_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string -%}{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}IMAGE{%- else -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}
{%- endif -%}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}
"""


def checkpoint(name: str) -> str:
    """Folder of a model, made if it is not there yet (minutes the first time).

    Args:
        name: One of ``NAMES``.

    Raises:
        ValueError: There is no such model.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is none of {', '.join(NAMES)}")
    folder = FOLDER / name
    if not (folder / "model.safetensors").exists():
        kind, size = name.split("-")
        torch.manual_seed(0)
        tokenizer = _tokenizer(size)
        (_save_llava if kind == "llava" else _save_qwen)(folder, tokenizer, VOCABULARIES[size])
    return str(folder)


def _save_llava(folder: Path, tokenizer: PreTrainedTokenizerFast, rows: int) -> None:
    """A Llava model; a picture becomes 64 tokens."""
    vision = CLIPVisionConfig(
        hidden_size=384,
        intermediate_size=1536,
        num_hidden_layers=4,
        num_attention_heads=6,
        image_size=224,
        patch_size=28,
    )
    text = LlamaConfig(
        **_TEXT, vocab_size=rows, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=_id(tokenizer, "<image>"),
        image_seq_length=64,
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"height": 224, "width": 224}, do_center_crop=False),
        tokenizer=tokenizer,
        patch_size=28,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_TEMPLATE.replace("IMAGE", "<image>"),
    )
    processor.save_pretrained(folder)
    _save(folder, LlavaForConditionalGeneration(config), tokenizer)


def _save_qwen(folder: Path, tokenizer: PreTrainedTokenizerFast, rows: int) -> None:
    """A Qwen2.5-VL model; a picture becomes at most 64 tokens."""
    config = Qwen2_5_VLConfig(
        vision_config={
            "depth": 4,
            "hidden_size": 384,
            "intermediate_size": 1536,
            "num_heads": 6,
            "out_hidden_size": _TEXT["hidden_size"],
            "fullatt_block_indexes": [3],
        },
        text_config={
            **_TEXT,
            "vocab_size": rows,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [8, 12, 12]},
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        image_token_id=_id(tokenizer, "<|image_pad|>"),
        video_token_id=_id(tokenizer, "<|video_pad|>"),
        vision_start_token_id=_id(tokenizer, "<|vision_start|>"),
        vision_end_token_id=_id(tokenizer, "<|vision_end|>"),
        tie_word_embeddings=True,
    )
    tokenizer.chat_template = _TEMPLATE.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>")
    # The whole processor holds a video part that needs torchvision; its parts are saved one by one instead.
    pictures = Qwen2VLImageProcessorPil(size={"shortest_edge": 28 * 28, "longest_edge": 224 * 224})
    pictures.save_pretrained(folder)
    _save(folder, Qwen2_5_VLForConditionalGeneration(config), tokenizer)


def _save(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    tokenizer.save_pretrained(folder)
    model.bfloat16().save_pretrained(folder)


def _tokenizer(size: str) -> PreTrainedTokenizerFast:
    """The tokenizer of a size, trained if it is not there yet."""
    path = FOLDER / f"tokenizer-{size}.json"
    if not path.exists():
        core = Tokenizer(models.BPE())
        core.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        core.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=VOCABULARIES[size] - _SPARE,
            special_tokens=list(_SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        core.train_from_iterator(_sources(_MEGABYTES[size] * 2**20), trainer)
        path.parent.mkdir(parents=True, exist_ok=True)
        core.save(str(path))
    return PreTrainedTokenizerFast(
        tokenizer_file=str(path), pad_token="<|pad|>", eos_token="<|im_end|>", padding_side="left"
    )


def _sources(limit: int) -> Iterator[str]:
    """Texts of the standard library and of the installed packages, up to a number of characters."""
    paths = sysconfig.get_paths()
    read = 0
    for root in (paths["stdlib"], paths["purelib"]):
        for path in sorted(Path(root).rglob("*.py")):
            text = path.read_text(encoding="utf-8", errors="ignore")[:100_000]
            yield text
            read += len(text)
            if read > limit:
                return


def _id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    return int(tokenizer.get_vocab()[token])
