"""The generated documents say what they are said to say, where they are said to say it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from extraction.schemas.documents import BusinessCard, DocumentSchema, Form, Invoice, Receipt
from extraction.schemas.geometry import Box
from extraction.schemas.pointers import leaves_of, pointer
from tests.documents import Sample, card, columns, form, invoice, receipt, turned
from tests.documents.canvas import Canvas, Fact
from tests.documents.fonts import MONO, PROPORTIONAL, Face

Make = Callable[..., Sample]
MAKES: list[Make] = [receipt, invoice, form, card]
SEEDS = range(16)


@cache
def clean(make: Make, seed: int) -> Sample:
    return make(seed, paper="clean")


def leaves(value: Any) -> dict[str, Any]:
    """Every leaf that is not null."""
    return {pointer(path): leaf for path, leaf in leaves_of(value) if leaf is not None}


@pytest.mark.parametrize("make", MAKES)
def test_the_same_seed_gives_the_same_document(make: Make) -> None:
    one, same, other = make(7), make(7), clean(make, 8)
    assert one.picture.tobytes() == same.picture.tobytes()
    assert (one.words, one.value, one.places) == (same.words, same.value, same.places)
    assert one.value != other.value


@pytest.mark.parametrize("make", MAKES)
def test_every_leaf_of_the_value_is_printed_but_the_currency(make: Make) -> None:
    for seed in SEEDS:
        sample = clean(make, seed)
        told = {at: leaf for at, leaf in leaves(sample.value).items() if at != "/currency"}
        assert {pointer: place.value for pointer, place in sample.places.items()} == told


@pytest.mark.parametrize("make", MAKES)
def test_words_are_inside_and_do_not_touch(make: Make) -> None:
    for seed in SEEDS:
        sample = clean(make, seed)
        width, height = sample.picture.size
        boxes = [(word.text, word.box) for word in sample.words]
        for number, (text, box) in enumerate(boxes):
            assert box.x1 >= 0, (seed, text)
            assert box.y1 >= 0, (seed, text)
            assert box.x2 <= width, (seed, text)
            assert box.y2 <= height, (seed, text)
            for other, second in boxes[number + 1 :]:
                shared = box.intersection(second)
                assert shared is None or shared.area < 0.12 * min(box.area, second.area), (seed, text, other)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("paper", ["clean", "scan", "photo"])
def test_there_is_ink_in_the_boxes_and_their_places_agree_with_their_words(make: Make, paper: Any) -> None:
    for seed in range(2):
        sample = make(seed, paper=paper)
        grey = np.asarray(sample.picture.convert("L"), float)
        for word in sample.words:
            inside = cut(grey, word.box)
            assert inside.max() - inside.min() > 45, (seed, word.text)
        for at, leaf in sample.places.items():
            for place in leaf.places if leaf.kind != "flag" else ():
                covered = [word for word in sample.words if any(word.box.iou(box) > 0 for box in place.boxes)]
                assert covered, (seed, at)
                text = " ".join(word.text for word in covered)
                assert place.text.replace(" ", "")[:4].casefold() in text.replace(" ", "").casefold(), (seed, at)


@pytest.mark.parametrize("face", [*MONO, *PROPORTIONAL])
def test_the_boxes_on_a_canvas_are_the_ink_to_the_pixel(face: Face) -> None:
    canvas = Canvas((900, 100))
    amount = Fact("$12.50", "amount", "12.50", "/total")
    canvas.put(["Jolly Fig: ", amount, ") fly"], (20, 60), face.at(25))
    ink = np.asarray(canvas.image.convert("L"), float) < 255
    rects = [*(word.rect for word in canvas.words), canvas.facts[0].rects[0]]
    for rect in rects:
        x1, y1, x2, y2 = (int(edge) for edge in rect)
        assert [x1, y1, x2, y2] == list(rect)
        inside = ink[y1:y2, x1:x2]
        assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))
    for rect in rects[:-1]:
        around = [ink[:, int(rect.x1) - 1], ink[:, int(rect.x2)]]
        assert not any(edge.any() for edge in around)
    assert canvas.words[2].text == "$12.50)"
    assert canvas.words[2].rect.x1 == rects[-1].x1
    assert canvas.words[2].rect.x2 > rects[-1].x2


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_has_its_words_where_they_are(degrees: Any) -> None:
    sample = receipt(2, paper="scan")
    page = turned(sample, degrees)
    grey = np.asarray(sample.picture.convert("L"), float)
    turned_grey = np.asarray(page.picture.convert("L"), float)
    assert [word.text for word in page.words] == [word.text for word in sample.words]
    for word, other in zip(sample.words, page.words, strict=True):
        assert other.quad is not None
        straight, lying = cut(grey, word.box), cut(turned_grey, other.box)
        assert lying.mean() == pytest.approx(straight.mean(), abs=6)
        assert other.box.area == pytest.approx(word.box.area)
    first = page.words.words[0].quad
    assert first is not None
    top_left, top_right = first.points[:2]
    along = {90: top_right.y - top_left.y, 180: top_left.x - top_right.x, 270: top_left.y - top_right.y}
    assert along[degrees] > 10
    assert abs((page.words.angle - sample.words.angle - degrees) % 360) < 1e-6
    assert page.places["/total"].right.box.area == pytest.approx(sample.places["/total"].right.box.area)


def cut(pixels: Any, box: Box) -> Any:
    return pixels[max(int(box.y1), 0) : int(box.y2) + 1, max(int(box.x1), 0) : int(box.x2) + 1]


@pytest.mark.parametrize(
    ("make", "schema"), [(receipt, Receipt), (invoice, Invoice), (form, Form), (card, BusinessCard)]
)
def test_values_fit_their_schemas_and_add_up(make: Make, schema: type[DocumentSchema]) -> None:
    for seed in SEEDS:
        value = schema.model_validate(clean(make, seed).value)
        assert value.checks() == [], seed


def test_repeated_values_are_told_apart() -> None:
    samples = [clean(receipt, seed) for seed in SEEDS]
    totals = [sample.places["/total"] for sample in samples]
    assert any(leaf.elsewhere for leaf in totals)
    assert any(leaf.unique for leaf in totals)
    assert any(sample.places["/date"].again for sample in samples)
    for leaf in totals:
        for place in leaf.elsewhere:
            assert place.box.iou(leaf.right.box) == 0


def test_columns_are_read_one_after_the_other() -> None:
    sample = columns(3, paper="clean")
    assert sample.picture.tobytes() == columns(3, paper="clean").picture.tobytes() != columns(4).picture.tobytes()
    left, right = ([line for line in sample.words.lines if line.block == block] for block in (1, 2))
    assert len(left) == len(right) > 10
    assert max(line.box.x2 for line in left) < min(line.box.x1 for line in right)
    assert [*sample.words.lines] == [sample.words.lines[0], *left, *right]
    assert all(one.box.y2 <= two.box.y1 for column in (left, right) for one, two in pairwise(column))
