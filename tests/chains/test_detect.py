from __future__ import annotations

from typing import Any

import pytest

from extraction.chains import detection_chain
from extraction.errors import OptionError
from tests.chains.fakes import ANSWER, OBJECT, PICTURE, PIXELS, RemoteModel, text_of


def test_the_objects_of_a_picture() -> None:
    model = RemoteModel()
    scene = detection_chain(model).invoke(PICTURE)
    assert [(thing.label, thing.color.name, thing.box.xyxy) for thing in scene.objects] == [("cup", "red", PIXELS)]
    assert text_of(model.seen[0][1]) == "Extract what the picture shows."


def test_what_to_look_for_can_be_said() -> None:
    model = RemoteModel()
    detection_chain(model, ["cup", "tea {pot}"]).invoke(PICTURE)
    assert text_of(model.seen[0][1]) == "Find only these: cup, tea {pot}."


def test_options_reach_the_chain() -> None:
    swapped = ANSWER.replace("[250, 500, 750, 1000]", "[500, 250, 1000, 750]")
    model = RemoteModel(answers=["no", swapped])
    scene = detection_chain(model, repair=1, family="relative-1000-yxyx").invoke(PICTURE)
    assert scene.objects[0].box.xyxy == PIXELS
    assert OBJECT["label"] == scene.objects[0].label


@pytest.mark.parametrize("labels", ["cup", ["cup", ""], ["  "], [3], [None]])
def test_labels_are_words(labels: Any) -> None:
    with pytest.raises(OptionError, match="labels must be a list of words, not "):
        detection_chain(RemoteModel(), labels)
