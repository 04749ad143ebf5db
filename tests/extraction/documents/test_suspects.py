"""Which windows are asked again: those with which something is wrong, and not the others."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel

from extraction.documents.judging import Judge
from extraction.documents.result import Window
from extraction.errors import ImageError, UnreadableOutputError
from extraction.schemas import BankStatement, CountOf, RunningBalance
from tests.extraction.documents.papers import windows


class Move(BaseModel):
    name: str
    amount: Decimal
    left: Decimal | None


class Account(BaseModel):
    owner: str
    count: Annotated[int | None, CountOf("moves")] = None
    moves: Annotated[list[Move], RunningBalance("left")]


def _pages(*lengths: int, balances: bool = False) -> list[dict[str, Any]]:
    """Pages with so many moves of 1 each; the last tells how many there are."""
    pages: list[dict[str, Any]] = []
    before = 0
    for length in lengths:
        own = range(before + 1, before + length + 1)
        moves = [{"name": f"n{n}", "amount": 1.0, "left": float(n) if balances else None} for n in own]
        pages.append({"owner": "Ann", "count": None, "moves": moves})
        before += length
    pages[-1]["count"] = before
    return pages


def _suspected(told: Sequence[Window], schema: type[BaseModel] = Account) -> list[int]:
    judge = Judge(schema)
    return [one.window for one in judge.suspects(told, judge.judge(told))]


def test_where_all_is_well_nobody_is_asked() -> None:
    assert _suspected(windows(*_pages(5, 5, 3))) == []


def test_a_failed_window_is_asked_unless_that_cannot_help() -> None:
    pages = _pages(5, 5, 5)
    unreadable = UnreadableOutputError("x", llm_output="")
    assert _suspected(windows(pages[0], unreadable, pages[2])) == [1]
    assert _suspected(windows(pages[0], ImageError("broken", source="p"), pages[2])) == []


def test_a_count_leads_to_the_pages_with_fewer_rows() -> None:
    pages = _pages(5, 5, 5, 5, 2)
    del pages[2]["moves"][3]
    assert _suspected(windows(*pages)) == [2, 4]
    doubled = _pages(5, 5, 5, 5, 2)
    doubled[1]["moves"].append(doubled[1]["moves"][-1])
    assert _suspected(windows(*doubled)) == [1]


def test_a_balance_leads_to_the_page() -> None:
    pages = _pages(5, 5, 5, 5, 2, balances=True)
    del pages[2]["moves"][3]
    assert _suspected(windows(*pages)) == [2]
    pages = _pages(5, 5, 5, 5, 2, balances=True)
    pages[2]["moves"] = []
    assert _suspected(windows(*pages)) == [1, 2, 3]
    pages = _pages(5, 5, 5, 5, 2, balances=True)
    del pages[2]["moves"][0]
    assert _suspected(windows(*pages)) == [1, 2]


def test_the_checks_that_a_schema_has_itself_lead_there_too() -> None:
    def page(first: int, last: int, **head: Any) -> dict[str, Any]:
        moves = [{"description": "x", "amount": 1.0, "balance": float(n)} for n in range(first, last)]
        return {**head, "transactions": moves}

    told = windows(page(1, 6, opening_balance=0.0), page(6, 9), page(10, 15), page(15, 20, closing_balance=19.0))
    assert _suspected(told, BankStatement) == [1, 2]


def test_where_nothing_tells_which_page_all_of_few_are_asked_and_none_of_many() -> None:
    few, many = _pages(*[5] * 4), _pages(*[5] * 20)
    few[-1]["count"], many[-1]["count"] = 21, 101
    assert _suspected(windows(*few)) == [0, 1, 2, 3]
    assert _suspected(windows(*many)) == []


def test_what_must_be_there_is_looked_for() -> None:
    pages = _pages(5, 5, 5)
    for page in pages:
        page["owner"] = None
    assert _suspected(windows(*pages)) == [0, 1, 2]
    pages = _pages(5, 5, 5)
    pages[1]["moves"][2]["amount"] = None
    assert _suspected(windows(*pages)) == [1]


def test_the_model_is_told_what_is_wrong() -> None:
    pages = _pages(5, 5, 5, balances=True)
    del pages[1]["moves"][3]
    judge = Judge(Account)
    (suspect,) = judge.suspects(windows(*pages), judge.judge(windows(*pages)))
    assert suspect.note == (
        "Look once more, line by line: something does not agree. moves/8: the balance before it and the amounts since do "
        "not give this balance (9.0 by calculation, 10.0 is printed). Here 4 items of moves were read before."
    )


def test_another_answer_counts_where_it_makes_less_wrong() -> None:
    right, wrong = _pages(5, 5, 5, 2), _pages(5, 5, 5, 2)
    del wrong[1]["moves"][0], wrong[2]["moves"][0]
    judge = Judge(Account)
    told = windows(*wrong)
    others = {number: windows(*right)[number] for number in (1, 2)}
    others[3] = windows(*right[:3], {"owner": "Ann", "count": 99, "moves": []})[3]
    best = judge.better(told, others)
    assert [window.data for window in best] == right
    assert [window.asked for window in best] == [1, 2, 2, 2]
    assert judge.judge(best).completeness.complete
    assert judge.judge(best).completeness.asked_again == (2, 3, 4)
