from __future__ import annotations

import json
import time
from typing import Any

import pytest

from extraction.json_text import complete_part, find_documents, is_cut, load_strictly, read_text

OBJECTS: list[dict[str, Any]] = [
    {
        "objects": [
            {"label": 'a "quoted" {brace', "box": [1, 2, 3, 4], "score": -12.5e3, "seen": True},
            {"label": "é\\ [x]", "box": [5, 6, 7, 8], "score": None, "seen": False},
        ],
        "total": 1234.56,
        "title": "last",
    },
    {"empty": {}, "none": [], "names": ["x", "y,", "z"], "words": [True, False, None]},
    {"deep": {"deeper": {"list": [[1, 2], [3, 4], [5, 6]]}}, "after": "ok"},
]
LISTS: list[list[Any]] = [[{"a": 1}, {"a": [[1, 2], [3, 4]]}, "x", None, {"b": 17}], [["a", "b"], ["c"], []]]
DOCUMENTS = [*OBJECTS, *LISTS]


def values(text: str) -> list[Any]:
    return [document.value for document in find_documents(text)]


def texts(value: Any) -> list[str]:
    return [
        json.dumps(value),
        json.dumps(value, indent=2),
        json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    ]


# --- prefixes --------------------------------------------------------------------------------------------------------


def is_beginning_of(part: Any, whole: Any) -> bool:
    """Whether ``part`` is ``whole`` with its last fields or items missing, and with nothing in it that is half.

    Only the containers that a cut may run through may be shorter: the document itself, and lists under their fields.
    """
    if isinstance(whole, dict) and isinstance(part, dict):
        keys = list(part)
        if keys != list(whole)[: len(keys)]:
            return False
        complete, last = keys[:-1], keys[-1:]
        return all(part[key] == whole[key] for key in complete) and all(
            part[key] == whole[key]
            or (isinstance(whole[key], list) and part[key] == whole[key][: len(part[key])] != [])
            for key in last
        )
    return isinstance(whole, list) and isinstance(part, list) and part == whole[: len(part)]


def items_written(text: str, whole: Any) -> int:
    """How many of a document's own fields or items a cut text holds to their very end."""
    decoder, count, position = json.JSONDecoder(), 0, 1
    while True:
        while text[position : position + 1] in (" ", "\n", ","):
            position += 1
        try:
            if isinstance(whole, dict):
                _, position = decoder.raw_decode(text, position)
                while text[position : position + 1] in (" ", ":"):
                    position += 1
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            return count
        if type(value) in (int, float) and text[position : position + 1] not in (",", "}", "]", " ", "\n"):
            return count
        count += 1


@pytest.mark.parametrize("whole", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_every_prefix_gives_exactly_what_is_complete_and_the_full_text_the_whole(whole: Any) -> None:
    for text in texts(whole):
        for end in range(len(text)):
            part = complete_part(text[:end])
            written = items_written(text[:end], whole) if end else 0
            if part is None:
                assert written == 0
            else:
                assert is_beginning_of(part, whole), text[:end]
                assert written <= len(part) <= written + 1, text[:end]
        assert complete_part(text) == whole


@pytest.mark.parametrize("whole", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_no_strict_prefix_holds_a_document_and_all_are_cut(whole: Any) -> None:
    for text in texts(whole):
        for end in range(1, len(text)):
            assert find_documents(text[:end]) == []
            assert is_cut(text[:end])
        assert values(text) == [whole]
        assert not is_cut(text)


@pytest.mark.parametrize("before", ["Here it is: ", "```json\n", "<think>a {b} [1</think>\n"])
def test_prefixes_behind_other_text_are_no_documents_either(before: str) -> None:
    for whole in OBJECTS:
        text = json.dumps(whole)
        for end in range(1, len(text)):
            assert find_documents(before + text[:end]) == []
            assert is_cut(before + text[:end])
        assert values(before + text) == [whole]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"total": 12', None),  # of 1234.56
        ('{"total": 12,', {"total": 12}),
        ('{"a": 1, "b": tru', {"a": 1}),
        ('{"a": 1, "b": true', {"a": 1, "b": True}),
        ('{"a": 1, "b": "x', {"a": 1}),
        ('{"a": 1, "b": "x"', {"a": 1, "b": "x"}),
        ('{"a": "x", "b', {"a": "x"}),
        ('{"a": "x", "b"', {"a": "x"}),
        ('{"a": "x", "b":', {"a": "x"}),
        ('{"objects": [', None),  # not {"objects": []}: that would say that there are none
        ('{"objects": [{"a": 1}, {"a"', {"objects": [{"a": 1}]}),
        ('{"n": 1, "box": [10, 20, 30', {"n": 1}),
        ('{"n": 1, "box": [10, 20, 30, 40', {"n": 1}),
        ('{"n": 1, "box": [10, 20, 30, 40]', {"n": 1, "box": [10, 20, 30, 40]}),
        ('{"outline": [[1, 2], [3, 4], [5', None),
        ('{"boxes": [[1, 2, 3, 4], [5, 6', {"boxes": [[1, 2, 3, 4]]}),
        ('{"n": 1, "inner": {"a": 1, "b"', {"n": 1}),
        ('[["a", "b"], ["c"', [["a", "b"]]),
        ("[1, 2, 3", None),
        ('"half a te', None),
        ('"a text"', "a text"),
        ("12", None),
        ("true", True),
        ("", None),
        ("no JSON at all", None),
        ('<think>{"a": 1, "b": 2', None),
        ('Sure: {"a": 1} and {"b": 2, "c', {"b": 2}),
        ('{"a": 1, "a": 2, "b', None),
    ],
)
def test_complete_part(text: str, part: Any) -> None:
    assert complete_part(text) == part


# --- where documents are ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1]}',
        '\n  {"a": [1]}  \n',
        'Here is the JSON you asked for: {"a": [1]} I hope it helps.',
        '```json\n{"a": [1]}\n```',
        '```JSON\r\n{"a": [1]}\r\n```',
        '```\n{"a": [1]}\n```',
        '```json {"a": [1]}```',
        '~~~json\n{"a": [1]}\n~~~',
        'Sure!\n\n```json\n{"a": [1]}\n```\nNote: {"b": 2} is something else.',
        '```python\nprint({"no": "answer"})\n```\n```json\n{"a": [1]}\n```',
        '```json\n{"a": [1]}',
        '```text\nnot JSON\n```\n{"a": [1]}',
        '<think>maybe {"a": [2]}?</think>{"a": [1]}',
        '<think>one</think>\n<think>{"a": [3]}</think>{"a": [1]}',
        '<thinking>{"a": [3]}</thinking>```json\n{"a": [1]}\n```',
        'first I look at {"a": [3]}</think>\n\n{"a": [1]}',
        '[THINK]maybe {"a": [2]}?[/THINK]{"a": [1]}',
        '◁think▷{"a": [3]}◁/think▷<|channel>thought\n{"a": [2]}<channel|>{"a": [1]}',
        'is it {"a": [3]}?[/THINK]{"a": [1]}',
        '[/THINK]{"a": [1]}',
        'Is it [0, 1) or {x : x > 0}? Anyway: {"a": [1]}',
        'A 5" pipe [about 12 cm: {"a": [1]}',
        'As [sic] in (see "[fig") {"a": [1]} :[',
        '{broken: {"a": [7]}} {"a": [1]}',
    ],
)
def test_the_document_is_found(text: str) -> None:
    assert values(text) == [{"a": [1]}]


def test_strings_may_hold_anything() -> None:
    for odd in (
        "a } b",
        "a { b",
        "]",
        "```",
        "```json\n{}\n```",
        "<think>x</think>",
        "</think>",
        '"',
        "\\",
        "\n",
        "🙂",
    ):
        document = {"text": odd, "n": [odd]}
        for text in texts(document):
            assert values(text) == [document]
            assert values(f"Well: {text}") == [document] or "</think>" in odd
            assert values(f"```json\n{text}\n```") == [document]


def test_text_of_a_document_is_as_it_was_written() -> None:
    (document,) = find_documents('so: {"total": 12.50}.')
    assert (document.text, document.value) == ('{"total": 12.50}', {"total": 12.5})


def test_all_documents_are_found_in_order() -> None:
    assert values('{"a": 1} then [2] then {"c": {"d": 3}}') == [{"a": 1}, [2], {"c": {"d": 3}}]
    assert values('```json\n{"a": 1}\n```\nor\n```json\n[2]\n```') == [{"a": 1}, [2]]
    assert values('```jsonl\n{"a": 1}\n{"a": 2}\n```') == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    "text",
    [
        '{"total": NaN, "items": [{"a": 1}]}',
        '{"a": Infinity, "b": {"a": 1}}',
        '{"a": {"b": 1}, "a": {"b": 2}}',
        '{"a": [1, 2,], "b": {"c": 1}}',
        "{'objects': [], 'n': [1]}",
        "{objects: [], n: [1]}",
        '{"a": 1e999, "b": [1]}',
        '```json\n{"a": [1], }\n```\n{"b": 2}',
        '{"a": [1]',
        '[{"a": 1}, {"a": ',
        '["half of it {"a": [1]}',
        '[{"a": 1}, oops {"b": 2}',
    ],
)
def test_nothing_is_taken_from_inside_of_what_is_broken_or_cut(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize(
    ("text", "value"), [("4", 4), ('"x"', "x"), ("null", None), ("```json\n4\n```", 4), (" true ", True)]
)
def test_a_scalar_is_a_document_where_it_stands_alone(text: str, value: Any) -> None:
    assert values(text) == [value]


def test_a_scalar_in_words_is_none() -> None:
    assert values('It is 4, or "x", or true.') == []


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ('{"a": 1}', False),
        ('{"a": 1', True),
        ('"a', True),
        ('"a [1]', True),
        ("```json\n4", True),
        ("```json\n", True),
        ("<think>hm", True),
        ("[THINK]hm [1]", True),
        ("◁think▷hm◁/think▷", False),
        ("<think>hm</think>", False),
        ("plain words", False),
        ("sad :[", True),
        ('{"a": 1} sad :[', False),
        ('{"a": 1} {"a": 2', True),
        ("", False),
    ],
)
def test_is_cut(text: str, cut: bool) -> None:
    assert is_cut(text) == cut


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object, with different values"),
        ('so: {"a": {"b": 1, "b": 2}}', "the key 'b' stands twice in one object, with different values"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        ('{"a": 1e999}', "the number 1e999 is too large"),
        ("see {'a': 1}", "it is no JSON from \"'a': 1}\" on"),
        ("words", None),
    ],
)
def test_what_is_wrong_is_told(text: str, problem: str | None) -> None:
    assert read_text(text).problem == problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "b": 2, "a": 1}', {"a": 1, "b": 2}),
        ('{"a": {"b": [1, "x"]}, "a": {"b": [1, "x"]}}', {"a": {"b": [1, "x"]}}),
    ],
)
def test_a_thing_that_is_said_twice_is_the_same_thing(text: str, value: object) -> None:
    assert load_strictly(text) == value


@pytest.mark.parametrize("first", ["1", "1.0", "true", '"1"', "[1]", "null"])
@pytest.mark.parametrize("second", ["1", "1.0", "true", '"1"', "[1]", "null"])
def test_a_key_with_two_values_is_refused_also_where_python_holds_them_for_equal(first: str, second: str) -> None:
    text = f'{{"a": {first}, "a": {second}}}'
    if first == second:
        assert load_strictly(text) == {"a": json.loads(first)}
    else:
        with pytest.raises(ValueError, match="with different values"):
            load_strictly(text)


@pytest.mark.parametrize("text", ["[1] 2", "NaN", "[1,]", "{'a': 1}", '{"a": 1, "a": 1.0}', "1e999", "", "9" * 5000])
def test_load_strictly_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        load_strictly(text)


# --- size ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern", ["[", "{", '{"a":', "[{", "[1,", "[a", "[}", "{}", '["a[', "[0, 1) ", "<think>", "`"]
)
def test_a_megabyte_of_nonsense_is_read_in_no_time(pattern: str) -> None:
    text = pattern * (1_000_000 // len(pattern))
    start = time.perf_counter()
    try:
        assert find_documents(text) == []
    except ValueError as error:
        assert "nested too deeply" in str(error) or "more than 100" in str(error)  # noqa: PT017 - or no error at all
    complete_part(text)
    assert time.perf_counter() - start < 1


def test_a_large_document_behind_words_is_read() -> None:
    document = {"rows": [{"text": f"row {number} \\ [", "n": number} for number in range(20_000)]}
    assert values(f"Here: {json.dumps(document)}") == [document]


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, '{"a": ' * 100_000, "words " + "[" * 100_000])
def test_deep_nesting_is_a_clear_error(text: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        find_documents(text)
    assert complete_part(text) is None
