"""Extractions with sources, and values that are read again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from extraction import ChatOCR, Sources, Verification, load_image, plot_sources
from extraction.chains.extract import aextract, extract
from extraction.chains.verify import averify_sources, cut_pieces, verify_sources
from extraction.errors import OptionError
from extraction.grounding.finding import find_sources
from extraction.pages.words import Word
from extraction.schemas.geometry import Box
from tests.chains.fakes import RemoteModel
from tests.extraction.grounding.paper import box, page

SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}, "name": {"type": "string"}},
    "required": ["total", "name"],
}
WORDS = page((100, 1, "Name Ann"), (100, 3, "Total 12.50"), size=(640, 480))
PICTURE = Image.new("RGB", (640, 480), "white")
SAID = '{"total": 12.5, "name": "Ann"}'


class Reader:
    """An engine of one's own, that reads the given texts on a sheet, one below the other."""

    name = "reader"

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.sheets: list[Image.Image] = []

    def __call__(self, image: Image.Image, /) -> Iterable[Word]:
        self.sheets.append(image)
        step = image.height / len(self.texts)
        for number, text in enumerate(self.texts):
            if text:
                middle = (number + 0.5) * step
                yield Word(text, Box(x1=50, y1=middle - 8, x2=50 + 8 * len(text), y2=middle + 8))


def test_an_extraction_has_its_sources() -> None:
    result = extract(RemoteModel(answers=[SAID]), PICTURE, SCHEMA, sources=WORDS)
    assert result.sources is not None
    assert result.sources["/total"][0].box == box(160, 3, "12.50")
    assert result.sources["/name"][0].match == "exact"
    assert extract(RemoteModel(answers=[SAID]), PICTURE, SCHEMA).sources is None


def test_the_words_of_an_engine_are_asked_for_by_name_or_given() -> None:
    reader = Reader("Ann", "12.50")
    result = extract(RemoteModel(answers=[SAID]), PICTURE, SCHEMA, sources=reader)
    assert result.sources is not None
    assert {pointer: places[0].text for pointer, places in result.sources.items()} == {
        "/total": "12.50",
        "/name": "Ann",
    }
    assert len(reader.sheets) == 1


def test_words_of_another_picture_are_refused_before_the_model_is_asked() -> None:
    model = RemoteModel(answers=[SAID])
    with pytest.raises(OptionError, match=r"of a picture of \(1000, 1000\), not of \(640, 480\)"):
        extract(model, PICTURE, SCHEMA, sources=page((1, 1, "x")))
    assert model.seen == []


def test_values_are_read_again_by_engine_and_model() -> None:
    sources = find_sources({"total": 12.5, "name": "Ann", "other": "Zoe"}, WORDS)
    model = RemoteModel(answers=['{"text": "12.50 EUR"}'])
    reader = Reader("12.60", "Ann")
    told = verify_sources(sources, {"total": 12.5, "name": "Ann"}, load_image(PICTURE), model=model, engine=reader)
    assert told.verified == {
        "/total": Verification("12.60", "12.50 EUR", None, "equal"),
        "/name": Verification("Ann", "12.50 EUR", "exact", None),
    }
    assert told.disagreed == ("/total", "/name")
    assert (len(model.seen), told.not_found) == (2, ("/other",))
    assert len(reader.sheets) == 1
    assert reader.sheets[0].height > 2 * 40


def test_an_answer_that_cannot_be_read_is_no_reading() -> None:
    sources = find_sources({"name": "Ann"}, WORDS)
    model = RemoteModel(answers=["I cannot tell."])
    told = verify_sources(sources, {"name": "Ann"}, load_image(PICTURE), model=model, engine=Reader("Ann"))
    assert told.verified == {"/name": Verification("Ann", None, "exact", None)}
    assert told.verified["/name"].agreed
    nothing = verify_sources(sources, {"name": "Ann"}, load_image(PICTURE), engine=Reader(""))
    assert nothing.verified == {"/name": Verification()}
    assert nothing.disagreed == ("/name",)


def test_other_failures_of_the_model_are_raised() -> None:
    sources = find_sources({"name": "Ann"}, WORDS)
    with pytest.raises(ConnectionError):
        verify_sources(
            sources,
            {"name": "Ann"},
            load_image(PICTURE),
            model=RemoteModel(answers=[ConnectionError("gone")]),
            engine=False,
        )


def test_verify_goes_with_an_extraction() -> None:
    answers = ['{"total": 12.5}', '{"text": "12.5"}']
    schema = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    result = extract(RemoteModel(answers=answers), PICTURE, schema, sources=Reader("12.50"), verify=True)
    assert result.sources is not None
    assert result.sources.verified == {"/total": Verification("12.50", "12.5", "equal", "exact")}
    again = asyncio.run(aextract(RemoteModel(answers=answers), PICTURE, schema, sources=Reader("12.50"), verify=True))
    assert again.sources == result.sources


def _nested(levels: int) -> Any:
    value: Any = "Ann"
    for _ in range(levels):
        value = {"name": value}
    return value


def test_somebody_must_read_and_pages_must_be_there() -> None:
    sources = find_sources({"name": "Ann"}, {2: WORDS})
    with pytest.raises(OptionError, match="page 2, of which there is no picture"):
        verify_sources(sources, {"name": "Ann"}, load_image(PICTURE), engine=Reader("Ann"))
    for pages in ([load_image(PICTURE)], PICTURE, None, {1: PICTURE}):
        with pytest.raises(OptionError, match="must be the Picture of a page"):
            verify_sources(sources, {"name": "Ann"}, pages, engine=Reader("Ann"))  # type: ignore[arg-type]
    for other in ({"firm": "Ann"}, ["Ann"], "Ann"):
        with pytest.raises(OptionError, match="of another value: in this one there is no /name"):
            verify_sources(sources, other, {2: load_image(PICTURE)}, engine=Reader("Ann"))
    with pytest.raises(OptionError, match="nested too deeply"):
        verify_sources(sources, _nested(255), {2: load_image(PICTURE)}, engine=Reader("Ann"))
    with pytest.raises(OptionError, match="neither a model nor an OCR engine"):
        asyncio.run(averify_sources(Sources({}), {}, load_image(PICTURE), engine=False))


def test_rules_that_read_by_an_engine_are_not_asked_to_read_again() -> None:
    sources = find_sources({"name": "Ann"}, WORDS)
    told = verify_sources(sources, {"name": "Ann"}, load_image(PICTURE), model=ChatOCR(), engine=Reader("Ann"))
    assert told.verified == {"/name": Verification("Ann", None, "exact", None)}
    with pytest.raises(OptionError, match="neither a model nor an OCR engine"):
        verify_sources(sources, {"name": "Ann"}, load_image(PICTURE), model=ChatOCR(), engine=False)


def test_sources_are_plotted() -> None:
    result = extract(RemoteModel(answers=['{"total": 13, "name": "Ann"}']), PICTURE, SCHEMA, sources=WORDS)
    figure = result.plot_sources()
    told = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert "name" in told
    assert any("stands nowhere:\ntotal" in text for text in told)
    assert figure.get_size_inches()[1] / figure.get_size_inches()[0] > 480 / 640
    with pytest.raises(OptionError, match="has no sources"):
        extract(RemoteModel(answers=[SAID]), PICTURE, SCHEMA).plot_sources()


def test_what_holds_no_sources_is_not_plotted() -> None:
    nothing: Any = extract(RemoteModel(answers=[SAID]), PICTURE, SCHEMA).sources
    with pytest.raises(OptionError, match=r"has no sources \(ask for them"):
        plot_sources(PICTURE, nothing)
    wrong: Any = {"/total": []}
    with pytest.raises(OptionError, match=r"cannot be of type dict \(give an extraction"):
        plot_sources(PICTURE, wrong)


@pytest.mark.parametrize("turned", [0.0, 10.0, 90.0, 180.0, -90.0, 30.0])
def test_a_value_on_a_turned_page_is_cut_out_upright(turned: float) -> None:
    words = page((300, 15, "Total: 12.50"), (300, 18, "Other 77"), turned=turned)
    sheet = Image.new("RGB", words.size, "white")
    for shade, share in (("black", (0.0, 0.5)), ("gray", (0.5, 1.0))):  # a value that begins black and ends grey
        box = Box.from_xyxy(370 + 50 * share[0], 450, 370 + 50 * share[1], 466)
        ImageDraw.Draw(sheet).rectangle((box.x1, box.y1, box.x2 - 1, box.y2 - 1), fill=shade)
    picture = load_image(sheet.rotate(-turned, Image.Resampling.BICUBIC, fillcolor="white"))
    sources = find_sources({"total": 12.5}, words)
    place = sources["/total"][0]
    assert (place.quad is None) == (turned == 0)
    (piece,) = cut_pieces(sources, {"total": 12.5}, picture)
    grey = np.asarray(piece.image.convert("L")).astype(int)
    height, width = grey.shape
    assert width / height == pytest.approx((50 + 5) / (16 + 5), rel=0.1)
    middle = grey[height // 2]
    assert middle[width // 4] < 40
    assert 100 < middle[3 * width // 4] < 160
    assert middle[0] > 200
    assert middle[-1] > 200
