"""``tiled`` with a chain that sees all that its part shows, with fakes behind real chains, and with the embedded model."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from PIL import Image, ImageDraw
from pydantic import BaseModel, Field

from benchmarks.pocket_tiles import scores
from extraction import ChatTransformers, OptionError, SchemaError, SchemaMismatchError, TruncatedOutputError, load_image
from extraction.chains import detection_chain, extraction_chain, tiled
from extraction.engine import register_backend, unload
from extraction.frames import Frame
from extraction.jobs import Answer, Job
from extraction.schemas import Box, Color, DetectedObject, Scene
from extraction.tiling import TileWarning
from tests.chains.fakes import RemoteModel
from tests.scripted import ScriptedBackend
from tests.test_docs import needs_pocket

NAMES = ("red", "blue", "green")
EMPTY = json.dumps({"objects": []})


def _drawn(seed: int, size: tuple[int, int] = (1000, 700), count: int = 25) -> tuple[Image.Image, Scene]:
    """Rectangles, none of which touches another."""
    rng = random.Random(seed)
    image, objects = Image.new("RGB", size, "white"), list[DetectedObject]()
    for _ in range(200):
        width, height = (rng.randint(12, rng.choice((40, 90, size[0] // 4))) for _ in range(2))
        x, y = rng.randint(2, size[0] - width - 2), rng.randint(2, size[1] - height - 2)
        box, name = Box.from_xywh(x, y, width, height), rng.choice(NAMES)
        near = Box.from_xyxy(x - 4, y - 4, x + width + 4, y + height + 4)
        if len(objects) < count and not any(near.intersection(one.box) for one in objects):
            ImageDraw.Draw(image).rectangle((x, y, x + width - 1, y + height - 1), fill=name)
            objects.append(DetectedObject(label="rectangle", color=Color(name), box=box))
    return image, Scene(objects=sorted(objects, key=lambda one: (one.box.y1, one.box.x1)))


def _see(image: Any) -> Scene:
    """The rectangles of a picture, by looking: runs of one colour, grown together."""
    pixels = np.asarray(load_image(image).image).astype(int)
    objects = []
    for name in NAMES:
        mask = np.abs(pixels - np.array(Color(name).rgb)).sum(axis=2) < 120
        while mask.any():
            y, x = divmod(int(mask.argmax()), mask.shape[1])
            right = x + int(np.argmin(np.append(mask[y, x:], False)))
            bottom = y + int(np.argmin(np.append(mask[y:, x], False)))
            mask[y:bottom, x:right] = False
            if right - x > 2 and bottom - y > 2:
                objects.append(
                    DetectedObject(label="rectangle", color=Color(name), box=Box.from_xyxy(x, y, right, bottom))
                )
    return Scene(objects=objects)


def _alike(one: Scene, other: Scene, pixels: float) -> bool:
    pairs = zip(one.objects, other.objects, strict=len(one.objects) == len(other.objects))
    return len(one.objects) == len(other.objects) and all(
        a.color == b.color and max(abs(x - y) for x, y in zip(a.box.xyxy, b.box.xyxy, strict=True)) <= pixels
        for a, b in pairs
    )


@pytest.mark.parametrize("seed", range(8))
def test_what_all_parts_show_is_the_truth_in_pixels_of_the_whole(seed: int) -> None:
    image, truth = _drawn(seed)
    chain = tiled(RunnableLambda(_see), Scene, tile=400, overlap=0.25)
    found = chain.invoke(image)
    small = [one for one in truth.objects if max(one.box.width, one.box.height) < 90]
    # What no tile shows whole is measured in the whole picture, which is shown at less than half its size.
    assert len(found.objects) == len(truth.objects)
    assert all(one in found.objects for one in small)
    for one in truth.objects:
        assert max(one.box.iou(other.box) for other in found.objects if other.color == one.color) > 0.6


async def test_it_is_awaited_and_batched_like_any_chain() -> None:
    image, _ = _drawn(3)
    chain = tiled(RunnableLambda(_see), Scene, tile=400)
    expected = chain.invoke(image)
    assert await chain.ainvoke({"image": image}) == expected
    assert chain.batch([image, image]) == [expected, expected]
    assert list(chain.stream(image)) == [expected]


def test_a_picture_no_larger_than_a_tile_goes_through_as_it_is() -> None:
    seen: list[Any] = []

    def look(picture: Any) -> Scene:
        seen.append(picture.size)
        return _see(picture)

    image, truth = _drawn(1, size=(300, 200), count=5)
    chain = tiled(RunnableLambda(look), Scene, tile=(300, 200))
    assert _alike(chain.invoke(image), Scene(objects=_see(image).objects), 0)
    assert len(truth.objects) == 5
    assert seen == [(300, 200)]


class Board(BaseModel):
    shapes: list[DetectedObject]
    total: int = Field(description="how many objects there are")


def test_a_chain_of_ours_tells_its_schema_and_is_asked_once_for_every_part() -> None:
    def answer(*boxes: list[int]) -> str:
        things = [{"label": "cup", "color": "red", "box": box} for box in boxes]
        return json.dumps({"shapes": things, "total": 9})

    # Tiles of 400 at x = 0 and 300 (of 700), then the whole at 400 x 229.
    model = RemoteModel(
        answers=[answer([100, 100, 200, 200], [850, 100, 950, 200]), answer([100, 100, 200, 200]), answer()]
    )
    chain = tiled(extraction_chain(model, Board), tile=400, overlap=0.2)
    board = chain.invoke(
        {"image": Image.new("RGB", (700, 400)), "instruction": "Find the cups."}, {"max_concurrency": 1}
    )
    assert [one.box.xyxy for one in board.shapes] == [(40, 40, 80, 80), (340, 40, 380, 80)]
    assert board.total == 2
    assert len(model.seen) == 3
    assert all("Find the cups." in messages[-1].text for messages in model.seen)


def test_the_parts_share_the_engines_batches() -> None:
    class Blind(ScriptedBackend):
        def run(self, jobs: Sequence[Job]) -> None:
            self.batches.append(len(jobs))
            for job in jobs:
                job.resolve(Answer(EMPTY, "stop", 1, 1, 1, (Frame((9, 9)),)))

    backend = Blind()
    register_backend("scripted-tiles", lambda: backend)
    try:
        llm = ChatTransformers(model="scripted-tiles", max_batch_size=16)
        tiled(extraction_chain(llm, Scene), tile=100).invoke(Image.new("RGB", (250, 180)))
    finally:
        unload("scripted-tiles")
    assert backend.batches == [7]  # 3 x 2 tiles and the whole


def _cut() -> AIMessage:
    return AIMessage('{"objects": [{"label": "cu', response_metadata={"finish_reason": "length"})


def test_a_part_that_was_cut_raises_and_says_which() -> None:
    model = RemoteModel(answers=[EMPTY, _cut(), EMPTY])
    with pytest.raises(TruncatedOutputError) as raised:
        tiled(extraction_chain(model, Scene), tile=400).invoke(Image.new("RGB", (700, 400)), {"max_concurrency": 1})
    assert raised.value.__notes__ == ["in the part (300, 0, 700, 400) of the picture"]


class Told(BaseModel):
    caption: str
    objects: list[DetectedObject]


def test_where_only_the_whole_was_cut_the_tiles_count_and_a_warning_says_so() -> None:
    model = RemoteModel(answers=[EMPTY, EMPTY, _cut()])
    with pytest.warns(TileWarning, match="only the tiles count"):
        value = tiled(extraction_chain(model, Scene), tile=400).invoke(
            Image.new("RGB", (700, 400)), {"max_concurrency": 1}
        )
    assert value == Scene(objects=[])
    told = json.dumps({"caption": "x", "objects": []})
    needs_it = tiled(extraction_chain(RemoteModel(answers=[told, told, _cut()]), Told), tile=400)
    with pytest.raises(TruncatedOutputError):
        needs_it.invoke(Image.new("RGB", (700, 400)), {"max_concurrency": 1})


class Few(BaseModel):
    objects: list[DetectedObject] = Field(max_length=1)


def test_values_that_are_too_many_together_are_an_error() -> None:
    thing = {"label": "cup", "color": "red", "box": [100, 100, 200, 200]}
    model = RemoteModel(answers=[json.dumps({"objects": [thing]})])
    with pytest.raises(SchemaMismatchError, match="does not fit together: objects"):
        tiled(extraction_chain(model, Few), tile=400, overview=False).invoke(Image.new("RGB", (700, 400)))


@pytest.mark.parametrize("options", [{"tile": 0}, {"overlap": 1.0}, {"iou": 0.0}])
def test_numbers_that_make_no_sense_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        tiled(detection_chain(RemoteModel()), **options)


def test_schemas_that_are_unknown_or_cannot_be_reconciled_are_refused_at_once() -> None:
    with pytest.raises(OptionError, match="does not tell the schema"):
        tiled(RunnableLambda(_see))
    with pytest.raises(SchemaError, match="caption is told by the view of the whole picture"):
        tiled(extraction_chain(RemoteModel(), Told), overview=False)


def test_a_json_schema_gives_json() -> None:
    schema = Scene.model_json_schema()
    image, _ = _drawn(2)
    value = tiled(RunnableLambda(_see), schema, tile=400).invoke(image)
    assert Scene.model_validate(value) == tiled(RunnableLambda(_see), Scene, tile=400).invoke(image)


@needs_pocket
def test_the_embedded_model_finds_small_things_in_tiles_that_it_misses_in_the_whole() -> None:
    whole, in_tiles = scores(3)
    assert in_tiles.summary()["f1"] > 0.9
    assert in_tiles.summary()["f1"] > whole.summary()["f1"] + 0.1
