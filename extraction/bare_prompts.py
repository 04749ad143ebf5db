"""A conversation as the one prompt of a model without a chat template, which its processor alone makes inputs of.

Such models answer one prompt: a task such as ``<OD>`` or ``detect cat``, or a question in words. Who puts the tokens of
a picture into the prompt, the text or the processor itself, is found out by giving the processor a small prompt, once.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PIL import Image

from extraction.content import Turn
from extraction.errors import ContextLengthError, MessageError
from extraction.loading import Checkpoint

PLACES = "image_embeds_position_mask"
"""The input that tells where pictures stand, in processors that fill these places with ordinary tokens (Kosmos-2)."""

_PROBE = "probe"
_ONE_PROMPT = (
    "a model without a chat template is given all text as one prompt, the words of the system and of the schema "
    "included: leave out the system message, and the schema's words with schema_in_prompt=False"
)


class BarePrompts:
    """How one checkpoint takes prompts. The caller holds the processor's lock."""

    def __init__(self, checkpoint: Checkpoint, placeholders: Collection[int]) -> None:
        """Looks at nothing yet.

        Args:
            checkpoint: The model.
            placeholders: Tokens that stand for a piece of a picture.
        """
        self._checkpoint = checkpoint
        self._placeholders = placeholders

    def inputs(self, turns: Sequence[Turn], images: Sequence[Image.Image], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The model's inputs for a conversation of one user turn.

        Args:
            turns: The conversation; what the system says stands in front of the user's words already.
            images: Its pictures as the model is to see them. They come before all text.
            kwargs: More arguments for the processor.

        Raises:
            MessageError: It is no single prompt, or the processor refuses it.
            ContextLengthError: It is longer than a part of the model can read.
        """
        if any(turn.role in ("assistant", "tool") for turn in turns):
            raise MessageError("this model has no chat template", hint="it answers one message, not a conversation")
        text = "\n".join(turn.text for turn in turns)
        self._refuse_control_tokens(text)
        tag = self._tag
        if tag is None and len(images) != 1:
            raise MessageError(
                f"this model answers about one picture, and the prompt has {len(images)}",
                hint="give one picture with each prompt",
            )
        try:
            inputs = self._processed(text, images, tag, **kwargs)
        except Exception as error:  # the processor's and the picture processor's own errors
            hint = _ONE_PROMPT if isinstance(error, ValueError) else None
            hint = hint if images else "give a picture with the prompt"
            raise MessageError(f"the model's processor refuses this prompt: {error}", hint=hint) from error
        self._check(inputs, len(images))
        if self._reads_with_decoder:
            inputs["decoder_input_ids"] = inputs.pop("input_ids")
            inputs.pop("attention_mask", None)
        return inputs

    def _check(self, inputs: dict[str, Any], pictures: int) -> None:
        """Finds what the model would make nonsense of, or fail over in words of its own."""
        if "input_ids" not in inputs:
            raise MessageError(f"the model's processor makes no prompt of the text, only {', '.join(inputs)}")
        config = self._checkpoint.config
        queries = getattr(config, "num_query_tokens", None)
        placed = count_image_tokens(inputs, self._placeholders)
        if queries is not None and placed != queries * pictures:  # checkpoints of BLIP-2 that were saved long ago
            raise MessageError(
                f"the model looks at a picture through {queries} tokens, and its processor makes {placed} of it",
                hint="processor_config.json must have num_query_tokens, and config.json image_token_index",
            )
        read, limit = inputs.get("qformer_input_ids"), getattr(config, "qformer_config", None)
        if read is not None and limit is not None and read.shape[-1] > limit.max_position_embeddings:
            raise ContextLengthError(
                f"the prompt has {read.shape[-1]} tokens of text, and the model's Q-Former holds "
                f"{limit.max_position_embeddings}",
                hint="shorten it, or leave out the schema's words with schema_in_prompt=False",
            )

    @functools.cached_property
    def _reads_with_decoder(self) -> bool:
        """Whether the encoder reads the picture alone, and the prompt is what the answer begins with (Donut)."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

        model: Any = MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING.get(type(self._checkpoint.config), None)
        return model is not None and "input_ids" not in inspect.signature(model.forward).parameters

    @functools.cached_property
    def _tag(self) -> str | None:
        """What stands for a picture in the text of a prompt; None where the processor places its one picture itself."""
        token = getattr(self._checkpoint.processor, "image_token", None)
        if token is None:
            return None
        with _quiet():
            plain, tagged = self._tried(None), self._tried(str(token))
        # Where both say the same, the processor would rather be told (PaliGemma), and takes several pictures.
        return str(token) if tagged is not None and (plain is None or plain == tagged) else None

    def _tried(self, tag: str | None) -> list[int] | None:
        """The tokens of a prompt with a picture; None where the processor refuses it, or leaves the picture no place."""
        image = Image.new("RGB", (32, 32))
        try:
            inputs = self._processed(_PROBE, [image], tag)
            placed = count_image_tokens(inputs, self._placeholders)
        except Exception:  # a processor says no by raising whatever it likes
            return None
        return inputs["input_ids"][0].tolist() if placed else None

    def _processed(self, text: str, images: Sequence[Image.Image], tag: str | None, **kwargs: Any) -> dict[str, Any]:
        processor: Any = self._checkpoint.processor
        if tag is None:
            return dict(processor(text=[text], images=list(images), return_tensors="pt", **kwargs))
        pictures = [list(images)] if images else None
        return dict(processor(text=[tag * len(images) + text], images=pictures, return_tensors="pt", **kwargs))

    def _refuse_control_tokens(self, text: str) -> None:
        """Tokens of tasks, phrases and places are how such a model is asked; those that frame a prompt are not."""
        tokenizer = self._checkpoint.tokenizer
        framing = {tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token}
        framing |= {str(tokenizer.convert_ids_to_tokens(token)) for token in self._placeholders}
        for token in sorted(token for token in framing if token):
            if token in text:
                raise MessageError(f"the prompt holds {token!r}, which steers this model", hint="leave it out")


def prompt_ids(inputs: dict[str, Any]) -> Any:
    """The tokens of a prompt, shape (1, tokens), whichever part of the model reads them."""
    return inputs["decoder_input_ids"] if "decoder_input_ids" in inputs else inputs["input_ids"]


def count_image_tokens(inputs: dict[str, Any], placeholders: Collection[int]) -> int:
    """How many tokens of a prompt stand for pictures.

    Args:
        inputs: What the processor returned.
        placeholders: Tokens that stand for a piece of a picture.
    """
    import torch

    if (places := inputs.get(PLACES)) is not None:
        return int((places == 1).sum())  # Kosmos-2.5 marks the ends of a picture with -1
    ids = prompt_ids(inputs)
    return int(torch.isin(ids, torch.tensor(sorted(placeholders), dtype=ids.dtype)).sum())


@contextmanager
def _quiet() -> Iterator[None]:
    """No words of transformers about the prompts that are only tried."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
