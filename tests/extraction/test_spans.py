from __future__ import annotations

import json
from typing import Any

import pytest

from extraction.spans import parts

DOCUMENTS = [
    '{"a": [1, {"b/": "x\\"]"}, []], "c": -1.5e3, "d": true, "e": {}}',
    '[["ü\\u00e9😀", null], [[[0]]], {"": {"~": false}}]',
    '  "only, [a] {string}: \\\\"  ',
    "-12.5",
    "null",
    '{"a":[1,2],"b":{"c":"d"}}',
    '{\n  "a": [\n    1\n  ]\n}',
]


def _at(value: Any, path: Any) -> Any:
    for key in path:
        value = value[key]
    return value


def _count(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, inner))


@pytest.mark.parametrize("text", DOCUMENTS)
def test_every_part_stands_where_it_is_said_to(text: str) -> None:
    value = json.loads(text)
    found = list(parts(text))
    assert len({part.path for part in found}) == len(found) == _count(value)
    for part in found:
        assert json.loads(text[part.start : part.end]) == _at(value, part.path)
        assert part.before <= part.start
    assert found[-1].path == ()


def test_a_part_knows_where_what_stands_before_it_ends() -> None:
    text = '{"a": [{"b": 1}, {"b": 2}]}'
    before = {part.path: text[part.before : part.start] for part in parts(text)}
    assert before["a", 0] == ""
    assert before["a", 1] == ", "
    assert before["a", 1, "b"] == '"b": '


def test_a_document_can_begin_anywhere_and_ends_where_it_ends() -> None:
    text = '<call>{"a": 1}</call>{"a": 2}'
    assert [part.path for part in parts(text, 6)] == [("a",), ()]


@pytest.mark.parametrize("text", [text for text in DOCUMENTS if text[0] in "[{"])
def test_of_a_text_that_breaks_off_all_whole_parts_are_told(text: str) -> None:
    whole = {part.path: (part.start, part.end) for part in parts(text)}
    for end in range(len(text)):
        for part in parts(text[:end]):
            assert whole[part.path] == (part.start, part.end)


def test_no_json_has_no_parts() -> None:
    assert list(parts("")) == list(parts("}")) == list(parts('"open')) == []
