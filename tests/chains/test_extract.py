from __future__ import annotations

import base64
import dataclasses
import io
import json
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from PIL import Image
from pydantic import BaseModel, Field

from extraction.chains import extraction_chain
from extraction.chains.extract import PROMPT, aextract, extract
from extraction.chains.reporting import FrameReporter
from extraction.conventions import PIXEL, RELATIVE_1, RELATIVE_1000, RELATIVE_1000_YXYX
from extraction.errors import (
    BoxConventionError,
    ImageError,
    OptionError,
    OutputError,
    SchemaError,
    SchemaMismatchError,
    TruncatedOutputError,
    UnreadableOutputError,
)
from extraction.families import Family
from extraction.images import load_image
from extraction.parsing import GroundedOutputParser
from extraction.prompts import INSTRUCTION, SYSTEM, model_schema, schema_text
from extraction.schemas import Box, Color, Counts, DetectedObject, Scene, json_schema_of
from tests.chains.fakes import ANSWER, OBJECT, PICTURE, PIXELS, LocalModel, RemoteModel, picture_url, text_of

FORM = schema_text(json_schema_of(Scene), RELATIVE_1000)
SCENE = Scene(objects=[DetectedObject(label="cup", color=Color("red"), box=Box.from_xyxy(*PIXELS))])
CUT = AIMessage(ANSWER[:-5], response_metadata={"finish_reason": "length"})


def jpeg(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


# --- the prompt ------------------------------------------------------------------------------------------------------


def test_the_prompt_is_what_the_embedded_model_was_trained_on() -> None:
    model = RemoteModel()
    assert extraction_chain(model, Scene).invoke(PICTURE) == SCENE
    (system, human), *_ = model.seen
    assert (system.type, text_of(system)) == ("system", f"{SYSTEM}\n{FORM}")
    assert [block["type"] for block in human.content if isinstance(block, dict)] == ["image_url", "text"]
    assert text_of(human) == INSTRUCTION == "Extract what the picture shows."
    assert load_image(picture_url(human)) == load_image(PICTURE)
    assert PROMPT.input_variables == ["form", "image_url", "instruction", "system"]


def test_instructions_come_from_the_input_the_chain_or_the_default() -> None:
    model = RemoteModel()
    chain = extraction_chain(model, Scene, instruction="Find {cups}.")
    chain.invoke(PICTURE)
    chain.invoke({"image": PICTURE, "instruction": 'Only {"red"} {{ones}} {image_url}.'})
    chain.invoke({"image": PICTURE})
    assert [text_of(messages[-1]) for messages in model.seen] == [
        "Find {cups}.",
        'Only {"red"} {{ones}} {image_url}.',
        "Find {cups}.",
    ]


def test_a_picture_is_shown_upright_and_its_pixels_are_those_of_the_upright_one() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    model = RemoteModel()
    sideways = jpeg(Image.new("RGB", (480, 640), "white"), exif=exif)
    assert extraction_chain(model, Scene).invoke(sideways).objects[0].box.xyxy == PIXELS
    assert load_image(picture_url(model.seen[0][-1])).size == (640, 480)


@pytest.mark.parametrize(
    "image", [np.zeros((480, 640, 3), np.uint8), load_image(PICTURE), jpeg(PICTURE), PICTURE.convert("RGBA")]
)
def test_pictures_of_every_kind(image: Any) -> None:
    assert extraction_chain(RemoteModel(), Scene).invoke({"image": image}).objects[0].box.xyxy == PIXELS


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        ({"picture": PICTURE}, OptionError, "a chain takes a picture or a mapping with 'image' and 'instruction'"),
        ({"image": PICTURE, "question": "?"}, OptionError, "not with ['image', 'question']"),
        ({}, OptionError, "not with []"),
        ("no/such/file.png", ImageError, "no/such/file.png: there is no such file"),
        ("https://example.com/a.png", ImageError, "web addresses are not opened"),
        (None, ImageError, "is nothing that a picture can be read from"),
    ],
)
def test_inputs_that_are_no_picture(value: Any, error: type[Exception], told: str) -> None:
    model = RemoteModel()
    with pytest.raises(error) as caught:
        extraction_chain(model, Scene).invoke(value)
    assert told in str(caught.value)
    assert model.seen == []


# --- models ----------------------------------------------------------------------------------------------------------


def test_a_remote_model_is_asked_for_0_to_1000_unless_the_user_knows_better() -> None:
    assert extraction_chain(RemoteModel(), Scene).invoke(PICTURE) == SCENE
    swapped = RemoteModel(answers=[json.dumps({"objects": [OBJECT | {"box": [500, 250, 1000, 750]}]})])
    assert extraction_chain(swapped, Scene, family="relative-1000-yxyx").invoke(PICTURE) == SCENE
    assert RELATIVE_1000_YXYX.words in text_of(swapped.seen[0][0])
    shares = RemoteModel(answers=[json.dumps({"objects": [OBJECT | {"box": [0.25, 0.5, 0.75, 1]}]})])
    assert extraction_chain(shares, Scene, family=RELATIVE_1).invoke(PICTURE) == SCENE
    assert extraction_chain(shares, Scene, family=Family("own", boxes=RELATIVE_1)).invoke(PICTURE) == SCENE


def test_pixels_of_a_remote_model_need_a_size_that_nobody_knows() -> None:
    with pytest.raises(BoxConventionError, match="counts pixels of the picture that the model was given, whose size"):
        extraction_chain(RemoteModel(), Scene, family="pixel").invoke(PICTURE)


def test_a_family_that_nobody_knows_is_told_at_once() -> None:
    with pytest.raises(BoxConventionError) as caught:
        extraction_chain(RemoteModel(), Scene, family="gpt")
    assert str(caught.value).startswith("there is no family 'gpt'; did you mean 'openai'? (known families: pocket, ")


def local(family: Family, answer: str = ANSWER, *, model: tuple[int, int] | None = None) -> LocalModel:
    boxes = None if family.boxes is None else dataclasses.asdict(family.boxes)
    frames = [{"original": [640, 480], "model": model and list(model)}]
    metadata = {"finish_reason": "stop", "boxes": {"family": family.name, "convention": boxes, "frames": frames}}
    return LocalModel(family=family, answers=[AIMessage(answer, response_metadata=metadata)])


def test_a_local_model_is_held_to_the_schema_and_tells_its_own_convention() -> None:
    pixels = json.dumps({"objects": [OBJECT | {"box": [161, 238, 483, 476]}]})
    model = local(Family("any", boxes=PIXEL), pixels, model=(644, 476))
    assert extraction_chain(model, Scene).invoke(PICTURE) == SCENE
    assert PIXEL.words in text_of(model.seen[0][0])
    assert model.options == [
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "Scene", "schema": json_schema_of(Scene)},
            },
            "schema_in_prompt": False,
        }
    ]


def test_a_local_model_of_unknown_convention_raises_only_where_there_are_boxes() -> None:
    unknown = Family("unknown")
    with pytest.raises(BoxConventionError, match="nobody knows how this model writes them"):
        extraction_chain(local(unknown), Scene).invoke(PICTURE)
    counts = '{"counts": [{"label": "cup", "count": 2}]}'
    assert extraction_chain(local(unknown, counts), Counts).invoke(PICTURE).as_dict() == {"cup": 2}


def test_what_the_user_says_of_a_local_model_holds_for_its_grammar_too() -> None:
    for family in (Family("unknown"), Family("other", boxes=PIXEL)):
        model = local(family)
        assert extraction_chain(model, Scene, family="relative-1000").invoke(PICTURE) == SCENE
        asked = model.options[0]["response_format"]["json_schema"]["schema"]
        assert asked == model_schema(json_schema_of(Scene), RELATIVE_1000)
        assert asked["$defs"]["Box"]["items"] == {"type": "integer", "minimum": 0, "maximum": 1000}


def test_every_schema_works() -> None:
    def value(schema: Any, answer: Any) -> Any:
        return extraction_chain(RemoteModel(answers=[json.dumps(answer)]), schema).invoke(PICTURE)

    assert value(list[DetectedObject], [OBJECT]) == SCENE.objects
    assert value(int, 4) == 4
    assert value({"properties": {"at": {"x-extraction": "box"}}}, {"at": OBJECT["box"]}) == {"at": list(PIXELS)}


@pytest.mark.parametrize("schema", [{"type": "objekt"}, "Scene", None, 3])
def test_what_is_no_schema_is_told_at_once(schema: Any) -> None:
    with pytest.raises(SchemaError):
        extraction_chain(RemoteModel(), schema)


def test_a_negative_number_of_repairs_is_told_at_once() -> None:
    with pytest.raises(OptionError, match="repair must be 0 or more, not -1"):
        extraction_chain(RemoteModel(), Scene, repair=-1)


# --- as a Runnable ---------------------------------------------------------------------------------------------------


def test_the_chain_is_visibly_prompt_model_parser() -> None:
    names = [node.name for node in extraction_chain(RemoteModel(), Scene).get_graph().nodes.values()]
    assert names[1:-1] == ["read_picture", "ChatPromptTemplate", "FrameReporter", "GroundedOutputParser"]
    assert extraction_chain(RemoteModel(), Scene).get_output_jsonschema()["title"] == "Scene"


async def test_invoke_stream_batch_and_their_awaited_forms_agree() -> None:
    def chain() -> Any:
        return extraction_chain(RemoteModel(), Scene)

    assert chain().invoke(PICTURE) == SCENE
    assert await chain().ainvoke(PICTURE) == SCENE
    assert list(chain().stream(PICTURE)) == [SCENE] * 2  # when its one object is complete, and when it is whole
    assert [value async for value in chain().astream(PICTURE)] == [SCENE] * 2
    assert list(chain().transform(iter([PICTURE]))) == [SCENE] * 2
    assert chain().batch([PICTURE] * 3) == [SCENE] * 3
    assert await chain().abatch([PICTURE] * 3) == [SCENE] * 3
    assert dict(chain().batch_as_completed([PICTURE] * 2)) == {0: SCENE, 1: SCENE}
    assert chain().map().invoke([PICTURE] * 2) == [SCENE] * 2
    assert RunnableParallel(a=chain(), b=chain()).invoke(PICTURE) == {"a": SCENE, "b": SCENE}
    assert (chain() | RunnableLambda(len_of)).invoke(PICTURE) == 1


def len_of(scene: Scene) -> int:
    return len(scene.objects)


def test_each_picture_of_a_batch_has_its_own_frame() -> None:
    pictures = [Image.new("RGB", size) for size in ((640, 480), (100, 200), (1000, 1000))]
    scenes = extraction_chain(RemoteModel(), Scene).batch(pictures)
    assert [scene.objects[0].box.xyxy for scene in scenes] == [
        (160, 240, 480, 480),
        (25, 100, 75, 200),
        (250, 500, 750, 1000),
    ]


async def test_exceptions_of_a_batch_stay_exceptions() -> None:
    def chain() -> Any:
        return extraction_chain(RemoteModel(answers=[ANSWER, RuntimeError("rate limit"), "no", CUT, ANSWER]), Scene)

    options = {"max_concurrency": 1}
    kinds = [Scene, RuntimeError, UnreadableOutputError, TruncatedOutputError, Scene, ImageError]
    pictures = [*[PICTURE] * 5, "no/such/file.png"]
    assert [type(one) for one in chain().batch(pictures, options, return_exceptions=True)] == kinds
    assert [type(one) for one in await chain().abatch(pictures, options, return_exceptions=True)] == kinds
    with pytest.raises(RuntimeError, match="rate limit"):
        chain().batch([PICTURE] * 3, options)


def test_retries_and_fallbacks() -> None:
    retried = extraction_chain(RemoteModel(answers=["no", CUT, ANSWER]), Scene).with_retry(
        retry_if_exception_type=(OutputError,), stop_after_attempt=3, wait_exponential_jitter=False
    )
    assert retried.invoke(PICTURE) == SCENE
    assert retried.batch([PICTURE]) == [SCENE]
    good = extraction_chain(RemoteModel(), Scene)
    bad = extraction_chain(RemoteModel(answers=["no"]), Scene)
    assert bad.with_fallbacks([good]).invoke(PICTURE) == SCENE


@pytest.mark.parametrize("schema", [Scene, json_schema_of(Scene)])
def test_include_raw(schema: Any) -> None:
    expected = SCENE if schema is Scene else {"objects": [OBJECT | {"box": list(PIXELS)}]}
    good = extraction_chain(RemoteModel(), schema, include_raw=True)
    for result in (good.invoke(PICTURE), *good.batch([PICTURE]), merged(good.stream(PICTURE))):
        assert set(result) == {"raw", "parsed", "parsing_error"}
        assert (result["raw"].text, result["parsed"], result["parsing_error"]) == (ANSWER, expected, None)
    for answer, kind in (("no", UnreadableOutputError), (CUT, TruncatedOutputError), ("{}", SchemaMismatchError)):
        bad = extraction_chain(RemoteModel(answers=[answer]), schema, include_raw=True)
        for result in (bad.invoke(PICTURE), *bad.batch([PICTURE]), merged(bad.stream(PICTURE))):
            assert set(result) == {"raw", "parsed", "parsing_error"}
            assert isinstance(result["raw"], AIMessage)
            assert (type(result["parsing_error"]), result["parsed"]) == (kind, None)


def merged(chunks: Any) -> dict[str, Any]:
    return {key: value for chunk in chunks for key, value in chunk.items()}


async def test_include_raw_awaited() -> None:
    chain = extraction_chain(RemoteModel(answers=[ANSWER, "no"]), Scene, include_raw=True)
    good, bad = await chain.abatch([PICTURE] * 2, {"max_concurrency": 1})
    assert (good["parsed"], type(bad["parsing_error"])) == (SCENE, UnreadableOutputError)


def test_include_raw_does_not_hide_other_errors() -> None:
    with pytest.raises(RuntimeError, match="down"):
        extraction_chain(RemoteModel(answers=[RuntimeError("down")]), Scene, include_raw=True).invoke(PICTURE)
    with pytest.raises(ImageError):
        extraction_chain(RemoteModel(), Scene, include_raw=True).invoke("no/such/file.png")


# --- extract ---------------------------------------------------------------------------------------------------------


async def test_extract_tells_all_that_is_known() -> None:
    usage = UsageMetadata(input_tokens=3, output_tokens=2, total_tokens=5)
    answer = AIMessage(ANSWER, response_metadata={"finish_reason": "STOP"}, usage_metadata=usage)
    for result in (
        extract(RemoteModel(answers=[answer]), PICTURE, Scene),
        await aextract(RemoteModel(answers=[answer]), PICTURE, Scene),
    ):
        assert result.value == SCENE
        assert result.data == {"objects": [OBJECT | {"box": list(PIXELS)}]}
        assert result.image == load_image(PICTURE)
        assert (result.raw.text, result.finish_reason, result.usage) == (ANSWER, "stop", usage)
        assert (result.notes, result.schema) == ((), None)
        assert json.loads(result.json()) == result.data


async def test_extract_takes_what_the_chain_takes() -> None:
    model = RemoteModel(answers=["no", json.dumps({"objects": [OBJECT | {"box": [750, 500, 250, 1000]}]})])
    image = {"image": PICTURE, "instruction": "Cups?"}
    result = await aextract(model, image, Scene, examples=[(PICTURE, SCENE)], repair=1, instruction="Find all.")
    assert result.value == SCENE
    assert [note.problem for note in result.notes] == ["corners were the wrong way round"]
    assert [text_of(message) for message in model.seen[0] if message.type == "human"] == ["Cups?", "Cups?"]
    assert extract(RemoteModel(), PICTURE, json_schema_of(Scene)).schema == json_schema_of(Scene)


def test_extract_raises_what_goes_wrong() -> None:
    with pytest.raises(UnreadableOutputError):
        extract(RemoteModel(answers=["no"]), PICTURE, Scene)
    with pytest.raises(ImageError):
        extract(RemoteModel(), "no/such/file.png", Scene)
    with pytest.raises(OptionError):
        extract(RemoteModel(), {"picture": PICTURE}, Scene)


# --- built by hand ---------------------------------------------------------------------------------------------------


def test_the_same_parts_by_hand() -> None:
    parser = GroundedOutputParser(target=Scene, convention=RELATIVE_1000, size=PICTURE.size)
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "Extract information from the picture.\n{struct_format}"),
            ("human", [{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,{image_data}"}}]),
        ]
    )
    chain = prompt | RemoteModel() | parser
    image_data = base64.b64encode(jpeg(PICTURE)).decode()
    assert chain.invoke({"struct_format": parser.get_format_instructions(), "image_data": image_data}) == SCENE


def test_the_address_of_a_picture_will_do_where_no_boxes_are_wanted() -> None:
    address = {"type": "image_url", "image_url": {"url": "https://example.com/photo.jpg"}}
    counts = RemoteModel(answers=['{"counts": [{"label": "cup", "count": 2}]}'])
    parser: Any = GroundedOutputParser(target=Counts)
    assert (FrameReporter(model=counts) | parser).invoke([HumanMessage([address])]).as_dict() == {"cup": 2}
    parser = GroundedOutputParser(target=Scene, convention=RELATIVE_1000)
    with pytest.raises(BoxConventionError) as caught:
        (FrameReporter(model=RemoteModel()) | parser).invoke([HumanMessage([address])])
    assert str(caught.value) == (
        "the answer holds boxes, and the size of the picture is not known "
        "(put the picture itself into the prompt instead of its address, or give the parser its size)"
    )


class Things(BaseModel):
    labels: list[str] = Field(description="the labels of the objects")
    bounding_boxes: list[list[int]] = Field(description="the bounding box of each object")


def test_the_five_line_form_with_langchains_own_parser() -> None:
    image_data = base64.b64encode(jpeg(PICTURE)).decode()
    llm = RemoteModel(answers=['```json\n{"labels": ["cup"], "bounding_boxes": [[1, 2, 3, 4]]}\n```'])
    parser = PydanticOutputParser(pydantic_object=Things)
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "Extract information from the image.\n{struct_format}"),
            (
                "human",
                [
                    {"type": "text", "text": "Detect all objects."},
                    {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,{image_data}"}},
                ],
            ),
        ]
    )
    chain = prompt | llm | parser
    found = chain.invoke({"struct_format": parser.get_format_instructions(), "image_data": image_data})
    assert found == Things(labels=["cup"], bounding_boxes=[[1, 2, 3, 4]])
    assert isinstance(llm.seen[0][1], HumanMessage)
    assert load_image(picture_url(llm.seen[0][1])).size == (640, 480)
