"""Colours: ``Color``, one sRGB value that is read from names, hex and numbers, and that knows its basic colour term.

A name means what CSS says it means (CSS Color Module Level 4, section 6.1), so ``green`` is #008000 and not #00ff00;
names that CSS does not have come from the xkcd colour survey. Distances are taken in OKLab, where equal steps look
equally large (B. Ottosson, "A perceptual color space for image processing", 2020).
"""

from __future__ import annotations

import difflib
import math
import numbers
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, final

from PIL import ImageColor
from pydantic import ConfigDict, GetJsonSchemaHandler, RootModel, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from extraction.schemas.markers import marked, put_schema

BasicColor: TypeAlias = Literal[
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray"
]
"""The eleven basic colour terms of English (B. Berlin and P. Kay, "Basic Color Terms", 1969)."""

BASIC_COLORS: Final[Mapping[BasicColor, str]] = MappingProxyType(
    {
        "red": "#ff0000",
        "orange": "#ffa500",
        "yellow": "#ffff00",
        "green": "#008000",
        "blue": "#0000ff",
        "purple": "#800080",
        "pink": "#ffc0cb",
        "brown": "#a52a2a",
        "black": "#000000",
        "white": "#ffffff",
        "gray": "#808080",
    }
)
"""Each basic term with the sRGB value that CSS gives it."""

# Further shades that people call by each term. The eleven values alone judge badly: nearest to #d3d3d3, lightgray,
# would be pink. These are colours of the xkcd survey (R. Munroe, 2010) whose names end in the term ("dark pink"), picked
# one by one until the nearest of all agreed with nine in ten of the survey's names of that form.
_SHADES: Final[Mapping[BasicColor, str]] = {
    "red": "#a90308 #be013c #d3494e",
    "orange": "#cd5909 #dc4d01",
    "yellow": "#ffad01 #ffdf22",
    "green": "#3ae57f #8cff9e #0a481e #39ad48 #009337",
    "blue": "#5684ae #98eff9 #214761 #d4ffff #95d0fc #3778bf",
    "purple": "#9e43a2 #720058 #84597e #916e99",
    "pink": "#f36196 #cb416b",
    "brown": "#b25f03 #653700 #d3b683",
    "gray": "#3c4142 #d8dcd6",
}
_NEUTRALS: Final = frozenset({"black", "white", "gray"})
# A just noticeable difference, as the gamut mapping of CSS Color Module Level 4 takes it.
_NOTICEABLE: Final = 0.02

_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?:[,/]\s*([\d.]+%?)\s*)?\)")


class _OKLab(NamedTuple):
    """Lightness 0 to 1, then green to red and blue to yellow, both about -0.4 to 0.4."""

    lightness: float
    a: float
    b: float

    @property
    def chroma(self) -> float:
        return math.hypot(self.a, self.b)


@final
class Color(RootModel[tuple[int, int, int]]):
    """An opaque sRGB colour; equal and hashed by its ``rgb``.

    It is read from a basic, CSS or xkcd name (``"red"``, ``"dark blue"``, ``"light-green"``, ``"grey"``), from
    ``#rgb``, ``#rrggbb``, ``rgb(1, 2, 3)``, or from three whole numbers 0 to 255. An alpha value is refused unless it
    says opaque. ``str(color)`` and JSON are the basic name where the value is exactly that of one, else ``#rrggbb``.

    Raises:
        pydantic.ValidationError: The value is no colour; for a name, the message suggests the nearest spelling.

    Example:
        >>> Color("Dark Blue").hex, Color("Dark Blue").name, Color("Dark Blue").basic
        ('#00008b', 'darkblue', 'blue')
        >>> str(Color("#f00")), str(Color((1, 2, 3)))
        ('red', '#010203')
    """

    model_config = ConfigDict(frozen=True)

    if TYPE_CHECKING:

        def __init__(self, value: Color | str | Sequence[int], /) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> tuple[int, int, int]:
        return _read(value)

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, each 0 to 255."""
        return self.root

    @property
    def hex(self) -> str:
        """``#rrggbb``, in lower case."""
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)

    @property
    def name(self) -> str | None:
        """The basic or CSS name of exactly this value, or None; ``cyan`` and ``magenta``, not ``aqua``, ``fuchsia``."""
        return _names_by_rgb().get(self.rgb)

    @property
    def basic(self) -> BasicColor:
        """The basic colour term of the nearest shade, by ``distance``, of those that people call by one.

        What has no visible chroma is black, white or gray. The eleven CSS values have their own names as terms.
        """
        return _basic(self.rgb)

    def distance(self, other: Color) -> float:
        """How different the two look: Delta E OK, the straight distance in OKLab (CSS Color Module Level 4).

        0 is equal, 0.02 just noticeable, 1 black against white.
        """
        return math.dist(_oklab(self.rgb), _oklab(other.rgb))

    def __str__(self) -> str:
        name = self.name
        return name if name is not None and name in BASIC_COLORS else self.hex

    def __repr__(self) -> str:
        return f"Color({str(self)!r})"

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        wanted = marked(
            "color",
            "Color",
            "A basic colour name, or #rrggbb.",
            type="string",
            pattern=f"^({'|'.join(BASIC_COLORS)}|#[0-9a-f]{{6}})$",
        )
        return put_schema(wanted, core_schema, handler)


def _read(value: Any) -> tuple[int, int, int]:
    """The red, green and blue of whatever ``Color`` accepts."""
    if isinstance(value, Color):
        return value.rgb
    if isinstance(value, str):
        return _read_text(value)
    # A pixel of a numpy array, without importing numpy.
    if callable(getattr(value, "tolist", None)):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and len(value) == 3:
        if all(isinstance(part, numbers.Integral) and not isinstance(part, bool) for part in value):
            return _checked(*(int(part) for part in value))
        raise PydanticCustomError("color_parts", "the three numbers of a colour must be whole, from 0 to 255")
    raise PydanticCustomError(
        "color_type", "must be a colour name, #rrggbb or three whole numbers, not {given}", {"given": repr(value)[:60]}
    )


def _checked(red: int, green: int, blue: int) -> tuple[int, int, int]:
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise PydanticCustomError("color_parts", "the three numbers of a colour must be whole, from 0 to 255")
    return red, green, blue


def _read_text(text: str) -> tuple[int, int, int]:
    lowered = text.strip().lower()
    if _HEX.fullmatch(lowered):
        digits = lowered[1:] if len(lowered) > 5 else "".join(digit * 2 for digit in lowered[1:])
        _check_opaque(text, opaque=digits[6:] in ("", "ff"))
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if match := _RGB.fullmatch(lowered):
        _check_opaque(text, opaque=match[4] in (None, "1", "1.0", "100%"))
        return _checked(int(match[1]), int(match[2]), int(match[3]))
    return _read_name(text)


def _check_opaque(text: str, *, opaque: bool) -> None:
    # Dropping alpha in silence would turn "nearly invisible red" into red.
    if not opaque:
        raise PydanticCustomError("color_alpha", "{text} is see-through; give an opaque colour", {"text": repr(text)})


def _read_name(text: str) -> tuple[int, int, int]:
    key = _name_key(text)
    found = _css_colors().get(key) or _survey_colors().get(key.removeprefix("xkcd:"))
    if found is not None:
        return found
    # Matching takes time with the square of the length, and no name has more than 26 letters.
    known = [*BASIC_COLORS, *_css_colors(), *_survey_colors()] if len(key) <= 40 else []
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
    raise PydanticCustomError(
        "color_name",
        "{text} is no colour name, #rrggbb or rgb(r, g, b){suggestion}",
        {"text": repr(text[:60]), "suggestion": f"; did you mean {near[0]!r}?" if near else ""},
    )


def _name_key(name: str) -> str:
    """``name`` without case, spaces, hyphens, underscores and apostrophes, and with the spelling "gray"."""
    return re.sub(r"[\s_'-]", "", name.lower()).replace("grey", "gray")


@cache
def _css_colors() -> dict[str, tuple[int, int, int]]:
    """The 148 names of CSS by their keys; the basic ones are among them."""
    # getrgb, not the table's values: Pillow replaces these by tuples as it goes.
    parsed = ((name, ImageColor.getrgb(name)) for name in ImageColor.colormap)
    return {_name_key(name): (rgb[0], rgb[1], rgb[2]) for name, rgb in parsed}


@cache
def _survey_colors() -> dict[str, tuple[int, int, int]]:
    """The 949 names of the xkcd survey by their keys."""
    # Only here, for a name that CSS does not have: matplotlib takes long to load.
    from matplotlib.colors import XKCD_COLORS

    return {_name_key(name.removeprefix("xkcd:")): _read_text(str(value)) for name, value in XKCD_COLORS.items()}


@cache
def _names_by_rgb() -> dict[tuple[int, int, int], str]:
    # Of two names for one value the later in the alphabet stays, which is the more usual one (cyan, magenta).
    return {rgb: name for name, rgb in sorted(_css_colors().items())}


@lru_cache(maxsize=4096)
def _basic(rgb: tuple[int, int, int]) -> BasicColor:
    place = _oklab(rgb)
    neutral = place.chroma < _NOTICEABLE
    candidates = [(term, shade) for term, shade in _prototypes() if not neutral or term in _NEUTRALS]
    return min(candidates, key=lambda candidate: math.dist(place, candidate[1]))[0]


@cache
def _prototypes() -> list[tuple[BasicColor, _OKLab]]:
    shades = [(term, f"{value} {_SHADES.get(term, '')}".split()) for term, value in BASIC_COLORS.items()]
    return [(term, _oklab(_read_text(value))) for term, values in shades for value in values]


@lru_cache(maxsize=4096)
def _oklab(rgb: tuple[int, int, int]) -> _OKLab:
    """OKLab of an sRGB colour; the matrices are those of Ottosson's article (the revision of 2021-01-25)."""
    red, green, blue = (_linear(part / 255) for part in rgb)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return _OKLab(
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _linear(part: float) -> float:
    """One sRGB component, 0 to 1, as linear light (IEC 61966-2-1)."""
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
