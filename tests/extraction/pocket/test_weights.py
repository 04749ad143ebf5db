"""The weights in the package: they load like any checkpoint, and the model looks at the pixels."""

from __future__ import annotations

import io

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from transformers import AutoModelForImageTextToText, AutoProcessor

from extraction import ChatTransformers, extract
from extraction.chains import extraction_chain
from extraction.pocket.exams import FIRST_SEED, examine_detection, fresh_scenes
from extraction.pocket.recipe import WEIGHTS
from extraction.pocket.scenes import SceneConfig, draw_scene
from extraction.schemas import Box, Scene

UPRIGHT = 1
TRANSPOSES = {  # EXIF orientation -> what was done to the upright picture when the camera stored it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def llm() -> ChatTransformers:
    return ChatTransformers()


def test_the_files_are_small_and_complete() -> None:
    sizes = {path.name: path.stat().st_size for path in WEIGHTS.iterdir()}
    assert sum(sizes.values()) < 40 * 2**20
    assert {"config.json", "model.safetensors", "tokenizer.json", "processor_config.json"} <= set(sizes)


def test_auto_classes_load_it() -> None:
    model = AutoModelForImageTextToText.from_pretrained(WEIGHTS)
    assert model.config.model_type == "llava"
    assert model.dtype == torch.float32
    with safe_open(WEIGHTS / "model.safetensors", "pt") as stored:
        assert {stored.get_tensor(name).dtype for name in stored.keys()} <= {torch.float16, torch.int64}  # noqa: SIM118
    assert AutoProcessor.from_pretrained(WEIGHTS).chat_template


def test_it_sees() -> None:
    score = examine_detection(fresh_scenes(24), constrained=True).summary()
    assert score["readable"] == 1.0
    assert score["f1"] >= 0.5  # the evaluation's 200 scenes have the real number; this one only notices a broken model


def test_greedy_answers_repeat(llm: ChatTransformers) -> None:
    image = draw_scene(FIRST_SEED + 5000).image
    first = extract(llm, image, Scene)
    assert extract(llm, image, Scene).raw.content == first.raw.content
    batch = extraction_chain(llm, Scene).batch([image, draw_scene(FIRST_SEED + 5001).image])
    assert batch[0] == first.value


@pytest.mark.parametrize("size", [(320, 240), (240, 480), (600, 200)])
def test_boxes_do_not_depend_on_how_the_camera_was_held(llm: ChatTransformers, size: tuple[int, int]) -> None:
    config = SceneConfig(sides=(min(size), max(size)), max_aspect=1.0, size=(0.3, 0.5), max_shapes=3, empty=0, cut=0)
    scene = draw_scene(FIRST_SEED + 6000 + size[0], config)
    upright = scene.image.resize(size)
    scale = (size[0] / scene.image.width, size[1] / scene.image.height)
    truth = [Box.from_xyxy(*shape.box).scale(*scale) for shape in scene.shapes]
    pictures = [_stored(upright, orientation) for orientation in range(1, 9)]
    answers = extraction_chain(llm, Scene).batch(pictures)
    overlaps = [[max(box.iou(item.box) for item in answer.objects) for box in truth] for answer in answers]
    assert min(overlaps[0]) >= 0.5
    for other in overlaps[1:]:
        assert other == overlaps[0]


def _stored(upright: Image.Image, orientation: int) -> bytes:
    """A PNG as a camera with an orientation sensor writes it: turned pixels and a tag."""
    stored = upright if orientation == UPRIGHT else upright.transpose(TRANSPOSES[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, "PNG", exif=exif)
    return buffer.getvalue()
