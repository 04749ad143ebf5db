from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from extraction.chains import extraction_chain
from extraction.chains.repair import Repairing
from extraction.errors import BoxConventionError, SchemaMismatchError, TruncatedOutputError, UnreadableOutputError
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Scene
from tests.chains.fakes import ANSWER, PICTURE, PIXELS, RemoteModel, picture_url, text_of

AGAIN = "Look at the picture again and answer once more, with the whole JSON only."
WRONG = '{"objects": [{"label": "cup {x}", "color": "red", "box": [1, 2]}]}'


async def test_the_error_goes_back_together_with_the_answer_and_the_picture() -> None:
    wrong = "the answer does not fit the schema: objects/0/box: must be four numbers, not [1, 2]"
    for awaited in (False, True):
        model = RemoteModel(answers=[WRONG, ANSWER])
        chain = extraction_chain(model, Scene, repair=1)
        scene = await chain.ainvoke(PICTURE) if awaited else chain.invoke(PICTURE)
        assert scene.objects[0].box.xyxy == PIXELS
        first, second = model.seen
        assert second[: len(first)] == first
        assert picture_url(second[1]) == picture_url(first[1])
        assert picture_url(second[1]).startswith("data:image/png;base64,")
        answer, complaint = second[len(first) :]
        assert (type(answer), text_of(answer)) == (AIMessage, WRONG)
        assert (type(complaint), text_of(complaint)) == (
            HumanMessage,
            f"That answer cannot be used: {wrong}\n{AGAIN}",
        )


def test_the_error_names_fields_as_the_model_was_told_them() -> None:
    model = RemoteModel(answers=[answer.replace('"box"', '"bbox_2d"') for answer in (WRONG, ANSWER)])
    chain = extraction_chain(model, Scene, family="qwen3-vl", repair=1)
    assert chain.invoke(PICTURE).objects[0].box.xyxy == PIXELS
    assert "objects/0/bbox_2d: must be four numbers, not [1, 2]" in text_of(model.seen[1][-1])
    with pytest.raises(SchemaMismatchError, match="objects/0/box: must be four numbers"):
        extraction_chain(RemoteModel(answers=[WRONG]), Scene, family="qwen3-vl", repair=1).invoke(PICTURE)


def test_it_asks_as_often_as_it_may_and_then_gives_up() -> None:
    model = RemoteModel(answers=["no", WRONG, "no JSON {either}"])
    with pytest.raises(UnreadableOutputError) as caught:
        extraction_chain(model, Scene, repair=2).invoke(PICTURE)
    assert caught.value.llm_output == "no JSON {either}"
    assert [len(messages) for messages in model.seen] == [2, 4, 6]
    assert [text_of(message) for message in model.seen[2]][2::2] == ["no", WRONG]


def test_a_good_answer_is_asked_for_once() -> None:
    model = RemoteModel()
    assert extraction_chain(model, Scene, repair=3).invoke(PICTURE).objects[0].box.xyxy == PIXELS
    assert len(model.seen) == 1
    extraction_chain(RemoteModel(answers=[WRONG]), Scene)
    with pytest.raises(SchemaMismatchError):
        extraction_chain(RemoteModel(answers=[WRONG, ANSWER]), Scene, repair=0).invoke(PICTURE)


@pytest.mark.parametrize(
    "answer",
    [
        AIMessage(ANSWER[:-5], response_metadata={"finish_reason": "length"}),
        AIMessage("", tool_calls=[{"name": "Scene", "args": {"objects": [{}]}, "id": "1"}]),
        AIMessage([{"type": "text", "text": "no"}]),
    ],
)
def test_answers_of_every_kind_are_repaired(answer: AIMessage) -> None:
    model = RemoteModel(answers=[answer, ANSWER])
    assert extraction_chain(model, Scene, repair=1).invoke(PICTURE).objects[0].box.xyxy == PIXELS
    shown = model.seen[1][2]
    assert shown.type == "ai"
    assert text_of(shown).strip()
    assert not getattr(shown, "tool_calls", None)  # a call without its result would be refused


def test_an_empty_answer_is_not_repeated() -> None:
    model = RemoteModel(answers=["", ANSWER])
    extraction_chain(model, Scene, repair=1).invoke(PICTURE)
    assert [message.type for message in model.seen[1]] == ["system", "human", "human"]


def test_batches_and_streams_are_repaired() -> None:
    chain: Any = extraction_chain(RemoteModel(answers=["no", ANSWER]), Scene, repair=1)
    assert [scene.objects[0].box.xyxy for scene in chain.batch([PICTURE])] == [PIXELS]
    chain = extraction_chain(RemoteModel(answers=["no", ANSWER]), Scene, repair=1)
    assert [scene.objects[0].box.xyxy for scene in chain.stream(PICTURE)] == [PIXELS] * 2
    raw = extraction_chain(RemoteModel(answers=["no", ANSWER]), Scene, repair=1, include_raw=True).invoke(PICTURE)
    assert (raw["raw"].text, raw["parsing_error"]) == (ANSWER, None)


def test_what_asking_again_cannot_mend_is_raised_at_once() -> None:
    parser: Any = GroundedOutputParser(target=Scene)
    model = RemoteModel()
    with pytest.raises(BoxConventionError):
        Repairing(model=model, parser=parser, attempts=3).invoke("hi")
    assert len(model.seen) == 1
    broken = RemoteModel(answers=[RuntimeError("down")])
    with pytest.raises(RuntimeError, match="down"):
        extraction_chain(broken, Scene, repair=3).invoke(PICTURE)
    assert len(broken.seen) == 1


def test_the_last_error_is_what_counts() -> None:
    cut = AIMessage(ANSWER[:-5], response_metadata={"finish_reason": "length"})
    with pytest.raises(TruncatedOutputError):
        extraction_chain(RemoteModel(answers=["no", cut]), Scene, repair=1).invoke(PICTURE)
