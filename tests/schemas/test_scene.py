"""Scenes: the schema word for word, the lookups, and the way through JSON."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from extraction.schemas.color import Color
from extraction.schemas.geometry import Box
from extraction.schemas.scene import DetectedObject, Scene

JSON = (
    '{"objects":[{"label":"Circle","color":"red","box":[1.0,2.0,3.0,4.0]},'
    '{"label":"star","color":"blue","box":[5.0,6.0,7.5,8.0]},'
    '{"label":"circle","color":"#8b0000","box":[9.0,9.0,20.0,21.0]}]}'
)


@pytest.fixture
def scene() -> Scene:
    return Scene.model_validate_json(JSON)


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_schema_word_for_word(mode: Any) -> None:
    """The embedded model was trained on this text."""
    schema = Scene.model_json_schema(mode=mode)
    definitions = schema.pop("$defs")
    assert schema == {
        "title": "Scene",
        "description": "The objects of a picture.",
        "type": "object",
        "properties": {
            "objects": {
                "title": "Objects",
                "description": "every object in the picture",
                "type": "array",
                "items": {"$ref": "#/$defs/DetectedObject"},
            }
        },
        "required": ["objects"],
        "additionalProperties": False,
    }
    assert definitions["DetectedObject"] == {
        "title": "DetectedObject",
        "description": "One object.",
        "type": "object",
        "properties": {
            "label": {"title": "Label", "type": "string", "description": "what it is, in one or two words"},
            "color": {"$ref": "#/$defs/Color", "description": "its main colour"},
            "box": {"$ref": "#/$defs/Box", "description": "where it is"},
        },
        "required": ["label", "color", "box"],
        "additionalProperties": False,
    }
    assert list(definitions["DetectedObject"]["properties"]) == ["label", "color", "box"]
    assert {name: entry.get("x-extraction") for name, entry in definitions.items()} == {
        "Box": "box",
        "Color": "color",
        "DetectedObject": None,
    }


def test_json_round_trip(scene: Scene) -> None:
    assert scene.model_dump_json() == JSON
    assert Scene.model_validate(scene.model_dump()) == scene
    assert scene.objects[1] == DetectedObject(label="star", color=Color("blue"), box=Box.from_xyxy(5, 6, 7.5, 8))


def test_find(scene: Scene) -> None:
    first, star, dark = scene.objects
    assert scene.find() == [first, star, dark]
    assert scene.find("CIRCLE ") == [first, dark]
    assert scene.find(color="red") == [first, dark], "a dark red is a red"
    assert scene.find(label="star", color=Color("navy")) == [star]
    assert scene.find("star", "red") == []
    with pytest.raises(ValueError, match="did you mean 'red'"):
        scene.find(color="redd")


def test_by_label_and_counts(scene: Scene) -> None:
    first, star, dark = scene.objects
    assert scene.by_label() == {"circle": [first, dark], "star": [star]}
    assert scene.counts().as_dict() == {"circle": 2, "star": 1}


def test_nothing_found_is_a_scene() -> None:
    empty = Scene.model_validate_json('{"objects": []}')
    assert (empty.find(), empty.by_label(), empty.counts().total) == ([], {}, 0)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"objects": null}',
        '{"objects": [], "note": 1}',
        '{"objects": [{"label": "star", "color": "red"}]}',
        '{"objects": [{"label": 3, "color": "red", "box": [1, 2, 3, 4]}]}',
        '{"objects": [{"label": "star", "color": "redd", "box": [1, 2, 3, 4]}]}',
        '{"objects": [{"label": "star", "color": "red", "box": [3, 2, 1, 4]}]}',
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(ValidationError):
        Scene.model_validate_json(text)
