"""Pages that know their words are not read again: a PDF's text layer serves ``ChatOCR`` in messages and in documents."""

from __future__ import annotations

import asyncio
import base64
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from extraction import ChatOCR, aextract, extract, extract_document, find_sources, open_document, read_words
from extraction.chains import extraction_chain
from extraction.images import load_image
from extraction.ocr import reading
from tests.documents import statement
from tests.extraction.pages.pdf_files import Sheet, pdf, text


class Bill(BaseModel):
    invoice_number: str | None = None
    total: Decimal | None = None


BILL = pdf([Sheet(text("Invoice number: AB-417", 20, 150) + text("Total: 23.50", 20, 100))])


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: Any) -> NoReturn:
        raise AssertionError("an engine was asked")

    monkeypatch.setattr(reading, "_read", read)


def test_a_page_s_picture_knows_its_words() -> None:
    (page,) = open_document(BILL)
    assert page.words is not None
    assert page.picture.words is page.words
    assert read_words(page.picture) is page.words
    with pytest.raises(AssertionError, match="an engine was asked"):
        read_words(page.picture, engine="tesseract")  # an engine that is named reads the pixels
    assert load_image(page.picture.image).words is None


def test_a_pdf_in_a_message() -> None:
    block = {"type": "file", "mime_type": "application/pdf", "base64": base64.b64encode(BILL).decode()}
    bill = ChatOCR().with_structured_output(Bill).invoke([HumanMessage([block])])
    assert bill == Bill(invoice_number="AB-417", total=Decimal("23.50"))


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_picture_of_a_page_in_a_chain(wrapped: bool) -> None:
    (page,) = open_document(BILL)
    model = ChatOCR().with_retry() if wrapped else ChatOCR()
    bill = Bill(invoice_number="AB-417", total=Decimal("23.50"))
    chain = extraction_chain(model, Bill)
    assert chain.invoke(page.picture) == bill
    assert chain.batch([page.picture, {"image": page.picture}]) == [bill, bill]
    assert asyncio.run(chain.ainvoke(page.picture)) == bill
    assert extraction_chain(model, Bill, evidence="words").invoke(page.picture) == bill
    found = extract(model, page.picture, Bill)
    assert found.value == bill
    assert found.sources is not None
    assert page.words is not None
    assert found.sources["/total"][0].box.iou(find_sources(found.data, page.words)["/total"][0].box) > 0.99
    assert asyncio.run(aextract(model, page.picture, Bill)).value == bill


class Row(BaseModel):
    date: str | None = None
    description: str | None = None
    amount: Decimal | None = None
    balance: Decimal | None = None


class Rows(BaseModel):
    bank: str | None = None
    address: str | None = None
    transactions: list[Row]


def test_a_document_of_several_pages_in_windows_of_two() -> None:
    drawn = statement(rows=24, pages=3, seed=5)
    found = extract_document(ChatOCR(), drawn.pdf(), Rows, window=2).value
    assert (found.bank, found.address) == (drawn.value["bank"], drawn.value.get("address"))
    assert [row.balance for row in found.transactions] == [
        Decimal(str(row["balance"])) for row in drawn.value["transactions"]
    ]
