"""Whether values are found where they stand: ``python -m benchmarks.grounding [--quick] [--engine truth]``.

On generated documents, with the words of an OCR engine or the true ones. Printed are: of the values that stand once on
their page, and of those whose characters or number stand there several times, which share is located (the first place
has IoU >= 0.5 with one where the document says it); and of values in which one digit was changed, which share is
reported as exact or equal all the same.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from extraction.grounding.finding import locate
from extraction.grounding.page_index import PageIndex
from extraction.grounding.sources import Source
from extraction.ocr.reading import read_words
from extraction.schemas.documents import Invoice, Receipt
from tests.documents.invoices import invoice
from tests.documents.receipts import receipt
from tests.documents.truth import Leaf, Sample

MAKERS: tuple[Callable[[int], Sample], ...] = (receipt, invoice)
SCHEMAS = {"receipt": Receipt, "invoice": Invoice}
ENGINES = ("rapidocr", "tesseract", "truth")
WRONG = 6
"""So many values of each document are changed, each alone."""


@dataclass(slots=True)
class Score:
    """Sums over documents.

    Attributes:
        right: How many values were located, by group.
        asked: How many there are.
        missed: What was not located, in words.
        seconds: For index and search, without reading.
    """

    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, group: str, *, right: bool, told: str) -> None:
        """Takes one value in."""
        self.asked[group] += 1
        self.right[group] += right
        if not right:
            self.missed.append(f"{group}: {told}")

    def lines(self) -> Iterator[str]:
        """The shares by group."""
        for group, asked in sorted(self.asked.items()):
            yield f"{group:32}{self.right[group]:6} of {asked:6}  {self.right[group] / asked:.4f}"


def is_located(places: Sequence[Source], leaf: Leaf) -> bool:
    """Whether the first place is one at which the document says it."""
    return bool(places) and max(places[0].box.iou(one.box) for one in (leaf.right, *leaf.again)) >= 0.5


def with_wrong_digit(value: Any, rng: random.Random) -> Any:
    """A value with one digit changed, still of its kind; None where it has no digit."""
    text = str(value)
    places = [match.start() for match in re.finditer(r"\d", text)]
    rng.shuffle(places)
    for place in places:
        digit = rng.choice([one for one in "0123456789" if one != text[place]])
        wrong = text[:place] + digit + text[place + 1 :]
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            try:
                date.fromisoformat(wrong)
            except ValueError:
                continue
        elif len(text) > 1 and text[0] != "0" and wrong[0] == "0" and not isinstance(value, str):
            continue
        return type(value)(wrong) if not isinstance(value, str) else wrong
    return None


def replaced(value: dict[str, Any], pointer: str, leaf: Any) -> dict[str, Any]:
    """A copy of a value with another leaf."""
    copy: Any = deepcopy(value)
    *parents, last = pointer.split("/")[1:]
    at = copy
    for key in parents:
        at = at[int(key)] if isinstance(at, list) else at[key]
    at[int(last) if isinstance(at, list) else last] = leaf
    return dict(copy)


def measure(sample: Sample, engine: str, score: Score) -> None:
    """Takes one document in."""
    words = sample.words if engine == "truth" else read_words(sample.picture, engine=engine)  # type: ignore[arg-type]
    kind = sample.name.split()[0]
    schema = SCHEMAS[kind]
    started = time.perf_counter()
    index = PageIndex.of(words)
    sources = locate(sample.value, [index], schema)
    score.seconds += time.perf_counter() - started
    printed = {pointer: leaf for pointer, leaf in sample.places.items() if leaf.kind not in ("flag", "choice")}
    for pointer, leaf in printed.items():
        places = sources.places.get(pointer, ())
        told = f"{sample.name} ({sample.paper}) {pointer} {leaf.right.text!r}: {[(one.text, one.match) for one in places[:1]]}"
        right = is_located(places, leaf)
        group = "located, once on the page" if leaf.unique else "located, several times"
        score.add(group, right=right, told=told)
        score.add(f"{group}: {kind}", right=right, told=told)
    rng = random.Random(f"wrong {sample.name}")
    wrong = [(pointer, with_wrong_digit(leaf.value, rng)) for pointer, leaf in sorted(printed.items())]
    wrong = [one for one in wrong if one[1] is not None]
    for pointer, value in rng.sample(wrong, min(WRONG, len(wrong))):
        places = locate(replaced(sample.value, pointer, value), [index], schema).places.get(pointer, ())
        believed = bool(places) and places[0].equal
        score.add(
            "one digit wrong, not believed", right=not believed, told=f"{sample.name} {pointer} {value!r}: {places[:1]}"
        )


def main() -> None:
    """Prints the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="documents of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first document's number")
    parser.add_argument("--engine", choices=ENGINES, default="rapidocr")
    parser.add_argument("--missed", action="store_true", help="tell what was missed")
    parser.add_argument("--quick", action="store_true", help="few documents, to see that it runs")
    options = parser.parse_args()
    score = Score()
    count = 3 if options.quick else options.count
    for make in MAKERS:
        for seed in range(options.first, options.first + count):
            measure(make(seed), options.engine, score)
    print(f"{len(MAKERS) * count} documents, {options.engine}, {score.seconds:.2f} s to find all")  # noqa: T201 - its purpose
    print("\n".join(score.lines()))  # noqa: T201 - its purpose
    if options.missed:
        print("\n".join(one for one in score.missed if ": receipt:" not in one and ": invoice:" not in one))  # noqa: T201


if __name__ == "__main__":
    main()
