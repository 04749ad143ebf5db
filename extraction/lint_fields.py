"""The rules of ``linting`` that look at one value of a schema at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from extraction.bounds import MAX_ITEMS, MAX_STRING
from extraction.formats import FORMATS
from extraction.lint_places import Place
from extraction.patterns import is_finite
from extraction.schemas.markers import MARKER_KEY

Severity: TypeAlias = Literal["error", "advice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a schema that will hurt, and what to do about it.

    Attributes:
        pointer: Where it stands in the JSON schema (JSON pointer, RFC 6901); "" is the whole schema.
        rule: The name of the rule.
        severity: "error" where values will be wrong, missing or refused; "advice" where they could be better.
        problem: What is wrong.
        advice: What to write instead.
    """

    pointer: str
    rule: str
    severity: Severity
    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.severity}: {self.problem}; {self.advice} [{self.rule}]"


_PIECE: Final = re.compile(r"[^\W\d_]+|\d+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MONEY: Final = frozenset(
    """amount balance change charge cost credit debit deposit discount due fee fees freight gross net paid payment price rent
    salary shipping subtotal sum tax taxes tip total totals vat wage""".split()
)
_NO_MONEY: Final = frozenset("rate percent percentage count number pages items quantity qty date id days".split())
_DATES: Final = frozenset("date day dob birthday birthdate deadline expiry expires issued".split())
_NO_DATES: Final = frozenset("format weekday name".split())
_OF_ITS_OWN: Final = frozenset(
    """label labels text caption title summary description answer reason reasoning explanation transcript transcription
    content kind type category word sentence headline question topic language""".split()
)
"""Names of texts that a model can always give: what makes an item of a list, or what it writes itself."""
_IDENTIFYING: Final = frozenset(
    """number no nr id code iban account reference phone mobile fax email address zip postcode sku serial date time""".split()
)
_ESCAPES: Final = frozenset(
    """other others unknown none unspecified misc miscellaneous undefined undetermined unclear unsure unreadable illegible
    na not absent missing else any neither empty null""".split()
)
_VAGUE: Final = frozenset(
    """a amount attribute attributes code content data date details element entry extra field fields flag from group id info
    item key kind level list meta misc name no note notes number object other period rate record ref reference result start
    end status text time title to type value values""".split()
)
_ABBREVIATIONS: Final = frozenset(
    """bcc bic cc css csv cvv cvc db dns dpi gps gst hmrc hst html http https jpg kg km kpi kwh ltd mrz nhs nr pdf pcs png pst
    pts qr qty rgb sgd sku sql ssn sms svg swft tbd tv url utc vat vlm www xml""".split()
)

Found: TypeAlias = Iterator[Finding]


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: ``invoiceDate`` and ``invoice_date`` have the same."""
    return [word.lower() for piece in _PIECE.findall(name) for word in _CAMEL.split(piece)]


def invention(place: Place) -> Found:
    """Required fields that cannot say that nothing is there, where a page may well show nothing."""
    words = words_of(place.name)
    if not place.required or place.nullable or not place.name or not words or _is_given(place, words):
        return
    for option in place.options:
        if option.kinds and set(option.kinds) <= {"string", "number", "integer"} and option.values is None:
            what = option.node.get("format", " or ".join(option.kinds))
            yield Finding(
                place.pointer,
                "invention",
                "error",
                f"{place.name!r} must be {'an' if what[0] in 'aeiou' else 'a'} {what}, also where the page shows none: a model invents one",
                "allow null (`| None = None`)",
            )
            return


def _is_given(place: Place, words: list[str]) -> bool:
    """Whether a model can always give a value: it counts, it describes, or an item is only there because of it."""
    if any(MARKER_KEY in option.node for option in place.options):
        return True
    kinds = {kind for option in place.options for kind in option.kinds}
    if kinds == {"integer"} and {"count", "counts"} & set(words):
        return True
    if kinds != {"string"}:
        return False
    dated = any("format" in option.node for option in place.options)
    return not dated and (words[-1] in _OF_ITS_OWN or (place.in_item and not _IDENTIFYING & set(words)))


def default_value(place: Place) -> Found:
    """Defaults that stand for what a page shows."""
    value = place.node.get("default")
    if place.name and not place.required and isinstance(value, (str, int, float)) and value not in ("", False):
        yield Finding(
            place.pointer,
            "default-value",
            "error",
            f"where {place.name!r} is not on the page it becomes {value!r}, as if it had been read",
            "make None the default, and put the usual value in its place afterwards",
        )


def endless_list(place: Place) -> Found:
    """Lists that need not end."""
    for option in place.options:
        node = option.node
        fixed = "prefixItems" in node and node.get("items", True) is False
        if "array" in option.kinds and "maxItems" not in node and not fixed and MARKER_KEY not in node:
            yield Finding(
                place.pointer,
                "endless-list",
                "error",
                f"the list has no largest length: a weak model repeats itself, and more than {MAX_ITEMS} items are cut off",
                "say how many there can be at most (`Field(max_length=...)`, `maxItems`)",
            )


def endless_text(place: Place) -> Found:
    """Strings that need not end."""
    for option in place.options:
        node = option.node
        ends = "maxLength" in node or node.get("format") in FORMATS or is_finite(str(node.get("pattern", "")))
        if option.kinds == ("string",) and option.values is None and MARKER_KEY not in node and not ends:
            yield Finding(
                place.pointer,
                "endless-text",
                "advice",
                f"the text has no largest length: a weak model can go on to {MAX_STRING} characters",
                "say how long it can be at most (`Field(max_length=...)`, `maxLength`)",
            )


def closed_choice(place: Place) -> Found:
    """Choices without a way out."""
    for option in place.options:
        texts = [value for value in option.values or () if isinstance(value, str)]
        known = {word for text in texts for word in words_of(text)}
        forced = not place.nullable and place.required and (place.name or not place.level)  # an item can be left out
        if len(texts) > 1 and forced and not known & _ESCAPES:
            yield Finding(
                place.pointer,
                "closed-choice",
                "error",
                f"one of {len(texts)} values must be chosen, also where none of them is right",
                'add "other" or "unknown", or allow null',
            )


def anything(place: Place) -> Found:
    """Values of any form, and keys that the model makes up."""
    told = any(option.kinds or option.values is not None for option in place.options)
    for option in place.options:
        node = option.node
        others = node.get("additionalProperties")
        if not told:
            what, instead = "may be anything", "say what it is: a type, fields, a list of items"
        elif option.kinds == ("object",) and isinstance(others, Mapping) and others:
            what, instead = "has keys that the model makes up", "ask for a list of items with a `label` and a `value`"
        elif option.kinds == ("object",) and (others not in (None, False) or _is_bare(node)):
            what, instead = "may have any keys", "name its fields, and forbid others (`extra='forbid'`)"
        else:
            continue
        yield Finding(
            option.pointer, "anything", "error", f"{_called(place)} {what}: no two answers are alike", instead
        )


def _is_bare(node: Mapping[str, object]) -> bool:
    return not any(key in node for key in ("properties", "patternProperties", "additionalProperties", "propertyNames"))


def inexact_money(place: Place) -> Found:
    """Amounts as floats of any digits."""
    words = set(words_of(place.name))
    if not words & _MONEY or words & _NO_MONEY:
        return
    for option in place.options:
        if option.kinds == ("number",) and "multipleOf" not in option.node and option.values is None:
            yield Finding(
                place.pointer,
                "inexact-money",
                "advice",
                f"{place.name!r} is a number of any digits, and sums of floats are not exact",
                "use `Decimal` with `decimal_places`, as `extraction.schemas.money.Amount` does",
            )


def date_as_text(place: Place) -> Found:
    """Dates without a form."""
    words = words_of(place.name)
    moment = words[-1:] in (["on"], ["at"]) and len(words) > 1
    if not (moment or _DATES & set(words)) or _NO_DATES & set(words):
        return
    for option in place.options:
        bare = option.kinds == ("string",) and not {"format", "pattern", "enum", "const"} & option.node.keys()
        if bare:
            yield Finding(
                place.pointer,
                "date-as-text",
                "advice",
                f"{place.name!r} is text of any form: 03/04/25 is two different days",
                "use `date` (format: date), which is written YYYY-MM-DD",
            )


def undescribed(place: Place) -> Found:
    """Names that could mean several things, and are not explained."""
    words = words_of(place.name)
    if place.description or not place.name:
        return
    if any(MARKER_KEY in option.node or option.values is not None for option in place.options):
        return  # a mark or the listed values explain it
    if not words or not any(map(_is_word, words)):
        yield Finding(
            place.pointer,
            "no-word",
            "advice",
            f"{place.name!r} is no word that a model knows",
            "take the name that documents print, or add a description",
        )
    elif len(words) == 1 and words[0] in _VAGUE:
        yield Finding(
            place.pointer,
            "undescribed",
            "advice",
            f"{place.name!r} could mean several things",
            "add a description, or a name that says which",
        )


def _is_word(word: str) -> bool:
    if word in _ABBREVIATIONS or not word.isascii():  # what is a word in other scripts is not judged
        return True
    return len(word) > 1 and word.isalpha() and any(char in "aeiouy" for char in word)


def _called(place: Place) -> str:
    return repr(place.name) if place.name else "an item" if place.level else "the answer"


FIELD_RULES: Final[tuple[Callable[[Place], Found], ...]] = (
    invention,
    default_value,
    endless_list,
    endless_text,
    closed_choice,
    anything,
    inexact_money,
    date_as_text,
    undescribed,
)
