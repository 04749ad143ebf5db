"""How some pages write numbers and dates, told by those that can be read in one way only: ``Habits``.

A page with ``12,50`` and ``13/04/2024`` on it says a thousand by ``1.234`` and the third of April by ``03/04/2024``. That a
value is the other reading of them is what a model that mixes up countries says, and is no equal value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from extraction.grounding.letters import SAME_WIDTH
from extraction.grounding.numbers import read_digits
from extraction.grounding.values import Found, Meaning

_CENTS: Final = re.compile(r"([.,])[0-9]{2}(?![0-9.,])")
_UNSURE: Final = re.compile(r"(?<![0-9.,'])[0-9]{1,3}([.,])[0-9]{3}(?![0-9.,'])")
_NUMERIC: Final = re.compile(r"([0-9]{1,2})\s?([-/.])\s?([0-9]{1,2})\s?\2\s?('?[0-9]{2}|[0-9]{4})")

_CLEAR: Final = 4
"""So many times as many amounts have one decimal mark as the other where a page has one; some numbers are no amounts."""
_FEWEST: Final = 2


@dataclass(frozen=True, slots=True)
class Habits:
    """How pages write.

    Attributes:
        decimal: "." or "," where one of them stands before decimals; None where nothing tells.
        day_first: Whether the day stands before the month; None where nothing tells, or both are written.
    """

    decimal: str | None = None
    day_first: bool | None = None

    @classmethod
    def of(cls, found: Iterable[Found]) -> Habits:
        """The habits of pages with these values on them."""
        marks: Counter[str] = Counter()
        orders: set[bool] = set()
        for one in found:
            text = one.text.translate(SAME_WIDTH)
            if one.kind in ("number", "money") and not one.fuzzy and (cents := _CENTS.search(text)):
                marks[cents[1]] += 1
            elif one.kind == "date" and (parts := _NUMERIC.fullmatch(text)):
                first, second = int(parts[1]), int(parts[3])
                told = parts[2] == "/" or len(parts[4]) == 4  # 24-03-12 may begin with its year
                if told and parts[2] != "." and (first > 12) != (second > 12):
                    orders.add(first > 12)
        best = marks.most_common(1)[0] if marks else ("", 0)
        clear = best[1] >= max(_FEWEST, _CLEAR * (marks.total() - best[1]))
        return cls(best[0] if clear else None, orders.pop() if len(orders) == 1 else None)

    def contradict(self, wanted: Meaning, text: str) -> bool:
        """Whether a text that can be read as a value is another one where the pages have these habits.

        Args:
            wanted: What the value may mean.
            text: What stands on the page.
        """
        text = text.translate(SAME_WIDTH)
        if wanted.numbers and self.decimal is not None and "%" not in text and (number := _UNSURE.search(text)):
            readings = read_digits(number.group())
            meant = Decimal(
                number.group().replace(",", ".") if number[1] == self.decimal else re.sub("[.,]", "", number.group())
            )
            return len(readings) > 1 and meant not in {abs(one) for one in wanted.numbers}
        if wanted.dates and self.day_first is not None and (parts := _NUMERIC.search(text)) and parts[2] != ".":
            first, second = int(parts[1]), int(parts[3])
            day, month = (first, second) if self.day_first else (second, first)
            return max(first, second) <= 12 and not _is_told(wanted.dates, month, day)
        return False


def _is_told(dates: Sequence[date], month: int, day: int) -> bool:
    return any((one.month, one.day) == (month, day) for one in dates)
