"""A statement of many pages with its truth, and a chat model that sees the pages it is shown and nothing else."""

from __future__ import annotations

import json
import random
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, overload

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from extraction.images import Picture
from extraction.pages.page import Page
from extraction.schemas import CountOf, Merge, RunningBalance, SumOf
from tests.chains.fakes import sent_picture

_WORDS = "Transfer to Smith Coffee Corner Market Rent Salary ATM Online Book Shop".split()


class Row(BaseModel):
    date: str
    description: str
    amount: Decimal
    balance: Decimal | None


class Statement(BaseModel):
    """A statement that prints its totals on its last page."""

    model_config = ConfigDict(extra="forbid")

    account: str
    opening: Annotated[Decimal, Merge("first")]
    closing: Annotated[Decimal, Merge("last")]
    count: Annotated[int | None, CountOf("rows")] = None
    turnover: Annotated[Decimal | None, SumOf("rows/*/amount")] = None
    rows: Annotated[list[Row], RunningBalance("balance", start="opening", end="closing")]


@dataclass
class Paper:
    """Pages as pictures, with what stands on each.

    Attributes:
        truth: The statement as JSON.
        pages: What stands on each page.
        cut: The indices of the rows that a page's end cuts.
        alive: Pictures that were drawn and are still in memory.
        most: The most that ever were, at the moment when one was drawn.
        drawn: How often each page was drawn, by its index.
    """

    truth: dict[str, Any]
    pages: list[dict[str, Any]]
    cut: tuple[int, ...] = ()
    side: int = 16
    alive: list[weakref.ref[Image.Image]] = field(default_factory=list)
    most: int = 0
    drawn: dict[int, int] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.numbers = tuple(range(1, len(self.pages) + 1))

    def page(self, index: int) -> Page:
        """A page, drawn: its number stands in its colour."""
        image = Image.new("RGB", (self.side, self.side), (index // 256, index % 256, 7))
        self.alive = [one for one in (*self.alive, weakref.ref(image)) if one() is not None]
        self.most = max(self.most, len(self.alive))
        self.drawn[index] = self.drawn.get(index, 0) + 1
        return Page(index + 1, Picture(image, f"page {index + 1}"))

    def __iter__(self) -> Iterator[Page]:
        return (self.page(index) for index in range(len(self.pages)))


class Reopened(Sequence[Page]):
    """The pages of a paper as a document gives them: drawn when they are reached, as often as they are."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.numbers = paper.numbers

    def __len__(self) -> int:
        return len(self.paper.pages)

    @overload
    def __getitem__(self, index: int) -> Page: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Page]: ...

    def __getitem__(self, index: int | slice) -> Page | Sequence[Page]:
        assert isinstance(index, int)
        return self.paper.page(index)


def statement(pages: int = 60, per_page: int = 20, *, seed: int = 0, cut_share: float = 0.5) -> Paper:
    """A statement; about ``cut_share`` of the pages end in the middle of a row."""
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    balance = opening = Decimal(rng.randint(100_000, 900_000)) / 100
    for number in range(pages * per_page):
        amount = Decimal(rng.randint(-99_999, 99_999)) / 100
        balance += amount
        text = " ".join(rng.sample(_WORDS, 4))
        day = f"2026-{1 + number * 12 // (pages * per_page):02}-{1 + number % 28:02}"
        rows.append({"date": day, "description": text, "amount": float(amount), "balance": float(balance)})
    for index in range(7, len(rows), 97):  # two equal payments one behind the other, on one page or on two
        rows[index] = {**rows[index - 1], "balance": None}
        rows[index - 1] = {**rows[index - 1], "balance": None}
    balance = opening
    for row in rows:
        balance += Decimal(str(row["amount"]))
        row["balance"] = None if row["balance"] is None else float(balance)
    turnover = sum((Decimal(str(row["amount"])) for row in rows), Decimal(0))
    truth = {
        "account": "DE02 1203 0000 0000 2020 51",
        "opening": float(opening),
        "closing": float(balance),
        "count": len(rows),
        "turnover": float(turnover),
        "rows": rows,
    }
    return laid_out(truth, pages, per_page, rng, cut_share)


def laid_out(truth: dict[str, Any], pages: int, per_page: int, rng: random.Random, cut_share: float) -> Paper:
    """A statement's truth on pages: the first has the head, the last the totals, and ends cut rows."""
    rows = truth["rows"]
    shown: list[dict[str, Any]] = []
    cut: list[int] = []
    rest: dict[str, Any] | None = None
    for number in range(pages):
        own = [dict(row) for row in rows[number * per_page : (number + 1) * per_page]]
        here = own if rest is None else [rest, *own]
        rest = None
        if number + 1 < pages and rng.random() < cut_share and own[-1]["balance"] is not None:
            whole = here[-1]
            words = whole["description"].split()
            kept = rng.randint(1, len(words))
            last = {**whole, "description": " ".join(words[:kept]), "amount": None, "balance": None}
            rest = {"date": None, "description": " ".join(words[kept:]) or None}
            rest |= {"amount": whole["amount"], "balance": whole["balance"]}
            here = [*here[:-1], last]
            cut.append((number + 1) * per_page - 1)
        head = {"account": truth["account"]} if number == 0 else {}
        head |= {"opening": truth["opening"]} if number == 0 else {}
        tail = {name: truth[name] for name in ("closing", "count", "turnover")} if number + 1 == pages else {}
        shown.append({**dict.fromkeys(list(truth)[:-1]), **head, **tail, "rows": here})
    return Paper(truth, shown, tuple(cut))


class Reader(BaseChatModel):
    """A chat model that says what stands on the pages it is shown.

    Attributes:
        paper: Whose pages it can read.
        misread: Changes what it says of some pages, by the page's index and how often it was asked about it.
        asked: The pages of every call, and the words.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    paper: Paper
    misread: Callable[[int, int, dict[str, Any]], Any] | None = None
    asked: list[tuple[tuple[int, ...], str]] = Field(default_factory=list)
    _times: dict[int, int] = PrivateAttr(default_factory=dict)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "reader"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        blocks = [block for block in messages[-1].content if isinstance(block, dict)]
        pictures = [picture for picture in map(sent_picture, blocks) if picture is not None]
        words = " ".join(str(block["text"]) for block in blocks if block["type"] == "text")
        answer = self.read(pictures, words)
        if isinstance(answer, Exception):
            raise answer
        message = answer if isinstance(answer, AIMessage) else AIMessage(json.dumps(answer))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def read(self, pictures: Sequence[Image.Image], words: str = "") -> Any:
        """What it says of some pages."""
        indices = [self._index(picture) for picture in pictures]
        with self._lock:
            self.asked.append((tuple(indices), words))
            said = [self._said(index) for index in indices]
        return said[0] if len(said) == 1 else _together(said)

    def _index(self, picture: Image.Image) -> int:
        high, low, _ = picture.getpixel((0, 0))  # type: ignore[misc]
        return int(high) * 256 + int(low)

    def _said(self, index: int) -> Any:
        self._times[index] = self._times.get(index, 0) + 1
        said = json.loads(json.dumps(self.paper.pages[index]))
        return said if self.misread is None else self.misread(index, self._times[index], said)


def _together(said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What stands on several pages, as one answer; rows that are cut between them are whole."""
    answer: dict[str, Any] = {}
    for page in said:
        for name, value in page.items():
            if name != "rows":
                answer[name] = value if answer.get(name) is None else answer[name]
        rows = [dict(row) for row in page["rows"]]
        before = answer.setdefault("rows", [])
        if before and rows and before[-1]["amount"] is None:
            first = rows.pop(0)
            text = " ".join(filter(None, (before[-1]["description"], first["description"])))
            before[-1] = {**first, "date": before[-1]["date"], "description": text}
        before += rows
    return answer


def small_statement(**options: Any) -> Paper:
    """Six pages of five rows."""
    return statement(6, 5, seed=3, **options)
