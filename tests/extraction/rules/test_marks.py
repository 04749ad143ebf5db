"""Boxes that can be ticked, and yes and no, beside what they are about."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from extraction.schemas.documents import Form
from tests.extraction.rules.typed import fill


class Person(BaseModel):
    smoker: bool | None
    married: bool | None
    single: bool | None


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("Smoker: [ ] Yes  [x] No", (False, None, None)),
        ("Smoker: [x] Yes  [ ] No", (True, None, None)),
        ("Smoker: [x] No  [ ] Yes", (False, None, None)),
        ("Smoker     ☐ No     ☒ Yes", (True, None, None)),
        ("Smoker: Yes [ ]  No [x]", (False, None, None)),
        ("Smoker: [ ] Yes  [ ] No", (None, None, None)),
        ("Smoker: [x] Yes  [x] No", (None, None, None)),
        ("Smoker: [ ] No", (None, None, None)),
        ("Smoker: [ _ ] Yes  [x] No", (False, None, None)),
        ("Smoker: [__] Yes  [ __ ] No", (None, None, None)),
        ("[ _ ] Married [x] Single", (None, False, True)),
        ("Smoker: Yes / No", (None, None, None)),
        ("Smoker\n[x]", (True, None, None)),
        ("☒ Married ☐ Single", (None, True, False)),
        ("☐ Married    ☒ Single", (None, False, True)),
        ("Status: ☐ Married ☒ Single", (None, False, True)),
        ("Married ☒ Single ☐", (None, True, False)),
        ("Married ☐    Single ☒", (None, False, True)),
        ("Married: [ ]  Single: [x]  Smoker: no", (False, False, True)),
    ],
)
def test_boxes_for_yes_and_no_and_boxes_side_by_side(page: str, told: tuple[bool | None, ...]) -> None:
    assert tuple(fill(Person, page).data.values()) == told


def test_boxes_behind_their_words() -> None:
    data = fill(Form, "Married ☐ Single ☒\n[x] Agreed\n").data
    assert data["checkboxes"] == [
        {"label": "Married", "checked": False},
        {"label": "Single", "checked": True},
        {"label": "Agreed", "checked": True},
    ]
