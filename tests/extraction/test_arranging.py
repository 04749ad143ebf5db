from __future__ import annotations

from PIL import Image

from extraction.arranging import arrange
from extraction.content import ToolCall, Turn
from extraction.images import Picture
from extraction.tools import ToolDialect

A, B = (Picture(Image.new("RGB", (2, 2), color)) for color in ("red", "blue"))
NATIVE, PLAIN = ToolDialect(native=True, gap="\n"), ToolDialect()
CALL = ToolCall("add", {"a": 1, "b": "ü"}, "c1")


def test_runs_of_one_role_become_one_turn() -> None:
    turns = [Turn("system", ("s1",)), Turn("system", ("s2",)), Turn("user", ("u1",)), Turn("user", ("u2",))]
    turns += [Turn("assistant", ("a1",)), Turn("assistant", ("a2",)), Turn("user", (A, "u3"))]
    assert arrange(turns, PLAIN, system_role=True) == [
        Turn("system", ("s1\n\ns2",)),
        Turn("user", ("u1\n\nu2",)),
        Turn("assistant", ("a1\n\na2",)),
        Turn("user", (A, "u3")),
    ]


def test_a_system_message_is_folded_behind_the_pictures_that_open_the_question() -> None:
    turns = [Turn("system", ("rules",)), Turn("user", (A, B, "question", A, "rest"))]
    assert arrange(turns, PLAIN, system_role=False) == [Turn("user", (A, B, "rules\n\nquestion", A, "rest"))]
    assert arrange([Turn("system", ("rules",)), Turn("user", (A,))], PLAIN, system_role=False) == [
        Turn("user", (A, "rules"))
    ]
    assert arrange([Turn("system", ("rules",))], PLAIN, system_role=False) == [Turn("user", ("rules",))]


def test_a_system_message_in_the_middle_is_said_by_the_user() -> None:
    turns = [Turn("user", ("u",)), Turn("assistant", ("a",)), Turn("system", ("s",)), Turn("user", ("v",))]
    assert [(turn.role, turn.text) for turn in arrange(turns, PLAIN, system_role=True)] == [
        ("user", "u"),
        ("assistant", "a"),
        ("user", "s\n\nv"),
    ]


def test_a_picture_in_a_system_message_is_shown_by_the_user() -> None:
    turns = [Turn("system", ("look: ", A)), Turn("user", ("u",))]
    assert arrange(turns, PLAIN, system_role=True) == [Turn("user", ("look: ", A, "u"))]


def test_pictures_of_tools_follow_the_run_of_results() -> None:
    turns = [
        Turn("user", ("u",)),
        Turn("assistant", (), tool_calls=(CALL, CALL)),
        Turn("tool", ("one", A), tool_call_id="c1"),
        Turn("tool", (B,), tool_call_id="c2"),
        Turn("user", ("and?",)),
    ]
    arranged = arrange(turns, NATIVE, system_role=True)
    assert [turn.role for turn in arranged] == ["user", "assistant", "tool", "tool", "user"]
    assert [turn.text for turn in arranged[2:4]] == ["one", ""]
    assert arranged[4].parts == (A, B, "and?")


def test_calls_and_results_are_spelled_out_where_the_template_knows_no_tools() -> None:
    turns = [
        Turn("user", ("u",)),
        Turn("assistant", ("I add.",), tool_calls=(CALL,)),
        Turn("tool", ("3", A), tool_name="add", tool_call_id="c1"),
        Turn("user", ("thanks",)),
    ]
    assert arrange(turns, PLAIN, system_role=True) == [
        Turn("user", ("u",)),
        Turn("assistant", ('I add.\n<tool_call>{"name": "add", "arguments": {"a": 1, "b": "ü"}}</tool_call>',)),
        Turn("user", ("<tool_response>3</tool_response>", A, "thanks")),
    ]
