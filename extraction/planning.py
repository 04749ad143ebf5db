"""What a prompt's pictures will take, told before any weights are loaded."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import convert_to_messages
from langchain_core.prompt_values import PromptValue

from extraction.batching import batch_cost
from extraction.content import Turn, read_messages
from extraction.errors import ModelLoadError, OptionError
from extraction.frames import Frame
from extraction.images import load_image
from extraction.jobs import Request
from extraction.layout import Encoded
from extraction.loading import Checkpoint
from extraction.memory import SHARE, Footprint, free_bytes
from extraction.prompts import INSTRUCTION

_INDEX = "model.safetensors.index.json"
_ONE_FILE = "model.safetensors"
_WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # bytes of a number, as safetensors calls its types


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """What one answer will take, predicted from configuration, processor and the headers of the weights alone.

    Attributes:
        frames: Of each picture its ``original`` size and the size that the ``model`` sees, both (width, height) in pixels;
            that is None where a model sees it in tiles, or the processor does not tell.
        image_tokens: Tokens of the pictures in the prompt: exactly what the call itself will report.
        prompt_tokens: Tokens of the prompt, those of pictures included: the same.
        answer_tokens: Most tokens of the answer: ``max_tokens``, or what the context leaves; 0 where the prompt fills it.
        context: Most tokens of prompt and answer together; None where the model does not say.
        answer_bytes: Memory for this answer, roughly: caches, passes and pixels. None where nothing tells how wide the
            model's numbers are.
        weight_bytes: Memory for the weights; None where they are not on this machine yet.
        free_bytes: Memory of the device that answers can have, weights that are not loaded yet taken off (twice where
            they are ``prepack``-ed); None where that cannot be known.
        min_pixels: The bound that was asked for.
        max_pixels: The same.
    """

    frames: tuple[Frame, ...]
    image_tokens: int
    prompt_tokens: int
    answer_tokens: int
    context: int | None
    answer_bytes: int | None
    weight_bytes: int | None
    free_bytes: int | None
    min_pixels: int | None = None
    max_pixels: int | None = None

    @property
    def fits(self) -> bool | None:
        """Whether the context has room for an answer, and the memory for all of it; None where that cannot be known."""
        if not self.answer_tokens:
            return False
        if self.answer_bytes is None or self.free_bytes is None:
            return None
        return self.answer_bytes <= SHARE * self.free_bytes

    def as_json(self) -> dict[str, Any]:
        """The same as JSON: of each picture {"original", "seen"}, each as [width, height]."""
        pictures = [{"original": list(one.original), "seen": one.model and list(one.model)} for one in self.frames]
        names = [name for name in self.__dataclass_fields__ if name != "frames"]
        return {"pictures": pictures, **{name: getattr(self, name) for name in names}, "fits": self.fits}


def planned_turns(prompt: Any, instruction: str | None, *, allow_urls: bool) -> list[Turn]:
    """The conversation of a plan: messages as they are, a picture asked about as ``extract`` does it.

    Raises:
        OptionError: Messages came with an instruction.
        ImageError: The picture cannot be read.
        MessageError: A message holds what no model can be given.
    """
    is_messages = isinstance(prompt, Sequence) and not isinstance(prompt, (str, bytes, bytearray, memoryview))
    if is_messages or isinstance(prompt, PromptValue):
        if instruction is not None:
            raise OptionError("an instruction goes with a picture: messages hold their own")
        return read_messages(convert_to_messages(prompt), allow_urls=allow_urls)
    return [Turn("user", (load_image(prompt, allow_urls=allow_urls), instruction or INSTRUCTION))]


def make_picture_plan(
    checkpoint: Checkpoint, encoded: Encoded, request: Request, *, context: int | None, loaded: bool
) -> PicturePlan:
    """What a request will take.

    Args:
        checkpoint: The model's parts; its weights stay where they are.
        encoded: The conversation of the request.
        request: What is asked.
        context: Most tokens that the model holds.
        loaded: Whether its weights are in memory already.

    Raises:
        ModelLoadError: There is no such device.
    """
    taken = 0 if getattr(checkpoint.config, "is_encoder_decoder", False) else encoded.length
    answer = request.max_tokens if context is None else max(0, min(request.max_tokens, context - taken))
    files = _weight_files(checkpoint)
    width = _width(checkpoint, files)
    weights = None if files is None or width is None else _count_weights(files) * width
    free = _free(checkpoint)
    if free is not None and not loaded:
        from extraction.prepacking import will_prepack

        copies = 1 + will_prepack(checkpoint.key.prepack, checkpoint.device.type, weights or 0, width)
        free = None if weights is None else max(0, free - copies * weights)
    cost = None if width is None else Footprint.of_configuration(checkpoint.config, width)
    return PicturePlan(
        frames=tuple(_seen(encoded)),
        image_tokens=encoded.image_tokens,
        prompt_tokens=encoded.length,
        answer_tokens=answer,
        context=context,
        answer_bytes=None if cost is None else batch_cost(cost, [encoded], [answer]),
        weight_bytes=weights,
        free_bytes=free,
        min_pixels=request.min_pixels,
        max_pixels=request.max_pixels,
    )


def _free(checkpoint: Checkpoint) -> int | None:
    try:
        return free_bytes(checkpoint.device)
    except (RuntimeError, AssertionError) as error:  # torch's, in a build or on a machine without that device
        raise ModelLoadError(f"there is no device {checkpoint.key.device!r} here: {error}") from error


def _seen(encoded: Encoded) -> Sequence[Frame]:
    """The frames, with the sizes of pictures that reach the model in one piece each: a tensor tells them."""
    shape = tuple(getattr(encoded.inputs.get("pixel_values"), "shape", ()))
    whole = (
        len(shape) == 4 and shape[0] == len(encoded.frames) and shape[1] == 3 and "image_sizes" not in encoded.inputs
    )
    size = (int(shape[3]), int(shape[2])) if whole else None
    return [frame if frame.model is not None else Frame(frame.original, size) for frame in encoded.frames]


def _weight_files(checkpoint: Checkpoint) -> list[Path] | None:
    """The files of the weights; None where they are not on this machine."""
    index = checkpoint.local_file(_INDEX)
    if index is None:
        one = checkpoint.local_file(_ONE_FILE)
        return None if one is None else [one]
    names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    files = [checkpoint.local_file(name) for name in sorted(names)]
    return None if None in files else [file for file in files if file is not None]


def _width(checkpoint: Checkpoint, files: Sequence[Path] | None) -> int | None:
    """Bytes of a number of the weights once they are loaded; None where nothing tells."""
    dtype = checkpoint.dtype
    if dtype != "auto":
        return int(dtype.itemsize)
    stored = getattr(checkpoint.config, "dtype", None)
    if stored is not None:
        import torch

        return int((getattr(torch, stored) if isinstance(stored, str) else stored).itemsize)
    widths = [_WIDTHS[kind] for kind, _ in _tensors(files or ()) if kind in _WIDTHS]
    return widths[0] if widths else None


def _count_weights(files: Sequence[Path]) -> int:
    return sum(count for _, count in _tensors(files))


def _tensors(files: Sequence[Path]) -> list[tuple[str, int]]:
    """Type and number of weights of each tensor, from the headers of the files."""
    from safetensors import safe_open

    found = []
    for path in files:
        with safe_open(path, "pt") as file:
            parts = [file.get_slice(name) for name in file.keys()]  # noqa: SIM118 - no mapping
            found += [(str(part.get_dtype()), math.prod(part.get_shape())) for part in parts]
    return found
