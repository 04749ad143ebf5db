"""Business cards and identity documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from extraction.schemas.checks import Check, DocumentSchema, Rounding
from extraction.schemas.mrz import mrz_checks
from extraction.schemas.text import Address, Name, Number


class BusinessCard(DocumentSchema):
    """A business card."""

    name: Name | None = Field(None, description="name of the person")
    job_title: Name | None = Field(None, description="title or position")
    company: Name | None = Field(None, description="name of the company")
    department: Name | None = Field(None, description="department or division")
    phone: Number | None = Field(None, description="office telephone number, or the only one")
    mobile: Number | None = Field(None, description="mobile telephone number")
    fax: Number | None = Field(None, description="fax number")
    email: Name | None = Field(None, description="email address")
    website: Name | None = Field(None, description="address of the website")
    address: Address | None = Field(None, description="postal address, on one line")


class IdentityDocument(DocumentSchema):
    """A passport, identity card, driving licence or residence permit."""

    document_type: (
        Literal["passport", "identity_card", "driving_licence", "residence_permit", "visa", "other"] | None
    ) = Field(None, description="kind of document")
    document_number: Number | None = Field(None, description="number of the document")
    issuing_country: Name | None = Field(None, description="country or state that issued it, as printed")
    issuing_authority: Name | None = Field(None, description="authority or place that issued it")
    surname: Name | None = Field(None, description="family name")
    given_names: Name | None = Field(None, description="given names")
    sex: Literal["F", "M", "X"] | None = Field(None, description="sex; X where it is not told apart")
    nationality: Name | None = Field(None, description="nationality, as printed")
    date_of_birth: dt.date | None = Field(None, description="day of birth, YYYY-MM-DD")
    place_of_birth: Name | None = Field(None, description="place of birth")
    date_of_issue: dt.date | None = Field(None, description="day of issue, YYYY-MM-DD")
    date_of_expiry: dt.date | None = Field(None, description="last valid day, YYYY-MM-DD")
    personal_number: Number | None = Field(None, description="personal or national number of the holder")
    address: Address | None = Field(None, description="address of the holder, on one line")
    mrz: list[Annotated[str, Field(max_length=44)]] = Field(
        [], max_length=3, description="lines of the machine readable zone, letter for letter with <"
    )

    def own_checks(self, rounding: Rounding) -> Iterator[Check]:
        """The check digits of the machine readable zone, and that it says what stands elsewhere."""
        number = "".join(filter(str.isalnum, self.document_number or "")).upper()
        days = {"date_of_birth": self.date_of_birth, "date_of_expiry": self.date_of_expiry}
        others = {name: None if day is None else day.strftime("%y%m%d") for name, day in days.items()}
        yield from mrz_checks(self.mrz, {"document_number": number or None, **others})
