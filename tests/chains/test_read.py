from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from PIL import Image

from extraction import BoxConventionError, MissingExtraError, OptionError
from extraction.chains import ocr_chain
from extraction.ocr import engines
from extraction.ocr.reading import forget_words
from extraction.pages.words import Line
from extraction.schemas import Box, ComparedTranscript, TextLine, Transcript
from tests.chains.fakes import PICTURE, RemoteModel, picture_url, text_of
from tests.extraction.ocr.lines import line


def engine(image: Image.Image) -> Iterable[Line]:
    """Reads the same three lines from every picture."""
    return [line("12.24", 200, 40), line("TOTAL", 0, 40), line("GREEN GROCER", 0, 0)]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    forget_words()


def test_the_text_of_a_picture() -> None:
    model = RemoteModel(answers=["TOTAL  12.50\nThank you!\n"])
    assert ocr_chain(model).invoke(PICTURE) == "TOTAL  12.50\nThank you!"
    ocr_chain(model, instruction="Read the sign.").invoke(PICTURE)
    ocr_chain(model).invoke({"image": PICTURE, "instruction": "Read the number plate."})
    assert [text_of(messages[0]) for messages in model.seen] == [
        "Read all text in the picture, line by line, and write nothing else.",
        "Read the sign.",
        "Read the number plate.",
    ]
    assert ocr_chain(RemoteModel(answers=[""])).invoke(PICTURE) == ""


def test_without_a_model_the_engine_reads() -> None:
    assert ocr_chain(engine=engine).invoke(PICTURE) == "GREEN GROCER\n\nTOTAL\n12.24"
    model = RemoteModel()
    assert (
        ocr_chain(model, by="engine", engine=engine).batch([PICTURE, PICTURE]) == ["GREEN GROCER\n\nTOTAL\n12.24"] * 2
    )
    assert model.seen == []


def test_a_transcript_by_the_engine_has_boxes_in_pixels() -> None:
    read = ocr_chain(transcript=True, engine=engine).invoke(PICTURE)
    assert read == Transcript(
        lines=[
            TextLine(text="GREEN GROCER", box=Box.from_xyxy(0, 0, 60, 10)),
            TextLine(text="TOTAL", box=Box.from_xyxy(0, 40, 25, 50)),
            TextLine(text="12.24", box=Box.from_xyxy(200, 40, 225, 50)),
        ]
    )
    assert read.text == "GREEN GROCER\nTOTAL\n12.24"


def test_a_transcript_by_a_model_has_boxes_in_pixels_too() -> None:
    answer = '{"lines": [{"text": "TOTAL 12.24", "box": [250, 500, 750, 1000]}]}'
    model = RemoteModel(answers=[answer])
    read = ocr_chain(model, transcript=True).invoke(PICTURE)
    assert read == Transcript(lines=[TextLine(text="TOTAL 12.24", box=Box.from_xyxy(160, 240, 480, 480))])
    with pytest.raises(BoxConventionError):
        ocr_chain(model, transcript=True, family="no-such-family")


def test_both_readings_stand_beside_each_other() -> None:
    model = RemoteModel(answers=["GREEN GROCER\nTOTAL 12.29\nThank you"])
    read = ocr_chain(model, by="both", engine=engine).invoke({"image": PICTURE, "instruction": "Read."})
    assert isinstance(read, ComparedTranscript)
    assert [(one.model, one.engine) for one in read.lines] == [
        ("GREEN GROCER", "GREEN GROCER"),
        ("TOTAL", "TOTAL"),
        ("12.29", "12.24"),
        ("Thank you", None),
    ]
    assert [one.text for one in read.disagreements] == ["12.29", "Thank you"]
    assert read.lines[1].box == Box.from_xyxy(0, 40, 25, 50)
    assert text_of(model.seen[0][0]) == "Read."


async def test_both_read_a_file_that_can_be_read_once() -> None:
    stream = io.BytesIO()
    PICTURE.save(stream, "PNG")
    stream.seek(0)
    model = RemoteModel(answers=["TOTAL 12.24\nGREEN GROCER"])
    read = await ocr_chain(model, by="both", engine=engine).ainvoke(stream)
    assert read.disagreements == []
    assert picture_url(model.seen[0][0]).startswith("data:image/png")


def test_what_cannot_be_is_refused() -> None:
    for by in ("model", "both"):
        with pytest.raises(OptionError, match=f"by='{by}' needs a model"):
            ocr_chain(by=by)  # type: ignore[call-overload]
    with pytest.raises(OptionError, match="by='eyes' is not one of model, engine, both"):
        ocr_chain(RemoteModel(), by="eyes")  # type: ignore[call-overload]
    for options in ({"instruction": "Read."}, {"family": "gemini"}):
        with pytest.raises(OptionError, match="does nothing with by='engine'"):
            ocr_chain(engine=engine, **options)  # type: ignore[call-overload]
    with pytest.raises(OptionError, match="engine does nothing with by='model'"):
        ocr_chain(RemoteModel(), engine=engine)
    with pytest.raises(OptionError, match="follows no instruction"):
        ocr_chain(engine=engine).invoke({"image": PICTURE, "instruction": "Only the total."})


def test_a_missing_engine_is_told_before_the_first_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    for chain in (ocr_chain, lambda: ocr_chain(RemoteModel(), by="both")):
        with pytest.raises(MissingExtraError, match="no OCR engine is installed"):
            chain()
