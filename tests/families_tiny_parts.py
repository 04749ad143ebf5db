"""What the tiny models of many families are made of: configurations, chat templates, and the folder they are saved to.

A family is a function from a tokenizer to its ``Parts``. The rest is the same for all: weights from the class that
transformers names for the configuration, the processor that belongs to it, and both written as a hub model is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    ProcessorMixin,
)
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from extraction.loading import without_videos
from tests.tiny_models import make_tokenizer, save, token_id

Config = dict[str, Any]

CLIP: Config = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
"""A vision tower for pictures of 32 x 32 pixels: 16 patches of 8 x 8."""
SIGLIP: Config = {**CLIP, "model_type": "siglip_vision_model"}


@dataclass(frozen=True)
class Parts:
    """One tiny model before it is made.

    Attributes:
        config: Its configuration.
        pictures: Its picture processor.
        options: What its processor is told beside its parts.
        processor: The class of its processor, where that is not the one that belongs to the configuration.
    """

    config: PreTrainedConfig
    pictures: Any
    options: dict[str, Any] = field(default_factory=dict)
    processor: str | None = None


@dataclass(frozen=True)
class Tiny:
    """A family in small.

    Attributes:
        parts: Makes its parts, of its tokenizer.
        template: Its chat template, shortened.
        special: Its special tokens, without the padding.
        end: The one of them that ends a turn.
        named: The tokens that its processor asks the tokenizer for, by name.
        bos: The token that a text begins with.
    """

    parts: Callable[[PreTrainedTokenizerFast], Parts]
    template: str
    special: tuple[str, ...]
    end: str
    named: dict[str, str] = field(default_factory=dict)
    bos: str | None = None

    def __call__(self, folder: Path, *, seed: int = 0) -> Path:
        """The folder, with the model in it."""
        torch.manual_seed(seed)
        bos = {} if self.bos is None else {"bos_token": self.bos}
        special = tuple(dict.fromkeys(("<|pad|>", self.end, *bos.values(), *self.special, *self.named.values())))
        tokenizer = make_tokenizer(special, end=self.end, extra_special_tokens=self.named, **bos)
        parts = self.parts(tokenizer)
        kind: Any = getattr(transformers, parts.processor) if parts.processor else PROCESSOR_MAPPING[type(parts.config)]
        if "video_processor" in kind.get_attributes():  # which torchvision would be needed for
            kind = without_videos(kind)
        processor = kind(
            image_processor=parts.pictures, tokenizer=tokenizer, chat_template=self.template, **parts.options
        )
        model: Any = AutoModelForImageTextToText.from_config(parts.config)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name.endswith("gate"):  # Mllama's, which let no picture through before they are trained
                    weight.fill_(0.7)
        save(folder, model, tokenizer, self.end)
        ProcessorMixin.save_pretrained(processor, folder)  # ERNIE's own would copy a font for videos
        return folder


def config(model_type: str, **options: Any) -> PreTrainedConfig:
    """A configuration of transformers by its ``model_type``."""
    made: PreTrainedConfig = AutoConfig.for_model(model_type, **options)
    return made


def text(tokenizer: PreTrainedTokenizerFast, model_type: str | None = None, **options: Any) -> Config:
    """A language model of two layers; the rows of its embedding are more than the tokenizer's entries.

    Args:
        tokenizer: The tokenizer.
        model_type: The architecture; None where the family has one of its own.
        options: Settings of that architecture.
    """
    return {
        **({} if model_type is None else {"model_type": model_type}),
        "vocab_size": len(tokenizer) + 7,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 8192,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **options,
    }


def ids(tokenizer: PreTrainedTokenizerFast, **names: str) -> dict[str, int]:
    """Tokens of a configuration by the names of its settings."""
    return {name: token_id(tokenizer, token) for name, token in names.items()}


_CONTENT = (
    "{%- if message['content'] is string -%}{{ message['content'] }}{%- else -%}"
    "{%- for part in message['content'] -%}"
    "{%- if part['type'] == 'image' -%}IMAGE{%- elif part['type'] == 'text' -%}{{ part['text'] }}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
)


def chat(
    *, user: str, assistant: str, answer: str, image: str, system: str | None = None, bos: str = "", refuse: str = ""
) -> str:
    """A chat template.

    Args:
        user: A user's turn, TEXT for what it says.
        assistant: An assistant's turn.
        answer: What an answer begins after.
        image: What stands for a picture.
        system: A system turn; None where there is none: the template raises.
        bos: What everything begins with.
        refuse: A further condition, with Jinja's names, under which the template raises.
    """
    content = _CONTENT.replace("IMAGE", image)
    no = "{{ raise_exception('Conversations of this form are not supported') }}"
    turns = {"user": user, "assistant": assistant, "system": no if system is None else system}
    branches = "".join(
        f"{{%- {'if' if not index else 'elif'} message['role'] == '{role}' -%}}{turn.replace('TEXT', content)}"
        for index, (role, turn) in enumerate(turns.items())
    )
    guard = f"{{%- if {refuse} -%}}{no}{{%- endif -%}}" if refuse else ""
    return (
        f"{bos}{guard}{{%- for message in messages -%}}{branches}{{%- else -%}}{no}{{%- endif -%}}{{%- endfor -%}}"
        f"{{%- if add_generation_prompt -%}}{answer}{{%- endif -%}}"
    )


def chatml(image: str) -> str:
    """The template of Qwen and of all that are built on it."""
    turn = "<|im_start|>ROLE\nTEXT<|im_end|>\n"
    turns = {role: turn.replace("ROLE", role) for role in ("user", "assistant", "system")}
    return chat(**turns, answer="<|im_start|>assistant\n", image=image)
