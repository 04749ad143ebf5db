"""Where a leaf may stand: all places on the pages that say its value, or something like it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rapidfuzz import fuzz, process

from extraction.grounding.dates import MonthDay
from extraction.grounding.habits import Habits
from extraction.grounding.leaves import Leaf
from extraction.grounding.letters import SAME_WIDTH, bare, plain
from extraction.grounding.numbers import find_currencies
from extraction.grounding.page_index import PageIndex, Stream
from extraction.grounding.phones import same_phone
from extraction.grounding.segments import Part, Span
from extraction.grounding.sources import Match
from extraction.grounding.values import FUZZY, meaning, same_time

_AGREES = 0.9
"""The likeness of what agrees as far as it goes: a date without its year, an amount with the other sign or currency."""

_GLUED = 0.85
"""The likeness of a text that stands within a longer word."""

_REPUNCTUATED = 0.95
"""The likeness of a text whose letters and digits are the same, and whose signs are not: 12-345 and 1-2345."""

_PARTING = re.compile(r"[,;|\u00b7]+(?=\s|$)|(?<=\s)[,;|\u00b7]+")
"""What parts lines when they are written as one; in 1,2,3 a comma is a part of the text."""

_TAIL = re.compile(r"[+#]+|-(?!\w)")
"""Signs behind a text that make it another: C++, A+, and A- behind so few letters."""

_GRADE = 3
"""Letters behind which a hyphen is a sign."""

_LONGEST = 80
"""No more places than these are looked at for one leaf and page."""

_SHORTEST = 4
"""Texts of fewer letters and digits are only found exactly."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may be a leaf's.

    Attributes:
        index: The page's index.
        span: The place.
        match: How what stands there agrees with the value.
        score: How alike they are, 0 to 1.
    """

    index: PageIndex
    span: Span
    match: Match
    score: float


def find_candidates(leaf: Leaf, indices: Sequence[PageIndex], habits: Habits | None = None) -> list[Candidate]:
    """All places that say a leaf's value, page by page; where there are none, those that say something like it.

    Args:
        leaf: The leaf.
        indices: The pages.
        habits: How they write numbers and dates.
    """
    exact = [one for index in indices for one in _on_page(leaf, index, habits or Habits())]
    if exact:
        # What a page has with the other sign counts beside: a discount of 5.00 is printed -5.00.
        signs = [one for index in indices for one in _other_sign(leaf, index)] if leaf.meaning.numbers else []
        return exact + signs
    if isinstance(leaf.value, str) and not leaf.meaning.by_value and not leaf.chosen:
        return [one for index in indices for one in _alike(leaf, index)]
    return [one for index in indices for one in _partly(leaf, index)]


def _on_page(leaf: Leaf, index: PageIndex, habits: Habits) -> Iterator[Candidate]:
    seen: set[Span] = set()
    for span in _equal(leaf, index):
        if span not in seen and len(seen) < _LONGEST:
            seen.add(span)
            text = index.text(span)
            if _is_foreign(leaf, text) or habits.contradict(leaf.meaning, text):
                yield Candidate(index, span, "fuzzy", _AGREES)
            else:
                yield Candidate(index, span, "exact" if plain(text) == leaf.meaning.text else "equal", 1.0)
    for span in _same_text(leaf, index):
        if span not in seen and len(seen) < _LONGEST:
            seen.add(span)
            exact = _is_same(str(leaf.value), index.text(span))
            yield Candidate(index, span, "exact" if exact else "fuzzy", 1.0 if exact else _REPUNCTUATED)


def _is_foreign(leaf: Leaf, text: str) -> bool:
    """Whether an amount is one of another currency than the value names."""
    named = leaf.meaning.currencies if leaf.meaning.numbers else ()
    told = {code for _, _, codes in find_currencies(text) for code in codes} if named else set()
    return bool(told) and told.isdisjoint(named)


def _is_same(value: str, text: str) -> bool:
    """Whether a text with the letters and digits of a value is that value, but for what parts its lines."""
    if _tail(value) != _tail(text):
        return False
    return plain(value) == plain(text) or plain(_PARTING.sub(" ", value)) == plain(_PARTING.sub(" ", text))


def _tail(text: str) -> str:
    """The signs that end a text and belong to it."""
    told = text.translate(SAME_WIDTH).rstrip()
    letters = re.search(r"\w+(?=[+#-]+$)", told)
    if letters is None or (told.endswith("-") and len(letters.group()) > _GRADE):
        return ""
    return told[letters.end() :]


def _with_tail(index: PageIndex, span: Span) -> Span:
    """A place with the signs that end its text."""
    *before, last = span.parts
    text = index.segments[last.segment].text.translate(SAME_WIDTH)
    match = _TAIL.match(text, last.end)
    if match is None or (match.group() == "-" and len(re.split(r"\W", text[: last.end])[-1]) > _GRADE):
        return span
    return Span(span.page, (*before, Part(last.segment, last.start, match.end())))


def _equal(leaf: Leaf, index: PageIndex) -> Iterator[Span]:
    """Places of what means the same."""
    wanted = leaf.meaning
    for number in wanted.numbers:
        yield from (_cut(leaf, index, span) for span in index.numbers.get(number, ()))
    for day in wanted.dates:
        if wanted.time is None:
            yield from index.dates.get(day, ())
        else:
            yield from _moments(leaf, index, day)
    if wanted.time is not None and not wanted.dates:
        for told, span in index.times.get((wanted.time.hour, wanted.time.minute), ()):
            if same_time(wanted, told):
                yield span
    if wanted.phone is not None:
        yield from (span for digits, span in index.phones if same_phone(wanted.phone, digits))
    if wanted.currencies and not wanted.numbers:
        yield from index.currencies.get(wanted.currencies[0], ())


def _cut(leaf: Leaf, index: PageIndex, span: Span) -> Span:
    """The place of a number without the per cent sign and the parentheses that the value does not have."""
    (part,) = span.parts
    text = index.text(span)
    if "%" not in text or "%" in str(leaf.value):
        return span
    digits = text.strip("()% ")
    if leaf.meaning.numbers.isdisjoint(meaning(digits).numbers):
        return span  # 50 % for 0.5: without its sign it is another number
    start = part.start + text.index(digits)
    return Span(span.page, (Part(part.segment, start, start + len(digits)),))


def _moments(leaf: Leaf, index: PageIndex, day: date) -> Iterator[Span]:
    """Places of a date with its time of day, in one row."""
    clock = leaf.meaning.time
    assert clock is not None
    for span in index.dates.get(day, ()):
        for told, other in index.times.get((clock.hour, clock.minute), ()):
            if same_time(leaf.meaning, told) and index.row(span) == index.row(other):
                first, second = span.parts[0], other.parts[0]
                if first.segment == second.segment:
                    start, end = min(first.start, second.start), max(first.end, second.end)
                    yield Span(index.number, (Part(first.segment, start, end),))
                else:
                    yield Span(index.number, tuple(sorted((first, second), key=lambda part: part.segment)))


def _same_text(leaf: Leaf, index: PageIndex) -> Iterator[Span]:
    """Places of the same letters and digits, where nothing of them goes on before or behind."""
    wanted = bare(str(leaf.value))
    if not wanted or not isinstance(leaf.value, str) or not _may_be_text(leaf):
        return
    at = index.joined.find(wanted)
    while at >= 0:
        stream, start = index.stream_at(at)
        end = start + len(wanted)
        if _stands_alone(index, stream, start, end):
            span = index.span_of(stream, start, end)
            if len(span.parts) == 1 or (not leaf.meaning.by_value and index.is_together(span)):
                yield _with_tail(index, span)
        at = index.joined.find(wanted, at + 1)


def _may_be_text(leaf: Leaf) -> bool:
    """Whether a text can be found by its letters: of amounts and dates these are not all, 12.50 is not 1250."""
    if leaf.meaning.dates or leaf.meaning.time:
        return False
    return not leaf.meaning.numbers or not re.search(r"\d[.,]\d", str(leaf.value))


def _stands_alone(index: PageIndex, stream: Stream, start: int, end: int) -> bool:
    first, last = stream.origin[start], stream.origin[end - 1]
    before = index.segments[first[0]].text[: first[1]]
    after = index.segments[last[0]].text[last[1] + 1 :]
    if start and stream.origin[start - 1] == first:  # in the midst of a letter that became two
        return False
    return not (
        (before and _goes_on(before[-1], stream.text[start]))
        or (after and _goes_on(after[0], stream.text[end - 1]))
        or (stream.text[start].isdigit() and re.search(r"\d[.,]$", before))
        or (stream.text[end - 1].isdigit() and re.match(r"[.,]\d", after))
    )


def _goes_on(outer: str, inner: str) -> bool:
    return outer.isalnum() and outer.isdigit() == inner.isdigit()


def _alike(leaf: Leaf, index: PageIndex) -> Iterator[Candidate]:
    """Places of a text like a leaf's, the likest of each way to read on."""
    wanted = bare(str(leaf.value))
    if len(wanted) < _SHORTEST:
        return
    texts = [stream.text if len(stream.text) >= len(wanted) * FUZZY else None for stream in index.streams]
    likely = process.extract(wanted, texts, scorer=fuzz.partial_ratio, score_cutoff=100 * FUZZY, limit=8)
    seen: set[Span] = set()
    for text, _, place in likely:
        aligned = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=100 * FUZZY)
        if aligned is None:
            continue
        stream = index.streams[place]
        start, end = _whole_words(stream, aligned.dest_start, aligned.dest_end)
        if end <= start:
            continue
        score = fuzz.ratio(wanted, text[start:end]) / 100
        span = index.span_of(stream, start, end)
        if score >= FUZZY and span not in seen and (len(span.parts) == 1 or index.is_together(span)):
            seen.add(span)
            glued = wanted == text[start:end]
            yield Candidate(index, span, "fuzzy", _GLUED if glued else score)


def _whole_words(stream: Stream, start: int, end: int) -> tuple[int, int]:
    """The nearest places to a beginning and an end at which words begin and end, at most two letters away."""

    def begins(at: int) -> bool:
        if at == 0 or at >= len(stream.text):
            return True
        segment, place = stream.origin[at]
        other, before = stream.origin[at - 1]
        return segment != other or place - before > 1  # a blank or a sign stands between

    def nearest(at: int) -> int:
        tries = (at, at - 1, at + 1, at - 2, at + 2)
        return next((one for one in tries if 0 <= one <= len(stream.text) and begins(one)), at)

    return nearest(start), nearest(end)


def _other_sign(leaf: Leaf, index: PageIndex) -> Iterator[Candidate]:
    """Places of a number with the other sign."""
    for number in leaf.meaning.numbers:
        for span in index.numbers.get(-number, ()) if number else ():
            yield Candidate(index, _cut(leaf, index, span), "fuzzy", _AGREES)


def _partly(leaf: Leaf, index: PageIndex) -> Iterator[Candidate]:
    """Places of a value that agrees only as far as it goes."""
    wanted = leaf.meaning
    spans: dict[Span, float] = {}
    yield from _other_sign(leaf, index)
    for number in wanted.numbers:
        for span in index.misread.get(number, ()):
            spans.setdefault(_cut(leaf, index, span), _AGREES)
    for day in wanted.dates:
        for span in (*index.dates.get(day, ()), *index.days.get(MonthDay(day.month, day.day), ())):
            spans.setdefault(span, _AGREES)
    if wanted.time is not None and not wanted.dates:  # the hour and the minute, other seconds or none
        for _, span in index.times.get((wanted.time.hour, wanted.time.minute), ()):
            spans.setdefault(span, _AGREES)
    for span, score in list(spans.items())[:_LONGEST]:
        yield Candidate(index, span, "fuzzy", score)
    if wanted.by_value and not wanted.numbers and not wanted.dates and isinstance(leaf.value, str):
        yield from _alike(leaf, index)
