from __future__ import annotations

import random

import pytest
from PIL import Image

from extraction.chains.pictures import data_uri, picture_step, split_input
from extraction.errors import OptionError
from extraction.images import Picture, load_image


def noise(size: tuple[int, int]) -> Picture:
    return load_image(Image.frombytes("RGB", size, random.Random(0).randbytes(size[0] * size[1] * 3)))


def test_a_picture_is_told_without_loss_and_a_huge_one_as_a_fine_jpeg_of_the_same_size() -> None:
    small = noise((300, 200))
    assert data_uri(small).startswith("data:image/png;base64,")
    assert load_image(data_uri(small)) == small
    large = load_image(Image.new("RGB", (2000, 1001), (200, 100, 50)))
    assert data_uri(large).startswith("data:image/jpeg;base64,")
    again = load_image(data_uri(large))
    assert (again.size, again.image.getpixel((0, 0))) == ((2000, 1001), (200, 100, 50))


def test_inputs_are_split() -> None:
    assert split_input("a.png") == ("a.png", None)
    assert split_input({"image": "a.png"}) == ("a.png", None)
    assert split_input({"image": "a.png", "instruction": "x"}) == ("a.png", "x")
    with pytest.raises(OptionError, match=r"not with \['image', 'instructions'\]"):
        split_input({"image": "a.png", "instructions": "x"})
    assert split_input({"document": "a.pdf", "instruction": "x"}, "document") == ("a.pdf", "x")
    with pytest.raises(OptionError, match=r"a document or a mapping with 'document' .*, not with \['image'\]"):
        split_input({"image": "a.png"}, "document")


def test_the_step_gives_the_variables_of_a_prompt() -> None:
    picture = noise((3, 2))
    step = picture_step(lambda own: {"instruction": own or "default"})
    assert step.invoke(picture) == {"image_url": data_uri(picture), "instruction": "default"}
    assert step.invoke({"image": picture, "instruction": "own"})["instruction"] == "own"
