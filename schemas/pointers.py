"""JSON pointers (RFC 6901): from a path to its text and back, and the leaves of a value with their paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def pointer(path: Iterable[str | int]) -> str:
    """A path as a JSON pointer, empty for the whole value."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def pointer_under(place: str, *steps: str | int) -> str:
    """The JSON pointer of what stands at some steps below the place of another."""
    return place + pointer(steps)


def steps_of(pointer: str) -> list[str]:
    """The keys and indices of a JSON pointer, all as text."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def leaves_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """What a JSON value holds that is no object and no list, in order, each with its path.

    Args:
        value: The value.
        path: Where it stands itself.
    """
    if isinstance(value, (Mapping, list)):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from leaves_of(item, (*path, key))
    else:
        yield path, value
