"""From a trained model to the folder that is shipped, and quick answers from a model in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration, LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from extraction.pocket.dataset import IMAGE_SIDE, Shards
from extraction.pocket.model import PATCH, normalise
from extraction.pocket.packing import PREFIX
from extraction.pocket.scoring import DetectionScore, Found
from extraction.pocket.tasks import Task, standard_task
from extraction.pocket.tokenizer import prompt_text
from extraction.pocket.views import View
from extraction.schemas import json_schema_of
from extraction.schemas.scene import Scene


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """The processor that goes with the model: pictures stretched to a square, then the chat template's tokens."""
    pictures = SiglipImageProcessorPil(
        size={"height": IMAGE_SIDE, "width": IMAGE_SIDE}, resample=2, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=tokenizer.chat_template,
        image_token="<image>",
        num_additional_image_tokens=1,
    )


def save_model(model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Writes a folder that ``AutoModelForImageTextToText`` and ``AutoProcessor`` load; stored in float16, run in float32."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {
        name: value.detach().to(torch.float16).contiguous()
        for name, value in model.state_dict().items()
        if name != "lm_head.weight"  # the same tensor as the embedding, which is tied to it again when it is loaded
    }
    model.save_pretrained(folder, state_dict=half)
    build_processor(tokenizer).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # safetensors writes it for its owner alone


@torch.no_grad()
def answers(
    model: LlavaForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    pictures: np.ndarray,
    tasks: Sequence[Task],
    max_new_tokens: int = 400,
) -> list[str]:
    """Greedy, unconstrained answers to one task per picture (count x side x side x 3)."""
    prompts = []
    for task in tasks:
        ids: list[int] = tokenizer.encode(prompt_text(task), add_special_tokens=False)
        prompts.append([tokenizer.bos_token_id] + [model.config.image_token_id] * (PREFIX - 1) + ids)
    length = max(map(len, prompts))
    tokens = torch.full((len(prompts), length), tokenizer.pad_token_id)
    mask = torch.zeros_like(tokens)
    for i, prompt in enumerate(prompts):
        tokens[i, length - len(prompt) :] = torch.tensor(prompt)
        mask[i, length - len(prompt) :] = 1
    out = model.generate(  # type: ignore[misc]  # the stub's mixin does not know its own models
        input_ids=tokens,
        attention_mask=mask,
        pixel_values=normalise(torch.tensor(pictures)),
        max_new_tokens=max_new_tokens,
        do_sample=False,
    )
    return list(tokenizer.batch_decode(out[:, length:], skip_special_tokens=True))


def quick_score(
    model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, held_out: Shards, count: int
) -> dict[str, float]:
    """Detection scores with the standard schema, unconstrained; for the training log."""
    score = DetectionScore()
    schema = json_schema_of(Scene)
    for start in range(0, count, 50):
        rows = [held_out.get(i) for i in range(start, min(start + 50, count))]
        tasks = [standard_task(View.of(truth), schema) for _, truth in rows]
        texts = answers(model, tokenizer, np.stack([pixels for pixels, _ in rows]), tasks)
        for text, task in zip(texts, tasks, strict=True):
            score.add(read_objects(text), read_objects(task.answer) or [])
    return {key: round(value, 3) for key, value in score.summary().items()}


def read_objects(text: str) -> list[Found] | None:
    """The objects of an answer in the standard schema; None where it cannot be read."""
    try:
        rows = json.loads(text)["objects"]
        return [Found(row["label"], row["color"], _box(row["box"])) for row in rows]
    except (ValueError, KeyError, TypeError):
        return None


def _box(values: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = values
    return float(x1), float(y1), float(x2), float(y2)
