"""Any text -> text that matplotlib's fonts can show, and the font families that show it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

_MISSING: Final = "\N{WHITE SQUARE}"
_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"

# Control, format, surrogate and unassigned characters show nothing, or a warning.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn"})


@dataclass(frozen=True, slots=True)
class Legible:
    """Text in one line, and the families to show it with, in the order in which they are asked for a character."""

    text: str
    families: tuple[str, ...]


def legible(text: str) -> Legible:
    """``text`` in one line, without invisible characters, and families that have all of it.

    Installed fonts are searched for characters that the current one lacks (Chinese, say); what none of them has
    becomes a white square, instead of one warning of matplotlib's for each.
    """
    families = tuple(mpl.rcParams["font.family"])
    path = font_manager.findfont(font_manager.FontProperties(family=list(families)))
    line = " ".join(text.split())
    shown, extra = [], dict[str, None]()
    for char in line:
        if unicodedata.category(char) in _INVISIBLE or "\ufe00" <= char <= "\ufe0f":  # the latter choose variants
            continue
        family = _family_with(char, path)
        shown.append(_MISSING if family is None else char)
        if family:
            extra[family] = None
    return Legible("".join(shown), (*families, *extra))


def shortened(text: str, length: int) -> str:
    """The first ``length`` characters of ``text``, the last of which is an ellipsis where there are more."""
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + _ELLIPSIS


@lru_cache(maxsize=4096)
def _family_with(char: str, path: str) -> str | None:
    """The family that has ``char``: "" when the font at ``path`` does, None when no installed one does."""
    if ord(char) in _characters(path):
        return ""
    for font in font_manager.fontManager.ttflist:
        upright = font.style == "normal" and font.weight in {400, "normal", "regular"}
        if upright and "LastResort" not in font.fname and ord(char) in _characters(font.fname):
            return font.name
    return None


@lru_cache(maxsize=1024)
def _characters(path: str) -> frozenset[int]:
    """The code points that the font file at ``path`` has."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):  # a font without outlines, such as colour emoji, which matplotlib cannot draw
        return frozenset()
