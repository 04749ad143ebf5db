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


def test_a_balance_at_an_end_leads_to_the_pages_up_to_it() -> None:
    class Closed(Account):
        opening: Decimal
        closing: Decimal
        moves: Annotated[list[Move], RunningBalance("left", start="opening", end="closing")]

    pages = [{**page, "opening": None, "closing": None} for page in _pages(5, 5, 5, 5, 5, balances=True)]
    pages[1] |= {"opening": 0, "closing": 25}  # both in a summary
    assert _suspected(windows(*pages), Closed) == []
    last = [*pages[:-1], {**pages[-1], "moves": []}]
    assert _suspected(windows(*last), Closed) == [3, 4]
    first = [{**pages[0], "moves": []}, *pages[1:]]
    assert _suspected(windows(*first), Closed) == [0, 1]


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


def test_errors_that_hide_each_other() -> None:
    right, wrong = _pages(5, 5, 5, 2, balances=True), _pages(5, 5, 5, 2, balances=True)
    del wrong[0]["moves"][4]
    wrong[2]["moves"].append(wrong[2]["moves"][4])  # the count agrees, and does not when one of both is mended
    judge = Judge(Account)
    assert [check.pointers[0] for check in judge.judge(windows(*wrong)).completeness.checks] == [
        "/moves/4",
        "/moves/14",
    ]
    worse: dict[str, Any] = {"owner": "Bob", "count": None, "moves": []}
    others = {0: windows(right[0])[0], 1: windows(worse)[0], 2: windows(right[2])[0]}
    assert [window.data for window in judge.better(windows(*wrong), others)] == right


def test_halves_lead_to_both_sides_of_the_page_s_end() -> None:
    pages = _pages(5, 5, 5, 5)
    del pages[3]["count"]
    pages[1]["moves"][0]["amount"] = None
    assert _suspected(windows(*pages)) == [0, 1]
    pages = _pages(5, 5, 5, 5)
    pages[1]["moves"][4]["amount"] = None
    assert _suspected(windows(*pages)) == [1, 2]


def test_what_all_others_have_is_missed_at_a_page_s_end_where_nothing_printed_says_that_all_is_well() -> None:
    def page(*amounts: float | None) -> dict[str, Any]:
        return {"transactions": [{"description": "x", "amount": one, "balance": None} for one in amounts]}

    told = windows(page(1, 2, 3), page(1, 2, None), page(1, 2, 3), page(1, 2, 3))
    judge = Judge(BankStatement)
    assert judge.judge(told).completeness.loose == ("/transactions/5",)
    assert judge.judge(told).completeness.complete is None
    assert _suspected(told, BankStatement) == [1, 2]
    told[3].data["transaction_count"] = 12
    assert judge.judge(told).completeness.complete
    assert _suspected(told, BankStatement) == []
