from __future__ import annotations

import json
from typing import Any

import pytest

from extraction import ChatTransformers, OptionError, SchemaMismatchError, extract
from extraction.chains import extraction_chain
from extraction.chains.extract import aextract
from extraction.engine import register_backend, unload
from extraction.frames import Frame
from extraction.jobs import Answer, Job
from extraction.schemas import Scene
from tests.chains.fakes import ANSWER, OBJECT, PICTURE, PIXELS, RemoteModel
from tests.scripted import ScriptedBackend


def _scene(*objects: dict[str, Any]) -> str:
    return json.dumps({"objects": objects})


class Drawing(ScriptedBackend):
    """Answers with a cup; when it samples, every second one is a mug somewhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []

    def _answer(self, job: Job) -> None:
        self.jobs.append(job)
        sampling = job.request.sampling
        odd = not sampling.greedy and sampling.seed is not None and sampling.seed % 2 == 1
        text = _scene({**OBJECT, "label": "mug"}) if odd else ANSWER
        job.resolve(Answer(text, "stop", 10, 5, 10, (Frame(PICTURE.size),)))


@pytest.fixture
def backend() -> Any:
    drawing = Drawing()
    register_backend("drawing", lambda: drawing)
    yield drawing
    unload("drawing")


def test_the_value_is_the_models_own_answer_and_samples_say_how_far_they_agree() -> None:
    moved = {**OBJECT, "box": [0, 0, 250, 250]}
    texts = [ANSWER, ANSWER, _scene({**OBJECT, "color": "blue"}), _scene(moved), "no JSON at all"]
    model = RemoteModel(answers=texts)
    result = extract(model, PICTURE, Scene, samples=4, config={"max_concurrency": 1})
    assert result.value.objects[0].box.xyxy == PIXELS
    assert result.agreement is not None
    assert result.agreement["/objects/0/color"] == 0.25 + 0.25
    assert result.agreement["/objects/0/label"] == 0.75
    assert result.agreement["/objects/0/box"] == result.agreement["/objects/0/box/2"] == 0.5
    assert result.agreement["/objects/0"] == 0.25
    assert result.confidence is None
    assert [options.get("temperature") for options in model.options] == [None, 1.0, 1.0, 1.0, 1.0]


def test_local_samples_have_seeds_of_their_own(backend: Drawing) -> None:
    model = ChatTransformers(model="drawing", family="relative-1000", seed=6)
    result = extract(model, PICTURE, Scene, samples=4, sample_temperature=0.5)
    assert result.value.objects[0].label == "cup"
    assert result.agreement is not None
    assert result.agreement["/objects/0/label"] == 0.5
    assert result.agreement["/objects/0/color"] == 1.0
    sampled = [job.request.sampling for job in backend.jobs if not job.request.sampling.greedy]
    assert sorted(one.seed or 0 for one in sampled) == [7, 8, 9, 10]
    assert {one.temperature for one in sampled} == {0.5}
    again = extract(model, PICTURE, Scene, samples=4)
    assert again.agreement == result.agreement
    unseeded = [extract(ChatTransformers(model="drawing", family="relative-1000"), PICTURE, Scene, samples=2)]
    assert unseeded[0].agreement is not None
    seeds = [job.request.sampling.seed for job in backend.jobs[-3:] if not job.request.sampling.greedy]
    assert len(set(seeds)) == 2


async def test_the_chain_and_the_awaited_forms_tell_the_same(backend: Drawing) -> None:
    model = ChatTransformers(model="drawing", family="relative-1000", seed=6)
    expected = extract(model, PICTURE, Scene, samples=4)
    assert (await aextract(model, PICTURE, Scene, samples=4)).agreement == expected.agreement
    raw = extraction_chain(model, Scene, samples=4, include_raw=True).invoke(PICTURE)
    assert raw["parsed"] == expected.value
    assert raw["raw"].response_metadata["agreement"] == expected.agreement
    chain = extraction_chain(model, Scene, samples=2)
    assert chain.batch([PICTURE, PICTURE]) == [expected.value] * 2
    assert list(chain.stream(PICTURE))[-1] == await chain.ainvoke(PICTURE)


def test_an_answer_that_does_not_parse_raises_as_it_does_without_samples() -> None:
    with pytest.raises(SchemaMismatchError):
        extract(RemoteModel(answers=['{"objects": 1}']), PICTURE, Scene, samples=2)


def test_repair_comes_before_the_comparison() -> None:
    model = RemoteModel(answers=["nothing", ANSWER])
    result = extract(model, PICTURE, Scene, repair=1, samples=1, config={"max_concurrency": 1})
    assert result.agreement is not None
    assert result.agreement["/objects/0"] in (0.0, 1.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"samples": -1}, "samples must be 0 or more"),
        ({"samples": 2, "sample_temperature": 0.0}, "all samples would be"),
    ],
)
def test_options_out_of_range_raise(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        extraction_chain(RemoteModel(), Scene, **options)
