"""``PageLimits``: how large a document may be, and at how many pixels its pages are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Final

from extraction.errors import OptionError

POINTS_PER_INCH: Final = 72.0
"""A PDF counts in points (PDF 1.7, 8.3.2.3)."""


@dataclass(frozen=True, slots=True)
class PageLimits:
    """What a document may take.

    A document with more bytes or pages is refused. A PDF's page that would have more pixels is drawn at a lower
    resolution, and its ``Page`` says so; the frames of a picture file have their pixels already, and ``ImageLimits``
    holds for them.

    Attributes:
        max_bytes: Size of the file, also while it is downloaded.
        max_pages: How many pages may be asked for, all of them or those that ``pages`` chooses.
        max_pixels: Width times height of a drawn page; the default holds an A2 sheet at 300 dpi.
        max_side: The longer side of a drawn page in pixels.

    Raises:
        OptionError: A limit is no number, or not above 0.
    """

    max_bytes: int = 256 * 2**20
    max_pages: int = 5_000
    max_pixels: int = 40_000_000
    max_side: int = 20_000

    def __post_init__(self) -> None:
        for limit in fields(self):
            value: Any = getattr(self, limit.name)
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if not is_number:
                raise OptionError(f"PageLimits.{limit.name} is a number, not {type(value).__name__}")
            if not value > 0:  # NaN fails, too
                raise OptionError(f"PageLimits.{limit.name} must be above 0, but is {value}")

    def scale(self, width: float, height: float, dpi: float) -> float:
        """Pixels per point at which a page of this size is drawn: those of ``dpi``, or as many as the limits allow.

        Args:
            width: Of the page, in points, finite and above 0.
            height: Likewise.
            dpi: The resolution that is wanted.
        """
        most = min(math.sqrt(self.max_pixels / height / width), self.max_side / max(width, height))
        scale = min(dpi / POINTS_PER_INCH, most)
        # A picture has whole pixels, the last of which may be a part of one.
        while self._passed(math.ceil(width * scale), math.ceil(height * scale)):
            scale *= 0.999
        return scale

    def _passed(self, width: int, height: int) -> bool:
        return width * height > self.max_pixels or max(width, height) > self.max_side


DEFAULT_PAGE_LIMITS: Final = PageLimits()
