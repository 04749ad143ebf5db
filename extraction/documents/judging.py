"""What the answers of all windows come to, and whether other answers would come to something better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from extraction.documents.checks import marked_checks
from extraction.documents.fields import Field
from extraction.documents.merge import merge_windows
from extraction.documents.parts import without_nulls
from extraction.documents.result import Completeness, Merged, Window
from extraction.documents.suspects import Suspect, gaps, suspects
from extraction.schemas import Schema, json_schema_of
from extraction.schemas.checks import Check, checks_of
from extraction.validation import Validator, explain
from extraction.written_numbers import plain_numbers


@dataclass(frozen=True, slots=True)
class Judgement:
    """What some answers come to.

    Attributes:
        merged: The answers as one.
        data: The same as JSON of the user's schema, where it fits that.
        value: The validated value; None where it does not fit.
        completeness: What is missing.
        gaps: JSON pointers of fields that must be there and are not.
    """

    merged: Merged
    data: Any
    value: Any
    completeness: Completeness
    gaps: tuple[str, ...]

    @property
    def badness(self) -> tuple[float, ...]:
        """How much is wrong, the weightiest first: failed pages, a value that does not fit, checks and by how much, halves."""
        told = self.completeness
        amounts = [(one.expected, one.found) for one in told.checks]
        off = sum(abs(float(a) - float(b)) for a, b in amounts if not isinstance(a, str) and not isinstance(b, str))
        return len(told.failed), len(self.gaps), bool(told.problem), len(told.checks), off, len(told.loose)


class Judge:
    """Makes one value of windows' answers, and tells what is wrong with it.

    Args:
        target: The user's schema.

    Raises:
        SchemaError: The schema cannot be read.
    """

    def __init__(self, target: Schema) -> None:
        self.schema = json_schema_of(target)
        self._root = Field(self.schema, self.schema)
        self._validator = Validator(target)

    def judge(self, windows: Sequence[Window]) -> Judgement:
        """What the windows' answers come to."""
        merged = merge_windows(windows, self.schema)
        data = self._validator.settled(without_nulls(merged.data, self._root))
        value, problem = None, None
        try:
            value = self._validator.validate(data)
        except (ValueError, RecursionError) as error:
            problem = explain(error) if isinstance(error, ValueError) else "it is nested too deeply"
        marked = marked_checks(data, self.schema)
        own = _checks_of_value(value)
        told = {check.pointers[0] for check in own}
        checks = (*own, *(check for check in marked.failed if check.pointers[0] not in told))
        failed = tuple(page for window in windows if window.error is not None for page in window.pages)
        asked = tuple(page for window in windows if window.asked > 1 for page in window.pages)
        fit = None if problem is None else f"what was found does not fit the schema: {problem}"
        completeness = Completeness(marked.compared, checks, failed, fit, merged.loose, asked)
        return Judgement(merged, plain_numbers(data), value, completeness, tuple(gaps(merged.data, self._root)))

    def suspects(self, windows: Sequence[Window], found: Judgement) -> list[Suspect]:
        """The windows to ask again."""
        complete = found.completeness.complete
        if complete or (complete is None and not found.merged.loose):
            return []
        return suspects(windows, found.merged, found.completeness.checks, found.gaps)

    def better(self, windows: Sequence[Window], others: Mapping[int, Window]) -> list[Window]:
        """The windows, each with its other answer where that makes less wrong.

        Args:
            windows: The windows.
            others: Other answers, by the number of the window.
        """
        asked = [replace(one, asked=one.asked + (number in others)) for number, one in enumerate(windows)]
        again = {number: replace(other, asked=asked[number].asked) for number, other in others.items()}
        # From both ends, for two errors can hide each other: a row too many in one window, one too few in another.
        with_all = [again.get(number, one) for number, one in enumerate(asked)]
        ways = [self._climb(asked, again), self._climb(with_all, {number: asked[number] for number in again})]
        return min(ways, key=lambda one: self.judge(one).badness)

    def _climb(self, windows: list[Window], others: Mapping[int, Window]) -> list[Window]:
        """The windows, each with its other answer where that alone makes less wrong."""
        least = self.judge(windows).badness
        for number, other in others.items():
            tried = [*windows[:number], other, *windows[number + 1 :]]
            if (badness := self.judge(tried).badness) < least:
                windows, least = tried, badness
        return windows


def _checks_of_value(value: Any) -> list[Check]:
    """What a document's own schema finds wrong; nothing of JSON, which has no such checks."""
    return checks_of(value) if isinstance(value, (BaseModel, list)) else []
