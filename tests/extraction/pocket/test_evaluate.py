from __future__ import annotations

import random
from pathlib import Path

import pytest

from extraction.pocket import evaluate
from extraction.pocket.dataset import Truth
from extraction.pocket.evaluate import BARS, BEGIN, END, FOREIGN, HELD_OUT, STANDARD, USERS, WIDE, Report
from extraction.pocket.exams import FIRST_SEED, fresh_scenes, held_out_forms, user_forms, wide_scenes
from extraction.pocket.forms import random_form
from extraction.pocket.leaves import FormScore, leaf_count
from extraction.pocket.user_schemas import USER_SCHEMAS
from extraction.pocket.views import View

GOOD = {"readable": 1.0, "f1": 0.95, "f1_place": 0.97, "iou": 0.9, "label": 0.98, "color": 0.99, "count": 0.96}
REPORT = Report(
    {STANDARD: GOOD, FOREIGN: GOOD | {"f1": 0.86}, WIDE: GOOD | {"f1": 0.4}},
    {HELD_OUT: {"leaf": 0.9, "form": 0.7}, USERS: {"leaf": 0.88, "form": 0.5}},
    {"caption": (9, 10), "count": (10, 10)},
    {STANDARD: 500, FOREIGN: 200, WIDE: 200, HELD_OUT: 200, USERS: 200},
)


def test_a_report_stands_next_to_every_bar() -> None:
    reached = REPORT.reached()
    assert reached.keys() == BARS.keys()
    assert reached["questions"] == 0.95
    assert reached["wide f1"] == 0.4


def test_the_command_prints_all_and_says_what_is_not_met(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(evaluate, "examine", lambda count: REPORT)
    monkeypatch.setattr("sys.argv", ["evaluate", "--write", str(card)])
    evaluate.main()
    shown = capsys.readouterr().out
    assert "9 of 10" in shown
    assert [line.split()[1:3] for line in shown.splitlines() if "NO" in line] == [["wide", "f1"]]
    written = card.read_text(encoding="utf-8")
    assert written.startswith(f"before\n{BEGIN}\n| bar | reached | wanted | met |\n| --- | ---: | ---: | ---: |\n")
    assert "| wide f1 | 0.400 | 0.85 | NO |" in written
    assert written.endswith(f"{END}\nafter\n")
    assert "old" not in written


def test_a_file_without_a_place_for_the_tables_is_left_alone(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the tables"):
        evaluate.write_into(card, REPORT)
    assert card.read_text(encoding="utf-8") == "nothing"


@pytest.mark.parametrize("file", ["card.md", "missing.md"])
def test_the_command_looks_at_its_files_before_the_long_examination(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "card.md").write_text("nothing", encoding="utf-8")
    monkeypatch.setattr(evaluate, "examine", lambda count: pytest.fail("it was examined"))
    monkeypatch.setattr("sys.argv", ["evaluate", "--write", str(tmp_path / file)])
    with pytest.raises(SystemExit):
        evaluate.main()
    assert file in capsys.readouterr().err


def test_every_exam_has_scenes_of_its_own() -> None:
    sizes = {scene.image.size for scene in wide_scenes(40)}
    assert max(max(size) for size in sizes) > 1000
    assert max(max(size) / min(size) for size in sizes) > 2
    pictures = [scene.image.tobytes() for exam in (0, 1, 3) for scene in fresh_scenes(3, exam)]
    assert len(set(pictures)) == 9
    assert FIRST_SEED > 3_000_000_000


def test_held_out_forms_have_shapes_that_training_never_sees() -> None:
    asked = held_out_forms(30)
    trained = {random_form(View.of(Truth.of(one.scene)), random.Random(i)).structure for i, one in enumerate(asked)}
    assert trained.isdisjoint(one.name for one in asked)
    assert all(leaf_count(one.true) > 0 for one in asked)


def test_users_schemas_come_in_turn() -> None:
    asked = user_forms(len(USER_SCHEMAS) + 2)
    assert [one.name for one in asked[-2:]] == [schema.name for schema in USER_SCHEMAS[:2]]
    assert all(one.true is not None for one in asked)


def test_form_scores_add_up() -> None:
    score = FormScore()
    for right, leaves in ((3, 3), (1, 4), (0, 1)):
        score.add(right, leaves)
    assert score.summary() == {"leaf": 4 / 8, "form": 1 / 3}


def test_a_small_examination_of_the_shipped_model() -> None:
    report = evaluate.examine(2)
    assert report.detection[STANDARD]["readable"] == 1.0
    assert report.scenes[STANDARD] == 5
    assert sum(asked for _, asked in report.questions.values()) == 2
    assert all(0 <= value <= 1 for value in report.reached().values())
