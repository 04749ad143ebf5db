"""What the model thought of every token that it chose: recorded while an answer is written, two numbers a token."""

from __future__ import annotations

import functools
import math
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from extraction.grammar import finite_schemas

_T = TypeVar("_T")

if TYPE_CHECKING:
    import torch

    from extraction.grammar import Constraint
    from extraction.tools import ToolDialect

UNKNOWN = math.nan
"""The log of a probability mass that nobody computed."""
REMOVED = 0.05
"""Share of probability from which it is looked at what the grammar removed."""
SURE = -1e-4
"""Above this log-probability a choice had no rivals worth looking at."""
RIVALS = 64
"""Likeliest tokens that are looked at beside the one that was taken."""

LEAST = 1e-4
"""Rivals below this probability are not kept."""

_MOST = 80.0  # so that a token that should never have been drawn does not overflow

_NUMBER = re.compile(r"[0-9.eE+-]*")
_TO_QUOTE = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(slots=True)
class Trace:
    """The decisions of one answer, in order; tokens that the grammar forces are none.

    All probabilities are those of the model's own distribution, at temperature 1 and before ``top_k`` and ``top_p``.
    A token that ends a string or a number and goes on behind it decided two things, and is two entries.

    Attributes:
        starts: Index in the answer's text of each decision's first character.
        ends: Index behind its last one; the same as ``starts`` where it has none, or only a part of a character.
        chosen: Log of its probability among all that the grammar allowed.
        allowed: Log of the probability of all that was allowed; ``UNKNOWN`` where the rest had no scores.
        wanted: Where the likeliest token of all was not allowed, by the index of the decision: its text, empty for the
            end of the answer, and the text of the token that was taken.
        rivals: Of digits that were no sure thing, by the index of the decision: what numbers could have gone on with
            instead, each with its probability among all that the grammar allowed.
        spellings: Of a choice between few tokens, as of the values of an enumeration, by the index of the decision: each
            with the text that the grammar then forces, and its probability, the one that was taken first.
        own: Index in the text behind the last character that the model wrote; what follows was filled in without it.
    """

    starts: array[int] = field(default_factory=lambda: array("L"))
    ends: array[int] = field(default_factory=lambda: array("L"))
    chosen: array[float] = field(default_factory=lambda: array("f"))
    allowed: array[float] = field(default_factory=lambda: array("f"))
    wanted: dict[int, tuple[str, str]] = field(default_factory=dict)
    rivals: dict[int, list[tuple[str, float]]] = field(default_factory=dict)
    spellings: dict[int, list[tuple[str, float]]] = field(default_factory=dict)
    own: int | None = None

    def first(self, number: int) -> Trace:
        """A trace of the first decisions alone."""

        def kept(told: Mapping[int, _T]) -> dict[int, _T]:
            return {index: value for index, value in told.items() if index < number}

        return Trace(
            self.starts[:number],
            self.ends[:number],
            self.chosen[:number],
            self.allowed[:number],
            kept(self.wanted),
            kept(self.rivals),
            kept(self.spellings),
        )

    def as_json(self) -> dict[str, Any]:
        """The trace as JSON, to go on with."""
        told: dict[str, Any] = {name: getattr(self, name).tolist() for name in ("starts", "ends", "chosen")}
        told["allowed"] = [None if math.isnan(one) else one for one in self.allowed]
        for name in ("wanted", "rivals", "spellings"):
            told[name] = {str(index): list(value) for index, value in getattr(self, name).items()}
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Trace:
        """The inverse of ``as_json``.

        Raises:
            ValueError, TypeError, KeyError, OverflowError, AttributeError: It is not what that makes.
        """
        trace = cls(
            array("L", told["starts"]),
            array("L", told["ends"]),
            array("f", told["chosen"]),
            array("f", [UNKNOWN if one is None else one for one in told["allowed"]]),
            {int(index): (str(wanted), str(taken)) for index, (wanted, taken) in told["wanted"].items()},
        )
        for name in ("rivals", "spellings"):
            for index, ways in told[name].items():
                getattr(trace, name)[int(index)] = [(str(text), float(share)) for text, share in ways]
        if not len(trace.starts) == len(trace.ends) == len(trace.chosen) == len(trace.allowed):
            raise ValueError("lists of different lengths")
        return trace

    def add(self, start: int, end: int, chosen: float, allowed: float) -> None:
        """Puts a decision behind the others."""
        self.starts.append(start)
        self.ends.append(end)
        self.chosen.append(min(chosen, 0.0))
        self.allowed.append(min(allowed, 0.0))


class Watch:
    """Records the trace of a row.

    Attributes:
        trace: What was recorded so far.
        partial: Whether scores are those of allowed tokens only, so that nobody knows what the grammar removes.
    """

    def __init__(
        self,
        decode: Callable[[int], str],
        *,
        ends: frozenset[int],
        limits: frozenset[int],
        before: Trace | None = None,
    ) -> None:
        """Begins a trace.

        Args:
            decode: Gives the text of a token.
            ends: Tokens that end an answer.
            limits: Lengths at which a list of the schema may have to end (see ``list_limits``).
            before: The trace of what was written of the answer before, to go on from.
        """
        self.trace = Trace() if before is None else before.first(len(before.starts))
        self.partial = False
        self._decode = decode
        self._ends = ends
        self._lists = _Lists(limits)
        self._free: torch.Tensor | None = None  # scores of all tokens, before the grammar
        self._chose = False  # whether the text of the last decision is still to come
        self._end = 0  # where it will end
        self._settled = len(self.trace.starts)  # decisions whose text is there

    def look(self, scores: torch.Tensor) -> None:
        """Takes in the scores of all tokens, shape (vocabulary,), as the model gave them."""
        self._free = None if self.partial else scores.clone()

    def choose(
        self, token: int, scores: torch.Tensor, start: int, follows: Callable[[int], str] = lambda _: ""
    ) -> None:
        """Records a decision.

        Args:
            token: The token that was chosen.
            scores: Those of all tokens, -inf where the grammar forbids them.
            start: Length of the text before it.
            follows: Gives the text that the grammar would force behind a token.
        """
        import torch

        text = self._decode(token)
        free = scores if self._free is None else self._free
        of_all, chosen = (
            torch.stack((free, scores)).log_softmax(-1)[:, token].tolist()
        )  # one kernel: this is on the way
        if chosen == 0 and _is_alone(scores) and not self._lists.closes_full(text):
            return  # the grammar left no choice
        allowed = UNKNOWN if self._free is None else of_all - chosen
        if allowed < -REMOVED and scores[likeliest := int(free.argmax())] == -math.inf:
            self.trace.wanted[len(self.trace.starts)] = "" if likeliest in self._ends else self._decode(likeliest), text
        self._chose, self._end = True, start + len(text)
        behind = self._lists.end_of_value(text)
        if chosen <= SURE and self._lists.in_number(text):
            self.trace.rivals[len(self.trace.starts)] = self._digits(scores, float(scores[token]) - chosen)
        elif chosen <= SURE and behind is None and (spellings := self._spellings(token, scores, follows)):
            self.trace.spellings[len(self.trace.starts)] = spellings
        if behind is None:
            self.trace.add(start, start, chosen, allowed)
        else:
            ended = chosen if chosen > SURE else chosen + self._rivals_that_end(token, behind, scores)
            self.trace.add(start, start + behind, ended, allowed)
            self.trace.add(start + behind, start + behind, chosen - ended, 0.0)

    def write(self, token: int, end: int) -> None:
        """Follows the text by a token, chosen or forced; ``end`` is its length with it."""
        self._lists.read(self._decode(token))
        if self._chose:
            self.trace.ends[-1] = max(end, self.trace.starts[-1])
            self._chose = False
            self._settled = len(self.trace.starts)

    def cut(self, own: int) -> Trace:
        """The answer is cut where the model's own text ends; the trace to go on from.

        A token that was chosen and did not fit any more counts if a part of it is written all the same.
        """
        settled = self.trace.first(self._settled)
        fits = sum(start < own for start in self.trace.starts)
        self.trace = self.trace.first(max(fits, self._settled))
        if fits > self._settled:
            self.trace.ends[-1] = self._end
        self.trace.own = own
        self._chose = False
        return settled

    def unasked(self, forced: Sequence[int]) -> int:
        """How many of the tokens that must come next the model need not be asked about.

        Where a list ends because it may grow no further, it is asked after all: whether it wanted to go on.
        """
        texts = [self._decode(token) for token in forced]
        if not self._lists.closes_full("".join(texts)):
            return len(forced)
        lists = self._lists.copy()
        return next(index for index, text in enumerate(texts) if lists.read(text))

    def _spellings(
        self, token: int, scores: torch.Tensor, follows: Callable[[int], str]
    ) -> list[tuple[str, float]] | None:
        """All that is allowed, with what the grammar forces behind it, the chosen token first; None where it is much."""
        tokens = (scores > -math.inf).nonzero()[:, 0]
        if len(tokens) > RIVALS or not self._ends.isdisjoint(tokens.tolist()):
            return None
        shares = dict(zip(tokens.tolist(), scores[tokens].softmax(-1).tolist(), strict=True))
        ordered = [token, *(other for other, share in shares.items() if other != token and share >= LEAST)]
        return [(self._decode(one) + follows(one), shares[one]) for one in ordered]

    def _digits(self, scores: torch.Tensor, kept: float) -> list[tuple[str, float]]:
        """The digits with which the likeliest tokens begin, and how likely those are."""
        best, tokens = scores.topk(min(RIVALS, scores.shape[-1]))
        found = []
        for score, token in zip(best.tolist(), tokens.tolist(), strict=True):
            if (share := math.exp(score - kept)) < LEAST:
                break
            if digits := _digits_of(self._decode(token)):
                found.append((digits, share))
        return found

    def _rivals_that_end(self, token: int, behind: int, scores: torch.Tensor) -> float:
        """Log of how many times likelier all tokens are that end the value as this one does, than this one alone."""
        written, own = self._decode(token)[:behind], float(scores[token])
        times = 1.0
        best, tokens = scores.topk(min(RIVALS, scores.shape[-1]))
        for score, other in zip(best.tolist(), tokens.tolist(), strict=True):
            text = self._decode(other)
            if other != token and text.startswith(written) and self._lists.end_of_value(text) == behind:
                times += math.exp(min(score - own, _MOST))
        return math.log(times)


def _is_alone(scores: torch.Tensor) -> bool:
    return int((scores > -math.inf).sum()) == 1


@dataclass(slots=True)
class _Lists:
    """How many items the open lists of a JSON text have, followed token by token."""

    limits: frozenset[int]
    _open: list[int] = field(default_factory=list)  # items of each open list, -1 for an object
    _string: bool = False
    _escaped: bool = False
    _number: bool = False

    def copy(self) -> _Lists:
        return _Lists(self.limits, [*self._open], self._string, self._escaped, self._number)

    def closes_full(self, text: str) -> bool:
        """Whether reading on would close a list that is as long as a limit."""
        return bool(self.limits) and "]" in text and self.copy().read(text)

    def in_number(self, text: str) -> bool:
        """Whether what comes next is digits of a number."""
        return not self._string and bool(_digits_of(text))

    def end_of_value(self, text: str) -> int | None:
        """How much of what comes next belongs to the string or number that is open; None where that goes on."""
        if self._string:
            match = _TO_QUOTE.match(text, 1 if self._escaped else 0)
            return match.end() if match else None
        if self._number and text:
            match = _NUMBER.match(text)
            return match.end() if match and match.end() < len(text) else None
        return None

    def read(self, text: str) -> bool:
        """Reads on; whether that closes a list that is as long as a limit."""
        full = False
        for char in text:
            if self._string:
                self._string, self._escaped = self._escaped or char != '"', char == "\\" and not self._escaped
                continue
            self._number = char in "-0123456789" or (self._number and char in ".eE+")
            if char in " \t\r\n:":
                continue
            if char == "]" and self._open:
                full |= self._open.pop() in self.limits
            elif char == "}" and self._open:
                self._open.pop()
            elif char == "," and self._open:
                self._open[-1] += self._open[-1] >= 0
            else:
                if self._open and self._open[-1] == 0:
                    self._open[-1] = 1
                if char in "[{":
                    self._open.append(0 if char == "[" else -1)
                self._string = char == '"'
        return full


@functools.lru_cache(maxsize=4096)
def _digits_of(text: str) -> str:
    match = _NUMBER.match(text)
    return match[0] if match else ""


@functools.lru_cache(maxsize=256)
def list_limits(constraint: Constraint, dialect: ToolDialect) -> frozenset[int]:
    """The lengths at which a list of a constraint's schemas has to end, of those that may be of several lengths."""
    limits = set()
    for schema in finite_schemas(constraint, dialect):
        for node in _nodes(schema):
            largest = node.get("maxItems")
            if isinstance(largest, int) and largest > node.get("minItems", 0):
                limits.add(largest)
    return frozenset(limits)


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _nodes(part)
