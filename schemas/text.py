"""The texts of documents: strings of bounded length, by what stands in them.

A bound lets a weak model end a text under a grammar; each is far longer than what is printed.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

Number: TypeAlias = Annotated[str, Field(max_length=64)]
"""A number that is no quantity (of an invoice, an account, a telephone): text, since leading zeros and dashes count."""

Name: TypeAlias = Annotated[str, Field(max_length=160)]
"""A name, a title, one short line."""

Address: TypeAlias = Annotated[str, Field(max_length=300)]
"""A postal address on one line."""

Text: TypeAlias = Annotated[str, Field(max_length=1000)]
"""Free text of some lines."""
