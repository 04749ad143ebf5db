"""What becomes of an answer that the budget cuts, with the embedded model: it sees, and writes a scene that is known."""

from __future__ import annotations

import functools
import json
import operator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from PIL import Image, ImageDraw

from extraction import ChatTransformers
from extraction.chains import extraction_chain
from extraction.chains.extract import aextract, extract
from extraction.errors import OptionError, TruncatedOutputError
from extraction.images import Picture
from extraction.result import Extraction
from extraction.schemas import DetectedObject, Scene, json_schema_of
from tests.chains.fakes import ANSWER, PICTURE, RemoteModel

BUDGETS = range(22, 60, 5)


@pytest.fixture(scope="module")
def pocket() -> ChatTransformers:
    return ChatTransformers(dtype="float32")


@pytest.fixture(scope="module")
def scene() -> Picture:
    image = Image.new("RGB", (300, 200), "white")
    draw = ImageDraw.Draw(image)
    for left, color in ((20, "red"), (110, "blue"), (200, "green")):
        draw.rectangle((left, 60, left + 70, 130), fill=color)
    return Picture(image)


@pytest.fixture(scope="module")
def whole(pocket: ChatTransformers, scene: Picture) -> Scene:
    extraction: Extraction[Scene] = extract(pocket, scene, Scene)
    assert extraction.finish_reason == "stop"
    assert len(extraction.value.objects) == 3
    return extraction.value


def _objects(partial: Any) -> list[DetectedObject]:
    return [DetectedObject.model_validate(one) for one in (partial or {}).get("objects", [])]


def test_a_cut_answer_raises_and_names_what_was_invented(pocket: Any, scene: Picture, whole: Scene) -> None:
    complete = []
    for budget in BUDGETS:
        with pytest.raises(TruncatedOutputError) as caught:
            extract(pocket.bind(max_tokens=budget), scene, Scene)
        error = caught.value
        assert _objects(error.partial) == whole.objects[: len(_objects(error.partial))]
        complete.append(len(_objects(error.partial)))
        said = Scene.model_validate(json.loads(str(error.llm_output)))  # valid, and not to be believed
        assert len(said.objects) >= complete[-1]
        for pointer in error.invented:
            if pointer.startswith("/objects/"):
                assert int(pointer.split("/")[2]) >= complete[-1]
        assert all(pointer in str(error) for pointer in error.invented[:5])
    assert complete == sorted(complete)
    assert complete[0] < complete[-1]


def test_what_is_complete_can_be_salvaged(pocket: Any, scene: Picture, whole: Scene) -> None:
    salvaged = extract(pocket.bind(max_tokens=BUDGETS[-1]), scene, Scene, on_truncation="salvage")
    assert salvaged.finish_reason == "length"
    assert 1 <= len(salvaged.value.objects) < 3
    assert salvaged.value.objects == whole.objects[: len(salvaged.value.objects)]
    chain = extraction_chain(pocket.bind(max_tokens=BUDGETS[-1]), Scene, on_truncation="salvage")
    assert chain.invoke(scene) == salvaged.value
    assert list(chain.stream(scene))[-1] == salvaged.value
    with pytest.raises(TruncatedOutputError):  # a list must have its items
        extract(pocket.bind(max_tokens=22), scene, DetectedObject, on_truncation="salvage")


def test_a_cut_answer_is_gone_on_with(pocket: Any, scene: Picture, whole: Scene) -> None:
    for budget in BUDGETS:
        on = extract(pocket.bind(max_tokens=budget), scene, Scene, on_truncation="continue")
        assert (on.value, on.finish_reason) == (whole, "stop")
    first = extract(pocket, scene, Scene).raw.response_metadata["decoding"]["passes"]
    assert on.raw.response_metadata["decoding"]["passes"] < first


async def test_a_cut_answer_is_gone_on_with_when_awaited(pocket: Any, scene: Picture, whole: Scene) -> None:
    on = await aextract(pocket.bind(max_tokens=30), scene, Scene, on_truncation="continue")
    assert on.value == whole


def test_a_stream_that_is_cut_adds_up_to_the_same_message(pocket: Any, scene: Picture) -> None:
    format_ = {"type": "json_schema", "json_schema": {"name": "scene", "schema": json_schema_of(Scene)}}
    asked = pocket.bind(response_format=format_, max_tokens=40)
    look = HumanMessage(
        [{"type": "image_url", "image_url": {"url": scene.to_data_uri()}}, {"type": "text", "text": "What is there?"}]
    )
    message = asked.invoke([look])
    chunks = list(asked.stream([look]))
    assert functools.reduce(operator.add, chunks).content == message.content
    assert json.loads(message.content)
    written = message.response_metadata["truncated"]["written"]
    assert "".join(str(chunk.content) for chunk in chunks[:-1]) == message.content[:written]
    assert chunks[-1].content == message.content[written:] != ""


def test_a_list_that_may_not_go_on_says_which_option_ended_it(pocket: Any, scene: Picture, whole: Scene) -> None:
    capped = pocket.bind(max_items=2)
    for on_truncation in ("raise", "continue"):
        with pytest.raises(TruncatedOutputError, match="max_items or max_string"):
            extract(capped, scene, Scene, on_truncation=on_truncation)
    assert extract(capped, scene, Scene, on_truncation="salvage").value.objects == whole.objects[:2]
    assert extract(pocket.bind(max_items=4), scene, Scene).value == whole


def test_a_model_that_tells_no_tokens_cannot_go_on() -> None:
    cut = AIMessage(ANSWER[:-5], response_metadata={"finish_reason": "length"})
    model = RemoteModel(answers=[cut])
    with pytest.raises(TruncatedOutputError):
        extract(model, PICTURE, Scene, on_truncation="continue")
    assert len(model.seen) == 1
    with pytest.raises(OptionError, match="on_truncation='mend' is not one of raise, salvage, continue"):
        extraction_chain(RemoteModel(), Scene, on_truncation="mend")  # type: ignore[call-overload]
