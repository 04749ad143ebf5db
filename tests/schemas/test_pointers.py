"""JSON pointers: written, read, and of every leaf of a value."""

from __future__ import annotations

from extraction.schemas.pointers import leaves_of, pointer, pointer_under, steps_of


def test_steps_come_back_from_a_pointer_whatever_is_in_them() -> None:
    path = ("a/b", "c~d", "~1", "", 0)
    assert pointer(path) == "/a~1b/c~0d/~01//0"
    assert steps_of(pointer(path)) == [str(step) for step in path]
    assert (pointer(()), steps_of("")) == ("", [])


def test_a_place_below_another() -> None:
    assert pointer_under("/rows/3", "a/b", 1) == "/rows/3/a~1b/1"
    assert pointer_under("/rows") == "/rows"


def test_leaves_are_what_holds_nothing() -> None:
    value = {"a": [1, {"b": None}], "c": {}, "d": []}
    assert list(leaves_of(value)) == [(("a", 0), 1), (("a", 1, "b"), None)]
    assert list(leaves_of("text", ("x",))) == [(("x",), "text")]
