"""What is printed and must agree: counts, sums and running balances, by the marks of a JSON schema (``schemas.merging``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from extraction.documents.fields import Field
from extraction.places import Path, is_number
from extraction.schemas.checks import Check
from extraction.schemas.merging import CountOf, RunningBalance, SumOf
from extraction.schemas.pointers import pointer


@dataclass(slots=True)
class Checked:
    """What came out.

    Attributes:
        compared: How many marks could be compared with the rows.
        failed: What does not agree.
    """

    compared: int = 0
    failed: list[Check] = field(default_factory=list)


def marked_checks(data: Any, schema: Mapping[str, Any]) -> Checked:
    """The checks of a document's value that the marks of its schema ask for.

    Args:
        data: The value as JSON.
        schema: Its JSON schema, with marks.

    Raises:
        SchemaError: A mark is written wrongly.
    """
    checked = Checked()
    _visit(data, Field(schema, schema), (), checked)
    return checked


def _visit(data: Any, schema: Field, path: Path, checked: Checked) -> None:
    if isinstance(data, dict) and schema.kind == "object":
        for name, value in data.items():
            below = schema.below(name)
            _compare(data, path, name, below, checked)
            _visit(value, below, (*path, name), checked)
    elif isinstance(data, list) and schema.kind == "list":
        for index, value in enumerate(data):
            _visit(value, schema.item, (*path, index), checked)


def _compare(data: dict[str, Any], path: Path, name: str, schema: Field, checked: Checked) -> None:
    """Compares one field of an object with what its marks say."""
    at, value = (*path, name), data[name]
    printed = number_of(value)
    if (count := schema.mark(CountOf)) is not None and printed is not None:
        lists = [
            (found, place) for found, place in _found(data, count.path.split("/"), path) if isinstance(found, list)
        ]
        number = sum(len(found) for found, _ in lists)
        checked.compared += 1
        if number != printed:
            places = [pointer(place) for _, place in lists] or [pointer((*path, *count.path.split("/")))]
            problem = "the printed number is not that of the items"
            checked.failed.append(Check((pointer(at), *places), problem, number, printed))
    if (total := schema.mark(SumOf)) is not None and printed is not None:
        _compare_sum(data, path, total, (pointer(at), printed), checked)
    if (running := schema.mark(RunningBalance)) is not None and isinstance(value, list):
        _compare_balances(data, path, name, running, checked)


def number_of(value: Any) -> Decimal | None:
    """The number that a JSON value is: a number, decimal digits in a text, or an object with an ``amount``."""
    if isinstance(value, dict):
        return number_of(value.get("amount"))
    if is_number(value) or isinstance(value, str):
        try:
            number = Decimal(value if isinstance(value, str) else repr(value))
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return None


def _found(value: Any, steps: Sequence[str], path: Path) -> Iterator[tuple[Any, Path]]:
    """What a path leads to, with its place; None where an item lacks it, nothing where an object does."""
    if not steps:
        yield value, path
        return
    step, *rest = steps
    if step == "*":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            found = list(_found(item, rest, (*path, index)))
            yield from found or [(None, (*path, index))]
    elif isinstance(value, dict) and value.get(step) is not None:
        yield from _found(value[step], rest, (*path, step))


def _compare_sum(data: Any, path: Path, mark: SumOf, printed: tuple[str, Decimal], checked: Checked) -> None:
    total, words, places = Decimal(0), "", list[str]()
    for term in mark.terms:
        name = term.removeprefix("-")
        steps = name.split("/")
        found = [number_of(value) for value, _ in _found(data, steps, path)]
        if None in found:
            return  # the sum cannot be known
        if found:
            sign = -1 if term.startswith("-") else 1
            total += sign * sum((one for one in found if one is not None), Decimal(0))
            words += f" {'-' if sign < 0 else '+'} {name}"
            places.append(pointer((*path, *steps[: steps.index("*") if "*" in steps else None])))
    if not words:
        return
    checked.compared += 1
    if abs(total - printed[1]) > Decimal(repr(mark.within)):
        problem = f"{words.removeprefix(' + ').strip()} is not {printed[0].rpartition('/')[2]}"
        checked.failed.append(Check((printed[0], *places), problem, total, printed[1]))


# --- running balances ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A row, or what the document prints before or behind all rows.

    Attributes:
        pointer: Where it stands.
        adds: What it adds to the balance; None where that is not known.
        balance: The balance after it; None where it is not printed.
    """

    pointer: str
    adds: Decimal | None
    balance: Decimal | None


def _compare_balances(data: dict[str, Any], path: Path, name: str, mark: RunningBalance, checked: Checked) -> None:
    at = (*path, name)
    rows = [_line(row, mark, (*at, index)) for index, row in enumerate(data[name])]
    start = [] if mark.start is None else [_Line(pointer((*path, mark.start)), None, number_of(data.get(mark.start)))]
    end = [] if mark.end is None else [_Line(pointer((*path, mark.end)), Decimal(0), number_of(data.get(mark.end)))]
    slack = Decimal(repr(mark.within))
    forward, backward = (_Balances(slack).read([*start, *lines, *end]) for lines in (rows, rows[::-1]))
    best = min(forward, backward, key=lambda one: len(one.failed))  # forward, where both are equal
    checked.compared += bool(best.compared)
    checked.failed += best.failed


def _line(row: Any, mark: RunningBalance, path: Path) -> _Line:
    row = row if isinstance(row, dict) else {}
    adds: Decimal | None = None
    for term in mark.of:
        if (number := number_of(row.get(term.removeprefix("-")))) is not None:
            adds = (adds or Decimal(0)) + (-number if term.startswith("-") else number)
    return _Line(pointer(path), adds, number_of(row.get(mark.balance)))


@dataclass(slots=True)
class _Balances:
    """Balances, one after the other.

    Attributes:
        slack: By how much each may be off.
        compared: How many could be calculated.
        failed: Those that are not what was calculated.
    """

    slack: Decimal
    compared: int = 0
    failed: list[Check] = field(default_factory=list)

    def read(self, lines: Sequence[_Line]) -> _Balances:
        """The same, with all lines compared."""
        before: Decimal | None = None
        since: list[str] = []
        for line in lines:
            since.append(line.pointer)
            calculated = None if before is None or line.adds is None else before + line.adds
            if line.balance is None:
                before = calculated
                continue
            if calculated is not None:
                self.compared += 1
                if abs(calculated - line.balance) > self.slack:
                    problem = "the balance before it and the amounts since do not give this balance"
                    self.failed.append(Check(tuple(reversed(since)), problem, calculated, line.balance))
            before, since = line.balance, [line.pointer]
        return self
