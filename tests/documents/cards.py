"""Business cards: ``card``."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

from tests.documents.canvas import BLACK, Anchor, Canvas, Fact, Ink, Piece, plain
from tests.documents.fonts import PROPORTIONAL, Face
from tests.documents.locales import choose_locale
from tests.documents.paper import Paper, finish
from tests.documents.truth import Sample
from tests.documents.vocabulary import Party, digits, party, person

_TITLES: Final = """Sales Manager|Senior Engineer|Managing Director|Account Executive|Head of Research|Architect|
    Marketing Consultant|Dentist|Legal Counsel|Product Designer|Store Manager|Chief Financial Officer""".replace(
    "\n", ""
)
_DEPARTMENTS: Final = ("Customer Service", "Research & Development", "Purchasing", "International Sales")
_INKS: Final[tuple[Ink, ...]] = (BLACK, (25, 60, 110), (120, 30, 40), (20, 90, 70), (80, 60, 110))


def card(seed: int, *, paper: Paper | None = None, locale: str | None = None) -> Sample:
    """One business card; the same one for the same arguments.

    Its value is one of ``extraction.schemas.documents.BusinessCard``.

    Args:
        seed: Decides everything that is not given.
        paper: How the picture was taken; None for any way.
        locale: Like "en-US"; None for any.
    """
    rng = random.Random(f"card {seed}")
    where = choose_locale(rng, locale)
    ascii_only = where.tag in {"en-US", "en-MY"}
    face = rng.choice([one for one in PROPORTIONAL if ascii_only or not one.ascii])
    canvas = Canvas((900, 520))
    accent = rng.choice(_INKS)
    anchor: Anchor = rng.choice(["left", "left", "centre", "right"])
    x = {"left": 60.0, "centre": 450.0, "right": 840.0}[anchor]
    design = rng.choice(["plain", "bar", "frame"])
    if design == "bar":
        canvas.draw.rectangle((0, 480, 900, 520), fill=accent)
    elif design == "frame":
        canvas.draw.rectangle((18, 18, 881, 501), outline=accent, width=3)
    value: dict[str, Any] = dict.fromkeys(
        "name job_title company department phone mobile fax email website address".split()
    )
    head, foot = _content(rng, party(rng, where), value)
    sizes = {"name": 38, "company": 30}
    y = 84.0
    for key, piece in head:
        size = _fitting(face, plain(piece), sizes.get(key, 22), bold=key in sizes)
        canvas.put(
            piece, (x, y), face.at(size, bold=key in sizes), anchor=anchor, ink=accent if key in sizes else BLACK
        )
        y += size * 0.6 + 22
    canvas.new_block()
    y = max(y + 20, 462 - 34.0 * len(foot))
    for line in foot:
        size = _fitting(face, plain(line), 21)
        canvas.put(line, (x, y), face.at(size), anchor=anchor)
        y += 34
    return finish(canvas, value, rng, name=f"card {seed}", language=where.tag, paper=paper)


def _fitting(face: Face, text: str, size: int, *, bold: bool = False) -> int:
    """The size, or one that lets ``text`` fit on the card."""
    return min(size, int(size * 780 / face.at(size, bold=bold).getlength(text)))


def _content(
    rng: random.Random, company: Party, value: dict[str, Any]
) -> tuple[list[tuple[str, Fact]], list[list[Piece]]]:
    """Sets the card's value, and gives the lines of its head, each with its key, and those of its foot."""
    who = person(rng)
    value.update(name=who, job_title=rng.choice(_TITLES.split("|")).strip(), company=company.name, phone=company.phone)
    keys = ["name", "job_title"]
    if rng.random() < 0.3:
        value["department"] = rng.choice(_DEPARTMENTS)
        keys.append("department")
    keys = [*keys, "company"] if rng.random() < 0.5 else ["company", *keys]
    head = [(key, Fact(value[key], "text", value[key], f"/{key}")) for key in keys]
    value["address"] = ", ".join(line.strip(",. ") for line in company.address)
    value["email"] = f"{who.replace(' ', rng.choice(['.', '_'])).lower()}@{company.website.removeprefix('www.')}"
    rows: list[list[Piece]] = [[Fact(value["address"], "text", value["address"], "/address")]]
    rows.append([_label(rng, ("T", "Tel", "Phone", "P")), Fact(company.phone, "phone", company.phone, "/phone")])
    for key, labels in (("mobile", ("M", "Mobile", "Cell")), ("fax", ("F", "Fax"))):
        if rng.random() < 0.5:
            value[key] = _other(rng, company.phone)
            rows.append([_label(rng, labels), Fact(value[key], "phone", value[key], f"/{key}")])
    rows.append([_label(rng, ("", "E", "Email")), Fact(value["email"], "text", value["email"], "/email")])
    if rng.random() < 0.7:
        value["website"] = company.website
        rows.append([Fact(company.website, "text", company.website, "/website")])
    return head, rows


def _label(rng: random.Random, labels: Sequence[str]) -> str:
    """One of the labels with what follows it."""
    label = rng.choice(labels)
    return f"{label}{rng.choice([': ', ' ', '. '])}" if label else ""


def _other(rng: random.Random, phone: str) -> str:
    """Another number in the same form."""
    return phone[:-4] + "".join(char if not char.isdigit() else digits(rng, "#") for char in phone[-4:])
