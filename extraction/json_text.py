"""JSON documents in the text of a model: where they are, whether they are whole, and what of a cut one is complete."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from extraction.families import thinking_marks
from extraction.scanning import MAX_DEPTH, Scan, TooDeepError, scan_document
from extraction.written_numbers import dump_as_written, read_number

_MARKS = [(re.escape(begin), re.escape(end)) for begin, end in thinking_marks().items()]
_THINKING = re.compile("|".join(f"{begin}.*?{end}" for begin, end in _MARKS), re.DOTALL)
_STILL_THINKING = re.compile("|".join(begin for begin, _ in _MARKS))
_THOUGHT = re.compile("|".join(end for _, end in _MARKS))
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([A-Za-z][\w+-]*)?\s*", re.MULTILINE)
JSON_FENCES = ("", "json", "json5", "jsonc", "jsonl")
_OPENING = re.compile(r"[\[{]")
_BRACKET_OR_STRING = re.compile(r'[\[\]{}]|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_PARTNER = {"]": "[", "}": "{"}

_MAX_DOCUMENTS: Final = 100
_MAX_OPEN: Final = 10 * MAX_DEPTH
MAX_PAIRINGS: Final = 8


@dataclass(frozen=True, slots=True)
class Document:
    """One whole JSON document: its text as the model wrote it, and the value."""

    text: str
    value: Any


@dataclass(slots=True)
class Reading:
    """What stands in a text.

    Attributes:
        answer: The text without thinking, stripped.
        documents: Its whole documents, in order.
        cut: The document in which it breaks off.
        thinking: Whether it breaks off in thought.
        fenced: Whether it has fenced blocks of JSON; they alone count then.
        problem: What is wrong with the first thing that looks like a document and is none.
    """

    answer: str
    documents: list[Document] = field(default_factory=list)
    cut: Scan | None = None
    thinking: bool = False
    fenced: bool = False
    problem: str | None = None


def is_json(text: str) -> bool:
    """Whether a text is JSON, as Python's reader takes it."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def load_strictly(text: str) -> Any:
    """The value of a JSON text by RFC 8259: no NaN, no Infinity, nothing after the end, no key with two values.

    A number of more digits than a float holds is a ``WrittenNumber``.

    Raises:
        ValueError: It is not such a text. A ``TooDeepError`` is one.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=read_number)
    except RecursionError:
        raise TooDeepError from None


def read_text(text: str) -> Reading:
    """The documents of a text that may think before them and chat around them.

    A text that is JSON as a whole is one document. Otherwise fenced blocks of JSON count if there are any, then every
    object or array that stands in the text by itself. What stands inside something that is broken or cut is no document
    but a part of what was meant. Thinking in the marks of any family does not count.

    Raises:
        ValueError: Brackets are nested deeper than in any real document, or documents are more than anybody means.
    """
    answer, thinking = without_thinking(text)
    reading = Reading(answer, thinking=thinking)
    if (document := _load(answer, reading)) is not None:
        reading.documents.append(document)
    elif answer.startswith('"') and (scan := scan_document(answer, 0)).state == "cut":
        reading.cut = scan
    else:
        if not answer.startswith(("[", "{")):
            reading.problem = None  # it only says that the text is no JSON as a whole, which a chatty one never is
        _Finder(reading).run()
    return reading


def without_thinking(text: str) -> tuple[str, bool]:
    """What follows the thinking at the start of a text, stripped; and whether the text breaks off while it thinks."""
    answer = text.strip()
    while match := _THINKING.match(answer):
        answer = answer[match.end() :].strip()
    if _STILL_THINKING.match(answer):
        return "", True
    # Some chat templates write the mark that begins the thinking into the prompt: the answer has only its end.
    *thoughts, after = _THOUGHT.split(answer)
    may_have_thought = answer[:1] not in '[{"`' or _THOUGHT.match(answer) is not None
    return (after.strip() if thoughts and may_have_thought else answer), False


def find_documents(text: str) -> list[Document]:
    """The whole documents of a text, as ``read_text`` finds them."""
    return read_text(text).documents


def is_cut(text: str) -> bool:
    """Whether a text breaks off inside a JSON object, array or string, or in its thinking."""
    reading = read_text(text)
    return reading.cut is not None or reading.thinking


def complete_part(text: str) -> Any:
    """What is certain of the last document of a text: all of a whole one, the start of a cut one; None if nothing is.

    Every item of a list and every field of the document that was written to its end is kept; the value in which the
    text broke off is left out whole. Half an object is neither an item nor a field's value, ``12`` at the end may have
    become ``1234``, and numbers or pairs of numbers in a row are one thing, a box or an outline: half of it is none.
    """
    try:
        reading = read_text(text)
        if reading.cut is not None:
            return _certain(reading.answer, reading.cut)
    except ValueError:
        return None
    value = reading.documents[-1].value if reading.documents else None
    return None if _is_number(value) else value


def _certain(text: str, cut: Scan) -> Any:
    kept = ""
    body = ""
    for level in cut.levels:
        if kept and (level.bracket == "{" or kept[-1] == "["):
            break
        if level.bracket == "[":
            items = load_strictly(text[level.start : level.safe] + "]")
            if not items or all(_is_number(item) or _is_pair(item) for item in items):
                break
        kept += level.bracket
        body = text[cut.start : level.safe]
    closed = body + "".join("]" if bracket == "[" else "}" for bracket in reversed(kept))
    return (load_strictly(closed) or None) if kept else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _load(text: str, reading: Reading) -> Document | None:
    """The text as a document; where it is none, the reading is told why."""
    try:
        return Document(text, load_strictly(text))
    except TooDeepError:
        raise
    except ValueError as error:
        reading.problem = reading.problem or str(error)
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        # Models say a thing of an open mapping again and again; where it is the same thing nothing is in doubt.
        if key in result and dump_as_written(result[key]) != dump_as_written(value):
            raise ValueError(f"the key {key!r} stands twice in one object, with different values")
        result[key] = value
    return result


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


class _Finder:
    """Fills a reading with the documents of an answer that is no document as a whole."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.text = reading.answer
        self.brackets = _Brackets(self.text)

    def run(self) -> None:
        position = 0
        while (match := _FENCE.search(self.text, position)) is not None and self.reading.cut is None:
            position = self._block(match[1], (match[2] or "").lower(), match.end())
        if not self.reading.fenced:
            self._search(0, None)

    def _block(self, fence: str, language: str, start: int) -> int:
        """Reads a fenced block whose text begins at ``start``; the index behind its end."""
        position = start
        if language in JSON_FENCES and self.text.startswith(("[", "{"), start):
            self.reading.fenced = True
            position = self._search(start, fence)
        end = self.text.find(fence, position)
        if position == start and language in JSON_FENCES:
            self._bare_block(start, end, labelled=bool(language))
        return len(self.text) if end < 0 else end + len(fence)

    def _bare_block(self, start: int, end: int, *, labelled: bool) -> None:
        """Reads a block that begins with no bracket: a number, a string or a word, or no JSON at all."""
        if end < 0:
            if labelled:
                self.reading.cut, self.reading.fenced = Scan(start, len(self.text), "cut"), True
            return
        document = _load(self.text[start:end].strip(), self.reading)
        self.reading.fenced |= labelled or document is not None
        if document is not None:
            self._take(document)

    def _search(self, position: int, fence: str | None) -> int:
        """Takes the objects and arrays that stand by themselves, up to the fence; the index behind the last one."""
        while match := _OPENING.search(self.text, position):
            start = match.start()
            if fence is not None and self.text.find(fence, position, start) >= 0:
                break
            scan = scan_document(self.text, start)
            if scan.state == "cut":
                if not self.reading.documents or self.text[start + 1 :].strip():
                    self.reading.cut = scan
                return len(self.text)
            if scan.state == "whole":
                if (document := _load(self.text[start : scan.end], self.reading)) is not None:
                    self._take(document)
                position = scan.end
            else:
                self.reading.problem = self.reading.problem or f"it is no JSON from {self.text[scan.end :]!r:.40} on"
                end = self.brackets.end_of(start)
                if end is None and '"' in self.text[start : scan.end]:
                    return len(self.text)  # what is inside of its strings, and what is not, cannot be told
                position = end or max(scan.end, start + 1)
        return position

    def _take(self, document: Document) -> None:
        if len(self.reading.documents) == _MAX_DOCUMENTS:
            raise ValueError(f"it holds more than {_MAX_DOCUMENTS} JSON documents")
        self.reading.documents.append(document)


class _Brackets:
    """Which bracket closes which in what is no JSON, as far as it can be told; strings are passed over."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ends: dict[int, int | None] = {}
        self.pairings = 0

    def end_of(self, start: int) -> int | None:
        """The index behind the bracket that closes the one at ``start``."""
        if start not in self.ends and self.pairings < MAX_PAIRINGS:
            self.pairings += 1
            self._pair_from(start)
        return self.ends.get(start)

    def _pair_from(self, start: int) -> None:
        """Pairs the bracket at ``start`` and all inside; each is looked at once, however often it is asked for."""
        opened: list[int] = []
        waiting = {"[": 0, "{": 0}
        for match in _BRACKET_OR_STRING.finditer(self.text, start):
            char = match[0][0]
            if char in waiting:
                opened.append(match.start())
                waiting[char] += 1
                self.ends.setdefault(match.start(), None)
                if len(opened) > _MAX_OPEN:
                    raise TooDeepError
            elif char in _PARTNER and waiting[_PARTNER[char]]:
                while (partner := self.text[last := opened.pop()]) != _PARTNER[char]:
                    waiting[partner] -= 1
                waiting[partner] -= 1
                self.ends[last] = match.end()
                if not opened:
                    return
