"""What it brings to answer ragged rows together, each at its own pace: ``python -m benchmarks.batching``.

Four pictures with four schemas and prompts of unequal length, in three ways that write the same tokens: in one batch as the
library does it, in one batch in which every row goes on by one token per pass (``force=False``), and one by one. Nothing is
kept of prompts. All on torch's own linear layers, and on prepacked ones, as the library comes. Times are CPU seconds of one
core, medians of turns; ratios say more.
"""

from __future__ import annotations

import functools
import unittest.mock
from typing import Any

from PIL import Image

from benchmarks.shared import Timed, answered, backend_of, interleaved, options
from extraction import local_model
from extraction.content import Turn
from extraction.decoding import DecodingLoop
from extraction.grammar import Constraint
from extraction.images import Picture
from extraction.jobs import Answer, Request
from extraction.loading import POCKET
from extraction.local_model import TransformersBackend

BAR = 1.3
"""How many times as fast as the plain batch ours must be."""
_SHORT = {"type": "string", "maxLength": 12}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 999}
_BOX = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 1000}, "minItems": 4, "maxItems": 4}
_CHOICE = {"enum": ["letter", "report", "invoice", "form", "other"]}


def _object(**properties: Any) -> dict[str, Any]:
    """An object of exactly these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


SCHEMAS = (
    _object(title=_SHORT, document_type=_CHOICE, page_count=_COUNT, confidential={"type": "boolean"}),
    _object(
        objects={"type": "array", "items": _object(label=_SHORT, box=_BOX), "minItems": 2, "maxItems": 2}, count=_COUNT
    ),
    _object(invoice_number=_SHORT, seller=_object(name=_SHORT, city=_SHORT), currency={"enum": ["EUR", "USD", "GBP"]}),
    _object(colour={"enum": ["red", "green", "blue"]}, is_round={"type": "boolean"}, box=_BOX),
)


def requests() -> list[Request]:
    """Four conversations."""
    result = []
    for number, schema in enumerate(SCHEMAS):
        picture = Picture(Image.linear_gradient("L").resize((224, 224)).rotate(90 * number).convert("RGB"))
        text = "What is there to be seen? " * (1 + 2 * number)
        result.append(Request((Turn("user", (picture, text)),), constraint=Constraint.of(schema), max_tokens=300))
    return result


def _plain(backend: TransformersBackend, asked: list[Request], _: int) -> list[Answer]:
    with unittest.mock.patch.object(local_model, "DecodingLoop", functools.partial(DecodingLoop, force=False)):
        return answered(backend, asked)


def _ours(backend: TransformersBackend, asked: list[Request], _: int) -> list[Answer]:
    return answered(backend, asked)


def _alone(backend: TransformersBackend, asked: list[Request], _: int) -> list[Answer]:
    return [answer for one in asked for answer in answered(backend, [one])]


_WAYS = {"plain": _plain, "ours": _ours, "alone": _alone}
_LAYERS = {"torch's": False, "prepacked": None}
"""What a model is loaded with, as ``prepack`` takes it."""


def measured(name: str, repeats: int) -> dict[str, dict[str, Timed]]:
    """Every way on both kinds of layers, all in turns."""
    backends = {layers: backend_of(name, prepack=prepack) for layers, prepack in _LAYERS.items()}
    asked = requests()
    ways = {
        (layers, way): functools.partial(_WAYS[way], backend, asked)
        for layers, backend in backends.items()
        for way in _WAYS
    }
    timed = interleaved(ways, repeats)
    for backend in backends.values():
        backend.close()
    return {layers: {way: timed[layers, way] for way in _WAYS} for layers in _LAYERS}


def main() -> None:
    """Prints two lines for each model."""
    given = options(str(__doc__).splitlines()[0], models=(POCKET, "llava-50k", "qwen-50k"))
    # ruff: noqa: T201 - a benchmark prints
    columns = "model | layers | tokens | forced | passes: plain, ours | plain, s | ours, s | one by one, s"
    print(f"| {columns} | plain / ours | plain on torch's / ours | bar |")
    print("|-|-|-:|-:|-:|-:|-:|-:|-:|-:|-:|")
    for name in given.models:
        both = measured(name, given.repeats)
        for layers, timed in both.items():
            assert timed["plain"].answers == timed["ours"].answers == timed["alone"].answers
            efforts = {way: [one.effort for one in timed[way].answers if one.effort is not None] for way in timed}
            passes = ", ".join(str(max(effort.passes for effort in efforts[way])) for way in ("plain", "ours"))
            tokens = sum(answer.output_tokens for answer in timed["ours"].answers)
            forced = sum(effort.forced_tokens for effort in efforts["ours"])
            seconds = " | ".join(f"{timed[way].seconds:.2f}" for way in ("plain", "ours", "alone"))
            ours = timed["ours"].seconds
            ratios = " | ".join(f"{one.seconds / ours:.2f}" for one in (timed["plain"], both["torch's"]["plain"]))
            print(
                f"| {name} | {layers} | {tokens} | {forced} | {passes} | {seconds} | {ratios} | {BAR} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
