"""Streams of whole chains: scripted answers, tiny checkpoints with random weights, and the embedded model."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableParallel
from PIL import Image
from pydantic import BaseModel, Field

from extraction.chains import detection_chain, extraction_chain, reasoning_chain
from extraction.chat_model import ChatTransformers
from extraction.engine import register_backend
from extraction.errors import TruncatedOutputError
from extraction.frames import Frame
from extraction.images import load_image
from extraction.jobs import Answer, Job
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Box, Scene, json_schema_of
from tests.chains.fakes import ANSWER, PICTURE, PIXELS, RemoteModel
from tests.extraction.growth import grows
from tests.scripted import ScriptedBackend

SCENE_FILE = Path(__file__).parents[2] / "examples" / "scene.png"
URI = load_image(Image.radial_gradient("L").resize((200, 100))).to_data_uri()
LOOK = [HumanMessage([{"type": "image_url", "image_url": {"url": URI}}, {"type": "text", "text": "What is it?"}])]


class Thing(BaseModel):
    """A thing in the picture."""

    label: str = Field(max_length=12)
    where: Box
    parts: list[int] = Field(max_length=4)


class Plain(BaseModel):
    label: str = Field(max_length=12)
    count: int = Field(ge=0, le=9)


THINGS = json.dumps([{"label": f"t{index}", "where": [0, 0, 500, 1000], "parts": [index]} for index in range(4)])


class Patient(ScriptedBackend):
    """Writes a few letters at a time, and after each item waits until somebody has got it."""

    def __init__(self, text: str, *, early: bool) -> None:
        super().__init__()
        self.text, self.early = text, early
        self.got = threading.Semaphore(0)
        self.jobs: list[Job] = []

    def run(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self.jobs.append(job)
            frames = (Frame((200, 100)),)
            if self.early:
                job.frames = frames
            for end in range(1, len(self.text) + 1):
                if job.cancelled:
                    job.resolve(Answer(self.text[:end], "cancelled", 10, 8, end, frames))
                    return
                job.tell(self.text[:end])
                if self.early and self.text[:end].endswith("]}") and not self.got.acquire(timeout=20):
                    raise AssertionError("an item did not come out before the next was written")
            job.resolve(Answer(self.text, "stop", 10, 8, len(self.text), frames))


def _patient(text: str, *, early: bool = True) -> tuple[ChatTransformers, Patient]:
    backend = Patient(text, early=early)
    register_backend("patient", lambda: backend)
    return ChatTransformers(model="patient", family="relative-1000"), backend


# --- a backend that waits ------------------------------------------------------------------------------------------


def test_an_item_comes_out_while_the_next_is_not_written_yet() -> None:
    llm, backend = _patient(THINGS)
    elements = []
    for element in llm.with_structured_output(list[Thing]).stream(LOOK):
        elements.append(element)
        backend.got.release()
    assert [len(element) for element in elements] == [1, 2, 3, 4, 4]
    assert grows(elements)
    assert [thing.where.xyxy for thing in elements[0]] == [(0, 0, 100, 100)]


async def test_asynchronously_too() -> None:
    llm, backend = _patient(THINGS)
    elements = []
    async for element in extraction_chain(llm, list[Thing]).astream(Image.new("RGB", (200, 100))):
        elements.append(element)
        backend.got.release()
    assert [len(element) for element in elements] == [1, 2, 3, 4, 4]


def test_boxes_whose_meaning_comes_last_wait_for_it() -> None:
    llm, _ = _patient(THINGS, early=False)
    elements = list(llm.with_structured_output(list[Thing]).stream(LOOK))
    assert [len(element) for element in elements] == [1, 2, 3, 4, 4]
    assert elements[0][0].where.xyxy == (0, 0, 100, 100)


@pytest.mark.parametrize("early", [False, True])
def test_chunks_add_up_to_the_message_whenever_boxes_are_told(early: bool) -> None:
    llm, backend = _patient("[]", early=early)
    backend.got.release(10)
    format_ = {"type": "json_schema", "json_schema": {"name": "things", "schema": json_schema_of(list[Thing])}}
    first, *others = llm.stream(LOOK, response_format=format_)
    assert isinstance(first, AIMessageChunk)
    assert ("boxes" in first.response_metadata) is early
    whole = llm.invoke(LOOK, response_format=format_)
    total = first + others
    assert (total.content, total.response_metadata) == (whole.content, whole.response_metadata)


def test_leaving_a_stream_stops_the_model() -> None:
    llm, backend = _patient(THINGS)
    stream: Any = llm.with_structured_output(list[Thing]).stream(LOOK)
    next(stream)
    stream.close()
    backend.got.release()
    assert backend.jobs[0].future.result(timeout=20).finish_reason == "cancelled"


# --- remote models -------------------------------------------------------------------------------------------------


def test_a_remote_model_streams_pixels() -> None:
    elements = list(extraction_chain(RemoteModel(), Scene).stream(PICTURE))
    assert [[one.box.xyxy for one in scene.objects] for scene in elements] == [[PIXELS]] * 2
    raw = list(extraction_chain(RemoteModel(), Scene, include_raw=True).stream(PICTURE))
    assert [set(one) for one in raw] == [{"parsed"}, {"raw", "parsed", "parsing_error"}]
    assert [one["parsed"] for one in raw] == elements


def test_a_chatty_remote_model_streams_too() -> None:
    chatty = f"<think>Is [1] a cup?</think>\nHere you are:\n```json\n{ANSWER}\n```\nGood luck!"
    elements = list(detection_chain(RemoteModel(answers=[chatty]), ["cup"]).stream(PICTURE))
    assert [[one.box.xyxy for one in scene.objects] for scene in elements] == [[PIXELS]] * 2


def test_streams_inside_of_other_runnables() -> None:
    model = RemoteModel(answers=[ANSWER])
    both = RunnableParallel(a=extraction_chain(model, Scene), b=extraction_chain(model, Scene))
    total: Any = None
    for part in both.stream(PICTURE):
        total = part if total is None else total + part
    assert total == both.invoke(PICTURE)
    answers = ["I see two.", '["a", "b"]']
    reasoned = list(reasoning_chain(RemoteModel(answers=answers), list[str], question="?").stream(PICTURE))
    assert reasoned[-1] == reasoning_chain(RemoteModel(answers=answers), list[str], question="?").invoke(PICTURE)


# --- checkpoints ---------------------------------------------------------------------------------------------------


def _sampling(folder: str, **options: Any) -> ChatTransformers:
    return ChatTransformers(model=folder, temperature=1.0, seed=3, max_tokens=400, family="relative-1000", **options)


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("schema", [Thing, Plain])
def test_the_last_element_is_what_invoke_gives(tiny: str, method: Any, schema: Any) -> None:
    chain = _sampling(tiny).with_structured_output(schema, method=method)
    elements = list(chain.stream(LOOK))
    assert grows(elements)
    assert elements[-1] == chain.invoke(LOOK)
    assert len(elements) >= 3


@pytest.mark.parametrize("schema", [list[Thing], json_schema_of(Thing)])
async def test_chains_of_checkpoints(tiny_llava: str, schema: Any) -> None:
    picture = Image.new("RGB", (64, 32), "red")
    chain = extraction_chain(_sampling(tiny_llava), schema)
    elements = [element async for element in chain.astream(picture)]
    assert grows(elements)
    assert elements == list(chain.stream(picture))
    assert elements[-1] == chain.invoke(picture)


def test_a_budget_that_ends_leaves_what_was_complete(tiny_llava: str) -> None:
    given: list[Any] = []
    schema: dict[str, Any] = {"type": "array", "items": {"type": "integer", "minimum": 10, "maximum": 999999999}}
    schema |= {"minItems": 30, "maxItems": 30}
    chain = extraction_chain(_sampling(tiny_llava).bind(max_tokens=110), schema)
    with pytest.raises(TruncatedOutputError) as caught:
        for element in chain.stream(Image.new("RGB", (64, 32))):
            given.append(element)  # noqa: PERF402 - what came before the error is wanted
    assert len(given) > 3
    assert grows(given)
    assert str(given[-1])[1:-1].replace(" ", "") in caught.value.llm_output.replace(" ", "")  # type: ignore[union-attr]


def test_a_prompt_a_model_and_the_parser_of_ones_own(tiny_qwen: str) -> None:
    prompt = ChatPromptTemplate.from_messages([("human", [{"type": "image_url", "image_url": {"url": "{uri}"}}])])
    form = {"type": "json_schema", "json_schema": {"name": "thing", "schema": json_schema_of(Thing)}}
    chain = prompt | _sampling(tiny_qwen).bind(response_format=form) | GroundedOutputParser(target=Thing)
    elements = list(chain.stream({"uri": URI}))
    assert grows(elements)
    assert elements[-1] == chain.invoke({"uri": URI})
    assert all(0 <= edge <= 200 for element in elements[1:] for edge in element.where.xyxy)


async def test_the_embedded_model_finds_one_thing_after_the_other() -> None:
    chain = extraction_chain(ChatTransformers(model="pocket"), Scene)
    scenes = list(chain.stream(SCENE_FILE))
    assert [len(scene.objects) for scene in scenes] == [1, 2, 3, 4, 5, 6, 6]
    assert grows(scenes)
    assert scenes[-1] == chain.invoke(SCENE_FILE)
    events = [event async for event in chain.astream_events(SCENE_FILE, version="v2")]
    told: list[Any] = [event["data"] for event in events if event["event"] == "on_custom_event"]
    assert [one["pointer"] for one in told] == [f"/objects/{index}" for index in range(6)]
    assert [one["value"] for one in told] == scenes[-1].objects
