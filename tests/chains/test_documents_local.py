"""Documents with a local model behind its engine, and with the words of their pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from extraction import ChatTransformers, DocumentExtraction, ImageError, extract_document
from extraction.chains import document_chain
from extraction.engine import register_backend, unload
from extraction.frames import Frame
from extraction.jobs import Answer, Job
from extraction.pages.page import Page
from extraction.schemas import BankStatement, Box, Scene
from tests.chains.fakes import RemoteModel
from tests.chains.pages_of_truth import Paper, Reader, Reopened, Statement, statement
from tests.documents import Statement as Drawn
from tests.documents import statement as drawn_statement
from tests.scripted import ScriptedBackend


class LocalReader(ScriptedBackend):
    """A checkpoint that says what stands on the pages of a paper.

    Attributes:
        jobs: What it was asked.
    """

    def __init__(self, paper: Paper) -> None:
        super().__init__()
        self.reader = Reader(paper=paper)
        self.jobs: list[Job] = []

    def run(self, jobs: Sequence[Job]) -> None:
        self.jobs += jobs
        for job in jobs:
            pictures = [picture for turn in job.request.turns for picture in turn.pictures]
            said = self.reader.read([picture.image for picture in pictures])
            frames = tuple(Frame(picture.size, picture.size) for picture in pictures)
            job.resolve(Answer(json.dumps(said), "stop", 1, 1, 1, frames))


@pytest.fixture
def local() -> Iterator[LocalReader]:
    backend = LocalReader(statement(40, 2, seed=1))
    register_backend("reader", lambda: backend)
    yield backend
    unload("reader")


def test_a_local_model_is_held_to_what_a_page_may_lack(local: LocalReader) -> None:
    paper = local.reader.paper
    found = extract_document(ChatTransformers(model="reader", max_tokens=500), Reopened(paper), Statement)
    assert found.data == paper.truth
    assert len(local.jobs) == 40
    constraint = local.jobs[0].request.constraint
    assert constraint is not None
    wanted = json.loads(str(constraint.schema))
    assert {"type": "null"} in wanted["properties"]["account"]["anyOf"]
    assert "x-extraction" not in str(constraint.schema)
    assert found.usage is not None
    assert (found.usage["input_tokens"], found.usage["output_tokens"]) == (40, 40)


def test_as_many_pages_as_the_context_holds_beside_an_answer(local: LocalReader) -> None:
    paper = local.reader.paper
    llm = ChatTransformers(model="reader", max_tokens=2000)
    found = extract_document(llm, Reopened(paper), Statement, window="fit")
    assert found.data == paper.truth
    sizes = [len(window.pages) for window in found.windows]
    assert sizes[0] == (8192 - 2000) // 256 - 1  # a picture has 256 tokens, and the words less than that
    assert sum(sizes) == 40
    assert all(local.count_tokens(job.request) + 2000 <= 8192 for job in local.jobs)


def test_where_nobody_knows_the_context_a_window_is_a_page() -> None:
    paper = statement(3, 2)
    found = extract_document(Reader(paper=paper), Reopened(paper), Statement, window="fit")
    assert [window.pages for window in found.windows] == [(1,), (2,), (3,)]


def test_boxes_keep_to_one_page_whatever_fits() -> None:
    pages = [page.picture for page in statement(2, 2)]
    model = RemoteModel(answers=['{"objects": []}'])
    found = extract_document(model, pages, Scene, window="fit", family="relative-1000")
    assert [window.pages for window in found.windows] == [(1,), (2,)]
    assert found.value == Scene(objects=[])


# --- words -----------------------------------------------------------------------------------------------------------


def _answer(shown: dict[str, Any]) -> str:
    """What a page shows, as a model writes it."""

    def number(value: Any, key: str) -> Any:
        amounts = ("amount", "balance", "opening_balance", "closing_balance", "total_credits", "total_debits")
        return float(value) if key in amounts and value is not None else value

    rows = [{key: number(row.get(key), key) for key in ROW} for row in shown["transactions"]]
    head = {key: number(shown.get(key), key) for key in BankStatement.model_fields}
    return json.dumps({**head, "transactions": rows})


ROW = ("date", "value_date", "description", "reference", "amount", "balance")


@pytest.fixture(scope="module")
def paper() -> Drawn:
    return drawn_statement(24, 2, 3, dpi=60)


@pytest.fixture(scope="module")
def found(paper: Drawn) -> DocumentExtraction[BankStatement]:
    samples = list(paper)
    model = RemoteModel(answers=[_answer(sample.value) for sample in samples])
    pages = [sample.page(number) for number, sample in enumerate(samples, 1)]
    return extract_document(model, pages, BankStatement, sources=True, config={"max_concurrency": 1})


def test_a_drawn_statement_is_whole_again(paper: Drawn, found: DocumentExtraction[BankStatement]) -> None:
    assert found.value.model_dump(exclude_none=True) == BankStatement.model_validate(paper.value).model_dump(
        exclude_none=True
    )
    assert found.complete
    assert found.joined == tuple(f"/transactions/{row}" for row in paper.cuts)


def test_every_value_is_found_on_the_page_that_says_it(paper: Drawn, found: DocumentExtraction[BankStatement]) -> None:
    sources = found.sources
    assert sources is not None
    assert sources.not_found == ()
    assert all(one.page in found.provenance[at] for at, places in sources.items() for one in places)
    samples = list(paper)
    places = samples[1].places
    (first,) = [place for place, part in enumerate(paper.parts[1]) if part.row == 20]
    right: Box = places[f"/transactions/{first}/balance"].right.box
    assert sources["/transactions/20/balance"][0].box.iou(right) > 0.5
    cut = paper.cuts[0]
    pieces = sources[f"/transactions/{cut}/description"]
    assert [one.page for one in pieces] == [1, 2]
    assert " ".join(one.text for one in pieces) == paper.value["transactions"][cut]["description"]


def test_a_pdf_is_opened_read_and_closed(paper: Drawn, tmp_path: Path) -> None:
    path = tmp_path / "statement"
    path.write_bytes(paper.pdf())
    model = RemoteModel(answers=[_answer(sample.value) for sample in paper])
    found = extract_document(model, path, BankStatement, sources=True, config={"max_concurrency": 1})
    assert [row.amount for row in found.value.transactions] == [
        row.amount for row in BankStatement.model_validate(paper.value).transactions
    ]
    assert found.complete
    assert found.sources is not None
    assert found.sources.not_found == ()  # by the PDF's own words
    assert found.sources["/closing_balance"][0].page == 2
    with pytest.raises(ImageError, match="there is no such file"):
        extract_document(model, tmp_path / "missing.pdf", BankStatement)


def test_without_being_asked_nothing_is_looked_for() -> None:
    paper = statement(2, 2)
    assert extract_document(Reader(paper=paper), Reopened(paper), Statement).sources is None


# --- plots -----------------------------------------------------------------------------------------------------------


def test_plots_come_page_by_page() -> None:
    pages = [Page(number, page.picture) for number, page in zip((4, 9), statement(2, 2), strict=True)]
    thing = {"label": "cup", "color": "red", "box": [0, 0, 500, 500]}
    model = RemoteModel(answers=[json.dumps({"objects": [thing]}), '{"objects": []}'])
    chain = document_chain(model, Scene, family="relative-1000", include_report=True)
    found = chain.invoke(pages, {"max_concurrency": 1})
    drawn = {number: len(figure.axes[0].patches) for number, figure in found.plots(pages)}
    assert set(drawn) == {4, 9}
    assert drawn[4] > drawn[9] == 0
