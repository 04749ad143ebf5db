"""How well the OCR engines read generated documents: words, places and reading order.

    python -m benchmarks.ocr --count 20
    python -m benchmarks.ocr --count 3 --kinds receipt --engines tesseract --worst 5
    python -m benchmarks.ocr --count 3 --kinds columns --turned      # each page on its side or upside down

Every document comes from a seed, so that the numbers can be taken again. Seeds below 1000 are for development.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.word_scores import WordScore, score_words
from extraction.ocr.engines import EngineName
from extraction.ocr.reading import read_words
from tests.documents import Sample, card, columns, form, invoice, receipt, turned

FIRST: Final = 1000
ENGINES: Final[tuple[EngineName, ...]] = ("rapidocr", "tesseract")
KINDS: Final[dict[str, Callable[[int], Sample]]] = {
    "receipt": receipt,
    "invoice": invoice,
    "form": form,
    "card": card,
    "columns": columns,
}
QUARTERS: Final = (90, 180, 270)


@dataclass(slots=True)
class Row:
    """What an engine did on one kind of documents.

    Attributes:
        score: Of all their words.
        seconds: Of processor time, for all.
        pages: How many.
        worst: Recall and name of each page.
    """

    score: WordScore = field(default_factory=WordScore)
    seconds: float = 0.0
    pages: int = 0
    worst: list[tuple[float, str]] = field(default_factory=list)


def measure(
    kinds: Sequence[str], engines: Sequence[EngineName], seeds: Sequence[int], *, turn: bool = False
) -> dict[tuple[str, str, str], Row]:
    """By engine, kind of document and paper, what was read; of pages that were turned by quarters, if wanted."""
    rows: dict[tuple[str, str, str], Row] = {}
    for kind in kinds:
        for seed in seeds:
            sample = KINDS[kind](seed)
            if turn:
                sample = turned(sample, QUARTERS[seed % 3])
            picture = sample.loaded
            for engine in engines:
                row = rows.setdefault((engine, kind, sample.paper), Row())
                started = time.process_time()
                words = read_words(picture, engine=engine)
                row.seconds += time.process_time() - started
                score = score_words(words, sample.words)
                row.score += score
                row.pages += 1
                row.worst.append((score.recall, sample.name))
    return rows


def table(rows: dict[tuple[str, str, str], Row]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield "| engine | document | paper | pages | words | recall | loose | precision | IoU | order | lines whole | CPU s |"
    yield "|-|-|-|-:|-:|-:|-:|-:|-:|-:|-:|-:|"
    for key, row in sorted(rows.items()):
        score = row.score
        shares = (score.recall, score.loose_recall, score.precision, score.iou, score.order, score.line_share)
        told = " | ".join(f"{share:.3f}" for share in shares)
        yield f"| {' | '.join(key)} | {row.pages} | {score.words} | {told} | {row.seconds / row.pages:.2f} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10, help="documents of each kind")
    parser.add_argument("--seed", type=int, default=FIRST, help="the first one's seed")
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--worst", type=int, default=0, help="name so many pages with the lowest recall")
    parser.add_argument("--turned", action="store_true", help="turn each page by one, two or three quarters")
    given = parser.parse_args()
    # ruff: noqa: T201 - a benchmark prints
    rows = measure(given.kinds, given.engines, range(given.seed, given.seed + given.count), turn=given.turned)
    print("\n".join(table(rows)))
    for key, row in sorted(rows.items()):
        for recall, name in sorted(row.worst)[: given.worst]:
            print(f"{key[0]}: {name} ({key[2]}): {recall:.3f}")


if __name__ == "__main__":
    main()
