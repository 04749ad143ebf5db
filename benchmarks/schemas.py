"""How many schemas of others make a strict grammar, and how long that takes: ``python -m benchmarks.schemas``.

The schemas are those of the tests. "Strict" is a grammar that enforces the whole schema; all others name in a warning what
is left to validation. Times are CPU time of this process, from the JSON Schema to a grammar that was checked, nothing cached.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from extraction.errors import SchemaError
from extraction.grammar import Constraint, build_grammar
from extraction.patterns import walkable
from extraction.tools import ToolDialect

FOLDER = Path(__file__).parents[1] / "tests" / "extraction" / "schemas_of_others"


def _built(schema: Any) -> tuple[float, list[str]]:
    """Milliseconds of CPU time that a grammar took, and the keywords that it does not enforce."""
    walkable.cache_clear()
    wanted = Constraint.of(schema if isinstance(schema, dict) else {"allOf": [schema]})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        began = time.process_time()
        build_grammar(wanted, ToolDialect())
        taken = 1000 * (time.process_time() - began)
    return taken, [str(warning.message).split("'")[1] for warning in caught]


def main() -> None:
    """Prints a line for each family of schemas, and what was not enforced how often."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the first ten schemas of each family")
    quick = parser.parse_args().quick
    missing: Counter[str] = Counter()
    every: list[float] = []
    show = print
    show(f"{'family':<22} schemas  strict  warned  refused  median ms  worst ms")
    for path in sorted(FOLDER.glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()[: 10 if quick else None]
        times: list[float] = []
        counts = Counter[str]()
        for line in lines:
            schema = json.loads(line)["schema"]
            if isinstance(schema, dict):  # a place of its own in the cache: some schemas of the suite are equal
                schema = {**schema, "$comment": f"{path.stem} {len(times)} {sum(counts.values())}"}
            try:
                taken, keywords = _built(schema)
            except SchemaError:
                counts["refused"] += 1
                continue
            times.append(taken)
            missing.update(keywords)
            counts["warned" if keywords else "strict"] += 1
        every += times
        show(
            f"{path.stem:<22} {len(lines):7}  {counts['strict'] / len(lines):6.1%}  {counts['warned']:6}  "
            f"{counts['refused']:7}  {statistics.median(times):9.1f}  {max(times):8.1f}"
        )
    show(f"all: median {statistics.median(every):.1f} ms, worst {max(every):.1f} ms")
    show("left to validation:", ", ".join(f"{keyword} {count}" for keyword, count in missing.most_common()))


if __name__ == "__main__":
    main()
