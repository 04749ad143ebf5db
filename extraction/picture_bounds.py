"""What is asked of the size of a call's pictures, and the ways to get there that several picture processors share."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias

from extraction.errors import OptionError

Size: TypeAlias = tuple[int, int]

_STEP = 0.995  # from one size that is tried to the next; a picture loses at most 1 % of its pixels more than it must
_ENLARGED = 64.0  # how many times a side may grow


@dataclass(frozen=True, slots=True)
class Fitting:
    """What is done with the pictures of one call so that bounds hold; the processor itself stays as it is.

    Attributes:
        sizes: (width, height) to bring each picture to before the processor gets it.
        settings: Settings of the picture processor for this call.
    """

    sizes: tuple[Size, ...]
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Asked:
    """The bounds of a call, the sizes of its pictures, and the processor's settings."""

    processor: Any
    sizes: tuple[Size, ...]
    low: int | None
    high: int | None

    def __getitem__(self, name: str) -> Any:
        """A setting as the processor will use it: what a whole processor presets counts before its picture part's."""
        preset = getattr(self.processor, "images_kwargs", None)
        if isinstance(preset, Mapping) and name in preset:
            return preset[name]
        return getattr(self.processor.image_processor, name, None)

    def function(self, name: str) -> Any:
        """A function of the module in which the picture processor is written."""
        return getattr(sys.modules[type(self.processor.image_processor).__module__], name)

    def sides(self, name: str) -> Size:
        """A setting that is a size, as (width, height): sides by name, one side for both, or a plain number."""
        value = self[name]
        if isinstance(value, int):
            return value, value
        for one in ("shortest_edge", "longest_edge"):
            if (side := side_of(value, one)) is not None:
                return side, side
        return side_of(value, "width") or 0, side_of(value, "height") or 0

    def area(self, name: str) -> int:
        """The pixels of such a setting."""
        width, height = self.sides(name)
        return width * height

    def holds(self, pixels: int) -> bool:
        """Whether a picture of so many pixels is within the bounds."""
        return pixels >= (self.low or 0) and (self.high is None or pixels <= self.high)

    def refuse_high(self, least: int, why: str) -> NoReturn:
        """Raises ``OptionError``: no picture has so few pixels, ``least`` being the fewest."""
        raise OptionError(f"max_pixels={self.high} is too low: {why}", hint=f"{least} is the least that it can hold to")

    def refuse_low(self, most: int, why: str) -> NoReturn:
        """Raises ``OptionError``: no picture has so many pixels, ``most`` being all there can be."""
        raise OptionError(f"min_pixels={self.low} is too high: {why}", hint=f"{most} is the most that it can hold to")

    def refuse_both(self) -> NoReturn:
        """Raises ``OptionError``: no picture lies between the bounds."""
        raise OptionError(
            f"this model sees pictures at a few sizes, and for a picture of this call none lies within "
            f"min_pixels={self.low} and max_pixels={self.high}",
            hint="leave one of them out",
        )


def side_of(value: Any, name: str) -> int | None:
    """A side of a setting that is a size, by its name; None where it has no such side."""
    found = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return found if isinstance(found, int) else None


Canvas: TypeAlias = Callable[[Asked, Size], int]


def choice(asked: Asked, choices: Iterable[int], configured: int, canvas: Callable[[Size, int], int]) -> int:
    """The choice nearest to the checkpoint's own with which every picture is within the bounds.

    Args:
        asked: What is asked.
        choices: In ascending order.
        configured: The checkpoint's own.
        canvas: The pixels of a picture of some size with a choice; more with a higher one.
    """
    choices = list(choices)
    for choice in sorted(choices, key=lambda one: (abs(one - configured), -one)):
        if all(asked.holds(canvas(size, choice)) for size in asked.sizes):
            return choice
    least = max(canvas(size, choices[0]) for size in asked.sizes)
    most = min(canvas(size, choices[-1]) for size in asked.sizes)
    if asked.high is not None and asked.high < least:
        asked.refuse_high(least, "this model can see no smaller picture of this shape")
    if asked.low is not None and asked.low > most:
        asked.refuse_low(most, "this model can see no larger picture of this shape")
    return asked.refuse_both()


def before(asked: Asked, *, canvas: Canvas) -> Fitting:
    """The processor chooses by the picture's own size: it is brought to one for which it chooses within the bounds."""
    return Fitting(tuple(_scaled(asked, size, canvas) for size in asked.sizes))


def _scaled(asked: Asked, size: Size, canvas: Canvas) -> Size:
    """The size nearest to a picture's own, of the same aspect, whose canvas is within the bounds."""
    pixels = canvas(asked, size)
    if asked.holds(pixels):
        return size
    too_large = asked.high is not None and pixels > asked.high
    reached = pixels
    for tried in _smaller(size) if too_large else _larger(size):
        pixels = canvas(asked, tried)
        if asked.holds(pixels):
            return tried
        reached = min(reached, pixels) if too_large else max(reached, pixels)
    if asked.low is not None and asked.high is not None:
        asked.refuse_both()
    if too_large:
        asked.refuse_high(reached, f"this model sees a picture of this shape as {reached} pixels or more")
    return asked.refuse_low(reached, f"this model sees a picture of this shape as {reached} pixels at most")


def _smaller(size: Size) -> Iterator[Size]:
    factor = _STEP
    while max(size) * factor >= 1:
        yield max(1, int(size[0] * factor)), max(1, int(size[1] * factor))
        factor *= _STEP


def _larger(size: Size) -> Iterator[Size]:
    factor = 1 / _STEP
    while factor < _ENLARGED:
        yield math.ceil(size[0] * factor), math.ceil(size[1] * factor)
        factor /= _STEP


def as_given(asked: Asked) -> Fitting:
    """For processors that nothing is known about: the picture itself is brought within the bounds."""
    return before(asked, canvas=lambda _, size: size[0] * size[1])


def at_least(sizes: Sequence[Size], low: int) -> tuple[Size, ...]:
    """The sizes, those with fewer pixels enlarged."""
    result = []
    for width, height in sizes:
        factor = max(1.0, math.sqrt(low / (width * height)))
        result.append((math.ceil(width * factor), math.ceil(height * factor)))
    return tuple(result)


def fixed(asked: Asked, name: str | None = None) -> Fitting:
    """Every picture is shown at one size: bounds hold already, or cannot."""
    chosen = name or ("crop_size" if asked["do_center_crop"] and asked["crop_size"] else "size")
    width, height = asked.sides(chosen)
    why = f"this model sees every picture as {width} x {height} pixels"
    if asked.high is not None and asked.high < width * height:
        asked.refuse_high(width * height, why)
    if asked.low is not None and asked.low > width * height:
        asked.refuse_low(width * height, why)
    return Fitting(asked.sizes)
