"""What stands on paper as what a schema wants of it: numbers, ISO dates, texts as printed, one of its choices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from extraction.grounding.numbers import read_currency
from extraction.rules.findings import Finding
from extraction.rules.labels import normal
from extraction.rules.naming import words_of
from extraction.rules.sheet import Span
from extraction.rules.wanted import Leaf
from extraction.written_numbers import read_number

_MEANT: Final[Mapping[str, str]] = {
    "cash": r"cash|tunai|bar|bargeld|especes|efectivo|contanti?|contante|dinheiro|barzahlung",
    "card": r"card|visa|master ?card|amex|american express|maestro|debit|credit|karte|girocard|ec karte|carte(?: bancaire)?|cb|tarjeta|"
    r"carta|bancomat|pin|kaart|bankkaart|eftpos|kreditkarte|contactless|kontaktlos",
    "credit card": r"credit card|credit|visa|master ?card|amex|kreditkarte",
    "debit card": r"debit card|debit|maestro|girocard|ec karte|bancomat",
    "f": r"f|female|femme|weiblich|feminin|w",
    "m": r"m|male|homme|mannlich|masculin",
    "female": r"f|female|femme|weiblich|w",
    "male": r"m|male|homme|mannlich",
    "passport": r"passport|passeport|reisepass|pasaporte|passaporto",
    "identity card": r"identity card|id card|personalausweis|carte nationale d.identite|documento nacional de identidad|carta d.identita",
    "driving licence": r"driving licence|driver.?s? licen[sc]e|fuhrerschein|permis de conduire|permiso de conducir|patente di guida",
    "residence permit": r"residence permit|aufenthaltstitel|titre de sejour|permiso de residencia|permesso di soggiorno",
}
"""What paper says for some choices of schemas, as regular expressions of whole words."""


@dataclass(frozen=True, slots=True)
class Fill:
    """A value for a leaf, and where it stands.

    Attributes:
        value: The JSON value.
        spans: The words that say it, line by line.
        exact: Whether they are it, letter for letter; else they mean it.
        others: What they can mean as well, where nothing on the pages tells.
    """

    value: Any
    spans: tuple[Span, ...]
    exact: bool = True
    others: tuple[Any, ...] = ()


def written(leaf: Leaf, finding: Finding) -> Fill | None:
    """A finding as a leaf's value; None where the schema forbids that value."""
    if leaf.written:
        return text_fill(leaf, (finding.span,))
    values: list[Any] = []
    for reading in finding.readings:
        if isinstance(reading, Decimal) and leaf.concepts[:1] == ("discount",):
            reading = abs(reading)  # what is taken off is printed with a minus, and is a discount of so much
        value = _json_of(leaf, reading, finding.span.text)
        if value is not None and value not in values and allowed(leaf.form, value):
            values.append(value)
    if not values:
        return None
    value, *others = values
    return Fill(
        value, (finding.span,), str(value) == finding.span.text, others=tuple(others) if finding.guessed else ()
    )


def text_fill(leaf: Leaf, spans: Sequence[Span]) -> Fill | None:
    """Some lines as a leaf's text; None where the schema forbids it, or there is none."""
    spans = [span.stripped(" \t") for span in spans]
    text = " ".join(span.text for span in spans if span.text)
    return Fill(text, tuple(spans)) if text and allowed(leaf.form, text) else None


def currency_fill(leaf: Leaf, span: Span) -> Fill | None:
    """The code of a currency's sign; the sign itself where the text is wanted as printed."""
    codes = read_currency(span.text) or ((span.text,) if span.text.isalpha() else ())
    if not codes:
        return None
    value = codes[0]
    return Fill(value, (span,), value == span.text) if allowed(leaf.form, value) else None


def choice_fill(leaf: Leaf, span: Span) -> Fill | None:
    """The one choice of an enum that a text says; None where it says none, or more than one."""
    text = normal(span.text)
    found = {}
    for choice in leaf.form["enum"]:
        if isinstance(choice, str) and (match := _said(choice, text)) is not None:
            found[choice] = Span(span.cell, span.start + match.start(), span.start + match.end())
    longest = [one for one in found if not any(one != other and one in other for other in found)]
    if len(longest) != 1:
        return None
    at = found[longest[0]]
    return Fill(longest[0], (at,), at.text == longest[0])


def _said(choice: str, text: str) -> re.Match[str] | None:
    words = " ".join(words_of(choice)) or choice.casefold()
    if words in ("other", "unknown", "none"):
        return None
    pattern = _MEANT.get(words, re.escape(normal(words)).replace(r"\ ", r"[\s_-]?"))
    return re.search(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", text)


def allowed(form: Mapping[str, Any], value: Any) -> bool:
    """Whether a leaf's schema lets a value pass: its choices, bounds, lengths and pattern."""
    if "enum" in form and value not in form["enum"]:
        return False
    if isinstance(value, str):
        if not form.get("minLength", 0) <= len(value) <= form.get("maxLength", len(value)):
            return False
        pattern = form.get("pattern")
        try:
            return pattern is None or re.search(pattern, value) is not None
        except re.error:  # a pattern in another dialect: validation decides
            return True
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = form.get("minimum", value), form.get("maximum", value)
        above, under = form.get("exclusiveMinimum"), form.get("exclusiveMaximum")
        return low <= value <= high and (above is None or value > above) and (under is None or value < under)
    return True


def _json_of(leaf: Leaf, reading: object, text: str) -> Any:
    if isinstance(reading, Decimal):
        whole = reading == reading.to_integral_value()
        if leaf.kind == "integer" or leaf.form.get("type") == "integer":
            return int(reading) if whole else None
        step = leaf.form.get("multipleOf")
        if isinstance(step, (int, float)) and step and reading % Decimal(str(step)):
            return None
        return int(reading) if whole and "." not in text and "," not in text else read_number(f"{reading:f}")
    if isinstance(reading, date):
        return reading.isoformat()
    if isinstance(reading, time):
        return reading.isoformat() if reading.second or leaf.form.get("format") == "time" else reading.strftime("%H:%M")
    return None
