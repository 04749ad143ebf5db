from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.prompt_values import ChatPromptValue
from langchain_core.runnables import ConfigurableField, RunnableLambda
from PIL import Image

from extraction.chains.models import asked_for_json, box_convention, family_of, is_local, parser_convention
from extraction.chains.reporting import FrameReporter, prompt_messages
from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000
from extraction.errors import BoxConventionError, OptionError
from extraction.families import Family, find_family
from tests.chains.fakes import LocalModel, RemoteModel

OURS = Family("ours", boxes=PIXEL)


def remote() -> RemoteModel:
    return RemoteModel(answers=["hello"])


def local(family: Family = OURS) -> LocalModel:
    return LocalModel(family=family, answers=["hello"])


WRAPPED: list[Any] = [
    lambda model: model,
    lambda model: model.bind(stop=["x"]),
    lambda model: model.with_retry(),
    lambda model: model.with_config(tags=["a"]).bind(seed=1),
    lambda model: model.configurable_fields(answers=ConfigurableField(id="answers")),
    lambda model: model.with_fallbacks([model.bind(stop=["x"])]),
    lambda model: model.with_retry().with_fallbacks([model]).bind(seed=1),
]


@pytest.mark.parametrize("wrap", WRAPPED)
def test_a_model_is_known_behind_whatever_is_wrapped_around_it(wrap: Any) -> None:
    ours, other = wrap(local()), wrap(remote())
    assert (is_local(ours), is_local(other)) == (True, False)
    assert (box_convention(ours, None), box_convention(other, None)) == (PIXEL, RELATIVE_1000)
    assert (parser_convention(ours, None), parser_convention(other, None)) == (None, RELATIVE_1000)
    assert box_convention(ours, "relative-1") == parser_convention(ours, "relative-1") == RELATIVE_1


@pytest.mark.parametrize("wrap", WRAPPED)
def test_a_local_model_gets_its_grammar_through_whatever_is_wrapped_around_it(wrap: Any) -> None:
    model = local()
    asked_for_json(wrap(model), {"title": "Things", "type": "object"}).invoke("hi")
    options = model.options[0]
    assert options["response_format"]["json_schema"] == {
        "name": "Things",
        "schema": {"title": "Things", "type": "object"},
    }
    assert options["schema_in_prompt"] is False
    assert isinstance(asked_for_json(wrap(remote()), {}), FrameReporter)


@pytest.mark.parametrize("model", ["gpt-4o", None])
def test_what_is_no_chat_model_is_told(model: Any) -> None:
    with pytest.raises(
        OptionError, match=r"is no chat model \(give one, such as ChatTransformers\(model=\.\.\.\), ChatOCR\(\)"
    ):
        is_local(model)


def test_a_model_with_another_idea_of_families_is_not_ours() -> None:
    class Other(RemoteModel):
        family: str = "gpt"

    assert not is_local(Other())
    assert box_convention(Other(), None) == RELATIVE_1000


def test_whether_a_model_is_local_is_known_before_its_configuration_is_read() -> None:
    class Unread(RemoteModel):
        @property
        def family(self) -> Family:
            raise AssertionError("not yet")

    assert is_local(Unread())
    assert parser_convention(Unread(), None) is None


def test_fallbacks_that_write_boxes_in_another_way_are_refused() -> None:
    for model in (local().with_fallbacks([remote()]), remote().with_fallbacks([local()])):
        with pytest.raises(OptionError, match="the model and its fallbacks write boxes in different ways") as caught:
            asked_for_json(model, {})
        assert "chain.with_fallbacks([other_chain])" in str(caught.value)
    with pytest.raises(OptionError, match="in different ways"):
        box_convention(local().with_fallbacks([local(Family("other", boxes=RELATIVE_1))]), None)


@pytest.mark.parametrize("family", ["order=yxyx", {"order": "yxyx"}])
def test_single_fields_change_the_family_that_a_local_model_has(family: Any) -> None:
    model = LocalModel(family=find_family(None, "Qwen3-VL-2B"))
    changed = box_convention(model, family)
    assert changed is not None
    assert (changed.order, changed.box_key) == ("yxyx", "bbox_2d")
    assert family_of(model, PIXEL).prompts == model.family.prompts
    assert box_convention(model.with_fallbacks([model]), family) == changed


def test_single_fields_are_changed_of_what_a_local_model_is() -> None:
    own = OURS.boxes
    assert own is not None
    for change in ("order=yxyx", {"order": "yxyx"}):
        assert box_convention(local(), change) == own.changed(order="yxyx")


def test_a_family_that_nobody_knows() -> None:
    with pytest.raises(BoxConventionError, match="there is no family 'gpt'"):
        box_convention(remote(), "gpt")
    assert box_convention(remote(), "unknown") is None


# --- the sizes of pictures -------------------------------------------------------------------------------------------


def encoded(size: tuple[int, int], orientation: int = 1, kind: str = "JPEG") -> str:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, kind, exif=exif)
    return base64.b64encode(buffer.getvalue()).decode()


def block(data: str, kind: str = "image/jpeg") -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}


def sizes(*content: Any) -> list[Any]:
    answer = FrameReporter(model=remote()).invoke([SystemMessage("x"), *map(HumanMessage, content)])
    boxes = answer.response_metadata["boxes"]
    assert (boxes["family"], boxes["convention"]) == (None, None)
    assert all(frame["model"] is None for frame in boxes["frames"])
    return [frame["original"] for frame in boxes["frames"]]


def test_the_sizes_are_those_of_the_prompts_pictures_in_order() -> None:
    first, second = encoded((30, 20)), encoded((7, 9), kind="PNG")
    assert sizes([block(first), {"type": "text", "text": "and"}, block(second, "image/png")]) == [[30, 20], [7, 9]]
    assert sizes([block(first)], "text", [block(second)]) == [[30, 20], [7, 9]]
    assert sizes("text only") == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_upright_picture(orientation: int) -> None:
    assert sizes([block(encoded((30, 20), orientation))]) == [[30, 20] if orientation < 5 else [20, 30]]


DATA = encoded((30, 20))


@pytest.mark.parametrize(
    "content",
    [
        {"type": "image_url", "image_url": f"data:image/jpeg;base64,{DATA}"},
        {"type": "input_image", "image_url": f"data:image/jpeg;base64,{DATA}"},
        {"type": "media", "mime_type": "image/jpeg", "data": DATA},
        {"type": "file", "mime_type": "image/jpeg", "base64": DATA},
        {"type": "image", "base64": DATA, "mime_type": "image/jpeg"},
        {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/jpeg"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": DATA}},
        block(DATA, "image/png"),  # a wrong type is no hindrance
    ],
)
def test_the_size_is_read_in_every_dialect(content: Any) -> None:
    assert sizes([content]) == [[30, 20]]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": "https://example.com/a.png"},
        {"type": "image", "url": "https://example.com/a.png"},
        {"type": "image", "file_id": "f-1"},
        {"type": "image", "url": "file:///etc/passwd"},
        {"type": "image_url"},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        block(base64.b64encode(b"no picture").decode()),
        block("####"),
        block(""),
    ],
)
def test_a_picture_whose_size_cannot_be_told_keeps_its_place(content: Any) -> None:
    assert sizes([block(DATA), content]) == [[30, 20], None]


@pytest.mark.parametrize(
    "prompt",
    [
        ChatPromptValue(messages=[HumanMessage([block(DATA)])]),
        [HumanMessage([block(DATA)])],
        [("human", [block(DATA)])],
        [{"role": "user", "content": [block(DATA)]}],
    ],
)
def test_prompts_of_every_form(prompt: Any) -> None:
    assert [message.type for message in prompt_messages(prompt)] == ["human"]
    frames = FrameReporter(model=remote()).invoke(prompt).response_metadata["boxes"]["frames"]
    assert frames == [{"original": [30, 20], "model": None}]


def test_a_bare_text_is_a_prompt() -> None:
    assert prompt_messages("hi") == [HumanMessage("hi")]
    assert FrameReporter(model=remote()).invoke("hi").response_metadata["boxes"]["frames"] == []


async def test_every_way_of_asking_reports() -> None:
    def told(answer: AIMessage) -> Any:
        assert answer.text == "hello there you"
        return [frame["original"] for frame in answer.response_metadata["boxes"]["frames"]]

    def joined(chunks: list[Any]) -> AIMessage:
        assert len(chunks) > 2
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        assert isinstance(whole, AIMessageChunk)
        return whole

    reporter = FrameReporter(model=RemoteModel(answers=["hello there you"]))
    prompt: Any = [HumanMessage([block(DATA)])]
    assert told(reporter.invoke(prompt)) == [[30, 20]]
    assert told(await reporter.ainvoke(prompt)) == [[30, 20]]
    assert [told(one) for one in reporter.batch([prompt, "hi"])] == [[[30, 20]], []]
    assert [told(one) for one in await reporter.abatch([prompt, "hi"])] == [[[30, 20]], []]
    assert told(joined(list(reporter.stream(prompt)))) == [[30, 20]]
    assert told(joined([chunk async for chunk in reporter.astream(prompt)])) == [[30, 20]]
    assert told(joined(list(reporter.transform(iter([prompt]))))) == [[30, 20]]
    assert [told(one) for _, one in reporter.batch_as_completed([prompt])] == [[[30, 20]]]
    assert told((RunnableLambda(lambda _: prompt) | reporter).invoke(None)) == [[30, 20]]


def test_what_a_model_says_of_itself_stays() -> None:
    own = AIMessage("x", response_metadata={"boxes": {"family": "ours"}, "finish_reason": "stop"})
    model = RemoteModel(answers=[own])
    assert FrameReporter(model=model).invoke("hi").response_metadata["boxes"] == {"family": "ours"}
    plain = AIMessage("x", response_metadata={"finish_reason": "stop"})
    assert FrameReporter(model=RemoteModel(answers=[plain])).invoke("hi").response_metadata["finish_reason"] == "stop"
    assert plain.response_metadata == {"finish_reason": "stop"}


def test_a_model_that_streams_whole_messages_or_texts() -> None:
    def answered(answer: Any) -> list[Any]:
        return list(FrameReporter(model=RunnableLambda(lambda _: answer)).stream("hi"))

    assert "boxes" in answered(AIMessage("x"))[0].response_metadata
    assert answered("plain text of a language model") == ["plain text of a language model"]


def test_what_is_no_picture_has_no_frame() -> None:
    pdf = {"type": "file", "mime_type": "application/pdf", "base64": "AAAA"}
    assert (
        sizes([pdf, {"type": "text", "text": "image"}, {"type": "media", "mime_type": "audio/wav", "data": "AAAA"}])
        == []
    )
