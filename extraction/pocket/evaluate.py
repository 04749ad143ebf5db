"""``make pocket-eval``: how well the embedded model sees and follows, next to the bars that it has to meet."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from extraction.console import write_file
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
FILTERED, CHAIN = "only one colour asked for", "detection_chain, one to three labels"
TOOLS = "called as a tool"
HELD_OUT, USERS = "forms of unseen structures", "users' schemas"


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
        CHAIN: lambda: (count, exams.examine_detection_chain(others)),
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


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of the report: its title, the heads of its columns, and its rows."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def rich(self) -> Table:
        """For the terminal."""
        table = Table(title=self.title)
        for number, head in enumerate(self.heads):
            table.add_column(head, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For the model card."""
        lines = [self.heads, ("---", *["---:"] * (len(self.heads) - 1)), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sheets(report: Report) -> list[Sheet]:
    """The report in four tables: bars, detection, forms, questions."""
    keys = ("readable", "f1", "f1_place", "iou", "label", "color", "count")
    detection = [
        (name, str(report.scenes[name]), *[f"{summary[key]:.3f}" for key in keys])
        for name, summary in report.detection.items()
    ]
    forms = [
        (name, str(report.scenes[name]), f"{summary['leaf']:.3f}", f"{summary['form']:.3f}")
        for name, summary in report.forms.items()
    ]
    questions = [(kind, f"{right} of {asked}") for kind, (right, asked) in sorted(report.questions.items())]
    bars = [
        (name, f"{value:.3f}", f"{BARS[name]:.2f}", "yes" if value >= BARS[name] else "NO")
        for name, value in report.reached().items()
    ]
    heads = ("detection", "scenes", "readable", "F1", "F1 of boxes", "IoU", "label", "colour", "count")
    return [
        Sheet("bars", ("bar", "reached", "wanted", "met"), tuple(bars)),
        Sheet("detection", heads, tuple(detection)),
        Sheet("forms, with the grammar", ("forms", "number", "right leaves", "without a wrong leaf"), tuple(forms)),
        Sheet("questions in plain words", ("question", "right"), tuple(questions)),
    ]


BEGIN, END = "<!-- pocket-eval -->", "<!-- end of pocket-eval -->"


def around_the_tables(path: Path) -> tuple[str, str]:
    """What stands before and behind the tables of a Markdown file, the two marks included.

    Raises:
        ValueError: The file does not have the marks.
        OSError: The file cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no place for the tables: {BEGIN} ... {END}")
    return before + begin, end + after


def write_into(path: Path, report: Report) -> None:
    """Puts the tables between the two marks of a Markdown file, whole or not at all; raises as ``around_the_tables``."""
    before, after = around_the_tables(path)
    tables = "\n\n".join(sheet.markdown() for sheet in sheets(report))
    write_file(path, f"{before}\n{tables}\n{after}".encode())


def main() -> None:
    """Prints the tables: ``python -m extraction.pocket.evaluate --scenes 200``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--scenes", type=int, default=200, help="of each exam; the standard one has 2.5 times as many")
    parser.add_argument("--write", type=Path, nargs="*", default=[], help="Markdown files to put the tables into")
    arguments = parser.parse_args()
    if arguments.scenes < 1:
        parser.error("--scenes must be at least 1")
    try:  # before the long examination, not behind it
        for path in arguments.write:
            around_the_tables(path)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    report = examine(arguments.scenes)
    Console(width=120).print("pocket on fresh scenes, greedy, float32", *[sheet.rich() for sheet in sheets(report)])
    for path in arguments.write:
        write_into(path, report)


if __name__ == "__main__":
    main()
