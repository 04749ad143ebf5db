from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage

from extraction.chains import caption_chain
from extraction.errors import TruncatedOutputError
from extraction.images import load_image
from tests.chains.fakes import PICTURE, RemoteModel, picture_url, text_of


async def test_a_picture_in_words() -> None:
    model = RemoteModel(answers=[" A white wall.\n"])
    chain = caption_chain(model)
    assert chain.invoke(PICTURE) == "A white wall."
    assert await chain.ainvoke(PICTURE) == "A white wall."
    assert chain.batch([PICTURE] * 2) == ["A white wall."] * 2
    assert "".join(chain.stream(PICTURE)) == "A white wall."
    (message,) = model.seen[0]
    assert (message.type, text_of(message)) == ("human", "Describe the picture.")
    assert load_image(picture_url(message)) == load_image(PICTURE)


def test_what_to_describe_can_be_said() -> None:
    model = RemoteModel(answers=["x"])
    caption_chain(model, instruction="In {one} word.").invoke(PICTURE)
    caption_chain(model).invoke({"image": PICTURE, "instruction": "In two."})
    assert [text_of(messages[0]) for messages in model.seen] == ["In {one} word.", "In two."]


def test_a_cut_description_raises() -> None:
    model = RemoteModel(answers=[AIMessage("A white wa", response_metadata={"finish_reason": "length"})])
    with pytest.raises(TruncatedOutputError) as caught:
        caption_chain(model).invoke(PICTURE)
    assert caught.value.llm_output == "A white wa"
    with pytest.raises(TruncatedOutputError):
        list(caption_chain(model).stream(PICTURE))
