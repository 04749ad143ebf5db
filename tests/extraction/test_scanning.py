from __future__ import annotations

import pytest

from extraction.scanning import MAX_DEPTH, TooDeepError, scan_document

DOCUMENTS = [
    '{"a": [1, -2.5e+3, {"b": null}], "c\\u00e9": "x\\\\\\" ]}", "d": true}',
    '[[], {}, "", 0, false, [[1, 2], [3, 4]]]',
    "{}",
    "  [ 1 ,\t2\r\n]".strip(),
]


@pytest.mark.parametrize("text", DOCUMENTS)
def test_a_whole_document_ends_where_json_says_so_whatever_follows(text: str) -> None:
    for follower in ("", " and more", "]", "}", '"', ","):
        scan = scan_document(f"see {text}{follower}", 4)
        assert (scan.state, scan.start, scan.end) == ("whole", 4, 4 + len(text))


@pytest.mark.parametrize("text", DOCUMENTS)
def test_every_strict_prefix_is_cut_and_never_broken(text: str) -> None:
    for end in range(1, len(text)):
        scan = scan_document(text[:end], 0)
        assert (scan.state, scan.end) == ("cut", end)
        assert scan.levels[0].bracket == text[0]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{'a': 1}", 1),
        ("{a: 1}", 1),
        ('{"a" 1}', 5),
        ('{"a": 1,}', 8),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("[01]", 1),
        ("[+1]", 1),
        ("[1.]", 1),
        ("[.5]", 1),
        ("[1e]", 1),
        ("[NaN]", 1),
        ("[Infinity]", 1),
        ("[-Infinity]", 1),
        ("[nul]", 1),
        ("[trueish]", 1),
        ("[1}", 2),
        ('{"a": 1]', 7),
        ('["a\nb"]', 3),
        ('["\\x"]', 2),
        ('["\\u12G4"]', 2),
        ("[// no\n1]", 1),
        ("[,1]", 1),
        ('{1: "a"}', 1),
    ],
)
def test_a_mistake_is_found_where_it_is(text: str, mistake: int) -> None:
    scan = scan_document(text, 0)
    assert (scan.state, scan.end) == ("broken", mistake)


def test_what_is_open_is_known_and_up_to_where_it_is_certain() -> None:
    text = '{"a": [1, 22, 3'
    outer, inner = scan_document(text, 0).levels
    assert (outer.bracket, outer.start, text[: outer.safe]) == ("{", 0, "{")
    assert (inner.bracket, inner.start, text[: inner.safe]) == ("[", 6, '{"a": [1, 22')


def test_nesting_has_a_limit() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert scan_document(deepest, 0).state == "whole"
    with pytest.raises(TooDeepError):
        scan_document(f"[{deepest}]", 0)
