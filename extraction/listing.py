"""The table of families as people and programs read it: short words for each record, and all of it as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

from extraction.conventions import BoxConvention
from extraction.errors import BoxConventionError
from extraction.families import UNKNOWN, Family, families, find_family, near_family
from extraction.profiles import model_type_of

LOADED: Final = {
    "transformers": "transformers",
    "remote code": "code of its authors",
    "hosted": "hosted",
    "embedded": "embedded",
    "": "not here",
}
"""How a family is loaded, in words."""
_YES_NO: Final = {True: "yes", False: "no", None: "not known"}


def listed() -> tuple[Family, ...]:
    """The families of models, without the bare conventions that a user can name."""
    return tuple(family for family in families() if family.model_types or family.name_patterns)


def family_called(name: str) -> Family:
    """The family with a name, or that of the model with a name; a model's folder or cached configuration is looked at.

    Raises:
        BoxConventionError: Nobody knows it.
    """
    own = [family for family in families() if family.name == name]
    family = own[0] if own else find_family(model_type_of(name), name)
    if family is UNKNOWN:
        raise BoxConventionError(
            f"no family of models is known for {name!r}{near_family(name)}",
            hint="'extraction models' lists them; for another model name a convention, such as --family relative-1000",
        )
    return family


def box_words(family: Family) -> str:
    """How a family writes boxes, in a few words; "" where nobody knows."""
    boxes = family.boxes
    if boxes is None:
        return ""
    if boxes.kind == "grid":
        return f"two cells of {boxes.span:g} x {boxes.span:g}"
    points = boxes.point_form.strip("[]").replace(",", "")
    if "point" in family.prompts and "detect" not in family.prompts:
        return f"points only: {points}, {_range_words(boxes)}"
    order = boxes.box_form.strip("[]").replace(",", "")
    usual = boxes.point_order == ("xy" if boxes.order == "xyxy" else "yx")
    return f"{order}, {_range_words(boxes)}{'' if usual else f'; points {points}'}"


def _range_words(boxes: BoxConvention) -> str:
    if boxes.span is None:
        return "pixels as resized" if boxes.unit == 1 else f"steps of {boxes.unit:g} pixels as resized"
    point = "" if boxes.integer else ".0"
    words = f"0{point}..{boxes.largest:g}{point}"
    if boxes.offset:
        words += f", the middles of {boxes.span:g} bins"
    elif boxes.largest != boxes.span:
        words += f" of {boxes.span:g}"
    return f"{words} of the padded picture" if boxes.frame == "canvas" else words


def key_words(family: Family) -> str:
    """The keys that a family was trained to write in JSON."""
    boxes = family.boxes
    return "" if boxes is None else ", ".join(key for key in (boxes.box_key, boxes.point_key) if key)


def syntax_words(family: Family) -> str:
    """The ways in which a family writes boxes in text, in those of single tasks last."""
    own = () if family.boxes is None else family.boxes.syntaxes
    return ", ".join(dict.fromkeys([*own, *(name for names in family.syntaxes.values() for name in names)]))


def size_words(family: Family) -> str:
    """The areas at which its boxes are good."""
    return "" if family.pixels is None else " to ".join(f"{area / 1e6:.1f}" for area in family.pixels) + " MP"


def sure_words(family: Family) -> str:
    """How sure its convention is; of one without boxes there is nothing to be sure of."""
    return "" if family.boxes is None else family.sureness


def as_row(family: Family) -> tuple[str, ...]:
    """A family in the columns of ``COLUMNS``."""
    return (
        family.name,
        family.title,
        LOADED[family.loads],
        box_words(family) or "-",
        key_words(family),
        syntax_words(family),
        sure_words(family),
    )


COLUMNS: Final = ("name", "models", "loaded by", "boxes", "keys", "syntaxes", "how sure")
SPARE: Final = ("loaded by", "keys", "syntaxes")
"""Columns that a narrow terminal does without."""


def as_json(family: Family) -> dict[str, Any]:
    """A family as JSON, every field under its own name."""
    told: dict[str, Any] = {field.name: getattr(family, field.name) for field in dataclasses.fields(family)}
    for name in ("boxes", "rule"):
        told[name] = None if told[name] is None else dataclasses.asdict(told[name])
    return told | {name: dict(told[name]) for name in ("prompts", "syntaxes", "unable")}


def in_full(family: Family) -> Iterator[tuple[str, str]]:
    """Everything that is known of a family: what it is about, and what is known."""
    boxes, rule = family.boxes, family.rule
    yield "models", family.title
    yield "loaded by", LOADED[family.loads]
    yield "model types", ", ".join(family.model_types)
    yield "names like", ", ".join(family.name_patterns)
    yield "boxes", box_words(family) or "nobody knows; name a convention, such as --family relative-1000"
    if boxes is not None:
        yield "in words", boxes.words
        yield "keys", key_words(family)
        yield "syntaxes", syntax_words(family)
    for task, said in family.prompts.items():
        yield f"to {task}", said
    for task, why in family.unable.items():
        yield f"cannot {task}", why
    yield "thinking", " ... ".join(family.thinking or ())
    yield "system text", _YES_NO[family.system]
    yield "good at", size_words(family)
    if rule is not None:
        yield "resized", f"to multiples of {rule.factor}, {rule.min_pixels} to {rule.max_pixels} pixels in all"
    yield "how sure", sure_words(family)
    yield "stated in", family.source
