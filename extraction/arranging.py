"""A conversation brought into the shape that every chat template takes, whatever was said in which order.

Roles alternate, the system speaks first, pictures stand in user turns, and a model whose template knows no tools gets
their calls and results as text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from extraction.content import Part, Turn
from extraction.tools import ToolDialect


def arrange(turns: Sequence[Turn], dialect: ToolDialect, *, system_role: bool) -> list[Turn]:
    """The turns as any chat template takes them: roles alternate, pictures stand in user turns, the system comes first.

    Args:
        turns: A conversation as it was read.
        dialect: How tool calls are marked; a model that is not native to tools gets calls and results as text.
        system_role: Whether system turns may stay.
    """
    moved: list[Turn] = []
    for turn in turns:
        turn = turn if dialect.native else _spelled_out(turn, dialect)
        if turn.role == "system" and (turn.pictures or any(earlier.role != "system" for earlier in moved)):
            turn = replace(turn, role="user")
        if turn.role == "tool" and turn.pictures:
            moved += [replace(turn, parts=(turn.text,)), Turn("user", turn.pictures)]
        else:
            moved.append(turn)
    merged = _merged(_after_results(moved))
    return merged if system_role or merged[0].role != "system" else _folded(merged)


def _after_results(turns: Sequence[Turn]) -> list[Turn]:
    """Pictures that came out of tools, moved behind the run of results, which templates want unbroken."""
    result: list[Turn] = []
    waiting: list[Turn] = []
    for index, turn in enumerate(turns):
        from_tool = turn.role == "user" and index > 0 and turns[index - 1].role == "tool" and turn.pictures
        if from_tool and index + 1 < len(turns) and turns[index + 1].role == "tool":
            waiting.append(turn)
            continue
        if turn.role != "tool":
            result += waiting
            waiting = []
        result.append(turn)
    return result + waiting


def _merged(turns: Sequence[Turn]) -> list[Turn]:
    """Runs of one role as one turn; results of tools stay apart."""
    result: list[Turn] = []
    for turn in turns:
        last = result[-1] if result else None
        if last is not None and last.role == turn.role != "tool":
            result[-1] = replace(
                last, parts=joined(last.parts, turn.parts), tool_calls=last.tool_calls + turn.tool_calls
            )
        else:
            result.append(turn)
    return result


def joined(first: tuple[Part, ...], second: tuple[Part, ...], gap: str = "\n\n") -> tuple[Part, ...]:
    """The parts of both, texts that meet with a gap between them."""
    if first and second and isinstance(first[-1], str) and isinstance(second[0], str):
        return (*first[:-1], first[-1] + gap + second[0], *second[1:])
    return first + second


def _folded(turns: Sequence[Turn]) -> list[Turn]:
    """The system turn as the first words of the first user turn, after the pictures that open it."""
    system, *rest = turns
    if not rest or rest[0].role != "user":
        return [replace(system, role="user"), *rest]
    parts = rest[0].parts
    leading = next((index for index, part in enumerate(parts) if isinstance(part, str)), len(parts))
    folded = parts[:leading] + joined((system.text,), parts[leading:])
    return [replace(rest[0], parts=folded), *rest[1:]]


def _spelled_out(turn: Turn, dialect: ToolDialect) -> Turn:
    """A turn without tool calls and results, which stand in it as text."""
    if turn.role == "tool":
        body = f"<tool_response>{turn.text}</tool_response>"
        return Turn("user", (body, *turn.pictures))
    if not turn.tool_calls:
        return turn
    calls = [
        f"{dialect.begin}{json.dumps({'name': call.name, 'arguments': call.arguments}, ensure_ascii=False)}{dialect.end}"
        for call in turn.tool_calls
    ]
    return Turn(turn.role, joined(turn.parts, ("\n".join(calls),), "\n"))
