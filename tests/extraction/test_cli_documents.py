"""The command on documents: PDFs and TIFFs of several pages, recognised by their bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from extraction import Picture, document_runs, outcomes
from extraction.engine import register_backend, unload
from extraction.ocr import reading
from extraction.pages.words import Line, PageWords, Word
from extraction.schemas import Box
from tests.extraction.pages.pdf_files import Sheet, pdf, text
from tests.extraction.pages.samples import tiff
from tests.extraction.test_cli import CHATTY, Painter, extraction, run, value

COLORS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255)}
BOX = [50.0, 25.0, 150.0, 75.0]
AT_72 = ("--dpi", "72")


@pytest.fixture(autouse=True)
def painter() -> Iterator[Painter]:
    backend = Painter()
    register_backend("painter", lambda: backend)
    yield backend
    unload("painter")


def _pdf(*colors: str, **options: Any) -> bytes:
    """Pages of 200 x 100 points in plain colours."""
    fills = [" ".join(str(part / 255) for part in COLORS[color]) for color in colors]
    sheets = [Sheet(f"{fill} rg -9 -9 300 300 re f".encode(), box=(0, 0, 200, 100)) for fill in fills]
    return pdf(sheets, **options)


def _tiff(*colors: tuple[int, int, int]) -> bytes:
    return tiff([Image.new("RGB", (200, 100), color) for color in colors])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with documents under names that say nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(document_runs.PASSWORD, raising=False)
    Path("three").write_bytes(_pdf("red", "green", "blue"))
    Path("frames.png").write_bytes(_tiff(COLORS["red"], COLORS["blue"]))
    Path("broken.tif").write_bytes(_tiff(COLORS["red"], CHATTY, COLORS["blue"]))
    Path("one.tif").write_bytes(_tiff(COLORS["green"]))
    Image.new("RGB", (200, 100), COLORS["green"]).save("picture.png")
    return tmp_path


def _colors(told: Any) -> list[str]:
    assert all(thing["box"] == BOX for thing in told["objects"])
    return [thing["color"] for thing in told["objects"]]


@pytest.mark.parametrize(
    ("arguments", "colors"),
    [
        (("three", *AT_72), ["red", "green", "blue"]),
        (("three", "--pages", "3,1", *AT_72), ["blue", "red"]),
        (("frames.png",), ["red", "blue"]),
        (("one.tif",), ["green"]),
        (("picture.png", "--pages", "1"), ["green"]),
    ],
)
def test_a_document_gives_one_value(arguments: tuple[str, ...], colors: list[str]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert _colors(json.loads(done.stdout)) == colors


def test_standard_input_is_recognised_too() -> None:
    assert _colors(json.loads(run("-", input=_tiff(COLORS["red"], COLORS["blue"])).stdout)) == ["red", "blue"]
    assert _colors(json.loads(run("-", *AT_72, input=_pdf("blue")).stdout)) == ["blue"]


def test_documents_and_pictures_together_keep_their_order() -> None:
    told = json.loads(run("picture.png", "frames.png", "one.tif", "three", *AT_72).stdout)
    assert [(entry["image"], _colors(entry["value"])) for entry in told] == [
        ("picture.png", ["green"]),
        ("frames.png", ["red", "blue"]),
        ("one.tif", ["green"]),
        ("three", ["red", "green", "blue"]),
    ]
    assert set(told[1]) == {"image", "value"}


def test_the_report_tells_the_pages() -> None:
    told = json.loads(run("three", "--provenance", *AT_72).stdout)
    assert _colors(told["value"]) == ["red", "green", "blue"]
    assert told["report"]["pages"]["/objects/1/box"] == [2]
    assert told["report"]["completeness"] == {
        "complete": None,
        "compared": 0,
        "missing": [],
        "failed": [],
        "loose": [],
        "asked_again": [],
    }


def test_a_page_without_an_answer_fails_the_document_and_the_report_has_the_others() -> None:
    done = run("broken.tif")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("extraction: broken.tif: page 2: the answer holds no JSON document")
    done = run("broken.tif", "picture.png")
    (failed, well), code = json.loads(done.stdout), done.exit_code
    assert code == 1
    assert failed["error"]["type"] == "DocumentError"
    assert failed["error"]["message"].endswith(" (--provenance takes what there is)")
    assert failed["error"]["answer"] == "What a nice picture!"
    assert well["value"] == value("green")
    done = run("broken.tif", "--provenance")
    assert (done.exit_code, done.stderr) == (1, "extraction: broken.tif: no whole answer for page 2\n")
    told = json.loads(done.stdout)
    assert _colors(told["value"]) == ["red", "blue"]
    assert told["report"]["completeness"]["failed"] == [2]


def test_there_is_a_plot_of_each_page(folder: Path) -> None:
    assert run("three", "--plot", "plot.png", *AT_72).exit_code == 0
    assert sorted(path.name for path in folder.glob("plot*")) == [f"plot.page-{page}.png" for page in (1, 2, 3)]
    assert run("frames.png", "one.tif", "--plot", "plots").exit_code == 0
    names = sorted(path.name for path in (folder / "plots").iterdir())
    assert names == ["frames.boxes.page-1.png", "frames.boxes.page-2.png", "one.boxes.png"]
    with Image.open(folder / "plots" / "frames.boxes.page-2.png") as plot:
        assert plot.width / plot.height == pytest.approx(2, abs=0.01)


def test_the_places_of_values_are_those_of_their_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = Word("square", Box.from_xyxy(60, 40, 140, 55))
    words = PageWords((Line((printed,), printed.box),), (200, 100), "test")
    monkeypatch.setattr(reading, "read_words", lambda picture, engine=None: words)
    done = run("three", "--sources", "--plot", "plot.png", *AT_72)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert _colors(told["value"]) == ["red", "green", "blue"]
    assert [told["sources"][f"/objects/{index}/label"][0]["page"] for index in range(3)] == [1, 2, 3]
    assert sorted(path.name for path in folder.glob("plot*")) == [f"plot.page-{page}.png" for page in (1, 2, 3)]


def _without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extraction.ocr.engines._installed", lambda module: False)


@pytest.mark.parametrize(
    "names", [("three",), ("picture.png",), ("text.pdf", "picture.png"), ("text.pdf", "half.pdf"), ("frames.png",)]
)
def test_without_an_engine_places_are_refused_before_the_model_runs(
    names: tuple[str, ...], painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_engine(monkeypatch)
    green, printed = b"0 0.502 0 rg -9 -9 400 300 re f ", b"1 g " + text("square", 60, 40)
    Path("text.pdf").write_bytes(pdf([Sheet(green + printed)] * 2))
    Path("half.pdf").write_bytes(pdf([Sheet(green + printed), Sheet(green)]))
    done = run(*names, "--sources", *AT_72)
    assert (done.exit_code, done.stdout, painter.asked) == (2, "", [])
    assert done.stderr.startswith("extraction: no OCR engine is installed (pip install")
    assert done.stderr.count("\n") == 1


def test_text_layers_and_what_cannot_be_read_need_no_engine(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_engine(monkeypatch)
    content = b"0 0.502 0 rg -9 -9 400 300 re f 1 g " + text("square", 60, 40)
    Path("text.pdf").write_bytes(pdf([Sheet(content)]))
    Path("bad.pdf").write_bytes(b"%PDF-1.4 and nothing")
    done = run("text.pdf", "bad.pdf", "--sources", "--dpi", "72")
    assert done.exit_code == 1
    found, failed = json.loads(done.stdout)
    assert found["sources"]["/objects/0/label"][0]["text"] == "square"
    assert "error" in failed


@pytest.mark.parametrize("names", [("picture.png",), ("frames.png",), ("picture.png", "one.tif")])
def test_rules_tell_the_places_themselves(
    names: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label, amount = Word("Total", Box.from_xyxy(10, 40, 60, 55)), Word("12.50", Box.from_xyxy(100, 40, 150, 55))
    page = PageWords((Line((label,), label.box), Line((amount,), amount.box)), (200, 100), "test")
    read: list[str] = []

    def reads(picture: Picture, engine: object = None) -> PageWords:
        read.append(picture.source)
        return page

    def never(picture: Picture, engine: object = None) -> PageWords:
        raise AssertionError("the places are told already")

    monkeypatch.setattr("extraction.rules.chat_ocr.read_words", reads)
    monkeypatch.setattr(outcomes, "read_words", never)
    monkeypatch.setattr(reading, "read_words", never)
    Path("total.json").write_text('{"type": "object", "properties": {"total": {"type": "number"}}}', encoding="utf-8")
    done = extraction("run", *names, "--schema", "total.json", "--model", "ocr", "--sources", "--plot", "plots/")
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    for entry in told if len(names) > 1 else [told]:
        place = {"page": 1, "box": [100.0, 40.0, 150.0, 55.0], "text": "12.50", "match": "equal", "score": 1.0}
        pages = range(1, 3) if names == ("frames.png",) else [1]
        assert entry["value"] == {"total": 12.5}
        assert entry["sources"] == {"/total": [place | {"page": number} for number in pages]}
    assert len(read) == (2 if names == ("frames.png",) else len(names))
    assert any((folder / "plots").iterdir())


def test_rules_that_cannot_fill_the_schema_fail_their_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extraction.rules.chat_ocr.read_words", lambda *_, **__: PageWords((), (200, 100), "test"))
    schema = '{"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}'
    Path("total.json").write_text(schema, encoding="utf-8")
    done = extraction("run", "picture.png", "--schema", "total.json", "--model", "ocr", "--sources")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "total" in done.stderr


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret.pdf").write_bytes(_pdf("red", password=b"open sesame"))
    done = run("secret.pdf", *AT_72)
    assert done.exit_code == 1
    assert done.stderr == f"extraction: secret.pdf: is encrypted (put its password into {document_runs.PASSWORD})\n"
    monkeypatch.setenv(document_runs.PASSWORD, "open sesame")
    assert _colors(json.loads(run("secret.pdf", *AT_72).stdout)) == ["red"]
    monkeypatch.setenv(document_runs.PASSWORD, "wrong")
    assert "the password is wrong" in run("secret.pdf").stderr


def test_at_a_terminal_the_password_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def typed(prompt: str, _: object) -> str:
        asked.append(prompt)
        return "open sesame"

    monkeypatch.setattr(document_runs, "getpass", typed)
    monkeypatch.setattr(document_runs, "at_terminal", lambda: True)
    Path("secret.pdf").write_bytes(_pdf("red", "blue", password=b"open sesame"))
    assert _colors(json.loads(run("secret.pdf", "--plot", "plot.png", *AT_72).stdout)) == ["red", "blue"]
    assert asked == ["Password of secret.pdf: "]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("three", "--pages", "9"), "there is no page 9: the document has 3 pages"),
        (("three", "--pages", "x"), "pages='x' names no pages"),
        (("three", "--window", "2"), "of 2 pages nobody could tell"),
        (("three", "--dpi", "0"), "--dpi"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(arguments: tuple[str, ...], problem: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_pdf_is_told_as_a_damaged_picture_is() -> None:
    Path("bad.pdf").write_bytes(b"%PDF-1.4 and nothing")
    done = run("bad.pdf")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("extraction: bad.pdf: is damaged")


def test_pages_that_one_document_does_not_have_are_its_own_failure() -> None:
    done = run("three", "frames.png", "--pages", "3", *AT_72)
    assert done.exit_code == 1
    first, second = json.loads(done.stdout)
    assert _colors(first["value"]) == ["blue"]
    assert second["image"] == "frames.png"
    assert "there is no page 3" in str(second["error"])
    assert done.stderr.startswith("extraction: frames.png: there is no page 3: the document has 2 pages")
