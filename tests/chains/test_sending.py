from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda
from PIL import Image

from extraction.chains.reporting import FrameReporter
from extraction.chains.sending import Sending
from extraction.errors import BoxConventionError, ImageError
from extraction.families import ResizeRule, find_family
from extraction.frames import Frame
from extraction.images import load_image
from tests.chains.fakes import RemoteModel, sent_picture

RULE = Sending(ResizeRule(28, 3136, 1_003_520))


def encoded(size: tuple[int, int], kind: str = "JPEG", orientation: int = 1) -> str:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.new("RGB", size, "white")
    picture.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    buffer = io.BytesIO()
    picture.save(buffer, kind, exif=exif)
    return base64.b64encode(buffer.getvalue()).decode()


DATA = encoded((640, 480))
URI = f"data:image/jpeg;base64,{DATA}"
FRAME = Frame((640, 480), (644, 476))


DIALECTS: list[dict[str, Any]] = [
    {"type": "image_url", "image_url": {"url": URI, "detail": "high"}},
    {"type": "image_url", "image_url": URI},
    {"type": "input_image", "image_url": URI, "detail": "auto"},
    {"type": "media", "mime_type": "image/jpeg", "data": DATA},
    {"type": "file", "mime_type": "image/jpeg", "base64": DATA},
    {"type": "image", "base64": DATA, "mime_type": "image/jpeg", "id": "x"},
    {"type": "image", "url": URI},
    {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/jpeg"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": DATA}},
]


@pytest.mark.parametrize("block", DIALECTS)
def test_a_picture_keeps_its_dialect(block: dict[str, Any]) -> None:
    before = repr(block)
    text = {"type": "text", "text": "What is this?"}
    (message,), frames = RULE.messages([HumanMessage([block, text, "and this?"], id="1")])
    assert frames == [FRAME]
    assert not isinstance(message.content, str)
    sent, *others = message.content
    assert (others, message.id, message.type) == ([text, "and this?"], "1", "human")
    assert isinstance(sent, dict)
    assert sent.keys() == block.keys()
    assert DATA not in str(sent)
    assert "image/png" not in str(sent)
    picture = sent_picture({**sent, "image_url": sent["url"]} if "url" in sent else sent)
    assert picture is not None
    assert picture.size == (644, 476)
    assert picture.getpixel((300, 200))[1] < 40  # type: ignore[index]
    assert picture.getpixel((340, 200))[1] > 215  # type: ignore[index]
    assert repr(block) == before


def test_pictures_are_counted_through_all_messages() -> None:
    small = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded((56, 84), 'PNG')}"}}
    wrapped = {"type": "non_standard", "value": DIALECTS[1]}
    sent, frames = RULE.messages(
        [SystemMessage("x"), HumanMessage([small, DIALECTS[0]]), AIMessage("y"), HumanMessage([wrapped])]
    )
    assert frames == [Frame((56, 84), (56, 84)), FRAME, FRAME]
    assert sent[1].content[0] == small
    assert sent[0].content == "x"


@pytest.mark.parametrize(("kind", "format"), [("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "PNG"), ("GIF", "PNG")])
def test_the_format_stays_or_is_lossless(kind: str, format: str) -> None:
    uri = f"data:image/{kind.lower()};base64,{encoded((100, 100), kind)}"
    block = {"type": "image", "base64": uri.partition(",")[2], "mime_type": f"image/{kind.lower()}"}
    for one in ({"type": "image_url", "image_url": uri}, block):
        (message,), _ = RULE.messages([HumanMessage([one])])
        sent = message.content[0]
        assert isinstance(sent, dict)
        data = sent.get("base64") or sent["image_url"].partition(",")[2]
        assert Image.open(io.BytesIO(base64.b64decode(data))).format == format
        named = sent.get("mime_type") or sent["image_url"].partition(";")[0].removeprefix("data:")
        assert named == f"image/{format.lower()}"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_sent_upright(orientation: int) -> None:
    data = encoded((112, 56), orientation=orientation)
    (message,), frames = RULE.messages([HumanMessage([{"type": "image", "base64": data, "mime_type": "image/jpeg"}])])
    size = (112, 56) if orientation < 5 else (56, 112)
    assert frames == [Frame(size, size)]
    sent = message.content[0]
    assert isinstance(sent, dict)
    assert (sent["base64"] == data) == (orientation == 1)
    shown = sent_picture(sent)  # as a server decodes it that knows nothing of EXIF
    assert shown is not None
    assert shown.size == size
    upright = load_image(f"data:image/jpeg;base64,{data}").image
    assert all(
        abs(shown.getpixel(at)[1] - upright.getpixel(at)[1]) < 60  # type: ignore[index]
        for at in ((5, 5), (size[0] - 6, 5), (5, size[1] - 6))
    )


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, "is given by its address"),
        ({"type": "image", "url": "https://example.com/a.png"}, "is given by its address"),
        ({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}, "is given by its address"),
        ({"type": "image", "file_id": "f-1"}, "is no data, but a block with the keys"),
        ({"type": "image_url"}, "is no data"),
        (
            {"image": {"format": "jpeg", "source": {"bytes": base64.b64decode(DATA)}}},
            "in a form that is not understood",
        ),
    ],
)
def test_a_picture_that_cannot_be_resized_is_told_before_the_model_is_asked(block: Any, problem: str) -> None:
    model = RemoteModel(answers=["hello"])
    for prompt in ([HumanMessage([block])], [HumanMessage([DIALECTS[0], block])]):
        with pytest.raises(BoxConventionError, match=problem) as caught:
            FrameReporter(model=model, sending=RULE).invoke(prompt)
        assert "put the picture itself into the prompt" in str(caught.value)
    assert model.seen == []
    assert FrameReporter(model=model).invoke([HumanMessage([block])]).text == "hello"


def test_a_picture_that_cannot_be_read_is_told() -> None:
    broken = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(ImageError):
        RULE.messages([HumanMessage([broken])])


def test_what_is_no_picture_stays() -> None:
    pdf = {"type": "file", "mime_type": "application/pdf", "base64": "AAAA"}
    (message,), frames = RULE.messages([HumanMessage([pdf, {"type": "text", "text": "image"}])])
    assert (message.content, frames) == ([pdf, {"type": "text", "text": "image"}], [])


@pytest.mark.parametrize(
    ("size", "frame"),
    [
        ((300, 100), Frame((300, 100), (300, 300), (0, 100, 300, 200))),
        ((100, 301), Frame((100, 301), (301, 301), (100, 0, 200, 301))),
        ((50, 50), Frame((50, 50), (50, 50))),
    ],
)
def test_squares_are_padded_around_the_picture(size: tuple[int, int], frame: Frame) -> None:
    (message,), frames = Sending("square").messages([HumanMessage([{"type": "image", "base64": encoded(size, "PNG")}])])
    assert frames == [frame]
    sent = message.content[0]
    assert isinstance(sent, dict)
    shown = sent_picture(sent)
    assert shown is not None
    assert shown.size == frame.model
    left, top, right, bottom = (int(side) for side in frame.content or (0, 0, 50, 50))
    assert (
        shown.crop((left, top, right, bottom)).tobytes()
        == load_image(base64.b64decode(encoded(size, "PNG"))).image.tobytes()
    )


def test_every_picture_has_the_size_that_is_wanted() -> None:
    _, frames = Sending((500, 300)).messages([HumanMessage([DIALECTS[0], DIALECTS[2]])])
    assert frames == [Frame((640, 480), (500, 300))] * 2


# --- what is told ----------------------------------------------------------------------------------------------------

PROMPT = [HumanMessage([DIALECTS[0]])]


async def test_every_way_of_asking_tells_what_was_sent() -> None:
    def check(answer: AIMessage) -> None:
        assert answer.text == "hello there you"
        told = answer.response_metadata["boxes"]
        assert (told["family"], told["convention"]["kind"]) == ("qwen2.5-vl", "pixel")
        assert told["frames"] == [FRAME.as_json()]

    def joined(chunks: list[Any]) -> AIMessage:
        assert len(chunks) > 2
        assert "boxes" in chunks[0].response_metadata
        assert not any("boxes" in chunk.response_metadata for chunk in chunks[1:])
        whole: AIMessage = sum(chunks[1:], chunks[0])
        return whole

    model = RemoteModel(answers=["hello there you"])
    reporter = FrameReporter(model=model, family=find_family(None, "qwen2.5-vl"), sending=RULE)
    check(reporter.invoke(PROMPT))
    check(await reporter.ainvoke(PROMPT))
    for answer in [*reporter.batch([PROMPT] * 2), *await reporter.abatch([PROMPT] * 2)]:
        check(answer)
    check(joined(list(reporter.stream(PROMPT))))
    check(joined([chunk async for chunk in reporter.astream(PROMPT)]))
    sent = {sent_picture(seen[0].content[0]).size for seen in model.seen}  # type: ignore[arg-type, union-attr]
    assert sent == {(644, 476)}


async def test_what_cannot_be_sent_stands_for_its_answer_in_a_batch() -> None:
    address = [HumanMessage([{"type": "image", "url": "https://example.com/a.png"}])]
    seen: list[Any] = []

    def answer(messages: Any, config: Any) -> AIMessage:
        seen.append(config["metadata"]["number"])
        return AIMessage("x")

    reporter = FrameReporter(model=RunnableLambda(answer), sending=RULE)
    inputs: Any = [PROMPT, address, "hi"]
    configs: Any = [{"metadata": {"number": number}} for number in range(3)]
    for answers in (
        reporter.batch(inputs, configs, return_exceptions=True),
        await reporter.abatch(inputs, configs, return_exceptions=True),
    ):
        assert [type(one) for one in answers] == [AIMessage, BoxConventionError, AIMessage]
        assert [one.response_metadata["boxes"]["frames"] for one in answers[::2]] == [[FRAME.as_json()], []]
    assert sorted(seen) == [0, 0, 2, 2]
    with pytest.raises(BoxConventionError):
        reporter.batch(inputs)
    assert reporter.batch([]) == []


@pytest.mark.parametrize(
    ("told", "frames"),
    [
        ([Frame((644, 476), (322, 238)).as_json()], [Frame((640, 480), (322, 238)).as_json()]),
        ([Frame((644, 476)).as_json()], [FRAME.as_json()]),
        ([Frame((1, 1), (2, 2)).as_json()], [FRAME.as_json()]),
        ([None], [FRAME.as_json()]),
        ([], [FRAME.as_json()]),
        (None, [FRAME.as_json()]),
    ],
)
def test_what_a_model_says_of_what_it_was_sent_is_told_of_the_users_picture(told: Any, frames: Any) -> None:
    own = AIMessage("x", response_metadata={"boxes": {"family": "own", "convention": None, "frames": told}})
    answer = FrameReporter(model=RemoteModel(answers=[own]), sending=RULE).invoke(PROMPT)
    assert answer.response_metadata["boxes"] == {"family": "own", "convention": None, "frames": frames}
