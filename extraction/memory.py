"""What a batch takes of a device's memory, what is free there, and what was learnt where it ran out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from extraction.errors import ExtractionError, GenerationError

if TYPE_CHECKING:
    import torch

SHARE = 0.8
"""Part of what is free that a batch may be predicted to take: predictions are rough, and others use the machine too."""
_PATIENCE = 4
"""Batches at the learnt limit that must have fitted before it is raised; twice as many after each further failure."""
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the parts of a batch take, in bytes, roughly.

    Attributes:
        per_token: Of the cache, for each token of a prompt or an answer.
        per_read: Of the pass over the prompts, for each token.
        per_row: Of the scores of a row.
        per_patch: Of the pass over the pictures, for each patch of the vision tower.
        patch: Numbers of a patch.
    """

    per_token: int
    per_read: int
    per_row: int
    per_patch: int
    patch: int

    @classmethod
    def of(cls, model: Any) -> Self:
        """Of a model of transformers."""
        return cls.of_configuration(model.config, model.dtype.itemsize)

    @classmethod
    def of_configuration(cls, config: Any, size: int) -> Self:
        """Of a model with this configuration and numbers of ``size`` bytes; what it does not tell counts as nothing."""
        text = config.get_text_config()
        hidden, heads = _number(text, "hidden_size"), _number(text, "num_attention_heads")
        dimension = _number(text, "head_dim") or hidden // max(1, heads)
        cache_heads = _number(text, "num_key_value_heads") or heads
        vision = getattr(config, "vision_config", None)
        width, side = _number(vision, "hidden_size", "embed_dim"), _number(vision, "patch_size") or 16
        depth = _number(vision, "temporal_patch_size") or 1
        inner = _number(vision, "intermediate_size") or 4 * width
        return cls(
            per_token=2 * _number(text, "num_hidden_layers") * cache_heads * dimension * size,
            per_read=(6 * hidden + 3 * _number(text, "intermediate_size")) * size,
            per_row=3 * 4 * _number(text, "vocab_size"),
            per_patch=(8 * width + 2 * inner) * size,
            patch=3 * side * side * depth,
        )

    def row(self, *, prompt: int, answer: int, pixels: int) -> int:
        """Bytes of a row.

        Args:
            prompt: Tokens of its prompt, padding included.
            answer: Tokens of its answer, at most.
            pixels: Numbers of the tensors of its pictures.
        """
        patches = -(-pixels // self.patch)
        # Passes over prompts and over pictures do not happen at once; the cache and the pixels stay.
        passing = max(prompt * self.per_read, patches * self.per_patch)
        return (prompt + answer) * self.per_token + passing + self.per_row + 4 * pixels


class Limit:
    """The most that a batch may take, in bytes: by what is free, and by what was learnt where that was not enough."""

    def __init__(self) -> None:
        self._learnt: float | None = None
        self._fitted = 0
        self._patience = _PATIENCE

    def bytes(self, device: torch.device) -> float:
        """The limit now; infinity where nothing is known."""
        free = free_bytes(device)
        return min(
            float("inf") if free is None else SHARE * free, float("inf") if self._learnt is None else self._learnt
        )

    def failed(self, cost: float) -> None:
        """The memory ran out over a batch that was predicted to take ``cost``: half of it is allowed from now on."""
        self._learnt = min(cost / 2, cost / 2 if self._learnt is None else self._learnt)
        self._fitted = 0
        self._patience = min(2 * self._patience, 1024)

    def fitted(self, cost: float) -> None:
        """A batch went well: after some that came near to the limit, whatever took the memory may be gone, and it rises."""
        if self._learnt is None or cost < self._learnt / 2:
            return
        self._fitted += 1
        if self._fitted >= self._patience:
            self._learnt *= 1.5
            self._fitted = 0


def free_bytes(device: torch.device) -> int | None:
    """Memory that can still be had on a device; None where nothing tells."""
    import torch

    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + unused
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    if device.type == "cpu":
        known = [one for one in (_free_of_machine(), _free_of_group(_CGROUP)) if one is not None]
        return min(known, default=None)
    return None


def ran_out(error: BaseException) -> bool:
    """Whether an error says that the memory ran out."""
    import torch

    text = str(error).lower()
    return (
        isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "out of memory" in text or "can't allocate" in text
    )


def empty_caches() -> None:
    """Gives memory that torch holds without using it back to the device."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _free_of_machine() -> int | None:
    """What Linux says can be had without swapping."""
    fields = _fields(Path("/proc/meminfo"))
    return fields["MemAvailable:"] * 1024 if "MemAvailable:" in fields else None


def _free_of_group(folder: Path) -> int | None:
    """What a container (cgroup v2) may still take; its file cache counts as free, since it gives way."""
    try:
        bound = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return None
    if not bound.isdigit():
        return None  # "max": none
    return int(bound) - used + _fields(folder / "memory.stat").get("inactive_file", 0)


def _fields(path: Path) -> Mapping[str, int]:
    """The numbers of a file of lines "name number ..."; empty where it cannot be read."""
    try:
        lines: Sequence[list[str]] = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def _number(config: Any, *names: str) -> int:
    """The first of some settings that is a number; 0 where none is."""
    for name in names:
        if isinstance(value := getattr(config, name, None), int):
            return value
    return 0


def as_ours(error: Exception) -> ExtractionError:
    """What a job is told of an error of its batch."""
    if isinstance(error, ExtractionError):
        return error
    if ran_out(error):
        ours = GenerationError("the memory ran out", hint="lower max_pixels or max_tokens, or use a smaller model")
    else:
        ours = GenerationError(f"the model failed: {type(error).__name__}: {error}")
    ours.__cause__ = error
    return ours
