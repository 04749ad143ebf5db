"""Outlines of what a picture shows: by the schema, or in the words and the syntax that a family was trained on."""

from __future__ import annotations

import json
from typing import Any

import matplotlib.pyplot as plt
import pytest
from langchain_core.messages import AIMessage
from matplotlib.patches import Polygon as PolygonPatch
from PIL import Image

from extraction import ChatTransformers, plot_boxes
from extraction.chains import detection_chain, native_chain, segmentation_chain
from extraction.errors import BoxConventionError, OptionError, SchemaMismatchError
from extraction.schemas import Segmentation
from tests.chains.fakes import RemoteModel, text_of

PICTURE = Image.new("RGB", (1000, 500), "white")
OUTLINES = {
    "objects": [
        {"label": "Cup", "outline": [[100, 200], [300, 200], [200, 600]]},
        {"label": "pot", "outline": [[0, 0], [1000, 0], [1000, 1000], [0, 1000]]},
    ]
}


def corners(found: Segmentation) -> list[tuple[str, list[tuple[float, float]]]]:
    return [(item.label, [point.xy for point in item.outline.points]) for item in found.objects]


def test_a_schema_is_filled_with_outlines_in_pixels() -> None:
    model = RemoteModel(answers=[json.dumps(OUTLINES)])
    found = segmentation_chain(model).invoke(PICTURE)
    assert corners(found) == [
        ("Cup", [(100, 100), (300, 100), (200, 300)]),
        ("pot", [(0, 0), (1000, 0), (1000, 500), (0, 500)]),
    ]
    assert [item.label for item in found.find(" cup ")] == ["Cup"]
    assert found.counts().as_dict() == {"cup": 1, "pot": 1}
    assert text_of(model.seen[0][1]) == "Outline every object."
    patches = plot_boxes(PICTURE, found).patches
    assert sum(isinstance(patch, PolygonPatch) for patch in patches) == 2
    plt.close("all")


def test_what_to_look_for_can_be_said_and_options_reach_the_chain() -> None:
    model = RemoteModel(answers=["no", json.dumps(OUTLINES)])
    found = segmentation_chain(model, ["cup", "pot"], repair=1, family="relative-1000-yxyx").invoke(PICTURE)
    assert corners(found)[0] == ("Cup", [(200, 50), (200, 150), (600, 100)])
    assert text_of(model.seen[0][1]) == "Find only these: cup, pot."


def test_a_model_with_a_syntax_of_its_own_is_asked_in_its_own_words() -> None:
    answer = "cup<poly><loc_100><loc_200><loc_300><loc_200><loc_200><loc_600></poly>"
    model = RemoteModel(answers=[AIMessage(answer)])
    found = segmentation_chain(model, ["cup"], family="florence2").invoke(PICTURE)
    assert corners(found) == [("cup", [(100.5, 100.25), (300.5, 100.25), (200.5, 300.25)])]
    assert text_of(model.seen[0][-1]) == "<REFERRING_EXPRESSION_SEGMENTATION>cup"


def test_a_model_that_looks_for_something_must_be_told_what() -> None:
    with pytest.raises(BoxConventionError, match="needs things to look for"):
        segmentation_chain(RemoteModel(), family="florence2")


@pytest.mark.parametrize(
    ("model", "options", "why"),
    [
        (ChatTransformers(), {}, "family 'pocket' cannot segment: it was never taught outlines"),
        (RemoteModel(), {"family": "paligemma"}, "family 'paligemma' cannot segment: its masks are codes"),
    ],
)
def test_a_model_that_cannot_is_refused(model: Any, options: dict[str, Any], why: str) -> None:
    with pytest.raises(BoxConventionError, match=why):
        segmentation_chain(model, ["star"], **options)


def test_the_way_that_a_refusal_names_leads_somewhere() -> None:
    with pytest.raises(BoxConventionError) as refused:
        segmentation_chain(RemoteModel(), ["cup"], family="paligemma")
    assert 'native_chain(model, task="segment", things=[...]) gives their boxes' in str(refused.value)
    model = RemoteModel(answers=["<loc0256><loc0000><loc0512><loc1024>" + "<seg001>" * 16 + " cup"])
    (found,) = native_chain(model, task="segment", things=["cup"], family="paligemma").invoke(PICTURE)
    assert (found.label, found.box.xyxy) == ("cup", (0, 125, 1000, 250))


def test_boxes_are_no_outlines() -> None:
    boxes = {"objects": [{"label": "cup", "outline": [100, 200, 300, 400]}]}
    with pytest.raises(SchemaMismatchError):
        segmentation_chain(RemoteModel(answers=[json.dumps(boxes)])).invoke(PICTURE)


class _Named(RemoteModel):
    model_name: str


def _fallbacks(first: str, second: str) -> Any:
    """A model that fails, and another one that then answers."""
    down = _Named(model_name=first, answers=[RuntimeError("down")])
    return down.with_fallbacks([_Named(model_name=second, answers=[json.dumps(OUTLINES)])])


def test_fallbacks_may_be_of_other_families_that_fill_the_schema() -> None:
    model = _fallbacks("gpt-4o", "gemma-3-4b")
    detection_chain(model)  # is made of them, too
    assert corners(segmentation_chain(model).invoke(PICTURE))[0][1] == [(100, 100), (300, 100), (200, 300)]


@pytest.mark.parametrize(
    ("second", "error", "why"),
    [("paligemma2-3b", BoxConventionError, "cannot segment"), ("florence-2-base", OptionError, "in different ways")],
)
def test_fallbacks_that_cannot_fill_it_are_refused(second: str, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        segmentation_chain(_fallbacks("gpt-4o", second), ["cup"])


@pytest.mark.parametrize("labels", ["cup", ["cup", ""]])
def test_labels_are_words(labels: Any) -> None:
    with pytest.raises(OptionError, match="labels must be a list of words, not "):
        segmentation_chain(RemoteModel(), labels)
