"""What becomes of an answer that the budget cuts, with the embedded model: it sees, and writes a scene that is known."""

from __future__ import annotations

import functools
import json
import operator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import PydanticOutputParser
from PIL import Image, ImageDraw
from pydantic import BaseModel

from extraction import ChatTransformers
from extraction.chains import detection_chain, extraction_chain, reasoning_chain, tiled
from extraction.chains.extract import aextract, extract
from extraction.chains.reason import Reasoned
from extraction.errors import OptionError, TruncatedOutputError, UnreadableOutputError
from extraction.images import Picture
from extraction.parsing import GroundedOutputParser
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


def test_what_was_kept_and_what_was_gone_on_with_is_as_sure_as_the_whole(
    pocket: Any, scene: Picture, whole: Scene
) -> None:
    sure = extract(pocket, scene, Scene).confidence
    assert sure is not None
    told = 0
    for budget in BUDGETS:
        on = extract(pocket.bind(max_tokens=budget), scene, Scene, on_truncation="continue").confidence
        assert on is not None
        assert on.leaves == pytest.approx(sure.leaves, abs=1e-4)
        assert on.boxes == pytest.approx(sure.boxes, abs=1e-4)
        assert on.items == pytest.approx(sure.items, abs=1e-4)
        assert on.pressure == pytest.approx(sure.pressure, abs=1e-4)
    for budget in BUDGETS[-4:]:
        kept = extract(pocket.bind(max_tokens=budget), scene, Scene, on_truncation="salvage")
        assert kept.confidence is not None
        assert kept.confidence.leaves.keys() == {
            key for key in sure.leaves if int(key.split("/")[2]) < len(kept.value.objects)
        }
        for part in ("leaves", "boxes", "items"):
            mine, all_ = getattr(kept.confidence, part), getattr(sure, part)
            assert mine == pytest.approx({key: all_[key] for key in mine}, abs=1e-4)
            told += len(mine)
    assert told


def test_tokens_alone_are_gone_on_with_and_tell_no_confidence(pocket: Any, scene: Picture) -> None:
    chain = extraction_chain(pocket.bind(max_tokens=40), Scene, include_raw=True)
    truncated = chain.invoke(scene)["raw"].response_metadata["truncated"]
    for begun, known in ((truncated["tokens"], False), (json.loads(json.dumps(truncated)), True)):
        asked = extraction_chain(pocket.bind(continue_from=begun), Scene, include_raw=True)
        assert ("confidence" in asked.invoke(scene)["raw"].response_metadata) is known
    with pytest.raises(OptionError, match="it is no trace"):
        extraction_chain(pocket.bind(continue_from={"tokens": [1], "trace": {"starts": [1]}}), Scene).invoke(scene)


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


class Form(BaseModel):
    title: str = "untitled"
    count: int = 0
    words: list[str] = []


class Seen(BaseModel):
    count: int = 0
    colors: list[str] = []
    shapes: list[str] = []


def test_a_cut_call_is_salvaged_from_its_arguments_alone(pocket: Any, scene: Picture) -> None:
    look = HumanMessage([{"type": "image_url", "image_url": {"url": scene.to_data_uri()}}])
    asked = pocket.bind_tools([Seen], tool_choice="Seen")
    with pytest.raises(OptionError) as refused:
        asked.invoke([look], max_tokens=1)
    least = int(str(refused.value).split(" takes ")[1].split()[0])
    parser = GroundedOutputParser(target=Seen, on_truncation="salvage")
    told = set()
    for budget in range(least, least + 20):
        message = asked.invoke([look], max_tokens=budget)
        if not message.invalid_tool_calls:
            continue
        assert "calls" not in (message.response_metadata["confidence"] or {})
        written = message.invalid_tool_calls[0]["args"] or ""
        try:
            value = parser.invoke(message)
        except TruncatedOutputError as error:
            assert error.partial is None  # noqa: PT017 - it is raised for some budgets only
        else:
            told.add(tuple(sorted(value.model_fields_set)))
            assert value.count == 3
            assert f'"count": {value.count}' in written
            assert value.colors == ["red", "blue", "green"][: len(value.colors)]
            assert all(f'"{color}"' in written for color in value.colors)
    assert {("colors", "count")} <= told


def test_samples_are_gone_on_with_as_the_answer_is(pocket: Any, scene: Picture) -> None:
    options: dict[str, Any] = {"samples": 2, "sample_temperature": 0.01}
    short = extract(pocket.bind(max_tokens=30), scene, Scene, on_truncation="continue", **options)
    long = extract(pocket, scene, Scene, **options)
    assert (short.value, short.agreement) == (long.value, long.agreement)
    assert min((short.agreement or {}).values()) == 1.0


def test_a_text_that_may_not_go_on_is_never_salvaged(pocket: Any, scene: Picture) -> None:
    with pytest.raises(TruncatedOutputError, match="max_string"):
        extract(pocket.bind(max_string=3), scene, Form, on_truncation="salvage")


def test_a_number_that_was_cut_has_no_confidence(pocket: Any, scene: Picture) -> None:
    found = 0
    for budget in range(BUDGETS[0], 57):
        message = extraction_chain(pocket.bind(max_tokens=budget), Scene, include_raw=True).invoke(scene)["raw"]
        truncated, confidence = message.response_metadata["truncated"], message.response_metadata["confidence"]
        assert not set(truncated["invented"]) & confidence["leaves"].keys()
        found += len(truncated["invented"])
    assert found
    number = {"type": "integer", "minimum": 1000, "maximum": 10**9}
    raw = extraction_chain(pocket.bind(max_tokens=5), number, include_raw=True).invoke(scene)["raw"]
    if raw.response_metadata["finish_reason"] == "length":
        assert raw.response_metadata["truncated"]["invented"] == [""]
        assert raw.response_metadata["confidence"]["leaves"] == {}


def test_a_stop_string_inside_the_document_is_named(pocket: Any, scene: Picture, whole: Scene) -> None:
    for stop, error in (('"color"', TruncatedOutputError), ("}", TruncatedOutputError), ("{", UnreadableOutputError)):
        with pytest.raises(error, match=f"the stop string '{stop}' ended it") as caught:
            extract(pocket.bind(stop=["never", stop]), scene, Scene)
        assert "max_tokens" not in str(caught.value)
    assert extract(pocket.bind(stop=["never"]), scene, Scene).value == whole
    with pytest.raises(TruncatedOutputError, match="raise max_tokens"):
        extract(
            RemoteModel(answers=[AIMessage(ANSWER[:-5], response_metadata={"stop_sequence": None})]), PICTURE, Scene
        )


@pytest.mark.parametrize("told", [True, {"x": 1}, "yes"])
def test_what_other_models_call_truncated_means_nothing(told: Any) -> None:
    model = RemoteModel(
        answers=[AIMessage(ANSWER[:-5], response_metadata={"finish_reason": "length", "truncated": told})]
    )
    for on_truncation in ("raise", "salvage", "continue"):
        with pytest.raises(TruncatedOutputError):
            extract(model, PICTURE, Scene, on_truncation=on_truncation)


def test_an_example_before_the_cut_is_not_the_answer() -> None:
    chatty = AIMessage(f"Example: {ANSWER} Now the answer is", response_metadata={"finish_reason": "length"})
    with pytest.raises(TruncatedOutputError):
        extract(RemoteModel(answers=[chatty]), PICTURE, Scene, on_truncation="salvage")


def test_langchains_parser_is_given_no_cut_answer(pocket: Any, scene: Picture) -> None:
    parser: PydanticOutputParser[Form] = PydanticOutputParser(pydantic_object=Form)
    picture = {"type": "image_url", "image_url": {"url": scene.to_data_uri()}}
    messages = [SystemMessage(parser.get_format_instructions()), HumanMessage([picture])]
    assert isinstance((pocket | parser).invoke(messages), Form)
    whole = pocket.invoke(messages).usage_metadata["output_tokens"]
    cut = 0
    for budget in range(whole - 8, whole - 1, 2):
        with pytest.raises((TruncatedOutputError, OptionError)) as caught:
            (pocket.bind(max_tokens=budget) | parser).invoke(messages)
        cut += isinstance(caught.value, TruncatedOutputError)
        with pytest.raises((TruncatedOutputError, OptionError)):
            list((pocket.bind(max_tokens=budget) | parser).stream(messages))
    assert cut


def test_every_chain_can_keep_or_go_on_with_a_cut_answer(pocket: Any, scene: Picture, whole: Scene) -> None:
    short = pocket.bind(max_tokens=BUDGETS[-1])
    kept = extract(short, scene, Scene, on_truncation="salvage").value
    assert detection_chain(short, on_truncation="salvage").invoke(scene) == kept
    assert detection_chain(short, on_truncation="continue").invoke(scene) == whole
    for on_truncation, found in (("salvage", kept), ("continue", whole)):
        parts = tiled(detection_chain(short, on_truncation=on_truncation), tile=300)  # type: ignore[arg-type]
        assert parts.invoke(scene) == found
    with pytest.raises(TruncatedOutputError):
        detection_chain(short).invoke(scene)


def test_what_was_kept_is_said(caplog: pytest.LogCaptureFixture) -> None:
    cut = AIMessage(f"[{ANSWER}, {ANSWER[:-5]}", response_metadata={"finish_reason": "length"})
    assert len(extraction_chain(RemoteModel(answers=[cut]), list[Scene], on_truncation="salvage").invoke(PICTURE)) == 1
    assert "was cut" in caplog.text


def test_a_cut_answer_behind_thoughts_is_salvaged_and_cut_thoughts_are_not() -> None:
    cut = AIMessage(f"[{ANSWER}, {ANSWER[:-5]}", response_metadata={"finish_reason": "length"})
    chain = reasoning_chain(
        RemoteModel(answers=["I see.", cut]), list[Scene], question="What?", on_truncation="salvage"
    )
    assert [len(one.objects) for one in chain.invoke(PICTURE).answer] == [1]
    thought = AIMessage("I s", response_metadata={"finish_reason": "length"})
    for on_truncation in ("raise", "salvage", "continue"):
        with pytest.raises(TruncatedOutputError):
            reasoning_chain(
                RemoteModel(answers=[thought, "3"]), int, question="What?", on_truncation=on_truncation
            ).invoke(PICTURE)


def test_thoughts_and_answer_are_gone_on_with() -> None:
    def cut(text: str, tokens: list[int]) -> AIMessage:
        truncated = {"written": len(text), "tokens": tokens, "budget": 10}
        return AIMessage(text, response_metadata={"finish_reason": "length", "truncated": truncated})

    model = RemoteModel(answers=[cut("I s", [1, 2]), "I see.", cut("[1", [3]), "[1, 2]"])
    chain = reasoning_chain(model, list[int], question="What?", on_truncation="continue")
    assert chain.invoke(PICTURE) == Reasoned(answer=[1, 2], reasoning="I see.")
    assert [one.get("continue_from") for one in model.options] == [None, {"tokens": [1, 2]}, None, {"tokens": [3]}]
    assert [one.get("max_tokens") for one in model.options] == [None, 20, None, 20]
