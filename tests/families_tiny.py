"""Tiny models with random weights of many families, by the family's name: real classes, saved as a hub model is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.families_tiny_grids import GRIDS
from tests.families_tiny_squares import SQUARES
from tests.families_tiny_tiles import TILES
from tests.families_tiny_torchvision import TORCHVISION
from tests.tiny_models import build_llava, build_qwen

TINY: dict[str, Callable[[Path], Path]] = {
    "llava": build_llava,
    **SQUARES,
    **TILES,
    "qwen2.5-vl": build_qwen,
    **GRIDS,
    **TORCHVISION,
}

NEEDS: dict[str, tuple[str, ...]] = {
    "smolvlm": ("num2words",),
    "pixtral": ("torchvision",),
    "mistral3": ("torchvision",),
    **dict.fromkeys(TORCHVISION, ("torchvision",)),
}
"""Packages without which transformers cannot load a family's processor, and which this project does not need."""
