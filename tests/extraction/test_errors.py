from __future__ import annotations

import builtins
import pickle
import re

import pytest
from langchain_core import exceptions as langchain_exceptions

from extraction import errors
from extraction.errors import (
    ContextLengthError,
    ExtractionError,
    ImageError,
    MissingExtraError,
    OptionError,
    OutputError,
    TruncatedOutputError,
)

CLASSES = {name: value for name, value in vars(errors).items() if getattr(value, "__module__", "") == errors.__name__}


def drawn_tree() -> dict[str, tuple[str, str | None]]:
    """The tree of the module's docstring: class -> (parent, other parent that "also" names)."""
    assert errors.__doc__
    tree: dict[str, tuple[str, str | None]] = {}
    path: list[str] = []
    for line in errors.__doc__.splitlines():
        found = re.fullmatch(r"    ([│├└─ ]*)(\w+Error)\b.*?(?:\(also (\w+)\))?", line)
        if found:
            path = [*path[: len(found[1]) // 4], found[2]]
            tree[found[2]] = (path[-2] if len(path) > 1 else "Exception", found[3])
    return tree


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    tree = drawn_tree()
    assert set(tree) | {"ContextLengthError"} == set(CLASSES)  # that one is told of in a sentence below the tree
    for name, (parent, other) in tree.items():
        first, *rest = (base.__name__ for base in CLASSES[name].__bases__)
        assert (first, rest) == (parent, [other] if other else []), name


def test_every_error_is_caught_as_the_root() -> None:
    assert all(issubclass(error, ExtractionError) for error in CLASSES.values())


def test_only_what_another_try_can_change_says_so() -> None:
    assert {name for name, error in CLASSES.items() if error.retryable} == {
        "GenerationError",
        "GenerationCancelledError",
        "OutputError",
        "TruncatedOutputError",
        "UnreadableOutputError",
        "SchemaMismatchError",
        "DocumentError",
    }


@pytest.mark.parametrize(
    ("error", "also"),
    [
        (ImageError("is empty", source="a.png"), builtins.ValueError),
        (OptionError("top_p is 2"), builtins.ValueError),
        (MissingExtraError("langchain is not installed"), builtins.ImportError),
        (ContextLengthError("9,000 tokens do not fit"), langchain_exceptions.ContextOverflowError),
        (TruncatedOutputError("cut off", llm_output="{"), langchain_exceptions.OutputParserException),
    ],
)
def test_code_that_knows_only_the_usual_errors_catches_ours(error: ExtractionError, also: type[Exception]) -> None:
    with pytest.raises(also) as caught:
        raise error
    assert caught.value is error


def test_the_hint_follows_the_message() -> None:
    assert str(OptionError("top_p is 2")) == "top_p is 2"
    assert str(OptionError("top_p is 2", hint="it lies in 0..1")) == "top_p is 2 (it lies in 0..1)"


def test_a_picture_is_named_by_its_source() -> None:
    error = ImageError("is empty", source="scan.png", hint="send another")
    assert (str(error), error.source) == ("scan.png: is empty (send another)", "scan.png")


def test_an_answer_that_cannot_be_used_comes_with_its_text() -> None:
    error = TruncatedOutputError(
        "the answer was cut off", llm_output='{"total": 12', finish_reason="length", partial={}, hint="more tokens"
    )
    assert str(error) == "the answer was cut off (more tokens)"
    assert (error.llm_output, error.finish_reason, error.partial) == ('{"total": 12', "length", {})
    assert error.observation == "the answer was cut off"  # what LangChain's agents are told


@pytest.mark.parametrize(
    "error",
    [
        OptionError("top_p is 2", hint="it lies in 0..1"),
        ImageError("is empty", source="scan.png", hint="send another"),
        OutputError("not JSON", llm_output="Sorry", finish_reason="stop", partial=[1], hint="ask again"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_travel_between_processes(error: ExtractionError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
