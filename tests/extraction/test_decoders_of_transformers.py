"""The families for whose numbers transformers has code of its own: here they mean the same pixels."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers.models.florence2.processing_florence2 import Florence2PostProcessor
from transformers.models.fuyu.processing_fuyu import (
    FuyuProcessor,
    scale_bbox_to_transformed_image,
    scale_point_to_transformed_image,
)
from transformers.models.kosmos2.processing_kosmos2 import coordinate_to_patch_index, patch_index_to_coordinate

from extraction.conventions import BoxConvention
from extraction.families import find_family
from extraction.frames import Frame, from_pixels, to_pixels


def convention(family: str) -> BoxConvention:
    boxes = find_family(None, "", family).boxes
    assert boxes is not None
    return boxes


def boxes(seed: int, count: int = 200) -> list[tuple[tuple[int, int], list[float]]]:
    """Pictures of all sizes, and a box in each."""
    rng, found = random.Random(seed), []
    for _ in range(count):
        size = rng.randint(8, 3000), rng.randint(8, 3000)
        x1, x2 = sorted(rng.sample(range(size[0] + 1), 2))
        y1, y2 = sorted(rng.sample(range(size[1] + 1), 2))
        found.append((size, [float(x1), float(y1), float(x2), float(y2)]))
    return found


def florence() -> Any:
    return Florence2PostProcessor(None, SimpleNamespace(all_special_tokens=[]))


def test_florence_2_writes_these_bins() -> None:
    same = 0
    for size, box in boxes(1):
        theirs = florence().quantize(torch.tensor([box], dtype=torch.float64), size)[0].tolist()
        ours = from_pixels(box, convention("florence2"), Frame(size))
        assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) <= 1  # where a pixel begins a bin
        same += ours == theirs
    assert same > 150


def test_the_bins_of_florence_2_are_these_pixels() -> None:
    rng = random.Random(2)
    for size, _ in boxes(2):
        bins = [*sorted(rng.sample(range(500), 2)), *sorted(rng.sample(range(500, 1000), 2))]
        theirs = florence().dequantize(torch.tensor([bins], dtype=torch.float64), size)[0].tolist()
        ours = to_pixels(bins, convention("florence2"), Frame(size))
        # theirs are cut to whole pixels
        assert all(0 <= a - b < 1 + 1e-6 for a, b in zip(ours, theirs, strict=True))
        point = florence().dequantize(torch.tensor([bins[:2]], dtype=torch.float64), size)[0].tolist()
        assert all(
            0 <= a - b < 1 + 1e-6
            for a, b in zip(to_pixels(bins[:2], convention("florence2"), Frame(size)), point, strict=True)
        )


def test_kosmos_2_writes_these_cells_and_they_are_these_pixels() -> None:
    for size, box in boxes(3):
        shares = (box[0] / size[0], box[1] / size[1], box[2] / size[0], box[3] / size[1])
        cells = coordinate_to_patch_index(shares, 32)
        assert from_pixels(box, convention("kosmos2"), Frame(size)) == list(cells)
        theirs = patch_index_to_coordinate(*cells, 32)
        back = to_pixels(cells, convention("kosmos2"), Frame(size))
        assert back == pytest.approx([share * size[i % 2] for i, share in enumerate(theirs)])


class FuyuTokens:
    """Only what the decoder asks of a tokenizer: marks, and numbers that are tokens of their own."""

    marks = ("<0x00>", "<0x01>", "<0x02>", "<0x03>")

    def convert_tokens_to_ids(self, tokens: Any) -> Any:
        if isinstance(tokens, list):
            return [self.convert_tokens_to_ids(token) for token in tokens]
        return 10_000 + self.marks.index(tokens) if tokens in self.marks else int(tokens)

    def convert_ids_to_tokens(self, ids: torch.Tensor) -> list[str]:
        return [str(int(token)) for token in ids]

    def tokenize(self, text: str) -> list[str]:
        words = text.replace("<box>", "").replace("</box>", "").replace("<point>", "").replace("</point>", "")
        return ["0", *(word.strip() for word in words.split(","))]  # the first stands for the blank before


def fuyu_frame(size: tuple[int, int]) -> tuple[Frame, float]:
    """A picture on Fuyu's canvas, and how much smaller it is there."""
    scale = min(1.0, 1920 / size[0], 1080 / size[1])
    return Frame(size, (1920, 1080), (0.0, 0.0, size[0] * scale, size[1] * scale)), scale


def test_fuyu_writes_these_steps_and_they_are_these_pixels() -> None:
    processor: Any = SimpleNamespace(
        tokenizer=FuyuTokens(), image_processor=SimpleNamespace(size={"height": 1080, "width": 1920})
    )
    for size, box in boxes(4, 100):
        frame, scale = fuyu_frame(size)
        x1, y1, x2, y2 = box
        written = from_pixels(box, convention("fuyu"), frame)
        assert written == list(map(int, scale_bbox_to_transformed_image(y1, x1, y2, x2, scale)))
        point = from_pixels(box[:2], convention("fuyu"), frame)
        assert point == list(map(int, scale_point_to_transformed_image(x1, y1, scale)))

        marks = [10_000, *written, 10_001]
        sizes = torch.tensor([[size[1], size[0]]])
        (decoded,) = FuyuProcessor.post_process_box_coordinates(processor, [torch.tensor([1, *marks])], sizes)
        top, left, bottom, right = decoded[1:5].tolist()
        ours = to_pixels(written, convention("fuyu"), frame)
        # theirs are cut to whole steps of two pixels, and not to the picture
        limits = [min(a, size[i % 2]) for i, a in enumerate([left, top, right, bottom])]
        assert all(-1e-6 <= a - b < 2 + 1e-6 for a, b in zip(ours, limits, strict=True))
