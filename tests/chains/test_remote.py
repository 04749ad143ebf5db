from __future__ import annotations

import functools
import json
import random
from typing import Any

import pytest
from langchain_core.runnables import ConfigurableField, RunnableLambda
from PIL import Image

from extraction.chains import detection_chain, extraction_chain, native_chain, reasoning_chain
from extraction.chains.extract import aextract, extract
from extraction.chains.models import asked_for_json, box_convention, family_of
from extraction.chains.remote import inner_models
from extraction.conventions import PIXEL, RELATIVE_1000, BoxConvention
from extraction.errors import BoxConventionError, OptionError
from extraction.families import UNKNOWN, Family, ResizeRule, find_family
from extraction.images import load_image
from extraction.parsing import GroundedOutputParser
from extraction.schemas import Counts, Scene, json_schema_of
from tests.chains.fakes import (
    PICTURE,
    PIXELS,
    RemoteModel,
    SeeingModel,
    patched,
    picture_url,
    red_box,
    text_of,
)


class Served(RemoteModel):
    """A model that says under every name that LangChain's packages use which one it runs."""

    model: str | None = None
    model_name: str | None = None
    model_id: str | None = None
    deployment_name: str | None = None
    model_path: str | None = None
    base_model_id: str | None = None
    repo_id: str | None = None


def boxes_of(family: str) -> BoxConvention:
    boxes = find_family(None, "", family).boxes
    assert boxes is not None
    return boxes


# --- whose family ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "family"),
    [
        ({"model": "Qwen/Qwen3-VL-8B-Instruct"}, "qwen3-vl"),
        ({"model_name": "Qwen/Qwen2.5-VL-7B-Instruct"}, "qwen2.5-vl"),
        ({"model": "models/gemini-2.5-flash"}, "gemini"),
        ({"model_id": "arn:aws:bedrock:x:1:profile/abc", "base_model_id": "qwen.qwen3-vl-235b-a22b"}, "qwen3-vl"),
        ({"model_name": "default", "deployment_name": "gpt-4o"}, "openai"),
        ({"model_path": "/models/InternVL3-8B.Q8_0.gguf"}, "internvl"),
        ({"repo_id": "zai-org/GLM-4.5V"}, "glm-v"),
    ],
)
def test_a_remote_model_has_the_family_of_its_name(options: dict[str, Any], family: str) -> None:
    model = Served(**options)
    assert family_of(model, None).name == family
    assert box_convention(model, None) == boxes_of(family)
    assert box_convention(model, "relative-1") == boxes_of("relative-1")
    assert box_convention(model, f"{family}, order=yxyx") == boxes_of(family).changed(order="yxyx")


@pytest.mark.parametrize("name", ["somebody/new-model", "gemma3:4b", "mistral-small3.1", "", None])
def test_of_whom_nothing_is_known_is_asked_for_0_to_1000(name: str | None) -> None:
    model = Served(model=name)
    assert box_convention(model, None) == RELATIVE_1000
    assert family_of(model, None).boxes is None
    assert extraction_chain(model, Scene).invoke(PICTURE).objects[0].box.xyxy == PIXELS


QWEN3 = Served(model="qwen3-vl:8b")


@pytest.mark.parametrize(
    "model",
    [
        QWEN3.bind(stop=["x"]),
        QWEN3.with_retry().with_config(tags=["a"]),
        QWEN3.configurable_fields(model=ConfigurableField(id="model")),
        QWEN3.with_fallbacks([QWEN3.bind(seed=1), Served(model="Qwen/Qwen3-VL-32B-Instruct")]),
        Served(model="other").bind(model="qwen3-vl-plus"),
        Served(model="gemini-2.5-pro").bind(temperature=0).bind(model="qwen3-vl-plus").with_retry(),
        Served(model="gpt-5").with_fallbacks([Served(model="gpt-4")]).bind(model="qwen3-vl-plus"),
    ],
)
def test_the_name_is_known_behind_whatever_is_wrapped_around_a_model(model: Any) -> None:
    assert box_convention(model, None) == boxes_of("qwen3-vl")


async def test_a_configuration_that_chooses_a_model_of_another_family_is_refused() -> None:
    counts = '{"counts": []}'
    model = Served(model="gpt-5").configurable_fields(model=ConfigurableField(id="which"))
    gemini: Any = {"configurable": {"which": "gemini-2.5-pro"}}
    chain = extraction_chain(model, Scene)
    for fine in ({"configurable": {"which": "gpt-4o"}}, {"configurable": {"other": 1}}, {"tags": ["a"]}):
        assert chain.invoke(PICTURE, fine).objects[0].box.xyxy == PIXELS  # type: ignore[arg-type]

    def told_by_context(picture: Any) -> Any:
        return chain.invoke(picture)

    calls: list[Any] = [
        lambda: chain.invoke(PICTURE, gemini),
        lambda: chain.with_config(gemini).invoke(PICTURE),
        lambda: chain.batch([PICTURE], gemini),
        lambda: list(chain.stream(PICTURE, gemini)),
        lambda: RunnableLambda(told_by_context).invoke(PICTURE, gemini),
    ]
    for call in calls:
        with pytest.raises(OptionError, match="of the family 'gemini', and the chain was made for 'openai'"):
            call()
    with pytest.raises(OptionError, match="in another way"):
        await chain.ainvoke(PICTURE, gemini)
    (error,) = chain.batch([PICTURE], gemini, return_exceptions=True)
    assert isinstance(error, OptionError)
    assert extraction_chain(model, Scene, family="relative-1000").invoke(PICTURE, gemini).objects[0].box.xyxy == PIXELS
    plain = Served(answers=[counts]).configurable_fields(model=ConfigurableField(id="which"))
    assert extraction_chain(plain, Counts).invoke(PICTURE, gemini) == Counts(counts=[])
    assert box_convention(model.with_config(gemini), None) == boxes_of("gemini")


def test_what_says_no_name_has_none() -> None:
    class Odd(RemoteModel):
        model: Any = 7
        model_name: Any = None

    assert [list(inner.names) for inner in inner_models(Odd())] == [[]]
    assert family_of(RunnableLambda(lambda _: "x"), None) is UNKNOWN


def test_prompt_and_parser_speak_the_familys_own_dialect() -> None:
    answer = {"objects": [{"label": "cup", "color": "red", "box_2d": [500, 250, 1000, 750]}]}
    model = Served(model="gemini-2.5-flash", answers=[json.dumps(answer)])
    result = extract(model, PICTURE, Scene)
    assert result.value.objects[0].box.xyxy == PIXELS
    prompt = text_of(model.seen[0][0])
    assert '"box_2d": ' in prompt
    assert boxes_of("gemini").words in prompt
    told = result.raw.response_metadata["boxes"]
    assert (told["family"], BoxConvention.from_json(told["convention"])) == ("gemini", boxes_of("gemini"))
    assert told["frames"] == [{"original": [640, 480], "model": None}]
    assert load_image(picture_url(model.seen[0][-1])) == load_image(PICTURE)


def test_fallbacks_must_write_boxes_in_one_way() -> None:
    one = Served(model="gemini-2.5-flash")
    for other in (Served(model="qwen3-vl"), Served(model="other"), Served(model="qwen2.5vl")):
        with pytest.raises(OptionError, match="in different ways") as caught:
            extraction_chain(one.with_fallbacks([other]), Scene)
        assert "name one convention for all" in str(caught.value)
        named = extraction_chain(one.with_fallbacks([other]), Scene, family="relative-1000")
        assert named.invoke(PICTURE).objects[0].box.xyxy == PIXELS
    same = Served(model="gpt-5", answers=[RuntimeError("down")]).with_fallbacks([Served(model="no-name")])
    assert extraction_chain(same, Scene).invoke(PICTURE).objects[0].box.xyxy == PIXELS


def test_families_that_write_cells_are_not_asked_for_json() -> None:
    model = Served(model="microsoft/kosmos-2-patch14-224")
    with pytest.raises(BoxConventionError, match="'kosmos2' write boxes as cells, in a text of their own") as caught:
        extraction_chain(model, Scene)
    assert "native_chain" in str(caught.value)
    assert extraction_chain(model, Scene, family="relative-1000").invoke(PICTURE).objects[0].box.xyxy == PIXELS
    assert extraction_chain(Served(model="kosmos-2", answers=['{"counts": []}']), Counts).invoke(PICTURE) == Counts(
        counts=[]
    )


def test_families_with_a_syntax_of_their_own_are_asked_for_json_in_their_own_numbers() -> None:
    answer = {"objects": [{"label": "cup", "color": "red", "box": [25, 50, 75, 100]}]}
    model = Served(model="allenai/Molmo-7B-D-0924", answers=[json.dumps(answer)])
    assert extraction_chain(model, Scene).invoke(PICTURE).objects[0].box.xyxy == PIXELS
    assert "numbers from 0 to 100" in text_of(model.seen[0][0])


# --- pixels on the other side ----------------------------------------------------------------------------------------


def drawn(count: int) -> list[tuple[Image.Image, tuple[int, int, int, int]]]:
    """Pictures of random sizes, each with a patch, and where it is."""
    numbers, pictures = random.Random(1), []
    for _ in range(count):
        size = tuple(round(numbers.choice((20, 150, 700, 1800)) * numbers.uniform(1, 2)) for _ in "xy")
        (x1, x2), (y1, y2) = (sorted(numbers.sample(range(0, side, max(1, side // 12)), 2)) for side in size)
        pictures.append((patched((size[0], size[1]), (x1, y1, x2, y2)), (x1, y1, x2, y2)))
    return pictures


def assert_within_a_model_pixel(found: Any, truth: Any, original: tuple[int, int], seen: tuple[int, int]) -> None:
    for axis in range(4):
        step = original[axis % 2] / seen[axis % 2]
        assert abs(found[axis] - truth[axis]) <= step + 1e-6, (found, truth, original, seen)


def test_pixels_of_a_server_become_pixels_of_the_picture() -> None:
    model = SeeingModel()
    for picture, truth in drawn(40):
        result = extract(model, picture, Scene)
        seen = model.sizes[-1][-1]
        assert_within_a_model_pixel(result.value.objects[0].box.xyxy, truth, picture.size, seen)
        assert seen[0] % 28 == seen[1] % 28 == 0
        assert 200_704 <= seen[0] * seen[1] <= 1_003_520
        told = result.raw.response_metadata["boxes"]
        assert told["frames"] == [{"original": list(picture.size), "model": list(seen), "content": None}]
        assert (told["family"], result.notes) == ("qwen2.5-vl", ())


@pytest.mark.parametrize("bounds", [(3136, 12_845_056), (3136, 1_003_520), (8 * 784, 4096 * 784), (16 * 784, 2**30)])
def test_a_server_with_a_processor_of_its_own_leaves_the_pictures_as_they_are(bounds: tuple[int, int]) -> None:
    module = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")
    resize = functools.partial(module.smart_resize, factor=28, min_pixels=bounds[0], max_pixels=bounds[1])
    model = SeeingModel(resize=resize)
    for picture, truth in drawn(12):
        found = extraction_chain(model, Scene).invoke(picture).objects[0].box.xyxy
        assert_within_a_model_pixel(found, truth, picture.size, model.sizes[-1][-1])


def test_what_fits_already_is_sent_as_it_is() -> None:
    picture = patched((644, 476), (10, 20, 300, 400))
    model = SeeingModel()
    assert extraction_chain(model, Scene).invoke(picture).objects[0].box.xyxy == (10, 20, 300, 400)
    assert picture_url(model.seen[0][-1]) == load_image(picture).to_data_uri()


def test_without_boxes_pictures_are_sent_as_they_are() -> None:
    model = Served(model="qwen2.5vl:7b", answers=['{"counts": [{"label": "cup", "count": 2}]}'])
    assert extraction_chain(model, Counts).invoke(PICTURE).as_dict() == {"cup": 2}
    assert load_image(picture_url(model.seen[0][-1])).size == PICTURE.size


async def test_every_way_of_asking_sends_the_size_that_is_told() -> None:
    picture, truth = patched((1000, 500), (100, 200, 700, 400)), (100, 200, 700, 400)
    chain = extraction_chain(SeeingModel(), Scene)

    def check(scene: Any) -> None:
        assert_within_a_model_pixel(scene.objects[0].box.xyxy, truth, picture.size, (1008, 504))

    check(chain.invoke(picture))
    check(await chain.ainvoke(picture))
    for scenes in (chain.batch([picture] * 3), await chain.abatch([picture] * 3), list(chain.stream(picture))):
        assert len(scenes) >= 2
        for scene in scenes:
            check(scene)
    streamed = [scene async for scene in chain.astream(picture)]
    check(streamed[0])
    check(streamed[-1])
    check((await aextract(SeeingModel(), picture, Scene)).value)
    check(detection_chain(SeeingModel()).invoke(picture))
    mixed = chain.batch([picture, "no/such/file.png", patched((30, 900), (5, 100, 25, 800))], return_exceptions=True)
    check(mixed[0])
    assert_within_a_model_pixel(mixed[2].objects[0].box.xyxy, (5, 100, 25, 800), (30, 900), (84, 2464))


def test_samples_and_repairs_see_the_same_size() -> None:
    picture = patched((1000, 500), (100, 200, 700, 400))
    model = SeeingModel()
    result = extract(model, picture, Scene, samples=2, repair=1)
    assert result.agreement is not None
    assert result.agreement["/objects/0/box"] == 1
    assert model.sizes == [[(1008, 504)]] * 3


def test_thinking_sees_the_picture_at_the_size_of_the_answer() -> None:
    picture = patched((1000, 500), (100, 200, 700, 400))
    model = SeeingModel()
    answer = reasoning_chain(model, Scene, question="Where?").invoke(picture).answer
    assert_within_a_model_pixel(answer.objects[0].box.xyxy, (100, 200, 700, 400), (1000, 500), (1008, 504))
    assert model.sizes == [[(1008, 504)]] * 2


def test_a_familys_own_words_on_the_other_side() -> None:
    class Words(SeeingModel):
        def _next(self, messages: Any, options: Any) -> Any:
            message = super()._next(messages, options)
            boxes = [{key: one[key] for key in ("label", "bbox_2d")} for one in json.loads(message.text)["objects"]]
            return message.model_copy(update={"content": f"```json\n{json.dumps(boxes)}\n```"})

    model = Words()
    (found,) = native_chain(model, things=["patch"]).invoke(patched((1000, 500), (100, 200, 700, 400)))
    assert_within_a_model_pixel(found.box.xyxy, (100, 200, 700, 400), (1000, 500), (1008, 504))
    assert model.sizes == [[(1008, 504)]]


# --- sizes by the user's word ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [RemoteModel(), Served(model="adept/fuyu-8b"), Served(model="kosmos-2.5")])
def test_pixels_of_unknown_size_raise_before_the_model_is_asked(model: Any) -> None:
    family = None if isinstance(model, Served) else "pixel"
    with pytest.raises(BoxConventionError, match="whose size on the other side is not known") as caught:
        extraction_chain(model, Scene, family=family)
    assert all(name in str(caught.value) for name in ("whose resizing is known (", "qwen2.5-vl", "dots.ocr"))
    assert "family='pixel, model_size=1000x1000'" in str(caught.value)
    counts = '{"counts": []}'
    plain = type(model)(**{**model.model_dump(), "answers": [counts]})
    assert extraction_chain(plain, Counts, family=family).invoke(PICTURE) == Counts(counts=[])


@pytest.mark.parametrize(
    ("family", "size"),
    [
        ("pixel, model_size=1000x500", (1000, 500)),
        ({"family": "pixel", "model_size": (333, 777)}, (333, 777)),
        (Family("own", boxes=PIXEL, model_size=(640, 480)), (640, 480)),
        (Family("own", boxes=PIXEL, rule=ResizeRule(1, 1, 200_000)), None),
        (Family("own", boxes=PIXEL, rule=ResizeRule(64, 1, 500_000)), None),
    ],
)
def test_the_user_says_at_which_size_pictures_are_seen(family: Any, size: tuple[int, int] | None) -> None:
    model = SeeingModel(model_name="mine", key="box")
    chain = extraction_chain(model, Scene, family=family)
    for picture, truth in drawn(8):
        found = chain.invoke(picture).objects[0].box.xyxy
        seen = model.sizes[-1][-1]
        assert size is None or seen == size
        assert_within_a_model_pixel(found, truth, picture.size, seen)


def test_the_size_goes_with_any_convention() -> None:
    model = SeeingModel(model_name="gpt-5", key="box", counts_to=1000)
    picture = patched((1200, 800), (300, 200, 600, 800))
    assert extraction_chain(model, Scene, family="model_size=400x400").invoke(picture).objects[0].box.xyxy == (
        (300, 200, 600, 800)
    )
    assert model.sizes == [[(400, 400)]]


def test_shares_of_a_padded_square_are_told_by_padding_it() -> None:
    class Squares(SeeingModel):
        """Pads to a square, or crops to one, as servers of LLaVA do; a square stays as it is."""

        def _resized(self, picture: Image.Image) -> Image.Image:
            assert picture.width == picture.height
            return picture.resize((336, 336), Image.Resampling.BICUBIC)

        def _next(self, messages: Any, options: Any) -> Any:
            message = super()._next(messages, options)
            scene = json.loads(message.text)
            scene["objects"][0]["box"] = [one / 336 for one in scene["objects"][0]["box"]]
            return message.model_copy(update={"content": json.dumps(scene)})

    model = Squares(model_name="llava-hf/llava-1.5-7b-hf", key="box")
    for picture, truth in [
        (patched((400, 200), (40, 20, 200, 120)), (40, 20, 200, 120)),
        (patched((150, 301), (0, 0, 75, 301)), (0, 0, 75, 301)),
        (patched((90, 90), (9, 9, 45, 81)), (9, 9, 45, 81)),
    ]:
        found = extraction_chain(model, Scene).invoke(picture).objects[0].box.xyxy
        side = max(picture.size)
        assert model.sizes[-1] == [(side, side)]
        assert_within_a_model_pixel(found, truth, (side, side), (336, 336))


def test_the_parser_is_told_the_size_that_the_model_saw() -> None:
    picture = patched((800, 600), (100, 150, 400, 450))
    seen = picture.resize((400, 400))
    answer = json.dumps({"objects": [{"label": "patch", "color": "red", "box": red_box(seen)}]})
    with pytest.raises(BoxConventionError, match="give the parser its model_size"):
        GroundedOutputParser(target=Scene, convention=PIXEL, size=(800, 600)).invoke(answer)
    parser = GroundedOutputParser(target=Scene, convention=PIXEL, size=(800, 600), model_size=(400, 400))
    assert parser.invoke(answer).objects[0].box.xyxy == (100, 150, 400, 450)
    assert list(parser.transform(iter([answer[:30], answer[30:]])))[-1] == parser.invoke(answer)


# --- examples --------------------------------------------------------------------------------------------------------


def test_examples_are_told_in_pixels_of_what_is_sent() -> None:
    model = SeeingModel()
    shown = [(patched((1000, 500), (100, 200, 700, 400)), (100, 200, 700, 400)), *drawn(3)]
    examples = [
        (image, {"objects": [{"label": "patch", "color": "red", "box": list(box)}]}) for image, box in shown
    ]  # fmt: skip
    picture = patched((300, 700), (30, 70, 150, 350))
    found = extraction_chain(model, Scene, examples=examples).invoke(picture).objects[0].box.xyxy
    sizes = model.sizes[-1]
    assert len(sizes) == 5
    assert_within_a_model_pixel(found, (30, 70, 150, 350), picture.size, sizes[-1])
    messages = model.seen[0]
    for index, size in enumerate(sizes[:-1]):
        sent = load_image(picture_url(messages[1 + 2 * index]))
        assert sent.size == size
        (said,) = json.loads(text_of(messages[2 + 2 * index]))["objects"]
        assert all(abs(ours - seen) <= 1 for ours, seen in zip(said["bbox_2d"], red_box(sent.image), strict=True))


def test_asking_for_json_tells_the_same_as_the_chain() -> None:
    reporter: Any = asked_for_json(Served(model="qwen2.5vl"), json_schema_of(Scene))
    assert reporter.family == find_family(None, "qwen2.5vl")
    assert reporter.sending.to == ResizeRule(28, 200_704, 1_003_520)
