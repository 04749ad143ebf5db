"""``check_schema``: what in a schema will hurt, before a model is asked: invented values, endless lists, vain keywords.

A schema can be valid and still make a good model give bad values. Each rule knows one way in which it does, says where, and
says what to write instead. No model is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel

from extraction.bounds import Caps
from extraction.conventions import RELATIVE_1000
from extraction.errors import BoxConventionError, SchemaError
from extraction.families import FamilyLike, find_family
from extraction.forms import known
from extraction.grammar import unenforced
from extraction.lint_fields import FIELD_RULES, Finding
from extraction.lint_marks import lost_marks
from extraction.lint_places import Place, places, pointer_of
from extraction.merging import Facts, Part, disjoint
from extraction.prompts import has_geometry, schema_text
from extraction.references import References
from extraction.relaxing import Translator
from extraction.schemas import Schema, json_schema_of, load_schema
from extraction.schemas.pointers import pointer_under

MAX_FORM: Final = 1500
"""Tokens of a form above which asking in parts is advised: a choice, twice the form of an invoice."""
MAX_LEVEL: Final = 6
"""Levels of objects and lists above which joining some is advised: a choice, one more than a chart has."""
CHARS_PER_TOKEN: Final = 3.5
"""An estimate: no tokenizer is loaded to check a schema."""


def check_schema(schema: Schema | str, *, family: FamilyLike | None = None) -> list[Finding]:
    """What in a schema will hurt, from the outside in; nothing where it is as it should be.

    Args:
        schema: A type that Pydantic validates, a JSON schema, or what ``load_schema`` finds by a name, ``module:Class``,
            ``file.py:Class`` or the path of a JSON Schema file.
        family: The family of the model that will be asked, to see whether it writes boxes.

    Raises:
        SchemaError: There is no such schema, or it is malformed.
        BoxConventionError: There is no such family.

    Example:
        >>> from pydantic import BaseModel
        >>> class Bill(BaseModel):
        ...     due_date: str
        >>> [finding.rule for finding in check_schema(Bill)]
        ['invention', 'endless-text', 'date-as-text']
    """
    target = load_schema(schema)
    document = json_schema_of(target)
    found = [*_grammar(document), *_boxes(document, family)]
    listed = list(places(document))
    for place in listed:
        for rule in FIELD_RULES:
            found += rule(place)
        found += [*_same_names(place), *lost_marks(document, place)]
    found += _unions(document)
    found += _size(document, listed, family)
    found += _same_aliases(target)
    return list(dict.fromkeys(found))


def _grammar(document: dict[str, Any]) -> Iterator[Finding]:
    """Keywords that no grammar holds, or that none can be made at all."""
    try:
        notes = unenforced(document)
    except SchemaError as error:
        yield Finding("", "no-grammar", "error", error.message, error.hint or "a local model cannot be held to it")
        return
    for keyword, path in notes:
        known_later = keyword not in ("format", "contentSchema")
        yield Finding(
            pointer_of(document, path),
            "unenforced",
            "error" if known_later else "advice",
            f"{keyword!r} cannot be enforced while a model writes"
            + (", so a whole answer can be refused for it" if known_later else ""),
            "leave it out, or check it in your own code",
        )


def _boxes(document: dict[str, Any], family: FamilyLike | None) -> Iterator[Finding]:
    """Boxes for a family that writes none in JSON."""
    if family is None:
        return
    boxes = find_family(None, "", family).boxes
    try:
        if has_geometry(document):
            known(boxes)
    except BoxConventionError as error:
        yield Finding("", "boxes", "error", error.message, error.hint or "ask for no boxes")


def _same_names(place: Place) -> Iterator[Finding]:
    """Fields of one object that a model takes for the same."""
    for option in place.options:
        first: dict[str, str] = {}
        for name in option.node.get("properties", {}):
            other = first.setdefault("".join(char for char in name.casefold() if char.isalnum()) or name, name)
            if other != name:
                pointer = pointer_under(option.pointer, "properties", name)
                yield Finding(
                    pointer,
                    "same-name",
                    "error",
                    f"{name!r} and {other!r} are one name to a model",
                    "keep one of them, or call them by what tells them apart",
                )


def _same_aliases(target: Any) -> Iterator[Finding]:
    """Fields of a class with one alias: JSON holds only the last of them."""
    waiting, seen = [target], set[Any]()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)) or kind in seen:
            continue
        seen.add(kind)
        first: dict[str, str] = {}
        for name, field in kind.model_fields.items():
            waiting.append(field.annotation)
            alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias or name
            other = first.setdefault(alias, name)
            if other != name:
                problem = (
                    f"{other!r} and {name!r} of {kind.__name__} are both called {alias!r}: only one reaches the model"
                )
                yield Finding("", "same-name", "error", problem, "give each an alias of its own")


def _unions(document: dict[str, Any]) -> Iterator[Finding]:
    """Alternatives of which one value can be two."""
    references = References(document)
    translator = Translator(document, Caps())

    def follow(part: Part) -> Part:
        passed = set[int]()
        while isinstance(part.node, dict) and id(part.node) not in passed:
            passed.add(id(part.node))
            part = references.target(part) or part
        return part

    waiting, seen = [Part(document, "$")], set[int]()
    while waiting:
        part = waiting.pop()
        if not isinstance(part.node, dict) or id(part.node) in seen:
            continue
        seen.add(id(part.node))
        for keyword in ("anyOf", "oneOf"):
            options = [translator.facts([option]) for option in part.below(keyword) if isinstance(option.node, dict)]
            if _overlap(options, follow):
                yield Finding(
                    pointer_of(document, part.path),
                    "union",
                    "error",
                    f"the alternatives of {keyword!r} cannot be told apart by an answer: the first that fits is taken",
                    "give each a field with a constant of its own (`kind: Literal[...]`), or make them one",
                )
        for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
            waiting += part.below(name)
        for name in ("properties", "$defs", "definitions", "patternProperties"):
            waiting += part.named(name).values()
        waiting += [part.at(name) for name in ("items", "additionalProperties") if name in part.node]


def _overlap(options: list[list[Facts]], follow: Callable[[Part], Part]) -> bool:
    return any(
        not disjoint(one, other, follow) and not _alike(one, other)
        for index, option in enumerate(options)
        for following in options[index + 1 :]
        for one in option
        for other in following
    )


def _alike(one: Facts, other: Facts) -> bool:
    """Whether it does not matter which of two is meant: two numbers, or two texts that each have a form."""
    kinds = {*one.allowed_kinds(), *other.allowed_kinds()}
    if kinds == {"string"}:
        return all(facts.formats or facts.patterns or facts.values for facts in (one, other))
    return bool(kinds) and kinds <= {"integer", "number"}


def _size(document: dict[str, Any], listed: Sequence[Place], family: FamilyLike | None) -> Iterator[Finding]:
    """What makes a form long or deep."""
    boxes = None if family is None else find_family(None, "", family).boxes
    convention = RELATIVE_1000 if boxes is None or boxes.kind == "grid" else boxes
    tokens = round(len(schema_text(document, convention)) / CHARS_PER_TOKEN)
    if tokens > MAX_FORM:
        yield Finding(
            "",
            "large",
            "advice",
            f"the form takes about {tokens} tokens of every prompt, and each field some of the answer",
            "leave out what nobody needs, shorten descriptions, or ask in several parts",
        )
    deepest = max(listed, key=lambda place: place.level)
    if deepest.level > MAX_LEVEL:
        yield Finding(
            deepest.pointer,
            "deep",
            "advice",
            f"it stands {deepest.level} levels of objects and lists deep: a model loses its way there",
            "join levels that hold one thing only",
        )
