"""``make pocket-eval``: how well the embedded model sees and follows, next to the bars that it has to meet."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from extraction.pocket import exams
from extraction.pocket.scoring import DetectionScore

BARS = {
    "readable": 0.99,
    "f1": 0.92,
    "iou": 0.82,
    "count": 0.92,
    "foreign f1": 0.85,
    "wide f1": 0.85,
    "held-out leaf": 0.85,
    "users' leaf": 0.85,
    "questions": 0.92,
}
"""What the model has to reach: of the standard scenes, of those drawn by another program or in all sizes, of forms, of questions."""


@dataclass(frozen=True)
class Report:
    """The results of all exams.

    Attributes:
        detection: By the name of the exam, the summary of its detections (see ``DetectionScore.summary``).
        forms: By the name of the exam, shares of right leaves and of forms without a wrong one.
        questions: By kind, right answers and questions.
        scenes: By the name of the exam, how many scenes it had.
    """

    detection: Mapping[str, Mapping[str, float]]
    forms: Mapping[str, Mapping[str, float]]
    questions: Mapping[str, tuple[int, int]]
    scenes: Mapping[str, int]

    def reached(self) -> dict[str, float]:
        """What stands against each of ``BARS``."""
        standard = self.detection[STANDARD]
        right, asked = (sum(counts) for counts in zip(*self.questions.values(), strict=True))
        return {
            **{key: standard[key] for key in ("readable", "f1", "iou", "count")},
            "foreign f1": self.detection[FOREIGN]["f1"],
            "wide f1": self.detection[WIDE]["f1"],
            "held-out leaf": self.forms[HELD_OUT]["leaf"],
            "users' leaf": self.forms[USERS]["leaf"],
            "questions": right / max(asked, 1),
        }


STANDARD, GRAMMAR = "Scene, unconstrained", "Scene, with the grammar"
FOREIGN, WIDE = "drawn by matplotlib", "1:3 to 3:1, up to 2,000 pixels"
FILTERED, TOOLS = "only one colour asked for", "called as a tool"
HELD_OUT, USERS = "forms of unseen shapes", "users' schemas"


def examine(count: int) -> Report:
    """Sits all exams with ``count`` scenes each, the standard one with two and a half times as many."""
    many = exams.fresh_scenes(count * 5 // 2)
    some = many[:count]
    others = exams.fresh_scenes(count, 5)
    detections: dict[str, Callable[[], tuple[int, DetectionScore]]] = {
        STANDARD: lambda: (len(many), exams.examine_detection(many, what=STANDARD)),
        GRAMMAR: lambda: (len(some), exams.examine_detection(some, constrained=True, what=GRAMMAR)),
        FOREIGN: lambda: (count, exams.examine_detection(exams.foreign_scenes(count), what=FOREIGN)),
        WIDE: lambda: (count, exams.examine_detection(exams.wide_scenes(count), what=WIDE)),
        FILTERED: lambda: (count, exams.examine_filters(others)),
        TOOLS: lambda: (count, exams.examine_tools(others)),
    }
    results = {name: exam() for name, exam in detections.items()}
    return Report(
        {name: score.summary() for name, (_, score) in results.items()},
        {
            HELD_OUT: exams.examine_forms(exams.held_out_forms(count), HELD_OUT)["all"].summary(),
            USERS: exams.examine_forms(exams.user_forms(count), USERS)["all"].summary(),
        },
        exams.examine_questions(others),
        {name: number for name, (number, _) in results.items()} | {HELD_OUT: count, USERS: count},
    )


def tables(report: Report) -> list[Table]:
    """The report in four tables: detection, forms, questions, bars."""
    detection = _table(
        "detection", "exam", "scenes", "readable", "F1", "F1 of boxes", "IoU", "label", "colour", "count"
    )
    for name, summary in report.detection.items():
        keys = ("readable", "f1", "f1_place", "iou", "label", "color", "count")
        detection.add_row(name, str(report.scenes[name]), *[f"{summary[key]:.3f}" for key in keys])
    forms = _table("filled-in forms, with the grammar", "exam", "forms", "right leaves", "without a wrong leaf")
    for name, summary in report.forms.items():
        forms.add_row(name, str(report.scenes[name]), f"{summary['leaf']:.3f}", f"{summary['form']:.3f}")
    questions = _table("questions in plain words", "kind", "right")
    for kind, (right, asked) in sorted(report.questions.items()):
        questions.add_row(kind, f"{right} of {asked}")
    bars = _table("bars", "what", "reached", "bar", "met")
    for name, value in report.reached().items():
        bars.add_row(name, f"{value:.3f}", f"{BARS[name]:.2f}", "yes" if value >= BARS[name] else "NO")
    return [detection, forms, questions, bars]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def main() -> None:
    """Prints the tables: ``python -m extraction.pocket.evaluate --scenes 200``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--scenes", type=int, default=200, help="scenes of each exam; the standard one has 2.5 times as many"
    )
    parser.add_argument("--json", type=Path, help="a file for the numbers")
    arguments = parser.parse_args()
    report = examine(arguments.scenes)
    Console(width=120).print("pocket on fresh scenes, greedy, float32", *tables(report))
    if arguments.json:
        arguments.json.write_text(json.dumps(report.reached(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
