"""How well words were read: ``score_words`` compares what an engine gives with the truth of a generated page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio

from extraction.pages.words import PageWords, Word
from extraction.schemas.geometry import Box


@dataclass(frozen=True, slots=True)
class WordScore:
    """What became of a page's words; two are added up with ``+``.

    Attributes:
        words: How many are printed.
        found: How many of them were read letter for letter, but for case and punctuation, where they stand.
        alike: How many of them were read there with at most one letter in five wrong, or run together with neighbours.
        read: How many words the engine gave.
        real: How many of those stand there: the others are wrong or invented.
        overlap: The sum of the IoU of the words that were found.
        ordered: How many of the words that were found are in the longest run that keeps the reading order.
        lines: How many printed lines have all their words found.
        whole: How many of those lines are in one line of the engine's, in order.
    """

    words: int = 0
    found: int = 0
    alike: int = 0
    read: int = 0
    real: int = 0
    overlap: float = 0.0
    ordered: int = 0
    lines: int = 0
    whole: int = 0

    def __add__(self, other: WordScore) -> WordScore:
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__slots__)
        return WordScore(*(one + two for one, two in pairs))

    @property
    def recall(self) -> float:
        """The share of the printed words that were found."""
        return self.found / self.words if self.words else 1.0

    @property
    def loose_recall(self) -> float:
        """The share of the printed words that were read alike."""
        return self.alike / self.words if self.words else 1.0

    @property
    def precision(self) -> float:
        """The share of the words read that are printed there."""
        return self.real / self.read if self.read else 1.0

    @property
    def iou(self) -> float:
        """The mean IoU of the words that were found."""
        return self.overlap / self.found if self.found else 0.0

    @property
    def order(self) -> float:
        """The share of the words found that are in reading order."""
        return self.ordered / self.found if self.found else 1.0

    @property
    def line_share(self) -> float:
        """The share of the lines with all words found that came as one line."""
        return self.whole / self.lines if self.lines else 1.0


def score_words(read: PageWords, truth: PageWords) -> WordScore:
    """How well the words of a page were read.

    Args:
        read: What the engine gave.
        truth: What is printed, in pixels of the same picture.
    """
    given = read.words
    # What is no letter and no digit (a dash, a bullet) is neither asked for nor counted against the engine.
    wanted = [number for number, word in enumerate(truth.words) if _bare(word.text)]
    counted = [number for number, word in enumerate(given) if _bare(word.text)]
    pairs = _matched(given, truth.words, wanted)
    alike = sum(_alike(truth.words[number], [given[other] for other in counted]) for number in wanted)
    overlap = sum(given[other].box.iou(truth.words[number].box) for number, other in pairs.items())
    real = sum(_stands(given[number], truth) for number in counted)
    lines, whole = _lines(read, truth, pairs)
    ordered = _longest_rise([pairs[number] for number in sorted(pairs)])
    return WordScore(len(wanted), len(pairs), alike, len(counted), real, overlap, ordered, lines, whole)


def _matched(given: Sequence[Word], truth: Sequence[Word], wanted: Sequence[int]) -> dict[int, int]:
    """By a printed word's number, that of the word read with its text at its place; each is taken once."""
    by_text: dict[str, list[int]] = {}
    for number, word in enumerate(given):
        by_text.setdefault(_bare(word.text), []).append(number)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for number in wanted:
        word = truth[number]
        near = [
            (given[other].box.iou(word.box), other)
            for other in by_text.get(_bare(word.text), [])
            if other not in taken and _at(given[other].box, word.box)
        ]
        if near:
            pairs[number] = max(near)[1]
            taken.add(pairs[number])
    return pairs


def _at(one: Box, other: Box) -> bool:
    """Whether two boxes are about the same place."""
    return one.contains(other.center) or other.contains(one.center)


def _alike(word: Word, given: Sequence[Word]) -> bool:
    """Whether what was read at the word's place has its letters, or nearly."""
    there = [
        one
        for one in given
        if (shared := one.box.intersection(word.box)) and shared.area > 0.3 * min(one.box.area, word.box.area)
    ]
    bare = _bare(word.text)
    text = _bare("".join(one.text for one in there))
    return bool(text) and (bare in text or ratio(bare, text) >= 80)


def _stands(word: Word, truth: PageWords) -> bool:
    """Whether a word that was read is printed there, by itself or within a longer one or over several."""
    there = [one for one in truth.words if one.box.intersection(word.box) is not None]
    return _bare(word.text) in _bare("".join(one.text for one in there))


def _lines(read: PageWords, truth: PageWords, pairs: dict[int, int]) -> tuple[int, int]:
    """How many printed lines have all their words found, and how many of those came as one line, in order."""
    line_of = [number for number, line in enumerate(read.lines) for _ in line.words]
    complete = whole = begin = 0
    for line in truth.lines:
        numbers = [number for number in range(begin, begin + len(line.words)) if _bare(truth.words[number].text)]
        begin += len(line.words)
        if not numbers or any(number not in pairs for number in numbers):
            continue
        complete += 1
        others = [pairs[number] for number in numbers]
        whole += others == sorted(others) and len({line_of[other] for other in others}) == 1
    return complete, whole


def _longest_rise(numbers: Sequence[int]) -> int:
    """How many of them are in the longest rising subsequence."""
    ends: list[int] = []
    for number in numbers:
        place = bisect_left(ends, number)
        ends[place : place + 1] = [number]
    return len(ends)


def _bare(text: str) -> str:
    """Its letters and digits, in lower case; a multiplication sign is as good as an x."""
    return "".join(char for char in text.casefold().replace("\N{MULTIPLICATION SIGN}", "x") if char.isalnum())
