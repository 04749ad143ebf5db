"""Turns of a conversation as this model's chat template takes them, and from there to the model's inputs.

What a template can take is found out by rendering small conversations with it, once per model: whether it knows system
messages, and whether contents are lists of parts or plain strings.
"""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from extraction.arranging import arrange
from extraction.bare_prompts import BarePrompts, count_image_tokens, prompt_ids
from extraction.content import Role, ToolCall, Turn
from extraction.errors import ExtractionError, MessageError
from extraction.frames import Frame
from extraction.images import Picture
from extraction.loading import Checkpoint
from extraction.picture_sizes import fit
from extraction.tools import ToolDialect
from extraction.views import View, views_of

logger = logging.getLogger(__name__)

_PROBE = "probe-7c1e"
_QUESTION, _ANSWER = Turn("user", ("x",)), Turn("assistant", ("x",))
_CALLED = Turn("assistant", (), tool_calls=(ToolCall("f", {}, "1"),))
_TRIES: dict[Role, list[Turn]] = {  # in an order in which each needs only those before it
    "user": [Turn("user", (_PROBE,))],
    "assistant": [_QUESTION, Turn("assistant", (_PROBE,)), _QUESTION],
    "system": [Turn("system", (_PROBE,)), _QUESTION],
    "tool": [_QUESTION, _CALLED, Turn("tool", (_PROBE,), tool_call_id="1"), _ANSWER, _QUESTION],
}
_NOT_FOR_THE_MODEL = ("labels", "width", "height")
"""What processors return besides inputs: for training (PaliGemma), and the size of the resized picture (Kosmos-2.5)."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A conversation as inputs of a model, a batch of one.

    Attributes:
        inputs: What the processor returned, tensors with one row each.
        length: Tokens of the prompt.
        image_tokens: Tokens of pictures among them.
        frames: The sizes of the pictures, in order.
    """

    inputs: dict[str, Any]
    length: int
    image_tokens: int
    frames: tuple[Frame, ...]


class Layout:
    """How conversations look to one checkpoint. Its methods can be called from any thread."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._marks_control_tokens = True

    @functools.cached_property
    def template(self) -> str | None:
        """The chat template; None for a model that has none and takes bare text."""
        processor = self._checkpoint.processor
        template = getattr(processor, "chat_template", None) or getattr(processor.tokenizer, "chat_template", None)
        return template.get("default") if isinstance(template, dict) else template

    @functools.cached_property
    def dialect(self) -> ToolDialect:
        """How this model marks tool calls: its template's way where that is JSON in ``<tool_call>``, ours otherwise."""
        plain = ToolDialect()
        template = self._template_for(True) or ""
        native = plain.begin in template and "tools" in template and "<function=" not in template
        special = plain.begin in self._checkpoint.tokenizer.all_special_tokens
        return replace(plain, native=native, special=special, gap="\n" if native else "")

    @functools.cached_property
    def system_role(self) -> bool:
        """Whether the template takes system messages."""
        return self._shows(_TRIES["system"], self._forms)

    @functools.cached_property
    def _system_role_beside_pictures(self) -> bool:
        """Whether it takes them in a conversation that holds a picture, too (Llama 3.2 Vision's does not)."""
        blank = Picture(Image.new("RGB", (1, 1)))
        system, question = _TRIES["system"]
        shown = replace(question, parts=(blank, *question.parts))
        return self.system_role and (self._forms["user"] == "text" or self._shows([system, shown], self._forms))

    @functools.cached_property
    def _forms(self) -> dict[Role, str]:
        """Per role, whether contents are given as a "list" of parts or as "text"."""
        forms: dict[Role, str] = {}
        for role, turns in _TRIES.items():
            works = [form for form in ("list", "text") if self._shows(turns, {**forms, role: form})]
            forms[role] = works[0] if works else "list"
        return forms

    @functools.cached_property
    def _bare(self) -> BarePrompts:
        return BarePrompts(self._checkpoint, placeholder_tokens(self._checkpoint))

    def encode(
        self,
        turns: Sequence[Turn],
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        min_pixels: int | None = None,
        max_pixels: int | None = None,
    ) -> Encoded:
        """The model's inputs for a conversation, ready to be answered.

        Text of the conversation that looks like a control token of the model stays text.

        Raises:
            MessageError: The template or the processor refuses the conversation.
            ContextLengthError: It is longer than a part of the model can read.
            OptionError: The model cannot see a picture within these bounds.
        """
        shown = any(turn.pictures for turn in turns)
        system_role = self._system_role_beside_pictures if shown else self.system_role
        arranged = arrange(turns, self.dialect, system_role=system_role)
        pictures = [picture for turn in arranged for picture in turn.pictures]
        processor = self._checkpoint.processor
        fitting = fit(processor, [picture.size for picture in pictures], min_pixels=min_pixels, max_pixels=max_pixels)
        images = [resized(picture.image, size) for picture, size in zip(pictures, fitting.sizes, strict=True)]
        kwargs: dict[str, Any] = {"images_kwargs": dict(fitting.settings)} if fitting.settings else {}
        with self._checkpoint.processor_lock:
            try:
                inputs = self._inputs(arranged, images, list(tools) or None, kwargs)
            except ExtractionError:
                raise
            except Exception as error:  # jinja2's, the processor's and the picture processor's own errors
                raise MessageError(f"the model cannot be given this conversation: {error}") from error
            frames = _frames(processor, inputs, pictures, images, kwargs)
        for name in _NOT_FOR_THE_MODEL:
            inputs.pop(name, None)
        ids = prompt_ids(inputs)
        if not ids.shape[-1]:
            raise MessageError("the prompt has no tokens", hint="the model's tokenizer may be missing")
        image_tokens = count_image_tokens(inputs, placeholder_tokens(self._checkpoint))
        return Encoded(inputs, int(ids.shape[-1]), image_tokens, tuple(frames))

    def _inputs(
        self, turns: Sequence[Turn], images: list[Image.Image], tools: list[Any] | None, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        processor = self._checkpoint.processor
        if self.template is None:
            return self._bare.inputs(turns, images, kwargs)
        remaining = iter(images)
        messages = [_message(turn, self._forms[turn.role], remaining) for turn in turns]
        options = {
            "chat_template": self._template_for(tools),
            "tools": tools,
            "add_generation_prompt": True,
            "tokenize": True,
            "return_dict": True,
            "return_tensors": "pt",
        }
        # SmolVLM's processor puts settings of its own among the others where these are empty.
        given = kwargs or {"images_kwargs": {}}
        if self._marks_control_tokens:
            try:
                return dict(
                    processor.apply_chat_template(
                        messages, sanitize_control_tokens=True, processor_kwargs=copy.deepcopy(given), **options
                    )
                )
            except Exception:  # some processors cannot (Idefics3); others refuse the conversation, and will again
                logger.debug("this conversation cannot be encoded with its control tokens marked", exc_info=True)
        self._refuse_control_tokens(turns)
        # A copy each time: transformers writes into it.
        inputs = dict(processor.apply_chat_template(messages, processor_kwargs=copy.deepcopy(given), **options))
        self._marks_control_tokens = False
        return inputs

    def _template_for(self, tools: Any) -> str | None:
        processor = self._checkpoint.processor
        named = getattr(processor, "chat_template", None) or getattr(processor.tokenizer, "chat_template", None)
        if tools and isinstance(named, dict):
            return str(named.get("tool_use", named["default"]))
        return self.template

    def _refuse_control_tokens(self, turns: Sequence[Turn]) -> None:
        text = "\n".join(turn.text for turn in turns)
        for token in self._checkpoint.tokenizer.all_special_tokens:
            if token in text:
                raise MessageError(f"the conversation holds {token!r}, which steers this model", hint="leave it out")

    def _shows(self, turns: Sequence[Turn], forms: Mapping[Role, str]) -> bool:
        """Whether the template writes the probing text of a conversation, and writes it as text."""
        if self.template is None:
            return False
        images = iter([picture.image for turn in turns for picture in turn.pictures])
        messages = [_message(turn, forms.get(turn.role, "list"), images) for turn in turns]
        try:
            text = self._checkpoint.processor.apply_chat_template(
                messages, chat_template=self.template, add_generation_prompt=True, tokenize=False
            )
        except Exception:  # a template says no by raising whatever it likes
            return False
        return _PROBE in text and "{'type'" not in text and '{"type"' not in text


def _frames(
    processor: Any,
    inputs: Mapping[str, Any],
    pictures: Sequence[Picture],
    images: Sequence[Image.Image],
    kwargs: Mapping[str, Any],
) -> list[Frame]:
    """How each picture lies on the canvas that the model is given, from what the processor returned."""
    views = views_of(
        processor,
        inputs,
        [picture.size for picture in pictures],
        pictures=[image.size for image in images],
        settings=kwargs.get("images_kwargs"),
    )
    return [_frame(picture.size, view) for picture, view in zip(pictures, views, strict=True)]


def _frame(original: tuple[int, int], view: View | None) -> Frame:
    if view is None:
        return Frame(original)
    return Frame(original, view.size, None if view == View.whole(view.size) else view.content)


def placeholder_tokens(checkpoint: Checkpoint) -> frozenset[int]:
    """The tokens that stand for pieces of pictures in a prompt."""
    processor, config = checkpoint.processor, checkpoint.config
    named = [*getattr(processor, "image_token_ids", ()), *getattr(processor, "video_token_ids", ())]
    named += [getattr(config, name, None) for name in ("image_token_id", "image_token_index", "video_token_id")]
    named += getattr(config, "visual_indicator_token_ids", ())  # Ovis's frames of pictures, which are no text either
    return frozenset(token for token in named if isinstance(token, int) and token >= 0)


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image at a (width, height) in pixels; the same one where it has that already."""
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _message(turn: Turn, form: str, images: Any) -> dict[str, Any]:
    """A turn as chat templates take it; pictures come from ``images`` in order."""
    parts: list[dict[str, Any]] = []
    for part in turn.parts:
        if isinstance(part, Picture):
            parts.append({"type": "image", "image": next(images)})
        else:
            parts.append({"type": "text", "text": part})
    message: dict[str, Any] = {"role": turn.role, "content": parts}
    if form == "text":
        if turn.pictures:
            raise MessageError("the chat template of this model takes no pictures")
        message["content"] = turn.text
    if turn.tool_calls:
        message["tool_calls"] = [
            {"type": "function", "id": call.id, "function": {"name": call.name, "arguments": dict(call.arguments)}}
            for call in turn.tool_calls
        ]
    if turn.role == "tool":
        message |= {
            key: value for key, value in (("name", turn.tool_name), ("tool_call_id", turn.tool_call_id)) if value
        }
    return message
