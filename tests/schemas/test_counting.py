"""Counting: tallies, lookups, and what a count may be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from extraction.schemas.counting import Count, Counts


def test_from_labels() -> None:
    counts = Counts.from_labels(["cup", "Tea  Spoon", "Cup ", "tea spoon", "cup"])
    assert counts.as_dict() == {"cup": 3, "tea spoon": 2}
    assert counts.total == 5
    assert (counts.of(" CUP"), counts.of("Tea Spoon"), counts.of("fork")) == (3, 2, 0)


def test_nothing_to_count() -> None:
    counts = Counts.from_labels([])
    assert (counts.counts, counts.total, counts.as_dict(), counts.of("cup")) == ([], 0, {}, 0)


def test_entries_with_one_label_add_up() -> None:
    counts = Counts(counts=[Count(label="cup", count=2), Count(label="Cup", count=1)])
    assert (counts.of("cup"), counts.total, counts.as_dict()) == (3, 3, {"cup": 3})


def test_difference() -> None:
    found, truth = Counts.from_labels(["cup", "cup", "plate"]), Counts.from_labels(["plate", "cup", "fork"])
    assert found.difference(truth) == {"cup": 1, "fork": -1}
    assert truth.difference(found) == {"cup": -1, "fork": 1}
    assert found.difference(found) == {}


@pytest.mark.parametrize("count", [-1, 1.5, "3", True, None])
def test_count_refuses(count: object) -> None:
    with pytest.raises(ValidationError):
        Count.model_validate({"label": "cup", "count": count})


def test_json() -> None:
    counts = Counts.from_labels(["cup", "cup"])
    assert counts.model_dump_json() == '{"counts":[{"label":"cup","count":2}]}'
    assert Counts.model_validate_json(counts.model_dump_json()) == counts
    assert Count.model_json_schema()["properties"] == {
        "label": {"title": "Label", "type": "string", "description": "what is counted, in one or two words"},
        "count": {"title": "Count", "type": "integer", "minimum": 0, "description": "how many there are"},
    }
