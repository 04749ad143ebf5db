from __future__ import annotations

from extraction.chains import ocr_chain
from tests.chains.fakes import PICTURE, RemoteModel, text_of


def test_the_text_of_a_picture() -> None:
    model = RemoteModel(answers=["TOTAL  12.50\nThank you!\n"])
    assert ocr_chain(model).invoke(PICTURE) == "TOTAL  12.50\nThank you!"
    ocr_chain(model, instruction="Read the sign.").invoke(PICTURE)
    assert [text_of(messages[0]) for messages in model.seen] == [
        "Read all text in the picture, line by line, and write nothing else.",
        "Read the sign.",
    ]
    assert ocr_chain(RemoteModel(answers=[""])).invoke(PICTURE) == ""
