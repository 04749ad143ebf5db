from __future__ import annotations

from typing import Any

import pytest

from extraction.loading import Checkpoint, ModelKey
from extraction.text_stream import TextStream

TEXTS = ["plain words", "grün — 你好 👩‍🚀 end", ' {"a": [1, 2]}\n\n', "stop here. STOP after", "aaab aab"]


@pytest.fixture(scope="module")
def tokenizer(tiny_qwen: str) -> Any:
    return Checkpoint(ModelKey(tiny_qwen)).tokenizer


def _stream(tokenizer: Any, text: str, *stop: str) -> tuple[list[str], TextStream]:
    stream = TextStream(tokenizer, stop=stop)
    pieces = [stream.push(token) for token in tokenizer.encode(text, add_special_tokens=False)]
    return [*pieces, stream.finish()], stream


@pytest.mark.parametrize("text", TEXTS)
def test_the_pieces_are_the_text(tokenizer: Any, text: str) -> None:
    pieces, stream = _stream(tokenizer, text)
    assert "".join(pieces) == stream.text == text
    assert not stream.stopped


def test_no_piece_holds_a_part_of_a_character(tokenizer: Any) -> None:
    pieces, _ = _stream(tokenizer, "👩‍🚀你好")
    assert not any("\ufffd" in piece for piece in pieces)
    assert [piece for piece in pieces if piece] == ["👩", "\u200d", "🚀", "你", "好"]


def test_a_character_that_was_cut_is_left_out(tokenizer: Any) -> None:
    stream = TextStream(tokenizer)
    tokens = tokenizer.encode("ok 👩", add_special_tokens=False)
    text = "".join(stream.push(token) for token in tokens[:-1]) + stream.finish()
    assert text == stream.text == "ok "


def test_bytes_that_are_no_character_do_not_hold_up_the_rest(tokenizer: Any) -> None:
    broken = tokenizer.encode("👩", add_special_tokens=False)[0]
    stream = TextStream(tokenizer)
    text = "".join(stream.push(token) for token in [broken] * 9 + tokenizer.encode(" red", add_special_tokens=False))
    assert text.endswith(" red")


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        ("stop here. STOP after", ["STOP"], "stop here. "),
        ("aaab aab", ["aab"], "a"),
        ("one\n\ntwo", ["\n\n"], "one"),
        ("plain words", ["s wor", "dse"], "plain words"),
        ("plain words", ["wor", "in"], "pla"),
        ("plain words", ["plain"], ""),
        ("grün — 你好", ["你"], "grün — "),
    ],
)
def test_stop_strings_end_the_text_exactly(tokenizer: Any, text: str, stop: list[str], expected: str) -> None:
    pieces, stream = _stream(tokenizer, text, *stop)
    assert "".join(pieces) == stream.text == expected
    assert stream.stopped == (expected != text)
    for count in range(len(pieces)):  # and nothing of them is ever seen on the way
        assert expected.startswith("".join(pieces[:count]))


def test_a_half_stop_string_at_the_end_is_text(tokenizer: Any) -> None:
    pieces, stream = _stream(tokenizer, "words STO", "STOP")
    assert "".join(pieces) == stream.text == "words STO"


def test_silent_tokens_have_no_text(tokenizer: Any) -> None:
    end = tokenizer.eos_token_id
    stream = TextStream(tokenizer, silent=frozenset([end]))
    assert [stream.push(token) for token in (end, *tokenizer.encode(" red", add_special_tokens=False))] == ["", " red"]
