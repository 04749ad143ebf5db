from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from extraction import Picture, Sources, cli, outcomes, plot_sources
from extraction.conventions import RELATIVE_1000
from extraction.engine import register_backend, unload
from extraction.frames import Frame
from extraction.jobs import Answer, FinishReason, Job
from extraction.named_models import chat_model
from extraction.pages.words import Line, PageWords, Word
from extraction.prompts import schema_text
from extraction.schemas import Box, Scene, json_schema_of, registered_schemas
from tests.extraction.test_import import HEAVY
from tests.scripted import ScriptedBackend

ROOT = Path(__file__).parents[2]
COLORS = {(255, 0, 0): "red", (0, 128, 0): "green", (0, 0, 255): "blue"}
CUT, CHATTY, INTERRUPTS = (0, 0, 0), (255, 255, 255), (128, 128, 128)


class Painter(ScriptedBackend):
    """Tells a plain picture's colour, and puts a box on its middle half; some colours make it misbehave."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def run(self, jobs: Sequence[Job]) -> None:
        self.batches.append(len(jobs))
        for job in jobs:
            turn = job.request.turns[-1]
            self.asked.append(turn.text)
            (picture,) = turn.pictures
            rgb = picture.image.getpixel((0, 0))
            if rgb == INTERRUPTS:
                os.kill(os.getpid(), signal.SIGINT)
                continue
            text, reason = self.write(rgb)
            job.resolve(Answer(text, reason, 1, 1, 1, (Frame(picture.size, picture.size),)))

    def write(self, rgb: Any) -> tuple[str, FinishReason]:
        if rgb == CUT:
            return '{"objects": [{"label": "squ', "length"
        if rgb == CHATTY:
            return "What a nice picture!", "stop"
        thing = {"label": "square", "color": COLORS[rgb], "box": [250, 250, 750, 750]}
        return json.dumps({"objects": [thing]}), "stop"


@pytest.fixture
def painter() -> Iterator[Painter]:
    backend = Painter()
    register_backend("painter", lambda: backend)
    yield backend
    unload("painter")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a few pictures in it."""
    monkeypatch.chdir(tmp_path)
    colors = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "cut": CUT, "chatty": CHATTY}
    for name, rgb in {**colors, "interrupts": INTERRUPTS}.items():
        Image.new("RGB", (200, 100), rgb).save(f"{name}.png")
    return tmp_path


def extraction(*args: str, input: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.app, args, input=input, prog_name="extraction")


def run(*args: str, input: bytes | None = None) -> Result:
    schema = () if {"--schema", "-s"} & set(args) else ("--schema", "scene")
    return extraction("run", *args, *schema, "--model", "painter", input=input)


def test_an_answer_that_is_nested_too_deeply_fails_its_own_picture(
    painter: Painter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = '{"a": ' * 260 + "1" + "}" * 260
    Path("any.json").write_text('{"type": "object"}', encoding="utf-8")
    monkeypatch.setattr(painter, "write", lambda rgb: (deep if rgb == (255, 0, 0) else '{"a": 1}', "stop"))
    done = run("red.png", "green.png", "--schema", "any.json")
    assert (done.exit_code, done.stderr) == (
        1,
        "extraction: red.png: the value is nested too deeply to be written as JSON\n",
    )
    assert json.loads(done.stdout)[1] == {"image": "green.png", "value": {"a": 1}}


def value(color: str) -> dict[str, Any]:
    return {"objects": [{"label": "square", "color": color, "box": [50.0, 25.0, 150.0, 75.0]}]}


def test_one_picture_prints_its_value_and_nothing_else(painter: Painter, folder: Path) -> None:
    done = run("red.png")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == value("red")
    assert done.stdout.splitlines()[2:] == [
        "    {",
        '      "label": "square",',
        '      "color": "red",',
        '      "box": [50.0, 25.0, 150.0, 75.0]',
        "    }",
        "  ]",
        "}",
    ]


def test_out_and_plot_are_written_and_nothing_else(painter: Painter, folder: Path) -> None:
    before = set(folder.iterdir())
    done = run("red.png", "--out", "red.json", "--plot", "plot.png")
    assert (done.exit_code, done.output) == (0, "")
    assert json.loads(Path("red.json").read_text()) == value("red")
    assert set(folder.iterdir()) - before == {folder / "red.json", folder / "plot.png"}
    with Image.open("plot.png") as plot:
        assert plot.width / plot.height == pytest.approx(2, abs=0.01)


def test_the_places_of_values_are_told_and_plotted(
    painter: Painter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = Word("a square", Box.from_xyxy(60, 40, 140, 55))
    page = PageWords((Line((printed,), printed.box),), (200, 100), "test")
    monkeypatch.setattr(outcomes, "read_words", lambda picture: page)
    drawn: list[str] = []

    def plot(picture: Picture, found: Sources) -> Any:
        drawn.extend(found)
        return plot_sources(picture, found)

    monkeypatch.setattr(outcomes, "plot_sources", plot)
    done = run("red.png", "cut.png", "--sources", "--plot", "plots")
    told, failed = json.loads(done.stdout)
    assert told["value"] == value("red")
    (place,) = told["sources"]["/objects/0/label"]
    assert (place["page"], place["text"], place["match"]) == (1, "square", "exact")
    assert 60 < place["box"][0] < place["box"][2] <= 140
    assert drawn == list(told["sources"])
    assert set(failed) == {"image", "error"}
    assert "sources" not in json.loads(run("red.png", "--checks").stdout)


def test_that_a_plot_has_nothing_to_show_is_told(painter: Painter, folder: Path) -> None:
    Path("form.json").write_text('{"type": "object"}', encoding="utf-8")
    told = "extraction: the schema asks for no boxes, so the plot shows none (--sources draws where the values stand)\n"
    arguments = ("red.png", "--schema", "form.json")
    assert run(*arguments, "--plot", "a.png").stderr == told
    assert told not in run(*arguments).stderr


def test_what_is_complete_of_a_cut_answer_can_be_kept(
    painter: Painter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = {"label": "square", "color": "red", "box": [250, 250, 750, 750]}
    half = json.dumps({"objects": [thing, thing]})[:-20]
    monkeypatch.setattr(painter, "write", lambda rgb: (half, "length"))
    assert run("red.png").exit_code == 1
    done = run("red.png", "--on-truncation", "salvage")
    assert (done.exit_code, json.loads(done.stdout)) == (0, value("red"))
    refused = run("red.png", "--on-truncation", "mend")
    assert refused.exit_code == 2
    assert "raise" in refused.stderr


@pytest.mark.parametrize(("name", "magic"), [("a.jpg", b"\xff\xd8"), ("a.PDF", b"%PDF"), ("a.svg", b"<?xml")])
def test_a_plot_has_the_format_of_its_name(name: str, magic: bytes, painter: Painter, folder: Path) -> None:
    assert run("red.png", "--plot", name).exit_code == 0
    assert Path(name).read_bytes().startswith(magic)


def test_several_pictures_give_a_list_in_their_order_with_what_failed(painter: Painter, folder: Path) -> None:
    names = ["blue.png", "missing.png", "cut.png", "red.png", "chatty.png", "blue.png"]
    done = run(*names)
    assert done.exit_code == 1
    items = json.loads(done.stdout)
    assert [item["image"] for item in items] == names
    assert [item.get("value") for item in items] == [value("blue"), None, None, value("red"), None, value("blue")]
    assert items[1]["error"] == {
        "type": "ImageError",
        "message": "missing.png: there is no such file",
        "retryable": False,
    }
    assert items[2]["error"]["type"] == "TruncatedOutputError"
    assert items[2]["error"]["answer"] == '{"objects": [{"label": "squ'
    assert items[2]["error"]["finish_reason"] == "length"
    assert items[4]["error"]["answer"] == "What a nice picture!"
    lines = done.stderr.splitlines()
    assert lines[0] == "extraction: missing.png: there is no such file"
    assert lines[1].startswith("extraction: cut.png: the answer was cut off")
    assert lines[2] == "extraction: chatty.png: the answer holds no JSON document"
    assert len(lines) == 3


def test_many_pictures_share_batches_and_few_are_in_memory(
    painter: Painter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "CHUNK", 6)
    names = [f"{color}.png" for color in ("red", "green", "blue")] * 6
    done = run(*names)
    assert [item["value"] for item in json.loads(done.stdout)] == [value(name[:-4]) for name in names]
    assert painter.batches == [6, 6, 6]


def test_when_all_fail_the_list_says_so(painter: Painter, folder: Path) -> None:
    done = run("no.png", "cut.png", "--out", "all.json", "--plot", "plots")
    assert (done.exit_code, done.stdout) == (1, "")
    assert [item["error"]["type"] for item in json.loads(Path("all.json").read_text())] == [
        "ImageError",
        "TruncatedOutputError",
    ]
    assert list(Path("plots").iterdir()) == []


@pytest.mark.parametrize("name", ["missing.png", "cut.png"])
def test_one_picture_that_fails_gives_no_result(name: str, painter: Painter, folder: Path) -> None:
    Path("old.json").write_text("old")
    done = run(name, "--out", "old.json")
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert Path("old.json").read_text() == "old"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["red.png", "-s", "scenery"], "there is no schema 'scenery'; did you mean 'scene'?"),
        (["red.png", "-s", "no.json"], "no.json: No such file or directory"),
        (["red.png", "-s", "bad.json"], "bad.json:1:2: not JSON"),
        (["red.png", "-s", "no_such_module:Class"], "there is no module 'no_such_module'"),
        (["red.png", "--max-token", "9"], "No such option: --max-token"),
        (["red.png", "--max-tokens", "0"], "Invalid value for '--max-tokens'"),
        (["red.png", "--temperature", "-1"], "Invalid value for '--temperature'"),
        (["red.png", "--temperature", "inf"], "temperature"),
        (["red.png", "--family", "quen"], "there is no family 'quen'"),
        (["red.png", "--family", "unknown"], "nobody knows how"),
        ([], "Missing argument 'IMAGE'"),
        (["-", "-"], "standard input holds one picture"),
        (["red.png", "--out", "no/red.json"], "no/red.json cannot be written: there is no folder no"),
        (["red.png", "--out", "."], ". is a folder, not a file"),
        (["red.png", "--out", "./red.png"], "red.png is one of the pictures and would be overwritten"),
        (["red.png", "--plot", "red.png"], "red.png is one of the pictures and would be overwritten"),
        (["red.png", "--plot", "a.png", "--out", "./a.png"], "a.png cannot be both the JSON and a plot"),
        (
            ["red.png", "--plot", "a.doc"],
            "a.doc is no plot: its name must end in .png, .jpg, .jpeg, .webp, .pdf, .svg, a folder's in /",
        ),
        (["red.png", "--plot", "no/a.png"], "there is no folder no"),
        (["red.png", "blue.png", "--plot", "a.png"], "the plots of several pictures need a folder, and a.png"),
        (["red.png", "blue.png", "--plot", "bad.json"], "bad.json is a file"),
        (["red.png", "blue.png", "--plot", "no/plots"], "the folder no/plots cannot be made: No such file"),
    ],
)
def test_wrong_usage_is_one_line_before_anything_runs(
    args: list[str], message: str, painter: Painter, folder: Path
) -> None:
    Path("bad.json").write_text("{nothing")
    before = set(folder.iterdir())
    done = run(*args)
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("extraction: ")
    assert message in line
    assert painter.batches == []
    assert set(folder.iterdir()) == before


def test_a_model_that_is_not_there_is_one_line(folder: Path) -> None:
    done = extraction("run", "red.png", "blue.png", "--schema", "scene", "--model", "no-such-folder")
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "'no-such-folder' cannot be loaded" in done.stderr


def test_the_options_reach_the_model(painter: Painter, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def build(model: str, options: dict[str, Any]) -> Any:
        made.append((model, options))
        return chat_model(model, options)

    monkeypatch.setattr(cli, "chat_model", build)
    given = ["--max-tokens", "50", "--seed", "7", "--temperature", "0.5", "--family", "relative-1000"]
    given += ["--min-pixels", "9", "--max-pixels", "99"]
    assert run("red.png", "--instruction", "Only the squares.", *given).exit_code == 0
    options = {"family": "relative-1000", "max_tokens": 50, "seed": 7, "temperature": 0.5}
    options |= {"min_pixels": 9, "max_pixels": 99}
    assert made == [("painter", options)]
    assert painter.asked == ["Only the squares."]


def test_a_plan_tells_what_a_picture_will_take(painter: Painter, folder: Path) -> None:
    bounds = ("--max-tokens", "77", "--max-pixels", "1000")
    done = extraction("plan", "red.png", "--schema", "scene", "--model", "painter", *bounds)
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["pictures"] == [{"original": [200, 100], "seen": [200, 100]}]
    assert (told["image_tokens"], told["answer_tokens"], told["context"]) == (256, 77, 8192)
    assert told["prompt_tokens"] > 256
    assert painter.asked == []


def test_a_picture_that_cannot_be_planned_fails_alone(painter: Painter, folder: Path) -> None:
    done = extraction("plan", "red.png", "missing.png", "--model", "painter")
    assert (done.exit_code, done.stderr) == (1, "extraction: missing.png: there is no such file\n")
    good, bad = json.loads(done.stdout)
    assert good["value"]["image_tokens"] == 256
    assert bad["error"]["type"] == "ImageError"


def test_the_family_says_what_the_numbers_mean(painter: Painter, folder: Path) -> None:
    found = json.loads(run("red.png", "--family", "relative-1000-yxyx").stdout)
    assert found["objects"][0]["box"] == [50.0, 25.0, 150.0, 75.0]
    Image.new("RGB", (1000, 1000), (255, 0, 0)).save("large.png")
    found = json.loads(run("large.png", "--family", "pixel").stdout)
    assert found["objects"][0]["box"] == [250.0, 250.0, 750.0, 750.0]


def test_standard_input_is_a_picture(painter: Painter, folder: Path) -> None:
    done = run("-", "blue.png", "--plot", "plots", input=Path("red.png").read_bytes())
    assert [(item["image"], item["value"]) for item in json.loads(done.stdout)] == [
        ("-", value("red")),
        ("blue.png", value("blue")),
    ]
    assert sorted(path.name for path in Path("plots").iterdir()) == ["blue.boxes.png", "stdin.boxes.png"]


def test_plots_of_equal_names_do_not_overwrite_each_other_nor_the_pictures(painter: Painter, folder: Path) -> None:
    for name in ("a", "b"):
        Path(name).mkdir()
    for name in ("a/x.png", "b/X.png", "x.boxes.png"):
        Image.new("RGB", (200, 100), (255, 0, 0)).save(name)
    before = Path("x.boxes.png").read_bytes()
    assert run("a/x.png", "b/X.png", "x.boxes.png", "--plot", ".").exit_code == 0
    plots = {path.name for path in folder.iterdir()} - {"a", "b", "x.boxes.png"}
    assert {name for name in plots if "boxes" in name} == {"x-2.boxes.png", "X-3.boxes.png", "x.boxes.boxes.png"}
    assert Path("x.boxes.png").read_bytes() == before


def test_one_picture_may_be_plotted_into_a_folder(painter: Painter, folder: Path) -> None:
    assert run("red.png", "--plot", "plots/").exit_code == 0
    assert [path.name for path in Path("plots").iterdir()] == ["red.boxes.png"]


def test_a_schema_file_with_marked_boxes_gives_pixels_and_a_plot_of_them(painter: Painter, folder: Path) -> None:
    box = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
    thing = {"type": "object", "properties": {"label": {"type": "string"}, "box": {"$ref": "#/$defs/place"}}}
    plots = []
    for name, place in {"marked": box | {"x-extraction": "box"}, "plain": box}.items():
        schema = {"type": "object", "properties": {"objects": {"type": "array", "items": thing}}}
        Path(f"{name}.json").write_text(json.dumps(schema | {"$defs": {"place": place}}))
        done = run("red.png", "--schema", f"{name}.json", "--plot", f"{name}.png")
        assert done.exit_code == 0
        plots.append(Image.open(f"{name}.png").convert("RGB").tobytes())
        expected = [50, 25, 150, 75] if name == "marked" else [250, 250, 750, 750]
        assert json.loads(done.stdout)["objects"][0]["box"] == expected
    assert plots[0] != plots[1]
    assert set(plots[1]) == {0, 255}  # nothing but the red picture


def test_a_schema_of_a_module_that_prints_leaves_standard_output_alone(painter: Painter, folder: Path) -> None:
    Path("printing_module.py").write_text(
        "from extraction.schemas import Scene\nprint('hello')\nclass Mine(Scene): 'Mine.'\n"
    )
    done = run("red.png", "--schema", "printing_module:Mine")
    assert (json.loads(done.stdout), done.stderr) == (value("red"), "hello\n")
    assert json.loads(extraction("schemas", "printing_module:Mine").stdout)["title"] == "Mine"


def test_debug_shows_the_traceback_before_the_line(painter: Painter, folder: Path) -> None:
    done = run("red.png", "-s", "scenery", "--debug")
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.splitlines()[-1].startswith("extraction: there is no schema")
    done = run("cut.png", "red.png", "--debug")
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("extraction: cut.png: the answer was cut off")


def test_names_cannot_write_to_the_terminal(painter: Painter, folder: Path) -> None:
    done = run("a\nb\x1b[31m.png")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_a_name_that_is_not_utf8_is_escaped(painter: Painter, folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    Path(name).write_bytes(Path("red.png").read_bytes())
    done = run(name, "blue.png")
    assert done.exit_code == 0
    assert json.loads(done.stdout_bytes.decode("utf-8"))[0]["image"] == name


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Python's own handler of SIGINT: a shell starts what runs in the background with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_run_writes_no_result(
    painter: Painter, folder: Path, interruptible: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "CHUNK", 2)
    done = run("red.png", "blue.png", "interrupts.png", "green.png", "--out", "all.json", "--plot", "plots")
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == "extraction: interrupted when 2 of 4 pictures were done; no result was written\n"
    assert not Path("all.json").exists()
    assert {path.name for path in Path("plots").iterdir()} == {"red.boxes.png", "blue.boxes.png"}


def full_disk(self: Path, target: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_cannot_be_written_goes_to_standard_output_and_the_old_file_stays(
    painter: Painter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("red.json").write_text("old")
    before = set(folder.iterdir())
    monkeypatch.setattr(Path, "replace", full_disk)
    done = run("red.png", "--out", "red.json", "--plot", "plot.png")
    assert (done.exit_code, json.loads(done.stdout)) == (1, value("red"))
    assert done.stderr.splitlines() == [
        "extraction: plot.png cannot be written: No space left on device",
        "extraction: red.json cannot be written: No space left on device; the result goes to standard output",
    ]
    assert Path("red.json").read_text() == "old"
    assert set(folder.iterdir()) == before


def test_a_link_stays_a_link_and_a_pipe_a_pipe(painter: Painter, folder: Path) -> None:
    Path("link.json").symlink_to("real.json")
    assert run("red.png", "--out", "link.json").exit_code == 0
    assert Path("link.json").is_symlink()
    assert json.loads(Path("real.json").read_text()) == value("red")
    os.mkfifo("pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    assert run("red.png", "--out", "pipe").exit_code == 0
    reader.join(5)
    assert json.loads(read[0]) == value("red")
    assert Path("pipe").is_fifo()


def test_schemas_are_listed() -> None:
    done = extraction("schemas")
    assert (done.exit_code, done.stderr) == (0, "")
    first, *others = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert first == ["scene", "Scene", "The objects of a picture."]
    assert [row[0] for row in others] == [*registered_schemas()][1:]


def test_a_schema_is_shown_as_json_and_as_a_model_sees_it() -> None:
    assert json.loads(extraction("schemas", "scene").stdout) == json_schema_of(Scene)
    prompt = extraction("schemas", "scene", "--prompt").stdout
    assert prompt == schema_text(json_schema_of(Scene), RELATIVE_1000) + "\n"
    assert "[y1, x1, y2, x2]" in extraction("schemas", "scene", "--prompt", "--family", "gemma4").stdout


@pytest.mark.parametrize(
    "args", [("nope",), ("--prompt",), ("--family", "pixel"), ("scene", "--family", "pixel"), ("scene", "more")]
)
def test_wrong_questions_about_schemas(args: tuple[str, ...]) -> None:
    done = extraction("schemas", *args)
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_without_a_command_there_is_help() -> None:
    done = extraction()
    assert done.exit_code == 2
    assert "schemas" in done.stdout
    assert done.stderr == ""
    assert extraction("run", "--help").exit_code == 0


def test_a_progress_bar_counts_on_standard_error_where_somebody_watches(
    painter: Painter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = {}
    for names in (["red.png"], ["red.png", "no.png", "blue.png"]):
        stdout, stderr = io.TextIOWrapper(io.BytesIO()), Terminal()
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setenv("TERM", "xterm")
        with contextlib.redirect_stdout(stdout), pytest.raises(SystemExit):
            cli.app(["run", *names, "--schema", "scene", "--model", "painter"])
        shown[len(names)] = stderr.getvalue()
        stdout.seek(0)
        json.loads(stdout.read())
    assert shown[1] == ""
    assert "Pictures" in shown[3]
    assert "/3" in shown[3]
    assert "extraction: no.png: there is no such file" in shown[3]


# --- as a process of its own ------------------------------------------------------------------------------------------

MAIN = "from extraction.cli import main; main()"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    program = "from extraction.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "examples/scene.png", "--schema", "scene"]
    with Path("/dev/full").open("wb") as full:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=full, stderr=subprocess.PIPE, check=False, timeout=120
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "extraction: the result cannot be written to standard output: No space left on device"
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        (["--version"], 0, "langchain-extraction ", ""),
        (["run", "no.png", "--schema", "scene"], 1, "", "extraction: no.png: there is no such file\n"),
        (["run", "no.png", "--schema", "nonsense"], 2, "", "extraction: "),
        (["nonsense"], 2, "", "extraction: No such command 'nonsense' (see python -m extraction --help)\n"),
    ],
    ids=["done", "failed", "option", "usage"],
)
def test_the_package_can_be_run_as_a_module(folder: Path, arguments: list[str], code: int, out: str, err: str) -> None:
    command = [sys.executable, "-m", "extraction", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr.startswith(err), done.stdout.startswith(out)) == (code, True, True)
    assert bool(done.stdout) == bool(out)
    assert len(done.stderr.splitlines()) == bool(err)


def process(program: str, *args: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", program, *args]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_version_needs_nothing_heavy() -> None:
    program = f"import atexit, json, sys; atexit.register(lambda: print(json.dumps(sorted(sys.modules)))); {MAIN}"
    out, err = process(program, "--version").communicate(timeout=60)
    version, modules = out.decode().splitlines()
    assert version.startswith("langchain-extraction ")
    assert not set(json.loads(modules)) & HEAVY
    assert err == b""


def test_a_reader_that_goes_away_is_no_error() -> None:
    started = process(MAIN, "schemas", "scene")
    assert started.stdout
    assert started.stderr
    started.stdout.close()
    assert started.stderr.read() == b""
    started.stderr.close()
    assert started.wait(60) != 0


def test_a_wrong_call_ends_with_2() -> None:
    started = process(MAIN, "run", "x.png", "--schema", "nope")
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (2, b"")
    assert err.startswith(b"extraction: there is no schema 'nope'")
