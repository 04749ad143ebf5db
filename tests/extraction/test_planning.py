"""A plan says before what the call says after, without the weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from langchain_core.messages import HumanMessage
from langchain_core.prompt_values import ChatPromptValue
from PIL import Image
from pydantic import BaseModel

from extraction import ChatTransformers, ModelLoadError, OptionError, extract, load_image
from extraction.chains import extraction_chain
from extraction.engine import engine_for
from extraction.loading import Checkpoint, ModelKey
from extraction.local_model import TransformersBackend
from extraction.memory import Footprint
from extraction.planning import planned_turns
from extraction.schemas import Box, Scene
from tests.test_docs import needs_pocket


class Found(BaseModel):
    there: bool
    box: Box


def _model(name: str, **options: Any) -> ChatTransformers:
    return ChatTransformers(model=name, family="relative-1000", **options)


def _backend(llm: ChatTransformers) -> TransformersBackend:
    backend = engine_for(ModelKey(llm.model, dtype=llm.dtype)).backend
    assert isinstance(backend, TransformersBackend)
    return backend


def _picture(width: int, height: int) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")


def _check_against_a_call(llm: ChatTransformers, image: Image.Image, schema: Any, **options: Any) -> None:
    llm.unload()
    plan = llm.plan(image, schema=schema, max_tokens=60, **options)
    assert _backend(llm)._model is None
    result = extract(llm.bind(max_tokens=60, **options), image, schema, on_truncation="salvage")
    assert result.usage is not None
    details: Any = result.usage["input_token_details"]
    assert (plan.image_tokens, plan.prompt_tokens) == (details["image"], result.usage["input_tokens"])
    told = result.raw.response_metadata["boxes"]["frames"]
    assert [list(one.original) for one in plan.frames] == [one["original"] for one in told]


@pytest.mark.parametrize("size", [(64, 48), (300, 100), (33, 190)])
def test_tokens_are_those_of_the_call(tiny: str, size: tuple[int, int]) -> None:
    _check_against_a_call(_model(tiny), _picture(*size), Found)


def test_tokens_under_bounds_are_those_of_the_call(tiny_qwen: str) -> None:
    seen = []
    bounds: list[dict[str, Any]] = [{"max_pixels": 1024}, {"min_pixels": 40_000}]
    for options in bounds:
        _check_against_a_call(_model(tiny_qwen), _picture(200, 100), Found, **options)
        plan = _model(tiny_qwen).plan(_picture(200, 100), **options)
        seen.append((plan.frames[0].model, plan.image_tokens, plan.max_pixels, plan.min_pixels))
    assert seen == [((32, 16), 2, 1024, None), ((288, 144), 162, None, 40_000)]


@needs_pocket
def test_tokens_of_the_embedded_model_are_those_of_the_call() -> None:
    llm = ChatTransformers()
    llm.unload()
    plan = llm.plan("examples/scene.png", schema=Scene)
    assert _backend(llm)._model is None
    usage = extract(llm, "examples/scene.png", Scene).usage
    assert usage is not None
    details: Any = usage["input_token_details"]
    assert (plan.image_tokens, plan.prompt_tokens) == (details["image"], usage["input_tokens"])
    assert plan.frames[0].original == (640, 448)
    assert plan.frames[0].model is not None


def test_a_picture_in_one_piece_has_a_size_that_the_model_sees(tiny_llava: str) -> None:
    (frame,) = _model(tiny_llava).plan(_picture(200, 100)).frames
    assert (frame.original, frame.model) == ((200, 100), (32, 32))


def test_the_memory_is_that_of_the_answer_which_the_context_leaves_room_for(tiny_qwen: str) -> None:
    llm = _model(tiny_qwen)
    plan = llm.plan(_picture(64, 64), max_tokens=10**9)
    assert plan.answer_tokens < 10**9
    assert plan.answer_bytes == llm.plan(_picture(64, 64), max_tokens=plan.answer_tokens).answer_bytes


def test_messages_are_planned_in_every_form_that_a_model_takes(tiny: str) -> None:
    llm = _model(tiny)
    plans = [
        llm.plan(form)
        for form in ([HumanMessage("hello")], [("human", "hello")], ChatPromptValue(messages=[HumanMessage("hello")]))
    ]
    assert plans[0].prompt_tokens == plans[1].prompt_tokens == plans[2].prompt_tokens > 0


def test_messages_are_planned_as_they_are(tiny: str) -> None:
    llm = _model(tiny)
    uri = load_image(_picture(64, 32)).to_data_uri()
    message = HumanMessage([{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": "What?"}])
    plan = llm.plan([message], max_tokens=5)
    answer = llm.invoke([message], max_tokens=5)
    assert answer.usage_metadata is not None
    assert plan.prompt_tokens == answer.usage_metadata["input_tokens"] == llm.get_num_tokens_from_messages([message])
    with pytest.raises(OptionError, match="messages hold their own"):
        llm.plan([message], instruction="x")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "auto"])
def test_memory_is_that_of_the_model_once_it_is_loaded(tiny: str, dtype: str) -> None:
    llm = _model(tiny, dtype=dtype)
    plan = llm.plan(_picture(64, 64), max_tokens=40)
    backend = _backend(llm)
    model = Checkpoint(ModelKey(tiny, dtype=dtype)).load_model()
    request = llm._plan(planned_turns(_picture(64, 64), None, allow_urls=False), _options(llm)).request
    encoded = backend._encoded(request)
    pixels = encoded.inputs["pixel_values"].numel()
    assert plan.answer_bytes == Footprint.of(model).row(prompt=plan.prompt_tokens, answer=40, pixels=pixels)
    # Weights that stand twice in a model are stored once.
    distinct = {weight.data_ptr(): weight.numel() * weight.element_size() for weight in model.parameters()}
    assert plan.weight_bytes == sum(distinct.values())
    assert plan.fits is True


def _options(llm: ChatTransformers) -> Any:
    from extraction.options import call_options

    return call_options(llm._defaults, {"max_tokens": 40})


def test_a_prompt_that_leaves_no_room_does_not_fit(tiny_qwen: str, tmp_path: Path) -> None:
    folder = tmp_path / "short"
    shutil.copytree(tiny_qwen, folder)
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 30
    (folder / "config.json").write_text(json.dumps(config))
    plan = _model(str(folder)).plan(_picture(90, 90), max_tokens=10)
    assert (plan.context, plan.answer_tokens, plan.fits) == (30, 0, False)


def test_what_cannot_be_known_is_none(tiny_qwen: str, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(tiny_qwen, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    plan = _model(str(folder)).plan(_picture(90, 90))
    assert (plan.weight_bytes, plan.free_bytes, plan.fits) == (None, None, None)
    assert plan.answer_bytes is not None  # the configuration tells how wide its numbers are
    config = json.loads((folder / "config.json").read_text())
    for part in (config, config["text_config"], config["vision_config"]):
        part.pop("dtype", None)
    (folder / "config.json").write_text(json.dumps(config))
    _model(str(folder)).unload()
    assert _model(str(folder)).plan(_picture(90, 90)).answer_bytes is None


@pytest.mark.parametrize("device", ["cuda", "no-such"])
def test_a_device_that_is_not_there_is_named(tiny_qwen: str, device: str) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(ModelLoadError, match=f"there is no device '{device}' here"):
        _model(tiny_qwen, device=device).plan(_picture(9, 9))


def test_weights_in_several_files_are_all_counted(tiny_llava: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(ModelKey(tiny_llava))
    checkpoint.load_model().save_pretrained(tmp_path / "parts", max_shard_size="100KB")
    for name in ("config.json", "processor_config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(tiny_llava, name), tmp_path / "parts" / name)
    shutil.copy(Path(tiny_llava, "chat_template.jinja"), tmp_path / "parts")
    assert (tmp_path / "parts" / "model.safetensors.index.json").exists()
    whole, parts = (_model(one).plan(_picture(9, 9)).weight_bytes for one in (tiny_llava, str(tmp_path / "parts")))
    assert whole == parts
    assert whole is not None
    assert whole > 100_000


def test_a_plan_is_json(tiny_qwen: str) -> None:
    told = _model(tiny_qwen, device="cpu").plan(_picture(64, 32), max_tokens=7, max_pixels=4096).as_json()
    assert json.loads(json.dumps(told)) == told
    assert told["pictures"] == [{"original": [64, 32], "seen": [64, 32]}]
    assert (told["answer_tokens"], told["max_pixels"], told["fits"]) == (7, 4096, True)
    assert torch.device("cpu") == Checkpoint(ModelKey(tiny_qwen, device="cpu")).device


def test_examples_for_a_model_that_counts_pixels_are_told_as_it_will_see_them(tiny_qwen: str) -> None:
    shown = Image.new("RGB", (200, 100), "black")
    box = Box(x1=50, y1=25, x2=100, y2=100)
    llm = ChatTransformers(model=tiny_qwen, max_pixels=2_000)
    sizes = [llm.plan(shown, max_pixels=bound).frames[0].model for bound in (2_000, 4_000)]
    assert None not in sizes
    assert sizes[0] != sizes[1]
    for model, seen in zip((llm, llm.bind(max_pixels=4_000)), sizes, strict=True):
        chain: Any = extraction_chain(model, Box, examples=[(shown, box)])
        prompt = chain.steps[0] | chain.steps[1]
        told = json.loads(prompt.invoke(shown).to_messages()[2].text)
        assert seen is not None
        assert told == [round(edge) for edge in box.scale(seen[0] / 200, seen[1] / 100).xyxy]
