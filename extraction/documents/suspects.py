"""Which windows to ask again when something is missing, and with what words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high
from typing import Any, Final

from extraction.documents.fields import Field
from extraction.documents.result import Merged, Window
from extraction.places import Path
from extraction.schemas.checks import Check
from extraction.schemas.pointers import pointer

MOST_BLIND: Final = 8
"""Windows up to which all are asked again when nothing tells where to look."""

AGAIN: Final = "Look once more, line by line: something does not agree. {problems}"
_ROWS: Final = "Here {count} items of {name} were read before."
_LOOSE: Final = "{name} lacks what all others have: the page's edge may have cut it."
_FAILED: Final = "The answer before this one could not be used."


@dataclass(frozen=True, slots=True)
class Suspect:
    """A window that is to be asked again.

    Attributes:
        window: Its number, counted from 0.
        note: What the model is told.
    """

    window: int
    note: str


def gaps(data: Any, field: Field, path: Path = ()) -> list[str]:
    """JSON pointers of the fields that must be there, by the user's schema, and are not."""
    if isinstance(data, Mapping) and field.kind == "object":
        missing = [
            pointer((*path, name))
            for name in field.names
            if name in field.needed and data.get(name) is None and field.below(name).kind != "list"
        ]
        return missing + [one for name, value in data.items() for one in gaps(value, field.below(name), (*path, name))]
    if isinstance(data, list) and field.kind == "list":
        return [one for index, value in enumerate(data) for one in gaps(value, field.item, (*path, index))]
    return []


def suspects(
    windows: Sequence[Window], merged: Merged, checks: Sequence[Check], missing: Sequence[str]
) -> list[Suspect]:
    """The windows to ask again, in order; none where all is well, or where nothing tells which of many to ask.

    Args:
        windows: What was asked.
        merged: What became of the answers.
        checks: What does not agree.
        missing: Fields that must be there and are not (``gaps``).
    """
    finder = _Finder(windows, merged)
    problems: dict[int, dict[str, None]] = defaultdict(dict)  # in order, each once
    for number, window in enumerate(windows):
        if window.error is not None:
            problems[number][_FAILED] = None
    for at in missing:
        for number in finder.beside(at.rpartition("/")[0]) if _in_list(at) else finder.all_of_few():
            problems[number][f"{_name(at)} was not found."] = None
    for at in merged.loose:
        for number in finder.beside(at):
            problems[number][_LOOSE.format(name=_name(at))] = None
    located = [check for check in checks if any(map(_in_list, check.pointers))]
    for check in located:
        for number in finder.around(check.pointers):
            problems[number][f"{_words(check)}."] = None
    for check in checks:
        lists = [at for at in check.pointers if at in finder.counts]
        if check in located or any(_is_about(one, at) for one in located for at in lists):
            continue
        for number in finder.odd(lists, check):
            problems[number][f"{_words(check)}."] = None
    return [
        Suspect(number, AGAIN.format(problems=finder.told(number, told)))
        for number, told in sorted(problems.items())
        if getattr(windows[number].error, "retryable", True)  # a damaged page stays damaged
    ]


class _Finder:
    """Knows which window tells what.

    Attributes:
        counts: Of each list, how many of its items each window tells.
    """

    def __init__(self, windows: Sequence[Window], merged: Merged) -> None:
        self._number = len(windows)
        self._windows: dict[str, set[int]] = defaultdict(set)
        items: dict[str, set[tuple[int, str]]] = defaultdict(set)
        for at, origins in merged.provenance.origins.items():
            told = {origin.window for origin in origins}
            while at:
                self._windows[at] |= told
                above, _, step = at.rpartition("/")
                if step.isdecimal():
                    items[above] |= {(number, step) for number in told}
                at = above
        self.counts = {at: Counter(number for number, _ in found) for at, found in items.items()}

    def around(self, pointers: Iterable[str]) -> list[int]:
        """The windows that tell these places of lists, and those between them.

        Where one of the places is beside the list, such as the balance at its end, the windows up to that end, too: what is
        missing may be all that one of them has.
        """
        places = list(pointers)
        rows = [at for at in map(_item_of, places) if at is not None]
        found = {number for at in rows for number in self._windows.get(at, ())}
        if not found:
            return []
        if any(_item_of(at) is None for at in places):
            found |= {0} if any(at.endswith("/0") for at in rows) else set()
            found |= {self._number - 1} if any(self._is_last(at) for at in rows) else set()
        return list(range(min(found), max(found) + 1))

    def _is_last(self, item: str) -> bool:
        above, _, step = item.rpartition("/")
        return f"{above}/{int(step) + 1}" not in self._windows

    def beside(self, at: str) -> list[int]:
        """The windows that tell an item, and the one behind the page's end that it stands at, which may have its other half.

        Args:
            at: The item, or something in it.
        """
        item = _item_of(at)
        assert item is not None
        above, _, step = item.rpartition("/")
        own = self._windows.get(item, set())
        if not own:
            return []
        before, after = (self._windows.get(f"{above}/{int(step) + one}", set()) for one in (-1, 1))
        found = own | ({min(own) - 1} if not before & own else set()) | ({max(own) + 1} if not after & own else set())
        return sorted(number for number in found if 0 <= number < self._number)

    def odd(self, lists: Sequence[str], check: Check) -> list[int]:
        """The windows with fewer items of some lists than others have, or with more where too many were found."""
        found: set[int] = set()
        for at in lists:
            counts = [self.counts[at][number] for number in range(self._number)]
            usual = median_high([count for count in counts if count])
            known, printed = check.expected, check.found
            too_many = isinstance(known, int) and not isinstance(printed, str) and known > printed
            found |= {number for number, count in enumerate(counts) if (count > usual if too_many else count < usual)}
        return sorted(found) or self.all_of_few()

    def all_of_few(self) -> list[int]:
        """All windows, unless there are many."""
        return list(range(self._number)) if self._number <= MOST_BLIND else []

    def told(self, number: int, problems: Iterable[str]) -> str:
        """What the model is told of a window."""
        rows = [
            _ROWS.format(count=counts[number], name=_name(at)) for at, counts in self.counts.items() if not _in_list(at)
        ]
        return " ".join([*problems, *rows])


def _words(check: Check) -> str:
    """A check as a model can read it."""
    return f"{_name(check.pointers[0])}: {check.problem} ({check.expected} by calculation, {check.found} is printed)"


def _name(at: str) -> str:
    return at.strip("/") or "the answer"


def _in_list(at: str) -> bool:
    return any(step.isdecimal() for step in at.split("/"))


def _item_of(at: str) -> str | None:
    """The pointer of the innermost item that a place is, or is in; None where it is in none."""
    while at and not at.rpartition("/")[2].isdecimal():
        at = at.rpartition("/")[0]
    return at or None


def _is_about(check: Check, at: str) -> bool:
    return any(one.startswith(f"{at}/") for one in check.pointers)
