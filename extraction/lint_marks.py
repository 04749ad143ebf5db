"""The rule of ``linting`` about marks for many pages: a misspelt path would leave a document unchecked without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from extraction.documents.fields import Field
from extraction.errors import SchemaError
from extraction.lint_fields import Finding
from extraction.lint_places import Place
from extraction.schemas.merging import CountOf, Key, RunningBalance, SumOf, marks_of
from extraction.schemas.pointers import pointer_under


def lost_marks(document: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    """Marks of an object's fields that are written wrongly, or name what is not there.

    Args:
        document: The whole JSON schema.
        place: The object.
    """
    for option in place.options:
        owner = Field(document, option.node)
        for name in owner.names:
            field = owner.below(name)
            pointer = pointer_under(option.pointer, "properties", name)
            try:
                marks = [mark for node in field.nodes for mark in marks_of(node, at=pointer)]
            except SchemaError as error:
                yield Finding(pointer, "mark", "error", error.message, "write it as `extraction.schemas.merging` does")
                continue
            for mark in dict.fromkeys(marks):
                for path in _lost(mark, owner, field):
                    problem = f"{type(mark).__name__} of {name!r} names {path!r}, which is not there"
                    yield Finding(
                        pointer, "mark", "error", problem, "name a field; of all items of a list: list/*/field"
                    )


def _lost(mark: object, owner: Field, field: Field) -> Iterator[str]:
    """The paths of a mark that lead nowhere."""
    beside: Sequence[str | None] = ()
    inside: Sequence[str] = ()
    if isinstance(mark, CountOf):
        beside = [mark.path]
    elif isinstance(mark, SumOf):
        beside = mark.terms
    elif isinstance(mark, Key):
        inside = mark.fields
    elif isinstance(mark, RunningBalance):
        beside, inside = [mark.start, mark.end], [mark.balance, *mark.of]
    for start, paths in ((owner, beside), (field.item, inside)):
        yield from (path for path in paths if path is not None and not _leads(start, path.removeprefix("-").split("/")))


def _leads(field: Field, steps: Sequence[str]) -> bool:
    for step in steps:
        if step == "*" and field.kind == "list":
            field = field.item
        elif step in field.names:
            field = field.below(step)
        else:
            return False
    return True
