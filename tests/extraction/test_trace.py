"""What is recorded of each token, with scores that are made up, so that every number can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch

from extraction.grammar import Constraint
from extraction.tools import ToolDialect
from extraction.trace import Trace, Watch, list_limits

INFINITE = math.inf


class Model:
    """A vocabulary, and answers that are written token by token with given probabilities."""

    def __init__(self, *tokens: str, limits: frozenset[int] = frozenset()) -> None:
        self.tokens = [*tokens, "<end>"]
        self.text = ""
        self.watch = Watch(self.tokens.__getitem__, ends=frozenset({len(tokens)}), limits=limits)

    @property
    def trace(self) -> Trace:
        return self.watch.trace

    def force(self, token: str) -> None:
        self.text += token
        self.watch.write(self.tokens.index(token), len(self.text))

    def choose(self, token: str, **shares: float) -> None:
        self.decide(token, shares, allowed=list(shares))

    def decide(self, token: str, shares: dict[str, float], allowed: Sequence[str]) -> None:
        """Writes a token; what ``shares`` does not name has no probability."""
        scores = torch.tensor([math.log(shares.get(one, 1e-30)) + 3.0 for one in self.tokens])
        self.watch.look(scores)
        for index, one in enumerate(self.tokens):
            if one not in allowed:
                scores[index] = -INFINITE
        self.watch.choose(self.tokens.index(token), scores, len(self.text))
        self.force(token)


def _shares(logs: Sequence[float]) -> list[float]:
    return [round(math.exp(log), 5) for log in logs]


def test_a_decision_is_its_share_of_what_is_allowed_and_what_is_removed_is_told() -> None:
    model = Model("a", "b", "c")
    model.decide("b", {"a": 0.2, "b": 0.3, "c": 0.4, "<end>": 0.1}, ["a", "b"])
    assert _shares(model.trace.chosen) == [0.6]
    assert _shares(model.trace.allowed) == [0.5]
    assert model.trace.wanted == {0: ("c", "b")}
    model.decide("a", {"a": 0.1, "<end>": 0.9}, ["a", "b"])
    assert model.trace.wanted[1] == ("", "a")
    model.decide("c", {"a": 0.3, "c": 0.1, "b": 0.6}, ["a", "b", "c"])
    assert _shares(model.trace.allowed) == [0.5, 0.1, 1.0]
    assert list(model.trace.starts) == [0, 1, 2]
    assert list(model.trace.ends) == [1, 2, 3]


def test_forced_tokens_are_no_decisions() -> None:
    model = Model("{", "a", "b")
    model.force("{")
    model.decide("a", {"b": 1.0}, ["a"])  # as the plain loop asks for every token
    model.choose("b", a=0.5, b=0.5)
    model.force("a")
    assert list(zip(model.trace.starts, model.trace.ends, strict=True)) == [(2, 3)]
    assert model.trace.wanted == {}


def test_where_only_allowed_tokens_have_scores_what_was_removed_is_unknown() -> None:
    model = Model("a", "b", "c")
    model.watch.partial = True
    model.decide("b", {"a": 0.2, "b": 0.3, "c": 0.5}, ["a", "b"])
    assert _shares(model.trace.chosen) == [0.6]
    assert math.isnan(model.trace.allowed[0])
    assert model.trace.wanted == {}


def test_a_token_that_ends_a_value_and_goes_on_is_two_decisions() -> None:
    model = Model('["', "x", '", "', '"]', "y", "\\")
    model.force('["')
    model.choose("x", x=0.5, y=0.5)
    model.choose('", "', **{'", "': 0.3, '"]': 0.2, "y": 0.5})
    assert [model.text[start:end] for start, end in zip(model.trace.starts, model.trace.ends, strict=True)] == [
        "x",
        '"',
        ', "',
    ]
    assert _shares(model.trace.chosen) == [0.5, 0.5, 0.6]
    model.choose("\\", **{"\\": 0.5, "x": 0.5})
    model.choose('"]', **{'"]': 0.5, '", "': 0.5})  # an escaped quotation mark, which ends nothing
    assert len(model.trace.starts) == 5


def test_a_choice_between_few_keeps_what_each_would_become() -> None:
    model = Model("r", "red", "b", "rose")
    follows = {"r": "", "red": '"', "b": 'lue"', "rose": '"'}
    scores = torch.tensor([math.log(share) for share in (0.1, 0.2, 0.3, 0.4)] + [-INFINITE])
    model.watch.look(scores)
    model.watch.choose(1, scores, 0, lambda token: follows[model.tokens[token]])
    found = [(text, round(share, 5)) for text, share in model.trace.spellings[0]]
    assert found == [('red"', 0.2), ("r", 0.1), ('blue"', 0.3), ('rose"', 0.4)]
    model = Model(*map(str, range(100)), "x")
    model.decide("x", {}, model.tokens[:101])
    assert model.trace.spellings == {}


def test_numbers_end_where_no_digit_follows() -> None:
    model = Model("[", "1", "2", "]", ", ")
    model.force("[")
    model.choose("1", **{"1": 0.25, "2": 0.75})
    model.choose(", ", **{", ": 0.1, "]": 0.1, "2": 0.8})
    found = [
        (model.text[a:b], share)
        for a, b, share in zip(model.trace.starts, model.trace.ends, _shares(model.trace.chosen), strict=True)
    ]
    assert found == [("1", 0.25), ("", 0.2), (", ", 0.5)]
    assert [(digits, round(share, 5)) for digits, share in model.trace.rivals[0]] == [("2", 0.75), ("1", 0.25)]


def test_a_list_that_may_grow_no_further_is_asked_about() -> None:
    model = Model('{"a": [', "1", ", ", "]", "}", '"]"', limits=frozenset({2}))
    ids = model.tokens.index
    rest = [ids("]"), ids("}")]
    for token in ('{"a": [', "1"):
        model.force(token)
    assert model.watch.unasked(rest) == 2  # one item: more could come
    assert model.watch.unasked([ids(", "), ids('"]"'), *rest]) == 2
    for token in (", ", '"]"'):
        model.force(token)
    assert model.watch.unasked(rest) == 0
    model.decide("]", {", ": 0.75, "]": 0.25}, ["]"])
    assert model.trace.wanted == {0: (", ", "]")}
    assert _shares(model.trace.allowed) == [0.25]
    assert model.watch.unasked(rest[1:]) == 1


@pytest.mark.parametrize(
    ("schema", "limits"),
    [
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 3}, {3}),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}, set()),
        ({"type": "array", "items": {"type": "array", "items": {"type": "null"}, "maxItems": 2}}, {2, 100}),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, set()),
    ],
)
def test_the_limits_of_lists(schema: dict[str, object], limits: set[int]) -> None:
    assert list_limits(Constraint.of(schema), ToolDialect()) == limits
    assert (
        list_limits(Constraint.of(tools={"tool": {"type": "object", "properties": {"x": schema}}}), ToolDialect())
        == limits
    )
