"""Filled-in forms: ``form``."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from PIL import ImageFont

from tests.documents.canvas import Canvas, Fact, Ink, Rect
from tests.documents.fonts import MONO, PROPORTIONAL, Face
from tests.documents.locales import Locale, choose_locale
from tests.documents.paper import Paper, finish
from tests.documents.truth import Sample
from tests.documents.vocabulary import digits, party, person

_TITLES: Final = (
    "Application for Membership",
    "PATIENT REGISTRATION FORM",
    "Claim for Travel Expenses",
    "Employee Data Sheet",
    "REQUEST FOR A LIBRARY CARD",
    "Equipment Loan Agreement",
)
_SECTIONS: Final = ("1. Applicant", "Section B: Details", "For office use", "PART II", "Contact", "Declaration")
_TICKS: Final = (
    ("Single", "Married", "Divorced", "Widowed"),
    ("Yes", "No"),
    ("Full time", "Part time", "Contract"),
    ("I agree to the terms", "Send me news", "I am a student"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    ("Smoker", "Allergies", "Diabetes", "Asthma"),
)
_INKS: Final[tuple[Ink, ...]] = ((20, 20, 24), (25, 45, 130), (60, 60, 70))

Filler = Callable[[random.Random, Locale], str]


def _day(rng: random.Random, locale: Locale) -> str:
    return locale.date(date(1950, 1, 1) + timedelta(days=rng.randrange(27000)), locale.dates[0])


_ASKED: Final[tuple[tuple[str, Filler], ...]] = (
    ("Full name", lambda rng, _: person(rng)),
    ("Surname", lambda rng, _: person(rng).split()[1]),
    ("Date of birth", _day),
    ("Date", _day),
    ("Start date", _day),
    ("Street and number", lambda rng, locale: party(rng, locale).address[0].strip(",")),
    ("City, postcode", lambda rng, locale: party(rng, locale).address[1].strip(".")),
    ("Telephone", lambda rng, locale: party(rng, locale).phone),
    ("E-mail", lambda rng, _: f"{person(rng).replace(' ', '.').lower()}@mail.example"),
    ("Employer", lambda rng, locale: party(rng, locale).name),
    ("Member no.", lambda rng, _: digits(rng, "??-######")),
    ("Policy number", lambda rng, _: digits(rng, "#### #### ##")),
    ("Number of children", lambda rng, _: str(rng.randint(0, 4))),
    ("Persons in household", lambda rng, _: str(rng.randint(1, 5))),
    ("State", lambda rng, _: rng.choice(["CT", "NY", "OH", "TX", "CA"])),
    ("Place of birth", lambda rng, locale: party(rng, locale).address[1].strip(".").split(",")[0]),
    (
        "Amount claimed",
        lambda rng, locale: locale.money[0].with_symbol(rng.randint(5, 900) * locale.money[0].unit * 50),
    ),
    (
        "Fee paid",
        lambda rng, locale: locale.money[0].with_symbol(rng.choice([10, 25, 50]) * locale.money[0].unit * 100),
    ),
    ("Reason for the request", lambda rng, _: rng.choice(["Moved house", "First visit", "Lost the old one", "Other"])),
    ("Emergency contact", lambda rng, _: person(rng)),
    ("Blood group", lambda rng, _: rng.choice(["A+", "B+", "0-", "AB+"])),
    ("Height (cm)", lambda rng, _: str(rng.randint(150, 199))),
)


@dataclass(slots=True)
class _Desk:
    """The page and where it is filled in."""

    rng: random.Random
    locale: Locale
    canvas: Canvas
    face: Face
    pen: Face
    ink: Ink
    size: int
    margin: int
    y: float
    value: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> ImageFont.FreeTypeFont:
        """The font of labels."""
        return self.face.at(self.size)

    @property
    def hand(self) -> ImageFont.FreeTypeFont:
        """The font of what is filled in."""
        return self.pen.at(self.size)


def form(seed: int, *, paper: Paper | None = None, locale: str | None = None) -> Sample:
    """One filled-in form of one page, in English; the same one for the same arguments.

    Its value is one of ``extraction.schemas.documents.Form``. A checkbox's place is the box itself, ticked or not.

    Args:
        seed: Decides everything that is not given.
        paper: How the picture was taken; None for any way.
        locale: Like "en-US"; None for any English one.
    """
    rng = random.Random(f"form {seed}")
    where = choose_locale(rng, rng.choice(["en-US", "en-GB", "en-MY"]) if locale is None else locale)
    size = rng.choice([17, 18, 20])
    face, pen = rng.choice(PROPORTIONAL[:3]), rng.choice([*PROPORTIONAL[:3], MONO[0]])
    canvas = Canvas((1000, 1414))
    desk = _Desk(rng, where, canvas, face, pen, rng.choice(_INKS), size, rng.choice([60, 80]), 90.0)
    title = rng.choice(_TITLES)
    desk.value.update(title=title, fields=[], checkboxes=[])
    canvas.put(Fact(title, "text", title, "/title"), (desk.margin, desk.y), face.at(round(size * 1.5), bold=True))
    if rng.random() < 0.5:
        canvas.put(f"Form {digits(rng, '?-###')}", (canvas.size[0] - desk.margin, desk.y), desk.label, anchor="right")
    desk.y += size * 2.4
    asked = list(rng.sample(_ASKED, rng.randint(8, 16)))
    style = rng.choice(["lines", "boxes", "grid", "above"])
    half = len(asked) // 2
    for section, some in zip(rng.sample(_SECTIONS, 2), (asked[:half], asked[half:]), strict=True):
        _section(desk, section)
        _fields(desk, some, style)
        for options in rng.sample(_TICKS, rng.randint(0, 2)):
            _ticks(desk, options)
    _signature(desk)
    name = f"form {seed}"
    return finish(canvas, desk.value, rng, name=name, language=where.tag, paper=paper)


def _section(desk: _Desk, title: str) -> None:
    """The head of a part of the form."""
    canvas, size = desk.canvas, desk.size
    canvas.new_block()
    desk.y += size * 1.2
    if desk.rng.random() < 0.5:
        rect = (desk.margin, desk.y - size * 1.1, canvas.size[0] - desk.margin, desk.y + size * 0.4)
        canvas.draw.rectangle(rect, fill=(222, 226, 232))
    canvas.put(title, (desk.margin + 6, desk.y), desk.face.at(size, bold=True))
    desk.y += size * 2.2


def _fields(desk: _Desk, asked: Sequence[tuple[str, Filler]], style: str) -> None:
    """Labels and what is filled in, in two columns."""
    canvas, size = desk.canvas, desk.size
    width = (canvas.size[0] - 2 * desk.margin - 30) / 2
    for number, (label, filler) in enumerate(asked):
        canvas.new_block()
        left = desk.margin + number % 2 * (width + 30)
        text = None if desk.rng.random() < 0.15 else filler(desk.rng, desk.locale)
        stacked = style in {"above", "boxes"}
        at = f"/fields/{len(desk.value['fields'])}"
        fact = Fact(label, "text", label, f"{at}/label")
        mark = "" if stacked or desk.rng.random() < 0.3 else ":"
        small = desk.face.at(round(size * 0.8)) if stacked else desk.label
        told = canvas.put([fact, mark], (left + 4, desk.y), small)
        x, y = (left + 8, desk.y + size * 1.5) if stacked else (told.x2 + 12, desk.y)
        _frame(desk, style, Rect(left, desk.y - size * 1.1, left + width, y + size * 0.5), x)
        if text is not None:
            text = _short(text, desk.hand, left + width - x - 6)
            canvas.put(Fact(text, "text", text, f"{at}/value"), (x, y), desk.hand, ink=desk.ink)
        desk.value["fields"].append({"label": label, "value": text})
        if number % 2 or number == len(asked) - 1:
            desk.y += size * (3.3 if stacked else 2.2)


def _frame(desk: _Desk, style: str, rect: Rect, x: float) -> None:
    """The line or the box to write into."""
    draw, grey = desk.canvas.draw, (120, 120, 120)
    match style:
        case "lines":
            draw.line((x - 4, rect.y2, rect.x2, rect.y2), fill=grey)
        case "boxes":
            draw.rectangle((rect.x1, rect.y1 + desk.size * 1.3, rect.x2, rect.y2), outline=grey)
        case "grid":
            draw.rectangle(rect, outline=grey)
        case _:
            draw.line((rect.x1, rect.y2, rect.x2, rect.y2), fill=grey)


def _short(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """As many of its words as there is room for, the first at least."""
    words = text.split()
    while len(words) > 1 and font.getlength(" ".join(words)) > width:
        words.pop()
    return " ".join(words)


def _ticks(desk: _Desk, options: Sequence[str]) -> None:
    """A row of checkboxes, some of them ticked."""
    canvas, size, rng = desk.canvas, desk.size, desk.rng
    canvas.new_block()
    desk.y += size * 0.4
    style, before = rng.choice(["cross", "tick", "filled"]), rng.random() < 0.8
    ticked = rng.randrange(len(options))
    x = float(desk.margin + 6)
    for number, option in enumerate(options):
        if x + desk.label.getlength(option) + 2.5 * size > canvas.size[0] - desk.margin:
            x, desk.y = float(desk.margin + 6), desk.y + size * 1.8
        at = f"/checkboxes/{len(desk.value['checkboxes'])}"
        checked = number == ticked or (len(options) > 2 and rng.random() < 0.2)
        label = Fact(option, "text", option, f"{at}/label")
        if before:
            end = canvas.put(label, (x + 1.4 * size, desk.y), desk.label).x2
            box = Rect(x, desk.y - 0.85 * size, x + 0.95 * size, desk.y + 0.1 * size)
        else:
            end = canvas.put(label, (x, desk.y), desk.label).x2 + 1.4 * size
            box = Rect(end - 0.95 * size, desk.y - 0.85 * size, end, desk.y + 0.1 * size)
        box = Rect(*(round(edge) for edge in box))
        canvas.draw.rectangle(box, outline=(40, 40, 40), width=2)
        if checked:
            _tick(desk, box, style)
        canvas.remember(
            Fact("x" if checked else "", "flag", checked, f"{at}/checked"),
            [Rect(box.x1, box.y1, box.x2 + 1, box.y2 + 1)],
        )
        desk.value["checkboxes"].append({"label": option, "checked": checked})
        x = end + 1.8 * size
    desk.y += size * 2.2


def _tick(desk: _Desk, box: Rect, style: str) -> None:
    """A cross, a tick or a filling in a box."""
    draw, rng = desk.canvas.draw, desk.rng
    side = box.x2 - box.x1
    if style == "filled":
        draw.rectangle((box.x1 + 4, box.y1 + 4, box.x2 - 4, box.y2 - 4), fill=desk.ink)
    elif style == "cross":
        over = rng.uniform(-3, 3)
        draw.line((box.x1 - over, box.y1 - over, box.x2 + over, box.y2 + over), fill=desk.ink, width=3)
        draw.line((box.x1 - over, box.y2 + over, box.x2 + over, box.y1 - over), fill=desk.ink, width=3)
    else:
        middle = (box.x1 + side * 0.4, box.y2 - 2)
        draw.line((box.x1 + 2, box.y1 + side * 0.5, *middle), fill=desk.ink, width=3)
        draw.line((*middle, box.x2 + 3, box.y1 - 4), fill=desk.ink, width=3)


def _signature(desk: _Desk) -> None:
    """A scrawl above a line; it is no text."""
    rng, canvas = desk.rng, desk.canvas
    canvas.new_block()
    y = min(desk.y + desk.size * 4.0, canvas.size[1] - 60.0)
    x = float(desk.margin + 10)
    points = [(x, y - 10)]
    for _ in range(rng.randint(9, 16)):
        x += rng.uniform(6, 22)
        points.append((x, y - rng.uniform(4, 46)))
    canvas.draw.line(points, fill=desk.ink, width=2, joint="curve")
    canvas.draw.line((desk.margin, y, desk.margin + 320, y), fill=(120, 120, 120))
    canvas.put("Signature", (desk.margin, y + desk.size * 1.2), desk.face.at(round(desk.size * 0.8)))
