"""What differs from one family of vision-language models to the next, as data.

A family is looked up once per model: by the configuration's ``model_type``, then by a pattern of the model's name,
then as the user says. A model that nobody knows gets no guessed convention: boxes then raise, plain values work.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Literal

from extraction.errors import BoxConventionError


@dataclass(frozen=True, slots=True)
class BoxConvention:
    """How a model writes the numbers of a box.

    Attributes:
        name: What users call it.
        kind: "relative": shares of the picture's sides; "pixel": pixels of the picture as the model was given it.
        span: What the full side counts as (1000, 1.0 ...); None for pixels.
        order: Which number stands first; points follow the same order.
        integer: Whether the numbers are whole.
        words: The sentence that tells a model so.

    Raises:
        BoxConventionError: The span does not fit the kind, or the order is none.
    """

    name: str
    kind: Literal["relative", "pixel"]
    span: float | None
    order: Literal["xyxy", "yxyx"]
    integer: bool
    words: str

    def __post_init__(self) -> None:
        if self.order not in ("xyxy", "yxyx"):
            raise BoxConventionError(f"the convention {self.name!r} has order {self.order!r}", hint="xyxy or yxyx")
        if (self.kind == "pixel") != (self.span is None) or (self.span is not None and not self.span > 0):
            raise BoxConventionError(
                f"the convention {self.name!r} is {self.kind!r} and has span {self.span!r}",
                hint="a relative one has a span above 0, a pixel one has None",
            )

    @property
    def box_form(self) -> str:
        """A box as it is shown in a form."""
        return "[x1, y1, x2, y2]" if self.order == "xyxy" else "[y1, x1, y2, x2]"

    @property
    def point_form(self) -> str:
        """A point as it is shown in a form."""
        return "[x, y]" if self.order == "xyxy" else "[y, x]"


def _relative(name: str, span: float, order: Literal["xyxy", "yxyx"], integer: bool) -> BoxConvention:
    corners = "left, top, right, bottom" if order == "xyxy" else "top, left, bottom, right"
    numbers = f"whole numbers from 0 to {span:g}" if integer else f"numbers from 0 to {span:g}"
    form = "[x1, y1, x2, y2]" if order == "xyxy" else "[y1, x1, y2, x2]"
    words = f"{form}: {corners} as {numbers}, where {span:g} is the full width or height"
    return BoxConvention(name, "relative", span, order, integer, words)


RELATIVE_1000 = _relative("relative-1000", 1000, "xyxy", True)
RELATIVE_1000_YXYX = _relative("relative-1000-yxyx", 1000, "yxyx", True)
RELATIVE_1 = _relative("relative-1", 1, "xyxy", False)
PIXEL = BoxConvention(
    "pixel", "pixel", None, "xyxy", True, "[x1, y1, x2, y2]: left, top, right, bottom in pixels of the picture"
)


@dataclass(frozen=True, slots=True)
class Family:
    """One family of models.

    Attributes:
        name: What users call it.
        model_types: ``model_type`` values of the configuration that belong to it.
        name_patterns: Regular expressions for model names (searched, case ignored).
        boxes: How it writes boxes; None where nobody knows.
        source: Where the convention is stated.
    """

    name: str
    model_types: tuple[str, ...] = ()
    name_patterns: tuple[str, ...] = ()
    boxes: BoxConvention | None = None
    source: str = ""


UNKNOWN = Family("unknown")

FAMILIES: tuple[Family, ...] = (
    Family("pocket", name_patterns=(r"^pocket$",), boxes=RELATIVE_1000, source="extraction/pocket/README.md"),
    Family(
        "qwen2-vl",
        model_types=("qwen2_vl",),
        boxes=RELATIVE_1000,
        source="QwenLM/Qwen3-VL issue 866 (maintainer)",
    ),
    Family(
        "qwen2.5-vl",
        model_types=("qwen2_5_vl",),
        boxes=PIXEL,
        source="QwenLM/Qwen3-VL issues 676 and 866 (maintainer): pixels of the resized picture",
    ),
    Family(
        "qwen3-vl",
        model_types=("qwen3_vl", "qwen3_vl_moe"),
        boxes=RELATIVE_1000,
        source="QwenLM/Qwen3-VL cookbooks/spatial_understanding.ipynb",
    ),
    Family(
        "internvl",
        model_types=("internvl",),
        boxes=RELATIVE_1000,
        source="OpenGVLab/InternVL issue 227 (maintainer)",
    ),
    Family(
        "gemma4",
        model_types=("gemma4", "gemma4_unified"),
        boxes=RELATIVE_1000_YXYX,
        source="Hugging Face blog gemma4.md",
    ),
    Family("relative-1000", boxes=RELATIVE_1000, source="named by the user"),
    Family("relative-1000-yxyx", boxes=RELATIVE_1000_YXYX, source="named by the user"),
    Family("relative-1", boxes=RELATIVE_1, source="named by the user"),
    Family("pixel", boxes=PIXEL, source="named by the user"),
    UNKNOWN,
)
"""Families by model, then the bare conventions that a user can name for a model of his own."""


def find_family(model_type: str | None, name: str, override: str | Family | BoxConvention | None = None) -> Family:
    """The family of a model; ``UNKNOWN`` where nobody knows it.

    Args:
        model_type: ``config.model_type``, None where there is no configuration (a remote model).
        name: The model's hub id or folder.
        override: What the user says: a family's name, a family or a convention.

    Raises:
        BoxConventionError: ``override`` names no family.
    """
    if isinstance(override, Family):
        return override
    if isinstance(override, BoxConvention):
        return dataclasses.replace(find_family(model_type, name), boxes=override)
    if override is not None:
        for family in FAMILIES:
            if family.name == override:
                return family
        known = ", ".join(family.name for family in FAMILIES)
        raise BoxConventionError(f"there is no family {override!r}", hint=f"known families: {known}")
    for family in FAMILIES:
        if any(re.search(pattern, name, re.IGNORECASE) for pattern in family.name_patterns):
            return family
    for family in FAMILIES:
        if model_type is not None and model_type in family.model_types:
            return family
    return UNKNOWN
