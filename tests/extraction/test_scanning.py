from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from extraction.json_text import load_strictly
from extraction.scanning import MAX_DEPTH, Token, TokenReader, TooDeepError, scan_document

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


# --- a document that is still being written -----------------------------------------------------------------------------


def _read(pieces: Sequence[str]) -> tuple[str, int, list[Token], int]:
    """State, end, tokens and steps."""
    reader, tokens, end = TokenReader(), list[Token](), 0
    for piece in pieces:
        tokens += reader.read(piece)
        end += reader.position
        if reader.state != "cut":
            break
    return reader.state, end, tokens, reader.steps


@pytest.mark.parametrize("text", DOCUMENTS)
@pytest.mark.parametrize("follower", ["", " and more", "]", '"'])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_are_read_as_the_whole_is(text: str, follower: str, size: int) -> None:
    answer = text + follower
    state, end, tokens, _ = _read([answer[at : at + size] for at in range(0, len(answer), size)])
    assert (state, end) == ("whole", len(text))
    assert load_strictly("".join(token.text for token in tokens)) == load_strictly(text)


def test_what_is_wrong_is_wrong_in_pieces_too() -> None:
    random = Random(0)
    states = set()
    for _ in range(4000):
        text = random.choice(DOCUMENTS)
        at = random.randrange(1, len(text))
        text = text[:at] + random.choice(["", *'",:[]{}e1.-tx\\\n ']) + text[at + random.randrange(2) :]
        scan = scan_document(text, 0)
        states.add(scan.state)
        cuts = sorted(random.choices(range(len(text) + 1), k=4))
        for pieces in ([text], list(text), [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]):
            assert _read(pieces)[0] == scan.state, text
    assert states == {"whole", "cut", "broken"}


def test_keys_and_values_are_told_apart() -> None:
    _, _, tokens, _ = _read(['{"a": "b", "c": ["d", {"e": "f"}], "g": "h"}'])
    assert [token.text for token in tokens if token.is_key] == ['"a"', '"c"', '"e"', '"g"']


def test_a_token_comes_as_soon_as_it_is_certain() -> None:
    reader = TokenReader()
    came = [[token.text for token in reader.read(char)] for char in '[1.5e3,"a\\"",true]']
    assert [texts for texts in came if texts] == [["["], ["1.5e3", ","], ['"a\\""'], [","], ["true"], ["]"]]


def test_steps_grow_with_the_text_and_no_faster() -> None:
    for text in ('["' + "x" * 5000 + '"]', "[" + "12, " * 2000 + "1]", '[{"a": "b"}, ' * 90 + "1" + "]" * 90):
        for size in (1, 5, len(text)):
            pieces = [text[at : at + size] for at in range(0, len(text), size)]
            assert _read(pieces)[3] <= 2 * len(text) + len(pieces)


def test_a_document_without_end_is_given_up_at_a_depth() -> None:
    assert _read(["[" * MAX_DEPTH])[0] == "cut"
    assert _read(["[" * (MAX_DEPTH + 1)])[0] == "broken"
