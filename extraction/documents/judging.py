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
        """How much is wrong, the weightiest first: failed pages, a value that does not fit, checks, and by how much."""
        told = self.completeness
        off = sum(abs(float(one.expected) - float(one.found)) for one in told.checks if not isinstance(one.found, str))
        return len(told.failed), len(self.gaps), bool(told.problem), len(told.checks), off


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
        data = without_nulls(merged.data, self._root)
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
        completeness = Completeness(marked.compared, checks, failed, fit, asked)
        return Judgement(merged, data, value, completeness, tuple(gaps(merged.data, self._root)))

    def suspects(self, windows: Sequence[Window], found: Judgement) -> list[Suspect]:
        """The windows to ask again."""
        if found.completeness.complete is not False:
            return []
        return suspects(windows, found.merged, found.completeness.checks, found.gaps)

    def better(self, windows: Sequence[Window], others: Mapping[int, Window]) -> list[Window]:
        """The windows, each with its other answer where that makes less wrong.

        Args:
            windows: The windows.
            others: Other answers, by the number of the window.
        """
        best = list(windows)
        least = self.judge(best).badness
        for number, other in others.items():
            tried = [*best[:number], other, *best[number + 1 :]]
            badness = self.judge(tried).badness
            if badness < least:
                best, least = tried, badness
            best[number] = replace(best[number], asked=windows[number].asked + 1)
        return best


def _checks_of_value(value: Any) -> list[Check]:
    """What a document's own schema finds wrong; nothing of JSON, which has no such checks."""
    return checks_of(value) if isinstance(value, (BaseModel, list)) else []
