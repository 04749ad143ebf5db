"""Questions in plain words about a scene, their right answers, and captions."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extraction.pocket import words
from extraction.pocket.views import Thing, View
from extraction.pocket.vocabulary import COLORS, LABELS

NAMED = 3
"""A caption names at most so many things, the first in reading order; what else is there it counts."""

KINDS = ("caption", "count", "count color", "count label", "has color", "has label", "has thing")


EVERYTHING_SHARE = 0.15
"""How many questions of look-up ask for all that there is."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question in plain words, its right answer, and its kind."""

    kind: str
    prompt: str
    answer: str


def question(view: View, rng: random.Random) -> Question:
    """A question of random kind: a caption, a count or yes/no; yes and no are about as frequent."""
    kind = rng.choice(KINDS)
    if kind == "caption":
        return Question(kind, rng.choice(words.CAPTION), caption(view))
    what = kind.split()[-1]
    if what == "count":
        return Question(kind, rng.choice(words.QUESTIONS[kind]), str(len(view.things)))
    detail, keep = asked_for(what, view, rng)
    found = sum(map(keep, view.things))
    answer = str(found) if kind.startswith("count") else ("yes" if found else "no")
    return Question(kind, said(rng.choice(words.QUESTIONS[kind]), detail), answer)


def lookup(view: View, rng: random.Random) -> Question:
    """What colours a shape has, which shapes are of a colour, or what there is: names in reading order, or "none"."""
    if rng.random() < EVERYTHING_SHARE:
        kind = rng.choice(("colors", "labels"))
        every = [thing.label for thing in view.things]
        if kind == "colors":
            every = list(dict.fromkeys(thing.color for thing in view.things))
        return Question(kind, rng.choice(words.LOOKUPS[kind]), ", ".join(every) or words.NONE)
    kind = rng.choice(("colors of", "labels of"))
    detail, keep = asked_for("label" if kind == "colors of" else "color", view, rng, there=0.8)
    found = [thing.color if kind == "colors of" else thing.label for thing in view.things if keep(thing)]
    phrases = words.LOOKUPS["color of"] if kind == "colors of" and len(found) < 2 else ()
    prompt = said(rng.choice((*phrases, *words.LOOKUPS[kind])), detail)
    return Question(kind, prompt, ", ".join(found) or words.NONE)


def asked_for(
    what: str, view: View, rng: random.Random, there: float | None = None
) -> tuple[str, Callable[[Thing], bool]]:
    """A colour, a label or both ("thing") to ask for, with what tells the things that it fits.

    Args:
        what: "color", "label" or "thing".
        view: The scene.
        rng: Draws it.
        there: How often it is taken from the things of the scene; by default so that it is there half of the time.
    """
    there = (0.75 if what == "thing" else 0.5) if there is None else there
    present = rng.choice(view.things) if view.things and rng.random() < there else None
    color = present.color if present else _absent(COLORS, [thing.color for thing in view.things], rng)
    label = present.label if present else _absent(LABELS, [thing.label for thing in view.things], rng)
    if present and what == "thing" and rng.random() < 0.3:  # its colour or its shape is there, but not together
        color, label = (rng.choice(COLORS), label) if rng.random() < 0.5 else (color, rng.choice(LABELS))
    if what == "color":
        return color, lambda thing: thing.color == color
    if what == "label":
        return label, lambda thing: thing.label == label
    return f"{color} {label}", lambda thing: (thing.color, thing.label) == (color, label)


def _absent(every: Sequence[str], there: Sequence[str], rng: random.Random) -> str:
    return rng.choice([one for one in every if one not in there] or every)


def said(phrase: str, detail: str) -> str:
    """A phrasing or a name with its colour or label in place, and the right article before it."""
    text = phrase.format(detail).replace("crosss", "crosses")
    return text.replace(" a orange", " an orange").replace("_a_orange", "_an_orange")


def caption(view: View) -> str:
    """The scene in one sentence: the first things by name, how many others, and the ground's colour."""
    where = f" on {_article(view.ground)} {view.ground} ground" if view.ground else ""
    things = view.things
    if not things:
        return f"Nothing{where}."
    named = [f"{_article(thing.color)} {thing.phrase}" for thing in things[:NAMED]]
    others = len(things) - NAMED
    if others > 0:
        count = _NUMBERS[others] if others < len(_NUMBERS) else str(others)
        named.append(f"{count} more shape{'s' if others > 1 else ''}")
    text = _listed(named)
    return f"{text[0].upper()}{text[1:]}{where}."


def listing(view: View) -> str:
    """Everything that is there, in reading order: what the model thinks before it answers."""
    if not view.things:
        return "I see nothing."
    return f"I see {_listed([f'{_article(thing.color)} {thing.phrase}' for thing in view.things])}."


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _article(word: str) -> str:
    return "an" if word[0] == "o" else "a"


@dataclass(frozen=True, slots=True)
class Told:
    """What a caption says, in no particular order."""

    named: tuple[str, ...]
    total: int
    ground: str | None


def read_caption(text: str) -> Told | None:
    """What a caption of this form says; None where it has another form."""
    body, _, where = text.strip().removesuffix(".").partition(" on ")
    ground = where.split()[1] if len(where.split()) == 3 and where.endswith(" ground") else None
    if where and ground is None:
        return None
    if body == "Nothing":
        return Told((), 0, ground)
    parts = body[:1].lower() + body[1:]
    named, more = [], 0
    for part in parts.replace(" and ", ", ").split(", "):
        pieces = part.split()
        if len(pieces) == 3 and pieces[0] in ("a", "an"):
            named.append(f"{pieces[1]} {pieces[2]}")
        elif len(pieces) == 3 and pieces[0] in _NUMBERS and pieces[1] == "more":
            more = _NUMBERS.index(pieces[0])
        else:
            return None
    return Told(tuple(named), len(named) + more, ground)


def caption_is_true(text: str, view: View) -> bool:
    """Whether all that a caption says is so: every thing that it names is there, the total, and the ground's colour."""
    told = read_caption(text)
    if told is None or told.total != len(view.things) or told.ground != view.ground:
        return False
    if len(told.named) != min(NAMED, told.total):
        return False
    there = [thing.phrase for thing in view.things]
    return all(told.named.count(phrase) <= there.count(phrase) for phrase in told.named)
