"""Whether the embedded model's confidence means something: ``python benchmarks/confidence.py [--quick]``.

On fresh scenes, each object, box and label that it names is right or wrong. Printed are, for every signal, the
reliability table (is 0.8 right four times in five?), the expected calibration error, and the AUROC: how often something
right has a higher confidence than something wrong, 0.5 being chance. The intervals hold 95 % of 200 resamplings of scenes.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from extraction import ChatTransformers, Extraction, OptionError, extract
from extraction.calibration import Judged, auroc, calibrate, calibration_error, reliability
from extraction.pocket.exams import CHUNK, found_in, fresh_scenes, true_in
from extraction.pocket.scenes import DrawnScene
from extraction.pocket.scoring import Found, box_iou
from extraction.schemas import Scene

EXAM = 6  # scenes that no other exam has
WANTED = 0.98
"""Precision for which thresholds are looked for."""


def partners(said: Sequence[Found], true: Sequence[Found], *, alike: bool) -> dict[int, int]:
    """Which true object each said one belongs to: IoU >= 0.5, the best first; with ``alike``, label and colour too."""
    pairs = sorted(
        (
            (box_iou(one.box, other.box), i, j)
            for i, one in enumerate(said)
            for j, other in enumerate(true)
            if not alike or (one.label, one.color) == (other.label, other.color)
        ),
        reverse=True,
    )
    found: dict[int, int] = {}
    for iou, i, j in pairs:
        if iou >= 0.5 and i not in found and j not in found.values():
            found[i] = j
    return found


def judged(scene: DrawnScene, result: Extraction[Scene]) -> dict[str, list[Judged]]:
    """By signal, what it says about each object of an answer, and whether that is right."""
    said, true = found_in(result.value), true_in(scene)
    whole, placed = partners(said, true, alike=True), partners(said, true, alike=False)
    confidence, agreement = result.confidence, result.agreement
    assert confidence is not None
    assert agreement is not None
    signals: dict[str, list[Judged]] = {}
    for i, one in enumerate(said):
        here = f"/objects/{i}"
        signals.setdefault("object, by probability", []).append((confidence[here], i in whole))
        signals.setdefault("object, by agreement", []).append((agreement[here], i in whole))
        both = (confidence[here] + agreement[here]) / 2
        signals.setdefault("object, mean of both", []).append((both, i in whole))
        signals.setdefault("box, by probability", []).append((confidence[f"{here}/box"], i in placed))
        signals.setdefault("box, by agreement", []).append((agreement[f"{here}/box"], i in placed))
        if i in placed:
            right = one.label == true[placed[i]].label
            signals.setdefault("label, by probability", []).append((confidence[f"{here}/label"], right))
    return signals


def interval(scenes: Sequence[Mapping[str, Sequence[Judged]]], signal: str) -> tuple[float, float]:
    """Between which values the AUROC lies in 95 % of 200 resamplings of the scenes."""
    rng = random.Random(0)
    found = []
    for _ in range(200):
        drawn = rng.choices(scenes, k=len(scenes))
        value = auroc([one for scene in drawn for one in scene.get(signal, ())])
        if not math.isnan(value):
            found.append(value)
    found.sort()
    return (found[len(found) // 40], found[-1 - len(found) // 40]) if found else (math.nan, math.nan)


def report(scenes: Sequence[Mapping[str, Sequence[Judged]]], signal: str) -> list[str]:
    """The lines about one signal."""
    everything = [one for scene in scenes for one in scene.get(signal, ())]
    low, high = interval(scenes, signal)
    right = sum(right for _, right in everything)
    lines = [
        f"{signal}: {len(everything)}, of these {right} right",
        f"  AUROC {auroc(everything):.3f} ({low:.3f} to {high:.3f}), calibration error {calibration_error(everything):.3f}",
        f"  {'bin':>12}{'count':>7}{'confidence':>12}{'right':>8}",
    ]
    lines += [
        f"  {f'{one.low:.1f} to {one.high:.1f}':>12}{one.count:7}{one.confidence:12.3f}{one.right:8.3f}"
        for one in reliability(everything)
    ]
    try:
        found = calibrate(everything, WANTED)
        kept = f"keeps {found.coverage:.0%}, of which {found.precision:.1%} are right ({found.lowest:.1%} at least)"
        lines.append(f"  precision {WANTED:.0%}: a threshold of {found.threshold:.3f} {kept}")
    except OptionError as error:
        lines.append(f"  precision {WANTED:.0%}: {error}")
    return lines


def main() -> None:
    """Prints a table for each signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="few scenes and samples, to see that it runs")
    options = parser.parse_args()
    count, samples = (12, 3) if options.quick else (options.scenes, options.samples)
    scenes = fresh_scenes(count, EXAM)
    model = ChatTransformers(max_batch_size=CHUNK, seed=0)
    started = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda scene: extract(model, scene.image, Scene, samples=samples), scenes))
    tables = [judged(scene, result) for scene, result in zip(scenes, results, strict=True)]
    print(f"{count} scenes, {samples} samples each, {time.perf_counter() - started:.0f} s")  # noqa: T201 - its purpose
    for signal in dict.fromkeys(name for table in tables for name in table):
        print("\n" + "\n".join(report(tables, signal)))  # noqa: T201 - its purpose


if __name__ == "__main__":
    main()
