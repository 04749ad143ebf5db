"""What a schema asks for, as a tree: leaves with the kind of their values and the names that paper may give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from extraction.errors import SchemaError
from extraction.places import GEOMETRY
from extraction.rules.naming import (
    TYPED_WORDS,
    LeafKind,
    concepts_of,
    is_compatible,
    owner_of,
    phrases_of,
    singular,
    words_of,
)
from extraction.schemas.json_schema import reference_in, resolve_reference
from extraction.schemas.markers import MARKER_KEY
from extraction.vocabulary.concepts import concepts, kind_of


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value that is wanted.

    Attributes:
        form: Its JSON schema, references resolved, without null.
        nullable: Whether null may stand there.
        kind: What its value looks like on paper.
        concepts: What is looked for, the surest first.
        phrases: What the schema itself calls it: words in lower case, parted by blanks.
        owner: Whose it is: "company", "customer", "ship_to", or "" where nothing is said.
        written: Whether the text is wanted as it is printed; else a number, an ISO date, a choice.
        words: The words of its name.
    """

    form: Mapping[str, Any]
    nullable: bool
    kind: LeafKind
    concepts: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    owner: str = ""
    written: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an object: its key, what is wanted, and whether it must be there."""

    key: str
    node: Node
    required: bool


@dataclass(frozen=True, slots=True)
class Group:
    """An object that is wanted, field by field; ``concepts``, ``phrases`` and ``words`` are those of its own name."""

    form: Mapping[str, Any]
    nullable: bool
    fields: tuple[Field, ...]
    concepts: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is wanted, and what its items are."""

    form: Mapping[str, Any]
    nullable: bool
    item: Node
    concepts: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


Node: TypeAlias = Leaf | Group | Listing


@dataclass(frozen=True, slots=True)
class _Context:
    """Where a part of a schema stands: the name of its field, and what is around it."""

    root: Mapping[str, Any]
    name: str = ""
    concepts: tuple[str, ...] = ()
    owner: str = ""
    phrases: tuple[str, ...] = ()
    listed: bool = False
    seen: tuple[int, ...] = field(default=())


def wanted(schema: Mapping[str, Any]) -> Node:
    """What a JSON schema asks for.

    Raises:
        SchemaError: A reference leads nowhere, or the schema holds itself without a way out.
    """
    return _node(schema, _Context(schema))


def leaves(node: Node) -> Iterator[Leaf]:
    """All leaves of a tree, from top to bottom."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Listing):
        yield from leaves(node.item)
    else:
        for one in node.fields:
            yield from leaves(one.node)


def phrases_in(node: Node) -> set[str]:
    """All that a schema calls its parts."""
    own = set(node.phrases)
    if isinstance(node, Listing):
        return own | phrases_in(node.item)
    return own.union(*(phrases_in(one.node) for one in node.fields)) if isinstance(node, Group) else own


def _node(form: Any, context: _Context) -> Node:
    form, nullable, seen = _resolved(form, context)
    context = replace(context, seen=seen)
    words = words_of(context.name)
    kind = _type_of(form)
    own = phrases_of(context.name, form, titled=kind != "object")
    if form.get(MARKER_KEY) in GEOMETRY:
        return Leaf(form, nullable, "box" if form[MARKER_KEY] == "box" else "other", words=words)
    if MARKER_KEY in form:
        return Leaf(form, nullable, "other", words=words)
    if kind == "object" and isinstance(form.get("properties"), Mapping):
        found = concepts_of(words, None, context.listed) or context.concepts
        owner = owner_of(words) or context.owner
        # An object is no number of a line, whatever it is called: what "lines" have as their "amount" is money.
        found = tuple(name for name in found if name != "position")
        below = replace(context, concepts=found, owner=owner, phrases=() if context.listed else own)
        required = set(form.get("required", ()))
        fields = tuple(
            Field(key, _node(one, replace(below, name=key)), key in required) for key, one in form["properties"].items()
        )
        return Group(form, nullable, fields, found, own, words)
    if kind == "array" and isinstance(form.get("items"), Mapping):
        found = concepts_of(singular(words), None, context.listed)
        owner = owner_of(words) or context.owner
        one = replace(context, name=" ".join(singular(words)), concepts=found, owner=owner, listed=True)
        item = _node(form["items"], one)
        return Listing(form, nullable, item, found, own, words)
    if kind in ("object", "array"):
        return Leaf(form, nullable, "other", words=words)
    return _leaf(form, nullable, words, own, context)


def _leaf(
    form: Mapping[str, Any], nullable: bool, words: tuple[str, ...], own: tuple[str, ...], context: _Context
) -> Leaf:
    kind, written = _form_kind(form)
    found = concepts_of(words, kind, context.listed)
    owner = owner_of(words) or context.owner
    generic = not words or set(words) <= {
        "value",
        "text",
        "amount",
        "number",
        "content",
        "name",
        "raw",
        "string",
        "code",
        "currency",
    }
    if generic and context.concepts and (not words or words[0] != "currency"):
        around = tuple(one for one in context.concepts if is_compatible(concepts()[one].kind, kind))
        found = around or found
    if generic:
        own = (*own, *context.phrases)
    return Leaf(form, nullable, _kind_of(kind, words, found), found, own, owner, written, words)


def _kind_of(kind: LeafKind | None, words: tuple[str, ...], found: tuple[str, ...]) -> LeafKind:
    """The kind of a field's values: what its type says, made more exact by its concept or a word of its name."""
    meant = kind_of(found[0]) if found else None
    if kind is None:
        if meant is not None:
            return meant
        return next((TYPED_WORDS[word] for word in reversed(words) if word in TYPED_WORDS), "text")
    if kind != "number":
        return kind
    if meant in ("money", "percent"):
        return meant
    return "money" if meant is None and any(TYPED_WORDS.get(word) == "money" for word in words) else kind


def _form_kind(form: Mapping[str, Any]) -> tuple[LeafKind | None, bool]:
    """The kind that a type, a format or a choice says; None for a text that may be anything; and if text as printed is wanted."""
    if "const" in form:
        return "const", False
    if "enum" in form:
        return "enum", False
    kind, format_ = _type_of(form), form.get("format")
    if kind == "string":
        formats: dict[Any, LeafKind] = {"date": "date", "time": "time", "email": "email", "idn-email": "email"}
        formats |= {"uri": "url", "url": "url"}
        if format_ in ("date", "time"):
            return formats[format_], False
        if format_ in formats:
            return formats[format_], True
        pattern = str(form.get("pattern", ""))
        if re.fullmatch(r"\^\(?(\[A-Z\]\{3\}|[A-Z]{3}(\|[A-Z]{3})*)\)?\$", pattern):
            return "currency", False
        if "[0-5][0-9]" in pattern and ":" in pattern and "T(" not in pattern:
            return "time", False
        if format_ is not None or "T([01]" in pattern:
            return "other", False  # moments, durations, UUIDs: no such thing is printed as it would have to be written
        return None, True
    kinds: dict[str, LeafKind] = {"number": "number", "integer": "integer", "boolean": "boolean", "null": "null"}
    return kinds.get(kind, "any" if not kind else "other"), False


def _type_of(form: Mapping[str, Any]) -> str:
    kind = form.get("type")
    if isinstance(kind, list):
        return str(next((one for one in kind if one != "null"), "null"))
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in form else "array" if "items" in form else ""


def _resolved(form: Any, context: _Context) -> tuple[dict[str, Any], bool, tuple[int, ...]]:
    """A form without references and unions, whether null may stand there, and which definitions it lies in."""
    nullable, seen = False, context.seen
    merged = dict(form) if isinstance(form, Mapping) else {}
    for _ in range(64):
        reference = reference_in(merged)
        if reference is not None:
            target = resolve_reference(context.root, reference)
            if id(target) in seen:
                return {"type": "recursive"}, True, seen  # what holds itself is filled as deep as it is written out
            seen = (*seen, id(target))
            own = {key: value for key, value in merged.items() if key not in ("$ref", "$dynamicRef")}
            merged = {**target, **own} if isinstance(target, Mapping) else own
            continue
        union = next((merged[key] for key in ("anyOf", "oneOf") if isinstance(merged.get(key), list)), None)
        if union is None and isinstance(merged.get("allOf"), list) and merged["allOf"]:
            rest = {key: value for key, value in merged.items() if key != "allOf"}
            merged = {
                **{key: value for part in merged["allOf"] if isinstance(part, Mapping) for key, value in part.items()},
                **rest,
            }
            continue
        if union is None:
            break
        branches = [one for one in union if isinstance(one, Mapping)]
        real = [one for one in branches if one.get("type") != "null" and one.get("const", 0) is not None]
        nullable |= len(real) < len(branches)
        own = {key: value for key, value in merged.items() if key not in ("anyOf", "oneOf")}
        merged = {**(_first_branch(real) if real else {"type": "null"}), **own}
    else:
        raise SchemaError("the schema is nested too deeply")
    kinds = merged.get("type")
    nullable |= kinds == "null" or (isinstance(kinds, list) and "null" in kinds) or (None in merged.get("enum", ()))
    return merged, nullable, seen


def _first_branch(branches: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of the branches of a union the one that says most of what its values look like: a number before a text."""
    return min(branches, key=lambda one: one.get("type") == "string" and "format" not in one and "enum" not in one)
