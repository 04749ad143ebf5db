"""Every family that transformers runs here, from a folder to a validated object: tiny random weights, real classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
import torch
from PIL import Image
from pydantic import BaseModel

from extraction import ChatTransformers
from extraction.chains import extraction_chain
from extraction.content import Turn
from extraction.engine import unload
from extraction.families import find_family
from extraction.grammar import Constraint
from extraction.images import Picture
from extraction.jobs import Answer, Job, Request
from extraction.loading import ModelKey
from extraction.local_model import TransformersBackend
from extraction.schemas import Box
from tests.extraction.decodes import run, run_one_by_one
from tests.families_tiny import NEEDS, TINY

WIDE, TALL = (Image.radial_gradient("L").resize(size).convert("RGB") for size in ((90, 40), (40, 100)))
LOCAL_ONLY = "a cache of DynamicSlidingWindowLayer"
LINEAR = "a cache of LinearAttentionLayer"
CROSS = "inputs of its own: aspect_ratio_ids, aspect_ratio_mask, cross_attention_mask"
BOTH_WAYS = "a prompt that is read in both directions"
ONE_BY_ONE = {"qwen3.5": LINEAR, "lfm2-vl": LINEAR, "mllama": CROSS}
"""Why forced tokens have a pass each, of the families where they have, even in a conversation alone."""
UNSHARED = {
    **ONE_BY_ONE,
    **dict.fromkeys(("gemma3", "gemma4", "aya-vision", "cohere2-vision", "llama4"), LOCAL_ONLY),
    "molmo2": BOTH_WAYS,
}
"""Why prompts are not kept, of the families whose prompts are not."""
SHAPE = {
    "type": "object",
    "properties": {
        "the_kind_of_the_thing": {"enum": ["circle", "square"]},
        "text": {"type": "string", "maxLength": 3},
        "box": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0, "maximum": 1000},
            "minItems": 4,
            "maxItems": 4,
        },
    },
    "required": ["the_kind_of_the_thing", "text", "box"],
}
LONG = "A question that is a good deal longer than the other one, so that prompts are padded. "


class Found(BaseModel):
    """One thing in a picture."""

    kind: Literal["circle", "square"]
    ok: bool
    box: Box


# The processors of GLM and ERNIE-VL ask numpy for a copy of a tensor in a way that is going to end.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")


@pytest.fixture(scope="module", params=TINY)
def name(request: pytest.FixtureRequest) -> str:
    """Every family in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def folder(name: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of its model."""
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module)
    return str(TINY[name](tmp_path_factory.mktemp("families") / name))


@pytest.fixture(scope="module")
def backend(folder: str) -> TransformersBackend:
    return TransformersBackend(ModelKey(folder, dtype="float32"))


def _asked(*parts: str | Image.Image, shape: bool = True, max_tokens: int = 60) -> Request:
    shown = tuple(part if isinstance(part, str) else Picture(part) for part in parts)
    turns = (Turn("system", ("You are a helpful assistant. " * 8,)), Turn("user", shown))
    return Request(turns, constraint=Constraint.of(SHAPE) if shape else None, max_tokens=max_tokens)


REQUESTS = [
    _asked(WIDE, "What is in this picture?"),
    _asked(TALL, "What is in this picture?"),
    _asked(LONG, TALL),  # the picture stands at the prompt's end
    _asked(WIDE, "and", TALL, "Which one?"),
    _asked(LONG, WIDE, "Describe the image.", shape=False, max_tokens=8),
]


def _same(answers: Sequence[Answer], others: Sequence[Answer]) -> None:
    """Not only the same text: the same opinion of each token, which a position or a mask that is off would change."""
    assert list(answers) == list(others)
    for answer, other in zip(answers, others, strict=True):
        if answer.trace is not None and other.trace is not None:
            assert list(answer.trace.chosen) == pytest.approx(list(other.trace.chosen), abs=1e-4)


def test_a_picture_becomes_an_object_with_boxes_in_its_pixels(name: str, folder: str) -> None:
    model_type = TransformersBackend(ModelKey(folder)).info().model_type
    family = None if find_family(model_type, folder).boxes else "relative-1000"
    model = ChatTransformers(model=folder, dtype="float32", family=family, max_tokens=80)
    answer = extraction_chain(model, Found, include_raw=True).invoke(WIDE)
    assert answer["parsing_error"] is None
    found, metadata = answer["parsed"], answer["raw"].response_metadata
    assert isinstance(found, Found)
    left, top, right, bottom = found.box.xyxy
    assert 0 <= left <= right <= WIDE.width
    assert 0 <= top <= bottom <= WIDE.height
    assert metadata["finish_reason"] == "stop"
    assert answer["raw"].usage_metadata["input_token_details"]["image"] > 0
    decoding = metadata["decoding"]
    assert (decoding["one_by_one"], decoding["unshared"]) == (ONE_BY_ONE.get(name), UNSHARED.get(name))
    assert (decoding["forced_tokens"] > 10) == (name not in ONE_BY_ONE)
    unload()


def test_all_ways_of_decoding_come_to_the_same_answers(name: str, backend: TransformersBackend) -> None:
    jobs = [Job(request, prefix_cache_bytes=0) for request in REQUESTS]
    for job in jobs:
        backend.run([job])  # alone, and nothing is taken from what was read before
    expected = [job.future.result(timeout=0) for job in jobs]
    wide, tall, *_ = (list(answer.trace.chosen) for answer in expected if answer.trace is not None)
    assert wide != tall  # the picture matters
    _same(run_one_by_one(backend, REQUESTS), expected)
    backend._prefixes.clear()
    _same(run(backend, REQUESTS), expected)
    again = run(backend, REQUESTS)
    _same(again, expected)
    reused = {answer.effort.reused_tokens > 0 for answer in again if answer.effort is not None}
    assert reused == {name not in UNSHARED}
    kept = sum(node.keys.size for node in backend._prefixes._nodes())
    assert backend._prefixes.bytes == kept * backend._footprint.per_token  # what is predicted of the cache is exact


def test_greedy_answers_are_those_of_generate(backend: TransformersBackend) -> None:
    """The loop decodes as transformers' own does, whatever the family adds to its inputs."""
    model, special = backend._loaded(), backend._special
    encoded = backend._layout.encode(REQUESTS[-1].turns)
    inputs = {name: backend._placed(value) for name, value in encoded.inputs.items()}
    forbidden = [[token] for token in sorted(special.placeholders)]
    with torch.inference_mode():
        written = model.generate(
            **inputs, do_sample=False, max_new_tokens=8, min_new_tokens=1, bad_words_ids=forbidden
        )[0, encoded.length :].tolist()
    ends = [index for index, token in enumerate(written) if token in special.ends]
    words = [token for token in written[: ends[0] if ends else None] if token not in special.silent]
    expected = backend._checkpoint.tokenizer.decode(words).rstrip("\ufffd")
    assert run(backend, [REQUESTS[-1]])[0].text == expected
