"""What a product of a few rows costs with plain and with prepacked linear layers: ``python -m benchmarks.prepacking``.

So many different matrices of each shape are multiplied in turn that no processor's cache holds them, as in a pass of a
model. Prints medians in milliseconds of CPU time per product, on one core in float32.
"""

from __future__ import annotations

import statistics
import time
from unittest import mock

import torch

from extraction import prepacking
from extraction.prepacking import prepack

SHAPES = ((576, 1536), (1536, 576), (576, 576), (960, 2560))
ROWS = (1, 2, 3, 4, 8, 16, 24, 36, 64, 400)
BYTES = 120e6
"""Of all matrices of a shape together."""
REPEATS = 9


def milliseconds(layers: torch.nn.ModuleList, rows: torch.Tensor) -> float:
    """The median time of one product."""
    taken = []
    for _ in range(REPEATS + 1):
        started = time.process_time()
        for layer in layers:
            layer(rows)
        taken.append((time.process_time() - started) / len(layers) * 1e3)
    return statistics.median(taken[1:])


def main() -> None:
    """Prints a line for each shape and number of rows."""
    torch.set_num_threads(1)
    print("| in, out | rows | plain, ms | prepacked, ms | ratio |\n|-|-:|-:|-:|-:|")  # noqa: T201 - it is its purpose
    for width, height in SHAPES:
        count = max(8, round(BYTES / (4 * width * height)))
        plain, packed = (
            torch.nn.ModuleList(torch.nn.Linear(width, height, bias=False) for _ in range(count)) for _ in range(2)
        )
        with mock.patch.object(prepacking, "SMALLEST", 1):
            prepack(packed, wanted=True)
        for rows in ROWS:
            given = torch.randn(rows, width)
            with torch.inference_mode():
                one, other = milliseconds(plain, given), milliseconds(packed, given)
            print(f"| {width}, {height} | {rows} | {one:.3f} | {other:.3f} | {other / one:.2f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
