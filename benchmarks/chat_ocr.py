"""How much of generated receipts and invoices ``ChatOCR`` reads rightly, field by field, and whether it ever invents.

    python -m benchmarks.chat_ocr --count 20                         # the real OCR engine, on seeds kept for measuring
    python -m benchmarks.chat_ocr --count 200 --truth-words          # the generator's own words: fast, for development
    python -m benchmarks.chat_ocr --truth-words --seed 0 --show 3    # what goes wrong, receipt by receipt

The rules were developed on seeds below 2000; what is measured are seeds from 2000 on, which nobody looked at.

A field is *right* where it is the truth by value (numbers, dates) or letter for letter but for case, blanks and
punctuation, and also where both say that there is none. *Missed* is null for something printed, *wrong* another value,
*extra* a value where nothing is printed. *Ungrounded* are values that none of the words that were read say.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

from extraction.grounding.letters import bare
from extraction.grounding.numbers import Money
from extraction.grounding.values import find_values
from extraction.pages.words import PageWords
from extraction.rules.filling import fill_schema
from extraction.schemas import json_schema_of
from extraction.schemas.documents import Invoice, Receipt
from extraction.schemas.pointers import leaves_of, pointer
from tests.documents.invoices import invoice
from tests.documents.receipts import receipt
from tests.documents.truth import Sample

FIRST_MEASURED = 2000
KINDS = {"receipt": (receipt, Receipt), "invoice": (invoice, Invoice)}


@dataclass(slots=True)
class Scores:
    """What became of the fields: how many of each outcome by field, and values without a place."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    ungrounded: list[str] = field(default_factory=list)
    values: int = 0


def same(one: Any, other: Any) -> bool:
    """Whether two leaves say the same."""
    if one is None or other is None:
        return one is other
    try:
        if Decimal(str(one)) == Decimal(str(other)):
            return True
    except InvalidOperation:
        pass
    first, second = bare(str(one)), bare(str(other))
    clocks = re.fullmatch(r"\d\d:\d\d(:\d\d)?", str(one)) and re.fullmatch(r"\d\d:\d\d(:\d\d)?", str(other))
    return first == second or (bool(clocks) and str(one)[:5] == str(other)[:5])


def is_on(value: Any, words: PageWords) -> bool:
    """Whether a page says a value anywhere: as text, or as a number, a date or a time of the same value."""
    if isinstance(value, str) and bare(value) in bare(words.text):
        return True
    for line in words.text.splitlines():
        for found in find_values(line):
            for reading in found.readings:
                told = reading.amount if isinstance(reading, Money) else reading
                if (
                    isinstance(told, Decimal)
                    and isinstance(value, (int, float))
                    and abs(told) == abs(Decimal(str(value)))
                ):
                    return True
                if isinstance(told, (date, time)) and isinstance(value, str) and told.isoformat().startswith(value):
                    return True
    signs = {"EUR": "€", "GBP": "£", "USD": "$", "MYR": "RM", "JPY": "¥", "INR": "₹", "SEK": "kr", "CHF": "Fr"}
    card = value == "card" and re.search(
        r"visa|master|amex|kart|cart|tarjeta|debit|credit|kaart|pin", words.text, re.IGNORECASE
    )
    cash = value == "cash" and re.search(r"bar|esp|efectivo|contant|tunai", words.text, re.IGNORECASE)
    return bool(card or cash) or (isinstance(value, str) and signs.get(value, "\0") in words.text)


def score(sample: Sample, data: Any, words: PageWords, scores: Scores) -> list[str]:
    """Counts one document; what is not right is told, line by line."""
    truth, told = ({pointer(path): leaf for path, leaf in leaves_of(value)} for value in (sample.value, data))
    problems = []
    for at in dict.fromkeys([*truth, *told]):
        if at.endswith(("/cashier", "/items", "/taxes")) or (at not in told and truth.get(at) is None):
            continue
        wanted, found = truth.get(at), told.get(at)
        name = re.sub(r"/\d+", "/*", at)
        outcome = (
            "right" if same(wanted, found) else "missed" if found is None else "extra" if wanted is None else "wrong"
        )
        scores.outcomes[name][outcome] += 1
        if outcome != "right":
            problems.append(f"{at}: {outcome}: {wanted!r} -> {found!r}")
        if found is not None:
            scores.values += 1
            if not is_on(found, words):
                scores.ungrounded.append(f"{sample.name} {at}: {found!r}")
                problems.append(f"{at}: stands nowhere: {found!r}")
    return problems


def main() -> None:
    """Prints the table."""
    # ruff: noqa: T201 - a benchmark prints
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20, help="how many documents")
    parser.add_argument("--seed", type=int, default=FIRST_MEASURED, help="the first one's seed")
    parser.add_argument("--kind", choices=sorted(KINDS), default="receipt")
    parser.add_argument("--truth-words", action="store_true", help="take the generator's own words, read nothing")
    parser.add_argument("--show", type=int, default=0, help="print this many documents in which something is not right")
    parser.add_argument("--field", default="", help="of those, only where this field is not right")
    given = parser.parse_args()
    generate, schema = KINDS[given.kind]
    form = json_schema_of(schema)
    scores = Scores()
    shown = 0
    for seed in range(given.seed, given.seed + given.count):
        sample = generate(seed)
        words = sample.words
        if not given.truth_words:
            from extraction.ocr.reading import read_words

            words = read_words(sample.loaded)
        data = fill_schema(form, [words]).data
        problems = score(sample, data, words, scores)
        if [one for one in problems if given.field in one] and shown < given.show:
            shown += 1
            print("=" * 100, sample.name, sample.language, sample.paper, *problems, words.text, sep="\n")
    print(
        f"{given.kind}s {given.seed} to {given.seed + given.count - 1}, {'true words' if given.truth_words else 'read words'}"
    )
    print(f"{'field':<28}{'right':>8}{'missed':>8}{'wrong':>8}{'extra':>8}{'of':>8}")
    for name, outcomes in scores.outcomes.items():
        total = sum(outcomes.values())
        shares = "".join(f"{outcomes[one] / total:>8.1%}" for one in ("right", "missed", "wrong", "extra"))
        print(f"{name:<28}{shares}{total:>8}")
    print(f"values: {scores.values}, ungrounded: {json.dumps(scores.ungrounded, ensure_ascii=False)}")


if __name__ == "__main__":
    main()
