"""What differs from one family of vision-language models to the next: the record, and how a model's is found.

A family is looked up once per model: by a pattern of the model's name (among several, the one that has its type, too), then
by the configuration's ``model_type``, and what the user says counts before both. A model that nobody knows gets no guessed convention: boxes then raise, plain
values work. The families themselves are data, in ``family_table``.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from extraction.conventions import BoxConvention
from extraction.errors import BoxConventionError

Sureness = Literal["verified", "documented", "reported", "unverified"]
Loading = Literal["transformers", "remote code", "hosted", "embedded", ""]


@dataclass(frozen=True, slots=True)
class ResizeRule:
    """How a processor chooses the size of a picture: sides that ``factor`` divides, an area within bounds.

    Attributes:
        factor: What both sides are multiples of, in pixels.
        min_pixels: Smallest area.
        max_pixels: Largest area.
    """

    factor: int
    min_pixels: int
    max_pixels: int


@dataclass(frozen=True, slots=True)
class Family:
    """One family of models.

    Attributes:
        name: What users call it.
        title: What its authors call it.
        model_types: ``model_type`` values of the configuration that belong to it.
        name_patterns: Regular expressions for the last part of model names (searched, case ignored). They count before model types: a
            fine-tune may write boxes in another way than the model that it was made from.
        boxes: How it writes boxes; None where nobody knows, or it was never taught to.
        prompts: The words that it was trained on, by task ("detect", "point", "segment", "caption", "ocr", "count" ...);
            ``{things}`` stands for what is looked for.
        between: What stands between several things in ``{things}``.
        syntaxes: The syntaxes of the answers to tasks whose answers are not in those of ``boxes``, by task.
        unable: What it cannot be asked for, by task, and why: it was never taught to, or nobody here reads its answers.
        thinking: The marks around what it thinks before it answers.
        system: Whether its chat template knows system messages; None where nobody knows.
        rule: How its processor resizes a picture, where that does not depend on the checkpoint, or within the bounds that
            every checkpoint keeps: for models on the other side of a wire that count pixels.
        model_size: (width, height) at which a model on the other side of a wire is sent every picture, and sees it, whatever
            the picture's own size; for those that count pixels and have no ``rule``, and by the user's word.
        pixels: The areas at which its boxes are good, smallest and largest, in pixels.
        loads: How it is loaded: by transformers alone, by transformers with code of the authors, or not here at all.
        sureness: How sure the convention is: "verified" in code that was read or run, "documented" by its authors,
            "reported" by others, or "unverified".
        source: Where it is stated.
    """

    name: str
    title: str = ""
    model_types: tuple[str, ...] = ()
    name_patterns: tuple[str, ...] = ()
    boxes: BoxConvention | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    between: str = ", "
    syntaxes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unable: Mapping[str, str] = field(default_factory=dict)
    thinking: tuple[str, str] | None = None
    system: bool | None = None
    rule: ResizeRule | None = None
    model_size: tuple[int, int] | None = None
    pixels: tuple[int, int] | None = None
    loads: Loading = ""
    sureness: Sureness = "unverified"
    source: str = ""

    def prompt(self, task: str, things: tuple[str, ...] = ()) -> str:
        """The words with which this family is asked to do a task.

        Args:
            task: One of ``prompts``.
            things: What is looked for, where the task looks for something.

        Raises:
            BoxConventionError: The family has no words for the task, or they do not go with ``things``.
        """
        words = self.prompts.get(task)
        if words is None:
            known = ", ".join(self.prompts) or "none"
            raise BoxConventionError(f"the family {self.name!r} has no words for {task!r}", hint=f"it has: {known}")
        if ("{things}" in words) != bool(things):
            need = "needs things to look for" if "{things}" in words else "looks for no things of its own choice"
            raise BoxConventionError(f"{task!r} of the family {self.name!r} {need}")
        return words.replace("{things}", self.between.join(things))

    def check_ability(self, task: str) -> None:
        """Refuses what models of this family cannot do.

        Raises:
            BoxConventionError: The task is one of ``unable``.
        """
        if task in self.unable:
            raise BoxConventionError(f"models of the family {self.name!r} cannot {task}: {self.unable[task]}")

    def convention(self, task: str) -> BoxConvention | None:
        """How it writes boxes when it does a task."""
        own = self.syntaxes.get(task)
        return self.boxes if self.boxes is None or own is None else self.boxes.changed(syntaxes=own)


FamilyLike: TypeAlias = str | Family | BoxConvention | Mapping[str, Any]
"""How users name a family: by its name ("qwen3-vl"), by one with changed fields ("qwen3-vl, order=yxyx"), by a record, by a
convention, or by the fields of the convention to change (``{"order": "yxyx"}``). Of a family, ``model_size`` can be changed,
too ("pixel, model_size=1000x750")."""

UNKNOWN: Final = Family("unknown")
THINK: Final = ("<think>", "</think>")
"""The marks around thinking that most families use."""
TOLD_TO_THINK: Final = ("<thinking>", "</thinking>")
"""Those that models of any family use whose prompt asks them to."""


def words(**prompts: str) -> Mapping[str, str]:
    """The prompts of a family by task."""
    return MappingProxyType(prompts)


def families() -> tuple[Family, ...]:
    """All families, then the bare conventions that a user can name for a model of his own, then ``UNKNOWN``."""
    from extraction.family_table import FAMILIES

    return FAMILIES


@functools.cache
def thinking_marks() -> Mapping[str, str]:
    """The marks around thinking, from those that begin it to those that end it, of all families.

    Text is read with all of them, since whoever reads it need not know the model. None begins with another one.
    """
    own = [family.thinking for family in families() if family.thinking is not None]
    return MappingProxyType(dict([THINK, TOLD_TO_THINK, *own]))


def find_family(model_type: str | None, name: str, override: FamilyLike | None = None) -> Family:
    """The family of a model; ``UNKNOWN`` where nobody knows it.

    Args:
        model_type: ``config.model_type``, None where there is no configuration (a remote model).
        name: The model's hub id or folder.
        override: What the user says.

    Raises:
        BoxConventionError: ``override`` names no family, or changes it to one that makes no sense.
    """
    return _found(model_type, name) if override is None else overridden(override, lambda: _found(model_type, name))


def overridden(override: FamilyLike, own: Callable[[], Family]) -> Family:
    """The family of a model by the user's word.

    Args:
        override: What the user says.
        own: Gives the family that the model has without it; asked only where something of it is kept.

    Raises:
        BoxConventionError: As ``find_family``.
    """
    if isinstance(override, Family):
        return override
    if isinstance(override, BoxConvention):
        return dataclasses.replace(own(), boxes=override)
    if isinstance(override, str):
        named, *changes = (part.strip() for part in override.split(","))
        fields = dict(map(_change, changes))
        if "=" in named:  # only changes, to the family that the model has anyway
            fields = dict([_change(named)]) | fields
            return _changed(own(), fields)
        return _changed(_named(named), fields)
    if not isinstance(override, Mapping):
        raise BoxConventionError(
            f"{override!r} is no family", hint="give a name, a Family, a BoxConvention or a dict of its fields"
        )
    fields = dict(override)
    base = fields.pop("family", None)
    return _changed(own() if base is None else overridden(base, own), fields)


@functools.lru_cache(maxsize=1024)
def _found(model_type: str | None, name: str) -> Family:
    names = _names(name)
    named = [family for family in families() if _is_called(family, names)]
    typed = [family for family in families() if model_type in family.model_types]
    both = [family for family in named if family in typed]  # one name, and code of the authors or of transformers
    return (both or named or typed or [UNKNOWN])[0]


def _is_called(family: Family, names: list[str]) -> bool:
    return any(re.search(pattern, name, re.IGNORECASE) for pattern in family.name_patterns for name in names)


def _names(name: str) -> list[str]:
    """What a model is called: the end of its hub id or path, and its id where a path leads into the hub's cache."""
    parts = re.split(r"[/\\]", name.rstrip("/\\"))
    return [parts[-1], *(part.rsplit("--", 1)[-1] for part in parts if part.startswith("models--"))]


def _named(name: str) -> Family:
    for family in families():
        if family.name == name:
            return family
    known = ", ".join(family.name for family in families())
    raise BoxConventionError(f"there is no family {name!r}{near_family(name)}", hint=f"known families: {known}")


def near_family(name: str) -> str:
    """The question whether another family was meant: the one of a model that is called so, or one that is written alike."""
    named = _found(None, name).name
    names = [family.name for family in families() if family is not UNKNOWN]
    near = [named] if named in names else difflib.get_close_matches(name.lower().replace(" ", "-"), names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _changed(family: Family, fields: Mapping[str, Any]) -> Family:
    if "model_size" in fields:
        fields = dict(fields)
        family = dataclasses.replace(family, model_size=_size(fields.pop("model_size")))
    if not fields:
        return family
    if family.boxes is None:
        raise BoxConventionError(
            f"{', '.join(fields)} cannot be changed: nobody knows how the family {family.name!r} writes boxes",
            hint="name a convention with them, for instance family='relative-1000, order=yxyx'",
        )
    return dataclasses.replace(family, boxes=family.boxes.changed(**fields))


def _size(value: Any) -> tuple[int, int]:
    """(width, height) as people write it: ``1000x750``, or two numbers."""
    sides = value.lower().split("x") if isinstance(value, str) else value
    try:
        width, height = map(int, sides)
    except (TypeError, ValueError):
        width = height = 0
    if min(width, height) < 1:
        raise BoxConventionError(f"model_size={value!r} is no size in pixels", hint="write model_size=1000x750")
    return width, height


def _change(text: str) -> tuple[str, Any]:
    """``order=yxyx`` as a field and its value."""
    key, sign, value = (part.strip() for part in text.partition("="))
    if not (key and sign and value):
        raise BoxConventionError(f"{text!r} changes no field of a convention", hint="write order=yxyx, for instance")
    known: dict[str, Any] = {"true": True, "false": False, "none": None}
    if value.lower() in known:
        return key, known[value.lower()]
    try:
        number = float(value)
    except ValueError:
        return key, value
    return key, int(number) if number.is_integer() else number
