"""Requests for the decoding loop, and the backends that answer them: tiny random weights in float32."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from extraction import local_model
from extraction.content import Turn
from extraction.conventions import RELATIVE_1000
from extraction.decoding import DecodingLoop
from extraction.errors import OptionError
from extraction.grammar import Constraint
from extraction.images import Picture
from extraction.jobs import Answer, Job, Request
from extraction.local_model import TransformersBackend
from extraction.prompts import model_schema
from extraction.sampling import Sampling
from extraction.schemas import Scene, json_schema_of

FLAT = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 8},
        "page_count": {"type": "integer"},
        "ok": {"type": "boolean"},
    },
    "required": ["title", "page_count", "ok"],
}
NESTED = {
    "type": "object",
    "properties": {
        "kind": {"const": "a rather long constant that is all forced"},
        "rows": {"type": "array", "items": FLAT, "minItems": 1, "maxItems": 2},
        "choice": {"enum": ["alpha", "alphabet", "beta"]},
    },
    "required": ["kind", "rows", "choice"],
}
CONSTANT = {"const": {"nothing": ["to", "choose"]}}
SCENE = model_schema(json_schema_of(Scene), RELATIVE_1000)
RED = Picture(Image.new("RGB", (60, 40), "red"))
LONG = "A question that is a good deal longer than the other one, so that prompts are padded."


def asked(schema: dict[str, Any] | None, text: str = "x", **options: Any) -> Request:
    constraint = None if schema is None else Constraint.of(schema)
    return Request((Turn("user", (RED, text)),), constraint=constraint, **{"max_tokens": 120, **options})


REQUESTS = [
    asked(FLAT),
    asked(NESTED, LONG),
    asked(SCENE, max_tokens=90),
    asked(CONSTANT, "?"),
    asked(None, LONG, max_tokens=30),
    asked(NESTED, sampling=Sampling(1.0, seed=3)),
    asked(FLAT, LONG, sampling=Sampling(0.8, top_p=0.9, seed=4)),
]


def run(backend: TransformersBackend, requests: Sequence[Request]) -> list[Answer]:
    """The answers of one batch; the first error is raised."""
    jobs = [Job(request) for request in requests]
    backend.run(jobs)
    return [job.future.result(timeout=0) for job in jobs]


def run_one_by_one(backend: TransformersBackend, requests: Sequence[Request]) -> list[Answer]:
    """The same without taking forced tokens together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_model, "DecodingLoop", functools.partial(DecodingLoop, force=False))
        return run(backend, requests)


def smallest_budget(backend: TransformersBackend, request: Request) -> int:
    """The tokens that a request must at least be given, as its refusal tells."""
    with pytest.raises(OptionError, match=r"max_tokens=1 is too small: the shortest answer .* takes ") as caught:
        run(backend, [replace(request, max_tokens=1)])
    return int(str(caught.value).split(" takes ")[1].split()[0])
